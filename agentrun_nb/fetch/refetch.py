"""Fetches rows of a RUNS table again, and lists the runs that are missing from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.schema import RUNS, TERMINAL
from agentrun_nb.errors import AgentRunError, SettingsError, UnauthorizedError
from agentrun_nb.fetch.batches import KEY
from agentrun_nb.fetch.by_id import fetch_runs
from agentrun_nb.fetch.listing import list_frame
from agentrun_nb.fetch.query import RunQuery
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.wire import Wire
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import concat
from agentrun_nb.tables.remainder import Remainder

Mask = NDArray[np.bool_]


def refetch(wire: Wire, runs: pd.DataFrame, *, progress: bool) -> pd.DataFrame:
    """Fetches the rows that may have changed again, and lists what is left of the listing.

    Args:
        wire: sends the requests.
        runs: a RUNS table.
        progress: whether a line shows the progress.

    Returns:
        The same rows under the same index, and after them the runs that were not there yet.
    """
    with DeferredInterrupts() as interrupts:
        outdated = rows_to_fetch(runs)
        fresh = fetch_rows(wire, runs[outdated], progress=progress)
        renewed = renew_rows(runs, outdated, fresh)
        before, remains = report.fetch_report(runs), report.remainder_of(runs)
        query = RunQuery.of_rest(remains.rest)
        if query is None and remains.rest is not None:
            remains = Remainder(whole=False, lost=True)
        if query is not None and not interrupts.heard:
            try:
                further = list_frame(wire, query, progress=progress)
            except (UnauthorizedError, SettingsError):
                raise
            except AgentRunError as error:
                # Not a page came, and the listing is where it was.
                before = replace(before, truncated_by=error.kind)
            else:
                before = report.resume(before, report.fetch_report(further))
                remains = report.remainder_of(further)
                renewed = _append_new(renewed, further)
        again = report.fetch_report(fresh)
        report.attach(renewed, report.renew(before, again, renewed, remains), remains)
        return renewed


def rows_to_fetch(runs: pd.DataFrame) -> Mask:
    """Finds the rows that may have changed: not fetched, or of a run that had not ended."""
    has_ended = runs["status"].isin(TERMINAL).to_numpy(dtype=bool)
    outdated: Mask = _has_failed(runs) | ~has_ended
    return outdated


def _has_failed(runs: pd.DataFrame) -> Mask:
    failed: Mask = runs["fetch_error"].notna().to_numpy(dtype=bool)
    return failed


def fetch_rows(wire: Wire, runs: pd.DataFrame, *, progress: bool) -> pd.DataFrame:
    """Fetches each of these rows by its key."""
    deployments = runs["deployment_id"].fillna("")
    ids = runs["id"].fillna("")
    keys = list(zip(deployments, ids, strict=True))
    return fetch_runs(wire, keys, progress=progress)


def newer_rows(before: pd.DataFrame, fresh: pd.DataFrame) -> Mask:
    """Finds the rows that take the place of those before them.

    Args:
        before: some rows of a RUNS table.
        fresh: the same rows, fetched again.

    Returns:
        For each row, True where it takes its place: a row that had failed is replaced by whatever
        came, any other one by a record that is not older.
    """
    had_failed = _has_failed(before)
    came = ~_has_failed(fresh)
    is_older = fresh["updated_at"].to_numpy() < before["updated_at"].to_numpy()
    newer: Mask = had_failed | (came & ~is_older)
    return newer


def renew_rows(runs: pd.DataFrame, outdated: Mask, fresh: pd.DataFrame) -> pd.DataFrame:
    """Puts rows that were fetched again in the places of those before them.

    Args:
        runs: a RUNS table; it may have further columns.
        outdated: which of its rows were fetched again.
        fresh: those rows.

    Returns:
        The table under the same index, with the same further columns and `attrs`.
    """
    newer = newer_rows(runs[outdated], fresh)
    renewed_places = np.flatnonzero(outdated)[newer]
    unchanged_places = np.setdiff1d(np.arange(len(runs)), renewed_places)
    unchanged = runs.iloc[unchanged_places][RUNS.names]
    shuffled = concat([unchanged, fresh[newer]])
    # The places of the rows of `shuffled`: sorted by them, each row is back where it was.
    places = np.concatenate([unchanged_places, renewed_places])
    renewed = shuffled.iloc[np.argsort(places)].set_axis(runs.index)
    further = {name: runs[name] for name in runs.columns if name not in RUNS.names}
    renewed = renewed.assign(**further)
    renewed.attrs = dict(runs.attrs)
    return renewed


def _append_new(runs: pd.DataFrame, further: pd.DataFrame) -> pd.DataFrame:
    """Appends the runs that are not there yet; their index goes on counting."""
    known = pd.MultiIndex.from_frame(runs[KEY])
    has_id = further["id"].notna().to_numpy(dtype=bool)
    is_known = pd.MultiIndex.from_frame(further[KEY]).isin(known) & has_id
    new = further[~is_known]
    index = [*runs.index, *range(len(runs), len(runs) + len(new))]
    appended = concat([runs, new]).set_axis(index)
    appended.attrs = dict(runs.attrs)
    return appended
