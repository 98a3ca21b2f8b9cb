"""The exported file: payloads inside its data neither end the data nor run, on opening and when chosen."""

from __future__ import annotations

from pathlib import Path

from agentrun_nb.widget import explore

from .payloads import batches, hostile_runs
from .stage import Stage


def test_the_file_of_every_payload_is_text(open_stage: Stage, tmp_path: Path) -> None:
    inside = ", ".join(f"main > {what}" for what in ("h1", "div#arn-place", "p", "noscript"))
    for batch in batches(250):
        view = explore(hostile_runs(batch))
        open_stage.write(view.to_html(tmp_path / "runs.html").read_text("utf-8"))
        open_stage.page.locator(".arn-nums").wait_for()
        canvas = open_stage.page.get_by_test_id("arn-timeline-canvas")
        for _ in range(5):
            canvas.press("ArrowLeft")
            canvas.press("Enter")
        open_stage.touch(".arn-root")
        assert (
            open_stage.page.locator("body > *").count()
            == open_stage.page.locator("main, body > script").count()
            == 4
        )
        assert (
            open_stage.page.locator("main > *").count()
            == open_stage.page.locator(inside).count()
            == 4
        )
        assert open_stage.page.locator("script").count() == 3
        open_stage.assert_calm()
