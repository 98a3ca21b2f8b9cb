"""A clock that a test moves on by hand, and a service and clients that live by it.

An hour of looks takes a second, and a busy machine changes nothing of what is seen when.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar
from unittest import mock

import httpx

from agentrun_nb.client import Client
from agentrun_nb.http import gate, loop, retry, wire
from tests.faults.replies import KEY
from tests.faults.server import RESET, Request
from tests.live.lives import Lives

T = TypeVar("T")

_numbers = count()


class Clock:
    """The time of day and the monotonic time, as a test moves them on.

    The loop of the clients comes to each moment in turn, does all that is due then, and rests at
    the last one.
    """

    def __init__(self) -> None:
        self.began = time.time()
        self.seconds = 0.0
        self.loop = _Loop(self)
        self._end = 0.0
        self._at_rest = threading.Event()

    def monotonic(self) -> float:
        return self.seconds

    def time(self) -> float:
        return self.began + self.seconds

    def advance(self, seconds: float) -> None:
        """Lets so many seconds pass, and waits until all is done that was due in them."""
        at_rest = threading.Event()

        def begin() -> None:
            self._end += seconds
            self._at_rest = at_rest

        # On the loop, after all that it was told to do before: no time passes for that.
        self.loop.call_soon_threadsafe(begin)
        assert at_rest.wait(120)

    def advance_until(self, true: Callable[[], Any], most: float = 600.0) -> None:
        """Lets time pass in short steps until something is so."""
        end = self.seconds + most
        while not true():
            assert self.seconds < end
            self.advance(0.05)

    def call(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Calls a function that waits for the service, and lets the time pass that it takes."""
        with ThreadPoolExecutor(1) as threads:
            calling = threads.submit(function, *args, **options)
            self.advance_until(calling.done)
        return calling.result()

    def skip(self, seconds: float) -> bool:
        """Moves on to the next thing that is due; returns whether that is not too late.

        Args:
            seconds: until then, as the loop says.
        """
        moment = self.seconds + seconds
        is_due = moment <= self._end
        self.seconds = moment if is_due else self._end
        if not is_due:
            self._at_rest.set()
        return is_due


class _Selector(selectors.DefaultSelector):
    """Waits for no time to pass: where nothing else is to be done, the clock skips it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self._clock.skip(float("inf") if timeout is None else timeout):
            return ready
        # Another thread moves the clock on, or wants something of the loop.
        return super().select(None)


class _Loop(asyncio.SelectorEventLoop):
    """A loop by the clock of a test. What others do in threads beside it is done at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        super().__init__(_Selector(clock))

    def time(self) -> float:
        return self._clock.monotonic()

    def run_in_executor(
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def answer_of(lives: Lives, latency: Callable[[], float]) -> Callable[..., Any]:
    """What a mock transport calls for each request.

    Args:
        lives: the service.
        latency: seconds that a request takes to come to it, and its answer to come back.
    """

    async def answer(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        await asyncio.sleep(latency())
        headers = {name.lower(): value for name, value in request.headers.items()}
        (reply,) = lives(Request(target, headers), 0)
        if reply is RESET:
            raise httpx.ReadError("the connection was reset")
        assert isinstance(reply, bytes)
        await asyncio.sleep(latency())
        head, _, body = reply.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        fields = [line.split(": ", 1) for line in lines]
        return httpx.Response(int(first.split(" ")[1]), headers=dict(fields), content=body)

    return answer


@contextmanager
def stepped() -> Iterator[Clock]:
    """A clock by which the clients and services that are made in the block live."""
    clock = Clock()
    thread = threading.Thread(target=clock.loop.run_forever, name="stepped", daemon=True)
    thread.start()
    # What was given the clock as its default has the true one.
    defaults = {
        gate.Gate: (clock.monotonic,),
        retry.Budget: (100.0, 2.0, clock.monotonic),
        retry.Schedule: (clock.monotonic, *retry.Schedule.__init__.__defaults__[1:]),
    }
    with (
        mock.patch.object(time, "monotonic", clock.monotonic),
        mock.patch.object(time, "time", clock.time),
        mock.patch.object(loop, "_running", clock.loop),
        mock.patch.object(gate.Gate.__init__, "__defaults__", defaults[gate.Gate]),
        mock.patch.object(retry.Budget.__init__, "__defaults__", defaults[retry.Budget]),
        mock.patch.object(retry.Schedule.__init__, "__defaults__", defaults[retry.Schedule]),
    ):
        yield clock
        # What was ended comes to its end.
        clock.advance(0.0)
        clock.loop.call_soon_threadsafe(clock.loop.stop)
        thread.join()
    clock.loop.close()


@contextmanager
def clients_of(
    lives: Lives, number: int = 1, latency: Callable[[], float] = lambda: 0.0
) -> Iterator[list[Client]]:
    """So many clients of a service, which share its address."""
    url = f"https://stepped-{next(_numbers)}.test"
    transport = httpx.MockTransport(answer_of(lives, latency))
    connect = wire.connect

    def connected(settings: Any) -> Any:
        return transport if settings.base_url == url else connect(settings)

    with mock.patch.object(wire, "connect", connected):
        clients = [Client(KEY, url) for _ in range(number)]
        yield clients
        for client in clients:
            client.close()
