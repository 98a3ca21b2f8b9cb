"""Makes typed DataFrames: of batches of cells, and of whatever holds runs."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from difflib import get_close_matches
from inspect import GEN_CLOSED, getgeneratorstate
from itertools import groupby
from operator import itemgetter
from os import PathLike
from typing import Any, Protocol, TypeAlias

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core import jsontext
from agentrun_nb.core.arguments import read_flag
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS, Column, Table
from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.errors import BadResponseError, SchemaError
from agentrun_nb.records.batch import ARROW, Batch
from agentrun_nb.records.decode import decode_page, decode_records
from agentrun_nb.tables import remainder, report
from agentrun_nb.tables.arrow import frame_of_arrow
from agentrun_nb.tables.encode import record_bytes
from agentrun_nb.tables.mending import mend
from agentrun_nb.tables.moments import milliseconds
from agentrun_nb.tables.reading_values import categories


class HasRecord(Protocol):
    """An object that holds one record, such as a Run.

    This module cannot import Run, which is made of tables.
    """

    raw: bytes
    batch: Batch


Runs: TypeAlias = HasRecord | pd.DataFrame | Iterable[Any]
"""Anything that `runs_frame` takes."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BYTES = (bytes, bytearray, memoryview)
_MANY = 500
"""How many records are decoded at once."""
_FROM_ARROW = {
    "text": TEXT,
    "json": TEXT,
    "time": pd.DatetimeTZDtype("us", "UTC"),
    "int": pd.Int64Dtype(),
    "bool": pd.BooleanDtype(),
}


def table_frame(table: Table, batches: Iterable[Batch]) -> pd.DataFrame:
    """Concatenates batches to a frame with the table's dtypes and a fresh index."""
    parts = list(batches)
    columns = {}
    for column in table.columns:
        arrays = [part.cells[column.name] for part in parts]
        cells = pa.chunked_array(arrays, ARROW[column.kind])
        columns[column.name] = _values(column, cells)
    return pd.DataFrame(columns)


def _values(column: Column, cells: pa.ChunkedArray) -> Any:
    """The values of a column as an array of pandas."""
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
    """Makes the RUNS table from whatever holds runs.

    Args:
        x: a Run; the bytes of a run, of a page or of an array of runs; a mapping; a frame of runs
            (pandas, polars, Arrow) that may have lost its schema; a row of one, also as
            `to_dict("records")` gives it; or an iterable of these. The documents of bytes stay as
            they are; a mapping is written as JSON first.
        latest: whether to drop duplicates, so that of the rows with one key only the latest stays:
            by `fetched_at`, then `updated_at`, then the last given. A row that was fetched goes
            before one that could not be fetched.

    Returns:
        The table. A frame keeps its index; several objects are concatenated under a fresh index,
        with their fetch reports combined. Times are read as RFC 3339. A value that cannot be read,
        whether of a record, a frame or a CSV file, gives an empty cell and a note.

    Raises:
        SchemaError: `x` is none of these, holds nothing that belongs to a run, or has a column with
            several values of which none can be read.
        BadResponseError: `x` is bytes that hold no runs.

    Example:
        >>> record = {"id": "run-1", "deployment_id": "dep-1", "created_at": "2026-11-20T10:00:00Z"}
        >>> arn.runs_frame([record, record])["id"].tolist()
        ['run-1', 'run-1']
        >>> len(arn.runs_frame([record, record], latest=True))
        1
    """
    newest_only = read_flag("latest", latest)
    frame = _frame(x)
    return newest(frame) if newest_only else frame


def _frame(x: Any) -> pd.DataFrame:
    kind, content = _content(x)
    if kind == "other":
        return _frame_of_other(content, x)
    frame = table_frame(RUNS, _batches(kind, [content]))
    _check_runs(frame, isinstance(x, _BYTES))
    return frame


def _frame_of_other(x: Any, given: Any) -> pd.DataFrame:
    """The runs of an object that is neither a record nor a page.

    Args:
        x: the object.
        given: what somebody gave, which is the object or has it in it.
    """
    if isinstance(x, pd.DataFrame):
        return mend(x)
    if isinstance(x, pd.Series) and not set(RUNS.names).isdisjoint(x.index):
        return mend(x.to_frame().T)
    if isinstance(x, Mapping):
        return mend(pd.DataFrame({name: _cell(value) for name, value in x.items()}, index=[0]))
    if hasattr(x, "__arrow_c_stream__") and not isinstance(x, pd.Series | type):
        return mend(frame_of_arrow(pa.table(x)))
    _check_holds_runs(x, given)
    return _concatenated([*_parts(x, given)])


def _cell(value: Any) -> pd.Series[Any]:
    """A column of one value, in the dtype that pandas finds for it."""
    try:
        return pd.Series([value])
    except OverflowError:
        # pandas 2 tries to make a float of an integer that is larger than each of them.
        return pd.Series([value], dtype="object")


def _check_holds_runs(x: Any, given: Any) -> None:
    """Raises SchemaError for a text, a path, a pair of ids, and what cannot be read through."""
    check_is_unread(x)
    kind = kind_of(x)
    subject = f"{capital(kind)} holds no runs"
    of_column = None
    if x is not given:
        subject = f"{capital(kind_of(given))} with {kind} in it holds no runs"
    if isinstance(given, pd.Series):
        of_column = "A Series is one column; give the frame of runs that it is of."
    if hasattr(x, "npartitions"):
        # Iterated over, a frame of Dask gives the names of its columns.
        sentence = "This takes no runs in partitions, as those of Dask."
        raise SchemaError(sentence, hint="Give one frame: frame.compute().")
    if isinstance(x, str | PathLike):
        text = str(x)
        if _looks_like_json(text):
            raise SchemaError("A text holds no runs; their bytes do.", hint="Give text.encode().")
        hint = (
            "arn.load(path) reads a file of runs; else give a Run, bytes, a mapping, a frame, "
            "or a list of them."
        )
        raise SchemaError(f"{subject}: {text[:80]!r}.", hint=of_column or hint)
    if is_key(x):
        hint = f"Get it first: client.get_run({x[0]!r}, {x[1]!r})."
        raise SchemaError("A deployment and an id name a run, and do not hold it.", hint=hint)
    if not isinstance(x, Iterable):
        hint = "Give a Run, bytes, a mapping, a frame, or a list of them."
        raise SchemaError(f"{subject}.", hint=of_column or hint)


def check_is_unread(x: Any) -> None:
    """Raises SchemaError for a generator whose end has been reached: it would look like no runs."""
    if isinstance(x, Generator) and getgeneratorstate(x) == GEN_CLOSED:
        hint = "Make one anew for each reader, such as client.iter_runs()."
        raise SchemaError("This generator has been read to its end already.", hint=hint)


def _looks_like_json(text: str) -> bool:
    return text.lstrip().startswith(("{", "["))


def in_plain_form(x: Any) -> Any:
    """Puts runs, however they are named, in a form that can be read twice.

    Returns:
        A list for a set, an index, or an iterator; a frame of pandas for one of another library;
        anything else as it came.

    Example:
        >>> in_plain_form(iter([("dep-1", "run-1")]))
        [('dep-1', 'run-1')]
    """
    if isinstance(x, pd.DataFrame | pd.Series):
        return x
    if hasattr(x, "__arrow_c_stream__"):
        return frame_of_arrow(pa.table(x))
    check_is_unread(x)
    return list(x) if isinstance(x, Set | Iterator | pd.Index) else x


def is_key(x: Any) -> bool:
    """Whether this is the key of a run: a deployment and an id."""
    if not isinstance(x, tuple) or len(x) != 2:
        return False
    return all(isinstance(part, str) and not _looks_like_json(part) for part in x)


def _parts(items: Iterable[Any], given: Any) -> Iterator[pd.DataFrame]:
    """A frame of each item, and one frame of records or pages that follow each other."""
    for kind, group in groupby(map(_content, items), key=itemgetter(0)):
        contents = [content for _, content in group]
        if kind == "other":
            for item in contents:
                yield _frame_of_other(item, given)
        else:
            frame = table_frame(RUNS, _batches(kind, contents))
            _check_runs(frame, kind == "page")
            yield frame


def _batches(kind: str, contents: list[Any]) -> list[Batch]:
    """The cells of contents of one kind."""
    if kind == "cells":
        return [Batch.concat(contents)]
    if kind == "page":
        return [decode_page(RUNS, page).batch for page in contents]
    starts = range(0, len(contents), _MANY)
    return [decode_records(RUNS, contents[start : start + _MANY]) for start in starts]


def _content(item: Any) -> tuple[str, Any]:
    """What kind of content an object has, and the content.

    The kinds are `cells` (of a Run), `record` and `page` (both bytes), and `other` (the object).
    """
    batch = getattr(item, "batch", None)
    if isinstance(batch, Batch):
        return "cells", batch
    if isinstance(item, Mapping):
        # These keys are in rows of a table of runs only, and never in a record of the service.
        is_row = "parse_notes" in item or "fetch_error" in item
        return ("other", item) if is_row else ("record", record_bytes(item))
    if not isinstance(item, _BYTES):
        return "other", item
    text = bytes(item).removeprefix(_BYTE_ORDER_MARK).lstrip()
    if text.startswith(b"["):
        return "page", b'{"items":' + text + b"}"
    return ("page" if _is_page(text) else "record"), text


def _is_page(text: bytes) -> bool:
    """Whether a JSON object is a page: it has `items`, and no `id` as a record has."""
    if b"items" not in text and b"\\u" not in text:
        return False
    try:
        found = _PAGE_OR_RECORD.decode(text)
        return found.items is not msgspec.UNSET and found.id is msgspec.UNSET
    except jsontext.NOT_STRICT:
        pass
    try:
        names = {member.key for member in jsontext.members(text)}
    except jsontext.JSONTextError:
        return False
    return "items" in names and "id" not in names


_RAW = msgspec.Raw | msgspec.UnsetType
_KEYS = [("items", _RAW, msgspec.UNSET), ("id", _RAW, msgspec.UNSET)]
_PAGE_OR_RECORD: Any = msgspec.json.Decoder(msgspec.defstruct("PageOrRecord", _KEYS))
"""Decodes just the keys by which a page differs from a record."""


def _check_runs(frame: pd.DataFrame, of_bytes: bool) -> None:
    """Raises where there are records and nothing in any of them belongs to a run."""
    if not len(frame) or frame["id"].notna().any() or frame["status"].notna().any():
        return
    required = [f"{column.name}: missing" for column in RUNS.wire if column.required]
    for notes in frame["parse_notes"]:
        if not isinstance(notes, str) or not set(required) <= set(notes.split("; ")):
            return
    optional = [column.name for column in RUNS.wire if not column.required]
    if frame[optional].isna().all(axis=None):
        sentence = "This holds no run: none of its keys is a run's."
        hint = "A run has an id and a deployment_id; arn.explore_json(x) shows any JSON."
        error = BadResponseError if of_bytes else SchemaError
        raise error(sentence, hint=hint)


def newest(runs: pd.DataFrame) -> pd.DataFrame:
    """Drops duplicates, so that of the rows with one key only the latest stays.

    Order and index of the rows stay. Rows without an id all stay.
    """
    rows = pd.DataFrame(
        {
            "deployment_id": runs["deployment_id"].to_numpy("object"),
            "id": runs["id"].to_numpy("object"),
            "was_fetched": runs["fetch_error"].isna().to_numpy(),
            "fetched": milliseconds(runs["fetched_at"]),
            "updated": milliseconds(runs["updated_at"]),
        }
    )
    order = ["was_fetched", "fetched", "updated"]
    ordered = rows.sort_values(order, kind="stable", na_position="first")
    is_older = ordered.duplicated(["deployment_id", "id"], keep="last")
    stay = ~is_older | ordered["id"].isna()
    chosen = sorted(ordered.index[stay])
    if len(chosen) == len(runs):
        return runs
    before = report.fetch_report(runs)
    result = runs.iloc[chosen].copy(deep=False)
    gone = len(runs) - len(result)
    if report.ATTRS in runs.attrs:
        got = int(result["fetch_error"].isna().sum())
        after = replace(before, got=got, rows=len(result), duplicates=before.duplicates + gone)
        report.attach(result, after, report.remainder_of(runs))
    return result


def concat(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Concatenates tables of runs under a fresh index, without their `attrs`."""
    plain = []
    for part in parts:
        bare = report.without_attrs(part)
        # Categories of different tables do not concatenate to categories.
        plain.append(bare.astype({"mode": TEXT, "status": TEXT}).set_axis(range(len(part))))
    return mend(pd.concat(plain, ignore_index=True))


def _concatenated(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenates tables of runs and combines their fetch reports."""
    if not parts:
        return table_frame(RUNS, [])
    if len(parts) == 1:
        return parts[0]
    reports = [report.fetch_report(part) for part in parts]
    remainders = [report.remainder_of(part) for part in parts]
    runs = concat(parts)
    report.attach(runs, report.join(reports, runs), remainder.join(remainders))
    return runs


def is_among(name: Any, columns: set[Any]) -> bool:
    """Whether something, which may be anything, is the name of one of these columns."""
    try:
        return name in columns
    except TypeError:  # it cannot be hashed, such as a frame
        return False


def check_columns(runs: pd.DataFrame, names: list[str]) -> None:
    """Raises SchemaError where the frame lacks a column; the hint names the nearest."""
    columns = set(runs.columns)
    for name in names:
        if not is_among(name, columns):
            if not isinstance(name, str):
                sentence = f"{capital(kind_of(name))} is no name of a column of these runs."
                hint = "Give the name of a column; runs.assign(...) adds one."
                raise SchemaError(sentence, hint=hint)
            near = get_close_matches(name, map(str, columns), n=3, cutoff=0.5)
            hint = f"Near it: {', '.join(near)}." if near else "Join the column to the runs first."
            raise SchemaError(f"These runs have no column {name!r}.", hint=hint)
