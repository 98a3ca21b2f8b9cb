"""The workbench of many runs: two rows, the picture beside the details, a list where it is narrow."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import COMPLETED, failed_run, finished_run, live_run, many_runs
from .test_page_runs import DEP, update
from .test_page_safety import PAYLOADS

ROWS_HEIGHT = 67
"""How high both rows are together, in pixels, at whatever width."""

STATUSES = [
    *("queued", "starting", "installing", "running", "succeeded", "failed", "cancelled"),
    *("timed_out", None, "of a newer service"),
]


def runs(count: int, statuses: list[str | None] | None = None) -> list[dict[str, Any]]:
    """Runs of two deployments, a minute apart; every fifth failed where no statuses are given."""
    docs = []
    for number in range(count):
        minute = f"2023-11-14T{10 + number // 60 % 12:02}:{number % 60:02}"
        times = {"created_at": f"{minute}:00Z", "started_at": f"{minute}:02Z"}
        own = {"id": f"adrun_{number}", "completed_at": f"{minute}:30Z", **times}
        own["deployment_id"] = DEP if number % 2 else "adep_other"
        if statuses:
            own["status"] = statuses[number % len(statuses)]
        docs.append(finished_run(**own) if statuses or number % 5 else failed_run(**own))
    return docs


def part(stage: Stage, name: str) -> Locator:
    return stage.page.get_by_test_id(f"arn-wb-{name}")


def box(part: Locator) -> dict[str, float]:
    found = part.bounding_box()
    assert found is not None
    return found  # type: ignore[return-value]


def chip(stage: Stage, status: str) -> Locator:
    return part(stage, "statuses").get_by_role("button", name=status)


def rows_height(stage: Stage) -> float:
    """From the top of the view to the top of what is under the two rows."""
    top = box(stage.page.get_by_test_id("arn-workbench"))["y"]
    return box(stage.page.locator(".arn-wb-body"))["y"] - top


@pytest.mark.parametrize("width", [480, 652, 820, 1000, 1244, 1600])
@pytest.mark.parametrize("rules", [False, True], ids=["all", "narrowed"])
def test_two_rows_stand_above_the_picture_and_no_more(
    open_stage: Opener, width: int, rules: bool
) -> None:
    stage = open_stage(many_runs(runs(40, STATUSES)), width=width)
    if rules:
        chip(stage, "failed").click()
        expect(part(stage, "result")).to_contain_text("4 of 40 shown")
    assert rows_height(stage) <= ROWS_HEIGHT
    assert stage.page.evaluate("document.documentElement.scrollWidth") == width


def test_a_wide_view_has_the_details_beside_the_picture(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40)), width=1244)
    picture, details = box(part(stage, "stage")), box(part(stage, "details"))
    assert picture["y"] == pytest.approx(details["y"], abs=2)
    assert details["x"] >= picture["x"] + picture["width"]
    assert picture["width"] / (picture["width"] + details["width"]) == pytest.approx(0.61, abs=0.01)


@pytest.mark.parametrize(("chosen", "height"), [([], 180), ([[DEP, "adrun_1"]], 300)])
def test_a_view_of_medium_width_has_the_details_under_the_picture(
    open_stage: Opener, chosen: list[list[str]], height: int
) -> None:
    stage = open_stage(many_runs(runs(40), selected=chosen), width=999)
    picture, details = box(part(stage, "stage")), box(part(stage, "details"))
    assert details["y"] + 1 >= picture["y"] + picture["height"]
    assert details["height"] == height


@pytest.mark.parametrize("width", [652, 820, 999])
def test_under_the_picture_stands_why_a_run_failed(open_stage: Opener, width: int) -> None:
    failed = failed_run(**{"id": "adrun_0", "deployment_id": DEP})
    scenario = many_runs([failed, *runs(40)[1:]], selected=[[DEP, "adrun_0"]])
    details = part(open_stage(scenario, width=width, height=900), "details")
    reason = details.locator(".arn-reason")
    expect(reason).to_be_visible()
    assert box(reason)["y"] + box(reason)["height"] <= box(details)["y"] + box(details)["height"]


@pytest.mark.parametrize(("width", "fits"), [(1300, True), (1000, False)])
def test_a_wide_table_has_room_for_a_column_of_ones_own(
    open_stage: Opener, width: int, fits: bool
) -> None:
    scenario = many_runs(runs(40), view="table", columns=["output_manifest.score"])
    grid = open_stage(scenario, width=width).page.locator(".arn-grid")
    expect(grid.locator(".arn-grid-age").first).to_be_visible()
    overflow = grid.evaluate("(grid) => grid.scrollWidth - grid.clientWidth")
    assert (overflow <= 0) == fits


@pytest.mark.parametrize(
    ("count", "window", "low", "high"),
    [(1_000, 1_000, 640, 640), (1_000, 700, 546, 546), (12, 1_000, 420, 460), (3, 1_000, 420, 420)],
)
def test_the_height_is_that_of_the_window_and_less_where_runs_are_few(
    open_stage: Opener, count: int, window: int, low: int, high: int
) -> None:
    stage = open_stage(many_runs(runs(count)), width=1244, height=window)
    assert low <= box(stage.page.get_by_test_id("arn-workbench"))["height"] <= high


@pytest.mark.parametrize("width", [652, 820, 999])
@pytest.mark.parametrize(("count", "window", "least"), [(16, 900, 16), (12, 620, 9)])
def test_rows_are_seen_beside_the_details_of_a_run(
    open_stage: Opener, width: int, count: int, window: int, least: int
) -> None:
    scenario = many_runs(runs(count), selected=[[DEP, "adrun_0"]])
    stage = open_stage(scenario, width=width, height=window)
    canvas = stage.page.get_by_test_id("arn-timeline-canvas")
    expect(canvas).to_be_visible()
    seen = "(canvas, n) => [...Array(n).keys()].filter((row) => canvas.arnLocate(row)).length"
    assert canvas.evaluate(seen, count) >= least


def test_a_page_without_runs_is_a_sentence_and_no_empty_frame(open_stage: Opener) -> None:
    for width in (360, 1244):
        stage = open_stage(many_runs([]), width=width)
        expect(stage.page.locator(".arn-wb-nothing")).to_have_text("There are no runs to show.")
        assert box(stage.page.get_by_test_id("arn-workbench"))["height"] < 200


@pytest.mark.parametrize("width", [360, 652, 1244])
def test_a_filter_that_lets_nothing_through_says_so_and_is_cleared(
    open_stage: Opener, width: int
) -> None:
    stage = open_stage(many_runs(runs(40), filter={"mode": "nobody"}), width=width)
    nothing = stage.page.locator(".arn-wb-nothing")
    expect(nothing).to_contain_text("None of 40 runs passes the filter.")
    nothing.get_by_role("button", name="Clear").click()
    expect(nothing).to_be_hidden()
    assert stage.trait("filter") is None


def test_each_chip_is_in_sight_on_a_narrow_page(open_stage: Opener) -> None:
    statuses: list[str | None] = ["succeeded", "failed", "cancelled", "timed_out"]
    stage = open_stage(many_runs(runs(400, statuses)), width=360)
    chips = part(stage, "statuses").get_by_role("button").all()
    assert all(box(chip)["x"] + box(chip)["width"] <= 360 for chip in chips)


def test_what_is_said_of_the_picture_is_true_of_it(open_stage: Opener) -> None:
    """Hatched, thin and thick are runs that are drawn one by one, not columns of counts."""
    docs = [finished_run(id=f"adrun_{n}", started_at=None) for n in range(12)]
    foot = open_stage(many_runs(docs), width=1244).page.locator(".arn-timeline")
    expect(foot).to_contain_text("12 runs hatched: no started time is known.")
    expect(foot).to_contain_text("thick: after start")
    docs = [{**doc, "fields": doc["fields"] | {"started_at": None}} for doc in runs(500)]
    foot = open_stage(many_runs(docs), width=1244).page.locator(".arn-timeline")
    expect(foot).to_contain_text("height: runs that go on at once")
    expect(foot).to_contain_text("500 runs: no started time is known.")
    expect(foot).not_to_contain_text("hatched")
    expect(foot).not_to_contain_text("thick")


def test_what_is_shown_is_said_in_a_sentence(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40)), width=1244)
    sentence = part(stage, "sentence")
    expect(sentence).to_have_text("40 runs of 2 deployments · 14 Nov 10:00 to 10:39 · complete")
    stage.set_trait("tz", "Asia/Kolkata")
    expect(sentence).to_contain_text("14 Nov 15:30 to 16:09")


def test_a_listing_that_is_cut_is_said_so_in_alarm(open_stage: Opener) -> None:
    scenario = many_runs(runs(4))
    scenario.page |= {"complete": False, "verdict": "NOT complete (interrupted)"}
    sentence = part(open_stage(scenario), "sentence")
    expect(sentence.locator(".arn-warning")).to_have_text(" · NOT complete (interrupted)")


def test_statuses_narrow_the_runs_and_say_how_many_are_shown(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40)), width=1244)
    window = stage.page.get_by_test_id("arn-window")
    assert part(stage, "statuses").text_content() == "32 succeeded8 failed"
    expect(part(stage, "result")).to_be_hidden()
    chip(stage, "failed").click()
    expect(chip(stage, "failed")).to_have_attribute("aria-pressed", "true")
    assert part(stage, "statuses").text_content() == "0 of 32 succeeded8 failed"
    expect(part(stage, "result")).to_contain_text("8 of 40 shown")
    expect(window).to_contain_text(": 8 runs.")
    chip(stage, "succeeded").click()
    expect(part(stage, "result")).to_contain_text("40 of 40 shown")
    chip(stage, "failed").click()
    expect(part(stage, "result")).to_contain_text("32 of 40 shown")
    part(stage, "result").get_by_role("button", name="Clear").click()
    expect(part(stage, "result")).to_be_hidden()
    expect(window).to_contain_text(": 40 runs.")


def test_a_status_keeps_the_focus_when_it_is_pressed(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40)))
    chip(stage, "failed").press("Enter")
    expect(chip(stage, "failed")).to_be_focused()
    expect(chip(stage, "failed")).to_have_attribute("aria-pressed", "true")


def test_what_was_chosen_stays_chosen_where_it_is_not_shown(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40), selected=[[DEP, "adrun_1"]]))
    chip(stage, "failed").click()
    assert stage.trait("selected") == [[DEP, "adrun_1"]]
    expect(part(stage, "details")).to_contain_text("What is chosen is not among the runs shown.")
    chip(stage, "failed").click()
    expect(part(stage, "details")).to_contain_text("adrun_1")


VIEWS = ["Timeline", "Table", "Durations"]


def test_each_view_is_one_press_away_and_python_is_told_of_it(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40)), width=1244)
    tabs = stage.page.get_by_role("toolbar", name="View of the runs")
    assert tabs.locator("button").all_inner_texts() == VIEWS
    for name in reversed(VIEWS):
        tabs.get_by_role("button", name=name).click()
        pressed = tabs.locator("[aria-pressed=true]")
        assert pressed.all_inner_texts() == [name]
        assert stage.trait("view") == name.lower()
        expect(stage.page.locator(".arn-wb-view:not([hidden])")).to_have_count(1)
        expect(stage.page.get_by_label("Time zone of the times shown")).to_be_visible()
        assert rows_height(stage) <= ROWS_HEIGHT


@pytest.mark.parametrize("name", VIEWS)
def test_python_opens_a_view_and_the_filter_holds_in_each(open_stage: Opener, name: str) -> None:
    stage = open_stage(many_runs(runs(40), view=name.lower()), width=1244)
    tabs = stage.page.get_by_role("toolbar", name="View of the runs")
    assert tabs.locator("[aria-pressed=true]").all_inner_texts() == [name]
    chip(stage, "failed").click()
    expect(part(stage, "result")).to_contain_text("8 of 40 shown")
    other = VIEWS[(VIEWS.index(name) + 1) % 3]
    stage.set_trait("view", other.lower())
    assert tabs.locator("[aria-pressed=true]").all_inner_texts() == [other]
    expect(part(stage, "result")).to_contain_text("8 of 40 shown")


def test_a_timeline_that_is_not_on_the_screen_waits_with_what_it_shows(open_stage: Opener) -> None:
    """Laying out very many runs takes long, and nobody sees it."""
    stage = open_stage(many_runs(runs(40)), width=1244)
    canvas = stage.page.get_by_test_id("arn-timeline-canvas")
    label = "Timeline of {} runs. "
    expect(canvas).to_have_attribute("aria-label", re.compile(label.format(40)))
    tabs = stage.page.get_by_role("toolbar", name="View of the runs")
    tabs.get_by_role("button", name="Table").click()
    expect(stage.page.get_by_test_id("arn-table")).to_be_visible()
    chip(stage, "failed").click()
    expect(part(stage, "result")).to_contain_text("8 of 40 shown")
    stage.set_trait("window", ["2023-11-14T10:00:00Z", "2023-11-14T10:20:00Z"])
    assert label.format(40) in str(canvas.get_attribute("aria-label"))
    tabs.get_by_role("button", name="Timeline").click()
    assert label.format(8) in str(canvas.get_attribute("aria-label"))
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(": 5 of 8 runs.")
    update(stage, many_runs(runs(60)))
    expect(canvas).to_have_attribute("aria-label", re.compile(label.format(12)))


def test_a_timeline_waits_where_there_is_a_list_and_is_drawn_when_there_is_room(
    open_stage: Opener,
) -> None:
    stage = open_stage(many_runs(runs(40)), width=360)
    stage.set_trait("filter", {"status": "failed"})
    canvas = stage.page.get_by_test_id("arn-timeline-canvas")
    assert "Timeline of 40 runs. " in str(canvas.get_attribute("aria-label"))
    stage.page.set_viewport_size({"width": 1244, "height": 900})
    expect(canvas).to_have_attribute("aria-label", re.compile("Timeline of 8 runs. "))
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(": 8 runs.")


def test_paper_says_how_many_runs_are_shown_and_has_no_buttons(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40), filter={"status": "failed"}), width=1244)
    stage.page.emulate_media(media="print")
    expect(part(stage, "result")).to_contain_text("8 of 40 shown")
    expect(part(stage, "statuses")).to_be_hidden()
    # The names of the last failure and the longest run are words there.
    others = stage.page.locator(":not(.arn-nums-run)")
    expect(stage.page.get_by_role("button").and_(others)).to_have_count(0)
    stage.page.emulate_media(media="screen")


def test_other_data_are_narrowed_as_these_were(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40)))
    chip(stage, "failed").click()
    update(stage, many_runs(runs(60)))
    expect(part(stage, "result")).to_contain_text("12 of 60 shown")
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(": 12 runs.")


@pytest.mark.parametrize(
    ("text", "count"), [("adrun_7", 1), ("ADEP_OTHER", 20), ("filenotfound", 8), ("a.*", 0)]
)
def test_search_narrows_by_id_deployment_and_reason(
    open_stage: Opener, text: str, count: int
) -> None:
    stage = open_stage(many_runs(runs(40)))
    search = stage.page.get_by_role("searchbox", name="Search runs")
    search.fill(text)
    expect(part(stage, "result")).to_contain_text(f"{count} of 40 shown")
    if count == 0:
        expect(part(stage, "stage")).to_be_hidden()
        stage.page.get_by_text("None of 40 runs passes the filter.").get_by_role("button").click()
        expect(search).to_have_value("")
    else:
        search.press("Escape")
    expect(part(stage, "result")).to_be_hidden()
    expect(part(stage, "stage")).to_be_visible()


def items(stage: Stage) -> Locator:
    return part(stage, "list").get_by_role("listitem")


@pytest.mark.parametrize("width", [320, 360, 479])
def test_a_narrow_view_is_a_list_newest_first(open_stage: Opener, width: int) -> None:
    docs = [*runs(5), live_run(created_at=None), finished_run(created_at=COMPLETED)]
    stage = open_stage(many_runs(docs), width=width)
    expect(part(stage, "stage")).to_be_hidden()
    expect(part(stage, "details")).to_be_hidden()
    names = [words.splitlines() for words in items(stage).all_inner_texts()]
    ids = [next(line for line in lines if line.startswith("adrun_")) for lines in names]
    assert ids == [
        "adrun_7f3a9c21",
        "adrun_4",
        "adrun_3",
        "adrun_2",
        "adrun_1",
        "adrun_0",
        "adrun_live",
    ]
    assert stage.page.evaluate("document.documentElement.scrollWidth") == width


def test_a_tap_opens_the_run_over_the_list_and_leads_back(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(5)), width=360)
    back = stage.page.get_by_role("button", name="‹ Runs")
    expect(back).to_be_hidden()
    items(stage).nth(1).get_by_role("button").click()
    assert stage.trait("selected") == [[DEP, "adrun_3"]]
    expect(part(stage, "details")).to_contain_text("adrun_3")
    expect(part(stage, "list")).to_be_hidden()
    expect(back).to_be_focused()
    back.press("Enter")
    expect(part(stage, "details")).to_be_hidden()
    expect(items(stage).nth(1).get_by_role("button")).to_be_focused()
    stage.page.keyboard.press("ArrowDown")
    expect(items(stage).nth(2).get_by_role("button")).to_be_focused()


def test_the_zone_is_chosen_under_the_list_too(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(3)), width=360)
    zone = stage.page.get_by_label("Time zone of the times shown")
    expect(part(stage, "list").locator(zone)).to_be_visible()
    stage.page.set_viewport_size({"width": 1000, "height": 900})
    expect(part(stage, "stage").locator(zone)).to_be_visible()


def test_a_long_list_grows_on_demand(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(150)), width=360)
    expect(items(stage)).to_have_count(60)
    stage.page.get_by_role("button", name="Show more: 90 runs older").click()
    expect(items(stage)).to_have_count(120)


def test_the_list_follows_what_is_shown(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40)), width=360)
    chip(stage, "failed").click()
    expect(items(stage)).to_have_count(8)
    stage.page.set_viewport_size({"width": 1000, "height": 900})
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(": 8 runs.")


def test_a_picture_that_was_hidden_is_drawn_when_there_is_room(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(40)), width=360)
    stage.page.set_viewport_size({"width": 1000, "height": 900})
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(": 40 runs.")


def test_the_sheet_of_keys_opens_closes_and_gives_the_focus_back(open_stage: Opener) -> None:
    stage = open_stage(many_runs(runs(4)))
    stage.page.evaluate(
        "window.keys = []; document.addEventListener('keydown', ({ key }) => window.keys.push(key))"
    )
    button, sheet = part(stage, "help"), stage.page.get_by_test_id("arn-help")
    button.press("Enter")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("choose all runs of a range")
    expect(sheet.get_by_role("button", name="Close")).to_be_focused()
    stage.page.keyboard.press("b")
    stage.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(button).to_be_focused()
    assert stage.page.evaluate("window.keys") == ["Enter"], "the notebook hears none of them"


@pytest.mark.parametrize("width", [360, 820, 1244])
def test_hostile_words_are_text_in_the_rows_and_the_list(open_stage: Opener, width: int) -> None:
    docs = [
        failed_run(id=text, deployment_id=text, version_id=text, status=text, failure_reason=text)
        for text in PAYLOADS
    ]
    scenario = many_runs(docs)
    scenario.page["note"] = scenario.page["verdict"] = PAYLOADS[0]
    scenario.page["names"] = {text: text for text in PAYLOADS}
    stage = open_stage(scenario, width=width)
    for text in PAYLOADS[:3]:
        stage.page.get_by_role("searchbox", name="Search runs").fill(text)
        expect(part(stage, "result")).to_contain_text(" shown")
    assert stage.page.evaluate("document.documentElement.scrollWidth") == width
    foreign = stage.page.locator(".arn-root :is(img, script, style, iframe, form, a)")
    expect(foreign).to_have_count(0)


NO_CODE = "The kernel has no such part."
GIVE_CODE = "() => { window.stage.model.noLater = ''; }"


@pytest.mark.parametrize("name", ["Table", "Durations", "+ Filter", "Help: keys and gestures"])
def test_code_that_does_not_come_is_said_and_asked_for_again(open_stage: Opener, name: str) -> None:
    scenario = many_runs(runs(40), selected=[[DEP, "adrun_1"]])
    stage = open_stage(replace(scenario, no_later=NO_CODE), width=1244)
    opener = stage.page.get_by_role("button", name=name)
    opener.click()
    remark = stage.page.locator(".arn-wb-remark")
    expect(remark).to_have_text(NO_CODE)
    stage.page.evaluate(GIVE_CODE)
    if name in VIEWS:
        stage.page.get_by_role("button", name="Timeline").click()
    opener.click()
    if name in VIEWS:
        expect(stage.page.locator(".arn-wb-view")).to_have_count(2)
    else:
        expect(stage.page.locator(".arn-wb-panel, .arn-help")).to_be_visible()


def test_a_tree_whose_code_does_not_come_says_so_in_its_place(open_stage: Opener) -> None:
    scenario = many_runs(runs(40), selected=[[DEP, "adrun_1"]])
    stage = open_stage(replace(scenario, no_later=NO_CODE), width=1244)
    stage.page.get_by_role("tab", name="Manifest").click()
    details = part(stage, "details")
    expect(details).to_contain_text(NO_CODE)
    stage.page.evaluate(GIVE_CODE)
    details.get_by_role("button", name="Try again").click()
    expect(details.locator(".arn-tree")).to_be_visible()
    expect(details).not_to_contain_text(NO_CODE)
