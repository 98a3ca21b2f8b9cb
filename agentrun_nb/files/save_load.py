"""Saves tables as Parquet, CSV and Excel files, and loads them as they were."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core.arguments import read_path, read_texts
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import RUNS, Column, Kind, Table
from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.errors import AgentRunError, DataError, SchemaError
from agentrun_nb.files import dataset
from agentrun_nb.files.atomic import replacing
from agentrun_nb.files.content import Content, Format, is_text, recognised
from agentrun_nb.files.csv import read_csv, write_csv
from agentrun_nb.files.dataset import Converted
from agentrun_nb.files.excel import read_excel, write_excel
from agentrun_nb.files.html import read_html, refuse_to_write
from agentrun_nb.files.marks import (
    DATE,
    DURATION,
    JSON,
    LOCAL,
    to_json,
    unmarked,
    with_index,
    with_marks_read,
)
from agentrun_nb.files.parquet import parquet_bytes, read_parquet, write_parquet
from agentrun_nb.records.batch import ARROW, Batch
from agentrun_nb.tables import report
from agentrun_nb.tables.arrow import column_of_arrow, with_attrs
from agentrun_nb.tables.frames import Runs, check_columns, check_is_unread, runs_frame, table_frame
from agentrun_nb.tables.mending import mend


def save(runs: Runs | Iterable[pd.DataFrame], path: str | os.PathLike[str]) -> Path:
    """Saves a table to a file, which is replaced whole, or stays as it was when something fails.

    Frames that come one after another, such as those of `iter_runs`, go into a folder: Parquet
    files of 100,000 rows, which DuckDB, Polars and others read as one table, and a manifest with
    the schema, the fetch report and the digest of each file. No more than such a file is in memory.

    The suffix of a file says its format:

    - `.parquet` keeps everything, the fetch report too;
    - `.csv` is UTF-8; times are ISO texts in UTC, and an apostrophe stands before a text that a
      spreadsheet would take for a formula;
    - `.xlsx` (extra `excel`) has all text as text, and times in UTC: as dates while they are of
      whole milliseconds, and as ISO texts where a sheet could not hold them. Texts of over 32,767
      characters lie in a second file beside it, named `.long.jsonl`, as one printed line says.

    What CSV and Excel cannot say of a column stands behind its name, such as `took [duration]`.

    Args:
        runs: a table of this package, or anything that `runs_frame` takes. Further columns of a
            table of records go along when they hold text, numbers, truth values, times, dates or
            lengths of time; its index is not saved. Any other table, such as one of `summarize` or
            `extract`, keeps its index, and values that are lists, objects or long integers are
            written as JSON.
        path: the file. For several frames it is a folder, whose name has no suffix; a dataset that
            is there is replaced at the end, and a call that was interrupted goes on with the files
            that are written.

    Returns:
        The path written.

    Raises:
        SchemaError: no table, a column that is not plain, or an unknown suffix.
        DataError: the file cannot be written.

    Example:
        >>> path = arn.save(runs, "runs.parquet")
        >>> arn.load(path).equals(runs)
        True
        >>> folder = arn.save(client.iter_runs(), "runs")
        >>> arn.load(folder, columns=["id", "status"]).columns.tolist()
        ['id', 'status']
    """
    path = read_path(path)
    check_is_unread(runs)
    if not path.suffix and _are_frames(runs):
        dataset.write_dataset(_frames(runs), path, _converted)
        return path
    kind = _format(path, to_write=True)
    frame = runs if isinstance(runs, pd.DataFrame) else runs_frame(runs)
    cells, table, marks, _ = _converted(frame)
    try:
        with replacing(path) as file:
            kind.write(cells, table, marks, file, path)
    except pa.ArrowException as error:
        raise _not_plain(str(error)) from None
    return path


def _are_frames(runs: Any) -> TypeGuard[Iterable[Any]]:
    """Whether frames come one after another."""
    if isinstance(runs, list | tuple):
        return bool(runs) and all(isinstance(part, pd.DataFrame) for part in runs)
    return isinstance(runs, Iterator)


def _frames(parts: Iterable[Any]) -> Iterator[pd.DataFrame]:
    for part in parts:
        if not isinstance(part, pd.DataFrame):
            sentence = f"{capital(kind_of(part))} is no frame, and a folder is made of frames."
            hint = "Give frames, such as those of client.iter_runs()."
            raise SchemaError(sentence, hint=hint)
        yield part


def runs_as_parquet(runs: pd.DataFrame) -> bytes:
    """A RUNS table as the bytes of a Parquet file, without further columns that are not plain."""
    try:
        cells, _, marks, _ = _converted(runs)
    except SchemaError:
        cells, _, marks, _ = _converted(runs[RUNS.names])
    return parquet_bytes(cells, marks)


def _converted(frame: pd.DataFrame) -> Converted:
    """Makes plain columns of a frame."""
    table = recognised(frame.columns)
    plain, marks = with_index(frame) if table is None else (mend(frame, table), {})
    cells, marks = _arrow_table(plain, table.columns if table else (), marks)
    return Converted(cells, table, marks, frame)


def load(path: str | os.PathLike[str], columns: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Loads a table that `save` wrote, with its dtypes; a table of records gets a fresh index.

    Args:
        path: a `.parquet`, `.csv` or `.xlsx` file, a `.html` file that `to_html` of a view has
            written, or a folder of Parquet files with a manifest.
        columns: the columns that the table is to have; None: all. Of a folder no others are read.

    Returns:
        The table. Nothing in the file is run: of a formula in an Excel file the stored value is
        read, of a page the block of data that the runs are in.

    Raises:
        SchemaError: the file holds no table of this package, or lacks a column that is named.
        DataError: the file cannot be read; a page or a file of a folder is not as it was written.

    Example:
        >>> path = arn.save(arn.summarize(runs, by="deployment_id"), "summary.csv")
        >>> arn.load(path)["n"].sum()
        np.int64(302)
    """
    path = read_path(path)
    names = None
    if columns is not None:
        names = read_texts("columns", columns, "Give the names of columns.")
    if _is_folder(path):
        manifest = dataset.read_manifest(path)
        if names is not None:
            check_columns(pd.DataFrame(columns=[*manifest.columns]), names)
        content = dataset.read_dataset(path, manifest, names)
        frame = table_of(content, has_types=True, names=names)
    else:
        kind = _format(path)
        try:
            with path.open("rb") as file:
                content = _read(kind, file, path)
        except OSError as error:
            sentence = f"{path} cannot be read: {error.strerror}."
            raise DataError(sentence, hint="Look at the path and its rights.") from None
        frame = table_of(content, has_types=kind.has_types)
    if names is None:
        return frame
    check_columns(frame, names)
    return frame[names]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # nobody may look, or no file can have that name: reading it says which
        return False


def table_of(
    content: Content, *, has_types: bool, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Makes the table of the content of a file, with its fetch report.

    Args:
        content: the content.
        has_types: whether the file says which values are numbers and which are texts.
        names: the columns that are needed; None: all.
    """
    table, cells, further, marks, fetched = content
    if table is None:
        return with_marks_read(further, marks)
    if not has_types:
        cells = {name: _with_numbers(table, name, found) for name, found in cells.items()}
    own = None if names is None else _some_columns(table, cells, names)
    if own is None:
        own = _table_of_records(table, cells)
    frame = own.assign(**with_marks_read(further, marks))
    if report.read_report(fetched) is not None:
        frame.attrs[report.ATTRS] = fetched
    return frame


def _some_columns(
    table: Table, cells: Mapping[str, Any], names: Sequence[str]
) -> pd.DataFrame | None:
    """Some columns of a table with their dtypes; None where one cannot be read as it is.

    The others are not even made empty: of many rows these would take most of the memory.
    """
    some = replace(table, columns=tuple(column for column in table.columns if column.name in names))
    absent = pa.nulls(len(next(iter(cells.values()))))
    known = {column.name: _cast(column, cells.get(column.name, absent)) for column in some.columns}
    if not known or any(found is None for found in known.values()):
        return None
    return table_frame(some, [Batch(some, known)])


def _table_of_records(table: Table, cells: Mapping[str, Any]) -> pd.DataFrame:
    """A table with its dtypes, of the columns that a file has of it."""
    length = len(next(iter(cells.values())))
    known = {}
    others = {}
    for column in table.columns:
        found = cells.get(column.name, pa.nulls(length))
        cast = _cast(column, found)
        if cast is None:
            # Read as in any frame: what cannot be read leaves a note.
            is_arrow = isinstance(found, pa.Array | pa.ChunkedArray)
            others[column.name] = column_of_arrow(found) if is_arrow else found
            cast = pa.nulls(length, ARROW[column.kind])
        known[column.name] = cast
    frame = table_frame(table, [Batch(table, known)])
    return mend(frame.assign(**others), table)


def _format(path: Path, *, to_write: bool = False) -> Format:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        ending = f"{path.name!r} ends in {path.suffix or 'nothing'}"
        sentence = f"{ending}, which says no kind of file that is known here."
        known = list(FORMATS)
        if to_write:
            known = [name for name, kind in FORMATS.items() if kind.write is not refuse_to_write]
        hint = f"Known endings: {', '.join(known)}."
        if not path.suffix:
            hint += " A folder takes frames one after another, such as [runs]."
        raise SchemaError(sentence, hint=hint)
    return FORMATS[suffix]


def _arrow_table(
    frame: pd.DataFrame, known: tuple[Column, ...], marks: Mapping[str, tuple[str, ...]]
) -> tuple[pa.Table, dict[str, tuple[str, ...]]]:
    """Converts a frame to plain columns of Arrow, categories and JSON values to text.

    Args:
        frame: the frame, without its index.
        known: the columns of the table of records; none for any other table.
        marks: the marks of columns that were the index.

    Returns:
        The columns, and the marks of all that a plain file cannot say of them.
    """
    names = list(frame.columns)
    _check_names(names)
    texts = {column.name: TEXT for column in known if column.kind == "category"}
    plain = report.without_attrs(frame).astype(texts)
    written_report = frame.attrs.get(report.ATTRS)
    if report.read_report(written_report) is not None:
        plain.attrs = {report.ATTRS: written_report}
    all_marks = dict(marks)

    def mark(name: str, kind: str) -> None:
        all_marks[name] = (kind, *all_marks.get(name, ()))

    if not known:
        for name in names:
            if _holds_objects(plain[name]):
                plain[name] = to_json(name, plain[name])
                mark(name, JSON)
    try:
        cells = with_attrs(pa.Table.from_pandas(plain, preserve_index=False), plain.attrs)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise _not_plain(str(error)) from None
    for field in cells.schema:
        if pa.types.is_nested(field.type):
            raise _not_plain(f"the column {field.name!r} holds objects or lists")
        if pa.types.is_duration(field.type):
            mark(field.name, DURATION)
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            mark(field.name, LOCAL)
        if pa.types.is_date(field.type):
            mark(field.name, DATE)
    return cells, all_marks


def _check_names(names: list[Any]) -> None:
    """Raises SchemaError for a name that stands twice, is no text, or ends in a mark."""
    hint = "Rename it before saving."
    if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise SchemaError("The name of a column stands twice or is no text.", hint=hint)
    for name in names:
        if unmarked(name)[1]:
            raise SchemaError(f"The name {name!r} would be read as a mark.", hint=hint)


def _holds_objects(column: pd.Series[Any]) -> bool:
    """Whether a column may hold other values than text, dates, moments or lengths of time."""
    if column.dtype != "object":
        return False
    known = column.dropna()
    return not any(
        all(isinstance(value, kind) for value in known) for kind in (str, date, timedelta)
    )


def _not_plain(reason: str) -> SchemaError:
    hint = (
        "Further columns may hold text, numbers, truth values or times; write others as JSON text."
    )
    return SchemaError(f"The table cannot be saved as it is: {reason}.", hint=hint)


def _read(kind: Format, file: BinaryIO, path: Path) -> Content:
    """Reads a file; whatever its format cannot read is a SchemaError."""
    try:
        content = kind.read(file, path)
    except (AgentRunError, OSError):
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0][:200]
        sentence = f"{path} is no {path.suffix} file of a table: {reason}."
        raise SchemaError(sentence, hint="Was it cut off?") from None
    if not content.cells and not content.further:
        raise SchemaError(f"{path} holds no table: it has no columns.", hint="Was it made by save?")
    return content


_EPOCH_NUMBER = r"^(\d{10}(\d{3}){0,3}(\.\d+)?|\d(\.\d+)?[eE]\+?(9|1[258]))$"
"""A number of s, ms, us or ns since the epoch, from 2001 on; a day such as 20261120 is none."""


def _with_numbers(table: Table, name: str, cells: Any) -> Any:
    """Makes numbers of the numbers in a column of times, where a file has all cells as text."""
    [column] = [column for column in table.columns if column.name == name]
    if column.kind != "time" or not is_text(cells.type):
        return cells
    is_number = pc.match_substring_regex(cells, _EPOCH_NUMBER)
    if not pc.any(is_number).as_py():
        return cells
    texts = cells.to_pandas().astype("object")
    numbers = cells.filter(is_number).to_pandas().map(_number)
    texts[is_number.to_pandas().eq(True).to_numpy()] = numbers.to_numpy("object")
    return texts


def _number(text: str) -> float:
    return int(text) if text.isdigit() else float(text)


def _cast(column: Column, cells: Any) -> pa.Array | None:
    """Converts a column of a file to the Arrow type of the table's column.

    It is None where the column has values of another kind: Arrow would make times of any numbers,
    and texts of anything.
    """
    if not isinstance(cells, pa.Array | pa.ChunkedArray):
        return None
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    is_same_kind = any(is_kind(cells.type) for is_kind in _CASTS[column.kind])
    if not is_same_kind and not pa.types.is_null(cells.type):
        return None
    try:
        return cells.cast(ARROW[column.kind])
    except (pa.ArrowException, ValueError):
        return None


_CASTS: dict[Kind, tuple[Callable[[pa.DataType], bool], ...]] = {
    "text": (is_text,),
    "category": (is_text,),
    "json": (is_text,),
    "bool": (is_text, pa.types.is_boolean),
    "int": (is_text, pa.types.is_integer),
    "time": (pa.types.is_timestamp,),
}
"""The Arrow types that are cast as they are to a column of each kind."""


FORMATS = {
    ".parquet": Format(write_parquet, read_parquet, has_types=True),
    ".csv": Format(write_csv, read_csv),
    ".xlsx": Format(write_excel, read_excel),
    ".html": Format(refuse_to_write, read_html, has_types=True),
}
