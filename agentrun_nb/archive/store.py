"""Writes runs, their deployments and versions into an archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

from agentrun_nb.archive.database import Database
from agentrun_nb.archive.packing import digest_of, fits, pack
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.errors import ArchiveError
from agentrun_nb.fetch.keys import Key
from agentrun_nb.records.batch import Batch

SETTLED = 0
"""The walk of a run that was read by a walk which has come to its end."""

ALONE = -1
"""The walk of a run that no walk has read: it came by its id, and its neighbours may be missing."""


class SeenRecord(NamedTuple):
    """A record of a run as it came.

    Attributes:
        body: its bytes.
        digest: their SHA-256.
        run_id: the run; None where the record names none.
        version_id: its version.
        status: its status.
        created_at: in microseconds since the epoch, as the following.
        updated_at: when it was changed last.
        seen_at: the last moment at which it is known to have held.
    """

    body: bytes
    digest: bytes
    run_id: str | None
    version_id: str | None
    status: str | None
    created_at: int | None
    updated_at: int | None
    seen_at: int

    @property
    def name(self) -> str | bytes:
        """What the run is known again by: its id, be it empty, or the digest of its record."""
        return self.digest if self.run_id is None else self.run_id

    @property
    def ended(self) -> bool:
        """Whether the status is a final one."""
        return self.status in TERMINAL


class Known(NamedTuple):
    """What the archive has of a run.

    Attributes:
        run: its number in the archive.
        record: the number of its latest record.
        digest: the SHA-256 of that.
        updated_at: when that was changed last.
        ended: whether the run has ended.
        walk: the walk that has read it; `SETTLED` where that has come to its end, `ALONE` where
            none has read it.
    """

    run: int
    record: int
    digest: bytes
    updated_at: int | None
    ended: bool
    walk: int


@dataclass
class Added:
    """What was new of some records.

    Attributes:
        new: the number of runs that were not there.
        ended: the number of runs that were there and have ended since.
        versions: the versions of the new runs.
        walks: for each run that was there, the walk that had read it.
        all_known: whether all of them were there.
    """

    new: int = 0
    ended: int = 0
    versions: set[str] = field(default_factory=set)
    walks: set[int] = field(default_factory=set)
    all_known: bool = True


def seen_records(batch: Batch, bodies: Sequence[bytes]) -> list[SeenRecord]:
    """Describes records as they came.

    Args:
        batch: the records as cells, with `fetched_at`.
        bodies: the records to the letter, in the same order.
    """
    names = ("id", "version_id", "status")
    moments = ("created_at", "updated_at", "fetched_at")
    columns = [batch.cells[name].to_pylist() for name in names]
    columns += [_micros(batch.cells[name]) for name in moments]
    looks = []
    for body, *values in zip(bodies, *columns, strict=True):
        looks.append(SeenRecord(body, digest_of(body), *values))
    return looks


def _micros(cells: pa.Array) -> list[int | None]:
    return cells.cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]


def add_records(
    database: Database, deployment_id: str, looks: Sequence[SeenRecord], walk: int = ALONE
) -> Added:
    """Adds records of runs of one deployment, all in one step.

    Args:
        database: the archive.
        deployment_id: the deployment that was asked for them.
        looks: the records.
        walk: the walk that reads them; its runs are settled when it has come to its end. `ALONE`
            where they came by their ids.
    """
    with database.writing() as connection:
        return write_records(connection, deployment_id, looks, walk)


def write_records(
    connection: sqlite3.Connection, deployment_id: str, looks: Sequence[SeenRecord], walk: int
) -> Added:
    """Writes records of runs of one deployment, within a step that has begun."""
    added = Added()
    batches = Batches(connection)
    looks = _not_forgotten(connection, deployment_id, looks)
    known = _known_runs(connection, deployment_id, looks)
    for look in looks:
        name = look.name
        before = known.get(name)
        if before is None:
            added.all_known = False
            added.new += 1
            added.versions.update(filter(None, [look.version_id]))
        else:
            added.walks.add(before.walk)
        if before is not None and before.digest == look.digest:
            _see_again(connection, before, look, walk)
            continue
        place = batches.add(look.body)
        known[name] = _write_record(connection, deployment_id, look, before, place, walk)
        if before is not None and not before.ended and known[name].ended:
            added.ended += 1
    batches.write()
    return added


class Batches:
    """Writes records as they came into as few batches as hold them.

    Args:
        connection: where a step has begun.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._number = _next_number(connection, "batches", "batch")
        self._bodies: list[bytes] = []
        self._size = 0

    def add(self, body: bytes) -> tuple[int, int]:
        """Adds a record; returns its batch, and its position there."""
        if not fits(len(self._bodies) + 1, self._size + len(body)):
            self.write()
        self._bodies.append(body)
        self._size += len(body)
        return self._number, len(self._bodies) - 1

    def write(self) -> None:
        """Writes the batch that is not written yet.

        Raises:
            TooLargeError: a single record is more than a batch holds.
        """
        if not self._bodies:
            return
        packed = pack(self._bodies)
        self._connection.execute("INSERT INTO batches VALUES (?, ?, ?)", (self._number, *packed))
        self._number += 1
        self._bodies = []
        self._size = 0


def _next_number(connection: sqlite3.Connection, table: str, column: str) -> int:
    found = connection.execute(f"SELECT max({column}) FROM {table}").fetchone()  # noqa: S608
    return (found[0] or 0) + 1


_KNOWN = """
    SELECT {name}, runs.run, runs.record, records.digest, records.updated_at, runs.ended, runs.walk
    FROM runs JOIN records ON records.record = runs.record
    WHERE runs.deployment_id = ? AND {condition}
"""
_BY_ID = _KNOWN.format(name="runs.run_id", condition="runs.run_id = ?")
# A record that names no run is known again by its bytes.
_BY_BYTES = _KNOWN.format(
    name="records.digest", condition="runs.run_id IS NULL AND records.digest = ?"
)


def _known_runs(
    connection: sqlite3.Connection, deployment_id: str, looks: Iterable[SeenRecord]
) -> dict[str | bytes, Known]:
    """What is there of the runs of some records, by their ids or their bytes."""
    known: dict[str | bytes, Known] = {}
    for look in looks:
        query = _BY_BYTES if look.run_id is None else _BY_ID
        found = connection.execute(query, (deployment_id, look.name)).fetchone()
        if found is not None:
            known[look.name] = Known(*found[1:])
    return known


def _see_again(connection: sqlite3.Connection, before: Known, look: SeenRecord, walk: int) -> None:
    """Notes that the latest record of a run came again."""
    connection.execute(
        "UPDATE records SET last_seen = max(last_seen, ?), first_seen = min(first_seen, ?)"
        " WHERE record = ?",
        (look.seen_at, look.seen_at, before.record),
    )
    _move_to(connection, before.run, before.walk, walk)


def _move_to(connection: sqlite3.Connection, run: int, before: int, walk: int) -> None:
    """Notes that a run was read by a walk, and that it is there."""
    # What comes by its id says nothing of its neighbours, and so takes no run out of its walk.
    now = before if before == SETTLED or walk == ALONE else walk
    connection.execute("UPDATE runs SET walk = ?, gone_at = NULL WHERE run = ?", (now, run))


def _write_record(
    connection: sqlite3.Connection,
    deployment_id: str,
    look: SeenRecord,
    before: Known | None,
    place: tuple[int, int],
    walk: int,
) -> Known:
    """Writes a record that is new; returns what the archive has of the run then."""
    if before is not None and _is_older(look.updated_at, before.updated_at):
        stale = connection.execute(
            "SELECT record FROM records WHERE run = ? AND digest = ?", (before.run, look.digest)
        ).fetchone()
        if stale is not None:
            # A copy of the service that lags behind has sent what it sent before.
            _see_again(connection, before._replace(record=stale[0]), look, walk)
            return before
    run = before.run if before else _next_number(connection, "runs", "run")
    record = _next_number(connection, "records", "record")
    seen = look.seen_at, look.seen_at
    connection.execute(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (record, run, *place, look.status, look.updated_at, *seen, look.digest),
    )
    now = Known(run, record, look.digest, look.updated_at, look.ended, walk)
    if before is None:
        connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                run,
                deployment_id,
                look.run_id,
                look.version_id,
                look.status,
                look.created_at,
                look.ended,
                record,
                walk,
            ),
        )
        return now
    _move_to(connection, run, before.walk, walk)
    now = now._replace(walk=before.walk)
    if _is_older(look.updated_at, before.updated_at):
        return before
    connection.execute(
        "UPDATE runs SET version_id = ?, status = ?, created_at = ?, ended = ?, record = ?"
        " WHERE run = ?",
        (look.version_id, look.status, look.created_at, look.ended, record, run),
    )
    return now


def _is_older(updated: int | None, before: int | None) -> bool:
    """Whether a record was changed before the one that is there."""
    return updated is not None and before is not None and updated < before


def number_of(connection: sqlite3.Connection, key: Key) -> int:
    """The number of a run in the archive.

    Raises:
        ArchiveError: it is not there; another process may have forgotten it meanwhile.
    """
    found = connection.execute(
        "SELECT run FROM runs WHERE deployment_id = ? AND run_id = ?", key
    ).fetchone()
    if found is None:
        sentence = f"The archive has no run {key[1]!r} of deployment {key[0]!r}."
        raise ArchiveError(sentence, hint="Was it forgotten meanwhile?")
    number: int = found[0]
    return number


# --- what is not of a run ------------------------------------------------------------------------


def check_service(database: Database, service: str) -> None:
    """Notes the service of an archive, or checks that it is the same.

    Raises:
        ArchiveError: the archive holds runs of another one.
    """
    sql = "SELECT value FROM facts WHERE name = 'service'"
    known = database.value(sql)
    if known is None:
        with database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('service', ?)", (service,))
        known = database.value(sql)
    if known != service:
        sentence = f"This archive holds runs of {known}, and the client is of {service}."
        raise ArchiveError(sentence, hint="Use one file for each service.")


def write_deployments(database: Database, records: Mapping[str, bytes]) -> None:
    """Writes the records of all deployments, in the order of the service."""
    with database.writing() as connection:
        connection.execute("UPDATE deployments SET position = NULL")
        for position, (deployment_id, body) in enumerate(records.items()):
            connection.execute(
                "INSERT INTO deployments (deployment_id, position, body) VALUES (?, ?, ?)"
                " ON CONFLICT (deployment_id) DO UPDATE"
                " SET position = excluded.position, body = excluded.body",
                (deployment_id, position, body),
            )
        connection.execute("INSERT OR REPLACE INTO facts VALUES ('deployments', 'listed')")


def knows_deployments(database: Database) -> bool:
    """Whether the deployments of the service were listed, be there any or none."""
    return database.value("SELECT value FROM facts WHERE name = 'deployments'") is not None


def write_versions(
    database: Database, deployment_id: str, records: Sequence[tuple[str | None, bytes]]
) -> None:
    """Writes the ids and records of all versions of a deployment, in the order of the service."""
    with database.writing() as connection:
        connection.execute("DELETE FROM versions WHERE deployment_id = ?", (deployment_id,))
        rows = [(deployment_id, at, *record) for at, record in enumerate(records)]
        connection.executemany("INSERT INTO versions VALUES (?, ?, ?, ?)", rows)


def mark_gone(database: Database, keys: Iterable[Key], moment: int) -> int:
    """Notes that the service does not have runs any more; returns how many it had until now."""
    count = 0
    with database.writing() as connection:
        for key in keys:
            changed = connection.execute(
                "UPDATE runs SET gone_at = ?"
                " WHERE deployment_id = ? AND run_id = ? AND gone_at IS NULL",
                (moment, *key),
            )
            count += changed.rowcount
    return count


# --- runs that are not to be there ---------------------------------------------------------------


def key_digest(key: Key) -> bytes:
    """The digest by which a run is known again that is not to be there."""
    return digest_of("\0".join(key).encode("utf-8", "replace"))


def _not_forgotten(
    connection: sqlite3.Connection, deployment_id: str, looks: Sequence[SeenRecord]
) -> Sequence[SeenRecord]:
    found = {digest for (digest,) in connection.execute("SELECT digest FROM forgotten")}
    if not found:
        return looks
    return [
        look
        for look in looks
        if look.run_id is None or key_digest((deployment_id, look.run_id)) not in found
    ]
