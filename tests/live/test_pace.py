"""A run is looked at after a tenth of its age, between a second and half a minute; jitter only shortens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.live.pace import BRIEFEST, JITTER, LONGEST, SHARE, SHORTEST, interval

AGES = st.floats(0, 1e9)
SHARES = st.floats(0, 1)


@given(AGES, SHARES)
def test_what_passes_unseen_is_at_most_a_tenth_of_the_age_or_a_second(age, dice):
    seconds = interval(age, dice=lambda: dice)
    assert seconds <= max(SHORTEST, SHARE * age)
    assert seconds <= LONGEST
    assert seconds >= (1 - JITTER) * SHORTEST


@given(AGES, st.lists(st.none() | st.floats(0.001, 100), max_size=5), SHARES)
def test_the_shortest_that_somebody_asked_for_counts(age, given_intervals, dice):
    seconds = interval(age, given_intervals, dice=lambda: dice)
    asked_for = [max(BRIEFEST, one) for one in given_intervals if one is not None]
    by_age = [interval(age, dice=lambda: dice)] if None in given_intervals or not asked_for else []
    assert seconds == min([one * (1 - JITTER * dice) for one in asked_for] + by_age)


def test_a_run_that_is_old_is_still_looked_at():
    assert interval(1e9, dice=lambda: 0.0) == LONGEST
    assert interval(0.0, dice=lambda: 1.0) == 0.8 * SHORTEST
