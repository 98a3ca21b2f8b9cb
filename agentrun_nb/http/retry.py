"""What is tried again, how long is waited, and when it is enough.

There is no I/O here: the clock and the dice are arguments.
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
"""Statuses that may be gone at the next attempt."""

CROWDED = frozenset({429, 503})
"""Statuses by which a service asks for fewer requests."""


@dataclass(frozen=True)
class Failure:
    """One attempt that did not bring what was asked for.

    Attributes:
        error: what to raise if it is the last.
        transient: whether another attempt may do better.
        once: whether that holds for a first failure of the kind only.
        crowded: whether the service asks for fewer requests.
    """

    error: AgentRunError
    transient: bool = False
    once: bool = False
    crowded: bool = False

    @property
    def answered(self) -> bool:
        """Whether the service is well, and this is its answer."""
        return self.error.status is not None and not self.transient


def is_transient(status: int, retryable: bool | None) -> bool:
    """Whether a status is tried again; the service's own word can only narrow that."""
    return status in TRANSIENT and retryable is not False


@dataclass(frozen=True)
class Policy:
    """How patient a request is. All times in seconds.

    Attributes:
        attempts: how often it is sent at most.
        base: the longest first wait.
        crowded_base: the longest first wait when the service asks for fewer requests.
        longest: the longest wait of our own choice.
        longest_asked: the longest wait that the service may ask for.
    """

    attempts: int = 10
    base: float = 0.1
    crowded_base: float = 1.0
    longest: float = 8.0
    longest_asked: float = 120.0


class Budget:
    """What all requests to one service may spend on retries together.

    It keeps a service that is down from being asked over and over.

    A retry costs one, an answer brings one back, and one comes back every `refill` seconds. Once
    nothing is left for a retry, and until an answer comes, a first attempt costs one as well: a
    dead service is hardly asked at all.
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
        """Takes one retry; False when none is left."""
        now = self._clock()
        self._left = min(self.size, self._left + (now - self._at) / self.refill)
        self._at = now
        self._dead |= self._left < 1
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def repay(self) -> None:
        """Gives one back for an answer."""
        self._dead = False
        self._left = min(self.size, self._left + 1)


class Schedule:
    """The waits of one request.

    Attributes:
        attempts: how many attempts have failed.
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
        """Whether a pause is over before the request is, and no longer than may be asked for."""
        return pause <= self._policy.longest_asked and self._clock() + pause < self._ends_at

    def wait_after(self, failure: Failure) -> float | None:
        """Seconds to wait before the next attempt, or None when this failure is the last."""
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
        asked = failure.error.retry_after
        if asked:
            jitter = min(1.0, asked / 10) * self._dice()
            return asked + jitter if asked <= self._policy.longest_asked else None
        base = self._policy.crowded_base if failure.crowded else self._policy.base
        ceiling: float = min(self._policy.longest, base * 2.0 ** (self.attempts - 1))
        return ceiling * self._dice()


def read_retry_after(
    text: str | None, date: str | None = None, now: float | None = None
) -> float | None:
    """Reads a `Retry-After` header: seconds to wait, or None when it says nothing usable.

    Args:
        text: the header: seconds, or a date in one of the three forms of RFC 9110.
        date: the answer's `Date` header, against which a date is measured, so that our clock does
            not matter.
        now: our own clock in seconds since the epoch, for an answer without a date.
    """
    text = (text or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?(e\d+)?|inf(inity)?", text, re.ASCII | re.IGNORECASE):
        return float(text)
    until = read_http_date(text)
    if until is None:
        return None
    since = read_http_date(date)
    wait = until - (since if since is not None else time.time() if now is None else now)
    return wait if wait > 0 else None


@lru_cache(64)
def read_http_date(text: str | None) -> float | None:
    """Reads an HTTP date in any of its three forms: seconds since the epoch, or None."""
    if not text or len(text) > 64 or not text.isascii():
        return None
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
