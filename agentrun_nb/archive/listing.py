"""Lists the runs of an archive as frames, with a report on how complete they are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from agentrun_nb.archive import places, store, typed
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.read import Found, Selection, deployments_here, read_batch, select
from agentrun_nb.archive.typed import TypedRuns
from agentrun_nb.core import times
from agentrun_nb.core.schema import RUNS
from agentrun_nb.records.batch import Batch
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.remainder import Remainder
from agentrun_nb.tables.report import FetchReport

DECODED_AT_ONCE = 10_000
"""How many records are in memory as bytes at once."""

MANY = 1_000
"""Of an archive with so many runs the columns are kept beside it."""

SMALL_PART = 20
"""A deployment with less than one run in so many is read by itself."""


def list_chunks(database: Database, selection: Selection, rows: int) -> Iterator[pd.DataFrame]:
    """Yields the runs of a selection in frames, at least one.

    The report of the last one says how complete all of them are, as of the last sync. Runs that are
    forgotten meanwhile are left out.
    """
    started = time.monotonic()
    found = select(database, selection)
    is_cut = selection.limit is not None and len(found) > selection.limit
    found = found[: selection.limit]
    made = _report(database, selection, is_cut=is_cut)
    starts = range(0, len(found), rows) or range(1)
    for start in starts:
        part = found[start : start + rows]
        frame = table_frame(RUNS, _batches(database, part, selection.without))
        is_last = start + rows >= len(found)
        reason = made.truncated_by if is_last else "chunk"
        _attach(frame, made, reason, started)
        yield frame


def list_frame(database: Database, selection: Selection) -> pd.DataFrame:
    """The runs of a selection in one frame."""
    started = time.monotonic()
    with database.reading():
        state = _state(database)
        kept = _kept_columns(database, selection, state)
        if kept is None:
            return next(list_chunks(database, selection, rows=2**62))
        made = _report(database, selection, is_cut=False)
    if _state(database) != state:
        # What was forgotten meanwhile is not to stay in the file.
        with suppress(OSError):
            typed.erase_columns(database.path)
    frame = table_frame(RUNS, [kept.batch.without(selection.without)])
    _attach(frame, made, made.truncated_by, started, kept)
    return frame


def _attach(
    frame: pd.DataFrame,
    listed: FetchReport,
    reason: str | None,
    started: float,
    kept: Kept | None = None,
) -> None:
    """Writes the report of a frame.

    Args:
        frame: the frame.
        listed: the report of the listing that it is of.
        reason: why it is not complete; None where it is.
        started: when the listing began.
        kept: where the frame is of columns that were kept.
    """
    oddities = kept.oddities if kept else None
    if oddities is None:
        oddities = report.count_oddities(frame)
    is_complete = reason is None
    own = replace(
        listed,
        got=len(frame),
        complete=is_complete,
        truncated_by=reason,
        oddities=oddities,
        seconds=time.monotonic() - started,
    )
    remains = Remainder(whole=is_complete, lost=not is_complete)
    report.attach(frame, own, remains, kept.fingerprint if kept else None)


def _batches(
    database: Database, found: Sequence[Found], without: Sequence[str] = ()
) -> list[Batch]:
    starts = range(0, len(found), DECODED_AT_ONCE)
    parts = [found[start : start + DECODED_AT_ONCE] for start in starts]
    return [read_batch(database, part, without) for part in parts]


# --- columns that are kept -----------------------------------------------------------------------


def _state(database: Database) -> str | None:
    """The state that an archive is in; None where nobody has written to it since it has one."""
    state: str | None = database.value("SELECT value FROM facts WHERE name = 'state'")
    return state


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


def _kept_columns(database: Database, selection: Selection, state: str | None) -> Kept | None:
    """The runs of a selection out of the columns that are kept.

    Returns:
        The runs; None where they are so few that it is as quick to read their records.
    """
    if state is None or not selection.is_of_deployments or not _is_large(database, selection):
        return None
    runs = typed.read_columns(database.path)
    if runs is None or runs.state != state:
        runs = _columns_anew(database, state, runs)
        typed.write_columns(database.path, runs)
    if {*selection.deployments}.issuperset(runs.deployments.unique().to_pylist()):
        return Kept(runs.batch, runs.fingerprint, runs.oddities)
    chosen = pc.is_in(runs.deployments, pa.array(selection.deployments, runs.deployments.type))
    return Kept(runs.batch.apply(pa.Array.filter, chosen))


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


def _columns_anew(database: Database, state: str, before: TypedRuns | None) -> TypedRuns:
    """The columns of all runs; those of records that were there before are not read again."""
    found = select(database, Selection(deployments_here(database)))
    deployments = pa.array([place.deployment_id for place in found], pa.large_string())
    digests = pa.array([place.digest for place in found], pa.binary(32))
    parts = []
    rows = np.full(len(found), -1)
    if before is not None:
        parts.append(before.batch)
        rows = _rows_before(before, deployments, digests)
    new = np.flatnonzero(rows < 0)
    parts += _batches(database, [found[place] for place in new])
    first_new = 0 if before is None else len(before.batch)
    rows[new] = np.arange(first_new, first_new + len(new))
    batch = Batch.concat(parts).apply(pa.Array.take, pa.array(rows))
    batch = batch.with_fetched_at([place.seen_at for place in found])
    frame = table_frame(RUNS, [batch])
    return TypedRuns(
        state=state,
        deployments=deployments,
        digests=digests,
        batch=batch,
        fingerprint=report.fingerprint(frame, RUNS.name),
        oddities=report.count_oddities(frame),
    )


def _rows_before(before: TypedRuns, deployments: pa.Array, digests: pa.Array) -> NDArray[np.int64]:
    """Where records stand in columns of before; -1 for those that are not there."""
    rows = pc.index_in(digests, before.digests)
    # One record that two deployments have is noted in other words for each of them.
    is_same = pc.equal(before.deployments.take(rows), deployments)
    known = pc.if_else(is_same.fill_null(False), rows, -1)
    found: NDArray[np.int64] = known.cast(pa.int64()).to_numpy(zero_copy_only=False).copy()
    return found


# --- how complete it is --------------------------------------------------------------------------


def _report(database: Database, selection: Selection, *, is_cut: bool) -> FetchReport:
    """How complete a listing is: as complete as the deployments were read."""
    rows = database.rows("SELECT deployment_id, walk, walked_at, order_verified FROM deployments")
    known = [state for deployment_id, *state in rows if deployment_id in selection.deployments]
    ends = [walked_at for walk, walked_at, _ in known if walk == 0 and walked_at is not None]
    orders = {verified for _, _, verified in known} - {None}
    reasons = []
    if is_cut:
        reasons.append("limit")
    lists_none = not selection.deployments and not store.knows_deployments(database)
    if lists_none or len(ends) < len(selection.deployments):
        reasons.append("not synced to the end")
    elif any(_came_alone_since(database, selection, name) for name in selection.deployments):
        reasons.append("not synced since a rescue")
    if not _covers(min(ends, default=0), selection):
        reasons.append("not synced by then")
    return FetchReport(
        asked=selection.limit,
        truncated_by=", ".join(reasons) or None,
        deployments=len(selection.deployments),
        order_verified=orders == {1} if orders else None,
        without=selection.without,
        since=_moment(selection.since),
        until=_moment(selection.until),
        fetched_from=_moment(min(ends, default=None)),
        fetched_to=_moment(max(ends, default=None)),
    )


def _came_alone_since(database: Database, selection: Selection, deployment_id: str) -> bool:
    return places.came_alone_since(
        database, deployment_id, until=selection.until, as_of=selection.as_of
    )


def _covers(synced_at: int, selection: Selection) -> bool:
    """Whether a sync says anything of a selection: what has come since is not in it.

    Args:
        synced_at: when the first of its deployments was read, in microseconds since the epoch.
        selection: the selection.
    """
    if selection.as_of is not None and selection.as_of < synced_at:
        return False
    # Of what is to come nobody knows anything, and so nothing of it is missing.
    return selection.since is None or not synced_at <= selection.since < places.now()


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else times.EPOCH + micros * times.MICROSECOND
