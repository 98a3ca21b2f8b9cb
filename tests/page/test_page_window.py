"""What a page says of the stretch of time that it shows, and how a file opens as the view was seen."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import expect

import agentrun_nb as arn
from agentrun_nb.widget import explore
from tests.support.samples import body, record, records

from .conftest import Opener, Stage
from .scenarios import Scenario

KEY = ["agdep_reviews", "adrun_00000003"]


def stage_of(view: Any, open_stage: Opener, **how: Any) -> Stage:
    """The page of a real view, with the documents that come with it."""
    page, buffers = view._whole_page()
    traits = {"tz": view.tz, "selected": getattr(view, "selected", []), "path": view.path}
    return open_stage(Scenario(page, buffers, traits=traits), **how)


def statuses(stage: Stage) -> str:
    return stage.page.get_by_test_id("arn-wb-statuses").text_content() or ""


def counts(words: str) -> list[int]:
    """The numbers of "3 of 12", or of "12" twice."""
    numbers = [int(digits.replace(",", "")) for digits in re.findall(r"[\d,]+", words)]
    return numbers if len(numbers) == 2 else numbers * 2


@pytest.mark.parametrize("group", ["none", "deployment_id", "version_id", "status"])
def test_window_and_notes_count_what_is_in_the_window_of_how_many(
    open_stage: Opener, group: str
) -> None:
    stage = stage_of(explore(body(1_000)), open_stage)
    stage.press(f"by:{group}")
    window = stage.page.get_by_test_id("arn-window")
    notes = stage.page.get_by_test_id("arn-timeline-notes")
    expect(window).to_contain_text(": 1,000 runs.")
    assert "not ended" in notes.inner_text()
    for _ in range(5):
        stage.page.get_by_test_id("arn-zoom-in").click()
    expect(window).to_contain_text(re.compile(r": \d+ of 1,000 runs\."))
    assert "not ended" not in notes.inner_text(), "none of those is in sight"
    stage.page.get_by_test_id("arn-fit").click()
    expect(window).to_contain_text(": 1,000 runs.")


def test_a_page_of_many_runs_tells_what_the_table_says(open_stage: Opener) -> None:
    """Its columns travel in other ways than those of a few."""
    runs = arn.runs_frame(body(70_000))
    runs.loc[40_000, "completed_at"] = runs["started_at"][40_000] + pd.Timedelta("5 h 2 min")
    counts = runs["status"].value_counts()
    page, buffers = explore(runs)._page()
    stage = open_stage(Scenario(page, buffers, traits={"tz": "UTC", "selected": [], "path": ""}))
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(": 70,000 runs.")
    for status in ("succeeded", "failed", "timed_out"):
        expect(stage.page.get_by_test_id("arn-wb-statuses")).to_contain_text(f"{counts[status]:,}")
    line = stage.page.locator("dt:text-is('longest') + dd")
    expect(line).to_have_text(f"{runs['id'][40_000]} 5 h 2 min")


def not_fetched(*codes: str) -> Any:
    """Ten runs and some that could not be fetched."""
    runs = arn.runs_frame(json.dumps(records(10 + len(codes))).encode())
    for row, code in enumerate(codes):
        runs.loc[row, [name for name in runs.columns if name not in ("id", "deployment_id")]] = None
        runs.loc[row, "fetch_error"] = f"{code}: A sentence."
    return arn.runs_frame(runs)


def test_runs_that_were_not_read_are_counted_apart_and_led_to(open_stage: Opener) -> None:
    runs = not_fetched("not_found", "not_found", "forbidden")
    stage = stage_of(explore(runs), open_stage)
    assert "3 not read" in statuses(stage)
    assert "no status recorded" not in statuses(stage)
    assert "without a created time" not in stage.text()
    stage.page.get_by_role("button", name="not read 3").click()
    assert stage.trait("selected") == runs.loc[:2, ["deployment_id", "id"]].to_numpy().tolist()
    stage.page.get_by_role("button", name="Next chosen run").click()
    expect(stage.page.locator(".arn-statusname")).to_have_text("not read: no such run")
    assert "A sentence." in stage.text()
    for _ in range(2):
        stage.page.get_by_role("button", name="Previous chosen run").click()
    expect(stage.page.locator(".arn-statusname")).to_have_text("not read: not allowed")


def test_where_no_run_was_read_that_is_said(open_stage: Opener) -> None:
    stage = stage_of(explore(not_fetched("connection").iloc[:1]), open_stage)
    assert "The run was not read" in stage.text()
    assert "created time" not in stage.text()


def test_where_every_run_was_read_nothing_is_said_of_it(open_stage: Opener) -> None:
    expect(
        stage_of(explore(body(3)), open_stage).page.get_by_role("button", name="not read")
    ).to_have_count(0)


def seen(stage: Stage) -> dict[str, Any]:
    """What a person sees of the timeline, in words."""
    page = stage.page
    return {
        "window": page.get_by_test_id("arn-window").inner_text(),
        "by": page.get_by_test_id("arn-by").input_value(),
        "pressed": page.locator(".arn-timeline [aria-pressed=true]").all_inner_texts(),
        "notes": page.get_by_test_id("arn-timeline-notes").inner_text(),
        "statuses": statuses(stage),
        "run": page.locator(".arn-run header").inner_text(),
    }


def apart() -> bytes:
    """Runs of two days that lie a month apart."""
    runs = records(200)
    for run in runs[100:]:
        for name in ("created_at", "started_at", "completed_at", "updated_at"):
            run[name] = run[name] and run[name].replace("2026-11", "2026-12")
    return json.dumps(runs).encode()


@pytest.mark.parametrize(
    "presses",
    [
        [],
        ["by:status"],
        ["arn-zoom-in", "arn-zoom-in", "by:version_id"],
        ["arn-fold"],
        ["arn-fold", "arn-zoom-in", "by:status"],
        ["arn-fold", "arn-fold", "arn-zoom-in"],
    ],
)
def test_a_file_and_a_reopened_view_show_what_was_seen(
    open_stage: Opener, presses: list[str]
) -> None:
    view = explore(apart(), tz="Europe/Berlin")
    stage = stage_of(view, open_stage)
    for press in presses:
        stage.press(press)
    stage.page.wait_for_timeout(600)
    before = seen(stage)
    view._receive(
        view,
        stage.page.evaluate("window.stage.model.sent.findLast(({ op }) => op === 'window')"),
        [],
    )
    again = stage_of(view, open_stage)
    again.page.wait_for_timeout(600)
    assert seen(again) == before
    again.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    again.page.wait_for_timeout(600)
    assert seen(again) == before


IDS = [
    "adrun_1",
    "it's",
    'a "b"',
    "both ' and \"",
    "back\\slash\n\ttab",
    "\u202eturned\u200b",
    "é\x7f\xa0",
    "",
    "😀\U000e0001",
]


@pytest.mark.parametrize("run", IDS)
def test_a_copied_line_is_the_one_that_the_code_gives(open_stage: Opener, run: str) -> None:
    manifest = {run or "plain": [1, {"it's": 2}]}
    runs = [record(0), record(1, id=run or None, output_manifest=manifest), record(2)]
    view = explore(json.dumps(runs).encode())
    view.selected = [[record(1)["deployment_id"], run]]
    stage = stage_of(view, open_stage)
    stage.open_tab("Manifest")
    stage.page.get_by_role("button", name="Expand all").first.click()
    for text in ("it's: 2", "1"):
        stage.page.locator(".arn-row:not(.arn-outofsight)", has_text=text).last.click()
        view.path = stage.trait("path")
        assert copied(stage) == view.code.splitlines()[-1]
        names = {"runs": view._runs, "arn": arn}
        exec(copied(stage), names)
        assert names["value"] == view.value


def copied(stage: Stage) -> str:
    stage.page.get_by_role("button", name="Copy as Python").first.click()
    return stage.page.evaluate("() => navigator.clipboard.readText()")


def test_a_value_chosen_in_a_run_further_on_is_the_one_that_python_gives(
    open_stage: Opener,
) -> None:
    view = explore(body(6))
    view.selected = [["agdep_reviews", "adrun_00000000"], ["agdep_reports", "adrun_00000001"], KEY]
    stage = stage_of(view, open_stage)
    for run in ("adrun_00000000", "adrun_00000001", "adrun_00000003"):
        stage.page.get_by_role("button", name="Next chosen run").click()
        expect(stage.page.locator(".arn-run header")).to_contain_text(run)
        stage.open_tab("Manifest")
        stage.page.locator(".arn-row", has_text="score").first.click()
        view.selected, view.path = stage.trait("selected"), stage.trait("path")
        assert (view.run.id, len(view.selected)) == (run, 3)
        assert copied(stage) == view.code.splitlines()[-1]
    assert "Run 3 of 3 chosen" in stage.text()


def test_one_run_and_one_document_have_the_line_of_their_code(open_stage: Opener) -> None:
    for view in (explore(arn.Run(json.dumps(record(3)).encode())), arn.explore_json({"it's": [1]})):
        stage = stage_of(view, open_stage)
        for tab in stage.page.get_by_role("tab", name="Manifest").all():
            tab.click()
        stage.page.locator(".arn-row:not(.arn-outofsight)").nth(1).click()
        view.path = stage.trait("path")
        assert copied(stage) == view.code.splitlines()[-1]


def test_in_an_hour_that_comes_twice_the_page_tells_the_offsets(open_stage: Opener) -> None:
    at = {"created_at": "2026-11-01T05:30:00Z", "started_at": "2026-11-01T06:30:00Z"}
    runs = [
        record(0, **at, completed_at="2026-11-01T06:45:00Z"),
        record(1, **at, completed_at="2026-11-01T07:15:00Z"),
    ]
    stage = stage_of(explore(json.dumps(runs).encode(), tz="America/New_York"), open_stage)
    window = stage.page.get_by_test_id("arn-window")
    expect(window).to_contain_text(
        "2026-11-01 01:30:00 UTC-4 to 2026-11-01 02:15:00 (1 h 45 min): 2 runs."
    )
    expect(window).to_contain_text("Times in America/New_York (UTC-4 to UTC-5).")
    canvas = stage.page.get_by_test_id("arn-timeline-canvas")
    place = canvas.evaluate("(canvas) => canvas.arnLocate(0)")
    canvas.hover(position=place)
    tooltip = stage.page.get_by_test_id("arn-tooltip")
    expect(tooltip).to_contain_text("created: 2026-11-01 01:30:00 UTC-4")
    expect(tooltip).to_contain_text("started: 2026-11-01 01:30:00 UTC-5")


RECORD_WORDS = """() => {
  window.painted = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (words, ...place) {
    window.painted.push(words);
    return fillText.call(this, words, ...place);
  };
}"""


def test_bands_count_what_is_in_the_window_of_how_many(open_stage: Opener) -> None:
    stage = stage_of(explore(body(1_000)), open_stage)
    stage.press("by:version_id")
    for _ in range(4):
        stage.page.get_by_test_id("arn-zoom-in").click()
    stage.page.wait_for_timeout(300)
    stage.page.evaluate(RECORD_WORDS)
    stage.page.get_by_test_id("arn-zoom-in").click()
    stage.page.wait_for_function("() => window.painted.length")
    found = [
        counts(words) for words in stage.page.evaluate("() => window.painted") if " of 500" in words
    ]
    assert len(found) >= 2
    inside = sum(part for part, _ in found[-2:])
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(f": {inside} of 1,000 runs.")


PAINTED = """() => {
  const paint = CanvasRenderingContext2D.prototype.fillText;
  window.painted = [];
  CanvasRenderingContext2D.prototype.fillText = function (words, ...place) {
    window.painted.push(words);
    return paint.call(this, words, ...place);
  };
}"""
"""Notes from now on what words a canvas paints."""


@pytest.mark.parametrize("width", [480, 560, 700])
def test_a_number_beside_a_band_is_whole_or_not_there(open_stage: Opener, width: int) -> None:
    stage = stage_of(explore(body(1_000)), open_stage)
    stage.press("by:deployment_id")
    stage.page.evaluate(PAINTED)
    stage.page.set_viewport_size({"width": width, "height": 900})
    stage.page.wait_for_function("() => window.painted.some((words) => /^\\d/.test(words))")
    words = stage.page.evaluate("window.painted")
    numbers = [line for line in words if re.match(r"\d|up to", line)]
    assert numbers
    assert [line for line in numbers if "\N{HORIZONTAL ELLIPSIS}" in line] == []
