"""Decodes pages whose records are exactly as documented, in one pass of msgspec."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from agentrun_nb.core import jsontext, times
from agentrun_nb.core.schema import Column, Table
from agentrun_nb.records.batch import Page, out_of_order, to_batch
from agentrun_nb.records.cut import has_duplicate_keys

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
    if has_duplicate_keys(body, page):
        return None
    records = getattr(page, key)
    cells: dict[str, Any] = {}
    for column in table.wire:
        values = _values(column, records)
        read = _read_column(column, values)
        if read is None:
            return None
        if column.name not in without:
            cells[column.name] = read
    if any(out_of_order(cells).values()):
        return None
    envelope = {name: getattr(page, name) for name in _ENVELOPE}
    present = {name: value for name, value in envelope.items() if value is not msgspec.UNSET}
    return Page(to_batch(table, cells, len(records)), present)


def _values(column: Column, records: list[Any]) -> list[Any]:
    """The values of a column, None for a record that does not have it."""
    values = [getattr(record, column.name) for record in records]
    if column.required:
        return values
    return [None if value is msgspec.UNSET else value for value in values]


def _read_column(column: Column, values: list[Any]) -> list[Any] | pa.Array | None:
    """The cells of a column, or None when one of them needs a note."""
    if column.kind == "json":
        return _object_texts(values)
    if column.kind == "time":
        return times.read_times(values)
    if column.known and not set(values) <= {*column.known, None}:
        return None
    return values


def _object_texts(values: list[Any]) -> list[str | None] | None:
    """The texts of JSON objects, or None when one is not UTF-8 or no object."""
    try:
        texts = [None if value is None else bytes(value).decode() for value in values]
    except UnicodeDecodeError:
        return None
    return texts if all(text is None or text.startswith("{") for text in texts) else None


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
    record = msgspec.defstruct("Record", fields, kw_only=True, forbid_unknown_fields=True)
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
