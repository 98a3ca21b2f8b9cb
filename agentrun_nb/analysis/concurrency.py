"""Counts how many runs waited and ran at each moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.outcomes import left_out, outcomes, repeated_keys
from agentrun_nb.core.schema import STATUSES, TERMINAL, WAITING
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.moments import YEAR_9999, ZERO_TIMES
from agentrun_nb.tables.report import FetchReport, fetch_report

ATTRS = "agentrun_nb_left_out"
"""The key in `attrs` of the runs that could not be counted, by the reason."""

REPEATED = "agentrun_nb_repeated"
"""The key in `attrs` of the number of runs that stand in the frame more than once."""

LOWER_BOUND = "agentrun_nb_lower_bound"
"""The key in `attrs` of the time in which counts are lower bounds, for lack of older runs."""

Micros = NDArray[np.int64]
Mask = NDArray[np.bool_]

_NONE = np.iinfo("int64").min
"""Stands for a time that is not recorded."""
_OPEN = np.iinfo("int64").max
"""Stands for a time that has not come."""
_LATEST = int(np.datetime64("9999-12-31T23:59:59", "us").astype("int64"))
"""The last second that an ISO time of four digits for the year can say."""


def concurrency(runs: Runs) -> pd.DataFrame:
    """Counts the runs that waited and that ran at each moment, from the timestamps of the records.

    A run waits from `created_at` until `started_at` and runs from there until `completed_at`; the
    end is not part of either. One that has not ended is counted to the end of the table. Where no
    start is recorded, and the status does not say that the run still waits, it counts as undivided:
    how much of its time was waiting is not known.

    Args:
        runs: anything that `runs_frame` takes.

    Returns:
        One row for each moment that a timestamp names, in order, with a fresh index: `at` (UTC),
        and `waiting`, `running` and `undivided` (Int64), which hold from that moment until the
        next. `attrs["agentrun_nb_left_out"]` counts the runs that are in no row, by the reason: no
        known status, no creation or end recorded, times out of order.
        `attrs["agentrun_nb_repeated"]` counts the runs that stand more than once; each of their
        rows is counted.

        Where the frame was listed with `since=`, or the listing was cut, the counts at the left
        edge are lower bounds: runs that were created before and still went on are not in it. Then
        `attrs["agentrun_nb_lower_bound"]` holds two ISO times: `from` that moment, and `until` so
        long after it as the longest run here went on. Of longer ones nothing is known.

    Example:
        >>> arn.concurrency(runs)["running"].max()
        np.int64(2)
    """
    runs = runs_frame(runs)
    all_outcomes = outcomes(runs)
    phases = _Phases.of(runs, all_outcomes)
    table = _count(phases)
    table.attrs[ATTRS] = left_out(all_outcomes) | phases.reasons()
    table.attrs[REPEATED] = int(repeated_keys(runs).nunique())
    edge = _left_edge(fetch_report(runs), phases.created[phases.placed])
    if edge is not None:
        until = min(edge + phases.longest(edge), _LATEST)
        table.attrs[LOWER_BOUND] = {"from": _iso(edge), "until": _iso(until)}
    return table


@dataclass(frozen=True)
class _Phases:
    """When runs began to wait, began to run and ended, in microseconds since the epoch.

    Attributes:
        created: when each run was created.
        middle: when it began to run. Where that is not known, it is when it was created, and
            `_OPEN` while it waits.
        ends: when it ended; `_OPEN` while it goes on.
        begun: whether its start is recorded.
        known: whether its status is documented.
        complete: whether, besides, its creation and its end are recorded.
        placed: whether, besides, its times are in order.
    """

    created: Micros
    middle: Micros
    ends: Micros
    begun: Mask
    known: Mask
    complete: Mask
    placed: Mask

    @classmethod
    def of(cls, runs: pd.DataFrame, all_outcomes: pd.Series[Any]) -> _Phases:
        """Reads the times of a RUNS table, whose outcomes are given beside it."""
        created = _micros(runs["created_at"])
        started = _micros(runs["started_at"])
        completed = _micros(runs["completed_at"])
        known = all_outcomes.isin(STATUSES).to_numpy()
        has_ended = all_outcomes.isin(TERMINAL)
        waits = all_outcomes.isin(WAITING)
        begun = started != _NONE
        ends = np.where(has_ended, completed, _OPEN)
        middle_without_start = np.where(waits, _OPEN, created)
        middle = np.where(begun, started, middle_without_start)
        complete = known & (created != _NONE) & (ends != _NONE)
        placed = complete & (created <= middle) & (middle <= ends)
        return cls(
            created=created,
            middle=middle,
            ends=ends,
            begun=begun,
            known=known,
            complete=complete,
            placed=placed,
        )

    def reasons(self) -> dict[str, int]:
        """Counts the runs of a documented status that cannot be placed, by the reason."""
        incomplete = int((self.known & ~self.complete).sum())
        not_in_order = int((self.complete & ~self.placed).sum())
        counts = {"no creation or end recorded": incomplete, "times out of order": not_in_order}
        return {reason: count for reason, count in counts.items() if count}

    def moments(self) -> Micros:
        """Returns every moment at which a count changes, in order."""
        named = [times[self.placed] for times in (self.created, self.middle, self.ends)]
        every = np.unique(np.concatenate(named))
        moments: Micros = every[every != _OPEN]
        return moments

    def longest(self, edge: int) -> int:
        """Returns how long the longest run went on, as far as it was seen.

        Args:
            edge: until when runs were seen, where no moment is known.
        """
        last = self.moments().max(initial=edge)
        seen_until = np.where(self.ends == _OPEN, last, self.ends)
        lengths = (seen_until - self.created)[self.placed]
        return int(lengths.max(initial=0))


def _count(phases: _Phases) -> pd.DataFrame:
    """Counts the runs that wait, that run, and of which neither is known, at every moment."""
    moments = phases.moments()
    begun = phases.placed & phases.begun
    undivided = phases.placed & ~phases.begun
    at = pd.DatetimeIndex(moments.view("datetime64[us]")).tz_localize("UTC")
    counts = {
        "waiting": _inside(moments, phases.created, phases.middle, phases.placed),
        "running": _inside(moments, phases.middle, phases.ends, begun),
        "undivided": _inside(moments, phases.middle, phases.ends, undivided),
    }
    table = pd.DataFrame({"at": at})
    for name, values in counts.items():
        table[name] = pd.array(values, dtype="Int64")
    return table


def _left_edge(report: FetchReport, created: Micros) -> int | None:
    """Finds the moment before which no run of the frame can have been created.

    Args:
        report: the fetch report of the frame.
        created: when its runs were created.

    Returns:
        The moment; None where all runs that there are may be in the frame.
    """
    if report.since is not None:
        since = report.since.astimezone(UTC).replace(tzinfo=None)
        return int(np.datetime64(since, "us").astype("int64"))
    cut = report.asked is None and report.truncated_by is not None
    return int(created.min()) if cut and len(created) else None


def _iso(micros: int) -> str:
    return f"{np.datetime64(micros, 'us')}Z"


def _micros(moments: pd.Series[Any]) -> Micros:
    """Converts times to microseconds since the epoch; `_NONE` where none is recorded.

    What programs write for a time that has not come or will never come is none either.
    """
    naive = moments.dt.tz_localize(None).to_numpy("datetime64[us]")
    # The number of NaT is the least one, which is `_NONE`.
    micros = naive.view("int64")
    is_zero = np.isin(micros, [int(moment * 1_000) for moment in ZERO_TIMES])
    found: Micros = np.where(is_zero | (micros >= int(YEAR_9999 * 1_000)), _NONE, micros)
    return found


def _inside(moments: Micros, begins: Micros, ends: Micros, counted: Mask) -> Micros:
    """Counts the spans that hold each moment.

    Args:
        moments: the moments, in order.
        begins: when each span begins.
        ends: when it ends; the end is not part of it.
        counted: which spans count.
    """
    begun = np.searchsorted(np.sort(begins[counted]), moments, "right")
    ended = np.searchsorted(np.sort(ends[counted]), moments, "right")
    return begun - ended
