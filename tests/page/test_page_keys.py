"""The view by keyboard: few Tab stops, one for each group of buttons, and arrow keys inside of it."""

from __future__ import annotations

import pytest

from .conftest import Opener, Stage
from .scenarios import Scenario, failed_run, finished_run, live_run, many_runs

DEP = "adep_csv_report"
MOST_STOPS = 28

STOPS = """() => [...document.querySelectorAll('[role=toolbar]')].map((bar) => {
  const buttons = [...bar.querySelectorAll('button')].filter((one) => one.checkVisibility());
  return [bar.getAttribute('aria-label'), buttons.filter(({ tabIndex }) => tabIndex === 0).length];
}).filter(([, stops], i) => document.querySelectorAll('[role=toolbar]')[i].checkVisibility())"""
"""How many Tab stops each toolbar has that is seen."""

FOCUSED = """() => {
  const one = document.activeElement;
  return one.closest('.arn-root') && (one.getAttribute('aria-label') ?? one.textContent);
}"""

TIMELINE = ["Fit all runs", "Zoom out", "Zoom in"]


def chosen(outputs: int = 3) -> Scenario:
    output = {"path": "out/a", "kind": "file", "status": "available", "size_bytes": 1}
    docs = [
        finished_run(outputs=[{"name": f"o{n}", **output} for n in range(outputs)]),
        failed_run(),
        live_run(),
    ]
    keys = [[DEP, doc["fields"]["id"]] for doc in docs]
    return many_runs(docs, selected=keys[:2])


def focused(stage: Stage) -> str | None:
    found: str | None = stage.page.evaluate(FOCUSED)
    return found


def walk(stage: Stage) -> list[str]:
    """What Tab comes to, from the first stop of the view to the last."""
    stage.page.get_by_test_id("arn-wb-help").focus()
    stops = []
    while (at := focused(stage)) is not None:
        stops.append(at)
        stage.page.keyboard.press("Tab")
        assert len(stops) < 100
    return stops


def test_the_view_has_few_tab_stops_however_much_it_shows(open_stage: Opener) -> None:
    few, many = (walk(open_stage(chosen(outputs))) for outputs in (6, 50))
    assert len(few) == len(many) <= MOST_STOPS


def test_every_toolbar_is_one_tab_stop(open_stage: Opener) -> None:
    stage = open_stage(chosen())
    stage.open_tab("Manifest")
    bars = ("View of the runs", "Show runs by status", "Timeline", "Chosen runs", "Tree")
    expected = [*bars, "Show and copy"]
    assert stage.page.evaluate(STOPS) == [[name, 1] for name in expected]
    stage.page.get_by_test_id("arn-wb-statuses").get_by_role("button", name="failed").click()
    stage.page.get_by_role("treeitem").nth(1).click()
    stage.page.get_by_role("button", name="Next chosen run").click()
    stage.open_tab("Input")
    stage.page.get_by_test_id("arn-fold").evaluate("(button) => (button.hidden = true)")
    assert {stops for _, stops in stage.page.evaluate(STOPS)} == {1}


def test_arrow_keys_go_round_a_toolbar_past_what_is_hidden(open_stage: Opener) -> None:
    stage = open_stage(chosen())
    press = stage.page.keyboard.press
    buttons = [*TIMELINE, "Select range by dragging", "Previous failure", "Next failure"]
    stage.page.get_by_role("button", name=buttons[0]).focus()
    for name in [*buttons[1:], buttons[0]]:
        press("ArrowRight")
        assert focused(stage) == name
    for key, name in {"ArrowLeft": buttons[-1], "Home": buttons[0], "End": buttons[-1]}.items():
        press(key)
        assert (key, focused(stage)) == (key, name)
    press("Tab")
    assert "Timeline of 3 runs" in str(focused(stage))
    press("Shift+Tab")
    assert focused(stage) == buttons[-1], "Tab comes back to where it left"


def test_a_button_that_stays_pressed_says_so_from_the_beginning(open_stage: Opener) -> None:
    stage = open_stage(chosen())
    said = stage.page.locator("[role=toolbar] [aria-pressed]").evaluate_all(
        "(all) => all.map((one) => [one.getAttribute('aria-label') ?? one.textContent, one.ariaPressed])"
    )
    assert ["Select range by dragging", "false"] in said
    assert ["1 failed", "false"] in said


def test_a_button_keeps_the_focus_when_it_is_pressed(open_stage: Opener) -> None:
    stage = open_stage(chosen())
    stage.open_tab("Input")
    for name in ("Next chosen run", "Zoom in", "Expand all"):
        button = stage.page.get_by_role("button", name=name).first
        button.press("Enter")
        button.press("Enter")
        assert focused(stage) == name


@pytest.mark.parametrize("key", ["ArrowLeft", "ArrowRight", "Home", "End"])
def test_the_keys_of_a_toolbar_do_not_reach_the_notebook(open_stage: Opener, key: str) -> None:
    stage = open_stage(chosen())
    stage.page.evaluate(
        "window.keys = []; document.addEventListener('keydown', ({ key }) => window.keys.push(key))"
    )
    button = stage.page.get_by_role("button", name="Zoom in")
    assert button.get_attribute("data-lm-suppress-shortcuts") == "true"
    button.press(key)
    button.press("b")
    assert stage.page.evaluate("window.keys") == ["b"]
