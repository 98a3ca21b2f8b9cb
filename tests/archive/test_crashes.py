"""Processes that are killed, that write at once, and that fork: nothing acknowledged is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from math import inf

import pytest

import agentrun_nb as arn
from agentrun_nb.archive import rescue
from tests.archive import pressure
from tests.archive.book import DEP, Book, served
from tests.archive.pressure import LARGE, acknowledged
from tests.support.http import KEY

SYNC = """
import sys
import agentrun_nb as arn

path, url, key = sys.argv[1:]
archive = arn.Archive(path)
print(archive.sync(arn.Client(key, url)), flush=True)
print(len(archive.list_runs()), flush=True)
"""


def test_a_killed_sync_loses_nothing_acknowledged(tmp_path):
    """Runs are created meanwhile; each kill comes at another moment of reading and writing."""
    found = pressure.kills(tmp_path, 1_000 if LARGE else 12)
    print(found)
    assert found.acknowledged
    assert found.harm == 0


def test_many_processes_write_and_read_at_once(tmp_path):
    found = pressure.at_once(tmp_path, *((8, 500, 4) if LARGE else (4, 40, 2)))
    print(found)
    assert found.rows == found.expected
    assert (found.refused, found.falls, found.whole) == ([], 0, True)
    assert found.reads


def test_sqlite_as_it_is_refuses_writers_that_come_at_once(tmp_path):
    """The control: it sees what the test before is there to see."""
    assert pressure.plain_at_once(tmp_path, 8, 500) > 0


@pytest.mark.parametrize("kind", pressure.KINDS)
def test_writes_that_fail_leave_what_was_there(tmp_path, kind):
    found = pressure.failures(tmp_path, 40 if LARGE else 3, (kind,))
    print(found)
    if not found.count:
        pytest.skip(f"{kind}: this user or machine cannot make writes fail so")
    assert found.as_written


def test_two_notebooks_use_one_archive(tmp_path):
    found = pressure.notebooks(tmp_path, 60 if LARGE else 4)
    print(found)
    assert found.seen == [str(found.created)] * 2
    assert (found.errors, found.whole) == ([], True)


def test_what_any_order_could_save_is_saved_before_it_goes(tmp_path):
    """The files of failed runs are retained for some seconds, and come one after another."""
    amounts = (30, (3, 20), 0.7) if LARGE else (12, (1, 3), 0.4)
    # One request at a time: of several that are sent at once nobody knows which one comes first.
    found = pressure.rescue(tmp_path, *amounts, max_in_flight=1)
    print(found)
    assert found.saved == found.possible < found.runs
    assert (found.unequal, found.unnamed) == (0, 0)


def test_files_that_would_not_wait_for_all_records_are_saved_before_them(tmp_path, monkeypatch):
    """Of many runs the records alone take longer than the first sandboxes live."""
    monkeypatch.setattr(rescue, "GROUP", 16)
    book = Book(seconds_per_record=0.02)
    clock = datetime.now(UTC).isoformat()
    for number in range(80):
        stays = 1 if number < 16 else 600
        sandbox = f"sbx_{number}"
        book.files[sandbox, "/out"] = b"%d" % number
        book.put(
            number,
            "failed",
            sandbox_id=sandbox,
            completed_at=clock,
            retain_on_failure=True,
            retention_seconds=stays,
            output_manifest={"outputs": [{"name": "evidence", "path": "/out"}]},
        )
    keys = [(DEP, f"run_{number}") for number in range(80)]
    settings = {"max_in_flight": 1}
    with served(book, **settings) as (client, _), arn.Archive(tmp_path / "a.sqlite") as archive:
        rows = archive.rescue(client, keys)
        # Nothing is asked for twice, and the table is in the order of the runs.
        requests = len(book.targets)
        again = archive.rescue(client, keys)
    files = rows[rows["name"] == "evidence"]
    assert files["run_id"].tolist() == [run_id for _, run_id in keys]
    assert files["error"].isna().all()
    of_files = [place for place, path in enumerate(book.targets) if "/sandboxes/" in path]
    [record] = [place for place, path in enumerate(book.targets) if path.endswith("/runs/run_16")]
    assert of_files[15] < record < of_files[16]
    assert len(of_files) == 80
    assert not [path for path in book.targets[requests:] if "/sandboxes/" in path]
    same = ["run_id", "name", "where"]
    assert again[again["name"] == "evidence"][same].equals(files[same])


def test_many_processes_make_one_archive(tmp_path):
    path = tmp_path / "runs.sqlite"
    make = "import sys, agentrun_nb as arn; print(len(arn.Archive(sys.argv[1]).list_runs()))"
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", make, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for maker in makers:
        output, written = maker.communicate()
        assert output == b"0\n", written
    assert list(tmp_path.iterdir()) == [path]


def test_a_forked_process_opens_the_file_itself(tmp_path):
    path = tmp_path / "runs.sqlite"
    book = Book()
    for number in range(300):
        book.put(number)
    code = """
import os, sys, threading
import agentrun_nb as arn

path, url, key = sys.argv[1:]
archive = arn.Archive(path)
client = arn.Client(key, url)
archive.sync(client)
child = os.fork()
if child == 0:
    archive.sync(arn.Client(key, url))
    os._exit(len(archive.list_runs()) != 300)
print(os.waitpid(child, 0)[1], len(archive.list_runs()))
archive.sync(client)
print(archive.check())
"""
    with served(book) as (_, server):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, str(path), server.url, KEY],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.stdout.splitlines() == [
        "0 300",
        "300 runs, 300 records, 0 logs, 0 files; whole",
    ], done.stderr


def test_an_interrupt_leaves_what_came(tmp_path):
    path = tmp_path / "runs.sqlite"
    # Of the 30 pages at most 12 come before the interrupt, however slow this process is.
    book = Book(most=12)
    for number in range(6_000):
        book.put(number)
    with served(book) as (client, server):
        process = subprocess.Popen(
            [sys.executable, "-c", SYNC, str(path), server.url, KEY],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(acknowledged(path)) < 600:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, written = process.communicate(timeout=30)
        sentence, count = output.splitlines()
        assert "interrupted, the next sync goes on" in sentence, written
        assert 600 <= int(count) < 6_000
        book.most = inf
        archive = arn.Archive(path)
        assert archive.sync(client).new == 6_000 - int(count)
    assert len(archive.list_runs()) == 6_000
