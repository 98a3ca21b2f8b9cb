"""Reads the parts of a folder of runs one after another, and of each only some columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import RUNS
from agentrun_nb.errors import SchemaError
from agentrun_nb.files.dataset import Part, read_cells, read_empty, read_manifest
from agentrun_nb.files.parquet import content_of
from agentrun_nb.files.save_load import table_of
from agentrun_nb.tables.report import FetchReport, read_report


class RunsFolder:
    """A folder of runs, as its manifest says when it is opened.

    Args:
        folder: where the parts lie.

    Attributes:
        parts: the parts, in order.
        columns: the names of its columns.
        report: the fetch report of all runs in it; an empty one where there is none.

    Raises:
        SchemaError: the folder holds no dataset, or one of another table.
        DataError: it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        manifest = read_manifest(folder)
        if manifest.table != RUNS.name:
            holds = f"a table of {manifest.table.lower()}" if manifest.table else "another table"
            sentence = f"{folder} holds {holds}, and not runs."
            raise SchemaError(sentence, hint="Give a folder that save has made of runs.")
        self.parts = manifest.parts
        self.columns = [*manifest.columns]
        self.report = read_report(manifest.report) or FetchReport()
        self._folder = folder

    def tables(self, columns: Iterable[str]) -> Iterator[pd.DataFrame]:
        """Reads the columns of each part that are needed, with the dtypes of the RUNS table.

        Args:
            columns: those that are needed, besides the key of runs. Those of the RUNS table that
                are not there are empty, and further ones are left out.

        Raises:
            DataError: a part is not there, or not as it was written.
        """
        key = [column.name for column in RUNS.columns[:2]]
        needed = dict.fromkeys([*key, *columns])
        for part in self.parts:
            yield read_part(self._folder, part, [*needed])
        # Arrow keeps memory for a further part, which what is made of all of them could not use.
        pa.default_memory_pool().release_unused()

    def empty_table(self) -> pd.DataFrame:
        """The RUNS table with its further columns, without a row."""
        cells = read_empty(self._folder, self.parts[0])
        return table_of(content_of(cells, RUNS), has_types=True)


def read_part(folder: Path, part: Part, columns: list[str]) -> pd.DataFrame:
    """Reads some columns of a part, with the dtypes of the RUNS table.

    Args:
        folder: where it lies.
        part: the part as the manifest has it.
        columns: those that are read.

    Raises:
        DataError: it is not there, or what is read of it is not as it was written.
    """
    # Without one of its own columns nobody would know how many rows a table of records has.
    columns = list(dict.fromkeys([RUNS.names[0], *columns]))
    cells = read_cells(folder, part, columns)
    return table_of(content_of(cells, RUNS), has_types=True, names=columns)
