"""Records read one by one, each value by the reader of its kind, which may leave a note."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import Table
from agentrun_nb.records.batch import IN_TURN, Batch, out_of_order, to_batch
from agentrun_nb.records.cells import Notes, read_cell
from agentrun_nb.records.cut import cut_object


def decode_tolerant(table: Table, records: Sequence[bytes]) -> Batch:
    """Reads records one by one, each value by the reader of its kind."""
    return read_members(
        table, [cut_object(record) if record.startswith(b"{") else record for record in records]
    )


def read_members(table: Table, records: Sequence[Iterable[tuple[str, bytes]] | bytes]) -> Batch:
    """Reads records that are cut into members.

    One that is no object comes as its bytes and leaves a note.
    """
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
        moments.append({name: found.get(name) for name in IN_TURN})
        for column in table.wire:
            original = found.pop(column.name, None)
            cell, code = read_cell(column, original)
            if code:
                noted.add(column.name, code, original or b"")
            cells[column.name].append(cell)
        if "extra" in cells:
            cells["extra"].append(_object_text(found))
    for name, rows in out_of_order(cells).items():
        for row in rows:
            notes[row].add(name, "time_order", (moments[row][name] or b"").strip(b'"'))
    if "parse_notes" in cells:
        cells["parse_notes"] = [noted.text for noted in notes]
    return to_batch(table, {name: values for name, values in cells.items() if values}, len(records))


def _object_text(found: dict[str, bytes]) -> str | None:
    """Members as the text of one JSON object, values to the letter."""
    if not found:
        return None
    members = (
        json.dumps(jsontext.whole(name)) + ":" + value.decode("utf-8", "replace")
        for name, value in found.items()
    )
    return "{" + ",".join(members) + "}"
