"""Reads the parts of a folder of runs one after another, and of each only some columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from agentrun_nb.core.schema import RUNS
from agentrun_nb.errors import DataError, SchemaError
from agentrun_nb.files.dataset import MANIFEST, Manifest, Part, read_manifest
from agentrun_nb.files.parquet import content_of
from agentrun_nb.files.save_load import table_of
from agentrun_nb.tables.report import FetchReport, read_report


def runs_manifest(folder: Path) -> Manifest:
    """Reads the manifest of a folder of runs.

    Raises:
        SchemaError: the folder holds no dataset, or one of another table.
        DataError: it cannot be read.
    """
    manifest = read_manifest(folder)
    if manifest.table != RUNS.name:
        holds = f"a table of {manifest.table.lower()}" if manifest.table else "another table"
        sentence = f"{folder} holds {holds}, and not runs."
        raise SchemaError(sentence, hint="Give a folder that save has made of runs.")
    return manifest


def read_parts(folder: Path, columns: Iterable[str]) -> Iterator[pd.DataFrame]:
    """Reads a RUNS table of each part of a folder; columns that are not needed are empty.

    Args:
        folder: where the parts lie.
        columns: those that are needed, besides the key of runs. Those that are not there are left
            out.

    Raises:
        SchemaError: the folder holds no runs.
        DataError: a part is not there, or not of the size with which it was written.
    """
    manifest = runs_manifest(folder)
    chosen = needed_columns(manifest, columns)
    for part in manifest.parts:
        yield read_part(folder, part, chosen)


def report_of_folder(folder: Path) -> FetchReport:
    """The fetch report of all runs in a folder; an empty one where there is none."""
    return read_report(runs_manifest(folder).report) or FetchReport()


def empty_table(folder: Path) -> pd.DataFrame:
    """The RUNS table of a folder, with its further columns, without a row."""
    cells = pyarrow.parquet.ParquetFile(folder / MANIFEST).read()
    return table_of(content_of(cells, RUNS), has_types=True)


def needed_columns(manifest: Manifest, columns: Iterable[str]) -> list[str]:
    """The columns of a dataset that are read where some are needed; the key of runs always is."""
    key = [column.name for column in RUNS.columns[:2]]
    needed = {*key, *columns}
    return [name for name in manifest.columns if name in needed]


def read_part(folder: Path, part: Part, columns: list[str]) -> pd.DataFrame:
    """Reads some columns of a part as a RUNS table.

    Its digest is that of the whole file, and so not looked at.

    Args:
        folder: where it lies.
        part: the part as the manifest has it.
        columns: those that are read.

    Raises:
        DataError: it is not there, or not of the size with which it was written.
    """
    path = folder / part.file
    try:
        size = path.stat().st_size
        cells = None
        # Without one of its own columns nobody would know how many rows a table of records has.
        columns = list(dict.fromkeys([RUNS.names[0], *columns]))
        if size == part.bytes:
            # A file alone: of a path, Arrow would read folders named `a=b` as columns too.
            with pyarrow.parquet.ParquetFile(path) as file:
                cells = file.read(columns=columns)
    except FileNotFoundError:
        raise _spoilt(folder, part, "is not there") from None
    except (OSError, pa.ArrowException):
        raise _spoilt(folder, part, "cannot be read") from None
    if cells is None:
        raise _spoilt(folder, part, "is not as it was written")
    return table_of(content_of(cells, RUNS), has_types=True)


def _spoilt(folder: Path, part: Part, what: str) -> DataError:
    sentence = f"The part {part.file} of {folder} {what}."
    return DataError(sentence, hint="Save it again.")
