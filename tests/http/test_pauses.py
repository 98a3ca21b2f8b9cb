"""A service that asks for a pause gets it from everybody; what is sent, retried and waited for stands in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentrun_nb import Client, errors
from agentrun_nb.http.gate import BRIEF, Gate, Service
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.wire import Wire
from tests.faults.replies import DEP, KEY, http, page, record, refusal
from tests.faults.server import Pause as Wait
from tests.faults.server import Reply, Request, serving

PAUSE = 1


class Crowded:
    """A service that refuses some requests, and writes down when each of the others came after the first refusal."""

    def __init__(
        self,
        status: str = "429 Too Many Requests",
        refused: Callable[[int], bool] = lambda number: number == 0,
    ):
        self.status = status
        self.refused = refused
        self.after: list[float] = []
        self.refused_at = 0.0

    def __call__(self, request: Request, number: int) -> Reply:
        if self.refused(number):
            self.refused_at = self.refused_at or time.monotonic()
            return [refusal(self.status, f"Retry-After: {PAUSE}")]
        if self.refused_at:
            self.after.append(time.monotonic() - self.refused_at)
        return [http(record(request.last))]


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Busy", "500 Oh"])
def test_nobody_asks_while_the_service_wants_a_pause(status: str) -> None:
    """Other calls, other threads and other clients of the process wait as well, and all come through."""
    crowded = Crowded(status)
    with (
        serving(crowded) as server,
        Client(KEY, server.url) as one,
        Client(KEY, server.url) as other,
        ThreadPoolExecutor(9) as threads,
    ):
        first = threads.submit(one.get_run, DEP, "run_0")
        while not crowded.refused_at:
            time.sleep(0.005)
        time.sleep(0.05)  # the refusal is on its way
        alone = [
            threads.submit(client.get_run, DEP, "run_1") for client in (one, other, one, other)
        ]
        many = [
            threads.submit(client.get_runs, DEP, [f"run_{n}" for n in range(20)])
            for client in (one, other)
        ]
        assert {run.result().id for run in (first, *alone)} == {"run_0", "run_1"}
        assert [frame.result()["fetch_error"].isna().all() for frame in many] == [True, True]
    assert len(crowded.after) == 1 + 4 + 40
    assert min(crowded.after) >= PAUSE


def test_a_patient_call_waits_for_what_another_could_not() -> None:
    crowded = Crowded()
    with (
        serving(crowded) as server,
        Client(KEY, server.url, deadline=0.5) as hasty,
        Client(KEY, server.url, deadline=30.0) as patient,
    ):
        with pytest.raises(errors.RateLimitedError):
            hasty.get_run(DEP, "run_1")
        assert patient.get_run(DEP, "run_1").id == "run_1"
        assert min(crowded.after) >= PAUSE


def test_another_service_is_asked_meanwhile() -> None:
    crowded, calm = Crowded(refused=lambda number: True), Crowded(refused=lambda number: False)
    with serving(crowded) as busy, serving(calm) as free:
        with Client(KEY, busy.url, deadline=0.5) as client, pytest.raises(errors.RateLimitedError):
            client.get_run(DEP, "run_1")
        with Client(KEY, free.url, deadline=0.5) as client:
            assert client.get_run(DEP, "run_1").id == "run_1"


@pytest.mark.parametrize(
    ("asked", "deadline"), [("3", 1.0), ("100", 20.0), ("3600", 7200.0), ("inf", 1e6)]
)
def test_a_pause_that_is_too_long_for_a_call_ends_it_at_once(asked: str, deadline: float) -> None:
    with (
        serving(
            lambda request, number: [refusal("429 Too Many", f"Retry-After: {asked}")]
        ) as server,
        Client(KEY, server.url, deadline=deadline) as one,
        Client(KEY, server.url, deadline=deadline) as other,
    ):
        for client, attempts in ((one, 1), (one, 0), (other, 0)):
            with pytest.raises(errors.RateLimitedError) as caught:
                client.get_run(DEP, "run_1")
            assert caught.value.attempts == attempts
            assert caught.value.retry_after >= min(float(asked), 1e6) - BRIEF
        rows = other.get_runs(DEP, [f"run_{n}" for n in range(50)], progress=False)
        assert rows["fetch_error"].str.startswith("rate_limited: ").all()
        assert len(server.arrived) == 1


def test_a_new_client_may_ask_again_where_the_pause_is_longer_than_any_wait() -> None:
    with serving(lambda request, number: [refusal("429 Too Many", "Retry-After: 3600")]) as server:
        for number in (1, 2):
            with Client(KEY, server.url) as client:
                for _ in range(3):
                    with pytest.raises(errors.RateLimitedError):
                        client.get_run(DEP, "run_1")
            assert len(server.arrived) == number


def test_nobody_rushes_when_the_pause_is_over() -> None:
    """Of many that waited one goes first; answers let in more."""
    under_way: list[int] = []
    began = time.monotonic()

    def script(request: Request, number: int) -> Reply:
        if time.monotonic() < began + 0.5:
            return [Wait(0.05), refusal("429 Too Many", f"Retry-After: {PAUSE}")]
        under_way.append(sum(sent.ended == "unfinished" for sent in server.sent))
        return [Wait(0.01), http(record(request.last))]

    with serving(script) as server, Client(KEY, server.url) as client:
        rows = client.get_runs(DEP, [f"run_{n}" for n in range(60)], progress=False)
        assert rows["fetch_error"].isna().all()
        assert len(server.arrived) > 60
    assert under_way[0] == 1
    assert max(under_way[:10]) <= 4
    assert max(under_way) > 4


def test_a_pause_closes_the_gate_to_one_and_answers_open_it() -> None:
    service = Service(Gate(16))
    service.pause(5.0, 120.0)
    assert 4.0 < service.pause_left() <= 5.0
    levels = [service.gate.level]
    for _ in range(200):
        service.gate.widen()
        levels.append(service.gate.level)
    assert levels[0] == 1.0
    assert levels[1] == 2.0
    assert levels[2] < 3.0
    assert levels[-1] == 16.0


def test_a_pause_that_nobody_waits_for_is_kept_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    service = Service(Gate(4))
    assert service.pause_left() == 0
    service.pause(3600.0, 120.0)
    assert service.pause_left() == 3600.0
    now[0] += BRIEF
    assert service.pause_left() == 0
    service.pause(120.0, 120.0)
    now[0] += 119.0
    assert service.pause_left() > 0


# --- the log ------------------------------------------------------------------------------------------------------


def test_the_log_says_what_is_retried_waited_for_and_limited_and_no_more(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the key nor a cursor, a query, an id or anything that a service said."""
    monkeypatch.setattr(
        Wire, "policy", Policy(attempts=4, base=0.01, crowded_base=0.01, longest=0.02)
    )
    caplog.set_level(logging.DEBUG, "agentrun_nb")
    words = {"code": "hush-code", "message": f"hush-message {KEY}", "request_id": "hush-id"}
    replies = [
        refusal("500 Oh", **words),
        refusal("429 Too Many", **words),
        refusal("503 Busy", "Retry-After: 0.2", **words),
        page(record("run_hush"), next_cursor="hush-cursor"),
        page(record("run_hush_2")),
    ]

    def script(request: Request, number: int) -> Reply:
        return [replies[min(number, 4)]]

    with serving(script) as server, Client(KEY, server.url) as client:
        client.list_runs("dep_hush", status="failed", progress=False, limit=5)
    with (
        serving(lambda request, number: [refusal("403 Forbidden", **words)]) as server,
        Client(KEY, server.url) as client,
        pytest.raises(errors.ForbiddenError),
    ):
        client.get_run("dep_hush", "run_hush")
    told = "\n".join(f"{entry.levelname} {entry.getMessage()}" for entry in caplog.records)
    steps = ("asked again in", "no requests for 0.2 s", "At most 8 requests", "ended in forbidden")
    for part in ("INFO", "DEBUG", *steps, ": 200", ": 500"):
        assert part in told
    for part in (KEY, "hush", "failed"):
        assert part not in told
    assert {entry.levelno for entry in caplog.records} == {logging.INFO, logging.DEBUG}


def test_the_gate_opens_by_one_a_round_of_answers_and_no_quicker() -> None:
    """As many answers as requests are let in at a time are a round; it opens to its ceiling and never closes whole."""
    gate = Gate(8, clock=lambda: 0.0)
    gate.lower_to_one()
    for level in range(1, 8):
        assert int(gate.level) == level
        for _ in range(level):
            assert int(gate.level) == level, "not before the round is over"
            gate.widen()
        # Each answer counts a little less than the one before, so the round may need one more.
        if int(gate.level) == level:
            gate.widen()
        assert level + 1 <= gate.level < level + 2
    for _ in range(50):
        gate.widen()
    assert gate.level == 8.0


def test_the_gate_is_halved_once_a_second_and_never_closed() -> None:
    now = [0.0]
    gate = Gate(8, clock=lambda: now[0])
    levels = []
    for now[0] in (0.0, 0.0, 0.999, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0):
        gate.narrow()
        levels.append(gate.level)
    assert levels == [4, 4, 4, 2, 2, 1, 1, 1, 1]
