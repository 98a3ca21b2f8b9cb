"""Finds runs with equal inputs, and corrects statistics for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from agentrun_nb.analysis.estimates import normal_quantile, scipy_stats
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.documents.canonical import canonical_text, parse_or_text
from agentrun_nb.tables.moments import Floats


def input_keys(runs: pd.DataFrame) -> pd.Series[Any]:
    """Computes a key for each run that is the same where inputs are equal as JSON.

    A run without an input has a key of its own.

    Args:
        runs: a RUNS table.
    """
    texts = runs["input"]
    key_of = {}
    for text in texts.dropna().unique():
        key_of[text] = canonical_text(parse_or_text(text), too_deep=text)
    # No JSON begins like the key of a run without an input.
    keys = [key_of.get(text, f"no input, row {row}") for row, text in enumerate(texts)]
    return pd.Series(keys, runs.index, TEXT)


def runs_of_inputs(a: Floats, b: Floats) -> str:
    """Says how many runs of how many inputs the groups have; empty where no input repeats.

    Args:
        a: the number of runs of each input in one group.
        b: that in the other.
    """
    most = max(a.max(initial=0), b.max(initial=0))
    if most <= 1:
        return ""
    return f"{_amount(a)} against {_amount(b)}"


def _amount(runs: Floats) -> str:
    inputs = (runs > 0).sum()
    return f"{runs.sum():,.0f} runs of {inputs:,} inputs"


@dataclass(frozen=True)
class InputSums:
    """A measure of one group, summed by input.

    Two groups that are compared have the same inputs in the same order.

    Attributes:
        runs: the number of runs of each input; 0 where the group never ran it.
        sums: for each input, the sum over its runs of the measure less its mean in the group.
        variance: the variance of the measure over all runs.
    """

    runs: Floats
    sums: Floats
    variance: float

    @property
    def inputs(self) -> int:
        """The number of inputs that the group ran."""
        return int((self.runs > 0).sum())


def correlation(a: InputSums, b: InputSums) -> float:
    """Estimates the correlation of the runs of one input, from 0 to 1, by moments within groups.

    It is 1 where no input was run more than once.
    """
    excess, most = 0.0, 0.0
    for group in (a, b):
        if group.inputs > 1:
            squares = float((group.sums**2).sum()) * group.inputs / (group.inputs - 1)
            pairs = float((group.runs * (group.runs - 1)).sum())
            excess += squares - group.runs.sum() * group.variance
            most += group.variance * pairs
    return min(max(excess / most, 0.0), 1.0) if most else 1.0


def design_effects(a: Floats, b: Floats, alike: float) -> tuple[float, float]:
    """Computes the design effects of two groups (Rao & Scott 1992, Biometrics 48:577).

    So many runs of a group say as much as one that is independent of the others. Inputs that both
    groups ran equally often make no difference between them, and have no effect.

    Args:
        a: the number of runs of each input in one group.
        b: that in the other.
        alike: the correlation of the runs of an input.
    """
    share_a = a / a.sum()
    share_b = b / b.sum()
    common = share_a @ share_b
    effect_a = 1 + alike * (a.sum() * (share_a @ share_a - common) - 1)
    effect_b = 1 + alike * (b.sum() * (share_b @ share_b - common) - 1)
    return _at_least_one(effect_a), _at_least_one(effect_b)


def _at_least_one(effect: float) -> float:
    """Returns 1 for what is not more; where no input repeats, rounding alone makes a difference."""
    return float(effect) if effect > 1 + 1e-9 else 1.0


def cluster_quantile(a: Floats, b: Floats, level: float) -> float:
    """Returns the quantile of t that replaces the normal one where design effects are estimated.

    It has one degree of freedom less than there are inputs in the group with fewer (Korn & Graubard
    1998, Survey Methodology 24:193), and is NaN for a single input.

    Args:
        a: the number of runs of each input in one group.
        b: that in the other.
        level: the confidence level.
    """
    fewest = int(min((a > 0).sum(), (b > 0).sum()))
    if fewest <= 1:
        return float("nan")
    probability = (1 + level) / 2
    return float(scipy_stats().t.ppf(probability, fewest - 1))


def size_divisors(a: Floats, b: Floats, alike: float, level: float) -> tuple[float, float]:
    """Computes by what to divide the sizes of two groups before intervals for independent runs.

    It is the design effect, enlarged for what is not known of it.

    Args:
        a: the number of runs of each input in one group.
        b: that in the other.
        alike: the correlation of the runs of an input.
        level: the confidence level.
    """
    factor = (cluster_quantile(a, b, level) / normal_quantile(level)) ** 2
    effects = design_effects(a, b, alike)
    first, second = (effect * factor if effect > 1 else 1.0 for effect in effects)
    return first, second
