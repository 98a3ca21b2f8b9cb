"""Lists the runs of an archive out of the columns that are kept beside it.

`typed` writes and reads their file; here it is said when they are used, and what they have to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from agentrun_nb.archive import typed
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.read import Found, Selection, deployments_here, read_batch, select
from agentrun_nb.archive.typed import TypedRuns
from agentrun_nb.core.schema import RUNS
from agentrun_nb.core.text import counted
from agentrun_nb.errors import ArchiveError
from agentrun_nb.records.batch import Batch
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame

DECODED_AT_ONCE = 10_000
"""How many records are in memory as bytes at once."""

MANY = 1_000
"""Of an archive with so many runs the columns are kept beside it."""

SMALL_PART = 20
"""A deployment with less than one run in so many is read by itself."""


class Kept(NamedTuple):
    """Runs out of the columns that are kept.

    Attributes:
        batch: their cells.
        fingerprint: the hash of their keys; None where it is not known.
        oddities: what is odd about them, likewise.
    """

    batch: Batch
    fingerprint: str | None = None
    oddities: dict[str, int] | None = None


def kept_columns(database: Database, selection: Selection, state: str | None) -> Kept | None:
    """The runs of a selection out of the columns that are kept, which are made where they are not.

    Args:
        database: the archive.
        selection: the runs.
        state: the state that the archive is in; None where it has none.

    Returns:
        The runs; None where they are so few that it is as quick to read their records.
    """
    if state is None or not selection.is_of_deployments or not _is_large(database, selection):
        return None
    runs = typed.read_columns(database.path, database.identity).runs
    if runs is None or runs.state != state:
        runs = _columns_anew(database, state, runs)
        typed.write_columns(database.path, database.identity, runs)
    if {*selection.deployments}.issuperset(runs.deployments.unique().to_pylist()):
        return Kept(runs.batch, runs.fingerprint, runs.oddities)
    chosen = pc.is_in(runs.deployments, pa.array(selection.deployments, runs.deployments.type))
    return Kept(runs.batch.apply(pa.Array.filter, chosen))


def erase_columns(database: Database) -> None:
    """Erases the columns of an archive where that is possible."""
    with suppress(OSError):
        typed.erase_columns(database.path, database.identity)


def decode(database: Database, found: Sequence[Found], without: Sequence[str] = ()) -> list[Batch]:
    """Decodes the records that stand at these places, some at once."""
    starts = range(0, len(found), DECODED_AT_ONCE)
    parts = [found[start : start + DECODED_AT_ONCE] for start in starts]
    return [read_batch(database, part, without) for part in parts]


def _is_large(database: Database, selection: Selection) -> bool:
    """Whether a selection is a good part of a large archive."""
    total = database.value("SELECT max(run) FROM runs") or 0
    enough = total // SMALL_PART
    count = 0
    for deployment_id in selection.deployments:
        values = (deployment_id, enough)
        count += database.value(_COUNT_UP_TO, values)
        if count >= enough:
            return total >= MANY
    return False


_COUNT_UP_TO = "SELECT count(*) FROM (SELECT 1 FROM runs WHERE deployment_id = ? LIMIT ?)"
"""Counts the runs of a deployment, and ends where they are many."""


# --- columns anew --------------------------------------------------------------------------------


class _Records(NamedTuple):
    """The latest records of all runs, in the order of a listing.

    Attributes:
        found: where each stands.
        deployments: for each the deployment that was asked for it.
        digests: the SHA-256 of each.
    """

    found: list[Found]
    deployments: pa.Array
    digests: pa.Array

    @classmethod
    def of(cls, database: Database) -> _Records:
        found = select(database, Selection(deployments_here(database)))
        deployments = pa.array([place.deployment_id for place in found], pa.large_string())
        digests = pa.array([place.digest for place in found], pa.binary(32))
        return cls(found, deployments, digests)

    def rows_in(self, columns: TypedRuns) -> NDArray[np.int64]:
        """The row of each record in columns; -1 for those that are not there."""
        rows = pc.index_in(self.digests, columns.digests)
        # One record that two deployments have is noted in other words for each of them.
        is_same = pc.equal(columns.deployments.take(rows), self.deployments)
        known = pc.if_else(is_same.fill_null(False), rows, -1)
        found: NDArray[np.int64] = known.cast(pa.int64()).to_numpy(zero_copy_only=False).copy()
        return found


def _columns_anew(database: Database, state: str, before: TypedRuns | None) -> TypedRuns:
    """The columns of all runs; those of records that were there before are not read again."""
    records = _Records.of(database)
    parts = []
    rows = np.full(len(records.found), -1)
    if before is not None:
        parts.append(before.batch)
        rows = records.rows_in(before)
    new = np.flatnonzero(rows < 0)
    parts += decode(database, [records.found[place] for place in new])
    first_new = 0 if before is None else len(before.batch)
    rows[new] = np.arange(first_new, first_new + len(new))
    batch = Batch.concat(parts).apply(pa.Array.take, pa.array(rows))
    batch = batch.with_fetched_at([place.seen_at for place in records.found])
    frame = table_frame(RUNS, [batch])
    return TypedRuns(
        state=state,
        deployments=records.deployments,
        digests=records.digests,
        batch=batch,
        fingerprint=report.fingerprint(frame, RUNS.name),
        oddities=report.count_oddities(frame),
    )


# --- columns compared with the records -----------------------------------------------------------


class Compared(NamedTuple):
    """The columns beside an archive, compared with its records.

    Attributes:
        problems: what cannot be read or is not what the records say, a sentence each.
        outdated: whether they are of an earlier state, or of another archive.
    """

    problems: Sequence[str] = ()
    outdated: bool = False


def compare(database: Database) -> Compared:
    """Compares the columns beside an archive with its records, as far as a listing uses them."""
    found = typed.read_columns(database.path, database.identity)
    file = f"The columns in {typed.path_of(database.path).name}"
    if found.damage is not None:
        return Compared([f"{file} cannot be read, and will be made anew: {found.damage}."])
    if found.runs is None:
        return Compared(outdated=found.is_foreign)
    outdated = found.runs.state != database.state
    records = _Records.of(database)
    rows = records.rows_in(found.runs)
    if not outdated and not _lists_them_all(found.runs, rows):
        return Compared([f"{file} are not of the runs that the archive lists; delete it."])
    different = _different_runs(database, found.runs, records, rows, with_fetched_at=not outdated)
    if not different:
        return Compared(outdated=outdated)
    runs = counted(len(different), "run")
    sentence = f"{file} are not the records of {runs}, such as {different[0]!r}; delete it."
    return Compared([sentence], outdated)


def _lists_them_all(columns: TypedRuns, rows: NDArray[np.int64]) -> bool:
    """Whether columns of this very state list its runs, and say what is true of all of them."""
    if len(columns.batch) != len(rows) or (rows != np.arange(len(rows))).any():
        return False
    frame = table_frame(RUNS, [columns.batch])
    is_fingerprint = columns.fingerprint == report.fingerprint(frame, RUNS.name)
    return is_fingerprint and columns.oddities == report.count_oddities(frame)


def _different_runs(
    database: Database,
    columns: TypedRuns,
    records: _Records,
    rows: NDArray[np.int64],
    *,
    with_fetched_at: bool,
) -> list[str | None]:
    """The ids of runs whose columns are not what their records say.

    Args:
        database: the archive.
        columns: the columns.
        records: the latest records.
        rows: the row of each record in the columns; -1 for those that are not there.
        with_fetched_at: whether they have to say the same of when the records were fetched.
    """
    different: list[str | None] = []
    there = np.flatnonzero(rows >= 0)
    for start in range(0, len(there), DECODED_AT_ONCE):
        part = there[start : start + DECODED_AT_ONCE]
        kept = columns.batch.apply(pa.Array.take, pa.array(rows[part]))
        try:
            read = read_batch(database, [records.found[place] for place in part])
        except ArchiveError:
            # What cannot be read is said where the records are checked.
            continue
        differs = _rows_that_differ(kept, read, with_fetched_at=with_fetched_at)
        different += kept.cells["id"].filter(differs).to_pylist()
    return different


def _rows_that_differ(left: Batch, right: Batch, *, with_fetched_at: bool) -> pa.Array:
    """Whether each row of two batches differs, with or without when it was fetched."""
    differs = pa.array([False] * len(left), pa.bool_())
    for name in RUNS.names:
        if name == "fetched_at" and not with_fetched_at:
            continue
        one, other = left.cells[name], right.cells[name]
        is_same = pc.if_else(pc.is_null(one), pc.is_null(other), pc.equal(one, other))
        differs = pc.or_(differs, pc.invert(is_same.fill_null(False)))
    return differs
