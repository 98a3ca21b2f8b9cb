"""How the time of `summarize` grows with the number of groups of 20 runs, in seconds of processor."""

from __future__ import annotations

import time

import numpy as np

import agentrun_nb as arn


def main() -> None:
    print(f"{'groups':>8}{'seconds':>10}{'ms a group':>12}")
    for groups in (10, 100, 1_500, 10_000):
        runs = arn.runs_frame(
            b"[" + b",".join(arn.local.generate(20 * groups, manifest_bytes=0)) + b"]"
        )
        runs = runs.assign(version_id=np.arange(len(runs)) % groups)
        started = time.process_time()
        assert len(arn.summarize(runs, by="version_id")) == groups
        seconds = time.process_time() - started
        print(f"{groups:8,}{seconds:10.2f}{1_000 * seconds / groups:12.2f}", flush=True)


if __name__ == "__main__":
    main()
