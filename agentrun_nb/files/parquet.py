"""Tables as Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet

from agentrun_nb.core.schema import Table
from agentrun_nb.files.content import Content, recognised
from agentrun_nb.tables import report


def write_parquet(cells: pa.Table, table: Table, file: BinaryIO, path: Path) -> None:
    """Writes a table as Parquet."""
    pyarrow.parquet.write_table(cells, file, compression="zstd")


def read_parquet(file: BinaryIO, path: Path) -> Content:
    """Reads a table from Parquet."""
    cells = pyarrow.parquet.read_table(file)
    table = recognised(cells.column_names)
    further = cells.select([name for name in cells.column_names if name not in table.names]).to_pandas()
    known = {name: cells[name] for name in table.names if name in cells.column_names}
    return Content(table, known, dict(further.reset_index(drop=True).items()), further.attrs.get(report.ATTRS))
