"""Looks at the runs of one service again and again, for all who watch them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from agentrun_nb.errors import (
    AgentRunError,
    ConnectionFailedError,
    DeadlineExceededError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
)
from agentrun_nb.fetch.by_id import fetch_run, make_run
from agentrun_nb.fetch.keys import Key
from agentrun_nb.fetch.query import RunQuery, branches_of
from agentrun_nb.fetch.walks import Walks
from agentrun_nb.http import loop
from agentrun_nb.http.secret import Secret
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.live import listener as reasons
from agentrun_nb.live.listener import Listener
from agentrun_nb.live.pace import NEWS_LONGEST, SHORTEST
from agentrun_nb.live.record import Record, records_of, some_of
from agentrun_nb.live.watched import GOING, WatchedDeployment, WatchedRun
from agentrun_nb.records.batch import Batch
from agentrun_nb.tables.ledger import Ledger

NEVER = float("inf")

PASSING = (ConnectionFailedError, DeadlineExceededError, RateLimitedError, ServerError)
"""Errors after which the next look may bring something."""


class Poller:
    """Looks at runs again when it is time, and says what came to all who watch them.

    Everything of it is called on the loop of the client.
    """

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._deployments: dict[str, WatchedDeployment] = {}
        self._wake = asyncio.Event()
        self._main: asyncio.Task[None] | None = None

    # --- who watches -----------------------------------------------------------------------------

    def add(self, listener: Listener) -> None:
        """Begins to look for a listener."""
        self.listeners.append(listener)
        for key in listener.waits_for():
            self._watch_run(listener, key)
        for deployment_id in listener.deployments:
            self._watch_deployment(listener, deployment_id)
        self._settle(listener)
        self._wake.set()
        if self._main is None and self.listeners:
            self._main = self._start(self._run())

    def _watch_run(self, listener: Listener, key: Key) -> None:
        deployment_id, run_id = key
        runs = self._deployment(deployment_id).runs
        run = runs.get(run_id) or runs.setdefault(run_id, WatchedRun(key))
        run.listeners.append(listener)
        if run.record:
            listener.take(run.record)

    def _watch_deployment(self, listener: Listener, deployment_id: str) -> None:
        deployment = self._deployment(deployment_id)
        deployment.listeners.append(listener)
        if deployment.ready:
            for run in deployment.runs.values():
                if run.record and run.is_news:
                    listener.take(run.record)
        if not deployment.ready or listener.since is not None:
            deployment.newcomers.append(listener)
            deployment.news_due = time.monotonic()

    def _deployment(self, deployment_id: str) -> WatchedDeployment:
        deployment = self._deployments.get(deployment_id)
        if deployment is None:
            deployment = self._deployments[deployment_id] = WatchedDeployment(deployment_id)
        return deployment

    def end(self, listener: Listener, reason: str, error: AgentRunError | None = None) -> None:
        """Looks no more for a listener, and says why."""
        if listener in self.listeners:
            self.listeners.remove(listener)
        for deployment in list(self._deployments.values()):
            runs = deployment.runs.values()
            lists = [deployment.listeners, deployment.newcomers, *(one.listeners for one in runs)]
            for some in lists:
                if listener in some:
                    some.remove(listener)
            self._tidy(deployment)
        listener.finish(reason, error)
        if not self.listeners:
            _cancel(self._main)
            self._main = None

    def _tidy(self, deployment: WatchedDeployment) -> None:
        """Forgets what nobody watches any more, and what is under way for it."""
        for run_id, run in list(deployment.runs.items()):
            if not deployment.watchers_of_run(run):
                del deployment.runs[run_id]
                _cancel(run.task)
        if deployment.listeners:
            return
        deployment.forget()
        if not deployment.runs:
            self._deployments.pop(deployment.id, None)
            _cancel(deployment.task)

    def _settle(self, listener: Listener) -> None:
        """Ends a watch of runs of which none can be seen to end any more."""
        if listener.deployments or listener.waits_for():
            return
        lost = listener.lost()
        if not lost:
            self.end(listener, reasons.ALL_ENDED)
            return
        first = next(iter(lost.values()))
        self.end(listener, reasons.SILENCE if isinstance(first, PASSING) else reasons.LOST, first)

    # --- when to look ----------------------------------------------------------------------------

    async def _run(self) -> None:
        """Begins each look when it is due, until nobody watches."""
        while self.listeners:
            self._wake.clear()
            due = min(map(self._begin, list(self._deployments.values())), default=NEVER)
            seconds = min(due - time.monotonic(), NEWS_LONGEST)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(seconds, 0.0)):
                    await self._wake.wait()

    def _begin(self, deployment: WatchedDeployment) -> float:
        """Begins the looks at a deployment that are due; returns when the next one is."""
        if deployment.task is not None:
            return NEVER
        now = time.monotonic()
        waiting = [run for run in deployment.runs.values() if run.task is None]
        due = [run for run in waiting if run.due <= now]
        news_due = bool(deployment.listeners) and deployment.news_due <= now
        soon = [run for run in waiting if run.is_due_soon(now)] if due else []
        as_a_list = len(soon) > deployment.list_cost
        if not as_a_list:
            for run in due:
                run.task = self._start(self._look_at(deployment, run))
        if as_a_list or news_due:
            look = self._look_around(deployment, soon if as_a_list else [], news_due)
            deployment.task = self._start(look)
            return NEVER
        times = [run.due for run in waiting if run.task is None]
        if deployment.listeners:
            times.append(deployment.news_due)
        return min(times, default=NEVER)

    def _start(self, look: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(look)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[None]) -> None:
        """Is called when a task is done.

        Where it failed unexpectedly, ends all watches, which would wait for ever.
        """
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            for listener in list(self.listeners):
                self.end(listener, reasons.FAILED, loop.safe_error(failure))

    # --- a look at one run -----------------------------------------------------------------------

    async def _look_at(self, deployment: WatchedDeployment, watched: WatchedRun) -> None:
        wire = _wire_of(deployment.watchers_of_run(watched))
        try:
            if wire is not None:
                await self._fetch(deployment, watched, wire)
        finally:
            watched.task = None
            self._wake.set()

    async def _fetch(self, deployment: WatchedDeployment, watched: WatchedRun, wire: Wire) -> None:
        try:
            fetched = await fetch_run(wire, watched.key, Tally())
            run = make_run(wire, deployment.id, fetched)
            for record in records_of(run.batch, deployment.id, run):
                self._see(deployment, record)
        except AgentRunError as error:
            self._not_seen(deployment, watched, wire, error)

    def _see(self, deployment: WatchedDeployment, record: Record, *, is_new: bool = False) -> None:
        """Takes a record, plans the next look, and tells all who watch the run."""
        run_id = record.key[1]
        run = deployment.runs.get(run_id)
        if run is None:
            if not is_new:
                return
            run = deployment.runs[run_id] = WatchedRun(record.key)
        run.is_news |= is_new
        if run.record is None or not record.is_older_than(run.record):
            run.record = record
        watchers = deployment.watchers_of_run(run)
        run.plan([listener.interval for listener in watchers])
        if record.ended:
            del deployment.runs[run_id]
        for listener in watchers:
            listener.take(record)
            if record.ended:
                self._settle(listener)

    def _not_seen(
        self, deployment: WatchedDeployment, run: WatchedRun, wire: Wire, error: AgentRunError
    ) -> None:
        """Acts on a look that brought nothing: looks again, or gives the run up."""
        if self._end_watches_after(wire, error):
            return
        if _may_pass(error, run.alive_at, wire):
            run.due = time.monotonic() + (error.retry_after or run.interval)
            for listener in deployment.watchers_of_run(run):
                listener.note_trouble(error)
            return
        deployment.runs.pop(run.key[1], None)
        for listener in deployment.watchers_of_run(run):
            listener.lose(run.key, error)
            self._settle(listener)

    def _end_watches_after(self, wire: Wire, error: AgentRunError) -> bool:
        """Ends the watches that can see nothing more; returns whether there are any such."""
        if isinstance(error, UnauthorizedError):
            ending, reason = list(self.listeners), reasons.KEY_REFUSED
        elif wire.closed:
            ending = [some for some in self.listeners if some.wire.closed]
            reason = reasons.CLOSED
        else:
            return False
        for listener in ending:
            self.end(listener, reason, error)
        return True

    # --- a look at a deployment ------------------------------------------------------------------

    async def _look_around(
        self, deployment: WatchedDeployment, runs: list[WatchedRun], news_due: bool
    ) -> None:
        """Looks for new runs of a deployment, and at many runs of it by lists."""
        wire = _wire_of(deployment.watchers_of_runs(runs))
        try:
            if wire is not None:
                await self._fetch_lists(deployment, runs, wire, news_due)
        finally:
            deployment.task = None
            self._wake.set()

    async def _fetch_lists(
        self, deployment: WatchedDeployment, runs: list[WatchedRun], wire: Wire, news_due: bool
    ) -> None:
        try:
            if news_due:
                await self._look_for_news(deployment, wire)
                deployment.plan_news()
            if runs:
                await self._look_at_list(deployment, wire, runs)
            deployment.alive_at = time.monotonic()
        except AgentRunError as error:
            self._nothing_came(deployment, runs, wire, error)

    async def _look_for_news(self, deployment: WatchedDeployment, wire: Wire) -> None:
        """Finds the runs that are new, and for those who are new all that there are."""
        newcomers = list(deployment.newcomers)
        for batch in await deployment.news.read(wire, deployment.id):
            deployment.quiet_since = time.monotonic()
            for record in records_of(batch, deployment.id):
                self._see(deployment, record, is_new=True)
        if newcomers and not deployment.ready:
            await self._find_going(deployment, wire, GOING)
            deployment.ready = True
        await self._find_unknown_statuses(deployment, wire, is_first=bool(newcomers))
        for listener in newcomers:
            if listener.since is not None:
                await self._catch_up(deployment, wire, listener)
        deployment.newcomers = [some for some in deployment.newcomers if some not in newcomers]

    async def _find_going(
        self, deployment: WatchedDeployment, wire: Wire, statuses: Iterable[str]
    ) -> None:
        """Finds the runs that have one of these statuses."""
        branches = branches_of([deployment.id], list(statuses), None)
        for batch in await _list(wire, RunQuery(branches)):
            for record in records_of(batch, deployment.id):
                # A service that ignores the filter sends runs that ended before the watch.
                if not record.ended:
                    self._see(deployment, record, is_new=True)

    async def _find_unknown_statuses(
        self, deployment: WatchedDeployment, wire: Wire, *, is_first: bool
    ) -> None:
        """Finds the runs of which nobody knows whether their status ends them.

        No list gives all runs that have not ended. So such a status has to be met first, among the
        newest runs or by this process.
        """
        seen_before = wire.ledger.statuses(deployment.id) if is_first else ()
        for status in deployment.statuses_to_list(seen_before):
            try:
                await self._find_going(deployment, wire, [status])
            except AgentRunError as error:
                if wire.closed or isinstance(error, (*PASSING, UnauthorizedError)):
                    raise
                # The service does not list by it; all else is watched all the same.
            deployment.listed.add(status)

    async def _catch_up(
        self, deployment: WatchedDeployment, wire: Wire, listener: Listener
    ) -> None:
        """Tells a listener of the runs since the moment that it names."""
        branches = branches_of([deployment.id], None, None)
        for batch in await _list(wire, RunQuery(branches, since=listener.since)):
            for record in records_of(batch, deployment.id):
                if record.ended:
                    listener.take(record)
                else:
                    self._see(deployment, record, is_new=True)

    async def _look_at_list(
        self, deployment: WatchedDeployment, wire: Wire, runs: list[WatchedRun]
    ) -> None:
        """Looks at runs by the lists of what has not ended, and at each that has left them."""
        began = time.monotonic()
        going = branches_of([deployment.id], list(GOING), None)
        walks = Walks(wire, RunQuery(going), split=False)

        async def take(batch: Batch) -> None:
            records = records_of(batch, deployment.id)
            rows = [record.row for record in records if record.key[1] in deployment.runs]
            for record in records_of(some_of(batch, rows), deployment.id):
                self._see(deployment, record)

        await walks.run(take)
        failure = next(iter(walks.failures), None)
        if failure is not None and isinstance(failure, PASSING):
            raise failure
        deployment.list_cost = max(len(GOING), walks.pages)
        if failure is not None or "filter_ignored" in walks.tally.oddities:
            # From now on each run is asked for by itself.
            deployment.list_cost = NEVER
        for run in runs:
            is_watched = deployment.runs.get(run.key[1]) is run
            if is_watched and run.is_due_soon(began) and run.task is None:
                run.task = self._start(self._look_at(deployment, run))

    def _nothing_came(
        self,
        deployment: WatchedDeployment,
        runs: list[WatchedRun],
        wire: Wire,
        error: AgentRunError,
    ) -> None:
        """Acts on a look at a deployment that failed: looks again, or gives it up."""
        if self._end_watches_after(wire, error):
            return
        if _may_pass(error, deployment.alive_at, wire):
            again = time.monotonic() + (error.retry_after or SHORTEST)
            deployment.news_due = again
            for run in runs:
                run.due = max(run.due, again)
            for listener in deployment.watchers_of_runs(runs):
                listener.note_trouble(error)
            return
        reason = reasons.SILENCE if isinstance(error, PASSING) else reasons.LOST
        listeners, deployment.listeners, deployment.newcomers = deployment.listeners, [], []
        for listener in listeners:
            listener.lose_deployment(deployment.id, error)
            if listener.has_lost_all():
                self.end(listener, reason, error)
        self._tidy(deployment)
        # Runs that are watched by their keys are asked for one by one.
        deployment.list_cost = NEVER


def _may_pass(error: AgentRunError, alive_at: float, wire: Wire) -> bool:
    """Whether a later look may bring something, after so long a silence."""
    silent = time.monotonic() - alive_at
    is_asked_for = isinstance(error, RateLimitedError)
    return isinstance(error, PASSING) and (is_asked_for or silent < wire.settings.deadline)


def _wire_of(listeners: list[Listener]) -> Wire | None:
    """Returns what sends the requests for these: that of the first whose client is open.

    It is None where nobody is left: a look may begin after the last of them has gone.
    """
    wires = [listener.wire for listener in listeners]
    open_ones = [wire for wire in wires if not wire.closed]
    return next(iter([*open_ones, *wires]), None)


async def _list(wire: Wire, query: RunQuery) -> list[Batch]:
    """Reads a listing to its end.

    Raises:
        AgentRunError: a part of it did not come.
    """
    batches: list[Batch] = []

    async def take(batch: Batch) -> None:
        batches.append(batch)

    walks = Walks(wire, query, split=False)
    await walks.run(take)
    if walks.failures:
        raise walks.failures[0]
    return batches


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None and task is not asyncio.current_task():
        task.cancel()


_pollers: WeakKeyDictionary[Ledger, list[tuple[Secret, Poller]]] = WeakKeyDictionary()
"""The pollers of each service, one for each key.

All clients of a service share a ledger. Who has another key must not see what the first may see.
"""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pollers.clear)


def shared_poller(wire: Wire) -> Poller:
    """Returns the poller that all clients of a service with one key share."""
    pollers = _pollers.setdefault(wire.ledger, [])
    for secret, poller in pollers:
        if secret.is_same_as(wire.settings.secret):
            return poller
    poller = Poller()
    pollers.append((wire.settings.secret, poller))
    return poller


def has_pollers(wire: Wire) -> bool:
    """Whether anybody has watched runs of the service."""
    return wire.ledger in _pollers


def leave(wire: Wire) -> None:
    """Ends the watches of a client that is closed."""
    for _, poller in _pollers.get(wire.ledger, []):
        for listener in list(poller.listeners):
            if listener.wire.closed:
                poller.end(listener, reasons.CLOSED)
