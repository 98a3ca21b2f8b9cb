"""The plotly figures: what the records say, escaped, small, in the colours of the widget."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import figures
from agentrun_nb.core.text import counted
from agentrun_nb.drawing.axis import ticks
from agentrun_nb.drawing.status_style import LOOKS, look_of
from agentrun_nb.drawing.window import GROUPINGS, LARGEST_DATE
from agentrun_nb.widget import explore
from tests.support.samples import HOSTILE, START, body, moment, record


def rows(*records) -> list[bytes]:
    return [json.dumps(one).encode() for one in records]


def names(figure) -> list[str]:
    return [trace.name for trace in figure.data if trace.showlegend is not False]


def many(count: int) -> pd.DataFrame:
    """A frame of `count` runs, of which the one in the middle failed."""
    runs = pd.concat([arn.runs_frame(body(100))] * (count // 100), ignore_index=True)
    at = pd.Timestamp(START) + pd.to_timedelta(np.arange(count), unit="s")
    status = np.where(np.arange(count) == count // 2, "failed", "succeeded")
    return runs.assign(
        created_at=at, started_at=at, completed_at=at + pd.Timedelta("1s"), status=status
    )


@pytest.mark.parametrize("look", [*LOOKS.values(), look_of(None)])
def test_the_colour_for_any_ground_holds_on_white_and_on_near_black(look):
    assert min(contrast(look.either, "#ffffff"), contrast(look.either, "#111111")) >= 3


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_bar_lies_where_the_timestamps_say():
    figure = figures.timeline(rows(record(0)))
    [bars] = figure.data
    zero = START.timestamp() * 1_000
    assert list(zip(bars.base, bars.x, bars.marker.opacity, strict=True)) == [
        (zero + 7_250, 87_750, 1),
        (zero, 7_250, 0.35),
    ]
    assert "7.3 s before start<br>1 min 28 s after start" in bars.hovertext[0]


def test_a_run_that_goes_on_ends_at_the_last_moment_known_and_is_hatched():
    figure = figures.timeline(rows(record(0, "running", updated_at=moment(60))))
    assert figure.data[0].x[0] == 60_000 - 7_250
    assert figure.data[0].marker.pattern.shape == ("/", "")
    assert "52.8 s since start, open when read" in figure.data[0].hovertext[0]


@pytest.mark.parametrize("by", ["none", "deployment_id", "version_id", "status"])
@pytest.mark.parametrize("count", [1, 2, 10, 60])
def test_each_bar_stays_in_its_own_row(by, count):
    """Those that failed are far from each other in a trace of their own, and yet no bar covers another."""
    status = {3: "failed", 6: "failed", 9: "timed_out"}
    figure = figures.timeline(
        rows(*(record(n, status.get(n % 20, "succeeded")) for n in range(count))), by=by
    )
    boxes = [box for trace in figure.data if trace.type == "bar" for box in boxes_of(trace)]
    assert len(boxes) == 2 * count
    for one, other in combinations(boxes, 2):
        apart = one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]
        assert apart or one[4] != other[4]


def boxes_of(trace) -> list[tuple]:
    """Where the bars of a trace lie: left, right, top, low, and on which axis."""
    half = trace.width / 2
    bars = zip(trace.base, trace.x, trace.y, strict=True)
    return [
        (base, base + length, row - half, row + half, trace.yaxis) for base, length, row in bars
    ]


@pytest.mark.parametrize("by", ["none", "deployment_id", "version_id", "status"])
def test_a_window_without_runs_says_so_on_its_axis(by):
    start = (START.timestamp() + 86_400) * 1_000
    figure = figures.timeline(body(20), window=(start, start + 60_000), by=by)
    assert "no runs in this stretch of time" in [note.text for note in figure.layout.annotations]
    assert figure.layout.xaxis.range == (start, start + 60_000)
    assert figure.layout.xaxis.visible is None


def test_times_stand_in_the_zone_that_is_chosen():
    figure = figures.timeline(rows(record(0)), tz="Asia/Kolkata")
    assert figure.data[0].base[1] == (START.timestamp() + 5.5 * 3_600) * 1_000
    assert figure.layout.xaxis.title.text == "time (Asia/Kolkata)"


def test_failures_are_painted_last():
    for count in (200, 3_000):
        assert [trace.name for trace in figures.timeline(body(count)).data if trace.type == "bar"][
            -1
        ] == "failed"


def test_the_legend_has_the_statuses_in_the_order_of_their_lives():
    figure = figures.timeline(body(200))
    ranks = {trace.name: trace.legendrank for trace in figure.data}
    assert sorted(ranks, key=ranks.get) == [
        look.label for look in LOOKS.values() if look.label in ranks
    ]


def test_runs_are_grouped_by_version_or_status():
    by_version = figures.timeline(body(50), by="version_id")
    assert [band.text for band in by_version.layout.annotations] == ["agver_1, 25", "agver_2, 25"]
    by_status = [
        band.text.partition(",")[0]
        for band in figures.timeline(body(200), by="status").layout.annotations
    ]
    assert by_status == [LOOKS[name].label for name in LOOKS if LOOKS[name].label in by_status]


NAMES = {"agver_1": "report v1", "agdep_reviews": "review"}


def test_rows_and_bands_bear_the_names_of_versions_and_deployments():
    few = figures.timeline(body(4), names=NAMES)
    # A version has a name of its own, or that of its deployment, or none.
    assert few.layout.yaxis.ticktext == (
        "report v1 00000000", "adrun_00000001", "report v1 00000002", "review 00000003",
    )  # fmt: skip
    assert "succeeded, report v1<br>" in "".join(
        text for trace in few.data for text in trace.hovertext
    )
    bands = figures.timeline(body(90), names=NAMES).layout.annotations
    assert [band.text for band in bands] == ["review, 30", "agdep_reports, 60"]
    assert "<br>30 runs<br>" in bands[0].hovertext
    assert re.search(r"\d failed, \d+\s%", bands[1].hovertext)


def test_the_figure_of_an_explorer_has_its_names():
    figure = explore(body(4), names=NAMES).figure()
    assert figure.layout.yaxis.ticktext[0] == "report v1 00000000"


@pytest.mark.parametrize("count", [5_000, 100_000])
def test_many_runs_make_a_small_figure_in_which_no_failure_is_lost(count):
    figure = figures.timeline(many(count))
    assert len(figure.to_json()) < 300_000
    [mark] = [trace for trace in figure.data if trace.type == "scatter"]
    assert (mark.name, list(mark.customdata)) == ("failed", [1])


def test_hostile_text_is_shown_as_text():
    hostile = '<b>x</b><a href="https://evil.example">y</a><span style="background:url(https://evil.example)">z</span>'
    for by in GROUPINGS:
        figure = figures.timeline(rows(record(1, hostile, id=hostile, version_id=HOSTILE)), by=by)
        texts = [*names(figure), *(figure.layout.yaxis.ticktext or ()), *figure.data[0].hovertext]
        texts += [band.text for band in figure.layout.annotations]
        for text in texts:
            assert set(re.findall(r"<\w+", text)) <= {"<b", "<br"}
        assert "<a href" in unescape("".join(texts))
        assert "\u202e" not in "".join(texts)


@pytest.mark.parametrize(
    "x", [[], rows(record(0, created_at=None)), rows(record(0, "odd", completed_at=moment(-9)))]
)
def test_runs_without_a_place_make_a_figure_too(x):
    assert figures.timeline(x).layout.xaxis.type == "date"


@pytest.mark.parametrize("day", ["0001-01-01", "1600-05-01", "2262-05-01", "9999-12-31"])
@pytest.mark.parametrize("tz", ["UTC", "America/New_York", "Europe/Zurich"])
def test_a_run_of_any_year_is_drawn(day, tz):
    times = {
        "created_at": f"{day}T00:00:01Z",
        "started_at": f"{day}T00:00:02Z",
        "completed_at": f"{day}T23:59:59Z",
    }
    runs = rows(record(0), record(1, **times))
    for figure in (
        explore(runs, tz=tz).figure(),
        figures.timeline(runs, tz),
        figures.concurrency(runs, tz),
    ):
        assert figure.data
    [bars] = figures.timeline(runs).data
    moments = np.array(
        [record(0)["started_at"][:-1], times["started_at"][:-1]], "datetime64[ms]"
    ).astype("int64")
    assert set(moments) <= set(bars.base)


@pytest.mark.parametrize(
    ("draw", "wrong", "told"),
    [
        *(
            (name, {"template": "nope"}, "'nope' is not a template")
            for name in figures.__all__
            if name != "show"
        ),
        ("timeline", {"template": 5}, "'5' is not a template"),
        ("timeline", {"tz": "nope"}, "not a time zone"),
        ("concurrency", {"tz": "nope"}, "not a time zone"),
        ("timeline", {"by": "nope"}, "Choose among none, deployment_id, version_id, status"),
        ("survival", {"by": "version"}, "Near it: version_id"),
        ("outcomes", {"by": "version"}, "Near it: version_id"),
    ],
)
def test_a_wrong_argument_of_a_figure_is_told(draw, wrong, told):
    with pytest.raises(arn.AgentRunError, match=told):
        getattr(figures, draw)(body(20), **wrong)


def test_only_a_figure_is_shown():
    with pytest.raises(arn.errors.SettingsError, match="int is not a figure"):
        figures.show(3)


def test_the_figure_of_a_dark_page_carries_its_ground():
    view = explore(body(20))
    for dark, ground in ((True, "#111111"), (False, "rgba(0,0,0,0)")):
        view._receive(
            view,
            {"id": 1, "op": "window", "start": None, "end": None, "by": "none", "dark": dark},
            [],
        )
        assert view.figure().layout.paper_bgcolor == view.figure().layout.plot_bgcolor == ground


def test_the_ground_is_transparent_and_a_template_brings_its_colours():
    assert figures.timeline(body(3)).layout.paper_bgcolor == "rgba(0,0,0,0)"
    dark = figures.timeline(rows(record(0)), template="plotly_dark")
    assert dark.data[0].marker.color == LOOKS["succeeded"].dark


def test_the_explorers_figure_is_what_is_on_the_screen():
    view = explore(body(20), tz="Asia/Kolkata")
    assert len(drawn(view.figure())) == 20
    start = START.timestamp() * 1_000
    view._receive(
        view,
        {"id": 1, "op": "window", "start": start, "end": start + 125_000, "by": "version_id"},
        [],
    )
    figure = view.figure()
    assert len(drawn(figure)) == 3
    shift = 5.5 * 3_600_000
    assert figure.layout.xaxis.range == (start + shift, start + 125_000 + shift)
    assert {band.text for band in figure.layout.annotations} == {"agver_1, 10", "agver_2, 10"}


def drawn(figure) -> list[str]:
    """The runs that have a bar of their own."""
    texts = [
        zip(trace.hovertext, trace.marker.opacity, strict=True)
        for trace in figure.data
        if trace.type == "bar"
    ]
    return [
        re.search("<b>(.*?)</b>", text)[1]
        for bars in texts
        for text, opacity in bars
        if opacity != 0.35
    ]


def test_a_figure_is_shown_with_a_picture_beside_it(monkeypatch):
    shown = []
    monkeypatch.setattr(figures, "display", lambda data, raw: shown.append(data))
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    figures.show(figures.timeline(body(3)))
    figures.show(figures.go.Figure())
    assert set(shown[0]) == {"application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"}
    assert shown[0]["image/svg+xml"].startswith("<svg")
    assert "image/svg+xml" not in shown[1]
    assert "kaleido is not installed" in shown[1]["text/plain"]


CHANGES = [
    ("America/New_York", "2026-11-01T06:00Z"),
    ("America/New_York", "2026-03-08T07:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),
]


@pytest.mark.parametrize(("tz", "change"), CHANGES)
@pytest.mark.parametrize("count", [9, 30])
def test_lengths_stay_true_while_a_clock_is_put_forward_or_back(tz, change, count):
    """Ten minutes each, before, over and after the change."""
    begins = pd.Timestamp(change) + pd.to_timedelta(
        np.arange(count) * 10 - count * 5 - 5, unit="min"
    )
    texts = [[(at + pd.Timedelta(minutes=n)).isoformat() for n in (0, 10)] for at in begins]
    runs = rows(
        *(
            record(
                n, "failed" if n == 4 else "succeeded", created_at=a, started_at=a, completed_at=b
            )
            for n, (a, b) in enumerate(texts)
        )
    )
    for figure in (figures.timeline(runs, tz), explore(runs, tz=tz).figure()):
        boxes = sorted(
            box for trace in figure.data if trace.type == "bar" for box in boxes_of(trace)
        )
        assert [right - left for left, right, *_ in boxes] == [600_000] * count
        assert {later[0] - box[0] for box, later in pairwise(boxes)} == {600_000}
        offset = boxes[0][0] - begins[0].timestamp() * 1_000
        shown = [
            tick.label for tick in ticks(*(at - offset for at in figure.layout.xaxis.range), tz, 9)
        ]
        assert [text.partition("<br>")[0] for text in figure.layout.xaxis.ticktext] == shown
        assert np.all(np.diff(figure.layout.xaxis.tickvals) > 0)
        for trace in figure.data:
            assert "%{x}" not in (trace.hovertemplate or "")
    steps = figures.concurrency(runs, tz).data[0]
    assert np.all(np.diff(steps.x) > 0)
    assert steps.hovertext[0].endswith(begins[0].tz_convert(tz).isoformat()[-6:])


@pytest.mark.parametrize(("tz", "change"), CHANGES)
def test_on_a_long_axis_the_ticks_of_plotly_stand_at_what_the_clock_shows(tz, change):
    begins = pd.Timestamp(change) + pd.to_timedelta([-20, 0, 20], unit="D")
    texts = [at.isoformat() for at in begins]
    runs = rows(
        *(record(n, created_at=a, started_at=a, completed_at=a) for n, a in enumerate(texts))
    )
    [bars] = figures.timeline(runs, tz).data
    walls = begins.tz_convert(tz).tz_localize(None).as_unit("ms").astype("int64")
    assert sorted(bars.base) == list(walls)
    assert figures.timeline(runs, tz).layout.xaxis.tickvals is None


NO_PLACE = {
    "no runs": [],
    "one run without times": rows(record(0, created_at=None, started_at=None, completed_at=None)),
    "runs left out": rows(*(record(n, None, created_at="soon") for n in range(3))),
}


@pytest.mark.parametrize("by", ["none", "deployment_id", "version_id", "status"])
@pytest.mark.parametrize("records", NO_PLACE.values(), ids=NO_PLACE)
def test_a_timeline_without_a_run_that_has_a_place_says_so(records, by):
    """Also the figure of an explorer."""
    runs = arn.runs_frame(records)
    explorer = explore(runs)
    explorer._window = replace(explorer._window, by=by)
    for figure in (figures.timeline(runs, by=by), explorer.figure()):
        written = [note.text for note in figure.layout.annotations]
        lack = "has a created time that can be read"
        some = f"none of {counted(len(runs), 'run')} {lack}"
        assert ("no runs" if runs.empty else some) in written
        assert not figure.data
        assert figure.layout.height > 0


@pytest.mark.parametrize(
    "window",
    [
        5,
        "ab",
        (1,),
        (1, 2, 3),
        ("a", "b"),
        (2, 1),
        (1, 1),
        (np.nan, 1),
        (np.inf, 1),
        (0, 1e300),
    ],
)
@pytest.mark.parametrize("by", ["none", "version_id"])
def test_a_window_that_is_no_stretch_of_time_is_an_error_with_a_hint(window, by):
    with pytest.raises(arn.errors.SettingsError) as caught:
        figures.timeline(rows(record(0)), window=window, by=by)
    assert caught.value.hint


@pytest.mark.parametrize(
    "window",
    [
        (START.isoformat(), START + timedelta(hours=1)),
        (pd.Timestamp(START), np.datetime64(START.replace(tzinfo=None)) + np.timedelta64(1, "h")),
        ("1h", "0s"),
    ],
    ids=["moments", "of pandas and numpy", "ages"],
)
def test_a_window_is_given_as_for_explore(window):
    """As moments or as ages, which count back from the newest look."""
    first = START.timestamp() * 1_000
    runs = arn.runs_frame(rows(record(0))).assign(fetched_at=START + timedelta(hours=1))
    figure = figures.timeline(runs, window=window, by="none")
    assert figure.layout.xaxis.range == (first, first + 3_600_000)


def test_without_a_window_all_runs_are_drawn():
    runs = arn.runs_frame(body(20))
    view = arn.explore(runs)
    ranges = [
        figures.timeline(runs, window=window).layout.xaxis.range
        for window in (view.window, (None, None))
    ]
    assert ranges[0] == ranges[1] == figures.timeline(runs).layout.xaxis.range


@pytest.mark.parametrize("by", ["none", "version_id"])
def test_a_window_that_is_open_beyond_all_runs_has_a_length(by):
    first = START.timestamp() * 1_000
    for window in ((None, first - 3_600_000), (first + 3_600_000, None)):
        low, high = figures.timeline(rows(record(0)), window=window, by=by).layout.xaxis.range
        assert low < high


FIRST = START.timestamp() * 1_000
NO_LENGTH = {
    "one moment": (FIRST, FIRST, ()),
    "one moment after all runs": (FIRST + 1e9, FIRST + 1e9, ()),
    "two moments in one fold": (FIRST + 2_000, FIRST + 5_000, ((FIRST - 1_000, 1e7, 10.0),)),
    "the last moment that there is": (LARGEST_DATE, LARGEST_DATE, ()),
    "open, from the last moment on": (LARGEST_DATE, None, ()),
}
"""Windows as a page may send them: two ends and the folds, between which the axis keeps nothing."""


@pytest.mark.parametrize("name", NO_LENGTH)
@pytest.mark.parametrize("by", GROUPINGS)
@pytest.mark.parametrize("count", [0, 1, 100, 2_000])
def test_an_axis_has_a_length_whatever_the_window(name, by, count):
    """With runs in rows, in lanes and in columns."""
    start, end, folds = NO_LENGTH[name]
    runs = many(2_000).iloc[:count]
    explorer = explore(runs)
    explorer._window = replace(explorer._window, start=start, end=end, folds=folds, by=by)
    low, high = explorer.figure().layout.xaxis.range
    assert low < high
