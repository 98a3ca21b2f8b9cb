"""The table of runs at size in a real JupyterLab, beside itables and quak.

Each case is a page and a kernel of its own. *First rows* is the time from running the cell to the
second frame with rows; *sort* and *filter* from a click to the second frame with the result, and
*frame* is the time between two animation frames while the table is scrolled. `python
benchmarks/tables.py PYTHON [runs ...]` takes an interpreter with this package, itables and quak; by
default 1,000, 100,000 and 1,000,000 runs. Software rendering on a busy machine: ratios carry over.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, Error

from benchmarks.widget import FRAMES, RUNS, heap, run
from tests.support.chromium import chromium
from tests.support.jupyter_host import KERNEL_IDLE, Host, OpenNotebook

BRIEF = """
brief = runs[["status", "deployment_id", "created_at", "started_at", "completed_at", "exit_code", "failure_reason"]].copy()
brief["after_start_s"] = (brief["completed_at"] - brief["started_at"]).dt.total_seconds()
brief = brief.assign(**{name: brief[name].astype(str) for name in ("status", "deployment_id", "failure_reason")})
for name in ("created_at", "started_at", "completed_at"):
    brief[name] = brief[name].dt.tz_localize(None)
"""
WATCH = """([rows, press]) => {
  const cell = window.jupyterapp.shell.currentWidget.content.widgets[1].node;
  const deep = (root, selector) => root.querySelector(selector)
    ?? [...root.querySelectorAll('*')].filter((one) => one.shadowRoot)
      .map((one) => deep(one.shadowRoot, selector)).find(Boolean);
  window.find = (selector) => deep(cell, selector);
  const text = () => window.find(rows)?.innerText;
  window.changed = (from) => {
    const start = performance.now();
    return new Promise((resolve) => (function look() {
      if (text() && text() !== from)
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
      else requestAnimationFrame(look);
    })());
  };
  window.text = text;
  window.paint = press ? new Promise(async (resolve) => {
    const start = performance.now();
    while (!window.find(press)) await new Promise(requestAnimationFrame);
    window.find(press).click();
    await window.changed();
    resolve(performance.now() - start);
  }) : window.changed();
}"""
CLICK = """async (selector) => {
  const waiting = window.changed(window.text());
  window.find(selector).dispatchEvent(new MouseEvent('click', {bubbles: true, composed: true}));
  return Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 20_000, NaN))]);
}"""
SCROLL = """async (selector) => {
  const scroller = window.find(selector);
  for (let step = 0; step < 60; step++) {
    scroller.scrollTop += step % 3 ? 400 : scroller.scrollHeight / 25;
    await new Promise(requestAnimationFrame);
  }
  window.watching = false;
  return window.frames_;
}"""


@dataclass
class Table:
    """A way to show runs as a table, and where it is pressed."""

    name: str
    show: str
    rows: str
    scroller: str
    sort: str
    open: str = ""
    filter: str = ""


TABLES = (
    Table(
        "agentrun_nb",
        "arn.explore(runs)",
        ".arn-grid-row",
        ".arn-grid",
        ".arn-grid-head > :nth-child(5)",
        open=".arn-wb-views button:nth-of-type(2)",
        filter=".arn-wb-chip:last-of-type",
    ),
    Table(
        "itables",
        "import itables; itables.init_notebook_mode(connected=False); itables.show(brief, maxBytes=0, paging=False, scrollY='460px', scrollCollapse=True, connected=False)",
        ".dt-scroll-body tbody tr",
        ".dt-scroll-body",
        ".dt-scroll-head th:last-child",
    ),
    Table(
        "quak",
        "import quak; quak.Widget(brief)",
        "tbody tr",
        ".table-container",
        "thead th:nth-last-child(2) svg",
    ),
)


def measure(host: Host, browser: Browser, table: Table, n: int) -> dict[str, float]:
    """One look at a table in a page and a kernel of its own."""
    path = host.write(
        f"{len(list(host.files.iterdir()))}.ipynb", RUNS.format(n=n) + BRIEF, table.show
    )
    with host.open(browser, path.name) as notebook:
        page = notebook.page
        page.set_default_timeout(180_000)
        run(notebook, 0)
        before = heap(notebook)
        page.evaluate(WATCH, [table.rows, table.open])
        run(notebook, 1, wait=False)
        found = {"first rows s": page.evaluate("() => window.paint") / 1_000}
        page.wait_for_function(KERNEL_IDLE, timeout=180_000)
        found["sort ms"] = page.evaluate(CLICK, table.sort)
        found |= scrolled(notebook, table)
        found["filter ms"] = page.evaluate(CLICK, table.filter) if table.filter else float("nan")
        found["heap MB"] = heap(notebook) - before
    return found


def scrolled(notebook: OpenNotebook, table: Table) -> dict[str, float]:
    """The frames while a table is scrolled, by steps of all sizes."""
    notebook.page.evaluate(FRAMES)
    frames = notebook.page.evaluate(SCROLL, table.scroller)
    return {"frame ms": statistics.median(frames), "p95 ms": statistics.quantiles(frames, n=20)[-1]}


def main(python: Path, sizes: Sequence[int]) -> None:
    """Prints a line a case."""
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        Host(Path(folder), python=python) as host,
    ):
        for n in sizes:
            for table in TABLES:
                try:
                    found = measure(host, browser, table, n)
                except Error as error:
                    print(f"{table.name}, {n:,} runs: {str(error).splitlines()[0]}", flush=True)
                    continue
                words = ", ".join(f"{name} {value:,.1f}" for name, value in found.items())
                print(f"{table.name}, {n:,} runs: {words}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(n) for n in sys.argv[2:]] or [1_000, 100_000, 1_000_000])
