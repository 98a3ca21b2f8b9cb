"""DataFrames that a notebook shows at length and to the letter, control characters as signs."""

from __future__ import annotations

import pandas as pd

from agentrun_nb.core.dtypes import is_text
from agentrun_nb.core.text import visible

WIDTH = 400
"""How many characters of a cell a notebook shows; pandas alone shows 50."""

HOW_SHOWN = ("display.max_colwidth", WIDTH, "display.html.use_mathjax", False)
"""Options of pandas. Between two dollar signs a notebook would set a formula."""


class ShownFrame(pd.DataFrame):  # type: ignore[misc]
    """A DataFrame with another display: texts at length, control and direction characters as signs.

    Otherwise it is a frame like any other. What is made of it (a filter, a copy) is a plain frame.
    """

    _first: tuple[str, ...] = ()
    """The columns that are shown first."""

    def _repr_html_(self) -> str | None:
        with pd.option_context(*HOW_SHOWN):
            return self._visible()._repr_html_()  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return repr(self._visible())

    def _visible(self) -> pd.DataFrame:
        """A plain frame with the columns in the order shown, and signs for what cannot be seen."""
        plain = pd.DataFrame(self)
        first = [name for name in self._first if name in plain]
        rest = [name for name in plain if name not in first]
        ordered = plain[[*first, *rest]]
        texts = [name for name in ordered if is_text(ordered[name])]
        shown = {name: ordered[name].map(visible, na_action="ignore") for name in texts}
        return ordered.assign(**shown)


class LogsFrame(ShownFrame):
    """The LOGS table, shown with the time, the level and the message first."""

    _first = ("created_at", "level", "event_type", "source", "message")
