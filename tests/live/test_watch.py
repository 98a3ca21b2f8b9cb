"""Waiting in a cell, in the background, in a loop and in asyncio gives the same, and raises the same."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from typing import Any

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.errors import (
    AgentRunError,
    NotEndedError,
    NotFoundError,
    SettingsError,
    UnauthorizedError,
)
from agentrun_nb.live.watch import Watch
from tests.faults.replies import DEP, KEY, http, page, record, refusal
from tests.faults.server import serving
from tests.live.lives import Life, Lives

SHORT: Life = [(-2.0, "queued"), (0.3, "running"), (1.2, "succeeded")]
FAILING: Life = [(-2.0, "queued"), (0.2, "installing"), (1.3, "failed")]
LONG: Life = [(-2.0, "queued"), (0.3, "running")]
ENDED: Life = [(-9.0, "queued"), (-5.0, "succeeded")]


@pytest.fixture
def lives() -> Lives:
    return Lives({"run_1": SHORT, "run_2": FAILING, "run_3": LONG, "run_4": ENDED})


@pytest.fixture
def client(lives: Lives) -> Iterator[Client]:
    with serving(lives) as server, Client(KEY, server.url, deadline=30.0) as client:
        yield client


async def _awaited(watch: Watch) -> Any:
    return await asyncio.wait_for(watch, 20)


async def _gathered(watch: Watch) -> Any:
    (found,) = await asyncio.gather(watch)
    return found


WAITS: dict[str, Callable[[Client, Any], Any]] = {
    "client.wait": lambda client, runs: client.wait(runs, timeout="20s", progress=False),
    "watch.wait": lambda client, runs: client.watch(runs).wait(timeout=timedelta(seconds=20)),
    "await": lambda client, runs: asyncio.run(_awaited(client.watch(runs))),
    "gather": lambda client, runs: asyncio.run(_gathered(client.watch(runs))),
}

# fmt: off
ONE: dict[str, Callable[[Client], Any]] = {
    "a Run": lambda client: client.get_run(DEP, "run_1"),
    "a pair": lambda client: (DEP, "run_1"),
    "a pair as a list": lambda client: [DEP, "run_1"],
    "a row": lambda client: client.get_run(DEP, "run_1").to_frame().iloc[0],
    "a mapping": lambda client: {"deployment_id": DEP, "id": "run_1"},
}
SEVERAL: dict[str, Callable[[Client], Any]] = {
    "a frame": lambda client: client.get_runs(DEP, ["run_1", "run_2"], progress=False),
    "Runs": lambda client: [client.get_run(DEP, "run_1"), client.get_run(DEP, "run_2")],
    "pairs": lambda client: [(DEP, "run_1"), (DEP, "run_2")],
    "an iterator": lambda client: iter([(DEP, "run_1"), (DEP, "run_2")]),
    "names in a frame": lambda client: pd.DataFrame({"deployment_id": [DEP] * 2, "run_id": ["run_1", "run_2"]}),
    "a mixture": lambda client: [client.get_run(DEP, "run_1"), (DEP, "run_2")],
    "one in a list": lambda client: [client.get_run(DEP, "run_1")],
}
# fmt: on


def each_way(client: Client, make: Callable[[Client], Any]) -> dict[str, Any]:
    """What each way to wait gives, all at once."""
    with ThreadPoolExecutor(len(WAITS)) as threads:
        begun = {way: threads.submit(wait, client, make(client)) for way, wait in WAITS.items()}
        return {way: waiting.result() for way, waiting in begun.items()}


@pytest.mark.parametrize("kind", ONE)
def test_one_run_is_a_run_when_it_has_ended(kind, client):
    for found in each_way(client, ONE[kind]).values():
        assert isinstance(found, arn.Run)
        assert (found.id, found.status) == ("run_1", "succeeded")
        assert found.fetched_at is not None


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_are_the_table_of_runs_when_all_have_ended(kind, client):
    expected = ["succeeded"] if kind == "one in a list" else ["succeeded", "failed"]
    for runs in each_way(client, SEVERAL[kind]).values():
        assert runs["status"].tolist() == expected
        assert list(runs.columns) == list(arn.runs_frame([]).columns)
        assert runs["fetch_error"].isna().all()


def test_a_frame_keeps_its_index_its_columns_and_its_repeated_rows(client):
    runs = client.get_runs(DEP, ["run_4", "run_1", "run_1"], progress=False)
    runs = runs.set_axis(["x", "y", "z"]).assign(team="a")
    found = client.wait(runs, timeout=20, progress=False)
    assert found.index.tolist() == ["x", "y", "z"]
    assert found["team"].tolist() == ["a"] * 3
    assert found["status"].tolist() == ["succeeded"] * 3
    assert arn.fetch_report(found).complete is True


def test_runs_come_as_they_end_and_those_that_had_ended_come_first(client, lives):
    lives.add("run_5", [(-2.0, "queued"), (3.0, "succeeded")])
    lives.add("run_6", [(-2.0, "queued"), (6.0, "cancelled")])
    given = client.get_runs(DEP, ["run_6", "run_5", "run_4"], progress=False)
    expected = ["run_4", "run_5", "run_6"]
    watch = client.watch(given)
    assert [run.id for run in watch] == expected
    assert [run.id for run in watch] == expected, "a second loop gives the same"

    async def collect() -> list[str]:
        return [run.id async for run in client.watch(given)]

    assert set(asyncio.run(collect())) == set(expected)
    assert (watch.active, watch.done, watch.reason) == (False, True, "all ended")


def test_a_run_that_has_ended_is_not_asked_for_again(client, lives):
    runs = client.get_runs(DEP, ["run_4"], progress=False)
    before = len(lives.arrivals)
    assert client.wait(runs, progress=False)["status"].tolist() == ["succeeded"]
    assert client.wait(client.get_run(DEP, "run_4"), progress=False).status == "succeeded"
    assert client.wait([], progress=False).empty
    assert client.wait(runs.head(0), progress=False).empty
    assert len(lives.arrivals) == before + 1


TIMEOUTS = {
    "client.wait": lambda client, runs: client.wait(runs, timeout=0.5, progress=False),
    "watch.wait": lambda client, runs: client.watch(runs).wait(timeout="0.5s"),
}


@pytest.mark.parametrize("way", TIMEOUTS)
def test_a_wait_that_ends_is_not_a_run_that_ended(way, client, lives):
    lives.add("run_5", [(-2.0, "queued"), (4.0, "succeeded")])
    ids = ["run_5", "run_3", "run_4"]
    with pytest.raises(NotEndedError, match=r"2 runs of 3 had not ended.*timeout") as caught:
        TIMEOUTS[way](client, client.get_runs(DEP, ids, progress=False))
    assert isinstance(caught.value, TimeoutError)
    runs = caught.value.runs
    assert runs["id"].tolist() == ids
    assert runs["status"].eq("succeeded").tolist() == [False, False, True]
    assert client.wait(runs.head(1), timeout=20, progress=False)["status"].item() == "succeeded"


def test_a_timeout_ends_the_watch(client):
    watch = client.watch((DEP, "run_3"))
    with pytest.raises(NotEndedError):
        watch.wait(timeout=0)
    assert (watch.active, watch.done, watch.reason) == (False, False, "timeout")
    assert watch.pending["id"].tolist() == ["run_3"]


# fmt: off
ENDINGS: dict[str, Callable[[Watch], Any]] = {
    "wait": lambda watch: watch.wait(timeout=20),
    "for": lambda watch: list(watch),
    "await": lambda watch: asyncio.run(_awaited(watch)),
    "async for": lambda watch: asyncio.run(_all(watch)),
}
# fmt: on


async def _all(watch: Watch) -> list[arn.Run]:
    return [run async for run in watch]


@pytest.mark.parametrize("way", ENDINGS)
def test_a_run_that_is_not_there_is_an_error_and_not_an_end(way, client):
    watch = client.watch((DEP, "no_run"))
    with pytest.raises(NotFoundError, match="no_run"):
        ENDINGS[way](watch)
    assert (watch.active, watch.done) == (False, False)


@pytest.mark.parametrize("way", ["wait", "await"])
def test_one_of_several_that_is_not_there_does_not_hide_the_others(way, client):
    with pytest.raises(NotEndedError) as caught:
        ENDINGS[way](client.watch([(DEP, "no_run"), (DEP, "run_1")]))
    assert caught.value.runs["status"].tolist()[1] == "succeeded"
    assert caught.value.runs["fetch_error"].tolist()[0].startswith("not_found: ")


@pytest.mark.parametrize("way", ENDINGS)
def test_a_key_that_is_refused_is_an_error(way, lives):
    lives.fault = lambda request: [refusal("401 X", code="unauthorized")]
    with serving(lives) as server, Client(KEY, server.url) as client:
        watch = client.watch((DEP, "run_1"))
        with pytest.raises(UnauthorizedError) as caught:
            ENDINGS[way](watch)
        assert watch.reason == "key refused"
        assert KEY not in str(caught.value) + repr(watch)


def test_another_key_is_not_shown_what_the_first_one_sees(lives):
    """One poller serves those with one key; a wrong one has its own, and is refused."""

    def only_the_first(request):
        right = request.headers["authorization"] == f"Bearer {KEY}"
        return None if right else [refusal("401 X", code="unauthorized")]

    lives.fault = only_the_first
    with (
        serving(lives) as server,
        Client(KEY, server.url) as right,
        Client("another", server.url) as wrong,
    ):
        good, bad = right.watch((DEP, "run_1")), wrong.watch((DEP, "run_1"))
        with pytest.raises(UnauthorizedError):
            bad.wait(timeout=20)
        assert good.wait(timeout=20).status == "succeeded"
        assert bad.runs["status"].isna().all()


# --- deployments -----------------------------------------------------------------------------------


FRAME = pd.DataFrame({"id": [DEP], "active_version_id": ["ver_1"]})
"""The deployment as `list_deployments` has it."""


def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Waits until something is so; it fails where that takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("what", [DEP, {DEP}, None, FRAME, FRAME["id"], FRAME.iloc[0]])
def test_of_a_deployment_what_goes_on_and_what_comes(client, lives, what):
    for run_id, status in (("run_1", "succeeded"), ("run_2", "failed")):
        lives.add(run_id, [(-2.0, "queued"), (0.3, "running"), (5.0, status)])
    with client.watch(what) as watch:
        until(lambda: len(watch.runs) == 3)
        assert set(watch.runs["id"]) == {"run_1", "run_2", "run_3"}
        lives.add("run_9", [(0, "queued"), (0.1, "running"), (0.9, "succeeded")])
        ended = []
        for run in watch:
            ended.append(run.id)
            if len(ended) == 3:
                break
        assert set(ended) == {"run_1", "run_2", "run_9"}
        assert (watch.active, watch.done) == (True, False)
        assert watch.pending["id"].tolist() == ["run_3"]
    assert watch.reason == "stopped"
    assert {"run_9", "run_1"} <= set(watch.observations["run_id"])


PAUSED: Life = [(-5_000.0, "queued"), (-4_000.0, "paused")]
"""A run of long ago with a status that this package does not know."""


@pytest.mark.parametrize("known_by", ["a run among the newest", "this process", "a new run"])
def test_a_run_with_a_status_that_nobody_knows_is_watched_as_well(known_by, lives):
    """It is older than 300 others, and the list is asked for it by its status."""
    lives.lives |= {f"run_of_{n}": [(-900.0 - n, "succeeded")] for n in range(300)}
    lives.lives["run_odd"] = [*PAUSED, (4.0, "cancelled")]
    if known_by == "a run among the newest":
        lives.lives["run_new"] = [(-3.0, "paused")]
    with serving(lives) as server, Client(KEY, server.url) as client:
        if known_by == "this process":
            client.get_run(DEP, "run_odd")
        with client.watch(DEP, interval=0.5) as watch:
            if known_by == "a new run":
                until(lambda: "run_3" in set(watch.runs["id"]))
                lives.add("run_new", [(0.0, "paused")])
            until(lambda: "run_odd" in set(watch.runs["id"]))
            assert not [run_id for run_id in watch.runs["id"] if run_id.startswith("run_of_")]
            ended = next(run for run in watch if run.id == "run_odd")
            assert ended.status == "cancelled"
    listed = [target for _, target in lives.arrivals if "status=paused" in target]
    assert len(listed) == 1


def test_a_service_that_does_not_list_by_its_own_status_is_watched_all_the_same(lives):
    lives.lives["run_odd"] = PAUSED
    refused = refusal("400 X", code="invalid_request")
    lives.fault = lambda request: [refused] if request.query.get("status") == "paused" else None
    with serving(lives) as server, Client(KEY, server.url) as client, client.watch(DEP) as watch:
        until(lambda: "run_3" in set(watch.runs["id"]))
        lives.add("run_9", [(0, "queued"), (0.1, "failed")])
        until(lambda: "run_9" in set(watch.runs["id"]))
        assert watch.active


def test_a_run_that_is_over_before_anybody_looks_is_seen_as_well(client, lives):
    with client.watch(DEP) as watch:
        until(lambda: "run_3" in set(watch.runs["id"]))
        lives.add("run_9", [(0, "queued"), (0.01, "failed")])
        until(lambda: "run_9" in set(watch.runs["id"]))
        assert watch.runs.set_index("id")["status"]["run_9"] == "failed"


def test_since_brings_what_has_ended_as_well(client, lives):
    lives.lives["run_old"] = [(-900.0, "queued"), (-800.0, "succeeded")]
    with client.watch(DEP) as without, client.watch(DEP, since="1m") as watch:
        until(lambda: len(watch.runs) == 4)
        assert set(watch.runs["id"]) == {"run_1", "run_2", "run_3", "run_4"}
        assert "run_4" not in set(without.runs["id"])


@pytest.mark.parametrize("filters", [True, False])
def test_many_runs_are_watched_by_lists_and_each_end_is_seen(filters):
    """A service that does not heed the filter is asked for each run by itself."""
    many = {f"run_{n}": [(-5.0, "running"), (0.5 + 0.1 * n, "succeeded")] for n in range(12)}
    lives = Lives(many, filters=filters)
    with serving(lives) as server, Client(KEY, server.url) as client:
        runs = client.wait([(DEP, run_id) for run_id in many], timeout=30, progress=False)
    assert runs["status"].eq("succeeded").all()
    listed = [target for _, target in lives.arrivals if "status=" in target]
    assert listed


def test_a_service_without_lists_is_watched_run_by_run(lives):
    lives.lists = False
    with serving(lives) as server, Client(KEY, server.url) as client:
        keys = [(DEP, "run_1")] + [(DEP, "run_2")] * 9
        assert client.wait(keys, timeout=20, progress=False)["status"].tolist() == [
            "succeeded",
            "failed",
        ]
        watch = client.watch(DEP)
        with pytest.raises(AgentRunError):
            list(watch)


def test_a_watch_of_a_deployment_says_that_it_never_ends(client):
    watch = client.watch(DEP)
    with pytest.raises(SettingsError, match="never ends by itself"):
        watch.wait()
    with pytest.raises(SettingsError, match="never ends by itself"):
        asyncio.run(_awaited(watch))
    assert watch.active
    with pytest.raises(NotEndedError, match="timeout"):
        watch.wait(timeout=0.1)
    with pytest.raises(NotEndedError, match="timeout"):
        asyncio.run(_awaited(watch))


def test_the_name_of_a_deployment_is_an_error_that_gives_its_id(client):
    with pytest.raises(NotFoundError, match=DEP):
        list(client.watch("lives"))
    with pytest.raises(NotFoundError, match=DEP):
        client.watch("lives").wait(timeout=20)


# --- what keeps a run from being seen to end --------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"status": "unheard_of"},
            "1 has the status 'unheard_of', which is not known to end a run",
        ),
        ({"mode": "service", "status": "running"}, "1 is a service, which does not end by itself"),
    ],
)
def test_what_is_not_known_to_end_is_not_ended_and_said_once(fields, words, lives):
    class Odd(Lives):
        def record(self, run_id):
            found = super().record(run_id)
            return None if found is None else found | fields

    odd = Odd(lives.lives)
    with serving(odd) as server, Client(KEY, server.url) as client:
        watch = client.watch((DEP, "run_1"))
        until(lambda: watch.runs["status"].notna().all())
        assert repr(watch).count(words) == 1
        assert not watch.done
        watch.stop()


@pytest.mark.parametrize("what", ["agdep_nope", (DEP, "run_nope")])
def test_a_watch_that_sees_nothing_says_why(what, client):
    watch = client.watch(what)
    until(lambda: not watch.active)
    assert re.search(r"; the rest cannot be seen: The service has no .*nope", repr(watch))
    with pytest.raises(NotFoundError, match="nope"):
        list(watch)


class Three:
    """A service with three deployments that have one run each; `fault` is all that the second says."""

    def __init__(self) -> None:
        self.fault: bytes | None = None
        self.status = "running"

    def __call__(self, request, number):
        if request.last == "agent-deployments":
            return [page(*({"id": name, "name": name} for name in "abc"))]
        deployment = request.path.split("/agent-deployments/")[1][0]
        if deployment == "b" and self.fault is not None:
            return [self.fault]
        fields = {"status": self.status, "completed_at": None}
        run = record(f"run_{deployment}", deployment_id=deployment, **fields)
        if request.last != "runs":
            return [http(run)]
        return [page(*([run] if request.query.get("status") in (None, self.status) else []))]


LOSSES = {
    "not_found": refusal("404 X", code="deployment_not_found"),
    "forbidden": refusal("403 X", code="forbidden"),
    "server": refusal("500 X", code="down"),
}


@pytest.mark.parametrize("what", [{"a", "b", "c"}, None])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_deployment_that_is_lost_costs_its_own_runs_and_the_watch_says_which(what, loss):
    three = Three()
    with (
        serving(three) as server,
        Client(KEY, server.url, deadline=1.0) as client,
        client.watch(what, interval=0.1) as watch,
    ):
        until(lambda: len(watch.runs) == 3)
        feed = watch._feed()
        three.fault = LOSSES[loss]
        until(lambda: "Deployment 'b' is lost: " in repr(watch))
        until(lambda: "Deployment 'b' is lost: " in feed.trouble())
        assert feed.count_waiting() == 2
        three.status = "succeeded"
        assert {run.id for run in islice(watch, 2)} == {"run_a", "run_c"}
        assert (watch.active, watch.reason) == (True, None)
        assert watch.pending["id"].tolist() == ["run_b"]
    assert "stopped; Deployment 'b' is lost: " in repr(watch)


def test_a_watch_ends_with_the_last_of_its_deployments(client):
    watch = client.watch({"agdep_one", "agdep_two"})
    until(lambda: not watch.active)
    assert watch.reason == "the rest cannot be seen"
    for name in ("agdep_one", "agdep_two"):
        assert f"Deployment '{name}' is lost: The service has no deployment" in repr(watch)
    watch = client.watch({f"agdep_{n}" for n in range(8)})
    until(lambda: not watch.active)
    assert repr(watch).count(" is lost: ") == 3
    assert repr(watch).endswith("; And 5 more deployments.>")


@pytest.mark.parametrize("loss", LOSSES)
def test_a_deployment_that_is_lost_costs_a_wait_its_own_runs(loss):
    three = Three()
    three.fault = LOSSES[loss]
    three.status = "succeeded"
    with (
        serving(three) as server,
        Client(KEY, server.url, deadline=1.0) as client,
        pytest.raises(NotEndedError) as caught,
    ):
        client.wait([(name, f"run_{name}") for name in "abc"], progress=False)
    runs = caught.value.runs.set_index("id")
    assert runs["status"].dropna().to_dict() == {"run_a": "succeeded", "run_c": "succeeded"}
    assert runs["fetch_error"].dropna().index.tolist() == ["run_b"]
    assert runs["fetch_error"]["run_b"].startswith((f"{loss}: ", "deadline: "))


def test_the_sentence_counts_how_they_ended_and_when_they_were_last_seen(client, lives):
    lives.add("run_5", [(-2.0, "queued"), (-1.0, "installing"), (4.0, "failed")])
    watch = client.watch([(DEP, "run_1"), (DEP, "run_5")])
    assert repr(watch).endswith("goes on>")
    watch.wait(timeout=20)
    assert "2 of 2 runs ended in " in repr(watch)
    assert "1 succeeded, 1 failed (last seen installing 1)" in repr(watch)


# --- odd arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", ["soon", -1, True, float("nan"), object(), "30", 2**80, [1]])
def test_what_is_no_length_of_time_is_refused(timeout, client):
    for call in (client.wait, client.watch):
        name = "timeout" if call == client.wait else "interval"
        with pytest.raises(SettingsError, match="is not a length of time"):
            call((DEP, "run_4"), **{name: timeout})


def test_since_is_for_deployments(client):
    with pytest.raises(SettingsError, match="since="):
        client.watch((DEP, "run_1"), since="1h")
    with pytest.raises(SettingsError, match="interval=0"):
        client.watch((DEP, "run_1"), interval=0)


# --- nothing is left behind ------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_knows_that_it_does_not_look(client):
    watch = client.watch((DEP, "run_1"))
    until(lambda: watch.runs["status"].notna().all())
    child = os.fork()
    if not child:
        good = (watch.active, watch.reason) == (False, "another process")
        watch.stop()
        here = client.watch((DEP, "run_1"))
        good &= here.wait(timeout=20).status == "succeeded"
        os._exit(0 if good else 1)
    assert watch.wait(timeout=20).status == "succeeded"
    assert os.waitpid(child, 0) == (child, 0)
