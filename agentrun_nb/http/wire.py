"""Sends requests to the service, with deadline, limits and retries, and returns what they bring."""

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

from agentrun_nb.core.times import AnswerTime
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
from agentrun_nb.tables.ledger import Ledger, shared_ledger

T = TypeVar("T")

log = logging.getLogger("agentrun_nb")
"""Logs retries, waits and limits; never a body, a query or the key."""

HEADERS = {"Accept": "application/json", "Accept-Encoding": ACCEPTED, "User-Agent": "agentrun-nb"}


@dataclass
class Tally:
    """Counts what the requests of one call cost.

    Attributes:
        requests: the number of requests that were sent.
        retries: the number of those that were sent again.
        waited: the seconds before retries and in pauses that the service asked for.
        clock_offset: bounds of the service's clock minus ours, in seconds.
        waiting_for: why a request waits now, in words.
        oddities: what was odd about the answers, counted.
        alive_at: when the last answer came, by the monotonic clock; at first, when the call began.
        sent_at: when the request was sent whose answer is read now, in seconds since the epoch by
            our clock.
    """

    requests: int = 0
    retries: int = 0
    waited: float = 0.0
    clock_offset: tuple[float, float] | None = None
    waiting_for: str = ""
    oddities: Counter[str] = field(default_factory=Counter)
    alive_at: float = field(default_factory=time.monotonic)
    sent_at: float = field(default_factory=time.time)

    @property
    def report_fields(self) -> dict[str, Any]:
        """The fields of a fetch report that it knows."""
        return {
            "retries": self.retries,
            "waited_seconds": self.waited,
            "clock_offset": self.clock_offset,
        }

    async def wait(self, seconds: float, reason: str) -> None:
        """Waits for some seconds, counts them, and says meanwhile why."""
        self.waited += seconds
        self.waiting_for = f"{reason}, waiting {seconds:.1f} s"
        await asyncio.sleep(seconds)
        self.waiting_for = ""

    @property
    def answer_time(self) -> AnswerTime:
        """When the answer that is read now was made, by the clock of the service.

        Its time is our own plus the least difference that the bounds of the offset allow. Requests
        share a tally, so only the function that reads an answer may ask for it.
        """
        low, high = self.clock_offset or (0.0, 0.0)
        least_difference = min(max(low, 0.0), high)
        sent = round((self.sent_at + least_difference) * 1e6)
        received = round((time.time() + least_difference) * 1e6)
        return AnswerTime(sent, received)

    def note_date(self, header: str | None, sent: float, received: float) -> None:
        """Narrows the bounds of the clock offset by the `Date` of an answer.

        Args:
            header: the header `Date`.
            sent: when the request was sent, in seconds since the epoch by our clock.
            received: when the answer came, likewise.
        """
        date = read_http_date(header)
        if date is None:
            return
        # A date is cut to whole seconds, and many servers write it anew only once a second: the
        # service's clock shows up to two seconds more.
        low, high = date - received, date + 2 - sent
        if self.clock_offset is not None:
            before_low, before_high = self.clock_offset
            narrowed = max(before_low, low), min(before_high, high)
            if narrowed[0] <= narrowed[1]:
                low, high = narrowed
        self.clock_offset = low, high


class Wire:
    """Sends requests to one service.

    Attributes:
        settings: the address of the service, and the limits.
        policy: how often and when requests are sent again.
        ledger: remembers which status was seen of which run, for all clients of the service.
    """

    policy = Policy()

    def __init__(self, settings: Settings, transport: Transport | None = None) -> None:
        self.settings = settings
        self._injected = transport
        self.ledger = Ledger() if transport else shared_ledger(settings.base_url)
        self._own_service = Service(Gate(settings.max_in_flight)) if transport else None
        self._transports: dict[int, tuple[asyncio.AbstractEventLoop, Transport]] = {}
        self._finalizer = finalize(self, _close_transport, self._transports)

    @property
    def closed(self) -> bool:
        """Whether requests fail because the client was closed."""
        # A copy with other limits has the same finalizer, and is closed with its original.
        return not self._finalizer.alive

    def _check_is_open(self) -> None:
        if self.closed:
            raise SettingsError("This client is closed.", hint="Make a new one.")

    async def fetch(self, ask: Ask, read: Callable[[bytes], T], tally: Tally) -> T:
        """Sends a request, again where that may help, and reads the answer.

        Args:
            ask: the request.
            read: reads a body; after a BadResponseError of it the request is sent once more.
            tally: where the requests and their cost are noted.

        Returns:
            What `read` returned.

        Raises:
            AgentRunError: the error of the last attempt; every other exception becomes one.
        """
        self._check_is_open()
        try:
            return await self._fetch_with_retries(ask, read, tally)
        except GeneratorExit:
            raise
        except BaseException as error:
            if _cancelled(error):
                raise
            bare = loop.safe_error(error)
        raise bare

    async def _fetch_with_retries(self, ask: Ask, read: Callable[[bytes], T], tally: Tally) -> T:
        """Sends a request until it is answered, refused, or out of time."""
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
            last = self._out_of_time(last)
        last.method, last.route = "GET", ask.route.template
        last.elapsed = time.monotonic() - started
        last.attempts = max(schedule.attempts, 1) if last.attempts is None else last.attempts
        log.debug("%s: ended in %s after %.1f s", ask.route.template, last.kind, last.elapsed)
        raise last

    def _out_of_time(self, before: AgentRunError | None) -> DeadlineExceededError:
        """Makes the error of a request that is out of time.

        Args:
            before: the error of the attempt before, if there was one.
        """
        settings = self.settings
        message = f"No whole answer came within {settings.deadline:g} s{settings.through}."
        if before:
            message += f" Before that: {before.message}"
        hint = "Allow more with deadline=."
        was_answered = before is not None and before.status
        if not was_answered and (remark := unused_proxy(settings)):
            hint += f" {remark}"
        return DeadlineExceededError(message, hint=hint)

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
        tally.sent_at = outcome.sent
        try:
            return read(outcome.body)
        except BadResponseError as error:
            return self._unreadable(error, outcome.body, key)

    def _unreadable(self, error: BadResponseError, body: bytes, key: str) -> Failure:
        """Makes the failure of an answer whose body could not be read."""
        message = replies.safe(error.message, key)
        hint = error.hint
        begins = body.lstrip()[:1]
        if begins == b"<":
            message = "HTML came where JSON was expected."
        if begins in (b"<", b""):
            base_url = self.settings.base_url
            hint = f"{base_url} may be the address of something else: check the base_url."
        hint = replies.base_url_hint(self.settings) or hint
        bad_response = BadResponseError(message, hint=hint, status=200)
        return Failure(bad_response, transient=True, once=True)

    async def _send_in_turn(
        self, ask: Ask, key: str, tally: Tally, service: Service, schedule: Schedule
    ) -> Reply | Failure:
        """Waits for the end of a pause and for a place at the gate, then sends one request."""
        while True:
            pause = service.pause_left()
            if pause > 0:
                if not schedule.has_time_for(pause):
                    return self._paused(pause, schedule.attempts)
                await tally.wait(pause, "a pause that the service asked for")
            async with service.gate:
                if service.pause_left() > 0:
                    # The service asked for a pause while this request stood in line.
                    continue
                if schedule.attempts == 0 and not service.budget.admits():
                    host = self.settings.host
                    message = f"{host} was not asked, since it brings no answers at present."
                    hint = "Try again in a while."
                    return Failure(ConnectionFailedError(message, hint=hint, attempts=0))
                return await self._send(ask, key, tally)

    def _paused(self, pause: float, attempts: int) -> Failure:
        """Makes the failure of a request in a pause that is too long to wait for."""
        host = self.settings.host
        message = f"{host} asked for a pause of {pause:,.0f} s more; nothing was sent."
        hint = "Try again after that, or allow more with deadline=."
        error = RateLimitedError(message, hint=hint, attempts=attempts, retry_after=pause)
        return Failure(error)

    async def _send(self, ask: Ask, key: str, tally: Tally) -> Reply | Failure:
        """Sends one request and reads the whole answer."""
        request, transport = self._request(ask, key), self._transport()
        tally.requests += 1
        sent = time.time()
        try:
            response = await transport.handle_async_request(request)
            headers = {}
            for name, text in response.headers.raw:
                headers[name.decode("latin-1").lower()] = text.decode("latin-1")
            tally.note_date(headers.get("date"), sent, time.time())
            try:
                stream: Any = response.stream
                body = await read_body(
                    stream, headers.get("content-encoding", ""), self.settings.max_bytes
                )
            finally:
                await response.aclose()
            log.debug("GET %s: %d", ask.route.template, response.status_code)
            return Reply(response.status_code, headers, body, sent)
        except TooLargeError as error:
            return Failure(TooLargeError(replies.safe(error.message, key), hint=error.hint))
        except BadResponseError as error:
            return Failure(
                BadResponseError(replies.safe(error.message, key), hint=error.hint),
                transient=True,
                once=True,
            )
        except Exception as error:
            # Whatever a transport raises, it brought no answer.
            return unreached(error, self.settings)

    def _request(self, ask: Ask, key: str) -> httpx.Request:
        """Makes the request of httpx.

        Raises:
            UnsafeURLError: its URL is not one of the route on this service.
        """
        seconds = self.settings.timeout
        timeouts = {"connect": seconds, "read": seconds, "write": seconds, "pool": None}
        headers = HEADERS | {"Authorization": f"Bearer {key}"}
        query = f"?{urlencode(ask.params)}" if ask.params else ""
        url = httpx.URL(self.settings.base_url + ask.path + query)
        request = httpx.Request("GET", url, headers=headers, extensions={"timeout": timeouts})
        default_port = 443 if url.scheme == "https" else 80
        origin = url.scheme, url.host, url.port or default_port
        # The path has the parts of the base URL and those of the route, and no more.
        path = url.raw_path.partition(b"?")[0]
        further_parts = path.count(b"/") - ask.route.template.count("/")
        base_parts = self.settings.base_url.count("/", len("https://"))
        if origin != self.settings.origin or further_parts != base_parts:
            raise UnsafeURLError(
                "The request would leave the route it was made for; nothing was sent.",
                hint="Check the ids and the base_url.",
            )
        return request

    def _service(self) -> Service:
        return self._own_service or shared_service(
            self.settings.origin, self.settings.max_in_flight
        )

    def _transport(self) -> Transport:
        """Returns the transport of this process; a forked child makes its own.

        Raises:
            SettingsError: the client was closed, perhaps while the request waited for its turn.
        """
        self._check_is_open()
        if os.getpid() not in self._transports:
            transport = self._injected or connect(self.settings)
            self._transports[os.getpid()] = asyncio.get_running_loop(), transport
        return self._transports[os.getpid()][1]

    def within(self, **limits: Any) -> Wire:
        """Returns a copy with other limits of `Settings`; one that is None stays as it is."""
        given = {name: limit for name, limit in limits.items() if limit is not None}
        check_limits(given)
        other = copy(self)
        other.settings = replace(self.settings, **given)
        return other

    def close(self) -> None:
        """Closes all connections; requests after that fail."""
        self._finalizer()
        gate.client_closed(self.settings.origin)


def _close_transport(transports: dict[int, tuple[asyncio.AbstractEventLoop, Transport]]) -> None:
    running, transport = transports.pop(os.getpid(), (None, None))
    if running is not None and transport is not None:
        closing = asyncio.run_coroutine_threadsafe(transport.aclose(), running)
        if not loop.is_on_loop():
            with suppress(TimeoutError):
                closing.result(timeout=1.0)


def _cancelled(error: BaseException) -> bool:
    """Whether the loop cancels this task; a transport may raise a CancelledError by itself."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
