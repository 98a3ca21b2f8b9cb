"""An archive beside the service and beside files: `python -m benchmarks.archive [RUNS]`.

Requests are counted by the client. Times are medians of rounds in which the ways take turns, on one
core, with the service on the other; without latency, so that a network would only add to its side.
"""

from __future__ import annotations

import gzip
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import agentrun_nb as arn

from .service import DEP, records, serving

RUNS = 100_000
ROUNDS = 5
SIZE = 1_400
"""Bytes of a record."""


class Cost(NamedTuple):
    """Medians, in seconds: of the clock, and of this process on a processor.

    The latter leaves out what the service does, and is changed less by what else a machine does.
    """

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.clock:.3f} s ({self.processor:.3f} s of processor)"

    def times(self, other: Cost) -> str:
        """How many times another way costs this one."""
        clock = self.clock / other.clock
        return f"{clock:.1f} times ({self.processor / other.processor:.1f} of processor)"


def costs(*ways: Callable[[], int]) -> list[Cost]:
    """What each way costs; they take turns."""
    found: list[list[Cost]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for rounds, way in zip(found, ways, strict=True):
            clock, processor = time.perf_counter(), time.process_time()
            way()
            rounds.append(Cost(time.perf_counter() - clock, time.process_time() - processor))
    return [Cost(*map(statistics.median, zip(*rounds, strict=True))) for rounds in found]


def write_gzip(path: Path, bodies: Iterable[bytes]) -> None:
    """Writes records as lines of JSON, compressed."""
    with gzip.open(path, "wb") as file:
        for body in bodies:
            file.write(body + b"\n")


def read_with_pandas(path: Path) -> pd.DataFrame:
    """The frame that pandas makes of them, with moments as moments."""
    runs = pd.read_json(path, lines=True, dtype=False)
    for column in ("created_at", "updated_at", "started_at", "completed_at"):
        runs[column] = pd.to_datetime(runs[column], format="ISO8601", utc=True)
    return runs


def list_after_a_sync(archive: arn.Archive, client: arn.Client) -> int:
    """Lists an archive that has changed."""
    archive.sync(client, DEP)
    return len(archive.list_runs(DEP))


def main(count: int) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    bodies = records(count, SIZE, "one")
    raw = sum(map(len, bodies))
    with tempfile.TemporaryDirectory() as name, serving(count, size=SIZE) as (url, _):
        folder = Path(name)
        client = arn.Client("key", url)
        archive = arn.Archive(folder / "runs.sqlite")
        started = time.perf_counter()
        first = archive.sync(client, DEP)
        took = time.perf_counter() - started
        started = time.perf_counter()
        second = archive.sync(client, DEP)
        print(f"first sync of {count:,} runs: {first}; {took:.1f} s, {count / took:,.0f} runs/s")
        took = time.perf_counter() - started
        print(
            f"second sync: {second}; {took:.3f} s; {first.requests / second.requests:,.0f} times fewer"
        )

        files = {"gzipped JSON": folder / "runs.jsonl.gz", "Parquet": folder / "runs.parquet"}
        write_gzip(files["gzipped JSON"], bodies)
        listed = archive.list_runs(DEP)
        arn.save(listed, files["Parquet"])
        service, ours, pandas = costs(
            lambda: len(client.list_runs(DEP, progress=False)),
            lambda: len(archive.list_runs(DEP)),
            lambda: len(read_with_pandas(files["gzipped JSON"])),
        )
        changed, few = costs(
            lambda: list_after_a_sync(archive, client),
            lambda: len(archive.list_runs(DEP, limit=200)),
        )
        print(f"list_runs from the archive: {ours}")
        print(f"from the service, no latency: {service}; {service.times(ours)} the archive's")
        print(f"gzipped JSON with pandas: {pandas}; {pandas.times(ours)} the archive's")
        print(f"a sync without news and the first listing after it: {changed}")
        print(f"the newest 200 runs: {few}")
        archive.close()
        columns = archive.path.with_name(f"{archive.path.name}-typed")
        sizes = {"archive": archive.path.stat().st_size, "its columns": columns.stat().st_size}
        sizes |= {kind: path.stat().st_size for kind, path in files.items()}
        print(f"raw JSON: {raw / 1e6:,.1f} MB")
        for kind, size in sizes.items():
            print(f"{kind}: {size / 1e6:,.1f} MB, {raw / size:.1f} times smaller")
        client.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
