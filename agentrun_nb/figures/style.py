"""What all figures share: background, colours, clock, and words that are safe to show.

Text out of the data is escaped here, since plotly reads a little HTML in every text.
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

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import STATUSES
from agentrun_nb.core.text import clip, counted, kind_of, visible
from agentrun_nb.core.times import zone
from agentrun_nb.drawing.axis import Tick, clock_text, ticks
from agentrun_nb.drawing.status_style import Look, look_of
from agentrun_nb.errors import SchemaError, SettingsError
from agentrun_nb.tables.frames import check_columns
from agentrun_nb.tables.labels import Names, read_names, with_labels
from agentrun_nb.tables.moments import milliseconds

GREY = "#7f7f7f"
GRID, CLEAR = "rgba(127,127,127,.25)", "rgba(0,0,0,0)"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#a08020")
"""Colours of groups, after Okabe and Ito."""
_SHORT = 40
"""To how many characters an outcome or the name of a group is shortened."""
_LINE = 110
"""The most characters of a line of notes over a figure."""
_DARK = 1.2
"""Below this sum of red, green and blue, each 0 to 1, a background is dark."""
_SHORT_AXIS = 4 * 86_400_000.0
"""The longest axis, in ms, on which an hour more or less is seen."""
_EARLIEST, _LATEST = -62_135_510_400_000.0, 253_402_214_400_000.0
"""The years that a clock knows in any zone, in ms since the epoch.

Beyond them an offset stays as it was.
"""

_LAYOUT = {"hovermode": "closest", "showlegend": True}
"""By default plotly draws no legend of one trace, and nothing would say what its colour means."""
_TITLE = {
    "title_x": 0, "title_xref": "paper", "title_y": 1, "title_yanchor": "top", "title_pad_t": 14,
}  # fmt: skip
_MIDDLE = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}


class Opacity:
    """How opaque the bar of a run is, by what its record says of the time that the bar shows."""

    BEFORE_START = 0.35
    NOT_ENDED = 0.5
    UNDIVIDED = 0.65
    AFTER_START = 1.0


def color(look: Look, template: Any) -> str:
    """The colour of a look on the background of a template; one for any where there is none."""
    if template is None:
        return look.either
    if is_dark(template):
        return look.dark
    return look.light


def check_template(template: Any) -> None:
    """Raises SettingsError where plotly cannot take a template."""
    usable = template is None or isinstance(template, str | dict | go.layout.Template)
    try:
        # An empty name is that of no template, as in plotly itself.
        go.Layout(template=(template or None) if usable else "no such template")
    except ValueError:
        message = f"{safe_text(template)!r} is not a template of plotly."
        hint = f"Choose among {', '.join(pio.templates)}."
        raise SettingsError(message, hint=hint) from None


def is_dark(template: Any) -> bool:
    """Whether the background of a template is dark, whatever the template is called.

    A background that has no colour of its own is not dark.
    """
    try:
        background = go.Layout(template=template).template.layout.paper_bgcolor or CLEAR
        [shares] = validate_colors(background, colortype="tuple")
    except (ValueError, PlotlyError):
        return False
    # One that lets the page through is as dark as the page, which is not known here.
    return not background.startswith("rgba") and sum(shares) < _DARK


def safe_text(text: Any, most: int = 80) -> str:
    """A text of the data, shortened and escaped for plotly, which reads HTML in every text."""
    return escape(visible(clip(str(text), most)), quote=False)


def label(outcome: str) -> str:
    """An outcome in words: a documented status, or why there is none."""
    return look_of(outcome).label if outcome in STATUSES else safe_text(outcome, _SHORT)


def local_times(moments: Any, tz: str) -> NDArray[np.float64]:
    """What a clock of a zone shows at moments, as ms since the epoch: plotly knows no zones."""
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
        first, last = local_times(ends, tz) - ends
        self._tz = tz
        self._offset = first
        self.changes = bool(first != last) and end - start <= _SHORT_AXIS

    def __call__(self, moments: Any) -> NDArray[np.float64]:
        """Moments in ms since the epoch as places on the axis."""
        if not self.changes:
            return local_times(moments, self._tz)
        places: NDArray[np.float64] = np.asarray(moments, dtype="float64") + self._offset
        return places

    def ticks(self, start: float, end: float, most: int) -> dict[str, Any]:
        """Ticks of our own between two moments; empty where those of plotly are right."""
        if not self.changes:
            return {}
        return self.marks(ticks(start, end, self._tz, most))

    def marks(self, found: Sequence[Tick]) -> dict[str, Any]:
        """Ticks as an axis of plotly takes them."""
        labels = [f"{tick.label}<br>{tick.context}" for tick in found]
        places = self([tick.at for tick in found])
        return {"tickvals": places, "ticktext": labels}

    def hover(self, template: str, moments: Any) -> dict[str, Any]:
        """The options of a trace for what is said of a mark when it is pointed at.

        Args:
            template: the words before the moment, as plotly takes them.
            moments: of the marks, in ms since the epoch.
        """
        if not self.changes:
            return {"hovertemplate": template + "%{x}"}
        texts = [clock_text(at, self._tz) for at in moments]
        return {"hovertemplate": template + "%{hovertext}", "hovertext": texts}


def groups(runs: pd.DataFrame, by: str | None, most: int, names: Names = None) -> pd.Series[Any]:
    """Gives the group of each run as text, the oldest group first in its categories.

    Beyond `most` groups the smallest are one.

    Args:
        runs: a RUNS table.
        by: the column to group by; None: all together.
        most: how many groups there may be.
        names: labels for the ids of deployments and versions.

    Raises:
        SchemaError: `by` is not the name of a column.
        SettingsError: `names` is no mapping of texts to texts.
    """
    read_names(names)
    if by is None:
        return pd.Series("all runs", runs.index, pd.CategoricalDtype(["all runs"]))
    if not isinstance(by, str):
        raise SchemaError(
            f"Runs cannot be grouped by {kind_of(by)} in a figure.",
            hint="Give the name of a column; runs.assign(...) adds one.",
        )
    check_columns(runs, [by])
    values = with_labels(runs, names, [by])[by]
    texts = values.astype("object").where(values.notna(), f"no {by} recorded")
    group_of = texts.astype(TEXT)
    sizes = group_of.value_counts()
    # Of too many groups the last that is shown holds all that are smaller.
    rare = set(sizes.index[most - 1 :]) if len(sizes) > most else set()
    by_age = np.argsort(milliseconds(runs["created_at"]))
    oldest_first = group_of.iloc[by_age].unique()
    order = [name for name in oldest_first if name not in rare]
    if rare:
        order.append("others")
    shown = group_of.where(~group_of.isin(rare), "others")
    return shown.astype(pd.CategoricalDtype(order))


def group_titles(sizes: dict[Any, int]) -> list[str]:
    """Names of groups with their sizes, as an axis or a legend of plotly takes them.

    Groups whose long names are cut to the same words stay apart.

    Args:
        sizes: how many runs each group has, by its name.
    """
    titles: list[str] = []
    for name, size in sizes.items():
        title = f"{safe_text(name, _SHORT)} ({size:,})"
        if title in titles:
            title = f"{title} no. {len(titles) + 1}"
        titles.append(title)
    return titles


def left_out_notes(left_out: dict[str, int]) -> list[str]:
    """A note for each reason why a figure does not show some runs."""
    notes = []
    for reason, count in left_out.items():
        notes.append(f"{count:,} left out: {safe_text(reason)}")
    return notes


def dress(
    figure: go.Figure,
    template: str | None,
    title: str = "",
    notes: Iterable[str] = (),
    background: str | None = None,
    **layout: Any,
) -> go.Figure:
    """Gives a figure its background, its legend, and over it a title with notes.

    Words out of the data are escaped by the caller.

    Args:
        figure: the figure, which is changed.
        template: the template of plotly, whose own background the figure has; None: a clear one.
        title: the title; empty: none.
        notes: what is said under it.
        background: another background than that of the template, a colour of CSS.
        **layout: more of the layout.

    Raises:
        SettingsError: plotly knows no such template.
    """
    check_template(template)
    figure.update_layout(template=template or "none")
    lines = wrap("; ".join(notes), _LINE, break_long_words=False)
    heading = {"text": title, "subtitle": {"text": "<br>".join(lines)}}
    top = 52 + 18 * len(lines) if title else 30
    if background is None:
        background = CLEAR if template is None else figure.layout.template.layout.paper_bgcolor
    figure.update_layout(**_LAYOUT, **layout)
    figure.update_layout(
        title=heading if title else None,
        margin={"l": 60, "r": 20, "t": top, "b": 50},
        **_TITLE,
        paper_bgcolor=background,
        plot_bgcolor=background,
        font_color=None if template else GREY,
    )
    grid = {} if template else {"gridcolor": GRID, "linecolor": GREY}
    figure.update_xaxes(zeroline=False, **grid)
    return figure.update_yaxes(zeroline=False, **grid)


def say_empty(figure: go.Figure, runs: int, lack: str) -> go.Figure:
    """Says in the middle of a figure why nothing is drawn.

    The sentence stands in place of axes that would measure nothing.

    Args:
        figure: a figure without anything drawn.
        runs: how many runs it was made of.
        lack: what those do not have.
    """
    sentence = f"none of {counted(runs, 'run')} {lack}" if runs else "no runs"
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return say(figure, sentence)


def say(figure: go.Figure, sentence: str) -> go.Figure:
    """Writes a sentence into the middle of a figure."""
    return figure.add_annotation(text=sentence, font_size=14, **_MIDDLE)


def by_words(by: str | None) -> str:
    """The end of a title that says how runs are grouped."""
    return f", by {safe_text(by)}" if by else ""


def or_empty(figure: go.Figure, runs: pd.DataFrame, lack: str) -> go.Figure:
    """The figure, with a sentence in its middle where nothing is drawn."""
    if figure.data:
        return figure
    return say_empty(figure, len(runs), lack)
