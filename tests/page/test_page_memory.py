"""A view that is used for long holds no more than one that was used for a while."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from .conftest import Opener, Stage
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
