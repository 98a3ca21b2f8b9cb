"""Decides when a run is looked at again. No I/O: the random numbers are an argument."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

SHORTEST, LONGEST = 1.0, 30.0
"""Seconds between two looks at a run: the least, and the most."""

BRIEFEST = 0.1
"""Seconds between two looks at a run, where somebody asks for fewer."""

SHARE = 0.1
"""The part of a run's age that may pass unseen."""

JITTER = 0.2
"""The part of an interval by which it may be shorter.

Runs that were created together would otherwise be looked at in the same moment, by all notebooks of
a team.
"""

NEWS_LONGEST = 10.0
"""The most seconds between two looks for new runs of a deployment."""


def interval(
    age: float,
    given: Iterable[float | None] = (),
    *,
    longest: float = LONGEST,
    dice: Callable[[], float] = random.random,
) -> float:
    """Returns the seconds until the next look.

    Args:
        age: how old the run is, in seconds.
        given: what each who watches it asked for; None: as its age says. The shortest counts.
        longest: the most that an age asks for.
        dice: gives random numbers from 0 to 1.

    Example:
        >>> interval(100.0, dice=lambda: 0.0), interval(100.0, [5.0], dice=lambda: 0.5)
        (10.0, 4.5)
    """
    by_age = min(max(SHORTEST, SHARE * age), longest)
    choices = [by_age if seconds is None else max(seconds, BRIEFEST) for seconds in given]
    return min(choices, default=by_age) * (1 - JITTER * dice())
