"""Reads runs part by part: a frame, frames one after another, or a folder of them.

A statistic that is counted part by part has three steps: to count a part, to combine counts into
one, and to finish: to make the table of the counts of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard, TypeVar

import pandas as pd

from agentrun_nb.files.parts import read_parts
from agentrun_nb.tables.frames import HasRecord, runs_frame

Counts = TypeVar("Counts")

_AT_ONCE = 16
"""How many counts are combined at once."""


ManyRuns: TypeAlias = HasRecord | pd.DataFrame | Iterable[Any] | str | PathLike[str]
"""What `runs_frame` takes, and what does not have to fit in memory: an iterator of frames, or a
folder that `save` wrote."""


def count_parts(
    runs: ManyRuns,
    columns: Iterable[str],
    count: Callable[[pd.DataFrame], Counts],
    combine: Callable[[Sequence[Counts]], Counts],
) -> Counts:
    """Counts runs part by part, no more than some parts being in memory.

    Args:
        runs: what holds the runs.
        columns: those that are needed; of a folder no others are read.
        count: counts a RUNS table.
        combine: makes one of the counts of tables that stand one after another.
    """
    found = _folded(map(count, _tables(runs, columns)), combine)
    return count(runs_frame([])) if found is None else found


def whole_table(runs: ManyRuns, columns: Iterable[str]) -> pd.DataFrame:
    """Makes one RUNS table of runs, for what cannot be counted part by part.

    Args:
        runs: what holds the runs.
        columns: those that are needed; of a folder no others are read.
    """
    tables = list(_tables(runs, columns))
    return tables[0] if len(tables) == 1 else runs_frame(tables)


def is_folder(runs: Any) -> TypeGuard[str | PathLike[str]]:
    """Whether runs are given by the folder that they lie in."""
    is_path = isinstance(runs, str | PathLike)
    # An empty text would be the folder that this process is in.
    return is_path and str(runs) != "" and Path(runs).is_dir()


def _tables(runs: Any, columns: Iterable[str]) -> Iterator[pd.DataFrame]:
    """A RUNS table of each part."""
    if is_folder(runs):
        yield from read_parts(Path(runs), columns)
    elif isinstance(runs, Iterator):
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
