"""Many runs by their ids: side by side, one row for each id given, failures as rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import FETCH_CODES, RUNS
from agentrun_nb.errors import AgentRunError, BadResponseError, ServiceError
from agentrun_nb.fetch.keys import Key
from agentrun_nb.fetch.progress import Line
from agentrun_nb.fetch.side_by_side import fetch_each
from agentrun_nb.fetch.strangers import note_strangers
from agentrun_nb.http import routes
from agentrun_nb.http.interrupts import Deferred
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.batch import Batch, failed_runs
from agentrun_nb.records.decode import decode_record, decode_records
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.report import FetchReport

if TYPE_CHECKING:
    import pandas as pd

GROUP = 500
"""Records that are decoded together."""


INTERRUPTED = "not_asked: The call was interrupted before this run came."
SILENT = "not_asked: The service had brought nothing for as long as the deadline allows."


class _Identity(msgspec.Struct):
    id: Any = None


_IDENTITY = msgspec.json.Decoder(_Identity)


def read_identity(body: bytes) -> Any:
    """The id that a record bears; the whole record has to be JSON for it.

    Raises:
        BadResponseError: the body is not a JSON object.
    """
    try:
        return _IDENTITY.decode(body.removeprefix(b"\xef\xbb\xbf")).id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return decode_record(RUNS, body).cells["id"][0].as_py()


async def fetch_run(wire: Wire, key: Key, tally: Tally) -> bytes:
    """The record of one run, byte for byte.

    Raises:
        AgentRunError: it did not come, or it is the record of another run.
    """
    ask = routes.RUN.ask(*key)
    body, identity = await wire.fetch(ask, lambda body: (body, read_identity(body)), tally)
    if identity != key[1]:
        about = "names no run" if identity is None else "is about another"
        message = f"Run {key[1]!r} was asked for, and the answer {about}."
        elsewhere = f"{wire.settings.base_url} may be the address of another service."
        hint = elsewhere if identity is None else ""
        route = routes.RUN.template
        raise BadResponseError(message, hint=hint, status=200, method="GET", route=route)
    return body


def fetch_error(error: AgentRunError) -> str:
    """An error as it stands in the column `fetch_error`: `code: sentence`."""
    otherwise = "bad_response" if isinstance(error, ServiceError) else "connection"
    return f"{error.kind if error.kind in FETCH_CODES else otherwise}: {error.message}"


class _Rows:
    """Rows in the order in which they came."""

    def __init__(self, line: Line, tally: Tally) -> None:
        self._tally = tally
        self.row_of: dict[Key, int] = {}
        self.batches: list[Batch] = []
        self.failures: dict[Key, str] = {}
        self._line = line
        self._waiting: dict[Key, bytes] = {}
        self._fetched: list[int] = []

    def add(self, key: Key, outcome: bytes | AgentRunError) -> None:
        if isinstance(outcome, AgentRunError):
            self.failures[key] = fetch_error(outcome)
        else:
            self.row_of[key] = len(self.row_of)
            self._waiting[key] = outcome
            self._fetched.append(self._tally.service_time)
        if len(self._waiting) == GROUP:
            self._decode()
        self._line.add(1, f"{len(self.failures):,} failed" if self.failures else "")

    def _decode(self) -> None:
        batch = decode_records(RUNS, list(self._waiting.values())).with_fetched_at(self._fetched)
        self.batches.append(
            note_strangers(batch, "deployment_id", [deployment for deployment, _ in self._waiting])
        )
        self._waiting.clear()
        self._fetched.clear()

    def end(self, keys: Sequence[Key], otherwise: str) -> None:
        """Decodes the rest and makes rows of what did not come."""
        if self._waiting:
            self._decode()
        missing = [key for key in keys if key not in self.row_of]
        sentences = [self.failures.get(key, otherwise) for key in missing]
        self.batches.append(failed_runs([_writable(key) for key in missing], sentences))
        for key in missing:
            self.row_of[key] = len(self.row_of)


def _writable(key: Key) -> Key:
    """Text that is valid Unicode, whatever was given as an id."""
    deployment, run_id = (
        jsontext.valid_unicode(part) if isinstance(part, str) else str(part or "") for part in key
    )
    return deployment, run_id


def fetch_runs(wire: Wire, keys: Sequence[Key], *, progress: bool) -> pd.DataFrame:
    """Fetches runs: one row for each key in its order, a repeated key fetched once.

    Returns:
        The RUNS table under a fresh index, with its fetch report. An interrupt ends the fetching
        and not the call: what had not come by then is marked `not_asked`.

    Raises:
        UnauthorizedError: the key was refused; every other failure is a row.
    """
    started, fetched_from = time.monotonic(), datetime.now(UTC)
    tally = Tally()
    distinct = list(dict.fromkeys(keys))
    with Deferred() as interrupts, Line(len(distinct), shown=progress) as line:
        rows = _Rows(line, tally)
        interrupted = fetch_each(
            wire,
            distinct,
            lambda key: fetch_run(wire, key, tally),
            rows.add,
            tally,
            line,
            interrupts,
        )
        rows.end(distinct, INTERRUPTED if interrupted else SILENT)
        places = [rows.row_of[key] for key in keys]
        frame = table_frame(RUNS, rows.batches).take(places).reset_index(drop=True)
        got = int(frame["fetch_error"].isna().sum())
        made = FetchReport(
            asked=len(keys),
            got=got,
            complete=got == len(keys),
            truncated_by=None if got == len(keys) else "interrupt" if interrupted else "failures",
            deployments=len({deployment for deployment, _ in distinct}),
            oddities=report.count_oddities(frame, tally.oddities),
            seconds=time.monotonic() - started,
            fetched_from=fetched_from,
            fetched_to=datetime.now(UTC),
            **tally.told,
        )
        report.attach(frame, made)
        line.end(made.sentence)
        return frame
