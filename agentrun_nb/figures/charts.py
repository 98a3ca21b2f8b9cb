"""Draws charts of many runs: how they ended, how many went on at a time, how long they took."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from agentrun_nb.analysis.concurrency import ATTRS as LEFT_OUT
from agentrun_nb.analysis.concurrency import LOWER_BOUND
from agentrun_nb.analysis.concurrency import concurrency as concurrency_table
from agentrun_nb.analysis.estimates import TOO_FEW, Times, curve, run_times
from agentrun_nb.analysis.outcomes import left_out, repeated_notes
from agentrun_nb.analysis.outcomes import outcomes as outcomes_of
from agentrun_nb.core.times import duration_text, span_text
from agentrun_nb.drawing.status_style import look_of, painting_order
from agentrun_nb.figures.style import (
    GREY,
    Clock,
    check_template,
    color,
    dress,
    groups,
    label,
    left_out_notes,
    say_empty,
    words,
)
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.labels import Names
from agentrun_nb.tables.moments import Floats, last_moment, milliseconds

_MOST_GROUPS = 15
_MOMENTS = 1_000
"""The most steps of concurrency; of more moments each step is a stretch of time."""
_BINS = 48
_STEPS = 200
"""The most points of a curve."""
_MOST_TICKS = 9
_COUNTS = {"running": "running", "waiting": "queued", "undivided": None}
"""The columns of counts, and the status whose colour each has."""
_COUNT_NAMES = {"running": "running", "waiting": "waiting", "undivided": "waiting or running"}
_SHARE = "%{customdata:,} runs, %{x:.2f} %"
_RUNS = "%{y:,} runs, %{customdata}"
_STILL = "%{y:.1f} % go on after %{customdata}"
_MARKS = {
    0.01: "≤ 10 ms", 0.03: "30 ms", 0.1: "0.1 s", 0.3: "0.3 s",
    1: "1 s", 3: "3 s", 10: "10 s", 30: "30 s",
    60: "1 min", 180: "3 min", 600: "10 min", 1_800: "30 min",
    3_600: "1 h", 10_800: "3 h", 36_000: "10 h",
    86_400: "1 d", 259_200: "3 d", 864_000: "10 d", 2_592_000: "30 d", 8_640_000: "100 d",
}  # fmt: skip
_TICKS = {"tickvals": np.log10(list(_MARKS)), "ticktext": list(_MARKS.values())}
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#a08020")
"""Colours of groups, after Okabe and Ito."""


def outcomes(
    runs: Runs,
    by: str | None = "deployment_id",
    *,
    names: Names = None,
    template: str | None = None,
) -> go.Figure:
    """Draws how the runs of each group ended, as shares of all its runs; none is left out.

    Args:
        runs: anything that `runs_frame` takes.
        by: the column to group by; beyond 15 groups the smallest are one. None: all together.
        names: labels for the ids of deployments and versions, as from `client.names()`.
        template: a plotly template, such as `plotly_dark`; by default colours that are read on
            any background.

    Returns:
        The figure: a bar for each group, its statuses side by side, in percent.

    Example:
        >>> figure = arn.figures.outcomes(runs, by="version_id", names=client.names())
        >>> [bars.name for bars in figure.data]
        ['succeeded', 'cancelled', 'failed', 'timed out']
    """
    check_template(template)
    runs = runs_frame(runs)
    counts = pd.crosstab(groups(runs, by, _MOST_GROUPS, names), outcomes_of(runs))
    sizes = counts.sum(axis="columns")
    titles = [f"{words(name, 40)} ({size:,})" for name, size in sizes.items()]
    figure = go.Figure()
    for outcome in painting_order(list(counts.columns)):
        count = counts[outcome]
        figure.add_bar(
            orientation="h",
            x=100 * count / sizes,
            y=titles,
            width=0.7,
            name=label(str(outcome)),
            customdata=count,
            hovertemplate=_SHARE,
            marker={"color": color(look_of(outcome), template), "line": {"width": 0}},
        )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, type="category")
    figure.update_xaxes(title="share of runs (%)", range=[0, 100])
    title = f"How {len(runs):,} runs ended{_by_words(by)}"
    legend = {"traceorder": "normal"}
    dress(figure, template, title, repeated_notes(runs), barmode="stack", legend=legend)
    return _or_empty(figure, runs, "has an outcome")


def _by_words(by: str | None) -> str:
    """The end of a title that says how runs are grouped."""
    return f", by {words(by)}" if by else ""


def _or_empty(figure: go.Figure, runs: pd.DataFrame, lack: str) -> go.Figure:
    """The figure, with a sentence in its middle where nothing is drawn."""
    if figure.data:
        return figure
    return say_empty(figure, len(runs), lack)


def concurrency(runs: Runs, tz: str = "UTC", *, template: str | None = None) -> go.Figure:
    """Draws how many runs ran and waited at each moment, from the timestamps of their records.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the zone of the time axis, an IANA name.
        template: a plotly template, such as `plotly_dark`; by default colours that are read on
            any background.

    Returns:
        The figure. With more than 1,000 moments each step is the highest count of a stretch of
        time. Where runs from before are not in the frame, as after `since=`, the counts of the left
        edge are shaded as lower bounds.

    Example:
        >>> figure = arn.figures.concurrency(runs, tz="Europe/Berlin")
        >>> [line.name for line in figure.data]
        ['running', 'waiting', 'waiting or running']
    """
    check_template(template)
    runs = runs_frame(runs)
    table = concurrency_table(runs)
    notes = [*left_out_notes(table.attrs[LEFT_OUT]), *repeated_notes(runs)]
    moments = milliseconds(table["at"])
    counts = table[[*_COUNTS]].to_numpy("int64")
    if len(moments) > _MOMENTS:
        moments, counts, step = _highest_counts(moments, counts)
        notes.insert(0, f"each step is the highest count within {duration_text(step)}")
    first, last = (moments[0], moments[-1]) if len(moments) else (0.0, 0.0)
    figure = go.Figure()
    clock = Clock(tz, first, last)
    _draw_counts(figure, clock, moments, counts, template)
    own_ticks = clock.ticks(first, last, _MOST_TICKS) if len(moments) else {}
    figure.update_xaxes(type="date", title=f"time ({words(tz)})", **own_ticks)
    peak = counts[:, 0].max(initial=0)
    # Without a step of its own an axis of few runs would have ticks at half ones.
    tick = 1 if peak < 6 else None
    figure.update_yaxes(title="runs at a time", rangemode="tozero", tickformat=",", dtick=tick)
    bound = table.attrs.get(LOWER_BOUND)
    whose = "" if bound is None else "of these runs "
    notes += _shade_lower_bound(figure, clock, bound)
    dress(figure, template, f"At most {peak:,} {whose}ran at a time", notes)
    # Its traces are drawn without points too, so that they alone would not tell.
    return figure if len(moments) else say_empty(figure, len(runs), "has times in order")


def _highest_counts(
    moments: Floats, counts: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.int64], float]:
    """The highest counts of stretches of equal length.

    Args:
        moments: in ms, rising.
        counts: a row for each moment, which holds until the next one.

    Returns:
        Where each stretch begins, its highest counts, and the length of all.
    """
    edges = np.linspace(moments[0], moments[-1], _MOMENTS + 1)
    begins = edges[:-1]
    # What holds where a stretch begins is the count of the last moment up to it.
    rows = np.searchsorted(moments, begins, "right") - 1
    highest = np.maximum.reduceat(counts, np.maximum(rows, 0))
    return begins, highest, float(edges[1] - edges[0])


def _draw_counts(
    figure: go.Figure,
    clock: Clock,
    moments: Floats,
    counts: NDArray[np.int64],
    template: str | None,
) -> None:
    """Draws an area for each column of counts; runs that are undivided only where there are any."""
    for (column, status), values in zip(_COUNTS.items(), counts.T, strict=True):
        if status is None and not values.any():
            continue
        name = _COUNT_NAMES[column]
        figure.add_scatter(
            mode="lines",
            name=name,
            x=clock(moments),
            y=values,
            fill="tozeroy",
            line={"shape": "hv", "width": 1, "color": color(look_of(status), template)},
            **clock.hover(f"%{{y:,}} {name}<br>", moments),
        )


def _shade_lower_bound(figure: go.Figure, clock: Clock, bound: dict[str, str] | None) -> list[str]:
    """Marks where runs that are not in the frame may have gone on, and says so in a note."""
    if bound is None:
        return []
    moments = pd.to_datetime(pd.Series([bound["from"], bound["until"]]), utc=True)
    left, right = clock(milliseconds(moments))
    # A long run would draw the axis out beyond all that was counted.
    ends = [trace.x[-1] for trace in figure.data if len(trace.x)]
    right = min(right, max(ends, default=right))
    figure.add_vrect(
        x0=left, x1=max(left, right), fillcolor=GREY, opacity=0.15, line_width=0, layer="below",
        annotation={"text": "lower bound", "font_size": 11}, annotation_position="top left",
    )  # fmt: skip
    return [
        f"a lower bound at the left edge: runs created before {bound['from']} "
        "are not in it, and may have gone on"
    ]


def durations(runs: Runs, *, template: str | None = None) -> go.Figure:
    """Draws how many runs took how long, from started to completed, on a logarithmic axis.

    Runs whose end was not seen are hatched at the time for which they are known to have gone on.

    Args:
        runs: anything that `runs_frame` takes.
        template: a plotly template, such as `plotly_dark`; by default colours that are read on
            any background.

    Returns:
        The figure: a histogram of seconds, statuses on each other.

    Example:
        >>> figure = arn.figures.durations(runs)
        >>> figure.layout.yaxis.title.text
        'runs'
    """
    check_template(template)
    runs = runs_frame(runs)
    times = run_times(runs, last_moment(runs))
    became = outcomes_of(runs)
    outcome = became.to_numpy("object")[times.known]
    place = _place(times.seconds)
    reach = _reach(place)
    edges = np.linspace(*reach, _BINS + 1)
    width = 0.95 * (edges[1] - edges[0])
    spans = [f"{span_text(10**low)} to {span_text(10**high)}" for low, high in pairwise(edges)]
    figure = go.Figure()
    for name, ended in product(painting_order(list(set(outcome))), (True, False)):
        chosen = (outcome == name) & (times.ended == ended)
        counts, _ = np.histogram(place[chosen], edges)
        if not counts.any():
            continue
        shape, end = ("", "") if ended else ("/", ", end not seen")
        figure.add_bar(
            name=label(str(name)) + end,
            x=(edges[1:] + edges[:-1]) / 2,
            y=counts,
            width=width,
            customdata=spans,
            hovertemplate=_RUNS,
            marker={"color": color(look_of(name), template), "pattern": {"shape": shape}},
        )
    figure.update_yaxes(title="runs", tickformat=",")
    axis = "run time (started to completed, logarithmic)"
    figure.update_xaxes(title=axis, range=reach, **_TICKS)
    title = f"How long {len(place):,} of {len(runs):,} runs took"
    notes = [*_remarks(times, became), *repeated_notes(runs)]
    dress(figure, template, title, notes, barmode="stack")
    return _or_empty(figure, runs, "has a run time that can be read")


def survival(
    runs: Runs,
    by: str | None = "version_id",
    *,
    names: Names = None,
    template: str | None = None,
) -> go.Figure:
    """Draws the share of runs that go on after a time, whatever their outcome.

    The curves are those of Kaplan & Meier. A curve further to the right is slower. Runs whose end
    was not seen count for as long as they were; the band is the 95 % interval. Needs scipy.

    Args:
        runs: anything that `runs_frame` takes.
        by: the column to group by; beyond 8 groups the smallest are one. None: all together.
        names: labels for the ids of deployments and versions, as from `client.names()`.
        template: a plotly template, such as `plotly_dark`; by default colours that are read on
            any background.

    Returns:
        The figure: a step curve for each group, in percent over seconds.

    Example:
        >>> figure = arn.figures.survival(runs, by="deployment_id")
        >>> figure.write_html("survival.html")
    """
    check_template(template)
    runs = runs_frame(runs)
    horizon = last_moment(runs)
    group_of = groups(runs, by, len(_COLORS), names)
    every = {
        str(name): run_times(runs[group_of == name], horizon) for name in group_of.cat.categories
    }
    drawn = {name: times for name, times in every.items() if len(times.seconds) >= TOO_FEW}
    seconds = [times.seconds for times in drawn.values()]
    place = _place(np.concatenate([np.array([]), *seconds]))
    first, last = _reach(place)
    figure = go.Figure()
    for (name, times), hue in zip(drawn.items(), _COLORS, strict=False):
        title = f"{words(name, 40)} ({len(times.seconds):,})"
        _draw_curve(figure, title, _points(times, first), hue)
    figure.update_yaxes(title="share still going on (%)", range=[0, 101])
    axis = "time since the start (logarithmic)"
    figure.update_xaxes(title=axis, range=(first, last), **_TICKS)
    title = f"How long {len(place):,} of {len(runs):,} runs went on{_by_words(by)}"
    few = {
        f"{name}, too few ended": len(times.seconds)
        for name, times in every.items()
        if name not in drawn
    }
    notes = _remarks(run_times(runs, horizon), outcomes_of(runs))
    notes += [*left_out_notes(few), *repeated_notes(runs)]
    dress(figure, template, title, notes)
    return _or_empty(figure, runs, "is in a group of which enough have ended")


class _Points(NamedTuple):
    """The points of a curve on the axis, with shares in percent."""

    place: Floats
    share: Floats
    low: Floats
    high: Floats


def _points(times: Times, start: float) -> _Points:
    """The points at which a curve of survival is drawn, evenly chosen among its moments.

    Args:
        times: how long the runs of a group took.
        start: where the axis begins.
    """
    table = curve(times)
    spread = np.linspace(0, len(table.seconds) - 1, _STEPS)
    chosen = np.unique(spread.astype(int))
    place = _place(table.seconds[chosen])
    # The first point is before all ends, at 0 s, which a logarithmic axis cannot show.
    # It stands at the edge.
    place[0] = start
    share = 100 * table.share[chosen]
    return _Points(place, share, 100 * table.low[chosen], 100 * table.high[chosen])


def _draw_curve(figure: go.Figure, name: str, points: _Points, hue: str) -> None:
    """Draws a curve with its band, which the legend shows and hides together."""
    common: dict[str, Any] = {"mode": "lines", "legendgroup": name, "x": points.place}
    edge = {"width": 0, "shape": "hv", "color": hue}
    unseen = {"line": edge, "hoverinfo": "skip", "showlegend": False}
    # The band is what lies between its upper edge and the trace before that, the lower one.
    figure.add_scatter(**common, **unseen, y=points.low, fill=None)
    figure.add_scatter(**common, **unseen, y=points.high, fill="tonexty")
    figure.add_scatter(
        **common,
        name=name,
        y=points.share,
        line={"width": 2, "shape": "hv", "color": hue},
        customdata=[span_text(10**at) for at in points.place],
        hovertemplate=_STILL,
    )


def _remarks(times: Times, became: pd.Series[Any]) -> list[str]:
    """Notes of how many runs' ends were not seen, and of which runs are not in the picture."""
    counts = left_out(became)
    counts["without readable times"] = times.unreadable
    counts["not started"] = len(became) - len(times.seconds) - sum(counts.values())
    notes = []
    not_seen = int((~times.ended).sum())
    if not_seen:
        notes.append(f"{not_seen:,} whose end was not seen")
    some = {reason: count for reason, count in counts.items() if count}
    return notes + left_out_notes(some)


def _place(seconds: Floats) -> Any:
    """The places of times on the axis, which are their logarithms.

    On a logarithmic axis of plotly's own, bars would not have one width.
    """
    return np.log10(np.maximum(seconds, min(_MARKS)))


def _reach(place: Floats) -> tuple[float, float]:
    """The ends of the axis: the times with some room, a tenfold at least."""
    low, high = (place.min(), place.max()) if len(place) else (0.0, 1.0)
    missing = 1 - (high - low)
    room = max(0.1, missing / 2)
    first = np.log10(min(_MARKS))
    return max(low - room, first), high + room
