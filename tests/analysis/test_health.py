"""How much longer a run takes, told by those that lived as long; what is said to look stuck says its own error."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.analysis.health import ENOUGH, STUCK, TWO_SIDED, Survival
from tests.faults.torture import LARGE
from tests.support.http import DEP

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def record(number: int, seconds: float, **fields: Any) -> dict[str, Any]:
    """A run that began an hour ago and took so many seconds."""
    began = NOW - timedelta(hours=1)
    return {
        "id": f"run_{number}",
        "deployment_id": DEP,
        "version_id": "ver_1",
        "mode": "job",
        "status": "succeeded",
        "created_at": began - timedelta(seconds=5),
        "started_at": began,
        "completed_at": began + timedelta(seconds=seconds),
        "updated_at": began + timedelta(seconds=seconds),
        "fetched_at": NOW,
        "fetch_error": None,
    } | fields


def going(number: int, age: float, **fields: Any) -> dict[str, Any]:
    """A run that goes on and was of this age, in seconds, when it was fetched."""
    began = NOW - timedelta(seconds=age)
    times = {"created_at": began - timedelta(seconds=5), "started_at": began}
    return record(number, 0.0, status="running", completed_at=None, **times) | fields


def table(*records: dict[str, Any]) -> pd.DataFrame:
    return arn.runs_frame(pd.DataFrame([*records]))


def ended(count: int, **fields: Any) -> list[dict[str, Any]]:
    """So many runs that took 1, 2, 3 … seconds."""
    return [record(number, number + 1.0, **fields) for number in range(count)]


def row(*records: dict[str, Any]) -> pd.Series:
    """What is said of the last of some runs."""
    return arn.health(table(*records)).iloc[-1]


def test_the_interval_is_that_of_order_statistics():
    """Of 19 that lived as long the shortest and the longest hold one more in nine cases of ten."""
    found = row(*ended(119), going(500, 100.5))
    assert (found["of"], found["compared_with"]) == (19, "version")
    assert found["remaining_low"] == pytest.approx(0.5)
    assert found["remaining_p50"] == pytest.approx(9.5)
    assert found["remaining_high"] == pytest.approx(18.5)
    assert found["notes"] == "half of those this old end within 9.5 s (500 ms to 18.5 s), of 19"
    assert not found["looks_stuck"]


def test_with_fewer_only_a_bound_is_given():
    found = row(*ended(119), going(500, 110.5))
    assert found["of"] == 9
    assert pd.isna(found["remaining_low"])
    assert pd.isna(found["remaining_high"])
    assert found["notes"] == "longer than 4.5 s more in half of 9 this old"


@pytest.mark.parametrize("count", [0, ENOUGH - 1, ENOUGH, STUCK - 1, STUCK, 300])
def test_a_run_that_is_older_than_all_is_said_to_be_and_no_more_below_99(count):
    found = row(*ended(count), going(500, 3_000.0))
    if count < ENOUGH:
        assert found["notes"].startswith("nothing to compare with")
        assert pd.isna(found["of"])
    else:
        assert found["notes"].count(f"older than each of {count}") == 1
        assert found["of"] == 0
    assert found["looks_stuck"] == (count >= STUCK)
    if count >= STUCK:
        assert f"one run in {count + 1}" in found["notes"]


@pytest.mark.parametrize(
    ("age", "stuck"), [(99.9, False), (100.1, False), (193.0, False), (195.0, True)]
)
def test_a_run_looks_stuck_beyond_each_other_and_beyond_twice_what_most_take(age, stuck):
    """Of 100 runs of 1 to 100 s, 95 of 100 take 97 s at most, with two more that go on counted."""
    assert row(*ended(100), going(500, age))["looks_stuck"] == stuck


def test_another_run_that_goes_on_as_long_speaks_against_it():
    both = [*ended(100), going(501, 500.0), going(500, 400.0)]
    assert not row(*both)["looks_stuck"]
    assert arn.health(table(*both))["looks_stuck"].tolist()[-2:] == [True, False]


def test_a_run_that_waits_is_compared_with_how_long_others_waited():
    waits = {"status": "queued", "started_at": None, "created_at": NOW - timedelta(seconds=60)}
    found = row(*ended(100), going(500, 0.0, **waits))
    assert (found["since"], found["age_s"]) == ("created_at", 60.0)
    assert found["looks_stuck"]
    assert "has waited longer than each of 100" in found["notes"]


def test_few_of_a_version_are_compared_with_the_deployment_and_it_is_said():
    others = ended(60, version_id="ver_0")
    found = row(*others, *[record(n + 100, 9.0) for n in range(ENOUGH - 1)], going(500, 30.5))
    assert found["compared_with"] == "deployment"
    assert "compared with the deployment: fewer than 20 of its version" in found["notes"]
    assert row(*others, going(500, 30.5, deployment_id="dep_2"))["notes"].startswith("nothing")


def test_ended_runs_alone_would_tell_too_little():
    """Those that go on are known to have lived as long as they have."""
    short = [record(n, 10.0 + n / 10) for n in range(40)]
    long = [going(n + 100, 100.0 + n) for n in range(60)]
    found = row(*short, *long, going(500, 5.0))
    assert pd.isna(found["remaining_p50"]), "more than half of them still go on"
    without = row(*short, going(500, 5.0))
    assert without["remaining_p50"] < 10


def test_history_is_what_it_is_compared_with():
    now = table(going(500, 100.5))
    found = arn.health(now, history=table(*ended(119)))
    assert found["of"].tolist() == [19]
    assert arn.health(now)["of"].isna().all()


def test_a_later_record_of_the_run_itself_is_no_other_run():
    history = table(*ended(100), going(500, 900.0))
    assert arn.health(table(going(500, 800.0)), history=history)["looks_stuck"].tolist() == [True]


def test_runs_that_have_ended_have_no_age_and_services_no_end():
    found = arn.health(table(*ended(30), going(500, 9.0, mode="service")))
    assert found["age_s"].isna().tolist() == [True] * 30 + [False]
    assert found["remaining_p50"].isna().all()
    assert found["notes"].iloc[-1] == "a service, which does not end by itself"
    assert found["notes"].iloc[:-1].isna().all()


def test_an_age_that_nobody_knows_the_end_of_is_said_to_be_counted_otherwise():
    found = row(*ended(30), going(500, 9.5, fetched_at=None))
    assert found["age_s"] == 9.5
    assert "latest moment of the table" in found["notes"]


def test_the_index_stays_and_the_table_has_its_types_also_where_it_is_empty():
    runs = table(
        *ended(3), going(500, 1.0), record(7, 1.0, fetch_error="not_found: gone", status=None)
    )
    shuffled = runs.set_axis(["a", "b", "b", "d", "e"])
    found, empty = arn.health(shuffled), arn.health([])
    assert found.index.tolist() == ["a", "b", "b", "d", "e"]
    assert found["age_s"].notna().tolist() == [False, False, False, True, False]
    assert [str(kind) for kind in empty.dtypes] == [str(kind) for kind in found.dtypes]
    assert found["looks_stuck"].notna().all()


# --- what is left of a failed run -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"retain_on_failure": True, "retention_seconds": 60}, 60),
        ({"retain_on_failure": True}, 3_600),
        ({"retain_on_failure": True, "retention_seconds": 2**62}, None),
        ({"retain_on_failure": False, "retention_seconds": 60}, None),
        ({"retention_seconds": 60}, None),
        ({"retain_on_failure": True, "status": "succeeded"}, None),
        ({"retain_on_failure": True, "status": "timed_out"}, None),
        ({"retain_on_failure": True, "completed_at": None}, None),
    ],
)
def test_evidence_is_known_to_go_only_where_the_record_says_that_it_was_kept(fields, seconds):
    failed = record(1, 10.0, status="failed") | fields
    found = arn.health(table(failed)).iloc[0]
    if seconds is None:
        assert pd.isna(found["evidence_until"])
        assert pd.isna(found["at_risk"])
    else:
        assert found["evidence_until"] == failed["completed_at"] + timedelta(seconds=seconds)
        assert found["at_risk"] == (found["evidence_until"] > NOW)


# --- simulated histories ---------------------------------------------------------------------------

Draw = Callable[[np.random.Generator, int], np.ndarray]

KINDS: dict[str, Draw] = {
    "log-normal": lambda dice, count: dice.lognormal(4.0, 0.8, count),
    "bimodal": lambda dice, count: np.where(
        dice.random(count) < 0.6, dice.lognormal(2.5, 0.3, count), dice.lognormal(5.0, 0.4, count)
    ),
}


def looked_at(
    dice: np.random.Generator, draw: Draw, count: int
) -> tuple[Survival, float, float] | None:
    """A history that is looked at by the clock: what is known of it, and of one run that goes on.

    Runs begin at random in a window that is a few times as long as a run. The run is any of those
    that go on at the end of the window; its age and the seconds that it truly takes are given.
    """
    lengths = draw(dice, count)
    window = dice.uniform(3.0, 30.0) * np.median(lengths)
    begins = dice.uniform(0.0, window, count)
    ages = window - begins
    has_ended = lengths <= ages
    going_on = np.flatnonzero(~has_ended)
    if not len(going_on):
        return None
    chosen = dice.choice(going_on)
    curve = Survival(np.where(has_ended, lengths, ages), has_ended)
    return curve, float(ages[chosen]), float(lengths[chosen])


@pytest.mark.parametrize("kind", KINDS)
def test_nine_runs_of_ten_lie_in_the_interval_that_is_given(kind):
    """Histories of 10 to 200 runs, some of which go on, looked at by the clock."""
    dice = np.random.default_rng(12)
    histories = 40_000 if LARGE else 10_000
    inside, tried = [], 0
    while tried < histories:
        case = looked_at(dice, KINDS[kind], int(dice.integers(10, 201)))
        if case is None:
            continue
        tried += 1
        curve, age, truth = case
        ahead = curve.ahead(age)
        if curve.ended >= ENOUGH and not math.isnan(ahead.low + ahead.high):
            assert ahead.of >= TWO_SIDED
            inside.append(ahead.low <= truth - age <= ahead.high)
    covered, answered = float(np.mean(inside)), len(inside) / tried
    print(f"{kind}: {covered:.1%} of {len(inside):,} covered, {answered:.0%} answered of {tried:,}")
    assert len(inside) > 0.1 * tried
    assert 0.87 <= covered <= 0.93


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [99, 150, 400])
def test_chance_makes_a_run_look_stuck_once_in_more_than_all_others(kind, count):
    """A run like the others is looked at until its very end."""
    dice = np.random.default_rng(13)
    tried = 40_000 if LARGE else 8_000
    false = 0
    everyone = np.ones(count, dtype=bool)
    for _ in range(tried):
        lengths = KINDS[kind](dice, count + 1)
        false += Survival(lengths[1:], everyone).is_stuck_at(float(lengths[0]))
    bound = 1 / (count + 1)
    error = 3 * math.sqrt(bound / tried)
    print(f"{kind}, {count} others: {false} of {tried:,} look stuck, bound {bound:.2%}")
    assert false / tried <= bound + error


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_stuck_is_found_at_the_next_look(kind):
    dice = np.random.default_rng(14)
    for _ in range(200):
        lengths = KINDS[kind](dice, 120)
        curve = Survival(lengths, np.ones(120, dtype=bool))
        limit = max(curve.longest, 2 * curve.late_age())
        assert curve.is_stuck_at(limit * 1.001)
        assert not curve.is_stuck_at(limit * 0.999)


def test_without_censoring_the_chances_are_those_of_order_statistics():
    """Beside the plain count: the k-th of m is the k / (m + 1) share."""
    lengths = np.arange(1.0, 40.0)
    curve = Survival(lengths, np.ones(39, dtype=bool))
    ahead = curve.ahead(0.0)
    places = [0.05 * 40, 0.5 * 40, 0.95 * 40]
    assert [ahead.low, ahead.middle, ahead.high] == pytest.approx(places)
