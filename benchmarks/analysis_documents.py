"""Documents to columns over 100,000 runs: what CPU and memory cost beside `json_normalize`.

Each way runs in a process of its own on the same frame; memory is how far the resident set rose above it at its peak
(Linux). `python benchmarks/analysis_documents.py [n]` prints a table.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

import agentrun_nb as arn

FIELDS = {name: f"output_manifest.{name}" for name in ("score", "tokens", "cost_usd", "sandbox_id")}


def documents(runs: pd.DataFrame) -> list[Any]:
    return [json.loads(text) if isinstance(text, str) else {} for text in runs["output_manifest"]]


def naive_flat(runs: pd.DataFrame) -> Any:
    return pd.json_normalize(documents(runs))[list(FIELDS)]


def naive_sum(runs: pd.DataFrame) -> Any:
    records = [
        {"run_id": run, "outputs": [], **found}
        for run, found in zip(runs["id"], documents(runs), strict=True)
    ]
    return pd.json_normalize(records, "outputs", ["run_id"]).groupby("run_id")["size_bytes"].sum()


def naive_outputs(runs: pd.DataFrame) -> Any:
    keys = zip(runs["deployment_id"], runs["id"], documents(runs), strict=True)
    records = [
        {"deployment_id": dep, "run_id": run, "outputs": [], **found} for dep, run, found in keys
    ]
    return pd.json_normalize(records, "outputs", ["deployment_id", "run_id"])


def naive_paths(runs: pd.DataFrame) -> Any:
    """As `json_normalize` can: the places outside lists, then each list, which must be known by name."""
    records = [{"outputs": [], "findings": [], **found} for found in documents(runs)]
    tables = [
        pd.json_normalize(records),
        pd.json_normalize(records, "outputs"),
        pd.json_normalize(records, "findings"),
    ]
    tables.append(pd.json_normalize(records, ["findings", "pages"]))
    return [table.count() for table in tables]


WAYS: dict[str, tuple[Callable[[pd.DataFrame], Any], Callable[[pd.DataFrame], Any]]] = {
    "extract: 4 fields": (lambda runs: arn.extract(runs, **FIELDS), naive_flat),
    "extract: sum in a list": (
        lambda runs: arn.extract(
            runs, size=arn.Col("output_manifest.outputs[*].size_bytes", agg="sum")
        ),
        naive_sum,
    ),
    "outputs": (arn.outputs, naive_outputs),
    "json_paths": (arn.json_paths, naive_paths),
}


def peak() -> int:
    """The largest resident set so far, in bytes."""
    line = next(
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024


def measure(name: str, side: int, path: str) -> tuple[float, float]:
    """CPU seconds, the least of three, and MB of one way."""
    runs = arn.load(path)
    WAYS[name][side](runs.head(100))
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")
    before, seconds = peak(), []
    for _ in range(3):
        started = time.process_time()
        WAYS[name][side](runs)
        seconds.append(time.process_time() - started)
    return min(seconds), (peak() - before) / 1e6


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "runs.parquet")
        arn.save(arn.runs_frame(b"[" + b",".join(arn.local.generate(n)) + b"]"), path)
        print(f"{n:,} runs{'':13}{'ours':>16}{'json_normalize':>20}{'times less CPU, memory':>26}")
        for name in WAYS:
            command = [sys.executable, __file__, name, path]
            runs = [
                subprocess.run([*command, side], capture_output=True, text=True, check=True)
                for side in "01"
            ]
            (cpu, mb), (their_cpu, their_mb) = (map(float, run.stdout.split()) for run in runs)
            print(
                f"{name:25}{cpu:7.2f} s {mb:5.0f} MB{their_cpu:11.2f} s {their_mb:5.0f} MB"
                f"{their_cpu / cpu:17.1f}{their_mb / mb:8.1f}"
            )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(*measure(sys.argv[1], int(sys.argv[3]), sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
