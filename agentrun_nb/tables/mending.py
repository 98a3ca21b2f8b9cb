"""Restores the columns and dtypes of a table to a frame that lost them.

Values that can be read are converted, odd ones leave a note, and any other raises an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from agentrun_nb.core import jsontext, times
from agentrun_nb.core.schema import (
    DTYPES,
    RUNS,
    TABLES,
    Column,
    Kind,
    Table,
)
from agentrun_nb.errors import SchemaError
from agentrun_nb.records.cells import Notes
from agentrun_nb.tables.encode import document_text, plain

Noted = dict[int, tuple[str, Any]]
"""What was odd about a column: by the position of the row a code and the value as it was."""

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
    texts (RFC 3339) or numbers since the epoch. As in a record, a text that is not RFC 3339 gives
    an empty cell and a note.

    Raises:
        SchemaError: it is not a frame, it lacks the table's key columns, or a column cannot be read
            as its dtype.
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
    changed: dict[str, Any] = {}
    noted: dict[str, Noted] = {}
    for column in table.columns:
        if column.name not in frame.columns:
            changed[column.name] = pd.Series(None, index=frame.index, dtype="object")
        found = changed.get(column.name, frame.get(column.name))
        if not _has_dtype(column, found):
            changed[column.name], noted[column.name] = _converted(column, found)
    if changed:
        frame = frame.assign(**changed)
    if any(noted.values()) and "parse_notes" in table.names:
        frame = frame.assign(parse_notes=_with_notes(frame["parse_notes"], noted))
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
    if column.kind != "category":
        return bool(found.dtype == DTYPES[column.kind])
    if not isinstance(found.dtype, pd.CategoricalDtype) or found.cat.ordered:
        return False
    own = found.cat.categories
    return list(own) == categories(column, own)


def _converted(column: Column, found: pd.Series[Any]) -> tuple[pd.Series[Any], Noted]:
    """Converts values to the dtype of the table's column; returns them and what was odd."""
    noted: Noted = {}
    try:
        return _READERS[column.kind](column, found, noted), noted
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        dtype = {"json": "JSON", "category": "text"}.get(column.kind, DTYPES[column.kind])
        sentence = f"The column {column.name!r} cannot be read as {dtype}: {error}."
        raise SchemaError(sentence, hint="Mend its values, or drop the column.") from None


def _cells(found: pd.Series[Any]) -> list[Any]:
    """The values of a column as Python objects, None where it is NA."""
    objects = found.astype("object")
    cells: list[Any] = objects.where(found.notna(), None).tolist()
    return cells


def _series(found: pd.Series[Any], cells: list[Any], kind: Kind) -> pd.Series[Any]:
    """Cells as a column of a kind, with the index and name of the column they come from."""
    objects = pd.Series(cells, index=found.index, name=found.name, dtype="object")
    return objects.astype(DTYPES[kind])


def _text(value: Any) -> str:
    """A value as text, a whole number without a point.

    pandas makes floats of integers where a column has gaps.
    """
    if isinstance(value, str):
        return value
    number = value.item() if isinstance(value, np.number) else value
    if isinstance(number, int | float | Decimal) and not isinstance(number, bool):
        return str(int(number)) if number % 1 == 0 else str(number)
    raise TypeError(f"{str(value)[:80]!r} is a {type(value).__name__}")


def _read_text(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    cells = _cells(found)
    for place, value in enumerate(cells):
        if value is not None:
            cells[place] = jsontext.valid_unicode(_text(value))
            if isinstance(value, str) and cells[place] != value:
                noted[place] = ("not_unicode", value)
    return _series(found, cells, "text")


def _read_document(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    cells = _cells(found)
    texts = [None if value is None else document_text(value) for value in cells]
    return _series(found, texts, "json")


def _read_category(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    cells = _cells(found)
    odd = next((value for value in cells if not isinstance(value, str | None)), None)
    if odd is not None:
        raise TypeError(f"{str(odd)[:80]!r} is a {type(odd).__name__}")
    text = pd.Series(cells, index=found.index, name=found.name, dtype="object")
    return text.astype(pd.CategoricalDtype(categories(column, text.unique())))


_BOOLEANS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0"), False),
    "": None,
}
"""The texts that are read as true, as false and as missing."""


def _read_bool(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    cells = _cells(found)
    for place, value in enumerate(cells):
        if value is not None:
            word = str(value).strip().casefold()
            if word not in _BOOLEANS:
                raise ValueError(f"{str(value)[:80]!r} is neither true nor false")
            cells[place] = _BOOLEANS[word]
    return _series(found, cells, "bool")


def _read_integer(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    if found.dtype not in ("object", "str", "string"):
        return found.astype(DTYPES["int"])
    cells = _cells(found)
    integers = [None if value is None else _integer(value) for value in cells]
    return _series(found, integers, "int")


def _integer(value: Any) -> int | None:
    """Reads a whole number, also from text; empty text gives None."""
    text = str(value).strip()
    if not text:
        return None
    try:
        # A float would lose the last digits of long numbers.
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:80]!r} is no whole number") from None
    if not number.is_finite() or number.adjusted() > 40 or number != int(number):
        raise ValueError(f"{text[:80]!r} is no whole number")
    return int(number)


_NOT_A_TIME = np.iinfo("int64").min
"""The integer that numpy takes as NaT."""


def _read_time(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    if isinstance(found.dtype, pd.DatetimeTZDtype) or found.dtype.kind == "M":
        return pd.to_datetime(found, utc=True).astype(DTYPES["time"])
    cells = _cells(found)
    if all(isinstance(value, str | None) for value in cells):
        moments = times.read_times(cells)
        if moments is not None:
            naive = moments.to_numpy(zero_copy_only=False)
            return pd.Series(naive, found.index, name=found.name).dt.tz_localize("UTC")
    micros = [_moment(value, place, noted) for place, value in enumerate(cells)]
    _check_times(cells, noted)
    integers = [_NOT_A_TIME if value is None else value for value in micros]
    naive = np.array(integers, "int64").view("datetime64[us]")
    stamps = pd.DatetimeIndex(naive).tz_localize("UTC")
    return pd.Series(stamps, index=found.index, name=found.name)


def _check_times(cells: list[Any], noted: Noted) -> None:
    """Raises ValueError where every text was odd and none looks like a time."""
    texts = [value for value in cells if isinstance(value, str) and value]
    if not texts or len(noted) < len(texts):
        return
    if not any(text[:4].isdigit() for text in texts):
        raise ValueError(f"{texts[0][:80]!r} is no moment")


def _moment(value: Any, place: int, noted: Noted) -> int | None:
    """Reads one time into microseconds since the epoch; what was odd is noted as in a record."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime | np.datetime64):
        return _stamp_micros(pd.Timestamp(value))
    if isinstance(value, str):
        moment = times.read_time(value)
    elif isinstance(value, int | float | Decimal | np.number) and not isinstance(value, bool):
        number = value.item() if isinstance(value, np.number) else value
        moment = times.read_epoch(float(number) if isinstance(number, Decimal) else number)
    else:
        raise TypeError(f"{str(value)[:80]!r} is a {type(value).__name__}")
    if moment.code is not None:
        noted[place] = (moment.code, value)
    return moment.micros


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
            notes = Notes()
            notes.add(name, code, _original(value))
            known = (cells[place], notes.text)
            cells[place] = "; ".join(note for note in known if note)
    return _series(before, cells, "text")


def _original(value: Any) -> bytes:
    """A value as the JSON text that a record would have."""
    try:
        return msgspec.json.encode(value, enc_hook=plain)
    except UnicodeError:
        return document_text([value]).encode()[1:-1]
