"""How many waited and ran, against counting one by one."""

from __future__ import annotations

import random

import pandas as pd
from analysis_support import TORTURE, at, frame, run

from agentrun_nb.analysis import concurrency
from agentrun_nb.analysis.concurrency import ATTRS
from agentrun_nb.local.generator import generate
from agentrun_nb.tables.frames import runs_frame


def test_each_moment_counts_what_a_loop_counts() -> None:
    rng = random.Random(8)
    for _ in range(200 if TORTURE else 20):
        records = []
        for number in range(rng.randrange(40)):
            created = rng.randrange(20)
            started = rng.choice([None, created + rng.randrange(5)])
            status = rng.choice(["succeeded", "failed", "running", "queued"])
            completed = (started or created) + rng.randrange(6) if status in ("succeeded", "failed") else None
            records.append(run(number, status, (created, started, completed)))
        found = concurrency(frame(records))
        assert found["at"].is_monotonic_increasing
        assert found["at"].is_unique
        for row in found.itertuples():
            counts = {"waiting": 0, "running": 0, "undivided": 0}
            for record in records:
                created, started, completed = (
                    None if record[name] is None else pd.Timestamp(record[name])
                    for name in ("created_at", "started_at", "completed_at")
                )
                if created <= row.at and (completed is None or row.at < completed):
                    if started is not None:
                        counts["running" if row.at >= started else "waiting"] += 1
                    else:
                        counts["waiting" if record["status"] == "queued" else "undivided"] += 1
            assert (row.waiting, row.running, row.undivided) == tuple(counts.values())


def test_what_cannot_be_placed_is_named_and_counted() -> None:
    records = [
        run(0),
        run(1, "failed", (0, 1, None)),
        run(2, "failed", (0, 5, 3)),
        run(3, None),
        run(4, "waiting_for_input"),
        run(5, times=(None, 1, 2)),
    ]
    found = concurrency(frame(records))
    assert found.attrs[ATTRS] == {
        "no status": 1,
        "unknown status: waiting_for_input": 1,
        "no creation or end recorded": 2,
        "times out of order": 1,
    }
    assert found["running"].tolist() == [0, 1, 0]


def test_a_run_that_has_not_ended_is_counted_to_the_end() -> None:
    found = concurrency(frame([run(0, "running", (0, 1, None)), run(1, times=(2, 3, 4))]))
    assert found["at"].tolist() == [pd.Timestamp(at(second)) for second in range(5)]
    assert found["running"].tolist() == [0, 1, 1, 2, 1]


def test_no_runs_give_an_empty_table_of_the_same_columns() -> None:
    empty, full = concurrency(frame([])), concurrency(frame([run(0)]))
    assert empty.empty
    assert empty.dtypes.equals(full.dtypes)


def test_a_finished_day_ends_at_zero() -> None:
    found = concurrency(runs_frame(b"[" + b",".join(generate(20_000)) + b"]"))
    assert found.iloc[-1][["waiting", "running", "undivided"]].tolist() == [0, 0, 0]
    assert (found[["waiting", "running", "undivided"]] >= 0).all(axis=None)
