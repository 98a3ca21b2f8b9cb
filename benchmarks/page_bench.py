"""A notebook whose cells are shown and used one after the other, and what was measured of each."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Error

from tests.support.jupyter_host import KERNEL_IDLE, OpenNotebook

from .page_cases import Act, Case

PROBE = (Path(__file__).parent / "page_probe.js").read_text()
PATIENCE_MS = 45_000
"""What has not painted by then is said not to bear its size."""
STEPS = 60
TICKS = os.sysconf("SC_CLK_TCK")


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
