"""Compares the means of a number in two groups of runs, also where inputs were run many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, nan, sqrt
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from agentrun_nb.analysis.estimates import LEVEL, Contrast, Estimate, scipy_stats
from agentrun_nb.analysis.inputs import runs_of_inputs
from agentrun_nb.documents.extract import Col, extract
from agentrun_nb.errors import SettingsError
from agentrun_nb.tables.moments import Floats

Values: TypeAlias = "str | Col | list[str | Col] | Mapping[str, str | Col] | None"
"""A path to a number, several of these, or a mapping of names to them."""


def read_values(values: Any) -> dict[str, Col]:
    """Reads which numbers are compared, by the names that they have in the result.

    Raises:
        SettingsError: it is neither a path nor several of these.
        PathNotFound: one of them is no path into a document.
    """
    if values is None:
        return {}
    if isinstance(values, str | Col):
        values = [values]
    if isinstance(values, list | tuple):
        columns = [value if isinstance(value, Col) else Col(value) for value in values]
        return {column.path: column for column in columns}
    if not isinstance(values, Mapping):
        kind = type(values).__name__
        hint = 'Give a path such as "output_manifest.score", or a list of paths.'
        raise SettingsError(f"values= takes paths to numbers, and not a {kind}.", hint=hint)
    return {
        str(name): value if isinstance(value, Col) else Col(value) for name, value in values.items()
    }


def read_numbers(runs: pd.DataFrame, columns: Mapping[str, Col]) -> dict[str, pd.Series[float]]:
    """Reads the numbers of runs; NaN for a run whose document has none there.

    Args:
        runs: a RUNS table.
        columns: what is read, by names.

    Raises:
        PathNotFound: a path that no run has.
    """
    if not columns:
        return {}
    found = extract(runs, **columns)
    return {name: found[name].map(_number).astype("float64") for name in columns}


def _number(cell: Any) -> float:
    """A cell as a number; NaN for truth values, texts, and what no double can hold."""
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, int | float | Decimal):
        return nan
    try:
        number = float(cell)
    except OverflowError:
        return nan
    return number if isfinite(number) else nan


@dataclass(frozen=True)
class InputMeans:
    """A number of one group, summed by input.

    Two groups that are compared have the same inputs in the same order.

    Attributes:
        runs: how many runs of each input have the number; 0 where the group never ran it.
        sums: the sum of the number over these.
        without: how many runs of the group have no such number.
    """

    runs: Floats
    sums: Floats
    without: int

    @property
    def n(self) -> int:
        """The number of runs that have the number."""
        return int(self.runs.sum())

    @property
    def mean(self) -> float:
        """The mean over all these runs; NaN without one."""
        if not self.n:
            return nan
        return float(self.sums.sum() / self.n)

    def influence(self) -> Floats:
        """By how much each input moves the mean away from that of the others."""
        return (self.sums - self.runs * self.mean) / self.n

    def scale(self) -> float:
        """What makes the square of the influence an estimate without bias; NaN for one input."""
        inputs = int((self.runs > 0).sum())
        if inputs < 2:
            return nan
        return inputs / (inputs - 1)


def sum_by_input(
    numbers: pd.Series[float], before: pd.DataFrame, after: pd.DataFrame
) -> tuple[InputMeans, InputMeans]:
    """Sums a number of two groups by input.

    Args:
        numbers: of all runs, by their index.
        before: a RUNS table with `input_key`, which is the same for equal inputs.
        after: likewise.
    """
    tables = []
    for group in (before, after):
        known = numbers[group.index].dropna()
        tables.append(known.groupby(group["input_key"]).agg(["size", "sum"]))
    inputs = tables[0].index.union(tables[1].index)
    found = []
    for table, group in zip(tables, (before, after), strict=True):
        runs, sums = table.reindex(inputs, fill_value=0).to_numpy("float64").T
        found.append(InputMeans(runs, sums, len(group) - int(runs.sum())))
    a, b = found
    return a, b


def means(a: InputMeans, b: InputMeans, level: float = LEVEL) -> Contrast:
    """Compares the means over all runs.

    The interval is that of Welch (1947) where no input stands more than once. Runs of one input are
    alike: otherwise its variance is the one by inputs (Liang & Zeger 1986), in which what an input
    does to both means is taken off, with the degrees of freedom of the group with fewer inputs.
    Where a small group has very skewed numbers and far more spread than the other, it holds the
    truth in 93 and not in 95 of 100 cases.

    Args:
        a: the numbers of the group before.
        b: the numbers of the group after, over the same inputs.
        level: the confidence level.
    """
    notes = [runs_of_inputs(a.runs, b.runs), _without(a, b)]
    before, after = Estimate(a.n, a.mean), Estimate(b.n, b.mean)
    value = after.value - before.value
    margin = nan
    if a.n and b.n:
        margin = _margin_of_means(a, b, level)
    between = Estimate(a.n + b.n, value, value - margin, value + margin)
    return Contrast(before, after, between, "; ".join(filter(None, notes)))


def _margin_of_means(a: InputMeans, b: InputMeans, level: float) -> float:
    """Returns half the length of the interval of `means`; NaN where a group has one input."""
    influence_a = a.influence() * sqrt(a.scale())
    influence_b = b.influence() * sqrt(b.scale())
    variance_a = float((influence_a**2).sum())
    variance_b = float((influence_b**2).sum())
    variance = float(((influence_b - influence_a) ** 2).sum())
    inputs_a, inputs_b = int((a.runs > 0).sum()), int((b.runs > 0).sum())
    is_common = (a.runs > 0) & (b.runs > 0)
    if not variance > 0:
        # Without any variance there is nothing to divide by; NaN stays NaN.
        return variance
    if is_common.any() or max(a.runs.max(), b.runs.max()) > 1:
        freedom = float(min(inputs_a, inputs_b) - 1)
    else:
        parts = variance_a**2 / (inputs_a - 1) + variance_b**2 / (inputs_b - 1)
        freedom = (variance_a + variance_b) ** 2 / parts
    quantile = float(scipy_stats().t.ppf((1 + level) / 2, freedom))
    return quantile * sqrt(variance)


def paired_means(a: InputMeans, b: InputMeans, level: float = LEVEL) -> Contrast:
    """Compares the means on the inputs that both groups ran, each with the same weight.

    The interval is that of Student (1908) for the differences of the inputs.

    Args:
        a: the numbers of the group before.
        b: the numbers of the group after, over the same inputs.
        level: the confidence level.

    Returns:
        The contrast, in which n is the number of common inputs.
    """
    common = (a.runs > 0) & (b.runs > 0)
    n = int(common.sum())
    if not n:
        return Contrast(Estimate(0), Estimate(0), Estimate(0), "no input in common")
    mean_a = a.sums[common] / a.runs[common]
    mean_b = b.sums[common] / b.runs[common]
    gains = mean_b - mean_a
    value = float(gains.mean())
    margin = nan
    if n > 1:
        quantile = float(scipy_stats().t.ppf((1 + level) / 2, n - 1))
        margin = quantile * float(gains.std(ddof=1)) / sqrt(n)
    before, after = Estimate(n, float(mean_a.mean())), Estimate(n, float(mean_b.mean()))
    between = Estimate(n, value, value - margin, value + margin)
    return Contrast(before, after, between)


def _without(a: InputMeans, b: InputMeans) -> str:
    """How many runs of the groups have no number; empty where all have one."""
    if not a.without and not b.without:
        return ""
    return f"without a number: {a.without:,} of a, {b.without:,} of b"
