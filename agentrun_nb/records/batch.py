"""Cells of a table by column, as Arrow arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core.schema import RUNS, Kind, Table

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
        cells = {
            name: pa.concat_arrays([batch.cells[name] for batch in batches])
            for name in batches[0].cells
        }
        return cls(batches[0].table, cells)

    def fetched(self, moments: Sequence[int]) -> Batch:
        """The same batch, marked with when each of its rows was fetched, in microseconds since the epoch."""
        return Batch(self.table, self.cells | {"fetched_at": _arrow(list(moments), ARROW["time"])})

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
        lists: how many lists of records it held; more than one is odd, and what else is amiss
            nobody knows.
    """

    batch: Batch
    envelope: dict[str, Any]
    lists: int = 1

    def fetched(self, moment: int) -> Page:
        """The same page, its rows marked as fetched at a moment in microseconds since the epoch."""
        return replace(self, batch=self.batch.fetched([moment] * len(self.batch)))


def failed_runs(asked: Sequence[tuple[str, str]], errors: Sequence[str]) -> Batch:
    """Rows for runs that could not be fetched.

    (deployment_id, id) as asked, and `code: sentence`.
    """
    known = {
        "deployment_id": [deployment for deployment, _ in asked],
        "id": [run for _, run in asked],
    }
    return to_batch(RUNS, known | {"fetch_error": list(errors)}, len(asked))


def to_batch(table: Table, cells: Mapping[str, list[Any] | pa.Array], length: int) -> Batch:
    """Makes a batch of lists or Arrow arrays, times in microseconds.

    Columns that are not given are empty.
    """
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
    return (
        pa.array(values, pa.int64()).cast(kind)
        if pa.types.is_timestamp(kind)
        else pa.array(values, kind)
    )


IN_TURN = ("created_at", "started_at", "completed_at")
"""The moments of a run in the order in which they come."""


def out_of_order(cells: dict[str, Any]) -> dict[str, list[int]]:
    """The rows that started before they were made, and those that ended before one of the two, by the odd column."""
    if not cells.keys() >= {*IN_TURN}:
        return {}
    created, started, completed = (
        pa.array(cells[name], pa.int64())
        if isinstance(cells[name], list)
        else cells[name].cast(pa.int64())
        for name in IN_TURN
    )
    # A moment that is not there is earlier than nothing: the comparison with it is null and counts
    # as false.
    early_start = pc.less(started, created).fill_null(False)
    early_end = pc.or_(
        pc.less(completed, created).fill_null(False), pc.less(completed, started).fill_null(False)
    )
    odd = {"started_at": early_start, "completed_at": early_end}
    return {name: pc.indices_nonzero(rows).to_pylist() for name, rows in odd.items()}
