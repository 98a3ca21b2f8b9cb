"""The log of a run: asked for when it is needed, folded where it repeats itself, and tied to the track."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import (
    Scenario,
    failed_run,
    finished_run,
    live_run,
    log_events,
    many_runs,
    one_run,
)
from .test_page_runs import DEP, asked

NO_CLIENT = "This view has no client: make it with arn.explore(runs, client)."


def with_log(run: dict[str, Any] | None = None, **how: Any) -> Scenario:
    return one_run(run or failed_run(), logs={"events": log_events(), "more": False}, **how)


def opened(open_stage: Opener, scenario: Scenario | None = None, **how: Any) -> Stage:
    """The log of a run in its tab."""
    stage = open_stage(scenario or with_log(), **how)
    stage.open_tab("Logs")
    expect(stage.page.get_by_role("tree", name="Log")).to_be_visible()
    return stage


def rows(stage: Stage) -> Locator:
    return stage.page.locator(".arn-logrow")


def active(stage: Stage) -> Locator:
    """The row that the tree says is the active one."""
    tree = stage.page.get_by_role("tree", name="Log")
    return stage.page.locator(f"#{tree.get_attribute('aria-activedescendant')}")


def test_a_failed_run_shows_the_end_of_its_log_without_a_click(open_stage: Opener) -> None:
    stage = open_stage(with_log())
    excerpt = stage.page.locator(".arn-excerpt")
    expect(excerpt).to_contain_text("4 error lines, 9 lines repeat the reason")
    assert excerpt.locator("pre").inner_text().splitlines() == [
        "KeyError: 'sales'",
        "During handling of the above exception, another exception occurred:",
        '  File "agent.py", line 33, in main',
        "    raise FileNotFoundError(path)",
    ]
    tops = [
        stage.page.locator(part).first.bounding_box()["y"]  # type: ignore[index]
        for part in (".arn-reason", ".arn-excerpt", ".arn-stops")
    ]
    assert tops == sorted(tops)
    expect(stage.page.get_by_role("tab", name="Logs 24")).to_be_visible()
    excerpt.get_by_role("button", name="Open log").click()
    expect(stage.page.get_by_role("tab", name="Logs 24")).to_be_focused()
    assert [message["row"] for message in asked(stage, "logs")] == [0], "it is asked for once"


@pytest.mark.parametrize("run", [finished_run(), live_run()], ids=["succeeded", "running"])
def test_the_log_of_another_run_is_asked_for_with_its_tab(
    open_stage: Opener, run: dict[str, Any]
) -> None:
    stage = open_stage(with_log(run))
    assert asked(stage, "logs") == []
    stage.open_tab("Logs")
    expect(rows(stage).first).to_be_visible()
    assert len(asked(stage, "logs")) == 1


def test_times_count_from_the_start_and_stand_whole_at_the_pointer(open_stage: Opener) -> None:
    stage = opened(open_stage, with_log(tz="Asia/Kolkata"))
    times = rows(stage).locator(".arn-logtime")
    assert [times.nth(at).inner_text().split("\n")[0] for at in (0, 2, 3)] == [
        "−2 s",
        "+0 s",
        "+100 ms",
    ]
    tip = times.first.locator(".arn-utc")
    expect(tip).to_be_hidden()
    times.first.hover()
    expect(tip).to_have_text("2023-11-15 03:42:30.600 UTC+5:30")
    stage.page.locator(".arn-zone select").select_option("UTC")
    times.first.hover()
    expect(tip).to_have_text("2023-11-14 22:12:30.600 UTC")


def test_without_a_start_times_count_from_created(open_stage: Opener) -> None:
    stage = opened(open_stage, with_log(failed_run(started_at=None)))
    assert "Times since created" in stage.text()
    assert rows(stage).first.locator(".arn-logtime").inner_text().startswith("+100 ms")


def test_a_traceback_is_folded_under_what_was_raised(open_stage: Opener) -> None:
    stage = opened(open_stage)
    trace = rows(stage).filter(has_text="11 lines")
    expect(trace).to_have_attribute("aria-expanded", "false")
    expect(trace).to_contain_text("FileNotFoundError: data/sales.csv")
    trace.locator(".arn-twisty").click()
    expect(active(stage)).to_have_attribute("aria-expanded", "true")
    expect(active(stage)).to_contain_text("During handling of the above exception")
    for key, state in {"ArrowLeft": "false", "ArrowRight": "true", "Enter": "false"}.items():
        stage.page.get_by_role("tree", name="Log").press(key)
        expect(active(stage)).to_have_attribute("aria-expanded", state)


def test_levels_are_chips_with_counts_that_leave_only_what_is_pressed(open_stage: Opener) -> None:
    stage = opened(open_stage)
    chips = [stage.page.get_by_role("button", name=name) for name in ("error 2", "warn 1")]
    expect(rows(stage)).to_have_count(14)
    for chip, count in zip(chips, (2, 3), strict=True):
        chip.click()
        expect(chip).to_have_attribute("aria-pressed", "true")
        expect(rows(stage)).to_have_count(count)
    for chip in chips:
        chip.click()
    expect(rows(stage)).to_have_count(14)


def test_search_counts_unfolds_and_goes_round(open_stage: Opener) -> None:
    stage = opened(open_stage)
    box = stage.page.get_by_role("searchbox", name="Search the log")
    box.fill("AGENT.PY")
    hits = stage.page.locator(".arn-hits:visible")
    expect(hits).to_have_text("1 of 3")
    expect(active(stage)).to_contain_text("run_running")
    box.press("Enter")
    expect(hits).to_have_text("2 of 3")
    expect(active(stage)).to_have_attribute("aria-expanded", "true")
    box.press("Shift+Enter")
    stage.page.get_by_role("button", name="Previous match").click()
    expect(hits).to_have_text("3 of 3")
    stage.page.get_by_role("button", name="info 11").click()
    box.fill("sales")
    expect(hits).to_have_text("no match")


def test_the_first_error_is_one_press_away_whatever_levels_are_shown(open_stage: Opener) -> None:
    stage = opened(open_stage)
    stage.page.get_by_role("button", name="info 11").click()
    stage.page.get_by_role("button", name="First error").click()
    expect(active(stage)).to_contain_text("KeyError: 'sales'")
    expect(active(stage)).to_have_attribute("aria-expanded", "true")
    calm = opened(open_stage, one_run(finished_run(), logs={"events": log_events()[:5]}))
    expect(calm.page.get_by_role("button", name="First error")).to_have_count(0)


def test_long_lines_go_on_below_or_are_cut_at_the_edge(open_stage: Opener) -> None:
    [event, *_] = log_events()
    stage = opened(
        open_stage, one_run(failed_run(), logs={"events": [{**event, "message": "word " * 100}]})
    )
    height = lambda: rows(stage).first.bounding_box()["height"]  # type: ignore[index]  # noqa: E731
    wrapped = height()
    stage.page.get_by_role("button", name="Wrap").click()
    assert height() < wrapped / 2


def test_a_tick_on_the_track_leads_to_its_line_and_a_line_to_its_tick(open_stage: Opener) -> None:
    stage = open_stage(with_log())
    ticks = stage.page.locator(".arn-tick")
    expect(ticks).to_have_count(5)
    ticks.nth(1).click()
    assert stage.shown_tab() == "Logs 24"
    expect(active(stage)).to_contain_text("run_installing")
    expect(stage.page.locator(".arn-here")).to_have_count(1)
    rows(stage).filter(has_text="run_failed").click()
    expect(ticks.last).to_have_class("arn-tick arn-error arn-here")
    rows(stage).filter(has_text="read page 3").click()
    expect(stage.page.locator(".arn-here")).to_have_count(0)


def test_ticks_stand_to_scale_and_stay_when_the_zone_changes(open_stage: Opener) -> None:
    stage = open_stage(with_log())
    middles = """(ticks) => ticks.map((tick) => {
      const {left, width} = tick.getBoundingClientRect();
      return left + width / 2;
    })"""
    expect(stage.page.locator(".arn-tick")).to_have_count(5)
    before = stage.page.locator(".arn-tick").evaluate_all(middles)
    line = stage.page.locator(".arn-line").bounding_box()
    assert line is not None
    # Created 30.5 s, completed 34.1 s.
    seconds = sorted([30.6, 31.0, 32.6, 33.7, 34.0])
    expected = [line["x"] + (at - 30.5) / 3.6 * line["width"] for at in seconds]
    assert sorted(before) == pytest.approx(expected, abs=3)
    stage.set_trait("tz", "Asia/Kolkata")
    assert stage.page.locator(".arn-tick").evaluate_all(middles) == before


def many(count: int) -> list[dict[str, Any]]:
    return [
        {**log_events()[4], "message": f"line {n}" + " and more words" * (n % 40)}
        for n in range(count)
    ]


def test_of_two_thousand_entries_only_those_near_are_elements(open_stage: Opener) -> None:
    stage = opened(open_stage, one_run(finished_run(), logs={"events": many(2_000)}))
    tree = stage.page.get_by_role("tree", name="Log")
    assert rows(stage).count() < 200
    tree.press("End")
    expect(active(stage)).to_contain_text("line 1999 ")
    expect(active(stage)).to_have_attribute("aria-posinset", "2000")
    expect(active(stage)).to_have_attribute("aria-setsize", "2000")
    seen = active(stage).bounding_box()
    around = tree.bounding_box()
    assert seen is not None
    assert around is not None
    assert around["y"] <= seen["y"] + seen["height"] <= around["y"] + around["height"] + 1
    for _ in range(30):
        tree.press("PageUp")
    expect(active(stage)).to_have_attribute("aria-posinset", "1550")
    tree.evaluate("(tree) => (tree.scrollTop = tree.scrollHeight / 2)")
    stage.page.wait_for_timeout(200)
    assert rows(stage).count() < 400
    tree.press("Home")
    expect(rows(stage).first).to_contain_text("line 0")


def test_what_is_chosen_is_told_whole_with_its_metadata(open_stage: Opener) -> None:
    stage = opened(open_stage)
    rows(stage).last.click()
    chosen = stage.page.get_by_role("group", name="Chosen entry")
    expect(chosen).to_contain_text("2023-11-14 22:12:34.000 UTC")
    expect(chosen).to_contain_text("service")
    expect(chosen).to_contain_text('{"exit_code": 1}')
    chosen.get_by_role("button", name="Copy text").click()
    expect(chosen).to_contain_text("Copied")
    text = stage.page.evaluate("() => navigator.clipboard.readText()")
    assert text == log_events()[-1]["message"]


def test_a_message_of_a_megabyte_costs_one_line(open_stage: Opener) -> None:
    [event, *_] = log_events()
    stage = opened(
        open_stage, one_run(failed_run(), logs={"events": [{**event, "message": "x" * 2**20}]})
    )
    assert len(rows(stage).first.inner_text()) < 3_000
    rows(stage).first.click()
    chosen = stage.page.get_by_role("group", name="Chosen entry")
    expect(chosen.get_by_role("button", name="Show more")).to_be_visible()


def test_without_a_client_nothing_is_asked_and_the_way_on_is_shown(open_stage: Opener) -> None:
    scenario = with_log()
    scenario.page["no_previews"] = NO_CLIENT
    stage = open_stage(scenario)
    stage.open_tab("Logs")
    assert "This view has no client to read logs with" in stage.text()
    assert f"log = client.get_logs(('{DEP}', 'adrun_0be1d004'))" in stage.text()
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    stage.page.locator(".arn-run").wait_for()
    stage.open_tab("Logs")
    assert "A saved file holds no logs." in stage.text()
    assert asked(stage, "logs") == []


def test_a_refusal_is_said_in_the_kernels_words_and_may_be_tried_again(open_stage: Opener) -> None:
    stage = open_stage(one_run(failed_run(), logs="The service has no logs.\u202e"))
    expect(stage.page.locator(".arn-panel").first).to_contain_text(
        "The service has no logs.‹U+202E›"
    )
    stage.open_tab("Logs")
    panel = stage.page.get_by_role("tabpanel")
    expect(panel).to_contain_text("The service has no logs.")
    expect(panel).to_contain_text("client.get_logs")
    panel.get_by_role("button", name="Try again").click()
    expect(panel).to_contain_text("The service has no logs.")
    assert len(asked(stage, "logs")) == 2


def test_an_empty_log_and_one_that_was_cut_say_so(open_stage: Opener) -> None:
    stage = open_stage(one_run(failed_run(), logs={"events": []}))
    stage.open_tab("Logs")
    expect(stage.page.get_by_role("tabpanel")).to_contain_text("No events are in the log")
    cut = opened(open_stage, one_run(failed_run(), logs={"events": log_events(), "more": True}))
    expect(cut.page.get_by_role("tab", name="Logs 24+")).to_be_visible()
    panel = cut.page.get_by_role("tabpanel")
    expect(panel).to_contain_text("Only the last 24 events are shown; get_logs gives all:")


def test_a_run_that_goes_on_may_be_asked_again(open_stage: Opener) -> None:
    stage = opened(open_stage, with_log(live_run()))
    stage.page.get_by_role("button", name="Read again").click()
    expect(rows(stage).first).to_be_visible()
    assert len(asked(stage, "logs")) == 2
    ended = opened(open_stage, with_log())
    expect(ended.page.get_by_role("button", name="Read again")).to_have_count(0)


def test_the_tab_stays_open_from_run_to_run_and_a_log_is_read_once(open_stage: Opener) -> None:
    docs = [failed_run(id=f"adrun_{n}") for n in range(3)]
    scenario = many_runs(docs, selected=[[DEP, "adrun_0"]])
    scenario.logs = {"events": log_events(), "more": False}
    stage = opened(open_stage, scenario)
    for run in ("adrun_1", "adrun_2", "adrun_0", "adrun_1"):
        stage.set_trait("selected", [[DEP, run]])
        expect(stage.page.locator(".arn-run header")).to_contain_text(run)
        expect(rows(stage).first).to_be_visible()
        assert stage.shown_tab() == "Logs 24"
    assert sorted(message["row"] for message in asked(stage, "logs")) == [0, 1, 2]


def test_events_that_lack_everything_are_shown_as_far_as_they_go(open_stage: Opener) -> None:
    names = ("created_at", "level", "event_type", "source", "message", "metadata")
    bare = dict.fromkeys(names)
    odd = {**bare, "level": "notice", "message": "odd", "created_at": "not a time"}
    stage = opened(open_stage, one_run(failed_run(), logs={"events": [bare, odd]}))
    assert [" ".join(text.split()) for text in rows(stage).all_inner_texts()] == [
        "(empty line)",
        "notice odd",
    ]
    rows(stage).last.click()
    expect(stage.page.get_by_role("group", name="Chosen entry")).to_contain_text("no time recorded")


@pytest.mark.parametrize("width", [320, 390, 620, 1600])
def test_a_log_stays_inside_the_view(open_stage: Opener, width: int) -> None:
    wide = [{**log_events()[0], "message": "x" * 500, "event_type": "y" * 200, "level": "z" * 90}]
    stage = opened(
        open_stage, one_run(failed_run(), logs={"events": [*log_events(), *wide]}), width=width
    )
    rows(stage).last.click()
    stage.page.get_by_role("button", name="Wrap").click()
    assert stage.page.evaluate("() => document.documentElement.scrollWidth") <= width
    edge = "(row) => row.scrollWidth <= row.clientWidth + 1"
    assert all(row.evaluate(edge) for row in rows(stage).all())
