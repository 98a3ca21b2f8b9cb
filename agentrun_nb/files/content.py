"""The content of a saved table, as all file formats read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import RUNS, TABLES, Table

Marks = Mapping[str, tuple[str, ...]]
"""By a column's name what a plain file cannot say of the column; see `files.marks`."""


class Content(NamedTuple):
    """The content of a file.

    Attributes:
        table: the table of records that it holds; None for any other table.
        cells: the columns of the table of records, as Arrow arrays.
        further: all other columns, as Series.
        marks: what a plain file cannot say of the further columns.
        fetched: the fetch report that the file holds.
    """

    table: Table | None
    cells: Mapping[str, Any]
    further: Mapping[str, pd.Series[Any]]
    marks: Marks = MappingProxyType({})
    fetched: Any = None


class Format(NamedTuple):
    """The functions that write and read a format; the path says where a second file may lie."""

    write: Callable[[pa.Table, Table | None, Marks, BinaryIO, Path], None]
    read: Callable[[BinaryIO, Path], Content]
    has_types: bool = False
    """Whether a file of it says which values are numbers and which are texts."""


def recognised(columns: Iterable[Any]) -> Table | None:
    """Recognises a table of records by its columns; None for any other table.

    A table of runs may lack columns. It is recognised by their key, together with `created_at` or
    with no column that is not one of runs.
    """
    names = set(columns)
    whole = [table for table in TABLES if names >= set(table.names)]
    if whole:
        # A table with further columns may have all those of a smaller one too.
        return max(whole, key=lambda table: len(table.names))
    key = {column.name for column in RUNS.columns[:2]}
    return RUNS if key <= names and ("created_at" in names or names <= set(RUNS.names)) else None


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type is text."""
    return kind in (pa.string(), pa.large_string())
