"""Decides whether a failed request is sent again, and after how long.

No I/O: the clock and the random numbers are arguments.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from agentrun_nb.errors import AgentRunError

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the next attempt may do better."""

CROWDED = frozenset({429, 503})
"""HTTP statuses by which a service asks for fewer requests."""


@dataclass(frozen=True)
class Failure:
    """An attempt that failed.

    Attributes:
        error: the error to raise if it was the last attempt.
        transient: whether another attempt may do better.
        once: whether that holds only for the first failure of this kind.
        crowded: whether the service asks for fewer requests.
    """

    error: AgentRunError
    transient: bool = False
    once: bool = False
    crowded: bool = False

    @property
    def answered(self) -> bool:
        """Whether the service works, and this is its answer."""
        return self.error.status is not None and not self.transient


def is_transient(status: int, retryable: bool | None) -> bool:
    """Whether another attempt may do better, by the status and what the service says itself."""
    return status in TRANSIENT and retryable is not False


@dataclass(frozen=True)
class Policy:
    """Limits the attempts of a request and the waits between them. All times are in seconds.

    Attributes:
        attempts: the most times that it is sent.
        base: the longest first wait.
        crowded_base: the longest first wait when the service asks for fewer requests.
        longest: the longest wait that the service did not ask for.
        longest_asked: the longest wait that the service may ask for.
    """

    attempts: int = 10
    base: float = 0.1
    crowded_base: float = 1.0
    longest: float = 8.0
    longest_asked: float = 120.0


class Budget:
    """Limits the retries of all requests to one service together.

    A retry costs one; every answer and every `refill` seconds bring one back. Once nothing is left,
    and until an answer comes, a first attempt costs one as well: a dead service gets hardly any
    requests.
    """

    def __init__(
        self, size: float = 100.0, refill: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.size = size
        self.refill = refill
        self._clock = clock
        self._left = size
        self._at = clock()
        self._dead = False

    def admits(self) -> bool:
        """Whether a first attempt may be sent."""
        return not self._dead or self.spend()

    def spend(self) -> bool:
        """Pays for one attempt; returns False when nothing is left."""
        now = self._clock()
        self._left = min(self.size, self._left + (now - self._at) / self.refill)
        self._at = now
        self._dead |= self._left < 1
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def repay(self) -> None:
        """Brings one back for an answer."""
        self._dead = False
        self._left = min(self.size, self._left + 1)


class Schedule:
    """Plans the attempts of one request.

    Attributes:
        attempts: the number of attempts that have failed.
    """

    def __init__(
        self,
        policy: Policy,
        budget: Budget,
        ends_at: float,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.attempts = 0
        self._policy = policy
        self._budget = budget
        self._ends_at = ends_at
        self._clock = clock
        self._dice = dice
        self._used_once = False

    def has_time_for(self, pause: float) -> bool:
        """Whether a pause is short enough to wait for, and over before the request is."""
        short_enough = pause <= self._policy.longest_asked
        return short_enough and self._clock() + pause < self._ends_at

    def wait_after(self, failure: Failure) -> float | None:
        """Returns the seconds to wait before the next attempt; None when there is to be none."""
        self.attempts += 1
        spent = self.attempts >= self._policy.attempts or (failure.once and self._used_once)
        if not failure.transient or spent:
            return None
        self._used_once |= failure.once
        wait = self._wait(failure)
        if wait is None or self._clock() + wait >= self._ends_at or not self._budget.spend():
            return None
        return wait

    def _wait(self, failure: Failure) -> float | None:
        requested = failure.error.retry_after
        if requested:
            if requested > self._policy.longest_asked:
                return None
            return requested + min(1.0, requested / 10) * self._dice()
        base = self._policy.crowded_base if failure.crowded else self._policy.base
        ceiling: float = min(self._policy.longest, base * 2.0 ** (self.attempts - 1))
        return ceiling * self._dice()


def read_retry_after(
    text: str | None, date: str | None = None, now: float | None = None
) -> float | None:
    """Reads a `Retry-After` header: the seconds to wait, or None when it says nothing usable.

    Args:
        text: the header: seconds, or a date in one of the three forms of RFC 9110.
        date: the `Date` header of the answer, from which such a date is counted: our own clock may
            differ.
        now: our own time in seconds since the epoch, for an answer without a `Date`.
    """
    text = (text or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?(e\d+)?|inf(inity)?", text, re.ASCII | re.IGNORECASE):
        return float(text)
    until = read_http_date(text)
    if until is None:
        return None
    since = read_http_date(date)
    if since is None:
        since = time.time() if now is None else now
    return until - since if until > since else None


@lru_cache(64)
def read_http_date(text: str | None) -> float | None:
    """Reads an HTTP date in any of its three forms, as seconds since the epoch; or None."""
    if not text or len(text) > 64 or not text.isascii():
        return None
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
