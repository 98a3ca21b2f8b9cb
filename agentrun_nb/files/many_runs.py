"""Reads runs part by part: a frame, frames one after another, a folder of them, or a cluster's.

A statistic that is counted part by part has three steps: to count a part, to combine counts into
one, and to finish: to make the table of the counts of all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeGuard, TypeVar, runtime_checkable

import pandas as pd

from agentrun_nb.core.schema import RUNS
from agentrun_nb.files.parts import RunsFolder
from agentrun_nb.tables.frames import HasRecord, check_columns, check_is_unread, runs_frame

Counts = TypeVar("Counts")

_AT_ONCE = 16
"""How many counts are combined at once."""


@runtime_checkable
class ClusterFrame(Protocol):
    """A frame in partitions, such as that of Dask, which no module here imports."""

    columns: Any

    def reduction(self, chunk: Any, **options: Any) -> Any:
        """Reduces every partition, and combines what is left of them as a tree."""

    def compute(self) -> Any:
        """Gives the whole frame."""


ManyRuns: TypeAlias = (
    HasRecord | pd.DataFrame | Iterable[Any] | str | PathLike[str] | RunsFolder | ClusterFrame
)
"""What `runs_frame` takes, and what does not have to fit in memory: an iterator of frames, a folder
that `save` wrote, a Dask frame of runs."""


def opened(runs: ManyRuns) -> ManyRuns:
    """Opens a folder of runs, so that all that is read of it is of one state; others are as given.

    Raises:
        SchemaError: the folder holds no runs.
    """
    return RunsFolder(Path(runs)) if is_folder(runs) else runs


def count_parts(
    runs: ManyRuns,
    columns: Iterable[str],
    count: Callable[[pd.DataFrame], Counts],
    combine: Callable[[Sequence[Counts]], Counts],
) -> Counts:
    """Counts runs part by part, no more than some parts being in memory.

    Args:
        runs: what holds the runs.
        columns: those that are needed besides the key of runs; of a folder and a cluster no others
            are read.
        count: counts a RUNS table, which has the needed columns at least.
        combine: makes one of the counts of tables that stand one after another.
    """
    if is_cluster(runs):
        return _count_on_cluster(runs, columns, count, combine)
    found = _folded(map(count, _tables(runs, columns)), combine)
    return count(runs_frame([])) if found is None else found


def whole_table(runs: ManyRuns, columns: Iterable[str]) -> pd.DataFrame:
    """Makes one RUNS table of runs, for what cannot be counted part by part.

    Args:
        runs: what holds the runs.
        columns: those that are needed; of a folder and a cluster no others are read.
    """
    if is_cluster(runs):
        return runs_frame(_chosen(runs, columns).compute())
    tables = list(_tables(runs, columns))
    # Of a folder, the tables have no more columns than are needed.
    return runs_frame(tables[0] if len(tables) == 1 else tables)


def is_cluster(runs: Any) -> TypeGuard[ClusterFrame]:
    """Whether runs lie in partitions, as those of Dask."""
    # A pandas frame has its columns as attributes, whatever they are called; a column of Dask has
    # partitions too.
    is_table = getattr(runs, "ndim", None) == 2
    return is_table and isinstance(runs, ClusterFrame) and not isinstance(runs, pd.DataFrame)


def is_folder(runs: Any) -> TypeGuard[str | PathLike[str]]:
    """Whether runs are given by the folder that they lie in."""
    is_path = isinstance(runs, str | PathLike)
    # An empty text would be the folder that this process is in. Of a text that can be no path, such
    # as one of JSON, `Path` would raise.
    return is_path and str(runs) != "" and os.path.isdir(runs)  # noqa: PTH112


def check_known_columns(runs: ManyRuns, names: list[str]) -> None:
    """Checks names of columns before anything is read, where it is known which there are.

    Raises:
        SchemaError: there is no such column.
    """
    if isinstance(runs, RunsFolder) or is_cluster(runs):
        known = dict.fromkeys([*RUNS.names, *runs.columns])
        check_columns(pd.DataFrame(columns=[*known]), names)


def _tables(runs: Any, columns: Iterable[str]) -> Iterator[pd.DataFrame]:
    """A table of each part: the columns of the RUNS table that are needed, at least."""
    runs = opened(runs)
    if isinstance(runs, RunsFolder):
        yield from runs.tables(columns)
    elif isinstance(runs, Iterator):
        check_is_unread(runs)
        for is_frame, items in groupby(runs, key=_is_frame):
            if is_frame:
                yield from map(runs_frame, items)
            else:
                # Records that follow each other are one part.
                yield runs_frame([*items])
    else:
        yield runs_frame(runs)


def _is_frame(item: Any) -> bool:
    is_column = isinstance(item, pd.Series)
    return hasattr(item, "__arrow_c_stream__") and not is_column


def _folded(
    parts: Iterable[Counts], combine: Callable[[Sequence[Counts]], Counts]
) -> Counts | None:
    """Combines counts as a tree, so that none is combined more often than there are levels.

    Returns:
        The count of all; None where there is no part.
    """
    # Each level holds what is combined of the one before it, the oldest in the last one.
    levels: list[list[Counts]] = [[]]
    for part in parts:
        levels[0].append(part)
        for level, waiting in enumerate(levels):
            if len(waiting) < _AT_ONCE:
                break
            if level + 1 == len(levels):
                levels.append([])
            levels[level + 1].append(combine(waiting))
            levels[level] = []
    left = [part for waiting in reversed(levels) for part in waiting]
    if len(left) < 2:
        return left[0] if left else None
    return combine(left)


def _chosen(runs: Any, columns: Iterable[str]) -> Any:
    """A frame in partitions with the key of runs and the columns that are needed."""
    key = [column.name for column in RUNS.columns[:2]]
    needed = {*key, *columns}
    return runs[[name for name in runs.columns if name in needed]]


def _count_on_cluster(
    runs: ClusterFrame,
    columns: Iterable[str],
    count: Callable[[pd.DataFrame], Counts],
    combine: Callable[[Sequence[Counts]], Counts],
) -> Counts:
    """Counts each partition where it is, and combines the counts as a tree of the cluster."""
    found = _chosen(runs, columns).reduction(
        _count_partition,
        combine=_combine_counts,
        aggregate=_combine_counts,
        chunk_kwargs={"count": count},
        combine_kwargs={"combine": combine},
        aggregate_kwargs={"combine": combine},
        split_every=_AT_ONCE,
        meta=_one_cell([]),
    )
    counts: Counts = found.compute().loc[0, _COUNTS]
    return counts


_COUNTS = "counts"


def _one_cell(counts: list[Any]) -> pd.DataFrame:
    """Counts as the cells of a frame, which a cluster knows how to put together."""
    return pd.DataFrame({_COUNTS: pd.Series(counts, dtype="object")})


def _count_partition(partition: pd.DataFrame, count: Callable[[Any], Any]) -> pd.DataFrame:
    return _one_cell([count(runs_frame(partition))])


def _combine_counts(counts: pd.DataFrame, combine: Callable[[Any], Any]) -> pd.DataFrame:
    return _one_cell([combine([*counts[_COUNTS]])])
