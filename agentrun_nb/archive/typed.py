"""The runs of an archive as columns, in a file beside it that can be made anew at any time.

Most of the time of a listing goes into reading records, and they are the same each time. So what a
listing of all runs gives is kept beside a large archive as Arrow columns. The archive names the
state that it is in, and each change gives it another one: the columns are used as they are in the
state in which they were made, and in a later one the rows of those records that are still the
latest, which are known by their digests. The checksum of the file and all of its values are checked
before they are used. A file of that name which does not begin as ours do is somebody else's: it
stays as it is, and no columns are kept.

After the first line the file has what its archive is known by, so that an archive uses no columns
of another one that was called like it, and finds those that it had under another name.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.ipc

from agentrun_nb._version import __version__
from agentrun_nb.archive.database import IDENTITY
from agentrun_nb.core.schema import RUNS
from agentrun_nb.records.batch import ARROW, Batch

_ASKED = "deployment asked for"
_DIGEST = "digest of the record"
_SCHEMA = pa.schema(
    [
        *((column.name, ARROW[column.kind]) for column in RUNS.columns),
        (_ASKED, pa.large_string()),
        (_DIGEST, pa.binary(32)),
    ]
)
MAGIC = b"agentrun-nb: runs as columns\n"
"""What a file of columns begins with; no other file is read, replaced or erased."""

_MADE_BY = f"agentrun-nb {__version__}, layout 2"
"""What reads records otherwise makes other columns of them."""

_HEAD = b"agentrun_nb"
"""Where the head stands in the metadata of the columns."""

_IDENTITY_END = len(MAGIC) + IDENTITY
_BODY = _IDENTITY_END + 4
"""Where the columns begin, after the CRC-32 of them.

A longer digest would only take longer: whoever changes columns on purpose changes it too.
"""

_NAME = re.compile(r"(?s)(.+)-typed(\.[0-9a-f]{8})?")
"""The name of a file of columns, finished or not, and that of its archive."""

_ABANDONED = 3_600.0
"""Seconds after which nobody is still writing columns."""


class TypedRuns(NamedTuple):
    """Runs as columns, in the order of a listing.

    Attributes:
        state: the state that the archive was in.
        deployments: for each run the deployment that was asked for it.
        digests: the SHA-256 of its record.
        batch: the cells.
        fingerprint: the hash of their keys, as a fetch report has it.
        oddities: what is odd about them, likewise.
    """

    state: str
    deployments: pa.Array
    digests: pa.Array
    batch: Batch
    fingerprint: str
    oddities: dict[str, int]


class _Head(msgspec.Struct):
    """What the file says of its columns."""

    made_by: str
    state: str
    fingerprint: str
    oddities: dict[str, int]


def path_of(archive: Path) -> Path:
    """Where the columns of an archive are."""
    file = archive.resolve()
    return file.with_name(f"{file.name}-typed")


class Reading(NamedTuple):
    """What was read of a file of columns.

    Attributes:
        runs: the runs; None where there is no file, or none that can be used.
        damage: why it cannot be read.
        is_foreign: whether it is of another archive, or another version of this package.
    """

    runs: TypedRuns | None = None
    damage: str | None = None
    is_foreign: bool = False


def read_columns(archive: Path, identity: bytes) -> Reading:
    """Reads the columns beside an archive.

    Args:
        archive: the archive.
        identity: what it is known by.
    """
    path = path_of(archive)
    try:
        return _read(path, identity) if _is_ours(path) else Reading()
    except (OSError, pa.ArrowException, msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Reading(damage=str(error)[:200])


def _read(path: Path, identity: bytes) -> Reading:
    with pa.memory_map(str(path)) as file:
        content = file.read_buffer()
    if content[len(MAGIC) : _IDENTITY_END].to_pybytes() != identity:
        return Reading(is_foreign=True)
    body = content[_BODY:]
    if zlib.crc32(body).to_bytes(4, "little") != content[_IDENTITY_END:_BODY].to_pybytes():
        return Reading(damage="its checksum is another")
    table = pa.ipc.open_stream(body).read_all()
    # Whoever gave the archive may have given this file too.
    table.validate(full=True)
    head = msgspec.json.decode((table.schema.metadata or {}).get(_HEAD, b""), type=_Head)
    if not table.schema.equals(_SCHEMA) or head.made_by != _MADE_BY:
        return Reading(is_foreign=True)
    runs = TypedRuns(
        state=head.state,
        deployments=_one_array(table[_ASKED]),
        digests=_one_array(table[_DIGEST]),
        batch=Batch(RUNS, {name: _one_array(table[name]) for name in RUNS.names}),
        fingerprint=head.fingerprint,
        oddities=head.oddities,
    )
    return Reading(runs)


def _one_array(cells: pa.ChunkedArray) -> pa.Array:
    """The values as one array, without a copy where they are one."""
    return cells.chunk(0) if cells.num_chunks == 1 else cells.combine_chunks()


def write_columns(archive: Path, identity: bytes, runs: TypedRuns) -> None:
    """Writes the columns of an archive, where there is a place for them.

    Args:
        archive: the archive.
        identity: what it is known by.
        runs: its runs.
    """
    arrays = [*(runs.batch.cells[name] for name in RUNS.names), runs.deployments, runs.digests]
    head = _Head(_MADE_BY, runs.state, runs.fingerprint, runs.oddities)
    schema = _SCHEMA.with_metadata({_HEAD: msgspec.json.encode(head)})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        writer.write_batch(pa.record_batch(arrays, schema=schema))
    body = sink.getvalue()
    target = path_of(archive)
    fresh = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    # A listing is never refused for what only makes the next one quicker.
    with suppress(OSError):
        try:
            with os.fdopen(
                os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"
            ) as file:
                file.write(MAGIC)
                file.write(identity)
                file.write(zlib.crc32(body).to_bytes(4, "little"))
                file.write(body)
            if not os.path.lexists(target) or _is_ours(target):
                fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    with suppress(OSError):
        _erase_abandoned(archive, identity)


def _erase_abandoned(archive: Path, identity: bytes) -> None:
    """Removes columns that nobody will use.

    They are those that a process began to write so long ago that it must have been killed, and
    those that the archive had under a name that no archive has any more.
    """
    latest = time.time() - _ABANDONED
    for file in _files(archive, identity):
        name = _archive_of(file)
        is_own = name == archive.resolve().name
        is_unfinished = is_own and file != path_of(archive)
        is_left = not is_own and not os.path.lexists(file.with_name(name))
        if is_left or (is_unfinished and file.stat().st_mtime < latest):
            file.unlink(missing_ok=True)


def erase_columns(archive: Path, identity: bytes) -> None:
    """Removes the columns of an archive.

    Also those that somebody has not finished, and those that it, or a copy of it, has or had under
    another name in its folder: any of them can be made anew.

    Args:
        archive: the archive.
        identity: what it is known by.

    Raises:
        OSError: it cannot be known which there are, or one cannot be removed.
    """
    for file in _files(archive, identity):
        file.unlink(missing_ok=True)


def _files(archive: Path, identity: bytes) -> list[Path]:
    """The columns of an archive under its own name, and those of it under others."""
    own = archive.resolve()
    files = []
    for file in own.parent.iterdir():
        name = _archive_of(file)
        if name and _is_ours(file) and (name == own.name or _is_of(file, identity)):
            files.append(file)
    return files


def _archive_of(file: Path) -> str:
    """The name of the archive whose columns a file has; empty where it is called otherwise."""
    name = _NAME.fullmatch(file.name)
    return name[1] if name else ""


def _is_of(file: Path, identity: bytes) -> bool:
    """Whether columns are of an archive that is known by something."""
    with file.open("rb") as opened:
        found = opened.read(_IDENTITY_END)[len(MAGIC) :]
    return any(identity) and found == identity


def _is_ours(file: Path) -> bool:
    """Whether a file is one that `write_columns` has made.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        # A pipe would wait for somebody who writes to it.
        if not stat.S_ISREG(file.lstat().st_mode):
            return False
        with file.open("rb") as opened:
            return opened.read(len(MAGIC)) == MAGIC
    except FileNotFoundError:
        return False
