"""What all figures share: their ground, their colours and their words.

Words out of the data are made so that they do nothing but be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from numpy.typing import NDArray
from plotly.colors import validate_colors
from plotly.exceptions import PlotlyError

from agentrun_nb.core.schema import STATUSES
from agentrun_nb.core.text import clip, visible
from agentrun_nb.core.times import zone
from agentrun_nb.drawing.axis import Tick, clock_text, ticks
from agentrun_nb.drawing.status_style import Look, look_of
from agentrun_nb.errors import SchemaError, SettingsError
from agentrun_nb.tables.frames import check_columns
from agentrun_nb.tables.moments import milliseconds

GREY = "#7f7f7f"
GRID, CLEAR = "rgba(127,127,127,.25)", "rgba(0,0,0,0)"
_SHORT, _LINE = 40, 110
_DARK = 1.2
"""Below this sum of red, green and blue, each 0 to 1, a ground is dark."""
_SHORT_AXIS = 4 * 86_400_000.0
"""Up to this length an hour more or less is seen on a time axis."""
_EARLIEST, _LATEST = -62_135_510_400_000.0, 253_402_214_400_000.0
"""The years that a clock knows in any zone, in ms since the epoch.

Beyond them an offset stays as it was.
"""


def color(look: Look, template: Any) -> str:
    """The colour of a look on the ground of a template; by default one that holds on any."""
    return look.either if template is None else look.dark if is_dark(template) else look.light


def check_template(template: Any) -> None:
    """Raises SettingsError where plotly cannot take a template."""
    usable = template is None or isinstance(template, str | dict | go.layout.Template)
    try:
        # An empty name is that of no template, as in plotly itself.
        go.Layout(template=(template or None) if usable else "no such template")
    except ValueError:
        message = f"{words(template)!r} is not a template of plotly."
        hint = f"Choose among {', '.join(pio.templates)}."
        raise SettingsError(message, hint=hint) from None


def is_dark(template: Any) -> bool:
    """Says whether the ground of a template is dark, whatever it is called.

    A ground that has no colour of its own is not dark.
    """
    try:
        ground = go.Layout(template=template).template.layout.paper_bgcolor or CLEAR
        [shares] = validate_colors(ground, colortype="tuple")
    except (ValueError, PlotlyError):
        return False
    return not ground.startswith("rgba") and sum(shares) < _DARK


def words(text: Any, most: int = 80) -> str:
    """Text out of the data, as plotly, which reads a little HTML in every text, may show it."""
    return escape(visible(clip(str(text), most)), quote=False)


def label(outcome: str) -> str:
    """An outcome in words: a documented status, or why there is none."""
    return look_of(outcome).label if outcome in STATUSES else words(outcome, _SHORT)


def wall(moments: Any, tz: str) -> NDArray[np.float64]:
    """Instants in ms as what a clock of the zone shows, which is all that a plotly axis knows."""
    instants = np.asarray(moments, dtype="float64")
    near = np.nan_to_num(instants.clip(_EARLIEST, _LATEST)).astype("int64").view("datetime64[ms]")
    there = pd.DatetimeIndex(near, tz="UTC").tz_convert(zone(tz))
    clock = there.tz_localize(None).to_numpy("datetime64[ms]")
    shown: NDArray[np.float64] = instants + (clock - near).astype("float64")
    return shown


class Clock:
    """Places of moments on a time axis of plotly, which knows no zones.

    A moment stands there as what a clock of the zone shows. Where that clock is put forward or back
    on a short axis, one hour would lie on another or be left empty. There all moments have the
    first offset, so that lengths are true, and the ticks and words say what the clock shows.
    """

    def __init__(self, tz: str, start: float, end: float) -> None:
        """Makes the clock of an axis from its first to its last moment, in ms since the epoch."""
        ends = np.array([start, end])
        self._tz, offsets = tz, wall(ends, tz) - ends
        self._offset = offsets[0]
        self.changes = bool(offsets[0] != offsets[1]) and end - start <= _SHORT_AXIS

    def __call__(self, moments: Any) -> NDArray[np.float64]:
        """Moments in ms since the epoch as places on the axis."""
        if not self.changes:
            return wall(moments, self._tz)
        places: NDArray[np.float64] = np.asarray(moments, dtype="float64") + self._offset
        return places

    def ticks(self, start: float, end: float, most: int) -> dict[str, Any]:
        """Ticks of our own between two moments; empty where those of plotly are right."""
        return self.marks(ticks(start, end, self._tz, most)) if self.changes else {}

    def marks(self, found: Sequence[Tick]) -> dict[str, Any]:
        """Ticks as an axis of plotly takes them."""
        labels = [f"{tick.label}<br>{tick.context}" for tick in found]
        return {"tickvals": self([tick.at for tick in found]), "ticktext": labels}

    def hover(self, template: str, moments: Any) -> dict[str, Any]:
        """Gives what is said of a mark when it is pointed at.

        It is a template, and behind it the moment of each mark.
        """
        if not self.changes:
            return {"hovertemplate": template + "%{x}"}
        texts = [clock_text(at, self._tz) for at in moments]
        return {"hovertemplate": template + "%{hovertext}", "hovertext": texts}


def groups(runs: pd.DataFrame, by: str | None, most: int) -> pd.Series[Any]:
    """Gives the group of each run as text, the oldest group first in its categories.

    Beyond `most` groups the smallest are one.

    Raises:
        SchemaError: `by` is not the name of a column.
    """
    if by is None:
        return pd.Series("all runs", runs.index, pd.CategoricalDtype(["all runs"]))
    if not isinstance(by, str):
        raise SchemaError(
            f"Runs cannot be grouped by a {type(by).__name__} in a figure.",
            hint="Give the name of a column; runs.assign(...) adds one.",
        )
    check_columns(runs, [by])
    names = runs[by].astype("object").where(runs[by].notna(), f"no {by} recorded").astype("str")
    counts = names.value_counts()
    rare = set(counts.index[most - 1 :] if len(counts) > most else ())
    by_age = names.iloc[np.argsort(milliseconds(runs["created_at"]))].unique()
    order = [name for name in by_age if name not in rare] + ["others"] * bool(rare)
    return names.where(~names.isin(rare), "others").astype(pd.CategoricalDtype(order))


def told(left_out: dict[str, int]) -> list[str]:
    """What a figure could not show, in words."""
    return [f"{count:,} left out: {words(reason)}" for reason, count in left_out.items()]


def dress(
    figure: go.Figure,
    template: str | None,
    title: str = "",
    notes: Iterable[str] = (),
    background: str | None = None,
    **layout: Any,
) -> go.Figure:
    """Gives a figure its ground, its legend, and over it a title with notes.

    Words out of the data are escaped by the caller.

    Args:
        figure: what is dressed.
        template: the template of plotly, whose own ground the figure has; None: a clear ground.
        title: the title; empty: none.
        notes: what is said under it.
        background: another ground than that of the template, a colour of CSS.
        **layout: more of the layout.

    Raises:
        SettingsError: plotly knows no such template.
    """
    check_template(template)
    figure.update_layout(template=template or "none")
    lines = wrap("; ".join(notes), _LINE, break_long_words=False)
    heading = {"text": title, "subtitle": {"text": "<br>".join(lines)}} if title else None
    place = {"title_x": 0, "title_xref": "paper"}
    place |= {"title_y": 1, "title_yanchor": "top", "title_pad_t": 14}
    margin = {"l": 60, "r": 20, "t": 52 + 18 * len(lines) if title else 30, "b": 50}
    if background is None:
        background = CLEAR if template is None else figure.layout.template.layout.paper_bgcolor
    ground = {"paper_bgcolor": background, "plot_bgcolor": background}
    ground |= {"font_color": None if template else GREY}
    # By default plotly draws no legend of one trace, and nothing would say what its colour means.
    always = {"hovermode": "closest", "showlegend": True}
    figure.update_layout(title=heading, margin=margin, **always, **layout)
    figure.update_layout(**place, **ground)
    grid = {} if template else {"gridcolor": GRID, "linecolor": GREY}
    return figure.update_xaxes(zeroline=False, **grid).update_yaxes(zeroline=False, **grid)


def say_empty(figure: go.Figure, runs: int, lack: str) -> go.Figure:
    """Says in the middle of a figure why nothing is drawn.

    The sentence stands in place of axes that would measure nothing.

    Args:
        figure: a figure without anything drawn.
        runs: how many runs it was made of.
        lack: what those do not have.
    """
    sentence = f"none of {runs:,} runs {lack}" if runs else "no runs"
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return say(figure, sentence)


def say(figure: go.Figure, sentence: str) -> go.Figure:
    """Writes a sentence into the middle of a figure."""
    place = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    return figure.add_annotation(text=sentence, **place, showarrow=False, font_size=14)
