"""Proportions and times with their uncertainty, by scipy where scipy has them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module
from math import hypot, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.outcomes import outcomes
from agentrun_nb.core.schema import STATUSES, TERMINAL
from agentrun_nb.errors import SettingsError
from agentrun_nb.tables.moments import Floats, milliseconds

TOO_FEW = 10
"""With fewer runs whose end was seen there is no quantile, and with fewer runs no verdict."""

LEVEL = 0.95
"""The share of intervals that hold the truth, where nothing else is said."""

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """What n runs say: a value and its 95 % interval, NaN where the data does not reach it.

    An end of an interval that is NaN is open: the interval holds all that lies beyond, and so covers the truth 95 times
    in 100 also in small samples of which many runs have not ended.
    """

    n: int
    value: float = nan
    low: float = nan
    high: float = nan


@dataclass(frozen=True)
class Contrast:
    """What two groups of runs say of one measure, what lies between them (b - a), and what to know of it."""

    a: Estimate
    b: Estimate
    between: Estimate
    notes: str = ""


@dataclass(frozen=True)
class Times:
    """How long runs took.

    Attributes:
        seconds: of each run, until its end or, where that was not seen, until it was last known to go on.
        ended: whether its end was seen.
        unreadable: how many runs should have a time here and have none that makes sense.
        known: which of the runs the times are of.
    """

    seconds: Floats
    ended: NDArray[np.bool_]
    unreadable: int = 0
    known: NDArray[np.bool_] | None = None


def scipy_stats() -> Any:
    """The module scipy.stats, loaded when it is used.

    Raises:
        SettingsError: scipy is not installed.
    """
    try:
        return import_module("scipy.stats")
    except ImportError:
        raise SettingsError("This needs scipy.", hint="pip install 'agentrun-nb[analysis]'") from None


def queue_times(runs: pd.DataFrame, horizon: float) -> Times:
    """From `created_at` to `started_at`; a run without a start is censored at its end, or at the horizon.

    Args:
        runs: a RUNS table.
        horizon: the moment, in ms since the epoch, until which runs that have not ended are known to have gone on.
    """
    words = outcomes(runs)
    created, started, completed = (_micros(runs[name]) for name in ("created_at", "started_at", "completed_at"))
    waited = np.select([words == "succeeded", words.isin(TERMINAL)], [nan, completed], horizon * 1_000)
    begun = ~np.isnan(started)
    return _times(np.where(begun, started, waited) - created, begun, words.isin(STATUSES))


def run_times(runs: pd.DataFrame, horizon: float) -> Times:
    """From `started_at` to `completed_at`, whatever the outcome; what has not ended is censored at the horizon.

    A service does not end by itself: it is censored at its end.
    """
    words = outcomes(runs)
    started, completed = _micros(runs["started_at"]), _micros(runs["completed_at"])
    terminal = words.isin(TERMINAL)
    due = words.isin(STATUSES) & (~np.isnan(started) | (words == "succeeded"))
    return _times(np.where(terminal, completed, horizon * 1_000) - started, terminal & (runs["mode"] != "service"), due)


def _micros(moments: pd.Series[Any]) -> Floats:
    """Microseconds since the epoch, which a double holds exactly."""
    return np.rint(milliseconds(moments) * 1_000)


def _times(long: Floats, ended: Any, due: pd.Series[Any]) -> Times:
    sound = due.to_numpy() & (long >= 0)
    return Times(long[sound] / 1e6, np.asarray(ended, dtype=bool)[sound], int((due & ~sound).sum()), sound)


def normal_quantile(level: float) -> float:
    """Within so many standard errors of the truth lies that share of estimates."""
    return float(scipy_stats().norm.ppf((1 + level) / 2))


def rate(successes: float, n: int, effect: float = 1.0, level: float = LEVEL) -> Estimate:
    """A proportion with the score interval (Wilson 1927).

    By hand, because scipy's takes whole numbers only.

    Args:
        successes: how many succeeded.
        n: of how many.
        effect: how many of them say as much as one that is independent of the others; NaN where that is not known.
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


def curve(times: Times) -> tuple[Floats, Floats, Floats, Floats]:
    """The curve of Kaplan & Meier (1958): seconds, the share that goes on after each, and the ends of its log-log band.

    The band is 95 % wide, and NaN where the share is 1 or 0.
    """
    stats = scipy_stats()
    found = stats.ecdf(stats.CensoredData.right_censored(times.seconds, ~times.ended)).sf
    with warnings.catch_warnings():
        # scipy warns that the band is NaN where the curve is 1 or 0, and so it should be.
        warnings.simplefilter("ignore", RuntimeWarning)
        band = found.confidence_interval(method="log-log")
    return found.quantiles, found.probabilities, band.low.probabilities, band.high.probabilities


def quantiles(times: Times, *shares: float) -> list[Estimate]:
    """Quantiles in seconds: when at least that share has ended, by the curve of Kaplan & Meier.

    The interval is where the band of the curve crosses the same level (Brookmeyer & Crowley 1982).
    """
    n = len(times.seconds)
    if times.ended.sum() < TOO_FEW:
        return [Estimate(n)] * len(shares)
    seconds, *curves = curve(times)

    def crossing(heights: Floats, share: float) -> float:
        below = heights <= 1 - share + _ROUNDING
        return float(seconds[below.argmax()]) if below.any() else nan

    return [Estimate(n, *(crossing(heights, share) for heights in curves)) for share in shares]


def difference(a: Estimate, b: Estimate) -> Estimate:
    """The difference b - a of independent estimates, its interval from theirs (Zou & Donner 2008).

    For proportions that is Newcombe's interval (1998, method 10). By hand, because scipy has neither.
    """
    value = b.value - a.value
    low, high = hypot(b.value - b.low, a.high - a.value), hypot(b.high - b.value, a.value - a.low)
    return Estimate(a.n + b.n, value, value - low, value + high)
