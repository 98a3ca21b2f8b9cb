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

import agentrun_nb as arn

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))
sys.path.insert(0, str(NOTEBOOKS))

from execute import FIGURE, add_pictures, execute  # noqa: E402

READING = sorted(
    name
    for name, member in vars(arn.Client).items()
    if callable(member) and not name.startswith("_") and hasattr(arn.Archive, name)
)
"""What an archive does as a client does."""

KEY = re.compile(r"local_[\w-]{20,}")
"""What the key of a local service looks like."""


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_shows_no_key(path: Path) -> None:
    done = execute(path)
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert outputs
    assert not [output for output in outputs if output.output_type in ("error", "stderr")]
    assert not KEY.search(nbformat.writes(done))


BRING = """
import agentrun_nb as arn

source = arn.Archive("runs.sqlite")

def synced(client):
    source.sync(client)
    return source

def rescued(client, runs):
    source.rescue(client, runs)
    return runs
"""


def reading_an_archive(code: str) -> str:
    """A cell with an archive in place of the client wherever runs are read."""
    code = re.sub(
        r"\bclient\.(get_logs|read_output)\((\w+)", r"synced(client).\1(rescued(client, \2)", code
    )
    code = re.sub(rf"\bclient\.({'|'.join(READING)})\(", r"synced(client).\1(", code)
    return re.sub(r"(arn\.explore\(\w+), client\b", r"\1, source", code)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_runs_with_an_archive_in_place_of_the_client(path: Path, tmp_path: Path) -> None:
    """What acts on the service, such as to submit and to wait, stays the client's."""
    notebook = nbformat.read(path, as_version=4)
    replaced = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            before, cell.source = cell.source, reading_an_archive(cell.source)
            replaced += before != cell.source
    notebook.cells.insert(0, nbformat.v4.new_code_cell(BRING))
    notebook.cells.append(nbformat.v4.new_code_cell("print(len(source.list_runs()))"))
    nbformat.write(notebook, tmp_path / path.name)
    done = execute(tmp_path / path.name)
    shown = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert not [output for output in shown if output.output_type in ("error", "stderr")]
    count = int(done.cells[-1].outputs[0].text)
    assert (count > 0) is (replaced > 0) is ("client" in path.read_text(encoding="utf-8"))


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
