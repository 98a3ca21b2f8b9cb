"""Laws of reading times."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.core import times
from tests.support.strategies import moments

NEW_YEAR = 1_767_225_600_000_000
DAYS = st.one_of(
    st.dates().map(str),
    st.sampled_from(["0000-01-01", "0001-01-01", "9999-12-31", "2026-02-29", "2026-13-01"]),
)


def test_vectors_of_others(corpus):
    for group in json.loads((corpus("rfc3339") / "date-time.json").read_text("utf-8")):
        for case in group["tests"]:
            if isinstance(case["data"], str):
                moment = times.read_time(case["data"])
                sound = moment.micros is not None and moment.code in (
                    None,
                    "leap_second",
                    "cut_precision",
                )
                assert sound == case["valid"], case


@pytest.mark.parametrize(
    ("text", "micros", "code"),
    [
        pytest.param("2026-01-01T00:00:00", NEW_YEAR, "naive_time", id="88 naive"),
        pytest.param("2026-01-01T05:30:00+05:30", NEW_YEAR, None, id="89 offset"),
        pytest.param("2026-01-01T00:00:00-00:00", NEW_YEAR, None, id="89 unknown offset"),
        pytest.param("2026-01-01T00:00:00.1Z", NEW_YEAR + 100_000, None, id="90 one digit"),
        pytest.param(
            "2026-01-01T00:00:00.123456789Z",
            NEW_YEAR + 123_456,
            "cut_precision",
            id="90 nine digits",
        ),
        pytest.param(
            "2026-01-01T00:00:00.123456000Z",
            NEW_YEAR + 123_456,
            None,
            id="90 nine digits, nothing cut",
        ),
        pytest.param("2026-01-01t00:00:00z", NEW_YEAR, None, id="91 lower case"),
        pytest.param("2026-01-01 00:00:00Z", NEW_YEAR, None, id="91 blank"),
        pytest.param(
            "2016-12-31T23:59:60Z", 1_483_228_799_999_999, "leap_second", id="92 leap second"
        ),
        pytest.param(
            "2017-01-01T05:29:60.5+05:30",
            1_483_228_799_999_999,
            "leap_second",
            id="92 leap second elsewhere",
        ),
        pytest.param("2016-12-31T12:00:60Z", None, "bad_time", id="92 leap second at noon"),
        pytest.param("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999, None, id="93 last"),
        pytest.param("9999-12-31T23:59:59-01:00", None, "out_of_range", id="93 after the last"),
        pytest.param("0001-01-01T00:00:00Z", -62_135_596_800_000_000, None, id="93 first"),
        pytest.param("0001-01-01T00:00:00+01:00", None, "out_of_range", id="93 before the first"),
        pytest.param("10000-01-01T00:00:00Z", None, "bad_time", id="94 year"),
        pytest.param("2026-13-01T00:00:00Z", None, "bad_time", id="94 month"),
        pytest.param("2026-01-01T24:00:00Z", None, "bad_time", id="94 hour"),
        pytest.param("2026-01-01T00:00:00+24:00", None, "bad_time", id="94 offset"),
        pytest.param("2026-W01-5", None, "bad_time", id="94 week"),
        pytest.param("2026-01-0१T00:00:00Z", None, "bad_time", id="94 digits"),
        pytest.param("", None, "bad_time", id="94 empty"),
    ],
)
def test_one_text(text, micros, code):
    assert times.read_time(text) == (micros, code)


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_a_number_is_read_by_its_size(factor):
    """Fault 95: seconds, milliseconds, microseconds and nanoseconds since the epoch."""
    assert times.read_epoch(NEW_YEAR // 1_000_000 * factor) == (NEW_YEAR, "epoch_time")


@given(st.floats())
def test_any_number_is_a_moment_that_python_knows_or_none(number):
    micros = times.read_epoch(number).micros
    assert micros is None or times.iso(micros)


@given(st.lists(st.one_of(st.none(), moments(DAYS), st.text(max_size=25)), max_size=4))
def test_many_at_once_are_as_one_by_one(texts):
    together = times.read_times(texts)
    apart = [(None, None) if text is None else times.read_time(text) for text in texts]
    if together is not None:
        assert [(micros, None) for micros in together.cast(pa.int64()).to_pylist()] == apart


def test_many_clean_texts_are_read_at_once():
    assert (
        times.read_times(["2026-01-01T00:00:00Z", None, "2026-01-01T02:00:00.5+02:00"]) is not None
    )


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_iso_writes_is_read_back(moment):
    micros = (moment - times.EPOCH) // times.MICROSECOND
    assert times.read_time(times.iso(micros)) == (micros, None)
    assert datetime.fromisoformat(times.iso(micros)) == moment


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.41, "410 ms"),
        (9.996, "10 s"),
        (41.25, "41.3 s"),
        (59.96, "1 min"),
        (125, "2 min 5 s"),
        (3_599.6, "1 h"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
        (-2, "-2 s"),
    ],
)
def test_spans_in_words(seconds, words):
    assert times.seconds_text(seconds) == words


FIRST_SECOND = -62_135_596_800


@pytest.mark.parametrize(
    ("number", "micros", "code"),
    [
        (10**11 - 1, (10**11 - 1) * 10**6, "epoch_time"),
        (10**11, 10**14, "epoch_time"),
        (-(10**11), -(10**14), "epoch_time"),
        (10**14 - 1, (10**14 - 1) * 1_000, "epoch_time"),
        (10**14, 10**14, "epoch_time"),
        (-(10**14), -(10**14), "epoch_time"),
        (10**17 - 16, 10**17 - 16, "epoch_time"),
        (10**17, 10**14, "epoch_time"),
        (-(10**17), -(10**14), "epoch_time"),
        (10**20 - 16_384, 10**17 - 16, "epoch_time"),
        (10**20, None, "bad_time"),
        (-(10**20), None, "bad_time"),
        (FIRST_SECOND, FIRST_SECOND * 10**6, "epoch_time"),
        (FIRST_SECOND - 1, None, "out_of_range"),
        (-(10**11) + 1, None, "out_of_range"),
        (float("inf"), None, "bad_time"),
        (float("-inf"), None, "bad_time"),
        (float("nan"), None, "bad_time"),
    ],
)
def test_the_unit_of_a_number_changes_at_its_limits_and_nowhere_else(number, micros, code):
    assert times.read_epoch(number) == (micros, code)
