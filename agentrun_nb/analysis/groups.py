"""By what runs are grouped: columns, or values of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from agentrun_nb.errors import SchemaError
from agentrun_nb.tables.frames import check_columns

By: TypeAlias = "str | pd.Series[Any] | Sequence[str | pd.Series[Any]] | None"
"""A column, a Series under the index of the runs, or several of these."""


def with_groups(
    runs: pd.DataFrame, by: By, taken: Iterable[str] = ()
) -> tuple[pd.DataFrame, list[str]]:
    """Finds the columns to group by, and adds those that were given as a Series.

    Args:
        runs: a RUNS table.
        by: as above; a Series without a name becomes the column `group`.
        taken: names of columns that the result has of its own.

    Returns:
        The runs, and the names of the columns to group by, each once.

    Raises:
        SchemaError: there is no such column, a Series is not of these runs, or a name is taken.
    """
    names: list[str] = []
    for part in [by] if isinstance(by, str | pd.Series) else _listed(by):
        name: Any = part
        if isinstance(part, pd.Series):
            name = "group" if part.name is None else part.name
            runs = runs.assign(**{str(name): _of_these(runs, part, name)})
            name = str(name)
        check_columns(runs, [name])
        names += [] if name in names else [name]
    for name in names:
        if name in taken:
            hint = "Rename the column first: runs.rename(columns=...)."
            raise SchemaError(f"The result has a column {name!r} of its own.", hint=hint)
    return runs, names


def _listed(by: Any) -> list[Any]:
    parts = list(by) if isinstance(by, Iterable) else [by] if by is not None else []
    for part in parts:
        if not isinstance(part, str | pd.Series):
            hint = "Give the name of a column, a Series under the runs' index, or a list of these."
            raise SchemaError(f"Runs cannot be grouped by a {type(part).__name__}.", hint=hint)
    return parts


def _of_these(runs: pd.DataFrame, values: pd.Series[Any], name: Any) -> Any:
    """The values in the order of the runs."""
    if values.index.equals(runs.index):
        return values.array
    if not values.index.is_unique or not runs.index.isin(values.index).all():
        hint = 'Make it of the runs themselves: by=runs["created_at"].dt.hour.'
        raise SchemaError(f"The Series {name!r} does not have the index of these runs.", hint=hint)
    return values.reindex(runs.index).array
