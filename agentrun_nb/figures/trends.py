"""Draws how success and run time of groups of runs change from period to period."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from agentrun_nb.analysis.estimates import TOO_FEW
from agentrun_nb.analysis.outcomes import repeated_runs_notes
from agentrun_nb.analysis.periods import PERIOD, read_freq
from agentrun_nb.analysis.phase_lengths import AFTER_START, RUN_TIME, measure
from agentrun_nb.analysis.summarize import summarize
from agentrun_nb.core.text import counted
from agentrun_nb.core.times import duration_text, seconds_text
from agentrun_nb.figures.lengths import TICKS, axis_ends, places
from agentrun_nb.figures.style import (
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
from agentrun_nb.tables.moments import Floats, milliseconds

_FITTING = ("1min", "5min", "15min", "1h", "3h", "6h", "12h", "1D", "7D", "30D", "91D", "365D")
_MOST_PERIODS = 30
"""The most periods where nobody has said how long they are."""
_UPPER, _LOWER = (0.55, 1), (0, 0.45)
"""The parts of the height of the success rates and of the run times."""
_HEIGHT = 520
_APART = 0.05
"""How far groups stand from each other, as a share of a period."""
_LONGEST_WORDS = 120
"""The most characters of a note or of the title of an axis."""
_RATE = "%{y:.1f} % (%{customdata[0]:.1f} to %{customdata[1]:.1f} %) of %{customdata[2]:,}"


def trend(
    runs: Runs,
    freq: str | timedelta | None = None,
    by: str | None = None,
    *,
    phase: str | None = None,
    phases: pd.DataFrame | None = None,
    names: Names = None,
    template: str | None = None,
) -> go.Figure:
    """Draws the success rate and the run time of groups, period by period.

    What is drawn is what `summarize` says with the same `freq`, with 95 % intervals. Periods are of
    UTC; where nothing can be said of one, the line has a gap. Needs scipy.

    Args:
        runs: anything that `runs_frame` takes.
        freq: the length of a period, such as `1h`, `1D` or `7D`; None: one that makes at most 30.
        by: the column to group by; beyond 8 groups the smallest are one. None: all together.
        phase: the phase whose length is drawn in place of the time after the start, such as
            `running`, as for `summarize`.
        phases: the PHASES table of the runs; None: as for `summarize`.
        names: labels for the ids of deployments and versions, as from `client.names()`.
        template: a plotly template, such as `plotly_dark`; by default colours that are read on
            any background.

    Returns:
        The figure: success rates above, medians of run times below, dotted their 90th percentiles;
        a point stands about the middle of its period.

    Raises:
        DataError: no run here was in that phase.
        SchemaError: there is no such column, or `phases` is no such table.
        SettingsError: `freq` is no length of a period; `phase` is no text; `names` is no mapping;
            there is no such template.

    Example:
        >>> figure = arn.figures.trend(runs, "7D", by="deployment_id", names=client.names())
        >>> figure.layout.yaxis.title.text
        'success rate (%)'
    """
    check_template(template)
    runs = runs_frame(runs)
    length = _fitting(runs) if freq is None else read_freq(freq)
    group_of = groups(runs, by, len(COLORS), names).rename("group")
    table = summarize(runs, group_of, freq=length, phase=phase, phases=phases)
    lengths = measure(runs, phase, phases)
    name_of_times = AFTER_START if phase is None else phase
    dated = table[table[PERIOD].notna()]
    figure = go.Figure()
    sizes = dated.groupby("group", observed=True)["n"].sum()
    titles = group_titles(sizes.to_dict())
    for number, (title, name, hue) in enumerate(zip(titles, sizes.index, COLORS, strict=False)):
        rows = dated[dated["group"] == name]
        # A little apart, so that no interval hides that of another group.
        aside = _APART * (number - (len(titles) - 1) / 2)
        at = rows[PERIOD] + length * (0.5 + aside)
        common = {"x": milliseconds(at), "legendgroup": title}
        figure.add_scatter(**common, name=title, **_rates(rows, hue))
        for quantile in ("p50", "p90"):
            times = _times(rows, name_of_times, quantile, hue)
            figure.add_scatter(**common, name=title, showlegend=False, **times)
    undated = int(table.loc[table[PERIOD].isna(), "n"].sum())
    plural = "run times" if lengths.words == RUN_TIME else lengths.words
    notes = ["bars: 95 % intervals", f"{plural} where {TOO_FEW} or more have ended, dotted p90"]
    notes += lengths.known_notes()
    notes = [safe_text(note, _LONGEST_WORDS) for note in notes]
    notes += left_out_notes({"without a created time": undated} if undated else {})
    words = duration_text(length / timedelta(milliseconds=1))
    title = f"How {counted(len(runs), 'run')} went, in periods of {words}{by_words(by)}"
    dress(figure, template, title, [*notes, *repeated_runs_notes(runs)] if figure.data else [])
    known = pd.concat([dated[f"{name_of_times}_p50"], dated[f"{name_of_times}_p90"]]).dropna()
    _add_axes(figure, dated[PERIOD], length, places(_floats(known)))
    if figure.data and known.empty:
        _say_no_times(figure)
    figure.update_layout(yaxis2_title=safe_text(lengths.words, _LONGEST_WORDS))
    return or_empty(figure, runs, "has a created time that can be read")


def _fitting(runs: pd.DataFrame) -> pd.Timedelta:
    """The shortest of some usual lengths of which there are few from the first to the last run."""
    created = runs["created_at"]
    span = created.max() - created.min()
    if pd.isna(span):
        return read_freq(_FITTING[0])
    lengths = map(read_freq, _FITTING)
    years = read_freq(_FITTING[-1])
    # Of longer spans a period is a whole number of years.
    many = years * (span // (years * _MOST_PERIODS) + 1)
    return next((length for length in lengths if span <= length * _MOST_PERIODS), many)


def _rates(rows: pd.DataFrame, hue: str) -> dict[str, Any]:
    """The options of a trace for the success rates of a group."""
    share = 100 * _floats(rows["success_rate"])
    low = 100 * _floats(rows["success_low"])
    high = 100 * _floats(rows["success_high"])
    counts = _floats(rows["n"])
    options: dict[str, Any] = {"mode": "lines+markers", "hovertemplate": _RATE}
    options["line"] = {"color": hue, "width": 2}
    options["y"] = share
    options["error_y"] = _bars(share, low, high)
    options["customdata"] = np.column_stack([low, high, counts])
    return options


def _times(rows: pd.DataFrame, name: str, quantile: str, hue: str) -> dict[str, Any]:
    """The options of a trace for the medians or the 90th percentiles of times.

    Args:
        rows: what `summarize` says of a group, a row for each period.
        name: what its columns of the times begin with, such as `after_start`.
        quantile: `p50`, with its interval, or `p90`.
        hue: the colour of the group.
    """
    column = f"{name}_{quantile}"
    seconds = _floats(rows[column])
    where = "after start" if name == AFTER_START else "in the phase"
    options: dict[str, Any] = {
        "mode": "lines+markers",
        "y": places(seconds),
        "yaxis": "y2",
        "customdata": [seconds_text(value) for value in seconds],
        "hovertemplate": f"{quantile} %{{customdata}} {where}",
    }
    if quantile == "p90":
        line = {"color": hue, "width": 1, "dash": "dot"}
        return {**options, "line": line, "marker": {"size": 4}}
    low, high = (places(_floats(rows[f"{column}_{end}"])) for end in ("low", "high"))
    # An interval without its upper end is open, and has no bar on that side.
    bars = _bars(places(seconds), low, high)
    return {**options, "line": {"color": hue, "width": 2}, "error_y": bars}


def _say_no_times(figure: go.Figure) -> None:
    """Says where the times would be that there are none, in place of an axis without a point."""
    figure.update_layout(yaxis2_showticklabels=False)
    figure.add_annotation(
        text=f"in no period have {TOO_FEW} or more ended", xref="paper", x=0.5,
        yref="paper", y=sum(_LOWER) / 2, showarrow=False,
    )  # fmt: skip


def _bars(value: Floats, low: Floats, high: Floats) -> dict[str, Any]:
    above = high - value
    below = value - low
    return {"array": above, "arrayminus": below, "thickness": 1, "width": 3}


def _floats(column: pd.Series[Any]) -> Floats:
    values: Floats = column.to_numpy("float64", na_value=np.nan)
    return values


def _add_axes(
    figure: go.Figure, begins_at: pd.Series[Any], length: pd.Timedelta, on_axis: Floats
) -> None:
    """Gives the figure one axis of time and two of what is measured.

    Args:
        figure: the figure, which is changed.
        begins_at: when each period that is drawn begins.
        length: how long a period is.
        on_axis: where the times that are drawn stand on their logarithmic axis.
    """
    begins = milliseconds(begins_at)
    if len(begins):
        ends = [begins.min(), begins.max() + length / timedelta(milliseconds=1)]
        figure.update_xaxes(range=ends)
    times = {"range": axis_ends(on_axis), "domain": _LOWER, **TICKS}
    figure.update_xaxes(type="date", title="time (UTC)", anchor="y2")
    figure.update_layout(
        yaxis={"title": "success rate (%)", "range": [0, 101], "domain": _UPPER},
        yaxis2={"zeroline": False, "gridcolor": figure.layout.yaxis.gridcolor, **times},
        height=_HEIGHT,
    )
