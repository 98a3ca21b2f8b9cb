"""Fetches something of many runs or files side by side, and hands on each outcome as it comes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from agentrun_nb.errors import AgentRunError, BadIdError, SettingsError, UnauthorizedError
from agentrun_nb.fetch.progress import ProgressLine
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.loop import Emit, Stream, together
from agentrun_nb.http.wire import Tally, Wire

K = TypeVar("K")
T = TypeVar("T")


def fetch_each(
    wire: Wire,
    keys: Sequence[K],
    fetch: Callable[[K], Awaitable[T]],
    take: Callable[[K, T | AgentRunError], None],
    tally: Tally,
    line: ProgressLine,
    interrupts: DeferredInterrupts,
) -> bool:
    """Fetches something of each run or file, as many at a time as the settings allow.

    It ends early when the service has brought nothing for as long as the deadline allows.

    Args:
        wire: sends the requests.
        keys: the runs or files.
        fetch: fetches it of one of them.
        take: takes each outcome, in the calling thread: what came, or the error.
        tally: where the requests and their cost are noted.
        line: shows the progress, and what is waited for.
        interrupts: notes interrupts.

    Returns:
        Whether it was interrupted before all had come.

    Raises:
        UnauthorizedError, SettingsError: no other run would come either.
    """

    async def fetch_all(emit: Emit[tuple[K, T | AgentRunError]]) -> None:
        waiting = iter(keys)

        async def worker() -> None:
            for key in waiting:
                outcome = await _outcome(fetch, key)
                came_at = time.monotonic()
                await emit((key, outcome))
                if came_at >= tally.alive_at + wire.settings.deadline:
                    break
                # A reader that is slow is no silence of the service.
                now = time.monotonic()
                tally.alive_at = min(now, tally.alive_at + (now - came_at))

        await together(worker() for _ in range(min(wire.settings.max_in_flight, len(keys))))

    stream = Stream(fetch_all, interrupts, idle=lambda: line.wait(tally.waiting_for))
    try:
        for key, outcome in stream:
            take(key, outcome)
    finally:
        left = stream.stop()
    for key, outcome in left:
        take(key, outcome)
    return interrupts.heard and not stream.finished


async def _outcome(fetch: Callable[[K], Awaitable[T]], key: K) -> T | AgentRunError:
    try:
        return await fetch(key)
    except BadIdError as error:
        return error
    except (UnauthorizedError, SettingsError):
        raise
    except AgentRunError as error:
        return error
