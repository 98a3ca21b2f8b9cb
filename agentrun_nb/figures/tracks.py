"""Runs along time: each a bar while they are few, columns of counts when they are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from agentrun_nb.figures.ground import color, dress, groups, label, wall, words
from agentrun_nb.frames import runs_frame
from agentrun_nb.looks import FAILURES, look_of, painting_order
from agentrun_nb.spans import Kind, Spans, last_moment, spans
from agentrun_nb.still import chart
from agentrun_nb.times import iso, span_text

if TYPE_CHECKING:
    from agentrun_nb.run import Run

MOST_SINGLE = 2_000
"""Up to this many runs each is a bar of its own; more are counted."""

_COLUMNS, _CELLS = 240, 400
_MOST_GROUPS = 12
_LEAST_ROWS = 5.7


def timeline(
    runs: Run | pd.DataFrame | Iterable[Any],
    tz: str = "UTC",
    *,
    window: tuple[float | None, float | None] = (None, None),
    by: str = "time",
    template: str | None = None,
) -> go.Figure:
    """Runs along time, from the timestamps of their records alone.

    Up to 2,000 runs are bars: pale before the start, solid after it, hatched up to the last known moment while a run
    has not ended. More are counted in columns, and every failure has a mark in a strip of its own on top.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the zone of the time axis, an IANA name.
        window: first and last moment of the axis in ms since the epoch; None: where the runs begin or end.
        by: what bars are grouped by: `time` (not at all), `version` or `status`.
        template: a plotly template, such as `plotly_dark`; by default colours that hold on any ground.

    Returns:
        The figure; its ground is transparent.
    """
    runs = runs_frame(runs)
    now = last_moment(runs)
    placed, figure = spans(runs, now), go.Figure()
    if len(runs) <= MOST_SINGLE:
        _draw_bars(figure, runs, placed, tz, by, template)
    else:
        _draw_columns(figure, runs, placed, tz, template)
    start, end = (None if edge is None else float(wall([edge], tz)[0]) for edge in window)
    dress(figure, template, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"})
    figure.update_xaxes(type="date", title=f"time ({words(tz)})", range=[start, end])
    figure.update_yaxes(showgrid=False, automargin=True)
    # A figure is not ours to subclass; `show` finds here what it puts beside it.
    figure._still = chart.timeline(runs, 0.0 if np.isnan(now) else now, tz)
    return figure


def _statuses(runs: pd.DataFrame) -> Any:
    return runs["status"].astype("object").where(runs["status"].notna(), None).to_numpy()


# --- single runs -------------------------------------------------------------------------------------------------


def _draw_bars(figure: go.Figure, runs: pd.DataFrame, placed: Spans, tz: str, by: str, template: str | None) -> None:
    height_of, labels = _rows(runs, placed, by)
    places = zip(placed.begin, placed.middle, placed.end, placed.kind, strict=True)
    cells = zip(runs["id"], runs["version_id"], runs["status"], places, strict=True)
    status, hover = _statuses(runs), np.array(["<br>".join(_told(*row)) for row in cells], dtype="object")
    begin, middle, end = (wall(moments, tz) for moments in (placed.begin, placed.middle, placed.end))
    split = np.where(np.isnan(middle), begin, middle)
    for name in painting_order(list({status[row] for row in height_of})):
        rows = np.array([row for row in height_of if status[row] == name])
        waited, height = split[rows] > begin[rows], np.array([height_of[row] for row in rows])
        hue, kinds = color(name, template), placed.kind[rows]
        same = {"orientation": "h", "name": words(look_of(name).label), "legendgroup": str(name), "hoverinfo": "text"}
        before = {"base": begin[rows], "x": (split - begin)[rows], "y": height, "hovertext": hover[rows]}
        before = {key: values[waited] for key, values in before.items()}
        figure.add_bar(**same, **before, marker={"color": hue, "opacity": 0.35}, showlegend=False)
        opacity = np.select([kinds == Kind.LIVE, kinds == Kind.UNDIVIDED], [0.5, 0.65], 1.0)
        pattern = {"shape": np.where(kinds == Kind.LIVE, "/", "").tolist(), "fillmode": "overlay"}
        marker = {"color": hue, "opacity": opacity, "line": {"color": hue, "width": 1}, "pattern": pattern}
        after = {"base": split[rows], "x": np.maximum((end - split)[rows], 0), "y": height, "hovertext": hover[rows]}
        figure.add_bar(**same, **after, marker=marker)
    figure.update_layout(barmode="overlay", bargap=0.15)
    lowest = max([*height_of.values(), _LEAST_ROWS - 0.7])
    figure.update_yaxes(range=[lowest + 0.7, -0.7], tickvals=list(labels.values()), ticktext=list(labels))


def _rows(runs: pd.DataFrame, placed: Spans, by: str) -> tuple[dict[int, float], dict[str, float]]:
    """The height at which each run is drawn, and for groups the height of their names."""
    known = placed.begin[~np.isnan(placed.begin)]
    least = (np.nanmax(placed.end) - known.min()) / 400 if len(known) else 1.0
    if by == "time":
        return {row: float(lane) for row, lane in placed.lanes(least).items()}, {}
    names = groups(runs, "version_id" if by == "version" else by, _MOST_GROUPS)
    height_of: dict[int, float] = {}
    labels: dict[str, float] = {}
    top = 0
    for name in names.cat.categories:
        lane_of = placed.only((names == name).to_numpy()).lanes(least)
        height_of |= {row: float(top + lane) for row, lane in lane_of.items()}
        count = max(lane_of.values(), default=0) + 1
        labels[label(name)] = top + (count - 1) / 2
        top += count + 1
    return height_of, labels


def _told(run: Any, version: Any, status: Any, place: tuple[float, float, float, int]) -> Iterator[str]:
    """What is said of a run when it is pointed at."""
    begin, middle, end, kind = place
    yield f"<b>{words(run)}</b>"
    yield f"{words(look_of(status).label)}, {words(version)}"
    if not np.isnan(begin):
        yield f"created {iso(round(begin * 1_000))}"
    if not np.isnan(middle):
        yield f"{span_text((middle - begin) / 1_000)} before start"
    if kind == Kind.PHASES:
        yield f"{span_text((end - middle) / 1_000)} after start"
    elif kind == Kind.UNDIVIDED:
        yield f"{span_text((end - begin) / 1_000)} from created to completed"
    else:
        yield _ENDS[Kind(kind)]


_ENDS = {Kind.LIVE: "end not recorded", Kind.OPEN: "ended, when is not recorded", Kind.POINT: "times in reverse"}


# --- many runs ---------------------------------------------------------------------------------------------------


def _draw_columns(figure: go.Figure, runs: pd.DataFrame, placed: Spans, tz: str, template: str | None) -> None:
    edges = np.linspace(np.nanmin(placed.begin), np.nanmax(placed.end), _COLUMNS + 1)
    x, told, status = wall((edges[1:] + edges[:-1]) / 2, tz), "%{y:,} in this stretch<br>%{x}", _statuses(runs)
    for name in painting_order(list(set(status))):
        marker = {"color": color(name, template), "line": {"width": 0}}
        same = {"name": words(look_of(name).label), "legendgroup": str(name), "marker": marker, "hovertemplate": told}
        figure.add_bar(**same, x=x, y=placed.tally(status == name, edges), width=edges[1] - edges[0])
    for name in FAILURES:
        _draw_failures(figure, placed, status == name, name, tz, template)
    strip = {"domain": [0.9, 1], "range": [-1, 1], "visible": False, "fixedrange": True}
    stretch = span_text((edges[1] - edges[0]) / 1_000)
    columns = {"domain": [0, 0.86], "tickformat": ",", "title": f"runs in each {stretch}"}
    figure.update_layout(barmode="stack", bargap=0, yaxis=columns, yaxis2=strip)


def _draw_failures(figure: go.Figure, placed: Spans, chosen: Any, name: str, tz: str, template: str | None) -> None:
    """A mark for every failure; those that would lie on one another are one that says how many it stands for."""
    ends = placed.end[chosen & ~np.isnan(placed.begin)]
    if not len(ends):
        return
    span = max(float(np.nanmax(placed.end) - np.nanmin(placed.begin)), 1.0)
    _, first, counts = np.unique(np.floor((ends - ends.min()) / span * _CELLS), return_index=True, return_counts=True)
    symbol, height = ("x", 0.4) if name == "failed" else ("hourglass", -0.4)
    marker = {"color": color(name, template), "symbol": symbol, "size": 7}
    same = {"name": words(look_of(name).label), "legendgroup": name, "showlegend": False, "mode": "markers"}
    told = {"customdata": counts, "hovertemplate": "%{customdata:,} here, the first at %{x}"}
    figure.add_scatter(**same, **told, x=wall(ends[first], tz), y=[height] * len(first), yaxis="y2", marker=marker)
