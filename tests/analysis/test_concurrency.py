"""How many waited and ran, against counting one by one."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest

from agentrun_nb.analysis.concurrency import ATTRS, LOWER_BOUND, REPEATED, concurrency
from agentrun_nb.local.generator import generate
from agentrun_nb.tables.frames import runs_frame
from agentrun_nb.tables.report import FetchReport, attach
from tests.support.analysis import TORTURE, at, frame, run


def test_each_moment_counts_what_a_loop_counts() -> None:
    rng = random.Random(8)
    for _ in range(200 if TORTURE else 20):
        records = []
        for number in range(rng.randrange(40)):
            created = rng.randrange(20)
            started = rng.choice([None, created + rng.randrange(5)])
            status = rng.choice(["succeeded", "failed", "running", "queued"])
            completed = (
                (started or created) + rng.randrange(6)
                if status in ("succeeded", "failed")
                else None
            )
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


LONG = [run(n, times=(60 * n, 60 * n, 60 * n + 3_000)) for n in range(100)]
"""A run each minute, of 50 minutes each: 50 at a time once the first has ended."""


def test_the_left_edge_of_a_frame_that_was_cut_is_said_to_be_a_lower_bound() -> None:
    """Of runs created since a moment those from before are missing for as long as runs take."""
    later = frame([record for record in LONG if record["created_at"] >= at(3_600)])
    attach(later, FetchReport(complete=True, since=pd.Timestamp(at(3_600)).to_pydatetime()))
    found = concurrency(later)
    assert found["running"].iloc[0] == 1, "50 ran then"
    bound = found.attrs[LOWER_BOUND]
    assert pd.Timestamp(bound["from"]) == pd.Timestamp(at(3_600))
    assert pd.Timestamp(bound["until"]) == pd.Timestamp(at(6_600))
    whole, inside = concurrency(frame(LONG)).set_index("at"), found.set_index("at")
    settled = inside.index[(inside.index >= pd.Timestamp(bound["until"]))]
    assert (inside.loc[settled, "running"] == whole.loc[settled, "running"]).all()
    assert len(settled) > 10
    assert concurrency(later[later["id"] != "run-70"]).attrs[LOWER_BOUND] == bound, (
        "a part of it was cut too"
    )


@pytest.mark.parametrize(
    ("report", "cut"),
    [
        (None, False),
        (FetchReport(complete=True), False),
        (FetchReport(complete=False, truncated_by="limit"), True),
        (FetchReport(complete=False, truncated_by="interrupt"), True),
        (FetchReport(asked=100, complete=False, truncated_by="connection"), False),
        (FetchReport(asked=100, complete=False, truncated_by="limit"), True),
        (FetchReport(asked=100, complete=False, truncated_by="interrupt", pages=1), True),
    ],
)
def test_a_listing_that_was_cut_lacks_what_came_before_its_first_run(
    report: FetchReport | None, cut: bool
) -> None:
    runs = frame(LONG)
    if report is not None:
        attach(runs, report)
    found = concurrency(runs)
    assert (LOWER_BOUND in found.attrs) is cut
    if cut:
        assert pd.Timestamp(found.attrs[LOWER_BOUND]["from"]) == pd.Timestamp(at(0))


@pytest.mark.parametrize(
    "records", [[], [run(0, "running", (0, 1, None))], [run(0, "odd", (None, None, None))]]
)
def test_few_or_no_runs_since_a_moment_are_counted_too(records: list[Any]) -> None:
    runs = frame(records)
    attach(runs, FetchReport(complete=True, since=pd.Timestamp(at(-60)).to_pydatetime()))
    bound = concurrency(runs).attrs[LOWER_BOUND]
    assert pd.Timestamp(bound["from"]) == pd.Timestamp(at(-60))
    assert pd.Timestamp(bound["until"]) >= pd.Timestamp(at(-60))


def test_runs_that_stand_more_than_once_are_counted_beside_the_table() -> None:
    runs = frame([run(number) for number in range(4)])
    assert concurrency(runs).attrs[REPEATED] == 0
    twice = pd.concat([runs, runs.iloc[:3], runs.iloc[:1]], ignore_index=True)
    assert concurrency(twice).attrs[REPEATED] == 3
