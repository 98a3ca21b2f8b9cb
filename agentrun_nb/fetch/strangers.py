"""Notes records that name another deployment, version or run than the one that was requested.

Such records stay in the table.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from agentrun_nb.records.batch import Batch


def note_stranger(
    notes: str | None, named: str | None, requested: str, column: str = "deployment_id"
) -> str | None:
    """Adds a note to those of a record that names another id than the one that was requested.

    Args:
        notes: the notes on the record.
        named: the id that the record names; None where it names none.
        requested: the id that was requested.
        column: the column of the id.
    """
    if named is None or named == requested:
        return notes
    note = f"{column}: wrong_id: {named[:200]}"
    return f"{notes}; {note}" if notes else note


def note_strangers(batch: Batch, column: str, requested: Sequence[str]) -> Batch:
    """Adds a note to each record that names another id in a column than the one requested.

    Args:
        batch: the records.
        column: the column of the ids.
        requested: the id that was requested for each record.
    """
    if column not in batch.cells:
        return batch
    named = batch.cells[column].to_pylist()
    if all(name is None or name == own for name, own in zip(named, requested, strict=True)):
        return batch
    before = batch.cells["parse_notes"]
    records = zip(before.to_pylist(), named, requested, strict=True)
    notes = [note_stranger(note, name, own, column) for note, name, own in records]
    return Batch(batch.table, batch.cells | {"parse_notes": pa.array(notes, before.type)})
