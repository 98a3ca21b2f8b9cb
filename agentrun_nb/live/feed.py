"""What came of the runs of a watch since somebody asked last, for a view that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from agentrun_nb.errors import UnauthorizedError
from agentrun_nb.fetch.keys import Key
from agentrun_nb.live import listener as reasons
from agentrun_nb.live.record import frame_of

if TYPE_CHECKING:
    import pandas as pd

    from agentrun_nb.live.listener import Listener
    from agentrun_nb.live.outcome import Given
    from agentrun_nb.live.record import Record
    from agentrun_nb.run import Run

_ENDED_WELL = {reasons.ALL_ENDED, reasons.STOPPED, reasons.INTERRUPTED}
"""Why a watch may end without anything being wrong."""

_SENTENCES = {
    reasons.TIMEOUT: "The watch came to its timeout.",
    reasons.CLOSED: "The client was closed, so nothing is looked at any more.",
    reasons.FORKED: "This process was forked off the one that looks at the runs.",
    reasons.SILENCE: "The service has not answered for a long time.",
    reasons.LOST: "The rest of the runs cannot be seen.",
}


class _Looking(Protocol):
    """A `Watch`, as far as a feed needs it: a watch makes its feeds, and stands above them."""

    _listener: Listener
    _given: Given
    _source: Any

    @property
    def active(self) -> bool: ...
    @property
    def reason(self) -> str | None: ...
    def stop(self) -> None: ...


class Feed:
    """The runs of a watch, as one view reads them; several views of a watch have a feed each.

    All of it may be called from any thread. It holds the watch, so the watch goes on while somebody
    holds the feed.

    Args:
        watch: the watch.
    """

    def __init__(self, watch: _Looking) -> None:
        self._watch = watch
        self._listener = watch._listener
        self._read: dict[Key, Record] = {}

    @property
    def source(self) -> Any:
        """The client that watches."""
        return self._watch._source

    @property
    def active(self) -> bool:
        """Whether the watch still looks."""
        return self._watch.active

    def now(self) -> Run | pd.DataFrame:
        """What was given to the watch as it is now: a Run, or the RUNS table under its index."""
        return self._watch._given.now(self._listener)

    def changes(self) -> pd.DataFrame:
        """The RUNS table of the runs of which a record came since the last call."""
        records = self._listener.records()
        before = self._read
        fresh = [key for key, record in records.items() if before.get(key) is not record]
        self._read = records
        return frame_of(fresh, records, {})

    def frame(self, keys: Iterable[Key]) -> pd.DataFrame:
        """The RUNS table of some runs, as they were last seen."""
        return self._listener.frame(keys)

    def run(self, key: Key) -> Run | None:
        """A run with its record to the letter where that came; None before it was seen."""
        record = self._listener.records().get(key)
        return None if record is None else record.as_run()

    def count_waiting(self) -> int:
        """How many runs have not ended and may still be seen to."""
        return len(self._listener.waits_for())

    def follow(self, heard: Callable[[], None]) -> Callable[[], None]:
        """Calls a function after each change, on the thread that made it.

        Returns:
            What ends that.
        """
        return self._listener.follow(heard)

    def trouble(self) -> str:
        """Why nothing comes at the moment, or any more, in a sentence; empty where all is well."""
        reason = self._watch.reason
        error = self._listener.error
        if reason is None:
            error = self._listener.trouble
            sentences = self._listener.losses() if error is None else [error.message]
            return " ".join(sentences[:1])
        if reason in _ENDED_WELL:
            return ""
        if isinstance(error, UnauthorizedError):
            return str(error)
        sentence = _SENTENCES.get(reason, "Looking at the runs failed.")
        # The error of a closed client says that it is closed, and no more.
        if error is None or reason == reasons.CLOSED:
            return sentence
        return f"{sentence} {error.message}"

    def stop(self) -> None:
        """Looks no more."""
        self._watch.stop()
