"""What processes do with an archive in `pressure`: each function runs in a process of its own."""

from __future__ import annotations

import itertools
import os
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import agentrun_nb as arn
from agentrun_nb import errors
from agentrun_nb.archive.archive import Archive
from agentrun_nb.client import Client
from tests.archive.book import Book, served
from tests.support import failing_disk
from tests.support.http import KEY


def sync_for_ever(path: Path, url: str, _: Connection) -> None:
    """Syncs again and again, until it is killed."""
    archive = Archive(path)
    client = Client(KEY, url)
    while True:
        archive.sync(client)


def rescue_one_by_one(
    path: Path, url: str, deployment_id: str, count: int, go: Event, results: Connection
) -> None:
    """Brings runs, each in steps of its own; sends the errors that came."""
    client = Client(KEY, url)
    archive = Archive(path)
    found = []
    go.wait()
    for number in range(count):
        try:
            archive.rescue(client, (deployment_id, f"run_{number}"))
        except errors.ArchiveError as error:
            found.append(error.message)
    results.send(found)


def read_meanwhile(path: Path, go: Event, stop: Event, results: Connection) -> None:
    """Opens the archive and reads all of it until it is to stop; sends the runs of each time."""
    counts = []
    go.wait()
    while not stop.is_set():
        with Archive(path) as archive:
            runs = archive.list_runs()
        assert runs["id"].notna().all()
        counts.append(len(runs))
    results.send(counts)


def fork_with_an_archive(path: Path, url: str, results: Connection) -> None:
    """Forks while an archive is open, and both sync; sends the child's exit code and the runs."""
    archive = Archive(path)
    with Client(KEY, url) as client:
        archive.sync(client)
        child = os.fork()
        if child == 0:
            archive.sync(Client(KEY, url))
            os._exit(len(archive.list_runs()) != 300)
        code = os.waitpid(child, 0)[1]
        archive.sync(client)
    results.send((code, len(archive.list_runs())))


def sync_where_writes_fail(
    path: Path, url: str, kind: str, amount: int, results: Connection
) -> None:
    """Syncs where nothing more can be written; sends what that ended in, and what is read then.

    Args:
        path: the archive.
        url: of the service.
        kind: `size limit`, `EIO`, `read-only folder`, `read-only file` or `full disk`.
        amount: of the limit, the bytes; of EIO, whether writing fails or what makes it last.
        results: where the outcome goes: `refused`, `written`, `not tried`, or another error's name.
    """
    client = Client(KEY, url)
    if kind.startswith("read-only"):
        _import_everything(path)
        failing_disk.become_nobody()
    archive = Archive(path)
    if kind == "size limit":
        failing_disk.limit_file_size(amount)
    if kind == "EIO":
        # Either writing fails, or writing goes well and only what makes it last does not.
        calls = failing_disk.WRITES[amount % 2 :]
        if not failing_disk.break_disk(*calls):
            results.send(("not tried", 0))
            return
    try:
        archive.sync(client)
        outcome = "written"
    except errors.ArchiveWriteError as error:
        outcome = "refused" if error.hint else "refused without a hint"
    except BaseException as error:
        outcome = type(error).__name__
    results.send((outcome, len(archive.list_runs())))


def _import_everything(path: Path) -> None:
    """Reads what is imported late: the folders of Python may be closed to others."""
    with served(Book()) as (client, _), Archive(path.with_name("other.sqlite")) as archive:
        archive.sync(client)
        archive.list_runs()
    archive.path.unlink()


def save_for_ever(path: Path, results: Connection) -> None:
    """Saves tables of more and more runs in place of each other; sends the rows of the first."""
    records = [b'{"id":"run_%d"}' % number for number in range(1_000)]
    runs = arn.runs_frame(records)
    for count in itertools.count(500):
        table = runs.head(count)
        arn.save(table if path.suffix else [table], path)
        if count == 500:
            results.send(count)
