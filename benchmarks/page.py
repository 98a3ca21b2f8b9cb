"""The view of many runs in a real JupyterLab, beside plotly, itables and quak, in one run.

`python -m benchmarks.page [--quick] [--python PYTHON] [runs ...]` prints Markdown tables of medians:

- first paint: from running the cell to the end of the first frame with marks, in a kernel that has
  imported all, beside a widget that writes one word; once more on a page that has shown HTML before, a
  table say: with the first HTML that it shows, JupyterLab loads what sets formulas;
- filter and sort: from the press to the end of the frame in which all panes have taken it;
- scroll: the 95th percentile of the time between two frames, a step a frame;
- memory: of the kernel (resident) and of the page (objects and buffers of JavaScript).

Beside each time stands the time of processor of the page and of the kernel, which another load of the
machine changes less. PYTHON is an interpreter that has itables and quak too; without one their columns say
so. Frames of runs are made once, in a folder of the system for what is temporary. Software rendering: ratios
carry over, absolute numbers do not.
"""

from __future__ import annotations

import argparse
import os
import pickle
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from playwright.sync_api import Browser, Error

import agentrun_nb as arn
from agentrun_nb.local import generate
from tests.support.chromium import chromium
from tests.support.jupyter_host import KERNEL_IDLE, Host, OpenNotebook

CHECKOUT = Path(__file__).parents[1]
CACHE = Path(tempfile.gettempdir()) / "agentrun-nb-benchmarks"
PROBE = (Path(__file__).parent / "page_probe.js").read_text()
SIZES = (16, 1_000, 100_000, 1_000_000)
QUICK_SIZES = (16, 1_000)
MOST_GENERATED = 100_000
"""More runs are copies of these, later."""
TIMES = ("created_at", "started_at", "completed_at", "updated_at")

PATIENCE_MS = 45_000
"""What has not painted by then is said not to bear its size."""
LONGEST_S = 240
"""How long one look at something else may take in all; a page that computes answers nobody."""
STEPS = 60
TICKS = os.sysconf("SC_CLK_TCK")

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
GOALS = {
    "first view": "trivial + 150 ms; at 1,000,000 2 s",
    "first view, after HTML": "trivial + 150 ms",
    "second view": "trivial + 100 ms",
    "table, frames while it scrolls, p95": "25 ms",
}
ACT_GOAL = "150 ms"


@dataclass
class Look:
    """One measurement: ms on the clock, and ms of processor of the page and of the kernel."""

    clock: float
    page: float = float("nan")
    kernel: float = float("nan")

    def __str__(self) -> str:
        if self.page != self.page:
            return f"{self.clock:,.0f}"
        return f"{self.clock:,.0f} ({self.page:,.0f} + {self.kernel:,.0f})"


@dataclass
class Found:
    """What was measured of a case at a size, by the name of the measure; or why nothing was."""

    looks: dict[str, list[Look]] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    problem: str = ""

    def add(self, name: str, look: Look) -> None:
        self.looks.setdefault(name, []).append(look)

    def median(self, name: str) -> Look | None:
        looks = self.looks.get(name)
        if not looks:
            return None
        parts = ("clock", "page", "kernel")
        return Look(*(statistics.median(getattr(look, part) for look in looks) for part in parts))


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


class Bench:
    """A notebook whose cells are shown one after the other, and measured."""

    def __init__(self, notebook: OpenNotebook) -> None:
        self.notebook, self.page = notebook, notebook.page
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.evaluate(PROBE)
        self.devtools = self.page.context.new_cdp_session(self.page)
        self.devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.pid = 0

    def run(self, cell: int, *, wait: bool = True) -> None:
        self.notebook.activate(cell)
        self.notebook.command("notebook:run-cell")
        if wait:
            self.idle()

    def idle(self) -> None:
        self.page.wait_for_function(KERNEL_IDLE, timeout=300_000)

    def load(self) -> None:
        """Runs the first cell, which says the number of the kernel's process."""
        self.run(0)
        self.pid = int(self.notebook.cell(0).locator(".jp-OutputArea-output").last.inner_text())

    def page_cpu(self) -> float:
        """Ms of processor that the page's main thread has had."""
        metrics = self.devtools.send("Performance.getMetrics")["metrics"]
        return 1_000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    def kernel_cpu(self) -> float:
        """Ms of processor that the kernel has had."""
        stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) * 1_000 / TICKS

    def kernel_memory(self) -> float:
        """Resident MiB of the kernel."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1_024

    def page_memory(self) -> float:
        return self.notebook.memory() / 2**20

    def result(self) -> Any:
        """What the page measured, once it is there."""
        handle = self.page.wait_for_function(
            "() => window.probe.result", polling=50, timeout=PATIENCE_MS
        )
        result = handle.json_value()
        if "error" in result:
            raise Error(result["error"])
        return result["value"]

    @contextmanager
    def cpu(self) -> Iterator[Callable[[float], Look]]:
        """Gives a function that makes a look of a time on the clock, with the processor since."""
        page, kernel = self.page_cpu(), self.kernel_cpu()
        yield lambda clock: Look(clock, self.page_cpu() - page, self.kernel_cpu() - kernel)

    def first_paint(self, cell: int, case: Case) -> Look:
        with self.cpu() as look:
            self.page.evaluate(
                "([cell, drawn, written]) => probe.first(cell, drawn, written)",
                [cell, case.drawn, case.written],
            )
            self.run(cell, wait=False)
            found = look(self.result())
        self.idle()
        return found

    def show_numbers(self, cell: int) -> None:
        """Chooses none of the runs, so that the numbers of all stand beside the picture."""
        view = self.notebook.cell(cell)
        view.get_by_test_id("arn-timeline-canvas").press("Escape")
        view.locator(".arn-nums-title").first.wait_for()
        self.idle()

    def act(self, act: Act, text: str = "") -> Look:
        steps = {"watched": act.watched, "click": act.click, "type": act.type, "text": text}
        with self.cpu() as look:
            self.page.evaluate("(steps) => probe.act(steps)", steps)
            return look(self.result())

    def scroll(self, scroller: str) -> Look:
        with self.cpu() as look:
            self.page.evaluate("(steps) => probe.scroll(...steps)", [scroller, STEPS])
            found = look(0)
            frames = self.result()
        found = look(statistics.quantiles(frames, n=20)[-1])
        return Look(found.clock, found.page / len(frames), found.kernel / len(frames))

    def acts(self, case: Case, found: Found, place: str = "") -> None:
        """Does all acts of a case, each as often as it says."""
        for act in case.acts:
            name = f"{place}{act.name}"
            try:
                for turn in range(act.times):
                    found.add(name, self.act(act, act.texts[turn % len(act.texts)]))
            except Error:
                found.unanswered.add(name)


def measure_ours(bench: Bench, found: Found) -> None:
    """The trivial widget, two views, and what is done with the first."""
    resident, heap = bench.kernel_memory(), bench.page_memory()
    found.add("first view", bench.first_paint(3, OURS))
    # The rest of the code and the reasons of failures come after the page.
    bench.page.wait_for_timeout(1_500)
    bench.idle()
    bench.show_numbers(3)
    bench.acts(OURS, found, "timeline, ")
    assert OURS.opens is not None
    found.add("open the table", bench.act(OURS.opens))
    bench.acts(OURS, found, "table, ")
    for _ in range(SORT_TABLE.times):
        found.add("table, sort", bench.act(SORT_TABLE))
    found.add("table, frames while it scrolls, p95", bench.scroll(OURS.scrolls))
    found.add("kernel, MiB more", Look(bench.kernel_memory() - resident))
    found.add("page, MiB more", Look(bench.page_memory() - heap))
    found.add("second view", bench.first_paint(4, OURS))


def measure_other(bench: Bench, found: Found, case: Case) -> None:
    resident, heap = bench.kernel_memory(), bench.page_memory()
    found.add("first view", bench.first_paint(3, case))
    bench.acts(case, found, "table, ")
    if case.scrolls:
        found.add("table, frames while it scrolls, p95", bench.scroll(case.scrolls))
    found.add("kernel, MiB more", Look(bench.kernel_memory() - resident))
    found.add("page, MiB more", Look(bench.page_memory() - heap))


def measure(
    host: Host, browser: Browser, case: Case, n: int, found: Found, *, after_html: bool = False
) -> None:
    """One look at a case, in a page and a kernel of its own; what goes wrong is written down."""
    cells = [
        LOAD.format(checkout=str(CHECKOUT), path=str(frame_of(n))),
        f"{WARM}{case.prepare}{HTML if after_html else ''}",
        TRIVIAL.show,
        case.show,
        case.show,
    ]
    name = f"{len(list(host.files.iterdir()))}.ipynb"
    host.write(name, *cells)
    try:
        with host.open(browser, name) as notebook:
            bench = Bench(notebook)
            bench.load()
            bench.run(1)
            if "ModuleNotFoundError" in notebook.cell(1).inner_text():
                found.problem = "not installed"
            elif case is OURS:
                found.add("trivial widget", bench.first_paint(2, TRIVIAL))
                if after_html:
                    found.add("first view, after HTML", bench.first_paint(3, OURS))
                else:
                    measure_ours(bench, found)
            else:
                measure_other(bench, found, case)
    except Error as error:
        found.problem = str(error).splitlines()[0].removeprefix("Page.wait_for_function: ")


def measured_apart(case: Case, n: int, python: Path | None) -> Found:
    """One look at a case with a browser and a server of its own, which end when it takes too long."""
    command = [sys.executable, "-m", "benchmarks.page", "--case", case.name, str(n)]
    if python:
        command += ["--python", str(python)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            told, _ = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Found(problem=f"no end in {LONGEST_S} s")
    return pickle.loads(told)


def look_apart(case: Case, n: int, python: Path | None) -> None:
    """What the process of `measured_apart` does: it looks, and writes what was found."""
    found = Found()
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        Host(Path(folder), python=python) as host,
    ):
        measure(host, browser, case, n, found)
    sys.stdout.buffer.write(pickle.dumps(found))


def cell_of(found: Found, name: str, base: Look | None = None) -> str:
    """A cell of a table, with how many times as long or as much it is as something else."""
    look = found.median(name)
    if look is None:
        seconds = PATIENCE_MS / 1_000
        nothing = f"nothing in {seconds:.0f} s" if name in found.unanswered else "–"
        return found.problem or nothing
    times = f", {look.clock / base.clock:.1f} x" if base and base.clock > 0 else ""
    return f"{look}{times}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ours_table(ours: dict[int, Found]) -> str:
    names = dict.fromkeys(name for found in ours.values() for name in found.looks)
    rows = []
    for name in names:
        goal = GOALS.get(name, ACT_GOAL if "filter" in name or "sort" in name else "")
        rows.append([name, *(cell_of(found, name) for found in ours.values()), goal])
    problems = [f"\n{n:,} runs: {found.problem}" for n, found in ours.items() if found.problem]
    head = ["agentrun_nb", *(f"{n:,} runs" for n in ours), "goal"]
    return table(head, rows) + "".join(problems)


def others_table(n: int, ours: Found, others: dict[str, Found]) -> str:
    names = dict.fromkeys(
        name for found in others.values() for name in found.looks if name in ours.looks
    )
    rows = []
    for name in names:
        base = ours.median(name)
        cells = [cell_of(found, name, base) for found in others.values()]
        rows.append([name, cell_of(ours, name), *cells])
    return table([f"{n:,} runs", "agentrun_nb", *others], rows)


def rounds_of(n: int, *, quick: bool) -> int:
    return 1 if quick or n > MOST_GENERATED else 3


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page")
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--quick", action="store_true", help="few runs, once, alone")
    parser.add_argument("--alone", action="store_true", help="nothing beside it")
    parser.add_argument("--python", type=Path, help="an interpreter with itables and quak")
    parser.add_argument("--case", choices=[case.name for case in OTHERS], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.case:
        [case] = [case for case in OTHERS if case.name == options.case]
        look_apart(case, *options.sizes, options.python)
        return
    sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
    others = () if options.quick or options.alone else OTHERS
    started = time.perf_counter()
    for n in sizes:
        frame_of(n)
    ours: dict[int, Found] = {n: Found() for n in sizes}
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        Host(Path(folder), python=options.python) as host,
    ):
        for n in sizes:
            for _ in range(rounds_of(n, quick=options.quick)):
                measure(host, browser, OURS, n, ours[n])
                measure(host, browser, OURS, n, ours[n], after_html=True)
    print(ours_table(ours), flush=True)
    gave_up: dict[str, str] = {}
    for n in sizes if others else ():
        beside: dict[str, Found] = {}
        for case in others:
            found = Found(problem=gave_up.get(case.name, ""))
            if not found.problem:
                found = measured_apart(case, n, options.python)
            if found.problem:
                gave_up.setdefault(case.name, f"gave up at {n:,}: {found.problem}")
            beside[case.name] = found
        print(f"\n{others_table(n, ours[n], beside)}", flush=True)
    print(
        "\nMedians in ms on the clock (ms of processor of the page + of the kernel); memory in MiB."
        f" Load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors;"
        f" {time.perf_counter() - started:.0f} s in all."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
