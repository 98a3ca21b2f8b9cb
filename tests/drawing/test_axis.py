"""Ticks of still pictures: local midnights and whole local hours, also where clocks are put forward or back."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.drawing.axis import EARLIEST, LATEST, clock_text, local, ticks

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Havana",
]
DAY = 86_400_000.0


def ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1_000


CHANGES = [
    ("America/New_York", "2026-03-08T07:00Z"),
    ("America/New_York", "2026-11-01T06:00Z"),
    ("Europe/Berlin", "2026-03-29T01:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30Z"),
    ("America/Havana", "2026-11-01T05:00Z"),
]
"""When clocks change; in Havana midnight comes twice."""


@pytest.mark.parametrize(("tz", "change"), CHANGES)
def test_ticks_of_days_are_local_midnights_each_day_once(tz, change):
    found = ticks(ms(change) - 4 * DAY, ms(change) + 4 * DAY, tz, 8)
    assert [local(tick.at, tz).strftime("%H:%M") for tick in found] == ["00:00"] * len(found)
    days = [local(tick.at, tz).toordinal() for tick in found]
    assert days == list(range(days[0], days[0] + len(days)))
    assert len(days) >= 7
    assert [tick.label for tick in found] == [
        f"{day.day} {day:%b}" for day in map(datetime.fromordinal, days)
    ]


@pytest.mark.parametrize(("tz", "change"), CHANGES)
@pytest.mark.parametrize(("hours", "step"), [(6, 60), (12, 120), (2.5, 30), (0.6, 5)])
def test_ticks_of_a_day_are_whole_on_its_clock_and_none_comes_twice(tz, change, hours, step):
    """No instant of the clock that is whole is left out, and no label stands for two instants."""
    start, end = ms(change) - hours / 2 * 3_600_000, ms(change) + hours / 2 * 3_600_000
    found = ticks(start, end, tz, 8)
    minutes = [start + 60_000 * minute for minute in range(round(hours * 60) + 1)]
    whole = [at for at in minutes if (local(at, tz).hour * 60 + local(at, tz).minute) % step == 0]
    assert [tick.at for tick in found] == whole
    assert len({(local(tick.at, tz).date(), tick.label) for tick in found}) == len(found)
    for tick in found:
        assert tick.label.startswith(local(tick.at, tz).strftime("%H:%M"))


def test_the_hour_that_comes_twice_is_told_with_its_offsets():
    new_york = ticks(ms("2026-11-01T04:00Z"), ms("2026-11-01T08:00Z"), "America/New_York", 4)
    assert [tick.label for tick in new_york] == [
        "00:00",
        "01:00 UTC-4",
        "01:00 UTC-5",
        "02:00",
        "03:00",
    ]
    lord_howe = ticks(ms("2026-04-04T14:00Z"), ms("2026-04-04T16:00Z"), "Australia/Lord_Howe", 4)
    assert [tick.label for tick in lord_howe] == [
        "01:00",
        "01:30 UTC+11",
        "01:30 UTC+10:30",
        "02:00",
        "02:30",
    ]
    london = ticks(ms("2026-10-25T00:00Z"), ms("2026-10-25T02:00Z"), "Europe/London", 2)
    assert [tick.label for tick in london] == ["01:00 UTC+1", "01:00 UTC", "02:00"]


@pytest.mark.parametrize(
    ("tz", "start", "labels"),
    [
        ("Africa/Cairo", "2026-04-22T00:00+02:00", ["22 Apr", "23 Apr", "24 Apr", "25 Apr"]),
        ("Pacific/Apia", "2011-12-28T00:00-10:00", ["28 Dec", "29 Dec", "31 Dec", "1 Jan"]),
    ],
)
def test_a_day_without_midnight_begins_with_its_first_instant_and_a_day_that_was_left_out_has_no_tick(
    tz, start, labels
):
    assert [tick.label for tick in ticks(ms(start), ms(start) + 3.2 * DAY, tz, 4)][:4] == labels


@pytest.mark.parametrize(
    ("start", "end", "labels", "contexts"),
    [
        (
            "2026-11-20T08:00:00Z",
            "2026-11-20T08:00:00.030Z",
            ["08:00:00.000", "08:00:00.005"],
            ["2026-11-20", ""],
        ),
        (
            "2026-11-20T08:00:00Z",
            "2026-11-20T08:01:00Z",
            ["08:00:00", "08:00:10"],
            ["2026-11-20", ""],
        ),
        ("2026-11-16T00:00:00Z", "2026-12-20T00:00:00Z", ["16 Nov", "23 Nov"], ["2026", ""]),
        (
            "2026-11-01T00:00:00Z",
            "2027-05-01T00:00:00Z",
            ["Nov", "Dec", "Jan"],
            ["2026", "", "2027"],
        ),
        ("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", ["2020", "2021"], ["", ""]),
    ],
)
def test_labels_are_those_of_the_live_scale(start, end, labels, contexts):
    found = ticks(ms(start), ms(end), "UTC", 8)[: len(labels)]
    assert [tick.label for tick in found] == labels
    assert [tick.context for tick in found] == contexts


@given(
    st.floats(EARLIEST - 1e15, LATEST + 1e15),
    st.floats(0, 17).map(lambda power: 10**power),
    st.sampled_from(ZONES),
    st.integers(1, 12),
)
def test_ticks_of_any_time_rise_and_are_few(start, length, tz, most):
    found = ticks(start, start + length, tz, most)
    assert len(found) <= 2 * most + 3
    assert all(a.at < b.at for a, b in pairwise(found))
    assert all(max(start, EARLIEST) <= tick.at <= min(start + length, LATEST) for tick in found)


@pytest.mark.parametrize(
    ("text", "tz", "words"),
    [
        ("2026-11-24T05:31:56+00:00", "UTC", "2026-11-24 05:31:56 UTC"),
        ("2026-11-24T05:31:56.250+00:00", "Europe/Berlin", "2026-11-24 06:31:56.250 +01:00"),
        ("0001-01-01T00:00:00+00:00", "UTC", "0001-01-01 00:00:00 UTC"),
        ("0001-01-01T00:00:00+00:00", "Europe/Berlin", "0001-01-01 00:53:28 +00:53:28"),
        ("0001-01-01T00:00:00+00:00", "America/New_York", "0001-01-01 00:00:00 +00:00"),
        ("1800-06-01T12:00:00+00:00", "America/New_York", "1800-06-01 07:03:58 -04:56:02"),
        ("9999-12-31T23:59:59.999+00:00", "Asia/Kolkata", "9999-12-31 23:59:59.999 +00:00"),
    ],
)
def test_a_moment_of_any_year_is_written_with_four_digits_and_its_whole_offset(text, tz, words):
    at = (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000
    assert clock_text(at, tz) == words
