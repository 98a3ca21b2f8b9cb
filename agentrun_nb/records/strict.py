"""Decodes pages whose records are exactly as documented, in one pass of msgspec."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from agentrun_nb.core import jsontext, times
from agentrun_nb.core.schema import Column, Table
from agentrun_nb.records.batch import ARROW, Page, out_of_order, to_batch
from agentrun_nb.records.cut import may_have_duplicate_keys

_ENVELOPE = ("next_cursor", "has_more", "offset", "limit")
"""The keys of a page beside its records."""


def decode_strict(table: Table, body: bytes, key: str, without: Iterable[str] = ()) -> Page | None:
    """Decodes a page whose records are exactly as documented.

    Args:
        table: the table of the records.
        body: the page, a JSON object with an array of records.
        key: the key of that array.
        without: columns that are left empty.

    Returns:
        The page, or None when anything in it needs the tolerant reader.
    """
    try:
        page = _page_decoder(table, key).decode(body)
    except jsontext.NOT_STRICT:
        return None
    if may_have_duplicate_keys(body, page):
        return None
    records = getattr(page, key)
    cells = _read_columns(table, records)
    if cells is None:
        return None
    if any(out_of_order(cells).values()):
        return None
    envelope = {name: getattr(page, name) for name in _ENVELOPE}
    present = {name: value for name, value in envelope.items() if value is not msgspec.UNSET}
    included = {name: values for name, values in cells.items() if name not in without}
    return Page(to_batch(table, included, len(records)), present)


def _read_columns(table: Table, records: list[Any]) -> dict[str, Any] | None:
    """The cells of all columns by name, or None when one of them needs a note."""
    values = _values_of_columns(table, records)
    # Arrow parses the times of all columns in one call: a call costs as much as some hundred times.
    time_columns = [column.name for column in table.wire if column.kind == "time"]
    moments = times.read_times([text for name in time_columns for text in values[name]])
    if moments is None:
        return None
    cells: dict[str, Any] = dict(values)
    for number, name in enumerate(time_columns):
        cells[name] = moments.slice(number * len(records), len(records))
    for column in table.wire:
        if column.kind == "json":
            cells[column.name] = _object_texts(values[column.name])
            if cells[column.name] is None:
                return None
        elif column.known and not {*values[column.name]} <= {*column.known, None}:
            return None
    return cells


def _values_of_columns(table: Table, records: list[Any]) -> dict[str, Sequence[Any]]:
    """The values of each column, None for a record that does not have it."""
    if not records:
        return {column.name: () for column in table.wire}
    # `zip` turns one tuple of values for each record into one tuple of values for each column.
    columns = zip(*map(astuple, records), strict=True)
    values: dict[str, Sequence[Any]] = {}
    for column, cells in zip(table.wire, columns, strict=True):
        values[column.name] = cells
        if msgspec.UNSET in cells:
            values[column.name] = [None if cell is msgspec.UNSET else cell for cell in cells]
    return values


def _object_texts(values: Sequence[Any]) -> pa.Array | None:
    """The texts of JSON objects, or None when one is not UTF-8 or no object."""
    try:
        texts = _joined(values).cast(ARROW["json"])
    except pa.ArrowInvalid:
        return None
    # With min_count=0 a column of nulls only is a column of objects too.
    are_objects = pc.all(pc.starts_with(texts, "{"), min_count=0).as_py()
    return texts if are_objects else None


def _joined(values: Sequence[Any]) -> pa.Array:
    """An array of byte strings in a buffer of just their size.

    `pa.array` fills a buffer that doubles as it grows, and keeps what it does not need in the end.
    """
    texts = [b"" if value is None else value for value in values]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    is_there = pa.array([value is not None for value in values], pa.bool_())
    _, validity = is_there.buffers()
    buffers = [validity, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(texts), buffers)


@cache
def _page_decoder(table: Table, key: str) -> msgspec.json.Decoder[Any]:
    """Makes a decoder of pages whose records have the table's own keys and no others."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for column in table.wire:
        wire_type = _wire_type(column)
        if column.required:
            fields.append((column.name, wire_type))
        else:
            fields.append((column.name, wire_type, msgspec.UNSET))
    # Records hold no other objects, so the garbage collector need not look at them.
    record = msgspec.defstruct("Record", fields, kw_only=True, forbid_unknown_fields=True, gc=False)
    records = (key, list[record])  # type: ignore[valid-type]
    envelope = [(name, Any, msgspec.UNSET) for name in _ENVELOPE]
    return msgspec.json.Decoder(msgspec.defstruct("Page", [records, *envelope]))


def _wire_type(column: Column) -> Any:
    """The type by which msgspec checks the values of a column."""
    if column.kind == "json":
        return msgspec.Raw
    if column.kind == "int":
        wire: Any = Annotated[int, msgspec.Meta(ge=column.low, le=column.high)]
    else:
        wire = bool if column.kind == "bool" else str
    return wire if column.required else wire | None | msgspec.UnsetType
