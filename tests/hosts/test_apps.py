"""Voila and marimo: a notebook shown as an application, live, with Python behind it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from tests.support.open_page import OpenPage, click_run

from .apps import THEIRS, app_server
from .conftest import write_records
from .environments import Environment
from .stories import READ, RUN, expect_live, live_views

LINKED = """from ipywidgets import Label, VBox
ex, told = arn.explore(runs), Label('nothing clicked')
ex.observe(lambda _: setattr(told, 'value', f'Python has {ex.selected}'), 'selected')
display(ex)
told"""
MARIMO = f"""import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
{READ}
    ex = mo.ui.anywidget(arn.explore(runs))
    return arn, ex, mo, run

@app.cell
def _(ex):
    ex
    return

@app.cell
def _(arn, run):
    arn.explore(run)
    return

@app.cell
def _(ex, mo):
    mo.md(f"Python has {{ex.value['selected']}}")
    return
""".replace(f"\n{READ}\n", "\n" + "\n".join(f"    {line}" for line in READ.splitlines()) + "\n")
CLICKED = "[['agdep_reports', 'adrun_00000005']]"


@pytest.mark.parametrize("app", ["voila", "marimo"])
def test_an_application_shows_the_view_and_hears_its_clicks(
    apps: Environment, browser: Browser, tmp_path: Path, app: str
) -> None:
    write_records(tmp_path)
    _write(app, tmp_path)
    with app_server(app, apps, tmp_path) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        seen = OpenPage(page)
        page.goto(address)
        expect_live(page)
        runs = live_views(page).filter(has=page.get_by_test_id("arn-timeline-canvas"))
        click_run(runs, 5)
        expect(page.locator("body")).to_contain_text(f"Python has {CLICKED}")
        expect(runs.locator(".arn-run")).to_contain_text("adrun_00000005")
        assert (seen.ours, [url for url in seen.outside if not url.startswith(THEIRS)]) == ([], [])
        page.close()


def _write(app: str, folder: Path) -> None:
    if app == "marimo":
        (folder / "app.py").write_text(MARIMO)
        return
    cells = [nbformat.v4.new_code_cell(cell) for cell in (READ, RUN, LINKED)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "app.ipynb")
