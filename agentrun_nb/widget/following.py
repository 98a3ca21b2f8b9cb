"""Keeps the runs of a view as they are in the service, while a page of it is on the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from weakref import finalize, ref

from agentrun_nb.core.arguments import read_flag
from agentrun_nb.errors import AgentRunError, SettingsError
from agentrun_nb.widget.run_source import Feed, feed_of
from agentrun_nb.widget.turns import Turns

if TYPE_CHECKING:
    import pandas as pd

    from agentrun_nb.widget.protocol import Attention
    from agentrun_nb.widget.run_table import Key

MOST_BY_ITSELF = 50
"""So many runs that have not ended are followed by themselves, and more where somebody says so."""

LEASE = 60.0
"""Seconds after which a page that says nothing any more is taken to be closed.

A page on the screen says so every twenty seconds; a browser that is closed says nothing at all.
"""

_BREATH = 0.2
"""The fewest seconds between two messages to the page, so that many looks make one message."""

_MOST_PAGES = 100


@dataclass
class State:
    """How following stands, as the page is told.

    Attributes:
        can: whether there is something to follow and somebody to do it.
        on: whether runs are followed at the moment.
        left: how many runs have not ended: of those that are followed or, where none are, of those
            that would be.
        age: seconds since the newest look at any run; None where no look is known.
        trouble: why nothing comes, in a sentence; empty where all is well.
        news: how many new runs wait to be shown.
    """

    can: bool
    on: bool
    left: int
    age: float | None
    trouble: str
    news: int


class Followed(Protocol):
    """What following asks of a view."""

    def _going(self, *, by_itself: bool) -> list[Key]:
        """The runs that are shown and have not ended.

        Args:
            by_itself: whether only those count that this process has fetched.
        """
        ...

    def _take(self, fresh: pd.DataFrame, feed: Feed) -> list[Key]:
        """Takes newer records of its runs; returns the runs that it does not have."""
        ...

    def _append(self, new: pd.DataFrame) -> None:
        """Takes runs that it does not have yet."""
        ...

    def _tell(self, state: State) -> None:
        """Tells its pages what it has taken since, and how following stands."""
        ...

    def _age(self) -> float | None:
        """Seconds since the newest look, by the clocks of service and kernel."""
        ...

    def _is_empty(self) -> bool:
        """Whether it has no runs at all."""
        ...

    def _rest(self) -> None:
        """Is called when following pauses or has ended."""
        ...


class Following:
    """Follows the runs of one view.

    The thread that changes the watch only wakes the loop of the kernel on which the page was heard
    last; the view and its page are touched there, and where somebody asks the view for its runs.
    Where no loop runs, the page is brought up to date whenever it says that it is still there.

    Args:
        view: the view.
        turns: of the threads at what the view knows.
        client: who can watch its runs; None: nobody.
        feed: of the watch that the view was made of; None: it was made of something else.
        choice: True: follow; False: do not; None: where runs are few and were fetched here.

    Raises:
        SettingsError: runs are to be followed, and nobody can.
    """

    def __init__(
        self,
        view: Followed,
        turns: Turns,
        client: Any,
        feed: Feed | None,
        choice: bool | None,
    ) -> None:
        choice = None if choice is None else read_flag("follow", choice)
        _check(client, feed, choice)
        self._view = view
        self._turns = turns
        self._client = client
        self._given = feed
        self._choice = choice
        self._feed: Feed | None = None
        self._leave: finalize[Any, Any] | None = None
        self._pages: dict[str, _Page] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._trouble = ""
        self._said = ""
        self._new: dict[Key, None] = {}
        self._bell = _Bell()
        self._looked_at: float | None = None

    @property
    def choice(self) -> bool | None:
        """What was said about following, by the program or by a person on the page."""
        return self._choice

    @property
    def watches(self) -> bool:
        """Whether the view was made of a watch."""
        return self._given is not None

    # --- what a page says ------------------------------------------------------------------------

    def attend(self, attention: Attention) -> None:
        """Takes what a page says: whether it is on the screen, and what a person pressed."""
        with self._turns:
            self._loop = _running_loop()
            self._bell.is_rung = False
            self._note(attention)
            # What a watch has seen by now says whether there is anything left to follow.
            self._take()
            self._steer()
            if attention.take:
                self._take_new()
            self._exchange()

    def _note(self, attention: Attention) -> None:
        """Remembers what a page said, unless it has said something else since."""
        page = self._pages.pop(attention.view, None) or _Page()
        self._pages[attention.view] = page
        while len(self._pages) > _MOST_PAGES:
            del self._pages[next(iter(self._pages))]
        # Some of it comes to another thread of the kernel, and may be there before.
        if attention.number >= page.number:
            page.number = attention.number
            page.seen_until = time.monotonic() + LEASE if attention.seen else None
        if attention.on is not None and attention.number >= page.wish:
            page.wish = attention.number
            self._choice = attention.on
            self._trouble = ""
        self._plan_expiry()

    @property
    def _is_seen(self) -> bool:
        """Whether a page is on the screen."""
        return any(page.seen_until is not None for page in self._pages.values())

    def _plan_expiry(self) -> None:
        """Looks after a while whether the pages are still there."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        loop = _running_loop()
        if self._is_seen and loop is not None:
            self._expiry = loop.call_later(LEASE, _call, ref(self), Following._expire)

    def _expire(self) -> None:
        with self._turns:
            now = time.monotonic()
            for page in self._pages.values():
                if page.seen_until is not None and page.seen_until <= now:
                    page.seen_until = None
            self._steer()
            self._plan_expiry()

    # --- beginning and ending --------------------------------------------------------------------

    def _steer(self) -> None:
        """Begins to follow, or pauses, as it should be by now."""
        if not self._is_seen or self._choice is False or self._trouble:
            self._pause()
        elif self._feed is None:
            self._begin()

    def _begin(self) -> None:
        given = self._given
        feed = given if given is not None and given.active else self._start_watch()
        if feed is None:
            return
        self._feed = feed
        self._leave = finalize(self, feed.follow(_waker(ref(self), self._bell)))
        self._leave.atexit = False

    def _start_watch(self) -> Feed | None:
        """Begins to watch the runs to look at again; None where there are none, or that fails."""
        keys = self._keys()
        if not keys:
            return None
        try:
            return feed_of(self._client.watch(keys))
        except AgentRunError as error:
            self._trouble = str(error)
            return None

    def _keys(self) -> list[Key]:
        """The runs to look at again."""
        if getattr(self._client, "watch", None) is None:
            return []
        by_itself = self._choice is None
        keys = self._view._going(by_itself=by_itself)
        return [] if by_itself and len(keys) > MOST_BY_ITSELF else keys

    def _pause(self) -> None:
        if self._feed is not None:
            self._take()
            self._let_go()

    def _let_go(self) -> None:
        """Listens to the watch no more, and stops it where it is the view's own."""
        feed, self._feed = self._feed, None
        if self._leave is not None:
            self._leave()
        if feed is not None and feed is not self._given:
            feed.stop()
        self._view._rest()

    def retarget(self) -> None:
        """Follows the runs that are shown by now, after the filter has changed."""
        with self._turns:
            watches = self._feed is not None and self._feed is self._given
            if watches or not self._is_seen:
                return
            self._pause()
            self._steer()
            self._exchange()

    def switch_to(self, client: Any, feed: Feed | None) -> None:
        """Pauses, and remembers whose runs come next; `go_on` begins to follow them."""
        with self._turns:
            self._pause()
            self._client, self._given = client, feed
            self._trouble, self._new, self._looked_at = "", {}, None

    def go_on(self) -> None:
        """Begins to follow the data that `switch_to` was given, if it is to be followed."""
        with self._turns:
            self._steer()
            if self._is_seen:
                self._exchange()

    def end(self) -> None:
        """Looks no more: other data is shown, or the view is closed."""
        with self._turns:
            self._pages = {}
            self._plan_expiry()
            self._choice = False
            self._pause()

    # --- what came -------------------------------------------------------------------------------

    def pull(self) -> None:
        """Takes what came since the last time, and tells the pages where there is anything new."""
        if not self._turns.is_in_own_process:
            # The pages belong to the process that this one was forked off.
            return
        if self._source() is None:
            return
        with self._turns:
            came = self._take()
            ended = self._end_with_watch()
            if came or ended or self._trouble_now() != self._said:
                self._tell(self.state())

    def _exchange(self) -> None:
        """Takes what came, and tells the pages in any case."""
        self._take()
        self._end_with_watch()
        self._tell(self.state())

    def _tell(self, state: State) -> None:
        self._said = state.trouble
        self._view._tell(state)

    def _take(self) -> bool:
        """Takes what came; returns whether anything did."""
        feed = self._source()
        if feed is None:
            return False
        heard_at = self._bell.heard_at
        fresh = feed.changes()
        if not len(fresh):
            return False
        self._looked_at = heard_at
        self._new |= dict.fromkeys(self._view._take(fresh, feed))
        # In an empty view there is nothing that new runs could push away.
        if self._view._is_empty():
            self._take_new()
        return True

    def _source(self) -> Feed | None:
        """Where newer records are; None where none come."""
        given = None if self._choice is False else self._given
        return self._feed or given

    def _take_new(self) -> None:
        """Shows the runs that have come to the watch since."""
        if self._given is not None and self._new:
            new = self._given.frame(self._new)
            self._new = {}
            self._view._append(new)

    def _end_with_watch(self) -> bool:
        """Ends following where the watch has ended; returns whether it has."""
        feed = self._feed
        if feed is None or feed.active:
            return False
        # What came between the last time and its end; after that nothing comes any more.
        self._take()
        self._trouble = feed.trouble()
        self._let_go()
        return True

    def _wake(self) -> None:
        """Is called on the kernel's loop some time after a change."""
        self._bell.is_rung = False
        try:
            self.pull()
        except Exception as error:
            # Nobody sees what is raised on a loop.
            self._trouble = f"Following the runs failed: {type(error).__name__}."
            self._pause()
            self._view._tell(self.state())

    def state(self) -> State:
        """How following stands."""
        feed = self._feed
        left = self._count_to_follow() if feed is None else feed.count_waiting()
        trouble = self._trouble_now()
        looked_at = self._looked_at
        age = self._view._age() if looked_at is None else time.monotonic() - looked_at
        is_on = feed is not None
        return State(is_on or left > 0, is_on, left, age, trouble, len(self._new))

    def _trouble_now(self) -> str:
        return self._trouble if self._feed is None else self._feed.trouble()

    def _count_to_follow(self) -> int:
        """How many runs could be followed."""
        if getattr(self._client, "watch", None) is None:
            return 0
        return len(self._view._going(by_itself=False))


@dataclass
class _Page:
    """What a page has said of itself.

    Attributes:
        number: of what it said last.
        wish: of what it said when a person wished something last.
        seen_until: until when it counts as on the screen, by the monotonic clock; None: not at all.
    """

    number: int = 0
    wish: int = 0
    seen_until: float | None = None


@dataclass
class _Bell:
    """What the thread that changes the watch leaves for the kernel's loop.

    Attributes:
        is_rung: whether the loop was woken and has not come to it yet.
        heard_at: when the last change was heard of, by the monotonic clock.
    """

    is_rung: bool = False
    heard_at: float | None = None


def _waker(following: ref[Following], bell: _Bell) -> Callable[[], None]:
    """What a watch calls after each change, on the thread that made it."""

    def heard() -> None:
        bell.heard_at = time.monotonic()
        alive = following()
        loop = None if alive is None else alive._loop
        if loop is None or bell.is_rung:
            return
        bell.is_rung = True
        # The loop may have been closed; then the view is brought up to date when it is asked.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.call_later, _BREATH, _call, following, Following._wake)

    return heard


def _call(following: ref[Following], method: Callable[[Following], None]) -> None:
    """Calls a method, unless the view has been dropped."""
    alive = following()
    if alive is not None:
        method(alive)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _check(client: Any, feed: Feed | None, choice: bool | None) -> None:
    if not choice or feed is not None or getattr(client, "watch", None) is not None:
        return
    if client is None:
        raise SettingsError(
            "follow=True needs a client, which looks at the runs again.",
            hint="Give it: arn.explore(runs, client, follow=True).",
        )
    raise SettingsError(
        "follow=True needs a client, and this source cannot look at runs again.",
        hint="Give an arn.Client, or leave follow= out.",
    )
