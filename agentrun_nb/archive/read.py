"""Reads frames out of an archive, as the client gives them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from agentrun_nb.archive.database import Database
from agentrun_nb.archive.packing import Packed, unpack
from agentrun_nb.core import jsontext, times
from agentrun_nb.core.schema import DEPLOYMENTS, OBSERVATIONS, RUNS, VERSIONS, Table
from agentrun_nb.errors import ArchiveDamagedError, NotFoundError
from agentrun_nb.fetch.keys import Key
from agentrun_nb.fetch.strangers import note_strangers
from agentrun_nb.records.batch import Batch, failed_runs, to_batch
from agentrun_nb.records.decode import decode_records
from agentrun_nb.run import Run
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.remainder import Remainder
from agentrun_nb.tables.report import FetchReport

HINT = "archive.sync(client) brings what the service has."


class Found(NamedTuple):
    """Where a record of a run stands.

    Attributes:
        deployment_id: the deployment that was asked for it.
        batch: the batch that it is in.
        position: its place there.
        seen_at: the last moment at which it is known to have held.
        digest: the SHA-256 of its bytes.
    """

    deployment_id: str
    batch: int
    position: int
    seen_at: int
    digest: bytes


_MOST_ROWS = 2**63 - 1
"""The largest number that SQLite takes."""


@dataclass(frozen=True)
class Selection:
    """The runs that are read.

    Attributes:
        deployments: their deployments.
        statuses: their statuses; None: all.
        versions: their versions; None: all.
        since: the earliest `created_at`, in microseconds since the epoch.
        until: the `created_at` before which they lie.
        limit: how many at most; None: all.
        without: columns that are left empty.
        as_of: the moment as of which they are read, likewise; None: as they were seen last.
    """

    deployments: Sequence[str]
    statuses: Sequence[str] | None = None
    versions: Sequence[str] | None = None
    since: int | None = None
    until: int | None = None
    limit: int | None = None
    without: tuple[str, ...] = ()
    as_of: int | None = None

    @property
    def is_of_deployments(self) -> bool:
        """Whether it is all runs of its deployments, as they were seen last."""
        others = (self.statuses, self.versions, self.since, self.until, self.limit, self.as_of)
        return all(condition is None for condition in others)


# --- records -------------------------------------------------------------------------------------


def read_bodies(database: Database, found: Sequence[Found]) -> list[bytes]:
    """The records that stand at these places, to the letter.

    Raises:
        ArchiveDamagedError: one of them cannot be read.
    """
    batches: dict[int, list[bytes]] = {}
    for number in {place.batch for place in found}:
        rows = database.rows("SELECT size, body FROM batches WHERE batch = ?", (number,))
        batches[number] = unpack(Packed(*rows[0])) if rows else []
    try:
        return [batches[place.batch][place.position] for place in found]
    except (IndexError, TypeError):
        sentence = "The archive lacks the bytes of a run that it lists."
        hint = "archive.check() says which runs can be read."
        raise ArchiveDamagedError(sentence, hint=hint) from None


def read_batch(database: Database, found: Sequence[Found], without: Sequence[str] = ()) -> Batch:
    """Decodes the records that stand at these places, without those that were forgotten since."""
    records = [
        (place, body)
        for place, body in zip(found, read_bodies(database, found), strict=True)
        if body or _is_listed(database, place)
    ]
    batch = decode_records(RUNS, [body for _, body in records])
    batch = batch.with_fetched_at([place.seen_at for place, _ in records])
    deployments = [place.deployment_id for place, _ in records]
    return note_strangers(batch, "deployment_id", deployments).without(without)


def _is_listed(database: Database, place: Found) -> bool:
    """Whether the archive still says that a record stands there."""
    query = "SELECT 1 FROM records WHERE batch = ? AND position = ?"
    return database.value(query, (place.batch, place.position)) is not None


def find_run(database: Database, key: Key) -> Found | None:
    """Where the latest record of a run stands; None where the archive has none."""
    rows = database.rows(
        "SELECT deployment_id, batch, position, last_seen, digest FROM runs"
        " JOIN records USING (record) WHERE deployment_id = ? AND run_id = ?",
        key,
    )
    return Found(*rows[0]) if rows else None


def read_run(database: Database, key: Key) -> Run:
    """Reads one run.

    Raises:
        NotFoundError: the archive does not have it.
    """
    with database.reading():
        found = find_run(database, key)
        if found is None:
            raise not_here_error(key)
        (body,) = read_bodies(database, [found])
    run = Run(body, times.EPOCH + found.seen_at * times.MICROSECOND)
    run.batch = note_strangers(run.batch, "deployment_id", [key[0]])
    run.notes = run.batch.cells["parse_notes"][0].as_py()
    return run


def not_here_error(key: Key) -> NotFoundError:
    """The error for a run that the archive does not have."""
    deployment_id, run_id = key
    sentence = f"The archive has no run {run_id!r} of deployment {deployment_id!r}."
    return NotFoundError(sentence, hint=HINT)


def read_runs(database: Database, keys: Sequence[Key]) -> pd.DataFrame:
    """Reads runs by their keys, one row for each key in the same order."""
    started = time.monotonic()
    with database.reading():
        # SQLite would find the text "5" by the number 5.
        places = {
            key: find_run(database, key) if _are_texts(key) else None for key in dict.fromkeys(keys)
        }
        found = {key: place for key, place in places.items() if place is not None}
        here = [read_batch(database, list(found.values()))] if found else []
    missing = [key for key, place in places.items() if place is None]
    sentences = [f"not_found: {not_here_error(key).message}" for key in missing]
    batches = [*here, failed_runs(missing, sentences)]
    rows = {key: row for row, key in enumerate([*found, *missing])}
    in_order = [rows[key] for key in keys]
    frame = table_frame(RUNS, batches).take(in_order).reset_index(drop=True)
    got = int(frame["fetch_error"].isna().sum())
    complete = got == len(keys)
    made = FetchReport(
        asked=len(keys),
        got=got,
        complete=complete,
        truncated_by=None if complete else "failures",
        deployments=len({deployment_id for deployment_id, _ in places}),
        oddities=report.count_oddities(frame),
        seconds=time.monotonic() - started,
        **_fetched_between(list(found.values())),
    )
    report.attach(frame, made)
    return frame


def _are_texts(key: Sequence[Any]) -> bool:
    return all(isinstance(part, str) for part in key)


def _fetched_between(found: Sequence[Found]) -> dict[str, Any]:
    """The fields of a report that say when the records were fetched."""
    if not found:
        return {}
    moments = [times.EPOCH + place.seen_at * times.MICROSECOND for place in found]
    return {"fetched_from": min(moments), "fetched_to": max(moments)}


# --- listings ------------------------------------------------------------------------------------


_LATEST = "records.record = runs.record"
_AS_OF = """
    records.record = (
        SELECT record FROM records AS known WHERE known.run = runs.run AND first_seen <= :as_of
        ORDER BY coalesce(updated_at, first_seen) DESC, record DESC LIMIT 1
    )
"""
"""Which record of a run is read: the latest, or the latest that had come by a moment."""

_END_OF_TIME = 2**62


def select(database: Database, selection: Selection) -> list[Found]:
    """Finds the runs of a selection, the newest first; one more than its limit, where there are."""
    chosen: dict[str, str] = {}
    conditions = ["deployment_id = :deployment_id", *_IN_WINDOW]
    conditions += _one_of("records.status", selection.statuses, chosen)
    conditions += _one_of("version_id", selection.versions, chosen)
    is_now = selection.as_of is None
    query = (
        "SELECT deployment_id, batch, position, min(last_seen, :as_of),"  # noqa: S608
        f" digest, created_at FROM runs JOIN records ON {_LATEST if is_now else _AS_OF}"
        f" WHERE {' AND '.join(conditions)} ORDER BY created_at DESC, runs.run LIMIT :most"
    )
    most = -1 if selection.limit is None else min(selection.limit + 1, _MOST_ROWS)
    values = {
        "as_of": _END_OF_TIME if is_now else selection.as_of,
        "most": most,
        "since": selection.since,
        "until": selection.until,
    }
    rows: list[tuple[Any, ...]] = []
    for deployment_id in selection.deployments:
        rows += database.rows(query, values | chosen | {"deployment_id": deployment_id})
    if len(selection.deployments) > 1:
        rows.sort(key=_newest_first)
    found = [Found(*row[:5]) for row in rows]
    return found if most < 0 else found[:most]


def _one_of(column: str, texts: Sequence[str] | None, values: dict[str, str]) -> list[str]:
    """The condition that a column has one of some texts, whose parameters are added to `values`.

    There is none where `texts` is None, which stands for all.
    """
    if texts is None:
        return []
    names = []
    for text in texts:
        name = f"text_{len(values)}"
        # As it stands in a table, where all text is valid Unicode.
        values[name] = jsontext.valid_unicode(text)
        names.append(f":{name}")
    return [f"{column} IN ({', '.join(names)})"]


def _newest_first(row: tuple[Any, ...]) -> tuple[bool, int]:
    created_at = row[5]
    return created_at is None, -(created_at or 0)


_IN_WINDOW = (
    # A run whose time cannot be read may lie in the window, and stays.
    "(:since IS NULL OR created_at >= :since OR created_at IS NULL)",
    "(:until IS NULL OR created_at < :until OR created_at IS NULL)",
)
"""The conditions of the window of time; one whose moment is NULL is none."""


# --- what is not a run ---------------------------------------------------------------------------


def read_table(database: Database, table: Table, deployment_id: str = "") -> pd.DataFrame:
    """The DEPLOYMENTS table, or the VERSIONS table of a deployment."""
    query = "SELECT body FROM deployments WHERE position IS NOT NULL ORDER BY position"
    values: tuple[str, ...] = ()
    if table is VERSIONS:
        query = "SELECT body FROM versions WHERE deployment_id = ? ORDER BY position"
        values = (deployment_id,)
    bodies = [body for (body,) in database.rows(query, values)]
    batch = decode_records(table, bodies)
    if table is VERSIONS:
        batch = note_strangers(batch, "deployment_id", [deployment_id] * len(batch))
    frame = table_frame(table, [batch])
    made = FetchReport(
        got=len(frame),
        complete=True,
        oddities=report.count_oddities(frame),
        table=table.name,
    )
    report.attach(frame, made, Remainder(whole=True))
    return frame


_DEPLOYMENTS_HERE = """
    -- Each step finds the next deployment in an index; to go through all runs takes longer.
    WITH RECURSIVE of_runs (deployment_id) AS (
        SELECT min(deployment_id) FROM runs
        UNION ALL
        SELECT (SELECT min(runs.deployment_id) FROM runs
                WHERE runs.deployment_id > of_runs.deployment_id)
        FROM of_runs WHERE of_runs.deployment_id IS NOT NULL
    )
    SELECT deployment_id FROM (
        SELECT deployment_id FROM of_runs WHERE deployment_id IS NOT NULL
        UNION SELECT deployment_id FROM deployments
    ) LEFT JOIN deployments USING (deployment_id)
    ORDER BY position IS NULL, position, deployment_id
"""


def deployments_here(database: Database) -> list[str]:
    """The deployments that the archive has anything of, in the order of the service."""
    rows = database.rows(_DEPLOYMENTS_HERE)
    return [deployment_id for (deployment_id,) in rows]


def check_deployments(database: Database, deployments: Sequence[str]) -> None:
    """Checks that the archive has anything of these deployments.

    Raises:
        NotFoundError: it has nothing of one; a name that was given for an id is answered with it.
    """
    known = {*deployments_here(database)}
    for deployment_id in deployments:
        if deployment_id in known:
            continue
        table = read_table(database, DEPLOYMENTS).dropna(subset=["id", "name"])
        pairs = zip(table["id"], table["name"], strict=True)
        ids = [key for key, name in pairs if name == deployment_id]
        hint = HINT
        if ids:
            either = " or ".join(map(repr, ids))
            hint = f"{deployment_id!r} is the name of a deployment; its id is {either}."
        raise NotFoundError(f"The archive has no deployment {deployment_id!r}.", hint=hint)


def read_observations(database: Database) -> pd.DataFrame:
    """The OBSERVATIONS table: of looks that saw one status after another the first and the last."""
    rows = database.rows(
        "SELECT runs.deployment_id, runs.run_id, seen.status, seen_at, seen.updated_at FROM runs"
        " JOIN (SELECT run, status, first_seen AS seen_at, updated_at FROM records"
        " UNION SELECT run, status, last_seen, updated_at FROM records"
        " UNION SELECT run, status, seen_at, updated_at FROM looks) AS seen USING (run)"
        " WHERE runs.run_id IS NOT NULL AND seen.status IS NOT NULL"
        " ORDER BY runs.deployment_id, runs.run_id, seen_at"
    )
    names = OBSERVATIONS.names
    values = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(names)
    batch = to_batch(OBSERVATIONS, dict(zip(names, values, strict=True)), len(rows))
    frame = table_frame(OBSERVATIONS, [batch])
    same = ["deployment_id", "run_id", "status"]
    as_before = (frame[same] == frame[same].shift()).all(axis=1)
    as_after = (frame[same] == frame[same].shift(-1)).all(axis=1)
    ends = frame[~(as_before & as_after)]
    return ends.sort_values("seen_at", kind="stable", ignore_index=True)
