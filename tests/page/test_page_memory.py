"""A view that is used for long holds no more than one that was used for a while."""

from __future__ import annotations

import random
import time
from typing import NamedTuple

import numpy as np
import pytest

from agentrun_nb.client import Client
from agentrun_nb.core.schema import RUNS
from agentrun_nb.live.record import records_of
from agentrun_nb.live.watch import Watch
from agentrun_nb.records.batch import Batch, to_batch
from agentrun_nb.widget import explore
from tests.faults.replies import DEP, KEY
from tests.faults.server import FaultServer, serving
from tests.faults.torture import LARGE
from tests.live.lives import Lives
from tests.widget.test_memory import MORE_BYTES as MORE_KERNEL_BYTES
from tests.widget.test_memory import MORE_OBJECTS, held

from .conftest import Opener, Stage
from .live_kernel import Kernel, living
from .scenarios import many_runs
from .test_page_workbench import runs

MORE_NODES, MORE_LISTENERS, MORE_BYTES = 300, 10, 400_000
"""What may be more after many rounds."""

OPEN_AND_CLOSE = """async (rounds) => {
  const { stage } = window;
  for (let round = 0; round < rounds; round++) {
    stage.unmount();
    stage.mount();
    while (!document.querySelector('[data-testid="arn-window"]')?.textContent)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }
}"""
FILTER = """async (rounds) => {
  const { model } = window.stage;
  const filters = [{ status: "failed" }, { text: "adrun_7" }, { since: "2023-11-14T10:20:00Z" }, null];
  for (let round = 0; round < rounds; round++) {
    model.set("filter", filters[round % filters.length]);
    await new Promise((resolve) => setTimeout(resolve));
  }
}"""
CHOOSE = """async (rounds) => {
  const { model } = window.stage;
  const canvas = document.querySelector('[data-testid="arn-timeline-canvas"]');
  const press = (key) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  canvas.focus();
  for (let round = 0; round < rounds; round++) {
    press(round % 50 ? "ArrowRight" : "Home");
    press("Enter");
    await new Promise((resolve) => setTimeout(resolve));
  }
}"""


class Memory(NamedTuple):
    """What the page holds after a collection."""

    nodes: int
    listeners: int
    heap: int


def memory(stage: Stage) -> Memory:
    stage.page.evaluate("""async () => {
      window.stage.model.sent.length = 0;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }""")
    devtools = stage.page.context.new_cdp_session(stage.page)
    devtools.send("HeapProfiler.collectGarbage")
    counters = devtools.send("Memory.getDOMCounters")
    heap = devtools.send("Runtime.getHeapUsage")
    devtools.detach()
    used = int(heap["usedSize"] + heap.get("backingStorageSize", 0))
    return Memory(counters["nodes"], counters["jsEventListeners"], used)


@pytest.mark.parametrize("view", ["timeline", "table", "durations"])
@pytest.mark.parametrize(
    ("act", "few", "rounds"),
    [(OPEN_AND_CLOSE, 10, 100), (FILTER, 12, 200), (CHOOSE, 100, 1_000)],
    ids=["opened and closed", "filtered", "chosen in"],
)
def test_a_view_that_is_used_often_holds_no_more(
    open_stage: Opener, view: str, act: str, few: int, rounds: int
) -> None:
    stage = open_stage(many_runs(runs(200)), width=1244)
    if view != "timeline" and act != OPEN_AND_CLOSE:
        stage.set_trait("view", view)
        stage.page.locator(".arn-wb-view").nth(1).wait_for()
    # By then all has been made once.
    stage.page.evaluate(act, few)
    before = memory(stage)
    stage.page.evaluate(act, rounds)
    after = memory(stage)
    print(f"\n{view}, {rounds:,} rounds: {before} to {after}")
    assert after.nodes - before.nodes <= MORE_NODES
    assert after.listeners - before.listeners <= MORE_LISTENERS
    assert after.heap - before.heap <= MORE_BYTES


# --- following -------------------------------------------------------------------------------------


FOLLOWED = 40
"""Runs that go on and on."""
STATUSES_IN_TURN = ("queued", "starting", "installing", "running")
MESSAGES = 50 if LARGE else 15
"""How many messages of changes come, twice."""
MOST_BYTES_A_CHANGE = 400
"""What goes to the page for each change of a status, with what is said of the change in general."""


def push_changes(kernel: Kernel, watch: Watch, lives: Lives) -> int:
    """Has messages of 40 changes come as fast as they can; returns how many changes."""
    for number in range(MESSAGES):
        records = records_of(changed_runs(number), DEP)
        for record in records:
            watch._listener.take(record)
        kernel.on_loop(kernel.view._following.pull)
        kernel.carry()
    return MESSAGES * FOLLOWED


def changed_runs(number: int) -> Batch:
    """The records of all runs after so many changes."""
    now = round(1e6 * time.time()) + number
    status = STATUSES_IN_TURN[number % len(STATUSES_IN_TURN)]
    cells = {
        "id": [f"run_{n}" for n in range(FOLLOWED)],
        "deployment_id": [DEP] * FOLLOWED,
        "version_id": ["ver_1"] * FOLLOWED,
        "mode": ["job"] * FOLLOWED,
        "status": [status] * FOLLOWED,
        "created_at": [now - 60_000_000] * FOLLOWED,
        "updated_at": [now] * FOLLOWED,
        "fetched_at": [now] * FOLLOWED,
    }
    return to_batch(RUNS, cells, FOLLOWED)


def live_for_minutes(kernel: Kernel, watch: Watch, lives: Lives) -> int:
    """Follows a service in which a run changes every half a second; returns how many changes."""
    dice = random.Random(1)
    end = time.monotonic() + MINUTES * 60
    changes = 0
    while time.monotonic() < end:
        run_id = f"run_{dice.randrange(FOLLOWED)}"
        status = lives.lives[run_id][-1][1]
        place = STATUSES_IN_TURN.index(status) + 1
        lives.enter(run_id, STATUSES_IN_TURN[place % len(STATUSES_IN_TURN)])
        # What is long past is of no use, and would count as memory that is held.
        lives.lives[run_id] = [lives.lives[run_id][0], *lives.lives[run_id][-3:]]
        lives.arrivals.clear()
        kernel.go_on(0.5)
        changes += 1
    return changes


MINUTES = 5
"""It is followed for so long twice: until all has been made once, and then to be measured."""
WAYS = {"pushed": push_changes} | ({"ten minutes": live_for_minutes} if LARGE else {})


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("way", WAYS)
def test_a_view_that_follows_for_long_holds_no_more(open_stage: Opener, way: str) -> None:
    """Neither the page nor the kernel; and what goes over the wire is counted by its changes."""
    lives = Lives({f"run_{n}": [(-60.0, "queued")] for n in range(FOLLOWED)})
    with (
        serving(lives) as server,
        Client(KEY, server.url) as client,
        client.watch([(DEP, run_id) for run_id in lives.lives]) as watch,
    ):
        view = explore(watch)
        with living(open_stage, view) as kernel:
            button = kernel.stage.page.get_by_test_id("arn-follow")
            kernel.wait(lambda: f"Follow {FOLLOWED}" in "".join(button.all_inner_texts()))
            WAYS[way](kernel, watch, lives)
            heard_before, page_before, kernel_before = measured(kernel, server)
            changes = WAYS[way](kernel, watch, lives)
            heard, page, objects = measured(kernel, server)
            assert set(view.runs["status"]) <= set(STATUSES_IN_TURN)
    messages = heard["messages"] - heard_before["messages"]
    sent = heard["bytes"] - heard_before["bytes"]
    more = np.subtract(objects, kernel_before)
    print(f"\n{way}: {changes:,} changes in {messages:,} messages of {sent:,} bytes together")
    print(f"page {page_before} to {page}; kernel {more[0]:,} objects, {more[1]:,} bytes more")
    assert page.nodes - page_before.nodes <= MORE_NODES
    assert page.listeners - page_before.listeners <= MORE_LISTENERS
    assert page.heap - page_before.heap <= MORE_BYTES
    assert more[0] <= MORE_OBJECTS
    assert more[1] <= MORE_KERNEL_BYTES
    assert messages
    assert sent / changes <= MOST_BYTES_A_CHANGE


def measured(kernel: Kernel, server: FaultServer) -> tuple[dict[str, int], Memory, tuple[int, int]]:
    """What the page has heard, and what page and kernel hold."""
    heard: dict[str, int] = kernel.stage.page.evaluate("({...window.stage.model.heard})")
    # What the server remembers of each request is not the kernel's.
    server.sent.clear()
    server.arrived.clear()
    return heard, memory(kernel.stage), held()
