"""Finds which runs had the same input, and how much less such runs say than independent ones."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import pandas as pd

from agentrun_nb.analysis.estimates import normal_quantile, scipy_stats
from agentrun_nb.documents.canonical import canonical_text, parse_or_text
from agentrun_nb.tables.moments import Floats


def input_keys(runs: pd.DataFrame) -> pd.Series[Any]:
    """Gives a text per run that is the same where inputs are equal as JSON.

    A run without an input shares its text with no other.

    Args:
        runs: a RUNS table.
    """
    texts = runs["input"]
    keys = {
        text: canonical_text(parse_or_text(text), too_deep=text) for text in texts.dropna().unique()
    }
    # No JSON begins like what stands for no input, so it is no other input's key.
    found = [keys.get(text, f"no input, row {row}") for row, text in enumerate(texts)]
    return pd.Series(found, runs.index, "str")


def runs_of_inputs(a: Floats, b: Floats) -> str:
    """A note of how many runs there are of how many inputs, where inputs repeat within a group.

    Args:
        a: per input, how many runs there are in one group.
        b: per input, in the other.
    """
    if max(a.max(initial=0), b.max(initial=0)) <= 1:
        return ""
    sides = []
    for runs in (a, b):
        inputs = (runs > 0).sum()
        sides.append(f"{runs.sum():,.0f} runs of {inputs:,} inputs")
    return " against ".join(sides)


@dataclass(frozen=True)
class InputSums:
    """What a group measured, summed up by input; two groups have the same inputs in the same order.

    Attributes:
        runs: per input, how many runs there are; 0 where the group never ran it.
        sums: per input, the sum over its runs of what was measured less the group's mean of it.
        variance: the variance over all runs of what was measured.
    """

    runs: Floats
    sums: Floats
    variance: float

    @property
    def inputs(self) -> int:
        """How many inputs the group has run."""
        return int((self.runs > 0).sum())


def correlation(a: InputSums, b: InputSums) -> float:
    """Estimates how alike the runs of one input are, 0 to 1, by moments within each group.

    It is 1 where no input tells.
    """
    excess, most = 0.0, 0.0
    for group in (a, b):
        if group.inputs > 1:
            squares = float((group.sums**2).sum()) * group.inputs / (group.inputs - 1)
            excess += squares - group.runs.sum() * group.variance
            most += group.variance * float((group.runs * (group.runs - 1)).sum())
    return min(max(excess / most, 0.0), 1.0) if most else 1.0


def design_effects(a: Floats, b: Floats, alike: float) -> tuple[float, float]:
    """Computes how many runs of each group say as much as one run of an input of its own.

    That is the design effect (Rao & Scott 1992, Biometrics 48:577). Inputs that both groups ran
    equally often are no difference between them, and make no effect.

    Args:
        a: per input, how many runs there are in one group.
        b: per input, in the other.
        alike: the correlation of the runs of an input.
    """
    shares = a / a.sum(), b / b.sum()
    common = shares[0] @ shares[1]
    effects = []
    for runs, share in zip((a, b), shares, strict=True):
        together = runs.sum() * (share @ share - common)
        effect = float(1 + alike * (together - 1))
        # Where no input repeats the effect is 1, but for rounding.
        effects.append(effect if effect > 1 + 1e-9 else 1.0)
    first, second = effects
    return first, second


def cluster_quantile(a: Floats, b: Floats, level: float) -> float:
    """Gives the quantile to use for the normal one where a design effect is estimated.

    It is the quantile of t with one degree of freedom less than the inputs of the group that has
    fewer (Korn & Graubard 1998, Survey Methodology 24:193); NaN for a single one.
    """
    inputs = (a > 0).sum(), (b > 0).sum()
    fewest = int(min(inputs))
    if fewest <= 1:
        return nan
    freedom = fewest - 1
    return float(scipy_stats().t.ppf((1 + level) / 2, freedom))


def sizes_divided(a: Floats, b: Floats, alike: float, level: float) -> tuple[float, float]:
    """Computes by what to divide the sizes of two groups.

    So divided, they fit intervals for independent runs: see `design_effects`.
    """
    more = (cluster_quantile(a, b, level) / normal_quantile(level)) ** 2
    first, second = (effect * more if effect > 1 else 1.0 for effect in design_effects(a, b, alike))
    return first, second
