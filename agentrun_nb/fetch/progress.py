"""Shows progress as one line in a notebook cell or a terminal, which ends as one sentence."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agentrun_nb.core.arguments import read_flag

if TYPE_CHECKING:
    from agentrun_nb.fetch.progress_bar import Bar


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
        options = {
            "total": total,
            "file": file,
            "bar_format": counting,
            "mininterval": 0.2,
            "leave": False,
        }
        self._bar: Bar | None = None
        if shown and (isinstance(file, _CellLine) or file.isatty()):
            self._bar = _bar(options)
        self._started = time.monotonic()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        with self._harmless():
            if self._bar is not None:
                self._bar.close()

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        """Drops the line where it cannot be written, such as to a closed pipe.

        No run is lost because of it.
        """
        try:
            yield
        except Exception:
            self._bar = None

    def add(self, rows: int, remark: str = "") -> None:
        """Counts rows that came, and shows a remark beside them."""
        if self._bar is None:
            return
        with self._harmless():
            seconds = max(time.monotonic() - self._started, 1e-3)
            rate = f"{(self._bar.n + rows) / seconds:,.0f}/s"
            postfix = f"{remark}, {rate}" if remark else rate
            self._bar.set_postfix_str(postfix, refresh=False)
            self._bar.update(rows)

    def wait(self, reason: str) -> None:
        """Shows why nothing comes at the moment."""
        with self._harmless():
            if reason and self._bar is not None:
                self._bar.set_postfix_str(reason)

    def end(self, sentence: str) -> None:
        """Shows a sentence in the place of the line, for good."""
        with self._harmless():
            if self._bar is not None and not self._bar.disable:
                self._bar.close()
                self._bar.fp.write(f"{sentence}\n")
                self._bar.fp.flush()


def _bar(options: dict[str, Any]) -> Bar | None:
    """Makes a bar; None where it cannot be written."""
    # tqdm takes a while to import, and a call of one request shows no line.
    from agentrun_nb.fetch.progress_bar import Bar

    try:
        return Bar(**options)
    except Exception:
        return None
