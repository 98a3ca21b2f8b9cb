"""One poller a service: what it asks for, what it sees, when it pauses, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.errors import NotEndedError
from agentrun_nb.http import loop
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.wire import Wire
from agentrun_nb.live import pace
from agentrun_nb.live.poller import shared_poller
from agentrun_nb.live.watch import Watch
from tests.faults.replies import DEP, KEY, refusal
from tests.faults.server import CLOSE, RESET, serving
from tests.live.lives import Life, Lives
from tests.live.stepped import clients_of, stepped
from tests.live.test_watch import until

LIVE = {f"run_{n}": [(-1.0 - n / 50, "queued"), (0.5, "running")] for n in range(50)}
"""Fifty runs that go on."""


@contextmanager
def watched(
    lives: Lives, count: int, what: Any = DEP, number_of_clients: int = 1
) -> Iterator[list[Any]]:
    """So many watches of the same, by several clients."""
    with clients_of(lives, number_of_clients) as clients:
        yield [clients[n % len(clients)].watch(what) for n in range(count)]


TWO = [(DEP, "run_1"), (DEP, "run_2")]
EVERY = [(DEP, run_id) for run_id in LIVE]


@pytest.mark.parametrize("what", [DEP, TWO, EVERY], ids=["a deployment", "two runs", "50 runs"])
@pytest.mark.parametrize("number_of_clients", [1, 3])
def test_ten_watches_ask_no_more_than_one(number_of_clients, what, monkeypatch):
    """In the same minute, and without jitter, so that both come to as many rounds."""
    monkeypatch.setattr(pace, "JITTER", 0.0)
    alone, together = Lives(LIVE), Lives(LIVE)
    with (
        stepped() as clock,
        watched(alone, 1, what) as one,
        watched(together, 10, what, number_of_clients) as ten,
    ):
        clock.advance(60.0)
        few, many = len(alone.arrivals), len(together.arrivals)
        expected = 2 if what == TWO else 50
        for watch in [*one, *ten]:
            assert watch.runs["status"].tolist() == ["running"] * expected
    print(f"{few} requests for one watch, {many} for ten")
    assert few > 30
    assert many <= 1.2 * few


def test_nine_watches_that_come_later_ask_little_more(monkeypatch):
    """Each of them has to be told what there is."""
    monkeypatch.setattr(pace, "JITTER", 0.0)
    alone, together = Lives(LIVE), Lives(LIVE)
    with stepped() as clock, clients_of(alone) as one, clients_of(together) as other:
        watches = [client.watch(DEP) for client in [*one, *other]]
        for _ in range(9):
            clock.advance(6.5)
            watches.append(other[0].watch(DEP))
        clock.advance(60.0)
        few, many = len(alone.arrivals), len(together.arrivals)
        assert all(len(watch.runs) == 50 for watch in watches)
    print(f"{few} requests for one watch, {many} for ten")
    assert many <= 1.2 * few


PAUSED = {
    "single runs": [*EVERY[:3]],
    "many runs": EVERY,
    "a deployment": DEP,
}


@pytest.mark.parametrize("kind", PAUSED)
@pytest.mark.parametrize("seconds", [1, 5, 20])
def test_nobody_asks_while_the_service_wants_a_pause(kind, seconds):
    """In the middle of ten watches: no request of any kind comes for as long as it said.

    Nor one of somebody who asks by hand, of another client.
    """
    refused_at: list[float] = []

    def refuse_once(_):
        if time.monotonic() < 10.0 or refused_at:
            return None
        refused_at.append(time.monotonic())
        return [refusal("429 Too Many Requests", f"Retry-After: {seconds}")]

    lives = Lives(LIVE, fault=refuse_once)
    with stepped() as clock, clients_of(lives, 2) as (client, other):
        watches = [client.watch(PAUSED[kind]) for _ in range(10)]
        clock.advance_until(lambda: refused_at)
        assert clock.call(other.get_run, DEP, "run_1").status == "running"
        clock.advance(30.0)
        assert all(watch.active for watch in watches)
    after = [moment - refused_at[0] for moment, _ in lives.arrivals]
    # What was sent in the same moment was on its way.
    assert not [moment for moment in after if 0.0 < moment < seconds]
    assert [moment for moment in after if moment >= seconds], "afterwards it goes on"


@pytest.mark.parametrize("lists", [True, False])
def test_a_connection_that_breaks_is_not_a_run_that_ends(lists, monkeypatch):
    """Twenty waits, and of the requests for each every other one breaks; each run is seen to end when it has."""
    monkeypatch.setattr(Wire, "policy", Policy(attempts=2, base=0.01, longest=0.02))
    dice = random.Random(3)
    runs: dict[str, Life] = {
        f"run_{n}": [(-3.0, "running"), (1.0 + n / 10, "succeeded")] for n in range(20)
    }
    came: Counter[str] = Counter()

    def drop(request):
        came[request.last] += 1
        return [dice.choice([RESET, CLOSE])] if came[request.last] % 2 else None

    lives = Lives(runs, lists=lists, fault=drop)
    with serving(lives) as server, Client(KEY, server.url, deadline=30.0) as client:
        watches = {run_id: client.watch((DEP, run_id)) for run_id in runs}
        for run_id, watch in watches.items():
            ended = watch.wait(timeout=60)
            assert ended.status == "succeeded"
            assert time.time() >= lives.began + runs[run_id][-1][0]
            assert watch.reason == "all ended"
    assert set(runs) <= set(came), "of each run a request broke"


@pytest.mark.parametrize("what", [(DEP, "run_1"), TWO, DEP], ids=["a run", "two", "a deployment"])
def test_a_silence_ends_the_watch_and_is_no_end_of_a_run(what):
    """It ends after the client's deadline, and no sooner."""
    lives = Lives({"run_1": LIVE["run_1"], "run_2": LIVE["run_2"]})
    with stepped() as clock, clients_of(lives) as (client,):
        watch = client.watch(what)
        clock.advance(10.0)
        assert watch.runs["status"].eq("running").all()
        lives.fault = lambda _: [RESET]
        clock.advance(100.0)
        assert watch.active
        with pytest.raises(NotEndedError, match="silence") as caught:
            clock.call(watch.wait, timeout="10m")
        assert (watch.active, watch.done, watch.reason) == (False, False, "silence")
        runs = watch.runs if what == DEP else caught.value.runs
        assert runs["status"].eq("running").all()


@pytest.mark.parametrize("what", ["their keys", "a frame"])
def test_a_hundred_runs_come_as_they_end(what):
    """Some minutes of them, each once, and no one before it has ended."""
    lives = Lives(
        {f"run_{n}": [(-5.0, "running"), (2.0 * n + 1.0, "succeeded")] for n in range(100)}
    )
    came: list[tuple[str, float]] = []

    def cell(watch: Watch) -> None:
        for run in watch:
            came.append((run.id, time.time()))

    with stepped() as clock, clients_of(lives) as (client,):
        keys = [(DEP, run_id) for run_id in lives.lives]
        runs = keys if what == "their keys" else clock.call(client.list_runs, DEP, progress=False)
        watch = client.watch(runs)
        clock.call(cell, watch)
        waited = clock.call(watch.wait)
    assert sorted(run_id for run_id, _ in came) == sorted(lives.lives)
    assert all(moment >= lives.changes(run_id)[-1][0].timestamp() for run_id, moment in came)
    assert waited["status"].eq("succeeded").all()
    sentence = r"<Watch: 100 of 100 runs ended in (2 min 59 s|3 min( \d+ s)?): 100 succeeded>"
    assert re.fullmatch(sentence, repr(watch))


# --- what is left behind ---------------------------------------------------------------------------


def tasks() -> int:
    """How many tasks the client's loop has."""
    here = loop.current()

    async def count() -> int:
        return len(asyncio.all_tasks(here)) - 1

    return asyncio.run_coroutine_threadsafe(count(), here).result(10)


def stop(client: Client, watch: Any) -> None:
    watch.stop()


def close(client: Client, watch: Any) -> None:
    client.close()


def leave(client: Client, watch: Any) -> None:
    with watch:
        pass


def time_out(client: Client, watch: Any) -> None:
    with pytest.raises(NotEndedError):
        watch.wait(timeout=0)


def interrupt(client: Client, watch: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        for _ in watch:
            pass  # pragma: no cover


ENDS: dict[str, Callable[[Client, Any], None]] = {
    "stop": stop,
    "close": close,
    "with": leave,
    "timeout": time_out,
    "interrupt": interrupt,
    "drop": lambda client, watch: None,
}


def begun(client: Client, what: Any) -> Any:
    """A watch that has seen something, which nobody else holds."""
    watch = client.watch(what)
    until(lambda: watch.runs["status"].notna().any())
    return watch


@pytest.mark.parametrize("what", [DEP, [(DEP, "run_1"), (DEP, "run_2")]])
@pytest.mark.parametrize("way", ENDS)
def test_nothing_is_left_behind(way, what, monkeypatch):
    lives = Lives(LIVE)
    before = tasks()
    with serving(lives) as server, Client(KEY, server.url) as client:
        watch = begun(client, what)
        poller = shared_poller(client._wire)
        assert poller.listeners
        if way == "interrupt":
            # A shell that starts this in the background has the signal ignored.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            timer = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    f"import os,time; time.sleep(2.0); os.kill({os.getpid()}, {int(signal.SIGINT)})",
                ]
            )
        ENDS[way](client, watch)
        if way == "interrupt":
            timer.wait()
        del watch
        gc.collect()
        until(lambda: not poller.listeners and not poller._deployments and tasks() == before)
        count = len(lives.arrivals)
        time.sleep(1.5)
        assert len(lives.arrivals) == count


def test_one_of_two_watches_that_stops_leaves_the_other_alone():
    lives = Lives({"run_1": [(-1.0, "running"), (1.5, "succeeded")]})
    with serving(lives) as server, Client(KEY, server.url) as one, Client(KEY, server.url) as two:
        first, second = one.watch((DEP, "run_1")), two.watch((DEP, "run_1"))
        until(lambda: second.runs["status"].notna().all())
        first.stop()
        one.close()
        assert second.wait(timeout=20).status == "succeeded"


@pytest.mark.parametrize("leaves_first", ["the run", "the deployment"])
def test_a_run_and_its_deployment_are_watched_by_two_who_do_not_meet(leaves_first):
    """Whoever leaves first leaves nothing to look at for nobody."""
    lives = Lives(LIVE | {"run_old": [(-90.0, "queued"), (-80.0, "succeeded")]})
    with serving(lives) as server, Client(KEY, server.url) as client:
        deployment = client.watch(DEP)
        until(lambda: len(deployment.runs) == 50)
        runs = client.watch([(DEP, "run_1"), (DEP, "run_old"), (DEP, "no_run")])
        until(lambda: runs.runs["status"].notna().sum() == 2)
        both = [runs, deployment] if leaves_first == "the run" else [deployment, runs]
        both[0].stop()
        count = len(lives.arrivals)
        until(lambda: len(lives.arrivals) > count + 3)
        assert both[1].active
        assert len(deployment.runs) == 50, "neither what ended before nor what is not there"


SCRIPT = """
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from agentrun_nb.client import Client
client = Client({key!r}, {url!r})
keys = [({dep!r}, "run_1"), ({dep!r}, "run_2")]
threading.Timer(6.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
runs = client.wait(keys, progress=False)
print(runs["status"].tolist())
"""


def test_an_interrupt_gives_what_is_known():
    lives = Lives({"run_1": [(-9.0, "running"), (-1.0, "failed")], "run_2": [(-9.0, "running")]})
    with serving(lives) as server:
        script = SCRIPT.format(key=KEY, url=server.url, dep=DEP)
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=Path(__file__).parents[2],
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['failed', 'running']"


# --- what is seen ----------------------------------------------------------------------------------


def made_lives(count: int, seed: int, slowness: float) -> dict[str, Life]:
    """Lives whose statuses last some seconds, or so many times as long; some began long before."""
    dice = random.Random(seed)
    lives: dict[str, Life] = {}
    for number in range(count):
        moment = dice.choice([dice.uniform(-1.0, 0.0), dice.uniform(-90.0, 0.0)])
        changes = []
        for status in ("queued", "starting", "installing", "running"):
            changes.append((moment, status))
            moment = max(moment, 0.0) + dice.uniform(0.05, 2.5) * slowness
        changes.append((moment, dice.choice(sorted(TERMINAL))))
        lives[f"run_{number}"] = changes
    return lives


@pytest.mark.parametrize("slowness", [1.0, 60.0])
@pytest.mark.parametrize("how", ["by keys", "a deployment"])
def test_what_the_poller_sees_holds_each_true_change_between_two_looks(how, slowness):
    """By its looks alone, and close: within a tenth of the age and a second for 95 of 100."""
    lives = Lives(made_lives(200, seed=5, slowness=slowness))
    dice = random.Random(6)
    with stepped() as clock, clients_of(lives, latency=lambda: dice.uniform(0.0, 0.05)) as clients:
        watch = clients[0].watch(
            DEP if how == "a deployment" else [(DEP, id_) for id_ in lives.lives]
        )
        clock.advance(12.0 * slowness + 60.0)
        runs, looks = watch.runs, watch.observations
    assert len(runs) == 200
    assert runs["status"].isin(TERMINAL).all()
    widths = []
    for run_id in lives.lives:
        of_run = looks[looks["run_id"] == run_id].reset_index(drop=True)
        truth = lives.changes(run_id)
        names = [status for _, status in truth]
        for place in range(1, len(of_run)):
            before, after = of_run.iloc[place - 1], of_run.iloc[place]
            if before["status"] == after["status"]:
                continue
            # The change away from what was seen before, and the one to what was seen after.
            away = truth[names.index(before["status"]) + 1][0]
            arrived = truth[names.index(after["status"])][0]
            assert before["seen_at"] <= away <= arrived <= after["seen_at"]
            age = (after["seen_at"] - truth[0][0]).total_seconds()
            width = (after["seen_at"] - before["seen_at"]).total_seconds()
            widths.append(width <= 0.1 * age + 1.0)
    print(f"{sum(widths)} of {len(widths)} changes seen within a tenth of the age and a second")
    assert len(widths) >= len(lives.lives)
    assert sum(widths) >= 0.95 * len(widths)


# fmt: off
LOOKS: dict[str, Callable[[Client, str], Any]] = {
    "get_run": lambda client, run_id: client.get_run(DEP, run_id),
    "get_runs": lambda client, run_id: client.get_runs(DEP, [run_id], progress=False),
    "list_runs": lambda client, run_id: client.list_runs(DEP, progress=False),
    "list_runs of a status": lambda client, run_id: client.list_runs(DEP, status="running", progress=False),
}
# fmt: on


def test_what_was_seen_at_random_holds_each_true_change():
    """The phases of 200 lives claim no more than 400 looks of all kinds say, and no less."""
    lives = Lives(made_lives(200, seed=7, slowness=60.0))
    dice = random.Random(8)
    with stepped() as clock, clients_of(lives, latency=lambda: dice.uniform(0.0, 0.2)) as (client,):
        for _ in range(400):
            look = LOOKS[dice.choice([*LOOKS])]
            clock.call(look, client, dice.choice([*lives.lives]))
            clock.advance(dice.choice([0.0, dice.uniform(0.0, 0.3)]))
        looks = client.observations()
        runs = clock.call(client.list_runs, DEP, progress=False)
        phases = arn.phases(runs, observations=looks)
    observed = phases[phases["kind"] == "observed"]
    going = looks[~looks["status"].isin(TERMINAL)]
    assert len(observed) == len(going.drop_duplicates(["run_id", "status"]))
    assert phases["parse_notes"].isna().all()
    changes = 0
    for _, row in observed.iterrows():
        truth = {status: moment for moment, status in lives.changes(row["run_id"])}
        moments = [*truth.values()]
        began = truth[row["phase"]]
        ended = moments[moments.index(began) + 1]
        assert pd.isna(row["start_low"]) or row["start_low"] <= began
        assert began <= row["start_high"]
        assert row["end_low"] <= ended
        assert ended <= row["end_high"] if pd.notna(row["end_high"]) else not_ended(runs, row)
        changes += 2
    print(f"{changes} changes of 200 lives lie in their intervals")
    assert changes > 400


def not_ended(runs: pd.DataFrame, phase: pd.Series[Any]) -> bool:
    """Whether the run of a phase was in it when it was seen last."""
    status = runs.set_index("id")["status"][phase["run_id"]]
    return bool(status == phase["phase"])
