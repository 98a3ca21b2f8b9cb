"""The still picture of many runs: rows with names and lengths, else bands with what failed, never large."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from agentrun_nb.drawing import svg_timeline
from agentrun_nb.drawing.bands import bands_of
from agentrun_nb.drawing.layout import MOST_BANDS
from agentrun_nb.drawing.spans import spans
from agentrun_nb.drawing.window import GROUPINGS
from agentrun_nb.tables.moments import last_moment
from tests.golden.pictures import NAMES, runs_of
from tests.support.analysis import frame, run
from tests.support.samples import HOSTILE

MOST_BYTES = 15_000
LONG = '"&\u202e\U0001f600<=' * 100


def picture(runs: pd.DataFrame, by: str | None = None, names: Any = NAMES) -> str:
    drawn = svg_timeline.timeline(runs, last_moment(runs), "UTC", by, names)
    assert drawn is not None
    return drawn.svg


def texts(svg: str) -> list[str]:
    return [
        element.text or ""
        for element in ElementTree.fromstring(svg).iter()
        if element.tag.endswith("text")
    ]


def test_up_to_30_runs_have_a_row_each_with_name_short_id_and_length() -> None:
    runs = runs_of(30)
    found = texts(picture(runs))
    assert found.count("report v1") == found.count("report v2") == 15
    assert {"00000000", "0000001d"} <= set(found)
    after = (runs["completed_at"] - runs["started_at"]).dropna().dt.total_seconds()
    for seconds in after[after < 60]:
        assert f"{seconds:g} s" in found
    # What goes on says so, and what it has waited so far without a start.
    assert len([text for text in found if text.endswith("so far")]) == 3


def test_a_length_is_rounded_once() -> None:
    assert "6.2 s, UTC" in texts(picture(frame([run(1, times=(0, 1, 7.2496))])))


def test_without_names_rows_bear_the_whole_ids() -> None:
    found = texts(picture(runs_of(3), names=None))
    assert {"adrun_00000000", "adrun_00000001", "adrun_00000002"} <= set(found)


@pytest.mark.parametrize(
    ("runs", "by", "bands"),
    [
        (runs_of(31), None, ["review", "report"]),
        (runs_of(600), None, ["review", "report"]),
        (runs_of(31).assign(deployment_id="agdep_reports"), None, ["report v1", "report v2"]),
        (runs_of(60), "version_id", ["report v1", "report v2"]),
        (runs_of(4), "status", ["queued", "installing", "running", "succeeded"]),
        (runs_of(60), "none", []),
        (runs_of(31).assign(version_id=None, deployment_id=None), "version_id", ["no version recorded"]),
    ],
)  # fmt: skip
def test_more_runs_stand_in_bands_with_how_many_there_are_and_how_many_failed(
    runs: pd.DataFrame, by: str | None, bands: list[str]
) -> None:
    found = texts(picture(runs, by))
    places = [found.index(name) for name in bands]
    assert places == sorted(places)
    for place in places:
        size = int(re.fullmatch(r"(\d+) runs?", found[place + 1])[1])
        assert size
        if by != "status":
            failed, share = re.fullmatch(r"(\d+) failed, (\d+)\s%", found[place + 2]).groups()
            assert int(failed) / size <= int(share) / 100 + 0.005
    sizes = [int(found[place + 1].split()[0]) for place in places]
    assert sum(sizes) == (len(runs) if bands else 0)


def test_of_many_groups_the_smallest_are_one_band_and_none_is_lost() -> None:
    records = [
        run(n, times=(n, n, n + 1), version_id=f"v{n % 40 if n < 200 else 1}") for n in range(400)
    ]
    runs = frame(records)
    placed = spans(runs, last_moment(runs))
    every = placed.touching(None, None)
    bands = bands_of(runs, every, placed.begin, "version_id", {})
    assert len(bands) == MOST_BANDS
    assert bands[-1].name == "29 other versions"
    assert sum(band.size for band in bands) == 400
    assert bands[0].name == "v0"


def test_a_band_says_of_whom_how_many_failed() -> None:
    ends = ["succeeded"] * 5 + ["failed"] * 2 + ["timed_out"] + ["cancelled"] * 4 + ["running"] * 3
    runs = frame([run(n, end, (n, n, n + 1)) for n, end in enumerate(ends)])
    placed = spans(runs, last_moment(runs))
    [band] = bands_of(runs, placed.touching(None, None), placed.begin, "version_id", {})
    assert band.sentence == "v1: 15 runs, 3 failed, 38\u00a0%"


@pytest.mark.parametrize("by", [None, *GROUPINGS])
@pytest.mark.parametrize("count", [1, 2, 30, 31, 150, 151, 3_000])
def test_a_picture_is_small_whatever_stands_in_it(count: int, by: str | None) -> None:
    runs = runs_of(count)
    odd = runs.assign(
        id=runs["id"] + LONG,
        version_id=[f"v{n % 20}{LONG}" for n in range(count)],
        deployment_id=[f"d{n % 13}{LONG}" for n in range(count)],
    )
    for table in (runs, odd):
        assert len(picture(table, by, {}).encode()) <= MOST_BYTES


@pytest.mark.parametrize("by", [None, *GROUPINGS])
@pytest.mark.parametrize("count", [2, 40, 200])
def test_names_are_text_and_stay_in_their_place(count: int, by: str | None) -> None:
    names = dict.fromkeys(NAMES, HOSTILE)
    svg = picture(runs_of(count), by, names)
    root = ElementTree.fromstring(svg)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg", "path", "text", "defs", "use",
    }  # fmt: skip
    assert not re.search(r"\son\w+=|\u202e|\u001b", svg)
    # What is too wide for its place is cut off by a picture in the picture.
    for inner in root.iter("{http://www.w3.org/2000/svg}svg"):
        if inner is not root:
            assert float(inner.get("width")) <= 150
    if by in (None, "none", "deployment_id", "version_id") and not (count > 30 and by == "none"):
        assert any(text.startswith('"><img') for text in texts(svg))


@pytest.mark.parametrize("count", [40, 200])
def test_what_the_bands_say_is_said_to_those_who_do_not_see_them(count: int) -> None:
    runs = runs_of(count)
    drawn = svg_timeline.timeline(runs, last_moment(runs), "UTC", None, NAMES)
    assert re.fullmatch(
        r"By deployment: review: \d+ runs, \d+ failed, \d+\s%; report: \d+ runs, \d+ failed, \d+\s%",
        drawn.words,
    )
    assert unescape(drawn.svg).count("failed, ") == 2


@pytest.mark.parametrize("count", [20, 60, 600])
def test_a_window_shows_what_touches_it_and_says_how_much_does_not(count: int) -> None:
    runs = runs_of(count)
    placed = spans(runs, last_moment(runs))
    first, last = placed.bulk()
    window = (first + 0.3 * (last - first), first + 0.5 * (last - first))
    drawn = svg_timeline.timeline(runs, last_moment(runs), "UTC", None, NAMES, window)
    inside = int(placed.touching(*window).sum())
    assert f"{count - inside} outside of this time, " in drawn.svg
    if drawn.words:
        assert sum(int(size) for size in re.findall(r"(\d+) runs?,", drawn.words)) == inside
    else:
        assert len(re.findall(r">0000\w{4}<", drawn.svg)) == inside
    # No bar lies over the names.
    without_shapes = re.sub(r'<path [^>]*fill-rule="evenodd"[^>]*>', "", drawn.svg)
    lefts = [float(left) for left in re.findall(r"M([\d.]+) [\d.]+[Hh]\d", without_shapes)]
    assert lefts
    assert min(lefts) >= 150


@pytest.mark.parametrize("count", [20, 600])
def test_a_window_without_runs_is_a_picture_too(count: int) -> None:
    runs = runs_of(count)
    window = (0.0, 60_000.0)
    drawn = svg_timeline.timeline(runs, last_moment(runs), "UTC", None, NAMES, window)
    assert f"{count} outside of this time" in drawn.svg


def test_bands_have_one_scale() -> None:
    """Of two bands the first, with a tenth of the runs, has columns of a tenth of the height."""
    records = [
        run(n, times=(n % 10, n % 10, n % 10 + 1), version_id="ab"[n % 11 == 0])
        for n in range(1_100)
    ]
    svg = picture(frame(records), "version_id", {})
    columns = [
        max(int(height) for height in re.findall(r"h\d+v(\d+)H", path))
        for path in re.findall(r'<path d="([^"]*)" fill="#309c5c"', svg)
    ]
    assert len(columns) == 2
    assert columns[1] == pytest.approx(10 * columns[0], abs=10)
