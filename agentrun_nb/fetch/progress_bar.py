"""The bar of tqdm that a line of progress draws."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Any

from tqdm import tqdm


class Bar(tqdm):  # type: ignore[misc]
    """A bar of tqdm without its watching thread, and with a lock of its own."""

    monitor_interval = 0

    def refresh(self, *_: Any, **__: Any) -> bool:
        """Draws the bar.

        The method of tqdm keeps the lock where drawing fails, and all other threads then wait for
        ever.
        """
        with self.get_lock():
            self.display()
        return True

    def __del__(self) -> None:
        """Closes the bar; of one whose line could not be written, older versions of tqdm cannot."""
        with suppress(AttributeError):
            super().__del__()


def _renew_lock() -> None:
    """Gives the bars a lock that only the threads of this process share.

    The lock of tqdm is shared with all bars of the process, and with processes that were forked off
    it. A process that ends while it holds the lock would stop every call of a client.
    """
    Bar.set_lock(threading.RLock())


_renew_lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
