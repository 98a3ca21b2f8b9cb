"""Real jobs of the local service, followed to their end in a notebook while another cell computes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.jupyter_host import Host, OpenNotebook
from tests.support.open_page import OpenPage, click_run

from .apps import THEIRS, app_server
from .environments import Environment
from .stories import live_views

SERVE = """import time
import agentrun_nb as arn
service = arn.local.serve(workers=1)
names = [name for name in service.deployments["name"] if name != "long-training"]
jobs = [service.submit(name) for name in [*names, "csv-report"]]
watch = service.client.watch(jobs)"""
SHOW = """began = time.monotonic()
ex = arn.explore(watch, filter={'mode': 'job'})
display(ex)
shown_at = time.monotonic()"""
NEXT = """starts_at = time.monotonic()
print([starts_at - shown_at, shown_at - began])"""
COMPUTE = "end = time.monotonic() + 4\nwhile time.monotonic() < end: sum(range(10_000))"
STANDS = "[ex.selected, ex.filter, ex.window]"
ENDED = "[len(watch.runs), watch.reason, sorted(set(watch.runs['status'])), sorted(set(ex.runs['status']))]"
MARIMO = f"""import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
{indent(SERVE, "    ")}
    return arn, jobs, mo, service, time, watch

@app.cell
def _(arn, mo, time, watch):
    ex = mo.ui.anywidget(arn.explore(watch, filter={{'mode': 'job'}}))
    mo.output.append(ex)
    shown_at = time.monotonic()
    return ex, shown_at

@app.cell
def _(mo, shown_at, time):
    starts_at = time.monotonic()
    mo.md(f"The next cell after {{starts_at - shown_at:.6f}} s.")
    return

@app.cell
def _(mo):
    compute = mo.ui.run_button(label="compute")
    compute
    return (compute,)

@app.cell
def _(compute, ex, mo, time, watch):
    mo.stop(not compute.value)
{indent(COMPUTE, "    ")}
    mo.md("Computed.")
    return

@app.cell
def _(ex, mo):
    mo.md(f"Python has {{[ex.value[name] for name in ('selected', 'filter', 'window')]}}.")
    return

@app.cell
def _(mo):
    ask = mo.ui.run_button(label="ask")
    ask
    return (ask,)

@app.cell
def _(ask, ex, mo, service, watch):
    mo.stop(not ask.value)
    watch.wait("2m")
    service.close()
    mo.md(f"At last {{{ENDED}}}.")
    return
"""
EXPECTED = [8, "all ended", ["failed", "succeeded"], ["failed", "succeeded"]]
MOST_WAITED = 0.05
"""Seconds from the end of the cell that shows the view to the begin of the next."""


def follow_button(page: Page) -> Locator:
    return page.get_by_test_id("arn-follow")


def choose(page: Page) -> None:
    """Chooses a run and looks closer, while the runs go on."""
    button = follow_button(page)
    expect(button).to_contain_text(re.compile(r"Follow \d"), timeout=60_000)
    expect(button).to_have_attribute("aria-pressed", "true")
    click_run(live_views(page), 5)
    canvas = page.get_by_test_id("arn-timeline-canvas")
    canvas.focus()
    page.keyboard.press("+")
    expect(live_views(page).locator(".arn-run")).to_be_visible()


def expect_the_end(page: Page) -> None:
    """The page comes to say that all runs have ended, and how."""
    expect(follow_button(page)).to_be_hidden(timeout=90_000)
    statuses = page.get_by_test_id("arn-wb-statuses")
    for words in ("succeeded", "failed"):
        expect(statuses).to_contain_text(words)
    for words in ("queued", "installing", "running"):
        expect(statuses).not_to_contain_text(words)


@pytest.mark.parametrize("jupyter", ["jupyterlab-4.6", "notebook-7.6"], indirect=True)
def test_eight_jobs_are_followed_to_their_end_while_a_cell_computes(
    jupyter: Host, browser: Browser
) -> None:
    cells = [f"{SERVE}\nprint(len(jobs))", SHOW, NEXT]
    cells += [COMPUTE, f"print({STANDS})", f"watch.wait('2m')\nprint({ENDED})\nservice.close()"]
    jupyter.write("follow.ipynb", *cells)
    with jupyter.open(browser, "follow.ipynb") as notebook:
        assert notebook.ask(0) == "8"
        assert min(wait_after_the_view(notebook) for _ in range(3)) <= MOST_WAITED
        choose(notebook.page)
        before = settled(lambda: notebook.ask(4))
        notebook.run(3)
        expect_the_end(notebook.page)
        assert notebook.ask(4) == before
        assert ast.literal_eval(notebook.ask(5)) == EXPECTED
        assert (notebook.ours, notebook.outside) == ([], [])


def wait_after_the_view(notebook: OpenNotebook) -> float:
    """The seconds until the cell after that of the view starts, as the kernel measures them."""
    notebook.run_together(1, 2)
    waited, took = ast.literal_eval(notebook.output(2))
    print(f"\nshown in {1_000 * took:.0f} ms, the next cell after {1_000 * waited:.0f} ms")
    return float(waited)


def settled(ask: Callable[[], str]) -> str:
    """What Python says of a view once that stays: what a page changes reaches it a little later."""
    before, found = "", ask()
    while "None" in found or found != before:
        before, found = found, ask()
    return found


def test_eight_jobs_are_followed_to_their_end_in_marimo(
    apps: Environment, browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(MARIMO)
    with app_server("marimo", apps, tmp_path) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        seen = OpenPage(page)
        page.goto(address)
        choose(page)
        waited = float(said(page, r"The next cell after ([\d.]+) s\."))
        print(f"\nshown, the next cell after {1_000 * waited:.0f} ms")
        assert waited <= MOST_WAITED
        before = settled(lambda: said(page, r"Python has (.*)\."))
        page.get_by_role("button", name="compute").click()
        expect_the_end(page)
        expect(page.locator("body")).to_contain_text("Computed.")
        page.get_by_role("button", name="ask").click()
        assert ast.literal_eval(said(page, r"At last (.*)\.")) == EXPECTED
        assert said(page, r"Python has (.*)\.") == before
        outside = [url for url in seen.outside if not url.startswith(THEIRS)]
        assert (seen.ours, outside) == ([], [])
        page.close()


def said(page: Page, pattern: str) -> str:
    """What stands in the one place of a page that a pattern is about."""
    place = page.get_by_text(re.compile(pattern)).last
    found = re.search(pattern, place.inner_text())
    assert found is not None
    return found[1]
