"""The durations of many runs: points, medians, the selection, a drag that filters, keys, hostile text."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from agentrun_nb.widget import explore
from tests.support.samples import moment, record, records

from .conftest import Opener, Stage
from .scenarios import Scenario
from .test_page_safety import PAYLOADS, assert_harmless, watched

INK = """(canvas) => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let i = 3; i < data.length; i += 4) painted += data[i] > 0;
  return painted;
}"""
"""How many pixels of a canvas are painted."""

COLOURS = """(canvas, places) => {
  const base = canvas.previousElementSibling;
  const {data, width} = base.getContext('2d').getImageData(0, 0, base.width, base.height);
  return places.map(({x, y}) => {
    const at = 4 * (Math.round(y) * width + Math.round(x));
    const parts = data.slice(at, at + 3);
    return Math.max(...parts) - Math.min(...parts);
  });
}"""
"""How much of a colour the middle of each point has: little where it is hollow."""


def runs(*lengths: float | None, **changes: Any) -> bytes:
    """A run a minute, each with its length after start in seconds; None: it goes on."""
    made = []
    for number, seconds in enumerate(lengths):
        end = None if seconds is None else moment(60 * number + 1 + seconds)
        status = "running" if seconds is None else "succeeded"
        at = {"started_at": moment(60 * number + 1), "completed_at": end}
        made.append(record(number, status, **{**at, "version_id": "agver_1", **changes}))
    return json.dumps(made).encode()


def stage_of(view: Any, open_stage: Opener, *, width: int = 1_240, **how: Any) -> Stage:
    """The page of a real view, at its durations."""
    page, buffers = view._page()
    traits = {"tz": "UTC", "selected": [], "path": ""}
    stage = open_stage(Scenario(page, buffers, traits=traits), width=width, **how)
    stage.page.get_by_role("button", name="Durations", exact=True).click()
    stage.page.wait_for_timeout(200)
    return stage


def canvas(stage: Stage) -> Locator:
    return stage.page.get_by_test_id("arn-durations-canvas")


def place(stage: Stage, row: int) -> dict[str, float]:
    """Where a row is drawn."""
    found: dict[str, float] = canvas(stage).evaluate("(canvas, row) => canvas.arnLocate(row)", row)
    return found


def chosen(stage: Stage) -> list[int]:
    return [int(key[1][-8:], 16) for key in stage.trait("selected")]


def said(stage: Stage) -> str:
    return stage.page.locator(".arn-durations [aria-live]").inner_text()


def test_the_later_stand_further_right_and_the_longer_further_up(open_stage: Opener) -> None:
    stage = stage_of(explore(runs(1, 10, 100, 1000)), open_stage)
    points = [place(stage, row) for row in range(4)]
    rights = [point["x"] for point in points]
    assert rights == sorted(rights)
    steps = [before["y"] - after["y"] for before, after in pairwise(points)]
    assert min(steps) > 0
    assert max(steps) - min(steps) < 0.01, "each tenfold is as high as the other"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_run_that_goes_on_is_hollow_and_one_that_ended_is_not(
    open_stage: Opener, scheme: str
) -> None:
    made = json.loads(runs(10, None, 40))
    made[0]["status"] = made[2]["status"] = "failed"
    stage = stage_of(explore(json.dumps(made).encode()), open_stage, scheme=scheme)
    places = [place(stage, row) for row in range(3)]
    first, hollow, last = canvas(stage).evaluate(COLOURS, places)
    assert min(first, last) > 2 * hollow


SHARE = """(canvas) => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let [red, green] = [0, 0];
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 128) continue;
    red += data[i] > data[i + 1] + 60;
    green += data[i + 1] > data[i] + 60;
  }
  return red / (red + green);
}"""
"""How much of the red and the green on a canvas is red."""


def test_in_a_crowd_failures_cover_no_more_than_their_share(open_stage: Opener) -> None:
    """One in ten failed; drawn on top of the others they covered a quarter of it, and of a larger crowd nearly all."""
    made = json.loads(runs(*(20 + 380 * (number * 7 % 97) / 97 for number in range(20_000))))
    for run in made[::10]:
        run["status"] = "failed"
    stage = stage_of(explore(json.dumps(made).encode()), open_stage)
    base = stage.page.locator(".arn-du-picture canvas").first
    assert 0.03 < base.evaluate(SHARE) < 0.16
    notes = stage.page.locator(".arn-durations .arn-tl-foot")
    expect(notes).to_contain_text("one run drawn a place")


def test_a_click_chooses_and_ctrl_adds(open_stage: Opener) -> None:
    stage = stage_of(explore(runs(1, 10, 100, 1000)), open_stage)
    canvas(stage).click(position=place(stage, 2))
    assert chosen(stage) == [2]
    canvas(stage).click(position=place(stage, 0), modifiers=["Control"])
    assert chosen(stage) == [2, 0]
    canvas(stage).click(position=place(stage, 2), modifiers=["Control"])
    assert chosen(stage) == [0]


def test_a_drag_leaves_the_runs_of_its_time_and_chooses_those_in_it(open_stage: Opener) -> None:
    stage = stage_of(explore(runs(5, 5, 5, 500, 5, 5)), open_stage)
    box = canvas(stage).bounding_box()
    assert box is not None
    start, end = place(stage, 2), place(stage, 4)
    stage.page.mouse.move(box["x"] + start["x"] - 8, box["y"] + start["y"] - 30)
    stage.page.mouse.down()
    stage.page.mouse.move(box["x"] + end["x"] + 8, box["y"] + end["y"] + 20, steps=4)
    stage.page.mouse.up()
    assert sorted(chosen(stage)) == [2, 4], "the long one lies above the box"
    expect(stage.page.locator(".arn-wb-result")).to_contain_text("3 of 6 shown")
    stage.page.wait_for_timeout(200)
    assert place(stage, 0) is None


def test_a_drag_is_broken_off_by_escape(open_stage: Opener) -> None:
    stage = stage_of(explore(runs(5, 5, 5)), open_stage)
    box = canvas(stage).bounding_box()
    assert box is not None
    stage.page.mouse.move(box["x"] + 100, box["y"] + 20)
    stage.page.mouse.down()
    stage.page.mouse.move(box["x"] + 500, box["y"] + 300)
    stage.page.keyboard.press("Escape")
    stage.page.mouse.up()
    assert chosen(stage) == []
    assert place(stage, 0) is not None


def test_keys_go_by_time_and_by_length_and_say_where_they_are(open_stage: Opener) -> None:
    stage = stage_of(explore(runs(100, 1, 1000, 10)), open_stage)
    canvas(stage).focus()
    walk = {
        "Home": "1 min 40 s",
        "ArrowRight": "1 s",
        "End": "10 s",
        "ArrowLeft": "16 min 40 s",
        "ArrowDown": "1 min 40 s",
        "ArrowUp": "16 min 40 s",
    }
    for key, words in walk.items():
        stage.page.keyboard.press(key)
        assert f"{words} after start" in said(stage), key
    stage.page.keyboard.press("ArrowUp")
    assert "16 min 40 s after start" in said(stage), "there is none that is longer"
    stage.page.keyboard.press("Enter")
    assert chosen(stage) == [2]
    stage.page.keyboard.press("Escape")
    assert chosen(stage) == []


def test_medians_and_what_is_not_in_the_picture_are_told_in_words(open_stage: Opener) -> None:
    view = explore(runs(10, 20, 90, None), names={"agver_1": "report v1"})
    stage = stage_of(view, open_stage)
    table = stage.page.locator(".arn-durations table")
    assert table.locator("tr:has(td)").all_inner_texts() == ["report v1\t3 runs\t20 s"]
    notes = stage.page.locator(".arn-durations .arn-tl-foot").inner_text()
    assert "hollow: 1 run not ended when read" in notes
    assert "medians of 1 version" in notes


def test_without_a_length_it_says_why_there_is_no_picture(open_stage: Opener) -> None:
    stage = stage_of(explore(runs(5, 6, started_at=None)), open_stage)
    assert (
        "None of 2 runs has a length after start."
        in stage.page.locator(".arn-durations").inner_text()
    )
    assert not canvas(stage).is_visible()


@pytest.mark.parametrize("width", [520, 820, 1_240, 1_600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_painted_at_every_width(open_stage: Opener, width: int, scheme: str) -> None:
    stage = stage_of(
        explore(json.dumps(records(300)).encode()), open_stage, width=width, scheme=scheme
    )
    base = stage.page.locator(".arn-du-picture canvas").first
    assert base.evaluate(INK) > 3_000
    assert stage.page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_hostile_text_is_text(open_stage: Opener) -> None:
    made = [
        record(number, id=f"{text}_{number}", deployment_id=text, version_id=text, status=text)
        for number, text in enumerate(PAYLOADS * 3)
    ]
    names = {text: f"{text} {text}" for text in PAYLOADS}
    stage = stage_of(explore(json.dumps(made).encode(), names=names), open_stage)
    watched(stage)
    stage.page.get_by_role("button", name="Durations", exact=True).click()
    stage.page.wait_for_timeout(200)
    for row in range(8):
        canvas(stage).hover(position=place(stage, row))
        canvas(stage).click(position=place(stage, row))
    canvas(stage).press("ArrowLeft")
    assert_harmless(stage, PAYLOADS)
