"""Shows progress as one line in a notebook cell or a terminal, which ends as one sentence."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tqdm import tqdm

from agentrun_nb.core.arguments import read_flag


class _Bar(tqdm):  # type: ignore[misc]
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
    _Bar.set_lock(threading.RLock())


_renew_lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class _CellLine:
    """A file for tqdm that shows its last line as one output of a notebook cell.

    The output is plain text, which a saved notebook still shows.
    """

    def __init__(self) -> None:
        self._shown: Any = None

    def write(self, text: str) -> None:
        line = text.strip("\r\n ")
        if not line:
            return
        data = {"text/plain": line}
        if self._shown is None:
            from IPython.display import display

            self._shown = display(  # type: ignore[no-untyped-call]
                data, raw=True, display_id=True
            )
        else:
            self._shown.update(data, raw=True)

    def flush(self) -> None:
        """Does nothing: every line is shown when it is written."""


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class ProgressLine:
    """Shows the number of runs or files that came, and at the end a sentence.

    Args:
        total: the number that is expected; None when nobody knows.
        shown: whether the line is shown. Outside of notebooks and terminals it never is.
        noun: what is counted.
    """

    def __init__(self, total: int | None, *, shown: bool, noun: str = "runs") -> None:
        shown = read_flag("progress", shown)
        file: Any = _CellLine() if shown and _in_notebook() else sys.stderr
        known = f"{{n:,}} of {{total:,}} {noun} |{{bar:24}}|{{postfix}}"
        counting = f"{{n:,}} {noun}{{postfix}}" if total is None else known
        options: dict[str, Any] = {
            "total": total,
            "file": file,
            "bar_format": counting,
            "mininterval": 0.2,
            "leave": False,
        }
        shown = shown and (isinstance(file, _CellLine) or file.isatty())
        try:
            self._bar = _Bar(disable=not shown, **options)
        except Exception:
            # The line cannot be written.
            self._bar = _Bar(disable=True, **options)
        self._started = time.monotonic()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        with self._harmless():
            self._bar.close()

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        """Hides the line from then on where it cannot be written, such as to a closed pipe.

        No run is lost because of it.
        """
        try:
            yield
        except Exception:
            self._bar.disable = True

    def add(self, rows: int, remark: str = "") -> None:
        """Counts rows that came, and shows a remark beside them."""
        with self._harmless():
            if not self._bar.disable:
                seconds = max(time.monotonic() - self._started, 1e-3)
                rate = f"{(self._bar.n + rows) / seconds:,.0f}/s"
                postfix = f"{remark}, {rate}" if remark else rate
                self._bar.set_postfix_str(postfix, refresh=False)
            self._bar.update(rows)

    def wait(self, reason: str) -> None:
        """Shows why nothing comes at the moment."""
        with self._harmless():
            if reason and not self._bar.disable:
                self._bar.set_postfix_str(reason)

    def end(self, sentence: str) -> None:
        """Shows a sentence in the place of the line, for good."""
        with self._harmless():
            shown = not self._bar.disable
            self._bar.close()
            if shown:
                self._bar.fp.write(f"{sentence}\n")
                self._bar.fp.flush()
