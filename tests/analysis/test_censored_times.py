"""How long runs waited and ran, and which of these times are censored."""

from __future__ import annotations

from agentrun_nb.analysis.censored_times import queue_times, run_times
from agentrun_nb.tables.moments import last_moment
from tests.support.analysis import frame, run


def test_running_runs_and_services_are_censored_and_unreadable_times_counted() -> None:
    records = [
        run(0, times=(0, 1, 4)),
        run(1, "running", (0, 2, None)),
        run(2, "cancelled", (0, 3, 9), mode="service"),
        run(3, "queued", (0, None, None)),
        run(4, "cancelled", (0, None, 5)),
        run(5, "failed", (0, 6, 5)),
        run(6, "succeeded", (0, None, 5)),
        run(7, "waiting_for_input", (0, 1, None)),
        run(8, "failed", (0, 1, None)),
    ]
    runs = frame(records)
    horizon = last_moment(runs)
    ran, queued = run_times(runs, horizon), queue_times(runs, horizon)
    assert list(zip(ran.seconds, ran.ended, strict=True)) == [(3, True), (7, False), (6, False)]
    assert ran.unreadable == 3
    waits = [(1, True), (2, True), (3, True), (9, False), (5, False), (6, True), (1, True)]
    assert list(zip(queued.seconds, queued.ended, strict=True)) == waits
    assert queued.unreadable == 1
