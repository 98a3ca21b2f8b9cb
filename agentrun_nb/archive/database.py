"""The file of an archive: opened, checked and written in whole steps."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from agentrun_nb.archive import disk, layout
from agentrun_nb.errors import (
    ArchiveDamagedError,
    ArchiveError,
    ArchiveVersionError,
    ArchiveWriteError,
)

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]
"""The values of the parameters of a statement, by place or by name."""

PATIENCE = 60.0
"""Seconds that a process waits for another one to finish writing."""

CHECKED_AT_ONCE = 64 * 2**20
"""A file of at most so many bytes is checked whole when it is opened."""

_HEADER = b"SQLite format 3\x00"
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_INHERITED: list[sqlite3.Connection] = []
"""Connections of the parent process: a forked child that closes one could drop its locks."""


class Database:
    """The file of an archive, with one connection a process that its threads share.

    Args:
        path: the file; it is made when it is not there.

    Attributes:
        path: the file.
        obstacle: why this process cannot write to it; None where it can.

    Raises:
        ArchiveError: the file is no archive, or cannot be opened or made.
        ArchiveDamagedError: it is not whole.
        ArchiveVersionError: a newer version of this package wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.obstacle: str | None = None
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        if not _has_content(path):
            _create(path)
        self._connection = self._open()

    def __del__(self) -> None:
        # Nobody has to close an archive; from Python 3.13 on, a connection left open is a warning.
        if hasattr(self, "_connection"):
            self.close()

    def _open(self) -> sqlite3.Connection:
        _check_header(self.path)
        with self._errors():
            connection, self.obstacle = _connect(self.path)
        try:
            with self._errors():
                _check_content(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _here(self) -> sqlite3.Connection:
        """The connection of this process; a forked child opens its own."""
        if self._closed:
            raise ArchiveError("This archive is closed.", hint="Open it anew: arn.Archive(path).")
        if self._process != os.getpid():
            _INHERITED.append(self._connection)
            self._process = os.getpid()
            # Another thread of the parent may hold the old lock for ever.
            self._lock = threading.RLock()
            self._connection = self._open()
        return self._connection

    def rows(
        self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        """The rows that a query finds.

        Raises:
            ArchiveDamagedError: the file is not whole.
        """
        connection = self._here()
        with self._lock, self._errors():
            try:
                return connection.execute(sql, values).fetchall()
            except UnicodeEncodeError:
                # Text that is not valid Unicode stands in no row.
                return []

    def value(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """The first value of the first row; None where there is no row."""
        rows = self.rows(sql, values)
        return rows[0][0] if rows else None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads within the block see one state of the file, whatever is written meanwhile."""
        connection = self._here()
        with self._lock:
            if connection.in_transaction:
                yield
                return
            with self._errors():
                connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.rollback()

    @property
    def state(self) -> str | None:
        """The state that the archive is in; None where nobody has written to it yet."""
        found: str | None = self.value("SELECT value FROM facts WHERE name = 'state'")
        return found

    @property
    def identity(self) -> bytes:
        """What the archive is known by, it and its copies; zeros where it has nothing yet."""
        try:
            found = bytes.fromhex(self.value("SELECT value FROM facts WHERE name = 'identity'"))
        except (TypeError, ValueError):
            found = b""
        return found.ljust(IDENTITY, b"\0")[:IDENTITY]

    def check_writable(self) -> None:
        """Checks that this process can write to the file.

        Raises:
            ArchiveWriteError: it cannot.
        """
        if self.obstacle is not None:
            sentence = f"{self.path} can be read, and not be written: {self.obstacle}."
            hint = "Look at its rights, those of its folder and the space left, and open it anew."
            raise ArchiveWriteError(sentence, hint=hint)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Everything that is written within the block is in the file afterwards, or nothing is.

        Raises:
            ArchiveWriteError: it cannot be written; the file is as it was.
        """
        connection = self._here()
        self.check_writable()
        with self._lock, self._errors(writing=True):
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(_NEW_STATE, (secrets.token_hex(8),))
                connection.execute(_IDENTITY, (secrets.token_hex(IDENTITY),))
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.rollback()
                raise

    @contextmanager
    def _errors(self, *, writing: bool = False) -> Iterator[None]:
        """Turns the errors of SQLite into those of this package."""
        try:
            yield
        except sqlite3.Error as error:
            raise _typed(error, self.path, writing=writing) from None

    def erase_traces(self) -> None:
        """Takes what was deleted out of the file and of the log of changes beside it.

        Raises:
            ArchiveWriteError: somebody else has been reading it all the time; the traces stay.
        """
        connection = self._here()
        with self._lock, self._errors(writing=True):
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            sentence = (
                f"The runs are forgotten, but traces of them stay in {self.path}"
                " until nobody else reads it."
            )
            hint = (
                "Close it wherever else it is open, or wait for its readers, and call forget again."
            )
            raise ArchiveWriteError(sentence, hint=hint)

    def close(self) -> None:
        """Closes the file; it can be copied then."""
        with self._lock:
            if not self._closed and self._process == os.getpid():
                self._connection.close()
            self._closed = True


_NEW_STATE = "INSERT OR REPLACE INTO facts VALUES ('state', ?)"
"""Each step gives the archive another state, by which `typed` knows what it has read."""

IDENTITY = 16
"""The bytes of what an archive is known by."""

_IDENTITY = "INSERT OR IGNORE INTO facts VALUES ('identity', ?)"
"""The first step gives the archive what it is known by, whatever its file is called."""


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unopened_error(path, error) from None


def _create(path: Path) -> None:
    """Makes an empty archive, whole at once: other processes see it finished or not at all."""
    fresh = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
                connection.execute(_journal(path))
                connection.execute("BEGIN")
                for statement in layout.statements():
                    connection.execute(statement)
                connection.execute("COMMIT")
            if path.exists():
                # An empty file, such as one of the module tempfile.
                fresh.replace(path)
            else:
                # A link fails where another process was quicker, and its archive stays.
                with suppress(FileExistsError):
                    path.hardlink_to(fresh)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise _unopened_error(path, error) from None
    except sqlite3.Error as error:
        raise _typed(error, path, writing=True) from None


def _journal(path: Path) -> str:
    """The statement that says how changes are written.

    With a log of changes beside the file, readers and a writer do not wait for each other. It needs
    memory that all of them share, which machines that share a file system do not have.
    """
    mode = "DELETE" if disk.on_network(path) else "WAL"
    return f"PRAGMA journal_mode = {mode}"


def _unopened_error(path: Path, error: OSError) -> ArchiveError:
    sentence = f"{path} cannot be opened as an archive: {error.strerror or error}."
    return ArchiveError(sentence, hint="Look at the folder, its rights and the space left.")


def _check_header(path: Path) -> None:
    """Checks what can be seen without SQLite.

    Raises:
        ArchiveError: the file is no SQLite file, or cannot be read.
        ArchiveDamagedError: its end is missing.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
        size = path.stat().st_size
        log = path.with_name(f"{path.name}-wal")
        has_log = log.exists() and log.stat().st_size > 0
    except OSError as error:
        raise _unopened_error(path, error) from None
    if not header.startswith(_HEADER):
        if _HEADER.startswith(header[: len(_HEADER)]):
            raise damaged_error(path, "its end is missing")
        raise _no_archive_error(path, "it is no SQLite file")
    if len(header) < 100:
        raise damaged_error(path, "its end is missing")
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65_536 if page_size == 1 else page_size
    pages = int.from_bytes(header[28:32], "big")
    # Beside a log of changes the file may be shorter than it says: the log has the rest.
    if not has_log and size < page_size * pages:
        raise damaged_error(path, "its end is missing")


def _no_archive_error(path: Path, reason: str) -> ArchiveError:
    hint = "Give the path of an archive, or of a file that is not there yet."
    return ArchiveError(f"{path} is no archive: {reason}.", hint=hint)


class Opened(NamedTuple):
    """A file that was opened.

    Attributes:
        connection: the connection to it.
        obstacle: why nothing can be written to it; None where it can.
    """

    connection: sqlite3.Connection
    obstacle: str | None


def _connect(path: Path) -> Opened:
    """Opens a file, read-only where nothing can be written to it or beside it."""
    plain = path.resolve().as_uri()
    obstacle = "this user may not write there"
    if os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK):
        try:
            return Opened(_writable(f"{plain}?mode=rw", path), None)
        except sqlite3.OperationalError as error:
            if not _cannot_make_files(error):
                raise
            obstacle = str(error)
    try:
        return Opened(_prepared(f"{plain}?mode=ro"), obstacle)
    except sqlite3.OperationalError as error:
        # Where SQLite cannot make the files that readers share, such as in a read-only folder or on
        # a full disk, and no process has it open, it may be read as one that does not change.
        if not _cannot_make_files(error) or _is_open_elsewhere(path):
            raise
        return Opened(_prepared(f"{plain}?mode=ro&immutable=1"), obstacle)


SHARED_MEMORY = 32_768
"""The fewest bytes of the file by which processes share memory; what has fewer was not finished."""


def _is_open_elsewhere(path: Path) -> bool:
    """Whether another process has the file open, or has left changes beside it.

    They stand in a log, or in the file itself: then what was there before stands in a journal.
    """
    least = {"wal": 1, "shm": SHARED_MEMORY, "journal": 1}
    for kind, size in least.items():
        with suppress(FileNotFoundError):
            if path.resolve().with_name(f"{path.resolve().name}-{kind}").stat().st_size >= size:
                return True
    return False


def _writable(address: str, path: Path) -> sqlite3.Connection:
    connection = _prepared(address)
    if disk.on_network(path):
        # It may have been made elsewhere, and copied there.
        connection.execute(_journal(path))
    return connection


def _cannot_make_files(error: sqlite3.Error) -> bool:
    """Whether a file or one beside it could not be opened, made or written."""
    kinds = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_FULL")
    return _name(error).startswith(kinds)


def _prepared(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
        # Only a read shows whether the file can be used.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


_SETTINGS = (
    # What a file says of itself may run no code.
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    # What is committed survives a power failure.
    "PRAGMA synchronous = FULL",
    # What is deleted is overwritten.
    "PRAGMA secure_delete = ON",
)


def _check_content(connection: sqlite3.Connection, path: Path) -> None:
    """Checks that a SQLite file is an archive that this version can read.

    Raises:
        ArchiveError, ArchiveVersionError, ArchiveDamagedError: it is not.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != layout.APPLICATION_ID:
        raise _no_archive_error(path, "it is a SQLite file of something else")
    if version > layout.VERSION:
        sentence = f"{path} was written by a newer version of agentrun-nb."
        raise ArchiveVersionError(sentence, hint="Update: pip install -U agentrun-nb.")
    found = connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
    made = {(kind, name) for kind, name, sql in found if sql is not None}
    expected = {("table", name) for name in layout.TABLES}
    expected |= {("index", name) for name in layout.INDEXES}
    if made != expected:
        # A trigger or a view of a file that somebody has brought would run with our statements.
        raise _no_archive_error(path, "it has other tables than an archive")
    if path.stat().st_size <= CHECKED_AT_ONCE:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise damaged_error(path, verdict)


def damaged_error(path: Path, reason: str) -> ArchiveDamagedError:
    """The error for a file that is not whole."""
    sentence = f"{path} is damaged: {reason[:200]}."
    hint = "Take a copy of it; a sync into a new file brings what the service still has."
    return ArchiveDamagedError(sentence, hint=hint)


def _name(error: sqlite3.Error) -> str:
    """SQLite's name of an error; empty for one of the module itself."""
    return getattr(error, "sqlite_errorname", "") or ""


def _typed(error: sqlite3.Error, path: Path, *, writing: bool) -> ArchiveError:
    """The error of this package for one of SQLite."""
    name = _name(error)
    if name.startswith(_DAMAGED):
        return damaged_error(path, str(error))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        sentence = f"Another process has been writing to {path} for {PATIENCE:.0f} s."
        return ArchiveWriteError(sentence, hint="Try again when it has finished.")
    if not writing:
        return ArchiveError(f"{path} cannot be read: {error}.", hint="Look at the file's rights.")
    sentence = f"{path} cannot be written: {error}."
    hint = "What was in it is as it was; look at its rights and the space left."
    return ArchiveWriteError(sentence, hint=hint)
