"""Restores the columns and dtypes of a table to a frame that lost them.

Values that can be read are converted, and any other leaves an empty cell and a note. A column of
which no value can be read raises an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from agentrun_nb.core import jsontext, times
from agentrun_nb.core.dtypes import COLUMN_DTYPES
from agentrun_nb.core.schema import (
    RUNS,
    TABLES,
    Column,
    Kind,
    Table,
)
from agentrun_nb.errors import SchemaError
from agentrun_nb.records.batch import ARROW, TIMES_IN_ORDER, out_of_order
from agentrun_nb.records.cells import Notes
from agentrun_nb.tables.encode import document_text, json_value

Noted = dict[int, tuple[str, Any]]
"""What was odd about a column: by the position of the row a code and the value as it was."""

_UNREADABLE = (ValueError, TypeError, ArithmeticError, RecursionError)
"""What is raised by values that have no place in a column."""

OTHERS = [table for table in TABLES if table is not RUNS and "deployment_id" in table.names]
"""Tables that have a key like that of runs, and hold something else than runs."""

_MERGED = {"_x", "_y", "_left", "_right"}
"""Suffixes that pandas and polars add where both sides of a merge have a column."""


def categories(column: Column, values: Iterable[Any]) -> list[str]:
    """Lists the categories of a column: the documented ones in order, then any others, sorted."""
    texts = {value for value in values if isinstance(value, str)}
    others = texts - set(column.known)
    return [*column.known, *sorted(others)]


def mend(frame: pd.DataFrame, table: Table = RUNS) -> pd.DataFrame:
    """Restores the columns and dtypes of a table, whatever a filter, merge or concat left of them.

    The index, further columns and `attrs` stay. A frame that has all columns and dtypes is returned
    unchanged. The key of a run may stand in the index, and `run_id` in place of `id`. Times may be
    texts (RFC 3339) or numbers since the epoch. As in a record, a value that cannot be read, such
    as a text that is not RFC 3339, gives an empty cell and a note.

    Raises:
        SchemaError: it is not a frame, it lacks the table's key columns, or a column holds several
            values of which none can be read.
    """
    hint = f"Give a table of {table.name.lower()} as the client gives it."
    if table is RUNS:
        hint = "Give a frame of client.list_runs, client.get_runs, arn.load or arn.runs_frame."
    if not isinstance(frame, pd.DataFrame):
        sentence = f"A {type(frame).__name__} is not a table of {table.name.lower()}."
        raise SchemaError(sentence, hint=hint)
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        sentence = f"The column {twice[0]!r} stands twice in this frame."
        raise SchemaError(sentence, hint="Rename or drop one of them.")
    _check_merge(frame, table)
    _check_table(frame, table)
    frame = _with_key(frame, table, hint)
    has_notes = "parse_notes" in frame.columns
    given = frame
    changed: dict[str, Any] = {}
    noted: dict[str, Noted] = {}
    for column in table.columns:
        if column.name not in frame.columns:
            changed[column.name] = pd.Series(None, index=frame.index, dtype="object")
        found = changed.get(column.name, frame.get(column.name))
        if not _has_dtype(column, found):
            changed[column.name], noted[column.name] = _converted(table, column, found)
    if changed:
        frame = frame.assign(**changed)
    if any(noted.values()) and "parse_notes" in table.names:
        frame = frame.assign(parse_notes=_with_notes(frame["parse_notes"], noted))
    if table is RUNS and not has_notes:
        # Times that came with notes were looked at when the record was read.
        frame = frame.assign(parse_notes=_with_notes(frame["parse_notes"], _order(frame, given)))
    further = [name for name in frame.columns if name not in table.names]
    ordered = [*table.names, *further]
    return frame if list(frame.columns) == ordered else frame[ordered]


def _check_merge(frame: pd.DataFrame, table: Table) -> None:
    """Raises SchemaError where a merge left two columns in place of one.

    Only the user knows which of them is meant.
    """
    names = [name for name in frame.columns if isinstance(name, str)]
    absent = [column.name for column in table.columns if column.name not in names]
    endings = {name: _endings(name, names) for name in absent}
    # Suffixes that the user chose are recognised by several columns having the same ones.
    counts = Counter(ending for found in endings.values() for ending in found)
    own = {ending for ending, count in counts.items() if count > 1}
    left_by_merge = _MERGED | (own if len(own) > 1 else set())
    for name in absent:
        left = [name + ending for ending in endings[name] if ending in left_by_merge]
        if left:
            columns = " and ".join(map(repr, left))
            sentence = f"In place of {name!r} this frame has {columns}, as a merge leaves them."
            hint = f"Rename the right one to {name!r}, or merge with suffixes=('', '_other')."
            raise SchemaError(sentence, hint=hint)


def _endings(name: str, names: list[str]) -> list[str]:
    """The suffixes of columns that begin with a name, such as `_x` where there is `status_x`."""
    endings = [other[len(name) :] for other in names if other.startswith(name)]
    return [ending for ending in endings if not ending[0].isalnum()]


def _check_table(frame: pd.DataFrame, table: Table) -> None:
    """Raises SchemaError where runs are expected and the frame is another table."""
    columns = set(frame.columns)
    if table is not RUNS or set(RUNS.names) <= columns:
        return
    for other in OTHERS:
        if set(other.names) <= columns:
            sentence = f"This frame is a table of {other.name.lower()}, and not of runs."
            raise SchemaError(sentence, hint="Give the runs themselves.")


def _with_key(frame: pd.DataFrame, table: Table, hint: str) -> pd.DataFrame:
    """The frame with the two key columns, which may stand in the index or be called `run_id`."""
    missing = []
    for column in table.columns[:2]:
        name = column.name
        if name in frame.columns:
            continue
        other_name = "run_id" if table is RUNS and name == "id" else name
        if name in frame.index.names:
            frame = frame.assign(**{name: frame.index.get_level_values(name)})
        elif other_name in frame.columns:
            frame = frame.rename(columns={other_name: name})
        elif other_name in frame.index.names:
            frame = frame.assign(**{name: frame.index.get_level_values(other_name)})
        else:
            missing.append(name)
    if missing:
        names = " and no ".join(missing)
        sentence = f"This frame is not a table of {table.name.lower()}: it has no {names}."
        raise SchemaError(sentence, hint=hint)
    return frame


def _has_dtype(column: Column, found: pd.Series[Any]) -> bool:
    """Whether values have the dtype of the table's column, and all its categories in order."""
    if column.kind == "time":
        return bool(found.dtype == COLUMN_DTYPES["time"]) and not _outside_calendar(found).any()
    if column.kind != "category":
        return bool(found.dtype == COLUMN_DTYPES[column.kind])
    if not isinstance(found.dtype, pd.CategoricalDtype) or found.cat.ordered:
        return False
    own = found.cat.categories
    return list(own) == categories(column, own)


def _converted(table: Table, column: Column, found: pd.Series[Any]) -> tuple[pd.Series[Any], Noted]:
    """Converts values to the dtype of the table's column; returns them and what was odd.

    Raises:
        SchemaError: there are several values and none can be read, so this is another column; or
            one cannot be read and the table has no place for a note.
    """
    noted: Noted = {}
    cells = _READERS[column.kind](column, found, noted)
    is_empty = cells.isna().to_numpy()
    unread = [value for place, (_, value) in noted.items() if is_empty[place]]
    if column.kind == "time" and any(_begins_with_year(value) for value in unread):
        return cells, noted
    # Where most rows are empty, a few odd values say nothing about the column.
    is_other_column = len(unread) > 1 and is_empty.all() and 2 * len(unread) > len(cells)
    if is_other_column or (unread and "parse_notes" not in table.names):
        dtype = {"json": "JSON", "category": "text"}.get(column.kind, COLUMN_DTYPES[column.kind])
        example = _clipped(unread[0])
        sentence = f"The column {column.name!r} cannot be read as {dtype}: there is {example}."
        raise SchemaError(sentence, hint="Mend its values, or drop the column.")
    return cells, noted


def _order(frame: pd.DataFrame, given: pd.DataFrame) -> dict[str, Noted]:
    """The times that are not in order, as in a record.

    Args:
        frame: the runs with their dtypes.
        given: the same runs with the values as they came.
    """
    cells = {name: pa.array(frame[name], ARROW["time"]) for name in TIMES_IN_ORDER}
    noted: dict[str, Noted] = {}
    for name, rows in out_of_order(cells).items():
        if not rows:
            continue
        values = given[name].iloc[rows]
        noted[name] = {row: ("time_order", value) for row, value in zip(rows, values, strict=True)}
    return noted


def _begins_with_year(value: Any) -> bool:
    """Whether a text that cannot be read is still meant as a time."""
    return isinstance(value, str) and value[:4].isdigit()


def _clipped(value: Any) -> str:
    """A value as an error shows it; its type where it cannot be written."""
    try:
        return repr(value)[:80]
    except Exception:  # the code of foreign objects may raise anything
        return f"a {type(value).__name__}"


def _cells(found: pd.Series[Any]) -> list[Any]:
    """The values of a column as Python objects, None where it is NA."""
    objects = found.astype("object")
    cells: list[Any] = objects.where(found.notna(), None).tolist()
    return cells


def _series(found: pd.Series[Any], cells: list[Any], kind: Kind) -> pd.Series[Any]:
    """Cells as a column of a kind, with the index and name of the column they come from."""
    objects = pd.Series(cells, index=found.index, name=found.name, dtype="object")
    return objects.astype(COLUMN_DTYPES[kind])


def _read_each(
    column: Column,
    found: pd.Series[Any],
    noted: Noted,
    read: Callable[[Any], tuple[Any, str | None]],
) -> list[Any]:
    """Reads a column cell by cell.

    Args:
        column: the table's column.
        found: the values.
        noted: is filled with what was odd.
        read: reads a value that is not missing, and says what was odd about it; or raises.
    """
    cells = _cells(found)
    for place, value in enumerate(cells):
        if value is None:
            continue
        try:
            cells[place], code = read(value)
        except _UNREADABLE:
            cells[place], code = None, _CODES[column.kind]
        if code is not None:
            noted[place] = (code, value)
    return cells


_CODES: dict[Kind, str] = {
    "text": "not_text",
    "category": "not_text",
    "json": "not_object",
    "bool": "unknown_value",
    "int": "not_integer",
    "time": "bad_time",
}
"""What is noted of a value that cannot be read, as for one of a record."""


def _read_text(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    return _series(found, _read_each(column, found, noted, _text), "text")


def _text(value: Any) -> tuple[str, str | None]:
    """Reads a text, or a number: pandas makes numbers of ids, and floats where there are gaps."""
    if isinstance(value, str):
        mended = jsontext.valid_unicode(value)
        return mended, None if mended == value else "not_unicode"
    number = value.item() if isinstance(value, np.number) else value
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        raise TypeError
    return str(int(number)) if number % 1 == 0 else str(number), None


def _read_document(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    return _series(found, _read_each(column, found, noted, _document), "json")


def _document(value: Any) -> tuple[str, str | None]:
    return document_text(value), None


def _read_category(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    cells = _read_each(column, found, noted, _word_of_category)
    text = pd.Series(cells, index=found.index, name=found.name, dtype="object")
    return text.astype(pd.CategoricalDtype(categories(column, text.unique())))


def _word_of_category(value: Any) -> tuple[str, str | None]:
    if not isinstance(value, str):
        raise TypeError
    return value, None


_BOOLEANS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0"), False),
    "": None,
}
"""The texts that are read as true, as false and as missing."""


def _read_bool(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    return _series(found, _read_each(column, found, noted, _truth), "bool")


def _truth(value: Any) -> tuple[bool | None, str | None]:
    word = str(value).strip().casefold()
    if word not in _BOOLEANS:
        raise ValueError
    return _BOOLEANS[word], None


def _read_integer(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    if _are_whole(found):
        try:
            return found.astype(COLUMN_DTYPES["int"])
        except _UNREADABLE:
            pass  # a number that is too large: the cells say which
    return _series(found, _read_each(column, found, noted, _integer), "int")


def _are_whole(found: pd.Series[Any]) -> bool:
    """Whether a column holds whole numbers only; pandas would cut the decimals of others off."""
    if pd.api.types.is_integer_dtype(found.dtype):
        return True
    if not pd.api.types.is_float_dtype(found.dtype):
        return False
    numbers = found.dropna().to_numpy("float64")
    is_small = np.abs(numbers) < 2.0**63
    return bool((is_small & (numbers == np.trunc(numbers))).all())


_INT64 = np.iinfo("int64")


def _integer(value: Any) -> tuple[int | None, str | None]:
    """Reads a whole number, also from text; an empty text is missing."""
    text = str(value).strip()
    if not text:
        return None, None
    # A float would lose the last digits of long numbers.
    number = Decimal(text)
    if not number.is_finite() or number.adjusted() > 40 or number != int(number):
        raise ValueError
    if not _INT64.min <= number <= _INT64.max:
        return None, "out_of_range"
    return int(number), None


_NOT_A_TIME = np.iinfo("int64").min
"""The integer that numpy takes as NaT."""


def _read_time(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    if isinstance(found.dtype, pd.DatetimeTZDtype) or found.dtype.kind == "M":
        try:
            return _in_calendar(found, noted)
        except _UNREADABLE:
            pass  # a time that is far too early or too late: the cells say which
    cells = _cells(found)
    if all(isinstance(value, str | None) for value in cells):
        moments = times.read_times(cells)
        if moments is not None:
            naive = moments.to_numpy(zero_copy_only=False)
            return pd.Series(naive, found.index, name=found.name).dt.tz_localize("UTC")
    micros = _read_each(column, found, noted, _moment)
    integers = [_NOT_A_TIME if value is None else value for value in micros]
    naive = np.array(integers, "int64").view("datetime64[us]")
    stamps = pd.DatetimeIndex(naive).tz_localize("UTC")
    return pd.Series(stamps, index=found.index, name=found.name)


def _in_calendar(found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    """Times to the microsecond; those that Python's calendar does not have are missing.

    Raises:
        OverflowError: microseconds cannot count one of them.
    """
    stamps = pd.to_datetime(found, utc=True)
    whole = stamps.astype(COLUMN_DTYPES["time"])
    outside = _outside_calendar(whole)
    originals = stamps.dt.tz_localize(None).to_numpy()
    for place in np.flatnonzero(outside):
        noted[int(place)] = ("out_of_range", str(originals[place]))
    if originals.dtype == "datetime64[ns]":
        nanoseconds = np.where(np.isnat(originals), 0, originals.astype("int64") % 1_000)
        for place in np.flatnonzero(nanoseconds):
            noted[int(place)] = ("cut_precision", f"{originals[place]}Z")
    return whole.mask(outside) if outside.any() else whole


def _outside_calendar(found: pd.Series[Any]) -> NDArray[np.bool_]:
    """Which times, whole microseconds in UTC, lie outside of the years 1 to 9999."""
    naive = found.dt.tz_localize(None).to_numpy("datetime64[us]")
    micros = naive.astype("int64")
    is_outside = (micros < times.LOWEST) | (micros > times.HIGHEST)
    outside: NDArray[np.bool_] = is_outside & ~np.isnat(naive)
    return outside


def _moment(value: Any) -> tuple[int | None, str | None]:
    """Reads a time as microseconds since the epoch; an empty text is missing."""
    if value == "":
        return None, None
    if isinstance(value, str):
        return times.read_time(value)
    if isinstance(value, datetime | np.datetime64):
        return _stamp(value)
    number = value.item() if isinstance(value, np.number) else value
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        raise TypeError
    return times.read_epoch(float(number) if isinstance(number, Decimal) else number)


def _stamp(value: datetime | np.datetime64) -> tuple[int | None, str | None]:
    try:
        stamp = pd.Timestamp(value)
        micros = _stamp_micros(stamp)
    except (ValueError, OverflowError):
        return None, "out_of_range"
    if not times.LOWEST <= micros <= times.HIGHEST:
        return None, "out_of_range"
    return micros, "cut_precision" if stamp.nanosecond else None


def _stamp_micros(stamp: pd.Timestamp) -> int:
    """A Timestamp in microseconds since the epoch; a naive one is taken as UTC."""
    aware = stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    naive = aware.as_unit("us").tz_localize(None)
    return int(naive.to_numpy().astype("int64"))


_Reader = Callable[[Column, "pd.Series[Any]", Noted], "pd.Series[Any]"]
_READERS: dict[Kind, _Reader] = {
    "text": _read_text,
    "json": _read_document,
    "category": _read_category,
    "bool": _read_bool,
    "int": _read_integer,
    "time": _read_time,
}


def _with_notes(before: pd.Series[Any], noted: dict[str, Noted]) -> pd.Series[Any]:
    """The column of notes with new ones added."""
    cells = _cells(before)
    for name, odd in noted.items():
        for place, (code, value) in odd.items():
            original = _original(value)
            if code == "time_order":
                original = original.strip(b'"')  # as in the note of a record
            notes = Notes()
            notes.add(name, code, original)
            known = (cells[place], notes.text)
            cells[place] = "; ".join(note for note in known if note)
    return _series(before, cells, "text")


def _original(value: Any) -> bytes:
    """A value as the JSON text that a record would have; as Python shows it where there is none."""
    if isinstance(value, bytes):
        return _clipped(value).encode()
    try:
        return msgspec.json.encode(value, enc_hook=json_value)
    except UnicodeError:
        return document_text([value]).encode()[1:-1]
    except _UNREADABLE:
        return _clipped(value).encode("utf-8", "replace")
