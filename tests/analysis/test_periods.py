"""Summaries period by period: every run is in one of them, and the empty ones are there too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.errors import SchemaError, SettingsError
from agentrun_nb.local.generator import generate
from agentrun_nb.tables.moments import last_moment
from tests.support.analysis import frame, run

HOUR, DAY = 3_600, 86_400


def every_hours() -> pd.DataFrame:
    """12 runs in the first hour of a Monday, one run 3 h later, and one without a created time."""
    first = [
        run(n, "failed" if n == 0 else "succeeded", (60 * n, 60 * n + 1, 60 * n + 5))
        for n in range(12)
    ]
    return frame(
        [*first, run(20, times=(3 * HOUR, 3 * HOUR + 1, 3 * HOUR + 9)), run(30, times=(None, 1, 2))]
    )


def test_there_is_a_row_for_each_period_also_for_the_empty_ones() -> None:
    table = arn.summarize(every_hours(), freq="1h")
    begin = pd.Timestamp("2026-03-02T00:00:00Z")
    assert table["period"].tolist() == [*(begin + pd.Timedelta(hours=n) for n in range(4)), pd.NaT]
    assert table["n"].tolist() == [12, 0, 0, 1, 1]
    assert table["success_rate"].tolist()[:1] == [11 / 12]
    assert table["success_rate"].isna().tolist() == [False, True, True, False, False]
    assert table["notes"].tolist()[1:3] == ["no runs", "no runs"]
    counts = table.select_dtypes("Int64")
    assert (counts.iloc[1:3] == 0).all(axis=None)


@pytest.mark.parametrize("by", [None, "version_id", ["deployment_id", "status"]])
@pytest.mark.parametrize("freq", ["1h", "6h", "1D", "7D", "30D"])
def test_each_row_is_the_summary_of_its_runs_alone(by: Any, freq: str) -> None:
    runs = arn.runs_frame(b"[" + b",".join(generate(120)) + b"]")
    table = arn.summarize(runs, by, freq=freq)
    columns = [by] if isinstance(by, str) else by or []
    assert table["n"].sum() == len(runs)
    assert not table.duplicated([*columns, "period"]).any()
    for _, row in table[table["n"] > 0].iloc[::7].iterrows():
        end = row["period"] + pd.Timedelta(freq)
        chosen = (runs["created_at"] >= row["period"]) & (runs["created_at"] < end)
        for column in columns:
            chosen &= runs[column] == row[column]
        # When all of a table was last looked at is the same moment for each of its parts.
        seen = runs.assign(
            fetched_at=runs["fetched_at"].fillna(
                pd.Timestamp(last_moment(runs), unit="ms", tz="UTC").as_unit("us")
            )
        )
        alone = arn.summarize(seen[chosen]).iloc[0]
        numbers = ["n", "succeeded", "success_rate", "success_low", "before_start_p50"]
        pd.testing.assert_series_equal(row[numbers], alone[numbers], check_names=False)


def test_groups_have_the_same_periods() -> None:
    runs = frame([run(0, version_id="a"), run(1, times=(5 * HOUR, None, None), version_id="b")])
    table = arn.summarize(runs, "version_id", freq="1h")
    assert table.groupby("version_id")["period"].agg(list).map(len).to_dict() == {"a": 6, "b": 6}
    assert table["n"].sum() == 2


@pytest.mark.parametrize(
    ("freq", "begin"),
    [
        ("7D", "2026-03-02"),
        ("W", "2026-03-02"),
        ("1D", "2026-03-05"),
        ("12h", "2026-03-05T12:00"),
        (timedelta(hours=1), "2026-03-05T13:00"),
        (np.timedelta64(7, "D"), "2026-03-02"),
        (np.timedelta64(3_600, "s"), "2026-03-05T13:00"),
    ],
)
def test_weeks_begin_with_a_monday_and_days_at_midnight(freq: Any, begin: str) -> None:
    runs = frame([run(0, times=(3 * DAY + 13 * HOUR + 61, None, None))])
    [period] = arn.summarize(runs, freq=freq)["period"]
    assert period == pd.Timestamp(begin, tz="UTC")


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
)
def test_a_zero_time_is_in_no_period(moment: str) -> None:
    table = arn.summarize(frame([run(0), run(1, created_at=moment)]), freq="1h")
    assert table["n"].tolist() == [1, 1]
    assert table["period"].isna().tolist() == [False, True]


def test_no_runs_have_no_periods_and_the_same_columns() -> None:
    runs = every_hours()
    for by in (None, "version_id"):
        none, some = arn.summarize(runs.iloc[:0], by, freq="1h"), arn.summarize(runs, by, freq="1h")
        assert (none.dtypes == some.dtypes).all()


@pytest.mark.parametrize(
    "freq",
    [
        "",
        "x",
        "1",
        "1M",
        "1 month",
        "0h",
        "-1h",
        "1us",
        1,
        1.5,
        True,
        [1],
        pd.NaT,
        "9" * 40 + "h",
        "NaT",
        np.timedelta64("NaT"),
        np.timedelta64(1, "M"),
        np.timedelta64(1),
        np.timedelta64(10, "ms"),
    ],
)
def test_what_is_no_length_of_time_is_refused(freq: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        arn.summarize(every_hours(), freq=freq)
    assert '"1h"' in caught.value.hint


def test_too_many_periods_are_refused_before_they_are_made() -> None:
    far = frame([run(0), run(1, created_at="9000-01-01T00:00:00Z")])
    with pytest.raises(SettingsError, match="rows"):
        arn.summarize(far, freq="1s")
    with pytest.raises(SchemaError, match="period"):
        arn.summarize(far.assign(period=1), "period", freq="7D")
