"""Names of deployments and versions in a view: asked for once, behind its back, and never waited for."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.errors import NotOffered
from agentrun_nb.widget import explore
from tests.support.samples import body
from tests.widget.test_protocol import conversation

RUNS = arn.runs_frame(body(6))
NAMES = {"agdep_reviews": "code reviews", "agver_1": "code reviews v1", "other": "another"}
OWN = {"agdep_reviews": "code reviews", "agver_1": "code reviews v1"}
"""Those of the runs here."""


class Named:
    """A client of which only names are asked."""

    def __init__(self, answer: Any = NAMES) -> None:
        self.answer, self.asked, self.free = answer, 0, threading.Event()

    def read_output(self, *_: Any, **__: Any) -> bytes:
        raise AssertionError("nobody asked for a file")

    def names(self) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        self.asked += 1
        assert self.free.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture(autouse=True)
def _no_output(monkeypatch):
    monkeypatch.setattr("agentrun_nb.widget.view.display", lambda *_, **__: None)


def displayed(client: Any, **how: Any) -> tuple[Any, list[Any]]:
    """A view that was displayed and opened twice on a loop, and what it said by itself since."""
    view, said = explore(RUNS, client, **how), []

    async def work() -> None:
        ask = conversation(view)
        view._ipython_display_()
        for number in (1, 2):
            assert ask({"id": number, "op": "open"})[0]["page"]["names"] == how.get("names", {})
        view._ipython_display_()
        view.send = lambda content, buffers=None: said.append(
            (content, threading.current_thread() is threading.main_thread())
        )
        client.free.set()
        for _ in range(500):
            threads = {thread.name for thread in threading.enumerate()}
            if "agentrun_nb names" not in threads:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)

    asyncio.run(work())
    return view, said


def test_a_client_is_asked_for_names_once_and_the_page_gets_those_of_its_runs():
    client = Named()
    view, said = displayed(client)
    assert client.asked == 1
    assert said == [({"op": "names", "names": OWN}, True)]
    assert view._page()[0]["names"] == OWN
    view.update(RUNS.head(3))
    assert view._page()[0]["names"] == OWN


def test_names_that_came_are_searched_and_written_to_files(tmp_path):
    client = Named()
    view = explore(RUNS, client, filter={"text": "reviews v1"})
    assert len(view.shown) == 0
    client.free.set()
    view._on_opened()
    for thread in threading.enumerate():
        if thread.name == "agentrun_nb names":
            thread.join(10)
    pd.testing.assert_frame_equal(view.shown, RUNS[RUNS["version_id"].eq("agver_1")])
    assert "code reviews v1" in view.to_html(tmp_path / "file.html").read_text()
    names = {"runs": RUNS, "arn": arn, "pd": pd}
    exec(view.code, names)
    pd.testing.assert_frame_equal(names["shown"], view.shown)


def test_names_that_were_given_win():
    client = Named()
    view, said = displayed(client, names={"agdep_reviews": "mine"})
    assert (client.asked, said) == (0, [])
    assert view._page()[0]["names"] == {"agdep_reviews": "mine"}
    assert displayed(Named(), names={})[1] == []


@pytest.mark.parametrize(
    "answer",
    [NotOffered("No deployments here."), ValueError("sk-secret"), {"a": 1}, None, "names", {}],
    ids=repr,
)
def test_where_no_names_come_nothing_is_said_but_in_the_log(answer, caplog, capfd):
    caplog.set_level(logging.DEBUG, "agentrun_nb")
    view, said = displayed(Named(answer))
    assert said == []
    assert view._page()[0]["names"] == {}
    messages = [record.getMessage() for record in caplog.records if "agentrun_nb" in record.name]
    assert len(messages) == (0 if answer in (None, {}) else 1)
    assert all(
        record.levelno == logging.DEBUG for record in caplog.records if "agentrun" in record.name
    )
    assert "sk-secret" not in "".join(messages)
    assert capfd.readouterr() == ("", "")


def test_a_client_without_names_is_not_asked():
    class Bare:
        free = threading.Event()

        def read_output(self, *_: Any, **__: Any) -> bytes:
            return b""

    assert displayed(Bare())[1] == []


def test_a_closed_view_takes_names_in_silence():
    client = Named()
    view = explore(RUNS, client)
    view._on_opened()
    view.close()
    client.free.set()
    for thread in threading.enumerate():
        if thread.name == "agentrun_nb names":
            thread.join(10)
            assert not thread.is_alive()


def test_names_come_from_a_real_service():
    with arn.local.serve(workers=1) as service:
        service.submit(service.deployments["id"].iloc[0])
        service.wait()
        runs = service.client.list_runs(progress=False)
        view = explore(runs, service.client)
        thread = threading.Thread(target=view._on_opened)
        thread.start()
        thread.join(10)
        for other in threading.enumerate():
            if other.name == "agentrun_nb names":
                other.join(10)
        assert view._names == service.client.names()
