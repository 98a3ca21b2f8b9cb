"""The class Watch: runs that are looked at in the background until they have ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import finalize

from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.core.text import counted
from agentrun_nb.core.times import seconds_text
from agentrun_nb.core.when import Span, read_span
from agentrun_nb.errors import NotEndedError, SettingsError, UnauthorizedError
from agentrun_nb.fetch.batches import KEY
from agentrun_nb.fetch.names import ids_for_names
from agentrun_nb.fetch.progress import ProgressLine
from agentrun_nb.http import loop
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.wire import Wire
from agentrun_nb.live import listener as reasons
from agentrun_nb.live.feed import Feed
from agentrun_nb.live.listener import Listener
from agentrun_nb.live.outcome import Given, progress_sentence
from agentrun_nb.live.poller import has_pollers, leave, shared_poller
from agentrun_nb.run import Run

if TYPE_CHECKING:
    import pandas as pd


class Watch:
    """Runs that are looked at again and again in the background; made by `client.watch`.

    The looks at a run come the rarer, the older it is: after a tenth of its age, at least after a
    second and at most after half a minute. All watches of a service share them. A watch of runs
    ends when all of them have ended; one of a deployment goes on until `stop`. Both end when
    nothing refers to them any more, so keep them in a variable.

    It is a context manager that stops at the end, gives runs as they end in `for` and `async for`,
    and can be awaited.

    Example:
        >>> watch = client.watch(service.submit("csv-report"))
        >>> for ended in watch:
        ...     print(ended.status)
        succeeded
        >>> watch
        <Watch: 1 of 1 run ended in ...: 1 succeeded>
    """

    def __init__(self, listener: Listener, given: Given, source: Any = None) -> None:
        self._listener = listener
        self._given = given
        self._source = source
        self._began = time.monotonic()
        loop.current().call_soon_threadsafe(_begin, listener)
        # Whoever drops the watch wants to see no more of it.
        finalize(self, _end, listener, reasons.STOPPED).atexit = False

    @property
    def runs(self) -> pd.DataFrame:
        """The RUNS table of the runs as they were last seen, under a fresh index.

        A run that was not seen yet is a row with the `fetch_error` `not_asked`.

        Example:
            >>> watch = client.watch(run)
            >>> watch.runs["id"].tolist() == [run.id]
            True
        """
        return self._given.frame(self._listener).reset_index(drop=True)

    @property
    def pending(self) -> pd.DataFrame:
        """Those of the runs that were not seen to end, as the RUNS table.

        Example:
            >>> client.watch(run).pending.empty
            True
        """
        runs = self.runs
        return runs[~runs["status"].isin(TERMINAL)].reset_index(drop=True)

    @property
    def observations(self) -> pd.DataFrame:
        """The OBSERVATIONS table of these runs: which status was seen when.

        Example:
            >>> client.watch(run).observations["status"].iloc[-1]
            'succeeded'
        """
        looks = self._listener.wire.ledger.frame()
        keys = {*self._given.keys, *self._listener.keys()}
        pairs = zip(looks["deployment_id"], looks["run_id"], strict=True)
        return looks[[pair in keys for pair in pairs]].reset_index(drop=True)

    @property
    def active(self) -> bool:
        """Whether it still looks.

        Example:
            >>> with client.watch(deployment_id) as watch:
            ...     watch.active
            True
            >>> watch.active
            False
        """
        return self._listener.reason is None

    @property
    def done(self) -> bool:
        """Whether all its runs have ended. One of a deployment is never done.

        Example:
            >>> watch = client.watch(run)
            >>> watch.done
            True
        """
        return not self._listener.deployments and not self._listener.not_ended()

    @property
    def reason(self) -> str | None:
        """Why it looks no more, in words; None while it does.

        They are `all ended`, `stopped`, `timeout`, `interrupted`, `key refused`, `silence` (nothing
        came for as long as the client's deadline), `the rest cannot be seen` (such as runs that
        are not there), `client closed`, `another process` (a forked one) and `failure`. Only after
        the first have all runs ended.

        Example:
            >>> with client.watch(deployment_id) as watch:
            ...     pass
            >>> watch.reason
            'stopped'
        """
        return self._listener.reason

    def stop(self) -> None:
        """Looks no more. What was seen stays.

        Example:
            >>> watch = client.watch(deployment_id)
            >>> watch.stop()
        """
        _end(self._listener, reasons.STOPPED)

    def wait(self, timeout: Span | None = None) -> Run | pd.DataFrame:
        """Waits until all runs have ended.

        Args:
            timeout: how long at most: seconds, a timedelta or a text such as "30m"; the watch ends
                then. None: as long as it takes.

        Returns:
            What was given to `client.watch` as it is then: a Run, or a RUNS table. After an
            interrupt, what is known.

        Raises:
            NotEndedError: it ended before all runs had; the message says why.
            UnauthorizedError, NotFoundError: the key was refused; the only run cannot be seen.
            SettingsError: it watches a deployment, and no timeout is given.

        Example:
            >>> client.watch(run).wait(timeout="1m")
            <Run 'adrun_...': deployment 'adep_...', succeeded, ...>
        """
        return wait_for(self, read_span("timeout", timeout), progress=False)

    def _feed(self) -> Feed:
        """What a view reads of it."""
        return Feed(self)

    def _check_ends(self, seconds: float | None) -> None:
        """Refuses to wait for ever.

        Raises:
            SettingsError: nothing but `stop` ends it.
        """
        if self._listener.deployments and seconds is None and self.active:
            raise SettingsError(
                "A watch of a deployment never ends by itself: new runs may always come.",
                hint='Give watch.wait(timeout="10m"), or go through it: for run in watch.',
            )

    def _result(self) -> Run | pd.DataFrame:
        """What was given, as it is now.

        Raises:
            AgentRunError: not all have ended, for another reason than an interrupt.
        """
        listener = self._listener
        if listener.reason == reasons.INTERRUPTED or self.done:
            return self._given.now(listener)
        error = listener.error
        is_alone = self._given.is_one or bool(listener.deployments)
        if isinstance(error, UnauthorizedError) or (listener.reason == reasons.LOST and is_alone):
            self._check_seen()
        raise self._not_ended_error()

    def _not_ended_error(self) -> NotEndedError:
        runs = self._given.frame(self._listener)
        once = runs.drop_duplicates(KEY)
        error = self._listener.error
        causes = self._listener.losses() if error is None else [error.message]
        cause = "".join(f" {sentence}" for sentence in causes)
        left = counted(int((~once["status"].isin(TERMINAL)).sum()), "run")
        took = seconds_text(self._listener.ended_at - self._began)
        why = f"{self.reason}, {took}"
        return NotEndedError(
            f"{left} of {len(once):,} had not ended when the wait did ({why}).{cause}",
            runs=runs,
            hint="error.runs has them as they were last seen; client.wait(error.runs) goes on.",
        )

    # --- run after run ---------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Run]:
        yield from self._given.ended_before
        listener = self._listener
        count = 0
        try:
            while not listener.is_over_after(count):
                for record in listener.ended_after(count):
                    count += 1
                    yield record.as_run()
                listener.rest(count, loop.TICK)
        except KeyboardInterrupt:
            _end(listener, reasons.INTERRUPTED)
            raise
        self._check_seen()

    async def __aiter__(self) -> AsyncIterator[Run]:
        for run in self._given.ended_before:
            yield run
        listener = self._listener
        count = 0
        while not listener.is_over_after(count):
            for record in listener.ended_after(count):
                count += 1
                yield record.as_run()
            await self._change(count)
        self._check_seen()

    def _check_seen(self) -> None:
        """Raises where the watch has ended because nothing can be seen any more."""
        listener = self._listener
        deployments = {deployment for deployment, _ in self._given.keys}
        if listener.error is not None:
            with ids_for_names(listener.wire, deployments.union(listener.deployments)):
                raise loop.safe_error(listener.error)

    async def _change(self, count: int) -> None:
        """Waits in the running loop until more runs than so many have ended, or the watch has."""
        here = asyncio.get_running_loop()
        changed = asyncio.Event()

        def wake() -> None:
            # The loop of a cell that was interrupted may be closed.
            with suppress(RuntimeError):
                here.call_soon_threadsafe(changed.set)

        leave = self._listener.follow(wake)
        try:
            # Something may have come before it followed.
            if self._listener.waits_beyond(count):
                await changed.wait()
        finally:
            leave()

    def __await__(self) -> Generator[Any, None, Run | pd.DataFrame]:
        return self._until_end().__await__()

    async def _until_end(self) -> Run | pd.DataFrame:
        self._check_ends(None)
        while self.active:
            await self._change(len(self._listener.ended()))
        return self._result()

    # --- as text ---------------------------------------------------------------------------------

    def _sentence(self) -> str:
        """How many have ended and how and, when it has ended itself, after how long and why."""
        frame = self._given.frame(self._listener)
        if self.active:
            return f"{progress_sentence(frame)}; goes on"
        words = progress_sentence(frame, self._listener.wire.ledger.frame())
        # The time stands beside the count: "8 of 8 runs ended in 3 min 12 s: 6 succeeded".
        took = seconds_text(self._listener.ended_at - self._began)
        words = words.replace(" ended", f" ended in {took}", 1)
        reason = self.reason
        return words if reason == reasons.ALL_ENDED else f"{words}; {reason}"

    def __repr__(self) -> str:
        error = self._listener.error
        cause = f": {error.message}" if error else ""
        losses = self._listener.losses()
        # Of a watch that ended with its only deployment the cause says it.
        if error is not None and len(losses) == 1:
            losses = []
        return f"<Watch: {'; '.join([self._sentence() + cause, *losses])}>"

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def wait_for(watch: Watch, seconds: float | None, *, progress: bool) -> Run | pd.DataFrame:
    """Waits as `Watch.wait` does, with a line that says how far it is.

    Args:
        watch: what to wait for.
        seconds: how long at most; None: as long as it takes.
        progress: whether the line is shown.

    Returns:
        What was given to the watch, as it is then.

    Raises:
        AgentRunError: as `Watch.wait` does.
    """
    watch._check_ends(seconds)
    listener, given = watch._listener, watch._given
    ends_at = float("inf") if seconds is None else time.monotonic() + seconds
    total = len(given.keys)
    with DeferredInterrupts() as interrupts, ProgressLine(total or None, shown=progress) as line:
        line.add(total - len(given.to_watch))
        shown = 0
        while listener.reason is None:
            if interrupts.heard:
                _end(listener, reasons.INTERRUPTED)
            elif time.monotonic() >= ends_at:
                _end(listener, reasons.TIMEOUT)
            else:
                listener.rest(shown, min(loop.TICK, ends_at - time.monotonic()))
            ended = len(listener.ended())
            line.add(ended - shown)
            shown = ended
        line.end(watch._sentence())
    return watch._result()


def _begin(listener: Listener) -> None:
    """Begins to look for a listener, on the client's loop."""
    if listener.reason is None:
        shared_poller(listener.wire).add(listener)


def end_watches(wire: Wire) -> None:
    """Ends the watches of a client that is closed."""
    if has_pollers(wire):
        loop.current().call_soon_threadsafe(leave, wire)


def _end(listener: Listener, reason: str) -> None:
    """Ends a watch at once, and what the poller does for it as soon as its loop gets to it."""
    if not listener.is_in_own_process:
        # The loop of the parent is not in a forked child, and goes on there.
        return
    listener.finish(reason)
    wire = listener.wire
    loop.current().call_soon_threadsafe(lambda: shared_poller(wire).end(listener, reason))
