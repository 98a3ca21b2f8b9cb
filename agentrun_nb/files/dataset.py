"""Tables in several Parquet files: a folder that other programs read as one table.

The folder has part files of 100,000 rows and a manifest with the schema, the fetch report and the
digest of each part. The manifest is JSON in the metadata of a Parquet file without rows: a folder
with a file of another kind is no table to some programs. Parts have other names until all are
written. So a folder that is written again is as it was until the end, and a saver that was killed
goes on with the parts that are there.

What has changed in a file since is refused when it is read. A part that is read whole is compared
with its digest. Of single columns only their pages are read: each has a checksum, and what says
where they lie, the footer of the part, has a digest in the manifest. The manifest has one itself.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import TABLES, Table
from agentrun_nb.errors import DataError, SchemaError
from agentrun_nb.files.atomic import replacing
from agentrun_nb.files.content import Content, Marks
from agentrun_nb.files.parquet import content_of, parquet_bytes, pyarrow_parquet
from agentrun_nb.tables.chunks import ChunkReports
from agentrun_nb.tables.report import without_attrs

ROWS = 100_000
"""How many rows a part has, but for the last one."""

MANIFEST = "_manifest.parquet"
"""The name of the file with the manifest."""

_KEY = b"agentrun_nb_manifest"
"""Where the manifest stands in the metadata of that file."""

_DIGEST = b"agentrun_nb_manifest_sha256"
"""Where its digest stands; datasets of earlier versions have none."""

VERSION = 1

_PART = re.compile(r"part-\d{5,}-[0-9a-f]{16}\.parquet")
"""The names that parts have: their number, and the beginning of their digest."""


class Converted(NamedTuple):
    """A frame as plain columns.

    Attributes:
        cells: the columns.
        table: the table of records that they belong to; None for any other table.
        marks: what a plain file cannot say of the columns.
        frame: the frame, with its fetch report.
    """

    cells: pa.Table
    table: Table | None
    marks: Marks
    frame: pd.DataFrame


class Part(msgspec.Struct):
    """A part as the manifest has it.

    Attributes:
        file: its name.
        rows: the number of its rows.
        bytes: its size.
        sha256: its digest.
        footer: the digest of its footer; None where an earlier version wrote it.
    """

    file: str
    rows: int
    bytes: int
    sha256: str
    footer: str | None = None


class Manifest(msgspec.Struct):
    """What a dataset is made of.

    Attributes:
        version: of this layout.
        table: the name of the table; None for any other than one of records.
        columns: the name and the Arrow type of each column.
        rows: the number of all rows.
        parts: the parts in order.
        report: the fetch report, as it stands in `attrs`.
        written: when it was written, in UTC.
    """

    version: int
    table: str | None
    columns: dict[str, str]
    rows: int
    parts: list[Part]
    report: dict[str, Any] | None
    written: str


def write_dataset(
    frames: Iterable[pd.DataFrame], folder: Path, convert: Callable[[pd.DataFrame], Converted]
) -> None:
    """Writes frames of one table into a folder.

    Args:
        frames: the frames, each read once.
        folder: where to; a dataset that is there is replaced at the end.
        convert: makes plain columns of a frame.

    Raises:
        SchemaError: there is no frame, or they are of several tables.
        DataError: the folder cannot be written to, or holds other files.
    """
    before = _prepare(folder)
    writer = _Writer(folder)
    for frame in frames:
        # The report goes into the manifest. In the parts it would be that of one frame, and make
        # them other files each time.
        writer.add(convert(without_attrs(frame))._replace(frame=frame))
    manifest = writer.finish()
    names = {part.file for part in manifest.parts}
    try:
        for name in names:
            if not (folder / name).exists():
                (folder / _unfinished(name)).replace(folder / name)
        with replacing(folder / MANIFEST) as file:
            file.write(writer.manifest_file(manifest))
        for name in before - names:
            (folder / name).unlink(missing_ok=True)
        for staged in folder.glob(".part-*"):
            staged.unlink()
    except OSError as error:
        raise _not_written(folder, error) from None


def _prepare(folder: Path) -> set[str]:
    """Makes the folder; returns the parts of the dataset that it holds.

    Raises:
        DataError: it cannot be made, or holds files of something else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise _not_written(folder, error) from None
    parts: set[str] = set()
    if MANIFEST in there:
        parts = {part.file for part in read_manifest(folder).parts}
    finished = {name for name in there if _PART.fullmatch(name)}
    unfinished = {name for name in there if name.startswith(".") and name.endswith(".tmp")}
    others = sorted(there - finished - unfinished - {MANIFEST})
    if others:
        sentence = f"{folder} holds files that are no part of a dataset, such as {others[0]!r}."
        raise DataError(sentence, hint="Give a folder that is empty or not there yet.")
    # There may also be parts of a saver that was killed between its last steps.
    return parts | finished


def _unfinished(name: str) -> str:
    """The name of a part until all parts are written."""
    return f".{name}.tmp"


def _not_written(folder: Path, error: OSError) -> DataError:
    sentence = f"{folder} cannot be written: {error.strerror or error}."
    hint = "What was there is as it was; look at the folder, its rights and the space left."
    return DataError(sentence, hint=hint)


class _Writer:
    """Writes the parts of a dataset, each as soon as its rows have come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[Part] = []
        self._waiting: list[pa.Table] = []
        self._first: Converted | None = None
        self._reports: ChunkReports | None = None

    def add(self, more: Converted) -> None:
        """Adds the rows of a frame.

        Raises:
            SchemaError: they do not belong to the same table.
        """
        if self._first is None or self._reports is None:
            self._first = more._replace(cells=more.cells.slice(0, 0))
            self._reports = ChunkReports(more.table)
        self._reports.add(more.frame)
        self._waiting.append(self._like_first(more))
        while sum(map(len, self._waiting)) >= ROWS:
            rows = pa.concat_tables(self._waiting)
            self._write(rows.slice(0, ROWS))
            self._waiting = [rows.slice(ROWS)]

    def _like_first(self, more: Converted) -> pa.Table:
        """The columns with the types of the first frame, which may be wider."""
        first = self._first or more
        names = first.cells.column_names
        same_table = more.table is first.table and more.marks == first.marks
        if not same_table or sorted(more.cells.column_names) != sorted(names):
            hint = "Give frames of one table with the same columns."
            raise SchemaError("The frames are of several tables.", hint=hint)
        try:
            return more.cells.select(names).cast(first.cells.schema)
        except (pa.ArrowException, ValueError) as error:
            sentence = f"The frames have columns of several types: {str(error)[:200]}."
            raise SchemaError(sentence, hint="Convert them to one type first.") from None

    def _write(self, rows: pa.Table) -> None:
        """Writes a part, unless a writer that was killed has done so."""
        first = self._first
        assert first is not None  # noqa: S101 - a part has rows of a frame
        body = parquet_bytes(rows, first.marks)
        digest = hashlib.sha256(body).hexdigest()
        name = f"part-{len(self._parts):05}-{digest[:16]}.parquet"
        footer = _footer_digest(io.BytesIO(body))
        self._parts.append(Part(name, len(rows), len(body), digest, footer))
        for place in (self._folder / name, self._folder / _unfinished(name)):
            with suppress(OSError):
                if place.stat().st_size == len(body):
                    return
        with replacing(self._folder / _unfinished(name)) as file:
            file.write(body)

    def finish(self) -> Manifest:
        """Writes the last part; returns the manifest.

        Raises:
            SchemaError: no frame has come.
        """
        first, reports = self._first, self._reports
        if first is None or reports is None:
            raise SchemaError("There is no frame to save.", hint="Give one, even without rows.")
        rows = pa.concat_tables(self._waiting)
        if len(rows) or not self._parts:
            self._write(rows)
        return Manifest(
            version=VERSION,
            table=first.table.name if first.table else None,
            columns={field.name: str(field.type) for field in first.cells.schema},
            rows=sum(part.rows for part in self._parts),
            parts=self._parts,
            report=reports.attrs(),
            written=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def manifest_file(self, manifest: Manifest) -> bytes:
        """The manifest as a Parquet file without rows, of the same schema."""
        first = self._first
        assert first is not None  # noqa: S101 - there is a manifest of at least one frame
        text = msgspec.json.encode(manifest)
        digest = hashlib.sha256(text).hexdigest()
        metadata = {**(first.cells.schema.metadata or {}), _KEY: text, _DIGEST: digest}
        return parquet_bytes(first.cells.replace_schema_metadata(metadata), first.marks)


# --- reading -------------------------------------------------------------------------------------


def read_dataset(folder: Path, manifest: Manifest, columns: list[str] | None) -> Content:
    """Reads a dataset.

    Args:
        folder: where it lies.
        manifest: what it is made of.
        columns: the columns that are read; None: all.

    Raises:
        DataError: a part is not there, or not as it was written.
    """
    table = next((known for known in TABLES if known.name == manifest.table), None)
    read = None
    if columns is not None:
        read = list(dict.fromkeys(columns))
        if table is not None and set(read).isdisjoint(table.names):
            # A table of records needs one of its own columns, which says how many rows there are.
            read.append(table.columns[0].name)
    parts = pa.concat_tables(read_cells(folder, part, read) for part in manifest.parts)
    return content_of(parts, table)._replace(fetched=manifest.report)


def read_cells(folder: Path, part: Part, columns: list[str] | None) -> pa.Table:
    """Reads columns of a part as they were written.

    Args:
        folder: where it lies.
        part: the part as the manifest has it.
        columns: the columns that are read; None: all.

    Raises:
        DataError: it is not there, or what is read of it is not as it was written.
    """
    with _opened(folder, part, whole=columns is None) as file:
        # Each thread keeps memory, and some columns are read no faster by several.
        return file.read(columns=columns, use_threads=columns is None)


def read_empty(folder: Path, part: Part) -> pa.Table:
    """The columns of a part without a row; raises as `read_cells`."""
    with _opened(folder, part, whole=False) as file:
        return file.schema_arrow.empty_table()


@contextmanager
def _opened(folder: Path, part: Part, *, whole: bool) -> Iterator[Any]:
    """Opens a part as a ParquetFile whose columns can be read as they were written.

    Args:
        folder: where it lies.
        part: the part as the manifest has it.
        whole: whether all columns are read.

    Raises:
        DataError: it is not there, or what is read of it is not as it was written.
    """
    what = "is not as it was written"
    try:
        with (folder / part.file).open("rb") as file:
            source: Any = file
            # The pages of earlier versions have no checksums: only the whole is known to be right.
            if whole or part.footer is None:
                body = file.read()
                is_intact = hashlib.sha256(body).hexdigest() == part.sha256
                source = pa.BufferReader(body)
            else:
                is_intact = _footer_digest(file) == part.footer
            if is_intact:
                # A file that lies here needs no columns fetched ahead, in memory of their own.
                with pyarrow_parquet().ParquetFile(
                    source, pre_buffer=False, page_checksum_verification=True
                ) as opened:
                    yield opened
                return
    except FileNotFoundError:
        what = "is not there"
    except OSError as error:
        # A page that is not as its checksum says is such an error too, without a number.
        if error.errno is not None:
            what = f"cannot be read: {error.strerror}"
    except pa.ArrowException:
        pass
    sentence = f"The part {part.file} of {folder} {what}."
    raise DataError(sentence, hint="Save it again.")


_END = 8
"""The bytes after the footer of a Parquet file: its length, and four letters."""


def _footer_digest(file: BinaryIO) -> str:
    """The digest of the footer of a Parquet file and of what is after it."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END))
    length = int.from_bytes(file.read(4), "little")
    file.seek(max(0, size - _END - length))
    digest = hashlib.sha256(file.read()).hexdigest()
    file.seek(0)
    return digest


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest; it may come from anywhere.

    Raises:
        SchemaError: there is none, or it is of something else.
        DataError: it cannot be read.
    """
    try:
        with (folder / MANIFEST).open("rb") as file:
            metadata = pyarrow_parquet().read_schema(file).metadata or {}
        text = metadata.get(_KEY, b"")
        digest = metadata.get(_DIGEST)
    except FileNotFoundError:
        sentence = f"{folder} holds no dataset: it has no {MANIFEST}."
        staged = any(folder.glob(".part-*"))
        hint = "Saving was not finished: save it again." if staged else "Was it made by save?"
        raise SchemaError(sentence, hint=hint) from None
    except OSError as error:
        sentence = f"{folder} cannot be read: {error.strerror}."
        raise DataError(sentence, hint="Look at the path and its rights.") from None
    except pa.ArrowException:
        text = b""
        digest = None
    if digest not in (None, hashlib.sha256(text).hexdigest().encode()):
        sentence = f"The {MANIFEST} of {folder} is not as it was written."
        raise DataError(sentence, hint="Save it again.")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        manifest = None
    # A name in it is never a path.
    names = [part.file for part in manifest.parts] if manifest else []
    if manifest is None or not names or not all(map(_PART.fullmatch, names)):
        sentence = f"{folder} holds no dataset: its {MANIFEST} is another."
        raise SchemaError(sentence, hint="Was it made by save?")
    if manifest.version > VERSION:
        sentence = f"{folder} was written by a newer version of agentrun-nb."
        raise SchemaError(sentence, hint="Update: pip install -U agentrun-nb.")
    return manifest
