"""Estimates proportions and differences with confidence intervals, by scipy where it has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import hypot, isnan, nan, sqrt
from statistics import NormalDist
from typing import Any

from agentrun_nb.errors import SettingsError

TOO_FEW = 10
"""The fewest ends that were seen for a quantile, and the fewest runs for its interval or a
verdict."""

NO_DIFFERENCE, NOT_ENOUGH = "no difference seen", "not enough data"
"""The verdicts that name no difference."""

LEVEL = 0.95
"""The confidence level, where no other is given."""


@dataclass(frozen=True)
class Estimate:
    """An estimate from n runs, with its interval.

    An end of the interval that is NaN is open: the interval holds all that lies beyond. It may have
    an end where there is no value: the median of runs that all still go on is longer than `low`.

    Attributes:
        n: the number of runs.
        value: the estimate; NaN where the data does not reach it.
        low: the lower end of the interval.
        high: the upper end.
    """

    n: int
    value: float = nan
    low: float = nan
    high: float = nan


@dataclass(frozen=True)
class Contrast:
    """The estimates of one measure for two groups of runs.

    Attributes:
        a: that of the group before.
        b: that of the group after.
        between: the difference b - a.
        notes: remarks on them.
        inputs: how many different inputs the group with fewer of them has, where a verdict needs as
            many of these as of runs; None where it does not.
    """

    a: Estimate
    b: Estimate
    between: Estimate
    notes: str = ""
    inputs: int | None = None


def scipy_stats() -> Any:
    """Loads the module scipy.stats when it is first used, which takes 60 MB.

    Raises:
        SettingsError: scipy is not installed.
    """
    return _scipy("stats")


def scipy_special() -> Any:
    """Loads the module scipy.special when it is first used.

    Raises:
        SettingsError: scipy is not installed.
    """
    return _scipy("special")


def _scipy(name: str) -> Any:
    try:
        return import_module(f"scipy.{name}")
    except ImportError:
        raise SettingsError(
            "This needs scipy.", hint="pip install 'agentrun-nb[analysis]'"
        ) from None


@cache
def normal_quantile(level: float) -> float:
    """Returns the z value of a two-sided interval, such as 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def rate(successes: float, n: int, effect: float = 1.0, level: float = LEVEL) -> Estimate:
    """Estimates a proportion, with the score interval of Wilson (1927).

    scipy has that interval for whole numbers only.

    Args:
        successes: the number of successes.
        n: the number of runs.
        effect: the design effect: so many runs say as much as one that is independent of the
            others. NaN where it is not known.
        level: the confidence level.
    """
    if n == 0:
        return Estimate(0)
    share = successes / n
    size = n / effect
    z = normal_quantile(level)
    middle = share + z * z / (2 * size)
    half = z * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    # At 0 and 1 the ends are exact, and rounding must not lead beyond.
    low = 0.0 if share == 0 else (middle - half) / (1 + z * z / size)
    high = 1.0 if share == 1 else (middle + half) / (1 + z * z / size)
    return Estimate(n, share, low, high)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """Estimates the difference b - a of independent estimates (Zou & Donner 2008).

    For proportions its interval is that of Newcombe (1998, method 10). scipy has neither. Where a
    value is not known, the interval reaches from the least to the greatest difference that both
    intervals allow, which is wider.
    """
    n = a.n + b.n
    value = b.value - a.value
    if isnan(value):
        return Estimate(n, nan, b.low - a.high, b.high - a.low)
    below = hypot(b.value - b.low, a.high - a.value)
    above = hypot(b.high - b.value, a.value - a.low)
    return Estimate(n, value, value - below, value + above)
