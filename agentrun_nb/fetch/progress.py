"""One line of progress, in a notebook cell or a terminal, that ends as one sentence of plain text."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm


class _Bar(tqdm):  # type: ignore[misc]
    """A bar without tqdm's watching thread."""

    monitor_interval = 0


class _CellLine:
    """A file for tqdm whose last line is one output of a notebook cell; text only, so that a saved notebook reads."""

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
        """Nothing is held back."""


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class Line:
    """Counts runs as they come, and says at the end what came of it.

    Args:
        total: how many are expected; None when nobody knows.
        shown: whether there is a line at all. Without a notebook and without a terminal there is none.
    """

    def __init__(self, total: int | None, *, shown: bool) -> None:
        file: Any = _CellLine() if shown and _in_notebook() else sys.stderr
        counting = "{n:,} runs{postfix}" if total is None else "{n:,} of {total:,} runs |{bar:24}|{postfix}"
        self._bar = _Bar(
            total=total,
            file=file,
            disable=not shown or not (isinstance(file, _CellLine) or file.isatty()),
            bar_format=counting,
            mininterval=0.2,
            leave=False,
        )
        self._started = time.monotonic()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def add(self, rows: int, told: str = "") -> None:
        """Counts rows that came, with a word about them."""
        if not self._bar.disable:
            rate = (self._bar.n + rows) / max(time.monotonic() - self._started, 1e-3)
            self._bar.set_postfix_str(", ".join(part for part in (told, f"{rate:,.0f}/s") if part), refresh=False)
        self._bar.update(rows)

    def wait(self, reason: str) -> None:
        """Says why nothing comes at the moment."""
        if reason and not self._bar.disable:
            self._bar.set_postfix_str(reason)

    def end(self, sentence: str) -> None:
        """Leaves the sentence in the line's place."""
        shown = not self._bar.disable
        self._bar.close()
        if shown:
            self._bar.fp.write(f"{sentence}\n")
            self._bar.fp.flush()
