"""Draws survival curves: the share of runs that still go on after each length of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import hex_to_rgb

from agentrun_nb.analysis.bounded import bounded_curve
from agentrun_nb.analysis.estimates import TOO_FEW
from agentrun_nb.analysis.outcomes import outcomes, repeated_runs_notes
from agentrun_nb.analysis.phase_lengths import RUN_TIME, Lengths, measure
from agentrun_nb.core.text import capital, counted
from agentrun_nb.core.times import seconds_text
from agentrun_nb.figures.lengths import TICKS, axis_ends, missing_notes, places
from agentrun_nb.figures.style import (
    CLEAR,
    COLORS,
    by_words,
    check_template,
    dress,
    group_titles,
    groups,
    left_out_notes,
    or_empty,
    safe_text,
)
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.labels import Names
from agentrun_nb.tables.moments import Floats

_STEPS = 200
"""The most points of a curve."""
_HOVER = "%{y:.1f} % go on after %{customdata}"
_LONGEST_TITLE = 120
"""The most characters of a title or a note."""
_BAND = 0.2
"""The opacity of a band."""
_TICK_HEIGHT = 9
"""The height in pixels of a tick where runs were last seen."""
_CURVES_HEIGHT = 300
"""The height in pixels of the curves."""
_AXIS_HEIGHT = 78
"""The height in pixels of the axis under them."""
_ROW_HEIGHT = 18
"""The height in pixels of a row of numbers."""
_AT_RISK_AXIS = {
    "fixedrange": True, "showgrid": False, "showline": False, "automargin": True,
    # Ticks that nobody sees keep the titles apart from the numbers.
    "ticks": "outside", "ticklen": 6, "tickcolor": CLEAR, "tickfont": {"size": 11},
}  # fmt: skip
"""The axis on which the groups have a row each for their numbers at risk."""
_CHARACTER_WIDTH = 0.013
"""The width of a digit of the numbers at risk, as a share of that of the axis beside a legend."""


def survival(
    runs: Runs,
    by: str | None = "version_id",
    *,
    phase: str | None = None,
    phases: pd.DataFrame | None = None,
    names: Names = None,
    template: str | None = None,
) -> go.Figure:
    """Draws the share of runs that go on after a time, whatever their outcome.

    The curves are those of Kaplan & Meier. A curve further to the right is slower. Runs whose end
    was not seen count for as long as they were, and a tick stands where they were last seen; the
    band is the 95 % interval. Needs scipy.

    Args:
        runs: anything that `runs_frame` takes.
        by: the column to group by; beyond 8 groups the smallest are one. None: all together.
        phase: the phase whose length is drawn in place of the time after the start, such as
            `running`, as for `summarize`. Where its changes were only observed the band is wider:
            it reaches from the shortest to the longest times that are possible.
        phases: the PHASES table of the runs; None: as for `summarize`.
        names: labels for the ids of deployments and versions, as from `client.names()`.
        template: a plotly template, such as `plotly_dark`; by default colours that are read on
            any background.

    Returns:
        The figure: a step curve for each group, in percent over seconds, and under the axis how
        many runs of each were at risk: had not ended before that time, and were still watched.

    Raises:
        DataError: no run here was in that phase.
        SchemaError: there is no such column, or `phases` is no such table.
        SettingsError: `phase` is no text; `names` is no mapping; there is no such template.

    Example:
        >>> figure = arn.figures.survival(runs, by="deployment_id")
        >>> figure.write_html("survival.html")
    """
    check_template(template)
    runs = runs_frame(runs)
    lengths = measure(runs, phase, phases)
    group_of = groups(runs, by, len(COLORS), names)
    rows = [np.flatnonzero(group_of == name) for name in group_of.cat.categories]
    parts = dict(zip(map(str, group_of.cat.categories), lengths.of_groups(rows), strict=True))
    drawn = {name: part for name, part in parts.items() if len(part.middle.seconds) >= TOO_FEW}
    titles = group_titles({name: len(part.middle.seconds) for name, part in drawn.items()})
    seconds = [part.middle.seconds for part in drawn.values()]
    # The empty array is for a frame of which no group is drawn.
    on_axis = places(np.concatenate([np.array([]), *seconds]))
    first, last = axis_ends(on_axis)
    figure = go.Figure()
    for title, part, hue in zip(titles, drawn.values(), COLORS, strict=False):
        _draw_curve(figure, title, _points(part, first), hue)
    is_run_time = lengths.words == RUN_TIME
    goes_on = "going on" if is_run_time else "in it"
    figure.update_yaxes(title=f"share still {goes_on} (%)", range=[0, 101])
    axis = "time since the start" if is_run_time else safe_text(lengths.words)
    figure.update_xaxes(title=f"{axis} (logarithmic)", range=(first, last), **TICKS)
    if drawn:
        _draw_at_risk(figure, dict(zip(titles, seconds, strict=True)), (first, last))
    notes = [safe_text(note, _LONGEST_TITLE) for note in lengths.known_notes()]
    others = "not started" if is_run_time else "not known to have been in it"
    notes += missing_notes(lengths.middle, outcomes(runs), others)
    notes += [*left_out_notes(_too_small(parts)), *repeated_runs_notes(runs), *_legend_notes(drawn)]
    count = f"{len(on_axis):,} of {counted(len(runs), 'run')}"
    title = f"How long {count} went on" if is_run_time else f"{lengths.words} of {count}"
    title = safe_text(capital(title), _LONGEST_TITLE) + by_words(by)
    dress(figure, template, title, notes)
    if drawn:
        _make_room(figure, len(drawn))
    return or_empty(figure, runs, "is in a group of which enough have ended")


def _too_small(parts: dict[str, Lengths]) -> dict[str, int]:
    """How many runs have a length in each group that is too small for a curve."""
    counts = {}
    for name, part in parts.items():
        size = len(part.middle.seconds)
        if 0 < size < TOO_FEW:
            counts[f"{name}, too few ended"] = size
    return counts


def _legend_notes(drawn: dict[str, Lengths]) -> list[str]:
    """What bands and ticks mean, where there are any."""
    notes = []
    if drawn:
        notes.append("bands: 95 % intervals")
    if not all(part.is_exact for part in drawn.values()):
        notes[-1] += " of all times that are possible between looks"
    if not all(part.middle.ended.all() for part in drawn.values()):
        notes.append("ticks: where runs that go on were last seen")
    return notes


Float32s = NDArray[np.float32]


class _Points(NamedTuple):
    """The points of a curve on the axis.

    Attributes:
        place: where each point is on the logarithmic axis.
        share: the share of runs that still go on, in percent.
        low: the lower end of its interval, in percent.
        high: the upper end of its interval, in percent.
        last_seen: how many runs were last seen, still going on, since the point before it.
    """

    place: Float32s
    share: Float32s
    low: Float32s
    high: Float32s
    last_seen: NDArray[np.int64]


def _points(lengths: Lengths, start: float) -> _Points:
    """The points at which a curve of survival is drawn, evenly chosen among its moments.

    Args:
        lengths: how long the runs of a group took.
        start: where the axis begins.
    """
    table = bounded_curve(lengths)
    times = lengths.middle
    spread = np.linspace(0, len(table.seconds) - 1, _STEPS)
    chosen = np.unique(spread.astype(int))
    moments = table.seconds[chosen]
    point_of_run = np.searchsorted(moments, times.seconds[~times.ended])
    last_seen = np.bincount(point_of_run, minlength=len(moments))
    place = places(moments)
    # The first point is before all ends, at 0 s, which a logarithmic axis cannot show.
    # It stands at the edge.
    place[0] = start
    curves = [100 * values[chosen] for values in (table.share, table.low, table.high)]
    # A picture shows no more digits than these, of which a saved notebook holds half the bytes.
    share, low, high = (values.astype("float32") for values in curves)
    return _Points(place.astype("float32"), share, low, high, last_seen)


def _draw_curve(figure: go.Figure, name: str, points: _Points, hue: str) -> None:
    """Draws a curve with its band, which the legend shows and hides together."""
    common: dict[str, Any] = {"legendgroup": name, "x": points.place}
    edge = {"width": 0, "shape": "hv", "color": hue}
    unseen = {"mode": "lines", "line": edge, "hoverinfo": "skip", "showlegend": False}
    # The band is what lies between its upper edge and the trace before that, the lower one.
    figure.add_scatter(**common, **unseen, y=points.low, fill=None)
    pale = "rgba({},{},{},{})".format(*hex_to_rgb(hue), _BAND)
    figure.add_scatter(**common, **unseen, y=points.high, fill="tonexty", fillcolor=pale)
    has_tick = points.last_seen > 0
    if has_tick.any():
        stroke = {"width": np.where(has_tick, 1.5, 0), "color": hue}
        size = np.where(has_tick, _TICK_HEIGHT, 0)
        common["marker"] = {"symbol": "line-ns", "size": size, "line": stroke}
    figure.add_scatter(
        **common,
        mode="lines+markers" if has_tick.any() else "lines",
        name=name,
        y=points.share,
        line={"width": 2, "shape": "hv", "color": hue},
        customdata=_hover_words(points),
        hovertemplate=_HOVER,
    )


def _hover_words(points: _Points) -> list[str]:
    """What is said of each point when it is pointed at: its time, and who was last seen there."""
    lines = []
    for at, count in zip(points.place.tolist(), points.last_seen.tolist(), strict=True):
        last_seen = f"<br>{counted(count, 'run')} last seen by then" if count else ""
        lines.append(f"{seconds_text(10**at)}{last_seen}")
    return lines


def _draw_at_risk(figure: go.Figure, seconds: dict[str, Floats], ends: tuple[float, float]) -> None:
    """Writes under the ticks how many runs of each group were at risk there.

    Args:
        figure: the figure, which is changed.
        seconds: how long the runs of each group were seen to go on, by its title.
        ends: of the axis of time.
    """
    first, last = ends
    largest = max(len(lengths) for lengths in seconds.values())
    width = _CHARACTER_WIDTH * len(f"{largest:,}") * (last - first)
    marks = _apart(TICKS["tickvals"], width, ends)
    for row, lengths in enumerate(seconds.values()):
        on_axis = places(lengths)
        # At the left edge stand all runs, as the curve does.
        counts = [len(lengths)]
        counts += [int(np.count_nonzero(on_axis >= at)) for at in marks]
        figure.add_scatter(
            mode="text",
            name="runs at risk",
            x=[first, *marks],
            y=[row] * len(counts),
            yaxis="y2",
            text=[f"{count:,}" for count in counts],
            textposition=["middle right", *["middle center"] * len(marks)],
            # Not in the colour of the curve: as text, half of these are too pale on white.
            textfont={"size": 11},
            hoverinfo="skip",
            cliponaxis=False,
            showlegend=False,
        )
    rows = len(seconds)
    figure.update_layout(yaxis2={"range": [rows - 0.5, -0.5], **_AT_RISK_AXIS})
    figure.update_layout(yaxis2={"tickvals": [*range(rows)], "ticktext": [*seconds]})


def _apart(ticks: Sequence[float], width: float, ends: tuple[float, float]) -> list[float]:
    """Chooses those ticks under which numbers of a width have room beside each other.

    Args:
        ticks: the places of all ticks, rising.
        width: of a number, as a length of the axis.
        ends: of the axis, on the left one of which a number begins.
    """
    first, last = ends
    # The number at the edge stands to the right of it, the others about their ticks.
    end_of_number = first + width
    chosen = []
    for at in ticks:
        if at < last and at - width / 2 > end_of_number:
            chosen.append(at)
            end_of_number = at + width / 2
    return chosen


def _make_room(figure: go.Figure, groups: int) -> None:
    """Gives the numbers at risk their place below the axis of the curves."""
    rows = groups * _ROW_HEIGHT
    height = _CURVES_HEIGHT + _AXIS_HEIGHT + rows
    upper = (rows + _AXIS_HEIGHT) / height
    figure.update_layout(yaxis={"domain": [upper, 1]}, yaxis2={"domain": [0, rows / height]})
    figure.layout.margin.b = 16
    figure.layout.height = height + figure.layout.margin.t + figure.layout.margin.b
    figure.add_annotation(
        text="runs at risk", xref="paper", x=0, xanchor="left", yref="paper",
        y=rows / height, yanchor="bottom", showarrow=False, font_size=11,
    )  # fmt: skip
