"""Tables as a notebook shows them.

What tells most first and at length, and nothing in a text acts.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from agentrun_nb.core.text import visible

WIDTH = 400
"""Characters of a cell that a notebook shows; pandas alone shows 50."""


class ShownFrame(pd.DataFrame):  # type: ignore[misc]
    """A frame that is shown in another way than pandas would, and is a frame like any other otherwise.

    Texts are shown at length, with control and direction characters as signs. All that is made of
    it (a filter, a copy) is a plain frame.
    """

    _first: tuple[str, ...] = ()

    def _repr_html_(self) -> str | None:
        with pd.option_context("display.max_colwidth", WIDTH):
            return self._visible()._repr_html_()  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return repr(self._visible())

    def _visible(self) -> pd.DataFrame:
        plain = pd.DataFrame(self)
        first = [name for name in self._first if name in plain]
        ordered = plain[[*first, *(name for name in plain if name not in first)]]
        texts = [name for name in ordered if _is_text(ordered[name])]
        return ordered.assign(
            **{name: ordered[name].map(visible, na_action="ignore") for name in texts}
        )


def _is_text(column: pd.Series[Any]) -> bool:
    return bool(column.dtype == "str")


class LogsFrame(ShownFrame):
    """The LOGS table: when, how grave and what first, ids last."""

    _first = ("created_at", "level", "event_type", "source", "message")
