"""The cells that every host is given, and what is looked for in it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

READ = """import pathlib
import agentrun_nb as arn
runs = arn.runs_frame(pathlib.Path('runs.json').read_bytes())
run = arn.Run(pathlib.Path('run.json').read_bytes())"""
RUN, RUNS = "run", "ex = arn.explore(runs); ex"
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
"""The command by which a person switches the saving of widget state on; it stays so for later notebooks."""
TOLD = ("failed", "no such column", "adrun_00000003", "out/report.md", '"score": 0.503')
"""Words of the one run that its static twin must say."""


def live_views(page: Page) -> Locator:
    return page.locator(".arn-root")


def twins(page: Page) -> Locator:
    return page.locator(".arn-twin")


def expect_live(page: Page, count: int = 2) -> None:
    """The live views are there, and their twins are not to be seen."""
    expect(live_views(page)).to_have_count(count, timeout=30_000)
    for view in live_views(page).all():
        expect(view).to_be_visible()
    for twin in twins(page).all():
        expect(twin).to_be_hidden()


def expect_twins(page: Page) -> None:
    """Both twins are to be seen, with their pictures, and say what the records say."""
    expect(live_views(page)).to_have_count(0)
    one, many = twins(page).all()
    for words in TOLD:
        expect(one).to_contain_text(words)
    expect(many).to_contain_text("12 runs")
    for twin in (one, many):
        expect(twin).to_be_visible()
        decoded = "async (image) => { await image.decode(); return image.naturalWidth; }"
        assert twin.locator("img").evaluate(decoded) == 720
