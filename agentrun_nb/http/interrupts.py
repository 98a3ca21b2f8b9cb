"""Ctrl-C, heard between the steps of a call: in the middle of one it would lose what had come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any


class Deferred:
    """While it is entered, an interrupt is noted and wakes whoever waits, in place of being raised.

    Only the main thread hears interrupts; in any other this does nothing. Entered within another
    one, it is that one, so that an interrupt ends the whole call. The handler that was there comes
    back at the end.

    Attributes:
        heard: whether an interrupt came.
    """

    def __init__(self) -> None:
        self.heard = False
        self._previous: Callable[..., Any] | None = None
        self._wakers: list[Callable[[], None]] = []

    def __enter__(self) -> Deferred:
        if threading.current_thread() is not threading.main_thread():
            return self
        previous = signal.getsignal(signal.SIGINT)
        outer = getattr(previous, "__self__", None)
        if isinstance(outer, Deferred):
            return outer
        if callable(previous):  # else it is ignored, or ends the process: nothing for us to hear
            self._previous = previous
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            previous, self._previous = self._previous, None
            signal.signal(signal.SIGINT, previous)

    def wakes(self, waker: Callable[[], None]) -> None:
        """Names what is to be called when an interrupt comes; it runs in the signal handler."""
        self._wakers.append(waker)

    def _note(self, *_: object) -> None:
        self.heard = True
        for waker in self._wakers:
            waker()
