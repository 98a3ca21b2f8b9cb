"""What `benchmarks.page` shows in JupyterLab: ways to show many runs, the code of their cells, and the runs."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import agentrun_nb as arn
from agentrun_nb.local import generate

CHECKOUT = Path(__file__).parents[1]
CACHE = Path(tempfile.gettempdir()) / "agentrun-nb-benchmarks"
MOST_GENERATED = 100_000
"""More runs are copies of these, later."""
TIMES = ("created_at", "started_at", "completed_at", "updated_at")

LOAD = """import os, sys
sys.path.insert(0, {checkout!r})
import agentrun_nb as arn, anywidget, pandas as pd
runs = arn.load({path!r})
os.getpid()
"""
WARM = """arn.explore(runs.head(1)).close()
arn.explore(runs.head(1))._twin() and None
class Trivial(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.className = 'trivial'; el.textContent = 'here'; } };"
Trivial()
"""
"""What a kernel and a page do once, for whatever widget, is not measured."""
HTML = """from IPython.display import HTML, display
display(HTML("<p>A table, say.</p>"))
"""
BARS = """import warnings, plotly.express as px, plotly.graph_objects as go
warnings.simplefilter("ignore")
bars = pd.DataFrame({"start": runs["created_at"].dt.tz_localize(None), "id": runs["id"], "status": runs["status"].astype(str)})
bars["end"] = runs["completed_at"].dt.tz_localize(None).fillna(bars["start"])
bars["seconds"] = (bars["end"] - bars["start"]).dt.total_seconds()
go.FigureWidget(go.Bar(x=[1], y=[1])).close()
"""
BRIEF = """brief = runs[["status", "deployment_id", "created_at", "started_at", "completed_at", "exit_code", "failure_reason"]].copy()
brief["after_start_s"] = (brief["completed_at"] - brief["started_at"]).dt.total_seconds()
brief = brief.assign(**{name: brief[name].astype(str) for name in ("status", "deployment_id", "failure_reason")})
for name in ("created_at", "started_at", "completed_at"):
    brief[name] = brief[name].dt.tz_localize(None)
"""
ITABLES = "itables.show(brief, maxBytes=0, paging=False, scrollY='460px', scrollCollapse=True, connected=False)"


@dataclass(frozen=True)
class Act:
    """Something that is pressed or typed, and the elements that say when it is done."""

    name: str
    watched: tuple[str, ...]
    click: str | None = None
    type: str | None = None
    texts: tuple[str, ...] = ("",)
    times: int = 6


@dataclass(frozen=True)
class Case:
    """A way to show runs.

    Attributes:
        name: what it is called.
        prepare: code that makes its data.
        show: code that shows them.
        drawn: the element that is there once something is drawn.
        written: an element that has words by then.
        acts: what is done with it, in this order.
        opens: what is pressed before rows are on the screen.
        scrolls: the element that scrolls.
    """

    name: str
    prepare: str
    show: str
    drawn: str
    written: str = ""
    acts: tuple[Act, ...] = ()
    opens: Act | None = None
    scrolls: str = ""


PANES = (".arn-wb-result", ".arn-nums-title")
BY_STATUS = ".arn-wb-chip:last-of-type"
FILTER_STATUS = Act("filter by status", PANES, click=BY_STATUS)
FILTER_TEXT = Act("filter by text", PANES, type=".arn-wb-search", texts=("77", ""))
SORT_TABLE = Act("sort", (".arn-grid",), click=".arn-grid-head > :nth-child(5)")
OURS = Case(
    "agentrun_nb",
    "",
    "arn.explore(runs)",
    '[data-testid="arn-timeline-canvas"]',
    '[data-testid="arn-window"]',
    acts=(FILTER_STATUS, FILTER_TEXT),
    opens=Act(
        "open the table", (".arn-grid",), click=".arn-wb-views button:nth-of-type(2)", times=1
    ),
    scrolls=".arn-grid",
)
"""Its acts are measured in the timeline, and then in the table, which sorts and scrolls too."""
TRIVIAL = Case("trivial", "", "Trivial()", ".trivial")
OTHERS = (
    Case(
        "px.timeline",
        BARS,
        "go.FigureWidget(px.timeline(bars, x_start='start', x_end='end', y='id', color='status'))",
        ".js-plotly-plot .drag",
    ),
    Case(
        "density_heatmap",
        BARS,
        "go.FigureWidget(px.density_heatmap(bars, x='start', y='seconds', nbinsx=240, nbinsy=60))",
        ".js-plotly-plot .drag",
    ),
    Case(
        "itables",
        f"{BRIEF}import itables; itables.init_notebook_mode(connected=False)",
        ITABLES,
        ".dt-scroll-body tbody tr",
        ".dt-scroll-body tbody",
        acts=(
            Act(
                "sort",
                (".dt-scroll-body tbody tr",),
                click=".dt-scroll-head th:last-child .dt-column-order",
            ),
            Act("filter by text", (".dt-info",), type=".dt-search input", texts=("failed", "")),
        ),
        scrolls=".dt-scroll-body",
    ),
    Case(
        "quak",
        f"{BRIEF}import quak",
        "quak.Widget(brief)",
        "tbody tr:nth-child(3)",
        "tbody",
        acts=(Act("sort", ("tbody",), click="thead th:nth-last-child(2) .sort-button"),),
        scrolls=".table-container",
    ),
)


def frame_of(n: int) -> Path:
    """The file with a frame of so many runs, the newest first as they are listed.

    It is made where it is not there yet.
    """
    path = CACHE / f"listed-{n}.parquet"
    if path.exists():
        return path
    CACHE.mkdir(exist_ok=True)
    print(f"making {n:,} runs", file=sys.stderr, flush=True)
    part = arn.runs_frame(b"[" + b",".join(generate(min(n, MOST_GENERATED), seed=2)) + b"]")
    parts = [copied(part, number) for number in range(max(1, n // len(part)))]
    unfinished = path.with_name(f"unfinished-{path.name}")
    runs = pd.concat(parts, ignore_index=True)
    arn.save(runs.sort_values("created_at", ascending=False, ignore_index=True), unfinished)
    return unfinished.rename(path)


def copied(runs: pd.DataFrame, number: int) -> pd.DataFrame:
    """The same runs 42 days later a time, with ids of their own."""
    if number == 0:
        return runs
    moved = {name: runs[name] + pd.Timedelta(days=42 * number) for name in TIMES}
    return runs.assign(id=runs["id"] + f"_{number}", **moved)
