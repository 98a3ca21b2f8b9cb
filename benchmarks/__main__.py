"""`python -m benchmarks [--quick] [decode] [single] [listing] [sizes] [looks]`: figures, ratios and bounds.

They are printed; nothing is asserted. `--quick` decodes runs and fetches them with a tenth of the
runs, in less than a minute.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agentrun_nb.core.schema import RUNS
from agentrun_nb.core.times import AnswerTime
from agentrun_nb.local import generate
from agentrun_nb.records.decode import decode_page
from agentrun_nb.tables.ledger import Ledger

from . import decoding, sides
from .service import serving

ROUNDS = 5
MILLISECONDS = 20.0
BOUND = 1_000 / MILLISECONDS
"""Requests a second on one connection, at most."""


class Rate(NamedTuple):
    """Medians: things a second, and microseconds of processor a thing, which a busy machine changes less."""

    per_second: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.per_second:,.0f} runs/s ({self.cpu:,.0f} us of processor each)"


def rates(*jobs: Callable[[], int], rounds: int = ROUNDS) -> list[Rate]:
    """The rate of each job; they take turns."""
    found: list[list[Rate]] = [[] for _ in jobs]
    for _ in range(rounds):
        for had, job in zip(found, jobs, strict=True):
            started, cpu = time.perf_counter(), time.process_time()
            count = job()
            had.append(
                Rate(
                    count / (time.perf_counter() - started),
                    (time.process_time() - cpu) / count * 1e6,
                )
            )
    return [Rate(*map(statistics.median, zip(*had, strict=True))) for had in found]


def decode(scale: float = 1.0) -> None:
    """Pages to a finished table, beside `json_normalize`, DuckDB and Polars."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "runs.jsonl")
        runs = round(50_000 * scale)
        decoding.write(path, runs, 1_400)
        decoding.compare(path, runs, ROUNDS)


def single(scale: float = 1.0) -> None:
    """Many single runs: without latency beside httpx with 16 threads, and at 20 ms beside the bound."""
    with serving(round(3_000 * scale)) as (url, ids):
        ours, bare = rates(lambda: sides.get_runs(url, ids), lambda: sides.bare_httpx(url, ids))
    print(
        f"get_runs, no latency: {ours}; {ours[0] / bare[0]:.2f} x bare httpx with 16 threads: {bare}"
    )
    with serving(round(6_000 * scale), latency=MILLISECONDS) as (url, ids):
        (ours,) = rates(lambda: sides.get_runs(url, ids, 64), rounds=2)
    bound = 64 * BOUND
    print(f"get_runs, 20 ms, 64 in flight: {ours}; bound {bound:,.0f}; {ours[0] / bound:.0%}")


def listing(scale: float = 1.0) -> None:
    """100,000 runs at 20 ms to a finished frame: one cursor, eight equal versions, nine of ten in one."""
    found = {}
    for share in ("one", "equal", "skewed"):
        with serving(round(100_000 * scale), share=share, latency=MILLISECONDS) as (url, _):
            (found[share],) = rates(lambda: sides.list_runs(url), rounds=2)
    bound = 200 * BOUND
    one = found["one"]
    print(f"list_runs, 20 ms, one cursor: {one}; bound {bound:,.0f}; {one[0] / bound:.0%}")
    for share in ("equal", "skewed"):
        print(
            f"list_runs, 20 ms, versions {share}: {found[share]}; {found[share][0] / one[0]:.2f} x one cursor"
        )


def sizes(scale: float = 1.0) -> None:
    """Records of several sizes, with and without their documents: runs a second and peak memory, a process each."""
    for size, count in ((1_400, 100_000), (20_000, 2_000), (200_000, 300)):
        with serving(round(count * scale), size=size, latency=MILLISECONDS) as (url, _):
            for without in ("", "input,output_manifest"):
                command = [sys.executable, "-m", "benchmarks", "--one", url, without]
                told = subprocess.run(
                    command, capture_output=True, text=True, check=True
                ).stdout.strip()
                print(f"{count:,} runs of {size / 1e3:g} KB, without=({without}): {told}")


def looks(scale: float = 1.0) -> None:
    """What it costs a listing to remember the looks at its runs, in microseconds of processor a row."""
    records = list(generate(round(100_000 * scale)))
    answer = AnswerTime(0, 0)
    pages = []
    for start in range(0, len(records), 200):
        body = b'{"items":[%s]}' % b",".join(records[start : start + 200])
        pages.append(decode_page(RUNS, body).with_answer_time(answer).batch)
    ledger = Ledger()
    for kind in ("new", "equal"):
        cpu = time.process_time()
        for page in pages:
            ledger.note(page)
        each = (time.process_time() - cpu) / len(records) * 1e6
        print(f"ledger, {kind} looks: {each:.2f} us a row")


def one(url: str, without: str) -> None:
    """One listing in a process of its own."""
    before = sides.peak_mib()
    started = time.perf_counter()
    count = sides.list_runs(url, without=tuple(filter(None, without.split(","))))
    rate, peak = count / (time.perf_counter() - started), sides.peak_mib()
    print(f"{rate:,.0f} runs/s, peak {peak:,.0f} MiB ({before:,.0f} before)")


def main(asked: list[str]) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if asked[:1] == ["--one"]:
        return one(*asked[1:])
    jobs = {
        "decode": decode,
        "single": single,
        "listing": listing,
        "sizes": sizes,
        "looks": looks,
    }
    quick = "--quick" in asked
    names = [name for name in asked if name != "--quick"]
    for name in names or (["decode", "single", "listing", "looks"] if quick else jobs):
        jobs[name](0.1 if quick else 1.0)


if __name__ == "__main__":
    main(sys.argv[1:])
