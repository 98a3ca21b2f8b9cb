"""Processes that are killed, that write at once, and that fork: nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from math import inf
from pathlib import Path

import agentrun_nb as arn
from tests.archive.book import DEP, Book, served
from tests.support.http import KEY

TORTURE = os.environ.get("AGENTRUN_NB_PROFILE") == "torture"

SYNC = """
import sys
import agentrun_nb as arn

path, url, key = sys.argv[1:]
archive = arn.Archive(path)
print(archive.sync(arn.Client(key, url)), flush=True)
print(len(archive.list_runs()), flush=True)
"""

SYNCING = """
import os, sys
from agentrun_nb.archive.archive import Archive
from agentrun_nb.client import Client

path, url, key = sys.argv[1:]
print("ready", flush=True)
# Each process that is killed is a fork of this one, which has imported everything.
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        archive, client = Archive(path), Client(key, url)
        while True:
            archive.sync(client)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


def acknowledged(path: Path) -> set[str]:
    """The runs that any other process sees at this moment."""
    if not path.exists():
        return set()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        return {run_id for (run_id,) in connection.execute("SELECT run_id FROM runs")}


def test_a_killed_sync_loses_nothing_acknowledged(tmp_path):
    """Runs are created meanwhile; each kill comes at another moment of reading and writing."""
    path = tmp_path / "runs.sqlite"
    book = Book()
    for number in range(1_000):
        book.put(number)
    created = 1_000
    chance = random.Random(7)
    seen: set[str] = set()
    kills = 1_000 if TORTURE else 12
    with served(book) as (client, server):
        parent = started(SYNCING, str(path), server.url, KEY)
        for kill in range(kills):
            begun = len(book.targets)
            child = int(ask(parent))
            while len(book.targets) == begun:
                time.sleep(0.002)
            until = time.monotonic() + chance.random() * 0.2
            while time.monotonic() < until:
                for _ in range(chance.randrange(300 if kill == 0 else 4)):
                    book.put(created)
                    created += 1
                time.sleep(chance.random() * 0.01)
                seen |= acknowledged(path)
            os.kill(child, signal.SIGKILL)
            assert parent.stdout is not None
            assert int(parent.stdout.readline()) == signal.SIGKILL
            seen |= acknowledged(path)
            # Opening it checks the whole file.
            archive = arn.Archive(path)
            assert not seen - acknowledged(path)
            if kill % 10 == 9 or kill == kills - 1:
                assert archive.check().whole
                check_records(archive, book)
            archive.close()
        parent.kill()
        parent.communicate()
        archive = arn.Archive(path)
        archive.sync(client)
    runs = archive.list_runs()
    assert seen
    assert len(runs) == created
    assert arn.fetch_report(runs).complete is True


def check_records(archive: arn.Archive, book: Book) -> None:
    """None of some records is torn: each is what the service has."""
    found = archive.list_runs()
    for run_id in found["id"].sample(min(20, len(found)), random_state=1):
        assert archive.get_run(DEP, run_id).raw == book.runs[DEP][run_id]


def ask(process: subprocess.Popen[str]) -> str:
    """Has a process do one thing more, and reads what it says."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline()


WRITER = """
import sys
import agentrun_nb as arn

path, url, key, deployment, count = sys.argv[1:]
client = arn.Client(key, url)
archive = arn.Archive(path)
runs = [(deployment, f"run_{number}") for number in range(int(count))]
print("ready", flush=True)
sys.stdin.readline()
# One run at a time, so that there are as many steps as runs.
for run in runs:
    archive.rescue(client, [run])
"""

READER = """
import sys
import agentrun_nb as arn

path = sys.argv[1]
print("ready", flush=True)
sys.stdin.readline()
reads = 0
while True:
    archive = arn.Archive(path)
    runs = archive.list_runs()
    assert runs["id"].notna().all()
    archive.close()
    reads += 1
    print(reads, flush=True)
"""


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()
    return process


def test_many_processes_write_and_read_at_once(tmp_path):
    path = tmp_path / "runs.sqlite"
    writers, each = (8, 500) if TORTURE else (4, 40)
    book = Book()
    for writer in range(writers):
        for number in range(each):
            book.put(number, dep=f"dep_{writer}")
    with served(book) as (_, server):
        arn.Archive(path).close()
        writing = [
            started(WRITER, str(path), server.url, KEY, f"dep_{writer}", str(each))
            for writer in range(writers)
        ]
        reading = [started(READER, str(path)) for _ in range(4 if TORTURE else 2)]
        for process in [*writing, *reading]:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in writing:
            _, errors = process.communicate()
            assert process.returncode == 0, errors
        for process in reading:
            assert process.poll() is None, process.communicate()[1]
            process.kill()
            output, _ = process.communicate()
            assert output.splitlines()
    archive = arn.Archive(path)
    runs = archive.list_runs()
    assert len(runs) == writers * each
    assert archive.check().whole


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
