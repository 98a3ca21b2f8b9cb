"""The exported file: the whole view offline, under a policy that lets nothing else in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from agentrun_nb.widget import explore
from tests.support.open_page import OpenPage
from tests.support.samples import HOSTILE, START, body, record


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1000, "height": 1200})
    yield context.new_page()
    context.close()


def test_the_file_works_offline_and_opens_where_the_view_stood(page: Page, tmp_path: Path) -> None:
    seen = OpenPage(page)
    view = explore(body(12), tz="Europe/Berlin")
    view.selected, view.path = (
        [["agdep_reports", "adrun_00000002"]],
        "output_manifest.outputs[1].path",
    )
    page.goto(view.to_html(tmp_path / "runs.html").as_uri())
    expect(page.locator(".arn-run")).to_contain_text("adrun_00000002")
    expect(page.locator(".arn-active").first).to_contain_text("out/plot.png")
    expect(page.get_by_test_id("arn-timeline-canvas")).to_be_visible()
    page.locator(".arn-run").get_by_role("searchbox").first.fill("report")
    expect(page.locator(".arn-hits").first).to_contain_text("of")
    expect(page.locator("body")).to_contain_text(
        "holds the records of 12 runs with their input and output manifest"
    )
    assert (seen.errors, seen.outside) == ([], [])


def test_a_view_that_was_zoomed_and_grouped_opens_as_it_was_seen(
    page: Page, tmp_path: Path
) -> None:
    view = explore(body(300))
    start, end = (1_000 * (START.timestamp() + 60 * minutes) for minutes in (100, 130))
    seen = {"start": start, "end": end, "by": "status", "folded": False}
    view._receive(view, {"id": 1, "op": "window", **seen}, [])
    # The page shares the stretch of time too, and how the runs are grouped.
    view.set_state({"window": ["2026-11-20T09:40:00Z", "2026-11-20T10:10:00Z"], "by": "status"})
    page.goto(view.to_html(tmp_path / "zoomed.html").as_uri())
    expect(page.get_by_test_id("arn-window")).to_contain_text(
        "2026-11-20 09:40:00 to 2026-11-20 10:10:00 (30 min)"
    )
    expect(page.get_by_test_id("arn-by")).to_have_value("status")


def test_what_is_left_out_is_said_to_be(page: Page, tmp_path: Path) -> None:
    target = explore(body(1)).to_html(tmp_path / "lean.html", without=["output_manifest"])
    assert b"report.md" not in target.read_bytes()
    page.goto(target.as_uri())
    page.get_by_role("tab", name="Manifest").click()
    expect(page.locator(".arn-run")).to_contain_text("left out when this file was written")


def test_hostile_text_runs_nothing_in_the_file(page: Page, tmp_path: Path) -> None:
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    manifest = {HOSTILE: HOSTILE, "<!--": "<script>"}
    hostile = [
        record(
            1, id=HOSTILE, failure_reason=HOSTILE, output_manifest=manifest, input={"a": HOSTILE}
        )
    ]
    page.goto(explore(hostile).to_html(tmp_path / "hostile.html").as_uri())
    expect(page.locator(".arn-run")).to_contain_text("<img src=x onerror=alert(1)>")
    assert said == []
