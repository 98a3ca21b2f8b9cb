"""Charts of many runs: how they ended, how many there were at a time, how long they took."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

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
    say_empty,
    told,
    words,
)
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.moments import Floats, last_moment, milliseconds

_MOST_GROUPS, _MOMENTS, _BINS, _STEPS, _MOST_TICKS = 15, 1_000, 48, 200, 9
_STATES = {"running": "running", "waiting": "queued", "waiting or running": None}
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
_HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#a08020")
"""Colours of groups, after Okabe and Ito."""


def outcomes(
    runs: Runs, by: str | None = "deployment_id", *, template: str | None = None
) -> go.Figure:
    """What became of the runs of each group, as shares of all its runs; nothing is left out.

    Args:
        runs: anything that `runs_frame` takes.
        by: the column to group by; beyond 15 groups the smallest are one. None: all together.
        template: a plotly template, such as `plotly_dark`; by default colours that hold on any
            ground.

    Returns:
        The figure: a bar for each group, its statuses side by side, in percent.

    Example:
        >>> figure = arn.figures.outcomes(runs, by="version_id")
        >>> [bars.name for bars in figure.data]
        ['succeeded', 'cancelled', 'failed', 'timed out']
    """
    check_template(template)
    runs = runs_frame(runs)
    counts = pd.crosstab(groups(runs, by, _MOST_GROUPS), outcomes_of(runs))
    sizes = counts.sum(axis="columns")
    names = [f"{words(name, 40)} ({size:,})" for name, size in sizes.items()]
    figure = go.Figure()
    for outcome in painting_order(list(counts.columns)):
        found = counts[outcome]
        bars = {"x": 100 * found / sizes, "y": names, "orientation": "h", "width": 0.7}
        marker = {"color": color(look_of(outcome), template), "line": {"width": 0}}
        said = {"name": label(str(outcome)), "customdata": found, "hovertemplate": _SHARE}
        figure.add_bar(**bars, **said, marker=marker)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, type="category")
    figure.update_xaxes(title="share of runs (%)", range=[0, 100])
    title = f"How {len(runs):,} runs ended" + (f", by {words(by)}" if by else "")
    legend = {"traceorder": "normal"}
    dress(figure, template, title, repeated_notes(runs), barmode="stack", legend=legend)
    return figure if figure.data else say_empty(figure, len(runs), "has an outcome")


def concurrency(runs: Runs, tz: str = "UTC", *, template: str | None = None) -> go.Figure:
    """How many runs ran and waited at each moment, from the timestamps of their records.

    Args:
        runs: anything that `runs_frame` takes.
        tz: the zone of the time axis, an IANA name.
        template: a plotly template, such as `plotly_dark`; by default colours that hold on any
            ground.

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
    notes = [*told(table.attrs[LEFT_OUT]), *repeated_notes(runs)]
    at = milliseconds(table["at"])
    counts = table[["running", "waiting", "undivided"]].to_numpy("int64")
    if len(at) > _MOMENTS:
        edges = np.linspace(at[0], at[-1], _MOMENTS + 1)
        places = np.maximum(np.searchsorted(at, edges[:-1], "right") - 1, 0)
        counts, at = np.maximum.reduceat(counts, places), edges[:-1]
        notes.insert(
            0, f"each step is the highest count within {duration_text(edges[1] - edges[0])}"
        )
    figure, clock = go.Figure(), Clock(tz, *(at[[0, -1]] if len(at) else (0, 0)))
    for (name, status), values in zip(_STATES.items(), counts.T, strict=True):
        line = {"shape": "hv", "width": 1, "color": color(look_of(status), template)}
        area = {"mode": "lines", "fill": "tozeroy", **clock.hover(f"%{{y:,}} {name}<br>", at)}
        if status or values.any():
            figure.add_scatter(**area, name=name, x=clock(at), y=values, line=line)
    own_ticks = clock.ticks(at[0], at[-1], _MOST_TICKS) if len(at) else {}
    figure.update_xaxes(type="date", title=f"time ({words(tz)})", **own_ticks)
    peak = counts[:, 0].max(initial=0)
    scale = {"rangemode": "tozero", "tickformat": ",", "dtick": 1 if peak < 6 else None}
    figure.update_yaxes(title="runs at a time", **scale)
    whose = "" if LOWER_BOUND not in table.attrs else "of these runs "
    notes += _shade_lower_bound(figure, clock, table.attrs.get(LOWER_BOUND))
    dress(figure, template, f"At most {peak:,} {whose}ran at a time", notes)
    return figure if len(at) else say_empty(figure, len(runs), "has times in order")


def _shade_lower_bound(figure: go.Figure, clock: Clock, bound: dict[str, str] | None) -> list[str]:
    """Marks where runs that are not in the frame may have gone on, and says so in a note."""
    if bound is None:
        return []
    moments = pd.to_datetime(pd.Series([bound["from"], bound["until"]]), utc=True)
    left, right = clock(milliseconds(moments))
    # A long run would draw the axis out beyond all that was counted.
    right = min(right, max((trace.x[-1] for trace in figure.data if len(trace.x)), default=right))
    figure.add_vrect(
        x0=left, x1=max(left, right), fillcolor=GREY, opacity=0.15, line_width=0, layer="below",
        annotation={"text": "lower bound", "font_size": 11}, annotation_position="top left",
    )  # fmt: skip
    return [
        f"a lower bound at the left edge: runs created before {bound['from']} "
        "are not in it, and may have gone on"
    ]


def durations(runs: Runs, *, template: str | None = None) -> go.Figure:
    """How many runs took how long, from started to completed, on a logarithmic axis.

    Runs whose end was not seen are hatched at the time for which they are known to have gone on.

    Args:
        runs: anything that `runs_frame` takes.
        template: a plotly template, such as `plotly_dark`; by default colours that hold on any
            ground.

    Returns:
        The figure: a histogram of seconds, statuses on each other.

    Example:
        >>> figure = arn.figures.durations(runs)
        >>> figure.layout.yaxis.title.text
        'runs'
    """
    check_template(template)
    runs = runs_frame(runs)
    times, became = run_times(runs, last_moment(runs)), outcomes_of(runs)
    outcome, place = became.to_numpy("object")[times.known], _place(times.seconds)
    edges = np.linspace(*_reach(place), _BINS + 1)
    thick = 0.95 * (edges[1] - edges[0])
    spans = [f"{span_text(10**low)} to {span_text(10**high)}" for low, high in pairwise(edges)]
    common = {"x": (edges[1:] + edges[:-1]) / 2, "customdata": spans, "hovertemplate": _RUNS}
    figure = go.Figure()
    for name, ended in product(painting_order(list(set(outcome))), (True, False)):
        counts, _ = np.histogram(place[(outcome == name) & (times.ended == ended)], edges)
        shape, end = ("", "") if ended else ("/", ", end not seen")
        marker = {"color": color(look_of(name), template), "pattern": {"shape": shape}}
        if counts.any():
            bars = {"y": counts, "marker": marker, "width": thick}
            figure.add_bar(**common, **bars, name=label(str(name)) + end)
    figure.update_yaxes(title="runs", tickformat=",")
    axis = "run time (started to completed, logarithmic)"
    figure.update_xaxes(title=axis, range=_reach(place), **_TICKS)
    title = f"How long {len(place):,} of {len(runs):,} runs took"
    notes = [*_remarks(times, became), *repeated_notes(runs)]
    dress(figure, template, title, notes, barmode="stack")
    return (
        figure if figure.data else say_empty(figure, len(runs), "has a run time that can be read")
    )


def survival(
    runs: Runs, by: str | None = "version_id", *, template: str | None = None
) -> go.Figure:
    """Draws the share of runs that go on after a time, whatever their outcome.

    The curves are those of Kaplan & Meier. A curve further to the right is slower. Runs whose end
    was not seen count for as long as they were; the band is the 95 % interval. Needs scipy.

    Args:
        runs: anything that `runs_frame` takes.
        by: the column to group by; beyond 8 groups the smallest are one. None: all together.
        template: a plotly template, such as `plotly_dark`; by default colours that hold on any
            ground.

    Returns:
        The figure: a step curve for each group, in percent over seconds.

    Example:
        >>> figure = arn.figures.survival(runs, by="deployment_id")
        >>> figure.write_html("survival.html")
    """
    check_template(template)
    runs = runs_frame(runs)
    horizon, names = last_moment(runs), groups(runs, by, len(_HUES))
    times = {str(name): run_times(runs[names == name], horizon) for name in names.cat.categories}
    drawn = {name: found for name, found in times.items() if len(found.seconds) >= TOO_FEW}
    place = _place(np.concatenate([np.array([]), *(found.seconds for found in drawn.values())]))
    figure = go.Figure()
    for (name, found), hue in zip(drawn.items(), _HUES, strict=False):
        whose = f"{words(name, 40)} ({len(found.seconds):,})"
        _draw_curve(figure, whose, found, hue, _reach(place)[0])
    rest = {name: found for name, found in times.items() if name not in drawn}
    few = {f"{name}, too few ended": len(found.seconds) for name, found in rest.items()}
    figure.update_yaxes(title="share still going on (%)", range=[0, 101])
    figure.update_xaxes(title="time since the start (logarithmic)", range=_reach(place), **_TICKS)
    title = f"How long {len(place):,} of {len(runs):,} runs went on" + (
        f", by {words(by)}" if by else ""
    )
    remarks = _remarks(run_times(runs, horizon), outcomes_of(runs))
    dress(figure, template, title, [*remarks, *told(few), *repeated_notes(runs)])
    return (
        figure
        if figure.data
        else say_empty(figure, len(runs), "is in a group of which enough have ended")
    )


def _draw_curve(figure: go.Figure, name: str, times: Times, hue: str, start: float) -> None:
    found = curve(times)
    chosen = np.unique(np.linspace(0, len(found.seconds) - 1, _STEPS).astype(int))
    place = _place(found.seconds[chosen])
    # The first of them is before all ends, which a logarithmic axis cannot show.
    # It stands at the edge.
    place[0] = start
    share, low, high = (100 * height[chosen] for height in (found.share, found.low, found.high))
    common: dict[str, Any] = {"mode": "lines", "legendgroup": name}
    for edge, fill in ((low, None), (high, "tonexty")):
        line = {"width": 0, "shape": "hv", "color": hue}
        band = {"x": place, "y": edge, "line": line, "fill": fill}
        figure.add_scatter(**common, **band, hoverinfo="skip", showlegend=False)
    told = {"customdata": [span_text(10**at) for at in place], "hovertemplate": _STILL}
    line = {"width": 2, "shape": "hv", "color": hue}
    figure.add_scatter(**common, **told, name=name, x=place, y=share, line=line)


def _remarks(times: Times, became: pd.Series[Any]) -> list[str]:
    """Of which runs the end was not seen, and which are not in the picture."""
    out = left_out(became) | {"without readable times": times.unreadable}
    out["not started"] = len(became) - len(times.seconds) - sum(out.values())
    seen = [f"{count:,} whose end was not seen" for count in [int((~times.ended).sum())] if count]
    return seen + told({reason: count for reason, count in out.items() if count})


def _place(seconds: Floats) -> Any:
    """Gives the places of times on the axis.

    A place is the logarithm, since plotly's own logarithmic axis draws no bars of one width.
    """
    return np.log10(np.maximum(seconds, min(_MARKS)))


def _reach(place: Floats) -> tuple[float, float]:
    """The ends of the axis: the times with some room, a tenfold at least."""
    low, high = (place.min(), place.max()) if len(place) else (0.0, 1.0)
    room = max(0.1, (1 - (high - low)) / 2)
    return max(low - room, np.log10(min(_MARKS))), high + room
