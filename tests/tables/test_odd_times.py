"""Times at the edges of the calendar, and zero times: every display holds, and no length is counted that was none."""

from __future__ import annotations

import json
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import figures
from agentrun_nb.drawing.course import course
from agentrun_nb.drawing.spans import Kind, Spans, spans
from agentrun_nb.tables.moments import last_moment
from agentrun_nb.widget import explore
from tests.support.samples import record
from tests.widget.test_twin import drawn

GO, UNIX = "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"
EDGES = [
    GO,
    UNIX,
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
]
FIELDS = [
    ("created_at",),
    ("started_at",),
    ("completed_at",),
    ("updated_at",),
    ("started_at", "completed_at"),
    ("created_at", "started_at", "completed_at", "updated_at"),
]
ZONES = ["UTC", "Asia/Kolkata", "America/New_York"]
DISPLAYS = {
    "repr": lambda runs, tz: repr(arn.Run.of_row(runs.iloc[0])),
    "twin of one": lambda runs, tz: explore(arn.Run.of_row(runs.iloc[0]), tz=tz)._twin(),
    "twin of many": lambda runs, tz: explore(runs, tz=tz)._twin(),
    "page": lambda runs, tz: explore(runs, tz=tz)._page(),
    "brief": lambda runs, tz: arn.brief(runs, tz).to_string(),
    "the explorer's figure": lambda runs, tz: explore(runs, tz=tz).figure(),
    "timeline": figures.timeline,
    "concurrency": figures.concurrency,
    "durations": lambda runs, tz: figures.durations(runs),
    "outcomes": lambda runs, tz: figures.outcomes(runs),
    "survival": lambda runs, tz: figures.survival(runs),
    "trend": lambda runs, tz: figures.trend(runs, "1h"),
    "summary by hours": lambda runs, tz: arn.summarize(runs, freq="1h"),
    "health": lambda runs, tz: arn.health(runs),
    "phases": lambda runs, tz: arn.phases(runs),
}


def one(status: str, **changes: str | None) -> arn.Run:
    return arn.Run(json.dumps(record(1, status, **changes)).encode())


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("display", DISPLAYS)
def test_every_display_holds_at_the_edges_of_the_calendar(fields, display):
    rows = [
        record(number, status, **dict.fromkeys(fields, edge))
        for number, (edge, status) in enumerate(product(EDGES, ("queued", "running", "succeeded")))
    ]
    for count in (1, len(rows)):
        runs = arn.runs_frame([json.dumps(row).encode() for row in rows[-count:]])
        for tz in ZONES:
            assert DISPLAYS[display](runs, tz) is not None


@pytest.mark.parametrize("zero", [GO, UNIX])
@pytest.mark.parametrize(
    ("status", "started", "completed", "kind", "words"),
    [
        ("queued", True, True, Kind.LIVE, ["35 s since created, start not known", "not known"]),
        ("queued", True, False, Kind.LIVE, ["35 s since created, start not known", "not known"]),
        (
            "running",
            False,
            True,
            Kind.LIVE,
            ["7.3 s before start", "27.8 s since start, open when read"],
        ),
        ("cancelled", True, None, Kind.UNDIVIDED, ["1 min 35 s from created to completed"]),
        ("failed", False, True, Kind.OPEN, ["7.3 s before start", "not known"]),
    ],
)
def test_from_a_zero_time_no_length_is_counted(zero, status, started, completed, kind, words):
    """None leaves a field as it is, False makes it null."""
    changes = {} if started is False else {"started_at": zero}
    changes |= {True: {"completed_at": zero}, False: {"completed_at": None}, None: {}}[completed]
    run = one(status, **changes)
    runs = run.to_frame()
    moments = [
        value.timestamp() * 1_000 if value else np.nan
        for value in (run.created_at, run.started_at, run.completed_at)
    ]
    now = moments[0] + 35_000
    assert [
        part.words for part in course(*moments, live=status in ("queued", "running"), now=now)
    ] == words
    assert Kind(spans(runs, now).kind[0]) == kind
    assert run.duration is None
    assert not re.search(r"\d (s|min|h|d)\b", repr(run))
    assert arn.brief(runs)["after_start_s"].isna().all()
    assert arn.brief(runs)["before_start_s"].notna().all() == (started is False)


def test_a_zero_time_is_shown_as_what_it_says():
    run = one("queued", started_at=GO, completed_at=GO)
    assert drawn(explore(run)).count("0001-01-01 00:00:00 UTC") == 2
    assert explore(run)._twin()["text/html"].count(GO) >= 2
    assert run.started_at.year == run.completed_at.year == 1


@pytest.mark.parametrize(
    ("moment", "tz", "words"),
    [
        (GO, "UTC", "0001-01-01 00:00:00"),
        (GO, "Asia/Kolkata", "0001-01-01 05:53:28"),
        (GO, "America/New_York", "0001-01-01 00:00:00 UTC"),
        ("9999-12-31T23:59:59Z", "Asia/Kolkata", "9999-12-31 23:59:59 UTC"),
        ("9999-12-31T23:59:59Z", "America/New_York", "9999-12-31 18:59:59"),
    ],
)
def test_a_moment_is_told_in_utc_where_the_clock_of_its_zone_would_leave_the_calendar(
    moment, tz, words
):
    assert arn.brief(one("queued", created_at=moment), tz).iloc[0, 1] == words


def test_a_run_that_goes_on_does_not_do_so_until_the_year_9999_of_another():
    never = record(1, "succeeded", completed_at="9999-12-31T23:59:59Z")
    rows = [json.dumps(row).encode() for row in (never, record(2, "running", completed_at=None))]
    running = spans(arn.runs_frame(rows), last_moment(arn.runs_frame(rows)))
    assert running.end[1] - running.begin[1] == 95_000
    [live] = [
        trace for trace in figures.durations(rows).data if trace.name == "running, end not seen"
    ]
    assert max(span for span, count in zip(live.customdata, live.y, strict=True) if count).endswith(
        "s"
    )


A, B, C = "2026-01-05T10:00:00Z", "2026-01-05T10:00:30Z", "2026-01-05T10:01:00Z"


@pytest.mark.parametrize(
    ("created", "started", "completed", "kind", "middle", "end"),
    [
        (A, A, B, Kind.PHASES, A, B),
        (A, B, B, Kind.PHASES, B, B),
        (A, A, A, Kind.PHASES, A, A),
        (A, None, A, Kind.UNDIVIDED, None, A),
        (B, A, C, Kind.UNDIVIDED, None, C),
        (B, None, A, Kind.POINT, None, B),
        (C, A, B, Kind.POINT, None, C),
        (A, C, B, Kind.POINT, None, A),
        (B, C, A, Kind.POINT, None, B),
    ],
)
def test_moments_that_are_equal_are_in_order_and_an_end_before_either_of_the_others_is_a_point(
    created, started, completed, kind, middle, end
):
    run = one("succeeded", created_at=created, started_at=started, completed_at=completed)
    found = spans(run.to_frame(), now=float("nan"))
    ms = {None: np.nan} | {
        text: float(np.datetime64(text[:-1], "ms").astype("int64")) for text in (A, B, C)
    }
    assert Kind(found.kind[0]) == kind
    np.testing.assert_array_equal(
        [found.begin[0], found.middle[0], found.end[0]], [ms[created], ms[middle], ms[end]]
    )


NAN = float("nan")


@pytest.mark.parametrize(
    ("moments", "live", "words"),
    [
        ((5_000, 5_000, 5_000), False, ["0 s before start", "0 s after start"]),
        ((5_000, NAN, 5_000), False, ["0 s from created to completed"]),
        ((5_000, NAN, 4_000), False, ["completed before created by 1 s"]),
        ((5_000, 4_000, 6_000), False, ["started before created by 1 s", "2 s after start"]),
        (
            (5_000, 7_000, 6_000),
            False,
            ["2 s before start", "completed before started by 1 s"],
        ),
        ((5_000, 9_000, NAN), True, ["4 s before start", "0 s since start, open when read"]),
        ((5_000, 9_001, NAN), True, ["4 s before start", "since start, open when read"]),
        ((9_000, NAN, NAN), True, ["0 s since created, start not known", "not known"]),
    ],
)
def test_a_length_of_nothing_is_a_length_and_one_in_reverse_is_none(moments, live, words):
    assert [part.words for part in course(*moments, live, now=9_000)] == words


def test_a_run_that_only_touches_a_bound_of_the_window_is_in_it():
    begin, end = np.array([0.0, 10, 20, np.nan]), np.array([10.0, 20, 30, np.nan])
    found = Spans(begin, begin, end, np.zeros(4, np.int8))
    rows = {
        (10, 20): [0, 1, 2],
        (11, 19): [1],
        (10, 10): [0, 1],
        (30, 40): [2],
        (31, 40): [],
        (-5, 0): [0],
        (-5, -1): [],
        (None, 0): [0],
        (30, None): [2],
        (None, None): [0, 1, 2],
    }
    assert {window: np.flatnonzero(found.touching(*window)).tolist() for window in rows} == rows
    assert found.lanes(0, 0, 5) == {0: 0, 1: 0, 2: 0}
    assert found.lanes(0, 1, 5) == {0: 0, 1: 1, 2: 0}


NEVER = "9999-12-31T23:59:59Z"
STATISTICS = {
    "summarize": lambda runs: arn.summarize(runs, by="version_id", within="1m"),
    "phases": lambda runs: arn.summarize(runs, phase="before_start"),
    "compare": lambda runs: arn.compare(runs, "v1", "v2"),
    "concurrency": arn.concurrency,
    "spans": arn.spans,
    "health": lambda runs: arn.health(runs).drop(columns="notes"),
    "phases of each": arn.phases,
    "survival": lambda runs: [(*trace.x, *trace.y) for trace in figures.survival(runs).data],
}


STANDS_FOR_NONE = [
    ("queued", ["started_at"], GO),
    ("queued", ["started_at", "completed_at"], UNIX),
    ("running", ["started_at"], GO),
    ("running", ["completed_at"], UNIX),
    ("succeeded", ["started_at"], GO),
    ("succeeded", ["completed_at"], GO),
    ("succeeded", ["completed_at"], NEVER),
    ("failed", ["started_at", "completed_at"], UNIX),
    ("cancelled", ["started_at"], UNIX),
    ("timed_out", ["completed_at"], NEVER),
]
TOLD_AS_RECORDED = ("spans", "phases of each")
"""They are of one run, whose end in the year 9999 is told as its record has it."""


@pytest.mark.parametrize(
    ("statistics", "status", "fields", "moment"),
    [
        (name, *case)
        for name, case in product(STATISTICS, STANDS_FOR_NONE)
        if not (name in TOLD_AS_RECORDED and case[2] == NEVER)
    ],
)
def test_a_time_that_stands_for_none_counts_as_none(statistics, status, fields, moment):
    def numbers(value):
        rows = [record(number, "succeeded", version_id="v1") for number in range(20)]
        for number in range(20, 40):
            odd = dict.fromkeys(fields, value) if number % 2 else {}
            change = {"completed_at": None} if status in ("queued", "running") else {}
            rows.append(record(number, status, **({"version_id": "v2"} | change | odd)))
        return STATISTICS[statistics](arn.runs_frame(json.dumps(rows).encode()))

    found, expected = numbers(moment), numbers(None)
    if statistics == "survival":
        assert found == expected
    else:
        pd.testing.assert_frame_equal(found, expected)
