"""Whether one group of runs takes longer than another, also where many of them still go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, isnan, log, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.estimates import (
    LEVEL,
    NO_DIFFERENCE,
    NOT_ENOUGH,
    TOO_FEW,
    Contrast,
    Estimate,
    Times,
    difference,
    quantiles,
    run_times,
    scipy_stats,
)
from agentrun_nb.analysis.inputs import (
    InputSums,
    cluster_quantile,
    correlation,
    design_effects,
    runs_of_inputs,
    sizes_divided,
)
from agentrun_nb.analysis.outcomes import outcomes
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.tables.moments import Floats

FASTER = ("b is faster", "b is slower")
SOONER = ("b ends sooner", "b ends later")
"""What is said where runs that did not succeed may be why b ends sooner or later."""

TEST_SHARE = 0.9
"""The share of the errors of a verdict on run times that the log-rank test may make.

The rest is left to the medians.
"""

_FINE = 1e-7
"""Bounds of a ratio are sought until they are this near, as a difference of logarithms."""


@dataclass(frozen=True)
class Sample:
    """The run times of two groups together, one element per run.

    Attributes:
        seconds: until its end or, where that was not seen, until it was last known to go on.
        ended: whether its end was seen.
        after: whether it is of the group after.
        inputs: a number that is the same where inputs are equal.
    """

    seconds: Floats
    ended: NDArray[np.bool_]
    after: NDArray[np.bool_]
    inputs: NDArray[np.int64]

    @classmethod
    def of(cls, groups: tuple[pd.DataFrame, pd.DataFrame], times: tuple[Times, Times]) -> Sample:
        """The sample of two RUNS tables with `input_key`, and their run times."""
        keys = [group["input_key"][time.known] for group, time in zip(groups, times, strict=True)]
        seconds = np.concatenate([time.seconds for time in times])
        ended = np.concatenate([time.ended for time in times])
        sizes = [len(time.seconds) for time in times]
        after = np.repeat([False, True], sizes)
        inputs, _ = pd.factorize(pd.concat(keys))
        return cls(seconds, ended, after, inputs)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many runs are in the group before and in the one after."""
        after = int(self.after.sum())
        return len(self.after) - after, after

    def by_input(self, values: Floats) -> tuple[InputSums, InputSums]:
        """Sums up by input what was measured of each run, for both groups.

        The sums of the group before come first, then those of the one after.
        """
        most = int(self.inputs.max()) + 1

        def summed(group: NDArray[np.bool_]) -> InputSums:
            inputs, found = self.inputs[group], values[group]
            runs = np.bincount(inputs, minlength=most).astype("float64")
            sums = np.bincount(inputs, found - found.mean(), most).astype("float64")
            return InputSums(runs, sums, float(found.var()))

        return summed(~self.after), summed(self.after)

    def only_successes_end(self, succeeded: NDArray[np.bool_]) -> Sample:
        """The same, where a run that ended without success is no longer watched from its end on."""
        return Sample(self.seconds, self.ended & succeeded, self.after, self.inputs)


@dataclass(frozen=True)
class LogRank:
    """The test of Mantel (1966), Cancer Chemotherapy Reports 50:163, of two groups.

    Attributes:
        excess: so many more runs of the group after ended than expected if both took equally long.
        margin: more than that, up or down, is no chance.
        alike: how alike the runs of one input are, 0 to 1.
    """

    excess: float
    margin: float
    alike: float


def log_rank(sample: Sample, ratio: float = 1.0, level: float = LEVEL) -> LogRank:
    """Tests whether the times of the group after are those of the group before times a ratio.

    The quantile is that of t, with the degrees of freedom of two groups of the smaller size, since
    with the normal one small groups raise too many alarms. Where inputs repeat the margin is the
    larger of that and one with the design effect of the scores, which are what each run adds to the
    excess: its end less those expected of it until then.

    Args:
        sample: the times.
        ratio: by which the times of the group after are divided before.
        level: how often the margin is not passed where the ratio is the true one.
    """
    seconds = np.where(sample.after, sample.seconds / ratio, sample.seconds)
    moments, place = np.unique(seconds, return_inverse=True)

    def count(weights: Any) -> Floats:
        return np.bincount(place, weights=weights, minlength=len(moments)).astype("float64")

    def at_risk(weights: Any) -> Floats:
        return count(weights)[::-1].cumsum()[::-1]

    risk, ends = at_risk(np.ones(len(seconds))), count(sample.ended)
    share = at_risk(sample.after) / risk
    excess = float((count(sample.ended & sample.after) - ends * share).sum())
    variances = ends * share * (1 - share) * (risk - ends) / np.maximum(risk - 1, 1)
    error = sqrt(float(variances.sum()))
    n_a, n_b = sample.sizes
    margin = float(scipy_stats().t.ppf((1 + level) / 2, max(2 * min(n_a, n_b) - 2, 1))) * error

    a, b = sample.by_input(sample.ended - (ends / risk).cumsum()[place])
    alike = correlation(a, b)
    effects = design_effects(a.runs, b.runs, alike)
    if max(effects) > 1:
        effect = (effects[0] / n_a + effects[1] / n_b) / (1 / n_a + 1 / n_b)
        clustered = cluster_quantile(a.runs, b.runs, level) * error * sqrt(effect)
        # NaN, where one input cannot tell what others would, must not get lost.
        margin = float(np.maximum(margin, clustered))
    return LogRank(excess, margin, alike)


def time_ratio(sample: Sample, level: float = LEVEL) -> Estimate:
    """Estimates by which factor the group after takes longer, with an interval.

    The interval holds the ratios that the log-rank test does not refute. Assumes, for the ratio and
    not for whether 1 is among those, that the times of one group are those of the other times a
    constant (Kalbfleisch & Prentice 2002, The Statistical Analysis of Failure Time Data, chapter
    7).

    Args:
        sample: the times; those of 0 s are the same in any ratio.
        level: the share of intervals that hold the truth.

    Returns:
        The value is NaN where in one group no end was seen; an end that is NaN is open.
    """
    n, reach = len(sample.seconds), _reach(sample)
    if reach is None:
        return Estimate(n)

    def test(ratio: float) -> LogRank:
        return log_rank(sample, ratio, level)

    both_end = sample.ended[sample.after].any() and sample.ended[~sample.after].any()
    return Estimate(
        n,
        _turn(lambda ratio: test(ratio).excess < 0, *reach) if both_end else nan,
        _turn(lambda ratio: (found := test(ratio)).excess < -found.margin, *reach),
        _turn(lambda ratio: (found := test(ratio)).excess <= found.margin, *reach),
    )


def _reach(sample: Sample) -> tuple[float, float] | None:
    """Finds the logarithms of the ratios beyond which one group lies wholly before the other.

    It gives None where all times of a group are 0.
    """
    positive = sample.seconds > 0
    before, after = (sample.seconds[group & positive] for group in (~sample.after, sample.after))
    if not (len(before) and len(after)):
        return None
    return log(after.min() / before.max() / 2), log(after.max() / before.min() * 2)


def _is_bounded(sample: Sample, level: float) -> bool:
    """Tells whether the interval of the ratio has both ends.

    For that the test must refute the smallest ratio and the largest.
    """
    reach = _reach(sample)
    if reach is None:
        return False
    smallest, largest = (log_rank(sample, exp(end), level) for end in reach)
    return smallest.excess < -smallest.margin and largest.excess > largest.margin


def _turn(small: Callable[[float], bool], low: float, high: float) -> float:
    """Finds the ratio from which on a ratio is no longer too small.

    It is sought between two logarithms, and is NaN where there is none.
    """
    if not small(exp(low)) or small(exp(high)):
        return nan
    # The first ratio that is tried is 1, so that this end of the interval and the test of no
    # difference agree.
    middle = 0.0 if low < 0 < high else (low + high) / 2
    while high - low > _FINE:
        if small(exp(middle)):
            low = middle
        else:
            high = middle
        middle = (low + high) / 2
    return exp(middle)


@dataclass(frozen=True)
class RunTimes:
    """How long the runs of two groups went on, whatever their outcome.

    Attributes:
        before: the times of the group before.
        after: those of the group after.
        sample: both together.
        succeeded: whether each run of the sample has succeeded.
    """

    before: Times
    after: Times
    sample: Sample
    succeeded: NDArray[np.bool_]

    @classmethod
    def of(cls, groups: tuple[pd.DataFrame, pd.DataFrame], horizon: float) -> RunTimes:
        """The run times of two RUNS tables with `input_key`.

        Args:
            groups: the group before and the one after.
            horizon: the moment, in ms since the epoch, until which runs that have not ended are
                known to have gone on where no `fetched_at` says.
        """
        before, after = (run_times(group, horizon) for group in groups)
        words = [
            outcomes(group)[times.known]
            for group, times in zip(groups, (before, after), strict=True)
        ]
        succeeded = np.concatenate([(word == "succeeded").to_numpy(dtype=bool) for word in words])
        return cls(before, after, Sample.of(groups, (before, after)), succeeded)

    def medians(self, level: float = LEVEL) -> Contrast:
        """Compares the medians in seconds, with their intervals.

        The intervals hold the truth in the share of samples that `level` gives.
        """
        effects, repeats = (1.0, 1.0), ""
        if min(self.sample.sizes):
            runs_a, runs_b = (group.runs for group in self.sample.by_input(self.sample.seconds))
            effects = sizes_divided(runs_a, runs_b, log_rank(self.sample).alike, level)
            repeats = runs_of_inputs(runs_a, runs_b)
        a, b = (
            quantiles(times, 0.5, effect=effect, level=level)[0]
            for times, effect in zip((self.before, self.after), effects, strict=True)
        )
        going_on = " and ".join(
            str(int((~times.ended).sum())) for times in (self.before, self.after)
        )
        notes = [f"end not seen: {going_on}", *([repeats] if repeats else [])]
        return Contrast(a, b, difference(a, b), "; ".join(notes))

    def longer(self, level: float = LEVEL) -> int:
        """Tells which group takes longer.

        It is 1 for the one after, -1 for the one before and 0 where no difference is seen. That is
        what the log-rank test says, or the medians, which see more where some runs end early and
        others late. Of the errors that may be made, nine tenths are left to the test and a tenth to
        the medians.

        Args:
            level: how rarely equal times get a verdict.
        """
        between = self.medians(1 - (1 - level) * (1 - TEST_SHARE)).between
        if between.low > 0 or between.high < 0:
            return 1 if between.low > 0 else -1
        test = log_rank(self.sample, level=1 - (1 - level) * TEST_SHARE)
        return int(test.excess < -test.margin) - int(test.excess > test.margin)

    def verdict(self, level: float = LEVEL) -> str:
        """Says in words which group takes longer.

        Equal times get such a verdict as rarely as the level says.
        """
        if min(self.sample.sizes) < TOO_FEW:
            return NOT_ENOUGH
        if direction := self.longer(level):
            return self._words(direction, level)[direction > 0]
        between = self.medians(level).between
        bounded = not isnan(between.low + between.high) or _is_bounded(self.sample, level)
        return NO_DIFFERENCE if bounded else NOT_ENOUGH

    def _words(self, direction: int, level: float) -> tuple[str, str]:
        """Chooses the words for a difference.

        Faster and slower are said of runs that succeed; where others may be the reason, sooner and
        later. A run that failed is no longer watched from then on (the cause-specific rate of
        success, Prentice & others 1978, Biometrics 34:541): the times to success must differ in the
        same direction, and so must the medians of those that succeeded.
        """
        sample = self.sample
        if not (sample.ended & ~self.succeeded).any():
            return FASTER
        to_success = log_rank(sample.only_successes_end(self.succeeded), level=level)
        if -direction * to_success.excess <= to_success.margin:
            return SOONER
        done = sample.ended & self.succeeded
        a, b = (sample.seconds[done & group] for group in (~sample.after, sample.after))
        contradict = len(a) and len(b) and direction * (np.median(b) - np.median(a)) < 0
        return SOONER if contradict else FASTER


def paired_run_time(before: pd.DataFrame, after: pd.DataFrame, level: float = LEVEL) -> Contrast:
    """Compares the run times of what succeeded, on the inputs that both groups have run.

    The difference of an input is that of the medians, and zero where the two middle times of an
    even number lie on both sides of the other median: so any numbers of runs are as likely to give
    a gain as a loss. The interval is the exact one of the median difference by the sign test.

    Args:
        before: a RUNS table with `input_key`.
        after: likewise.
        level: the least share of intervals that hold the truth.

    Returns:
        With n the number of inputs whose runs have ended, and of which one on each side succeeded.
    """
    pairs = pd.merge(_middles(before), _middles(after), on="input_key", suffixes=("_a", "_b"))
    timed = pairs.dropna(subset=["low_a", "low_b"])
    n = len(timed)
    middles = [(timed[f"low_{side}"] + timed[f"high_{side}"]) / 2 for side in "ab"]
    apart = (timed["low_b"] > timed["high_a"]) | (timed["high_b"] < timed["low_a"])
    gains = np.sort((middles[1] - middles[0]).where(apart, 0.0))
    place = int(scipy_stats().binom.ppf((1 - level) / 2, n, 0.5)) if n else 0
    low, high = (float(gains[place - 1]), float(gains[n - place])) if place else (nan, nan)
    a, b = (Estimate(n, float(middle.median())) for middle in middles)
    between = Estimate(n, float(np.median(gains)) if n else nan, low, high)
    return Contrast(a, b, between, f"inputs without times on both sides: {len(pairs) - n}")


def _middles(runs: pd.DataFrame) -> pd.DataFrame:
    """Gives the lower and the upper median of the seconds of what succeeded, a row per input.

    Both are NaN where a run of the input still goes on.
    """
    words = outcomes(runs)
    seconds = (runs["completed_at"] - runs["started_at"]).dt.total_seconds()
    seconds = seconds.where((words == "succeeded") & (runs["mode"] != "service") & (seconds >= 0))
    by_input = seconds.groupby(runs["input_key"])
    going_on = (~words.isin(TERMINAL)).groupby(runs["input_key"]).any()
    medians = {name: by_input.quantile(0.5, f"{name}er").mask(going_on) for name in ("low", "high")}
    return pd.DataFrame(medians).reset_index()
