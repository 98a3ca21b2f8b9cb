"""Looks at the runs of one service again and again, for all who watch them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from agentrun_nb.core.schema import STATUSES, TERMINAL
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
from agentrun_nb.live.news import News
from agentrun_nb.live.pace import NEWS_LONGEST, SHORTEST, interval
from agentrun_nb.live.record import Record, records_of, some_of
from agentrun_nb.records.batch import Batch
from agentrun_nb.tables.ledger import Ledger

NEVER = float("inf")

GOING = tuple(status for status in STATUSES if status not in TERMINAL)
"""The statuses of runs that have not ended, in the order of their lives."""

TOGETHER = 0.2
"""The part of its interval by which a run may be looked at early, together with others."""

PASSING = (ConnectionFailedError, DeadlineExceededError, RateLimitedError, ServerError)
"""Errors after which the next look may bring something."""


class Subject:
    """A run that somebody watches and that has not ended.

    Attributes:
        key: the run.
        listeners: those who watch it by its key.
        is_news: whether those who watch its deployment watch it too.
        record: the last record of it; None before the first look.
        due: when to look at it again, by the monotonic clock.
        interval: the seconds between the last look and the next.
        alive_at: when something came of it last, by the monotonic clock.
        task: the look at it that is under way.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self.listeners: list[Listener] = []
        self.is_news = False
        self.record: Record | None = None
        self.interval = SHORTEST
        self.alive_at = self.due = self._began = time.monotonic()
        self.task: asyncio.Task[None] | None = None

    def plan(self, intervals: Iterable[float | None]) -> None:
        """Plans the next look, after something came.

        Args:
            intervals: what those who watch the run asked for.
        """
        now = time.monotonic()
        age = self.record.age if self.record else None
        # A run that does not say when it was created is as old as it is watched.
        self.interval = interval(now - self._began if age is None else age, intervals)
        self.alive_at = now
        self.due = now + self.interval

    def is_due_soon(self, now: float) -> bool:
        """Whether it may be looked at together with one that is due at a moment."""
        return self.due <= now + TOGETHER * self.interval


class Place:
    """A deployment of which runs are watched.

    Attributes:
        deployment: its id.
        subjects: the runs that are looked at, by their ids.
        listeners: those who watch whatever runs it has.
        newcomers: those of them who have not been told yet what there is.
        news: what is known of its newest runs.
        ready: whether all runs of it that have not ended are among the subjects.
        quiet_since: when it had a new run last, by the monotonic clock.
        news_due: when to look for new runs, likewise.
        alive_at: when something came of it last, likewise.
        list_cost: how many pages its runs that have not ended take.
        task: the look at the whole deployment that is under way.
    """

    def __init__(self, deployment: str) -> None:
        self.deployment = deployment
        self.subjects: dict[str, Subject] = {}
        self.listeners: list[Listener] = []
        self.newcomers: list[Listener] = []
        self.news = News()
        self.ready = False
        self.list_cost: float = len(GOING)
        self.quiet_since = self.alive_at = self.news_due = time.monotonic()
        self.task: asyncio.Task[None] | None = None

    def plan_news(self) -> None:
        """Plans the next look for new runs: the rarer, the longer none came."""
        now = time.monotonic()
        intervals = [listener.interval for listener in self.listeners]
        wait = interval(now - self.quiet_since, intervals, longest=NEWS_LONGEST)
        self.news_due = now + wait

    def everyone(self, subject: Subject) -> list[Listener]:
        """Returns those who watch a run, by its key or with the deployment."""
        others = self.listeners if subject.is_news else []
        return list(dict.fromkeys([*subject.listeners, *others]))


class Poller:
    """Looks at runs again when it is time, and says what came to all who watch them.

    Everything of it is called on the loop of the client.
    """

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._places: dict[str, Place] = {}
        self._wake = asyncio.Event()
        self._main: asyncio.Task[None] | None = None

    # --- who watches -----------------------------------------------------------------------------

    def add(self, listener: Listener) -> None:
        """Begins to look for a listener."""
        self.listeners.append(listener)
        for key in listener.waits_for():
            self._watch_run(listener, key)
        for deployment in listener.deployments:
            self._watch_place(listener, deployment)
        self._settle(listener)
        self._wake.set()
        if self._main is None and self.listeners:
            self._main = self._start(self._run())

    def _watch_run(self, listener: Listener, key: Key) -> None:
        deployment, run_id = key
        subjects = self._place(deployment).subjects
        subject = subjects.get(run_id) or subjects.setdefault(run_id, Subject(key))
        subject.listeners.append(listener)
        if subject.record:
            listener.take(subject.record)

    def _watch_place(self, listener: Listener, deployment: str) -> None:
        place = self._place(deployment)
        place.listeners.append(listener)
        if place.ready:
            for subject in place.subjects.values():
                if subject.record and subject.is_news:
                    listener.take(subject.record)
        if not place.ready or listener.since is not None:
            place.newcomers.append(listener)
            place.news_due = time.monotonic()

    def _place(self, deployment: str) -> Place:
        place = self._places.get(deployment)
        if place is None:
            place = self._places[deployment] = Place(deployment)
        return place

    def end(self, listener: Listener, reason: str, error: AgentRunError | None = None) -> None:
        """Looks no more for a listener, and says why."""
        if listener in self.listeners:
            self.listeners.remove(listener)
        for place in list(self._places.values()):
            subjects = place.subjects.values()
            lists = [place.listeners, place.newcomers, *(one.listeners for one in subjects)]
            for some in lists:
                if listener in some:
                    some.remove(listener)
            self._tidy(place)
        listener.finish(reason, error)
        if not self.listeners:
            _cancel(self._main)
            self._main = None

    def _tidy(self, place: Place) -> None:
        """Forgets what nobody watches any more, and what is under way for it."""
        if place.listeners:
            return
        place.ready = False
        place.news = News()
        for run_id, subject in list(place.subjects.items()):
            if not subject.listeners:
                del place.subjects[run_id]
                _cancel(subject.task)
        if not place.subjects:
            self._places.pop(place.deployment, None)
            _cancel(place.task)

    def _settle(self, listener: Listener) -> None:
        """Ends a watch of runs of which none can be seen to end any more."""
        if listener.deployments or listener.waits_for():
            return
        lost = listener.lost()
        if not lost:
            self.end(listener, reasons.ALL_ENDED)
            return
        first = next(iter(lost.values()))
        is_silence = isinstance(first, PASSING)
        self.end(listener, reasons.SILENCE if is_silence else reasons.LOST, first)

    # --- when to look ----------------------------------------------------------------------------

    async def _run(self) -> None:
        """Begins each look when it is due, until nobody watches."""
        while self.listeners:
            self._wake.clear()
            due = min(map(self._begin, list(self._places.values())), default=NEVER)
            seconds = min(due - time.monotonic(), NEWS_LONGEST)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(seconds, 0.0)):
                    await self._wake.wait()

    def _begin(self, place: Place) -> float:
        """Begins the looks at a place that are due; returns when the next one is."""
        if place.task is not None:
            return NEVER
        now = time.monotonic()
        waiting = [subject for subject in place.subjects.values() if subject.task is None]
        due = [subject for subject in waiting if subject.due <= now]
        news_due = bool(place.listeners) and place.news_due <= now
        soon = [subject for subject in waiting if subject.is_due_soon(now)] if due else []
        as_a_list = len(soon) > place.list_cost
        if not as_a_list:
            for subject in due:
                subject.task = self._start(self._look_at(place, subject))
        if as_a_list or news_due:
            look = self._look_around(place, soon if as_a_list else [], news_due)
            place.task = self._start(look)
            return NEVER
        times = [subject.due for subject in waiting if subject.task is None]
        if place.listeners:
            times.append(place.news_due)
        return min(times, default=NEVER)

    def _start(self, look: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(look)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Ends all watches after a failure that nobody expected: they would wait for ever."""
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            for listener in list(self.listeners):
                self.end(listener, reasons.FAILED, loop.bare(failure))

    # --- a look at one run -----------------------------------------------------------------------

    async def _look_at(self, place: Place, subject: Subject) -> None:
        wire = _wire_of(place.everyone(subject))
        try:
            fetched = await fetch_run(wire, subject.key, Tally())
            run = make_run(wire, place.deployment, fetched)
            for record in records_of(run.batch, place.deployment, run):
                self._see(place, record)
        except AgentRunError as error:
            self._not_seen(place, subject, wire, error)
        finally:
            subject.task = None
            self._wake.set()

    def _see(self, place: Place, record: Record, *, is_new: bool = False) -> None:
        """Takes a record, plans the next look, and tells all who watch the run."""
        run_id = record.key[1]
        subject = place.subjects.get(run_id)
        if subject is None:
            if not is_new:
                return
            subject = place.subjects[run_id] = Subject(record.key)
        subject.is_news |= is_new
        if subject.record is None or not record.is_older_than(subject.record):
            subject.record = record
        everyone = place.everyone(subject)
        subject.plan([listener.interval for listener in everyone])
        if record.ended:
            del place.subjects[run_id]
        for listener in everyone:
            listener.take(record)
            if record.ended:
                self._settle(listener)

    def _not_seen(self, place: Place, subject: Subject, wire: Wire, error: AgentRunError) -> None:
        """Acts on a look that brought nothing: looks again, or gives the run up."""
        if self._ends_watches(wire, error):
            return
        if _may_pass(error, subject.alive_at, wire):
            subject.due = time.monotonic() + (error.retry_after or subject.interval)
            return
        place.subjects.pop(subject.key[1], None)
        for listener in place.everyone(subject):
            listener.lose(subject.key, error)
            self._settle(listener)

    def _ends_watches(self, wire: Wire, error: AgentRunError) -> bool:
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

    async def _look_around(self, place: Place, subjects: list[Subject], news_due: bool) -> None:
        """Looks for new runs of a deployment, and at many runs of it by lists."""
        everyone = place.listeners or place.everyone(subjects[0])
        wire = _wire_of(everyone)
        try:
            if news_due:
                await self._look_for_news(place, wire)
                place.plan_news()
            if subjects:
                await self._look_at_list(place, wire, subjects)
            place.alive_at = time.monotonic()
        except AgentRunError as error:
            self._nothing_came(place, subjects, wire, error)
        finally:
            place.task = None
            self._wake.set()

    async def _look_for_news(self, place: Place, wire: Wire) -> None:
        """Finds the runs that are new, and for those who are new all that there are."""
        newcomers = list(place.newcomers)
        for batch in await place.news.read(wire, place.deployment):
            place.quiet_since = time.monotonic()
            for record in records_of(batch, place.deployment):
                self._see(place, record, is_new=True)
        if newcomers and not place.ready:
            going = branches_of([place.deployment], list(GOING), None)
            for batch in await _list(wire, RunQuery(going)):
                for record in records_of(batch, place.deployment):
                    # A service that ignores the filter sends runs that ended before the watch.
                    if not record.ended:
                        self._see(place, record, is_new=True)
            place.ready = True
        for listener in newcomers:
            if listener.since is not None:
                await self._catch_up(place, wire, listener)
        place.newcomers = [some for some in place.newcomers if some not in newcomers]

    async def _catch_up(self, place: Place, wire: Wire, listener: Listener) -> None:
        """Tells a listener of the runs since the moment that it names."""
        branches = branches_of([place.deployment], None, None)
        for batch in await _list(wire, RunQuery(branches, since=listener.since)):
            for record in records_of(batch, place.deployment):
                listener.take(record)

    async def _look_at_list(self, place: Place, wire: Wire, subjects: list[Subject]) -> None:
        """Looks at runs by the lists of what has not ended, and at each that has left them."""
        began = time.monotonic()
        going = branches_of([place.deployment], list(GOING), None)
        walks = Walks(wire, RunQuery(going), split=False)

        async def take(batch: Batch) -> None:
            records = records_of(batch, place.deployment)
            rows = [record.row for record in records if record.key[1] in place.subjects]
            for record in records_of(some_of(batch, rows), place.deployment):
                self._see(place, record)

        await walks.run(take)
        failure = next(iter(walks.failures), None)
        if failure is not None and isinstance(failure, PASSING):
            raise failure
        place.list_cost = max(len(GOING), walks.pages)
        if failure is not None or "filter_ignored" in walks.tally.oddities:
            # From now on each run is asked for by itself.
            place.list_cost = NEVER
        for subject in subjects:
            is_watched = place.subjects.get(subject.key[1]) is subject
            if is_watched and subject.is_due_soon(began) and subject.task is None:
                subject.task = self._start(self._look_at(place, subject))

    def _nothing_came(
        self, place: Place, subjects: list[Subject], wire: Wire, error: AgentRunError
    ) -> None:
        """Acts on a look at a deployment that failed: looks again, or gives it up."""
        if self._ends_watches(wire, error):
            return
        if _may_pass(error, place.alive_at, wire):
            again = time.monotonic() + (error.retry_after or SHORTEST)
            place.news_due = again
            for subject in subjects:
                subject.due = max(subject.due, again)
            return
        is_silence = isinstance(error, PASSING)
        for listener in list(place.listeners):
            self.end(listener, reasons.SILENCE if is_silence else reasons.LOST, error)
        # Runs that are watched by their keys are asked for one by one.
        place.list_cost = NEVER


def _may_pass(error: AgentRunError, alive_at: float, wire: Wire) -> bool:
    """Whether a later look may bring something, after so long a silence."""
    silent = time.monotonic() - alive_at
    is_asked_for = isinstance(error, RateLimitedError)
    return isinstance(error, PASSING) and (is_asked_for or silent < wire.settings.deadline)


def _wire_of(listeners: list[Listener]) -> Wire:
    """Returns what sends the requests for these: that of the first whose client is open."""
    open_ones = [listener.wire for listener in listeners if not listener.wire.closed]
    return open_ones[0] if open_ones else listeners[0].wire


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
