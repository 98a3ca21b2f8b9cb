"""Estimates times of which some are only known to lie between two others.

Kaplan & Meier's curve is that of exact times. It is drawn three times: of the shortest times that
are possible, of the longest, and of those in the middle. The value is that of the middle; its
interval reaches from the lower end of the one to the upper end of the other, and so holds what it
would be if the times were known. That is wider than an estimate for interval-censored times
(Turnbull 1976, Journal of the Royal Statistical Society B 38:290), and assumes nothing of where in
an interval a change lies. Where all times are exact it is the usual estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from agentrun_nb.analysis.estimates import LEVEL, NO_DIFFERENCE, NOT_ENOUGH, Contrast, Estimate
from agentrun_nb.analysis.phase_lengths import Lengths
from agentrun_nb.analysis.run_time import FASTER, SOONER, RunTimes, time_ratio
from agentrun_nb.analysis.survival import Curve, curve, quantiles, share_within
from agentrun_nb.tables.moments import Floats


def bounded_quantiles(lengths: Lengths, *shares: float) -> list[Estimate]:
    """Estimates quantiles of lengths in seconds, as `quantiles` does for exact ones."""
    middle = quantiles(lengths.middle, *shares)
    if lengths.is_exact:
        return middle
    least = quantiles(lengths.least, *shares)
    greatest = quantiles(lengths.greatest, *shares)
    return [_bounded(*three) for three in zip(least, middle, greatest, strict=True)]


def bounded_share_within(lengths: Lengths, seconds: float) -> Estimate:
    """Estimates the share of runs that have ended a phase within a time, as `share_within` does."""
    middle = share_within(lengths.middle, seconds)
    if lengths.is_exact:
        return middle
    # The longer they are, the fewer have ended by then.
    least = share_within(lengths.least, seconds)
    greatest = share_within(lengths.greatest, seconds)
    return _bounded(greatest, middle, least)


def _bounded(lower: Estimate, middle: Estimate, upper: Estimate) -> Estimate:
    """The estimate in the middle, with an interval that holds those of all three."""
    lows = (lower.low, middle.low, upper.low)
    highs = (lower.high, middle.high, upper.high)
    # An end that is open in one of them is NaN, and stays open.
    return Estimate(middle.n, middle.value, float(np.min(lows)), float(np.max(highs)))


def bounded_curve(lengths: Lengths) -> Curve:
    """Estimates the share of runs that are still in a phase after a time, as `curve` does."""
    middle = curve(lengths.middle)
    if lengths.is_exact:
        return middle
    parts = (curve(lengths.least), middle, curve(lengths.greatest))
    seconds = np.unique(np.concatenate([part.seconds for part in parts]))
    lows = [_after(part, part.low, seconds) for part in parts]
    highs = [_after(part, part.high, seconds) for part in parts]
    share = _after(middle, middle.share, seconds)
    return Curve(seconds, share, np.min(lows, axis=0), np.max(highs, axis=0))


def _after(found: Curve, values: Floats, seconds: Floats) -> Floats:
    """The values of a curve after moments of another; it begins at 0, as all do."""
    places = np.searchsorted(found.seconds, seconds, "right") - 1
    after: Floats = values[places]
    return after


@dataclass(frozen=True)
class BoundedRunTimes:
    """The times of two groups in three readings of what is known.

    Attributes:
        shorter: b as short and a as long as is possible.
        middle: both in the middle.
        longer: b as long and a as short as is possible.
    """

    shorter: RunTimes
    middle: RunTimes
    longer: RunTimes

    @classmethod
    def of(
        cls, groups: tuple[pd.DataFrame, pd.DataFrame], lengths: tuple[Lengths, Lengths]
    ) -> BoundedRunTimes:
        """Reads the times of two groups.

        Args:
            groups: the RUNS tables of the group before and the one after, with `input_key`.
            lengths: how long the runs of each took.
        """
        a, b = lengths
        middle = RunTimes.of(groups, (a.middle, b.middle))
        if a.is_exact and b.is_exact:
            return cls(middle, middle, middle)
        shorter = RunTimes.of(groups, (a.greatest, b.least))
        longer = RunTimes.of(groups, (a.least, b.greatest))
        return cls(shorter, middle, longer)

    @property
    def is_exact(self) -> bool:
        """Whether there is one reading only."""
        return self.shorter is self.longer

    def medians(self, level: float = LEVEL) -> Contrast:
        """Compares the medians in seconds, with intervals of a confidence level."""
        middle = self.middle.medians(level)
        if self.is_exact:
            return middle
        shorter, longer = self.shorter.medians(level), self.longer.medians(level)
        a = _bounded(longer.a, middle.a, shorter.a)
        b = _bounded(shorter.b, middle.b, longer.b)
        between = _bounded(shorter.between, middle.between, longer.between)
        return Contrast(a, b, between, middle.notes)

    def ratio(self) -> Estimate:
        """Estimates the ratio of the times of b to those of a."""
        middle = time_ratio(self.middle.sample)
        if self.is_exact:
            return middle
        return _bounded(time_ratio(self.shorter.sample), middle, time_ratio(self.longer.sample))

    def verdict(self, level: float = LEVEL) -> str:
        """Says in words which group takes longer, where all readings say so."""
        readings = (self.middle,) if self.is_exact else (self.shorter, self.middle, self.longer)
        verdicts = {reading.verdict(level) for reading in readings}
        if len(verdicts) == 1:
            return verdicts.pop()
        for fast, soon in zip(FASTER, SOONER, strict=True):
            if verdicts == {fast, soon}:
                return soon
        return NOT_ENOUGH if NOT_ENOUGH in verdicts else NO_DIFFERENCE
