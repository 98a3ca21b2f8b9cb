"""The share of runs that end within a time: exact where every end was seen, honest where not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import agentrun_nb as arn
from agentrun_nb.analysis.censored_times import Times
from agentrun_nb.analysis.survival import share_within
from agentrun_nb.errors import SettingsError
from tests.support.analysis import TORTURE, assert_rarely_false, frame, run

REPEATS = 10_000 if TORTURE else 100


def kaplan_meier(seconds: Any, ended: Any, at: float) -> float:
    """The share that ended by then, written out run by run."""
    left = 1.0
    for moment in sorted(set(seconds[ended & (seconds <= at)])):
        at_risk = np.count_nonzero(seconds >= moment)
        left *= 1 - np.count_nonzero(ended & (seconds == moment)) / at_risk
    return 1 - left


@pytest.mark.parametrize("at", [0, 1, 2.5, 10, 19, 20, 10_000])
def test_where_every_end_was_seen_it_is_the_mid_p_binomial_interval(at: float) -> None:
    """Lancaster 1961: half of the chance of what was seen counts as more extreme."""
    seconds = np.arange(1.0, 21)
    found = share_within(Times(seconds, np.ones(20, bool)), at)
    count = int(np.count_nonzero(seconds <= at))

    def excess(share: float, chance: float) -> float:
        fewer, same = stats.binom.cdf(count - 1, 20, share), stats.binom.pmf(count, 20, share)
        return float(fewer + same / 2 - chance)

    low = optimize.brentq(excess, 0, 1, 0.975) if count else 0
    high = optimize.brentq(excess, 0, 1, 0.025) if count < 20 else 1
    assert found.value == pytest.approx(count / 20)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_with_runs_that_go_on_it_is_the_estimate_of_kaplan_and_meier(seed: int) -> None:
    draw = np.random.default_rng(seed)
    took, watched = draw.exponential(10, 60).round(1), draw.uniform(5, 30, 60).round(1)
    seconds, ended = np.minimum(took, watched), took <= watched
    for at in (0.5, 3, 8, 15):
        found = share_within(Times(seconds, ended), at)
        assert found.value == pytest.approx(kaplan_meier(seconds, ended, at))
        assert found.low <= found.value <= found.high


def exponential(rng: np.random.Generator, n: int) -> Any:
    return rng.exponential(10, n)


def whole_seconds(rng: np.random.Generator, n: int) -> Any:
    return np.ceil(rng.exponential(3, n))


def skewed(rng: np.random.Generator, n: int) -> Any:
    return rng.lognormal(2, 2, n)


DESIGNS = {
    # runs, how long they take, until when they are watched at most, and the time that is asked for
    "10 runs": (10, exponential, np.inf, 7.0),
    "10 runs, few within": (10, exponential, np.inf, 1.0),
    "20 runs, a third going on": (20, exponential, 33.0, 5.0),
    "40 runs, two thirds going on": (40, exponential, 12.0, 6.0),
    "40 runs, nearly all within": (40, exponential, np.inf, 30.0),
    "whole seconds": (60, whole_seconds, 9.0, 3.0),
    "skewed": (60, skewed, 60.0, 20.0),
    "200 runs, half going on": (200, exponential, 15.0, 8.0),
}


@pytest.mark.timeout(1_800)
def test_its_interval_holds_the_truth_95_times_in_100() -> None:
    """An end that is not given is open, and holds all that is beyond."""
    truths = {
        exponential: lambda at: 1 - np.exp(-at / 10),
        whole_seconds: lambda at: 1 - np.exp(-at / 3),
        skewed: lambda at: stats.norm.cdf((np.log(at) - 2) / 2),
    }
    rng = np.random.default_rng(5)
    false = dict.fromkeys(DESIGNS, 0)
    for name, (n, long, longest, at) in DESIGNS.items():
        truth = truths[long](at)
        for _ in range(REPEATS):
            took = long(rng, n)
            watched = rng.uniform(0, longest, n) if longest < np.inf else np.full(n, np.inf)
            found = share_within(Times(np.minimum(took, watched), took <= watched), at)
            false[name] += found.low > truth or found.high < truth
    print({name: 1 - count / REPEATS for name, count in false.items()})
    assert_rarely_false(false, REPEATS)
    covered = 1 - np.mean([*false.values()]) / REPEATS
    assert 0.93 <= covered <= (0.97 if TORTURE else 0.98)


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
