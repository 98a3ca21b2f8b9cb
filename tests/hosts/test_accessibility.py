"""axe-core finds nothing to blame in the view: in each Jupyter, and on a page of its own, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from agentrun_nb.widget import explore
from tests.hostile.stage import Stage
from tests.hostile.test_panels import PANELS
from tests.support.jupyter_host import Host
from tests.support.samples import body

from .stories import READ, RUN, RUNS, expect_live

CHECK = """async (selector) => (await axe.run({include: [[selector]]})).violations.map(
  ({id, help, nodes}) => [id, help, nodes.length, nodes[0].target.join(' '), nodes[0].failureSummary])"""


TABS = ("Record", "Input", "Manifest", "Outputs", "Overview")
OPEN = """(name) => document.querySelectorAll('.arn-root [role=tab]').forEach((tab) => {
  if (tab.innerText.startsWith(name)) tab.click();
})"""


def violations(page: Page, axe: Path, selector: str = ".arn-root") -> list[Any]:
    """What axe-core says of each element that a selector finds, each tab of its runs opened."""
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=axe)
    found: list[Any] = []
    for tab in TABS:
        page.evaluate(OPEN, tab)
        found += page.evaluate(CHECK, selector)
    return found


def test_views_and_twins_are_accessible_in_jupyter_light_and_dark(
    jupyter: Host, browser: Browser, axe: Path
) -> None:
    name = jupyter.write(
        "axe.ipynb", READ, RUN, RUNS, "arn.explore_json({'a': [1, {'b': None}]})"
    ).name
    with jupyter.open(browser, name) as notebook:
        notebook.run_all()
        expect_live(notebook.page, 3)
        found = {}
        for selector in (".arn-root", ".arn-twin"):
            for theme in ("JupyterLab Dark", "JupyterLab Light"):
                notebook.theme(theme)
                expect(notebook.page.locator(selector).first).to_be_visible()
                found[selector, theme] = violations(notebook.page, axe, selector)
            notebook.page.evaluate(
                "() => document.querySelectorAll('.arn-root').forEach((root) => root.remove())"
            )
        assert [(place, said) for place, said in found.items() if said] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
@pytest.mark.parametrize("part", [".arn-root", "body"])
def test_the_file_is_accessible_without_a_host(
    browser: Browser, axe: Path, tmp_path: Path, scheme: str, width: int, part: str
) -> None:
    context = browser.new_context(
        color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    view = explore(body(12))
    page.goto(view.to_html(tmp_path / "all.html").as_uri())
    expect_live(page, 1)
    assert violations(page, axe, part) == []
    view.selected = view.runs.iloc[[-1]]
    page.goto(view.to_html(tmp_path / "runs.html").as_uri())
    expect_live(page, 1)
    assert violations(page, axe, part) == []
    page.get_by_test_id("arn-wb-filter").click()
    page.get_by_label("Mode").select_option(label="job")
    assert violations(page, axe, part) == []
    page.keyboard.press("Escape")
    page.get_by_test_id("arn-wb-help").click()
    assert violations(page, axe, part) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_of_many_runs_is_accessible(
    browser: Browser, axe: Path, panel: str, scheme: str
) -> None:
    stage = Stage(browser)
    stage.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    PANELS[panel](stage, [f"csv-report v{number}" for number in range(12)])
    if panel == "filter":
        # What is pressed has colours of its own.
        stage.page.get_by_role("toolbar", name="Failures of").get_by_role("button").first.click()
    stage.page.add_script_tag(path=axe)
    assert stage.page.evaluate(CHECK, ".arn-root") == []
    stage.close()
