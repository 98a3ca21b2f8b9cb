"""Compares how often two groups of runs succeed, also where an input was run many times."""

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
from agentrun_nb.analysis.inputs import InputSums, correlation, runs_of_inputs, sizes_divided
from agentrun_nb.analysis.outcomes import JUDGED, outcomes
from agentrun_nb.tables.moments import Floats

LEAST_MIXED = 5
"""How many repeated inputs must have succeeded, and how many must have failed, at least once.

With fewer of either nothing is known of how alike the runs of an input are.
"""


@dataclass(frozen=True)
class Tally:
    """How often a group ran each of some inputs, and how often it succeeded.

    Attributes:
        runs: per input, the runs whose outcome says whether they succeeded; 0 where the group never
            ran it.
        successes: per input, how many of them succeeded.
    """

    runs: Floats
    successes: Floats

    @property
    def n(self) -> int:
        """All runs."""
        return int(self.runs.sum())

    @property
    def inputs(self) -> int:
        """How many inputs the group has run."""
        return int((self.runs > 0).sum())

    @property
    def share(self) -> float:
        """The share of the runs that succeeded; NaN without runs."""
        if not self.n:
            return nan
        return float(self.successes.sum() / self.n)


def tallies(before: pd.DataFrame, after: pd.DataFrame) -> tuple[Tally, Tally]:
    """Counts runs and successes per input.

    Args:
        before: a RUNS table and `input_key`, which is equal where inputs are equal.
        after: likewise.

    Returns:
        The counts of each group, over the same inputs in the same order.
    """
    counts = []
    for group in (before, after):
        words = outcomes(group)
        succeeded = (words == "succeeded")[words.isin(JUDGED)]
        counts.append(succeeded.groupby(group["input_key"]).agg(["size", "sum"]))
    inputs = counts[0].index.union(counts[1].index)
    aligned = [count.reindex(inputs, fill_value=0).to_numpy("float64") for count in counts]
    a, b = (Tally(*columns.T) for columns in aligned)
    return a, b


def success_rates(a: Tally, b: Tally, level: float = LEVEL) -> Contrast:
    """Compares the success rates of all runs.

    The difference has Newcombe's interval. Runs of one input are alike and say less than as many of
    different inputs, so each group counts for fewer runs where it ran inputs many times: see
    `sizes_divided`. Assumes that inputs are independent of each other.

    Args:
        a: the counts of the group before.
        b: those of the group after.
        level: the share of intervals that hold the truth.
    """
    effects = (1.0, 1.0)
    if a.n and b.n:
        effects = sizes_divided(a.runs, b.runs, _correlation(a, b), level)
    before, after = (
        rate(float(tally.successes.sum()), tally.n, effect, level)
        for tally, effect in zip((a, b), effects, strict=True)
    )
    return Contrast(before, after, difference(before, after), runs_of_inputs(a.runs, b.runs))


def _correlation(a: Tally, b: Tally) -> float:
    """How alike the runs of one input are, 0 to 1; 1 where too few repeated inputs tell."""
    succeeding = sum(int((tally.successes[tally.runs > 1] > 0).sum()) for tally in (a, b))
    failing = sum(int((tally.successes < tally.runs)[tally.runs > 1].sum()) for tally in (a, b))
    if min(succeeding, failing) < LEAST_MIXED:
        return 1.0

    def sums(tally: Tally) -> InputSums:
        share = tally.share
        return InputSums(tally.runs, tally.successes - tally.runs * share, share * (1 - share))

    return correlation(sums(a), sums(b))


def paired_success(a: Tally, b: Tally, level: float = LEVEL) -> Contrast:
    """Compares the success rates on the inputs that both groups have run.

    Each input weighs the same. Where each input was run once by each group, the interval is the
    exact binomial one given how many inputs differ (McNemar 1947). Otherwise it is the mean over
    inputs of the difference, give or take the larger of

    - t's quantile times the standard error that the spread between inputs gives, and
    - the normal quantile times the one that chance alone gives where the successes on an input are
      dealt out to its runs blindly (Mantel & Haenszel 1959), which holds also where hardly any run
      fails.

    Args:
        a: the counts of the group before.
        b: those of the group after, over the same inputs.
        level: the share of intervals that hold the truth.

    Returns:
        With n the number of common inputs.
    """
    common = (a.runs > 0) & (b.runs > 0)
    a, b = (Tally(tally.runs[common], tally.successes[common]) for tally in (a, b))
    share_a, share_b = a.successes / a.runs, b.successes / b.runs
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
    before, after = Estimate(n, float(share_a.mean())), Estimate(n, float(share_b.mean()))
    return Contrast(before, after, Estimate(n, value, low, high), notes)


def _margin(a: Tally, b: Tally, gains: Floats, level: float) -> float:
    """Half the length of the interval of the mean gain; see `paired_success`. NaN for one input."""
    n, runs, successes = len(gains), a.runs + b.runs, a.successes + b.successes
    if n == 1:
        return nan
    by_chance = successes * (runs - successes) / ((runs - 1) * a.runs * b.runs)
    chance = normal_quantile(level) * sqrt(by_chance.sum()) / n
    between = float(scipy_stats().t.ppf((1 + level) / 2, n - 1)) * gains.std(ddof=1) / sqrt(n)
    return float(max(chance, between))


def _mcnemar(gains: Floats, level: float) -> tuple[float, float]:
    better = int((gains > 0).sum())
    differing = int((gains != 0).sum())
    test = scipy_stats().binomtest(better, differing)
    # Of the inputs that differ the share that got better becomes a gain, from -1 to 1.
    ends = test.proportion_ci(level, method="exact")
    low, high = ((2 * end - 1) * differing / len(gains) for end in ends)
    return low, high


def _no_gain(n: int, level: float) -> tuple[float, float]:
    """Where no input differs, what bounds the difference is the share of inputs that may."""
    high: float = scipy_stats().binomtest(0, n).proportion_ci(level, method="exact").high
    return -high, high
