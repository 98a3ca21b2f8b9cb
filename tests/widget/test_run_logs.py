"""The log of a run on its way to the page: the end of it, whole or bounded, or why there is none."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.core.schema import LOGS
from agentrun_nb.errors import NotFoundError, NotOffered
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.mending import mend
from agentrun_nb.widget import explore, protocol, run_logs
from tests.support.samples import body, moment, record
from tests.widget.test_protocol import conversation, unpacked


def log(count: int, **cells: Any) -> pd.DataFrame:
    """A LOGS table."""
    rows = [
        {
            "id": f"event {number}",
            "deployment_id": "agdep_reports",
            "run_id": "adrun_00000001",
            "created_at": moment(number / 8),
            "level": "info",
            "event_type": "stdout",
            "source": "process",
            "message": f"line {number}",
            "metadata": '{"n": 1.50}',
        }
        | cells
        for number in range(count)
    ]
    return mend(pd.DataFrame(rows), LOGS) if rows else table_frame(LOGS, [])


class Logs:
    """A client of which only logs are asked."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, []

    def read_output(self, *_: Any, **__: Any) -> bytes:
        raise AssertionError("nobody asked for a file")

    def get_logs(self, key: Any, *, tail: int, progress: bool) -> Any:
        is_main = threading.current_thread() is threading.main_thread()
        self.asked.append((key, progress, is_main))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer.tail(tail)


def asked(client: Any, row: int = 1, x: Any = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    view = explore(body(3) if x is None else x, client)
    content, buffers = conversation(view)({"id": 7, "op": "logs", "row": row})
    assert content["id"] == 7
    events = json.loads(unpacked(content["logs"], buffers)) if content["ok"] else []
    return content, events


@pytest.mark.parametrize(
    ("count", "told", "more"),
    [(0, 0, False), (5, 5, False), (2_000, 2_000, False), (2_001, 2_000, True)],
)
def test_the_last_events_of_a_log_come_oldest_first(count, told, more):
    client = Logs(log(count))
    content, events = asked(client)
    assert client.asked == [(("agdep_reports", "adrun_00000001"), False, False)]
    assert [event["message"] for event in events] == [
        f"line {number}" for number in range(count - told, count)
    ]
    assert content["more"] is more
    assert all(tuple(event) == protocol.LOG_KEYS for event in events)


def test_an_event_is_told_to_the_letter_and_what_is_missing_is_null():
    [event] = asked(Logs(log(1, message="a\x1b[31m\u202e</script>")))[1]
    assert event == {
        "created_at": moment(0),
        "level": "info",
        "event_type": "stdout",
        "source": "process",
        "message": "a\x1b[31m\u202e</script>",
        "metadata": '{"n": 1.50}',
    }
    [bare] = asked(Logs(log(1, created_at=None, level=None, message=None, metadata=None)))[1]
    assert [bare[name] for name in ("created_at", "level", "message", "metadata")] == [None] * 4


def test_a_log_that_is_too_large_is_cut_from_its_beginning():
    content, events = asked(Logs(log(1_000, message="x" * 50_000)))
    assert content["more"] is True
    assert 100 < len(events) < 1_000
    assert max(len(event["message"]) for event in events) < 21_000
    assert sum(len(event["message"]) for event in events) <= run_logs.MOST_CHARACTERS


class NoLogs:
    def read_output(self, *_: Any, **__: Any) -> bytes:
        return b""


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (None, "no client to read logs with"),
        (NoLogs(), "no client to read logs with"),
        (Logs(NotFoundError("The log is gone.", hint="Logs are held for a week.")), "a week."),
        (Logs(NotOffered("The service gives no logs.", hint="Ask for the run.")), "Ask for"),
        (Logs(ValueError("sk-secret")), "could not answer: ValueError."),
    ],
)
def test_where_there_is_no_log_the_reason_is_said(client, words):
    content, _ = asked(client)
    assert content["ok"] is False
    assert words in content["error"]
    assert "sk-secret" not in content["error"]


@pytest.mark.parametrize("changes", [{"id": None}, {"deployment_id": None}])
def test_a_run_without_its_ids_has_no_log(changes):
    client = Logs(log(1))
    content, _ = asked(client, 0, [json.dumps(record(1, **changes)).encode()])
    assert "without an id" in content["error"]
    assert client.asked == []


def test_a_log_that_is_late_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(run_logs, "SECONDS", 0.05)
    free = threading.Event()
    client = Logs(log(1))
    client.get_logs = lambda *_, **__: free.wait(10)
    threading.Timer(0.5, free.set).start()
    content, _ = asked(client)
    assert "did not come within" in content["error"]


def test_the_kernel_is_free_while_it_waits_and_one_log_is_read_at_a_time():
    free = threading.Event()
    client = Logs(log(1))
    client.get_logs = lambda *_, **__: free.wait(10) and log(1)
    view, said = explore(body(3), client), []
    view.send = lambda content, buffers=None: said.append(content)

    async def work():
        for number, op in enumerate(("logs", "logs", "run")):
            view._handle_custom_msg({"id": number, "op": op, "row": 0}, [])
        assert [content["id"] for content in said] == [1, 2]
        free.set()
        await view._reading["logs"]

    asyncio.run(work())
    assert "Another log" in said[0]["error"]
    assert said[2]["ok"]


def test_a_log_comes_from_a_real_service():
    with arn.local.serve(workers=1) as service:
        deployment = service.deployments["id"].iloc[0]
        run = service.submit(deployment)
        service.wait()
        content, events = asked(service.client, 0, service.client.get_run(deployment, run.id))
        assert content["ok"], content
        assert len(events) == len(service.client.get_logs((deployment, run.id)))
        assert events[0]["created_at"].endswith("Z")
