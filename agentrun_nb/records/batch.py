"""Cells of a table as Arrow arrays, one for each column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core.jsontext import valid_unicode
from agentrun_nb.core.schema import RUNS, Kind, Table
from agentrun_nb.core.times import AnswerTime

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
    """Rows of one table as Arrow arrays, one for each column.

    Attributes:
        table: the table that the rows belong to.
        cells: the array of each column by its name, of the type that `ARROW` gives; every column
            of the table, all of one length.
    """

    table: Table
    cells: dict[str, pa.Array]

    def __len__(self) -> int:
        first = self.table.columns[0].name
        return len(self.cells[first])

    def apply(self, function: Callable[..., pa.Array], *arguments: Any) -> Batch:
        """Applies a function to every column, such as `pa.Array.take` with row numbers."""
        cells = {name: function(column, *arguments) for name, column in self.cells.items()}
        return Batch(self.table, cells)

    @classmethod
    def concat(cls, batches: Sequence[Batch]) -> Batch:
        """Concatenates the rows of several batches of one table; there must be one at least."""
        table = batches[0].table
        cells = {}
        for column in table.columns:
            cells[column.name] = pa.concat_arrays([batch.cells[column.name] for batch in batches])
        return cls(table, cells)

    def with_fetched_at(self, moments: Sequence[int]) -> Batch:
        """The batch with `fetched_at` set for each row, in microseconds since the epoch."""
        fetched_at = _to_arrow(list(moments), ARROW["time"])
        return Batch(self.table, self.cells | {"fetched_at": fetched_at})

    def with_answer_times(self, answers: Sequence[AnswerTime]) -> Batch:
        """The batch with `fetched_at` set: the last moment at which a record is known to have held.

        The service read a record between the request and the answer, and no earlier than it was
        changed last. So that moment is when the request was sent or, where that was later, when the
        record was changed. The moment at which the answer came would be too late: a run that
        changes its status on the way of an answer would seem to have changed it afterwards.

        Args:
            answers: when the answer with each record was made.
        """
        sent = pa.array([answer.sent for answer in answers], pa.int64())
        received = pa.array([answer.received for answer in answers], pa.int64())
        updated = self.cells["updated_at"].cast(pa.int64())
        # A record that claims to be changed in the future is no later than its answer.
        changed = pc.min_element_wise(updated, received, skip_nulls=False)
        moments = pc.max_element_wise(changed, sent)
        return Batch(self.table, self.cells | {"fetched_at": moments.cast(ARROW["time"])})

    def without(self, columns: Iterable[str]) -> Batch:
        """The batch with the named columns emptied."""
        dropped = {name: pa.nulls(len(self), self.cells[name].type) for name in columns}
        return Batch(self.table, self.cells | dropped)


@dataclass(frozen=True)
class Page:
    """One answer of the service that holds a list of records.

    Attributes:
        batch: the records.
        envelope: the other keys of the answer, such as `next_cursor`.
        lists: how many lists of records the answer held. More than one is odd: nobody knows what
            else is wrong with the answer.
    """

    batch: Batch
    envelope: dict[str, Any]
    lists: int = 1

    def with_answer_time(self, answer: AnswerTime) -> Page:
        """The page with `fetched_at` of all rows set, as `Batch.with_answer_times` does."""
        answers = [answer] * len(self.batch)
        return replace(self, batch=self.batch.with_answer_times(answers))


def failed_runs(keys: Sequence[tuple[str, str]], errors: Sequence[str]) -> Batch:
    """Makes rows for runs that could not be fetched.

    Args:
        keys: the deployment_id and id of each run, whatever was given for them.
        errors: the `fetch_error` of each run, as `code: sentence`.
    """
    deployments = [_as_text(deployment_id) for deployment_id, _ in keys]
    ids = [_as_text(run_id) for _, run_id in keys]
    cells = {"deployment_id": deployments, "id": ids, "fetch_error": list(errors)}
    return to_batch(RUNS, cells, len(keys))


def _as_text(part: Any) -> str:
    if isinstance(part, str):
        return valid_unicode(part)
    return str(part or "")


def to_batch(table: Table, cells: Mapping[str, list[Any] | pa.Array], length: int) -> Batch:
    """Makes a batch of lists or Arrow arrays.

    Args:
        table: the table that the cells belong to.
        cells: values by column, times in microseconds since the epoch. Columns that are not given
            are empty.
        length: the number of rows.
    """
    arrays = {}
    for column in table.columns:
        kind = ARROW[column.kind]
        values = cells.get(column.name)
        if values is None:
            arrays[column.name] = pa.nulls(length, kind)
        else:
            arrays[column.name] = _to_arrow(values, kind)
    return Batch(table, arrays)


def _to_arrow(values: list[Any] | pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


TIMES_IN_ORDER = ("created_at", "started_at", "completed_at")
"""The times of a run in the order in which they come."""


def out_of_order(cells: Mapping[str, list[Any] | pa.Array]) -> dict[str, list[int]]:
    """Finds the rows whose times are not in order, by the column that is odd.

    `started_at` is odd where it lies before `created_at`, and `completed_at` where it lies before
    one of the two.
    """
    if not cells.keys() >= {*TIMES_IN_ORDER}:
        return {}
    created, started, completed = (_micros(cells[name]) for name in TIMES_IN_ORDER)
    ends_early = pc.or_(_is_before(completed, created), _is_before(completed, started))
    odd = {"started_at": _is_before(started, created), "completed_at": ends_early}
    return {name: pc.indices_nonzero(rows).to_pylist() for name, rows in odd.items()}


def _micros(moments: list[Any] | pa.Array) -> pa.Array:
    if isinstance(moments, list):
        return pa.array(moments, pa.int64())
    return moments.cast(pa.int64())


def _is_before(moments: pa.Array, others: pa.Array) -> pa.Array:
    """Whether each moment lies before the other; not where one of them is missing."""
    return pc.less(moments, others).fill_null(False)
