"""G: files of archives: processes that are killed, write at once or fork, disks that fail, files of others.

Each control does the same with a plain file, or with SQLite as it is.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import agentrun_nb as arn
from agentrun_nb.archive import disk, layout
from agentrun_nb.errors import AgentRunError, ArchiveDamagedError, ArchiveError, ArchiveVersionError
from tests.archive import plain, pressure, work
from tests.archive.book import DEP, Book, served
from tests.archive.pressure import Crew, received
from tests.support.http import KEY

from .lab import Lab, fault, timed


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder, which is removed at the end."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def archive_of(path: Path, count: int = 300) -> Book:
    """Makes an archive of some runs; returns the service that they are of."""
    book = Book()
    for number in range(count):
        book.put(number)
    with served(book) as (client, _), arn.Archive(path) as archive:
        archive.sync(client)
    return book


# --- 114: a process is killed --------------------------------------------------------------------


def plain_save_is_killed(lab: Lab) -> str:
    """The control: a file of JSON that is written anew."""
    with folder() as place:
        path = place / "runs.json"
        path.write_text(json.dumps([1, 2, 3]))
        with Crew() as crew:
            received(crew.start(plain.save_half, path))
            crew.kill()
        assert json.loads(path.read_text()) == [1, 2, 3]
        return "the old file"


@fault(
    114,
    "kill -9 during a sync",
    "what another process had seen is there; nothing torn; the next sync completes",
    plain=plain_save_is_killed,
)
def _(lab: Lab) -> pressure.Kills:
    with folder() as place:
        found = pressure.kills(place, 5)
    assert found.acknowledged, found
    assert found.harm == 0, found
    return found


# --- 115 and 116: what cannot be written ---------------------------------------------------------


def plain_save_is_refused(lab: Lab) -> str:
    """The control: a file of JSON that is written anew where it may not grow."""
    with folder() as place:
        path = place / "runs.json"
        path.write_text(json.dumps([1, 2, 3]))
        with Crew() as crew:
            outcome = received(crew.start(plain.save_under_a_limit, path))
        assert outcome == "refused", outcome
        assert json.loads(path.read_text()) == [1, 2, 3]
        return outcome


@fault(
    115,
    "a full disk, a limit of the file's size, EIO",
    "ArchiveWriteError; what was there is there; complete once there is space",
    plain=plain_save_is_refused,
)
def _(lab: Lab) -> pressure.Failures:
    return all_refused("full disk", "size limit", "EIO")


def all_refused(*kinds: str) -> pressure.Failures:
    """Writes that fail are typed errors and change nothing; each kind that can be had is tried twice."""
    with folder() as place:
        found = pressure.failures(place, 2 * len(kinds), kinds)
    assert found.as_written, found
    return found


def plain_read_only(lab: Lab) -> int:
    """The control: SQLite as it is, in a folder that may only be read."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "runs.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE runs (id TEXT)")
        path.chmod(0o444)
        path.parent.chmod(0o555)
        try:
            with Crew() as crew:
                outcome = received(crew.start(plain.read_as_nobody, path))
        finally:
            path.parent.chmod(0o700)
    assert outcome == 0, outcome
    return 0


@fault(
    116,
    "a folder or a file of somebody else, which may only be read; no HOME",
    "reading works; ArchiveWriteError for a write",
    plain=plain_read_only,
)
def _(lab: Lab) -> list[object]:
    found = all_refused("read-only folder", "read-only file")
    with folder() as place:
        archive_of(place / "runs.sqlite", 3)
        code = "import agentrun_nb as arn; print(len(arn.Archive('runs.sqlite').list_runs()))"
        without_home = {name: text for name, text in os.environ.items() if name != "HOME"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=place,
            env=without_home,
            capture_output=True,
            text=True,
        )
    assert done.stdout == "3\n", done.stderr
    return [found, "3 runs read without HOME"]


# --- 117: many write -----------------------------------------------------------------------------


def plain_writers(lab: Lab) -> str:
    """The control: rows into SQLite as it is."""
    with folder() as place:
        refused = pressure.plain_at_once(place, 8, 500)
    assert refused == 0, f"{refused:,} of 4,000 rows refused: database is locked"
    return "none refused"


@fault(
    117,
    "8 processes write into one archive, 2 read it",
    "all rows are there; no error of a lock",
    plain=plain_writers,
)
def _(lab: Lab) -> pressure.AtOnce:
    with folder() as place:
        found = pressure.at_once(place, 8, 5, 2)
    assert found.rows == found.expected, found
    assert (found.refused, found.falls, found.whole) == ([], 0, True), found
    return found


# --- 118: a file system of another machine -------------------------------------------------------


@fault(
    118,
    "an archive on NFS, where machines share no memory",
    "known by the table of mounts; changes go through a journal; no file of shared memory",
)
def _(lab: Lab) -> str:
    table = disk.MOUNTS
    with folder() as place:
        # The table of mounts is written by hand: a disk of another machine is not to be had here.
        mounts = place / "mountinfo"
        mounts.write_text(f"1 0 0:1 / {place}/far rw - nfs4 host:/far rw\n")
        path = place / "far" / "runs.sqlite"
        path.parent.mkdir()
        disk.MOUNTS = mounts
        try:
            book = archive_of(path)
            book.put(300)
            with served(book) as (client, _), arn.Archive(path) as archive:
                assert archive.sync(client).new == 1
                beside = {entry.name for entry in path.parent.iterdir()}
                assert beside == {"runs.sqlite"}, beside
        finally:
            disk.MOUNTS = table
        with closing(sqlite3.connect(path)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    assert mode == "delete", mode
    return f"301 runs, journal mode {mode}"


# --- 119: files of others ------------------------------------------------------------------------


class Evil:
    """What makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.mark,)


def statement(sql: str) -> Callable[[Path], object]:
    """Changes an archive by a statement."""

    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(sql)
            connection.commit()

    return change


def overwrite(path: Path) -> None:
    """Overwrites a page of the file."""
    content = bytearray(path.read_bytes())
    content[8_192:12_288] = b"\xff" * 4_096
    path.write_bytes(content)


DELETING = "CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM runs; END"
OF_OTHERS: dict[str, tuple[Callable[[Path], object], type[ArchiveError]]] = {
    "newer": (statement(f"PRAGMA user_version = {layout.VERSION + 1}"), ArchiveVersionError),
    "text": (lambda path: path.write_text("no archive\n" * 100), ArchiveError),
    "a pickle": (
        lambda path: path.write_bytes(pickle.dumps(Evil(path.with_name("ran")))),
        ArchiveError,
    ),
    "of another program": (statement("PRAGMA application_id = 7"), ArchiveError),
    "with a trigger": (statement(DELETING), ArchiveError),
    "with a view": (statement("CREATE VIEW evil AS SELECT * FROM runs"), ArchiveError),
    "cut off": (
        lambda path: path.write_bytes(path.read_bytes()[:-5_000]),
        ArchiveDamagedError,
    ),
    "with a page of other bytes": (overwrite, ArchiveDamagedError),
    "with a size of 2^60": (statement("UPDATE batches SET size = 1 << 60"), ArchiveDamagedError),
    "with a place that is a path": (
        statement("UPDATE records SET batch = '../../etc/passwd'"),
        ArchiveDamagedError,
    ),
}
"""Files that are no archive of ours, and the error that says so."""


def plain_pickle(lab: Lab) -> str:
    """The control: a file that pandas reads as a pickle."""
    import pandas as pd

    with folder() as place:
        path = place / "runs.sqlite"
        path.write_bytes(pickle.dumps(Evil(place / "ran")))
        pd.read_pickle(path)
        assert not (place / "ran").exists(), "what is in the file has run"
    return "nothing ran"


@fault(
    119,
    "a file of a newer version, of another program, cut off, damaged, hostile",
    "a typed error of its own; nothing in it runs; no path in it is followed",
    plain=plain_pickle,
)
def _(lab: Lab) -> list[str]:
    with folder() as place:
        archive_of(place / "whole.sqlite")
        got = []
        for name, (change, kind) in OF_OTHERS.items():
            path = place / "file.sqlite"
            shutil.copy(place / "whole.sqlite", path)
            change(path)
            error = refusal_of(path)
            got.append(f"{name}: {type(error).__name__}")
            assert type(error) is kind, got[-1]
        assert not (place / "ran").exists()
    return got


def refusal_of(path: Path) -> AgentRunError:
    """The error with which a file is refused, when it is opened or read."""

    def read() -> None:
        with arn.Archive(path) as archive:
            archive.list_runs()

    error = timed(read).error
    assert error is not None, "it is read"
    assert error.hint, error
    return error


# --- 120 and 121 ---------------------------------------------------------------------------------


@fault(
    120,
    "a fork while an archive is open",
    "the child has a connection of its own; both read and write on",
)
def _(lab: Lab) -> str:
    with folder() as place:
        path = place / "runs.sqlite"
        book = archive_of(path)
        with served(book) as (_, server), Crew() as crew:
            counts = received(crew.start(work.fork_with_an_archive, path, server.url))
        with arn.Archive(path) as archive:
            assert archive.check().whole
    assert counts == (0, 300), counts
    return f"child exit code {counts[0]}, parent reads {counts[1]}"


@fault(
    121,
    "two deployments with equal ids of runs; the same of two services",
    "two runs; another service is refused",
)
def _(lab: Lab) -> list[str]:
    book = Book()
    book.put(1, "succeeded", dep="dep_1")
    book.put(1, "failed", dep="dep_2")
    with folder() as place, arn.Archive(place / "runs.sqlite") as archive:
        with served(book) as (client, _):
            archive.sync(client)
        found = [archive.get_run(name, "run_1").status for name in ("dep_1", "dep_2")]
        assert found == ["succeeded", "failed"], found
        with arn.Client(KEY, "https://api.test") as other:
            refused = timed(lambda: archive.sync(other, DEP))
    assert type(refused.error) is ArchiveError, refused
    return [*map(str, found), str(refused)]
