"""The details of many runs: their numbers, the runs that stand out, and why runs failed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import NONE, Scenario, failed_run, finished_run, many_runs

DEP = "adep_csv_report"
HOSTILE = "<img src=x onerror=fire()> \u202egpj.exe"
REASONS = [
    {"fingerprint": "KeyError: <text>", "example": "KeyError: 'a'", "n": 3},
    {"fingerprint": HOSTILE, "example": HOSTILE, "n": 2},
]


IS_DRAWN = """() => {
  const canvas = document.querySelector("[data-testid=arn-timeline-canvas]");
  if (!canvas?.width) return false;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean);
}"""
"""Whether there is something on the canvas of the timeline."""


def docs(failed: int = 5, succeeded: int = 12) -> list[dict[str, Any]]:
    """Failed runs, then ones that succeeded, the last of which took longest."""
    bad = [failed_run(id=f"adrun_bad{number}") for number in range(failed)]
    good = [
        finished_run(id=f"adrun_good{number}", completed_at=f"2023-11-14T22:13:{10 + number}Z")
        for number in range(succeeded)
    ]
    return [*bad, *good]


def scenario(groups: dict[str, Any] | None = None, **traits: Any) -> Scenario:
    made = many_runs(docs(), **traits)
    made.page["names"] = {DEP: "csv-report", "adver_0002": "csv-report v2"}
    made.groups = groups
    return made


def grouped(reasons: list[dict[str, Any]] = REASONS) -> dict[str, Any]:
    codes = [code for code, reason in enumerate(reasons) for _ in range(reason["n"])]
    return {"codes": [*codes, *[NONE] * (17 - len(codes))], "list": reasons}


def numbers(stage: Stage) -> Locator:
    return stage.page.get_by_test_id("arn-wb-numbers")


def selected(stage: Stage) -> list[str]:
    return [run for _, run in stage.trait("selected")]  # type: ignore[attr-defined]


def test_what_is_shown_is_told_in_numbers_while_nothing_is_chosen(open_stage: Opener) -> None:
    told = numbers(open_stage(scenario(grouped())))
    expect(told).to_contain_text("17 runs in all")
    for words in (
        "29\u00a0% (13\u00a0% to 53\u00a0%), 5 of 17",
        "before start2.1 s, 90\u00a0% within 2.1 s",
        "after start40.4 s, 90\u00a0% within 47.4 s",
        "Why 5 failed",
    ):
        expect(told).to_contain_text(words)


def test_the_picture_is_on_the_screen_before_the_numbers_are_counted(open_stage: Opener) -> None:
    stage = open_stage(scenario(grouped()), clock=True)
    page, facts = stage.page, numbers(stage).locator("dt")
    page.clock.pause_at(page.evaluate("Date.now() + 60_000"))
    page.evaluate("() => { window.stage.unmount(); window.stage.mount(); }")
    while not page.evaluate(IS_DRAWN):
        assert facts.count() == 0
        page.clock.run_for(1)
    assert facts.count() == 0
    page.clock.run_for(100)
    assert facts.count() > 3


def test_the_last_failure_the_longest_run_and_the_longest_wait_are_a_click_away(
    open_stage: Opener,
) -> None:
    lines = {"last failure": "adrun_bad4", "longest": "adrun_good11", "longest wait": "adrun_bad0"}
    for name, run in lines.items():
        stage = open_stage(scenario(grouped()))
        line = numbers(stage).locator(f"dt:text-is('{name}') + dd")
        expect(line.get_by_role("button")).to_have_text("csv-report v2")
        line.get_by_role("button").click()
        assert selected(stage) == [run]
        expect(stage.page.locator(".arn-run header")).to_contain_text(run)


@pytest.mark.parametrize("view", ["timeline", "table", "durations"])
def test_a_length_is_rounded_once(open_stage: Opener, view: str) -> None:
    ends = {"started_at": "2023-11-14T22:13:00Z", "completed_at": "2023-11-14T22:13:56.2496Z"}
    stage = open_stage(many_runs([*docs(), finished_run(id="adrun_long", **ends)], view=view))
    line = numbers(stage).locator("dt:text-is('longest') + dd")
    expect(line).to_contain_text("56.2 s")
    line.get_by_role("button").click()
    expect(stage.page.locator(".arn-run")).to_contain_text("56.2 s")
    shown = stage.page.locator(".arn-root").inner_text()
    assert set(re.findall(r"56[.]\d s", shown)) == {"56.2 s"}


def test_a_reason_narrows_to_its_runs_and_back(open_stage: Opener) -> None:
    stage = open_stage(scenario(grouped()))
    reason = numbers(stage).get_by_role("button", name="KeyError")
    expect(reason).to_have_attribute("aria-pressed", "false")
    reason.click()
    expect(stage.page.get_by_test_id("arn-wb-result")).to_contain_text("3 of 17 shown")
    expect(numbers(stage)).to_contain_text("The 3 of 17 runs shown")
    expect(numbers(stage)).to_contain_text("Why 3 failed")
    expect(reason).to_have_attribute("aria-pressed", "true")
    reason.click()
    expect(numbers(stage)).to_contain_text("17 runs in all")


def test_a_chosen_run_that_the_filter_hides_gives_way_to_what_is_shown(open_stage: Opener) -> None:
    stage = open_stage(scenario(grouped(), selected=[[DEP, "adrun_good3"]]))
    run = stage.page.locator(".arn-run")
    expect(run).to_contain_text("adrun_good3")
    stage.page.get_by_test_id("arn-wb-statuses").get_by_role("button", name="failed").click()
    away = stage.page.get_by_test_id("arn-wb-away")
    expect(away).to_contain_text("What is chosen is not among the runs shown.")
    expect(numbers(stage)).to_contain_text("The 5 of 17 runs shown")
    expect(run).to_have_count(0)
    assert selected(stage) == ["adrun_good3"], "it stays chosen"
    away.get_by_role("button", name="Clear the filter").click()
    expect(away).to_be_hidden()
    expect(run).to_contain_text("adrun_good3")


def test_more_than_two_chosen_runs_are_told_in_numbers(open_stage: Opener) -> None:
    chosen = [[DEP, f"adrun_bad{number}"] for number in range(3)]
    stage = open_stage(scenario(grouped(), selected=chosen))
    expect(numbers(stage)).to_contain_text("The 3 runs chosen")
    expect(numbers(stage)).to_contain_text("too few to say (3)")
    expect(numbers(stage)).to_contain_text("Why 3 failed")
    stage.page.get_by_role("button", name="Next chosen run").click()
    expect(stage.page.locator(".arn-run header")).to_contain_text("adrun_bad0")


def test_reasons_are_text_and_of_many_the_first_are_seen(open_stage: Opener) -> None:
    few = numbers(open_stage(scenario(grouped())))
    expect(few).to_contain_text("<img src=x onerror=fire()> ‹U+202E›gpj.exe")
    assert few.locator("img").count() == 0
    many = [{"fingerprint": f"reason {n}", "example": "", "n": 1} for n in range(12)]
    stage = open_stage(scenario(grouped(many)))
    reasons = numbers(stage).locator(".arn-nums-group")
    expect(reasons).to_have_count(8)
    numbers(stage).get_by_role("button", name="and 4 more reasons").click()
    expect(reasons).to_have_count(12)


def test_the_bars_of_all_reasons_begin_at_one_place(open_stage: Opener) -> None:
    many = [{"fingerprint": f"reason {n}", "example": "", "n": 1} for n in range(3)]
    reasons = numbers(open_stage(scenario(grouped(many)))).locator(".arn-nums-group")
    expect(reasons).to_have_count(3)
    reasons.locator("b").first.evaluate("(count) => (count.textContent = '12,345')")
    starts = reasons.evaluate_all(
        "(rows) => rows.map((row) => row.lastElementChild.getBoundingClientRect().left)"
    )
    assert len(set(starts)) == 1
    assert starts[0] > reasons.locator("b").first.evaluate(
        "(count) => count.getBoundingClientRect().right"
    )


@pytest.mark.parametrize("alone", [True, False], ids=["a file", "a kernel that does not say"])
def test_without_groups_a_sentence_stands_there(open_stage: Opener, alone: bool) -> None:
    stage = open_stage(scenario(None))
    words = "The failures are not read."
    if alone:
        stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
        words = "This needs a kernel, and a file has none."
    expect(stage.page.get_by_test_id("arn-wb-reasons")).to_contain_text(words)
    expect(numbers(stage)).to_contain_text("Why 5 failed")


def test_without_failures_nothing_is_asked(open_stage: Opener) -> None:
    stage = open_stage(many_runs([finished_run(id=f"adrun_{n}") for n in range(3)]))
    expect(numbers(stage)).to_contain_text("0\u00a0% (0\u00a0% to 56\u00a0%), 0 of 3")
    expect(stage.page.get_by_test_id("arn-wb-reasons")).to_be_hidden()
    asked = stage.page.evaluate("window.stage.model.sent.map(({ op }) => op)")
    assert "groups" not in asked


def test_a_window_is_kept_as_a_filter(open_stage: Opener) -> None:
    runs = [
        finished_run(id=f"adrun_{n:02}", created_at=f"2023-11-14T21:{n:02}:00Z") for n in range(60)
    ]
    stage = open_stage(many_runs(runs, window=None))
    keep = stage.page.get_by_test_id("arn-keep-window")
    expect(keep).to_be_hidden()
    stage.page.get_by_test_id("arn-zoom-in").click()
    stage.page.wait_for_function("() => window.stage.model.get('window')")
    start, end = stage.trait("window")  # type: ignore[misc]
    created = [run["fields"]["created_at"] for run in runs]
    inside = [at for at in created if start[:19] <= at[:19] < end[:19]]
    assert 0 < len(inside) < 60
    keep.click()
    expect(stage.page.get_by_test_id("arn-wb-result")).to_contain_text(f"{len(inside)} of 60 shown")
    stage.page.wait_for_function("() => window.stage.model.get('window') === null")
    expect(keep).to_be_hidden()
    expect(stage.page.get_by_test_id("arn-timeline-canvas")).to_be_focused()


def test_a_window_set_in_python_is_shown_and_not_sent_back(open_stage: Opener) -> None:
    runs = [
        finished_run(id=f"adrun_{n:02}", created_at=f"2023-11-14T21:{n:02}:00Z") for n in range(60)
    ]
    stage = open_stage(many_runs(runs, window=["2023-11-14T21:10:00Z", "2023-11-14T21:20:00.5Z"]))
    window = stage.page.get_by_test_id("arn-window")
    expect(window).to_contain_text("21:10:00 to 2023-11-14 21:20:00.500")
    stage.page.wait_for_timeout(400)
    assert stage.trait("window") == ["2023-11-14T21:10:00Z", "2023-11-14T21:20:00.5Z"]
    stage.set_trait("window", None)
    expect(window).to_contain_text(": 60 runs.")


WAITS = [
    ({}, "2.1 s"),
    ({"created_at": "2023-11-14T22:12:00Z", "started_at": "2023-11-14T22:12:32Z"}, "32 s"),
    ({"status": "queued", "started_at": None, "completed_at": None}, "49.5 s so far"),
    ({"status": "cancelled", "started_at": None}, "43.4 s"),
]


@pytest.mark.parametrize(("changes", "words"), WAITS, ids=[words for _, words in WAITS])
def test_the_longest_wait_is_that_until_the_start_the_end_or_the_newest_look(
    open_stage: Opener, changes: dict[str, Any], words: str
) -> None:
    waited = finished_run(id="adrun_waited", **changes)
    quick = finished_run(id="adrun_quick", created_at="2023-11-14T22:12:31Z")
    line = numbers(open_stage(many_runs([quick, waited]))).locator(
        "dt:text-is('longest wait') + dd"
    )
    expect(line).to_have_text(re.compile(rf".* {re.escape(words)}$"))


def test_a_press_leads_from_a_chosen_run_to_the_numbers_and_the_focus_goes_along(
    open_stage: Opener,
) -> None:
    stage = open_stage(scenario(grouped(), selected=[[DEP, "adrun_good3"]]), width=1_244)
    expect(numbers(stage)).to_be_hidden()
    stage.page.get_by_role("button", name="Numbers", exact=True).press("Enter")
    expect(numbers(stage)).to_be_focused()
    assert stage.trait("selected") == []
    expect(numbers(stage)).to_contain_text("17 runs in all")
    stage.page.keyboard.press("Tab")
    expect(numbers(stage).get_by_role("button").first).to_be_focused()
