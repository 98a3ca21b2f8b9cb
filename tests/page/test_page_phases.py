"""The phases of a run, under its course: thin, thick and hatched, in words, and as text whatever they are called."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from .conftest import Opener
from .scenarios import finished_run, log_events, one_run

MS = 1_700_000_000_000


def phase(
    name: str, start: tuple[float | None, float], end: tuple[float, float | None], kind: str
) -> dict[str, Any]:
    moments = [
        [None if moment is None else MS + moment for moment in bounds] for bounds in (start, end)
    ]
    return {"phase": name, "kind": kind, "start": moments[0], "end": moments[1]}


SEEN = [
    phase("queued", (0, 500), (1_500, 2_500), "observed"),
    phase("running", (1_500, 2_500), (9_000, 11_000), "observed"),
]
LOGGED = [
    phase("installing", (0, 0), (2_000, 2_000), "logged"),
    phase("<img src=x onerror=alert(1)>", (2_000, 2_000), (10_000, 10_000), "logged"),
]


def test_what_was_seen_is_drawn_and_the_log_takes_its_place(open_stage: Opener) -> None:
    told = {"events": log_events(), "more": False, "phases": LOGGED}
    stage = open_stage(one_run(finished_run(phases=SEEN), logs=told))
    group = stage.page.get_by_role("group", name="Phases of the run")
    expect(group).to_contain_text("1 s to 2.5 s queued")
    expect(group).to_contain_text("6.5 s to 9.5 s running")
    expect(group).to_contain_text("hatched: between two looks")
    parts = group.locator(".arn-part")
    expect(parts).to_have_count(5)
    wide = [box["width"] for part in parts.all() if (box := part.bounding_box())]
    assert wide[3] == max(wide), "the time in running is the longest that is sure"
    assert min(wide) >= 6
    stage.open_tab("Logs")
    expect(group).to_contain_text("Phases as the log has them.")
    expect(group).to_contain_text("8 s <img src=x onerror=alert(1)>")
    expect(group.locator("img")).to_have_count(0)
    expect(parts).to_have_count(2)


def test_a_run_without_phases_has_no_line_of_them(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    expect(stage.page.get_by_role("group", name="Course of the run")).to_be_visible()
    expect(stage.page.get_by_role("group", name="Phases of the run")).to_have_count(0)
