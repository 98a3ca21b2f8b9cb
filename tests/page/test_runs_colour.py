"""Runs coloured by a column: the choice, the legend, and what is on the canvas."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import Scenario, failed_run, finished_run, many_runs
from .test_page_safety import PAYLOADS

PATHS = ["input.model", "input.score"]
MODELS = ["small", "large", "small", None, "small"]
SCORES = [1, 20, 3, None, 20]


def scenario(count: int = 5, **traits: Any) -> Scenario:
    """Runs a minute apart with the values of MODELS and SCORES; the fourth failed and has none."""
    docs = []
    for number in range(count):
        at = f"2023-11-14T{10 + number // 60:02}:{number % 60:02}"
        times = {"created_at": f"{at}:00Z", "started_at": f"{at}:01Z", "completed_at": f"{at}:40Z"}
        model, score = MODELS[number % 5], SCORES[number % 5]
        given = {} if model is None else {"model": model, "score": score}
        make = failed_run if model is None else finished_run
        docs.append(make(id=f"adrun_{number}", input=json.dumps(given), **times))
    return many_runs(docs, columns=PATHS, **traits)


def opened(open_stage: Opener, made: Scenario, **how: Any) -> Stage:
    """A page that answers by itself what stands in the documents, as a file does."""
    stage = open_stage(made, **{"width": 1244, **how})
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    return stage


def choice(stage: Stage) -> Locator:
    return stage.page.get_by_test_id("arn-colour")


def legend(stage: Stage) -> Locator:
    return stage.page.get_by_test_id("arn-legend")


COPIED = """(canvas) => {
  const {width, height} = canvas;
  const copy = Object.assign(document.createElement("canvas"), {width, height});
  const context = copy.getContext("2d", {willReadFrequently: true});
  context.drawImage(canvas, 0, 0);
  return context;
}"""
PIXEL = f"""(canvas, row) => {{
  const {{x, y}} = canvas.arnLocate(row), ratio = devicePixelRatio;
  const {{data}} = ({COPIED})(canvas).getImageData(x * ratio, y * ratio, 1, 1);
  return [...data].slice(0, 3);
}}"""
COLOURS = f"""(canvas) => {{
  const {{data}} = ({COPIED})(canvas).getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let i = 0; i < data.length; i += 4) found.add(data.slice(i, i + 3).join());
  return [...found];
}}"""
DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
SWATCH = """(mark) => getComputedStyle(mark).color.match(/\\d+/g).slice(0, 3).map(Number)"""


def pixel(stage: Stage, row: int) -> list[int]:
    found: list[int] = stage.page.get_by_test_id("arn-timeline-canvas").evaluate(PIXEL, row)
    return found


def swatch(stage: Stage, place: int) -> list[int]:
    marks = legend(stage).locator("[aria-hidden]")
    found: list[int] = marks.nth(place).evaluate(SWATCH)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_runs_have_the_colours_of_their_values_and_the_legend_counts_them(
    open_stage: Opener, scheme: str
) -> None:
    stage = opened(open_stage, scenario(), scheme=scheme)
    before = [pixel(stage, row) for row in range(5)]
    choice(stage).select_option(label="model")
    expect(legend(stage)).to_have_text("■ small 3■ large 1□ no value 1")
    stage.page.evaluate(DRAWN)
    small, large = swatch(stage, 0), swatch(stage, 1)
    assert small != large
    after = [pixel(stage, row) for row in range(5)]
    assert (after[0], after[1], after[2], after[4]) == (small, large, small, small)
    assert after[3] not in (small, large, before[3]), "a run without a value is an outline"
    choice(stage).select_option(label="status")
    expect(legend(stage)).to_be_empty()
    stage.page.evaluate(DRAWN)
    assert [pixel(stage, row) for row in range(5)] == before


def test_numbers_go_from_low_to_high(open_stage: Opener) -> None:
    stage = opened(open_stage, scenario())
    choice(stage).select_option(label="score")
    expect(legend(stage)).to_contain_text("no value 1")
    words = legend(stage).inner_text()
    assert words.startswith("1 ")
    assert " 20" in words
    stage.page.evaluate(DRAWN)
    assert pixel(stage, 0) == swatch(stage, 0)
    assert pixel(stage, 1) == pixel(stage, 4) == swatch(stage, 5)


def test_counted_runs_are_coloured_too_and_the_legend_follows_the_filter(
    open_stage: Opener,
) -> None:
    stage = opened(open_stage, scenario(600))
    choice(stage).select_option(label="model")
    expect(legend(stage)).to_contain_text("small 360")
    stage.page.evaluate(DRAWN)
    colours = stage.page.get_by_test_id("arn-timeline-canvas").evaluate(COLOURS)
    for place in (0, 1):
        assert ",".join(map(str, swatch(stage, place))) in colours
    stage.page.get_by_test_id("arn-wb-statuses").get_by_role("button", name="failed").click()
    expect(legend(stage)).to_contain_text("small 0")
    expect(legend(stage)).to_contain_text("no value 120")


def test_the_choice_is_there_while_there_are_columns_and_is_said_to_the_kernel(
    open_stage: Opener,
) -> None:
    stage = open_stage(many_runs([finished_run(id="a"), finished_run(id="b")]), width=1244)
    expect(choice(stage)).to_have_count(0)
    stage.set_trait("columns", PATHS)
    expect(choice(stage)).to_be_visible()
    # What the choice takes of the place has been drawn by then, and says nothing of the colour.
    stage.page.wait_for_timeout(600)
    choice(stage).select_option(label="score")
    stage.page.wait_for_function(
        """() => window.stage.model.sent.some(({ op, colour }) => op === "window" && colour === "input.score")"""
    )
    stage.set_trait("columns", [])
    expect(choice(stage)).to_be_hidden()


def test_a_page_opens_with_the_colours_that_it_was_left_with(open_stage: Opener) -> None:
    made = scenario()
    start, end = 1_699_950_000_000, 1_700_000_000_000
    made.page["screen"] = {"start": start, "end": end, "by": None, "folded": False}
    made.page["screen"]["colour"] = "input.model"
    stage = opened(open_stage, made)
    expect(choice(stage)).to_have_value("input.model")
    expect(legend(stage)).to_contain_text("small 3")


def test_values_are_text(open_stage: Opener) -> None:
    docs = [
        finished_run(id=f"adrun_{n}", input=json.dumps({"a": text}))
        for n, text in enumerate(PAYLOADS[:6])
    ]
    stage = opened(open_stage, many_runs(docs, columns=["input.a"]))
    choice(stage).select_option(index=1)
    expect(legend(stage)).to_contain_text(PAYLOADS[0][:20])
    assert stage.page.locator(".arn-root :is(img, script, iframe)").count() == 0
