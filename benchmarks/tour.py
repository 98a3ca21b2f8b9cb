"""The tour as Binder opens it, at the other end of a slow link: from its address to the last cell.

    python -m benchmarks.tour [--milliseconds 150] [--repeats 3] [--python PYTHON] [--picture FILE]

Prints seconds on the clock, medians, without latency and with it, in turn. PYTHON is an interpreter of
Binder's environment (`make hosts` makes one in `.venv-hosts/binder`); by default it is this one. The
picture is of the view of many runs, as the link with latency brought it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Locator

from tests.support.chromium import chromium
from tests.support.jupyter_host import Host, OpenNotebook
from tests.support.open_page import click_run

from .link import slow_link
from .page_cases import CHECKOUT

TOUR = "01_tour.ipynb"


def cell_of_many_runs() -> int:
    """The number of the cell that shows many runs."""
    cells = json.loads((CHECKOUT / "notebooks" / TOUR).read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    return next(number for number, source in enumerate(sources) if "arn.explore(runs" in source)


def many_runs(notebook: OpenNotebook) -> Locator:
    """The view of many runs, scrolled to: JupyterLab keeps only what is near the screen in the page."""
    content = "window.jupyterapp.shell.currentWidget.content"
    notebook.page.evaluate(f"(cell) => {content}.scrollToItem(cell, 'start')", cell_of_many_runs())
    view = notebook.page.get_by_test_id("arn-workbench")
    view.wait_for()
    return view


def tour(host: Host, browser: Browser, port: int, picture: Path | None) -> dict[str, float]:
    """Opens the tour in a page of its own, runs it and clicks a run: seconds of each step, and its errors."""
    shutil.copy(CHECKOUT / "notebooks" / TOUR, host.files)
    host.trust(TOUR)
    took = {}
    started = time.perf_counter()
    with host.open(browser, TOUR, port=port) as notebook:
        took["opened, with a kernel"] = time.perf_counter() - started
        started = time.perf_counter()
        notebook.run_all()
        took["all cells have run"] = time.perf_counter() - started
        view = many_runs(notebook)
        started = time.perf_counter()
        click_run(view, 0)
        view.get_by_test_id("arn-wb-details").locator(".arn-run").wait_for()
        took["a run clicked, and shown"] = time.perf_counter() - started
        errors = notebook.page.locator("[data-mime-type='application/vnd.jupyter.error']")
        took["errors on the screen"] = errors.count()
        if picture:
            notebook.page.screenshot(path=picture)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--milliseconds", type=float, default=150)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    near, far = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        Host(Path(folder), python=options.python) as host,
        slow_link(host.port, options.milliseconds) as port,
    ):
        for _ in range(options.repeats):
            near.append(tour(host, browser, host.port, None))
            far.append(tour(host, browser, port, options.picture))
    print(f"{'seconds, medians':>30}{'no latency':>14}{options.milliseconds:8g} ms")
    for name in near[0]:
        medians = (median(took[name] for took in looks) for looks in (near, far))
        print(f"{name:>30}{next(medians):14.2f}{next(medians):11.2f}")


if __name__ == "__main__":
    main()
