"""The views at size in a real JupyterLab, beside plotly: first paint, frames, elements, memory of the page.

First paint is the time from running the cell to the second frame with marks on it, in a kernel that has imported all. A
frame is the time between two animation frames while the mouse drags; memory is the page's JavaScript heap after a
collection, less that before the cell. `python benchmarks/widget.py [repeats]` prints a table and
the ratios; software rendering, so only ratios carry over.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser

from tests.support.chromium import chromium
from tests.support.jupyter_host import KERNEL_IDLE, Host, OpenNotebook

RUNS = """import agentrun_nb as arn, numpy as np, pandas as pd
from agentrun_nb.local import generate
runs = arn.runs_frame(b"[" + b",".join(generate(min({n}, 100_000), seed=1)) + b"]")
if {n} > len(runs):
    parts = []
    for part in range({n} // len(runs)):
        apart = pd.Timedelta(days=42 * part)
        moved = {{name: runs[name] + apart for name in ("created_at", "started_at", "completed_at", "updated_at")}}
        parts.append(runs.assign(id=runs["id"] + f"_{{part}}", **moved))
    runs = pd.concat(parts, ignore_index=True)
"""
PLOTLY = """import warnings, plotly.express as px, plotly.graph_objects as go
warnings.simplefilter("ignore")
bars = pd.DataFrame({"start": runs["created_at"].dt.tz_localize(None), "id": runs["id"], "status": runs["status"]})
bars["end"] = runs["completed_at"].dt.tz_localize(None).fillna(bars["start"])
"""
DENSITY = f"""{PLOTLY}
def density(bars):
    when, lasted = bars["start"].astype("int64"), (bars["end"] - bars["start"]).dt.total_seconds()
    counts, moments, seconds = np.histogram2d(when, lasted, bins=(240, 60))
    return go.Heatmap(z=counts.T, x=moments.astype("M8[us]")[:-1], y=seconds[:-1])
"""
TREE = """import json, agentrun_nb as arn
document = json.dumps({f"key {n}": {"name": f"step {n}", "seconds": n / 7, "ok": True} for n in range(250_000)})
"""
WARM = """import plotly.graph_objects as go, agentrun_nb as arn
go.FigureWidget(go.Bar(x=[1], y=[1])).close(), arn.explore_json("1").close()
arn.explore({"id": "a", "deployment_id": "b", "created_at": "2026-01-01T00:00:00Z"})._twin() and None
"""
"""What a kernel does once, for us and for plotly alike, is not measured."""
CANVAS, FIGURE, ROWS = '[data-testid="arn-timeline-canvas"]', ".js-plotly-plot .drag", ".arn-tree"
FIRST_PAINT = {
    CANVAS: """(one) => one.width > 300 && one.arnLocate
        && one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some((part) => part)""",
    FIGURE: "(one) => one.getBoundingClientRect().width > 100",
    ROWS: "(one) => one.querySelectorAll('[role=treeitem]').length > 3",
}
WATCH = """([selector, painted]) => {
  const cell = window.jupyterapp.shell.currentWidget.content.widgets[2].node;
  const is = eval(painted), start = performance.now();
  window.paint = new Promise((resolve) => (function look() {
    const one = cell.querySelector(selector);
    if (one && is(one)) requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
    else requestAnimationFrame(look);
  })());
}"""
FRAMES = """() => {
  window.frames_ = [];
  let last = performance.now();
  window.watching = true;
  (function next() {
    requestAnimationFrame((now) => { window.frames_.push(now - last); last = now; if (window.watching) next(); });
  })();
}"""
MEMORY = "() => performance.memory.usedJSHeapSize / 2 ** 20"


@dataclass
class Case:
    """A view at a size: the cell that makes the data, the cell that shows it, and where it is touched."""

    name: str
    data: str
    show: str
    place: str


def runs_case(n: int) -> Case:
    return Case(f"arn.explore, {n:,} runs", RUNS.format(n=n), "arn.explore(runs)", CANVAS)


def timeline_case(n: int) -> Case:
    show = (
        "go.FigureWidget(px.timeline(bars, x_start='start', x_end='end', y='id', color='status'))"
    )
    return Case(f"px.timeline, {n:,} runs", RUNS.format(n=n) + PLOTLY, show, FIGURE)


CASES = [
    *map(runs_case, (1_000, 10_000, 100_000, 1_000_000)),
    Case("arn.explore_json, 1,000,001 nodes", TREE, "arn.explore_json(document)", ROWS),
    *map(timeline_case, (1_000, 10_000)),
    Case(
        "plotly density, 100,000 runs",
        RUNS.format(n=100_000) + DENSITY,
        "go.FigureWidget(density(bars))",
        FIGURE,
    ),
]


def measure(host: Host, browser: Browser, case: Case) -> dict[str, float]:
    """One look at a case in a page and a kernel of its own."""
    path = host.write(f"{len(list(host.files.iterdir()))}.ipynb", case.data, WARM, case.show)
    with host.open(browser, path.name) as notebook:
        page = notebook.page
        run(notebook, 0)
        run(notebook, 1)
        before = heap(notebook)
        page.evaluate(WATCH, [case.place, FIRST_PAINT[case.place]])
        run(notebook, 2, wait=False)
        paint = page.evaluate("() => window.paint")
        page.wait_for_function(KERNEL_IDLE, timeout=120_000)
        frames = dragged(notebook, case)
        root = page.locator(".jp-NotebookPanel .jp-Cell").nth(2)
        return {
            "paint": paint / 1_000,
            "p50": statistics.median(frames),
            "p95": statistics.quantiles(frames, n=20)[-1],
            "longest": max(frames),
            "elements": root.evaluate("(cell) => cell.querySelectorAll('*').length"),
            "heap": heap(notebook) - before,
        }


def run(notebook: OpenNotebook, cell: int, *, wait: bool = True) -> None:
    notebook.activate(cell)
    notebook.command("notebook:run-cell")
    if wait:
        notebook.page.wait_for_function(KERNEL_IDLE, timeout=300_000)


def heap(notebook: OpenNotebook) -> float:
    client = notebook.page.context.new_cdp_session(notebook.page)
    client.send("HeapProfiler.collectGarbage")
    client.detach()
    found: float = notebook.page.evaluate(MEMORY)
    return found


def dragged(notebook: OpenNotebook, case: Case) -> list[float]:
    """Zooms in where that can be done, then drags or scrolls for 40 steps; the frames meanwhile."""
    page = notebook.page
    place = notebook.cell(2).locator(case.place.split(" ")[-1]).first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.7, box["y"] + min(box["height"], 300) / 2
    page.mouse.move(x, y)
    if case.place == CANVAS:
        place.press("+")
    page.evaluate(FRAMES)
    if case.place == ROWS:
        for _ in range(40):
            page.mouse.wheel(0, 400)
    else:
        page.mouse.down()
        for step in range(40):
            page.mouse.move(x - 8 * step, y)
        page.mouse.up()
    found: list[float] = page.evaluate("""async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      window.watching = false;
      return window.frames_;
    }""")
    return found


def main(repeats: int) -> None:
    """Prints a table of medians, and how many times as long plotly takes."""
    titles = {"paint": "first paint s", "p50": "frame ms", "p95": "p95 ms", "longest": "longest ms"}
    titles |= {"elements": "elements", "heap": "heap MB"}
    print(f"{'':36}" + "".join(f"{title:>15}" for title in titles.values()))
    medians: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, Host(Path(folder)) as host:
        for case in CASES:
            looks = [measure(host, browser, case) for _ in range(repeats)]
            medians[case.name] = {
                key: statistics.median(look[key] for look in looks) for key in titles
            }
            print(
                f"{case.name:36}" + "".join(f"{medians[case.name][key]:15.2f}" for key in titles),
                flush=True,
            )
    for ours, theirs in (
        ("arn.explore, 1,000 runs", "px.timeline, 1,000 runs"),
        ("arn.explore, 10,000 runs", "px.timeline, 10,000 runs"),
        ("arn.explore, 100,000 runs", "plotly density, 100,000 runs"),
    ):
        ratio = {
            key: medians[theirs][key] / medians[ours][key] for key in ("paint", "p95", "longest")
        }
        print(
            f"{theirs} over ours: "
            + ", ".join(f"{titles[key]} {times:.1f}" for key, times in ratio.items())
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
