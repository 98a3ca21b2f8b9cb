"""What a file of a table holds, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from agentrun_nb.core.schema import DEPLOYMENTS, LOGS, OBSERVATIONS, OUTPUTS, PHASES, RUNS, VERSIONS, Table

TABLES = (RUNS, OUTPUTS, PHASES, LOGS, OBSERVATIONS, DEPLOYMENTS, VERSIONS)


class Content(NamedTuple):
    """What a file holds: columns of the table as Arrow arrays, further ones as pandas columns, a fetch report."""

    table: Table
    cells: Mapping[str, Any]
    further: Mapping[str, Any]
    fetched: Any = None


class Format(NamedTuple):
    """How a kind of file is written and read; the path says where a second file may lie."""

    write: Callable[[pa.Table, Table, BinaryIO, Path], None]
    read: Callable[[BinaryIO, Path], Content]


def recognised(columns: Iterable[Any]) -> Table:
    """The table whose columns these are; RUNS where they are of none."""
    names = set(columns)
    return next((table for table in TABLES if names >= set(table.names)), RUNS)


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
