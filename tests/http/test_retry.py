"""What is tried again, and how long is waited: tables, a clock that does not run, dice that are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.errors import ServerError
from agentrun_nb.http.retry import (
    Budget,
    Failure,
    Policy,
    Schedule,
    is_transient,
    read_http_date,
    read_retry_after,
)

MOMENT = "Sun, 06 Nov 1994 08:49:37 GMT"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def schedule(
    clock: Clock,
    ends_in: float = 1e6,
    budget: Budget | None = None,
    dice: float = 1.0,
    **policy: float,
) -> Schedule:
    return Schedule(
        Policy(**policy),  # type: ignore[arg-type]
        budget or Budget(clock=clock),
        clock.now + ends_in,
        clock,
        lambda: dice,
    )


def failure(retry_after: float | None = None, **flags: bool) -> Failure:
    return Failure(ServerError("down", retry_after=retry_after), **({"transient": True} | flags))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_retried_statuses(status: int) -> None:
    assert is_transient(status, None)
    assert is_transient(status, True)
    assert not is_transient(status, False)


@pytest.mark.parametrize(
    "status", [200, 204, 301, 400, 401, 403, 404, 405, 409, 410, 422, 501, 505]
)
@pytest.mark.parametrize("retryable", [None, True, False])
def test_other_statuses_are_final_whatever_the_service_says(
    status: int, retryable: bool | None
) -> None:
    assert not is_transient(status, retryable)


def test_waits_double_up_to_the_longest() -> None:
    patient = schedule(Clock())
    waits = [patient.wait_after(failure()) for _ in range(10)]
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 8.0, 8.0, None]


def test_a_crowded_service_gets_longer_waits() -> None:
    patient = schedule(Clock())
    assert [patient.wait_after(failure(crowded=True)) for _ in range(4)] == [1, 2, 4, 8]


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 9))
def test_jitter_is_full(dice: float, attempts: int) -> None:
    """Any wait lies between nothing and the wait without jitter."""
    even, jittered = schedule(Clock()), schedule(Clock(), dice=dice)
    for _ in range(attempts):
        most, wait = even.wait_after(failure()), jittered.wait_after(failure())
        assert most is not None
        assert wait == pytest.approx(most * dice)


def test_what_the_service_asks_for_is_waited_and_a_little_more() -> None:
    assert schedule(Clock(), dice=0.0).wait_after(failure(3.0)) == 3.0
    assert schedule(Clock(), dice=1.0).wait_after(failure(3.0)) == pytest.approx(3.3)
    assert schedule(Clock(), dice=1.0).wait_after(failure(100.0)) == 101.0


@pytest.mark.parametrize("asked", [121.0, 3600.0, 1e9, float("inf")])
def test_too_long_a_wait_is_not_begun(asked: float) -> None:
    assert schedule(Clock()).wait_after(failure(asked)) is None


def test_no_wait_goes_past_the_deadline() -> None:
    clock = Clock()
    late = schedule(clock, ends_in=5.0)
    assert late.wait_after(failure(4.0)) is not None
    clock.now += 4.5
    assert late.wait_after(failure(1.0)) is None


def test_final_failures_end_it_and_cost_nothing() -> None:
    budget = Budget(size=1, clock=Clock())
    assert schedule(Clock(), budget=budget).wait_after(failure(transient=False)) is None
    assert budget.spend()


def test_a_broken_body_is_tried_again_once() -> None:
    patient = schedule(Clock())
    waits = [
        patient.wait_after(failure(once=True)),
        patient.wait_after(failure()),
        patient.wait_after(failure(once=True)),
    ]
    assert [wait is None for wait in waits] == [False, False, True]


def test_a_dead_service_is_not_hammered() -> None:
    """Fifty callers of a dead service send one request each, and the budget's retries between them."""
    clock = Clock()
    budget = Budget(size=100, clock=clock)
    sent = 0
    for _ in range(50):
        caller = schedule(clock, budget=budget)
        sent += 1
        while caller.wait_after(failure()) is not None:
            sent += 1
    assert sent == 150


def test_the_budget_comes_back_with_successes_and_with_time() -> None:
    clock = Clock()
    budget = Budget(size=3, refill=2.0, clock=clock)
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]
    budget.repay()
    assert [budget.spend(), budget.spend()] == [True, False]
    clock.now += 4.0
    assert [budget.spend(), budget.spend(), budget.spend()] == [True, True, False]
    clock.now += 1e6
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]


def test_no_answers_make_the_budget_larger_than_it_was() -> None:
    budget = Budget(size=3, clock=Clock())
    for _ in range(100):
        budget.repay()
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0.5", 0.5),
        ("120", 120.0),
        ("3600", 3600.0),
        ("1e9", 1e9),
        ("inf", float("inf")),
        ("9" * 35, float("9" * 35)),
        ("9" * 400, float("inf")),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10.0),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10.0),
        ("Sun Nov  6 08:49:47 1994", 10.0),
        ("Sun, 06 Nov 1994 08:49:27 GMT", None),
        ("Sun, 06 Nov 100000 08:49:27 GMT", None),
        ("Sun, 99 Nov 1994 08:49:27 GMT", None),
        ("-1", None),
        ("+1", None),
        ("nan", None),
        ("abc", None),
        ("", None),
        ("1, 2", None),
        ("1;2", None),
        ("1_000", None),
        ("0x10", None),
        ("７", None),
        ("tomorrow" * 100, None),
        (None, None),
    ],
)
def test_retry_after_in_all_its_forms(text: str | None, seconds: float | None) -> None:
    assert read_retry_after(text, date=MOMENT) == seconds


def test_a_date_is_measured_against_the_services_own_clock() -> None:
    later = "Sun, 06 Nov 1994 08:49:47 GMT"
    moment = read_http_date(MOMENT)
    assert moment == 784111777.0
    assert read_retry_after(later, date=MOMENT, now=moment + 5) == 10.0
    assert read_retry_after(later, date=None, now=moment + 4) == 6.0


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_header_raises(text: str) -> None:
    wait = read_retry_after(text, date=text, now=0.0)
    assert wait is None or wait >= 0


def test_a_first_attempt_is_free_until_nothing_is_left_and_again_after_an_answer() -> None:
    clock = Clock()
    budget = Budget(size=2, refill=2.0, clock=clock)
    assert [budget.admits() for _ in range(5)] == [True] * 5
    assert [budget.spend(), budget.spend(), budget.spend()] == [True, True, False]
    assert [budget.admits(), budget.admits()] == [False, False]
    clock.now += 2.0
    assert [budget.admits(), budget.admits()] == [True, False], (
        "one that came back with time is spent on it"
    )
    budget.repay()
    assert [budget.admits() for _ in range(5)] == [True] * 5
    assert [budget.spend(), budget.spend()] == [True, False], "nothing was spent on those"
