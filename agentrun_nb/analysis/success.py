"""Compares the success rates of two groups of runs, also where inputs were run many times."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import pandas as pd

from agentrun_nb.analysis.estimates import (
    LEVEL,
    Contrast,
    Estimate,
    difference,
    normal_quantile,
    rate,
    scipy_stats,
)
from agentrun_nb.analysis.inputs import InputSums, correlation, runs_of_inputs, size_divisors
from agentrun_nb.analysis.outcomes import JUDGED, outcomes
from agentrun_nb.tables.moments import Floats

LEAST_MIXED = 5
"""The fewest repeated inputs that ever succeeded, and that ever failed, from which the correlation
of the runs of an input is estimated."""


@dataclass(frozen=True)
class SuccessCounts:
    """The runs and successes of a group, by input.

    Attributes:
        runs: the number of runs of each input whose outcome says whether they succeeded; 0 where
            the group never ran it.
        successes: the number of them that succeeded.
    """

    runs: Floats
    successes: Floats

    @property
    def n(self) -> int:
        """The number of all runs."""
        return int(self.runs.sum())

    @property
    def inputs(self) -> int:
        """The number of inputs that the group ran."""
        return int((self.runs > 0).sum())

    @property
    def share(self) -> float:
        """The share of the runs that succeeded; NaN without runs."""
        if not self.n:
            return nan
        return float(self.successes.sum() / self.n)


def count_successes(
    before: pd.DataFrame, after: pd.DataFrame
) -> tuple[SuccessCounts, SuccessCounts]:
    """Counts the runs and successes of two groups by input.

    Args:
        before: a RUNS table with `input_key`, which is the same for equal inputs.
        after: likewise.

    Returns:
        The counts of each group, over the same inputs in the same order.
    """
    counts = []
    for group in (before, after):
        all_outcomes = outcomes(group)
        is_judged = all_outcomes.isin(JUDGED)
        succeeded = (all_outcomes == "succeeded")[is_judged]
        counts.append(succeeded.groupby(group["input_key"]).agg(["size", "sum"]))
    inputs = counts[0].index.union(counts[1].index)
    aligned = [count.reindex(inputs, fill_value=0).to_numpy("float64") for count in counts]
    a, b = (SuccessCounts(*columns.T) for columns in aligned)
    return a, b


def success_rates(a: SuccessCounts, b: SuccessCounts, level: float = LEVEL) -> Contrast:
    """Compares the success rates of all runs.

    The interval of the difference is Newcombe's. Runs of one input are alike and say less than as
    many runs of different inputs, so a group counts for fewer runs where it ran inputs many times:
    see `size_divisors`. Inputs are assumed to be independent of each other.

    Args:
        a: the counts of the group before.
        b: the counts of the group after.
        level: the confidence level.
    """
    effect_a, effect_b = 1.0, 1.0
    if a.n and b.n:
        effect_a, effect_b = size_divisors(a.runs, b.runs, _correlation(a, b), level)
    before = rate(float(a.successes.sum()), a.n, effect_a, level)
    after = rate(float(b.successes.sum()), b.n, effect_b, level)
    return Contrast(before, after, difference(before, after), runs_of_inputs(a.runs, b.runs))


def _correlation(a: SuccessCounts, b: SuccessCounts) -> float:
    """Estimates the correlation of the runs of one input, from 0 to 1.

    It is 1 where too few inputs were run more than once.
    """
    succeeding = failing = 0
    for group in (a, b):
        is_repeated = group.runs > 1
        succeeding += int((group.successes > 0)[is_repeated].sum())
        failing += int((group.successes < group.runs)[is_repeated].sum())
    if min(succeeding, failing) < LEAST_MIXED:
        return 1.0
    return correlation(_input_sums(a), _input_sums(b))


def _input_sums(group: SuccessCounts) -> InputSums:
    share = group.share
    excess = group.successes - group.runs * share
    return InputSums(group.runs, excess, variance=share * (1 - share))


def paired_success(a: SuccessCounts, b: SuccessCounts, level: float = LEVEL) -> Contrast:
    """Compares the success rates on the inputs that both groups ran, each with the same weight.

    Where each group ran each input once, the interval is the exact binomial one given the number of
    inputs that differ (McNemar 1947). Otherwise it is the mean over inputs of the difference, plus
    and minus the larger of

    - the quantile of t times the standard error by the spread between inputs, and
    - the normal quantile times the standard error by chance alone, where the successes on an input
      are distributed over its runs at random (Mantel & Haenszel 1959). It holds also where hardly
      any run fails.

    Args:
        a: the counts of the group before.
        b: the counts of the group after, over the same inputs.
        level: the confidence level.

    Returns:
        The contrast, in which n is the number of common inputs.
    """
    common = (a.runs > 0) & (b.runs > 0)
    a = SuccessCounts(a.runs[common], a.successes[common])
    b = SuccessCounts(b.runs[common], b.successes[common])
    share_a = a.successes / a.runs
    share_b = b.successes / b.runs
    gains = share_b - share_a
    n = len(gains)
    if not n:
        return Contrast(Estimate(0), Estimate(0), Estimate(0), "no input in common")
    value = float(gains.mean())
    if not gains.any():
        low, high = _no_gain(n, level)
    elif max(a.runs.max(), b.runs.max()) == 1:
        low, high = _mcnemar(gains, level)
    else:
        margin = _margin(a, b, gains, level)
        low, high = max(value - margin, -1.0), min(value + margin, 1.0)
    notes = f"inputs that differ: {np.count_nonzero(gains):,} of {n:,}"
    before = Estimate(n, float(share_a.mean()))
    after = Estimate(n, float(share_b.mean()))
    return Contrast(before, after, Estimate(n, value, low, high), notes)


def _margin(a: SuccessCounts, b: SuccessCounts, gains: Floats, level: float) -> float:
    """Returns half the length of the interval of `paired_success`; NaN for one input."""
    n = len(gains)
    if n == 1:
        return nan
    runs = a.runs + b.runs
    successes = a.successes + b.successes
    variances = successes * (runs - successes) / ((runs - 1) * a.runs * b.runs)
    by_chance = normal_quantile(level) * sqrt(variances.sum()) / n
    t_quantile = float(scipy_stats().t.ppf((1 + level) / 2, n - 1))
    by_spread = t_quantile * gains.std(ddof=1) / sqrt(n)
    return float(max(by_chance, by_spread))


def _mcnemar(gains: Floats, level: float) -> tuple[float, float]:
    """Returns the exact interval of the mean gain, given the number of inputs that differ."""
    better = int((gains > 0).sum())
    differing = better + int((gains < 0).sum())
    test = scipy_stats().binomtest(better, differing)
    ends = test.proportion_ci(level, method="exact")
    # Of the inputs that differ, a share p is better and 1 - p worse: a gain of 2 p - 1 on each.
    low, high = ((2 * end - 1) * differing / len(gains) for end in ends)
    return low, high


def _no_gain(n: int, level: float) -> tuple[float, float]:
    """Returns the interval where no input differs: bounds of the share of inputs that may."""
    test = scipy_stats().binomtest(0, n)
    high: float = test.proportion_ci(level, method="exact").high
    return -high, high
