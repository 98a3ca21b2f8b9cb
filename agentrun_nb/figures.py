"""Pictures of runs to keep, restyle and export: frames in, plotly figures out.

Plotly reads a little HTML in every text, so all words out of the data are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import display

from agentrun_nb.frames import runs_frame
from agentrun_nb.looks import FAILURES, look_of, painting_order
from agentrun_nb.spans import Kind, Spans, last_moment, spans
from agentrun_nb.still import chart
from agentrun_nb.text import clip, visible
from agentrun_nb.times import iso, span_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agentrun_nb.run import Run

__all__ = ["show", "timeline"]

MOST_SINGLE = 2_000
"""Up to this many runs each is a bar of its own; more are counted."""

_COLUMNS, _CELLS = 240, 400
_MOST_GROUPS = 12
_LEAST_ROWS = 5.7
_GREY = "#7f7f7f"
_LENGTH = 80


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
    placed = spans(runs, now)
    status = runs["status"].astype("object").where(runs["status"].notna(), None).to_numpy()
    figure = go.Figure()
    if len(runs) <= MOST_SINGLE:
        _draw_bars(figure, runs, placed, status, tz, by, template)
    else:
        _draw_columns(figure, placed, status, tz, template)
    _dress(figure, tz, window, template)
    # A figure is not ours to subclass; `show` finds here what it puts beside it.
    figure._still = chart.timeline(runs, 0.0 if np.isnan(now) else now, tz)
    return figure


def show(figure: go.Figure) -> None:
    """Displays a figure as a live one with a static picture beside it, for places where no script runs.

    The picture is drawn by kaleido where that is installed. Without it a timeline brings its own picture, as it was
    before any restyling; for other figures that is said.
    """
    live = {"application/vnd.plotly.v1+json": json.loads(figure.to_json()) | {"config": {"responsive": True}}}
    still = figure.to_image(format="svg").decode() if find_spec("kaleido") else getattr(figure, "_still", None)
    words = "A plotly figure" if still else "A plotly figure, without a static picture: kaleido is not installed"
    display(live | ({"image/svg+xml": still} if still else {}) | {"text/plain": words}, raw=True)  # type: ignore[no-untyped-call]


def _color(status: str | None, template: str | None) -> str:
    look = look_of(status)
    if template is None:
        return look.either
    return look.dark if "dark" in template else look.light


def _words(text: Any) -> str:
    """Text out of the data, as plotly may show it."""
    return escape(visible(clip(str(text), _LENGTH)), quote=False)


def _wall(moments: Any, tz: str) -> NDArray[np.float64]:
    """Instants in ms as what a clock of the zone shows, which is all that a plotly axis knows."""
    naive = pd.to_datetime(np.asarray(moments, dtype="float64"), unit="ms", utc=True).tz_convert(tz).tz_localize(None)
    return np.where(naive.isna(), np.nan, naive.as_unit("us").asi8 / 1_000)


# --- single runs -------------------------------------------------------------------------------------------------


def _draw_bars(
    figure: go.Figure,
    runs: pd.DataFrame,
    placed: Spans,
    status: NDArray[np.object_],
    tz: str,
    by: str,
    template: str | None,
) -> None:
    height_of, labels = _rows(runs, placed, status, by)
    hover = _hover(runs, placed)
    begin, middle, end = (_wall(moments, tz) for moments in (placed.begin, placed.middle, placed.end))
    split = np.where(np.isnan(middle), begin, middle)
    for name in painting_order(list({status[row] for row in height_of})):
        rows = np.array([row for row in height_of if status[row] == name])
        color = _color(name, template)
        at = [height_of[row] for row in rows]
        words = [hover[row] for row in rows]
        group = {"name": _words(look_of(name).label), "legendgroup": str(name), "hoverinfo": "text"}
        before = split[rows] > begin[rows]
        figure.add_bar(
            **group,
            orientation="h",
            base=begin[rows][before],
            x=(split - begin)[rows][before],
            y=np.array(at)[before],
            hovertext=np.array(words, dtype=object)[before],
            marker={"color": color, "opacity": 0.35},
            showlegend=False,
        )
        kinds = placed.kind[rows]
        figure.add_bar(
            **group,
            orientation="h",
            base=split[rows],
            x=np.maximum((end - split)[rows], 0),
            y=at,
            hovertext=words,
            marker={
                "color": color,
                "opacity": np.select([kinds == Kind.LIVE, kinds == Kind.UNDIVIDED], [0.5, 0.65], 1.0),
                "line": {"color": color, "width": 1},
                "pattern": {"shape": np.where(kinds == Kind.LIVE, "/", "").tolist(), "fillmode": "overlay"},
            },
        )
    figure.update_layout(barmode="overlay", bargap=0.15)
    lowest = max(height_of.values(), default=0)
    figure.update_yaxes(
        range=[max(lowest + 0.7, _LEAST_ROWS), -0.7],
        automargin=True,
        tickvals=list(labels.values()),
        ticktext=list(labels),
    )


def _rows(
    runs: pd.DataFrame, placed: Spans, status: NDArray[np.object_], by: str
) -> tuple[dict[int, float], dict[str, float]]:
    """The height at which each run is drawn, and for groups the height of their names."""
    known = placed.begin[~np.isnan(placed.begin)]
    least = (np.nanmax(placed.end) - known.min()) / 400 if len(known) else 1.0
    if by == "time":
        return {row: float(lane) for row, lane in placed.lanes(least).items()}, {}
    groups = status if by == "status" else runs["version_id"].fillna("no version recorded").to_numpy()
    frequent = pd.Series(groups).value_counts(dropna=False).index[: _MOST_GROUPS - 1]
    names = [*frequent, *(["others"] if pd.Series(groups).nunique(dropna=False) > len(frequent) else [])]
    height_of: dict[int, float] = {}
    labels: dict[str, float] = {}
    top = 0
    for name in names:
        member = ~pd.Series(groups).isin(frequent) if name == "others" else pd.Series(groups == name)
        lane_of = placed.only(member.to_numpy(dtype=bool)).lanes(least)
        height_of |= {row: float(top + lane) for row, lane in lane_of.items()}
        count = max(lane_of.values(), default=0) + 1
        labels[_words(look_of(name).label if by == "status" and name != "others" else name)] = top + (count - 1) / 2
        top += count + 1
    return height_of, labels


def _hover(runs: pd.DataFrame, placed: Spans) -> list[str]:
    """What is said of each run when it is pointed at."""
    cells = zip(
        runs["id"],
        runs["version_id"],
        runs["status"],
        placed.begin,
        placed.middle,
        placed.end,
        placed.kind,
        strict=True,
    )
    return ["<br>".join(_told(*row)) for row in cells]


def _told(run: Any, version: Any, status: Any, begin: float, middle: float, end: float, kind: int) -> Sequence[str]:
    facts = [f"<b>{_words(run)}</b>", f"{_words(look_of(status).label)}, {_words(version)}"]
    if not np.isnan(begin):
        facts.append(f"created {iso(round(begin * 1_000))}")
    if not np.isnan(middle):
        facts.append(f"{span_text((middle - begin) / 1_000)} before start")
    if kind == Kind.PHASES:
        facts.append(f"{span_text((end - middle) / 1_000)} after start")
    elif kind == Kind.UNDIVIDED:
        facts.append(f"{span_text((end - begin) / 1_000)} from created to completed")
    else:
        facts.append(
            {Kind.LIVE: "end not recorded", Kind.OPEN: "ended, when is not recorded"}.get(
                Kind(kind), "times in reverse"
            )
        )
    return facts


# --- many runs ---------------------------------------------------------------------------------------------------


def _draw_columns(figure: go.Figure, placed: Spans, status: NDArray[np.object_], tz: str, template: str | None) -> None:
    edges = np.linspace(np.nanmin(placed.begin), np.nanmax(placed.end), _COLUMNS + 1)
    middle = _wall((edges[1:] + edges[:-1]) / 2, tz)
    width = edges[1] - edges[0]
    for name in painting_order(list(set(status))):
        counts = placed.tally(status == name, edges)
        figure.add_bar(
            name=_words(look_of(name).label),
            legendgroup=str(name),
            x=middle,
            y=counts,
            width=width,
            marker={"color": _color(name, template), "line": {"width": 0}},
            hovertemplate="%{y:,} at a time<br>%{x}",
        )
    for name in FAILURES:
        _draw_failures(figure, placed, status == name, name, tz, template)
    figure.update_layout(
        barmode="stack",
        bargap=0,
        yaxis={"domain": [0, 0.86], "title": "runs at a time"},
        yaxis2={"domain": [0.9, 1], "range": [-1, 1], "visible": False, "fixedrange": True},
    )


def _draw_failures(
    figure: go.Figure, placed: Spans, chosen: NDArray[np.bool_], name: str, tz: str, template: str | None
) -> None:
    """A mark for every failure; those that would lie on one another are one that says how many it stands for."""
    ends = placed.end[chosen & ~np.isnan(placed.begin)]
    if not len(ends):
        return
    span = max(float(np.nanmax(placed.end) - np.nanmin(placed.begin)), 1.0)
    _, first, counts = np.unique(np.floor((ends - ends.min()) / span * _CELLS), return_index=True, return_counts=True)
    figure.add_scatter(
        name=_words(look_of(name).label),
        legendgroup=name,
        showlegend=False,
        x=_wall(ends[first], tz),
        y=np.full(len(first), 0.4 if name == "failed" else -0.4),
        yaxis="y2",
        mode="markers",
        marker={"color": _color(name, template), "symbol": "x" if name == "failed" else "hourglass", "size": 7},
        customdata=counts,
        hovertemplate="%{customdata:,} here, the first at %{x}",
    )


def _dress(figure: go.Figure, tz: str, window: tuple[float | None, float | None], template: str | None) -> None:
    start, end = (None if edge is None else float(_wall([edge], tz)[0]) for edge in window)
    figure.update_layout(
        template=template or "none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 60, "r": 20, "t": 30, "b": 50},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        hovermode="closest",
        **({} if template else {"font": {"color": _GREY}}),
    )
    figure.update_xaxes(type="date", title=f"time ({_words(tz)})", range=[start, end])
    figure.update_yaxes(showgrid=False, zeroline=False)
    if template is None:
        figure.update_xaxes(gridcolor="rgba(127,127,127,.25)", linecolor=_GREY)
