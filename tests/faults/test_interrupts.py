"""Ctrl-C at any moment, by the system, in processes of their own: nothing that came is lost, and nothing is claimed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from .interrupted import RUNS
from .replies import http, page, record, refusal
from .server import Pause, Reply, Request, serving
from .torture import LARGE


def script(request: Request, number: int) -> Reply:
    """Deployments whose runs come three a page, each page a little late."""
    parts = request.path.strip("/").split("/")
    deployment = parts[2] if len(parts) > 2 else ""
    if parts[-1] == "versions":
        return [refusal("404 X", code="not_implemented")]
    if parts[-1] == "runs":
        start = int(request.query.get("cursor", 0))
        found = [
            record(f"run_{run}", deployment_id=deployment)
            for run in range(start, min(start + 3, RUNS))
        ]
        return [
            Pause(0.001),
            page(*found, next_cursor=str(start + 3) if start + 3 < RUNS else None),
        ]
    return [Pause(0.001), http(record(parts[-1], deployment_id=deployment))]


def test_an_interrupt_at_any_moment_loses_nothing_and_claims_nothing() -> None:
    """Each line is a call: what came is whole, or marked as a part; going on ends with the truth."""
    count, processes = (50, 4) if LARGE else (10, 2)
    outcomes: Counter[str] = Counter()
    with serving(script) as server:
        for seed in range(processes):
            command = [
                sys.executable,
                "-m",
                "tests.faults.interrupted",
                server.url,
                str(seed),
                str(count),
            ]
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=300,
                cwd=Path(__file__).parents[2],
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2_000:]
            outcomes.update(done.stdout.splitlines())
    print(outcomes)
    assert outcomes.total() == count * processes
    assert {line for line in outcomes if line not in ("whole", "part", "early")} == set()
    assert outcomes["part"] > 0
