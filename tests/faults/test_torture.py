"""Counts under pressure: small ones in the ring, those of `torture.py` with AGENTRUN_NB_PROFILE=torture."""

from __future__ import annotations

import pytest

from agentrun_nb.http.wire import Wire

from . import torture
from .lab import BRISK
from .torture import LARGE, PATIENT

LEEWAY = 1 if LARGE else 10
"""The small forms look for what hangs; how soon a call ends is for a quiet machine."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds."""
    monkeypatch.setattr(Wire, "policy", PATIENT)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_listings_are_exact_under_faulty_replies_and_cost_little_more(share: float) -> None:
    outcome = torture.listings(share, 100 if LARGE else 12)
    print(outcome)
    assert outcome.exact == outcome.tried
    assert outcome.cost <= 1.6
    assert (share > 0) == (outcome.requests > outcome.ideal)


def test_nothing_outlives_its_deadline_by_half_a_second() -> None:
    found = torture.overruns(5.0 if LARGE else 0.7)
    print(found)
    assert max(found.values()) <= 0.5 * LEEWAY
    assert len(found) == 24
    assert torture.plain_overrun(0.2) > 0.5


def test_no_answer_costs_more_memory_than_the_cap_allows() -> None:
    for name, growth in torture.memory(1024 if LARGE else 256).items():
        print(name, growth)
        assert growth <= 100, name
    assert torture.plain_growth(128) > 128


def test_polls_leave_nothing_behind() -> None:
    before, after, failures = torture.polls(10_000 if LARGE else 500)
    print(before, after, failures)
    assert after["sockets"] <= before["sockets"] + 1
    assert after["threads"] <= before["threads"]
    assert after["MiB"] <= before["MiB"] + 10


def test_interrupts_are_heard_at_once_and_leave_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Wire, "policy", BRISK)
    took, before, after = torture.interrupts(200 if LARGE else 30)
    print(max(took), before, after)
    assert max(took) <= 0.2 * LEEWAY
    assert after["sockets"] <= before["sockets"] + 16
    assert after["threads"] <= before["threads"] + 6  # those that decode begin as they are needed
