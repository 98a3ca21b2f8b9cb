"""How many requests to one service are under way, and what they may spend on retries.

Both are shared by all its clients.
"""

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
"""Seconds that are kept of a pause for which no call waits.

Within them many requests are refused at once; after them the service is asked anew.
"""


class Gate:
    """Bounds how many requests to one service are under way.

    The bound is halved when the service asks for fewer, and widened by successes.
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
        """One more success."""
        self.level = min(float(self.ceiling), self.level + 1 / self.level)

    def narrow(self) -> None:
        """The service asked for fewer; answers of the same moment count once."""
        if self._clock() - self._narrowed_at >= 1.0:
            self._narrowed_at = self._clock()
            self.level = max(1.0, self.level / 2)
            log.info("At most %d requests at a time from now on", self.level)

    def close_in(self) -> None:
        """One at a time, until answers widen it: after a pause nobody rushes."""
        self.level = 1.0


@dataclass
class Service:
    """What all clients of one service in this process share.

    Attributes:
        gate: how many requests are under way.
        budget: what may be spent on retries.
        quiet_until: until when the service asked not to be asked, by the monotonic clock.
        paused_until: until when that is kept; earlier where nobody would wait for so long.
    """

    gate: Gate
    budget: Budget = field(default_factory=Budget)
    quiet_until: float = float("-inf")
    paused_until: float = float("-inf")

    def pause(self, seconds: float, longest: float) -> None:
        """Keeps everybody from the service for as long as it asked for.

        Args:
            seconds: what it asked for.
            longest: the longest that any call waits.
        """
        now = time.monotonic()
        self.quiet_until = max(self.quiet_until, now + seconds)
        self.paused_until = max(self.paused_until, now + (seconds if seconds <= longest else BRIEF))
        self.gate.close_in()

    def forget_brief(self) -> None:
        """Ends what is kept of a pause for which no call waits."""
        if self.quiet_until > self.paused_until:
            self.quiet_until = self.paused_until = float("-inf")

    def pause_left(self) -> float:
        """Seconds until the service may be asked again; 0 when it may be now."""
        now = time.monotonic()
        return self.quiet_until - now if now < self.paused_until else 0.0


_services: dict[tuple[asyncio.AbstractEventLoop, tuple[str, str, int]], Service] = {}


def shared_service(origin: tuple[str, str, int], most: int) -> Service:
    """What is shared with all clients of an origin.

    The client that allows most says how wide the gate may be.
    """
    place = asyncio.get_running_loop(), origin
    shared = _services.get(place) or _services.setdefault(place, Service(Gate(most)))
    if most > shared.gate.ceiling:
        shared.gate.ceiling, shared.gate.level = most, float(most)
    return shared


def left(origin: tuple[str, str, int]) -> None:
    """A client of an origin was closed: whoever makes a new one means to ask again."""
    for (_, place), shared in list(_services.items()):
        if place == origin:
            shared.forget_brief()
