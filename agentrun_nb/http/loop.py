"""One daemon thread with one asyncio loop per process; the calling thread waits for it and can be interrupted."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, TypeVar

from agentrun_nb.errors import AgentRunError

T = TypeVar("T")
Emit = Callable[[T], Awaitable[None]]

TICK = 0.1
"""Seconds after which a waiting reader looks up."""

ASIDE = 2
"""Threads that decode and look up names beside the loop; each more costs memory and makes nothing quicker."""

NAP = 0.005
"""Seconds that a reader lets items gather: two threads that wake each other for every one are slow."""

_starting = threading.Lock()
_running: asyncio.AbstractEventLoop | None = None


def current() -> asyncio.AbstractEventLoop:
    """The loop of this process, started when it is first needed."""
    global _running
    with _starting:
        if _running is None:
            _running = asyncio.new_event_loop()
            _running.set_default_executor(ThreadPoolExecutor(ASIDE, thread_name_prefix="agentrun-nb-aside"))
            threading.Thread(target=_running.run_forever, name="agentrun-nb", daemon=True).start()
        return _running


def _forget() -> None:
    """A forked child has the parent's loop without its thread."""
    global _running, _starting
    _starting = threading.Lock()
    _inherited.append(_running)
    _running = None


_inherited: list[asyncio.AbstractEventLoop | None] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def is_here() -> bool:
    """Whether the calling code itself runs on the loop."""
    try:
        return asyncio.get_running_loop() is _running
    except RuntimeError:
        return False


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on the loop and waits; an interrupt cancels it first.

    Raises:
        AgentRunError: without a traceback of the loop's own frames, which hold requests.
    """
    future = asyncio.run_coroutine_threadsafe(work, current())
    try:
        error = _waited(future)
    except BaseException:
        _cancel(future)
        raise
    if error is None:
        return future.result()
    raise bare(error)


def _waited(future: Future[Any]) -> BaseException | None:
    """The error of a future, waited for in short steps, between which an interrupt is heard everywhere."""
    while True:
        with suppress(TimeoutError):
            return future.exception(timeout=TICK)


def bare(error: BaseException) -> BaseException:
    """The error, without anything from which a request could be reached."""
    if isinstance(error, AgentRunError):
        error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _cancel(future: Future[Any]) -> None:
    """Cancels and waits until the coroutine has let go of its connections."""
    future.cancel()
    settled = threading.Event()

    async def settle() -> None:
        await asyncio.sleep(0)
        settled.set()

    asyncio.run_coroutine_threadsafe(settle(), current())
    settled.wait(TICK)


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Runs coroutines side by side; the first error cancels the others and is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _End:
    """Nothing more will come."""


class Stream(Generic[T]):
    """Items that a coroutine emits on the loop, read by the calling thread as they come.

    At most `ahead` items wait to be read; then the coroutine waits. While nothing comes, `idle` is called now and then.
    Reading can be interrupted, and `stop` ends it early.
    """

    def __init__(
        self, work: Callable[[Emit[T]], Coroutine[Any, Any, None]], *, ahead: int = 256, idle: Callable[[], None]
    ) -> None:
        self._idle = idle
        self._ahead = ahead
        self._items: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
        self._future = asyncio.run_coroutine_threadsafe(self._pump(work), current())

    async def _pump(self, work: Callable[[Emit[T]], Coroutine[Any, Any, None]]) -> None:
        async def emit(item: T) -> None:
            while self._items.qsize() >= self._ahead:
                await asyncio.sleep(NAP)
            self._items.put(item)

        try:
            await work(emit)
        finally:
            self._items.put(_End())

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                item = self._items.get(timeout=TICK)
            except queue.Empty:
                self._idle()
                continue
            if isinstance(item, _End):
                break
            yield item
            if self._items.empty():
                time.sleep(NAP)
        with suppress(CancelledError):
            error = _waited(self._future)
            if error is not None:
                raise bare(error)

    def stop(self) -> list[T]:
        """Cancels the coroutine and gives what it had emitted and nobody had read."""
        _cancel(self._future)
        left: list[T | _End] = []
        with suppress(queue.Empty):
            while True:
                left.append(self._items.get_nowait())
        return [item for item in left if not isinstance(item, _End)]
