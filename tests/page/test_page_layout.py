"""Where things stand: nothing covers anything at any width."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Opener
from .scenarios import (
    Scenario,
    failed_run,
    finished_run,
    live_run,
    many_runs,
    one_document,
    one_run,
)
from .test_page_runs import DOCS, FAILED

WIDTHS = range(320, 1_601, 20)

WITH_GAP = [finished_run(id=f"adrun_{n}", created_at="2023-11-10T10:00:00Z") for n in range(30)]

LEAVES = ", ".join(
    [
        "button, select, input, canvas, summary, dt, dd, th, td",
        ".arn-says, .arn-zone, .arn-wb-sentence, .arn-wb-result, .arn-wb-hint, .arn-tl-window, .arn-statusname, .arn-stopname, .arn-words, .arn-time, .arn-date",
    ]
)
ASIDE = ".arn-tl-timeline-table, .arn-utc, .arn-tree, .arn-tl-corner"
"""What is hidden from the eye, what is shown on demand, and what stands where it is put: rows of a tree, and the zone in the
corner that a timeline leaves free."""

COVERED = """([leaves, aside]) => {
  const root = document.querySelector(".arn-root");
  const nameOf = (part) => `${part.className || part.tagName} ${part.innerText?.slice(0, 20)}`;
  // Of what stands in a part that scrolls, only that counts which is seen there.
  const seen = (part) => {
    const { left, top, right, bottom } = part.getBoundingClientRect();
    const box = { left, top, right, bottom };
    for (let around = part.parentElement; around !== root; around = around.parentElement) {
      if (getComputedStyle(around).overflow === "visible") continue;
      const clip = around.getBoundingClientRect();
      for (const edge of ["left", "top"]) box[edge] = Math.max(box[edge], clip[edge]);
      for (const edge of ["right", "bottom"]) box[edge] = Math.min(box[edge], clip[edge]);
    }
    return { ...box, width: box.right - box.left, height: box.bottom - box.top };
  };
  const boxes = [...root.querySelectorAll(leaves)]
    .filter((part) => part.checkVisibility() && !part.closest(aside))
    .map((part) => ({ part, box: seen(part) }))
    .filter(({ box }) => box.width > 1 && box.height > 1);
  const found = [];
  for (const [i, a] of boxes.entries()) for (const b of boxes.slice(i + 1)) {
    if (a.part.contains(b.part) || b.part.contains(a.part)) continue;
    const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
    const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
    // A small button may reach a few pixels into the empty leading of its neighbour's line.
    if (across > 1 && down > 4) found.push(`${nameOf(a.part)} | ${nameOf(b.part)}`);
  }
  if (root.scrollWidth > root.clientWidth) found.push("the view is wider than its place");
  return found;
}"""


def without_report(scenario: Scenario) -> Scenario:
    scenario.page["verdict"] = ""
    return scenario


@pytest.mark.parametrize(
    "scenario",
    [
        many_runs(DOCS, selected=[FAILED]),
        without_report(many_runs(DOCS, selected=[FAILED])),
        without_report(many_runs([finished_run(id=f"adrun_{n}") for n in range(200)])),
        without_report(many_runs([*WITH_GAP, failed_run()], selected=[FAILED])),
        many_runs(
            [finished_run(id=f"adrun_{n}", status=f"a status {n}") for n in range(12)],
            filter={"mode": "job", "since": "3d", "status": ["a status 1", "a status 2"]},
        ),
        one_run(finished_run()),
        one_run(
            failed_run(status="a status that nobody has heard of " * 4),
            tz="America/Argentina/ComodRivadavia",
        ),
        one_run(live_run(), tz="no/such_zone"),
        one_document('{"a": [1]}'),
    ],
    ids=[
        "runs",
        "runs without a report",
        "many runs",
        "runs with a gap",
        "runs of many statuses, narrowed",
        "run",
        "run with a long status",
        "live run",
        "document",
    ],
)
def test_nothing_covers_anything_at_any_width(open_stage: Opener, scenario: Scenario) -> None:
    stage = open_stage(scenario)
    found = {}
    for width in WIDTHS:
        stage.page.set_viewport_size({"width": width, "height": 900})
        stage.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        found[width] = stage.page.evaluate(COVERED, [LEAVES, ASIDE])
    assert {width: pairs for width, pairs in found.items() if pairs} == {}


@pytest.mark.parametrize("count", [3, 200])
def test_the_zone_is_chosen_in_the_corner_under_the_names(open_stage: Opener, count: int) -> None:
    """Left of the axis and under the last row, in a place that the canvas leaves free."""
    runs = [finished_run(id=f"adrun_{number}") for number in range(count)]
    stage = open_stage(many_runs(runs))
    for width in (480, 640, 1_600):
        stage.page.set_viewport_size({"width": width, "height": 900})
        stage.page.wait_for_timeout(250)
        canvas = stage.page.get_by_test_id("arn-timeline-canvas")
        around, zone = canvas.bounding_box(), stage.page.locator(".arn-zone").bounding_box()
        last = canvas.evaluate("(canvas, row) => canvas.arnLocate(row)", count - 1)
        assert around is not None
        assert zone is not None
        assert zone["y"] + 1 >= around["y"] + (last["y"] if last else 0)
        assert zone["y"] + zone["height"] <= around["y"] + around["height"] + 1
        assert zone["x"] + zone["width"] <= around["x"] + 180
    zone_of = stage.page.locator(".arn-zone select")
    assert zone_of.get_attribute("aria-label") == "Time zone of the times shown"
    options = zone_of.locator("option").all_inner_texts()
    zone_of.select_option(options[-1])
    assert stage.trait("tz") == options[-1]


def test_a_view_without_width_and_without_room_draws_and_recovers(open_stage: Opener) -> None:
    """A box of widgets may give no room at first."""
    stage = open_stage(many_runs(DOCS))
    for width in (0, 1, 12, 28, 60, 120, 900):
        stage.page.locator("#host").evaluate(
            "(host, width) => { host.style.width = `${width}px`; }", width
        )
        stage.page.wait_for_timeout(250)
    expect(stage.page.get_by_test_id("arn-timeline-canvas")).to_be_visible()
    assert stage.errors == []
