"""One request: its destination, deadline, bounds and retries.

It keeps to the limit that all requests to a service share.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlencode
from weakref import finalize

import httpx

from agentrun_nb.errors import (
    AgentRunError,
    BadResponseError,
    ConnectionFailedError,
    DeadlineExceededError,
    RateLimitedError,
    SettingsError,
    TooLargeError,
    UnsafeURLError,
)
from agentrun_nb.http import gate, loop, replies
from agentrun_nb.http.body import ACCEPTED, read_body
from agentrun_nb.http.connection import Transport, connect, unreached, unused_proxy
from agentrun_nb.http.gate import Gate, Service, shared_service
from agentrun_nb.http.replies import Reply
from agentrun_nb.http.retry import Failure, Policy, Schedule, read_http_date
from agentrun_nb.http.routes import Ask
from agentrun_nb.http.settings import Settings, check_limits

T = TypeVar("T")

log = logging.getLogger("agentrun_nb")
"""Retries, waits and limits; never a body, a query or the key."""

HEADERS = {"Accept": "application/json", "Accept-Encoding": ACCEPTED, "User-Agent": "agentrun-nb"}


@dataclass
class Tally:
    """What one call of the user's cost.

    Attributes:
        retries: sent again.
        waited: seconds before retries and in pauses that the service asked for, summed.
        clock_offset: bounds of the service's clock minus ours, in seconds.
        waiting_for: why a request waits now, in words.
        oddities: what was odd about the answers, counted.
        alive_at: when the last answer was had, by the monotonic clock; at first, when the call
            began.
    """

    retries: int = 0
    waited: float = 0.0
    clock_offset: tuple[float, float] | None = None
    waiting_for: str = ""
    oddities: Counter[str] = field(default_factory=Counter)
    alive_at: float = field(default_factory=time.monotonic)

    @property
    def report_fields(self) -> dict[str, Any]:
        """Its part of a fetch report."""
        return {
            "retries": self.retries,
            "waited_seconds": self.waited,
            "clock_offset": self.clock_offset,
        }

    async def wait(self, seconds: float, reason: str) -> None:
        """Waits, counts it, and says meanwhile why."""
        self.waited += seconds
        self.waiting_for = f"{reason}, waiting {seconds:.1f} s"
        await asyncio.sleep(seconds)
        self.waiting_for = ""

    @property
    def service_time(self) -> int:
        """Now in microseconds since the epoch, by the service's clock.

        That clock is taken to differ from ours only as far as it is known to.
        """
        low, high = self.clock_offset or (0.0, 0.0)
        # Within the bounds the clocks may agree; outside of them the nearest bound is the least
        # that they differ by.
        differ = min(max(low, 0.0), high)
        return round((time.time() + differ) * 1e6)

    def note_date(self, header: str | None, sent: float, received: float) -> None:
        """Narrows the bounds of the clock offset by one answer's `Date`.

        A `Date` is cut to whole seconds, and many servers write it anew only once a second.
        """
        date = read_http_date(header)
        if date is None:
            return
        low, high = self.clock_offset or (float("-inf"), float("inf"))
        bounds = date - received, date + 2 - sent
        narrowed = max(low, bounds[0]), min(high, bounds[1])
        self.clock_offset = narrowed if narrowed[0] <= narrowed[1] else bounds


class Wire:
    """The way to one service.

    Attributes:
        settings: where it is and what limits hold.
    """

    policy = Policy()

    def __init__(self, settings: Settings, transport: Transport | None = None) -> None:
        self.settings = settings
        self._injected = transport
        self._own_service = Service(Gate(settings.max_in_flight)) if transport else None
        self._lines: dict[int, tuple[asyncio.AbstractEventLoop, Transport]] = {}
        self._closed = False
        self._finalizer = finalize(self, _hang_up, self._lines)

    async def fetch(self, ask: Ask, read: Callable[[bytes], T], tally: Tally) -> T:
        """Sends a request until it is answered, refused, or out of time.

        Args:
            ask: what is asked.
            read: makes the result of a body; a BadResponseError of it is worth one more attempt.
            tally: where the cost is noted.

        Raises:
            AgentRunError: what the last attempt ended in; whatever else was raised on the way
                becomes one.
        """
        if self._closed:
            raise SettingsError("This client is closed.", hint="Make a new one.")
        try:
            return await self._persist(ask, read, tally)
        except GeneratorExit:
            raise
        except BaseException as error:
            if _cancelled(error):
                raise
            bare = loop.bare(error)
        raise bare

    async def _persist(self, ask: Ask, read: Callable[[bytes], T], tally: Tally) -> T:
        """Tries until there is an answer or no sense in trying on."""
        started = time.monotonic()
        service = self._service()
        ends_at = min(started, tally.alive_at) + self.settings.deadline
        schedule = Schedule(self.policy, service.budget, ends_at)
        last: AgentRunError | None = None
        try:
            async with asyncio.timeout(ends_at - started):
                while True:
                    outcome = await self._attempt(ask, read, tally, service, schedule)
                    if not isinstance(outcome, Failure) or outcome.answered:
                        service.budget.repay()
                        tally.alive_at = time.monotonic()
                    if not isinstance(outcome, Failure):
                        return outcome
                    last = outcome.error
                    if isinstance(last, ConnectionFailedError) and not outcome.transient:
                        # A proxy that refuses a password is not asked ten thousand times.
                        service.budget.spend()
                    wait = schedule.wait_after(outcome)
                    if wait is None:
                        break
                    tally.retries += 1
                    reason = last.kind.replace("_", " ")
                    log.info("%s: %s, asked again in %.1f s", ask.route.template, reason, wait)
                    await tally.wait(wait, reason)
        except TimeoutError:
            before = f" Before that: {last.message}" if last else ""
            within = f"{self.settings.deadline:g} s{self.settings.through}"
            message = f"No whole answer came within {within}.{before}"
            way = "" if last and last.status else unused_proxy(self.settings)
            last = DeadlineExceededError(message, hint=f"Allow more with deadline=. {way}".rstrip())
        last.method, last.route = "GET", ask.route.template
        last.elapsed = time.monotonic() - started
        last.attempts = max(schedule.attempts, 1) if last.attempts is None else last.attempts
        log.debug("%s: ended in %s after %.1f s", ask.route.template, last.kind, last.elapsed)
        raise last

    async def _attempt(
        self,
        ask: Ask,
        read: Callable[[bytes], T],
        tally: Tally,
        service: Service,
        schedule: Schedule,
    ) -> T | Failure:
        key = self.settings.secret.reveal()
        outcome = await self._send_in_turn(ask, key, tally, service, schedule)
        if isinstance(outcome, Failure):
            return outcome
        if outcome.status != 200:
            failed = replies.failure(outcome, ask, key, self.settings)
            pause = failed.error.retry_after
            if pause and (failed.crowded or failed.transient):
                log.info("%s asks for no requests for %.1f s", self.settings.host, pause)
                service.pause(pause, self.policy.longest_asked)
            elif failed.crowded:
                service.gate.narrow()
            return failed
        service.gate.widen()
        if "json" not in outcome.headers.get("content-type", "json"):
            tally.oddities["content_type"] += 1
        try:
            return read(outcome.body)
        except BadResponseError as error:
            message, hint = replies.safe(error.message, key), error.hint
            begins = outcome.body.lstrip()[:1]
            if begins == b"<":
                message = "HTML came where JSON was expected."
            if begins in (b"<", b""):
                hint = (
                    f"{self.settings.base_url} may be the address of something else: "
                    "check the base_url."
                )
            hint = replies.misplaced(self.settings) or hint
            return Failure(
                BadResponseError(message, hint=hint, status=200), transient=True, once=True
            )

    async def _send_in_turn(
        self, ask: Ask, key: str, tally: Tally, service: Service, schedule: Schedule
    ) -> Reply | Failure:
        """Waits for the end of a pause and for a place at the gate, then sends one request."""
        while True:
            pause = service.pause_left()
            if pause > 0:
                if not schedule.has_time_for(pause):
                    message = (
                        f"{self.settings.host} asked for a pause of {pause:,.0f} s more; "
                        "nothing was sent."
                    )
                    hint = "Try again after that, or allow more with deadline=."
                    error = RateLimitedError(
                        message, hint=hint, attempts=schedule.attempts, retry_after=pause
                    )
                    return Failure(error)
                await tally.wait(pause, "a pause that the service asked for")
            async with service.gate:
                if service.pause_left() > 0:
                    continue  # somebody was told to wait while this request stood in line
                if schedule.attempts == 0 and not service.budget.admits():
                    message = (
                        f"{self.settings.host} was not asked, "
                        "since it brings no answers at present."
                    )
                    return Failure(
                        ConnectionFailedError(message, hint="Try again in a while.", attempts=0)
                    )
                return await self._send(ask, key, tally)

    async def _send(self, ask: Ask, key: str, tally: Tally) -> Reply | Failure:
        """Sends one request and reads the whole answer."""
        request, line = self._request(ask, key), self._line()
        sent = time.time()
        try:
            response = await line.handle_async_request(request)
            headers = {
                name.decode("latin-1").lower(): text.decode("latin-1")
                for name, text in response.headers.raw
            }
            tally.note_date(headers.get("date"), sent, time.time())
            try:
                stream: Any = response.stream
                body = await read_body(
                    stream, headers.get("content-encoding", ""), self.settings.max_bytes
                )
            finally:
                await response.aclose()
            log.debug("GET %s: %d", ask.route.template, response.status_code)
            return Reply(response.status_code, headers, body)
        except TooLargeError as error:
            return Failure(TooLargeError(replies.safe(error.message, key), hint=error.hint))
        except BadResponseError as error:
            return Failure(
                BadResponseError(replies.safe(error.message, key)), transient=True, once=True
            )
        except Exception as error:  # whatever a transport raises, it brought no answer
            return unreached(error, self.settings)

    def _request(self, ask: Ask, key: str) -> httpx.Request:
        silence = dict.fromkeys(("connect", "read", "write"), self.settings.timeout)
        headers = HEADERS | {"Authorization": f"Bearer {key}"}
        query = f"?{urlencode(ask.params)}" if ask.params else ""
        url = httpx.URL(self.settings.base_url + ask.path + query)
        request = httpx.Request(
            "GET", url, headers=headers, extensions={"timeout": silence | {"pool": None}}
        )
        place = url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
        parts = url.raw_path.partition(b"?")[0].count(b"/") - ask.route.template.count("/")
        base_parts = self.settings.base_url.count("/", len("https://"))
        if place != self.settings.origin or parts != base_parts:
            raise UnsafeURLError(
                "The request would leave the route it was made for; nothing was sent."
            )
        return request

    def _service(self) -> Service:
        return self._own_service or shared_service(
            self.settings.origin, self.settings.max_in_flight
        )

    def _line(self) -> Transport:
        """The connections of this process; a forked child makes its own."""
        if os.getpid() not in self._lines:
            transport = self._injected or connect(self.settings)
            self._lines[os.getpid()] = asyncio.get_running_loop(), transport
        return self._lines[os.getpid()][1]

    def within(self, **limits: Any) -> Wire:
        """The same way with other limits of `Settings`, where they are given."""
        other, given = (
            copy(self),
            {name: limit for name, limit in limits.items() if limit is not None},
        )
        check_limits(given)
        other.settings = replace(self.settings, **given)
        return other

    def close(self) -> None:
        """Closes all connections; requests after that fail."""
        self._closed = True
        self._finalizer()
        gate.left(self.settings.origin)


def _hang_up(lines: dict[int, tuple[asyncio.AbstractEventLoop, Transport]]) -> None:
    running, transport = lines.pop(os.getpid(), (None, None))
    if running is not None and transport is not None:
        closing = asyncio.run_coroutine_threadsafe(transport.aclose(), running)
        if not loop.is_here():
            with suppress(TimeoutError):
                closing.result(timeout=1.0)


def _cancelled(error: BaseException) -> bool:
    """Whether the loop ends this task, and the error is not one that a transport made up."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
