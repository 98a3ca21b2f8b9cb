"""Makes frames of Arrow tables, each value as the table has it."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow as pa

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS, Table

TEXTS = {} if str(TEXT) == "str" else {pa.string(): TEXT, pa.large_string(): TEXT}
"""The dtypes of Arrow columns of text, for `to_pandas`; pandas 3 takes them without being told."""

_NULLABLE = {
    **TEXTS,
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
    frame.attrs = attrs_of(cells)
    if not columns:
        return frame
    known = pd.DataFrame(columns)
    if len(frame) == len(known):
        known.index = frame.index
    known.attrs = frame.attrs
    return known.assign(**dict(frame.items()))


def with_attrs(cells: pa.Table, attrs: dict[str, Any]) -> pa.Table:
    """Writes the `attrs` of a frame to where pyarrow has them from its version 20 on."""
    metadata = dict(cells.schema.metadata or {})
    pandas = json.loads(metadata.get(b"pandas", b"{}"))
    metadata[b"pandas"] = json.dumps({**pandas, "attributes": attrs}).encode()
    return cells.replace_schema_metadata(metadata)


def attrs_of(cells: pa.Table) -> dict[str, Any]:
    """Reads the `attrs` of the frame that a table was made of, in every version of pyarrow."""
    pandas = json.loads((cells.schema.metadata or {}).get(b"pandas", b"{}"))
    attrs: dict[str, Any] = pandas.get("attributes") or {}
    return attrs


def column_of_arrow(cells: pa.ChunkedArray | pa.Array) -> pd.Series[Any]:
    """Makes a column of Arrow values; whole numbers stay whole, also inside objects and lists."""
    if pa.types.is_nested(cells.type):
        return pd.Series(cells.to_pylist(), dtype="object")
    return pd.Series(cells.to_pandas(types_mapper=_NULLABLE.get))
