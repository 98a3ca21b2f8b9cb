"""Lays lengths of time on a logarithmic axis, and says what a chart of them leaves out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.analysis.censored_times import Times
from agentrun_nb.analysis.outcomes import left_out
from agentrun_nb.figures.style import left_out_notes
from agentrun_nb.tables.moments import Floats

MARKS = {
    0.01: "≤ 10 ms", 0.03: "30 ms", 0.1: "0.1 s", 0.3: "0.3 s",
    1: "1 s", 3: "3 s", 10: "10 s", 30: "30 s",
    60: "1 min", 180: "3 min", 600: "10 min", 1_800: "30 min",
    3_600: "1 h", 10_800: "3 h", 36_000: "10 h",
    86_400: "1 d", 259_200: "3 d", 864_000: "10 d", 2_592_000: "30 d", 8_640_000: "100 d",
}  # fmt: skip
"""The lengths that have a tick, in seconds, with what is written there."""
TICKS: dict[str, Any] = {
    "tickvals": np.log10(list(MARKS)),
    "ticktext": list(MARKS.values()),
}


def places(seconds: Floats) -> Any:
    """The places of times on the axis, which are their logarithms.

    On a logarithmic axis of plotly's own, bars would not have one width.
    """
    return np.log10(np.maximum(seconds, min(MARKS)))


def axis_ends(on_axis: Floats) -> tuple[float, float]:
    """The ends of the axis: the places of times with some room, a tenfold at least."""
    low, high = (on_axis.min(), on_axis.max()) if len(on_axis) else (0.0, 1.0)
    missing = 1 - (high - low)
    room = max(0.1, missing / 2)
    first = np.log10(min(MARKS))
    return max(low - room, first), high + room


def missing_notes(
    times: Times, all_outcomes: pd.Series[Any], others: str = "not started"
) -> list[str]:
    """Notes of how many runs' ends were not seen, and of which runs are not in the picture.

    Args:
        times: how long the runs of the picture took.
        all_outcomes: the outcomes of all runs.
        others: what is true of those that have no time though nothing is odd about them.
    """
    counts = left_out(all_outcomes)
    counts["without readable times"] = times.unreadable
    counts[others] = len(all_outcomes) - len(times.seconds) - sum(counts.values())
    notes = []
    not_seen = int((~times.ended).sum())
    if not_seen:
        notes.append(f"{not_seen:,} whose end was not seen")
    some = {reason: count for reason, count in counts.items() if count}
    return notes + left_out_notes(some)
