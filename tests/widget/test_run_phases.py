"""The phases that a page draws of a run: what this process saw, and what the log says once it is read."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.tables.ledger import shared_ledger
from agentrun_nb.widget import explore
from agentrun_nb.widget.run_phases import phases_of
from tests.tables.test_phases import logs, run
from tests.widget.test_run_logs import conversation, unpacked


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Any, arn.Run]]:
    """A service, and a run of it that was watched to its end."""
    with arn.local.serve(workers=1) as service:
        submitted = service.submit("csv-report")
        yield service, service.client.watch(submitted, interval=0.2).wait("2m")


def ask(view: Any, op: str) -> Any:
    content, buffers = conversation(view)({"id": 1, "op": op, "row": 0})
    assert content["ok"], content
    return content, buffers


def test_a_run_that_was_watched_has_the_phases_that_were_seen(watched: Any) -> None:
    service, ended = watched
    content, buffers = ask(explore(ended, service.client), "run")
    doc = json.loads(unpacked(content["doc"], buffers))
    assert doc["phases"]
    assert {phase["kind"] for phase in doc["phases"]} == {"observed"}
    assert not {phase["phase"] for phase in doc["phases"]} & TERMINAL
    for phase in doc["phases"]:
        assert phase["start"][0] <= phase["start"][1]
        assert phase["end"][0] <= phase["end"][1]


def test_with_the_log_come_the_phases_that_it_tells(watched: Any) -> None:
    service, ended = watched
    content, _ = ask(explore(ended, service.client), "logs")
    phases = content["phases"]
    assert [phase["phase"] for phase in phases] == ["queued", "starting", "installing", "running"]
    assert {phase["kind"] for phase in phases} == {"logged"}
    assert all(phase["start"][0] == phase["start"][1] for phase in phases)


def test_the_twin_draws_them_and_says_them_to_those_who_see_no_picture(watched: Any) -> None:
    _, ended = watched
    html = explore(ended)._twin()["text/html"]
    assert re.search(r'alt="Course of the run: [^"]* running', html)
    pictures = re.findall(r"data:image/svg\+xml;base64,([^\"]*)", html)
    assert "hatched: between two looks" in base64.b64decode(pictures[0]).decode()


def test_the_figure_of_the_run_has_a_row_of_them(watched: Any) -> None:
    _, ended = watched
    figure = explore(ended).figure()
    [line] = [trace for trace in figure.data if trace.name == "phases"]
    assert "/" in line.marker.pattern.shape
    assert set(line.y) == {1}
    assert "hatched: between two looks" in line.hovertext
    bar = figure.data[0]
    begin, end = bar.base[-1], bar.base[0] + bar.x[0]
    assert begin - 1 <= min(line.base)
    assert max(np.add(line.base, line.x)) <= end + 2_000
    assert list(figure.layout.yaxis.ticktext)[1:] == ["phases"]


def test_a_log_of_a_service_whose_events_nobody_explained_tells_no_phase() -> None:
    one = run("failed", started=3, completed=9)
    assert phases_of(one, logs(("run_queued", 0), ("run_running", 4), ("run_failed", 9))) == {}


def test_runs_that_were_only_seen_at_their_end_have_none(watched: Any) -> None:
    service, _ = watched
    ledger = shared_ledger(service.base_url)
    service.load(arn.local.generate(20))
    listed = service.client.list_runs(progress=False)
    listed = listed[listed["created_at"] < listed["fetched_at"] - pd.Timedelta("1D")]
    assert len(listed) == 20
    assert all(ledger.knows(*key) for key in listed[["deployment_id", "id"]].to_numpy())
    assert phases_of(listed) == {}
