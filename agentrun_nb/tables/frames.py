"""Cells to typed DataFrames, and frames that lost their schema back to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import DTYPES, RUNS, Column, Table
from agentrun_nb.errors import SchemaError
from agentrun_nb.records.batch import ARROW, Batch
from agentrun_nb.records.decode import decode_page, decode_records
from agentrun_nb.tables import remainder, report


class HasRecord(Protocol):
    """What holds one record, such as a Run. Tables know no more of it: runs are made of tables."""

    raw: bytes
    batch: Batch


Runs: TypeAlias = HasRecord | pd.DataFrame | Iterable[Any]
"""Anything that `runs_frame` takes."""

_BOM, _BYTES, _MANY = b"\xef\xbb\xbf", (bytes, bytearray, memoryview), 500
_TEXT = pd.StringDtype(storage="pyarrow", na_value=np.nan)
_FROM_ARROW = {
    "text": _TEXT,
    "json": _TEXT,
    "time": pd.DatetimeTZDtype("us", "UTC"),
    "int": pd.Int64Dtype(),
    "bool": pd.BooleanDtype(),
}


def table_frame(table: Table, batches: Iterable[Batch]) -> pd.DataFrame:
    """Joins batches of a table to one frame with that table's dtypes and a fresh index."""
    parts = list(batches)
    return pd.DataFrame(
        {
            column.name: _series(
                column, pa.chunked_array([part.cells[column.name] for part in parts], ARROW[column.kind])
            )
            for column in table.columns
        }
    )


def _series(column: Column, cells: pa.ChunkedArray) -> Any:
    if column.kind == "category":
        values = categories(column, cells.unique().to_pylist())
        codes = pc.index_in(cells, pa.array(values, cells.type)).fill_null(-1)
        return pd.Categorical.from_codes(codes.to_numpy(), values)
    return _FROM_ARROW[column.kind].__from_arrow__(cells)


def categories(column: Column, values: Iterable[Any]) -> list[str]:
    """The documented values in their order, then those found beside them, sorted."""
    return [*column.known, *sorted({value for value in values if isinstance(value, str)} - set(column.known))]


def mend(frame: pd.DataFrame, table: Table = RUNS) -> pd.DataFrame:
    """Gives a frame the table's columns and dtypes back, whatever a filter, merge or concat left.

    The index, further columns and `attrs` stay. A frame that is sound comes back as it is.

    Raises:
        SchemaError: it is no frame, it lacks the table's key columns, or a column cannot be read as its dtype.
    """
    given = f"Give a table of {table.name.lower()} as the client gives it."
    if table is RUNS:
        given = "Give a frame of client.list_runs, client.get_runs, arn.load or arn.runs_frame."
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(f"A {type(frame).__name__} is not a table of {table.name.lower()}.", hint=given)
    key = [column.name for column in table.columns[:2]]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise SchemaError(f"The column {twice[0]!r} stands twice in this frame.", hint="Rename or drop one of them.")
    if not set(key) <= set(frame.columns):
        raise SchemaError(
            f"This frame is not a table of {table.name.lower()}: it has no {' and '.join(key)}.",
            hint=given,
        )
    changed: dict[str, Any] = {}
    for column in table.columns:
        if column.name not in frame.columns:
            changed[column.name] = pd.Series(None, index=frame.index, dtype="object")
        found = changed.get(column.name, frame.get(column.name))
        if not _sound(column, found):
            changed[column.name] = _mended(column, found)
    if changed:
        frame = frame.assign(**changed)
    further = [name for name in frame.columns if name not in table.names]
    ordered = [*table.names, *further]
    return frame if list(frame.columns) == ordered else frame[ordered]


def _sound(column: Column, found: pd.Series[Any]) -> bool:
    if column.kind == "category":
        return (
            isinstance(found.dtype, pd.CategoricalDtype)
            and not found.cat.ordered
            and list(found.cat.categories) == categories(column, found.cat.categories)
        )
    return bool(found.dtype == DTYPES[column.kind])


def _mended(column: Column, found: pd.Series[Any]) -> pd.Series[Any]:
    try:
        if column.kind == "category":
            text = found.astype("object").where(found.notna(), None)
            return text.astype(pd.CategoricalDtype(categories(column, text.unique())))
        if column.kind == "time":
            return pd.to_datetime(
                found, utc=True, format="ISO8601" if found.dtype in ("object", "str") else None
            ).astype(DTYPES["time"])
        if column.kind == "bool" and found.dtype in ("object", "str"):
            found = found.map({"True": True, "False": False, "true": True, "false": False, True: True, False: False})
        if column.kind in ("text", "json"):
            found = found.astype("object").where(found.notna(), np.nan)
        if column.kind == "json":
            found = found.map(_document_text, na_action="ignore")
        return found.astype(DTYPES[column.kind])
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        wanted = "JSON" if column.kind == "json" else DTYPES[column.kind]
        told = f"The column {column.name!r} cannot be read as {wanted}: {error}."
        raise SchemaError(told, hint="Mend its values, or drop the column.") from None


def _document_text(document: Any) -> str:
    """A document as JSON text, also where it was parsed; lone surrogates stay escapes."""
    if isinstance(document, str):
        return document
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text if jsontext.whole(text) == text else json.dumps(document)


def runs_frame(x: HasRecord | bytes | Mapping[str, Any] | pd.DataFrame | Iterable[Any]) -> pd.DataFrame:
    """Makes the RUNS table of whatever holds runs.

    Args:
        x: a Run; the bytes of a run, of a page or of an array of runs; a mapping; a frame of runs that may have lost
            its schema; or an iterable of them. Only bytes are kept to the letter: a mapping is written as JSON first.

    Returns:
        The table. A frame keeps its index; several things are joined under a fresh index, their fetch reports too.

    Raises:
        SchemaError: it is none of these.
        BadResponseError: bytes that hold no runs.
    """
    if isinstance(x, pd.DataFrame):
        return mend(x)
    if isinstance(batch := getattr(x, "batch", None), Batch):
        return table_frame(RUNS, [batch])
    if (record := _record(x)) is not None:
        return table_frame(RUNS, [decode_records(RUNS, [record])])
    if isinstance(x, _BYTES):
        text = bytes(x).removeprefix(_BOM).lstrip()
        page = b'{"items":' + text + b"}" if text.startswith(b"[") else text
        return table_frame(RUNS, [decode_page(RUNS, page).batch])
    if isinstance(x, str) or not isinstance(x, Iterable):
        raise SchemaError(
            f"A {type(x).__name__} holds no runs.", hint="Give a Run, bytes, a mapping, a frame, or a list of them."
        )
    return _joined([*_parts(x)])


def _parts(things: Iterable[Any]) -> Iterator[pd.DataFrame]:
    """A frame of each thing, and one of all records that stand side by side, read many at once."""
    for kind, group in groupby(map(_told_apart, things), key=itemgetter(0)):
        alike = [thing for _, thing in group]
        if kind == "record":
            places = range(0, len(alike), _MANY)
            yield table_frame(RUNS, [decode_records(RUNS, alike[at : at + _MANY]) for at in places])
        elif kind == "cells":
            yield table_frame(RUNS, [Batch.joined(alike)])
        else:
            yield from map(runs_frame, alike)


def _told_apart(thing: Any) -> tuple[str, Any]:
    """What a thing is, and that of it which is read: the cells of a run, the bytes of one record, or the thing."""
    batch = getattr(thing, "batch", None)
    if isinstance(batch, Batch):
        return "cells", batch
    record = _record(thing)
    return ("thing", thing) if record is None else ("record", record)


def concat(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """One table of the rows of several, under a fresh index and without their `attrs`."""
    plain = [part.astype({"mode": "str", "status": "str"}).set_axis(range(len(part))) for part in parts]
    for part in plain:
        part.attrs = {}
    return mend(pd.concat(plain, ignore_index=True))


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    if not parts:
        return table_frame(RUNS, [])
    if len(parts) == 1:
        return parts[0]
    reports = [report.fetch_report(part) for part in parts]
    joined = concat(parts)
    walks = [report.walk_of(part) for part in parts]
    report.attach(joined, report.join(reports, joined), remainder.join(walks))
    return joined


def _record(x: Any) -> bytes | None:
    """The text of what is one record; None for all else, such as an array or a page."""
    if isinstance(x, Mapping):
        return _written(x)
    text = bytes(x).removeprefix(_BOM).lstrip() if isinstance(x, _BYTES) else b"["
    if text.startswith(b"{") and (b"items" in text or b"\\u" in text):
        with suppress(jsontext.JSONTextError):
            names = {member.key for member in jsontext.members(text)}
            return None if "items" in names and "id" not in names else text
    return None if text.startswith(b"[") else text


def _written(record: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(dict(record))
    except (TypeError, RecursionError) as error:
        raise SchemaError(f"This mapping cannot be written as JSON: {error}.") from None


def check_columns(runs: pd.DataFrame, names: list[str]) -> None:
    """Raises SchemaError where the frame lacks a column, and names the nearest."""
    for name in names:
        if name not in [*runs.columns]:
            near = get_close_matches(str(name), [str(column) for column in runs.columns], 3, 0.5)
            hint = f"Near it: {', '.join(near)}." if near else "Join the column to the runs first."
            raise SchemaError(f"These runs have no column {name!r}.", hint=hint)
