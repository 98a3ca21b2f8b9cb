"""Fetches the log events of runs, each event once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from agentrun_nb.core.arguments import read_flag
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import LOGS
from agentrun_nb.errors import AgentRunError
from agentrun_nb.fetch.keys import Key
from agentrun_nb.fetch.page_reader import collect
from agentrun_nb.fetch.progress import ProgressLine
from agentrun_nb.fetch.side_by_side import fetch_each
from agentrun_nb.http import routes
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.mending import mend
from agentrun_nb.tables.report import FetchReport, attach, fetch_report
from agentrun_nb.tables.shown import LogsFrame

LOG_PAGE = 100
"""The number of log events a page."""


def fetch_logs(
    wire: Wire, keys: Sequence[Key], tail: int | None, *, progress: bool
) -> pd.DataFrame:
    """Fetches the logs of runs, run after run as given, each in the order of `created_at`.

    Args:
        wire: sends the requests.
        keys: the runs, each once.
        tail: the number of events of each run, from its end; None: all.
        progress: whether a line shows the progress, where there are several runs.

    Returns:
        The LOGS table with its fetch report, which counts the logs that did not come by their
        reasons. After an interrupt it holds the logs that came before.

    Raises:
        AgentRunError: no log came at all, or the key was refused.
    """
    started = time.monotonic()
    tally = Tally()
    logs: dict[Key, pd.DataFrame] = {}
    failures: dict[Key, AgentRunError] = {}

    async def fetch(key: Key) -> pd.DataFrame:
        return await _log_of(wire, key, tail, tally)

    def take(key: Key, outcome: pd.DataFrame | AgentRunError) -> None:
        if isinstance(outcome, AgentRunError):
            failures[key] = outcome
        else:
            logs[key] = outcome
        line.add(1, f"{len(failures):,} failed" if failures else "")

    shown = read_flag("progress", progress) and len(keys) > 1
    with DeferredInterrupts() as interrupts, ProgressLine(len(keys), shown=shown) as line:
        interrupted = fetch_each(wire, keys, fetch, take, tally, line, interrupts)
        if failures and not logs:
            raise next(iter(failures.values()))
        found = joined_logs(logs[key] for key in keys if key in logs)
        complete = not interrupted and len(logs) == len(keys)
        joined = report.join([fetch_report(log) for log in logs.values()], found)
        made = replace(
            joined,
            table=LOGS.name,
            complete=complete and joined.complete is not False,
            truncated_by=_why_cut(joined, interrupted, bool(failures)),
            oddities=_oddities(found, tally, failures.values()),
            seconds=time.monotonic() - started,
            **tally.report_fields,
        )
        attach(found, made)
        line.end(made.sentence)
        return found


async def _log_of(wire: Wire, key: Key, tail: int | None, tally: Tally) -> pd.DataFrame:
    """Fetches the events of one run, in order."""
    page = LOG_PAGE if tail is None else max(1, min(LOG_PAGE, tail))
    events = await collect(
        wire, LOGS, routes.LOGS, *key, key="events", limit=page, tail=tail, tally=tally
    )
    return events_in_order(events, tail)


def events_in_order(events: pd.DataFrame, tail: int | None) -> pd.DataFrame:
    """Sorts the events of one run by `created_at`, each once; equal ones stay as they came.

    Args:
        events: the LOGS table of a run, with its fetch report.
        tail: the number of events from the end; None: all.
    """
    once = events[~events["id"].duplicated() | events["id"].isna()]
    ordered = once.sort_values("created_at", kind="stable")
    last = ordered.tail(len(ordered) if tail is None else tail).reset_index(drop=True)
    before = fetch_report(events)
    duplicates = before.duplicates + len(events) - len(once)
    attach(last, replace(before, got=len(last), duplicates=duplicates))
    return last


def joined_logs(logs: Iterable[pd.DataFrame]) -> LogsFrame:
    """Concatenates the events of several runs under a fresh index."""
    # As text, since categories of several frames would make objects of them.
    parts = [log.astype({"level": TEXT}) for log in logs]
    # pandas compares the attrs of all parts, which takes long.
    for part in parts:
        part.attrs = {}
    if not parts:
        return LogsFrame(table_frame(LOGS, []))
    return LogsFrame(mend(pd.concat(parts, ignore_index=True), LOGS))


def _why_cut(joined: FetchReport, interrupted: bool, failed: bool) -> str | None:
    """Returns why the logs are not complete, in the words of a fetch report."""
    if interrupted:
        return "interrupt"
    return "failures" if failed else joined.truncated_by


def _oddities(
    found: pd.DataFrame, tally: Tally, failures: Iterable[AgentRunError]
) -> dict[str, int]:
    """Counts what was odd about events and answers, and the logs that did not come by reason."""
    reasons = Counter(error.kind for error in failures)
    return report.count_oddities(found, tally.oddities + reasons, LOGS.beside)
