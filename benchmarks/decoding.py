"""Decoding pages of runs to a table, beside DuckDB, Polars and `json_normalize`.

    python -m benchmarks.decoding [--runs 50_000] [--bytes 1_400] [--repeats 5] [--curves]

Prints microseconds of processor a run, and by how much the resident set rose at its peak, in KB a
run. Each measurement is a process of its own, on one thread unless its name says otherwise, and the
sides take turns. Ours and `json_normalize` get the bytes of pages of 200 runs, as a listing does;
DuckDB and Polars get the same records as a file of lines, and the types of the columns. Ours alone
notes what is odd, keeps unknown members, and looks for keys that stand twice.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

import agentrun_nb as arn
from agentrun_nb.core.schema import RUNS
from agentrun_nb.records.decode import decode_page
from agentrun_nb.tables.frames import table_frame

from .sides import peak_mib

PAGE = 200
MADE = 20_000
"""So many different records there are; more runs are these again."""

_DUCKDB_TYPES = {
    "text": "VARCHAR", "category": "VARCHAR", "json": "JSON", "time": "TIMESTAMPTZ",
    "int": "BIGINT", "bool": "BOOLEAN",
}  # fmt: skip

Job = Callable[[], Any]


def ours(path: Path) -> Job:
    """Pages to the typed table, as a listing does it."""
    pages = [b'{"items":[' + b",".join(lines) + b"]}" for lines in _pages(path)]

    def decode(some: list[bytes]) -> pd.DataFrame:
        return table_frame(RUNS, [decode_page(RUNS, page).batch for page in some])

    decode(pages[:1])  # what is imported first is no part of the work
    return lambda: decode(pages)


def normalize(path: Path) -> Job:
    """What a notebook does without this package."""
    pages = [b"[" + b",".join(lines) + b"]" for lines in _pages(path)]
    return lambda: pd.json_normalize([run for page in pages for run in json.loads(page)])


def _duckdb(path: Path, threads: int) -> Job:
    import duckdb

    columns = {column.name: _DUCKDB_TYPES[column.kind] for column in RUNS.wire}
    connection = duckdb.connect(config={"threads": threads})
    query = f"FROM read_json('{path}', format='newline_delimited', columns={columns})"
    return lambda: connection.sql(query).to_arrow_table()


def duckdb_1(path: Path) -> Job:
    """DuckDB on one thread; times are read, documents stay text."""
    return _duckdb(path, 1)


def duckdb_2(path: Path) -> Job:
    """DuckDB on two threads."""
    return _duckdb(path, 2)


def polars(path: Path) -> Job:
    """Polars, which makes structs of documents; times stay text."""
    import polars as pl

    return lambda: pl.read_ndjson(path, infer_schema_length=MADE)


SIDES: dict[str, Callable[[Path], Job]] = {
    "ours": ours,
    "json_normalize": normalize,
    "duckdb, 1 thread": duckdb_1,
    "duckdb, 2 threads": duckdb_2,
    "polars": polars,
}


def _pages(path: Path) -> Iterator[list[bytes]]:
    records = path.read_bytes().splitlines()
    for start in range(0, len(records), PAGE):
        yield records[start : start + PAGE]


def measure(side: str, path: Path) -> None:
    """Prints the seconds of processor, and the rise of memory in MiB, of one side."""
    job = SIDES[side](path)
    # What was freed before goes back to the system, and the peak so far is that of now (Linux).
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_mib()
    started = time.process_time()
    job()
    print(time.process_time() - started, peak_mib() - before)


def figures(side: str, path: Path, runs: int, repeats: int) -> tuple[float, float]:
    """Microseconds and KB a run, medians."""
    command = [sys.executable, "-m", "benchmarks.decoding", "--side", side, "--file", str(path)]
    one_thread = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    found = []
    for _ in range(repeats):
        done = subprocess.run(
            command, env=os.environ | one_thread, check=True, capture_output=True, text=True
        )
        found.append([float(text) for text in done.stdout.split()])
    seconds, memory = (median(column) for column in zip(*found, strict=True))
    return seconds / runs * 1e6, memory * 2**10 / runs


def write(path: Path, runs: int, size: int) -> None:
    """Writes so many records of about that size, a line each."""
    made = list(arn.local.generate(min(runs, MADE), manifest_bytes=max(size - 400, 0)))
    with path.open("wb") as file:
        for record in islice(cycle(made), runs):
            file.write(record + b"\n")


def compare(path: Path, runs: int, repeats: int) -> None:
    """Prints a line for each side."""
    sides = [side for side in SIDES if find_spec(side.partition(",")[0]) or side in _OWN]
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side in sides:
            found[side].append(figures(side, path, runs, 1))
    print(f"{runs:,} runs of {path.stat().st_size / runs:,.0f} bytes, medians of {repeats}")
    print(f"{'':>20}{'us a run':>12}{'KB a run':>12}{'ratio':>8}")
    medians = {
        side: [median(column) for column in zip(*found[side], strict=True)] for side in sides
    }
    for side, (micros, memory) in medians.items():
        print(f"{side:>20}{micros:12.2f}{memory:12.2f}{medians['ours'][0] / micros:8.2f}")


_OWN = ("ours", "json_normalize")


def curves(folder: Path, repeats: int) -> None:
    """Prints ours for more and more runs, and for larger and larger records."""
    sizes = [(runs, 1_400) for runs in (1_000, 10_000, 100_000, 1_000_000)]
    sizes += [(count, size) for count, size in ((20_000, 20_000), (2_000, 200_000))]
    print(f"{'runs':>12}{'bytes':>10}{'us a run':>12}{'KB a run':>12}")
    for runs, size in sizes:
        path = folder / "runs.jsonl"
        write(path, runs, size)
        micros, memory = figures("ours", path, runs, repeats)
        print(
            f"{runs:12,}{path.stat().st_size // runs:10,}{micros:12.2f}{memory:12.2f}", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50_000)
    parser.add_argument("--bytes", type=int, default=1_400)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--curves", action="store_true")
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    if options.side:
        measure(options.side, options.file)
        return
    with tempfile.TemporaryDirectory() as temporary:
        if options.curves:
            curves(Path(temporary), options.repeats)
            return
        path = Path(temporary, "runs.jsonl")
        write(path, options.runs, options.bytes)
        compare(path, options.runs, options.repeats)


if __name__ == "__main__":
    main()
