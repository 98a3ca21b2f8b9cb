"""Limits the requests to one service that are under way, for all its clients together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from agentrun_nb.http.retry import Budget

log = logging.getLogger("agentrun_nb")

BRIEF = 5.0
"""Seconds that are kept of a pause which is too long for any call to wait for.

In that time calls fail at once; then the service is asked anew.
"""


class Gate:
    """Limits the number of requests that are under way, as an asynchronous context manager.

    The limit is halved when the service asks for fewer requests, and grows with successes.

    Attributes:
        ceiling: the highest limit.
        level: the limit now.
    """

    def __init__(self, ceiling: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.ceiling = ceiling
        self.level = float(ceiling)
        self._busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._clock = clock
        self._narrowed_at = float("-inf")

    async def __aenter__(self) -> None:
        while self._busy >= int(self.level):
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                with suppress(ValueError):
                    self._waiting.remove(turn)
                self._wake()
                raise
        self._busy += 1

    async def __aexit__(self, *_: object) -> None:
        self._busy -= 1
        self._wake()

    def _wake(self) -> None:
        free = int(self.level) - self._busy
        while free > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1

    def widen(self) -> None:
        """Raises the limit after a success: by one after as many successes as it is high."""
        raised = self.level + 1 / self.level
        self.level = min(float(self.ceiling), raised)

    def narrow(self) -> None:
        """Halves the limit, and no more than once a second."""
        if self._clock() - self._narrowed_at >= 1.0:
            self._narrowed_at = self._clock()
            self.level = max(1.0, self.level / 2)
            log.info("At most %d requests at a time from now on", self.level)

    def lower_to_one(self) -> None:
        """Lowers the limit to one, so that not all requests are sent at once after a pause."""
        self.level = 1.0


@dataclass
class Service:
    """Holds what all clients of one service in this process share.

    Attributes:
        gate: limits the requests that are under way.
        budget: limits the retries.
        quiet_until: the end of the pause that the service asked for, by the monotonic clock.
        paused_until: the end of the pause that is kept; earlier where no call waits that long.
    """

    gate: Gate
    budget: Budget = field(default_factory=Budget)
    quiet_until: float = float("-inf")
    paused_until: float = float("-inf")

    def pause(self, seconds: float, longest: float) -> None:
        """Begins a pause, in which no request is sent.

        Args:
            seconds: the length that the service asked for.
            longest: the longest that any call waits.
        """
        now = time.monotonic()
        kept_seconds = seconds if seconds <= longest else BRIEF
        self.quiet_until = max(self.quiet_until, now + seconds)
        self.paused_until = max(self.paused_until, now + kept_seconds)
        self.gate.lower_to_one()

    def forget_brief(self) -> None:
        """Ends a pause that is too long for any call to wait for."""
        if self.quiet_until > self.paused_until:
            self.quiet_until = self.paused_until = float("-inf")

    def pause_left(self) -> float:
        """Returns the seconds until a request may be sent again; 0 when it may be sent now."""
        now = time.monotonic()
        return self.quiet_until - now if now < self.paused_until else 0.0


_services: dict[tuple[asyncio.AbstractEventLoop, tuple[str, str, int]], Service] = {}


def shared_service(origin: tuple[str, str, int], most: int) -> Service:
    """Returns what all clients of an origin share.

    The client with the most requests at a time says how far the limit may rise.
    """
    place = asyncio.get_running_loop(), origin
    shared = _services.get(place) or _services.setdefault(place, Service(Gate(most)))
    if most > shared.gate.ceiling:
        shared.gate.ceiling, shared.gate.level = most, float(most)
    return shared


def client_closed(origin: tuple[str, str, int]) -> None:
    """Notes that a client of an origin was closed: a new one may send requests at once."""
    for (_, place), shared in list(_services.items()):
        if place == origin:
            shared.forget_brief()
