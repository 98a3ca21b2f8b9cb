"""The charts of many runs: what they draw is what the tables say, and what they leave out is told."""

from __future__ import annotations

import re
from html import unescape
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
import plotly.io as pio
import pytest

import agentrun_nb as arn
from agentrun_nb import figures
from agentrun_nb.analysis.censored_times import run_times
from agentrun_nb.analysis.survival import quantiles
from agentrun_nb.drawing.status_style import LOOKS
from agentrun_nb.errors import SchemaError, SettingsError
from agentrun_nb.tables.moments import last_moment
from agentrun_nb.tables.report import FetchReport, attach
from tests.support.analysis import frame, run
from tests.support.samples import HOSTILE

EVERY = [getattr(figures, name) for name in figures.__all__ if name != "show"]
CHARTS = [
    figures.durations, figures.outcomes, figures.concurrency, figures.survival, figures.trend,
]  # fmt: skip
WITHOUT_TEXT = (figures.durations, figures.trend)
"""The charts that show no text of records."""
WITHOUT_STATUSES = (figures.survival, figures.trend)
"""The charts that draw nothing in the colours of statuses."""
ODD = [
    *(run(n, times=(0, 1, 2 + n), version_id="ab"[n % 2]) for n in range(24)),
    *(run(30 + n, "failed", (5, 6, 6 + n)) for n in range(3)),
    run(40, "running", (0, 3, None)),
    run(41, "queued", (0, None, None)),
    run(42, "waiting_for_input"),
    run(43, None),
    run(44, "failed", (0, 5, 3)),
]


def generated(n: int) -> pd.DataFrame:
    return arn.runs_frame(b"[" + b",".join(arn.local.generate(n)) + b"]")


def told(figure: Any) -> str:
    return figure.layout.title.text + " | " + re.sub("<br>", " ", figure.layout.title.subtitle.text)


def texts(figure: Any) -> list[str]:
    ticks = [
        text
        for trace in figure.data
        if isinstance(trace.y, tuple)
        for text in trace.y
        if isinstance(text, str)
    ]
    return [told(figure), *ticks, *(trace.name for trace in figure.data if trace.name)]


def test_every_run_with_a_time_is_in_the_durations_and_the_others_are_told() -> None:
    figure = figures.durations(frame(ODD))
    assert sum(sum(trace.y) for trace in figure.data) == 28
    assert {trace.name for trace in figure.data} == {"succeeded", "failed", "running, end not seen"}
    assert [trace.marker.pattern.shape for trace in figure.data] == ["/", "", ""]
    assert told(figure) == (
        "How long 28 of 32 runs took | 1 whose end was not seen; 1 left out: unknown status: waiting_for_input; "
        "1 left out: no status; 1 left out: without readable times; 1 left out: not started"
    )


def test_a_bar_of_durations_says_between_which_times_it_stands() -> None:
    [bar] = figures.durations(frame([run(0, times=(0, 1, 31))])).data
    at = int(np.argmax(bar.y))
    low, high = bar.customdata[at].split(" to ")
    assert low == "29.3 s" or float(low.split()[0]) <= 30 <= float(high.split()[0])


def test_the_shares_of_outcomes_are_those_of_all_runs_of_a_group() -> None:
    runs = frame(ODD).assign(
        fetch_error=lambda rows: rows["fetch_error"].where(rows["id"] != "run-0", "server: no")
    )
    figure = figures.outcomes(runs, by="version_id")
    bars = [trace for trace in figure.data if trace.type == "bar"]
    for place, name in enumerate(bars[0].y):
        assert sum(trace.x[place] for trace in bars) == pytest.approx(100)
        size = int(re.search(r"\((\d+)\)", name)[1])
        assert sum(trace.customdata[place] for trace in bars) == size
    names = [trace.name for trace in bars]
    assert names[-1] == "failed"
    assert {"not fetched: server", "no status", "unknown status: waiting_for_input"} <= set(names)


def test_beyond_the_most_groups_the_smallest_are_one_and_nothing_is_lost() -> None:
    records = [run(n, version_id=f"v{n % 40}") for n in range(400)] + [run(500, version_id=None)]
    figure = figures.outcomes(frame(records), by="version_id")
    assert len(figure.data[0].y) == 15
    assert figure.data[0].y[-1].startswith("others (")
    assert sum(sum(trace.customdata) for trace in figure.data if trace.type == "bar") == 401


def rates_of(figure: Any) -> Any:
    [rates] = [trace for trace in figure.data if trace.name == "success rate"]
    return rates


@pytest.mark.parametrize("by", [None, "version_id"])
def test_beside_the_bars_stands_the_success_rate_of_summarize_with_its_interval(by: Any) -> None:
    runs = frame(
        [*ODD, *(run(60 + n, ("failed", "timed_out")[n % 2], version_id="c") for n in range(4))]
    )
    rates, table = rates_of(figures.outcomes(runs, by)), arn.summarize(runs, by)
    names = {re.sub(r" \(\d+\)$", "", name): place for place, name in enumerate(rates.y)}
    for _, row in table.iterrows():
        place = names["all runs" if by is None else row["version_id"]]
        low = rates.x[place] - rates.error_x.arrayminus[place]
        high = rates.x[place] + rates.error_x.array[place]
        assert np.array([rates.x[place], low, high]) / 100 == pytest.approx(
            row[["success_rate", "success_low", "success_high"]].to_numpy("float64")
        )
        assert list(rates.customdata[place][1:]) == pytest.approx([low, high])


def test_a_group_in_which_nothing_succeeded_or_failed_has_no_rate() -> None:
    live = [run(n, "running", (0, 1, None), version_id="new") for n in range(3)]
    rates = rates_of(figures.outcomes(frame([*ODD, *live]), "version_id"))
    assert [
        np.isnan(share) for share, name in zip(rates.x, rates.y, strict=True) if "new" in name
    ] == [True]
    assert len(figures.outcomes(frame(live)).data) == 1


def test_groups_whose_names_are_cut_to_the_same_words_stay_apart() -> None:
    records = [run(n, times=(0, 1, 2 + n), version_id="x" * 50 + "ab"[n % 2]) for n in range(40)]
    bars, rates = figures.outcomes(frame(records), "version_id").data
    assert len(set(bars.y)) == len(set(rates.y)) == 2
    legend = {
        trace.legendgroup for trace in figures.survival(frame(records)).data if trace.legendgroup
    }
    assert len(legend) == 2


@pytest.mark.parametrize("n", [40, 3_000])
def test_the_highest_count_of_concurrency_is_never_averaged_away(n: int) -> None:
    runs = generated(n)
    table, figure = arn.concurrency(runs), figures.concurrency(runs)
    for trace, column in zip(figure.data, ("running", "waiting"), strict=False):
        assert max(trace.y) == table[column].max()
    assert f"At most {table['running'].max()} ran" in told(figure)
    assert ("highest count within" in told(figure)) == (n > 1_000)


def test_a_column_of_many_runs_says_how_long_a_stretch_it_counts() -> None:
    runs = generated(3_000)
    figure = figures.timeline(runs, by="none")
    assert re.fullmatch(r"runs in each \d+ h \d\d min", figure.layout.yaxis.title.text)
    in_stretches = max(max(trace.base + trace.y) for trace in figure.data if trace.type == "bar")
    assert in_stretches > arn.concurrency(runs)["running"].max()


@pytest.mark.parametrize("name", ["concurrency", "durations"])
def test_an_axis_of_few_runs_has_no_parts_of_one(name: str) -> None:
    draw = getattr(figures, name)
    assert draw(frame([run(0)])).layout.yaxis.dtick == 1
    assert draw(frame([run(n) for n in range(40)])).layout.yaxis.dtick is None


def test_one_run_is_told_in_the_singular() -> None:
    for draw in EVERY:
        for records in ([run(0)], [run(0, "odd", (None, None, None))]):
            words = draw(frame(records)).to_json()
            assert not re.search(r"\b1 runs", words), draw


def test_a_trend_without_times_says_so_in_their_place() -> None:
    few = figures.trend(frame([run(n) for n in range(3)]), by=None)
    assert "in no period have 10 or more ended" in few.to_json()
    assert few.layout.yaxis2.showticklabels is False
    many = figures.trend(frame([run(n) for n in range(12)]), by=None)
    assert "in no period" not in many.to_json()


def test_concurrency_tells_what_it_could_not_place() -> None:
    assert "1 left out: times out of order" in told(figures.concurrency(frame(ODD)))


def test_runs_of_an_unknown_status_are_not_said_to_have_times_out_of_order() -> None:
    figure = figures.concurrency(frame([run(0, "archived", (0, 1, 2))]))
    sentences = [note.text for note in figure.layout.annotations]
    assert "none of 1 run has a known status and times in order" in sentences


@pytest.mark.parametrize("records", [[], ODD])
def test_concurrency_marks_what_a_frame_that_was_cut_cannot_count(records: list[Any]) -> None:
    runs = frame(records)
    assert "lower bound" not in figures.concurrency(runs).to_json()
    attach(
        runs, FetchReport(complete=True, since=pd.Timestamp("2026-03-02T00:00:00Z").to_pydatetime())
    )
    figure = figures.concurrency(runs)
    assert "a lower bound at the left edge: runs created before 2026-03-02T00:00:00" in told(figure)
    assert "of these runs ran at a time" in told(figure)
    [shade] = figure.layout.shapes
    assert shade.x0 <= shade.x1
    if records:
        assert shade.x0 < shade.x1 <= max(trace.x[-1] for trace in figure.data)


def test_a_curve_of_survival_is_half_down_at_the_median() -> None:
    runs = generated(3_000)
    figure = figures.survival(runs, by="deployment_id")
    horizon = last_moment(runs)
    curves = [trace for trace in figure.data if trace.showlegend is not False]
    assert len(curves) == 4
    for trace in curves:
        deployment = trace.name.split()[0]
        median = quantiles(run_times(runs[runs["deployment_id"] == deployment], horizon), 0.5)[0]
        below = next(at for at, share in zip(trace.x, trace.y, strict=True) if share <= 50)
        assert 10**below == pytest.approx(median.value, rel=0.1)


def test_a_group_that_all_goes_on_is_drawn_flat_until_it_was_last_seen() -> None:
    going = [run(n, "running", (0, 1, None), version_id="new") for n in range(100, 140)]
    figure = figures.survival(frame([*ODD, *going, run(200, "queued", (3_601, None, None))]))
    low, high, flat = (trace for trace in figure.data if trace.legendgroup == "new (40)")
    assert set(flat.y) == set(high.y) == {100}
    assert 10 ** flat.x[-1] == pytest.approx(3_600)
    # With none of 40 ended, at least 91 of 100 go on, until all are lost from view at once.
    assert low.y[0] == pytest.approx(100 * 0.025 ** (1 / 40))
    assert low.y[-1] == 0


@pytest.mark.parametrize("by", [None, "deployment_id"])
def test_a_trend_draws_what_summarize_says_of_each_period(by: Any) -> None:
    runs = generated(600)
    figure = figures.trend(runs, "7D", by)
    table = arn.summarize(runs, [] if by is None else by, freq="7D")
    groups = {re.sub(r" \(.*", "", trace.name) for trace in figure.data}
    assert groups == ({"all runs"} if by is None else set(runs["deployment_id"].unique()))
    for group in groups:
        rows = table if by is None else table[table[by] == group]
        rate, median, late = (trace for trace in figure.data if trace.name.startswith(group))
        same = {"nan_ok": True}
        assert list(rate.y) == pytest.approx(floats(100 * rows["success_rate"]), **same)
        high = np.array(rate.y) + rate.error_y.array
        assert list(high) == pytest.approx(floats(100 * rows["success_high"]), **same)
        for trace, name in ((median, "after_start_p50"), (late, "after_start_p90")):
            assert list(10 ** np.array(trace.y)) == pytest.approx(floats(rows[name]), **same)
        week = 7 * 86_400_000
        begins = rows["period"].astype("datetime64[ms, UTC]").astype("int64")
        assert list(np.floor((np.array(rate.x) - begins) / week)) == [0] * len(rows)


def floats(column: Any) -> list[float]:
    return column.to_numpy("float64", na_value=np.nan).tolist()


@pytest.mark.parametrize("days", [0, 0.1, 1, 20, 900, 40_000, 2_000_000])
def test_a_trend_has_few_periods_where_nobody_says_how_long_they_are(days: float) -> None:
    runs = frame([run(n, times=(0, 1, 2)) for n in range(12)])
    created = runs["created_at"].mask(
        runs["id"] == "run-0", runs["created_at"] + np.timedelta64(int(days * 86_400), "s")
    )
    figure = figures.trend(runs.assign(created_at=created))
    assert 1 <= len(figure.data[0].x) <= 32


def watched() -> pd.DataFrame:
    """Two versions of 20 runs; of one, each second run still goes on and was last seen then."""
    ended = [run(n, times=(0, 1, 2 + n), version_id="a") for n in range(20)]
    half = [
        run(
            30 + n,
            "succeeded" if n % 2 else "running",
            (0, 1, 3 + n if n % 2 else None),
            version_id="b",
        )
        for n in range(20)
    ]
    runs = frame([*ended, *half])
    seen = pd.Timestamp("2026-03-02T00:00:01Z") + pd.to_timedelta(np.arange(40) % 20 + 2, unit="s")
    return runs.assign(fetched_at=seen)


def at_risk(figure: Any) -> list[tuple[int, float, str]]:
    """The numbers at risk, each with its row and its place on the axis."""
    return [
        found
        for trace in figure.data
        if trace.name == "runs at risk"
        for found in zip(trace.y, trace.x, trace.text, strict=True)
    ]


def test_under_the_curves_stands_how_many_runs_were_at_risk() -> None:
    runs = watched()
    figure = figures.survival(runs)
    numbers, titles = at_risk(figure), figure.layout.yaxis2.ticktext
    horizon = last_moment(runs)
    assert len(titles) == 2
    for row, at, text in numbers:
        of_group = run_times(runs[runs["version_id"] == titles[row][0]], horizon)
        still = np.count_nonzero(of_group.seconds >= 10**at * (1 - 1e-9))
        # Seconds that are shorter than the axis begins are at its edge.
        assert int(text) == (still if at > numbers[0][1] else 20)
    assert len({text for _, _, text in numbers}) > 3


@pytest.mark.parametrize("n", [40, 20_000])
def test_numbers_at_risk_have_room_beside_each_other(n: int) -> None:
    figure = figures.survival(generated(n), by=None)
    first, last = figure.layout.xaxis.range
    numbers = at_risk(figure)
    width = 0.013 * len(f"{n:,}") * (last - first)
    ends = [first + width, *(at + width / 2 for _, at, _ in numbers[1:])]
    begins = [at - width / 2 for _, at, _ in numbers[1:]]
    assert len(begins) > 3
    assert all(begin > end for begin, end in zip(begins, ends, strict=False))


def test_a_tick_stands_where_runs_that_go_on_were_last_seen() -> None:
    figure = figures.survival(watched())
    with_ticks = {}
    for trace in figure.data:
        if trace.showlegend is not False:
            sizes = [0] * len(trace.x) if trace.marker.size is None else trace.marker.size
            with_ticks[trace.name] = {
                round(10**at) for at, size in zip(trace.x, sizes, strict=True) if size
            }
    assert with_ticks == {"a (20)": set(), "b (20)": set(range(2, 22, 2))}
    assert "ticks: where runs that go on were last seen" in told(figure)
    assert "ticks" not in told(figures.survival(watched().head(20)))


def test_the_bands_of_survival_are_said_to_be_of_95_percent() -> None:
    assert "bands: 95 % intervals" in told(figures.survival(watched()))
    assert "95" not in told(figures.survival([]))


def test_a_group_of_which_too_few_have_ended_is_not_drawn_and_told() -> None:
    figure = figures.survival(frame([*ODD, run(50, version_id="new")]))
    assert "1 left out: new, too few ended" in told(figure)
    assert not [trace for trace in figure.data if (trace.name or "").startswith("new")]


@pytest.mark.parametrize("draw", CHARTS)
@pytest.mark.parametrize(
    "records",
    [[], [run(0)], [run(0, "odd", (None, None, None))], [run(0, "running", (0, 1, None))]],
)
def test_few_or_no_runs_make_a_chart_too(draw: Any, records: list[Any]) -> None:
    assert draw(frame(records)).layout.title.text


@pytest.mark.parametrize("draw", CHARTS)
def test_a_chart_of_many_runs_is_light(draw: Any) -> None:
    assert len(draw(generated(20_000)).to_json()) < 500_000


@pytest.mark.parametrize("draw", CHARTS)
def test_hostile_text_is_shown_as_text_in_charts(draw: Any) -> None:
    evil = '<a href="https://evil.example">y</a>'
    records = [
        run(n, HOSTILE if n > 20 else "failed", version_id=evil, deployment_id=HOSTILE)
        for n in range(30)
    ]
    found = texts(draw(frame(records)))
    for text in found:
        assert not re.search(r"<(?!br>)", text)
        assert "\u202e" not in text
    assert draw in WITHOUT_TEXT or any("<" in unescape(text) for text in found)


@pytest.mark.parametrize("draw", CHARTS)
def test_a_template_brings_its_ground_and_colours(draw: Any) -> None:
    runs = frame(ODD)
    light, dark = draw(runs), draw(runs, template="plotly_dark")
    assert light.layout.paper_bgcolor == light.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert dark.layout.paper_bgcolor == dark.layout.plot_bgcolor == "rgb(17,17,17)"
    if draw not in WITHOUT_STATUSES:
        assert LOOKS["running"].dark in dark.to_json()
        assert LOOKS["running"].either in light.to_json()


@pytest.mark.parametrize("draw", EVERY)
@pytest.mark.parametrize("template", [None, "plotly_dark"])
def test_a_figure_of_no_runs_says_so_and_has_no_axes(draw: Any, template: str | None) -> None:
    figure = draw([], template=template)
    assert [note.text for note in figure.layout.annotations if note.text] == ["no runs"]
    axes = [*figure.select_xaxes(), *figure.select_yaxes()]
    assert axes
    assert not any(axis.visible for axis in axes)


@pytest.mark.parametrize("draw", EVERY)
def test_a_figure_in_which_no_run_has_a_place_says_that_there_are_runs(draw: Any) -> None:
    figure = draw(frame([run(n, "odd", (None, None, None), version_id=f"v{n}") for n in range(3)]))
    empty = [note.text for note in figure.layout.annotations if note.text]
    assert empty == (
        []
        if draw is figures.outcomes
        else [text for text in empty if text.startswith("none of 3 runs")]
    )
    assert draw is figures.outcomes or len(empty) == 1


@pytest.mark.parametrize("draw", EVERY)
def test_a_figure_of_one_outcome_has_a_legend(draw: Any) -> None:
    figure = draw(frame([run(n, times=(n, n + 1, n + 9)) for n in range(30)]))
    assert figure.layout.showlegend
    assert [trace.name for trace in figure.data if trace.showlegend is not False]


@pytest.mark.parametrize("draw", EVERY)
@pytest.mark.parametrize("template", ["plotly_dark", "plotly_white", "ggplot2"])
def test_a_figure_stands_on_the_ground_of_its_template(draw: Any, template: str) -> None:
    """On a clear ground its words would be white on the white of a page."""
    figure = draw(frame(ODD), template=template)
    assert figure.layout.paper_bgcolor == pio.templates[template].layout.paper_bgcolor


@pytest.mark.parametrize("draw", EVERY)
def test_every_bar_is_given_its_width(draw: Any) -> None:
    """Where it is not, plotly takes it from the distance of bars of the same trace, over those of others."""
    for trace in draw(frame(ODD)).data:
        assert trace.type != "bar" or trace.width is not None


@pytest.mark.parametrize(
    ("template", "dark"),
    [
        ("plotly_dark", True),
        ("plotly_dark+presentation", True),
        (pio.templates["plotly_dark"], True),
        ({"layout": {"paper_bgcolor": "#101820"}}, True),
        ("plotly_white", False),
        ("none", False),
        ({"layout": {"paper_bgcolor": "rgba(0,0,0,0)"}}, False),
        ({"layout": {"title": {"text": "dark"}}}, False),
    ],
)
def test_a_template_is_dark_by_its_ground_and_not_by_its_name(template: Any, dark: bool) -> None:
    bars, _ = figures.outcomes(frame([run(0)]), template=template).data
    assert bars.marker.color == (LOOKS["succeeded"].dark if dark else LOOKS["succeeded"].light)


@pytest.mark.parametrize("name", ["outcomes", "durations", "concurrency", "survival", "trend"])
def test_a_chart_says_which_runs_stand_in_it_more_than_once(name: str) -> None:
    draw = getattr(figures, name)
    runs = frame([run(number) for number in range(30)])
    assert "more than once" not in told(draw(runs))
    twice = pd.concat([runs, runs.iloc[:3]], ignore_index=True)
    assert "3 runs stand here more than once" in told(draw(twice))


NO_COLUMN = {
    "a frame": frame(ODD),
    "a Series": frame(ODD)["status"],
    "an array": np.array(["status", "mode"]),
    "a list": ["status", "mode"],
    "a set": {"status"},
    "NA": pd.NA,
    "a number": 3.5,
    "a name that no column has": "nothing",
}
"""What is no name of a column, of a zone or of a template."""


ARGUMENTS = [
    (draw, argument)
    for draw in EVERY
    for argument in ("by", "tz", "template")
    if argument in signature(draw).parameters
]


@pytest.mark.parametrize(("draw", "argument"), ARGUMENTS)
@pytest.mark.parametrize("wrong", NO_COLUMN.values(), ids=NO_COLUMN)
def test_a_wrong_argument_of_any_figure_is_an_error_with_a_hint(
    draw: Any, argument: str, wrong: Any
) -> None:
    with pytest.raises((SchemaError, SettingsError)) as caught:
        draw(frame(ODD), **{argument: wrong})
    assert caught.value.hint
