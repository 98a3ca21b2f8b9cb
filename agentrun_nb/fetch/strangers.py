"""Records that name another deployment, version or run than the one that was asked for.

They are kept, and noted.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from agentrun_nb.records.batch import Batch


def stranger_noted(
    notes: str | None, named: str | None, asked: str, column: str = "deployment_id"
) -> str | None:
    """Gives the notes on a record, with one more when it names another id than was asked for.

    The column says which id is meant; it is that of the deployment by default.
    """
    if named in (None, asked):
        return notes
    return "; ".join(filter(None, (notes, f"{column}: wrong_id: {named[:200]}")))


def strangers_noted(batch: Batch, column: str, asked: Sequence[str]) -> Batch:
    """The batch, with a note on each record that names another one in a column than was asked for.

    Args:
        batch: the records.
        column: which id is looked at.
        asked: what was asked for, for each record.
    """
    if column not in batch.cells:
        return batch
    named = batch.cells[column].to_pylist()
    if all(name in (None, wanted) for name, wanted in zip(named, asked, strict=True)):
        return batch
    before = batch.cells["parse_notes"]
    notes = [
        stranger_noted(note, name, wanted, column)
        for note, name, wanted in zip(before.to_pylist(), named, asked, strict=True)
    ]
    return Batch(batch.table, batch.cells | {"parse_notes": pa.array(notes, before.type)})
