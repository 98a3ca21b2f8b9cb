"""Writes and reads tables as CSV files in which no cell is a formula."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import Table
from agentrun_nb.errors import SchemaError
from agentrun_nb.files.content import Content, Marks, is_text, recognised
from agentrun_nb.files.marks import DATE, DURATION, JSON, LOCAL, durations_as_text, marked, unmarked
from agentrun_nb.tables.moments import parse_times

GUARD = "'"
"""Stands before a text that would be taken for something else; `load` removes it."""

_FORMULA = "[=+\\-@\t\r\n'＝＋－＠]"
_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?inf|nan"
_MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?"
_RISKY = f"(?:{_FORMULA})"
"""The beginning of texts that need the guard: a spreadsheet would take them for formulas."""

_RISKY_FURTHER = f"(?:{_FORMULA}|(?:true|false|{_NUMBER}|{_MOMENT})$)"
"""The same for columns whose type is read from the texts: texts that look like another type."""


def write_csv(
    cells: pa.Table, table: Table | None, marks: Marks, file: BinaryIO, path: Path
) -> None:
    """Writes a table as CSV in which no cell is a formula."""
    known = table.names if table else ()
    columns = []
    titles = []
    for name, column in zip(cells.column_names, cells.columns, strict=True):
        is_known = name in known
        columns.append(_csv_cells(column, _RISKY if is_known else _RISKY_FURTHER))
        title = name if is_known else marked(name, marks.get(name, ()))
        titles.append(GUARD + title if re.match(_FORMULA, title) else title)
    pyarrow.csv.write_csv(pa.table(columns, names=titles), file)


def _csv_cells(column: pa.ChunkedArray, risky: str) -> pa.ChunkedArray:
    """Prepares a column: times as ISO texts in UTC, and the guard before texts that need it."""
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
        # Arrow writes 2.0 as 2, which would be read as an integer; repr keeps the point.
        texts = [None if value is None else repr(value) for value in column.to_pylist()]
        return pa.chunked_array([texts], pa.string())
    if not is_text(kind):
        return column
    guarded = pc.binary_join_element_wise(pa.scalar(GUARD, kind), column, pa.scalar("", kind))
    return pc.if_else(pc.match_substring_regex(column, f"^{risky}"), guarded, column)


def read_csv(file: BinaryIO, path: Path) -> Content:
    """Reads what `write_csv` wrote, or another program's CSV of runs."""
    body = file.read()
    _check_layout(body[:_HEAD], path)
    written, columns = _read_texts(body)
    titles = [name[1:] if re.match(GUARD + _FORMULA, name) else name for name in written]
    marks: dict[str, tuple[str, ...]] = {}
    cells: dict[str, pa.ChunkedArray] = {}
    for title, column in zip(titles, columns, strict=True):
        name, of_title = unmarked(title)
        if name in cells:
            raise SchemaError(f"The column {name!r} stands twice.", hint="Rename one of them.")
        marks[name] = of_title
        cells[name] = column
    table = recognised(cells)
    known = {}
    further = {}
    for name, column in cells.items():
        if table and name in table.names:
            known[name] = _unguarded(column, _RISKY)
        elif _IS_TEXT.intersection(marks[name]):
            further[name] = _text(column)
        else:
            further[name] = _typed(column)
    return Content(table, known, further, marks)


_IS_TEXT = {DATE, DURATION, JSON, LOCAL}
"""The marks of columns that are text in the file and are converted later."""


def _read_texts(body: bytes) -> tuple[list[str], list[pa.ChunkedArray]]:
    """The names and columns of a CSV file, every cell as text; an empty one is null."""
    reading = pyarrow.csv.ReadOptions(block_size=max(len(body), 1))
    parsing = pyarrow.csv.ParseOptions(newlines_in_values=True)
    # The names are needed before the cells are read: they say that each column is text.
    reader = pyarrow.csv.open_csv(
        pa.BufferReader(body), read_options=reading, parse_options=parsing
    )
    names = reader.schema.names
    conversion = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.large_string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    cells = pyarrow.csv.read_csv(
        pa.BufferReader(body),
        read_options=reading,
        parse_options=parsing,
        convert_options=conversion,
    )
    return names, cells.columns


_HEAD = 4_096
"""How many bytes of a file are looked at for its encoding and separator."""

_SEPARATORS = {b";": "semicolons", b"\t": "tabs"}


def _check_layout(head: bytes, path: Path) -> None:
    """Raises SchemaError where a file is in UTF-16, or not separated by commas."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SchemaError(f"{path} is in UTF-16.", hint="Save it as CSV in UTF-8.")
    title = head.partition(b"\n")[0]
    for separator, word in _SEPARATORS.items():
        if title.count(separator) > title.count(b","):
            sentence = f"{path} is separated by {word}, and not by commas."
            reading = f"pandas.read_csv(path, sep={separator.decode()!r})"
            raise SchemaError(sentence, hint=f"Save it with commas, or read it with {reading}.")


def _unguarded(column: pa.ChunkedArray, risky: str) -> pa.ChunkedArray:
    """Removes the guard from texts."""
    guarded = pc.match_substring_regex(column, f"^{GUARD}{risky}")
    return pc.if_else(guarded, pc.utf8_slice_codeunits(column, 1), column)


def _typed(column: pa.ChunkedArray) -> pd.Series[Any]:
    """Converts a further column to the type that all its texts look like.

    Texts that only look like another type have the guard, so they do not match.
    """
    for pattern, kind in _KINDS:
        if _all_match(column, pattern):
            try:
                return pd.Series(column.cast(kind).to_pandas(types_mapper=_NULLABLE.get))
            except pa.ArrowInvalid:
                continue
    if _all_match(column, _MOMENT):
        return parse_times(column.to_pandas())
    return _text(column)


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool | None:
    """Whether all texts match; None where there are none."""
    matches = pc.match_substring_regex(column, f"^(?:{pattern})$")
    result: bool | None = pc.all(matches).as_py()
    return result


def _text(column: pa.ChunkedArray) -> pd.Series[Any]:
    return _unguarded(column, _RISKY_FURTHER).to_pandas().astype(TEXT)


_KINDS = (
    ("true|false", pa.bool_()),
    (r"-?\d+", pa.int64()),
    (r"\d+", pa.uint64()),
    (_NUMBER, pa.float64()),
)
"""Patterns, each with the type of a column whose texts all match it. The first match is taken."""

_NULLABLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.float64(): pd.Float64Dtype(),
}
