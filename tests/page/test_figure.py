"""The plotly figure of an explorer is what stands on its page: same rows, stretch of time, folds, colours, zone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from agentrun_nb.widget import explore
from tests.support.samples import moment, record, records

from .conftest import Opener, Stage
from .scenarios import Scenario

END = 15
"""What stays free behind the axis of the page."""


def shown(
    open_stage: Opener, runs: list[dict[str, Any]], *presses: str, scheme: str = "light", **how: Any
) -> Any:
    """A view and its page, of which certain buttons were pressed; the view has been told what is on the screen."""
    view = explore(json.dumps(runs).encode(), **how)
    page, buffers = view._whole_page()
    stage = open_stage(
        Scenario(page, buffers, traits={"tz": view.tz, "selected": [], "path": ""}),
        scheme=scheme,
        width=1600,
    )
    for press in presses:
        stage.press(press)
    stage.page.wait_for_timeout(600)
    view._receive(
        view,
        stage.page.evaluate("window.stage.model.sent.findLast(({ op }) => op === 'window')"),
        [],
    )
    return view, stage


def apart(count: int, days: int = 30) -> list[dict[str, Any]]:
    """Runs of which the second half comes days later."""
    return [between(number, 86_400 * days * (2 * number >= count)) for number in range(count)]


def between(number: int, later: int) -> dict[str, Any]:
    at = 60 * number + later
    times = {
        "created_at": moment(at),
        "started_at": moment(at + 5),
        "completed_at": moment(at + 240),
    }
    return record(number, "failed" if number % 5 == 3 else "succeeded", **times)


def on_page(stage: Stage, count: int) -> dict[str, float]:
    """How high each run stands that has a mark of its own."""
    places = stage.page.get_by_test_id("arn-timeline-canvas").evaluate(
        "(canvas, count) => Array.from({ length: count }, (_, row) => canvas.arnLocate(row)?.y ?? null)",
        count,
    )
    return {f"adrun_{row:08x}": y for row, y in enumerate(places) if y is not None}


def in_figure(figure: Any) -> dict[str, float]:
    """How far below the top each run stands in the figure."""
    height_of = {}
    for bars in figure.data:
        if bars.type == "bar":
            axis = figure.layout[(bars.yaxis or "y").replace("y", "yaxis")]
            low, high = axis.range
            for text, y in zip(bars.hovertext, bars.y, strict=True):
                share = (y - low) / (high - low)
                height_of[re.search("<b>(.*?)</b>", text)[1]] = -axis.domain[0] - share * (
                    axis.domain[1] - axis.domain[0]
                )  # type: ignore[index]
    return height_of


@pytest.mark.parametrize(
    ("count", "days", "presses"),
    [
        (12, 0, []),
        (12, 30, ["arn-fold"]),
        (35, 0, []),
        (300, 0, []),
        (300, 0, ["by:none"]),
        (300, 0, ["by:deployment_id"]),
        (300, 0, ["by:status"]),
        (300, 30, ["by:version_id", "arn-fold"]),
        (300, 0, ["arn-zoom-in", "arn-zoom-in"]),
    ],
)
def test_runs_stand_in_the_same_rows(
    open_stage: Opener, count: int, days: int, presses: list[str]
) -> None:
    """What is above another run on the page is so in the figure, and what is beside it is beside it."""
    view, stage = shown(open_stage, apart(count, days), *presses)
    page, figure = on_page(stage, count), in_figure(view.figure())
    both = [name for name in figure if name in page]
    assert len(both) == len(figure) > 5
    assert ranks([page[name] for name in both]) == ranks([figure[name] for name in both])


def ranks(heights: list[float]) -> list[int]:
    levels = sorted({round(height, 6) for height in heights})
    return [levels.index(round(height, 6)) for height in heights]


def test_rows_bear_the_names_of_their_runs(open_stage: Opener) -> None:
    view, _ = shown(open_stage, apart(12))
    assert list(view.figure().layout.yaxis.ticktext) == [f"adrun_{row:08x}" for row in range(12)]


@pytest.mark.parametrize("x", [200, 350, 500])
def test_columns_hold_the_same_counts(open_stage: Opener, x: int) -> None:
    view, stage = shown(open_stage, records(5_000), "by:none")
    stage.page.get_by_test_id("arn-timeline-canvas").hover(position={"x": x, "y": 240})
    told = stage.page.get_by_test_id("arn-tooltip").inner_text()
    window = view._window
    left = stage.page.evaluate("document.querySelector('canvas').clientWidth") - END - window.width
    at = window.start + (x - left) / window.width * (window.end - window.start)
    counts = [
        y
        for bars in view.figure().data
        if bars.type == "bar"
        for middle, width, y in zip(bars.x, bars.width, bars.y, strict=True)
        if middle - width / 2 <= at < middle + width / 2
    ]
    assert f": {sum(counts)} runs\n" in told


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kolkata"])
def test_the_stretch_of_time_and_its_zone_are_those_of_the_page(
    open_stage: Opener, tz: str
) -> None:
    view, _ = shown(open_stage, records(300), "arn-zoom-in", tz=tz)
    start, end = view.figure().layout.xaxis.range
    shift = 0 if tz == "UTC" else 5.5 * 3_600_000
    assert (start - shift, end - shift) == pytest.approx(
        (view._window.start, view._window.end), abs=0.5
    )
    assert tz in view.figure().layout.xaxis.title.text


def test_the_same_gaps_are_folded_to_the_same_width(open_stage: Opener) -> None:
    view, stage = shown(open_stage, apart(300), "arn-fold")
    [fold], axis = view._window.folds, view.figure().layout.xaxis
    [cut] = axis.rangebreaks
    at, length, kept = fold
    assert tuple(cut.bounds) == (at + kept / 2, at + length - kept / 2)
    assert "1 gap folded" in stage.page.get_by_test_id("arn-timeline").inner_text()
    assert not shown(open_stage, apart(300))[0].figure().layout.xaxis.rangebreaks


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_those_of_the_page(open_stage: Opener, scheme: str) -> None:
    view, stage = shown(open_stage, apart(12), scheme=scheme)
    [failed] = [trace.marker.color for trace in view.figure().data if trace.name == "failed"]
    seen = stage.page.locator(".arn-root").evaluate(
        """(root) => {
          const probe = Object.assign(document.createElement("i"), { style: "color: var(--arn-failed)" });
          root.append(probe);
          const found = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
          probe.remove();
          return found;
        }"""
    )
    assert [int(failed[at : at + 2], 16) for at in (1, 3, 5)] == seen
