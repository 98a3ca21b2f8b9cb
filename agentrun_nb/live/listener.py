"""What one watch has seen so far: written by the poller, read by the threads that wait."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from agentrun_nb.core.text import clip, counted, visible
from agentrun_nb.errors import AgentRunError
from agentrun_nb.fetch.keys import Key
from agentrun_nb.http.wire import Wire
from agentrun_nb.live.record import Record, frame_of

if TYPE_CHECKING:
    import pandas as pd

ALL_ENDED = "all ended"
STOPPED = "stopped"
TIMEOUT = "timeout"
INTERRUPTED = "interrupted"
KEY_REFUSED = "key refused"
SILENCE = "silence"
CLOSED = "client closed"
FORKED = "another process"
LOST = "the rest cannot be seen"
FAILED = "failure"
"""Why a watch has ended."""

_MOST_NAMED = 3
"""So many lost deployments are named in a text."""


class Listener:
    """The runs of one watch, as they were last seen.

    The poller calls `take`, `note_trouble`, `lose` and `lose_deployment` on the loop of the client.
    Everything else may be called from any thread, `finish` too.

    Args:
        wire: sends the requests.
        keys: the runs that are watched from the beginning.
        deployments: the deployments whose new runs are watched too.
        since: the earliest `created_at` of their runs, in microseconds since the epoch; None: what
            has not ended.
        interval: seconds between two looks at a run; None: as its age says.

    Attributes:
        changed: notified after each change.
        ended_at: when the watch ended, by the monotonic clock.
        trouble: why the last look brought nothing, where a later one may; None after one that did.
    """

    def __init__(
        self,
        wire: Wire,
        keys: Iterable[Key] = (),
        *,
        deployments: Iterable[str] = (),
        since: int | None = None,
        interval: float | None = None,
    ) -> None:
        self.wire = wire
        self.deployments = list(deployments)
        self.since = since
        self.interval = interval
        self.changed = threading.Condition(threading.RLock())
        self._process = os.getpid()
        self._records: dict[Key, Record | None] = dict.fromkeys(keys)
        self._lost: dict[Key, AgentRunError] = {}
        self._lost_deployments: dict[str, AgentRunError] = {}
        self._ended: list[Key] = []
        self.ended_at = float("nan")
        self.trouble: AgentRunError | None = None
        self._reason: str | None = None
        self._error: AgentRunError | None = None
        self._followers: list[Callable[[], None]] = []

    # --- what the poller says --------------------------------------------------------------------

    def take(self, record: Record) -> None:
        """Takes what was seen of a run, which may be a new one."""
        with self.changed:
            self.trouble = None
            before = self._records.get(record.key)
            if before is not None and (before.ended or record.is_older_than(before)):
                return
            self._records[record.key] = record
            self._lost.pop(record.key, None)
            if record.ended:
                self._ended.append(record.key)
        self._announce()

    def note_trouble(self, error: AgentRunError) -> None:
        """Notes that a look brought nothing, and that there will be another one."""
        self.trouble = error
        self._announce()

    def lose(self, key: Key, error: AgentRunError) -> None:
        """Notes that nothing more comes of a run."""
        with self.changed:
            if key not in self._records:
                return
            self._lost[key] = error
        self._announce()

    def lose_deployment(self, deployment_id: str, error: AgentRunError) -> None:
        """Notes that nothing more comes of a deployment, whose other runs may never be known."""
        with self.changed:
            self._lost_deployments[deployment_id] = error
            going = self.waits_for()
            self._lost |= {key: error for key in going if key[0] == deployment_id}
        self._announce()

    def finish(self, reason: str, error: AgentRunError | None = None) -> None:
        """Notes why the watch has ended; only the first reason counts."""
        with self.changed:
            if self._reason is not None:
                return
            self._reason = reason
            self._error = error
            self.ended_at = time.monotonic()
        self._announce()

    @property
    def is_in_own_process(self) -> bool:
        """Whether this is the process in which the watch began, and not one forked off it."""
        return os.getpid() == self._process

    def _announce(self) -> None:
        with self.changed:
            self.changed.notify_all()
            followers = list(self._followers)
        for follower in followers:
            follower()

    # --- what everybody may read -----------------------------------------------------------------

    def follow(self, follower: Callable[[], None]) -> Callable[[], None]:
        """Calls a function after each change, on the thread that made it.

        Returns:
            What ends that.
        """
        with self.changed:
            self._followers.append(follower)

        def leave() -> None:
            with self.changed:
                if follower in self._followers:
                    self._followers.remove(follower)

        return leave

    @property
    def reason(self) -> str | None:
        """Why the watch has ended; None while it goes on."""
        if self._reason is None and not self.is_in_own_process:
            # The loop that would look again is not in a forked child.
            return FORKED
        return self._reason

    @property
    def error(self) -> AgentRunError | None:
        """The error that ended the watch, if one did."""
        return self._error

    def keys(self) -> list[Key]:
        """The runs that are watched, in the order in which they came to it."""
        with self.changed:
            return list(self._records)

    def records(self) -> dict[Key, Record]:
        """What is known of each run that was seen."""
        with self.changed:
            return {key: record for key, record in self._records.items() if record is not None}

    def ended(self) -> list[Key]:
        """The runs that have ended, in the order in which that was seen."""
        with self.changed:
            return list(self._ended)

    def waits_beyond(self, count: int) -> bool:
        """Whether there is nothing after the first `count` ended runs yet, and there may be."""
        with self.changed:
            return self.reason is None and len(self._ended) <= count

    def is_over_after(self, count: int) -> bool:
        """Whether it has ended, and gave all of its runs that ended: `count` of them."""
        with self.changed:
            return self.reason is not None and len(self._ended) <= count

    def rest(self, count: int, seconds: float) -> None:
        """Sleeps until more runs than so many have ended or the watch has, but not for long.

        Args:
            count: how many ended runs are known already.
            seconds: the longest; not everything that happens wakes a thread.
        """
        with self.changed:
            if self.waits_beyond(count):
                self.changed.wait(max(0.0, seconds))

    def ended_after(self, count: int) -> list[Record]:
        """The records of those that ended after so many others."""
        with self.changed:
            found = [self._records[key] for key in self._ended[count:]]
        return [record for record in found if record is not None]

    def lost(self) -> dict[Key, AgentRunError]:
        """The runs of which nothing more comes, and why."""
        with self.changed:
            return dict(self._lost)

    def lost_deployments(self) -> dict[str, AgentRunError]:
        """The deployments of which nothing more comes, and why."""
        with self.changed:
            return dict(self._lost_deployments)

    def has_lost_all(self) -> bool:
        """Whether nothing more comes of any of its deployments."""
        return self.lost_deployments().keys() >= set(self.deployments)

    def losses(self) -> list[str]:
        """Says which deployments were lost, and why; of many, only how many more there are."""
        lost = self.lost_deployments()
        sentences = [
            f"Deployment {visible(clip(deployment_id, 60))!r} is lost: {error.message}"
            for deployment_id, error in lost.items()
        ]
        more = len(lost) - _MOST_NAMED
        if more <= 0:
            return sentences
        return [*sentences[:_MOST_NAMED], f"And {counted(more, 'more deployment')}."]

    def waits_for(self) -> list[Key]:
        """The runs that have not ended and may still be seen to."""
        with self.changed:
            gone = {*self._ended, *self._lost}
            return [key for key in self._records if key not in gone]

    def not_ended(self) -> list[Key]:
        """The runs that were not seen to end."""
        with self.changed:
            ended = set(self._ended)
            return [key for key in self._records if key not in ended]

    def frame(self, keys: Iterable[Key] | None = None) -> pd.DataFrame:
        """The RUNS table of these runs as they were last seen; None: of all."""
        chosen = self.keys() if keys is None else keys
        return frame_of(chosen, self.records(), self.lost())
