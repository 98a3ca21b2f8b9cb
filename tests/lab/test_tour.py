"""The tour, as a newcomer takes it: every cell in a real JupyterLab, with what it shows alive."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, expect

from tests.support.jupyter_host import Host

TOUR = Path(__file__).parents[2] / "notebooks" / "01_tour.ipynb"
ALL_RAN = """() => {
  const {content, context} = window.jupyterapp.shell.currentWidget;
  const ran = content.widgets.filter(({model}) => model.type === 'code').every(({model}) => model.executionCount);
  return ran && context.sessionContext.session.kernel.status === 'idle';
}"""


def test_the_tour_runs_to_its_end_in_jupyterlab(lab: Host, browser: Browser) -> None:
    shutil.copy(TOUR, lab.files / "tour.ipynb")
    with lab.open(browser, "tour.ipynb") as notebook:
        notebook.command("notebook:clear-all-cell-outputs")
        notebook.command("notebook:run-all-cells")
        notebook.page.wait_for_function(ALL_RAN, timeout=120_000)
        views = notebook.page.locator(".arn-root")
        expect(views).to_have_count(2)
        for view in views.all():
            view.scroll_into_view_if_needed()
            expect(view).to_be_visible()
        expect(
            notebook.page.locator(".jp-OutputArea-output .js-plotly-plot, .js-plotly-plot").first
        ).to_be_attached()
        notebook.save()
        assert (notebook.errors, notebook.outside) == ([], [])
    saved = nbformat.read(lab.files / "tour.ipynb", as_version=4)
    assert not [
        out for cell in saved.cells for out in cell.get("outputs", []) if out.output_type == "error"
    ]
    assert (lab.files / "tour.ipynb").stat().st_size < 250_000
