"""Where faults are tried: a server, a client, a stopwatch, and a register of the faults by number."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pandas as pd

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.errors import AgentRunError
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.wire import Wire

from .replies import DEP, KEY, http
from .server import FaultServer, Reply, Script, serving

MOST_SECONDS = 20.0
"""A fault that is not over by then hangs."""

MOST_SECONDS_OF_FILES = 120.0
"""The same for one of files or views, which begins processes and browsers of its own."""

LAST_OF_REQUESTS = 113
"""The number of the last fault of a service; those of files and views follow."""

BRISK = Policy(attempts=4, base=0.01, crowded_base=0.01, longest=0.02)
"""Waits of milliseconds, so that the table takes seconds."""


class Hang(BaseException):
    """A call that does not end."""


class _Seen(BaseException):
    """The control saw what it came for."""


@dataclass
class Got:
    """What one call ended in.

    Attributes:
        error: the typed error, if one was raised.
        value: what came, if not.
        seconds: how long it took.
        server: the server's record.
    """

    error: AgentRunError | None
    value: Any
    seconds: float
    server: FaultServer | None = None

    @property
    def requests(self) -> int:
        return len(self.server.sent) if self.server else 0

    @property
    def row(self) -> pd.Series:
        """The only row of a frame."""
        return self.value.iloc[0]

    @property
    def report(self) -> arn.errors.__class__ | Any:
        return arn.fetch_report(self.value)

    def __str__(self) -> str:
        if self.error is not None:
            tried = f", {self.error.attempts} attempts" if self.error.attempts else ""
            return f"{type(self.error).__name__}{tried}, {self.seconds:.2f} s: {self.error.message[:100]}"
        if isinstance(self.value, pd.DataFrame):
            return f"{len(self.value)} rows, {self.seconds:.2f} s: {self.report}"
        return f"{self.value!r}, {self.seconds:.2f} s"


class Lab:
    """One try of one fault.

    Attributes:
        control: whether the plainest client is tried in place of ours.
        told: the server's records, in words.
    """

    def __init__(self, control: bool = False) -> None:
        self.control = control
        self.told: list[str] = []

    @contextmanager
    def service(
        self, script: Script | Reply | bytes, tls: Any = None, **settings: Any
    ) -> Iterator[tuple[Client, FaultServer]]:
        """A server with a script, and a client of it."""
        with serving(_scripted(script), tls) as server:
            limits = {"timeout": 2.0, "deadline": 4.0} | settings
            try:
                with Client(KEY, server.url, **limits) as client:
                    yield client, server
            finally:
                self.told.append(server.told)

    def one_run(self, *replies: Reply | bytes, run_id: str = "run_1", **settings: Any) -> Got:
        """Asks for one run; the replies come in turn, the last one again and again."""
        with self.service(_in_turn(*replies), **settings) as (client, server):
            if self.control:
                self._plain(server.url, settings.get("deadline", 4.0))
            return timed(lambda: client.get_run(DEP, run_id), server)

    def row(self, body: bytes) -> Got:
        """Asks for the same record alone and in bulk; both must be whole, and the row is what is got."""
        alone = self.one_run(http(body))
        assert alone.error is None, alone
        repr(alone.value), alone.value.to_frame(), alone.value.outputs
        with self.service(_in_turn(http(body))) as (client, server):
            many = timed(lambda: client.get_runs(DEP, ["run_1"], progress=False), server)
        assert many.row["parse_notes"] == alone.value.notes or (
            pd.isna(many.row["parse_notes"]) and not alone.value.notes
        )
        arn.brief(many.value), arn.outputs(many.value), arn.json_paths(many.value)
        return many

    def listing(self, script: Script, settings: dict[str, Any] | None = None, **asked: Any) -> Got:
        """Lists the runs of the deployment."""
        with self.service(script, **(settings or {})) as (client, server):
            if self.control:
                self._plain(server.url, 4.0)
            return timed(lambda: client.list_runs(DEP, progress=False, **asked), server)

    @contextmanager
    def archive(self) -> Iterator[arn.Archive]:
        """An archive in a folder of its own."""
        with tempfile.TemporaryDirectory() as folder, arn.Archive(f"{folder}/runs.sqlite") as made:
            yield made

    def archived(self, body: bytes) -> bytes:
        """What an archive has of a record that came."""
        with self.archive() as archive, self.service(http(body)) as (client, _):
            archive.rescue(client, (DEP, "run_1"))
            assert archive.check().whole
            return archive.get_run(DEP, "run_1").raw

    def _plain(self, url: str, deadline: float) -> None:
        """The control: what a few plain lines do with the same replies. Raises `_Seen` unless it fails by itself."""
        started = time.monotonic()
        try:
            found = httpx.get(
                f"{url}/v1/agent-deployments/{DEP}/runs/run_1", timeout=deadline, trust_env=False
            ).json()
            pd.json_normalize(found)
            pd.to_datetime(found["created_at"])
            int(found["exit_code"] or 0)
        finally:
            if time.monotonic() - started > deadline + 0.5:
                raise Hang
        raise _Seen


def _scripted(script: Script | Reply | bytes) -> Script:
    return script if callable(script) else _in_turn(script)


def _in_turn(*replies: Reply | bytes) -> Script:
    steps = [[reply] if isinstance(reply, bytes) else reply for reply in replies]
    return lambda request, number: steps[min(number, len(steps) - 1)]


def timed(call: Callable[[], Any], server: FaultServer | None = None) -> Got:
    """Calls, and takes a typed error for an outcome; any other exception passes."""
    started = time.monotonic()
    try:
        value, error = call(), None
    except AgentRunError as caught:
        value, error = None, caught
    return Got(error, value, time.monotonic() - started, server)


Case = Callable[[Lab], object]


@dataclass(frozen=True)
class Fault:
    """One line of the table.

    Attributes:
        theirs: which half of the fault others show: the page.
        plain: the same with plain tools, where no request is sent; the control.
    """

    number: int
    sent: str
    expected: str
    case: Case
    theirs: str = ""
    plain: Case | None = None

    @property
    def is_of_requests(self) -> bool:
        """Whether it is one of replies, which every client meets."""
        return self.number <= LAST_OF_REQUESTS

    @property
    def most_seconds(self) -> float:
        """The seconds after which it hangs."""
        return MOST_SECONDS if self.is_of_requests else MOST_SECONDS_OF_FILES


@dataclass
class Outcome:
    """How a fault went: `ok`, `differs` from what is expected, a `raw` exception, or a `hang`."""

    fault: Fault
    verdict: str
    got: str
    told: list[str] = field(default_factory=list)
    seconds: float = 0.0


FAULTS: dict[int, Fault] = {}


def fault(
    number: int, sent: str, expected: str, theirs: str = "", plain: Case | None = None
) -> Callable[[Case], Case]:
    """Registers a function as the case of a fault; what it returns is what was got."""

    def register(case: Case) -> Case:
        assert number not in FAULTS
        FAULTS[number] = Fault(number, sent, expected, case, theirs, plain)
        return case

    return register


def attempt(fault: Fault, *, control: bool = False) -> Outcome:
    """Tries a fault, with an alarm against hangs."""
    lab, started = Lab(control), time.monotonic()

    def alarm(*_: object) -> None:
        raise Hang

    previous = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, fault.most_seconds)
    policy, Wire.policy = Wire.policy, BRISK
    try:
        case = fault.plain if control and fault.plain else fault.case
        got = case(lab)
        told = [str(part) for part in (got if isinstance(got, list | tuple) else [got])]
        verdict = "ok"
    except AssertionError as error:
        verdict, told = "differs", [_where(error), str(error).partition("\n")[0]]
    except (Hang, TimeoutError):
        verdict, told = "hang", [f"not over after {time.monotonic() - started:.1f} s"]
    except _Seen:
        verdict, told = "ok", ["the plain client reads it"]
    except Exception as error:  # this is what must never come
        verdict, told = "raw", [f"{type(error).__name__}: {error}"]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        Wire.policy = policy
    return Outcome(fault, verdict, "; ".join(told), lab.told, time.monotonic() - started)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return (
        f"line {trace.tb_lineno} of {trace.tb_frame.f_code.co_filename.rsplit('/', 1)[1]}"
        if trace
        else ""
    )
