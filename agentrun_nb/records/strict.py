"""Pages that are just what the contract says, read by msgspec in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from agentrun_nb.core import times
from agentrun_nb.core.schema import Column, Table
from agentrun_nb.records.batch import Page, out_of_order, to_batch
from agentrun_nb.records.cut import is_complete


def decode_strict(table: Table, body: bytes, key: str, without: Iterable[str] = ()) -> Page | None:
    """Reads a page whose records are exactly as documented, or gives None."""
    try:
        page = _page_decoder(table, key).decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    if not is_complete(page, body):
        return None
    records = getattr(page, key)
    cells: dict[str, Any] = {}
    for column in table.wire:
        values = [getattr(record, column.name) for record in records]
        if not column.required:
            values = [None if value is msgspec.UNSET else value for value in values]
        read = _read_column(column, values)
        if read is None:
            return None
        if column.name not in without:
            cells[column.name] = read
    if any(out_of_order(cells).values()):
        return None
    envelope = {name: getattr(page, name) for name in _ENVELOPE}
    known = {name: value for name, value in envelope.items() if value is not msgspec.UNSET}
    return Page(to_batch(table, cells, len(records)), known)


def _read_column(column: Column, values: list[Any]) -> list[Any] | pa.Array | None:
    """The cells of a column, or None when one of them needs a note."""
    if column.kind == "json":
        try:
            texts = [None if value is None else bytes(value).decode() for value in values]
        except UnicodeDecodeError:
            return None
        return texts if all(text is None or text.startswith("{") for text in texts) else None
    if column.kind == "time":
        return times.read_times(values)
    if column.known and not set(values) <= {*column.known, None}:
        return None
    return values


_ENVELOPE = ("next_cursor", "has_more", "offset", "limit")


@cache
def _page_decoder(table: Table, key: str) -> msgspec.json.Decoder[Any]:
    """A decoder of pages whose records have the table's own keys and no others."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for column in table.wire:
        wire = _wire_type(column)
        fields.append(
            (column.name, wire) if column.required else (column.name, wire, msgspec.UNSET)
        )
    record = msgspec.defstruct("Record", fields, kw_only=True, forbid_unknown_fields=True)
    rest = [(name, Any, msgspec.UNSET) for name in _ENVELOPE]
    return msgspec.json.Decoder(msgspec.defstruct("Answer", [(key, list[record]), *rest]))  # type: ignore[valid-type]


def _wire_type(column: Column) -> Any:
    if column.kind == "json":
        return msgspec.Raw
    if column.kind == "int":
        wire: Any = Annotated[int, msgspec.Meta(ge=column.low, le=column.high)]
    else:
        wire = bool if column.kind == "bool" else str
    return wire if column.required else wire | None | msgspec.UnsetType
