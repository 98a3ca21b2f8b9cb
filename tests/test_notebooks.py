"""Every notebook runs from its first cell to its last, and what is saved of it is light and shows no key."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path

import nbformat
import plotly.graph_objects as go
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))
sys.path.insert(0, str(NOTEBOOKS))

from execute import FIGURE, add_pictures, execute  # noqa: E402

KEY = re.compile(r"local_[\w-]{20,}")
"""What the key of a local service looks like."""


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_shows_no_key(path: Path) -> None:
    done = execute(path)
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert outputs
    assert not [output for output in outputs if output.output_type in ("error", "stderr")]
    assert not KEY.search(nbformat.writes(done))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_saved_notebook_has_outputs_and_no_widget_state(path: Path) -> None:
    saved = nbformat.read(path, as_version=4)
    code = [cell for cell in saved.cells if cell.cell_type == "code"]
    assert any(cell.outputs for cell in code)
    assert "widgets" not in saved.metadata
    assert path.stat().st_size < 250_000
    text = path.read_text(encoding="utf-8")
    assert not KEY.search(text)
    assert not re.search(r"/(home|root|tmp)/", text)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_figure_in_a_saved_notebook_is_seen_without_a_script(path: Path) -> None:
    outputs = [
        output
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    for bundle in (
        output.data
        for output in outputs
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ):
        assert {"image/svg+xml", "image/png"} & bundle.keys()


def test_a_figure_without_a_picture_gets_one():
    figure = go.Figure(go.Bar(x=["a"], y=[1])).update_layout(title="Bars")
    bundle = {FIGURE: json.loads(figure.to_json())}
    output = nbformat.v4.new_output("display_data", data=bundle)
    cell = nbformat.v4.new_code_cell("figure", outputs=[output])
    add_pictures(nbformat.v4.new_notebook(cells=[cell]))
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")
    assert output.metadata["image/png"]["alt"] == "Figure: Bars"
