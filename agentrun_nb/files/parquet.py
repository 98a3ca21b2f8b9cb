"""Writes and reads tables as Parquet files."""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import Table
from agentrun_nb.files.content import Content, Marks, recognised
from agentrun_nb.files.marks import INDEX, JSON
from agentrun_nb.tables import report
from agentrun_nb.tables.arrow import TEXTS, attrs_of

ROWS = 100_000
"""How many rows a row group has: few enough to be read singly, many enough to compress well."""

_MARKS = b"agentrun_nb_marks"


@cache
def pyarrow_parquet() -> Any:
    """The module of pyarrow, imported when the first file is read or written.

    It brings the file systems of clouds along, which take a while.
    """
    return import_module("pyarrow.parquet")


def write_parquet(
    cells: pa.Table, table: Table | None, marks: Marks, file: BinaryIO, path: Path
) -> None:
    """Writes a table as Parquet.

    Parquet has types for times and lengths of time, so only the other marks are written.
    """
    _write(cells, marks, file)


def parquet_bytes(cells: pa.Table, marks: Marks) -> bytes:
    """A table as the bytes of a Parquet file."""
    buffer = pa.BufferOutputStream()
    _write(cells, marks, buffer)
    body: bytes = buffer.getvalue().to_pybytes()
    return body


def _write(cells: pa.Table, marks: Marks, file: Any) -> None:
    needed = {}
    for name, known in marks.items():
        needed[name] = [mark for mark in known if mark in (INDEX, JSON)]
    metadata = dict(cells.schema.metadata or {})
    metadata[_MARKS] = json.dumps(needed).encode()
    cells = cells.replace_schema_metadata(metadata)
    pyarrow_parquet().write_table(
        cells, file, compression="zstd", row_group_size=ROWS, write_page_checksum=True
    )


def read_parquet(file: BinaryIO, path: Path) -> Content:
    """Reads a table from Parquet."""
    cells = pyarrow_parquet().read_table(file, page_checksum_verification=True)
    return content_of(cells, recognised(cells.column_names))


def content_of(cells: pa.Table, table: Table | None) -> Content:
    """The content of a Parquet file, of its columns.

    Args:
        cells: the columns.
        table: the table of records that they belong to; None for any other table.
    """
    names = table.names if table else []
    others = [name for name in cells.column_names if name not in names]
    further: dict[str, pd.Series[Any]] = {}
    if others:
        frame = cells.select(others).to_pandas(types_mapper=TEXTS.get)
        further = dict(frame.reset_index(drop=True).items())
    known = {name: cells[name] for name in names if name in cells.column_names}
    written = json.loads((cells.schema.metadata or {}).get(_MARKS, b"{}"))
    marks = {name: tuple(found) for name, found in written.items()}
    return Content(table, known, further, marks, attrs_of(cells).get(report.ATTRS))
