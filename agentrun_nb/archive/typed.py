"""The runs of an archive as columns, in a file beside it that can be made anew at any time.

Most of the time of a listing goes into reading records, and they are the same each time. So what a
listing of all runs gives is kept beside a large archive as Arrow columns. The archive names the
state that it is in, and each change gives it another one: the columns are used as they are in the
state in which they were made, and in a later one the rows of those records that are still the
latest, which are known by their digests. The digest of the file and all of its values are checked
before they are used. A file of that name which does not begin as ours do is somebody else's: it
stays as it is, and no columns are kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.ipc

from agentrun_nb._version import __version__
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

_MADE_BY = f"agentrun-nb {__version__}, layout 1"
"""What reads records otherwise makes other columns of them."""

_HEAD = b"agentrun_nb"
"""Where the head stands in the metadata of the columns."""

_DIGEST_END = len(MAGIC) + 32
"""Where the digest of what follows ends."""

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


def read_columns(archive: Path) -> TypedRuns | None:
    """Reads the columns; None where there are none, or none that can be used."""
    path = path_of(archive)
    try:
        if not _is_ours(path):
            return None
        with pa.memory_map(str(path)) as file:
            content = file.read_buffer()
        digest, body = content[len(MAGIC) : _DIGEST_END], content[_DIGEST_END:]
        if hashlib.sha256(body).digest() != digest.to_pybytes():
            return None
        table = pa.ipc.open_stream(body).read_all()
        # Whoever gave the archive may have given this file too.
        table.validate(full=True)
        head = msgspec.json.decode((table.schema.metadata or {}).get(_HEAD, b""), type=_Head)
    except (OSError, pa.ArrowException, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if not table.schema.equals(_SCHEMA) or head.made_by != _MADE_BY:
        return None
    return TypedRuns(
        state=head.state,
        deployments=_one_array(table[_ASKED]),
        digests=_one_array(table[_DIGEST]),
        batch=Batch(RUNS, {name: _one_array(table[name]) for name in RUNS.names}),
        fingerprint=head.fingerprint,
        oddities=head.oddities,
    )


def _one_array(cells: pa.ChunkedArray) -> pa.Array:
    """The values as one array, without a copy where they are one."""
    return cells.chunk(0) if cells.num_chunks == 1 else cells.combine_chunks()


def write_columns(archive: Path, runs: TypedRuns) -> None:
    """Writes the columns of an archive, where there is a place for them."""
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
                file.write(hashlib.sha256(body).digest())
                file.write(body)
            if not os.path.lexists(target) or _is_ours(target):
                fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    with suppress(OSError):
        _erase_unfinished(archive)


def _erase_unfinished(archive: Path) -> None:
    """Removes columns that a process began to write so long ago that it must have been killed."""
    latest = time.time() - _ABANDONED
    for file in _files(archive):
        if file != path_of(archive) and file.stat().st_mtime < latest:
            file.unlink(missing_ok=True)


def erase_columns(archive: Path) -> None:
    """Removes the columns of an archive, also those that somebody has not finished.

    Raises:
        OSError: it cannot be known which there are, or one cannot be removed.
    """
    for file in _files(archive):
        file.unlink(missing_ok=True)


def _files(archive: Path) -> list[Path]:
    """The columns of an archive, and those that somebody has not finished."""
    target = path_of(archive)
    name = re.compile(re.escape(target.name) + r"(\.[0-9a-f]{8})?")
    return [
        file for file in target.parent.iterdir() if name.fullmatch(file.name) and _is_ours(file)
    ]


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
