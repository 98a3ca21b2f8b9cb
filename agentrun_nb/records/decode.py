"""Bytes of the service to cells of a table: nothing lost, one odd value costs its own cell.

Two roads lead to the same cells. A page that is just what the contract says is read by msgspec in one pass. Any other
page is cut into records and each record into members; then each cell is read by the tolerant reader of its kind, which
may add a note.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core import jsontext, times
from agentrun_nb.core.schema import RUNS, Column, Kind, Table
from agentrun_nb.errors import BadResponseError
from agentrun_nb.records.cells import Notes, read_cell

ARROW: dict[Kind, pa.DataType] = {
    "text": pa.large_string(),
    "time": pa.timestamp("us", "UTC"),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "category": pa.large_string(),
    "json": pa.large_string(),
}


@dataclass(frozen=True)
class Batch:
    """Cells of one table by column, each an Arrow array of the type that `ARROW` gives.

    Attributes:
        table: whose columns they are.
        cells: column name to Arrow array; every column of the table, all of one length.
    """

    table: Table
    cells: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(self.cells[self.table.columns[0].name])

    def each(self, change: Callable[..., pa.Array], *how: Any) -> Batch:
        """The batch that comes of one change to every column, such as `pa.Array.take` with row numbers."""
        return Batch(self.table, {name: change(cells, *how) for name, cells in self.cells.items()})

    @classmethod
    def joined(cls, batches: Sequence[Batch]) -> Batch:
        """The rows of several batches, one after the other, copied."""
        cells = {name: pa.concat_arrays([batch.cells[name] for batch in batches]) for name in batches[0].cells}
        return cls(batches[0].table, cells)

    def without(self, columns: Iterable[str]) -> Batch:
        """The same batch with nothing in the named columns."""
        dropped = {name: pa.nulls(len(self), self.cells[name].type) for name in columns}
        return Batch(self.table, self.cells | dropped)


@dataclass(frozen=True)
class Page:
    """One answer with many records.

    Attributes:
        batch: the records.
        envelope: the other keys of the answer, such as `next_cursor`.
    """

    batch: Batch
    envelope: dict[str, Any]


def decode_page(table: Table, body: bytes, key: str = "items", without: Iterable[str] = ()) -> Page:
    """Reads an answer that holds records in an array under `key`, and keeps nothing of the columns in `without`.

    Raises:
        BadResponseError: the body is not such an answer; the message says why and where.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    fast = _decode_strict(table, body, key, without)
    if fast is not None:
        return fast
    try:
        _check_object(body)
        top = dict(cut_object(body))
        if key not in top:
            raise BadResponseError(f"The answer has no {key!r}.")
        batch = _decode_tolerant(table, cut_array(top.pop(key))).without(without)
        return Page(batch, {name: jsontext.parse(value.decode("utf-8", "replace")) for name, value in top.items()})
    except jsontext.JSONTextError as error:
        raise BadResponseError(f"The answer is not the JSON that was expected: {error}.") from None


def decode_records(table: Table, bodies: Sequence[bytes]) -> Batch:
    """Reads records that came one by one; the batch has one row for each.

    Raises:
        BadResponseError: a body is not a JSON object.
    """
    stripped = [body.removeprefix(b"\xef\xbb\xbf").strip() for body in bodies]
    fast = _decode_strict(table, b'{"items":[' + b",".join(stripped) + b"]}", "items")
    if fast is not None and len(fast.batch) == len(bodies):
        return fast.batch
    try:
        for body in stripped:
            _check_object(body)
        return _decode_tolerant(table, stripped)
    except jsontext.JSONTextError as error:
        raise BadResponseError(f"The answer is not the JSON that was expected: {error}.") from None


def _check_object(body: bytes) -> None:
    if not body.startswith(b"{") or jsontext.value_end(body, 0) != len(body):
        told = "" if body else "empty, and so "
        hint = "A record or a page of the service is one JSON object."
        raise BadResponseError(f"The record is {told}not one JSON object.", hint=hint)


def decode_record(table: Table, body: bytes) -> Batch:
    """Reads one record: a batch of one row.

    Raises:
        BadResponseError: the body is not a JSON object.
    """
    return decode_records(table, [body])


def failed_runs(asked: Sequence[tuple[str, str]], errors: Sequence[str]) -> Batch:
    """Rows for runs that could not be fetched: (deployment_id, id) as asked, and `code: sentence`."""
    known = {"deployment_id": [deployment for deployment, _ in asked], "id": [run for _, run in asked]}
    return to_batch(RUNS, known | {"fetch_error": list(errors)}, len(asked))


def to_batch(table: Table, cells: Mapping[str, list[Any] | pa.Array], length: int) -> Batch:
    """Makes a batch of lists or Arrow arrays, times in microseconds; columns that are not given are empty."""
    arrays = {}
    for column in table.columns:
        kind = ARROW[column.kind]
        values = cells.get(column.name)
        if values is None:
            arrays[column.name] = pa.nulls(length, kind)
        else:
            arrays[column.name] = _arrow(values, kind)
    return Batch(table, arrays)


def _arrow(values: list[Any] | pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    return pa.array(values, pa.int64()).cast(kind) if pa.types.is_timestamp(kind) else pa.array(values, kind)


# --- the strict road ---------------------------------------------------------------------------------------------


def _decode_strict(table: Table, body: bytes, key: str, without: Iterable[str] = ()) -> Page | None:
    """Reads a page whose records are exactly as documented, or gives None."""
    try:
        page = _page_decoder(table, key).decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    if not _complete(page, body):
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
    if any(_out_of_order(cells).values()):
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
        fields.append((column.name, wire) if column.required else (column.name, wire, msgspec.UNSET))
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


# --- the tolerant road -------------------------------------------------------------------------------------------


def _decode_tolerant(table: Table, records: Sequence[bytes]) -> Batch:
    """Reads records one by one, each value by the reader of its kind."""
    return read_members(table, [cut_object(record) if record.startswith(b"{") else record for record in records])


def read_members(table: Table, records: Sequence[Iterable[tuple[str, bytes]] | bytes]) -> Batch:
    """Reads records that are cut into members; one that is no object comes as its bytes and leaves a note."""
    cells: dict[str, list[Any]] = {column.name: [] for column in table.columns}
    notes = [Notes() for _ in records]
    moments: list[dict[str, bytes | None]] = []
    for record, noted in zip(records, notes, strict=True):
        found: dict[str, bytes] = {}
        if isinstance(record, bytes):
            noted.add(table.columns[0].name, "not_object", record)
        else:
            for name, value in record:
                if name in found:
                    noted.add(name, "duplicate_key", found[name])
                found[name] = value
        moments.append({name: found.get(name) for name in _IN_TURN})
        for column in table.wire:
            original = found.pop(column.name, None)
            cell, code = read_cell(column, original)
            if code:
                noted.add(column.name, code, original or b"")
            cells[column.name].append(cell)
        if "extra" in cells:
            cells["extra"].append(_object_text(found))
    for name, rows in _out_of_order(cells).items():
        for row in rows:
            notes[row].add(name, "time_order", (moments[row][name] or b"").strip(b'"'))
    if "parse_notes" in cells:
        cells["parse_notes"] = [noted.text for noted in notes]
    return to_batch(table, {name: values for name, values in cells.items() if values}, len(records))


def cut_object(text: bytes) -> Iterable[tuple[str, bytes]]:
    """The members of an object, duplicates included; msgspec cuts what is sound and compact."""
    try:
        found = _MEMBERS.decode(text)
        if _complete(found, text):
            return [(name, bytes(value)) for name, value in found.items()]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    return jsontext.members(text)


def cut_array(text: bytes) -> list[bytes]:
    """The elements of an array."""
    try:
        return [bytes(value) for value in _ELEMENTS.decode(text)]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return list(jsontext.elements(text))


def _complete(decoded: Any, text: bytes) -> bool:
    """Whether everything was decoded: msgspec keeps the last of two equal keys, and is shorter then, written again."""
    again = msgspec.json.encode(decoded)
    return len(again) == len(text) or len(_compact(again)) == len(_compact(text))


def _compact(text: bytes) -> bytes:
    return msgspec.json.format(text, indent=-1)


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


def _object_text(found: dict[str, bytes]) -> str | None:
    """Members as the text of one JSON object, values to the letter."""
    if not found:
        return None
    members = (
        json.dumps(jsontext.whole(name)) + ":" + value.decode("utf-8", "replace") for name, value in found.items()
    )
    return "{" + ",".join(members) + "}"


_IN_TURN = ("created_at", "started_at", "completed_at")
"""The moments of a run in the order in which they come."""


def _out_of_order(cells: dict[str, Any]) -> dict[str, list[int]]:
    """The rows that started before they were made, and those that ended before one of the two, by the odd column."""
    if not cells.keys() >= {*_IN_TURN}:
        return {}
    created, started, completed = (
        pa.array(cells[name], pa.int64()) if isinstance(cells[name], list) else cells[name].cast(pa.int64())
        for name in _IN_TURN
    )
    # A moment that is not there is earlier than nothing: the comparison with it is null and counts as false.
    early_start = pc.less(started, created).fill_null(False)
    early_end = pc.or_(pc.less(completed, created).fill_null(False), pc.less(completed, started).fill_null(False))
    odd = {"started_at": early_start, "completed_at": early_end}
    return {name: pc.indices_nonzero(rows).to_pylist() for name, rows in odd.items()}
