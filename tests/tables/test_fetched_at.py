"""When a record was fetched: known where the client fetched it, kept on every way, and what open spans end at."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.analysis.censored_times import queue_times, run_times
from agentrun_nb.drawing.spans import spans
from agentrun_nb.tables.moments import known_until, last_moment
from tests.support.http import DEP, answer, mocked, run_record

AHEAD = timedelta(hours=3)


def service(offset: timedelta | None):
    """A service of three runs whose clock is ahead of ours by so much; None: it tells no time."""

    def handler(request: httpx.Request) -> httpx.Response:
        runs = [
            run_record(f"run_{n}", status="running" if n == 1 else "succeeded") for n in (3, 2, 1)
        ]
        date = (
            {}
            if offset is None
            else {"Date": format_datetime(datetime.now(UTC) + offset, usegmt=True)}
        )
        name = request.url.path.rpartition("/")[2]
        if name == "runs":
            return answer({"items": runs, "next_cursor": None}, **date)
        return answer(next((run for run in runs if run["id"] == name), {}), **date)

    return handler


WAYS = {
    "get_run": lambda client: client.get_run(DEP, "run_1").to_frame(),
    "get_runs": lambda client: client.get_runs(DEP, ["run_1", "run_2"], progress=False),
    "list_runs": lambda client: client.list_runs(DEP, progress=False),
    "refetch": lambda client: (
        client.refetch(arn.runs_frame(run_record("run_1", status="running")), progress=False)
        if "progress" in client.refetch.__annotations__
        else client.refetch(arn.runs_frame(run_record("run_1", status="running")))
    ),
    "iter_runs": lambda client: next(iter(client.iter_runs(DEP))),
}


@pytest.mark.parametrize("offset", [None, timedelta(0), AHEAD, -AHEAD])
@pytest.mark.parametrize("way", WAYS)
def test_what_the_client_fetches_says_when_by_the_clock_of_the_service(way, offset):
    before = datetime.now(UTC)
    with mocked(service(offset)) as client:
        runs = WAYS[way](client)
    shift = offset or timedelta(0)
    slack = timedelta(seconds=3)  # a Date is cut to whole seconds, and may be one old
    assert runs["fetched_at"].notna().all()
    assert (
        runs["fetched_at"].between(before + shift - slack, datetime.now(UTC) + shift + slack).all()
    )


def test_a_row_that_did_not_come_was_not_fetched():
    with mocked(service(None)) as client:
        runs = client.get_runs(DEP, ["run_1", "nothing_like_it"], progress=False)
    assert runs["fetched_at"].isna().tolist() == [False, True]


MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)
RAW = json.dumps(run_record("run_1", status="running", fetched_at="2020-01-01T00:00:00Z")).encode()


def test_bytes_that_somebody_brings_do_not_say_when_they_were_fetched():
    """Also where the record has a key of that name, which is a field like any other unknown one."""
    runs = arn.runs_frame(RAW)
    assert runs["fetched_at"].isna().all()
    assert json.loads(runs["extra"].iloc[0]) == {"fetched_at": "2020-01-01T00:00:00Z"}
    assert arn.Run(RAW).fetched_at is None


KEPT = {
    "the run": lambda run, path: arn.runs_frame(run),
    "runs": lambda run, path: arn.runs_frame([run, run]),
    "its row": lambda run, path: arn.Run.of_row(run.to_frame().iloc[0]).to_frame(),
    "a concat": lambda run, path: arn.runs_frame(pd.concat([run.to_frame(), run.to_frame()])),
    "records": lambda run, path: arn.runs_frame([run.to_frame(), run.to_frame()]),
    "parquet": lambda run, path: arn.load(arn.save(run, path / "runs.parquet")),
    "csv": lambda run, path: arn.load(arn.save(run, path / "runs.csv")),
    "xlsx": lambda run, path: arn.load(arn.save(run, path / "runs.xlsx")),
}


@pytest.mark.parametrize("way", KEPT)
def test_the_moment_is_kept(way, tmp_path):
    found = KEPT[way](arn.Run(RAW, fetched_at=MOMENT), tmp_path)
    assert (found["fetched_at"] == MOMENT).all()
    assert found["fetched_at"].dtype == "datetime64[us, UTC]"
    assert list(found.columns)[-1] == "fetched_at"


def test_a_file_of_before_there_was_the_column_is_read(tmp_path):
    old = arn.runs_frame(RAW).drop(columns="fetched_at")
    old.to_csv(tmp_path / "runs.csv", index=False)
    assert arn.load(tmp_path / "runs.csv")["fetched_at"].isna().all()


def test_two_looks_at_one_run_do_not_differ_by_when_they_were_had():
    first, second = arn.Run(RAW, fetched_at=MOMENT), arn.Run(RAW, fetched_at=MOMENT + AHEAD)
    assert arn.diff(first, second).empty
    with mocked(service(None)) as client:
        runs = client.list_runs(DEP, progress=False)
    later = runs.assign(fetched_at=runs["fetched_at"] + pd.Timedelta("1h"))
    assert arn.fetch_report(later).complete is True


def test_an_open_span_ends_where_its_own_record_was_fetched():
    """Each for itself; one that nobody fetched ends at the latest moment known of the table."""
    created = pd.Timestamp("2026-11-20T11:00:00Z")
    record = run_record("run_1", status="running", created_at=created.isoformat())
    raw = json.dumps(record).encode()
    early, late, unknown = arn.Run(raw, MOMENT), arn.Run(raw, MOMENT + AHEAD), arn.Run(raw)
    runs = arn.runs_frame([early, late, unknown])
    hours = (known_until(runs) / 3_600_000 - created.timestamp() / 3_600).round(6)
    assert hours.tolist() == [1, 4, 4]
    drawn = spans(runs, now=float("nan"))
    np.testing.assert_allclose((drawn.end - drawn.begin)[:2], [3_600_000, 4 * 3_600_000])


def test_a_clock_that_runs_on_is_told_from_one_that_agrees():
    with mocked(service(AHEAD)) as client:
        run = client.get_run(DEP, "run_1")
    assert abs((run.fetched_at - datetime.fromtimestamp(time.time(), UTC)) - AHEAD) < timedelta(
        seconds=3
    )


def test_a_run_that_goes_on_is_censored_where_it_was_fetched():
    """A run that was read long before the others is not taken to have gone on until they were read."""
    created = datetime(2026, 11, 20, 11, tzinfo=UTC)
    fields = {
        "status": "running",
        "created_at": created.isoformat(),
        "started_at": created.isoformat(),
    }
    raw = json.dumps(run_record("run_1", **fields)).encode()
    runs = arn.runs_frame(
        [arn.Run(raw, MOMENT), arn.Run(raw, MOMENT + AHEAD), arn.Run(raw, created - AHEAD)]
    )
    for times in (run_times(runs, last_moment(runs)), run_times(runs[:1], last_moment(runs))):
        assert not times.ended.any()
        assert times.unreadable == 0
        assert times.seconds.tolist() == [3_600, 4 * 3_600, 0][: len(times.seconds)]
    waiting = arn.runs_frame(
        [run.assign(started_at=pd.NaT, status="queued") for run in (runs[:1], runs[1:2])]
    )
    assert queue_times(waiting, last_moment(waiting)).seconds.tolist() == [3_600, 4 * 3_600]
