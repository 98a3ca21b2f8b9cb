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
from agentrun_nb.errors import SchemaError
from agentrun_nb.files.content import Content, Marks, is_text, recognised
from agentrun_nb.files.marks import DURATION, JSON, LOCAL, durations_as_text, marked, unmarked

GUARD = "'"
"""Stands before a text that would be taken for something else; `load` takes it away."""
_FORMULA = "[=+\\-@\t\r\n'＝＋－＠]"
_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?inf|nan"
_MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?"
_RISKY = f"(?:{_FORMULA})"


_RISKY_FURTHER = f"(?:{_FORMULA}|(?:true|false|{_NUMBER}|{_MOMENT})$)"


def write_csv(
    cells: pa.Table, table: Table | None, marks: Marks, file: BinaryIO, path: Path
) -> None:
    """Writes a table as CSV in which no cell is a formula."""
    known = table.names if table else ()
    columns = [
        _csv_cells(column, _RISKY if name in known else _RISKY_FURTHER)
        for name, column in zip(cells.column_names, cells.columns, strict=True)
    ]
    titles = [
        name if name in known else marked(name, marks.get(name, ())) for name in cells.column_names
    ]
    names = [GUARD + name if re.match(_FORMULA, name) else name for name in titles]
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
    if pa.types.is_duration(kind):
        return durations_as_text(column)
    if pa.types.is_floating(kind):
        # With its point a float stays one: Arrow writes 2.0 as 2, which would come back as an
        # integer.
        return pa.chunked_array(
            [[None if value is None else repr(value) for value in column.to_pylist()]], pa.string()
        )
    if not is_text(kind):
        return column
    guarded = pc.binary_join_element_wise(pa.scalar(GUARD, kind), column, pa.scalar("", kind))
    return pc.if_else(pc.match_substring_regex(column, f"^{risky}"), guarded, column)


def read_csv(file: BinaryIO, path: Path) -> Content:
    """Reads what `write_csv` wrote, or another program's CSV of runs."""
    body = file.read()
    _check_layout(body[:_HEAD], path)
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
    titles = [name[1:] if re.match(GUARD + _FORMULA, name) else name for name in written]
    names, marks = zip(*map(unmarked, titles), strict=True) if titles else ((), ())
    cells = dict(zip(names, columns, strict=True))
    table = recognised(names)
    known = {
        name: _unguarded(column, _RISKY)
        for name, column in cells.items()
        if table and name in table.names
    }
    further = {
        name: _text(column)
        if DURATION in found or JSON in found or LOCAL in found
        else _further(column)
        for (name, column), found in zip(cells.items(), marks, strict=True)
        if name not in known
    }
    return Content(table, known, further, dict(zip(names, marks, strict=True)))


_HEAD = 4_096


def _check_layout(head: bytes, path: Path) -> None:
    """Raises SchemaError where a file is text of another encoding, or separated by something else than commas."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SchemaError(f"{path} is in UTF-16.", hint="Save it as CSV in UTF-8.")
    title = head.partition(b"\n")[0]
    for separator, word in ((b";", "semicolons"), (b"\t", "tabs")):
        if title.count(separator) > title.count(b","):
            raise SchemaError(
                f"{path} is separated by {word}, and not by commas.",
                hint=f"Save it with commas, or read it with pandas.read_csv(path, sep={separator.decode()!r}).",
            )


def _unguarded(column: pa.ChunkedArray, risky: str) -> pa.ChunkedArray:
    guarded = pc.match_substring_regex(column, f"^{GUARD}{risky}")
    return pc.if_else(guarded, pc.utf8_slice_codeunits(column, 1), column)


def _further(column: pa.ChunkedArray) -> pd.Series[Any]:
    """A column of the user: texts that all look like one type are of it, since those that only look so are guarded."""
    for pattern, kind in _KINDS:
        if pc.all(pc.match_substring_regex(column, f"^(?:{pattern})$")).as_py():
            try:
                return pd.Series(column.cast(kind).to_pandas(types_mapper=_NULLABLE.get))
            except pa.ArrowInvalid:
                continue
    if pc.all(pc.match_substring_regex(column, f"^(?:{_MOMENT})$")).as_py():
        return pd.to_datetime(column.to_pandas(), format="ISO8601")
    return _text(column)


def _text(column: pa.ChunkedArray) -> pd.Series[Any]:
    return _unguarded(column, _RISKY_FURTHER).to_pandas().astype("str")


_KINDS = (
    ("true|false", pa.bool_()),
    (r"-?\d+", pa.int64()),
    (r"\d+", pa.uint64()),
    (_NUMBER, pa.float64()),
)
"""What the texts of a column may all look like, and the type of such a column.

The first that holds them is taken.
"""

_NULLABLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.float64(): pd.Float64Dtype(),
}
