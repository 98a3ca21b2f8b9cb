"""Draws charts of many runs: how they ended, how many went on at a time, how long they took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from agentrun_nb.analysis.censored_times import run_times
from agentrun_nb.analysis.concurrency import ATTRS as LEFT_OUT
from agentrun_nb.analysis.concurrency import LOWER_BOUND
from agentrun_nb.analysis.concurrency import concurrency as concurrency_table
from agentrun_nb.analysis.estimates import rate
from agentrun_nb.analysis.outcomes import JUDGED, repeated_runs_notes
from agentrun_nb.analysis.outcomes import outcomes as outcomes_of
from agentrun_nb.core.schema import SUCCESSES
from agentrun_nb.core.text import counted
from agentrun_nb.core.times import duration_text, seconds_text
from agentrun_nb.drawing.status_style import look_of, painting_order
from agentrun_nb.figures.lengths import TICKS, axis_ends, missing_notes, places
from agentrun_nb.figures.style import (
    GREY,
    Clock,
    by_words,
    check_template,
    color,
    dress,
    group_titles,
    groups,
    label,
    left_out_notes,
    or_empty,
    safe_text,
    say_empty,
)
from agentrun_nb.tables.frames import Runs, runs_frame
from agentrun_nb.tables.labels import Names
from agentrun_nb.tables.moments import Floats, last_moment, milliseconds, parse_times

_MOST_GROUPS = 15
_MOMENTS = 1_000
"""The most steps of concurrency; of more moments each step is a stretch of time."""
_BINS = 48
_MOST_TICKS = 9
_COUNTS = {"running": "running", "waiting": "queued", "undivided": None}
"""The columns of counts, and the status whose colour each has."""
_COUNT_NAMES = {"running": "running", "waiting": "waiting", "undivided": "waiting or running"}
_SHARE_HOVER = "%{customdata:,} runs, %{x:.2f} %"
_RATE_HOVER = (
    "%{x:.1f} % (%{customdata[1]:.1f} to %{customdata[2]:.1f} %) of %{customdata[0]:,} "
    "that succeeded, failed or timed out"
)
_GROUP_HEIGHT = 34
"""The height in pixels of a group of outcomes."""
_LEAST_GROUPS = 5
"""The fewest groups of outcomes for which there is room."""
_BARS_WIDTH = 0.62
"""The share of the width that the bars of outcomes have."""
_SPACE_BETWEEN = 0.06
"""The share of the width between these bars and the success rates."""
_RUNS_HOVER = "%{y:,} runs, %{customdata}"


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
        The figure: a bar for each group, its statuses side by side, in percent; beside it the
        success rate, of the runs that succeeded, failed or timed out, with Wilson's 95 % interval.

    Raises:
        SchemaError: there is no such column.
        SettingsError: `names` is no mapping; there is no such template.

    Example:
        >>> figure = arn.figures.outcomes(runs, by="version_id", names=client.names())
        >>> [bars.name for bars in figure.data]
        ['succeeded', 'cancelled', 'failed', 'timed out', 'success rate']
    """
    check_template(template)
    runs = runs_frame(runs)
    # pandas 2 counts by place only where no label of the index comes twice.
    rows = groups(runs, by, _MOST_GROUPS, names).reset_index(drop=True)
    counts = pd.crosstab(rows, outcomes_of(runs).reset_index(drop=True))
    sizes = counts.sum(axis="columns")
    titles = group_titles(sizes.to_dict())
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
            hovertemplate=_SHARE_HOVER,
            marker={"color": color(look_of(outcome), template), "line": {"width": 0}},
        )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, type="category")
    figure.update_xaxes(title="share of runs (%)", range=[0, 100])
    _draw_rates(figure, titles, counts, template)
    title = f"How {counted(len(runs), 'run')} ended{by_words(by)}"
    legend = {"traceorder": "normal"}
    dress(figure, template, title, repeated_runs_notes(runs), barmode="stack", legend=legend)
    margin = figure.layout.margin
    figure.layout.height = margin.t + margin.b + _GROUP_HEIGHT * max(len(titles), _LEAST_GROUPS)
    return or_empty(figure, runs, "has an outcome")


def _draw_rates(
    figure: go.Figure, titles: list[str], counts: pd.DataFrame, template: str | None
) -> None:
    """Draws the success rate of each group with its interval, on an axis beside the bars.

    Args:
        figure: the figure, which is changed.
        titles: of the groups, on the axis that both have.
        counts: how many runs of each group have each outcome.
        template: a plotly template.
    """
    succeeded = _count(counts, SUCCESSES)
    judged = _count(counts, JUDGED)
    if not any(judged):
        return
    # Of a group in which no run succeeded or failed the rate is NaN, and nothing is drawn.
    rates = [rate(*pair) for pair in zip(succeeded, judged, strict=True)]
    share = _percent(found.value for found in rates)
    low = _percent(found.low for found in rates)
    high = _percent(found.high for found in rates)
    interval = {"array": high - share, "arrayminus": share - low}
    hue = color(look_of(SUCCESSES[0]), template)
    figure.add_scatter(
        mode="markers",
        name="success rate",
        x=share,
        y=titles,
        xaxis="x2",
        error_x={**interval, "thickness": 2, "width": 5},
        customdata=np.column_stack([judged, low, high]),
        hovertemplate=_RATE_HOVER,
        marker={"color": hue, "size": 8},
        cliponaxis=False,
        showlegend=False,
    )
    title = "success rate, 95 % interval (%)"
    beside = [_BARS_WIDTH + _SPACE_BETWEEN, 1]
    axis = {"domain": beside, "range": [0, 100], "anchor": "y", "title": title}
    figure.update_layout(xaxis={"domain": [0, _BARS_WIDTH]}, xaxis2=axis)


def _count(counts: pd.DataFrame, statuses: Sequence[str]) -> list[int]:
    """How many runs of each group have one of these outcomes."""
    chosen = counts.reindex(columns=statuses, fill_value=0)
    total: list[int] = chosen.sum(axis="columns").tolist()
    return total


def _percent(shares: Iterable[float]) -> Floats:
    return 100 * np.array([*shares])


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

    Raises:
        SettingsError: there is no such zone or template.

    Example:
        >>> figure = arn.figures.concurrency(runs, tz="Europe/Berlin")
        >>> [line.name for line in figure.data]
        ['running', 'waiting', 'waiting or running']
    """
    check_template(template)
    runs = runs_frame(runs)
    table = concurrency_table(runs)
    notes = [*left_out_notes(table.attrs[LEFT_OUT]), *repeated_runs_notes(runs)]
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
    figure.update_xaxes(type="date", title=f"time ({safe_text(tz)})", **own_ticks)
    peak = counts[:, 0].max(initial=0)
    figure.update_yaxes(title="runs at a time", rangemode="tozero", **_count_ticks(int(peak)))
    bound = table.attrs.get(LOWER_BOUND)
    of_these = "" if bound is None else "of these runs "
    notes += _shade_lower_bound(figure, clock, bound)
    dress(figure, template, f"At most {peak:,} {of_these}ran at a time", notes)
    # A figure without moments has traces too, but no points; so `or_empty` would not see it.
    lack = "has a known status and times in order"
    return figure if len(moments) else say_empty(figure, len(runs), lack)


def _count_ticks(most: int) -> dict[str, Any]:
    """The options of an axis of counts.

    Without a step of its own an axis of few runs would have ticks at parts of one.

    Args:
        most: the highest count.
    """
    return {"tickformat": ",", "dtick": 1 if most < 6 else None}


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
    moments = parse_times(pd.Series([bound["from"], bound["until"]]), utc=True)
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

    Raises:
        SettingsError: there is no such template.

    Example:
        >>> figure = arn.figures.durations(runs)
        >>> figure.layout.yaxis.title.text
        'runs'
    """
    check_template(template)
    runs = runs_frame(runs)
    times = run_times(runs, last_moment(runs))
    all_outcomes = outcomes_of(runs)
    outcome = all_outcomes.to_numpy("object")[times.known]
    place = places(times.seconds)
    ends = axis_ends(place)
    edges = np.linspace(*ends, _BINS + 1)
    width = 0.95 * (edges[1] - edges[0])
    bins = [f"{seconds_text(10**low)} to {seconds_text(10**high)}" for low, high in pairwise(edges)]
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
            customdata=bins,
            hovertemplate=_RUNS_HOVER,
            marker={"color": color(look_of(name), template), "pattern": {"shape": shape}},
        )
    tallest, _ = np.histogram(place, edges)
    figure.update_yaxes(title="runs", **_count_ticks(int(tallest.max(initial=0))))
    axis = "run time (started to completed, logarithmic)"
    figure.update_xaxes(title=axis, range=ends, **TICKS)
    title = f"How long {len(place):,} of {counted(len(runs), 'run')} took"
    notes = [*missing_notes(times, all_outcomes), *repeated_runs_notes(runs)]
    dress(figure, template, title, notes, barmode="stack")
    return or_empty(figure, runs, "has a run time that can be read")
