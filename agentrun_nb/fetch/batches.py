"""Batches on their way to a frame: each run once, in groups of one size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.records.batch import Batch

if TYPE_CHECKING:
    import pandas as pd

KEY = ["deployment_id", "id"]
"""What a run is known by."""

PACK = 10_000
"""Rows that are put together: hundreds of small arrays take half as much memory again."""


def newest(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keeps one record of each run, the one that changed last.

    Returns:
        The frame with each run once, and how many records were left out.
    """
    if frame["id"].nunique() == frame["id"].count():
        return frame, 0
    twice = frame.duplicated(KEY, keep=False) & frame["id"].notna()
    if not twice.any():
        return frame, 0
    ordered = frame[twice].sort_values("updated_at", kind="stable", na_position="first")
    older = ordered.index[ordered.duplicated(KEY, keep="last")]
    return frame.drop(index=older), len(older)


def packed(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same rows in fewer batches, as they come."""
    for group in regroup(batches, PACK):
        if group:
            yield Batch.concat(group)
            pa.default_memory_pool().release_unused()


def newest_first(batches: list[Batch]) -> Iterator[Batch]:
    """Yields all rows by `created_at`, the newest first.

    It takes the batches out of the list and lets each go after its last row.
    """
    moments = pa.concat_arrays([batch.cells["created_at"] for batch in batches])
    order = pc.array_sort_indices(moments, order="descending").to_numpy().astype("int64")
    starts = np.cumsum([0, *map(len, batches)])
    sources = np.searchsorted(starts, order, side="right") - 1
    waiting, untaken = dict(enumerate(batches)), np.diff(starts)
    batches.clear()
    for start in range(0, len(order), PACK):
        rows, come_from = order[start : start + PACK], sources[start : start + PACK]
        parts = []
        for source in np.unique(come_from).tolist():
            taken = rows[come_from == source] - starts[source]
            parts.append(waiting[source].apply(pa.Array.take, pa.array(taken)))
            untaken[source] -= len(taken)
            if not untaken[source]:
                del waiting[source]
        in_turn = np.argsort(np.argsort(come_from, kind="stable"))
        yield Batch.concat(parts).apply(pa.Array.take, pa.array(in_turn))
        pa.default_memory_pool().release_unused()


class Sieve:
    """Lets each run through once, and no more than `limit` of them."""

    def __init__(self, limit: int | None) -> None:
        self.duplicates = self.passed = 0
        self.cut = False
        self._seen: set[tuple[str | None, str]] = set()
        self._left = limit

    def pick(self, batch: Batch) -> Batch:
        """The rows that are new and still wanted."""
        fresh: list[int] = []
        ids = (batch.cells[name].to_pylist() for name in KEY)
        for row, key in enumerate(zip(*ids, strict=True)):
            if key[1] is not None and key in self._seen:
                self.duplicates += 1
            elif self._left is not None and len(fresh) >= self._left:
                self.cut = True
            else:
                fresh.append(row)
                self._seen.add(key)
        self._left = None if self._left is None else self._left - len(fresh)
        self.passed += len(fresh)
        if len(fresh) == len(batch):
            return batch
        return batch.apply(pa.Array.take, pa.array(fresh, pa.int64()))


def regroup(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """Yields groups of batches with exactly `size` rows each, the last one with the rest.

    There is at least one group, even where there are no rows.
    """
    group: list[Batch] = []
    room, given = size, False
    for batch in batches:
        while len(batch) >= room:
            group.append(_part(batch, 0, room))
            yield group
            batch, group, room, given = _part(batch, room, len(batch)), [], size, True
        group.append(batch)
        room -= len(batch)
    if room < size or not given:
        yield group


def _part(batch: Batch, start: int, end: int) -> Batch:
    return batch.apply(pa.Array.slice, start, end - start)
