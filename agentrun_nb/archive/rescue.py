"""Brings logs and output files into an archive while the service has them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import pandas as pd

from agentrun_nb.archive import places, store
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.packing import compress, digest_of, pack
from agentrun_nb.archive.read import find_run, read_runs
from agentrun_nb.archive.sync import seen_records_of
from agentrun_nb.core.schema import LOGS, TERMINAL
from agentrun_nb.errors import AgentRunError, TooLargeError
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.by_id import FetchedRecord, fetch_error, fetch_run
from agentrun_nb.fetch.keys import Key
from agentrun_nb.fetch.logs import LOG_PAGE
from agentrun_nb.fetch.many_outputs import (
    OutputFile,
    Saved,
    fetch_files,
    in_given_order,
    urgency,
    urgent_first,
)
from agentrun_nb.fetch.page_reader import Pager, ReadPage
from agentrun_nb.fetch.paging import PageAsk
from agentrun_nb.fetch.progress import ProgressLine
from agentrun_nb.fetch.side_by_side import fetch_each
from agentrun_nb.http import routes
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.routes import Ask
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.decode import cut_page

Fetched = TypeVar("Fetched")

GROUP = 64
"""How many runs are asked for before files are brought that would not wait for the others."""

LOG = "log"
"""What the log of a run is called among what was rescued."""


class FetchedLog(NamedTuple):
    """The log of a run as it came.

    Attributes:
        events: its events to the letter.
        whole: whether all of them came.
    """

    events: list[bytes]
    whole: bool


def rescue(wire: Wire, database: Database, keys: Sequence[Key]) -> pd.DataFrame:
    """Brings runs, their logs and their output files into an archive.

    Args:
        wire: sends the requests.
        database: the archive.
        keys: the runs.

    Returns:
        A row for each log and each file: where it is, its bytes, or why it did not come.
    """
    saved = Saved()
    with DeferredInterrupts() as interrupts:
        files = _bring_runs(wire, database, keys, interrupts, saved)
        if not interrupts.heard:
            _bring_files(wire, database, files, saved)
        here = [key for key in keys if find_run(database, key)]
        if not interrupts.heard:
            _bring_logs(wire, database, here, interrupts, saved)
        return in_given_order(saved, keys)


def _bring_runs(
    wire: Wire,
    database: Database,
    keys: Sequence[Key],
    interrupts: DeferredInterrupts,
    saved: Saved,
) -> list[OutputFile]:
    """Brings the records of runs, and files that would be gone before all records are there.

    Returns:
        The files that are left, the most endangered first.
    """
    missing = {key for key in keys if not _has_ended(database, key)}
    left: list[OutputFile] = []
    seconds = 0.0
    with ProgressLine(len(missing), shown=len(missing) > 1, noun="runs") as line:
        for start in range(0, len(keys), GROUP):
            some = keys[start : start + GROUP]
            began = time.monotonic()
            to_fetch = [key for key in some if key in missing]
            is_answered = _bring_records(wire, database, to_fetch, interrupts, saved, line)
            seconds += time.monotonic() - began
            here = [key for key in some if find_run(database, key)]
            left += _missing_files(database, read_runs(database, here), saved)
            if interrupts.heard or not is_answered:
                break
            done = start + len(some)
            if done < len(keys):
                all_here_at = time.time() + seconds / done * (len(keys) - done)
                urgent, left = _divided(left, all_here_at)
                _bring_files(wire, database, urgent, saved, shown=False)
    return sorted(left, key=urgency)


def _divided(
    files: Sequence[OutputFile], moment: float
) -> tuple[list[OutputFile], list[OutputFile]]:
    """The files whose sandbox goes before a moment, the most endangered first, and the others."""
    urgent: list[OutputFile] = []
    others: list[OutputFile] = []
    for file in sorted(files, key=urgency):
        is_urgent = file.ends_at is not None and file.ends_at < moment
        (urgent if is_urgent else others).append(file)
    return urgent, others


def _has_ended(database: Database, key: Key) -> bool:
    """Whether the archive has a run as one that has ended."""
    query = "SELECT status FROM runs WHERE deployment_id = ? AND run_id = ?"
    return database.value(query, key) in TERMINAL


def _bring_records(
    wire: Wire,
    database: Database,
    keys: Sequence[Key],
    interrupts: DeferredInterrupts,
    saved: Saved,
    line: ProgressLine,
) -> bool:
    """Brings the records of runs; returns whether the service answered for all of them."""

    def write(key: Key, record: FetchedRecord) -> None:
        store.add_records(database, key[0], seen_records_of(wire, [record]))

    def lose(key: Key, error: AgentRunError) -> None:
        saved.add(key, None, None, error=fetch_error(error))

    return _bring_each(wire, keys, fetch_run, write, lose, interrupts, line)


def _bring_each(
    wire: Wire,
    keys: Sequence[Key],
    fetch: Callable[[Wire, Key, Tally], Awaitable[Fetched]],
    write: Callable[[Key, Fetched], None],
    lose: Callable[[Key, AgentRunError], None],
    interrupts: DeferredInterrupts,
    line: ProgressLine,
) -> bool:
    """Fetches something of each run, and writes it into the archive.

    Args:
        wire: sends the requests.
        keys: the runs.
        fetch: fetches it for one run.
        write: writes what came.
        lose: notes what did not come, or is too large to be written.
        interrupts: an interrupt ends fetching.
        line: says how far it is.

    Returns:
        Whether something came of each, were it an error.
    """
    tally = Tally()
    waiting = set(keys)

    async def fetch_one(key: Key) -> Fetched:
        return await fetch(wire, key, tally)

    def take(key: Key, outcome: Fetched | AgentRunError) -> None:
        waiting.discard(key)
        if isinstance(outcome, AgentRunError):
            lose(key, outcome)
        else:
            try:
                write(key, outcome)
            except TooLargeError as error:
                lose(key, error)
        line.add(1)

    fetch_each(wire, keys, fetch_one, take, tally, line, interrupts)
    return not waiting


# --- files ---------------------------------------------------------------------------------------


def _missing_files(database: Database, runs: pd.DataFrame, saved: Saved) -> list[OutputFile]:
    """The output files that the archive does not have yet; those it has are noted as saved."""
    files = []
    for file in urgent_first(runs):
        there = find_file(database, file.key, file.position)
        if there is None:
            files.append(file)
        else:
            digest, size = there
            saved.add(file.key, file.position, file.name, where=_where(digest), bytes=size)
    return files


def _bring_files(
    wire: Wire,
    database: Database,
    files: Sequence[OutputFile],
    saved: Saved,
    *,
    shown: bool = True,
) -> None:
    """Brings output files in their order."""

    def take(file: OutputFile, content: bytes) -> str:
        return _write_file(database, file, content)

    if files:
        fetch_files(wire, files, take, saved, shown=shown)


def _write_file(database: Database, file: OutputFile, content: bytes) -> str:
    digest = digest_of(content)
    with database.writing() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO files VALUES (?, ?, ?)", (digest, *compress(content))
        )
        run = store.number_of(connection, file.key)
        connection.execute(
            "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?)",
            (run, file.position, digest, places.now()),
        )
    return _where(digest)


def _where(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"


def find_file(database: Database, key: Key, position: int) -> tuple[bytes, int] | None:
    """The digest and size of an output that was rescued; None where it was not."""
    rows = database.rows(
        "SELECT digest, files.size FROM outputs JOIN runs USING (run) JOIN files USING (digest)"
        " WHERE deployment_id = ? AND run_id = ? AND outputs.position = ?",
        (*key, position),
    )
    return rows[0] if rows else None


# --- logs ----------------------------------------------------------------------------------------


def _bring_logs(
    wire: Wire,
    database: Database,
    keys: Sequence[Key],
    interrupts: DeferredInterrupts,
    saved: Saved,
) -> None:
    """Brings the logs that the archive does not have whole."""
    missing = []
    for key in keys:
        size = _size_of_whole_log(database, key)
        if size is None:
            missing.append(key)
        else:
            saved.add(key, None, LOG, where=LOG, bytes=size)

    def write(key: Key, log: FetchedLog) -> None:
        size = _write_log(database, key, log)
        saved.add(key, None, LOG, where=LOG, bytes=size)

    def lose(key: Key, error: AgentRunError) -> None:
        saved.add(key, None, LOG, error=fetch_error(error))

    with ProgressLine(len(missing), shown=len(missing) > 1, noun="logs") as line:
        _bring_each(wire, missing, _fetch_log, write, lose, interrupts, line)


async def _fetch_log(wire: Wire, key: Key, tally: Tally) -> FetchedLog:
    """Fetches the events of a run's log, each to the letter."""
    events: list[bytes] = []

    async def take(read: ReadPage) -> bool:
        events.extend(await asyncio.to_thread(cut_page, read.body, "events"))
        return True

    def ask_for(page: PageAsk) -> Ask:
        return routes.LOGS.ask(*key, **page.params)

    pager = Pager(wire, LOGS, ask_for, tally, "events")
    cut = await pager.read_pages(paging.pages(LOG_PAGE), take)
    return FetchedLog(events, whole=cut is None)


def _write_log(database: Database, key: Key, log: FetchedLog) -> int:
    """Writes a log; returns how many bytes it is, before it is compressed."""
    with database.writing() as connection:
        run = store.number_of(connection, key)
        ended = connection.execute("SELECT ended FROM runs WHERE run = ?", (run,)).fetchone()[0]
        # The log of a run that goes on has more to come.
        whole = log.whole and bool(ended)
        packed = pack(log.events)
        connection.execute(
            "INSERT OR REPLACE INTO logs VALUES (?, ?, ?, ?, ?)",
            (run, places.now(), whole, *packed),
        )
    return packed.size


def _size_of_whole_log(database: Database, key: Key) -> int | None:
    found: int | None = database.value(
        "SELECT logs.size FROM logs JOIN runs USING (run)"
        " WHERE deployment_id = ? AND run_id = ? AND whole",
        key,
    )
    return found
