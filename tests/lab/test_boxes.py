"""The views inside boxes of other widgets: each shares the width of its box as they do."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, expect

from tests.support.jupyter_host import Host
from tests.support.samples import body, record

READ = """import pathlib
import ipywidgets as w
import agentrun_nb as arn
runs = arn.runs_frame(pathlib.Path('runs.json').read_bytes())
run = arn.Run(pathlib.Path('run.json').read_bytes())
def explore(what, **layout):
    view = arn.explore_json(what) if isinstance(what, list) else arn.explore(what)
    for name, value in layout.items():
        setattr(view.layout, name, value)
    return view"""

BOXES = {
    "w.HBox([explore(runs)])": [1],
    "w.HBox([explore(run)])": [1],
    "w.HBox([explore([1])])": [1],
    "w.HBox([explore(runs), explore(runs)])": [1 / 2, 1 / 2],
    "w.HBox([explore([1]), explore(run)])": [1 / 2, 1 / 2],
    "w.HBox([w.VBox([explore(runs)])])": [1],
    "w.HBox([w.HBox([w.VBox([explore(runs), explore([1])])])])": [1, 1],
    "w.HBox([w.VBox([explore(run)]), explore(runs)])": [1 / 2, 1 / 2],
    "w.VBox([explore(runs), explore([1])])": [1, 1],
    "w.Tab([explore(runs)])": [1],
    "w.GridBox([explore(runs), explore(run)], layout=w.Layout(grid_template_columns='1fr 1fr'))": [
        1 / 2,
        1 / 2,
    ],
    "w.HBox([explore(runs, width='400px'), explore(run)])": [400, 0],
}


@pytest.fixture(scope="module")
def widths(
    lab: Host, browser: Browser
) -> dict[str, tuple[float, list[tuple[float, float]], list[str]]]:
    """What each box looks like: its own width, the width and height of the views in it, and the errors."""
    (lab.files / "runs.json").write_bytes(body(12))
    (lab.files / "run.json").write_text(json.dumps(record(3)))
    found = {}
    cells = [
        *BOXES,
        "w.HBox([w.Dropdown(options=['a'], layout=w.Layout(width='300px')), explore(runs)])",
    ]
    with lab.open(browser, lab.write("boxes.ipynb", READ, *cells).name) as notebook:
        notebook.run(0)
        for number, code in enumerate(cells, 1):
            notebook.run(number)
            views = notebook.cell(number).locator(".arn-root")
            expect(views.last.locator(".arn-run, .arn-nums, .arn-tree").first).to_be_visible()
            boxes = views.evaluate_all(
                "(views) => views.map((view) => [view.offsetWidth, view.offsetHeight])"
            )
            room = views.first.evaluate(
                "(view) => view.closest('.jp-OutputArea-output').clientWidth"
            )
            found[code] = room, boxes, [*notebook.errors]
            notebook.errors.clear()
    return found


@pytest.mark.parametrize("code", BOXES)
def test_views_share_the_width_of_their_box(
    widths: dict[str, tuple[float, list[tuple[float, float]], list[str]]], code: str
) -> None:
    room, views, errors = widths[code]
    assert errors == []
    for (width, height), share in zip(views, BOXES[code], strict=True):
        assert height < 2_500
        if share > 1:
            assert width == share
        elif share:
            # Tabs and boxes have borders and paddings of their own.
            assert 0.94 * share * room <= width <= share * room + 1


def test_a_view_leaves_other_widgets_their_width(
    widths: dict[str, tuple[float, list[tuple[float, float]], list[str]]],
) -> None:
    room, [(width, _)], errors = list(widths.values())[-1]
    assert errors == []
    assert room - 320 < width <= room - 300
