"""The share of runs that end within a time: exact where every end was seen, honest where not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import agentrun_nb as arn
from agentrun_nb.analysis.estimates import Times, share_within
from agentrun_nb.errors import SettingsError
from tests.support.analysis import frame, run

RANDOM = np.random.default_rng(5)


def kaplan_meier(seconds: Any, ended: Any, at: float) -> float:
    """The share that ended by then, written out run by run."""
    left = 1.0
    for moment in sorted(set(seconds[ended & (seconds <= at)])):
        at_risk = np.count_nonzero(seconds >= moment)
        left *= 1 - np.count_nonzero(ended & (seconds == moment)) / at_risk
    return 1 - left


@pytest.mark.parametrize("at", [0, 1, 2.5, 10, 19, 20, 10_000])
def test_where_every_end_was_seen_it_is_the_exact_binomial_interval(at: float) -> None:
    seconds = np.arange(1.0, 21)
    found = share_within(Times(seconds, np.ones(20, bool)), at)
    count = int(np.count_nonzero(seconds <= at))
    exact = stats.binomtest(count, 20).proportion_ci(0.95, "exact")
    assert found.value == pytest.approx(count / 20)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_with_runs_that_go_on_it_is_the_estimate_of_kaplan_and_meier(seed: int) -> None:
    draw = np.random.default_rng(seed)
    took, watched = draw.exponential(10, 60).round(1), draw.uniform(5, 30, 60).round(1)
    seconds, ended = np.minimum(took, watched), took <= watched
    for at in (0.5, 3, 8, 15):
        found = share_within(Times(seconds, ended), at)
        assert found.value == pytest.approx(kaplan_meier(seconds, ended, at))
        assert found.low <= found.value <= found.high


def test_its_interval_holds_the_truth_95_times_in_100() -> None:
    held = 0
    for _ in range(400):
        took, watched = RANDOM.exponential(10, 40), RANDOM.uniform(2, 40, 40)
        found = share_within(Times(np.minimum(took, watched), took <= watched), 6.0)
        held += found.low <= 1 - np.exp(-0.6) <= found.high
    # It is an interval of at least 95 %: a little more is expected, and no less.
    assert stats.binomtest(held, 400, 0.95, "less").pvalue > 0.01
    assert held < 400


def going(count: int) -> list[Any]:
    """Runs of 5 s, and as many that were last seen going on after 8 s."""
    ended = [run(n, times=(0, 1, 6)) for n in range(count)]
    live = [run(100 + n, "running", (0, 1, None)) for n in range(count)]
    return [*ended, *live, run(300, "queued", (9, None, None))]


def test_beyond_what_was_watched_there_is_a_lower_bound_alone() -> None:
    runs = frame(going(20))
    known, beyond = (arn.summarize(runs, within=at).iloc[0] for at in (8, 60))
    assert known["within"] == 0.5
    assert pd.isna(beyond["within"])
    assert pd.isna(beyond["within_high"])
    assert beyond["within_low"] == known["within_low"] > 0.3


@pytest.mark.parametrize("within", ["5s", 5, 5.0, timedelta(seconds=5)])
def test_a_time_is_seconds_a_text_or_a_timedelta(within: Any) -> None:
    table = arn.summarize(frame(going(20)), "version_id", within=within)
    assert table["within"].tolist() == [0.5]
    assert list(table.columns[-4:]) == ["within", "within_low", "within_high", "notes"]


def test_it_goes_with_periods_and_without_runs() -> None:
    runs = frame([run(0), run(1, times=(7_300, 7_301, 7_302))])
    table = arn.summarize(runs, within="1s", freq="1h")
    assert table["within"].fillna(-1).tolist() == [1, -1, 1]
    empty = arn.summarize(runs.iloc[:0], within="1s")
    assert empty["within"].isna().tolist() == [True]
    assert (empty.dtypes == arn.summarize(runs, within="1s").dtypes).all()


@pytest.mark.parametrize("within", ["soon", -1, True, [5], "5 parsecs", float("nan")])
def test_what_is_no_length_of_time_is_refused(within: Any) -> None:
    with pytest.raises(SettingsError, match="within="):
        arn.summarize(frame(going(1)), within=within)
