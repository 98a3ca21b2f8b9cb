"""One record of a run as it came, for those who look at runs again and again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import RUNS, TERMINAL
from agentrun_nb.errors import AgentRunError
from agentrun_nb.fetch.by_id import fetch_error
from agentrun_nb.fetch.keys import Key
from agentrun_nb.records.batch import Batch, failed_runs
from agentrun_nb.run import Run, runs_of
from agentrun_nb.tables.frames import table_frame

NOT_SEEN = "not_asked: It has not been looked at yet."


@dataclass(frozen=True)
class Record:
    """A record of a run.

    Attributes:
        batch: the records that came together.
        row: which of them it is.
        key: the run.
        status: its status; None where the record has none.
        mode: job or service.
        created: `created_at` in microseconds since the epoch; None where it cannot be read.
        updated: `updated_at`, likewise.
        seen: `fetched_at`, likewise.
        run: the run with its record to the letter, where it was fetched by itself.
    """

    batch: Batch
    row: int
    key: Key
    status: str | None
    mode: str | None
    created: int | None
    updated: int | None
    seen: int | None
    run: Run | None = None

    @property
    def ended(self) -> bool:
        """Whether the status is a final one."""
        return self.status in TERMINAL

    @property
    def age(self) -> float | None:
        """How old the run was when the record held, in seconds; None where that is not known."""
        if self.created is None or self.seen is None:
            return None
        return max(0.0, (self.seen - self.created) / 1e6)

    def is_older_than(self, other: Record) -> bool:
        """Whether the record was changed before another one of the same run."""
        if self.updated is None or other.updated is None:
            return False
        return self.updated < other.updated

    def as_run(self) -> Run:
        """The run itself; one that came in a list has a record that is written anew."""
        if self.run is not None:
            return self.run
        return next(runs_of(table_frame(RUNS, [self.as_batch()])))

    def as_batch(self) -> Batch:
        """The record as a batch of one row."""
        return self.batch.apply(pa.Array.slice, self.row, 1)


def records_of(batch: Batch, deployment_id: str, run: Run | None = None) -> list[Record]:
    """Returns the records of a batch that have an id.

    Args:
        batch: the batch.
        deployment_id: the deployment that was asked for them.
        run: the run itself, where the batch is its record alone.
    """
    cells = batch.cells
    ids = cells["id"].to_pylist()
    statuses = cells["status"].to_pylist()
    modes = cells["mode"].to_pylist()
    created = _micros(batch, "created_at")
    updated = _micros(batch, "updated_at")
    seen = _micros(batch, "fetched_at")
    found = []
    for row, run_id in enumerate(ids):
        if run_id is not None:
            record = Record(
                batch=batch,
                row=row,
                key=(deployment_id, run_id),
                status=statuses[row],
                mode=modes[row],
                created=created[row],
                updated=updated[row],
                seen=seen[row],
                run=run,
            )
            found.append(record)
    return found


def _micros(batch: Batch, name: str) -> list[int | None]:
    moments: list[int | None] = batch.cells[name].cast(pa.int64()).to_pylist()
    return moments


def some_of(batch: Batch, rows: Sequence[int]) -> Batch:
    """Returns some rows of a batch, so that the others need not stay in memory."""
    if len(rows) == len(batch):
        return batch
    return batch.apply(pa.Array.take, pa.array(rows, pa.int64()))


def frame_of(
    keys: Iterable[Key], records: Mapping[Key, Record], lost: Mapping[Key, AgentRunError]
) -> pd.DataFrame:
    """Makes the RUNS table of runs, with the reason where one has no record.

    Args:
        keys: the runs, in the order of the rows.
        records: what is known of them.
        lost: why nothing comes of some of them.
    """
    parts = []
    for key in keys:
        record = records.get(key)
        if record is not None:
            parts.append(record.as_batch())
            continue
        reason = fetch_error(lost[key]) if key in lost else NOT_SEEN
        parts.append(failed_runs([key], [reason]))
    return table_frame(RUNS, parts)
