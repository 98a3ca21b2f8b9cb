"""What has the keyboard focus keeps it when newer data come: nobody who walks through a view by keys is thrown out of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import NONE, Scenario, failed_run, finished_run, live_run, log_events, many_runs
from .test_page_runs import update

DEP = "adep_csv_report"

FOCUS_NEXT = """(at) => {
  const all = [...document.querySelectorAll(".arn-root :is(button, select, input, summary, canvas, [tabindex])")];
  for (; at < all.length; at++) {
    if (!all[at].checkVisibility({ visibilityProperty: true })) continue;
    all[at].focus();
    if (document.activeElement === all[at]) return at;
  }
  return -1;
}"""
"""Gives the focus to the first element from a place on that takes it, in the order of the page; returns its place."""

FOCUSED = """() => {
  const one = document.activeElement;
  const words = one.getAttribute("aria-label") ?? one.dataset.testid ?? one.textContent;
  return one.closest(".arn-root") && `${one.localName} ${one.className} ${words}`;
}"""
"""What has the focus: its kind, its looks and its words; null where that is nothing of the view."""

OPEN_ANEW = """(traits) => {
  const { model, unmount, mount } = window.stage;
  unmount();
  const nothing = { selected: [], path: "", filter: null, view: "timeline", by: null, window: null };
  Object.assign(model.state, nothing, traits);
  mount();
}"""
"""Shows the view as it was at first, whatever was pressed in it."""

DRAWN = """() => new Promise((settled) =>
  setTimeout(() => requestAnimationFrame(() => setTimeout(settled, 60)), 60))"""
"""All that is drawn after newer data is drawn."""


def runs(more: int = 0, **traits: Any) -> Scenario:
    """Failed runs of two reasons, good ones, and one that goes on; `more` that ended since."""
    bad = [failed_run(id=f"adrun_bad{at}", exit_code=more) for at in range(5)]
    good = [finished_run(id=f"adrun_good{at}", exit_code=more) for at in range(6)]
    newer = [finished_run(id=f"adrun_newer{at}") for at in range(more)]
    docs = [*bad, *good, live_run(id="adrun_live"), *newer]
    made = many_runs(docs, **traits)
    made.page["names"] = {DEP: "csv-report"}
    reasons = [
        {"fingerprint": "KeyError: <text>", "example": "KeyError: 'a'", "n": 3},
        {"fingerprint": "no memory", "example": "no memory", "n": 2},
    ]
    made.groups = {"codes": [0, 0, 0, 1, 1, *[NONE] * (len(docs) - 5)], "list": reasons}
    made.logs = {"events": log_events()}
    return made


def one(run_id: str) -> list[list[str]]:
    return [[DEP, run_id]]


Step = tuple[str, str]
"""The role and the name of what is clicked."""

SCENES: dict[str, tuple[dict[str, Any], list[Step]]] = {
    "numbers": ({}, []),
    "numbers of the chosen": ({"selected": [[DEP, f"adrun_bad{at}"] for at in range(4)]}, []),
    "a failed run": ({"selected": one("adrun_bad0")}, []),
    "a run that goes on": ({"selected": one("adrun_live")}, []),
    "its manifest": ({"selected": one("adrun_good0")}, [("tab", "Manifest")]),
    "its outputs": ({"selected": one("adrun_good0")}, [("tab", "Outputs")]),
    "its log": ({"selected": one("adrun_bad0")}, [("tab", "Logs")]),
    "two runs": ({"selected": [*one("adrun_bad0"), *one("adrun_good0")]}, []),
    "a table": ({"view": "table", "columns": ["output_manifest.score"]}, []),
    "durations": ({"view": "durations"}, []),
    "filtered": ({"filter": {"status": "failed", "since": "2020-01-01T00:00:00Z"}}, []),
    "a panel": ({"filter": {"status": "failed"}}, [("button", "Filter")]),
}


def no_numbers(words: str | None) -> str | None:
    """Counts and ages may change meanwhile."""
    return words and re.sub(r"[\d,.]+", "#", words)


def renew(stage: Stage, scenario: Scenario) -> None:
    update(stage, scenario)
    stage.page.evaluate(DRAWN)


def give_focus(element: Locator) -> None:
    expect(element).to_be_visible()
    element.focus()
    expect(element).to_be_focused()


def lost(stage: Stage, scenarios: list[Scenario]) -> list[str]:
    """What loses the focus when newer data come, walking through all that takes it."""
    found, at, steps = [], 0, 0
    while (at := stage.page.evaluate(FOCUS_NEXT, at)) >= 0:
        before = stage.page.evaluate(FOCUSED)
        renew(stage, scenarios[steps % len(scenarios)])
        after = stage.page.evaluate(FOCUSED)
        if no_numbers(after) != no_numbers(before):
            found.append(f"{before} -> {after}")
        at, steps = at + 1, steps + 1
    assert steps > 10, "it was a walk"
    return found


@pytest.mark.parametrize("width", [1_244, 420])
@pytest.mark.parametrize("scene", SCENES)
def test_what_has_the_focus_keeps_it_when_newer_data_come(
    open_stage: Opener, scene: str, width: int
) -> None:
    traits, steps = SCENES[scene]
    stage = open_stage(runs(**traits), width=width)
    for role, name in steps if width > 1_000 else []:
        stage.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
    stage.page.wait_for_timeout(500)
    found = lost(stage, [runs(more=1, **traits), runs(**traits)])
    assert not found, "\n".join(found)


def test_in_a_list_of_one_name_the_focus_stays_on_its_run(open_stage: Opener) -> None:
    stage = open_stage(runs(), width=420)
    stage.page.locator(".arn-wb-item").nth(3).click()
    chosen = stage.trait("selected")
    stage.page.keyboard.press("Escape")
    give_focus(stage.page.locator(".arn-wb-item").nth(3))
    newest = {"created_at": "2023-11-15T22:12:31Z", "completed_at": "2023-11-15T22:13:00Z"}
    renew(stage, many_runs([*runs().docs, finished_run(id="adrun_newest", **newest)]))
    expect(stage.page.locator(".arn-wb-item")).to_have_count(13)
    expect(stage.page.locator(".arn-wb-item").nth(4)).to_be_focused()
    stage.page.keyboard.press("Enter")
    assert stage.trait("selected") == chosen


def test_what_is_gone_hands_the_focus_to_what_it_stood_in(open_stage: Opener) -> None:
    stage = open_stage(runs(), width=1_244)
    reason = stage.page.get_by_test_id("arn-wb-reasons").get_by_role("button").first
    give_focus(reason)
    renew(stage, many_runs([finished_run(id="adrun_good0"), finished_run(id="adrun_good1")]))
    expect(reason).to_be_hidden()
    expect(stage.page.get_by_test_id("arn-wb-numbers")).to_be_focused()


@pytest.mark.parametrize("leave", ["(one) => one.blur()", "() => window.beside.focus()"])
def test_nobody_who_has_left_is_called_back(open_stage: Opener, leave: str) -> None:
    """Left before newer data come, and while what had the focus is away."""
    stage = open_stage(runs(), width=1_244)
    stage.page.evaluate("document.body.append(window.beside = document.createElement('button'))")
    link = stage.page.get_by_test_id("arn-wb-numbers").get_by_role("button").first
    give_focus(link)
    link.evaluate(leave)
    there = stage.page.evaluate("document.activeElement.localName")
    renew(stage, runs(more=1))
    assert stage.page.evaluate("document.activeElement.localName") == there
    give_focus(link)
    link.evaluate("(one) => one.remove()")
    stage.page.evaluate("window.beside.focus()")
    renew(stage, runs())
    assert stage.page.evaluate("document.activeElement === window.beside")


@pytest.mark.parametrize("scene", ["numbers", "a failed run"])
def test_what_is_pressed_and_goes_away_leaves_the_focus_in_the_view(
    open_stage: Opener, scene: str
) -> None:
    traits, _ = SCENES[scene]
    stage = open_stage(runs(**traits), width=1_244)
    at, steps, thrown_out = 0, 0, []
    while (at := stage.page.evaluate(FOCUS_NEXT, at)) >= 0:
        pressed = stage.page.evaluate(FOCUSED)
        stage.page.keyboard.press("Enter")
        stage.page.wait_for_timeout(250)
        if stage.page.evaluate(FOCUSED) is None:
            thrown_out.append(pressed)
        stage.page.evaluate(OPEN_ANEW, traits)
        stage.page.wait_for_timeout(450)
        at, steps = at + 1, steps + 1
    assert steps > 10, "it was a walk"
    assert thrown_out == []
