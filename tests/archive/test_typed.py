"""Columns that are kept beside a large archive: the same frames, sooner; never a false one."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sqlite3
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import agentrun_nb as arn
from agentrun_nb import errors
from agentrun_nb.archive import columns, database, typed
from agentrun_nb.core.schema import RUNS
from agentrun_nb.records.batch import Batch
from tests.archive.book import DEP, Book, moment, served
from tests.files.test_same_everywhere import adversarial


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch) -> None:
    """Columns are kept of two runs already."""
    monkeypatch.setattr(columns, "MANY", 2)


@pytest.fixture
def book() -> Book:
    """Odd runs of one deployment, and some of two others."""
    book = Book()
    for number, body in enumerate(adversarial(120)):
        book.write(f"run_{number}", body)
    for number in range(6):
        book.put(number, "running", dep="dep_2")
        # A record that names another deployment than the one that was asked for it.
        book.put(number, dep="dep_3", deployment_id="dep_9")
    return book


@pytest.fixture
def archive(tmp_path: Path, book: Book) -> arn.Archive:
    archive = arn.Archive(tmp_path / "runs.sqlite")
    with served(book) as (client, _):
        archive.sync(client)
    return archive


def of_records(archive: arn.Archive, *deployments: str, **query: object) -> pd.DataFrame:
    """A listing that reads each record: the only chunk of an iteration."""
    (frame,) = archive.iter_runs([*deployments] or None, chunk=10_000, **query)
    return frame


def is_right(archive: arn.Archive) -> bool:
    """Whether each listing is what the records say, when it is made and when it is made again."""
    for _ in range(2):
        for query in ({}, {"without": ("input", "mode")}):
            for deployments in ((), ("dep_2",), ("dep_3", "dep_2"), (DEP, "dep_2", "dep_3")):
                ours = archive.list_runs([*deployments] or None, **query)
                theirs = of_records(archive, *deployments, **query)
                same(ours, theirs)
    return True


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert left.attrs.keys() == right.attrs.keys()
    reports = [vars(arn.fetch_report(frame)) | {"seconds": 0} for frame in (left, right)]
    assert reports[0] == reports[1]


def test_a_listing_is_the_same_and_reads_no_record_again(archive, monkeypatch):
    assert is_right(archive)
    theirs = of_records(archive)
    monkeypatch.setattr(columns, "read_batch", None)
    same(archive.list_runs(), theirs)
    with arn.Archive(archive.path) as other:
        same(other.list_runs(), theirs)


def change_by_sync(archive: arn.Archive, book: Book) -> None:
    book.put(200)
    book.put(3, "failed", dep="dep_2", updated_at=moment(90_000))
    with served(book) as (client, _):
        archive.sync(client)


def change_by_rescue(archive: arn.Archive, book: Book) -> None:
    book.put(300)
    with served(book) as (client, _):
        archive.rescue(client, (DEP, "run_300"))


def change_in_another_process(archive: arn.Archive, book: Book) -> None:
    book.put(400)
    with arn.Archive(archive.path) as other, served(book) as (client, _):
        other.sync(client, DEP)


def change_by_forgetting(archive: arn.Archive, book: Book) -> None:
    archive.forget([(DEP, "run_7"), ("dep_2", "run_5")])


CHANGES: dict[str, Callable[[arn.Archive, Book], None]] = {
    "sync": change_by_sync,
    "rescue": change_by_rescue,
    "another process": change_in_another_process,
    "forget": change_by_forgetting,
    "columns deleted": lambda archive, _: typed.path_of(archive.path).unlink(),
    "nothing": lambda archive, _: None,
}


@pytest.mark.parametrize("names", [*[(name,) for name in CHANGES], (*CHANGES,)], ids="-".join)
def test_after_a_change_a_listing_is_what_the_records_say(archive, book, names):
    assert is_right(archive)
    for name in names:
        CHANGES[name](archive, book)
        assert is_right(archive)


def test_only_records_that_are_new_are_read_again(archive, book, monkeypatch):
    archive.list_runs()
    change_by_sync(archive, book)
    read = []
    read_batch = columns.read_batch
    monkeypatch.setattr(
        columns, "read_batch", lambda *given: read.append(len(given[1])) or read_batch(*given)
    )
    archive.list_runs()
    assert read == [2]


def test_an_archive_of_before_is_never_shown_as_it_was_later(archive, book, tmp_path):
    """A copy that is brought back gives its records the numbers of others; the columns stay."""
    archive.close()
    copy = tmp_path / "copy"
    shutil.copy(archive.path, copy)
    archive = arn.Archive(archive.path)
    change_by_sync(archive, book)
    assert is_right(archive)
    archive.close()
    shutil.copy(copy, archive.path)
    book.take_out("run_200")
    book.put(500)
    archive = arn.Archive(archive.path)
    assert is_right(archive)
    with served(book) as (client, _):
        archive.sync(client)
    assert is_right(archive)
    assert "run_500" in archive.list_runs()["id"].tolist()
    assert "run_200" not in archive.list_runs()["id"].tolist()


def flip_a_bit(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a bit": flip_a_bit,
    "cut off": lambda content, chance: content[: chance.randrange(len(content))],
    "more at the end": lambda content, _: content + b"x",
    "nothing": lambda *_: b"",
    "text": lambda *_: b"no columns" * 100,
    "Arrow of something else": lambda content, _: sealed(content, b"id,status"),
    "of another archive": lambda content, _: sealed(bytes(len(content)), content[BODY:]),
}

BODY = typed._BODY


def sealed(content: bytes, body: bytes) -> bytes:
    """A file that begins as another one, with a checksum that is right."""
    identity = content[len(typed.MAGIC) : BODY - 4]
    return typed.MAGIC + identity + zlib.crc32(body).to_bytes(4, "little") + body


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("damage", DAMAGES)
def test_columns_that_are_not_as_they_were_written_are_not_used(archive, damage, seed):
    theirs = of_records(archive)
    archive.list_runs()
    path = typed.path_of(archive.path)
    path.write_bytes(DAMAGES[damage](path.read_bytes(), random.Random(seed)))
    same(archive.list_runs(), theirs)


def test_columns_of_another_version_or_of_hostile_values_are_not_used(archive, monkeypatch):
    theirs = of_records(archive)
    archive.list_runs()
    with monkeypatch.context() as patch:
        patch.setattr(typed, "_MADE_BY", b"another")
        same(archive.list_runs(), theirs)
    same(archive.list_runs(), theirs)
    path = typed.path_of(archive.path)
    content = path.read_bytes()
    body = content[BODY:]
    chance = random.Random(1)
    for _ in range(200):
        # The checksum is right, so that only what Arrow checks stands in the way.
        at = chance.randrange(len(body))
        path.write_bytes(sealed(content, body[:at] + chance.randbytes(8) + body[at + 8 :]))
        listed = archive.list_runs()
        assert len(listed) == len(theirs)
        repr(listed)


def test_they_are_their_owners_alone_and_nothing_of_a_forgotten_run_is_left(archive, tmp_path):
    archive.list_runs()
    path = typed.path_of(archive.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    unfinished = path.with_name(f"{path.name}.0123abcd")
    unfinished.write_bytes(path.read_bytes())
    archive.forget((DEP, "run_7"))
    assert sorted(tmp_path.iterdir()) == sorted(
        archive.path.with_name(archive.path.name + end) for end in ("", "-shm", "-wal")
    )


def test_without_a_place_for_them_a_listing_is_the_same(archive, monkeypatch):
    theirs = of_records(archive)

    def refuse(*_: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(typed.os, "open", refuse)
    same(archive.list_runs(), theirs)
    assert not typed.path_of(archive.path).exists()


def test_of_a_small_archive_there_are_none(archive, monkeypatch):
    monkeypatch.setattr(columns, "MANY", 1_000)
    archive.list_runs()
    assert not typed.path_of(archive.path).exists()


def brought(path: Path, book: Book) -> arn.Archive:
    archive = arn.Archive(path)
    with served(book) as (client, _):
        archive.sync(client)
    return archive


def test_an_archive_that_is_called_like_the_columns_of_another_stays(tmp_path, book):
    ours = brought(tmp_path / "runs", book)
    with brought(tmp_path / "runs-typed", book):
        pass
    content = (tmp_path / "runs-typed").read_bytes()
    assert is_right(ours)
    ours.forget((DEP, "run_7"))
    assert is_right(ours)
    assert (tmp_path / "runs-typed").read_bytes() == content


@pytest.mark.parametrize("is_listed", [True, False])
def test_files_of_others_beside_an_archive_stay(archive, tmp_path, is_listed):
    if is_listed:
        archive.list_runs()
    path = typed.path_of(archive.path)
    ends = (".db", "-notes.txt", ".0123abcd", ".0123ABCD", ".0123abcd0", "-typed", ".fedcba98")
    others = [path.with_name(path.name + end) for end in ends]
    for other in others[:-1]:
        other.write_bytes(b"of somebody else")
    # It begins as ours do, and is called otherwise.
    others[0].write_bytes(sealed(bytes(100), b""))
    others[-1].symlink_to(others[0])
    before = [other.read_bytes() for other in others]
    archive.list_runs()
    archive.forget((DEP, "run_7"))
    archive.list_runs()
    assert [other.read_bytes() for other in others] == before
    assert others[-1].is_symlink()


PLACES: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.write_bytes(b"of somebody else"),
    "an empty file": lambda path: path.touch(),
    "a folder": lambda path: path.mkdir(),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a pipe": lambda path: os.mkfifo(path),
}


@pytest.mark.parametrize("kind", PLACES)
def test_where_something_else_stands_in_their_place_they_are_not_kept(archive, tmp_path, kind):
    path = typed.path_of(archive.path)
    PLACES[kind](path)
    before = path.lstat()
    assert is_right(archive)
    archive.forget((DEP, "run_7"))
    assert is_right(archive)
    after = path.lstat()
    assert (after.st_ino, after.st_mode, after.st_size) == (
        before.st_ino,
        before.st_mode,
        before.st_size,
    )
    assert not [*tmp_path.glob("*-typed.*")]


def refusing(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied", "the file")


@pytest.mark.parametrize("name", ["unlink", "iterdir", "open"])
def test_columns_that_cannot_be_erased_are_said_and_no_run_is_forgotten(archive, name, monkeypatch):
    archive.list_runs()
    before = of_records(archive)
    with monkeypatch.context() as patch:
        patch.setattr(Path, name, refusing)
        with pytest.raises(errors.ArchiveWriteError, match="nothing is changed") as caught:
            archive.forget((DEP, "run_7"))
    assert "the file" in caught.value.hint
    same(of_records(archive), before)
    archive.forget((DEP, "run_7"))
    assert "run_7" not in archive.list_runs()["id"].tolist()


def test_columns_that_cannot_be_erased_afterwards_are_said(archive, monkeypatch):
    erase = typed.erase_columns
    calls = iter([erase, refusing])
    monkeypatch.setattr(typed, "erase_columns", lambda *given: next(calls)(*given))
    with pytest.raises(errors.ArchiveWriteError, match="the runs are forgotten"):
        archive.forget((DEP, "run_7"))
    assert "run_7" not in archive.list_runs()["id"].tolist()


def test_a_listing_passes_over_columns_that_cannot_be_erased(archive, monkeypatch):
    theirs = of_records(archive)
    archive.list_runs()
    states = iter(["before", "after"])
    monkeypatch.setattr(database.Database, "state", property(lambda _: next(states)))
    monkeypatch.setattr(Path, "unlink", refusing)
    same(archive.list_runs(), theirs)


def test_a_folder_called_like_columns_hinders_no_forgetting(archive):
    path = typed.path_of(archive.path)
    for end in (".bak", ".0123abcd"):
        path.with_name(path.name + end).mkdir()
    archive.forget((DEP, "run_7"))
    assert "run_7" not in archive.list_runs()["id"].tolist()


def test_in_a_folder_that_cannot_be_written_nothing_is_forgotten_or_erased(archive, monkeypatch):
    archive.list_runs()
    archive.close()
    monkeypatch.setattr(database.os, "access", lambda *_: False)
    archive = arn.Archive(archive.path)
    monkeypatch.setattr(Path, "unlink", refusing)
    with pytest.raises(errors.ArchiveWriteError, match="can be read, and not be written"):
        archive.forget((DEP, "run_7"))
    assert typed.path_of(archive.path).exists()
    assert "run_7" in archive.list_runs()["id"].tolist()


def test_columns_that_a_killed_process_has_not_finished_go_after_an_hour(archive):
    archive.list_runs()
    path = typed.path_of(archive.path)
    content = path.read_bytes()
    ages = {".0123abcd": 3_700, ".fedcba98": 3_500, ".01234567": 3_700, "-0123abcd": 3_700}
    for end, age in ages.items():
        file = path.with_name(path.name + end)
        file.write_bytes(b"of somebody else" if end == ".01234567" else content)
        os.utime(file, (time.time() - age,) * 2)
    path.unlink()
    archive.list_runs()
    left = {file.name.removeprefix(path.name) for file in path.parent.glob(f"{path.name}*")}
    assert left == {"", *ages} - {".0123abcd"}


# --- what a check says of them -------------------------------------------------------------------


def rewritten(archive: arn.Archive, **changed: object) -> None:
    """Writes the columns anew, other than they were."""
    with database_of(archive) as opened:
        runs = typed.read_columns(archive.path, opened.identity).runs
        assert runs is not None
        typed.write_columns(archive.path, opened.identity, runs._replace(**changed))


@contextmanager
def database_of(archive: arn.Archive) -> Iterator[database.Database]:
    opened = database.Database(archive.path)
    yield opened
    opened.close()


def kept_runs(archive: arn.Archive) -> typed.TypedRuns:
    with database_of(archive) as opened:
        runs = typed.read_columns(archive.path, opened.identity).runs
    assert runs is not None
    return runs


@pytest.mark.parametrize("is_outdated", [False, True])
def test_a_check_names_columns_that_are_not_what_the_records_say(archive, book, is_outdated):
    archive.list_runs()
    runs = kept_runs(archive)
    if is_outdated:
        change_by_sync(archive, book)
    for name in RUNS.names:
        cells = runs.batch.cells[name]
        known = cells.drop_null()
        something = known[0] if len(known) else pa.scalar("x", cells.type)
        for other in (pa.nulls(len(cells), cells.type), pa.repeat(something, len(cells))):
            rewritten(archive, batch=Batch(RUNS, runs.batch.cells | {name: other}))
            found = archive.check()
            # When a record was fetched an archive that has changed says itself.
            may_differ = is_outdated and name == "fetched_at"
            assert found.whole == (may_differ or other.equals(cells)), name
            assert found.outdated_columns == is_outdated
    rewritten(archive, batch=runs.batch)
    assert archive.check().whole


OTHERS: dict[str, Callable[[typed.TypedRuns], dict[str, object]]] = {
    "a run less": lambda runs: {
        "batch": runs.batch.apply(pa.Array.slice, 1),
        "digests": runs.digests.slice(1),
        "deployments": runs.deployments.slice(1),
    },
    "another order": lambda runs: {
        "batch": runs.batch.apply(pa.Array.take, pa.array(range(len(runs.digests))[::-1])),
        "digests": runs.digests[::-1],
        "deployments": runs.deployments[::-1],
    },
    "another fingerprint": lambda _: {"fingerprint": "0" * 16},
    "other oddities": lambda _: {"oddities": {"missing": 1}},
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_check_names_columns_that_are_not_of_the_runs(archive, other):
    archive.list_runs()
    rewritten(archive, **OTHERS[other](kept_runs(archive)))
    found = archive.check()
    assert not found.whole
    assert typed.path_of(archive.path).name in repr(found)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_check_names_columns_that_are_damaged(archive, damage):
    archive.list_runs()
    path = typed.path_of(archive.path)
    content = path.read_bytes()
    path.write_bytes(typed.MAGIC + DAMAGES[damage](content, random.Random(2))[len(typed.MAGIC) :])
    found = archive.check()
    assert not found.whole or found.outdated_columns
    archive.list_runs()
    assert archive.check() == replace(found, problems=(), outdated_columns=False)


def test_a_check_says_which_columns_are_outdated_and_calls_the_archive_whole(archive, book):
    assert "outdated" not in repr(archive.check())
    archive.list_runs()
    assert "outdated" not in repr(archive.check())
    change_by_sync(archive, book)
    assert repr(archive.check()).endswith("whole; the columns beside it are outdated")
    archive.list_runs()
    assert repr(archive.check()).endswith("whole")


# --- archives that are called otherwise ----------------------------------------------------------


def renamed(path: Path, book: Book) -> Path:
    return path.rename(path.with_name("renamed"))


def copied(path: Path, book: Book) -> Path:
    with arn.Archive(shutil.copy(path, path.with_name("copied"))) as archive:
        archive.list_runs()
    return path


def renamed_and_its_name_taken(path: Path, book: Book) -> Path:
    other = path.rename(path.with_name("renamed"))
    book.put(700)
    with brought(path, book) as archive:
        assert is_right(archive)
    return other


def exchanged(path: Path, book: Book) -> Path:
    book.put(800)
    other = path.with_name("other")
    with brought(other, book) as archive:
        archive.list_runs()
    path.rename(path.with_name("between"))
    other.rename(path)
    return path.with_name("between").rename(other)


MOVES = {made.__name__: made for made in (renamed, copied, renamed_and_its_name_taken, exchanged)}


@pytest.mark.parametrize("is_listed", [False, True])
@pytest.mark.parametrize("move", MOVES)
def test_whatever_an_archive_is_called_its_columns_are_its_own(archive, book, move, is_listed):
    """A run that is forgotten is in none of them, whether or not it was listed under the name."""
    archive.list_runs()
    archive.close()
    with arn.Archive(MOVES[move](archive.path, book)) as moved:
        if is_listed:
            assert is_right(moved)
        left = {file: file.stat().st_ino for file in moved.path.parent.glob("*-typed*")}
        moved.forget((DEP, "run_7"))
        with database_of(moved) as opened:
            identity = opened.identity
        for file in moved.path.parent.glob("*-typed*"):
            assert identity not in file.read_bytes()[:BODY]
            # Those of other archives are as they were.
            assert file.stat().st_ino == left[file]
        assert is_right(moved)
        assert "run_7" not in moved.list_runs()["id"].tolist()


def test_columns_that_an_archive_had_under_another_name_go_when_it_is_listed(archive, tmp_path):
    archive.list_runs()
    archive.close()
    with arn.Archive(renamed(archive.path, Book())) as moved:
        moved.list_runs()
    assert {file.name for file in tmp_path.glob("*-typed*")} == {"renamed-typed"}
    with arn.Archive(shutil.copy(moved.path, tmp_path / "copied")) as copy:
        copy.list_runs()
    assert {file.name for file in tmp_path.glob("*-typed*")} == {"renamed-typed", "copied-typed"}


def test_an_archive_of_an_earlier_version_has_columns_of_its_own(archive, tmp_path):
    """It is known by nothing until it is written to."""
    archive.close()
    others = tmp_path / "others-typed"
    others.write_bytes(sealed(bytes(100), b"of another one"))
    with closing(sqlite3.connect(archive.path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM facts WHERE name = 'identity'")
    with arn.Archive(archive.path) as opened:
        assert is_right(opened)
        assert typed.path_of(opened.path).exists()
        opened.forget((DEP, "run_7"))
        assert is_right(opened)
    assert others.exists()
