"""Draws runs along time as a plotly figure, with the layout of the widget.

Single runs are drawn in rows or lanes, and columns of counts where those do not fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES, SUCCESSES
from agentrun_nb.core.times import duration_text
from agentrun_nb.core.when import When
from agentrun_nb.drawing import svg_timeline
from agentrun_nb.drawing.bands import bands_of
from agentrun_nb.drawing.course import Phase
from agentrun_nb.drawing.layout import (
    BAND_GAP,
    COLUMN,
    FAILURE_CELL,
    FAILURE_STRIP,
    LOWEST_BAND,
    MOST_ROWS,
    ROW,
    THICKEST,
    Place,
    are_counted,
    band_height,
    column_edges,
    grouping_of,
    lane_count,
    lanes,
    most_height,
    stack_bands,
)
from agentrun_nb.drawing.spans import Kind, Spans, numbered, spans
from agentrun_nb.drawing.status_style import LOOKS, Look, by_look, look_of
from agentrun_nb.drawing.window import GROUPINGS, Window
from agentrun_nb.errors import SettingsError
from agentrun_nb.figures.folded_axis import FOLD_SHAPE, FoldedAxis, read_ends
from agentrun_nb.figures.phase_line import add_phases
from agentrun_nb.figures.style import (
    CLEAR,
    Clock,
    Opacity,
    check_template,
    color,
    dress,
    safe_text,
    say,
    say_empty,
)
from agentrun_nb.figures.timeline_words import TIMES, band_title, hover_texts, row_title
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.labels import Names, names_of_runs, read_names, with_labels
from agentrun_nb.tables.moments import last_moment

Chosen = NDArray[np.bool_]

_MOST_TICKS = 9
_THICK = 0.85
"""How much of its row or lane a bar fills.

By itself plotly would take that from the rows of the same colour, and draw over other runs.
"""
_BACKGROUNDS = {None: None, True: "#111111", False: CLEAR}
"""The background by whether the page is dark; None where nobody knows.

A figure of a dark page has that background, since it may be shown where the page is light.
"""
_STILL_COLUMNS = [*TIMES, "fetched_at", "status", "id", "deployment_id", "version_id"]
"""The columns of RUNS that the still picture is drawn from."""
_LEAST_ROOM = 5
"""Milliseconds that are free before the first run and after the last one, at least."""
_LEGEND = {"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"}
_TITLE = {
    "xref": "paper", "x": 0, "xanchor": "left",
    "yref": "paper", "yanchor": "bottom", "showarrow": False,
}  # fmt: skip
"""How the name of a band stands above it."""


def timeline(
    runs: Runs,
    tz: str = "UTC",
    *,
    window: Sequence[When | float | None] | None = None,
    by: str | None = None,
    names: Names = None,
    template: str | None = None,
) -> go.Figure:
    """Draws runs along time, from the timestamps of their records alone.

    Up to 30 runs have a row each, more share lanes: pale before the start, solid after it, hatched
    up to the last known moment while a run has not ended. Where lanes do not fit, the runs of each
    column are counted. Every failure has a mark in a strip of its own on top.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the zone of the time axis, an IANA name.
        window: the first and the last moment of the axis: each a moment, an age before the newest
            look, a number of ms since the epoch, or None, where the runs begin or end; None: all
            runs, as for `explore`.
        by: what runs are grouped by: `deployment_id`, `version_id`, `status` or `none`; None: as it
            fits, which is not at all while each run has a row, then by deployment, and by version
            where they are of one deployment.
        names: labels for the ids of deployments and versions, as from `client.names()`.
        template: a plotly template, such as `plotly_dark`; by default colours that are read on
            any background.

    Returns:
        The figure; its background is that of the template, and clear without one.

    Raises:
        SettingsError: there is no such zone, grouping or template, `window` is no stretch of time,
            or `names` is no mapping.

    Example:
        >>> figure = arn.figures.timeline(runs.head(20), tz="Europe/Berlin")
        >>> figure.update_layout(height=300)
        Figure(...)
        >>> figure = arn.figures.timeline(runs, window=("2026-10-01", "2026-10-08"))
    """
    runs = runs_frame(runs)
    if by is not None and (not isinstance(by, str) or by not in GROUPINGS):
        raise SettingsError(
            f"{safe_text(by)!r} is not a grouping of a timeline.",
            hint=f"Choose among {', '.join(GROUPINGS)}.",
        )
    newest = last_moment(runs)
    stretch = Window(*read_ends(window, newest), by=by)
    return draw(runs, newest, tz, stretch, template, read_names(names))


def draw(
    runs: pd.DataFrame,
    now: float,
    tz: str,
    window: Window,
    template: str | None,
    names: Mapping[str, str],
    phases: Sequence[Phase] = (),
) -> go.Figure:
    """Draws the runs that a window shows.

    Args:
        runs: the RUNS table.
        now: when it was read, in ms since the epoch.
        tz: the zone of the time axis.
        window: what is on the screen.
        template: a plotly template.
        names: of deployments and versions by their ids.
        phases: those of the run, where it is a single one.
    """
    check_template(template)
    drawing = _Drawing(runs, now, tz, window, template, names)
    drawing.draw_bands()
    drawing.draw_axis()
    figure = drawing.figure
    if not drawing.known.any():
        say_empty(figure, len(runs), "has a created time that can be read")
    elif not drawing.inside.any():
        say(figure, "no runs in this stretch of time")
    elif phases:
        add_phases(figure, phases, drawing._clock, figure.data[0].marker.color)
    still = svg_timeline.timeline(runs[_STILL_COLUMNS][drawing.inside], now, tz, window.by, names)
    # A figure is not ours to subclass; `show` finds here what it puts beside it.
    figure._still = still and still.svg
    return figure


class _Drawing:
    """Builds the figure of a timeline, step by step.

    Moments are turned into places on the axis, which the folds make shorter. How much of the axis
    is one pixel (`_unit`) decides between bars and columns, as on the page.

    Attributes:
        figure: what is drawn so far.
        known: the runs that have a place.
        inside: of these, the ones that touch the window.
    """

    def __init__(
        self,
        runs: pd.DataFrame,
        now: float,
        tz: str,
        window: Window,
        template: str | None,
        names: Mapping[str, str],
    ) -> None:
        self.figure = go.Figure()
        self._runs = runs
        self._now = now
        self._tz = tz
        self._window = window
        self._template = template
        self._names = names
        self._looks = by_look(runs)
        self._in_legend = set[Look]()
        self._axis = FoldedAxis(window.folds)
        self._place_runs()
        self._place_window()
        self.inside = self._placed.touching(self._start, self._end)
        few = int(np.count_nonzero(self.known)) <= MOST_ROWS
        self._by = window.by or grouping_of(runs[self.known])
        self._in_rows = few and self._by == "none"
        self._height = 0.0

    def _place_runs(self) -> None:
        """Finds where the runs lie on the axis, and the part of it that holds all of them."""
        timed = spans(self._runs, self._now)
        begin = self._axis.place(timed.begin)
        middle = self._axis.place(timed.middle)
        end = self._axis.place(timed.end)
        self._placed = Spans(begin, middle, end, timed.kind)
        self.known = ~np.isnan(begin)
        first, last = 0.0, 0.0
        if self.known.any():
            first = begin[self.known].min()
            last = end[self.known].max()
        self._room = max((last - first) * 0.02, _LEAST_ROOM)
        self._whole = (first - self._room, last + self._room)

    def _place_window(self) -> None:
        """Finds the ends of the axis, and how much of it a pixel is."""
        start, end = self._window.start, self._window.end
        self._start, self._end = self._whole
        if start is not None:
            self._start = float(self._axis.place(start))
        if end is not None:
            self._end = float(self._axis.place(end))
        # A side that is open may lie beyond the other one, and two moments may have one place, as
        # in a fold; an axis has a length all the same.
        if start is None:
            self._start = min(self._start, self._end - self._room)
        elif self._end <= self._start:
            self._end = self._start + self._room
        first, last = self._axis.moment([self._start, self._end]).tolist()
        self._clock = Clock(self._tz, first, last)
        self._unit = (self._end - self._start) / self._window.width

    def draw_bands(self) -> None:
        """Draws band by band from the top, and the strip of failures above them."""
        failures = map(look_of, FAILURES)
        failed = [look for look in failures if look in self._looks and not self._in_rows]
        bands = bands_of(self._runs, self.known, self._placed.begin, self._by, self._names)
        grouped = self._by != "none"
        most = most_height(len(bands), grouped)
        heights = self._heights([band.rows for band in bands], most)
        places = stack_bands(heights, named=grouped, strip=bool(failed))
        self._height = places[-1].bottom + BAND_GAP
        lane_maps = [
            self._lanes_on_screen(band.rows, int(place.height))
            for band, place in zip(bands, places, strict=True)
        ]
        # Bands are compared with one another, so all of them are drawn in one way.
        if None in lane_maps:
            lane_maps = [None] * len(bands)
        drawn = zip(bands, places, lane_maps, strict=True)
        for number, (band, place, lane_of) in enumerate(drawn, 1):
            axis = self._draw_band(number, band.rows, int(place.height), lane_of)
            self._add_axis(number, place, axis)
            upper = 1 - place.top / self._height
            self.figure.add_annotation(y=upper, **band_title(band), **_TITLE)
        number = len(bands) + 1
        for look in failed:
            self._draw_failures(number, look)
            strip = {"range": [-1, 1], "visible": False, "fixedrange": True}
            self._add_axis(number, Place(0, FAILURE_STRIP), strip)

    def _add_axis(self, number: int, place: Place, axis: dict[str, Any]) -> None:
        """Adds the vertical axis of a band, in the part of the figure that is its place."""
        # Plotly counts from the bottom, in shares of the whole.
        lower = 1 - place.bottom / self._height
        upper = 1 - place.top / self._height
        self.figure.update_layout({f"yaxis{number}": {"domain": [lower, upper], **axis}})

    def _heights(self, bands: list[Chosen], most: int) -> list[int]:
        """The heights of bands in pixels, which no window changes."""
        if self._in_rows:
            return [max(ROW * int(np.count_nonzero(rows)), LOWEST_BAND) for rows in bands]
        first, last = self._whole
        lane_maps = [self._lanes(rows, first, last - first, 1, most) for rows in bands]
        lane_counts = [lane_count(lane_of) for lane_of in lane_maps]
        # Where the lanes of one band do not fit, all bands are drawn as columns.
        if None in lane_counts:
            lane_counts = [None] * len(bands)
        return [band_height(count, most) for count in lane_counts]

    def _lanes(
        self, chosen: Chosen, start: float, screen: float, screens: int, height: int
    ) -> dict[int, int] | None:
        """Finds the lanes of the runs in a part of the axis; None where they do not fit.

        Args:
            chosen: the runs of a band.
            start: where that part begins.
            screen: how long the part of the axis is that is as wide as the figure.
            screens: how many of these the part is long.
            height: of the band, in pixels.
        """
        touching = self._placed.touching(start, start + screens * screen)
        unit = screen / self._window.width
        if are_counted(self._placed, touching, unit):
            return None
        placed = self._placed.only(chosen & touching)
        succeeded = self._runs["status"].isin(SUCCESSES).to_numpy(dtype=bool)
        return lanes(placed, succeeded, unit, height)

    def _lanes_on_screen(self, chosen: Chosen, height: int) -> dict[int, int] | None:
        """Finds the lanes in the two screens that hold the window.

        Screens begin at whole multiples of their length, so that the lanes of a run hardly change
        while the window moves.
        """
        screen = self._end - self._start
        first = self._start // screen * screen
        return self._lanes(chosen, first, screen, 2, height)

    def _draw_band(
        self, axis: int, chosen: Chosen, height: int, lane_of: dict[int, int] | None
    ) -> dict[str, Any]:
        """Draws the runs of a band in rows, lanes or columns, and gives its axis."""
        if self._in_rows:
            return self._draw_rows(axis, chosen)
        if lane_of is not None:
            self._draw_bars(axis, lane_of)
            lowest = max([height / THICKEST - 1, *lane_of.values()])
            return {"range": [lowest + 0.5, -0.5], "tickvals": []}
        self._draw_columns(axis, chosen & self.inside)
        stretch = duration_text(COLUMN * self._unit)
        title = f"runs in each {stretch}" if self._by == "none" else None
        scale = {"matches": "y"} if axis > 1 else {}
        return {"tickformat": ",", "nticks": height // 30, "title": title, **scale}

    def _draw_rows(self, axis: int, chosen: Chosen) -> dict[str, Any]:
        """Draws each run in a row of its own, with its name beside it, and gives the axis."""
        by_begin = np.argsort(self._placed.begin, kind="stable")
        # Runs without a place are sorted behind those that have one.
        order = by_begin[: np.count_nonzero(chosen)].tolist()
        runs = self._runs.iloc[order]
        names_and_ids = zip(names_of_runs(runs, self._names), runs["id"].fillna(""), strict=True)
        titles = [row_title(name, run_id) for name, run_id in names_and_ids]
        self._draw_bars(axis, {row: lane for lane, row in enumerate(order)})
        ends = [len(order) - 0.5, -0.5]
        return {"range": ends, "tickvals": [*range(len(order))], "ticktext": titles}

    def _trace(self, axis: int, look: Look, **marker: Any) -> dict[str, Any]:
        """The options that all traces of a look have; the first of them stands in the legend."""
        first = look not in self._in_legend
        self._in_legend.add(look)
        documented = [*LOOKS.values()]
        rank = documented.index(look) if look in documented else len(documented)
        return {
            "yaxis": f"y{axis}",
            "name": look.label,
            "marker": {"color": color(look, self._template), **marker},
            "showlegend": first,
            "legendgroup": look.label,
            "legendrank": rank,
        }

    def _on_clock(self, places: Any) -> NDArray[np.float64]:
        """Converts places on the axis to the time that a clock of the zone shows there."""
        return self._clock(self._axis.moment(places))

    def _draw_bars(self, axis: int, lane_of: dict[int, int]) -> None:
        """Draws a bar for each run, and a pale one before its start."""
        for look, has_look in self._looks.items():
            rows = [row for row in lane_of if has_look[row] and self.inside[row]]
            if rows:
                self._draw_bars_of(axis, look, np.array(rows, "int64"), lane_of)

    def _draw_bars_of(
        self, axis: int, look: Look, chosen: NDArray[np.int64], lane_of: dict[int, int]
    ) -> None:
        """Draws the bars of one look; those of runs that have not ended are hatched."""
        placed = self._placed
        waited = chosen[placed.middle[chosen] > placed.begin[chosen]]
        # All solid bars come first, then the pale ones of the same runs.
        rows = np.append(chosen, waited)
        pale = np.arange(len(rows)) >= len(chosen)
        begin = self._on_clock(placed.begin[rows])
        middle = self._on_clock(placed.middle[rows])
        end = self._on_clock(placed.end[rows])
        # Where no start divides a run its bar is of the whole.
        split = np.where(np.isnan(middle), begin, middle)
        base = np.where(pale, begin, split)
        stop = np.where(pale, split, end)
        kind = placed.kind[rows]
        live = (kind == Kind.LIVE) & ~pale
        which = [pale, live, kind == Kind.UNDIVIDED]
        opacities = [Opacity.BEFORE_START, Opacity.NOT_ENDED, Opacity.UNDIVIDED]
        opacity = np.select(which, opacities, Opacity.AFTER_START)
        hatching = np.where(live, "/", "").tolist()
        runs = with_labels(self._runs.iloc[rows], self._names)
        pattern = {"shape": hatching, "fillmode": "overlay"}
        edge = {"color": color(look, self._template), "width": 1}
        self.figure.add_bar(
            orientation="h",
            base=base,
            x=np.maximum(stop - base, 0),
            y=[lane_of[row] for row in rows.tolist()],
            width=_THICK,
            hovertext=list(hover_texts(runs, live, self._now, self._tz)),
            hoverinfo="text",
            **self._trace(axis, look, opacity=opacity, line=edge, pattern=pattern),
        )

    def _draw_columns(self, axis: int, chosen: Chosen) -> None:
        """Draws how many runs touch each column of time, stacked by look."""
        edges = column_edges(self._start, self._end, self._unit)
        moments = self._axis.moment(edges)
        middles = (moments[:-1] + moments[1:]) / 2
        widths = np.diff(moments)
        looks = numbered(self._looks.values())
        tallies = self._placed.only(chosen).tally(looks, len(self._looks), edges)
        bases = tallies.cumsum(axis=0) - tallies
        for look, counts, below in zip(self._looks, tallies, bases, strict=True):
            columns = np.flatnonzero(counts)
            if len(columns):
                at = middles[columns]
                self.figure.add_bar(
                    base=below[columns],
                    x=self._clock(at),
                    y=counts[columns],
                    width=widths[columns],
                    customdata=counts[columns],
                    **self._clock.hover("%{customdata:,} in this column<br>", at),
                    **self._trace(axis, look, line={"width": 0}),
                )

    def _draw_failures(self, axis: int, look: Look) -> None:
        """Draws a mark for every failure.

        Marks that would lie on one another are one, which says how many it stands for.
        """
        ends = self._placed.end[self._looks[look]]
        ends = ends[(ends >= self._start) & (ends <= self._end)]
        if not len(ends):
            return
        cells = (ends - self._start) // (FAILURE_CELL * self._unit)
        _, first, counts = np.unique(cells, return_index=True, return_counts=True)
        places = ends[first]
        # The worst failures stand on the upper of two lines, so that no mark hides another kind.
        worst = look.label == LOOKS[FAILURES[0]].label
        height = 0.4 if worst else -0.4
        moments = self._axis.moment(places)
        self.figure.add_scatter(
            mode="markers",
            x=self._clock(moments),
            y=[height] * len(first),
            customdata=counts,
            **self._clock.hover("%{customdata:,} here, the first at ", moments),
            **self._trace(axis, look, symbol=look.symbol, size=7),
        )

    def draw_axis(self) -> None:
        """Gives the figure its background and its time axis, with ticks between the folds."""
        figure = self.figure
        background = _BACKGROUNDS[self._window.dark]
        dress(figure, self._template, background=background, legend=_LEGEND, barmode="overlay")
        figure.update_xaxes(
            type="date",
            title=f"time ({safe_text(self._tz)})",
            range=self._on_clock([self._start, self._end]),
            anchor="free",
            rangebreaks=[{"bounds": self._clock(cut)} for cut in self._axis.cuts],
            **self._ticks(),
        )
        figure.update_yaxes(showgrid=False, automargin=True)
        margin = figure.layout.margin
        figure.layout.height = self._height + margin.t + margin.b
        for at, length, _ in self._window.folds:
            x0, x1 = self._clock([at, at + length])
            sentence = {"text": duration_text(length), "textangle": -90}
            figure.add_shape(x0=x0, x1=x1, label=sentence, **FOLD_SHAPE)

    def _ticks(self) -> dict[str, Any]:
        """Gives ticks of our own where plotly's are wrong, else none.

        Plotly knows nothing of folds, and of clocks that are put forward or back.
        """
        if not len(self._axis.cuts) and not self._clock.changes:
            return {}
        return self._clock.marks(self._axis.ticks(self._start, self._end, self._tz, _MOST_TICKS))
