"""Plotly reads a little HTML in every text: in our figures none of it comes out of the data."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from agentrun_nb.widget import explore

from .payloads import batches, hostile_runs
from .stage import Stage

DRAWN = """async () => {
  const figure = document.querySelector('.js-plotly-plot');
  while (!figure.querySelector('.main-svg')) await new Promise(requestAnimationFrame);
  const shape = new Set();
  const look = () => figure.querySelectorAll('svg *').forEach((one) => {
    shape.add(one.tagName);
    for (const name of one.getAttributeNames()) if (/^on|^href|^src/.test(name)) shape.add(`${one.tagName} ${name}`);
  });
  for (const [curve, trace] of figure._fullData.entries()) {
    for (let point = 0; point < Math.min(3, trace.x?.length ?? 0); point++) {
      Plotly.Fx.hover(figure, [{curveNumber: curve, pointNumber: point}], trace.xaxis + trace.yaxis);
      look();
    }
  }
  look();
  return [...shape];
}"""
STRAY = {"a", "image", "foreignObject", "script", "style", "IMG", "A"}


def drawn(stage: Stage, figure: go.Figure) -> set[str]:
    """Draws a figure, points at its marks, and gives the elements it is made of."""
    stage.write(figure.to_html(include_plotlyjs="/plotly.js"))
    stage.page.wait_for_function(
        "() => window.Plotly && document.querySelector('.js-plotly-plot .main-svg')"
    )
    return set(stage.page.evaluate(DRAWN))


@pytest.mark.parametrize("by", ["none", "deployment_id", "version_id", "status"])
def test_a_figure_of_every_payload_holds_no_markup_out_of_it(open_stage: Stage, by: str) -> None:
    for batch in batches(60):
        view = explore(hostile_runs(batch))
        view._receive(None, {"id": 1, "op": "window", "start": None, "end": None, "by": by}, [])
        shape = drawn(open_stage, view.figure())
        assert {name for name in shape if name in STRAY or " " in name} == set()
        open_stage.assert_calm()


def test_a_figure_that_is_given_raw_text_shows_what_these_tests_look_for(open_stage: Stage) -> None:
    raw = '<a href="https://outside.test/link">x</a> <span style="background:url(https://outside.test/style)">y</span>'
    shape = drawn(
        open_stage,
        go.Figure(go.Bar(y=[1], x=["a"], name=raw, showlegend=True), {"title": {"text": raw}}),
    )
    assert "a" in shape
    assert any("outside.test/style" in url for url in open_stage.asked)
