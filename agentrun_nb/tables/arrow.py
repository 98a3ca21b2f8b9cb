"""Makes frames of Arrow tables, each value as the table has it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import RUNS, Table

_NULLABLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
"""The dtypes of Arrow columns that would become floats or objects where they have gaps."""


def frame_of_arrow(cells: pa.Table, table: Table = RUNS) -> pd.DataFrame:
    """Makes a frame of an Arrow table that may lack the schema of a table of records.

    The dtypes that pandas wrote into the Arrow table count for further columns only: those of the
    table of records may have been changed since.
    """
    names = cells.column_names
    further = cells.select([name for name in names if name not in table.names])
    if len(set(names)) < len(names):
        return cells.to_pandas(ignore_metadata=True)
    columns = {name: column_of_arrow(cells[name]) for name in names if name in table.names}
    frame = further.to_pandas(types_mapper=_NULLABLE.get)
    if not columns:
        return frame
    known = pd.DataFrame(columns)
    if len(frame) == len(known):
        known.index = frame.index
    attrs = frame.attrs
    frame = known.assign(**dict(frame.items()))
    frame.attrs = attrs
    return frame


def column_of_arrow(cells: pa.ChunkedArray | pa.Array) -> pd.Series[Any]:
    """Makes a column of Arrow values; whole numbers stay whole, also inside objects and lists."""
    if pa.types.is_nested(cells.type):
        return pd.Series(cells.to_pylist(), dtype="object")
    return pd.Series(cells.to_pandas(types_mapper=_NULLABLE.get))
