"""Frames that lost their schema, given it back.

What is plain is read, what is odd is noted, all else is refused.
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
    LOGS,
    OBSERVATIONS,
    OUTPUTS,
    PHASES,
    RUNS,
    VERSIONS,
    Column,
    Kind,
    Table,
)
from agentrun_nb.errors import SchemaError
from agentrun_nb.records.cells import Notes
from agentrun_nb.tables.encode import document_text, plain

Noted = dict[int, tuple[str, Any]]
"""What was odd about a column: the place of a row, the code, and the value as it was."""

OTHERS = (OUTPUTS, PHASES, LOGS, OBSERVATIONS, VERSIONS)
"""Tables that have a key like that of runs, and hold something else."""

_MERGED = {"_x", "_y", "_left", "_right"}
"""What pandas and polars put behind the names of columns that both sides of a merge had."""


def categories(column: Column, values: Iterable[Any]) -> list[str]:
    """The documented values in their order, then those found beside them, sorted."""
    return [
        *column.known,
        *sorted({value for value in values if isinstance(value, str)} - set(column.known)),
    ]


def mend(frame: pd.DataFrame, table: Table = RUNS) -> pd.DataFrame:
    """Gives a frame the table's columns and dtypes back, whatever a filter, merge or concat left.

    The index, further columns and `attrs` stay. A frame that is sound comes back as it is. The key
    of a run may stand in the index, and `run_id` in place of `id`. Times may be texts (RFC 3339),
    or numbers since the epoch: as in a record, a text of a time that is not RFC 3339 costs its cell
    and leaves a note.

    Raises:
        SchemaError: it is no frame, it lacks the table's key columns, or a column cannot be read as
            its dtype.
    """
    given = f"Give a table of {table.name.lower()} as the client gives it."
    if table is RUNS:
        given = "Give a frame of client.list_runs, client.get_runs, arn.load or arn.runs_frame."
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(
            f"A {type(frame).__name__} is not a table of {table.name.lower()}.", hint=given
        )
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise SchemaError(
            f"The column {twice[0]!r} stands twice in this frame.",
            hint="Rename or drop one of them.",
        )
    _check_merge(frame, table)
    frame = _with_key(frame, table, given)
    changed: dict[str, Any] = {}
    noted: dict[str, Noted] = {}
    for column in table.columns:
        if column.name not in frame.columns:
            changed[column.name] = pd.Series(None, index=frame.index, dtype="object")
        found = changed.get(column.name, frame.get(column.name))
        if not _sound(column, found):
            changed[column.name], noted[column.name] = _mended(column, found)
    if changed:
        frame = frame.assign(**changed)
    if any(noted.values()) and "parse_notes" in table.names:
        frame = frame.assign(parse_notes=_with_notes(frame["parse_notes"], noted))
    further = [name for name in frame.columns if name not in table.names]
    ordered = [*table.names, *further]
    return frame if list(frame.columns) == ordered else frame[ordered]


def _check_merge(frame: pd.DataFrame, table: Table) -> None:
    """Refuses a frame in which a merge left two columns in place of one.

    Nobody but the user knows which is meant.
    """
    names = [name for name in frame.columns if isinstance(name, str)]
    absent = [column.name for column in table.columns if column.name not in names]
    endings = {name: _endings(name, names) for name in absent}
    # Endings of the user's own are known by this, that several columns have the same ones.
    counts = Counter(ending for found in endings.values() for ending in found)
    own = {ending for ending, count in counts.items() if count > 1}
    left_by_merge = _MERGED | (own if len(own) > 1 else set())
    for name in absent:
        left = [name + ending for ending in endings[name] if ending in left_by_merge]
        if left:
            columns = " and ".join(map(repr, left))
            raise SchemaError(
                f"In place of {name!r} this frame has {columns}, as a merge leaves them.",
                hint=f"Rename the right one to {name!r}, or merge with suffixes=('', '_other').",
            )


def _endings(name: str, names: list[str]) -> list[str]:
    """How columns go on that begin with a name, such as `_x` where there is `status_x`."""
    begun = [other for other in names if other.startswith(name)]
    return [other[len(name) :] for other in begun if not other[len(name)].isalnum()]


def _with_key(frame: pd.DataFrame, table: Table, hint: str) -> pd.DataFrame:
    """The frame with its key as columns, which may stand in the index, and that of a run under `run_id`."""
    columns = set(frame.columns)
    if table is RUNS and not set(RUNS.names) <= columns:
        other = next((other for other in OTHERS if set(other.names) <= columns), None)
        if other is not None:
            told = f"This frame is a table of {other.name.lower()}, and not of runs."
            raise SchemaError(told, hint="Give the runs themselves.")
    missing = []
    for column in table.columns[:2]:
        if column.name in columns:
            continue
        other_name = "run_id" if table is RUNS and column.name == "id" else column.name
        if column.name in frame.index.names:
            frame = frame.assign(**{column.name: frame.index.get_level_values(column.name)})
        elif other_name in columns:
            frame = frame.rename(columns={other_name: column.name})
        elif other_name in frame.index.names:
            frame = frame.assign(**{column.name: frame.index.get_level_values(other_name)})
        else:
            missing.append(column.name)
    if missing:
        told = f"This frame is not a table of {table.name.lower()}: it has no {' and no '.join(missing)}."
        raise SchemaError(told, hint=hint)
    return frame


def _sound(column: Column, found: pd.Series[Any]) -> bool:
    if column.kind == "category":
        return (
            isinstance(found.dtype, pd.CategoricalDtype)
            and not found.cat.ordered
            and list(found.cat.categories) == categories(column, found.cat.categories)
        )
    return bool(found.dtype == DTYPES[column.kind])


def _mended(column: Column, found: pd.Series[Any]) -> tuple[pd.Series[Any], Noted]:
    noted: Noted = {}
    try:
        return _READERS[column.kind](column, found, noted), noted
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        dtype = {"json": "JSON", "category": "text"}.get(column.kind, DTYPES[column.kind])
        sentence = f"The column {column.name!r} cannot be read as {dtype}: {error}."
        raise SchemaError(sentence, hint="Mend its values, or drop the column.") from None


def _cells(found: pd.Series[Any]) -> list[Any]:
    """The values of a column as Python objects, None where nothing is."""
    cells: list[Any] = found.astype("object").where(found.notna(), None).tolist()
    return cells


def _series(found: pd.Series[Any], cells: list[Any], kind: Kind) -> pd.Series[Any]:
    return pd.Series(cells, index=found.index, name=found.name, dtype="object").astype(DTYPES[kind])


def _text(value: Any) -> str:
    """A value as text; whole numbers as integers, since pandas makes decimals of integers beside gaps."""
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
    return _series(
        found, [None if value is None else document_text(value) for value in _cells(found)], "json"
    )


def _read_category(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    cells = _cells(found)
    odd = next((value for value in cells if not isinstance(value, str | None)), None)
    if odd is not None:
        raise TypeError(f"{str(odd)[:80]!r} is a {type(odd).__name__}")
    text = pd.Series(cells, index=found.index, name=found.name, dtype="object")
    return text.astype(pd.CategoricalDtype(categories(column, text.unique())))


_TRUTH: dict[str, bool | None] = {
    "true": True,
    "yes": True,
    "y": True,
    "t": True,
    "1": True,
    "1.0": True,
}
_TRUTH |= {"false": False, "no": False, "n": False, "f": False, "0": False, "0.0": False, "": None}


def _read_truth(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    cells = _cells(found)
    for place, value in enumerate(cells):
        if value is not None:
            word = str(value).strip().casefold()
            if word not in _TRUTH:
                raise ValueError(f"{str(value)[:80]!r} is neither true nor false")
            cells[place] = _TRUTH[word]
    return _series(found, cells, "bool")


def _read_integer(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    if found.dtype not in ("object", "str", "string"):
        return found.astype(DTYPES["int"])
    return _series(
        found, [None if value is None else _integer(value) for value in _cells(found)], "int"
    )


def _integer(value: Any) -> int | None:
    """A whole number, also as text.

    By way of a decimal, since a float loses the last digits of long ones.
    """
    text = str(value).strip()
    try:
        number = Decimal(text) if text else None
    except InvalidOperation:
        raise ValueError(f"{text[:80]!r} is no whole number") from None
    if number is not None and (
        not number.is_finite() or number.adjusted() > 40 or number != int(number)
    ):
        raise ValueError(f"{text[:80]!r} is no whole number")
    return None if number is None else int(number)


def _read_time(column: Column, found: pd.Series[Any], noted: Noted) -> pd.Series[Any]:
    if isinstance(found.dtype, pd.DatetimeTZDtype) or found.dtype.kind == "M":
        return pd.to_datetime(found, utc=True).astype(DTYPES["time"])
    cells = _cells(found)
    if (
        all(isinstance(value, str | None) for value in cells)
        and (moments := times.read_times(cells)) is not None
    ):
        return pd.Series(
            moments.to_numpy(zero_copy_only=False), found.index, name=found.name
        ).dt.tz_localize("UTC")
    micros = [_moment(value, place, noted) for place, value in enumerate(cells)]
    texts = [value for value in cells if isinstance(value, str) and value]
    if texts and len(noted) >= len(texts) and not any(text[:4].isdigit() for text in texts):
        raise ValueError(f"{texts[0][:80]!r} is no moment")
    counted = np.array(
        [np.iinfo("int64").min if value is None else value for value in micros], "int64"
    )
    stamps = pd.DatetimeIndex(counted.view("datetime64[us]")).tz_localize("UTC")
    return pd.Series(stamps, index=found.index, name=found.name)


def _moment(value: Any, place: int, noted: Noted) -> int | None:
    """One cell of times in microseconds since the epoch.

    What was odd about it is noted as in a record.
    """
    if value is None or value == "":
        return None
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, datetime):
        stamp = pd.Timestamp(value)
        aware = stamp.tz_localize("UTC") if stamp.tz is None else stamp
        return int(
            aware.as_unit("us").tz_convert("UTC").tz_localize(None).to_numpy().astype("int64")
        )
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


_Reader = Callable[[Column, "pd.Series[Any]", Noted], "pd.Series[Any]"]
_READERS: dict[Kind, _Reader] = {
    "text": _read_text,
    "json": _read_document,
    "category": _read_category,
    "bool": _read_truth,
    "int": _read_integer,
    "time": _read_time,
}


def _with_notes(before: pd.Series[Any], noted: dict[str, Noted]) -> pd.Series[Any]:
    """The notes that were there, and behind them what was odd now."""
    cells = _cells(before)
    for name, odd in noted.items():
        for place, (code, value) in odd.items():
            notes = Notes()
            notes.add(name, code, _original(value))
            cells[place] = "; ".join(note for note in (cells[place], notes.text) if note)
    return _series(before, cells, "text")


def _original(value: Any) -> bytes:
    """A value as a record would have it."""
    try:
        return msgspec.json.encode(value, enc_hook=plain)
    except UnicodeError:
        return document_text([value]).encode()[1:-1]
