"""Lets one thread at a time at the runs of a view."""

from __future__ import annotations

import os
import threading


class Turns:
    """A lock around what a view knows and what its pages are told of it.

    A kernel may answer pages on one thread while the cells of the notebook run on another. What is
    told of some runs must be what is known of them then, and be sent in that order.

    A thread may take several turns inside each other. A forked process goes without: nobody there
    would give back a lock that another thread held when it was forked off.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._process = os.getpid()

    @property
    def is_in_own_process(self) -> bool:
        """Whether this is the process in which the view was made, and not one forked off it."""
        return os.getpid() == self._process

    def __enter__(self) -> None:
        if self.is_in_own_process:
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        if self.is_in_own_process:
            self._lock.release()
