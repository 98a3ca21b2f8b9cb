"""Runs coroutines on one asyncio loop in a daemon thread.

The calling thread waits for them and can be interrupted.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, TypeVar

from agentrun_nb.errors import AgentRunError, ConnectionFailedError
from agentrun_nb.http.interrupts import DeferredInterrupts

T = TypeVar("T")
Emit = Callable[[T], Awaitable[None]]

TICK = 0.1
"""The longest that a waiting thread sleeps at a time, in seconds."""

ASIDE = 2
"""The number of threads that decode and look up names beside the loop.

More of them cost memory and make nothing quicker.
"""

LONGEST_END = 2.0
"""Seconds that a cancelled coroutine has to close its connections."""

NAP = 0.005
"""Seconds between two looks at a queue.

Two threads that wake each other for every item are slow.
"""

_starting = threading.Lock()
_running: asyncio.AbstractEventLoop | None = None


def current() -> asyncio.AbstractEventLoop:
    """Returns the loop of this process; the first call starts it.

    Raises:
        ConnectionFailedError: no thread can be started for it.
    """
    global _running
    with _starting:
        if _running is None:
            _running = _started()
        return _running


def _started() -> asyncio.AbstractEventLoop:
    """Starts a loop in a thread of its own."""
    loops: queue.SimpleQueue[asyncio.AbstractEventLoop] = queue.SimpleQueue()

    def serve() -> None:
        started = asyncio.new_event_loop()
        aside = ThreadPoolExecutor(ASIDE, thread_name_prefix="agentrun-nb-aside")
        started.set_default_executor(aside)
        loops.put(started)
        started.run_forever()

    thread = threading.Thread(target=serve, name="agentrun-nb", daemon=True)
    try:
        # Before there is a loop: in a browser a new one takes the place of the page's own.
        thread.start()
    except RuntimeError:
        raise ConnectionFailedError(_NO_THREAD, hint=_WITHOUT_CLIENT) from None
    return loops.get()


_NO_THREAD = (
    "The client works in a thread of its own, and none can be started here; "
    "a browser, as with JupyterLite and Pyodide, has none."
)
_WITHOUT_CLIENT = (
    "Read the runs elsewhere and save them: arn.load, tables, views and figures work here."
)


def _forget() -> None:
    """Forgets the loop of the parent in a forked child, which does not have its thread."""
    global _running, _starting
    _starting = threading.Lock()
    _inherited.append(_running)
    _running = None


_inherited: list[asyncio.AbstractEventLoop | None] = []
"""Loops of parent processes. They are kept, so that none of their finalizers runs in a child."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def is_on_loop() -> bool:
    """Whether the calling code itself runs on the loop."""
    try:
        return asyncio.get_running_loop() is _running
    except RuntimeError:
        return False


class Job(Generic[T]):
    """Runs a coroutine on the loop, for a thread that waits for the result.

    An error is raised without the frames of the loop, which hold requests.

    Args:
        work: the coroutine.
        after: called on the loop when the coroutine has ended, in whatever way.
    """

    def __init__(
        self, work: Coroutine[Any, Any, T], after: Callable[[], None] = lambda: None
    ) -> None:
        self._over = threading.Event()
        self._after = after
        self._value: list[T] = []
        self._error: AgentRunError | None = None
        self._task: asyncio.Task[None] | None = None
        try:
            loop = current()
        except AgentRunError:
            # Else Python complains of a coroutine that nobody awaited.
            work.close()
            raise
        loop.call_soon_threadsafe(self._start, work)

    def _start(self, work: Coroutine[Any, Any, T]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._task.add_done_callback(self._ended)

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> None:
        try:
            self._value.append(await work)
        except BaseException as error:
            self._error = safe_error(error)

    def _ended(self, _: object) -> None:
        self._over.set()
        self._after()

    @property
    def finished(self) -> bool:
        """Whether the coroutine has returned: neither cancelled nor failed."""
        return bool(self._value)

    def wait(self) -> None:
        """Waits for the end in short steps: on some systems nothing interrupts a long one."""
        while not self._over.wait(TICK):
            continue

    def result(self) -> T:
        """Returns what the coroutine returned.

        Raises:
            AgentRunError: the error that it raised.
        """
        if self._value:
            return self._value[0]
        raise self._error or safe_error(asyncio.CancelledError())

    def cancel(self) -> None:
        """Cancels the coroutine, and waits until it has closed its connections."""

        async def end() -> None:
            if self._task:
                self._task.cancel()
                await asyncio.wait([self._task])

        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(end(), current()).result(LONGEST_END)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on the loop and returns its result; an interrupt cancels it.

    Raises:
        AgentRunError: the error that it raised, without the frames of the loop.
    """
    job = Job(work)
    try:
        job.wait()
    except BaseException:
        job.cancel()
        raise
    return job.result()


def safe_error(error: BaseException) -> AgentRunError:
    """Returns an error from which no request, header or key can be reached.

    An error of another kind becomes an AgentRunError that names only its class: its text may repeat
    what was sent.
    """
    if not isinstance(error, AgentRunError):
        sentence = f"The call failed in a way that nobody expected: {type(error).__name__}."
        error = AgentRunError(
            sentence, hint="Please report it, with the call and the version of agentrun-nb."
        )
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Runs coroutines concurrently; the first error cancels the others and is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _End:
    """Marks the end of a stream."""


class _Wake:
    """Wakes a reader when an interrupt came."""


class Stream(Generic[T]):
    """Iterates over the items that a coroutine emits on the loop, as they come.

    An interrupt ends the iteration; `stop` ends the coroutine.

    Args:
        work: makes the coroutine of the function that emits an item.
        interrupts: notes interrupts.
        ahead: the most items that wait to be read; the coroutine waits then.
        idle: called now and then while nothing comes.
    """

    def __init__(
        self,
        work: Callable[[Emit[T]], Coroutine[Any, Any, None]],
        interrupts: DeferredInterrupts,
        *,
        ahead: int = 256,
        idle: Callable[[], None],
    ) -> None:
        self._idle = idle
        self._ahead = ahead
        self._interrupts = interrupts
        self._items: queue.SimpleQueue[T | _End | _Wake] = queue.SimpleQueue()
        self._stopping = threading.Lock()
        self._stopped = False
        self._job = Job(work(self._emit), after=lambda: self._items.put(_End()))
        # A SimpleQueue may be put to in a signal handler.
        interrupts.on_interrupt(lambda: self._items.put(_Wake()))

    async def _emit(self, item: T) -> None:
        while self._items.qsize() >= self._ahead:
            await asyncio.sleep(NAP)
        # An item that nobody will read must not count as emitted.
        with self._stopping:
            if self._stopped:
                raise asyncio.CancelledError
            self._items.put(item)

    def __iter__(self) -> Iterator[T]:
        while not self._interrupts.heard:
            try:
                item = self._items.get(timeout=TICK)
            except queue.Empty:
                self._idle()
                continue
            if isinstance(item, _End):
                self._job.result()
                break
            if not isinstance(item, _Wake):
                yield item
            if self._items.empty():
                time.sleep(NAP)

    @property
    def finished(self) -> bool:
        """Whether the coroutine has returned."""
        return self._job.finished

    def stop(self) -> list[T]:
        """Cancels the coroutine, and returns the items that nobody has read."""
        self._job.cancel()
        left: list[T | _End | _Wake] = []
        with self._stopping, suppress(queue.Empty):
            self._stopped = True
            while True:
                left.append(self._items.get_nowait())
        return [item for item in left if not isinstance(item, _End | _Wake)]
