"""Columns that are kept beside a large archive: the same frames, sooner; never a false one."""

from __future__ import annotations

import errno
import os
import random
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import errors
from agentrun_nb.archive import database, listing, typed
from tests.archive.book import DEP, Book, moment, served
from tests.files.test_same_everywhere import adversarial


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch) -> None:
    """Columns are kept of two runs already."""
    monkeypatch.setattr(listing, "MANY", 2)


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
    monkeypatch.setattr(listing, "read_batch", None)
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
    read_batch = listing.read_batch
    monkeypatch.setattr(
        listing, "read_batch", lambda *given: read.append(len(given[1])) or read_batch(*given)
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
    "Arrow of something else": lambda *_: sealed(arn.runs_frame([]).to_csv().encode()),
}


def sealed(body: bytes) -> bytes:
    """Bytes that begin as ours do, with a digest that is right."""
    return typed.MAGIC + typed.hashlib.sha256(body).digest() + body


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
    body = bytearray(path.read_bytes()[len(typed.MAGIC) + 32 :])
    chance = random.Random(1)
    for _ in range(200):
        # The digest is right, so that only what Arrow checks stands in the way.
        at = chance.randrange(len(body))
        path.write_bytes(sealed(bytes(body[:at]) + chance.randbytes(8) + bytes(body[at + 8 :])))
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
    monkeypatch.setattr(listing, "MANY", 1_000)
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
    others[0].write_bytes(sealed(b""))
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
    monkeypatch.setattr(typed, "erase_columns", lambda path: next(calls)(path))
    with pytest.raises(errors.ArchiveWriteError, match="the runs are forgotten"):
        archive.forget((DEP, "run_7"))
    assert "run_7" not in archive.list_runs()["id"].tolist()


def test_a_listing_passes_over_columns_that_cannot_be_erased(archive, monkeypatch):
    theirs = of_records(archive)
    archive.list_runs()
    states = iter(["before", "after"])
    monkeypatch.setattr(listing, "_state", lambda _: next(states))
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
