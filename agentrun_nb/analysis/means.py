"""Compares the means of a number in two groups of runs, also where inputs were run many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isfinite, nan, sqrt
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from agentrun_nb.analysis.estimates import LEVEL, Contrast, Estimate, scipy_stats
from agentrun_nb.analysis.inputs import runs_of_inputs
from agentrun_nb.core.text import kind_of
from agentrun_nb.documents.col import Col
from agentrun_nb.documents.extract import extract
from agentrun_nb.errors import SettingsError
from agentrun_nb.tables.moments import Floats

Values: TypeAlias = "str | Col | list[str | Col] | Mapping[str, str | Col] | None"
"""A path to a number, several of these, or a mapping of names to them."""

_ROUNDING = 64 * float(np.finfo("float64").eps)
"""By what part of a number a mean of equal numbers may differ from it, and from another such."""


def read_values(values: Any) -> dict[str, Col]:
    """Reads which numbers are compared, by the names that they have in the result.

    The dtype of a `Col` plays no part: a number counts whatever its type.

    Raises:
        SettingsError: it is neither a path nor several of these, or two have the same name.
        PathNotFound: one of them is no path into a document.
    """
    if values is None:
        return {}
    if isinstance(values, str | Col):
        values = [values]
    if isinstance(values, list | tuple):
        columns = [_column(value) for value in values]
        return _by_name([(column.path, column) for column in columns])
    if not isinstance(values, Mapping):
        kind = kind_of(values)
        hint = 'Give a path such as "output_manifest.score", or a list of paths.'
        raise SettingsError(f"values= takes paths to numbers, and not {kind}.", hint=hint)
    return _by_name([(str(name), _column(value)) for name, value in values.items()])


def _column(value: Any) -> Col:
    """A path as a column that takes numbers of every type."""
    return replace(value, dtype=None) if isinstance(value, Col) else Col(value)


def _by_name(columns: list[tuple[str, Col]]) -> dict[str, Col]:
    """Columns by their names, of which none may stand twice."""
    found: dict[str, Col] = {}
    for name, column in columns:
        if name in found:
            hint = "Give a mapping with a name of its own for each, such as values={name: path}."
            raise SettingsError(f"Two of values= would be called {name!r}.", hint=hint)
        found[name] = column
    return found


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

    @property
    def inputs(self) -> int:
        """The number of inputs of which a run has the number."""
        return int((self.runs > 0).sum())

    def influence(self) -> Floats:
        """By how much each input moves the mean away from that of the others.

        The sum of its squares estimates the variance of the mean without bias. There must be two
        inputs or more.
        """
        expected = self.runs * self.mean
        apart = self.sums - expected
        return self._scale() * apart / self.n

    def rounding(self) -> Floats:
        """By how much the influence of each input may be off, as doubles are rounded."""
        largest = np.maximum(abs(self.sums), abs(self.runs * self.mean))
        rounding: Floats = _ROUNDING * self._scale() * largest / self.n
        return rounding

    def _scale(self) -> float:
        """What makes up for that the mean is that of the same runs."""
        return sqrt(self.inputs / (self.inputs - 1))


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

    It is never shorter than that of Student (1908), for which both groups have one spread. A few of
    very skewed numbers, such as costs, mostly lack the largest ones: they seem to be small and to
    differ little, and Welch's interval would name a difference in 10 to 25 of 100 comparisons of 10
    runs with 200 equal ones. Where a small group has very skewed numbers and far more spread than
    the other, the interval holds the truth in 93 and not in 95 of 100 cases.

    A group in which all numbers are the same may still have a spread that so few runs do not show.
    Without a spread of each group, and of their difference, there is no interval. So scores that
    are 0 or 1 have none where all runs of a group pass. Of those that they have, in groups of 10 to
    100 runs, up to 11 of 100 leave the truth out. Whether runs succeeded is compared by
    `agentrun_nb.analysis.success`.

    Args:
        a: the numbers of the group before.
        b: the numbers of the group after, over the same inputs.
        level: the confidence level.
    """
    before, after = Estimate(a.n, a.mean), Estimate(b.n, b.mean)
    value = after.value - before.value
    fewer = min(a.inputs, b.inputs)
    margin, unseen = nan, ""
    if fewer > 1 and isfinite(value):
        unseen = _unseen_spread(a, b)
        margin = nan if unseen else _margin_of_means(a, b, level)
    between = Estimate(a.n + b.n, value, value - margin, value + margin)
    notes = [runs_of_inputs(a.runs, b.runs), _without(a, b), unseen]
    return Contrast(before, after, between, "; ".join(filter(None, notes)), fewer)


def _unseen_spread(a: InputMeans, b: InputMeans) -> str:
    """Says where no spread was seen; empty where there is one of both groups and between them."""
    rounding_a, rounding_b = a.rounding(), b.rounding()
    influence_a, influence_b = a.influence(), b.influence()
    seen = {"a": abs(influence_a) > rounding_a, "b": abs(influence_b) > rounding_b}
    still = [group for group, is_moved in seen.items() if not is_moved.any()]
    if still:
        return _no_spread(" and ".join(still))
    is_moved = abs(influence_b - influence_a) > rounding_a + rounding_b
    return "" if is_moved.any() else _no_spread("b - a")


def _no_spread(of: str) -> str:
    return f"no spread of {of} over the inputs: no interval"


def _margin_of_means(a: InputMeans, b: InputMeans, level: float) -> float:
    """Returns half the length of the interval of `means`, where there is a spread."""
    influence_a, influence_b = a.influence(), b.influence()
    largest_a, largest_b = abs(influence_a).max(), abs(influence_b).max()
    # The squares of very large and very small numbers are no doubles.
    unit = float(max(largest_a, largest_b))
    apart = (influence_b - influence_a) / unit
    variance = float((apart**2).sum())
    freedom = float(min(a.inputs, b.inputs) - 1)
    if _are_all_different(a, b):
        of_a = influence_a / unit
        share = float((of_a**2).sum()) / variance
        freedom = _freedom_of_welch(share, a.inputs, b.inputs)
    margin = sqrt(variance) * _t_quantile(level, freedom)
    # That of Student, as if the inputs of both groups had one spread.
    ratio = _pooled_to_separate(a, b)
    alike = sqrt(variance * ratio) * _t_quantile(level, a.inputs + b.inputs - 2)
    return max(margin, alike) * unit


def _pooled_to_separate(a: InputMeans, b: InputMeans) -> float:
    """Returns by what the variance of a difference is larger if both groups have one spread.

    It is the ratio of that with the spread over the inputs of both groups together to that in which
    each group has its own. Where an input is in both, either is smaller by the same part.
    """
    of_a, of_b = a.influence(), b.influence()
    largest_a, largest_b = abs(of_a).max(), abs(of_b).max()
    unit = max(largest_a, largest_b)
    variance_a = float(((of_a / unit) ** 2).sum())
    variance_b = float(((of_b / unit) ** 2).sum())
    # The variance of a mean of one input, in both groups together.
    weight_a = a.inputs * (a.inputs - 1)
    weight_b = b.inputs * (b.inputs - 1)
    total = variance_a * weight_a + variance_b * weight_b
    spread = total / (a.inputs + b.inputs - 2)
    pooled = spread / a.inputs + spread / b.inputs
    return pooled / (variance_a + variance_b)


def _t_quantile(level: float, freedom: float) -> float:
    probability = (1 + level) / 2
    quantile = scipy_stats().t.ppf(probability, freedom)
    return float(quantile)


def _are_all_different(a: InputMeans, b: InputMeans) -> bool:
    """Whether no input stands more than once."""
    return bool((a.runs + b.runs).max() <= 1)


def _freedom_of_welch(share: float, n_a: int, n_b: int) -> float:
    """Returns the degrees of freedom of a difference of means.

    Args:
        share: that of the variance that comes from the group before.
        n_a: the number of runs of that group.
        n_b: that of the group after.
    """
    part_a = share**2 / (n_a - 1)
    part_b = (1 - share) ** 2 / (n_b - 1)
    return 1 / (part_a + part_b)


def paired_means(a: InputMeans, b: InputMeans, level: float = LEVEL) -> Contrast:
    """Compares the means on the inputs that both groups ran, each with the same weight.

    The interval is that of Student (1908) for the differences of the inputs. Where these are all
    the same their spread was not seen, and there is none. Of numbers that are 0 or 1 up to 12 of
    100 intervals of 10 to 50 inputs leave the truth out.

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
    margin, unseen = nan, ""
    if n > 1 and isfinite(value):
        apart = gains - value
        is_moved = abs(apart) > _ROUNDING * (abs(mean_a) + abs(mean_b))
        unseen = "" if is_moved.any() else _no_spread("b - a")
        margin = nan if unseen else _margin_of_gains(apart, level)
    before, after = Estimate(n, float(mean_a.mean())), Estimate(n, float(mean_b.mean()))
    between = Estimate(n, value, value - margin, value + margin)
    return Contrast(before, after, between, unseen)


def _margin_of_gains(apart: Floats, level: float) -> float:
    """Returns half the length of the interval of `paired_means`, where there is a spread.

    Args:
        apart: by how much the difference of each input differs from the mean of these.
        level: the confidence level.
    """
    n = len(apart)
    quantile = float(scipy_stats().t.ppf((1 + level) / 2, n - 1))
    # The squares of very large and very small numbers are no doubles.
    unit = float(abs(apart).max())
    return quantile * float((apart / unit).std(ddof=1)) / sqrt(n) * unit


def _without(a: InputMeans, b: InputMeans) -> str:
    """How many runs of the groups have no number; empty where all have one."""
    if not a.without and not b.without:
        return ""
    return f"without a number: {a.without:,} of a, {b.without:,} of b"
