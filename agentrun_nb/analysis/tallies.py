"""Counts of runs by group, which can be added to those of other runs.

What is counted of some runs and of others makes what is counted of all of them. So a table that is
larger than the memory is counted part by part, on one machine or on many, with the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS
from agentrun_nb.errors import SchemaError
from agentrun_nb.tables.moments import Floats
from agentrun_nb.tables.reading_values import categories

GROUP, N = "group", "n"
"""The columns of a count with the number of the group, and with the number of runs."""

_MANY = 1_500_000
"""How many rows a measure has at most before equal ones are counted together.

Times are of microseconds: few of fewer rows are equal, and to find them takes long.
"""

_PIECE = 50_000
"""How many rows a piece of a measure has at least where there are several.

Larger ones are left apart, since both they and what is made of them would be in memory.
"""


@dataclass(frozen=True)
class Tallies:
    """What is counted of some runs, by group.

    Attributes:
        groups: a row for each group, in the order in which their first runs stand: the values that
            all its runs have, and others that its first run has.
        keys: the columns of `groups` by which the runs are grouped; those that no run has may be
            missing there.
        counts: tables with the row number of the `group`, what is counted, and `n`, how many runs
            are alike in that; equal rows are counted together.
        measures: such tables with a row for each run, as long as there are few. Each is in pieces,
            which are put together only when they are read: they take most of the memory.
        latest: the latest moment in the table, in ms since the epoch; NaN for none.
        columns: the columns that some of the runs have.
    """

    groups: pd.DataFrame
    keys: tuple[str, ...]
    counts: Mapping[str, pd.DataFrame]
    measures: Mapping[str, Sequence[pd.DataFrame]]
    latest: float = nan
    columns: tuple[str, ...] = ()

    def with_groups(self, groups: pd.DataFrame, numbers: NDArray[np.intp]) -> Tallies:
        """These counts for other groups.

        Args:
            groups: the other groups.
            numbers: for each group here, the row number of that to which its runs belong.
        """
        counts = {name: _moved(table, numbers) for name, table in self.counts.items()}
        measures = {}
        for name, pieces in self.measures.items():
            measures[name] = [_moved(piece, numbers) for piece in pieces]
        return replace(self, groups=groups, counts=counts, measures=measures)

    def measure(self, name: str) -> pd.DataFrame:
        """The rows of a measure."""
        return pd.concat(self.measures[name], ignore_index=True)

    def by_group(self, name: str) -> list[dict[str, NDArray[Any]]]:
        """The rows of a count or measure for each group, as an array for each column."""
        pieces = [self.counts[name]] if name in self.counts else self.measures[name]
        numbers = _values(pieces, GROUP)
        if len(self.groups) <= np.iinfo("int16").max:
            # Numbers of 16 bits are put in order by counting them.
            numbers = numbers.astype("int16")
        order = np.argsort(numbers, kind="stable")
        edges = np.searchsorted(numbers[order], np.arange(len(self.groups) + 1))
        names = [column for column in pieces[0].columns if column != GROUP]
        columns = {column: _values(pieces, column)[order] for column in names}
        return [
            {column: values[start:end] for column, values in columns.items()}
            for start, end in pairwise(edges)
        ]


def _values(pieces: Sequence[pd.DataFrame], column: str) -> NDArray[Any]:
    """The values of a column of all pieces; they are read singly, to need memory for one only."""
    values: NDArray[Any] = pd.concat([piece[column] for piece in pieces]).to_numpy()
    return values


def numbered(values: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers the groups of rows that have the same values, in the order of their first rows.

    Args:
        values: what the rows are grouped by, a column each; without one all rows are one group.

    Returns:
        The number of the group of each row, and the place of the first row of each group.
    """
    if values.columns.empty:
        return np.zeros(len(values), "intp"), np.zeros(min(len(values), 1), "intp")
    numbers = _numbers(values, sort=False)
    is_first = ~pd.Series(numbers).duplicated().to_numpy()
    return numbers, np.flatnonzero(is_first)


def in_order(values: pd.DataFrame) -> NDArray[np.intp]:
    """Numbers the groups of rows that have the same values, in the order of these values.

    Raises:
        SchemaError: the values have no order, as times with a zone among times without one.
    """
    if values.columns.empty:
        return np.zeros(len(values), "intp")
    try:
        return _numbers(values, sort=True)
    except TypeError as error:
        names = " and ".join(map(repr, values.columns))
        sentence = f"The values of {names} cannot be put in order: {error}."
        hint = "Give all tables values of one type, such as times with a zone."
        raise SchemaError(sentence, hint=hint) from None


def _numbers(values: pd.DataFrame, *, sort: bool) -> NDArray[np.intp]:
    # An index may bear the name of a column.
    columns = [column for _, column in values.reset_index(drop=True).items()]
    groups = columns[0].groupby(columns, dropna=False, observed=True, sort=sort)
    numbers: NDArray[np.intp] = groups.ngroup().to_numpy("intp")
    return numbers


def count_equal(table: pd.DataFrame) -> pd.DataFrame:
    """Counts equal rows together, in the order of the first of them.

    Args:
        table: any columns, and `n`; without it every row counts once.
    """
    table = _with_n(table)
    if table.empty:
        return table
    names = [name for name in table.columns if name != N]
    rows = table.groupby(names, sort=False, dropna=False, observed=True)[N]
    return rows.sum().reset_index()


def _with_n(table: pd.DataFrame) -> pd.DataFrame:
    return table if N in table else table.assign(**{N: 1})


def combine(parts: Sequence[Tallies]) -> Tallies:
    """Adds up what was counted of several tables of runs, in their order."""
    keys = parts[0].keys
    groups = _joined([part.groups for part in parts])
    present = [name for name in keys if name in groups]
    numbers, firsts = numbered(groups[present])
    starts = [0, *accumulate(len(part.groups) for part in parts)]
    moved = [
        part.with_groups(groups, numbers[start:end])
        for part, (start, end) in zip(parts, pairwise(starts), strict=True)
    ]
    counts = {
        name: count_equal(pd.concat([part.counts[name] for part in moved], ignore_index=True))
        for name in parts[0].counts
    }
    measures = {}
    for name in parts[0].measures:
        pieces = [piece for part in moved for piece in part.measures[name]]
        measures[name] = _few_pieces(pieces)
    return Tallies(
        groups.iloc[firsts].reset_index(drop=True),
        keys,
        counts,
        measures,
        latest=latest_of([part.latest for part in parts]),
        columns=tuple(dict.fromkeys(name for part in parts for name in part.columns)),
    )


def _few_pieces(pieces: Sequence[pd.DataFrame]) -> Sequence[pd.DataFrame]:
    """The pieces of a measure: small ones put together, and equal rows of many counted together."""
    if any(N in piece for piece in pieces):
        pieces = [_with_n(piece) for piece in pieces]
    rows = sum(map(len, pieces))
    if rows > _MANY:
        return [count_equal(pd.concat(pieces, ignore_index=True))]
    if rows < _PIECE * len(pieces):
        return [pd.concat(pieces, ignore_index=True)]
    return pieces


def latest_of(moments: Sequence[float]) -> float:
    """The latest of some moments; NaN where none of them is known."""
    known: Floats = np.array(moments, dtype="float64")
    return float(np.fmax.reduce(known, initial=nan))


def _moved(table: pd.DataFrame, numbers: NDArray[np.intp]) -> pd.DataFrame:
    if (numbers == np.arange(len(numbers))).all():
        return table
    # Small numbers, since there may be millions of rows.
    small = numbers.astype("int32")
    before = table[GROUP].to_numpy()
    return table.assign(**{GROUP: small[before]})


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Groups one under the other, with the dtypes that their runs would have in one table."""
    # Categories of different tables do not concatenate to categories.
    texts = []
    for table in tables:
        names = [name for name in ("mode", "status") if name in table]
        texts.append(table.astype(dict.fromkeys(names, TEXT)))
    joined = pd.concat(texts, ignore_index=True)
    dtypes = [dict(table.dtypes.items()) for table in tables]
    for column in RUNS.columns:
        kinds = [known.get(column.name) for known in dtypes]
        found = [kind.categories for kind in kinds if isinstance(kind, pd.CategoricalDtype)]
        if column.kind == "category" and found:
            words = [word for known in found for word in known]
            kind = pd.CategoricalDtype(categories(column, words))
            joined[column.name] = joined[column.name].astype(kind)
    return joined
