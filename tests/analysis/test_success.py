"""Success of two groups: how often a verdict is false, and how often a true difference is seen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from agentrun_nb.analysis.compare import compare
from agentrun_nb.analysis.estimates import Contrast
from agentrun_nb.analysis.success import SuccessCounts, paired_success, success_rates
from tests.support.analysis import TORTURE, assert_rarely_false, frame, run

REPEATS = 10_000 if TORTURE else 300

Runs = tuple[int, int]
"""Each input is run at least and at most so many times."""


def tally(
    rng: np.random.Generator, chances: Any, runs: Runs, before: int = 0, behind: int = 0
) -> SuccessCounts:
    """Draws the successes of inputs with these chances; before and behind stand those of the other group alone."""
    counts = rng.integers(runs[0], runs[1] + 1, len(chances)).astype(float)
    successes = rng.binomial(counts.astype(int), chances).astype(float)
    return SuccessCounts(np.pad(counts, (before, behind)), np.pad(successes, (before, behind)))


def chances(rng: np.random.Generator, n: int, mean: float, alike: float) -> Any:
    """The chance of each of n inputs to succeed; at alike = 1 an input always or never does."""
    if alike == 0:
        return np.full(n, mean)
    spread = 1 / alike - 1
    return rng.beta(mean * spread, (1 - mean) * spread, n)


def claims(found: Contrast) -> bool:
    return found.between.low > 0 or found.between.high < 0


def answers(found: Contrast) -> bool:
    """Whether there is an interval, so that the verdict is not `not enough data`."""
    return not math.isnan(found.between.low) and not math.isnan(found.between.high)


def print_shares(answered: dict[str, int], false: dict[str, int]) -> None:
    """Prints the share of answers and of false verdicts of each design, in percent."""
    for name, count in answered.items():
        share, wrong = 100 * count / REPEATS, 100 * false[name] / REPEATS
        print(f"{name}: answered {share:.1f} %, false {wrong:.2f} %")


PAIRED = {
    # inputs, runs of each before and after, mean chance, how alike the runs of an input are
    "one against five": (100, (1, 1), (5, 5), 0.9, 0.0),
    "one against five, 10 inputs": (10, (1, 1), (5, 5), 0.9, 0.0),
    "one against twenty, few fail": (10, (1, 1), (20, 20), 0.97, 0.0),
    "two against three": (20, (2, 2), (3, 3), 0.9, 0.3),
    "any numbers": (30, (1, 9), (1, 3), 0.8, 0.3),
    "twenty each, hard and easy inputs": (10, (20, 20), (20, 20), 0.5, 0.6),
    "one to one": (60, (1, 1), (1, 1), 0.9, 0.3),
    "almost one to one": (40, (1, 1), (1, 2), 0.9, 0.1),
}


@pytest.mark.timeout(1_800)
def test_pairs_of_equal_success_rarely_get_a_verdict() -> None:
    """Whatever the numbers of runs of an input: the higher mean of a few runs is no win."""
    rng = np.random.default_rng(11)
    false, answered = dict.fromkeys(PAIRED, 0), dict.fromkeys(PAIRED, 0)
    for name, (n, before, after, mean, alike) in PAIRED.items():
        for _ in range(REPEATS):
            inputs = chances(rng, n, mean, alike)
            found = paired_success(tally(rng, inputs, before), tally(rng, inputs, after))
            false[name] += claims(found)
            answered[name] += answers(found)
    print_shares(answered, false)
    assert_rarely_false(false, REPEATS)


@pytest.mark.timeout(1_800)
def test_a_version_that_is_better_on_some_inputs_and_worse_on_others_rarely_gets_a_verdict() -> (
    None
):
    """Inputs that differ both ways say nothing of other inputs, however often each of them is run."""
    rng = np.random.default_rng(12)
    designs = {
        "10 inputs 20 times": (10, 20, 0.3),
        "20 inputs 5 times": (20, 5, 0.4),
        "10, 100 times": (10, 100, 0.1),
    }
    false, answered = dict.fromkeys(designs, 0), dict.fromkeys(designs, 0)
    for name, (n, times, gain) in designs.items():
        for _ in range(REPEATS):
            after = 0.5 + gain * rng.choice([-1, 1], n)
            a, b = tally(rng, np.full(n, 0.5), (times, times)), tally(rng, after, (times, times))
            found = paired_success(a, b)
            false[name] += claims(found)
            answered[name] += answers(found)
    print_shares(answered, false)
    assert_rarely_false(false, REPEATS)


UNPAIRED = {
    # per group: inputs, runs of each; then the mean chance and how alike the runs of an input are
    "10 inputs 20 times each": ((10, (20, 20)), (10, (20, 20)), 0.7, 0.5),
    "few fail": ((10, (20, 20)), (10, (20, 20)), 0.97, 0.2),
    "mostly one input fails": ((10, (20, 20)), (10, (20, 20)), 0.9, 0.8),
    "any numbers": ((20, (1, 40)), (20, (1, 40)), 0.8, 0.3),
    "repeated against single": ((10, (20, 20)), (200, (1, 1)), 0.9, 0.3),
    "independent": ((10, (20, 20)), (10, (20, 20)), 0.5, 0.0),
    "few against many": ((10, (20, 20)), (50, (20, 20)), 0.8, 0.3),
    "once each": ((200, (1, 1)), (200, (1, 1)), 0.9, 0.5),
}


@pytest.mark.timeout(1_800)
def test_groups_of_different_inputs_of_equal_success_rarely_get_a_verdict() -> None:
    """Runs of one input are alike: 200 runs of 10 inputs are not 200 inputs."""
    rng = np.random.default_rng(13)
    false, answered = dict.fromkeys(UNPAIRED, 0), dict.fromkeys(UNPAIRED, 0)
    for name, (before, after, mean, alike) in UNPAIRED.items():
        for _ in range(REPEATS):
            a = tally(rng, chances(rng, before[0], mean, alike), before[1], behind=after[0])
            b = tally(rng, chances(rng, after[0], mean, alike), after[1], before=before[0])
            found = success_rates(a, b)
            false[name] += claims(found)
            answered[name] += answers(found)
    print_shares(answered, false)
    assert_rarely_false(false, REPEATS)


@pytest.mark.timeout(1_800)
def test_a_lower_success_is_seen_almost_as_often_as_by_the_pooled_score_test() -> None:
    """The score test takes all runs as independent, which they are here: no valid test sees more."""
    rng = np.random.default_rng(14)
    designs = {"100 inputs, 1 against 5": (100, 1, 5, 0.9), "30 inputs, 5 each": (30, 5, 5, 0.9)}
    for name, (n, before, after, mean) in designs.items():
        seen = dict.fromkeys(["paired", "all runs", "score test"], 0)
        for _ in range(REPEATS):
            a, b = (
                tally(rng, np.full(n, chance), (runs, runs))
                for chance, runs in ((mean, before), (mean - 0.13, after))
            )
            pooled = (a.successes.sum() + b.successes.sum()) / (a.n + b.n)
            error = math.sqrt(pooled * (1 - pooled) * (1 / a.n + 1 / b.n))
            seen["paired"] += claims(paired_success(a, b))
            seen["all runs"] += claims(success_rates(a, b))
            seen["score test"] += abs(b.share - a.share) > 1.96 * error
        print(name, {test: count / REPEATS for test, count in seen.items()})
        assert seen["score test"] / REPEATS > 0.6
        assert min(seen.values()) >= seen["score test"] - 0.1 * REPEATS, (name, seen)


def test_two_hundred_runs_of_ten_inputs_are_said_to_be_that() -> None:
    rng = np.random.default_rng(15)
    records = [
        run(
            0,
            "succeeded" if rng.random() < 0.8 else "failed",
            id=f"{version}-{n}",
            version_id=version,
            input={"n": version + str(n % 10)},
        )
        for version in "ab"
        for n in range(200)
    ]
    found = compare(frame(records), "a", "b").set_index("measure").loc["success rate"]
    assert found["notes"] == "200 runs of 10 inputs against 200 runs of 10 inputs"
    alone = compare(
        frame([{**record, "input": {"n": n}} for n, record in enumerate(records)]), "a", "b"
    )
    once = alone.set_index("measure").loc["success rate"]
    assert once["notes"] == ""
    assert found["difference"] == once["difference"]
    assert found["high"] - found["low"] > once["high"] - once["low"]


def test_runs_of_one_input_by_both_groups_are_compared_as_they_are() -> None:
    """Both groups always ran the same document, so it explains no difference between them."""
    a, b = (
        SuccessCounts(np.array([60.0]), np.array([57.0])),
        SuccessCounts(np.array([60.0]), np.array([30.0])),
    )
    assert success_rates(a, b).between.high < 0


def test_one_input_before_and_another_after_say_nothing_of_the_versions() -> None:
    a, b = (
        SuccessCounts(np.array([60.0, 0]), np.array([57.0, 0])),
        SuccessCounts(np.array([0, 60.0]), np.array([0, 30.0])),
    )
    assert math.isnan(success_rates(a, b).between.low)
    records = [
        run(0, "succeeded" if version == "a" else "failed", version_id=version, input=version)
        for version in "ab" * 60
    ]
    found = compare(frame(records), "a", "b").set_index("measure")
    assert found.loc["success rate", "verdict"] == "not enough data"


def test_runs_without_an_input_are_independent_and_pair_with_none() -> None:
    records = [run(number, version_id=version) for number, version in enumerate("ab" * 20)]
    runs = frame(records)
    found = compare(
        runs.assign(input=runs["input"].where(runs["input"].isna())), "a", "b"
    ).set_index("measure")
    assert found.loc["success rate", "notes"] == ""
    assert found.loc["paired success rate", ["n_a", "verdict", "notes"]].tolist() == [
        0,
        "not enough data",
        "no input in common",
    ]


def test_each_input_weighs_the_same_in_pairs() -> None:
    a = SuccessCounts(np.array([1.0, 4, 2]), np.array([1.0, 1, 0]))
    b = SuccessCounts(np.array([10.0, 2, 0]), np.array([5.0, 2, 0]))
    found = paired_success(a, b)
    assert (found.a.value, found.b.value, found.between.value) == (0.625, 0.75, 0.125)
    assert found.between.n == 2
    assert found.notes == "inputs that differ: 2 of 2"


def test_swapped_groups_turn_the_intervals_round() -> None:
    rng = np.random.default_rng(16)
    a, b = tally(rng, np.full(20, 0.8), (1, 6)), tally(rng, np.full(20, 0.5), (1, 3))
    for measure in (success_rates, paired_success):
        there, back = measure(a, b).between, measure(b, a).between
        assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
