"""Batches on their way to a frame: sorted and packed without standing in memory twice."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.core.schema import RUNS
from agentrun_nb.fetch import batches as chunks
from agentrun_nb.records.batch import Batch, to_batch


def batch(moments: list[int | None], first: int = 0) -> Batch:
    """Runs made at the given microseconds, numbered from `first`."""
    ids = [str(first + number) for number in range(len(moments))]
    return to_batch(RUNS, {"id": ids, "created_at": moments}, len(moments))


def batches(pages: list[list[int | None]]) -> list[Batch]:
    return [batch(moments, 100 * number) for number, moments in enumerate(pages)]


def ids(found: list[Batch]) -> list[str]:
    return [run for part in found for run in part.cells["id"].to_pylist()]


PAGES = st.lists(st.lists(st.none() | st.integers(0, 50), max_size=8), min_size=1, max_size=8)


@given(PAGES, st.integers(1, 9))
def test_runs_are_sorted_newest_first_and_equal_ones_keep_their_order(
    pages: list[list[int | None]], pack: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "PACK", pack)
        found = list(chunks.newest_first(batches(pages)))
    rows = [
        (moment, f"{100 * page + row}")
        for page, times in enumerate(pages)
        for row, moment in enumerate(times)
    ]
    assert ids(found) == [
        run for _, run in sorted(rows, key=lambda row: float("inf") if row[0] is None else -row[0])
    ]


@given(PAGES, st.integers(1, 9))
def test_packing_changes_no_row(pages: list[list[int | None]], pack: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "PACK", pack)
        found = list(chunks.packed(batches(pages)))
    assert ids(found) == ids(batches(pages))
    assert all(len(part) == pack for part in found[:-1])


def test_sorting_several_listings_takes_little_more_memory_than_the_runs() -> None:
    """Eight listings that came side by side: each batch goes when its last row is sorted."""
    text = pa.array(["x" * 1_000] * 8_000, pa.large_string())
    came = []
    for page in range(20):
        made = batch(
            [-8 * (1_000 * page + row) - stream for stream in range(8) for row in range(1_000)]
        )
        came.append(Batch(RUNS, made.cells | {"output_manifest": pa.concat_arrays([text])}))
    before = pa.total_allocated_bytes()
    most, found = before, []
    for part in chunks.newest_first(came):
        found.append(part)
        most = max(most, pa.total_allocated_bytes())
    assert not came
    assert sum(map(len, found)) == 160_000
    assert most < 1.25 * before
