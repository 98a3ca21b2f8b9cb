"""Selects, orders and groups the batches of a listing, so that each run comes once."""

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
"""The columns that identify a run."""

PACK = 10_000
"""The number of rows that are put together.

Hundreds of small arrays take half as much memory again.
"""


def without_repeats(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Drops all but the record that changed last, of each run that came more than once.

    Returns:
        The frame, and the number of rows that were dropped.
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
    """Yields the same rows in fewer batches."""
    for group in regroup(batches, PACK):
        if group:
            yield Batch.concat(group)
            pa.default_memory_pool().release_unused()


def newest_first(batches: list[Batch]) -> Iterator[Batch]:
    """Yields all rows in batches of `PACK`, the newest `created_at` first.

    Args:
        batches: the batches. The list is emptied, and each batch is freed after its last row.
    """
    moments = pa.concat_arrays([batch.cells["created_at"] for batch in batches])
    order = pc.array_sort_indices(moments, order="descending").to_numpy().astype("int64")
    starts = np.cumsum([0, *map(len, batches)])
    sources = np.searchsorted(starts, order, side="right") - 1
    waiting = dict(enumerate(batches))
    untaken = np.diff(starts)
    batches.clear()
    for start in range(0, len(order), PACK):
        rows = order[start : start + PACK]
        row_sources = sources[start : start + PACK]
        parts = []
        for source in np.unique(row_sources).tolist():
            taken = rows[row_sources == source] - starts[source]
            parts.append(waiting[source].apply(pa.Array.take, pa.array(taken)))
            untaken[source] -= len(taken)
            if not untaken[source]:
                del waiting[source]
        # The parts hold the rows batch by batch. The inverse of that permutation, which is the
        # argsort of it, puts them back in the order of time.
        by_source = np.argsort(row_sources, kind="stable")
        in_turn = np.argsort(by_source)
        yield Batch.concat(parts).apply(pa.Array.take, pa.array(in_turn))
        pa.default_memory_pool().release_unused()


class Sieve:
    """Selects each run once, and no more than `limit` of them.

    Attributes:
        duplicates: the number of rows that were dropped because their run had come before.
        passed: the number of rows that were selected.
        cut: whether rows were dropped because of the limit.
    """

    def __init__(self, limit: int | None) -> None:
        self.duplicates = 0
        self.passed = 0
        self.cut = False
        self._seen: set[tuple[str | None, str]] = set()
        self._left = limit

    def pick(self, batch: Batch) -> Batch:
        """Selects the rows of runs that have not come before, up to the limit."""
        fresh: list[int] = []
        deployments, ids = (batch.cells[name].to_pylist() for name in KEY)
        for row, key in enumerate(zip(deployments, ids, strict=True)):
            has_id = key[1] is not None
            if has_id and key in self._seen:
                self.duplicates += 1
            elif self._left is not None and len(fresh) >= self._left:
                self.cut = True
            else:
                fresh.append(row)
                self._seen.add(key)
        if self._left is not None:
            self._left -= len(fresh)
        self.passed += len(fresh)
        if len(fresh) == len(batch):
            return batch
        return batch.apply(pa.Array.take, pa.array(fresh, pa.int64()))


def regroup(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """Yields groups of batches with `size` rows each, at least one group.

    The last group holds the rows that are left over.
    """
    group: list[Batch] = []
    room = size
    has_yielded = False
    for batch in batches:
        rest = batch
        while len(rest) >= room:
            group.append(_slice(rest, 0, room))
            yield group
            has_yielded = True
            rest = _slice(rest, room, len(rest))
            group = []
            room = size
        group.append(rest)
        room -= len(rest)
    if room < size or not has_yielded:
        yield group


def _slice(batch: Batch, start: int, end: int) -> Batch:
    return batch.apply(pa.Array.slice, start, end - start)
