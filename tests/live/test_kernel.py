"""What a watch leaves behind in a real kernel: no socket, no thread, no task, whichever way it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.faults.replies import DEP, KEY
from tests.faults.server import FaultServer, serving
from tests.hostile.kernels import running, told
from tests.live.lives import Lives
from tests.live.test_watch import until

LIVES = {f"run_{n}": [(-5.0, "queued"), (-4.0, "running")] for n in range(20)}
"""Runs that go on."""

COUNT = """
import asyncio, gc, json, os, threading
import agentrun_nb as arn
from agentrun_nb.http import loop

def sockets():
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}").startswith("socket:"))
        except FileNotFoundError:
            pass  # the one by which the folder is read
    return sum(found)

def counts():
    gc.collect()
    here = loop.current()
    async def tasks():
        return len(asyncio.all_tasks(here)) - 1
    found = asyncio.run_coroutine_threadsafe(tasks(), here).result(10)
    # The workers that decode pages are a few that stay, and are used by all.
    names = sorted(thread.name for thread in threading.enumerate())
    threads = [name for name in names if not name.startswith("agentrun-nb-aside")]
    return {"sockets": sockets(), "threads": len(threads), "tasks": found}

def seen(watch):
    import time
    until = time.monotonic() + 20
    while not watch.runs["status"].notna().sum() >= 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    return watch
"""

WATCHES = """
client = arn.Client({key!r}, {url!r})
keys = [({dep!r}, f"run_{{n}}") for n in range(20)]
of_runs, of_deployment = seen(client.watch(keys)), seen(client.watch({dep!r}))
"""

# What ends the two watches, as a person would type it. The connections that a client has open are
# those of the client, and close with it.
ENDS = {
    "stop": "of_runs.stop(); of_deployment.stop(); client.close()",
    "dropped": "del of_runs, of_deployment, client",
    "client closed": "client.close()",
    "timeout": """
for watch in (of_runs, of_deployment):
    try:
        watch.wait(timeout=0.1)
    except arn.errors.NotEndedError:
        pass
client.close()
""",
    "a cell of asyncio that gives up": """
try:
    await asyncio.wait_for(of_runs, 0.2)
except TimeoutError:
    pass
of_runs.stop(); of_deployment.stop(); client.close()
""",
}


class Stage(NamedTuple):
    """A kernel, and the service that its clients ask."""

    manager: KernelManager
    kernel: BlockingKernelClient
    server: FaultServer

    def run(self, code: str) -> str:
        """What a cell prints; it must show nothing else, such as an error."""
        printed, shown = told(self.kernel, code)
        assert not shown
        return printed

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = json.loads(self.run("print(json.dumps(counts()))"))
        return found

    def at_rest(self) -> dict[str, int]:
        """What there is after a client has come and gone: the loop of the clients stays."""
        self.run(f"_ = arn.Client({KEY!r}, {self.server.url!r}).get_run({DEP!r}, 'run_1')")
        until(lambda: self.server.open == 0)
        return self.counts()

    def watch(self) -> None:
        self.run(WATCHES.format(key=KEY, url=self.server.url, dep=DEP))


@pytest.fixture
def lives() -> Lives:
    return Lives(LIVES)


@pytest.fixture
def stage(tmp_path: Path, lives: Lives) -> Iterator[Stage]:
    with serving(lives) as server, running(tmp_path) as (manager, kernel):
        stage = Stage(manager, kernel, server)
        stage.run(COUNT)
        yield stage


def is_quiet(lives: Lives, seconds: float = 2.5) -> bool:
    """Whether no request comes for longer than any of these watches would wait."""
    count = len(lives.arrivals)
    time.sleep(seconds)
    return len(lives.arrivals) == count


def test_whichever_way_a_watch_ends_it_leaves_nothing(stage: Stage, lives: Lives) -> None:
    """The ways one after another, in one kernel, so that what each leaves would add up."""
    before = stage.at_rest()
    for way, code in ENDS.items():
        stage.watch()
        assert stage.server.open
        stage.run(code)
        until(lambda: stage.server.open == 0)
        after: dict[str, Any] = {}
        deadline = time.monotonic() + 10
        while after != before:
            assert time.monotonic() < deadline, (way, before, after)
            after = stage.counts()
    assert is_quiet(lives)


def test_an_interrupted_cell_leaves_nothing(stage: Stage, lives: Lives) -> None:
    before = stage.at_rest()
    stage.watch()
    stage.kernel.execute("print(client.wait(keys, progress=False)['status'].nunique())")
    time.sleep(1.5)
    stage.manager.interrupt_kernel()
    stage.run("of_runs.stop(); of_deployment.stop(); client.close()")
    until(lambda: stage.server.open == 0)
    assert stage.counts() == before
    assert is_quiet(lives)


@pytest.mark.parametrize("way", ["restart", "killed", "shut down"])
def test_a_kernel_that_goes_asks_no_more_and_one_that_comes_knows_no_watch(
    way: str, stage: Stage, lives: Lives
) -> None:
    stage.watch()
    assert stage.server.open
    if way == "shut down":
        stage.manager.shutdown_kernel()
    else:
        stage.manager.restart_kernel(now=way == "killed")
    until(lambda: stage.server.open == 0, 60)
    assert is_quiet(lives)
    if way == "shut down":
        return
    stage.kernel.wait_for_ready(timeout=60)
    stage.run(COUNT)
    looks = f"len(arn.Client({KEY!r}, {stage.server.url!r}).observations())"
    assert stage.run(f"print({looks})") == "0"


def test_a_forked_child_has_nothing_that_looks_and_its_parent_goes_on(
    stage: Stage, lives: Lives
) -> None:
    stage.watch()
    child = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
reading, writing = os.pipe()
child = os.fork()
if not child:
    reasons = [watch.reason for watch in (of_runs, of_deployment)]
    found = {"reasons": reasons, "threads": threading.active_count()}
    os.write(writing, json.dumps(found).encode())
    os._exit(0)
os.close(writing)
print(os.read(reading, 10_000).decode())
os.waitpid(child, 0)
os.close(reading)
"""
    found = json.loads(stage.run(child))
    assert found == {"reasons": ["another process"] * 2, "threads": 1}
    assert stage.run("print(of_runs.active, of_deployment.active)") == "True True"
    count = len(lives.arrivals)
    until(lambda: len(lives.arrivals) > count)
