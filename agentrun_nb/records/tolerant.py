"""Decodes records one by one, value by value, and notes what is odd about them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import Table
from agentrun_nb.records.batch import TIMES_IN_ORDER, Batch, out_of_order, to_batch
from agentrun_nb.records.cells import Notes, read_cell
from agentrun_nb.records.cut import cut_object


def decode_tolerant(table: Table, records: Sequence[bytes]) -> Batch:
    """Decodes records, one row each, whatever they hold.

    Args:
        table: the table of the records.
        records: JSON texts. One that is not an object gives a row of empty cells with a note.
    """
    members = [cut_object(record) if record.startswith(b"{") else record for record in records]
    return read_members(table, members)


def read_members(table: Table, records: Sequence[Iterable[tuple[str, bytes]] | bytes]) -> Batch:
    """Decodes records that are split into members.

    Args:
        table: the table of the records.
        records: of each record its keys and the JSON texts of their values; its bytes where it is
            not an object.
    """
    cells: dict[str, list[Any]] = {column.name: [] for column in table.columns}
    all_notes = [Notes() for _ in records]
    times: list[dict[str, bytes | None]] = []
    for record, notes in zip(records, all_notes, strict=True):
        values = _values(table, record, notes)
        times.append({name: values.get(name) for name in TIMES_IN_ORDER})
        for column in table.wire:
            value = values.pop(column.name, None)
            cell, code = read_cell(column, value)
            if code:
                notes.add(column.name, code, value or b"")
            cells[column.name].append(cell)
        # What is left belongs to no column of the table.
        if "extra" in cells:
            cells["extra"].append(_object_text(values))
    for name, rows in out_of_order(cells).items():
        for row in rows:
            text = (times[row][name] or b"").strip(b'"')
            all_notes[row].add(name, "time_order", text)
    if "parse_notes" in cells:
        cells["parse_notes"] = [notes.text for notes in all_notes]
    filled = {name: values for name, values in cells.items() if values}
    return to_batch(table, filled, len(records))


def _values(
    table: Table, record: Iterable[tuple[str, bytes]] | bytes, notes: Notes
) -> dict[str, bytes]:
    """The values of a record by key; of a key that comes twice the last, with a note."""
    if isinstance(record, bytes):
        notes.add(table.columns[0].name, "not_object", record)
        return {}
    values: dict[str, bytes] = {}
    for name, value in record:
        if name in values:
            notes.add(name, "duplicate_key", values[name])
        values[name] = value
    return values


def _object_text(values: dict[str, bytes]) -> str | None:
    """The text of an object with these members, each value as it stood in the record."""
    if not values:
        return None
    members = []
    for name, value in values.items():
        key = json.dumps(jsontext.valid_unicode(name))
        members.append(f"{key}:{value.decode('utf-8', 'replace')}")
    return "{" + ",".join(members) + "}"
