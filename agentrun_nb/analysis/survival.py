"""Estimates times by the curve of Kaplan & Meier, with intervals that hold for few runs too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import isnan, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentrun_nb.analysis.censored_times import Times
from agentrun_nb.analysis.estimates import LEVEL, TOO_FEW, Estimate, scipy_special
from agentrun_nb.tables.moments import Floats

_ROUNDING = 1e-12
_HALVINGS = 50
"""How often an interval from 0 to 1 is halved until its ends differ by rounding alone."""


@dataclass(frozen=True)
class Curve:
    """The curve of Kaplan & Meier (1958).

    It has one element for each moment at which a run ended or was last seen, and one for 0 before
    them.

    Attributes:
        seconds: the moments, rising.
        share: the share of the runs that go on after each.
        low: the lower end of its interval.
        high: the upper end.
    """

    seconds: Floats
    share: Floats
    low: Floats
    high: Floats


def curve(times: Times, level: float = LEVEL) -> Curve:
    """Estimates the share of runs that go on after a time, with intervals.

    The intervals hold also for few runs, and where none has ended.

    The ends of the intervals are quantiles of products of beta variables (Fay, Brittain & Proschan
    2013, Biostatistics 14:723); where every end was seen, that is the exact binomial interval.

    Args:
        times: the times of one run at least.
        level: the confidence level; the true one is no lower.
    """
    table = _BetaCurve.of(times, effect=1.0)
    return Curve(table.seconds, table.share, *table.bounds(level))


def share_within(times: Times, seconds: float, level: float = LEVEL) -> Estimate:
    """Estimates the share of runs that end within a time, by the curve of Kaplan & Meier.

    The interval is the mid-p version of those of `curve`, as in `quantiles`: of few runs those of
    `curve` hold the truth in 98 and more of 100 cases.

    Args:
        times: how long runs took.
        seconds: the time.
        level: the confidence level.

    Returns:
        The estimate. Where no run was watched that long there is no value, and no upper end: all
        that is known is how many had ended before.
    """
    n = times.n
    if not n:
        return Estimate(0)
    table = _BetaCurve.of(times, effect=1.0)
    place = int(np.searchsorted(table.seconds, seconds, "right")) - 1
    if place < 0:
        return Estimate(n)
    least, most = table.middle_bounds(level, place)
    value = 1 - float(table.share[place])
    low = 1 - most
    was_watched = seconds <= table.seconds[-1] or table.share[-1] == 0
    if not was_watched:
        return Estimate(n, low=low)
    return Estimate(n, value, low, 1 - least)


def quantiles(
    times: Times, *shares: float, effect: float = 1.0, level: float = LEVEL
) -> list[Estimate]:
    """Estimates quantiles of times in seconds, by the curve of Kaplan & Meier.

    The interval holds the moments at which the share is not refuted by the mid-p version of the
    intervals of `curve` (Fay & Brittain 2016, Statistics in Medicine 35:2726). It is given from 10
    runs on, however few have ended: whether a sample has an interval must not depend on how short
    its times are. The value needs 10 ends. The upper end needs 10 runs that were watched that long:
    with fewer, only samples of short times would reach it.

    Args:
        times: how long runs took, independent of how long they were watched.
        *shares: the shares of runs that have ended by then, between 0 and 1.
        effect: the design effect, as in `estimates.rate`.
        level: the confidence level.

    Returns:
        An estimate for each share.
    """
    n = times.n
    if n < TOO_FEW:
        return [Estimate(n)] * len(shares)
    table = _BetaCurve.of(times, effect)
    enough = times.ends >= TOO_FEW

    def estimate(share: float) -> Estimate:
        value = _first(table.seconds, table.share <= 1 - share + _ROUNDING) if enough else nan
        if isnan(effect):
            return Estimate(n, value)
        chance = table.chance_of_less(1 - share, level)
        enough_watched = table.watched >= TOO_FEW - _ROUNDING
        low = _first(table.seconds, chance >= (1 - level) / 2)
        high = _first(table.seconds, (chance > (1 + level) / 2) & enough_watched)
        return Estimate(n, value, low, high)

    return [estimate(share) for share in shares]


def quantile_values(times: Times, *shares: float) -> list[float]:
    """Estimates quantiles as `quantiles` does, without the intervals, which take most of its time.

    Args:
        times: how long runs took, independent of how long they were watched.
        *shares: the shares of runs that have ended by then, between 0 and 1.

    Returns:
        The value for each share; NaN where the data does not reach it.
    """
    if times.ends < TOO_FEW:
        return [nan] * len(shares)
    moments, leaving, ends = _leaving(times)
    going_on = np.cumprod(1 - ends / _at_risk(leaving))
    return [_first(moments, going_on <= 1 - share + _ROUNDING) for share in shares]


def _first(seconds: Floats, reached: NDArray[np.bool_]) -> float:
    """Returns the first moment that is reached; NaN where none is."""
    return float(seconds[reached.argmax()]) if reached.any() else nan


@dataclass(frozen=True)
class _BetaCurve:
    """A curve of Kaplan & Meier, and what says which two beta variables bound it after each moment.

    Of a million moments only few are asked for their variables, which take most of the time.

    Attributes:
        seconds: the moments, rising, from 0 on.
        share: the share of the runs that go on after each.
        watched: how many runs would have been seen to go on until then if none had ended.
        mean: the mean of the upper variable.
        mean_square: the mean of its square.
        going_on: how many independent runs go on after each.
    """

    seconds: Floats
    share: Floats
    watched: Floats
    mean: Floats
    mean_square: Floats
    going_on: Floats

    @classmethod
    def of(cls, times: Times, effect: float) -> _BetaCurve:
        """Computes the curve of some times.

        Args:
            times: the times of one run at least.
            effect: the design effect, as in `estimates.rate`.
        """
        # Before the first moment all runs go on.
        seconds, leaving, ends = (np.insert(found, 0, 0.0) for found in _leaving(times))
        at_risk = _at_risk(leaving)
        share = np.cumprod(1 - ends / at_risk)
        watched = _watched(leaving, ends, at_risk)
        mean, mean_square = _products(at_risk, ends, effect)
        # So many independent runs say as much as these.
        going_on = (at_risk - leaving) / effect
        return cls(seconds, share, watched, mean, mean_square, going_on)

    def _upper(self, chosen: Any) -> tuple[Floats, Floats]:
        """The means of the upper variable, and of its square, after the moments chosen."""
        return self.mean[chosen], self.mean_square[chosen]

    def _lower(self, chosen: Any) -> tuple[Floats, Floats]:
        """The means of the lower variable, and of its square, after the moments chosen."""
        # It has one factor more, Beta(going_on, 1): as if one more run ended just then.
        going_on = self.going_on[chosen]
        mean = self.mean[chosen] * (going_on / (going_on + 1))
        return mean, self.mean_square[chosen] * (going_on / (going_on + 2))

    def bounds(self, level: float) -> tuple[Floats, Floats]:
        """Returns the lower and the upper end of the interval of the share after each moment."""
        quantile = scipy_special().betaincinv
        upper_a, upper_b = _beta(*self._upper(_ALL))
        lower_a, lower_b = _beta(*self._lower(_ALL))
        upper = quantile(upper_a, upper_b, (1 + level) / 2)
        lower = quantile(lower_a, lower_b, (1 - level) / 2)
        # Before the first end nothing bounds the share from above; where no run goes on, nothing
        # from below.
        low = np.where(lower_a > 0, lower, 0.0)
        high = np.where(upper_a > 0, upper, 1.0)
        return low, high

    def middle_bounds(self, level: float, place: int) -> tuple[float, float]:
        """Returns the ends of the mid-p interval of the share after one moment."""
        variables = _beta(*self._upper([place])), _beta(*self._lower([place]))

        def chance_of_less(share: float) -> float:
            [chance] = _chance_of_less(share, *variables)
            return float(chance)

        low = _first_share(lambda share: chance_of_less(share) >= (1 - level) / 2)
        high = _first_share(lambda share: chance_of_less(share) > (1 + level) / 2)
        return low, high

    def chance_of_less(self, share: float, level: float) -> Floats:
        """Returns the chance that at most that share goes on after each moment.

        It is halfway between those of the upper and the lower variable. Where it is certain to lie
        outside of an interval of that level, it is 0 or 1: of a million moments few are left.
        """
        # Beyond so many standard deviations from its mean no variable has more than the chance
        # (1 - level) / 2, whatever its distribution (Cantelli's inequality).
        most = sqrt(2 / (1 - level))
        upper_distance = _deviations(share, *self._upper(_ALL))
        lower_distance = _deviations(share, *self._lower(_ALL))
        is_above_both = (upper_distance > most) & (lower_distance > most)
        is_below_both = (upper_distance < -most) & (lower_distance < -most)
        near = ~is_above_both & ~is_below_both
        chance = is_above_both.astype("float64")
        upper, lower = _beta(*self._upper(near)), _beta(*self._lower(near))
        chance[near] = _chance_of_less(share, upper, lower)
        return chance


_ALL = slice(None)
"""Chooses all moments."""


def _chance_of_less(
    share: float, upper: tuple[Floats, Floats], lower: tuple[Floats, Floats]
) -> Floats:
    """The chance that a share is at most so large, halfway between those of two beta variables."""
    chance_below = scipy_special().betainc
    (upper_a, upper_b), (lower_a, lower_b) = upper, lower
    # The constants are 1 and 0.
    above = np.where(upper_a > 0, chance_below(upper_a, upper_b, share), 0.0)
    below = np.where(lower_a > 0, chance_below(lower_a, lower_b, share), 1.0)
    chance: Floats = (above + below) / 2
    return chance


def _first_share(is_reached: Callable[[float], bool]) -> float:
    """Finds by halving the least share, from 0 to 1, from which on something holds; 1 for none."""
    low, high = 0.0, 1.0
    if is_reached(low):
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if is_reached(middle):
            high = middle
        else:
            low = middle
    return high


def _deviations(share: float, mean: Floats, mean_square: Floats) -> Floats:
    """Returns how many standard deviations a share lies above each mean.

    It is 0 for constants, of which nothing is left out.
    """
    variance = mean_square - mean**2
    varies = variance > _ROUNDING**2
    deviation = np.sqrt(np.where(varies, variance, 1.0))
    return np.where(varies, (share - mean) / deviation, 0.0)


def _leaving(times: Times) -> tuple[Any, Any, Any]:
    """Counts how many runs left the curve at each moment, and of how many that was the end.

    Returns:
        The moments, rising, and the two counts for each.
    """
    if times.counts is None:
        # To sort values takes a tenth of the time that it takes to sort their places.
        moments, ends = np.unique(times.seconds[times.ended], return_counts=True)
        unseen, counts = np.unique(times.seconds[~times.ended], return_counts=True)
        places = np.searchsorted(moments, unseen)
        is_further = np.append(moments, nan)[places] != unseen
        further, places = unseen[is_further], places[is_further]
        moments = np.insert(moments, places, further)
        ends = np.insert(ends.astype("float64"), places, 0.0)
        leaving = ends.copy()
        leaving[np.searchsorted(moments, unseen)] += counts
        return moments, leaving, ends
    moments, place = np.unique(times.seconds, return_inverse=True)
    count_of_moment = partial(np.bincount, place, minlength=len(moments))
    return moments, count_of_moment(times.counts), count_of_moment(times.counts * times.ended)


def _at_risk(leaving: Any) -> Any:
    """Counts how many runs had not left the curve before each moment."""
    return leaving[::-1].cumsum()[::-1]


def _products(at_risk: Any, ends: Any, effect: float) -> tuple[Any, Any]:
    """Returns the mean and the mean square of the upper variable after each moment.

    It is the product of an independent factor for each moment, Beta(left, ended), and its mean and
    mean square are the products of theirs.

    Args:
        at_risk: how many runs were at risk at each moment.
        ends: how many of them ended.
        effect: how many runs say as much as one that is independent of all others.
    """
    # In place, since there may be a million moments.
    size = at_risk / effect
    left = size - ends / effect
    left += 1
    size += 1
    factors = left / size
    mean = np.cumprod(factors)
    left += 1
    size += 1
    factors *= left
    factors /= size
    return mean, np.cumprod(factors, out=factors)


def _watched(leaving: Any, ends: Any, at_risk: Any) -> Any:
    """Estimates how many runs would have been seen to go on until each moment if none had ended.

    That is the same curve with ends and last sights exchanged. A run that ended at a moment was
    still watched then.
    """
    if not len(leaving):
        return leaving
    not_ended = at_risk - ends
    lost = np.divide(leaving - ends, not_ended, out=np.zeros_like(ends), where=not_ended > 0)
    lost_before = np.append(0.0, lost[:-1])
    return at_risk[0] * np.cumprod(1 - lost_before)


def _beta(mean: Any, mean_square: Any) -> tuple[Floats, Floats]:
    """Returns the parameters of beta variables with these moments; 0 and 0 for constants."""
    variance = mean_square - mean**2
    varies = (variance > _ROUNDING**2) & (mean > 0)
    ratio = np.divide(mean * (1 - mean), variance, out=np.ones_like(mean), where=varies)
    size = ratio - 1
    a = np.where(varies, mean * size, 0.0)
    b = np.where(varies, (1 - mean) * size, 0.0)
    return a, b
