"""Writes and reads tables as Excel workbooks, through openpyxl.

No cell is a formula, and texts and times that a sheet cannot hold are not lost.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core import times
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import Table
from agentrun_nb.errors import SchemaError, SettingsError
from agentrun_nb.files.atomic import replacing
from agentrun_nb.files.content import Content, Marks, recognised
from agentrun_nb.files.marks import DURATION, NUMBER, durations_as_text, marked, unmarked
from agentrun_nb.tables.moments import parse_times

MOST_CHARACTERS = 32_767
"""How many characters (UTF-16 units) a cell of a sheet can hold."""

MOST_ROWS = 1_048_575
"""How many rows a sheet can hold under its header."""

_UTC = " (UTC)"
"""Stands behind the names of columns of times."""

_DAY = 86_400_000_000
"""Microseconds of a day."""

_BEFORE_1970 = 25_569 * _DAY
"""A sheet counts days from the end of 1899, here in microseconds before 1970."""

_FIRST_SURE_DAY = 61
"""Excel counts a 29 February 1900 that was none; from the day after on all programs agree."""

_DAYS_UNTIL_10000 = 2_958_466
"""The first number of days that is no date of a sheet."""

_UNSURE = 5
"""By how many microseconds 15 digits of a number of days may be off."""

_EMPTY = '""'
"""Stands for the empty text, since an empty cell is a missing value."""

_REFERENCE = re.compile(
    r"\([\d,]+ characters, sha256 ([0-9a-f]{12}): line (\d+) of .+\)", re.DOTALL
)
"""What stands in a cell in place of a text that is too long for it."""

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""What a sheet cannot hold, or would read as an escape."""

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class SheetColumn(NamedTuple):
    """The values of a column of a sheet; times are ISO texts."""

    values: list[Any]
    is_time: bool


def long_path(path: Path) -> Path:
    """The path of the file for the texts that are too long for a sheet."""
    return path.with_suffix(".long.jsonl")


def write_excel(
    cells: pa.Table, table: Table | None, marks: Marks, file: BinaryIO, path: Path
) -> None:
    """Writes a table as a workbook, and texts that are too long into a second file beside it."""
    beside = long_path(path)
    long = _write_sheet(cells, table, marks, file, beside.name)
    if long:
        with replacing(beside) as second:
            second.writelines(long)
        count = f"{len(long):,} texts of over {MOST_CHARACTERS:,} characters"
        print(f"{count} lie in {beside.name}, beside {path.name}.")  # noqa: T201 - load needs both files


def read_excel(file: BinaryIO, path: Path) -> Content:
    """Reads a table from the first sheet of a workbook."""
    columns = _read_sheet(file, long_path(path))
    marks = dict(unmarked(title) for title in columns)
    table = recognised(marks)
    known = {}
    further = {}
    for title, column in columns.items():
        name, _ = unmarked(title)
        if table and title in table.names:
            is_time = table.columns[table.names.index(title)].kind == "time"
            known[title] = _column_texts(_with_dates_as_text(column) if is_time else column)
        else:
            further[name] = _column_series(column)
    return Content(table, known, further, marks)


def _write_sheet(
    cells: pa.Table, table: Table | None, marks: Marks, file: BinaryIO, beside: str
) -> list[bytes]:
    """Writes a workbook of one sheet.

    Args:
        cells: the columns.
        table: the table of records that they belong to; its name is the sheet's.
        marks: the marks behind the names of other columns.
        file: where to write.
        beside: the name of the file for texts that are too long.

    Returns:
        The lines of that file: JSON objects with the row's key, the column and the text.
    """
    if len(cells) > MOST_ROWS:
        sentence = f"A sheet holds {MOST_ROWS:,} rows, these are {len(cells):,}."
        raise SchemaError(sentence, hint="Save as .parquet.")
    book = _openpyxl().Workbook(write_only=True)
    key = cells.select([column.name for column in table.columns[:2]] if table else [])
    sheet = _Sheet(book.create_sheet(table.name.lower() if table else "table"), key)
    sheet.rows.freeze_panes = "A2"
    columns = [
        sheet.column(name, marks.get(name, ()), cells[name], beside) for name in cells.column_names
    ]
    # The columns are iterators that begin with the header: no more than a row is in memory.
    for row in zip(*columns, strict=True):
        sheet.rows.append(row)
    book.save(file)
    return sheet.long


class _Sheet:
    """A sheet that is being written.

    Attributes:
        rows: the sheet of openpyxl.
        long: the lines of the second file, for texts that are too long for the sheet.
    """

    def __init__(self, rows: Any, key: pa.Table) -> None:
        self.rows = rows
        self.long: list[bytes] = []
        self._key = key

    def column(
        self, name: str, marks: tuple[str, ...], cells: pa.ChunkedArray, beside: str
    ) -> Iterator[Any]:
        """Yields the header and then the cells of a column."""
        if pa.types.is_dictionary(cells.type):
            cells = cells.cast(cells.type.value_type)
        if isinstance(cells.type, pa.BaseExtensionType):
            # As text such values, of pandas.Period for one, would be the numbers behind them.
            reason = f"the column {name!r} holds values of the type {cells.type.extension_name}"
            raise pa.ArrowNotImplementedError(reason)
        if pa.types.is_floating(cells.type):
            # A sheet has no infinity: it stands there as text.
            is_finite = pc.is_finite(cells)
            if not pc.all(is_finite, min_count=0).as_py():
                marks = (NUMBER, *marks)
        title = _escape(marked(name, marks))
        if pa.types.is_timestamp(cells.type) and cells.type.tz:
            yield self._cell(title + _UTC)
            yield from self._times(cells)
            return
        # A bracket of the user's own is escaped, so that only that of " (UTC)" is one.
        yield self._cell(title.replace("(", "_x0028_"))
        if DURATION in marks:
            cells = pa.chunked_array([durations_as_text(cells)])
        if pa.types.is_boolean(cells.type):
            yield from cells.to_pylist()
        elif pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type):
            for value in cells.to_pylist():
                yield None if value is None else self._number(value)
        else:
            for row, text in enumerate(cells.cast(pa.large_string()).to_pylist()):
                yield None if text is None else self._text(text, name, row, beside)

    def _times(self, cells: pa.ChunkedArray) -> Iterator[Any]:
        """Yields times as numbers of days, or all of them as text.

        15 digits of a number of days, which is what other programs keep, tell times to some
        microseconds. Where a time needs more, the whole column is text: a mixed one sorts wrongly.
        """
        micros = cells.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
        all_fit = all(value is None or self._fits(value) for value in micros)
        write = self._serial if all_fit else self._iso
        for value in micros:
            yield None if value is None else write(value)

    def _cell(self, text: str, kind: str = "s") -> Any:
        cell = _openpyxl().cell.WriteOnlyCell(self.rows, text)
        cell.data_type = kind
        return cell

    @staticmethod
    def _fits(micros: int) -> bool:
        """Whether a number of days holds the time, also when it is written with 15 digits."""
        serial = (micros + _BEFORE_1970) / _DAY
        return serial >= _FIRST_SURE_DAY and _micros(float(f"{serial:.15g}")) == micros

    def _iso(self, micros: int) -> Any:
        return self._cell(times.iso(micros))

    def _serial(self, micros: int) -> Any:
        cell = self._cell(repr((micros + _BEFORE_1970) / _DAY), "n")
        cell.number_format = "yyyy-mm-dd hh:mm:ss.000"
        return cell

    def _number(self, value: float) -> Any:
        return self._cell(repr(value), "n" if isfinite(value) else "s")

    def _text(self, text: str, column: str, row: int, beside: str) -> Any:
        escaped = _escape(text)
        # A character is one or two UTF-16 units, so a short text needs no count of them.
        may_be_long = len(escaped) > MOST_CHARACTERS // 2
        if may_be_long and len(escaped.encode("utf-16-le")) > 2 * MOST_CHARACTERS:
            self.long.append(self._line(text, column, row))
            length, number = f"{len(text):,} characters", len(self.long)
            # As `_REFERENCE` reads it.
            escaped = f"({length}, sha256 {_sha256(text)}: line {number} of {beside})"
        return self._cell(escaped)

    def _line(self, text: str, column: str, row: int) -> bytes:
        """The line of a text in the second file, with the key of its row."""
        key = {name: self._key[name][row].as_py() for name in self._key.column_names}
        line = json.dumps({**key, "column": column, "text": text})
        return line.encode() + b"\n"


def _read_sheet(file: BinaryIO, beside: Path) -> dict[str, SheetColumn]:
    """Reads the columns of the first sheet of a workbook by the names in its first row."""
    book = _openpyxl().load_workbook(file, read_only=True, data_only=True)
    # Left alone, openpyxl turns serial numbers into datetimes and rounds them to milliseconds.
    book._date_formats = book._timedelta_formats = set()
    sheet = book.worksheets[0]
    sheet.reset_dimensions()
    rows = sheet.iter_rows(values_only=True)
    headed = list(zip_longest(*rows))
    book.close()
    long = _LongTexts(beside)
    columns: dict[str, SheetColumn] = {}
    for name, *values in headed:
        if name is None:
            continue
        is_time = str(name).endswith(_UTC)
        plain = _unescape(str(name).removesuffix(_UTC))
        if plain in columns:
            raise SchemaError(f"The column {plain!r} stands twice.", hint="Rename one of them.")
        read_values = [_value(value, is_time, long) for value in values]
        columns[plain] = SheetColumn(read_values, is_time)
    return columns


def _column_texts(column: SheetColumn) -> pa.Array:
    """Converts the values of a column to text, of whatever types they are in the sheet."""
    values = [None if value is None else _as_text(value) for value in column.values]
    return pa.array(values, pa.large_string())


def _with_dates_as_text(column: SheetColumn) -> SheetColumn:
    """Converts the dates of a sheet that another program wrote to ISO texts without a zone."""
    values = [
        times.iso(_micros(value)).removesuffix("Z") if _is_date(value) else value
        for value in column.values
    ]
    return column._replace(values=values)


def _is_date(value: Any) -> bool:
    """Whether a value is a number of days as a sheet has it, and not one since 1970."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and _FIRST_SURE_DAY <= value < _DAYS_UNTIL_10000


def _column_series(column: SheetColumn) -> pd.Series[Any]:
    """Converts a column that belongs to no table of records to a Series."""
    if column.is_time:
        return parse_times(pd.Series(column.values, dtype="object"), utc=True)
    kinds = {type(value) for value in column.values if value is not None}
    if float in kinds and kinds <= {float, int}:
        return pd.Series(column.values, dtype="Float64")
    if kinds == {int} and max(value for value in column.values if value is not None) >= 2**63:
        return pd.Series(column.values, dtype="UInt64")
    values = pd.Series(column.values, dtype="object").convert_dtypes()
    return values.astype(TEXT) if pd.api.types.is_string_dtype(values.dtype) else values


def _value(value: Any, is_time: bool, long: _LongTexts) -> Any:
    if is_time and isinstance(value, int | float):
        return times.iso(_micros(value))
    if not isinstance(value, str):
        return value
    if found := _REFERENCE.fullmatch(value):
        return long.text(int(found[2]), found[1])
    return _unescape(value)


class _LongTexts:
    """The file of the texts that are too long for a sheet, read when the first is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def text(self, line: int, digest: str) -> str:
        """The text on a line, counted from 1.

        Raises:
            SchemaError: the file is not there, or has another text on that line.
        """
        try:
            text = str(json.loads(self._lines[line - 1])["text"])
        except (OSError, ValueError, LookupError, TypeError):
            text = ""
        if _sha256(text) != digest:
            sentence = f"{self._path} lacks a text of this sheet."
            raise SchemaError(sentence, hint="Keep the two files together.")
        return text

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._path.read_bytes().splitlines()


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _micros(serial: float) -> int:
    """Converts a number of days to microseconds since the epoch.

    A time that is as near to a whole millisecond as 15 digits can tell is taken as that.
    """
    micros = round(serial * _DAY) - _BEFORE_1970
    whole = round(micros, -3)
    return whole if abs(micros - whole) <= _UNSURE else micros


def _sha256(text: str) -> str:
    """The first 12 digits of the hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _escape(text: str) -> str:
    """Escapes what a sheet cannot hold as Excel itself does, such as `_x0001_`.

    What would be read as something else is escaped too.
    """
    if text == "":
        return _EMPTY
    if text == _EMPTY or _REFERENCE.fullmatch(text):
        return f"_x{ord(text[0]):04X}_{_escape(text[1:])}"
    return _UNSAFE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def _unescape(text: str) -> str:
    if text == _EMPTY:
        return ""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError:
        hint = "pip install 'agentrun-nb[excel]'"
        raise SettingsError("Excel files need openpyxl.", hint=hint) from None
    return openpyxl
