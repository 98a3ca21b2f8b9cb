"""Finds the columns by which runs are grouped, or adds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from agentrun_nb.errors import SchemaError
from agentrun_nb.tables.frames import check_columns
from agentrun_nb.tables.labels import Names, with_labels

By: TypeAlias = "str | pd.Series[Any] | Sequence[str | pd.Series[Any]] | None"
"""A column, a Series under the index of the runs, or several of these."""


def with_groups(
    runs: pd.DataFrame, by: By, taken: Iterable[str] = (), names: Names = None
) -> tuple[pd.DataFrame, list[str]]:
    """Finds the columns to group by, and adds those that were given as a Series.

    Args:
        runs: a RUNS table.
        by: the columns or Series; a Series without a name becomes the column `group`.
        taken: the names of the columns that the result has besides.
        names: labels for the ids of deployments and versions in the columns to group by.

    Returns:
        The runs, and the names of the columns to group by, each once.

    Raises:
        SchemaError: there is no such column, a Series is not of these runs, or a name is taken.
        SettingsError: `names` is no mapping of texts to texts.
    """
    columns: list[str] = []
    for part in _as_list(by):
        column: Any = part
        if isinstance(part, pd.Series):
            column = "group" if part.name is None else part.name
            values = _values_of(runs, part, column)
            column = str(column)
            runs = runs.assign(**{column: values})
        check_columns(runs, [column])
        if column not in columns:
            columns.append(column)
    for column in columns:
        if column in taken:
            hint = "Rename the column first: runs.rename(columns=...)."
            raise SchemaError(f"The result has a column {column!r} of its own.", hint=hint)
    return with_labels(runs, names, columns), columns


def _as_list(by: Any) -> list[Any]:
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
            raise SchemaError(f"Runs cannot be grouped by a {type(part).__name__}.", hint=hint)
    return parts


def _values_of(runs: pd.DataFrame, values: pd.Series[Any], name: Any) -> Any:
    """Returns the values of a Series in the order of the runs.

    Raises:
        SchemaError: its index is not that of the runs.
    """
    if values.index.equals(runs.index):
        return values.array
    if not values.index.is_unique or not runs.index.isin(values.index).all():
        hint = 'Make it of the runs themselves: by=runs["created_at"].dt.hour.'
        raise SchemaError(f"The Series {name!r} does not have the index of these runs.", hint=hint)
    return values.reindex(runs.index).array
