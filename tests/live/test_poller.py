"""One poller a service: what it asks for, what it sees, when it pauses, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agentrun_nb.client import Client
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.errors import NotEndedError
from agentrun_nb.http import loop
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.wire import Wire
from agentrun_nb.live import pace
from agentrun_nb.live.poller import shared_poller
from tests.faults.replies import DEP, KEY, refusal
from tests.faults.server import CLOSE, RESET, serving
from tests.faults.torture import LARGE
from tests.live.lives import Life, Lives
from tests.live.test_watch import until

LIVE = {f"run_{n}": [(-1.0 - n / 50, "queued"), (0.5, "running")] for n in range(50)}
"""Fifty runs that go on."""


@contextmanager
def watched(lives: Lives, count: int) -> Iterator[list[Any]]:
    """So many watches of the deployment, by several clients."""
    with serving(lives) as server:
        clients = [Client(KEY, server.url) for _ in range(min(count, 3))]
        watches = [clients[n % len(clients)].watch(DEP) for n in range(count)]
        yield watches
        for client in clients:
            client.close()


def test_ten_watches_ask_no_more_than_one(monkeypatch):
    """Beside each other in the same seconds; without jitter, so that both come to as many rounds."""
    monkeypatch.setattr(pace, "JITTER", 0.0)
    alone, together = Lives(LIVE), Lives(LIVE)
    seconds = 60.0 if LARGE else 6.0
    with watched(alone, 1) as one, watched(together, 10) as ten:
        until(lambda: all(len(watch.runs) == 50 for watch in [*one, *ten]))
        time.sleep(seconds)
        assert all(watch.active for watch in [*one, *ten])
    few, many = len(alone.arrivals), len(together.arrivals)
    print(f"{few} requests for one watch, {many} for ten")
    assert few > seconds / 2
    # In the few seconds of the ring a busy machine may make one round more of the one than the other.
    one_round = 0 if LARGE else 5
    assert many <= 1.2 * few + one_round


def test_ten_watches_of_the_same_runs_ask_for_each_once_a_time(monkeypatch):
    monkeypatch.setattr(pace, "JITTER", 0.0)
    lives = Lives({"run_1": LIVE["run_1"], "run_2": LIVE["run_2"]})
    with serving(lives) as server, Client(KEY, server.url) as client:
        keys = [(DEP, "run_1"), (DEP, "run_2")]
        watches = [client.watch(keys) for _ in range(10)]
        time.sleep(3.5)
        assert all(watch.runs["status"].eq("running").all() for watch in watches)
    assert len(lives.arrivals) <= 2 * 5


@pytest.mark.parametrize("kind", ["single runs", "a deployment"])
def test_nobody_asks_while_the_service_wants_a_pause(kind):
    """In the middle of many watches: no request of any kind comes for as long as it said."""
    seconds = 5.0 if LARGE else 3.0
    began: list[float] = []

    def refuse_once(request):
        if time.time() - lives.began < 1.5 or began:
            return None
        began.append(time.monotonic())
        return [refusal("429 Too Many Requests", f"Retry-After: {seconds:g}")]

    lives = Lives(LIVE, fault=refuse_once)
    with serving(lives) as server, Client(KEY, server.url) as client:
        what = DEP if kind == "a deployment" else [(DEP, run_id) for run_id in [*LIVE][:3]]
        watches = [client.watch(what) for _ in range(3)]
        until(lambda: began and time.monotonic() > began[0] + seconds + 2, 60)
        assert all(watch.active for watch in watches)
    after = [moment - began[0] for moment, _ in lives.arrivals if moment > began[0]]
    # What was on its way when the refusal came cannot be taken back, on a busy machine for a while.
    soon = [moment for moment in after if moment < 1.0]
    assert not [moment for moment in after if 1.0 <= moment < seconds]
    assert len(after) > len(soon), "afterwards it goes on"


def test_a_connection_that_breaks_is_not_a_run_that_ends(monkeypatch):
    """Twenty waits, and each request is one of many that break; each run is seen to end when it has."""
    monkeypatch.setattr(Wire, "policy", Policy(attempts=2, base=0.01, longest=0.02))
    dice = random.Random(3)
    runs: dict[str, Life] = {
        f"run_{n}": [(-3.0, "running"), (1.0 + n / 10, "succeeded")] for n in range(20)
    }
    lives = Lives(
        runs, fault=lambda request: [dice.choice([RESET, CLOSE])] if dice.random() < 0.5 else None
    )
    with serving(lives) as server, Client(KEY, server.url, deadline=30.0) as client:
        watches = {run_id: client.watch((DEP, run_id)) for run_id in runs}
        for run_id, watch in watches.items():
            ended = watch.wait(timeout=60)
            assert ended.status == "succeeded"
            assert time.time() >= lives.began + runs[run_id][-1][0]
            assert watch.reason == "all ended"


@pytest.mark.parametrize("what", [(DEP, "run_1"), [(DEP, "run_1"), (DEP, "run_2")], DEP])
def test_a_silence_ends_the_watch_and_is_no_end_of_a_run(what, monkeypatch):
    monkeypatch.setattr(Wire, "policy", Policy(attempts=2, base=0.01, longest=0.02))
    lives = Lives({"run_1": LIVE["run_1"], "run_2": LIVE["run_2"]})
    with serving(lives) as server, Client(KEY, server.url, deadline=3.0) as client:
        watch = client.watch(what)
        until(lambda: watch.runs["status"].notna().any())
        lives.fault = lambda request: [RESET]
        with pytest.raises(NotEndedError, match="silence") as caught:
            watch.wait(timeout=60)
        assert (watch.active, watch.done, watch.reason) == (False, False, "silence")
        runs = watch.runs if what == DEP else caught.value.runs
        assert runs["status"].notna().any()


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


def made_lives(count: int, seed: int) -> dict[str, Life]:
    """Lives of some seconds, some of them begun long before."""
    dice = random.Random(seed)
    lives: dict[str, Life] = {}
    for number in range(count):
        moment = dice.choice([dice.uniform(-1.0, 0.0), dice.uniform(-90.0, 0.0)])
        changes = []
        for status in ("queued", "starting", "installing", "running"):
            changes.append((moment, status))
            moment = max(moment, 0.0) + dice.uniform(0.05, 2.5)
        changes.append((moment, dice.choice(sorted(TERMINAL))))
        lives[f"run_{number}"] = changes
    return lives


def test_what_the_poller_sees_holds_each_true_change_between_two_looks():
    """By the looks alone; in the torture profile they lie close for 95 of 100."""
    lives = Lives(made_lives(200 if LARGE else 40, seed=5))
    with serving(lives) as server, Client(KEY, server.url) as client:
        watch = client.watch([(DEP, run_id) for run_id in lives.lives])
        runs = watch.wait(timeout=90)
        assert runs["status"].isin(TERMINAL).all()
        looks = watch.observations
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
    # How close they lie is a matter of a machine that is not too busy.
    assert not LARGE or sum(widths) >= 0.95 * len(widths)
