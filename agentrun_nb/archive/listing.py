"""Lists the runs of an archive as frames, with a report on how complete they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pandas as pd

from agentrun_nb.archive import columns, places, store
from agentrun_nb.archive.columns import Kept
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.read import Selection, select
from agentrun_nb.core import times
from agentrun_nb.core.schema import RUNS
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.remainder import Remainder
from agentrun_nb.tables.report import FetchReport


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
        frame = table_frame(RUNS, columns.decode(database, part, selection.without))
        is_last = start + rows >= len(found)
        reason = made.truncated_by if is_last else "chunk"
        _attach(frame, made, reason, started)
        yield frame


def list_frame(database: Database, selection: Selection) -> pd.DataFrame:
    """The runs of a selection in one frame."""
    started = time.monotonic()
    with database.reading():
        state = database.state
        kept = columns.kept_columns(database, selection, state)
        if kept is None:
            return next(list_chunks(database, selection, rows=2**62))
        made = _report(database, selection, is_cut=False)
    if database.state != state:
        # What was forgotten meanwhile is not to stay in the file.
        columns.erase_columns(database)
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
