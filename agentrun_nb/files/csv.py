"""Tables as CSV files: no cell is a formula, and each comes back as the text it was."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from agentrun_nb.core.schema import Table
from agentrun_nb.files.content import Content, is_text, recognised

GUARD = "'"
"""Stands before a text that would be taken for something else; `load` takes it away."""


_FORMULA = "[=+\\-@\t\r\n'＝＋－＠]"


_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?inf|nan"


_MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?"


_RISKY = f"(?:{_FORMULA})"


_RISKY_FURTHER = f"(?:{_FORMULA}|(?:true|false|{_NUMBER}|{_MOMENT})$)"


def write_csv(cells: pa.Table, table: Table, file: BinaryIO, path: Path) -> None:
    """Writes a table as CSV in which no cell is a formula."""
    columns = [
        _csv_cells(column, _RISKY if name in table.names else _RISKY_FURTHER)
        for name, column in zip(cells.column_names, cells.columns, strict=True)
    ]
    names = [GUARD + name if re.match(_FORMULA, name) else name for name in cells.column_names]
    pyarrow.csv.write_csv(pa.table(columns, names=names), file)


def _csv_cells(column: pa.ChunkedArray, risky: str) -> pa.ChunkedArray:
    """Times as ISO texts in UTC, texts behind the guard where they need it, others as they are."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _csv_cells(column.cast(kind.value_type), risky)
    if pa.types.is_timestamp(kind):
        closing = "" if kind.tz is None else "Z"
        utc = column if kind.tz is None else column.cast(pa.timestamp(kind.unit, "UTC"))
        return pc.strftime(utc, format=f"%Y-%m-%dT%H:%M:%S{closing}")
    if not is_text(kind):
        return column
    guarded = pc.binary_join_element_wise(pa.scalar(GUARD, kind), column, pa.scalar("", kind))
    return pc.if_else(pc.match_substring_regex(column, f"^{risky}"), guarded, column)


def read_csv(file: BinaryIO, path: Path) -> Content:
    """Reads what `write_csv` wrote, or another program's CSV of runs."""
    body = file.read()
    options = {
        "read_options": pyarrow.csv.ReadOptions(block_size=max(len(body), 1)),
        "parse_options": pyarrow.csv.ParseOptions(newlines_in_values=True),
    }
    written = pyarrow.csv.open_csv(pa.BufferReader(body), **options).schema.names
    text = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(written, pa.large_string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    columns = pyarrow.csv.read_csv(pa.BufferReader(body), **options, convert_options=text).columns
    names = [name[1:] if re.match(GUARD + _FORMULA, name) else name for name in written]
    cells = dict(zip(names, columns, strict=True))
    table = recognised(names)
    known = {name: _unguarded(column, _RISKY) for name, column in cells.items() if name in table.names}
    return Content(table, known, {name: _further(column) for name, column in cells.items() if name not in known})


def _unguarded(column: pa.ChunkedArray, risky: str) -> pa.ChunkedArray:
    guarded = pc.match_substring_regex(column, f"^{GUARD}{risky}")
    return pc.if_else(guarded, pc.utf8_slice_codeunits(column, 1), column)


def _further(column: pa.ChunkedArray) -> pd.Series[Any]:
    """A column of the user: texts that all look like one type are of it, since those that only look so are guarded."""
    for pattern, kind in (("true|false", pa.bool_()), (r"-?\d+", pa.int64()), (_NUMBER, pa.float64())):
        if pc.all(pc.match_substring_regex(column, f"^(?:{pattern})$")).as_py():
            try:
                return pd.Series(column.cast(kind).to_pandas(types_mapper=_NULLABLE.get))
            except pa.ArrowInvalid:
                continue
    if pc.all(pc.match_substring_regex(column, f"^(?:{_MOMENT})$")).as_py():
        return pd.to_datetime(column.to_pandas(), format="ISO8601")
    return _unguarded(column, _RISKY_FURTHER).to_pandas().astype("str")


_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
