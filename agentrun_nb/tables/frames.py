"""Cells to typed DataFrames, and frames that lost their schema back to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import groupby
from operator import itemgetter
from os import PathLike
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import RUNS, Column, Table
from agentrun_nb.errors import BadResponseError, SchemaError
from agentrun_nb.records.batch import ARROW, Batch
from agentrun_nb.records.decode import decode_page, decode_records
from agentrun_nb.tables import remainder, report
from agentrun_nb.tables.encode import record_bytes
from agentrun_nb.tables.mending import categories, mend
from agentrun_nb.tables.moments import milliseconds


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
                column,
                pa.chunked_array([part.cells[column.name] for part in parts], ARROW[column.kind]),
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


def runs_frame(
    x: HasRecord | bytes | Mapping[str, Any] | pd.DataFrame | pd.Series | Iterable[Any],
    *,
    latest: bool = False,
) -> pd.DataFrame:
    """Makes the RUNS table of whatever holds runs.

    Args:
        x: a Run; the bytes of a run, of a page or of an array of runs; a mapping; a frame of runs
            (pandas, polars, Arrow) that may have lost its schema; a row of one, also as
            `to_dict("records")` gives it; or an iterable of them. Only bytes are kept to the
            letter: a mapping is written as JSON first.
        latest: whether of several rows with one key only the one that was fetched last stays: by
            `fetched_at`, then `updated_at`, then the last given. A row that could not be fetched
            gives way to one that was.

    Returns:
        The table. A frame keeps its index; several things are joined under a fresh index, their
        fetch reports too. Times are RFC 3339; a text that is not leaves a note and no time, be it
        of a record, a frame or a CSV file.

    Raises:
        SchemaError: it is none of these, or nothing in it is a run's.
        BadResponseError: bytes that hold no runs.

    Examples:
        >>> run = {"id": "run-1", "deployment_id": "dep-1", "created_at": "2026-11-20T10:00:00Z"}
        >>> runs_frame([run, run])["id"].tolist()
        ['run-1', 'run-1']
        >>> len(runs_frame([run, run], latest=True))
        1
    """
    frame = _frame(x)
    return newest(frame) if latest else frame


def _frame(x: Any) -> pd.DataFrame:
    kind, found = _told_apart(x)
    if kind == "thing":
        return _of_thing(found)
    frame = table_frame(RUNS, _batches(kind, [found]))
    _check_runs(frame, isinstance(x, _BYTES))
    return frame


def _of_thing(x: Any) -> pd.DataFrame:
    """The runs of what is neither records nor a page of them."""
    if isinstance(x, pd.DataFrame):
        return mend(x)
    if isinstance(x, pd.Series) and not set(RUNS.names).isdisjoint(x.index):
        return mend(x.to_frame().T)
    if isinstance(x, Mapping):
        return mend(pd.DataFrame([dict(x)]))
    if hasattr(x, "__arrow_c_stream__") and not isinstance(x, pd.Series):
        return mend(pa.table(x).to_pandas(types_mapper=_FURTHER.get))
    if isinstance(x, str | PathLike):
        text = str(x)
        if text.lstrip().startswith(("{", "[")):
            raise SchemaError("A text holds no runs; their bytes do.", hint="Give text.encode().")
        hint = "arn.load(path) reads a file of runs; else give a Run, bytes, a mapping, a frame, or a list of them."
        raise SchemaError(f"A {type(x).__name__} holds no runs: {text[:80]!r}.", hint=hint)
    if _is_pair(x):
        hint = f"Get it first: client.get_run({x[0]!r}, {x[1]!r})."
        raise SchemaError("A deployment and an id name a run, and do not hold it.", hint=hint)
    if not isinstance(x, Iterable):
        raise SchemaError(
            f"A {type(x).__name__} holds no runs.",
            hint="Give a Run, bytes, a mapping, a frame, or a list of them.",
        )
    return _joined([*_parts(x)])


def _is_pair(x: Any) -> bool:
    texts = isinstance(x, tuple) and len(x) == 2 and all(isinstance(part, str) for part in x)
    return texts and not any(part.lstrip().startswith(("{", "[")) for part in x)


def _parts(things: Iterable[Any]) -> Iterator[pd.DataFrame]:
    """A frame of each thing, and one of all records or pages that stand side by side."""
    for kind, group in groupby(map(_told_apart, things), key=itemgetter(0)):
        alike = [thing for _, thing in group]
        if kind == "thing":
            yield from map(_of_thing, alike)
        else:
            frame = table_frame(RUNS, _batches(kind, alike))
            _check_runs(frame, kind == "page")
            yield frame


def _batches(kind: str, alike: list[Any]) -> list[Batch]:
    """The cells of things of one kind."""
    if kind == "cells":
        return [Batch.concat(alike)]
    if kind == "page":
        return [decode_page(RUNS, page).batch for page in alike]
    return [decode_records(RUNS, alike[at : at + _MANY]) for at in range(0, len(alike), _MANY)]


def _told_apart(thing: Any) -> tuple[str, Any]:
    """What a thing is, and what of it is read.

    The cells of a run, the bytes of a record or page, or the thing.
    """
    batch = getattr(thing, "batch", None)
    if isinstance(batch, Batch):
        return "cells", batch
    if isinstance(thing, Mapping):
        # Only rows of a table of runs have these keys; a record of the service knows nothing of
        # them.
        is_row = "parse_notes" in thing or "fetch_error" in thing
        return ("thing", thing) if is_row else ("record", record_bytes(thing))
    if not isinstance(thing, _BYTES):
        return "thing", thing
    text = bytes(thing).removeprefix(_BOM).lstrip()
    if text.startswith(b"["):
        return "page", b'{"items":' + text + b"}"
    return ("page" if _is_page(text) else "record"), text


def _is_page(text: bytes) -> bool:
    """Whether an object has `items` and is no record, which has an `id`."""
    if b"items" not in text and b"\\u" not in text:
        return False
    try:
        found = _TELLING.decode(text)
        return found.items is not msgspec.UNSET and found.id is msgspec.UNSET
    except jsontext.NOT_STRICT:
        pass
    try:
        names = {member.key for member in jsontext.members(text)}
    except jsontext.JSONTextError:
        return False
    return "items" in names and "id" not in names


_RAW = msgspec.Raw | msgspec.UnsetType
_TELLING: Any = msgspec.json.Decoder(
    msgspec.defstruct("Telling", [("items", _RAW, msgspec.UNSET), ("id", _RAW, msgspec.UNSET)])
)
"""Reads just what tells a page from a record."""

_FURTHER = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}
"""How columns of Arrow tables are kept whose gaps would else make decimals of them."""


def _check_runs(frame: pd.DataFrame, of_bytes: bool) -> None:
    """Raises where records came and nothing in any of them is a run's."""
    if not len(frame) or frame["id"].notna().any() or frame["status"].notna().any():
        return
    required = [f"{column.name}: missing" for column in RUNS.wire if column.required]
    for notes, _ in zip(frame["parse_notes"], range(len(frame)), strict=True):
        if not isinstance(notes, str) or not set(required) <= set(notes.split("; ")):
            return
    optional = [column.name for column in RUNS.wire if not column.required]
    if frame[optional].isna().all(axis=None):
        sentence = "This holds no run: none of its keys is a run's."
        hint = "A run has an id and a deployment_id; arn.explore_json(x) shows any JSON."
        raise (
            BadResponseError(sentence, hint=hint) if of_bytes else SchemaError(sentence, hint=hint)
        )


def newest(runs: pd.DataFrame) -> pd.DataFrame:
    """Of rows with one key the one that was fetched last, in the order and under the index of the table."""
    places = pd.DataFrame(
        {
            "deployment_id": runs["deployment_id"].to_numpy("object"),
            "id": runs["id"].to_numpy("object"),
            "came": runs["fetch_error"].isna().to_numpy(),
            "fetched": milliseconds(runs["fetched_at"]),
            "updated": milliseconds(runs["updated_at"]),
        }
    )
    ordered = places.sort_values(["came", "fetched", "updated"], kind="stable", na_position="first")
    stay = ~ordered.duplicated(["deployment_id", "id"], keep="last") | ordered["id"].isna()
    chosen = sorted(ordered.index[stay])
    if len(chosen) == len(runs):
        return runs
    before = report.fetch_report(runs)
    result = runs.iloc[chosen].copy(deep=False)
    gone = len(runs) - len(result)
    if report.ATTRS in runs.attrs:
        got = int(result["fetch_error"].isna().sum())
        after = replace(before, got=got, rows=len(result), duplicates=before.duplicates + gone)
        report.attach(result, after, report.walk_of(runs))
    return result


def concat(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """One table of the rows of several, under a fresh index and without their `attrs`."""
    plain = [
        part.astype({"mode": "str", "status": "str"}).set_axis(range(len(part))) for part in parts
    ]
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


def check_columns(runs: pd.DataFrame, names: list[str]) -> None:
    """Raises SchemaError where the frame lacks a column, and names the nearest."""
    for name in names:
        if name not in [*runs.columns]:
            near = get_close_matches(str(name), [str(column) for column in runs.columns], 3, 0.5)
            hint = f"Near it: {', '.join(near)}." if near else "Join the column to the runs first."
            raise SchemaError(f"These runs have no column {name!r}.", hint=hint)
