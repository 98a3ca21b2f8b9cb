"""The phases of runs as a page draws them: those of the log, or those that this process saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.tables.ledger import events_at, looks_at
from agentrun_nb.tables.moments import milliseconds
from agentrun_nb.tables.phases import KEY, phases

Key = tuple[str, str]
"""The ids of a deployment and of its run."""

Phase = dict[str, Any]
"""`phase`, `kind`, and `start` and `end`: the earliest and the latest moment in ms, or None."""


def phases_of(runs: pd.DataFrame, logs: pd.DataFrame | None = None) -> dict[Key, list[Phase]]:
    """Finds the phases of runs that are more than their timestamps.

    Args:
        runs: a RUNS table.
        logs: the LOGS table of one run, where it has been read.

    Returns:
        The phases of each run that has some, one after another: those of its log where that tells
        some, else those that were observed.
    """
    looks = looks_at(runs["id"])
    seen_going = looks.loc[~looks["status"].isin(TERMINAL), "run_id"]
    if logs is None:
        # Most runs of a listing were seen once, when they had ended.
        runs = runs[runs["id"].isin(seen_going)]
    if runs.empty:
        return {}
    events = None if logs is None else events_at(*runs[["deployment_id", "id"]].iloc[0])
    table = phases(runs, logs, looks, events)
    table = table[table["kind"] != "recorded"]
    has_log = table["kind"].eq("logged").groupby([table[name] for name in KEY]).transform("any")
    best = table[table["kind"].eq("logged") | ~has_log]
    return _by_run(best)


def _by_run(table: pd.DataFrame) -> dict[Key, list[Phase]]:
    """The rows of a PHASES table by the runs that they are about."""
    bounds = {
        name: _plain(milliseconds(table[name]))
        for name in ("start_low", "start_high", "end_low", "end_high")
    }
    found: dict[Key, list[Phase]] = {}
    names = zip(table["deployment_id"], table["run_id"], table["phase"], table["kind"], strict=True)
    for place, (deployment_id, run_id, phase, kind) in enumerate(names):
        start = [bounds["start_low"][place], bounds["start_high"][place]]
        end = [bounds["end_low"][place], bounds["end_high"][place]]
        row = {"phase": phase, "kind": kind, "start": start, "end": end}
        found.setdefault((deployment_id, run_id), []).append(row)
    return found


def _plain(moments: Any) -> list[float | None]:
    """Moments as JSON can hold them."""
    return [None if np.isnan(moment) else float(moment) for moment in moments]
