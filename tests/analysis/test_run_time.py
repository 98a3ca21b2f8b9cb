"""Run times of two groups: how often a verdict is false, how often a true difference is seen, and in what words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agentrun_nb.analysis.censored_times import Times
from agentrun_nb.analysis.compare import compare
from agentrun_nb.analysis.phase_lengths import Lengths
from agentrun_nb.analysis.run_time import (
    LogRank,
    PairedTimes,
    RunTimes,
    Sample,
    log_rank,
    paired_run_time,
    time_ratio,
)
from agentrun_nb.core.dtypes import TEXT
from tests.support.analysis import TORTURE, assert_rarely_false, frame, run

REPEATS = 10_000 if TORTURE else 300
NEVER = math.inf

Draw = Callable[[np.random.Generator, int], Any]


def exponential(mean: float) -> Draw:
    return lambda rng, n: rng.exponential(mean, n)


def uniform(longest: float) -> Draw:
    return lambda rng, n: rng.uniform(0, longest, n)


def lognormal(spread: float) -> Draw:
    return lambda rng, n: rng.lognormal(2, spread, n)


def whole_seconds(mean: float) -> Draw:
    return lambda rng, n: np.ceil(rng.exponential(mean, n))


def unwatched(rng: np.random.Generator, n: int) -> Any:
    return np.full(n, NEVER)


def times(long: Any, watched: Any) -> Times:
    return Times(np.minimum(long, watched), long <= watched)


def together(before: Times, after: Times, inputs: Any = None) -> Sample:
    sizes = [len(before.seconds), len(after.seconds)]
    return Sample(
        np.concatenate([before.seconds, after.seconds]),
        np.concatenate([before.ended, after.ended]),
        np.repeat([False, True], sizes),
        np.arange(sum(sizes)) if inputs is None else inputs,
    )


def direction(before: Times, after: Times, sample: Sample) -> int:
    return RunTimes(before, after, sample, sample.ended).direction()


def paired(before: pd.DataFrame, after: pd.DataFrame) -> PairedTimes:
    """The times by input of two groups of runs that have all ended."""

    def lengths(group: pd.DataFrame) -> Lengths:
        seconds = (group["completed_at"] - group["started_at"]).dt.total_seconds().to_numpy()
        every = np.ones(len(group), bool)
        return Lengths.exact("run time", Times(seconds, every, 0, every, every))

    return PairedTimes.of((before, after), (lengths(before), lengths(after)))


def test_the_log_rank_test_of_freireichs_remissions() -> None:
    """Freireich 1963: chi-squared is 16.79, with 9 ends for 19.25 expected under treatment."""
    treated = times(
        np.array([6, 6, 6, 7, 10, 13, 16, 22, 23, *[NEVER] * 12]),
        np.array([*[40] * 9, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]),
    )
    placebo = np.array(
        [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], dtype=float
    )
    found = log_rank(together(times(placebo, NEVER), treated))
    assert found.excess == pytest.approx(9 - 19.25, abs=0.005)
    quantile_of_40 = 2.0210754
    assert (found.excess / found.margin * quantile_of_40) ** 2 == pytest.approx(16.79, abs=0.005)


EQUAL: dict[str, tuple[int, int, Draw, Draw, Draw]] = {
    # runs before and after, how long they take, and until when each side is watched
    "10 of each": (10, 10, exponential(10), unwatched, unwatched),
    "20 of each": (20, 20, exponential(10), unwatched, unwatched),
    "20, a third still going": (20, 20, exponential(10), uniform(33), uniform(33)),
    "20, most still going": (20, 20, exponential(10), uniform(7.6), uniform(7.6)),
    "a new version": (60, 30, lognormal(1), uniform(60), uniform(8)),
    "10 against 60": (10, 60, lognormal(0.5), unwatched, unwatched),
    "whole seconds": (50, 50, whole_seconds(3), unwatched, unwatched),
    "60 of each": (60, 60, lognormal(1), uniform(40), uniform(40)),
}


@pytest.mark.timeout(1_800)
def test_equal_times_rarely_get_a_verdict() -> None:
    rng = np.random.default_rng(31)
    false = dict.fromkeys(EQUAL, 0)
    for name, (n, m, long, watched_before, watched_after) in EQUAL.items():
        for _ in range(REPEATS):
            a, b = (
                times(long(rng, n), watched_before(rng, n)),
                times(long(rng, m), watched_after(rng, m)),
            )
            false[name] += direction(a, b, together(a, b)) != 0
    print(false)
    assert_rarely_false(false, REPEATS)


@pytest.mark.timeout(1_800)
def test_equal_times_of_few_inputs_that_differ_rarely_get_a_verdict() -> None:
    """Runs of one input take alike long: 200 runs of 10 inputs are not 200 inputs."""
    rng = np.random.default_rng(32)
    designs = {
        # inputs of each group, runs of each, how much of the spread is between inputs, whether both run the same
        "10 inputs 20 times": (10, 10, 20, 20, 0.7, False),
        "20 inputs 10 times": (20, 20, 10, 10, 0.3, False),
        "independent": (10, 10, 20, 20, 0.0, False),
        "repeated against single": (10, 100, 20, 1, 0.5, False),
        "the same inputs": (10, 10, 20, 20, 0.7, True),
    }
    false = dict.fromkeys(designs, 0)
    for name, (n, m, runs_before, runs_after, alike, same) in designs.items():
        for _ in range(REPEATS):
            centres = [math.sqrt(alike) * rng.normal(size=size) for size in (n, m)]
            centres = [
                np.repeat(centres[0], runs_before),
                np.repeat(centres[0 if same else 1], runs_after),
            ]
            inputs = [
                np.repeat(np.arange(n), runs_before),
                np.repeat(np.arange(m) + (0 if same else n), runs_after),
            ]
            a, b = (
                times(np.exp(centre + math.sqrt(1 - alike) * rng.normal(size=len(centre))), NEVER)
                for centre in centres
            )
            false[name] += direction(a, b, together(a, b, np.concatenate(inputs))) != 0
    print(false)
    assert_rarely_false(false, REPEATS)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("long", [exponential(10), lognormal(1)], ids=["exponential", "lognormal"])
def test_a_doubling_is_seen_almost_as_often_as_by_the_log_rank_test(long: Draw) -> None:
    rng = np.random.default_rng(33)
    seen, plain = 0, 0
    for _ in range(REPEATS):
        a, b = times(long(rng, 20), NEVER), times(2 * long(rng, 20), NEVER)
        sample = together(a, b)
        seen += direction(a, b, sample) == 1
        test = log_rank(sample)
        # The test as in books, with the quantile of the normal distribution instead of t's with 38 degrees of freedom.
        plain += test.excess < -test.margin * 1.959964 / 2.024394
    print({"verdict": seen / REPEATS, "log-rank test": plain / REPEATS})
    assert plain / REPEATS > 0.45
    assert seen >= plain - 0.08 * REPEATS


@pytest.mark.timeout(1_800)
def test_the_interval_of_a_ratio_holds_the_truth_95_times_in_100() -> None:
    rng = np.random.default_rng(34)
    repeats = 2_000 if TORTURE else 100
    shares = {}
    designs = {
        "20": (20, exponential(10), unwatched),
        "60": (60, lognormal(1), unwatched),
        "watched": (60, exponential(10), uniform(33)),
    }
    for name, (n, long, watch) in designs.items():
        covered = 0
        for _ in range(repeats):
            watched = watch(rng, 2 * n)
            a, b = times(long(rng, n), watched[:n]), times(1.7 * long(rng, n), watched[n:])
            found = time_ratio(together(a, b))
            covered += not (found.low > 1.7 or found.high < 1.7)
            assert not found.low > found.value > found.high
        shares[name] = covered / repeats
    print(shares)
    assert abs(np.mean(list(shares.values())) - 0.95) <= (0.01 if TORTURE else 0.03), shares


def test_a_ratio_of_whole_seconds_is_exact_where_all_times_are_equal() -> None:
    three, five = times(np.full(50, 3.0), NEVER), times(np.full(50, 5.0), NEVER)
    found = time_ratio(together(three, five))
    assert (found.value, found.low, found.high) == pytest.approx((5 / 3,) * 3)
    assert time_ratio(together(five, three)).value == pytest.approx(3 / 5)


def test_a_group_that_does_not_end_is_at_least_so_many_times_slower() -> None:
    ended, going = (
        times(np.linspace(8, 12, 200), NEVER),
        times(np.full(200, NEVER), np.full(200, 3_600.0)),
    )
    found = time_ratio(together(ended, going))
    assert math.isnan(found.value)
    assert math.isnan(found.high)
    assert 3_600 / 12 < found.low < 3_600 / 8


def test_a_log_rank_test_of_one_input_on_each_side_says_nothing() -> None:
    a, b = times(np.linspace(1, 2, 50), NEVER), times(np.linspace(11, 12, 50), NEVER)
    assert direction(a, b, together(a, b, np.repeat([0, 1], 50))) == 0
    assert direction(a, b, together(a, b, np.zeros(100, dtype=int))) == 1
    assert isinstance(log_rank(together(a, b)), LogRank)


def records(version: str, status: str, seconds: Any, first: int = 0) -> list[Any]:
    """A run each of inputs from the first on; None: it still goes on."""
    return [
        run(
            number,
            status,
            (0, 1, None if long is None else 1 + float(long)),
            version_id=version,
            input={"n": number},
        )
        for number, long in enumerate(seconds, first)
    ]


def run_time(records: list[Any], later: float = 0) -> pd.Series[Any]:
    """The row of a comparison of a and b, of which the service speaks until some seconds later."""
    queued = run(0, "queued", (later, None, None), version_id="c")
    return (
        compare(frame([*records, queued]), "a", "b").set_index("measure").loc["median run time (s)"]
    )


RNG = np.random.default_rng(35)
AROUND_TEN = 10 * RNG.lognormal(0, 0.3, 100)

WORDS = {
    "still going after an hour": (
        [*records("a", "succeeded", AROUND_TEN), *records("b", "running", [None] * 100)],
        "b is slower",
    ),
    "the other way round": (
        [*records("a", "running", [None] * 100), *records("b", "succeeded", AROUND_TEN)],
        "b is faster",
    ),
    "whole seconds": (
        [*records("a", "succeeded", [3] * 50), *records("b", "succeeded", [5] * 50)],
        "b is slower",
    ),
    "no time at all": (
        [*records("a", "succeeded", [0] * 50), *records("b", "succeeded", [1] * 50)],
        "b is slower",
    ),
    "fails at once, else slower": (
        [
            *records("a", "succeeded", AROUND_TEN),
            *records("b", "failed", 0.1 + RNG.random(70) / 10),
            *records("b", "succeeded", 2 * AROUND_TEN[:30], first=70),
        ],
        "b ends sooner",
    ),
    "fails at once, else the same": (
        [
            *records("a", "succeeded", AROUND_TEN),
            *records("b", "failed", 0.1 + RNG.random(70) / 10),
            *records("b", "succeeded", AROUND_TEN[70:], first=70),
        ],
        "b ends sooner",
    ),
    "fails at once no more": (
        [
            *records("a", "timed_out", 0.1 + RNG.random(70) / 10),
            *records("a", "succeeded", AROUND_TEN[70:], first=70),
            *records("b", "succeeded", AROUND_TEN),
        ],
        "b ends later",
    ),
    "is cancelled early": (
        [
            *records("a", "succeeded", AROUND_TEN),
            *records("b", "cancelled", 0.1 + RNG.random(100) / 10),
        ],
        "b ends sooner",
    ),
    "some fail, and all is slower": (
        [
            *records("a", "succeeded", AROUND_TEN[:90]),
            *records("a", "failed", AROUND_TEN[90:], first=90),
            *records("b", "succeeded", 2 * AROUND_TEN[:90]),
            *records("b", "failed", 2 * AROUND_TEN[90:], first=90),
        ],
        "b is slower",
    ),
    "the same": (
        [*records("a", "succeeded", [2] * 50), *records("b", "succeeded", [2] * 50)],
        "no difference seen",
    ),
    "all still going": (
        [*records("a", "running", [None] * 50), *records("b", "running", [None] * 50)],
        "not enough data",
    ),
}


@pytest.mark.parametrize("case", WORDS)
def test_the_words_say_what_was_measured(case: str) -> None:
    """A version whose runs fail at once is not fast: only of what succeeds is it said to be faster or slower."""
    found, verdict = WORDS[case]
    assert run_time(found, later=3_600)["verdict"] == verdict


def test_a_run_time_that_is_not_reached_is_bounded_from_below() -> None:
    row = run_time(WORDS["still going after an hour"][0], later=3_600)
    assert pd.isna(row["b"])
    assert pd.isna(row["high"])
    assert 3_580 < row["low"] < 3_592
    assert row["ratio_low"] > 100


def test_any_numbers_of_runs_are_as_likely_to_be_slower_as_faster() -> None:
    """One run against two of skewed times, of which the mean of two is mostly above the one."""
    rng = np.random.default_rng(36)
    repeats, false = (2_000 if TORTURE else 100), 0
    for _ in range(repeats):
        groups = []
        for runs in (1, 2):
            started = pd.Timestamp("2026-03-02", tz="UTC")
            keys = np.repeat([f"{n}" for n in range(100)], runs)
            group = pd.DataFrame(
                {"input_key": keys, "status": "succeeded", "mode": "job", "started_at": started}
            )
            group["completed_at"] = started + pd.to_timedelta(
                rng.lognormal(2, 2, len(keys)), unit="s"
            )
            groups.append(group.assign(fetch_error=pd.Series(pd.NA, group.index, TEXT)))
        between = paired_run_time(paired(*groups)).between
        false += between.low > 0 or between.high < 0
    print(false / repeats)
    assert_rarely_false({"1 against 2": int(false)}, repeats)


def test_a_paired_run_time_is_that_of_what_succeeded() -> None:
    runs = [
        *records("a", "succeeded", [10] * 20),
        *records("b", "succeeded", [20] * 20),
        *records("b", "failed", [0.1] * 20),
        *records("b", "timed_out", [1] * 20, first=20),
    ]
    row = compare(frame(runs), "a", "b").set_index("measure").loc["paired run time (s)"]
    assert row[["n_a", "a", "b", "verdict"]].tolist() == [20, 10, 20, "b is slower"]


@pytest.mark.parametrize("n", [*range(0, 31), 100])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_the_interval_of_paired_run_times_is_the_narrowest_that_holds_the_truth_often_enough(
    n: int, level: float
) -> None:
    """Between the differences at equal places from both ends; the binomial numbers are summed by hand."""
    rng = np.random.default_rng(n)
    differences = rng.permutation(np.arange(1.0, n + 1) ** 2)
    started = pd.Timestamp("2026-03-02", tz="UTC")
    group = pd.DataFrame(
        {"input_key": [str(key) for key in range(n)], "status": "succeeded", "mode": "job"}
    )
    group["fetch_error"] = pd.Series(pd.NA, group.index, TEXT)
    before, after = (
        group.assign(started_at=started, completed_at=started + pd.to_timedelta(seconds, unit="s"))
        for seconds in (np.full(n, 10.0), 10.0 + differences)
    )
    outside = [
        2 * sum(math.comb(n, wins) for wins in range(place)) / 2**n for place in range(n // 2 + 1)
    ]
    place = max(place for place, share in enumerate(outside) if share <= 1 - level)
    ordered = sorted(differences)
    between = paired_run_time(paired(before, after), level).between
    if place == 0:
        assert np.isnan([between.low, between.high]).all()
    else:
        assert [between.low, between.high] == pytest.approx(
            [ordered[place - 1], ordered[n - place]]
        )
