"""Summaries of groups of runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.analysis.outcomes import OutcomeCodes
from agentrun_nb.analysis.summarize import summarize
from agentrun_nb.core.schema import RUNS
from agentrun_nb.errors import SchemaError
from agentrun_nb.local.generator import generate
from agentrun_nb.tables.frames import concat, runs_frame
from tests.support.analysis import frame, run

OUTCOMES = [
    *["succeeded"] * 12, *["failed"] * 3, "timed_out", "cancelled", "running", "queued", "waiting_for_input", None,
]  # fmt: skip


def mixed() -> pd.DataFrame:
    runs = frame([run(number, status) for number, status in enumerate(OUTCOMES)])
    lost = runs.tail(1).assign(
        id="lost", fetch_error="not_found: There is no such run.", status=None, version_id=None
    )
    return concat([runs, arn.runs_frame(lost)])


def test_every_run_is_counted_once_and_what_is_odd_is_named() -> None:
    row = summarize(mixed()).iloc[0]
    counts = [
        "succeeded",
        "failed",
        "cancelled",
        "timed_out",
        "not_ended",
        "not_fetched",
        "no_status",
        "unknown_status",
    ]
    assert row[counts].tolist() == [12, 3, 1, 1, 2, 1, 1, 1]
    assert row["n"] == row[counts].sum() == 22
    for name in (
        "not fetched: not_found: 1",
        "no status: 1",
        "unknown status: waiting_for_input: 1",
    ):
        assert name in row["notes"]


def test_cancelled_and_unended_runs_say_nothing_about_success() -> None:
    row = summarize(mixed()).iloc[0]
    assert row["success_rate"] == 12 / 16
    assert row["success_low"] < 0.75 < row["success_high"]


def test_groups_add_up_and_rows_without_a_value_are_one_of_them() -> None:
    by_version = summarize(mixed(), by="version_id")
    assert by_version["n"].tolist() == [21, 1]
    assert by_version["version_id"].isna().tolist() == [False, True]
    by_two = summarize(mixed(), by=["status", "version_id"])
    assert by_two["n"].sum() == 22
    assert list(by_two.columns[:2]) == ["status", "version_id"]


def test_too_few_and_not_reached_are_said() -> None:
    few = summarize(frame([run(number) for number in range(9)])).iloc[0]
    assert pd.isna(few["after_start_p50"])
    assert "after start: too few (9 of 9 seen to the end)" in few["notes"]
    ended = [run(number, times=(0, 1, 2)) for number in range(12)]
    going = [run(20 + number, "running", (0, 1, None)) for number in range(6)]
    row = summarize(frame([*ended, *going, run(50, times=(0, 1, 10))])).iloc[0]
    assert row["after_start_p50"] == 1
    assert pd.isna(row["after_start_p90"])
    assert "after_start_p90 not reached (13 of 19 seen to the end)" in row["notes"]


@pytest.mark.parametrize("by", [None, "version_id", ["mode", "status"]])
@pytest.mark.parametrize("rows", [0, 1, 22])
def test_the_columns_are_the_same_for_any_number_of_runs(
    by: str | list[str] | None, rows: int
) -> None:
    found, full = summarize(mixed().head(rows), by=by), summarize(mixed(), by=by)
    assert found.columns.equals(full.columns)
    measures = full.columns.drop(["version_id", "mode", "status"], errors="ignore")
    assert found[measures].dtypes.equals(full[measures].dtypes)
    assert len(found) >= (by is None)


def test_a_version_number_stands_beside_its_id() -> None:
    runs = mixed().assign(version_number=3)
    assert list(summarize(runs, by="version_id").columns[:2]) == ["version_id", "version_number"]


def test_a_column_that_is_not_there_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(SchemaError, match="version_id"):
        summarize(mixed(), by="versionid")


def test_twenty_thousand_runs_are_summarized_as_pandas_counts_them() -> None:
    runs = runs_frame(b"[" + b",".join(generate(20_000)) + b"]")
    found = summarize(runs, by="version_id").set_index("version_id")
    seconds = (runs["completed_at"] - runs["started_at"]).dt.total_seconds()
    for version, group in seconds.groupby(runs["version_id"]):
        ordered = group.dropna().sort_values().reset_index(drop=True)
        assert found.loc[version, "after_start_p50"] == pytest.approx(
            ordered[(len(ordered) + 1) // 2 - 1], abs=1e-9
        )
        for name, share in (("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
            expected = np.quantile(ordered, share, method="inverted_cdf")
            assert found.loc[version, f"after_start_{name}"] == pytest.approx(expected, abs=1e-9)
    assert found["succeeded"].sum() == (runs["status"] == "succeeded").sum()


def test_groups_may_be_a_series_or_columns_and_series() -> None:
    runs = mixed()
    hours = pd.Series([0, 1] * 11, runs.index, name="hour")
    assert summarize(runs, by=hours)["n"].tolist() == [11, 11]
    assert summarize(runs, by=hours.sample(frac=1, random_state=1))["n"].tolist() == [11, 11]
    assert list(summarize(runs, by=["version_id", hours, "version_id"]).columns[:2]) == [
        "version_id",
        "hour",
    ]
    assert summarize(runs, by=hours.rename(None)).columns[0] == "group"


@pytest.mark.parametrize(
    "wrong", [7, ["mode", 7], "n", "Status", pd.Series([1, 2]), [["mode"]], {"x": 1}, b"mode"]
)
def test_what_cannot_be_grouped_by_is_a_sentence(wrong: object) -> None:
    with pytest.raises(SchemaError):
        summarize(mixed().assign(n=1), by=wrong)


def test_runs_that_stand_more_than_once_are_said_to_in_their_group() -> None:
    runs = frame([run(number, version_id=f"v{number % 2}") for number in range(4)])
    assert "more than once" not in summarize(runs)["notes"].iloc[0]
    twice = summarize(pd.concat([runs, runs.iloc[[0, 2]]], ignore_index=True), by="version_id")[
        "notes"
    ]
    assert "2 runs stand here more than once" in twice.iloc[0]
    assert "more than once" not in twice.iloc[1]


def test_a_group_costs_no_pass_over_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outcomes and times of all runs are found at once, whatever the number of groups."""
    calls: list[int] = []
    real = OutcomeCodes.of
    monkeypatch.setattr(OutcomeCodes, "of", lambda runs: calls.append(len(runs)) or real(runs))
    runs = frame([run(number, version_id=f"v{number}") for number in range(200)])
    assert len(summarize(runs, by="version_id")) == 200
    assert 0 < len(calls) <= 4


COLUMNS = [column.name for column in RUNS.columns]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_series_with_the_name_of_a_column_groups_and_changes_no_number(name: str) -> None:
    """Such as `runs["created_at"].dt.hour`, which pandas calls `created_at`."""
    runs = mixed()
    parts = pd.Series(range(len(runs)), runs.index) % 2
    for options in ({}, {"freq": "1D"}, {"within": "5m"}, {"phase": "before_start"}):
        found = summarize(runs, by=parts.rename(name), **options)
        expected = summarize(runs, by=parts.rename("half"), **options)
        pd.testing.assert_frame_equal(found.rename(columns={name: "half"}), expected)


@pytest.mark.parametrize("values", [[[1]], [{"a": 1}], [{1}]], ids=repr)
def test_lists_and_objects_are_no_groups(values: list[object]) -> None:
    runs = mixed()
    column = pd.Series(values * len(runs), runs.index, name="tags")
    for given, by in ((runs, column), (runs.assign(tags=column), "tags")):
        with pytest.raises(SchemaError, match="grouped by 'tags'") as caught:
            summarize(given, by=by)
        assert caught.value.hint
