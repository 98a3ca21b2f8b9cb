"""Brings logs and output files into an archive while the service has them."""

from __future__ import annotations

import asyncio
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
        _bring_runs(wire, database, keys, interrupts, saved)
        here = [key for key in keys if find_run(database, key)]
        runs = read_runs(database, here)
        if not interrupts.heard:
            _bring_files(wire, database, runs, saved)
        if not interrupts.heard:
            _bring_logs(wire, database, here, interrupts, saved)
        return in_given_order(saved, keys)


def _bring_runs(
    wire: Wire,
    database: Database,
    keys: Sequence[Key],
    interrupts: DeferredInterrupts,
    saved: Saved,
) -> None:
    """Brings the records of the runs that the archive does not have as ended."""
    ended = set()
    for key in keys:
        rows = database.rows("SELECT status FROM runs WHERE deployment_id = ? AND run_id = ?", key)
        if rows and rows[0][0] in TERMINAL:
            ended.add(key)
    missing = [key for key in keys if key not in ended]

    def write(key: Key, record: FetchedRecord) -> None:
        store.add_records(database, key[0], seen_records_of(wire, [record]))

    def lose(key: Key, error: AgentRunError) -> None:
        saved.add(key, None, None, error=fetch_error(error))

    _bring_each(wire, missing, fetch_run, write, lose, interrupts, "runs")


def _bring_each(
    wire: Wire,
    keys: Sequence[Key],
    fetch: Callable[[Wire, Key, Tally], Awaitable[Fetched]],
    write: Callable[[Key, Fetched], None],
    lose: Callable[[Key, AgentRunError], None],
    interrupts: DeferredInterrupts,
    noun: str,
) -> None:
    """Fetches something of each run, and writes it into the archive.

    Args:
        wire: sends the requests.
        keys: the runs.
        fetch: fetches it for one run.
        write: writes what came.
        lose: notes what did not come, or is too large to be written.
        interrupts: an interrupt ends fetching.
        noun: what is fetched, for the line of progress.
    """
    tally = Tally()

    async def fetch_one(key: Key) -> Fetched:
        return await fetch(wire, key, tally)

    with ProgressLine(len(keys), shown=len(keys) > 1, noun=noun) as line:

        def take(key: Key, outcome: Fetched | AgentRunError) -> None:
            if isinstance(outcome, AgentRunError):
                lose(key, outcome)
            else:
                try:
                    write(key, outcome)
                except TooLargeError as error:
                    lose(key, error)
            line.add(1)

        fetch_each(wire, keys, fetch_one, take, tally, line, interrupts)


# --- files ---------------------------------------------------------------------------------------


def _bring_files(wire: Wire, database: Database, runs: pd.DataFrame, saved: Saved) -> None:
    """Brings the output files that the archive does not have yet, the most endangered first."""
    files = []
    for file in urgent_first(runs, None):
        there = find_file(database, file.key, file.position)
        if there is None:
            files.append(file)
        else:
            digest, size = there
            saved.add(file.key, file.position, file.name, where=_where(digest), bytes=size)

    def take(file: OutputFile, content: bytes) -> str:
        return _write_file(database, file, content)

    if files:
        fetch_files(wire, files, take, saved)


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

    _bring_each(wire, missing, _fetch_log, write, lose, interrupts, "logs")


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
