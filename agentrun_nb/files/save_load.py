"""Tables as files: Parquet, CSV and Excel, written whole or not at all, and read back as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import Column
from agentrun_nb.errors import AgentRunError, DataError, SchemaError
from agentrun_nb.files.atomic import replacing
from agentrun_nb.files.content import Content, Format, is_text, recognised
from agentrun_nb.files.csv import read_csv, write_csv
from agentrun_nb.files.excel import read_excel, write_excel
from agentrun_nb.files.marks import (
    DURATION,
    JSON,
    LOCAL,
    to_json,
    unmarked,
    with_index,
    with_marks_read,
)
from agentrun_nb.files.parquet import read_parquet, write_parquet
from agentrun_nb.records.batch import ARROW, Batch
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import Runs, runs_frame, table_frame
from agentrun_nb.tables.mending import mend


def save(runs: Runs, path: str | os.PathLike[str]) -> Path:
    """Writes a table to a file; what was there is replaced whole, and stays when something fails.

    Args:
        runs: a table of this package, or anything that `runs_frame` takes. Further columns of a
            table of records go along when they hold text, numbers, truth values, times or lengths
            of time; its index is not saved. Any other table, such as one of `summarize` or
            `extract`, keeps its index, and values that are lists, objects or long integers are
            written as JSON.
        path: its ending says how. `.parquet` keeps everything, the fetch report too. `.csv` is
            UTF-8, times are ISO texts in UTC, and an apostrophe stands before a text that a
            spreadsheet would take for a formula. `.xlsx` (extra `excel`) has times in UTC, as dates
            while they are of whole milliseconds and as ISO texts where a sheet could not hold them,
            and all text as text; texts of over 32,767 characters lie in a second file beside it,
            named `.long.jsonl`, as one printed line says. What CSV and Excel cannot say of a column
            stands behind its name, such as `took [duration]`.

    Returns:
        The path written.

    Raises:
        SchemaError: no table, a column that is not plain, or an ending that is not known.
        DataError: the file cannot be written.

    Example:
        >>> path = save(runs, folder / "runs.parquet")
        >>> load(path).equals(runs)
        True
    """
    path = Path(path)
    kind = _format(path)
    frame = runs if isinstance(runs, pd.DataFrame) else runs_frame(runs)
    table = recognised(frame.columns)
    frame, marks = with_index(frame) if table is None else (mend(frame, table), {})
    cells, marks = _plain(frame, table.columns if table else (), marks)
    try:
        with replacing(path) as file:
            kind.write(cells, table, marks, file, path)
    except pa.ArrowException as error:
        raise _not_plain(str(error)) from None
    return path


def load(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Reads a table that `save` wrote, with its schema; a table of records has a fresh index.

    Args:
        path: a `.parquet`, `.csv` or `.xlsx` file.

    Returns:
        The table. Nothing in the file is run; of a formula that somebody wrote into an Excel file
        its value is read.

    Raises:
        SchemaError: the file holds no table of this package.
        DataError: the file cannot be read.
    """
    path = Path(path)
    kind = _format(path)
    try:
        with path.open("rb") as file:
            table, cells, further, marks, fetched = _understood(kind, file, path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}.", hint="Look at the path and its rights."
        ) from None
    if table is None:
        return with_marks_read(further, marks)
    length = len(next(iter(cells.values())))
    # Times that are text are read as in any frame: one that is not RFC 3339 leaves a note.
    texts = {
        column.name: cells[column.name].to_pandas()
        for column in table.columns
        if column.kind == "time" and column.name in cells and is_text(cells[column.name].type)
    }
    known = {
        column.name: _cast(
            column,
            pa.nulls(length) if column.name in texts else cells.get(column.name, pa.nulls(length)),
        )
        for column in table.columns
    }
    frame = mend(table_frame(table, [Batch(table, known)]).assign(**texts), table)
    frame = frame.assign(**with_marks_read(further, marks))
    if fetched is not None:
        _carry(frame, fetched)
    return frame


def _format(path: Path) -> Format:
    if path.suffix.lower() not in FORMATS:
        raise SchemaError(
            f"{path.name!r} ends in {path.suffix or 'nothing'}, which says no kind of file that is known here.",
            hint=f"Known endings: {', '.join(FORMATS)}.",
        )
    return FORMATS[path.suffix.lower()]


def _plain(
    frame: pd.DataFrame, known: tuple[Column, ...], marks: Mapping[str, tuple[str, ...]]
) -> tuple[pa.Table, dict[str, tuple[str, ...]]]:
    """The columns as Arrow keeps them, known categories as text.

    And what a plain file cannot say of them.
    """
    names = list(frame.columns)
    if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise SchemaError(
            "The name of a column stands twice or is no text.", hint="Rename it before saving."
        )
    if misleading := [name for name in names if unmarked(name)[1]]:
        raise SchemaError(
            f"The name {misleading[0]!r} would be read as a mark.", hint="Rename it before saving."
        )
    plain = frame.astype({column.name: "str" for column in known if column.kind == "category"})
    plain.attrs = {name: value for name, value in frame.attrs.items() if name == report.ATTRS}
    found = dict(marks)
    if not known:
        for name in [name for name in names if _is_open(plain[name])]:
            plain[name] = to_json(name, plain[name])
            found[name] = (JSON, *found.get(name, ()))
    try:
        cells = pa.Table.from_pandas(plain, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise _not_plain(str(error)) from None
    for field in cells.schema:
        if pa.types.is_nested(field.type):
            raise _not_plain(f"the column {field.name!r} holds objects or lists")
        if pa.types.is_duration(field.type):
            found[field.name] = (DURATION, *found.get(field.name, ()))
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            found[field.name] = (LOCAL, *found.get(field.name, ()))
    return cells, found


def _is_open(column: pd.Series[Any]) -> bool:
    """Whether a column of a table that is not one of records may hold more than text."""
    return column.dtype == "object" and not all(isinstance(value, str) for value in column.dropna())


def _not_plain(reason: str) -> SchemaError:
    return SchemaError(
        f"The table cannot be saved as it is: {reason}.",
        hint="Further columns may hold text, numbers, truth values or times; write others as JSON text.",
    )


def _understood(kind: Format, file: BinaryIO, path: Path) -> Content:
    try:
        content = kind.read(file, path)
    except (AgentRunError, OSError):
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0][:200]
        raise SchemaError(
            f"{path} is no {path.suffix} file of a table: {reason}.", hint="Was it cut off?"
        ) from None
    if not content.cells and not content.further:
        raise SchemaError(f"{path} holds no table: it has no columns.", hint="Was it made by save?")
    return content


def _cast(column: Column, cells: Any) -> pa.Array:
    """Cells of a file as the table keeps them."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    try:
        return cells.cast(ARROW[column.kind], safe=not pa.types.is_timestamp(cells.type))
    except (pa.ArrowException, ValueError) as error:
        raise SchemaError(
            f"The column {column.name!r} cannot be read as {column.kind}: {error}.",
            hint="Was the file changed?",
        ) from None


def _carry(frame: pd.DataFrame, fetched: Any) -> None:
    """Gives the frame the report of its file, unless it is none."""
    if report.read_report(fetched) is not None:
        frame.attrs[report.ATTRS] = fetched


FORMATS = {
    ".parquet": Format(write_parquet, read_parquet),
    ".csv": Format(write_csv, read_csv),
    ".xlsx": Format(write_excel, read_excel),
}
