"""Proportions and times with their uncertainty, by scipy where scipy has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import hypot, isnan, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.outcomes import outcomes
from agentrun_nb.core.schema import STATUSES, TERMINAL
from agentrun_nb.errors import SettingsError
from agentrun_nb.tables.moments import Floats, known_until, milliseconds

TOO_FEW = 10
"""How many runs are needed.

With fewer runs whose end was seen there is no quantile, and with fewer runs there is no interval of
it and no verdict.
"""

NO_DIFFERENCE, NOT_ENOUGH = "no difference seen", "not enough data"
"""The verdicts that claim nothing."""

LEVEL = 0.95
"""The share of intervals that hold the truth, where nothing else is said."""

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """What n runs say: a value and its interval, which is of 95 % by default.

    The value is NaN where the data does not reach it. An end of an interval that is NaN is open:
    the interval holds all that lies beyond. So it may have ends without a value, as of runs that
    all still go on: their median is longer than `low`.
    """

    n: int
    value: float = nan
    low: float = nan
    high: float = nan


@dataclass(frozen=True)
class Contrast:
    """What two groups of runs say of one measure, and what lies between them (b - a).

    The notes are what to know of it.
    """

    a: Estimate
    b: Estimate
    between: Estimate
    notes: str = ""


@dataclass(frozen=True)
class Times:
    """How long runs took.

    Attributes:
        seconds: of each run, until its end or, where that was not seen, until it was last known to
            go on.
        ended: whether its end was seen.
        unreadable: how many runs should have a time here and have none that makes sense.
        known: which of the runs the times are of.
        due: which of the runs should have a time here.
    """

    seconds: Floats
    ended: NDArray[np.bool_]
    unreadable: int = 0
    known: NDArray[np.bool_] | None = None
    due: NDArray[np.bool_] | None = None

    def of_groups(self, groups: Sequence[NDArray[np.intp]]) -> list[Times]:
        """The times of groups of the runs, each given by its places among the runs."""
        if self.known is None or self.due is None:
            raise ValueError("these times do not know which runs they are of")
        place = np.cumsum(self.known) - 1
        unread = self.due & ~self.known
        found = []
        for rows in groups:
            chosen = place[rows[self.known[rows]]]
            found.append(Times(self.seconds[chosen], self.ended[chosen], int(unread[rows].sum())))
        return found


def scipy_stats() -> Any:
    """The module scipy.stats, loaded when it is used.

    Raises:
        SettingsError: scipy is not installed.
    """
    try:
        return import_module("scipy.stats")
    except ImportError:
        hint = "pip install 'agentrun-nb[analysis]'"
        raise SettingsError("This needs scipy.", hint=hint) from None


def queue_times(runs: pd.DataFrame, horizon: float) -> Times:
    """Measures the times from `created_at` to `started_at`.

    A run without a start is censored at its end, or where it was last seen.

    Args:
        runs: a RUNS table; a run that has not ended is known to have gone on until its
            `fetched_at`.
        horizon: the same moment of runs that nobody fetched, in ms since the epoch.
    """
    words = outcomes(runs)
    created, started, completed = (
        _micros(runs[name]) for name in ("created_at", "started_at", "completed_at")
    )
    waited = np.select(
        [words == "succeeded", words.isin(TERMINAL)],
        [nan, completed],
        _last_seen(runs, horizon, created),
    )
    begun = ~np.isnan(started)
    return _times(np.where(begun, started, waited) - created, begun, words.isin(STATUSES))


def run_times(runs: pd.DataFrame, horizon: float) -> Times:
    """Measures the times from `started_at` to `completed_at`, whatever the outcome.

    What has not ended is censored where it was last seen. A service does not end by itself: it is
    censored at its end.
    """
    words = outcomes(runs)
    started, completed = _micros(runs["started_at"]), _micros(runs["completed_at"])
    terminal = words.isin(TERMINAL)
    due = words.isin(STATUSES) & (~np.isnan(started) | (words == "succeeded"))
    seen_until = np.where(terminal, completed, _last_seen(runs, horizon, started))
    return _times(seen_until - started, terminal & (runs["mode"] != "service"), due)


def _last_seen(runs: pd.DataFrame, horizon: float, start: Floats) -> Floats:
    """Finds until when runs are known to have gone on, in microseconds since the epoch.

    That is not before they began, whatever the clocks say.
    """
    seen_until = np.rint(known_until(runs, horizon) * 1_000)
    return np.fmax(seen_until, start)


def _micros(moments: pd.Series[Any]) -> Floats:
    """Microseconds since the epoch, which a double holds exactly."""
    return np.rint(milliseconds(moments) * 1_000)


def _times(long: Floats, ended: Any, due: pd.Series[Any]) -> Times:
    sound = due.to_numpy() & (long >= 0)
    unread = int((due & ~sound).sum())
    seen = np.asarray(ended, dtype=bool)[sound]
    return Times(long[sound] / 1e6, seen, unread, sound, due.to_numpy(dtype=bool))


def normal_quantile(level: float) -> float:
    """Within so many standard errors of the truth lies that share of estimates."""
    return _normal_ppf(scipy_stats(), (1 + level) / 2)


@cache
def _normal_ppf(stats: Any, probability: float) -> float:
    """Cached, because scipy takes longer for it than for all else of an interval."""
    return float(stats.norm.ppf(probability))


def rate(successes: float, n: int, effect: float = 1.0, level: float = LEVEL) -> Estimate:
    """A proportion with the score interval (Wilson 1927).

    By hand, because scipy's takes whole numbers only.

    Args:
        successes: how many succeeded.
        n: of how many.
        effect: how many of them say as much as one that is independent of the others; NaN where
            that is not known.
        level: the share of intervals that hold the truth.
    """
    if n == 0:
        return Estimate(0)
    share, size, z = successes / n, n / effect, normal_quantile(level)
    middle = share + z * z / (2 * size)
    half = z * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    # At 0 and 1 the ends are exact, and rounding must not lead beyond.
    low = 0.0 if share == 0 else (middle - half) / (1 + z * z / size)
    high = 1.0 if share == 1 else (middle + half) / (1 + z * z / size)
    return Estimate(n, share, low, high)


@dataclass(frozen=True)
class Curve:
    """The curve of Kaplan & Meier (1958).

    It has one element per moment at which a run ended or was last seen, and 0 before them.

    Attributes:
        seconds: the moments, rising.
        share: of the runs, how many go on after each.
        low: the lower end of its interval.
        high: the upper end.
    """

    seconds: Floats
    share: Floats
    low: Floats
    high: Floats


def curve(times: Times, level: float = LEVEL) -> Curve:
    """Computes the share of runs that go on after each time, with its intervals.

    The intervals hold the truth also for few runs and where none has ended. Their ends are
    quantiles of products of beta variables (Fay, Brittain & Proschan 2013, Biostatistics 14:723);
    where every end was seen, that is the exact binomial interval.

    Args:
        times: of at least one run.
        level: the least share of intervals that hold the truth.
    """
    beta = scipy_stats().beta
    table = _Risks.of(times, effect=1.0)
    # Where nothing has ended nothing bounds the share from above, and where nothing goes on
    # nothing bounds it from below.
    high = np.where(table.upper_a > 0, beta.ppf((1 + level) / 2, table.upper_a, table.upper_b), 1.0)
    low = np.where(table.lower_a > 0, beta.ppf((1 - level) / 2, table.lower_a, table.lower_b), 0.0)
    return Curve(table.seconds, table.share, low, high)


def quantiles(
    times: Times, *shares: float, effect: float = 1.0, level: float = LEVEL
) -> list[Estimate]:
    """Quantiles in seconds: when at least that share has ended, by the curve of Kaplan & Meier.

    The interval holds the moments at which such a share is not refuted by the mid-p version of the
    intervals of `curve` (Fay & Brittain 2016, Statistics in Medicine 35:2726). It is given from 10
    runs on, however few have ended, since which samples have an interval must not depend on how
    short their times are. The value needs 10 ends, and the upper end that 10 runs were watched that
    long: only samples of short times would reach it with fewer.

    Args:
        times: how long runs took, independent of until when they were watched.
        *shares: between 0 and 1.
        effect: how many runs say as much as one that is independent of the others; NaN where that
            is not known.
        level: the share of intervals that hold the truth.
    """
    n = len(times.seconds)
    if n < TOO_FEW:
        return [Estimate(n)] * len(shares)
    table = _Risks.of(times, effect)
    enough = times.ended.sum() >= TOO_FEW

    def estimate(share: float) -> Estimate:
        value = _first(table.seconds, table.share <= 1 - share + _ROUNDING) if enough else nan
        if isnan(effect):
            return Estimate(n, value)
        chance = table.chance_of_less(1 - share)
        low = _first(table.seconds, chance >= (1 - level) / 2)
        watched = table.watched >= TOO_FEW - _ROUNDING
        high = _first(table.seconds, (chance > (1 + level) / 2) & watched)
        return Estimate(n, value, low, high)

    return [estimate(share) for share in shares]


def _first(seconds: Floats, reached: NDArray[np.bool_]) -> float:
    return float(seconds[reached.argmax()]) if reached.any() else nan


@dataclass(frozen=True)
class _Risks:
    """A curve and what bounds it after each of its moments.

    The bounds are two beta variables, the upper and the lower. Their parameters are 0 where the
    variable is a constant: the upper one 1, the lower one 0. Of the runs, `watched` is how many
    would have been seen to go on until each moment if none had ended.
    """

    seconds: Floats
    share: Floats
    watched: Floats
    upper_a: Floats
    upper_b: Floats
    lower_a: Floats
    lower_b: Floats

    @classmethod
    def of(cls, times: Times, effect: float) -> _Risks:
        moments, place = np.unique(times.seconds, return_inverse=True)
        leaving = np.bincount(place, minlength=len(moments)).astype("float64")
        ends = np.bincount(place, weights=times.ended, minlength=len(moments))
        at_risk = leaving[::-1].cumsum()[::-1]
        share = np.cumprod(1 - ends / at_risk)
        # A size that is divided by the design effect is that of independent runs which say as much.
        size, ended, going_on = at_risk / effect, ends / effect, (at_risk - leaving) / effect
        # Each moment has a factor Beta(size - ended + 1, ended); the first two moments multiply.
        first = np.cumprod((size - ended + 1) / (size + 1))
        second = np.cumprod((size - ended + 1) * (size - ended + 2) / ((size + 1) * (size + 2)))
        # The lower one holds as if one more run ended just then: the factor Beta(going_on, 1).
        lower = first * going_on / (going_on + 1), second * going_on / (going_on + 2)
        # The same curve with ends and last sights changed about; what ended at a moment was still
        # watched then.
        lost = np.divide(
            leaving - ends, at_risk - ends, out=np.zeros_like(ends), where=at_risk > ends
        )
        n = len(times.seconds)
        watched = n * np.cumprod(np.append(1.0, 1 - lost[:-1])) if len(lost) else lost
        columns = [share, watched, *_beta(first, second), *_beta(*lower)]
        starts = [1.0, float(n), 0.0, 0.0, n / effect, 1.0]
        begun = (np.insert(x, 0, at) for x, at in zip(columns, starts, strict=True))
        return cls(np.insert(moments, 0, 0.0), *begun)

    def chance_of_less(self, share: float) -> Floats:
        """Computes the chance that at most that share goes on after each moment.

        It lies halfway between both bounds.
        """
        beta = scipy_stats().beta
        upper = np.where(self.upper_a > 0, beta.cdf(share, self.upper_a, self.upper_b), 0.0)
        lower = np.where(self.lower_a > 0, beta.cdf(share, self.lower_a, self.lower_b), 1.0)
        return (upper + lower) / 2


def _beta(first: Any, second: Any) -> tuple[Floats, Floats]:
    """The parameters of beta variables with these moments; 0 and 0 for constants."""
    variance = second - first**2
    vary = (variance > _ROUNDING**2) & (first > 0)
    scale = np.divide(first * (1 - first), variance, out=np.ones_like(first), where=vary) - 1
    return np.where(vary, first * scale, 0.0), np.where(vary, (1 - first) * scale, 0.0)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """The difference b - a of independent estimates, its interval from theirs (Zou & Donner 2008).

    For proportions that is Newcombe's interval (1998, method 10). By hand, because scipy has
    neither. Where a value is not known the interval reaches from the nearest to the farthest that
    both intervals allow; that is wider.
    """
    value = b.value - a.value
    if isnan(value):
        return Estimate(a.n + b.n, nan, b.low - a.high, b.high - a.low)
    low, high = hypot(b.value - b.low, a.high - a.value), hypot(b.high - b.value, a.value - a.low)
    return Estimate(a.n + b.n, value, value - low, value + high)
