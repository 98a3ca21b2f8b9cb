"""`summarize` over a folder of runs beside DuckDB on the same folder: time, and peak memory.

    python -m benchmarks.summaries [--runs 1_000_000] [--folder FOLDER] [--repeats 3]

Every time is that of a process of its own, whose imports are done, and the sides take turns; those
of processor are of all threads together. Both
give n, success rates and plain quantiles of the times after the start for each deployment; ours
also finds runs that stand twice, and gives intervals and censored times.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from statistics import median

import pandas as pd

import agentrun_nb as arn

from .sides import peak_mib

_SQL = """
    SELECT deployment_id, count(*) AS n,
           count(*) FILTER (status = 'succeeded')
           / count(*) FILTER (status IN ('succeeded', 'failed', 'timed_out')) AS success_rate,
           quantile_disc(epoch(completed_at - started_at), [0.5, 0.9, 0.95, 0.99]) AS after_start
    FROM read_parquet('{folder}/part-*.parquet') GROUP BY deployment_id ORDER BY deployment_id
"""


def ours(folder: str) -> int:
    """Our own: what is in the documentation of `summarize`."""
    return int(arn.summarize(folder, by="deployment_id")["n"].sum())


def duckdb(folder: str) -> int:
    """DuckDB, with the threads that it takes by itself."""
    import duckdb

    rows = duckdb.sql(_SQL.format(folder=folder)).fetchall()
    return sum(row[1] for row in rows)


SIDES: dict[str, Callable[[str], int]] = {"ours": ours, "duckdb": duckdb}


def frames(count: int) -> Iterator[pd.DataFrame]:
    """So many runs of 1 KB."""
    records = arn.local.generate(count)
    while some := list(islice(records, 10_000)):
        yield arn.runs_frame(b"[" + b",".join(some) + b"]")


def measure(side: str, folder: str) -> None:
    """Prints the seconds, those of processor, and the peak memory of one side in this process."""
    if side == "ours":
        # Imports are no part of the work.
        import scipy.special  # noqa: F401

        import agentrun_nb.analysis.summarize  # noqa: F401
    else:
        import duckdb  # noqa: F401
    started, processor = time.perf_counter(), time.process_time()
    count = SIDES[side](folder)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    print(seconds, processor, peak_mib(), count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--folder")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--side", choices=SIDES)
    options = parser.parse_args()
    if options.side:
        measure(options.side, options.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or str(arn.save(frames(options.runs), Path(temporary, "runs")))
        compare(folder, options.repeats)


def compare(folder: str, repeats: int) -> None:
    """Prints a line for each side."""
    sides = [side for side in SIDES if side == "ours" or find_spec(side)]
    found: dict[str, list[list[float]]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side in sides:
            command = [sys.executable, "-m", "benchmarks.summaries", "--side", side]
            done = subprocess.run(
                [*command, "--folder", folder], check=True, capture_output=True, text=True
            )
            *measured, count = done.stdout.split()
            found[side].append([float(text) for text in measured])
    print(f"{int(count):,} runs, median of {repeats}")
    print(f"{'':>10}{'seconds':>10}{'processor':>12}{'peak MiB':>10}")
    for side, figures in found.items():
        seconds, processor, memory = (median(column) for column in zip(*figures, strict=True))
        print(f"{side:>10}{seconds:10.2f}{processor:12.2f}{memory:10.0f}")


if __name__ == "__main__":
    main()
