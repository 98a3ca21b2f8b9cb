"""Runs asked for again.

These are the runs that did not come, those that had not ended, and what was left of a listing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from agentrun_nb.core.schema import RUNS, TERMINAL
from agentrun_nb.errors import AgentRunError, SettingsError, UnauthorizedError
from agentrun_nb.fetch.batches import KEY
from agentrun_nb.fetch.by_id import fetch_runs
from agentrun_nb.fetch.listing import list_frame
from agentrun_nb.fetch.query import RunQuery
from agentrun_nb.http.interrupts import Deferred
from agentrun_nb.http.wire import Wire
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import concat
from agentrun_nb.tables.remainder import Walk
from agentrun_nb.tables.report import FetchReport


def refetch(wire: Wire, runs: pd.DataFrame, *, progress: bool) -> pd.DataFrame:
    """The same rows under the same index, those that may have changed as they are now.

    Args:
        wire: the way to the service.
        runs: a RUNS table.
        progress: whether a line says how far it is.
    """
    with Deferred() as interrupts:
        mended, again = _asked_again(wire, runs, progress=progress)
        before, walk = report.fetch_report(runs), report.walk_of(runs)
        query = RunQuery.of_rest(walk.rest)
        if query is None and walk.rest is not None:
            walk = Walk(whole=False, lost=True)
        if query is not None and not interrupts.heard:
            try:
                further = list_frame(wire, query, progress=progress)
            except (UnauthorizedError, SettingsError):
                raise
            except AgentRunError as error:  # not a page came, and the listing is where it was
                before = replace(before, truncated_by=error.kind)
            else:
                before = report.resume(before, report.fetch_report(further))
                walk = report.walk_of(further)
                mended = _appended(mended, further)
        report.attach(mended, report.renew(before, again, mended, walk), walk)
        return mended


def _asked_again(
    wire: Wire, runs: pd.DataFrame, *, progress: bool
) -> tuple[pd.DataFrame, FetchReport]:
    """Gives the same rows as they are now, and the report of those asked for again.

    An answer that is older than its row changes nothing.
    """
    failed = runs["fetch_error"].notna().to_numpy(dtype=bool)
    asked = failed | ~runs["status"].isin(TERMINAL).to_numpy(dtype=bool)
    again = runs[asked]
    keys = list(zip(again["deployment_id"].fillna(""), again["id"].fillna(""), strict=True))
    fresh = fetch_runs(wire, keys, progress=progress)
    stale = (fresh["updated_at"].to_numpy() < again["updated_at"].to_numpy()) & ~failed[asked]
    replaced = (failed[asked] | fresh["fetch_error"].isna().to_numpy(dtype=bool)) & ~stale
    positions = np.flatnonzero(asked)[replaced]
    kept = np.setdiff1d(np.arange(len(runs)), positions)
    parts = [runs.iloc[kept][RUNS.names], fresh[replaced]]
    mended = concat(parts).iloc[np.argsort(np.concatenate([kept, positions]))].set_axis(runs.index)
    mended = mended.assign(**{name: runs[name] for name in runs.columns if name not in RUNS.names})
    mended.attrs = dict(runs.attrs)
    return mended, report.fetch_report(fresh)


def _appended(runs: pd.DataFrame, further: pd.DataFrame) -> pd.DataFrame:
    """Runs that were not there yet come after the others; their index goes on counting."""
    known = pd.MultiIndex.from_frame(runs[KEY])
    named = further["id"].notna().to_numpy(dtype=bool)
    came_before = pd.MultiIndex.from_frame(further[KEY]).isin(known) & named
    new = further[~came_before]
    index = [*runs.index, *range(len(runs), len(runs) + len(new))]
    joined = concat([runs, new]).set_axis(index)
    joined.attrs = dict(runs.attrs)
    return joined
