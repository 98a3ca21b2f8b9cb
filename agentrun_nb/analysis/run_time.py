"""Compares the run times of two groups of runs, also where many of them still go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, isnan, log, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.analysis.censored_times import Times
from agentrun_nb.analysis.estimates import (
    LEVEL,
    NO_DIFFERENCE,
    NOT_ENOUGH,
    TOO_FEW,
    Contrast,
    Estimate,
    difference,
    scipy_stats,
)
from agentrun_nb.analysis.inputs import (
    InputSums,
    cluster_quantile,
    correlation,
    design_effects,
    runs_of_inputs,
    size_divisors,
)
from agentrun_nb.analysis.outcomes import outcomes
from agentrun_nb.analysis.phase_lengths import Lengths
from agentrun_nb.analysis.survival import quantiles
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.tables.moments import Floats

FASTER = ("b is faster", "b is slower")
SOONER = ("b ends sooner", "b ends later")
"""The verdicts where runs that did not succeed may be the reason for the difference."""

TEST_SHARE = 0.9
"""The share of false verdicts that the log-rank test may give; the medians give the rest."""

_FINE = 1e-7
"""The precision of the bounds of a ratio, as a difference of logarithms."""


@dataclass(frozen=True)
class Sample:
    """The run times of two groups together, one element per run.

    Attributes:
        seconds: the time until the end or, where that was not seen, until the run was last known to
            go on.
        ended: whether the end was seen.
        after: whether the run belongs to the group after.
        inputs: a number that is the same for equal inputs.
    """

    seconds: Floats
    ended: NDArray[np.bool_]
    after: NDArray[np.bool_]
    inputs: NDArray[np.int64]

    @classmethod
    def of(cls, groups: tuple[pd.DataFrame, pd.DataFrame], times: tuple[Times, Times]) -> Sample:
        """Makes the sample of two groups.

        Args:
            groups: the RUNS tables of the group before and the one after, with `input_key`.
            times: their run times.
        """
        before, after = times
        key_before = groups[0]["input_key"][before.known]
        key_after = groups[1]["input_key"][after.known]
        inputs, _ = pd.factorize(pd.concat([key_before, key_after]))
        seconds = np.concatenate([before.seconds, after.seconds])
        ended = np.concatenate([before.ended, after.ended])
        is_after = np.repeat([False, True], [len(before.seconds), len(after.seconds)])
        return cls(seconds, ended, is_after, inputs)

    @property
    def sizes(self) -> tuple[int, int]:
        """The numbers of runs in the group before and in the one after."""
        after = int(self.after.sum())
        return len(self.after) - after, after

    def by_input(self, values: Floats) -> tuple[InputSums, InputSums]:
        """Sums by input how far a measure of each run is from its group's mean.

        Returns:
            The sums of the group before, and those of the one after.
        """
        most = int(self.inputs.max()) + 1

        def summed(group: NDArray[np.bool_]) -> InputSums:
            inputs, measure = self.inputs[group], values[group]
            runs = np.bincount(inputs, minlength=most).astype("float64")
            sums = np.bincount(inputs, measure - measure.mean(), most).astype("float64")
            return InputSums(runs, sums, float(measure.var()))

        return summed(~self.after), summed(self.after)

    def only_successes_end(self, succeeded: NDArray[np.bool_]) -> Sample:
        """Returns the sample in which runs that ended without success are censored at their end."""
        return Sample(self.seconds, self.ended & succeeded, self.after, self.inputs)


@dataclass(frozen=True)
class LogRank:
    """The result of the log-rank test (Mantel 1966, Cancer Chemotherapy Reports 50:163).

    Attributes:
        excess: the number of runs of the group after that ended, less the number expected if both
            groups took equally long.
        margin: the test refutes that they do where the excess is larger, up or down.
        alike: the correlation of the runs of one input, from 0 to 1.
    """

    excess: float
    margin: float
    alike: float


def log_rank(sample: Sample, ratio: float = 1.0, level: float = LEVEL) -> LogRank:
    """Tests whether the times of the group after are those of the group before times a ratio.

    The quantile is that of t, with the degrees of freedom of two groups of the smaller size: with
    the normal one, small groups would give too many false verdicts. Where inputs repeat, the margin
    is the larger of that one and one with the design effect of the scores. The score of a run is
    what it adds to the excess: its end, less the ends that are expected of it until then.

    Args:
        sample: the times.
        ratio: the ratio that is tested.
        level: how often the margin is not exceeded where the ratio is the true one.
    """
    seconds = np.where(sample.after, sample.seconds / ratio, sample.seconds)
    moments, place = np.unique(seconds, return_inverse=True)

    def count(weights: Any) -> Floats:
        return np.bincount(place, weights=weights, minlength=len(moments)).astype("float64")

    def at_risk(weights: Any) -> Floats:
        from_the_end = count(weights)[::-1].cumsum()
        return from_the_end[::-1]

    risk = at_risk(np.ones(len(seconds)))
    ends = count(sample.ended)
    share = at_risk(sample.after) / risk
    excess = float((count(sample.ended & sample.after) - ends * share).sum())
    # The number of ends in the group after is hypergeometric at each moment.
    variances = ends * share * (1 - share) * (risk - ends) / np.maximum(risk - 1, 1)
    error = sqrt(float(variances.sum()))
    n_a, n_b = sample.sizes
    freedom = max(2 * min(n_a, n_b) - 2, 1)
    margin = float(scipy_stats().t.ppf((1 + level) / 2, freedom)) * error

    expected = (ends / risk).cumsum()[place]
    a, b = sample.by_input(sample.ended - expected)
    alike = correlation(a, b)
    effect_a, effect_b = design_effects(a.runs, b.runs, alike)
    if max(effect_a, effect_b) > 1:
        effect = (effect_a / n_a + effect_b / n_b) / (1 / n_a + 1 / n_b)
        wider = cluster_quantile(a.runs, b.runs, level) * error * sqrt(effect)
        # The quantile is NaN for a single input, and np.maximum keeps that where max may not.
        margin = float(np.maximum(margin, wider))
    return LogRank(excess, margin, alike)


def time_ratio(sample: Sample, level: float = LEVEL) -> Estimate:
    """Estimates the ratio of the times of the group after to those of the group before.

    The interval holds the ratios that the log-rank test does not refute. The ratio assumes that the
    times of one group are those of the other times a constant (Kalbfleisch & Prentice 2002, The
    Statistical Analysis of Failure Time Data, chapter 7). Whether 1 lies in the interval does not
    depend on that.

    Args:
        sample: the times; those of 0 s say nothing of the ratio.
        level: the confidence level.

    Returns:
        The estimate, whose value is NaN where no end was seen in one of the groups.
    """
    n = len(sample.seconds)
    reach = _reach(sample)
    if reach is None:
        return Estimate(n)

    def is_too_small(ratio: float) -> bool:
        return log_rank(sample, ratio, level).excess < 0

    def is_refuted_as_too_small(ratio: float) -> bool:
        test = log_rank(sample, ratio, level)
        return test.excess < -test.margin

    def is_not_refuted_as_too_large(ratio: float) -> bool:
        test = log_rank(sample, ratio, level)
        return test.excess <= test.margin

    value = nan
    if sample.ended[sample.after].any() and sample.ended[~sample.after].any():
        value = _crossing(is_too_small, *reach)
    low = _crossing(is_refuted_as_too_small, *reach)
    high = _crossing(is_not_refuted_as_too_large, *reach)
    return Estimate(n, value, low, high)


def _reach(sample: Sample) -> tuple[float, float] | None:
    """Returns the logarithms of the ratios beyond which one group lies wholly before the other.

    They are None where all times of a group are 0.
    """
    is_positive = sample.seconds > 0
    before = sample.seconds[is_positive & ~sample.after]
    after = sample.seconds[is_positive & sample.after]
    if not (len(before) and len(after)):
        return None
    smallest = after.min() / before.max() / 2
    largest = after.max() / before.min() * 2
    return log(smallest), log(largest)


def _is_bounded(sample: Sample, level: float) -> bool:
    """Whether the interval of the ratio has both ends: the test refutes both ends of the reach."""
    reach = _reach(sample)
    if reach is None:
        return False
    smallest, largest = (log_rank(sample, exp(end), level) for end in reach)
    return smallest.excess < -smallest.margin and largest.excess > largest.margin


def _crossing(small: Callable[[float], bool], low: float, high: float) -> float:
    """Finds the ratio at which a condition stops to hold, by bisection.

    Args:
        small: the condition, which holds for small ratios and not for large ones.
        low: the logarithm of the smallest ratio.
        high: that of the largest.

    Returns:
        The ratio; NaN where the condition does not stop to hold in between.
    """
    if not small(exp(low)) or small(exp(high)):
        return nan
    # The ratio 1 is tried first, so that the interval agrees with the test of no difference.
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
    """The run times of two groups, whatever the outcomes.

    Attributes:
        before: the times of the group before.
        after: the times of the group after.
        sample: both together.
        succeeded: whether each run of the sample succeeded.
    """

    before: Times
    after: Times
    sample: Sample
    succeeded: NDArray[np.bool_]

    @classmethod
    def of(cls, groups: tuple[pd.DataFrame, pd.DataFrame], times: tuple[Times, Times]) -> RunTimes:
        """Takes the run times of two groups.

        Args:
            groups: the RUNS tables of the group before and the one after, with `input_key`.
            times: those of their runs.
        """
        before, after = times
        success_before = (outcomes(groups[0]) == "succeeded").to_numpy(dtype=bool)
        success_after = (outcomes(groups[1]) == "succeeded").to_numpy(dtype=bool)
        succeeded = np.concatenate([success_before[before.known], success_after[after.known]])
        return cls(before, after, Sample.of(groups, times), succeeded)

    def medians(self, level: float = LEVEL) -> Contrast:
        """Compares the medians in seconds, with intervals of a confidence level."""
        effect_a, effect_b = 1.0, 1.0
        notes = [
            f"end not seen: {_count_unseen_ends(self.before)} and {_count_unseen_ends(self.after)}"
        ]
        unreadable = self.before.unreadable, self.after.unreadable
        if any(unreadable):
            notes.append("without readable times: {} and {}".format(*unreadable))
        if min(self.sample.sizes):
            sums_a, sums_b = self.sample.by_input(self.sample.seconds)
            alike = log_rank(self.sample).alike
            effect_a, effect_b = size_divisors(sums_a.runs, sums_b.runs, alike, level)
            if repeats := runs_of_inputs(sums_a.runs, sums_b.runs):
                notes.append(repeats)
        [a] = quantiles(self.before, 0.5, effect=effect_a, level=level)
        [b] = quantiles(self.after, 0.5, effect=effect_b, level=level)
        return Contrast(a, b, difference(a, b), "; ".join(notes))

    def direction(self, level: float = LEVEL) -> int:
        """Finds which group takes longer: 1: the one after; -1: the one before; 0: neither.

        It is the one of the log-rank test, or that of the medians, which see more where some runs
        end early and others late. Of the false verdicts, nine tenths are left to the test and a
        tenth to the medians.

        Args:
            level: the share of groups with equal times for which it is neither.
        """
        between = self.medians(1 - (1 - level) * (1 - TEST_SHARE)).between
        if between.low > 0 or between.high < 0:
            return 1 if between.low > 0 else -1
        test = log_rank(self.sample, level=1 - (1 - level) * TEST_SHARE)
        return int(test.excess < -test.margin) - int(test.excess > test.margin)

    def verdict(self, level: float = LEVEL) -> str:
        """Says in words which group takes longer.

        Args:
            level: as in `direction`.
        """
        if min(self.sample.sizes) < TOO_FEW:
            return NOT_ENOUGH
        if direction := self.direction(level):
            shorter, longer = self._verdict_words(direction, level)
            return longer if direction > 0 else shorter
        between = self.medians(level).between
        bounded = not isnan(between.low + between.high) or _is_bounded(self.sample, level)
        return NO_DIFFERENCE if bounded else NOT_ENOUGH

    def _verdict_words(self, direction: int, level: float) -> tuple[str, str]:
        """Returns the two words for the difference: of speed, or only of which group ends sooner.

        It is one of speed where the times to success, in which runs that failed are censored (the
        cause-specific rate of success, Prentice & others 1978, Biometrics 34:541), and the medians
        of the runs that succeeded differ in the same direction.
        """
        sample = self.sample
        if not (sample.ended & ~self.succeeded).any():
            return FASTER
        to_success = log_rank(sample.only_successes_end(self.succeeded), level=level)
        if -direction * to_success.excess <= to_success.margin:
            return SOONER
        has_succeeded = sample.ended & self.succeeded
        a = sample.seconds[has_succeeded & ~sample.after]
        b = sample.seconds[has_succeeded & sample.after]
        if not (len(a) and len(b)):
            return FASTER
        medians_contradict = direction * (np.median(b) - np.median(a)) < 0
        return SOONER if medians_contradict else FASTER


def _count_unseen_ends(times: Times) -> int:
    """Counts the runs whose end was not seen."""
    return int((~times.ended).sum())


@dataclass(frozen=True)
class PairedTimes:
    """The run times of two groups by input: on each, the median of the runs that succeeded.

    Attributes:
        before: the medians of the group before in seconds, one for each input of which no run goes
            on and a run of each group succeeded.
        after: the medians of the group after, on the same inputs.
        differences: the differences after - before in seconds, rising; above zero the group after
            is slower. The difference of an input is zero where the two middle times of one group,
            which has an even number, lie on both sides of the median of the other: so a rise is as
            likely as a fall for any numbers of runs.
        left_out: the number of other inputs that both groups ran.
    """

    before: Floats
    after: Floats
    differences: Floats
    left_out: int

    @classmethod
    def of(
        cls, groups: tuple[pd.DataFrame, pd.DataFrame], lengths: tuple[Lengths, Lengths]
    ) -> PairedTimes:
        """Takes the run times of two groups.

        Args:
            groups: the RUNS tables of the group before and the one after, with `input_key`.
            lengths: how long the runs of each took.
        """
        before, after = (_median_bounds(*group) for group in zip(groups, lengths, strict=True))
        pairs = pd.merge(before, after, on="input_key", suffixes=("_a", "_b"))
        timed = pairs.dropna(subset=["low_a", "low_b"])
        low_a, high_a = timed["low_a"].to_numpy(), timed["high_a"].to_numpy()
        low_b, high_b = timed["low_b"].to_numpy(), timed["high_b"].to_numpy()
        median_a = (low_a + high_a) / 2
        median_b = (low_b + high_b) / 2
        apart = (low_b > high_a) | (high_b < low_a)
        differences = np.sort(np.where(apart, median_b - median_a, 0.0))
        return cls(median_a, median_b, differences, len(pairs) - len(timed))


def paired_run_time(times: PairedTimes, level: float = LEVEL) -> Contrast:
    """Compares the run times of runs that succeeded, on the inputs that both groups ran.

    The interval of the median difference is the exact one of the sign test.

    Args:
        times: the times by input.
        level: the confidence level; the true one is no lower.

    Returns:
        The contrast, in which n is the number of inputs.
    """
    n = len(times.differences)
    notes = f"inputs without times on both sides: {times.left_out}"
    if not n:
        return Contrast(Estimate(0), Estimate(0), Estimate(0), notes)
    a = Estimate(n, float(np.median(times.before)))
    b = Estimate(n, float(np.median(times.after)))
    value = float(np.median(times.differences))
    # The interval reaches from the one of that place, counted from 1, to the one from the end.
    place = int(scipy_stats().binom.ppf((1 - level) / 2, n, 0.5))
    low = float(times.differences[place - 1]) if place else nan
    high = float(times.differences[n - place]) if place else nan
    return Contrast(a, b, Estimate(n, value, low, high), notes)


def _median_bounds(runs: pd.DataFrame, lengths: Lengths) -> pd.DataFrame:
    """Computes the lower and the upper median of the seconds of runs that succeeded, by input.

    The lower one is that of the shortest times that are possible, the upper one that of the
    longest. Inputs of which a run goes on have none.

    Returns:
        One row for each input, with `input_key`, `low` and `high`.
    """
    all_outcomes = outcomes(runs)
    succeeded = all_outcomes == "succeeded"
    least = lengths.least.of_rows(runs.index).where(succeeded)
    greatest = lengths.greatest.of_rows(runs.index).where(succeeded)
    goes_on = ~all_outcomes.isin(TERMINAL)
    any_goes_on = goes_on.groupby(runs["input_key"]).any()
    low = least.groupby(runs["input_key"]).quantile(0.5, "lower").mask(any_goes_on)
    high = greatest.groupby(runs["input_key"]).quantile(0.5, "higher").mask(any_goes_on)
    return pd.DataFrame({"low": low, "high": high}).reset_index()
