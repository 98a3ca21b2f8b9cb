"""The filter of many runs on the page: set in a panel, by statuses, by search or in Python, and answered here or by the kernel."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import Scenario, failed_run, finished_run, many_runs
from .test_page_runs import DEP, asked, update
from .test_page_safety import FOREIGN, OWN_TAGS, PAYLOADS, watched
from .test_page_workbench import chip, part, runs

NAMES = {"adep_other": "csv-report", DEP: "code-review", "adver_0002": "csv-report v2"}


def named(docs: list[dict[str, Any]], **traits: Any) -> Scenario:
    scenario = many_runs(docs, **traits)
    scenario.page["names"] = NAMES
    return scenario


def opened(open_stage: Opener, scenario: Scenario | None = None, **how: Any) -> Stage:
    """The view with its panel open."""
    stage = open_stage(scenario or named(runs(40)), **{"width": 1244, **how})
    part(stage, "filter").click()
    return stage


def field(stage: Stage, label: str) -> Locator:
    panel = part(stage, "panel")
    return panel.get_by_role("combobox", name=label, exact=True).or_(
        panel.get_by_label(label, exact=True)
    )


def created(stage: Stage, words: str) -> Locator:
    """A stretch of time in which runs were created."""
    bar = part(stage, "panel").get_by_role("toolbar", name="Created")
    return bar.get_by_role("button", name=words, exact=True)


def rules(stage: Stage) -> list[str]:
    """What the chips of the row say."""
    chips = stage.page.locator(".arn-wb-row .arn-wb-rule .arn-wb-words")
    return chips.all_inner_texts()


def shown(stage: Stage, count: int, of: int = 40) -> None:
    expect(part(stage, "result")).to_contain_text(f"{count} of {of} shown")


def test_deployment_version_and_mode_are_chosen_by_name(open_stage: Opener) -> None:
    stage = opened(open_stage)
    field(stage, "Deployment").select_option(label="csv-report")
    shown(stage, 20)
    assert stage.trait("filter") == {"deployment_id": "adep_other"}
    field(stage, "Mode").select_option(label="job")
    field(stage, "Version").select_option(label="without one")
    shown(stage, 0)
    assert rules(stage) == ["csv-report", "no version", "job"]
    field(stage, "Version").select_option(label="any")
    shown(stage, 20)
    assert stage.trait("filter") == {"deployment_id": "adep_other", "mode": "job"}


def failures(stage: Stage) -> Locator:
    """The versions whose failures are one press away."""
    return part(stage, "panel").get_by_role("toolbar", name="Failures of a version")


def failed_of(*counts: int, **changes: Any) -> list[dict[str, Any]]:
    """So many failed runs of each version, and one of each that succeeded."""
    docs = []
    for version, count in enumerate(counts):
        own = {"version_id": f"adver_{version}", **changes}
        docs += [failed_run(id=f"adrun_{version}_{n}", **own) for n in range(count)]
        docs.append(finished_run(id=f"adrun_{version}_ok", version_id=f"adver_{version}"))
    return docs


def test_the_failures_of_a_version_are_one_press_of_the_panel(open_stage: Opener) -> None:
    chosen = [[DEP, "adrun_2_ok"]]
    stage = opened(open_stage, many_runs(failed_of(3, 0, 1, 5, 2, 4, 6), selected=chosen))
    choices = failures(stage).get_by_role("button")
    # That of the chosen run, then those with the most; at most five.
    assert choices.all_inner_texts() == [
        f"adver_{n}" for n in ("2 · 1", "6 · 6", "3 · 5", "5 · 4", "0 · 3")
    ]
    choices.nth(2).press("Enter")
    shown(stage, 5, 28)
    expect(choices.nth(2)).to_be_focused()
    expect(choices.nth(2)).to_have_attribute("aria-pressed", "true")
    assert stage.trait("filter") == {"status": "failed", "version_id": "adver_3"}
    created(stage, "last hour").click()
    assert stage.trait("filter") == {
        "status": "failed",
        "version_id": "adver_3",
        "since": "1h",
    }
    choices.nth(2).click()
    assert stage.trait("filter") == {"since": "1h"}


def test_each_status_of_a_failure_counts_as_one(open_stage: Opener) -> None:
    docs = [*failed_of(2), *failed_of(1, status="timed_out")]
    stage = opened(open_stage, many_runs(docs))
    failures(stage).get_by_role("button", name="adver_0").click()
    assert stage.trait("filter") == {"status": ["failed", "timed_out"], "version_id": "adver_0"}
    shown(stage, 3, 5)


@pytest.mark.parametrize("docs", [[], failed_of(0, 0), failed_of(3, version_id=None)])
def test_where_no_version_failed_none_is_offered(
    open_stage: Opener, docs: list[dict[str, Any]]
) -> None:
    stage = opened(open_stage, many_runs(docs))
    expect(failures(stage)).to_be_hidden()
    expect(field(stage, "Deployment")).to_be_focused()


def test_a_rule_is_taken_away_by_its_chip_and_the_focus_goes_on(open_stage: Opener) -> None:
    stage = opened(open_stage)
    field(stage, "Deployment").select_option(label="csv-report")
    field(stage, "Mode").select_option(label="job")
    stage.page.keyboard.press("Escape")
    chips = stage.page.locator(".arn-wb-row .arn-wb-rule")
    chips.first.press("Enter")
    expect(chips).to_have_count(1)
    expect(chips.first).to_be_focused()
    chips.first.press("Enter")
    expect(chips).to_have_count(0)
    expect(part(stage, "filter")).to_be_focused()
    assert stage.trait("filter") is None


@pytest.mark.parametrize("width", [360, 652, 999])
def test_where_chips_have_no_room_their_number_stands_on_the_button(
    open_stage: Opener, width: int
) -> None:
    stage = opened(open_stage, width=width)
    field(stage, "Deployment").select_option(label="csv-report")
    field(stage, "Mode").select_option(label="job")
    expect(part(stage, "filter")).to_have_text("Filter 2")
    expect(stage.page.locator(".arn-wb-row .arn-wb-rule").first).to_be_hidden()
    shown(stage, 20)
    part(stage, "panel").locator(".arn-wb-rule").first.click()
    expect(part(stage, "filter")).to_have_text("Filter 1")
    assert stage.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_last_hour_counts_back_from_the_newest_look_and_says_so(open_stage: Opener) -> None:
    at = "2023-11-14T21:{:02}:19Z"
    docs = [finished_run(id=f"adrun_{n}", created_at=at.format(n)) for n in range(10, 20)]
    stage = opened(open_stage, named(docs))
    created(stage, "last hour").click()
    # The newest look is at 22:13:20.
    shown(stage, 6, 10)
    assert stage.trait("filter") == {"since": "1h"}
    expect(part(stage, "panel")).to_contain_text(
        "counted back from the newest look, 2023-11-14 22:13:20"
    )
    assert rules(stage) == ["last hour"]


def test_a_stretch_of_time_is_chosen_in_the_zone_that_is_shown(open_stage: Opener) -> None:
    stage = opened(open_stage, named(runs(40), tz="Asia/Kolkata"))
    created(stage, "from … to …").click()
    expect(field(stage, "From")).to_be_focused()
    field(stage, "From").fill("2023-11-14T15:40:00")
    field(stage, "To").fill("2023-11-14T15:50:00")
    shown(stage, 10)
    assert stage.trait("filter") == {
        "since": "2023-11-14T10:10:00Z",
        "until": "2023-11-14T10:20:00Z",
    }
    assert rules(stage) == ["from 2023-11-14 15:40:00 to 2023-11-14 15:50:00"]
    nothing_between = stage.page.get_by_text("no time lies between these")
    expect(nothing_between).to_have_count(0)
    field(stage, "To").fill("2023-11-14T15:40:00")
    shown(stage, 0)
    expect(nothing_between).to_be_visible()
    created(stage, "any time").click()
    assert stage.trait("filter") is None


def test_rules_on_documents_are_answered_by_the_kernel(open_stage: Opener) -> None:
    scenario = named(runs(40))
    scenario.shown = [3, 7, 9]
    stage = opened(open_stage, scenario)
    field(stage, "Path in a document").fill("score")
    field(stage, "Comparison").select_option(label="is more than")
    field(stage, "Value").fill("0.5")
    field(stage, "Value").press("Enter")
    shown(stage, 3)
    rule = ["output_manifest.score", ">", 0.5]
    assert stage.trait("filter") == {"where": [rule]}
    assert [message["filter"] for message in asked(stage, "shown")] == [{"where": [rule]}]
    expect(field(stage, "Path in a document")).to_have_value("")
    assert rules(stage) == ["score > 0.5"]
    field(stage, "Outputs").select_option(label="with outputs")
    shown(stage, 3)
    assert stage.trait("filter") == {"where": [rule], "has_outputs": True}


@pytest.mark.parametrize(
    ("words", "value"),
    [("12", 12), ("true", True), ("null", None), ("csv", "csv"), ('"12"', "12"), ("", "")],
)
def test_the_value_of_a_rule_is_what_json_has(open_stage: Opener, words: str, value: Any) -> None:
    scenario = named(runs(4))
    scenario.shown = [0]
    stage = opened(open_stage, scenario)
    field(stage, "Path in a document").fill("input.limit")
    field(stage, "Value").fill(words)
    part(stage, "panel").get_by_role("button", name="Add").click()
    shown(stage, 1, 4)
    assert stage.trait("filter") == {"where": [["input.limit", "==", value]]}


def test_what_the_kernel_refuses_changes_nothing_and_is_said(open_stage: Opener) -> None:
    scenario = named(runs(40), filter={"mode": "job"})
    scenario.shown = "where: this is no path. Write it as output_manifest.score."
    stage = opened(open_stage, scenario)
    field(stage, "Path in a document").fill("a[")
    field(stage, "Value").press("Enter")
    expect(part(stage, "panel").get_by_role("alert")).to_contain_text("this is no path")
    expect(field(stage, "Path in a document")).to_have_value("a[")
    assert stage.trait("filter") == {"mode": "job"}
    assert rules(stage) == ["job"]


def test_the_last_filter_counts_however_late_an_answer_comes(open_stage: Opener) -> None:
    scenario = named(runs(40))
    scenario.shown = [1, 2, 3]
    stage = open_stage(scenario)
    stage.page.evaluate(
        """() => {
          const { model } = window.stage, answer = model.answer.bind(model);
          model.answer = (message) => {
            if (message.op !== "shown") answer(message);
            else window.late = () => answer(message);
          };
        }"""
    )
    stage.set_trait("filter", {"has_outputs": True})
    stage.page.wait_for_function("() => window.late")
    stage.set_trait("filter", {"status": "failed"})
    shown(stage, 8)
    stage.page.evaluate("() => window.late()")
    stage.page.wait_for_timeout(100)
    shown(stage, 8)


def test_other_data_are_asked_about_anew(open_stage: Opener) -> None:
    scenario = named(runs(40), filter={"has_outputs": True})
    scenario.shown = [1, 2, 3]
    stage = open_stage(scenario)
    shown(stage, 3)
    update(stage, named(runs(60)))
    shown(stage, 3, 60)
    assert len(asked(stage, "shown")) == 2


def test_python_sets_the_filter_and_is_told_of_it(open_stage: Opener) -> None:
    stage = open_stage(
        named(runs(40), filter={"status": ["failed"], "text": "adrun_1"}), width=1244
    )
    shown(stage, 2)
    expect(chip(stage, "failed")).to_have_attribute("aria-pressed", "true")
    search = stage.page.get_by_role("searchbox", name="Search runs")
    expect(search).to_have_value("adrun_1")
    stage.set_trait("filter", {"deployment_id": ["adep_other", DEP], "since": "3d"})
    shown(stage, 40)
    expect(chip(stage, "failed")).to_have_attribute("aria-pressed", "false")
    assert rules(stage) == ["2 deployments", "from 3d before the newest look"]
    expect(search).to_have_value("")
    chip(stage, "failed").click()
    assert stage.trait("filter") == {
        "deployment_id": ["adep_other", DEP],
        "since": "3d",
        "status": "failed",
    }
    stage.set_trait("filter", None)
    expect(part(stage, "result")).to_be_hidden()


def test_a_file_answers_what_it_holds_and_says_what_needs_a_kernel(open_stage: Opener) -> None:
    stage = open_stage(named(runs(40)), width=1244)
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    part(stage, "filter").click()
    field(stage, "Deployment").select_option(label="csv-report")
    shown(stage, 20)
    expect(part(stage, "panel")).to_contain_text("need a kernel, and this file has none")
    expect(field(stage, "Outputs")).to_have_count(0)
    expect(field(stage, "Path in a document")).to_have_count(0)
    expect(part(stage, "save")).to_have_count(0)
    expect(part(stage, "copy")).to_have_count(0)


def test_a_file_that_opens_with_such_a_rule_says_that_it_cannot_follow_it(
    open_stage: Opener,
) -> None:
    stage = open_stage(named(runs(40), filter={"has_outputs": True, "status": "failed"}))
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    expect(stage.page.locator(".arn-wb-remark")).to_contain_text("This file has no kernel")
    shown(stage, 8)


def test_the_panel_is_worked_by_keys_alone(open_stage: Opener) -> None:
    stage = open_stage(named(runs(40)), width=1244)
    button = part(stage, "filter")
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    failures = part(stage, "panel").get_by_role("toolbar", name="Failures of a version")
    expect(failures.get_by_role("button")).to_be_focused()
    stops = [field(stage, label) for label in ("Deployment", "Version", "Mode")]
    stops.append(created(stage, "any time"))
    stops += [field(stage, label) for label in ("Outputs", "Path in a document")]
    for stop in stops:
        stage.page.keyboard.press("Tab")
        expect(stop).to_be_focused()
    stage.page.evaluate(
        "window.keys = []; document.addEventListener('keydown', ({ key }) => window.keys.push(key))"
    )
    stage.page.keyboard.press("Escape")
    expect(part(stage, "panel")).to_be_hidden()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")
    assert stage.page.evaluate("window.keys") == []


def test_keys_lead_to_search_and_help_but_not_while_one_types(open_stage: Opener) -> None:
    stage = open_stage(named(runs(40)))
    search = stage.page.get_by_role("searchbox", name="Search runs")
    chip(stage, "failed").press("/")
    expect(search).to_be_focused()
    search.press_sequentially("?/")
    expect(search).to_have_value("?/")
    chip(stage, "failed").press("?")
    expect(stage.page.get_by_test_id("arn-help")).to_be_visible()


def test_every_control_of_the_rows_and_the_panel_has_a_title(open_stage: Opener) -> None:
    stage = opened(open_stage, named(runs(40), filter={"mode": "job"}))
    controls = stage.page.locator(
        ":is(.arn-wb-head, .arn-wb-row, .arn-wb-panel) :is(button:not([role=menuitem]), select, input)"
    )
    untitled = controls.evaluate_all(
        "(all) => all.filter((one) => !one.title).map((one) => one.outerHTML)"
    )
    assert untitled == []


def test_the_view_is_copied_as_python_and_saved_as_a_file(open_stage: Opener) -> None:
    stage = open_stage(named(runs(4)))
    part(stage, "copy").click()
    expect(part(stage, "copy")).to_have_text("Copied")
    assert stage.page.evaluate("() => navigator.clipboard.readText()") == "arn.explore(runs)"
    with stage.page.expect_download() as download:
        part(stage, "save").click()
    assert download.value.suggested_filename == "runs-1.html"
    assert download.value.path().read_bytes() == b"<!doctype html>"
    expect(part(stage, "save")).to_have_text("Saved")


def test_which_view_is_open_is_shared_with_python(open_stage: Opener) -> None:
    stage = open_stage(named(runs(4), view="a view of tomorrow"))
    expect(part(stage, "stage")).to_be_visible()
    stage.set_trait("view", "timeline")
    expect(stage.page.get_by_test_id("arn-timeline-canvas")).to_be_visible()


@pytest.mark.parametrize(
    ("height", "expected"),
    [(300, 300), (900, 900), ("20em", 260), ("10px;color:red", 640), ("url(x)", 640), (None, 640)],
)
def test_python_may_set_the_height(open_stage: Opener, height: Any, expected: int) -> None:
    stage = open_stage(named(runs(100), height=height), width=1244, height=1_000)
    box = stage.page.get_by_test_id("arn-workbench").bounding_box()
    assert box is not None
    assert box["height"] == expected


def test_hostile_values_are_text_in_chips_and_panel(open_stage: Opener) -> None:
    docs = [
        failed_run(id=text, deployment_id=text, version_id=text, mode=text, status=text)
        for text in PAYLOADS
    ]
    where = [[f'output_manifest["{PAYLOADS[0]}"]', "==", PAYLOADS[1]]]
    scenario = many_runs(docs, filter={"mode": PAYLOADS[2], "failure": PAYLOADS[3], "where": where})
    scenario.page["names"] = {text: text for text in PAYLOADS}
    scenario.shown = [0, 1]
    stage = open_stage(scenario, width=1244)
    watched(stage)
    part(stage, "filter").click()
    shown(stage, 2, len(PAYLOADS))
    for text in PAYLOADS[:3]:
        field(stage, "Deployment").select_option(label=text)
    assert len(rules(stage)) == 4
    assert stage.page.evaluate(FOREIGN, OWN_TAGS) == []
    assert stage.page.evaluate("() => [window.fired, window.violations]") == [0, []]
