"""A dataset of many runs beside DuckDB and Polars: `python -m benchmarks.datasets [RUNS] [--python PYTHON]`.

The runs are generated part by part, and written as they come. Then they are counted by month and status:
by this package, with the columns that are needed; by DuckDB and Polars, which read the folder as it is.
Each way is a process of its own, so that its peak of memory is its own. PYTHON is an interpreter that has
duckdb and polars; without one their lines are left out.
"""

from __future__ import annotations

import argparse
import itertools
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

CHUNK = 50_000
"""Runs in memory at once."""

MADE = 20_000
"""So many records are generated; further runs are these with other ids and moments."""

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MINUTES_PER_RUN = 0.1

PLAIN = """
import sys, time
from pathlib import Path
started = time.perf_counter()
folder, way = sys.argv[1:]
if way == "duckdb":
    import duckdb
    started = time.perf_counter()
    found = duckdb.sql(f\"\"\"SELECT date_trunc('month', created_at) AS month, status, count(*)
        FROM '{folder}/part-*.parquet' GROUP BY ALL\"\"\").fetchall()
    count = sum(row[2] for row in found)
    months = len({row[0] for row in found})
else:
    import polars
    started = time.perf_counter()
    found = (polars.scan_parquet(folder + "/part-*.parquet")
        .group_by(polars.col("created_at").dt.truncate("1mo"), "status").len().collect())
    count = found["len"].sum()
    months = found["created_at"].n_unique()
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
print(f"{count:,} runs in {months} months, {time.perf_counter() - started:.2f} s, peak {peak:,.0f} MiB")
"""
"""What DuckDB and Polars do, in an interpreter that needs nothing else."""


def peak_mib() -> float:
    """The most memory this process ever had, in MiB."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


_MOMENTS = re.compile(rb'"((?:created|updated|started|completed)_at)":"([^"]*)"')


def records(count: int) -> Iterator[bytes]:
    """Runs, one after another in time."""
    from agentrun_nb.local import generate

    made = list(generate(min(count, MADE)))
    for number in range(count):
        begins = FIRST + timedelta(minutes=MINUTES_PER_RUN * number)
        yield like(made[number % len(made)], number, begins)


def like(body: bytes, number: int, begins: datetime) -> bytes:
    """A record with another id, created at another moment, and all else as much later."""
    created = _MOMENTS.search(body)
    assert created is not None
    shift = begins - datetime.fromisoformat(created[2].decode())

    def moved(found: re.Match[bytes]) -> bytes:
        moment = datetime.fromisoformat(found[2].decode()) + shift
        text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return b'"%s":"%s"' % (found[1], text.encode())

    named = re.sub(rb'"id":"[^"]*"', b'"id":"run_%d"' % number, body, count=1)
    return _MOMENTS.sub(moved, named)


def write(folder: Path, count: int) -> str:
    """Writes the dataset, part by part."""
    import agentrun_nb as arn

    bodies = records(count)

    def frames() -> Iterator[object]:
        while chunk := list(itertools.islice(bodies, CHUNK)):
            yield arn.runs_frame(chunk)

    arn.save(frames(), folder)
    size = sum(entry.stat().st_size for entry in folder.iterdir())
    parts = len(list(folder.glob("part-*")))
    return f"{count:,} runs in {parts} parts, {size / 1e6:,.0f} MB"


def by_month(folder: Path, count: int) -> str:
    """Lists the runs by month and status, with two columns of the dataset."""
    import agentrun_nb as arn

    runs = arn.load(folder, columns=["created_at", "status"])
    months = runs["created_at"].dt.tz_localize(None).to_numpy().astype("datetime64[M]")
    found = runs.groupby([months, "status"], observed=True).size()
    assert found.sum() == count
    return f"{found.sum():,} runs in {found.index.get_level_values(0).nunique()} months"


WAYS: dict[str, Callable[[Path, int], str]] = {
    "write": write,
    "by month": by_month,
}
"""What this package does, each in a process of its own."""


def in_a_process(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() or f"failed: {done.stderr.strip().splitlines()[-1]}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("runs", nargs="?", type=int, default=100_000)
    options.add_argument("--python")
    options.add_argument("--way", choices=WAYS)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    if given.way:
        started = time.perf_counter()
        done = WAYS[given.way](given.folder, given.runs)
        print(f"{done}, {time.perf_counter() - started:.2f} s, peak {peak_mib():,.0f} MiB")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = str(given.folder or Path(name) / "dataset")
        here = [sys.executable, "-m", "benchmarks.datasets", str(given.runs), "--folder", folder]
        for way in WAYS:
            print(f"{way}: {in_a_process(*here, '--way', way)}", flush=True)
        if given.python:
            for way in ("duckdb", "polars"):
                found = in_a_process(given.python, "-c", PLAIN, folder, way)
                print(f"{way}, by month: {found}", flush=True)


if __name__ == "__main__":
    main()
