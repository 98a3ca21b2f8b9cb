"""The panels of many runs by keyboard alone: every control is reached, shows that it has the focus, and is left again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import Scenario, failed_run, finished_run, log_events, many_runs
from .test_page_workbench import part

DEP = "adep_csv_report"
FAILED = [[DEP, "adrun_f0"]]

MARK = """() => {
  const all = [...document.querySelectorAll('.arn-root :is(button, input, select, summary, [tabindex="0"])')];
  const isThere = (one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && !one.ariaHidden;
  // Inside of the table of runs a key does what such a button does.
  window.controls = all.filter((one) => isThere(one) && !one.matches('.arn-grid [tabindex="-1"]'));
  return window.controls.length;
}"""
"""Remembers the controls that are seen, and counts them."""

AT = """() => {
  const one = document.activeElement;
  if (!one.closest('.arn-root')) return null;
  const style = getComputedStyle(one);
  const group = one.closest('[role=toolbar], [role=tablist], [role=menu], .arn-wb-items, table[role=grid]');
  return {
    place: window.controls.indexOf(one),
    isSeen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
    words: one.ariaLabel ?? (one.innerText || one.className),
    group: group && {isLine: group.matches('[role=toolbar], [role=tablist]'), isTable: group.matches('table')},
  };
}"""
"""Where the focus is; null outside of the view."""

WORDS = "(place) => { const one = window.controls[place]; return one.ariaLabel ?? (one.innerText || one.className); }"


def scenario(**traits: Any) -> Scenario:
    docs = [
        *(failed_run(id=f"adrun_f{number}") for number in range(3)),
        *(finished_run(id=f"adrun_s{number}") for number in range(9)),
    ]
    made = many_runs(docs, **traits)
    made.logs = {"events": log_events(), "more": True}
    made.comparison = {"count": 0, "differences": [], "outputs": []}
    made.last_success = {"row": 5, "of": "version"}
    made.groups = {"codes": [0, 0, 0, *[0xFFFFFFFF] * 9], "list": [
        {"fingerprint": "FileNotFoundError: <path>", "example": "x", "n": 3}
    ]}  # fmt: skip
    return made


def run_tab(name: str) -> Any:
    def open_it(stage: Stage) -> None:
        stage.page.get_by_role("tab", name=name).click()
        stage.page.wait_for_timeout(100)

    return open_it


def view(name: str) -> Any:
    return lambda stage: stage.page.get_by_role("button", name=name, exact=True).click()


PANELS: dict[str, tuple[dict[str, Any], int, Any]] = {
    "timeline": ({}, 1_244, view("Timeline")),
    "table": ({"columns": ["output_manifest.summary"]}, 1_244, view("Table")),
    "durations": ({}, 1_244, view("Durations")),
    "narrowed": ({"filter": {"status": "failed", "mode": "job"}}, 1_244, view("Table")),
    "filter": ({}, 1_244, view("+ Filter")),
    "overview": ({"selected": FAILED}, 1_244, run_tab("Overview")),
    "logs": ({"selected": FAILED}, 1_244, run_tab("Logs")),
    "manifest": ({"selected": [[DEP, "adrun_s0"]]}, 1_244, run_tab("Manifest")),
    "outputs": ({"selected": [[DEP, "adrun_s0"]]}, 1_244, run_tab("Outputs")),
    "comparison": ({"selected": FAILED}, 1_244, view("Compare with last success")),
    "stacked": ({"selected": FAILED}, 820, run_tab("Logs")),
    "list": ({}, 400, lambda _: None),
}
"""What the view has, how wide it is, and how a panel of it is opened."""


def walk(stage: Stage) -> tuple[set[int], list[str]]:
    """Tab from the first control to the last, and the arrow keys inside of each group.

    Returns:
        The controls that were reached, and the words of those that did not show the focus.
    """
    press = stage.page.keyboard.press
    reached: set[int] = set()
    unseen: list[str] = []

    def look() -> dict[str, Any] | None:
        at: dict[str, Any] | None = stage.page.evaluate(AT)
        if at and at["place"] >= 0:
            reached.add(at["place"])
        if at and not at["isSeen"]:
            unseen.append(at["words"])
        return at

    def along(key: str) -> None:
        """Goes on with a key while it leads to a control that was not reached."""
        count = -1
        while len(reached) > count:
            count = len(reached)
            press(key)
            look()

    stage.page.evaluate("() => window.controls[0].focus({focusVisible: true})")
    for _ in range(80):
        at = look()
        if at is None:
            break
        group = at["group"]
        if group and group["isTable"]:
            for _ in range(5):
                press("Home")
                look()
                # Some cells hold no control.
                for _ in range(10):
                    press("ArrowRight")
                    look()
                press("ArrowDown")
        elif group:
            along("ArrowRight" if group["isLine"] else "ArrowDown")
        press("Tab")
    return reached, unseen


@pytest.mark.parametrize("panel", PANELS)
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(
    open_stage: Opener, panel: str
) -> None:
    traits, width, open_it = PANELS[panel]
    stage = open_stage(scenario(**traits), width=width)
    open_it(stage)
    stage.page.wait_for_timeout(300)
    count = stage.page.evaluate(MARK)
    assert count > 8
    reached, unseen = walk(stage)
    missed = [stage.page.evaluate(WORDS, place) for place in set(range(count)) - reached]
    assert (missed, unseen) == ([], [])


def opener(stage: Stage, name: str) -> Locator:
    return stage.page.get_by_role("button", name=name, exact=True).first


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("+ Filter", "[data-testid=arn-wb-panel]"),
        ("Help: keys and gestures", "[data-testid=arn-help]"),
        ("Copy ▾", ".arn-menulist:not([hidden])"),
    ],
)
def test_escape_closes_what_was_opened_and_gives_the_focus_back(
    open_stage: Opener, name: str, opened: str
) -> None:
    stage = open_stage(scenario(selected=FAILED), width=1_244)
    opener(stage, name).press("Enter")
    expect(stage.page.locator(opened)).to_be_visible()
    stage.page.keyboard.press("Tab" if name != "Copy ▾" else "ArrowDown")
    stage.page.keyboard.press("Escape")
    expect(stage.page.locator(opened)).to_be_hidden()
    expect(opener(stage, name)).to_be_focused()


@pytest.mark.parametrize("view_name", ["Timeline", "Table", "Durations"])
def test_escape_leads_from_a_run_to_the_numbers(open_stage: Opener, view_name: str) -> None:
    stage = open_stage(scenario(selected=FAILED), width=1_244)
    view(view_name)(stage)
    names = {"Timeline": "arn-timeline-canvas", "Table": "arn-table"}
    picture = stage.page.get_by_test_id(names.get(view_name, "arn-durations-canvas"))
    picture.press("Home")
    picture.press("Enter")
    expect(stage.page.locator(".arn-run")).to_be_visible()
    picture.press("Escape")
    expect(part(stage, "numbers")).to_be_visible()
    assert stage.trait("selected") == []


def test_escape_leads_from_a_run_back_to_the_list(open_stage: Opener) -> None:
    stage = open_stage(scenario(), width=400)
    line = stage.page.locator(".arn-wb-item").nth(2)
    line.press("Enter")
    expect(stage.page.locator(".arn-run")).to_be_visible()
    stage.page.get_by_role("tab", name="Manifest").press("Escape")
    expect(stage.page.locator(".arn-run")).to_be_hidden()
    expect(line).to_be_focused()
