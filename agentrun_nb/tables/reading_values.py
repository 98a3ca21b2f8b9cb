"""Reads the values of a column that lost its dtype.

Each kind of column has a reader. What cannot be read gives an empty cell, and what was odd is
returned with the row that it stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core import jsontext, times
from agentrun_nb.core.dtypes import COLUMN_DTYPES
from agentrun_nb.core.schema import Column, Kind
from agentrun_nb.tables.encode import document_text

Noted = dict[int, tuple[str, Any]]
"""What was odd about a column: by the position of the row a code and the value as it was."""

UNREADABLE = (ValueError, TypeError, ArithmeticError, RecursionError)
"""What is raised by values that have no place in a column."""


def categories(column: Column, values: Iterable[Any]) -> list[str]:
    """Lists the categories of a column: the documented ones in order, then any others, sorted."""
    texts = {value for value in values if isinstance(value, str)}
    others = texts - set(column.known)
    return [*column.known, *sorted(others)]


def read_values(column: Column, found: pd.Series[Any]) -> tuple[pd.Series[Any], Noted]:
    """Reads values as the dtype of a table's column.

    Args:
        column: the table's column.
        found: the values, of whatever dtype.

    Returns:
        A column with the index and the name of the values, and what was odd about them.
    """
    noted: Noted = {}
    return _READERS[column.kind](column, found, noted), noted


def cells_of(found: pd.Series[Any]) -> list[Any]:
    """The values of a column as Python objects, None where it is NA."""
    objects = found.astype("object")
    cells: list[Any] = objects.where(found.notna(), None).tolist()
    return cells


def series_of(found: pd.Series[Any], cells: list[Any], kind: Kind) -> pd.Series[Any]:
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
    cells = cells_of(found)
    for place, value in enumerate(cells):
        if value is None:
            continue
        try:
            cells[place], code = read(value)
        except UNREADABLE:
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
    return series_of(found, _read_each(column, found, noted, _text), "text")


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
    return series_of(found, _read_each(column, found, noted, _document), "json")


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
    return series_of(found, _read_each(column, found, noted, _truth), "bool")


def _truth(value: Any) -> tuple[bool | None, str | None]:
    word = str(value).strip().casefold()
    if word not in _BOOLEANS:
        raise ValueError
    return _BOOLEANS[word], None


def _read_integer(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    if _are_whole(found):
        try:
            return found.astype(COLUMN_DTYPES["int"])
        except UNREADABLE:
            pass  # a number that is too large: the cells say which
    return series_of(found, _read_each(column, found, noted, _integer), "int")


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
        except UNREADABLE:
            pass  # a time that is far too early or too late: the cells say which
    cells = cells_of(found)
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
    outside = outside_calendar(whole)
    originals = stamps.dt.tz_localize(None).to_numpy()
    for place in np.flatnonzero(outside):
        noted[int(place)] = ("out_of_range", str(originals[place]))
    if originals.dtype == "datetime64[ns]":
        nanoseconds = np.where(np.isnat(originals), 0, originals.astype("int64") % 1_000)
        for place in np.flatnonzero(nanoseconds):
            noted[int(place)] = ("cut_precision", f"{originals[place]}Z")
    return whole.mask(outside) if outside.any() else whole


def outside_calendar(found: pd.Series[Any]) -> NDArray[np.bool_]:
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
