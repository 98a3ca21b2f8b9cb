"""Measures how long runs waited and ran; the times of those that go on are censored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.outcomes import OutcomeCodes
from agentrun_nb.core.schema import STATUSES, SUCCESSES, TERMINAL
from agentrun_nb.tables.moments import (
    YEAR_9999,
    ZERO_TIMES,
    Floats,
    known_until,
    microseconds,
)


@dataclass(frozen=True)
class Times:
    """How long runs took, with those whose end was not seen.

    Attributes:
        seconds: the time of each run until its end or, where that was not seen, until it was last
            known to go on.
        ended: whether its end was seen.
        unreadable: the number of runs that should have a time and have none that makes sense.
        known: which runs of the table have a time.
        due: which runs of the table should have one.
        since: for a run that nobody fetched and that has not ended, from when on it counts, in
            microseconds since the epoch; NaN for the others. Its time depends on the latest moment
            of the table.
        counts: how many runs have each time; None: one.
    """

    seconds: Floats
    ended: NDArray[np.bool_]
    unreadable: int = 0
    known: NDArray[np.bool_] | None = None
    due: NDArray[np.bool_] | None = None
    since: Floats | None = None
    counts: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """The number of runs that have a time."""
        if self.counts is None:
            return len(self.seconds)
        return int(self.counts.sum())

    @property
    def ends(self) -> int:
        """The number of runs whose end was seen."""
        if self.counts is None:
            return int(self.ended.sum())
        counts = self.counts[self.ended]
        return int(counts.sum())

    def of_groups(self, groups: Sequence[NDArray[np.intp]]) -> list[Times]:
        """Returns the times of groups of the runs.

        Args:
            groups: for each group, the row numbers of its runs in the table.
        """
        if self.known is None or self.due is None:
            raise ValueError("these times do not know which runs they are of")
        place = np.cumsum(self.known) - 1
        unreadable = self.due & ~self.known
        found = []
        for rows in groups:
            chosen = place[rows[self.known[rows]]]
            count = int(unreadable[rows].sum())
            known, due = self.known[rows], self.due[rows]
            found.append(Times(self.seconds[chosen], self.ended[chosen], count, known, due))
        return found

    def of_rows(self, index: pd.Index[Any]) -> pd.Series[Any]:
        """Returns the seconds of each run of the table whose end was seen; NaN for the others.

        Args:
            index: that of the table.
        """
        if self.known is None:
            raise ValueError("these times do not know which runs they are of")
        seconds = np.full(len(self.known), nan)
        seconds[self.known] = np.where(self.ended, self.seconds, nan)
        return pd.Series(seconds, index)


def queue_times(runs: pd.DataFrame, horizon: float, found: OutcomeCodes | None = None) -> Times:
    """Measures the times from `created_at` to `started_at`.

    A run without a start is censored at its end, or where it was last seen.

    Args:
        runs: a RUNS table; a run that has not ended is known to have gone on until its
            `fetched_at`.
        horizon: the same moment for runs that nobody fetched, in ms since the epoch.
        found: their outcomes, where they are known already.
    """
    found = OutcomeCodes.of(runs) if found is None else found
    created = _micros(runs["created_at"])
    started = _micros(runs["started_at"])
    completed = _micros(runs["completed_at"])
    # A run that succeeded without a start has no time that can be read.
    last_seen = _last_seen(runs, horizon, created)
    has_ended = found.are(TERMINAL)
    waited_until = np.where(has_ended, completed, last_seen)
    waited_until[found.are(SUCCESSES)] = nan
    has_start = ~np.isnan(started)
    micros = np.where(has_start, started, waited_until) - created
    since = _since(runs, ~has_start & ~has_ended, created)
    return _times(micros, has_start, found.are(STATUSES), since)


def run_times(runs: pd.DataFrame, horizon: float, found: OutcomeCodes | None = None) -> Times:
    """Measures the times from `started_at` to `completed_at`, whatever the outcome.

    A run that has not ended is censored where it was last seen. A service does not end by itself,
    and is censored at its end.

    Args:
        runs: a RUNS table.
        horizon: as in `queue_times`.
        found: their outcomes, where they are known already.
    """
    found = OutcomeCodes.of(runs) if found is None else found
    started = _micros(runs["started_at"])
    completed = _micros(runs["completed_at"])
    has_ended = found.are(TERMINAL)
    has_run = ~np.isnan(started) | found.are(SUCCESSES)
    due = found.are(STATUSES) & has_run
    seen_until = np.where(has_ended, completed, _last_seen(runs, horizon, started))
    end_seen = has_ended & (runs["mode"] != "service").to_numpy()
    since = _since(runs, ~has_ended, started)
    return _times(seen_until - started, end_seen, due, since)


def _last_seen(runs: pd.DataFrame, horizon: float, start: Floats) -> Floats:
    """Returns until when each run is known to have gone on, in microseconds since the epoch.

    That is not before it began, however much the clocks differ.
    """
    seen = known_until(runs, horizon)
    return np.fmax(np.rint(seen * 1_000), start)


def _since(runs: pd.DataFrame, goes_on: NDArray[np.bool_], start: Floats) -> Floats:
    """Returns the start of each run that goes on until nobody knows when; NaN for the others."""
    since: Floats = np.where(goes_on & runs["fetched_at"].isna().to_numpy(), start, nan)
    return since


def _micros(moments: pd.Series[Any]) -> Floats:
    """Converts times to microseconds since the epoch, which a double holds exactly.

    What programs write for a time that has not come or will never come is none: NaN.
    """
    micros = microseconds(moments)
    for none in ZERO_TIMES:
        micros[micros == none * 1_000] = nan
    micros[micros >= YEAR_9999 * 1_000] = nan
    return micros


def _times(
    micros: Floats, ended: NDArray[np.bool_], due: NDArray[np.bool_], since: Floats
) -> Times:
    """Makes Times of all runs of a table, without those that have no time or a negative one."""
    known = due & (micros >= 0)
    unreadable = int((due & ~known).sum())
    return Times(micros[known] / 1e6, ended[known], unreadable, known, due, since[known])
