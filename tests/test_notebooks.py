"""Every notebook runs from its first cell to its last, and what is saved of it is light and shows no key."""

from __future__ import annotations

import base64
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import plotly.graph_objects as go
import pytest

import agentrun_nb as arn
from tests.addresses import PROJECT

REPOSITORY = re.escape(PROJECT["urls"]["Repository"])
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


def complaints(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Errors, and what was written as one."""
    return [
        output
        for output in outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_shows_no_key(path: Path) -> None:
    done = execute(path)
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert outputs
    assert not complaints(outputs)
    assert not KEY.search(nbformat.writes(done))


def no_run_in_the_week(service: arn.local.Service) -> None:
    """A run of the first deployment, a month old."""
    first = service.deployments["id"].iloc[0]
    moment = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    old = {"id": "old", "deployment_id": first, "status": "succeeded"}
    service.load([json.dumps(old | {"created_at": moment, "updated_at": moment}).encode()])


def no_deployment(service: arn.local.Service) -> None:
    """A service that has just been set up."""
    service._store._shelves.clear()


def nothing_ever_ran(service: arn.local.Service) -> None:
    """Deployments, and no run."""


@pytest.mark.parametrize("prepare", [no_run_in_the_week, nothing_ever_ran, no_deployment])
def test_the_notebook_for_a_service_of_your_own_works_where_there_is_little(prepare) -> None:
    done = execute(NOTEBOOKS / "00_your_own_service.ipynb", prepare)
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert not complaints(outputs)
    assert ("<RunExplorer: 1 run," in str(outputs)) is (prepare is no_run_in_the_week)


def test_each_notebook_leads_to_every_other() -> None:
    names = {path.name for path in ALL}
    for path in ALL:
        notebook = nbformat.read(path, as_version=4)
        first, last = notebook.cells[0].source, notebook.cells[-1].source
        assert first.startswith(f"# {int(path.name[:2])} · ")
        assert set(re.findall(r"\]\((\S+\.ipynb)\)", first)) == names - {path.name}
        assert set(re.findall(r"\]\((\S+\.ipynb)\)", last)) <= names - {path.name}
        assert "](" in last


def test_each_notebook_installs_the_package_where_it_is_not() -> None:
    """As in Colab, where a notebook comes alone. Where the package is, the cell does nothing."""
    cells = {nbformat.read(path, as_version=4).cells[1].source for path in ALL}
    (install,) = cells
    assert 'if importlib.util.find_spec("agentrun_nb") is None:' in install
    (extras,) = re.findall(
        rf"%pip install .*agentrun-nb\[([a-z,]+)\] @ git\+{REPOSITORY}\"", install
    )
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_line_that_a_reader_copies_is_plain_pandas(path: Path) -> None:
    """Where code goes around the tables, the package lacks something."""
    notebook = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert not re.search(
        r"\.values\b|\.to_?list\(|\.index\[0\]|\.iterrows|\.to_dict\(|join\(arn\.", code
    )


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
    return re.sub(r"(arn\.explore\([^,]+), client\b", r"\1, source", code)


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
    assert not complaints(shown)
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
