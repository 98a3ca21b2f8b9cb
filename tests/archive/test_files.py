"""Files that are no archive, not whole, newer, not writable; and what is there stays as it was."""

from __future__ import annotations

import gc
import os
import pickle
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import agentrun_nb as arn
from agentrun_nb import errors
from agentrun_nb.archive import database, disk, layout
from tests.archive.book import DEP, Book, served

TORTURE = os.environ.get("AGENTRUN_NB_PROFILE") == "torture"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """An archive of 3,000 runs."""
    path = tmp_path_factory.mktemp("whole") / "runs.sqlite"
    book = Book()
    for number in range(3_000):
        book.put(number, failure_reason="x" * (number % 300))
    with served(book) as (client, _), arn.Archive(path) as archive:
        archive.sync(client)
    return path


def changed(whole: Path, tmp_path: Path, statement: str) -> Path:
    path = tmp_path / "changed.sqlite"
    shutil.copy(whole, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()
    return path


def other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (id TEXT)")


FOREIGN: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("this is no archive\n" * 100),
    "short text": lambda path: path.write_text("no"),
    "zeros": lambda path: path.write_bytes(bytes(100_000)),
    "a pickle": lambda path: path.write_bytes(pickle.dumps([1, 2, 3])),
    "Parquet": lambda path: path.write_bytes(b"PAR1" + bytes(5_000) + b"PAR1"),
    "another database": other_database,
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_something_else_is_refused_and_not_touched(tmp_path, kind):
    path = tmp_path / "file"
    FOREIGN[kind](path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(errors.ArchiveError) as caught:
        arn.Archive(path)
    assert type(caught.value) is errors.ArchiveError
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert (path.read_bytes() if path.is_file() else None) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_newer_file_is_refused(whole, tmp_path):
    path = changed(whole, tmp_path, f"PRAGMA user_version = {layout.VERSION + 1}")
    with pytest.raises(errors.ArchiveVersionError, match="newer") as caught:
        arn.Archive(path)
    assert "pip install" in caught.value.hint


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM runs; END",
        "CREATE VIEW evil AS SELECT * FROM runs",
        "CREATE TABLE evil (a)",
        "DROP TABLE looks",
        "DROP INDEX records_by_run",
    ],
)
def test_a_file_with_other_tables_is_refused(whole, tmp_path, statement):
    with pytest.raises(errors.ArchiveError, match="other tables"):
        arn.Archive(changed(whole, tmp_path, statement))


@pytest.mark.parametrize("seed", range(200 if TORTURE else 15))
def test_a_file_that_is_cut_off_is_damaged(whole, tmp_path, seed):
    content = whole.read_bytes()
    path = tmp_path / "cut.sqlite"
    path.write_bytes(content[: random.Random(seed).randrange(1, len(content) - 1)])
    with pytest.raises(errors.ArchiveDamagedError) as caught:
        arn.Archive(path)
    assert caught.value.hint


def read_all(path: Path) -> list[str]:
    with arn.Archive(path) as archive:
        archive.check()
        archive.observations()
        return archive.list_runs()["id"].tolist()


@pytest.mark.parametrize("seed", range(300 if TORTURE else 20))
def test_a_file_with_wrong_bytes_is_damaged_or_right(whole, tmp_path, seed):
    """Whatever is overwritten: a typed error, or the runs as they were; never other ones."""
    chance = random.Random(seed)
    content = bytearray(whole.read_bytes())
    place = chance.randrange(len(content) - 200)
    content[place : place + 200] = chance.randbytes(200)
    path = tmp_path / "overwritten.sqlite"
    path.write_bytes(content)
    try:
        found = read_all(path)
    except errors.ArchiveError:
        return
    assert found == read_all(whole)


def test_a_changed_record_is_named(whole, tmp_path):
    path = changed(whole, tmp_path, "UPDATE records SET digest = zeroblob(32) WHERE run = 7")
    found = arn.Archive(path).check()
    assert not found.whole
    assert "'run_2993'" in repr(found)
    path = changed(whole, tmp_path, "UPDATE batches SET body = zeroblob(50) WHERE batch = 2")
    archive = arn.Archive(path)
    assert "200 records of batch 2" in repr(archive.check())
    with pytest.raises(errors.ArchiveDamagedError):
        archive.list_runs()
    assert archive.get_run(DEP, "run_2999").id == "run_2999"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE batches SET size = 1 << 60",
        "UPDATE batches SET size = -1",
        "UPDATE batches SET size = 'x'",
        "UPDATE records SET batch = 999",
        "UPDATE records SET position = 999",
        "UPDATE records SET position = 'x'",
    ],
)
def test_hostile_numbers_are_typed_errors(whole, tmp_path, statement):
    archive = arn.Archive(changed(whole, tmp_path, statement))
    with pytest.raises(errors.ArchiveDamagedError):
        archive.list_runs()
    assert not archive.check().whole


def test_a_new_file_is_its_owners_alone(tmp_path):
    path = tmp_path / "runs.sqlite"
    before = os.umask(0)
    try:
        archive = arn.Archive(path)
        with served(Book({DEP: {}})) as (client, _):
            archive.sync(client)
        files = sorted(tmp_path.iterdir())
    finally:
        os.umask(before)
    assert path in files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_an_empty_file_becomes_an_archive(tmp_path):
    path = tmp_path / "runs.sqlite"
    path.touch()
    assert arn.Archive(path).list_runs().empty
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".tmp"] == []


@pytest.mark.parametrize("odd", [None, 3, b"x", "a\0b", object()])
def test_what_is_no_path_is_refused(odd):
    with pytest.raises(errors.SettingsError):
        arn.Archive(odd)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(errors.ArchiveError, match="No such file"):
        arn.Archive(tmp_path / "nowhere" / "runs.sqlite")


def test_an_archive_that_nobody_closed_is_closed_when_it_is_let_go(tmp_path):
    """Left to SQLite it would be a warning of unclosed resources, from Python 3.13 on."""
    archive = arn.Archive(tmp_path / "runs.sqlite")
    connection = archive._database._connection
    del archive
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_closed_archive_is_one_file(tmp_path):
    path = tmp_path / "runs.sqlite"
    book = Book()
    book.put(1)
    with served(book) as (client, _), arn.Archive(path) as archive:
        archive.sync(client)
    assert list(tmp_path.iterdir()) == [path]


MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/team rw shared:5 - nfs4 host:/team rw
31 30 0:41 / /mnt/team/local rw - xfs /dev/sdb rw
32 22 0:42 / /mnt/with\\040space rw - cifs //host/x rw
odd line
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/home/runs.sqlite", "ext4", False),
        ("/mnt/team/runs.sqlite", "nfs4", True),
        ("/mnt/teams/runs.sqlite", "ext4", False),
        ("/mnt/team/local/runs.sqlite", "xfs", False),
        ("/mnt/with space/runs.sqlite", "cifs", True),
    ],
)
def test_a_file_system_of_another_machine_is_known(path, kind, network):
    assert disk.type_of(Path(path), MOUNTS) == kind
    assert bool(disk.NETWORK.fullmatch(kind)) is network


@pytest.mark.parametrize("is_new", [True, False])
def test_there_no_memory_is_shared(whole, tmp_path, monkeypatch, is_new):
    """One that is made there, and one that was copied there."""
    path = tmp_path / "runs.sqlite"
    if not is_new:
        shutil.copy(whole, path)
    monkeypatch.setattr(disk, "on_network", lambda _: True)
    book = Book()
    book.put(10_000)
    archive = arn.Archive(path)
    with served(book) as (client, _):
        assert archive.sync(client).new == 1
    assert len(arn.Archive(path).list_runs()) == 1 + 3_000 * (not is_new)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_changes_that_were_not_committed_are_never_shown(whole, tmp_path, monkeypatch):
    """A process that was killed while it wrote leaves a journal, and the file half changed."""
    changing = changed(whole, tmp_path, "PRAGMA journal_mode = DELETE")
    path = tmp_path / "killed.sqlite"
    with closing(sqlite3.connect(changing, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE runs SET status = 'failed'")
        for end in ("", "-journal"):
            shutil.copy(f"{changing}{end}", f"{path}{end}")
    with monkeypatch.context() as patch:
        patch.setattr(database.os, "access", lambda *_: False)
        with pytest.raises(errors.ArchiveError) as caught:
            arn.Archive(path).list_runs(status="failed")
    assert caught.value.hint
    with arn.Archive(path) as archive:
        assert archive.list_runs(status="failed").empty
        assert len(archive.list_runs()) == 3_000
