"""Fetches runs by their ids, several at a time; runs that could not be fetched are rows too."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from agentrun_nb.core.schema import FETCH_CODES, RUNS
from agentrun_nb.core.times import AnswerTime
from agentrun_nb.errors import AgentRunError, BadResponseError, ServiceError
from agentrun_nb.fetch.keys import Key
from agentrun_nb.fetch.progress import ProgressLine
from agentrun_nb.fetch.side_by_side import fetch_each
from agentrun_nb.fetch.strangers import note_strangers
from agentrun_nb.http import routes
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.batch import Batch, failed_runs
from agentrun_nb.records.decode import decode_record, decode_records
from agentrun_nb.run import Run
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.ledger import Ledger
from agentrun_nb.tables.report import FetchReport

if TYPE_CHECKING:
    import pandas as pd

GROUP = 500
"""The number of records that are decoded together."""

INTERRUPTED = "not_asked: The call was interrupted before this run came."
SILENT = "not_asked: The service had brought nothing for as long as the deadline allows."


class _Identity(msgspec.Struct):
    id: Any = None


_IDENTITY = msgspec.json.Decoder(_Identity)


def read_identity(body: bytes) -> Any:
    """Reads the id of a record; the whole record has to be JSON.

    Raises:
        BadResponseError: the body is not a JSON object.
    """
    try:
        return _IDENTITY.decode(body.removeprefix(b"\xef\xbb\xbf")).id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return decode_record(RUNS, body).cells["id"][0].as_py()


class FetchedRecord(NamedTuple):
    """The record of one run.

    Attributes:
        body: its bytes, as they came.
        identity: the id in it.
        answer_time: when it was made.
    """

    body: bytes
    identity: Any
    answer_time: AnswerTime


async def fetch_run(wire: Wire, key: Key, tally: Tally) -> FetchedRecord:
    """Fetches the record of one run, byte for byte.

    Raises:
        AgentRunError: it did not come, or it is the record of another run.
    """

    def read(body: bytes) -> FetchedRecord:
        return FetchedRecord(body, read_identity(body), tally.answer_time)

    record = await wire.fetch(routes.RUN.ask(*key), read, tally)
    identity = record.identity
    if identity == key[1]:
        return record
    about, hint = "is about another", ""
    if identity is None:
        about = "names no run"
        hint = f"{wire.settings.base_url} may be the address of another service."
    message = f"Run {key[1]!r} was asked for, and the answer {about}."
    raise BadResponseError(message, hint=hint, status=200, method="GET", route=routes.RUN.template)


def make_run(wire: Wire, deployment_id: str, record: FetchedRecord) -> Run:
    """Makes a Run of a record that was fetched, and notes the look at it.

    Args:
        wire: what it was fetched by.
        deployment_id: the deployment that was asked for.
        record: the record.
    """
    run = Run(record.body)
    batch = run.batch.with_answer_times([record.answer_time])
    wire.ledger.note(batch)
    run.batch = note_strangers(batch, "deployment_id", [deployment_id])
    run.fetched_at = run.batch.cells["fetched_at"][0].as_py()
    run.notes = run.batch.cells["parse_notes"][0].as_py()
    return run


def fetch_error(error: AgentRunError) -> str:
    """Writes an error as the column `fetch_error` has it: `code: sentence`."""
    code = error.kind
    if code not in FETCH_CODES:
        code = "bad_response" if isinstance(error, ServiceError) else "connection"
    return f"{code}: {error.message}"


class _Rows:
    """Collects the rows of runs in the order in which they come.

    Attributes:
        row_of: the number of each run's row.
        batches: the rows.
        failures: the `fetch_error` of each run that could not be fetched.
    """

    def __init__(self, line: ProgressLine, ledger: Ledger) -> None:
        self.row_of: dict[Key, int] = {}
        self.batches: list[Batch] = []
        self.failures: dict[Key, str] = {}
        self._line = line
        self._ledger = ledger
        self._waiting: dict[Key, FetchedRecord] = {}

    def add(self, key: Key, outcome: FetchedRecord | AgentRunError) -> None:
        """Adds the record of a run, or the error that came instead."""
        if isinstance(outcome, AgentRunError):
            self.failures[key] = fetch_error(outcome)
        else:
            self.row_of[key] = len(self.row_of)
            self._waiting[key] = outcome
        if len(self._waiting) == GROUP:
            self._decode()
        self._line.add(1, f"{len(self.failures):,} failed" if self.failures else "")

    def _decode(self) -> None:
        records = list(self._waiting.values())
        batch = decode_records(RUNS, [record.body for record in records])
        batch = batch.with_answer_times([record.answer_time for record in records])
        self._ledger.note(batch)
        deployments = [deployment for deployment, _ in self._waiting]
        self.batches.append(note_strangers(batch, "deployment_id", deployments))
        self._waiting.clear()

    def end(self, keys: Sequence[Key], otherwise: str) -> None:
        """Decodes the rest, and makes rows of the runs that did not come.

        Args:
            keys: all runs.
            otherwise: the `fetch_error` of those that neither came nor failed.
        """
        if self._waiting:
            self._decode()
        missing = [key for key in keys if key not in self.row_of]
        sentences = [self.failures.get(key, otherwise) for key in missing]
        self.batches.append(failed_runs(missing, sentences))
        for key in missing:
            self.row_of[key] = len(self.row_of)


def fetch_runs(wire: Wire, keys: Sequence[Key], *, progress: bool) -> pd.DataFrame:
    """Fetches runs by their keys, one row for each key in the same order.

    A key that is given more than once is fetched once.

    Returns:
        The RUNS table under a fresh index, with its fetch report. After an interrupt it holds the
        runs that came before; the others have the `fetch_error` `not_asked`.

    Raises:
        UnauthorizedError: the key was refused; every other failure is a row.
    """
    started = time.monotonic()
    fetched_from = datetime.now(UTC)
    tally = Tally()
    distinct = list(dict.fromkeys(keys))
    with DeferredInterrupts() as interrupts, ProgressLine(len(distinct), shown=progress) as line:
        rows = _Rows(line, wire.ledger)

        async def fetch(key: Key) -> FetchedRecord:
            return await fetch_run(wire, key, tally)

        interrupted = fetch_each(wire, distinct, fetch, rows.add, tally, line, interrupts)
        rows.end(distinct, INTERRUPTED if interrupted else SILENT)
        in_order = [rows.row_of[key] for key in keys]
        frame = table_frame(RUNS, rows.batches).take(in_order).reset_index(drop=True)
        got = int(frame["fetch_error"].isna().sum())
        complete = got == len(keys)
        reason = "interrupt" if interrupted else "failures"
        made = FetchReport(
            asked=len(keys),
            got=got,
            complete=complete,
            truncated_by=None if complete else reason,
            deployments=len({deployment for deployment, _ in distinct}),
            oddities=report.count_oddities(frame, tally.oddities),
            seconds=time.monotonic() - started,
            fetched_from=fetched_from,
            fetched_to=datetime.now(UTC),
            **tally.report_fields,
        )
        report.attach(frame, made)
        line.end(made.sentence)
        return frame
