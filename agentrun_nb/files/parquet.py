"""Writes and reads tables as Parquet files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet

from agentrun_nb.core.schema import Table
from agentrun_nb.files.content import Content, Marks, recognised
from agentrun_nb.files.marks import INDEX, JSON
from agentrun_nb.tables import report

ROWS = 100_000
"""How many rows a row group has: few enough to be read singly, many enough to compress well."""

_MARKS = b"agentrun_nb_marks"


def write_parquet(
    cells: pa.Table, table: Table | None, marks: Marks, file: BinaryIO, path: Path
) -> None:
    """Writes a table as Parquet.

    Parquet has types for times and lengths of time, so only the other marks are written.
    """
    needed = {}
    for name, known in marks.items():
        needed[name] = [mark for mark in known if mark in (INDEX, JSON)]
    metadata = dict(cells.schema.metadata or {})
    metadata[_MARKS] = json.dumps(needed).encode()
    cells = cells.replace_schema_metadata(metadata)
    pyarrow.parquet.write_table(cells, file, compression="zstd", row_group_size=ROWS)


def read_parquet(file: BinaryIO, path: Path) -> Content:
    """Reads a table from Parquet."""
    cells = pyarrow.parquet.read_table(file)
    table = recognised(cells.column_names)
    names = table.names if table else []
    further = cells.select([name for name in cells.column_names if name not in names]).to_pandas()
    known = {name: cells[name] for name in names if name in cells.column_names}
    written = json.loads((cells.schema.metadata or {}).get(_MARKS, b"{}"))
    marks = {name: tuple(found) for name, found in written.items()}
    columns = dict(further.reset_index(drop=True).items())
    return Content(table, known, columns, marks, further.attrs.get(report.ATTRS))
