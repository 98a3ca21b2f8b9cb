"""The lengths of time between the timestamps of a run, as numbers."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import agentrun_nb as arn

ENDED = {
    "id": "a",
    "deployment_id": "d",
    "version_id": "v",
    "mode": "job",
    "status": "succeeded",
    "input": {},
    "created_at": "2026-11-20T10:00:00Z",
    "started_at": "2026-11-20T10:00:05Z",
    "completed_at": "2026-11-20T10:05:00.000001Z",
    "updated_at": "2026-11-20T10:05:00Z",
}
LENGTHS = ["before_start", "after_start", "total"]
CASES = {
    "all recorded": ({}, [5.0, 295.000001, 300.000001], True),
    "created is absent": ({"created_at": None}, [None, 295.000001, None], True),
    "never started": ({"started_at": None}, [None, None, 300.000001], True),
    "goes on": ({"status": "running", "completed_at": None}, [5.0, None, None], False),
    "waits": (
        {"status": "queued", "started_at": None, "completed_at": None},
        [None, None, None],
        False,
    ),
    "waits, with the zero time of Go": (
        {
            "status": "queued",
            "started_at": "0001-01-01T00:00:00Z",
            "completed_at": "0001-01-01T00:00:00Z",
        },
        [None, None, None],
        False,
    ),
    "the zero time of Unix as start": (
        {"started_at": "1970-01-01T00:00:00Z"},
        [None, None, 300.000001],
        True,
    ),
    "started before it was created": (
        {"started_at": "2026-11-20T09:59:59.9Z"},
        [None, 300.100001, 300.000001],
        True,
    ),
    "ended before it started": ({"completed_at": "2026-11-20T10:00:01Z"}, [5.0, None, 1.0], True),
    "in no time": (
        {"started_at": ENDED["created_at"], "completed_at": ENDED["created_at"]},
        [0.0] * 3,
        True,
    ),
    "the last second of the calendar": (
        {"completed_at": "9999-12-31T23:59:59Z"},
        [5.0, 251_607_131_994.0, 251_607_131_999.0],
        True,
    ),
    "no status": ({"status": None}, [5.0, 295.000001, 300.000001], None),
    "a status that nobody knows": ({"status": "dormant"}, [5.0, 295.000001, 300.000001], False),
    "unreadable times": (
        {"created_at": "noon", "started_at": 5.5, "completed_at": ""},
        [None, None, None],
        True,
    ),
}


@pytest.mark.parametrize(("changes", "lengths", "ended"), CASES.values(), ids=CASES)
def test_a_length_is_what_the_record_says(
    changes: dict[str, object], lengths: list[float | None], ended: bool | None
):
    run = arn.Run(json.dumps(ENDED | changes).encode())
    spans = arn.spans(run)
    found = [
        None if pd.isna(length) else length.total_seconds() for length in spans[LENGTHS].iloc[0]
    ]
    assert found == lengths
    assert (None if pd.isna(spans["ended"].iloc[0]) else bool(spans["ended"].iloc[0])) is ended
    assert run.ended is ended


@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_columns_and_the_index_are_always_the_same(n: int):
    runs = arn.runs_frame(b"[" + b",".join([json.dumps(ENDED).encode()] * n) + b"]")
    runs.index = pd.Index([f"row {place}" for place in range(n)], name="status")
    spans = arn.spans(runs)
    assert dict(spans.dtypes.astype("str")) == dict.fromkeys(LENGTHS, "timedelta64[us]") | {
        "ended": "boolean"
    }
    pd.testing.assert_index_equal(spans.index, runs.index)


def test_rows_that_were_not_fetched_have_no_lengths():
    runs = arn.runs_frame([ENDED, {"id": "b", "deployment_id": "d"}])
    assert arn.spans(runs).iloc[1].isna().all()


def test_lengths_sort_and_add_up():
    longer = ENDED | {"id": "b", "completed_at": "2026-11-20T10:30:05Z"}
    after_start = arn.spans([longer, ENDED])["after_start"]
    assert after_start.sort_values().index.to_list() == [1, 0]
    assert after_start.sum() == pd.Timedelta("30min") + pd.Timedelta("295.000001s")


def test_runs_are_left_as_they_were():
    runs = arn.runs_frame([ENDED])
    before = runs.copy()
    arn.spans(runs)
    pd.testing.assert_frame_equal(runs, before)
