"""A walk with the keyboard alone: from the cell through timeline and tree and out, while the notebook stays put."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.jupyter_host import Host, OpenNotebook

from .stories import READ, RUNS, expect_live, live_views

FOCUS = """() => {
  const one = document.activeElement, view = one.closest('.arn-root');
  const words = one.getAttribute('aria-label') ?? one.innerText.trim();
  const seen = getComputedStyle(one).outlineStyle !== 'none';
  return view && {tag: one.tagName, kind: one.className, role: one.getAttribute('role'), words, seen};
}"""
FOCUS_THE_CELL = "() => window.jupyterapp.shell.currentWidget.content.activate()"
EXPLORER = 1
MOST = 80
STRAY = ("ArrowDown", "ArrowUp", "b")
"""Keys that move or change the cells of a notebook when they reach it."""


@pytest.fixture(scope="package")
def opened(jupyter: Host, browser: Browser) -> Iterator[OpenNotebook]:
    chosen = f"{RUNS.removesuffix('; ex')}; ex.selected = runs.iloc[[-1]]; ex"
    name = jupyter.write("walk.ipynb", READ, chosen, "print(ex.selected, ex.path)", "4").name
    with jupyter.open(browser, name) as notebook:
        notebook.run_all()
        expect_live(notebook.page, 1)
        yield notebook


@pytest.fixture
def notebook(opened: OpenNotebook) -> OpenNotebook:
    """The notebook with the focus on the cell that shows the view."""
    opened.activate(EXPLORER)
    opened.page.keyboard.press("Escape")
    opened.page.evaluate(FOCUS_THE_CELL)
    return opened


def focus(notebook: OpenNotebook) -> dict[str, str] | None:
    found: dict[str, str] | None = notebook.page.evaluate(FOCUS)
    return found


def tab_to(notebook: OpenNotebook, **wanted: str) -> None:
    """Presses Tab until an element of the view with these properties has the focus."""
    for _ in range(MOST):
        notebook.page.keyboard.press("Tab")
        at = focus(notebook)
        if at and wanted.items() <= at.items():
            return
    pytest.fail(f"Tab never comes to {wanted}")


def open_manifest(notebook: OpenNotebook) -> None:
    """Goes to the tabs of the run, and along them to its output manifest."""
    tab_to(notebook, role="tab")
    notebook.page.keyboard.press("Home")
    for _ in range(2):
        notebook.page.keyboard.press("ArrowRight")


def test_the_keyboard_leads_from_the_cell_through_the_view_and_out(notebook: OpenNotebook) -> None:
    """Every stop shows that it has the focus, and Tab back comes in again."""
    press = notebook.page.keyboard.press
    open_manifest(notebook)
    notebook.page.evaluate("() => document.activeElement.blur()")
    notebook.page.evaluate(FOCUS_THE_CELL)
    # The first stop of the view is among its views and what narrows them.
    tab_to(notebook, tag="BUTTON")
    stops = []
    while (at := focus(notebook)) and len(stops) < MOST:
        stops.append(at)
        press("Tab")
    assert focus(notebook) is None
    assert {"CANVAS", "INPUT"} <= {stop["tag"] for stop in stops}
    assert {"tab", "tabpanel", "tree"} <= {stop["role"] for stop in stops}
    assert [stop for stop in stops if not stop["seen"]] == []
    press("Shift+Tab")
    assert focus(notebook) == stops[-1]
    assert notebook.active() == (EXPLORER, 4)


def test_keys_choose_a_run_and_a_place_and_the_notebook_stays(notebook: OpenNotebook) -> None:
    press, view = notebook.page.keyboard.press, live_views(notebook.page)
    tab_to(notebook, tag="CANVAS")
    for key in ("Home", "ArrowRight", "ArrowDown", "+", "-", "b", "Enter"):
        press(key)
    expect(view.locator(".arn-run")).to_contain_text("adrun_00000002")
    open_manifest(notebook)
    tab_to(notebook, role="tree")
    for key in ("Home", "ArrowDown", "ArrowDown", "b", "ArrowUp", "Enter"):
        press(key)
    assert notebook.active() == (EXPLORER, 4)
    # Of quick changes ipywidgets sends the last one when the kernel has taken the first: maybe behind this question.
    notebook.ask_until(2, "[['agdep_reports', 'adrun_00000002']] output_manifest.outputs")


def test_keys_that_steer_a_notebook_do_nothing_to_it_on_any_stop(notebook: OpenNotebook) -> None:
    tab_to(notebook, tag="SELECT")
    for _ in range(MOST):
        at = focus(notebook)
        if at is None:
            break
        for key in STRAY if at["tag"] != "SELECT" else ():
            notebook.page.keyboard.press(key)
            assert (key, at["words"], notebook.active()) == (key, at["words"], (EXPLORER, 4))
        notebook.page.keyboard.press("Tab")
