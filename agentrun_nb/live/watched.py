"""What a poller knows of the runs and deployments that are watched: who does, and when to look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from agentrun_nb.core.schema import STATUSES, TERMINAL
from agentrun_nb.fetch.keys import Key
from agentrun_nb.live.listener import Listener
from agentrun_nb.live.news import News
from agentrun_nb.live.pace import NEWS_LONGEST, SHORTEST, interval
from agentrun_nb.live.record import Record

GOING = tuple(status for status in STATUSES if status not in TERMINAL)
"""The statuses of runs that have not ended, in the order of their lives."""

TOGETHER = 0.2
"""The part of its interval by which a run may be looked at early, together with others."""


class WatchedRun:
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


class WatchedDeployment:
    """A deployment of which runs are watched.

    Attributes:
        id: its id.
        runs: the runs that are looked at, by their ids.
        listeners: those who watch whatever runs it has.
        newcomers: those of them who have not been told yet what there is.
        news: what is known of its newest runs.
        ready: whether all runs of it that have not ended are among the runs.
        quiet_since: when it had a new run last, by the monotonic clock.
        news_due: when to look for new runs, likewise.
        alive_at: when something came of it last, likewise.
        listed: the statuses that this package does not know and whose runs have been listed.
        list_cost: how many pages its runs that have not ended take.
        task: the look at the whole deployment that is under way.
    """

    def __init__(self, deployment_id: str) -> None:
        self.id = deployment_id
        self.runs: dict[str, WatchedRun] = {}
        self.listeners: list[Listener] = []
        self.newcomers: list[Listener] = []
        self.news = News()
        self.ready = False
        self.listed: set[str] = set()
        self.list_cost: float = len(GOING)
        self.quiet_since = self.alive_at = self.news_due = time.monotonic()
        self.task: asyncio.Task[None] | None = None

    def forget(self) -> None:
        """Forgets what is known of its runs: nobody watches whatever runs it has any more."""
        self.ready = False
        self.listed.clear()
        self.news = News()

    def plan_news(self) -> None:
        """Plans the next look for new runs: the rarer, the longer none came."""
        now = time.monotonic()
        intervals = [listener.interval for listener in self.listeners]
        wait = interval(now - self.quiet_since, intervals, longest=NEWS_LONGEST)
        self.news_due = now + wait

    def statuses_to_list(self, seen_before: Iterable[str]) -> list[str]:
        """Returns the statuses that nobody knows the end of and whose runs are still to be listed.

        Args:
            seen_before: the statuses that this process has seen there.
        """
        met = self.news.statuses.union(seen_before)
        return sorted(met.difference(STATUSES, self.listed))

    def watchers_of_runs(self, runs: Iterable[WatchedRun]) -> list[Listener]:
        """Returns those who watch the deployment or one of these runs of it, each once."""
        found = list(self.listeners)
        for run in runs:
            found += self.watchers_of_run(run)
        return list(dict.fromkeys(found))

    def watchers_of_run(self, run: WatchedRun) -> list[Listener]:
        """Returns those who watch a run, by its key or with the deployment."""
        others = self.listeners if run.is_news else []
        return list(dict.fromkeys([*run.listeners, *others]))
