"""Finds the values by which runs are grouped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from agentrun_nb.core.text import kind_of
from agentrun_nb.errors import SchemaError
from agentrun_nb.tables.frames import check_columns
from agentrun_nb.tables.labels import Names, with_labels

By: TypeAlias = "str | pd.Series[Any] | Sequence[str | pd.Series[Any]] | None"
"""A column, a Series under the index of the runs, or several of these."""


def group_values(
    runs: pd.DataFrame, by: By, taken: Iterable[str] = (), names: Names = None
) -> pd.DataFrame:
    """Finds the values by which runs are grouped.

    They stand apart from the runs: a Series such as `runs["created_at"].dt.hour` bears the name of
    a column that is needed as it is.

    Args:
        runs: a RUNS table.
        by: the columns or Series; a Series without a name becomes the column `group`.
        taken: the names of the columns that the result has besides.
        names: labels for the ids of deployments and versions in the columns to group by.

    Returns:
        A column for each column and Series, under the index of the runs.

    Raises:
        SchemaError: there is no such column, a Series is not of these runs, or a name is taken.
        SettingsError: `names` is no mapping of texts to texts.
    """
    values: dict[str, pd.Series[Any]] = {}
    for part in as_list(by):
        if isinstance(part, pd.Series):
            name = "group" if part.name is None else part.name
            values[str(name)] = _values_of(runs, part, name)
        else:
            check_columns(runs, [part])
            values.setdefault(part, runs[part])
    for name, column in values.items():
        if name in taken:
            hint = "Rename the column first: runs.rename(columns=...)."
            raise SchemaError(f"The result has a column {name!r} of its own.", hint=hint)
        _check_hashable(name, column)
    groups = pd.DataFrame(values, index=runs.index)
    return with_labels(groups, names, values)


def _check_hashable(name: str, column: pd.Series[Any]) -> None:
    """Raises SchemaError for values that are lists or objects."""
    if column.dtype != "object":
        return
    for value in column:
        if not pd.api.types.is_hashable(value):
            sentence = f"Runs cannot be grouped by {name!r}: there is {kind_of(value)}."
            raise SchemaError(sentence, hint="Group by a text of it: values.map(json.dumps).")


def as_list(by: Any) -> list[Any]:
    """Returns the columns and Series as a list.

    Raises:
        SchemaError: one is neither.
    """
    if by is None:
        return []
    if isinstance(by, str | pd.Series):
        return [by]
    parts = list(by) if isinstance(by, Iterable) else [by]
    for part in parts:
        if not isinstance(part, str | pd.Series):
            hint = "Give the name of a column, a Series under the runs' index, or a list of these."
            raise SchemaError(f"Runs cannot be grouped by {kind_of(part)}.", hint=hint)
    return parts


def _values_of(runs: pd.DataFrame, values: pd.Series[Any], name: Any) -> pd.Series[Any]:
    """Returns the values of a Series in the order and under the index of the runs.

    Raises:
        SchemaError: its index is not that of the runs.
    """
    if values.index.equals(runs.index):
        return values
    if not values.index.is_unique or not runs.index.isin(values.index).all():
        hint = 'Make it of the runs themselves: by=runs["created_at"].dt.hour.'
        raise SchemaError(f"The Series {name!r} does not have the index of these runs.", hint=hint)
    return values.reindex(runs.index)
