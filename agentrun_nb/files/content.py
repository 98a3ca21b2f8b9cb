"""What a file of a table holds, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import (
    DEPLOYMENTS,
    LOGS,
    OBSERVATIONS,
    OUTPUTS,
    PHASES,
    RUNS,
    VERSIONS,
    Table,
)

TABLES = (RUNS, OUTPUTS, PHASES, LOGS, OBSERVATIONS, DEPLOYMENTS, VERSIONS)


Marks = Mapping[str, tuple[str, ...]]
"""Of a column's name what a plain file cannot say of the column; see `files.marks`."""


class Content(NamedTuple):
    """What a file holds.

    Attributes:
        table: whose records they are; None for any other table.
        cells: the table's columns, as Arrow arrays.
        further: all other columns, as pandas has them.
        marks: what the further columns were before they were plain.
        fetched: the fetch report that came along.
    """

    table: Table | None
    cells: Mapping[str, Any]
    further: Mapping[str, pd.Series[Any]]
    marks: Marks = MappingProxyType({})
    fetched: Any = None


class Format(NamedTuple):
    """How a kind of file is written and read; the path says where a second file may lie."""

    write: Callable[[pa.Table, Table | None, Marks, BinaryIO, Path], None]
    read: Callable[[BinaryIO, Path], Content]


def recognised(columns: Iterable[Any]) -> Table | None:
    """The table of records whose columns these are, None where they are of another table.

    A table of runs may lack columns: it has their key, and the moment of creation or nothing that
    is not a run's.
    """
    names = set(columns)
    whole = next((table for table in TABLES if names >= set(table.names)), None)
    if whole is not None:
        return whole
    key = {column.name for column in RUNS.columns[:2]}
    return RUNS if key <= names and ("created_at" in names or names <= set(RUNS.names)) else None


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
