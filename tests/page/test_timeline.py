"""The timeline of many runs on the stub page: what is drawn, found, selected and told."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Stage
from .scenarios import NONE, NOW, Scenario, blank_page
from .test_page_runs import update

Opener = Callable[..., Stage]
NAN = float("nan")
BIDI = "\u202egpj.exe"
HOSTILE = "<img src=x onerror=alert(1)>"


@dataclass(frozen=True)
class Row:
    """A run by its times (ms) and its status."""

    created: float = NAN
    started: float = NAN
    completed: float = NAN
    status: str | None = "succeeded"
    version: str | None = "v1"
    id: str = ""


def page_of(rows: Sequence[Row], **traits: object) -> Scenario:
    """A page of runs whose documents are asked for one by one."""
    scenario = Scenario(blank_page("runs", n=len(rows)), traits=traits)
    times = {
        name: [getattr(row, name) for row in rows] for name in ("created", "started", "completed")
    }
    times["until"] = [NOW] * len(rows)
    columns = {
        name: scenario.add(struct.pack(f"<{len(rows)}d", *values), is_gzipped=True)
        for name, values in times.items()
    }
    for name, table in (("status", "statuses"), ("version", "versions")):
        known = scenario.page[table] = list(
            dict.fromkeys(value for row in rows if (value := getattr(row, name)) is not None)
        )
        code = {value: position for position, value in enumerate(known)}
        columns[name] = scenario.add(
            struct.pack(f"<{len(rows)}I", *(code.get(getattr(row, name), NONE) for row in rows)),
            is_gzipped=True,
        )
    scenario.page["deployments"] = ["dep"]
    columns["deployment"] = scenario.add(bytes(4 * len(rows)), is_gzipped=True)
    columns["error"] = scenario.add(
        struct.pack(f"<{len(rows)}I", *[NONE] * len(rows)), is_gzipped=True
    )
    columns["ids"] = scenario.add(
        json.dumps([row.id or f"run_{position}" for position, row in enumerate(rows)]).encode(),
        is_gzipped=True,
    )
    scenario.page["columns"] = columns
    return scenario


def finished(n: int, failed: Sequence[int] = ()) -> list[Row]:
    """Runs that succeeded, six seconds apart on average, but for those named."""
    chance = random.Random(n)
    starts = [NOW - 1000 - chance.random() * n * 6000 for _ in range(n)]
    rows = [
        Row(at, at + 2000, at + 2000 + chance.random() * 60_000, version=f"v{n % 3}")
        for n, at in enumerate(starts)
    ]
    for position in failed:
        rows[position] = replace(rows[position], status="failed")
    return rows


def some_of_each() -> list[Row]:
    """Twelve runs, one of every kind that is drawn in its own way."""
    at = [NOW - 600_000 + 45_000 * position for position in range(12)]
    return [
        Row(at[0], at[0] + 9000, at[0] + 90_000),
        Row(at[1], at[1] + 5000, at[1] + 80_000, "failed"),
        Row(at[2], at[2] + 5000, at[2] + 70_000, "cancelled", "v2"),
        Row(at[3], at[3] + 5000, at[3] + 60_000, "timed_out", "v2"),
        Row(at[4], at[4] + 5000, status="running"),
        Row(at[5], status="queued"),
        Row(at[6], completed=at[6] + 50_000),
        Row(at[7], at[7] + 5000),
        Row(at[8], at[8] + 5000, status=HOSTILE, version=BIDI, id=BIDI + HOSTILE),
        Row(at[9], at[9] + 5000, at[9] - 5000),
        Row(at[10], status="starting", version=None),
        Row(at[11], status=None),
    ]


def timeline(stage: Stage) -> Locator:
    return stage.page.get_by_test_id("arn-timeline")


def canvas(stage: Stage) -> Locator:
    return stage.page.get_by_test_id("arn-timeline-canvas")


def point(stage: Stage, row: int) -> tuple[float, float]:
    """Where a run is drawn, in the page."""
    canvas(stage).scroll_into_view_if_needed()
    found = canvas(stage).evaluate("(canvas, row) => canvas.arnLocate(row)", row)
    assert found is not None
    box = canvas(stage).bounding_box()
    assert box is not None
    return box["x"] + found["x"], box["y"] + found["y"]


def selected(stage: Stage) -> list[str]:
    return [run for _, run in stage.trait("selected")]  # type: ignore[attr-defined]


def windows(stage: Stage) -> list[dict[str, object]]:
    return stage.page.evaluate("window.stage.model.sent.filter(({ op }) => op === 'window')")


def told(stage: Stage) -> str:
    return stage.page.get_by_test_id("arn-timeline-live").inner_text()


def colour_at(stage: Stage, x: float, y: float) -> list[int]:
    """The pixel that the canvas holds at a point of the page."""
    return canvas(stage).evaluate(
        """(canvas, [x, y]) => {
          const { left, top } = canvas.getBoundingClientRect();
          const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
          pen.drawImage(canvas, (x - left) * devicePixelRatio, (y - top) * devicePixelRatio, 1, 1, 0, 0, 1, 1);
          return [...pen.getImageData(0, 0, 1, 1).data];
        }""",
        [x, y],
    )


def test_the_window_is_told_from_the_first_to_the_last_moment_of_a_run(open_stage: Opener) -> None:
    """The room at the sides of the axis is not told of, which would reach into the future where runs go on."""
    stage = open_stage(
        page_of([Row(NOW - 7_200_000, status="running"), Row(NOW - 60_000, status="running")])
    )
    words = stage.page.get_by_test_id("arn-window").filter(has_text="(2 h): 2 runs.").inner_text()
    assert words.startswith(f"{moment(NOW - 7_200_000)} to {moment(NOW)} ")


def moment(at: float) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def test_no_runs_and_runs_without_times_are_said_in_words(open_stage: Opener) -> None:
    nowhere = open_stage(page_of([Row(), Row(started=NOW), Row(status=None)]))
    assert (
        "None of the 3 runs has a created time that can be read" in timeline(nowhere).inner_text()
    )
    assert timeline(nowhere).inner_text().count("created time") == 1, "a fact is said once"
    assert not canvas(nowhere).is_visible()
    assert "no runs" in open_stage(page_of([])).text().lower()


def test_a_click_on_a_run_selects_it_and_ctrl_adds_and_takes_away(open_stage: Opener) -> None:
    stage = open_stage(page_of(some_of_each()))
    stage.page.mouse.click(*point(stage, 1))
    assert selected(stage) == ["run_1"]
    stage.page.keyboard.down("Control")
    stage.page.mouse.click(*point(stage, 4))
    assert selected(stage) == ["run_1", "run_4"]
    stage.page.mouse.click(*point(stage, 1))
    stage.page.keyboard.up("Control")
    assert selected(stage) == ["run_4"]


def test_every_kind_of_run_has_a_mark_and_every_status_its_words(open_stage: Opener) -> None:
    stage = open_stage(page_of(some_of_each()))
    for row in range(12):
        stage.page.mouse.click(*point(stage, row))
        assert len(selected(stage)) == 1
    statuses = stage.page.get_by_test_id("arn-wb-statuses")
    known = ["queued", "starting", "running", "succeeded", "failed", "cancelled", "timed out"]
    for words in [*known, "no status recorded", f"unknown status: {HOSTILE}"]:
        assert words in statuses.inner_text()
    assert statuses.locator("svg[aria-hidden=true]").count() == 9


def test_short_names_leave_their_room_to_the_runs(open_stage: Opener) -> None:
    rows = some_of_each()[:8]
    left = [
        point(
            open_stage(
                page_of([replace(row, id=name * n) for n, row in enumerate(rows, 1)]), width=1600
            ),
            0,
        )[0]
        for name in ("n", "a long name")
    ]
    assert left[0] < left[1] - 60


def test_solid_is_only_what_two_timestamps_hold(open_stage: Opener) -> None:
    stage = open_stage(
        page_of([Row(NOW - 100_000, NOW - 50_000, NOW), Row(NOW - 100_000, status="running")])
    )
    box = canvas(stage).bounding_box()
    assert box is not None
    (x, y), (_, live) = point(stage, 0), point(stage, 1)
    left = x - (x - box["x"]) * 0.15
    assert colour_at(stage, x + 40, y + 6)[3] == 255, "started to completed fills the lane"
    assert colour_at(stage, left, y + 6)[3] == 0, "created to started is a thin line"
    assert colour_at(stage, left, y)[3] > 0
    assert colour_at(stage, x + 40, live)[3] == 0, "a run that has not started is an outline"


def test_hostile_text_is_text_and_what_turns_text_around_is_seen(open_stage: Opener) -> None:
    stage = open_stage(page_of(some_of_each()))
    stage.page.mouse.move(*point(stage, 8))
    tip = stage.page.get_by_test_id("arn-tooltip")
    assert "‹U+202E›gpj.exe" + HOSTILE in tip.inner_text()
    assert "unknown status: " + HOSTILE in tip.inner_text()
    assert timeline(stage).locator("img").count() == 0


def test_the_tooltip_tells_times_in_the_zone_and_what_is_not_recorded(open_stage: Opener) -> None:
    stage = open_stage(page_of(some_of_each(), tz="Asia/Kolkata"))
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(
        "Times in Asia/Kolkata (UTC+5:30)"
    )
    stage.page.mouse.move(*point(stage, 6))
    tip = stage.page.get_by_test_id("arn-tooltip").inner_text()
    assert "created: 2023-11-15 03:37:50" in tip
    assert "started: not known" in tip
    stage.set_trait("tz", "UTC")
    stage.page.get_by_test_id("arn-window").filter(has_text="Times in UTC.").wait_for()


NEXT_FAILURE = {
    "button": lambda stage: stage.page.get_by_test_id("arn-failure-next").click(),
    "key": lambda stage: canvas(stage).press("n"),
}


@pytest.mark.parametrize("action", NEXT_FAILURE)
def test_a_person_finds_three_failures_among_100000_runs_in_three_actions(
    open_stage: Opener, action: str
) -> None:
    """Each action leads to one of them: it is chosen, told, and seen under a mark of its own."""
    failed = [40_001, 7, 99_000]
    stage = open_stage(page_of(finished(100_000, failed)))
    found = []
    for number in (1, 2, 3):
        NEXT_FAILURE[action](stage)
        found += selected(stage)
        assert told(stage).startswith(f"Failure {number} of 3: {found[-1]}, failed")
        stage.page.mouse.move(*point(stage, int(found[-1].removeprefix("run_"))))
        assert found[-1] in stage.page.get_by_test_id("arn-tooltip").inner_text()
    assert sorted(found) == sorted(f"run_{row}" for row in failed)


def test_columns_say_in_words_how_many_runs_they_hold(open_stage: Opener) -> None:
    stage = open_stage(page_of(finished(100_000)))
    stage.press("by:none")
    expect(stage.page.get_by_test_id("arn-window")).to_contain_text(
        "100,000 runs. Times in UTC. Up to 777 runs in a column."
    )


def test_failures_are_seen_among_100000_runs_before_anything_is_done(open_stage: Opener) -> None:
    stage = open_stage(page_of(finished(100_000, [60_000])))
    x, y = point(stage, 60_000)
    assert colour_at(stage, x, y)[3] > 0
    stage.page.mouse.click(x, y)
    assert selected(stage) == ["run_60000"]


def test_a_range_selects_what_touches_it(open_stage: Opener) -> None:
    stage = open_stage(
        page_of(
            [
                Row(NOW + 10_000 * n, NOW + 10_000 * n + 1000, NOW + 10_000 * n + 5000)
                for n in range(8)
            ]
        )
    )
    (left, y), (right, _) = point(stage, 2), point(stage, 5)
    for begin in (
        lambda: stage.page.keyboard.down("Shift"),
        lambda: stage.page.get_by_test_id("arn-range").click(),
    ):
        begin()
        stage.page.mouse.move(left, y - 14)
        stage.page.mouse.down()
        stage.page.mouse.move(right, y, steps=4)
        stage.page.mouse.up()
        stage.page.keyboard.up("Shift")
        assert selected(stage) == ["run_2", "run_3", "run_4", "run_5"]
        assert told(stage) == "4 runs selected."
        canvas(stage).press("Escape")
        assert selected(stage) == []


def test_the_keyboard_goes_to_every_run_and_says_it(open_stage: Opener) -> None:
    stage = open_stage(page_of(some_of_each()))
    view = canvas(stage)
    view.focus()
    assert view.get_attribute("data-lm-suppress-shortcuts") == "true"
    view.press("Home")
    said = [told(stage)]
    for _ in range(11):
        view.press("ArrowRight")
        said.append(told(stage))
    assert len(set(said)) == 12
    assert said[1].startswith("run_1, failed, version: v1, created: 2023-11-14")
    view.press("Enter")
    assert selected(stage) == ["run_11"]
    view.press("Shift+ArrowLeft")
    assert selected(stage) == ["run_11", "run_10"]
    view.press("n")
    assert told(stage).startswith("Failure 1 of 2: run_1, failed")
    view.press("Escape")
    assert selected(stage) == []


def test_keys_of_the_timeline_do_not_reach_the_notebook(open_stage: Opener) -> None:
    stage = open_stage(page_of(some_of_each()))
    stage.page.evaluate(
        "window.keys = []; document.addEventListener('keydown', ({ key }) => window.keys.push(key))"
    )
    canvas(stage).focus()
    for key in ("ArrowDown", "+", "Home", "Enter", "Escape", "b", "Control+s"):
        canvas(stage).press(key)
    assert stage.page.evaluate("window.keys") == ["b", "Control", "s"]


def test_the_wheel_scrolls_the_page_until_the_timeline_has_the_focus(open_stage: Opener) -> None:
    stage = open_stage(page_of(finished(300)), height=300)
    before = stage.page.get_by_test_id("arn-window").filter(has_text="300 runs").inner_text()
    stage.page.evaluate("scrollTo(0, 0)")
    stage.page.mouse.move(300, 200)
    stage.page.mouse.wheel(0, 40)
    stage.page.wait_for_function("() => scrollY > 0")
    assert stage.page.get_by_test_id("arn-window").inner_text() == before
    canvas(stage).focus()
    stage.page.mouse.wheel(0, -100)
    stage.page.wait_for_function(
        "(before) => document.querySelector('[data-testid=arn-window]').textContent !== before",
        arg=before,
    )


def test_the_kernel_is_told_the_window_once_it_stands_still(open_stage: Opener) -> None:
    stage = open_stage(page_of(finished(50)))
    stage.page.wait_for_timeout(600)
    told_before = len(windows(stage))
    # In one step of the page: a slow machine would pause between clicks that come from outside.
    stage.page.evaluate("""() => {
        const button = (name) => document.querySelector(`[data-testid=arn-${name}]`);
        for (let times = 0; times < 4; times++) button("zoom-in").click();
        const by = document.querySelector("[data-testid=arn-by]");
        by.value = "status";
        by.dispatchEvent(new Event("change"));
    }""")
    stage.page.wait_for_timeout(900)
    assert len(windows(stage)) == told_before + 1
    last = windows(stage)[-1]
    assert last["by"] == "status"
    assert NOW - 300_000 - 70_000 < last["start"] < last["end"] < NOW + 70_000  # type: ignore[operator]


def test_a_table_beside_the_picture_holds_up_to_200_runs(open_stage: Opener) -> None:
    stage = open_stage(page_of(finished(300)))
    table = stage.page.get_by_test_id("arn-timeline-table")
    table.locator("caption").wait_for(state="attached")
    assert "200 of 300" in (table.locator("caption").text_content() or "")
    assert table.locator("tr").count() == 201
    assert table.locator("tr").nth(1).locator("td").nth(1).text_content() == "succeeded"


def test_a_selection_made_in_python_is_drawn_and_not_sent_back(open_stage: Opener) -> None:
    stage = open_stage(page_of(some_of_each()))
    point(stage, 0)
    before = canvas(stage).screenshot()
    saves = stage.page.evaluate("window.stage.model.saves")
    stage.set_trait("selected", [["dep", "run_0"]])
    stage.page.wait_for_timeout(100)
    assert canvas(stage).screenshot() != before
    assert stage.page.evaluate("window.stage.model.saves") == saves
    assert stage.requests == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_theme_of_the_page_at_once(open_stage: Opener, scheme: str) -> None:
    stage = open_stage(page_of([Row(NOW - 9000, NOW - 6000, NOW)]), scheme=scheme)
    other = "dark" if scheme == "light" else "light"
    seen = [colour_at(stage, *point(stage, 0))]
    stage.page.emulate_media(color_scheme=other)  # type: ignore[arg-type]
    stage.page.wait_for_timeout(100)
    seen.append(colour_at(stage, *point(stage, 0)))
    stage.page.evaluate(
        "(light) => document.body.setAttribute('data-jp-theme-light', light)",
        str(scheme == "light").lower(),
    )
    stage.page.wait_for_timeout(100)
    seen.append(colour_at(stage, *point(stage, 0)))
    assert seen[0] == seen[2] != seen[1]


@pytest.mark.parametrize("width", [320, 360, 1000, 1600])
def test_nothing_overflows(open_stage: Opener, width: int) -> None:
    rows = [
        replace(row, version="a version with a very long name " * 6, id="run_" + "0123456789" * 20)
        for row in some_of_each()
    ]
    stage = open_stage(page_of(rows), width=width)
    if width >= 480:
        stage.press("by:version_id")
    stage.page.wait_for_timeout(100)
    assert stage.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_hundred_thousand_runs_are_painted_within_two_seconds_with_few_elements(
    open_stage: Opener,
) -> None:
    stage = open_stage(page_of(finished(100_000, range(0, 100_000, 500))))
    stage.page.get_by_test_id("arn-window").filter(has_text="100,000 runs").wait_for()
    frames = stage.page.evaluate(
        """async () => {
          const times = [];
          for (let i = 0; i < 6; i++) {
            document.querySelector("[data-testid=arn-zoom-in]").click();
            const begin = performance.now();
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            times.push(performance.now() - begin);
          }
          return times;
        }"""
    )
    assert sorted(frames)[len(frames) // 2] < 500
    assert stage.page.evaluate("document.querySelectorAll('*').length") < 5000


def test_the_view_leaves_no_listeners_behind(open_stage: Opener) -> None:
    stage = open_stage(page_of(some_of_each()))
    counts = stage.page.evaluate(
        """async () => {
          let open = 0;
          const { addEventListener } = EventTarget.prototype;
          EventTarget.prototype.addEventListener = function (type, listener, options) {
            if (this === document || this === window || this === document.body || this instanceof MediaQueryList) {
              open++;
              options?.signal?.addEventListener("abort", () => open--);
            }
            return addEventListener.call(this, type, listener, options);
          };
          for (let i = 0; i < 20; i++) {
            window.stage.unmount();
            window.stage.mount();
            while (!document.querySelector("canvas")) await new Promise((done) => setTimeout(done));
          }
          const during = open;
          window.stage.unmount();
          EventTarget.prototype.addEventListener = addEventListener;
          return [during, open, document.querySelectorAll("canvas").length];
        }"""
    )
    assert counts[0] > 0
    assert counts[1:] == [0, 0]


def days_apart() -> list[Row]:
    """Three busy hours, three days apart."""
    starts = [NOW - day * 259_200_000 - n * 300_000 for day in range(3) for n in range(12)]
    return [Row(at, at + 5000, at + 200_000) for at in starts]


def test_gaps_are_folded_on_demand_and_the_kernel_is_told_real_times(open_stage: Opener) -> None:
    stage = open_stage(page_of(days_apart()))
    near = point(stage, 1)[0] - point(stage, 0)[0]
    button = stage.page.get_by_test_id("arn-fold")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    stage.page.get_by_test_id("arn-timeline-notes").filter(
        has_text="2 gaps folded, 5 d 22 h in all."
    ).wait_for()
    assert abs(point(stage, 1)[0] - point(stage, 0)[0]) > 10 * abs(near)
    stage.page.wait_for_function("() => window.stage.model.sent.at(-1).op === 'window'")
    last = windows(stage)[-1]
    assert last["start"] < NOW - 2 * 259_200_000 - 11 * 300_000 < NOW + 200_000 < last["end"]  # type: ignore[operator]
    stage.page.mouse.click(*point(stage, 30))
    assert selected(stage) == ["run_30"]
    button.click()
    assert button.get_attribute("aria-pressed") == "false"


def test_runs_without_gaps_offer_no_folding(open_stage: Opener) -> None:
    assert not open_stage(page_of(some_of_each())).page.get_by_test_id("arn-fold").is_visible()


def test_an_update_keeps_window_and_grouping(open_stage: Opener) -> None:
    stage = open_stage(page_of(finished(200, range(0, 200, 10))))
    stage.press("by:version_id")
    for _ in range(2):
        stage.page.get_by_test_id("arn-zoom-in").click()
    window = stage.page.get_by_test_id("arn-window")
    stage.page.wait_for_timeout(50)
    before = window.inner_text().partition("(")[0]
    update(stage, page_of(finished(200, range(0, 200, 5))))
    expect(stage.page.get_by_test_id("arn-wb-statuses")).to_contain_text("40 failed")
    assert stage.page.get_by_test_id("arn-by").input_value() == "version_id"
    assert window.inner_text().partition("(")[0] == before


def test_two_fingers_zoom_about_what_they_hold(open_stage: Opener) -> None:
    stage = open_stage(page_of(finished(300)))
    window = stage.page.get_by_test_id("arn-window").filter(has_text="300 runs")
    window.wait_for()
    told = canvas(stage).evaluate(
        """async (canvas) => {
          canvas.setPointerCapture = () => {};
          const touch = (type, pointerId, x) => {
            const { left, top } = canvas.getBoundingClientRect();
            const place = { clientX: left + x, clientY: top + 60 };
            canvas.dispatchEvent(new PointerEvent(type, { pointerId, ...place, bubbles: true }));
          };
          touch("pointerdown", 1, 400);
          touch("pointerdown", 2, 500);
          touch("pointermove", 2, 700);
          touch("pointermove", 1, 200);
          touch("pointerup", 2, 700);
          touch("pointerup", 1, 200);
          await new Promise((done) => setTimeout(done, 100));
          return document.querySelector("[data-testid=arn-window]").textContent;
        }"""
    )
    assert ": 300 runs" not in told
    assert selected(stage) == []
