"""Runs of a folder in the partitions of a cluster: the door to Dask, which needs the extra `dask`.

The statistics of this package count each partition where it lies, and combine the counts as a tree
on the cluster's own scheduler.
"""

from __future__ import annotations

import os
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from agentrun_nb.core.arguments import read_path
from agentrun_nb.core.schema import RUNS
from agentrun_nb.errors import SettingsError
from agentrun_nb.files.dataset import Part
from agentrun_nb.files.parts import RunsFolder, read_part

if TYPE_CHECKING:
    import dask.dataframe as dd

__all__ = ["read"]


def read(folder: str | os.PathLike[str]) -> dd.DataFrame:
    """Reads a folder of runs as a frame of Dask, whose partitions are its parts.

    Nothing is read until something is computed, and then only the columns that it needs. Every
    worker reads its parts itself, so the folder must lie where all of them find it by this path.
    `summarize`, `failures`, `concurrency`, `extract`, `outputs` and `json_paths` take the frame,
    also after a filter, and give the pandas table that they give for `arn.load(folder)`. What a
    listing said of itself does not come along, so `concurrency` does not say where its counts are
    lower bounds.

    Args:
        folder: a folder that `save` has written of runs.

    Returns:
        The RUNS table and its further columns, with rows numbered from 0 on. Categories are known
        when it is computed.

    Raises:
        SettingsError: Dask is not installed.
        SchemaError: the folder holds no runs.
        DataError: it cannot be read. A part that is not as it was written raises this when it is
            computed.

    Example:
        >>> folder = arn.save(client.iter_runs(chunk=100), "runs")
        >>> frame = arn.dask.read(folder)
        >>> arn.summarize(frame[frame["status"] == "succeeded"])["n"].tolist()
        [...]
    """
    try:
        import dask
        import dask.dataframe as dd
        from dask.dataframe.utils import clear_known_categories
    except ImportError:
        raise SettingsError("This needs Dask.", hint="pip install 'agentrun-nb[dask]'") from None
    path = read_path(folder).absolute()
    opened = RunsFolder(path)
    starts = [0, *accumulate(part.rows for part in opened.parts)]
    names = [column.name for column in RUNS.columns if column.kind == "category"]
    # Each part has categories of its own, as its runs have other statuses.
    meta = clear_known_categories(opened.empty_table(), cols=names)
    divisions = (*starts[:-1], starts[-1] - 1) if starts[-1] else None
    # Dask would make another type of text of that of pandas.
    with dask.config.set({"dataframe.convert-string": False}):
        return dd.from_map(
            _read_partition,
            opened.parts,
            starts[:-1],
            folder=path,
            all_columns=opened.columns,
            meta=meta,
            divisions=divisions,
            label="runs",
            enforce_metadata=False,
        )


def _read_partition(
    part: Part,
    start: int,
    columns: list[str] | None = None,
    *,
    folder: Path,
    all_columns: list[str],
) -> pd.DataFrame:
    """Reads a part; its rows are numbered from `start` on."""
    names = all_columns if columns is None else columns
    runs = read_part(folder, part, names)[names]
    return runs.set_axis(pd.RangeIndex(start, start + len(runs)))


def __dir__() -> list[str]:
    return __all__
