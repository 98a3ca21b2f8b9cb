"""How many runs waited and ran at each moment."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.analysis.outcomes import left_out, outcomes, repeated_keys
from agentrun_nb.core.schema import STATUSES, TERMINAL, WAITING
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.report import FetchReport, fetch_report

ATTRS = "agentrun_nb_left_out"
"""Where in `attrs` lies what could not be counted."""

REPEATED = "agentrun_nb_repeated"
"""Where in `attrs` lies how many runs stand in the frame more than once."""

LOWER_BOUND = "agentrun_nb_lower_bound"
"""The key in `attrs` of the time in which the counts are lower bounds.

They are that because older runs are not in the frame.
"""

_NONE, _OPEN = np.iinfo("int64").min, np.iinfo("int64").max
_LATEST = int(np.datetime64("9999-12-31T23:59:59", "us").astype("int64"))


def concurrency(runs: Runs) -> pd.DataFrame:
    """Counts the runs that waited and that ran, exactly, from the timestamps of the records.

    A run waits from `created_at` until `started_at` and runs from there until `completed_at`, ends
    excluded; one that has not ended is counted to the end of the table. Where a run has no start
    recorded and is not before it by its status, what was waiting is not known: it is undivided.

    Args:
        runs: anything that `runs_frame` takes.

    Returns:
        One row per moment that any timestamp names, in order, with a fresh index: `at` (t), and
        `waiting`, `running`, `undivided` (Int64), which hold from that moment until the next.
        `attrs["agentrun_nb_left_out"]` names and counts the runs in no row: no known status, no
        creation or end recorded, times out of order. `attrs["agentrun_nb_repeated"]` counts the
        runs that stand more than once; each of their rows is counted.

        Of a frame that was listed with `since=`, or whose listing was cut, the left edge is a lower
        bound: runs that were created before and still went on are not in it. Then
        `attrs["agentrun_nb_lower_bound"]` says so: `from` that moment `until` so long after it as
        the longest run here went on (ISO); of longer ones nothing is known.

    Example:
        >>> arn.concurrency(runs)["running"].max()
        np.int64(2)
    """
    runs = runs_frame(runs)
    words = outcomes(runs)
    created, started, completed = (
        _micros(runs[name]) for name in ("created_at", "started_at", "completed_at")
    )
    known, begun = words.isin(STATUSES).to_numpy(), started != _NONE
    ends = np.where(words.isin(TERMINAL), completed, _OPEN)
    middle = np.where(begun, started, np.where(words.isin(WAITING), _OPEN, created))
    complete = known & (created != _NONE) & (ends != _NONE)
    placed = complete & (created <= middle) & (middle <= ends)
    moments = np.unique(np.concatenate([created[placed], middle[placed], ends[placed]]))
    moments = moments[moments != _OPEN]
    spans = {"waiting": (created, middle, placed), "running": (middle, ends, placed & begun)}
    spans["undivided"] = (middle, ends, placed & ~begun)
    counts = {
        name: pd.array(_inside(moments, *span), dtype="Int64") for name, span in spans.items()
    }
    at = pd.DatetimeIndex(moments.view("datetime64[us]")).tz_localize("UTC")
    frame = pd.DataFrame({"at": at, **counts})
    reasons = {
        "no creation or end recorded": known & ~complete,
        "times out of order": complete & ~placed,
    }
    frame.attrs[ATTRS] = left_out(words) | {
        reason: int(rows.sum()) for reason, rows in reasons.items() if rows.any()
    }
    frame.attrs[REPEATED] = int(repeated_keys(runs).nunique())
    edge = _left_edge(fetch_report(runs), created[placed])
    if edge is not None:
        seen_until = np.where(ends == _OPEN, moments.max(initial=edge), ends)
        longest = int((seen_until - created)[placed].max(initial=0))
        frame.attrs[LOWER_BOUND] = {"from": _iso(edge), "until": _iso(min(edge + longest, _LATEST))}
    return frame


def _left_edge(report: FetchReport, created: Any) -> int | None:
    """Finds the moment before which no run that the frame could hold was created.

    It is None where all runs that there are may be in the frame.

    Args:
        report: what is known of how the frame was fetched.
        created: when its runs were created, in microseconds since the epoch.
    """
    if report.since is not None:
        since = report.since.astimezone(UTC).replace(tzinfo=None)
        return int(np.datetime64(since, "us").astype("int64"))
    cut = report.asked is None and report.truncated_by is not None
    return int(created.min()) if cut and len(created) else None


def _iso(micros: int) -> str:
    return f"{np.datetime64(micros, 'us')}Z"


def _micros(moments: pd.Series[Any]) -> Any:
    """Microseconds since the epoch; `_NONE`, which is what NaT is, where nothing is recorded."""
    return moments.dt.tz_localize(None).to_numpy("datetime64[us]").view("int64")


def _inside(moments: Any, begins: Any, ends: Any, counted: Any) -> Any:
    """Counts how many of the counted spans hold each moment.

    These are the spans begun by then less those ended by then.
    """
    begun, ended = (
        np.searchsorted(np.sort(edges[counted]), moments, "right") for edges in (begins, ends)
    )
    return begun - ended
