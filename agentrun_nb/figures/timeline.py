"""Runs along time as the widget draws them.

Single runs are drawn in rows or lanes, and columns of counts where those do not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite, nan
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES, STATUSES, SUCCESSES
from agentrun_nb.core.text import clip
from agentrun_nb.core.times import duration_text
from agentrun_nb.drawing import svg_timeline
from agentrun_nb.drawing.axis import Tick, clock_text, ticks
from agentrun_nb.drawing.course import course
from agentrun_nb.drawing.layout import COLUMN, MOST_BANDS, MOST_ROWS, column_edges, lanes
from agentrun_nb.drawing.spans import Kind, Spans, spans
from agentrun_nb.drawing.status_style import LOOKS, Look, by_look, look_of
from agentrun_nb.drawing.window import Fold, Window
from agentrun_nb.errors import SettingsError
from agentrun_nb.figures.style import (
    CLEAR,
    GREY,
    GRID,
    Clock,
    check_template,
    color,
    dress,
    groups,
    label,
    say,
    say_empty,
    words,
)
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.moments import last_moment, milliseconds

Chosen = NDArray[np.bool_]

_MOST_TICKS, _LONGEST_NAME = 9, 28
_CELL, _ROW, _LANE, _THICKEST = 10, 22, 16, 22
"""Pixels, as in the widget: of a mark of failures, a row, and of lanes."""
_LOWEST, _LABEL, _GAP, _STRIP = 34, 18, 8, 20
"""Likewise: of a band at least, its name, what follows it, and the strip of failures."""
_THICK = 0.85
"""How much of its row or lane a bar fills.

By itself plotly would take that from the rows of the same colour, and draw over other runs.
"""
_Edges = tuple[float | None, float | None]
_GROUPINGS = ("time", "version", "status")
_DARK = "#111111"
_TIMES = ["created_at", "started_at", "completed_at"]


def timeline(
    runs: Runs,
    tz: str = "UTC",
    *,
    window: _Edges = (None, None),
    by: str = "time",
    template: str | None = None,
) -> go.Figure:
    """Runs along time, from the timestamps of their records alone.

    Up to 24 runs have a row each, more share lanes: pale before the start, solid after it, hatched
    up to the last known moment while a run has not ended. Where lanes do not fit, the runs of each
    column are counted. Every failure has a mark in a strip of its own on top.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the zone of the time axis, an IANA name.
        window: first and last moment of the axis in ms since the epoch; None: where the runs begin
            or end.
        by: what runs are grouped by: `time` (not at all), `version` or `status`.
        template: a plotly template, such as `plotly_dark`; by default colours that hold on any
            ground.

    Returns:
        The figure; its ground is that of the template, and clear without one.

    Example:
        >>> figure = arn.figures.timeline(runs.head(20), tz="Europe/Berlin")
        >>> figure.update_layout(height=300)
        Figure(...)
    """
    runs = runs_frame(runs)
    if not isinstance(by, str) or by not in _GROUPINGS:
        raise SettingsError(
            f"{words(by)!r} is not a grouping of a timeline.",
            hint=f"Choose among {', '.join(_GROUPINGS)}.",
        )
    start, end = _checked_ends(window)
    return draw(runs, last_moment(runs), tz, Window(start, end, by=by), template)


def _checked_ends(window: Any) -> tuple[float | None, float | None]:
    """The ends of a stretch of time in ms since the epoch, as a reader gave them.

    Raises:
        SettingsError: they are not two numbers or None, or not in order.
    """
    ends = window if isinstance(window, tuple | list) and len(window) == 2 else (nan, nan)
    for end in ends:
        number = isinstance(end, int | float | np.number) and not isinstance(end, bool)
        if end is not None and not (number and isfinite(end)):
            raise SettingsError(
                f"{words(window)!r} is not a window of a timeline.",
                hint="Give its first and last moment in ms since the epoch, or None for either.",
            )
    start, stop = (None if end is None else float(end) for end in ends)
    if start is not None and stop is not None and start >= stop:
        raise SettingsError(
            f"The window {words(window)} ends before it begins.",
            hint="Give its first moment before its last one.",
        )
    return start, stop


def draw(
    runs: pd.DataFrame, now: float, tz: str, window: Window, template: str | None
) -> go.Figure:
    """Runs along time as they are in a window.

    Args:
        runs: the RUNS table.
        now: when it was read, in ms since the epoch.
        tz: the zone of the time axis.
        window: what is on the screen.
        template: a plotly template.
    """
    check_template(template)
    track = _Track(runs, now, tz, window, template)
    track.draw_bands()
    track.draw_axis()
    if not track.known.any():
        say_empty(track.figure, len(runs), "has a created time that can be read")
    elif not track.inside.any():
        say(track.figure, "no runs in this stretch of time")
    seen = runs[[*_TIMES, "fetched_at", "status"]][track.inside]
    # A figure is not ours to subclass; `show` finds here what it puts beside it.
    track.figure._still = svg_timeline.timeline(seen, now, tz)
    return track.figure


class _Axis:
    """The time axis: a place on it is a moment, less the middles of the folds before it."""

    def __init__(self, folds: Iterable[Fold]) -> None:
        middles = [(at + kept / 2, at + length - kept / 2) for at, length, kept in folds]
        self.cuts = np.array(middles).reshape(-1, 2)
        self._gone = np.append(0.0, np.cumsum(np.diff(self.cuts)))
        self._places = self.cuts[:, 0] - self._gone[:-1]

    def place(self, moments: Any) -> Any:
        behind = np.searchsorted(self.cuts[:, 1], moments)
        return np.minimum(moments - self._gone[behind], np.append(self._places, np.inf)[behind])

    def moment(self, places: Any) -> Any:
        return places + self._gone[np.searchsorted(self._places, places)]


class _Track:
    """A figure in the making: runs have places on the axis, and lengths are those of the screen."""

    def __init__(
        self, runs: pd.DataFrame, now: float, tz: str, window: Window, template: str | None
    ) -> None:
        self.runs, self.now, self.tz, self.window, self.template = runs, now, tz, window, template
        self.figure, self.looks, self.named = go.Figure(), by_look(runs), set[Look]()
        self.axis, timed = _Axis(window.folds), spans(runs, now)
        begin, middle, end = map(self.axis.place, (timed.begin, timed.middle, timed.end))
        self.placed, self.known = Spans(begin, middle, end, timed.kind), ~np.isnan(begin)
        first, last = 0.0, 0.0
        if self.known.any():
            first, last = begin[self.known].min(), end[self.known].max()
        room = max((last - first) * 0.02, 5)
        self.whole = (first - room, last + room)
        start, stop = window.start, window.end
        self.start = self.whole[0] if start is None else float(self.axis.place(start))
        self.end = self.whole[1] if stop is None else float(self.axis.place(stop))
        # A side that is open may lie beyond the other one; an axis has a length all the same.
        if start is None:
            self.start = min(self.start, self.end - room)
        if stop is None:
            self.end = max(self.end, self.start + room)
        self.clock = Clock(tz, *self.axis.moment([self.start, self.end]).tolist())
        self.unit = (self.end - self.start) / window.width
        self.inside = self.placed.touching(self.start, self.end)
        self.rows = window.by == "time" and int(np.count_nonzero(self.known)) <= MOST_ROWS

    def draw_bands(self) -> None:
        """Draws band by band from the top, and the strip of failures over them."""
        failed = [look for look in map(look_of, FAILURES) if look in self.looks and not self.rows]
        bands, grouped = self._bands(), self.window.by != "time"
        y, places, most = _STRIP if failed else 4, [], round((400 if grouped else 240) / len(bands))
        for _, chosen in bands:
            top = y + _LABEL * grouped
            places.append((top, top + self._height(chosen, most)))
            y = places[-1][1] + _GAP
        for number, ((name, chosen), (top, low)) in enumerate(zip(bands, places, strict=True), 1):
            axis = self._draw_band(number, chosen, low - top)
            axis = {"domain": [1 - low / y, 1 - top / y], **axis}
            self.figure.update_layout({f"yaxis{number}": axis})
            corner = {"x": 0, "y": 1 - top / y, "xanchor": "left", "yanchor": "bottom"}
            of_paper = {"xref": "paper", "yref": "paper", "showarrow": False}
            self.figure.add_annotation(text=name, **corner, **of_paper)
        strip = {"domain": [1 - _STRIP / y, 1], "range": [-1, 1]}
        strip |= {"visible": False, "fixedrange": True}
        for look in failed:
            self._draw_failures(len(bands) + 1, look)
            self.figure.update_layout({f"yaxis{len(bands) + 1}": strip})
        self.height = y

    def _bands(self) -> list[tuple[str, Chosen]]:
        """The groups and their runs, in the widget's order."""
        if self.window.by == "time" or self.runs.empty:
            # Without runs there are no groups, and still one band to write into.
            return [("", self.known)]
        names = groups(
            self.runs, "status" if self.window.by == "status" else "version_id", MOST_BANDS
        )
        order = (
            [*STATUSES, *names.cat.categories] if names.name == "status" else names.cat.categories
        )
        chosen = {
            name: self.known & (names == name).to_numpy()
            for name in order
            if name in names.cat.categories
        }
        return [
            (f"{label(name)}, {np.count_nonzero(rows):,}", rows) for name, rows in chosen.items()
        ]

    def _height(self, chosen: Chosen, most: int) -> int:
        if self.rows:
            return max(_ROW * int(np.count_nonzero(chosen)), _LOWEST)
        lane_of = self._lanes(chosen, self.whole[0], self.whole[1] - self.whole[0], 1, most)
        wished = most if lane_of is None else _LANE * (max(lane_of.values(), default=0) + 1)
        return min(max(wished, min(_LOWEST, most)), most)

    def _lanes(
        self, chosen: Chosen, start: float, span: float, spans: int, height: int
    ) -> dict[int, int] | None:
        """Finds the lanes of the runs of some spans, each as wide as the axis.

        It gives None where they do not fit.
        """
        near = chosen & self.placed.touching(start, start + spans * span)
        succeeded = self.runs["status"].isin(SUCCESSES).to_numpy(dtype=bool)
        return lanes(self.placed.only(near), succeeded, span / self.window.width, height)

    def _draw_band(self, axis: int, chosen: Chosen, height: int) -> dict[str, Any]:
        """Draws the runs of a band in rows, lanes or columns, and gives its axis."""
        if self.rows:
            in_turn = np.argsort(self.placed.begin, kind="stable")
            order = in_turn[: np.count_nonzero(chosen)].tolist()
            names = [clip(name, _LONGEST_NAME) for name in self.runs["id"].fillna("").iloc[order]]
            self._draw_bars(axis, {row: lane for lane, row in enumerate(order)})
            ticks = {"tickvals": [*range(len(order))], "ticktext": [*map(words, names)]}
            return {"range": [len(order) - 0.5, -0.5], **ticks}
        span = self.end - self.start
        lane_of = self._lanes(chosen, self.start // span * span, span, 2, height)
        if lane_of is None:
            self._draw_columns(axis, chosen & self.inside)
            title = (
                f"runs in each {duration_text(COLUMN * self.unit)}"
                if self.window.by == "time"
                else None
            )
            return {"tickformat": ",", "nticks": height // 30, "title": title}
        self._draw_bars(axis, lane_of)
        lowest = max([height / _THICKEST - 1, *lane_of.values()])
        return {"range": [lowest + 0.5, -0.5], "tickvals": []}

    def _trace(self, axis: int, look: Look, **marker: Any) -> dict[str, Any]:
        """What all traces of a look have in common; the first of them stands in the legend."""
        legend = {"showlegend": look not in self.named, "legendgroup": look.label}
        self.named.add(look)
        known = [*LOOKS.values()]
        legend["legendrank"] = known.index(look) if look in known else len(known)
        marker = {"color": color(look, self.template), **marker}
        return {"yaxis": f"y{axis}", "name": look.label, "marker": marker, **legend}

    def _wall(self, places: Any) -> NDArray[np.float64]:
        return self.clock(self.axis.moment(places))

    def _draw_bars(self, axis: int, lane_of: dict[int, int]) -> None:
        """A bar for each run, hatched while it goes on, and a pale one before its start."""
        for look, those in self.looks.items():
            rows = np.array([row for row in lane_of if those[row] and self.inside[row]], "int64")
            waited = rows[self.placed.middle[rows] > self.placed.begin[rows]]
            pale, rows = np.repeat([False, True], [len(rows), len(waited)]), np.append(rows, waited)
            placed, kind = self.placed, self.placed.kind[rows]
            edges = (placed.begin, placed.middle, placed.end)
            begin, middle, end = (self._wall(places[rows]) for places in edges)
            split = np.where(np.isnan(middle), begin, middle)
            base, live = np.where(pale, begin, split), (kind == Kind.LIVE) & ~pale
            opacity = np.select([pale, live, kind == Kind.UNDIVIDED], [0.35, 0.5, 0.65], 1.0)
            pattern = {"shape": np.where(live, "/", "").tolist(), "fillmode": "overlay"}
            edge = {"color": color(look, self.template), "width": 1}
            length = np.maximum(np.where(pale, split, end) - base, 0)
            bars = {"base": base, "x": length, "y": [lane_of[row] for row in rows], "width": _THICK}
            told = {"hovertext": list(self._told(rows)), "hoverinfo": "text"}
            if len(rows):
                trace = self._trace(axis, look, opacity=opacity, line=edge, pattern=pattern)
                self.figure.add_bar(**bars, **told, **trace, orientation="h")

    def _told(self, rows: NDArray[np.int64]) -> Iterator[str]:
        """What is said of each run when it is pointed at."""
        runs = self.runs[["id", "version_id", "status", *_TIMES]].iloc[rows]
        names = zip(runs["id"], runs["version_id"], runs["status"], strict=True)
        times = zip(*(milliseconds(runs[name]) for name in _TIMES), strict=True)
        live = self.placed.kind[rows] == Kind.LIVE
        for (run, version, status), moments, goes_on in zip(names, times, live, strict=True):
            created, started, completed = moments
            parts = course(created, started, completed, goes_on, self.now)
            told = [f"{look_of(status).label}, {version}"]
            told.append(f"created {clock_text(created, self.tz)}")
            told += [part.words for part in parts]
            yield "<br>".join([f"<b>{words(run)}</b>", *map(words, told)])

    def _draw_columns(self, axis: int, chosen: Chosen) -> None:
        """How many runs touch each column, look on look."""
        edges = column_edges(self.start, self.end, self.unit)
        below = np.zeros(len(edges) - 1, "int64")
        for look, those in self.looks.items():
            counts = self.placed.tally(chosen & those, edges)
            at = np.flatnonzero(counts)
            bars = {"base": below[at], "y": counts[at], "customdata": counts[at]}
            moments = self.axis.moment(edges)
            middles = (moments[:-1] + moments[1:])[at] / 2
            bars |= {"x": self.clock(middles), "width": np.diff(moments)[at]}
            hover = self.clock.hover("%{customdata:,} in this column<br>", middles)
            if len(at):
                self.figure.add_bar(**bars, **hover, **self._trace(axis, look, line={"width": 0}))
            below = below + counts

    def _draw_failures(self, axis: int, look: Look) -> None:
        """Draws a mark for every failure.

        Marks that would lie on one another are one, which says how many it stands for.
        """
        ends = self.placed.end[self.looks[look]]
        ends = ends[(ends >= self.start) & (ends <= self.end)]
        _, first, counts = np.unique(
            (ends - self.start) // (_CELL * self.unit), return_index=True, return_counts=True
        )
        # The worst failures stand on the upper of two lines, so that no mark hides another kind.
        height = 0.4 if look.label == LOOKS[FAILURES[0]].label else -0.4
        if len(ends):
            moments = self.axis.moment(ends[first])
            hover = self.clock.hover("%{customdata:,} here, the first at ", moments)
            told = {"customdata": counts, **hover}
            marks = {"x": self._wall(ends[first]), "y": [height] * len(first), "mode": "markers"}
            self.figure.add_scatter(
                **marks, **told, **self._trace(axis, look, symbol=look.symbol, size=7)
            )

    def draw_axis(self) -> None:
        """Gives the figure its ground and its time axis.

        Where that axis has folds, there are ticks between them and words in them.
        """
        legend = {"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"}
        # A dark page says so of itself alone.
        # Its figure therefore carries that ground to wherever it is shown.
        background = {None: None, True: _DARK, False: CLEAR}[self.window.dark]
        dress(self.figure, self.template, background=background, legend=legend, barmode="overlay")
        reach = self._wall([self.start, self.end])
        axis = {"type": "date", "title": f"time ({words(self.tz)})", "range": reach}
        cuts = [{"bounds": self.clock(cut)} for cut in self.axis.cuts]
        own_ticks = self._ticks() if cuts or self.clock.changes else {}
        self.figure.update_xaxes(**axis, anchor="free", rangebreaks=cuts, **own_ticks)
        self.figure.update_yaxes(showgrid=False, automargin=True)
        margin = self.figure.layout.margin
        self.figure.layout.height = self.height + margin.t + margin.b
        for at, length, _ in self.window.folds:
            x0, x1 = self.clock([at, at + length])
            look = {
                "fillcolor": GRID,
                "layer": "below",
                "line": {"color": GREY, "width": 1, "dash": "dot"},
            }
            told = {"text": duration_text(length), "textangle": -90}
            self.figure.add_shape(x0=x0, x1=x1, y0=0, y1=1, yref="paper", label=told, **look)

    def _ticks(self) -> dict[str, Any]:
        """Gives ticks of our own.

        Plotly knows nothing of folds, and of clocks that are put forward or back.
        """
        between = [cut for cut in self.axis.cuts if self.start < self.axis.place(cut[0]) < self.end]
        edges = [*self.axis.moment([self.start]), *np.ravel(between), *self.axis.moment([self.end])]
        found: list[Tick] = []
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            most = int(_MOST_TICKS * (end - start) / (self.end - self.start))
            found += ticks(start, end, self.tz, most) if most else []
        return self.clock.marks(found)
