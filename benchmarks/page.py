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
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Error

from tests.support.chromium import chromium
from tests.support.jupyter_host import Host

from .page_bench import PATIENCE_MS, Bench, Found, Look
from .page_cases import (
    CHECKOUT,
    HTML,
    LOAD,
    MOST_GENERATED,
    OTHERS,
    OURS,
    SORT_TABLE,
    TRIVIAL,
    WARM,
    Case,
    frame_of,
)

SIZES = (16, 1_000, 100_000, 1_000_000)
QUICK_SIZES = (16, 1_000)
LONGEST_S = 240
"""How long one look at something else may take in all; a page that computes answers nobody."""
GOALS = {
    "first view": "trivial + 150 ms; at 1,000,000 2 s",
    "first view, after HTML": "trivial + 150 ms",
    "second view": "trivial + 100 ms",
    "table, frames while it scrolls, p95": "25 ms",
}
ACT_GOAL = "150 ms"


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
