"""Defers Ctrl-C to the next step of a call, so that what came before is not lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any


class DeferredInterrupts:
    """Notes interrupts and wakes what waits, instead of raising them, as a context manager.

    Only the main thread receives interrupts; in any other this does nothing. Within another one,
    entering returns the outer one, so that an interrupt ends the whole call. The previous handler
    is restored at the end.

    Attributes:
        heard: whether an interrupt came.
    """

    def __init__(self) -> None:
        self.heard = False
        self._previous: Callable[..., Any] | None = None
        self._wakers: list[Callable[[], None]] = []

    def __enter__(self) -> DeferredInterrupts:
        if threading.current_thread() is not threading.main_thread():
            return self
        previous = signal.getsignal(signal.SIGINT)
        outer = getattr(previous, "__self__", None)
        if isinstance(outer, DeferredInterrupts):
            return outer
        # Otherwise an interrupt is ignored, or ends the process.
        if callable(previous):
            self._previous = previous
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            previous, self._previous = self._previous, None
            signal.signal(signal.SIGINT, previous)

    def on_interrupt(self, waker: Callable[[], None]) -> None:
        """Registers a function that the signal handler calls when an interrupt comes."""
        self._wakers.append(waker)

    def _note(self, *_: object) -> None:
        self.heard = True
        for waker in self._wakers:
            waker()
