"""Archives under pressure: processes that are killed or write at once, and disks that take no more.

`python -m tests.archive.pressure [kills] [at_once] [failures] [notebooks] [rescue]` prints figures;
the ring runs small forms of them, and AGENTRUN_NB_PROFILE=torture the full ones.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import agentrun_nb as arn
from tests.archive import plain, work
from tests.archive.book import DEP, Book, served
from tests.hostile.kernels import running, told
from tests.support.failing_disk import fill, small_disk
from tests.support.http import KEY

LARGE = os.environ.get("AGENTRUN_NB_PROFILE") == "torture"
"""Whether the counts are the full ones, or small ones."""

PROCESSES = get_context("forkserver")
"""Makes processes by forks of one that has imported everything."""

PROCESSES.set_forkserver_preload(["__main__", "tests.archive.plain", "tests.archive.work"])

PATIENCE = 7_200.0 if LARGE else 120.0
"""Seconds after which a process that says nothing hangs."""


class Crew:
    """Processes that are killed at the end, where they have not ended."""

    def __init__(self) -> None:
        self._processes: list[BaseProcess] = []

    def start(self, task: Callable[..., None], *arguments: Any) -> Connection:
        """Starts a process of `work`; returns where its results come."""
        results, sending = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=task, args=(*arguments, sending))
        process.start()
        self._processes.append(process)
        # Only the process has this end now, so that its end is the end of what comes.
        sending.close()
        return results

    def kill(self) -> list[int | None]:
        """Kills what has not ended; returns what each ended with."""
        for process in self._processes:
            process.kill()
            process.join()
        return [process.exitcode for process in self._processes]

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def received(results: Connection) -> Any:
    """What a process sends.

    Raises:
        EOFError: it has ended without.
    """
    if not results.poll(PATIENCE):
        raise TimeoutError("a process says nothing")
    return results.recv()


def acknowledged(path: Path) -> set[str]:
    """The runs that any other process sees at this moment."""
    if not path.exists():
        return set()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        return {run_id for (run_id,) in connection.execute("SELECT run_id FROM runs")}


# --- processes that are killed -------------------------------------------------------------------


@dataclass
class Kills:
    """What was left when a process that syncs was killed again and again.

    Attributes:
        kills: how often.
        created: the runs that the service had at the end.
        acknowledged: the runs that another process had seen before a kill.
        lost: those of them that were not there after it.
        torn: records that were not what the service has.
        not_whole: how many files were not whole after a kill.
        missing: the runs that the next sync did not bring.
    """

    kills: int = 0
    created: int = 0
    acknowledged: int = 0
    lost: int = 0
    torn: int = 0
    not_whole: int = 0
    missing: int = 0

    @property
    def harm(self) -> int:
        """The sum of what must not be."""
        return self.lost + self.torn + self.not_whole + self.missing

    def __str__(self) -> str:
        return (
            f"{self.kills:,} kills: of {self.acknowledged:,} runs acknowledged {self.lost} lost;"
            f" {self.torn} torn, {self.not_whole} files not whole; the next sync lacks"
            f" {self.missing} of {self.created:,}"
        )


def kills(folder: Path, count: int, runs: int = 1_000) -> Kills:
    """Kills a sync at moments of chance, while runs are created that it has to bring."""
    path = folder / "runs.sqlite"
    book = Book()
    for number in range(runs):
        book.put(number)
    found = Kills(created=runs)
    chance = random.Random(7)
    seen: set[str] = set()
    with served(book) as (client, server):
        for kill in range(count):
            begun = len(book.targets)
            with Crew() as crew:
                crew.start(work.sync_for_ever, path, server.url)
                while len(book.targets) == begun:
                    time.sleep(0.002)
                if kill % 2:
                    # On a slow machine none would be acknowledged in the time that follows.
                    book.put(found.created)
                    found.created += 1
                    while acknowledged(path) <= seen:
                        time.sleep(0.002)
                    seen |= acknowledged(path)
                until = time.monotonic() + chance.random() * 0.2
                while time.monotonic() < until:
                    for _ in range(chance.randrange(300 if kill == 0 else 4)):
                        book.put(found.created)
                        found.created += 1
                    time.sleep(chance.random() * 0.01)
                    seen |= acknowledged(path)
                assert crew.kill() == [-signal.SIGKILL]
            found.kills += 1
            found.lost += len(seen - acknowledged(path))
            # Opening it checks the whole file; reading everything takes longer.
            with arn.Archive(path) as archive:
                if kill % 10 == 9 or kill == count - 1:
                    found.not_whole += not archive.check().whole
                    found.torn += torn_records(archive, book)
        with arn.Archive(path) as archive:
            archive.sync(client)
            listed = archive.list_runs()
            found.torn += torn_records(archive, book)
            found.not_whole += arn.fetch_report(listed).complete is not True
    found.acknowledged = len(seen)
    found.missing = found.created - len(listed)
    return found


def torn_records(archive: arn.Archive, book: Book) -> int:
    """How many of some records are not what the service has."""
    listed = archive.list_runs(DEP)["id"]
    some = listed.sample(min(20, len(listed)), random_state=1)
    return sum(archive.get_run(DEP, run_id).raw != book.runs[DEP][run_id] for run_id in some)


# --- processes that write at once ----------------------------------------------------------------


@dataclass
class AtOnce:
    """What processes wrote that did so at once.

    Attributes:
        expected: the runs that they were to bring.
        rows: the runs that are there.
        refused: the errors of the file that they had.
        reads: how often others read everything meanwhile.
        falls: how often a reader saw fewer runs than before.
        whole: whether everything is as it was written.
    """

    expected: int
    rows: int
    refused: list[str]
    reads: int
    falls: int
    whole: bool

    def __str__(self) -> str:
        return (
            f"{self.rows:,} of {self.expected:,} runs, {len(self.refused)} errors;"
            f" {self.reads} reads meanwhile, {self.falls} of them fell back;"
            f" {'whole' if self.whole else 'NOT whole'}"
        )


def at_once(folder: Path, writers: int, each: int, readers: int) -> AtOnce:
    """Processes bring runs one by one into one archive, while others read all of it."""
    path = folder / "runs.sqlite"
    book = Book()
    for writer in range(writers):
        for number in range(each):
            book.put(number, dep=f"dep_{writer}")
    arn.Archive(path).close()
    go, stop = PROCESSES.Event(), PROCESSES.Event()
    refused: list[str] = []
    with served(book) as (_, server), Crew() as crew:
        reading = [crew.start(work.read_meanwhile, path, go, stop) for _ in range(readers)]
        writing = []
        for writer in range(writers):
            arguments = path, server.url, f"dep_{writer}", each, go
            writing.append(crew.start(work.rescue_one_by_one, *arguments))
        go.set()
        for results in writing:
            refused += received(results)
        stop.set()
        counts = [received(results) for results in reading]
    with arn.Archive(path) as archive:
        rows = len(archive.list_runs())
        whole = archive.check().whole
    falls = sum(after < before for reads in counts for before, after in pairwise(reads))
    return AtOnce(writers * each, rows, refused, sum(map(len, counts)), falls, whole)


def plain_at_once(folder: Path, writers: int, each: int) -> int:
    """The control: how many rows SQLite refuses as it is, without a wait for others."""
    path = folder / "plain.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (id TEXT)")
    go = PROCESSES.Event()
    with Crew() as crew:
        writing = [crew.start(plain.write, path, each, go) for _ in range(writers)]
        go.set()
        return sum(received(results) for results in writing)


# --- disks that take no more ---------------------------------------------------------------------

KINDS = ("size limit", "EIO", "full disk", "read-only folder", "read-only file")
"""Why a write fails."""

NOT_TRIED = "not tried"
"""The outcome where this user or machine cannot make writes fail so."""


@dataclass
class Failures:
    """What became of archives that could not be written.

    Attributes:
        tried: how many writes failed, by why.
        outcomes: what the call ended in.
        intact: how many archives had all that was in them, to the letter.
        completed: how many took everything once they could be written again.
    """

    tried: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    intact: int = 0
    completed: int = 0

    @property
    def count(self) -> int:
        """How many writes failed."""
        return self.tried.total()

    @property
    def as_written(self) -> bool:
        """Whether each was a typed error, and no archive lost anything."""
        counts = {self.outcomes["refused"], self.intact, self.completed}
        return counts == {self.count} and self.count > 0

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.tried.items())
        outcomes = ", ".join(f"{count} {name}" for name, count in self.outcomes.items())
        return (
            f"{self.count} failed writes ({kinds}): {outcomes};"
            f" {self.intact} intact, {self.completed} complete afterwards"
        )


def failures(folder: Path, count: int, kinds: tuple[str, ...] = KINDS) -> Failures:
    """Lets a sync meet failing writes at places of chance, in turn of each kind."""
    book = Book()
    for number in range(500):
        book.put(number, failure_reason="x" * (number % 300))
    whole = folder / "whole.sqlite"
    with served(book) as (client, server):
        with arn.Archive(whole) as archive:
            archive.sync(client)
        before = dict(book.runs[DEP])
        for number in range(10_000, 11_000):
            book.put(number, failure_reason=f"{number:x}" * 40)
        found = Failures()
        chance = random.Random(count)
        # Other users are let into a folder of this name only.
        with tempfile.TemporaryDirectory() as open_folder, small_disk(folder / "disk") as disk:
            Path(open_folder).chmod(0o755)
            places = {"full disk": disk}
            for number in range(count):
                kind = kinds[number % len(kinds)]
                place = places.get(kind, Path(open_folder))
                outcome = NOT_TRIED
                if place is not None:
                    path = place / "archive" / "runs.sqlite"
                    amount = chance.randrange(4_096, 150_000)
                    outcome = failing_sync(whole, path, server.url, kind, amount)
                if outcome == NOT_TRIED:
                    continue
                found.tried[kind] += 1
                found.outcomes[outcome] += 1
                with arn.Archive(path) as archive:
                    found.intact += is_intact(archive, before)
                    archive.sync(client)
                    found.completed += len(archive.list_runs()) == len(book.runs[DEP])
                shutil.rmtree(path.parent)
    return found


def failing_sync(whole: Path, path: Path, url: str, kind: str, amount: int) -> str:
    """Syncs into a copy of an archive whose writes fail; returns what that ended in."""
    path.parent.mkdir()
    shutil.copy(whole, path)
    ballast = None
    match kind:
        case "full disk":
            ballast = fill(path.parent, amount)
        case "read-only folder":
            path.parent.chmod(0o755)
            path.chmod(0o644)
        case "read-only file":
            path.parent.chmod(0o777)
            path.chmod(0o444)
    try:
        with Crew() as crew:
            results = crew.start(work.sync_where_writes_fail, path, url, kind, amount)
            outcome, rows = received(results)
    finally:
        path.parent.chmod(0o700)
        path.chmod(0o600)
        if ballast is not None:
            ballast.unlink()
    if outcome == "refused" and rows < 500:
        return "refused, and nothing read"
    return outcome  # type: ignore[no-any-return]


def is_intact(archive: arn.Archive, before: dict[str, bytes]) -> bool:
    """Whether an archive has all records that it had, to the letter."""
    listed = archive.list_runs(DEP)
    some = list(before)[::50]
    kept = set(before) <= set(listed["id"]) and archive.check().whole
    return kept and all(archive.get_run(DEP, name).raw == before[name] for name in some)


# --- two notebooks -------------------------------------------------------------------------------

IN_A_NOTEBOOK = """
import sys
sys.path.insert(0, {checkout!r})
import agentrun_nb as arn
client = arn.Client({key!r}, {url!r})
source = arn.Archive({path!r})
source.sync(client)
view = arn.explore(source.list_runs(), source)
for _ in range({rounds}):
    source.sync(client)
    view.update(source.list_runs())
"""

LAST_CELL = """
source.sync(client)
view.update(source.list_runs())
print(len(view.runs))
"""


@dataclass
class Notebooks:
    """What two notebooks saw that used one archive at once.

    Attributes:
        created: the runs that the service had at the end.
        seen: the runs that each had in its view at the end.
        errors: what went wrong in their cells.
        whole: whether the archive is as it was written.
    """

    created: int
    seen: list[str]
    errors: list[str]
    whole: bool

    def __str__(self) -> str:
        return (
            f"two notebooks: {', '.join(self.seen)} of {self.created:,} runs in their views,"
            f" {len(self.errors)} errors; {'whole' if self.whole else 'NOT whole'}"
        )


def notebooks(folder: Path, rounds: int) -> Notebooks:
    """Two kernels sync, list and show one archive again and again, while runs are created."""
    path = folder / "runs.sqlite"
    book = Book()
    for number in range(1_000):
        book.put(number)
    checkout = str(Path(arn.__file__).parents[1])
    with served(book) as (_, server), ExitStack() as stack:
        names = {"checkout": checkout, "key": KEY, "url": server.url, "path": str(path)}
        kernels = []
        for name in ("first", "second"):
            (folder / name).mkdir()
            _, kernel = stack.enter_context(running(folder / name))
            kernels.append(kernel)
            kernel.execute(IN_A_NOTEBOOK.format(**names, rounds=rounds))
        for number in range(1_000, 1_000 + rounds):
            time.sleep(0.1)
            book.put(number)
        # A kernel takes this cell when it has come to the end of the one before.
        outcomes = [told(kernel, LAST_CELL) for kernel in kernels]
    errors = [text for _, shown in outcomes for text in shown if "traceback" in text]
    with arn.Archive(path) as archive:
        whole = archive.check().whole
    return Notebooks(1_000 + rounds, [printed for printed, _ in outcomes], errors, whole)


# --- files that go -------------------------------------------------------------------------------


@dataclass
class Rescue:
    """What was saved of failed runs whose sandboxes go one after another.

    Attributes:
        runs: how many there were, with a file each.
        saved: how many files were saved, by the runs they are of.
        possible: how many any order could have saved, with the service as fast as it was.
        unequal: files whose bytes are not those of the service.
        unnamed: losses that do not say by how many seconds the file was missed.
    """

    runs: int
    saved: int
    possible: int
    unequal: int
    unnamed: int

    def __str__(self) -> str:
        lost = self.runs - self.saved
        return (
            f"{self.saved} of {self.runs} files saved, {self.possible} possible in any order;"
            f" {self.unequal} with other bytes; {lost} lost, {self.unnamed} of them without a time"
        )


def rescue(
    folder: Path, runs: int, retention: tuple[int, int], seconds_per_file: float, **settings: float
) -> Rescue:
    """Rescues failed runs in an order of chance that are retained for some seconds each.

    Args:
        folder: where the archive is made.
        runs: how many.
        retention: the fewest and the most seconds that a sandbox stays.
        seconds_per_file: how long the service takes for a file; it gives one after another.
        settings: of the client.
    """
    chance = random.Random(5)
    book = Book(seconds_per_file=seconds_per_file)
    started, clock = time.monotonic(), datetime.now(UTC).isoformat()
    deadlines = []
    for number in range(runs):
        stays = chance.randint(*retention)
        deadlines.append(started + stays)
        sandbox = f"sbx_{number}"
        book.until[sandbox] = deadlines[-1]
        book.files[sandbox, "/out"] = chance.randbytes(5_000)
        book.put(
            number,
            "failed",
            sandbox_id=sandbox,
            completed_at=clock,
            retain_on_failure=True,
            retention_seconds=stays,
            output_manifest={"outputs": [{"name": "evidence", "path": "/out"}]},
        )
    keys = [(DEP, f"run_{number}") for number in range(runs)]
    chance.shuffle(keys)
    with served(book, **settings) as (client, _), arn.Archive(folder / "runs.sqlite") as archive:
        rows = archive.rescue(client, keys)
        files = rows[rows["name"] == "evidence"]
        unequal = 0
        for row in files[files["error"].isna()].itertuples():
            content = book.files[f"sbx_{row.run_id.removeprefix('run_')}", "/out"]
            digest = hashlib.sha256(content).hexdigest()
            read = archive.read_output((DEP, row.run_id), "evidence")
            unequal += row.where != f"sha256:{digest}" or read != content
    losses = files["error"].dropna()
    unnamed = int((~losses.str.contains(r"Its sandbox had gone \d+ s before")).sum())
    possible = most_in_time(book.given_at, deadlines, seconds_per_file)
    return Rescue(runs, int(files["error"].isna().sum()), possible, unequal, unnamed)


def most_in_time(given_at: list[float], deadlines: list[float], seconds_per_file: float) -> int:
    """How many files any order could have had, begun when files were begun and on from there."""
    moments = list(given_at)
    while moments and moments[-1] < max(deadlines):
        moments.append(moments[-1] + seconds_per_file)
    left = sorted(deadlines)
    count = 0
    for moment in moments:
        # Of jobs of equal length the one that is due first is never the wrong one.
        left = [deadline for deadline in left if deadline > moment]
        if left:
            left.pop(0)
            count += 1
    return count


# --- all of them ---------------------------------------------------------------------------------

FIGURES: dict[str, Callable[[Path], object]] = {
    "kills": lambda folder: kills(folder, 1_000 if LARGE else 20),
    "at_once": lambda folder: at_once(folder, *((8, 500, 4) if LARGE else (4, 40, 2))),
    "failures": lambda folder: failures(folder, 200 if LARGE else 10),
    "notebooks": lambda folder: notebooks(folder, 60 if LARGE else 5),
    "rescue": lambda folder: rescue(folder, *((30, (3, 20), 0.7) if LARGE else (12, (1, 3), 0.4))),
}
"""What is measured, by name."""


def main(names: list[str]) -> None:
    """Prints the figures."""
    for name in names or FIGURES:
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            found = FIGURES[name](Path(folder))
            print(f"{name}: {found} ({time.monotonic() - started:,.0f} s)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
