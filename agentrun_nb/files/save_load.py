"""Tables as files: Parquet, CSV and Excel, written whole or not at all, and read back as they were."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from agentrun_nb.core import times
from agentrun_nb.core.schema import DEPLOYMENTS, LOGS, OBSERVATIONS, OUTPUTS, PHASES, RUNS, VERSIONS, Column, Table
from agentrun_nb.errors import DataError, SchemaError
from agentrun_nb.records.decode import ARROW, Batch
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import Runs, mend, runs_frame, table_frame

TABLES = (RUNS, OUTPUTS, PHASES, LOGS, OBSERVATIONS, DEPLOYMENTS, VERSIONS)


class Content(NamedTuple):
    """What a file holds: columns of the table as Arrow arrays, further ones as pandas columns, a fetch report."""

    table: Table
    cells: Mapping[str, Any]
    further: Mapping[str, Any]
    fetched: Any = None


class Format(NamedTuple):
    """How a kind of file is written and read; the path says where a second file may lie."""

    write: Callable[[pa.Table, Table, BinaryIO, Path], None]
    read: Callable[[BinaryIO, Path], Content]


def save(runs: Runs, path: str | os.PathLike[str]) -> Path:
    """Writes a table to a file; what was there is replaced whole, and stays when something fails.

    Args:
        runs: a table of this package, or anything that `runs_frame` takes. Further columns go along when they hold
            text, numbers, truth values or times. The index is not saved.
        path: its ending says how. `.parquet` keeps everything, the fetch report too. `.csv` is UTF-8, times are ISO
            texts in UTC, and an apostrophe stands before a text that a spreadsheet would take for a formula. `.xlsx`
            (extra `excel`) has times in UTC and all text as text; texts of over 32,767 characters lie in a second file
            beside it, named `.long.jsonl`, as one printed line says.

    Returns:
        The path written.

    Raises:
        SchemaError: no table, a column that is not plain, or an ending that is not known.
        DataError: the file cannot be written.
    """
    path = Path(path)
    kind = _format(path)
    frame = runs if isinstance(runs, pd.DataFrame) else runs_frame(runs)
    table = _recognised(frame.columns)
    cells = _plain(mend(frame, table), table)
    try:
        with replacing(path) as file:
            kind.write(cells, table, file, path)
    except pa.ArrowException as error:
        raise _not_plain(str(error)) from None
    return path


def load(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Reads a table that `save` wrote, with its schema and a fresh index.

    Args:
        path: a `.parquet`, `.csv` or `.xlsx` file.

    Returns:
        The table. Nothing in the file is run; of a formula that somebody wrote into an Excel file its value is read.

    Raises:
        SchemaError: the file holds no table of this package.
        DataError: the file cannot be read.
    """
    path = Path(path)
    kind = _format(path)
    try:
        with path.open("rb") as file:
            table, cells, further, fetched = _understood(kind, file, path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.", hint="Look at the path and its rights.") from None
    length = len(next(iter(cells.values())))
    known = {column.name: _cast(column, cells.get(column.name, pa.nulls(length))) for column in table.columns}
    frame = table_frame(table, [Batch(table, known)]).assign(**further)
    if fetched is not None:
        _carry(frame, fetched)
    return frame


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` at the end, or vanishes when something fails.

    Raises:
        DataError: the file cannot be written.
    """
    target = path.resolve()
    fresh = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        try:
            with fresh.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="What was there is as it was; look at the folder, its rights and the space left.",
        ) from None


def _format(path: Path) -> Format:
    if path.suffix.lower() not in FORMATS:
        raise SchemaError(
            f"{path.name!r} ends in {path.suffix or 'nothing'}, which says no kind of file that is known here.",
            hint=f"Known endings: {', '.join(FORMATS)}.",
        )
    return FORMATS[path.suffix.lower()]


def _recognised(columns: Iterable[Any]) -> Table:
    names = set(columns)
    return next((table for table in TABLES if names >= set(table.names)), RUNS)


def _plain(frame: pd.DataFrame, table: Table) -> pa.Table:
    """The columns as Arrow keeps them, the table's categories as text."""
    names = list(frame.columns)
    if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise SchemaError("The name of a column stands twice or is no text.", hint="Rename it before saving.")
    plain = frame.astype({column.name: "str" for column in table.columns if column.kind == "category"})
    plain.attrs = {name: value for name, value in frame.attrs.items() if name == report.ATTRS}
    try:
        cells = pa.Table.from_pandas(plain, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise _not_plain(str(error)) from None
    for field in cells.schema:
        if pa.types.is_nested(field.type):
            raise _not_plain(f"the column {field.name!r} holds objects or lists")
    return cells


def _not_plain(reason: str) -> SchemaError:
    return SchemaError(
        f"The table cannot be saved as it is: {reason}.",
        hint="Further columns may hold text, numbers, truth values or times; write others as JSON text.",
    )


def _understood(kind: Format, file: BinaryIO, path: Path) -> Content:
    try:
        content = kind.read(file, path)
    except (DataError, OSError):
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0][:200]
        raise SchemaError(f"{path} is no {path.suffix} file of a table: {reason}.", hint="Was it cut off?") from None
    if not {column.name for column in content.table.columns[:2]} <= content.cells.keys():
        raise SchemaError(f"{path} holds no runs: it has no columns id and deployment_id.", hint="Was it made by save?")
    return content


def _cast(column: Column, cells: Any) -> pa.Array:
    """Cells of a file as the table keeps them."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    try:
        if column.kind == "time" and _is_text(cells.type):
            cells = pa.array([_moment(text) for text in cells.to_pylist()], pa.int64())
        return cells.cast(ARROW[column.kind], safe=not pa.types.is_timestamp(cells.type))
    except (pa.ArrowException, ValueError) as error:
        raise SchemaError(
            f"The column {column.name!r} cannot be read as {column.kind}: {error}.", hint="Was the file changed?"
        ) from None


def _moment(text: str | None) -> int | None:
    if text is None:
        return None
    micros, code = times.read_time(text)
    if micros is None:
        raise ValueError(f"{text[:40]!r} is {code}")
    return micros


def _carry(frame: pd.DataFrame, fetched: Any) -> None:
    """Gives the frame the report of its file, unless it is none."""
    frame.attrs[report.ATTRS] = fetched
    try:
        report.fetch_report(frame)
    except (TypeError, KeyError, ValueError):
        del frame.attrs[report.ATTRS]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


# --- Parquet -------------------------------------------------------------------------------------------------------


def _write_parquet(cells: pa.Table, table: Table, file: BinaryIO, path: Path) -> None:
    pyarrow.parquet.write_table(cells, file, compression="zstd")


def _read_parquet(file: BinaryIO, path: Path) -> Content:
    cells = pyarrow.parquet.read_table(file)
    table = _recognised(cells.column_names)
    further = cells.select([name for name in cells.column_names if name not in table.names]).to_pandas()
    known = {name: cells[name] for name in table.names if name in cells.column_names}
    return Content(table, known, dict(further.reset_index(drop=True).items()), further.attrs.get(report.ATTRS))


# --- CSV -----------------------------------------------------------------------------------------------------------

GUARD = "'"
"""Stands before a text that would be taken for something else; `load` takes it away."""

_FORMULA = "[=+\\-@\t\r\n'＝＋－＠]"
_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?inf|nan"
_MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?"
_RISKY = f"(?:{_FORMULA})"
_RISKY_FURTHER = f"(?:{_FORMULA}|(?:true|false|{_NUMBER}|{_MOMENT})$)"


def _write_csv(cells: pa.Table, table: Table, file: BinaryIO, path: Path) -> None:
    columns = [
        _csv_cells(column, _RISKY if name in table.names else _RISKY_FURTHER)
        for name, column in zip(cells.column_names, cells.columns, strict=True)
    ]
    names = [GUARD + name if re.match(_FORMULA, name) else name for name in cells.column_names]
    pyarrow.csv.write_csv(pa.table(columns, names=names), file)


def _csv_cells(column: pa.ChunkedArray, risky: str) -> pa.ChunkedArray:
    """Times as ISO texts in UTC, texts behind the guard where they need it, others as they are."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _csv_cells(column.cast(kind.value_type), risky)
    if pa.types.is_timestamp(kind):
        closing = "" if kind.tz is None else "Z"
        utc = column if kind.tz is None else column.cast(pa.timestamp(kind.unit, "UTC"))
        return pc.strftime(utc, format=f"%Y-%m-%dT%H:%M:%S{closing}")
    if not _is_text(kind):
        return column
    guarded = pc.binary_join_element_wise(pa.scalar(GUARD, kind), column, pa.scalar("", kind))
    return pc.if_else(pc.match_substring_regex(column, f"^{risky}"), guarded, column)


def _read_csv(file: BinaryIO, path: Path) -> Content:
    body = file.read()
    options = {
        "read_options": pyarrow.csv.ReadOptions(block_size=max(len(body), 1)),
        "parse_options": pyarrow.csv.ParseOptions(newlines_in_values=True),
    }
    written = pyarrow.csv.open_csv(pa.BufferReader(body), **options).schema.names
    text = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(written, pa.large_string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    columns = pyarrow.csv.read_csv(pa.BufferReader(body), **options, convert_options=text).columns
    names = [name[1:] if re.match(GUARD + _FORMULA, name) else name for name in written]
    cells = dict(zip(names, columns, strict=True))
    table = _recognised(names)
    known = {name: _unguarded(column, _RISKY) for name, column in cells.items() if name in table.names}
    return Content(table, known, {name: _further(column) for name, column in cells.items() if name not in known})


def _unguarded(column: pa.ChunkedArray, risky: str) -> pa.ChunkedArray:
    guarded = pc.match_substring_regex(column, f"^{GUARD}{risky}")
    return pc.if_else(guarded, pc.utf8_slice_codeunits(column, 1), column)


def _further(column: pa.ChunkedArray) -> pd.Series[Any]:
    """A column of the user: texts that all look like one type are of it, since those that only look so are guarded."""
    for pattern, kind in (("true|false", pa.bool_()), (r"-?\d+", pa.int64()), (_NUMBER, pa.float64())):
        if pc.all(pc.match_substring_regex(column, f"^(?:{pattern})$")).as_py():
            try:
                return pd.Series(column.cast(kind).to_pandas(types_mapper=_NULLABLE.get))
            except pa.ArrowInvalid:
                continue
    if pc.all(pc.match_substring_regex(column, f"^(?:{_MOMENT})$")).as_py():
        return pd.to_datetime(column.to_pandas(), format="ISO8601")
    return _unguarded(column, _RISKY_FURTHER).to_pandas().astype("str")


_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


# --- Excel ---------------------------------------------------------------------------------------------------------


def _write_excel(cells: pa.Table, table: Table, file: BinaryIO, path: Path) -> None:
    from agentrun_nb.files import excel

    beside = excel.long_path(path)
    long = excel.write(cells, table, file, beside.name)
    if long:
        with replacing(beside) as second:
            second.writelines(long)
        print(f"{len(long):,} texts of over {excel.MOST:,} characters lie in {beside.name}, beside {path.name}.")  # noqa: T201 - load needs both files


def _read_excel(file: BinaryIO, path: Path) -> Content:
    from agentrun_nb.files import excel

    columns = excel.read(file, excel.long_path(path))
    table = _recognised(columns)
    known = {name: excel.texts(column) for name, column in columns.items() if name in table.names}
    return Content(table, known, {name: excel.series(column) for name, column in columns.items() if name not in known})


FORMATS = {
    ".parquet": Format(_write_parquet, _read_parquet),
    ".csv": Format(_write_csv, _read_csv),
    ".xlsx": Format(_write_excel, _read_excel),
}
