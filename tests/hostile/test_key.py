"""The API key is nowhere in what a view shows, keeps or leaves behind."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import nbformat
import pytest
from ipywidgets import Widget
from ipywidgets.embed import embed_minimal_html
from nbclient import NotebookClient
from nbconvert import get_exporter

import agentrun_nb as arn
from tests.support.jupyter_server import environment
from tests.support.samples import body, record

from .kernels import left_over, running, send, told

KEY = "sk-never-shown-4f1d9c"
CELLS = (
    "import pathlib, os, agentrun_nb as arn\nclient = arn.Client(deadline=1); client",
    "runs = arn.runs_frame(pathlib.Path('runs.json').read_bytes()); runs.head(3)",
    "ex = arn.explore(runs, client); ex",
    "ex.figure()",
    "print(repr(client), repr(ex), ex.code)",
    "arn.explore(arn.Run(pathlib.Path('run.json').read_bytes()), client)",
    "client.explore('nowhere', 'nothing')",
)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that was run with a key in the environment, with its last cell failing, and saved with state."""

    folder = tmp_path_factory.mktemp("key")
    (folder / "runs.json").write_bytes(body(12))
    (folder / "run.json").write_text(json.dumps(record(3)))
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    env = environment(folder) | {
        "AGENTRUN_API_KEY": KEY,
        "AGENTRUN_BASE_URL": "https://127.0.0.1:9",
    }
    runner = NotebookClient(
        made, allow_errors=True, resources={"metadata": {"path": str(folder)}}, timeout=120
    )
    runner.execute(env=env)
    nbformat.write(made, folder / "key.ipynb")
    return folder / "key.ipynb"


def test_a_saved_notebook_holds_no_key(notebook: Path) -> None:
    saved = notebook.read_text()
    assert KEY not in saved
    outputs = [out for cell in nbformat.reads(saved, 4).cells for out in cell.outputs]
    assert [out.ename for out in outputs if out.output_type == "error"] != []
    assert nbformat.reads(saved, 4).metadata.widgets


@pytest.mark.filterwarnings(
    "ignore:Your element with mimetype"
)  # A plotly figure, which nbconvert leaves out.
@pytest.mark.parametrize("kind", ["html", "script", "markdown"])
def test_what_nbconvert_makes_holds_no_key(notebook: Path, kind: str) -> None:
    made, _ = get_exporter(kind)().from_filename(str(notebook))
    assert "explore" in made
    assert KEY not in made


def test_the_key_is_in_no_state_repr_bundle_or_embedded_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = arn.Client(api_key=KEY)
    view = arn.explore(body(12), client)
    view.to_html(tmp_path / "file.html")
    embed_minimal_html(tmp_path / "embedded.html", views=[view])
    view._ipython_display_()
    places = {
        "state": view.get_state(),
        "manager": Widget.get_manager_state(),
        "repr": repr(view),
        "str": str(view),
        "format": f"{view}",
        "bundle": view._repr_mimebundle_(),
        "twin": view._twin(),
        "code": view.code,
        "traits": {name: getattr(view, name) for name in view.trait_names()},
        "page": view._whole_page(),
        "attributes": vars(view),
        "shown": capsys.readouterr(),
        "file": (tmp_path / "file.html").read_text(),
        "embedded": (tmp_path / "embedded.html").read_text(),
    }
    assert [name for name, place in places.items() if KEY in repr(place)] == []
    client.close()


@pytest.mark.parametrize("end", ["interrupt", "restart"])
def test_a_kernel_that_is_stopped_while_it_waits_for_the_service_shows_no_key(
    tmp_path: Path, end: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, running(tmp_path) as (manager, kernel):
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        told(
            kernel,
            f"import agentrun_nb as arn; client = arn.Client({KEY!r}, {address!r}, allow_http=True)",
        )
        kernel.execute("client.get_run('a', 'b')")
        silent.settimeout(30)
        asked, _ = silent.accept()
        manager.interrupt_kernel() if end == "interrupt" else manager.restart_kernel(now=False)
        shown = left_over(kernel, 1)
        kernel.wait_for_ready(timeout=60)
        assert end == "restart" or "Interrupt" in shown
        assert KEY not in shown
        assert told(kernel, "print(1 + 1)") == ("2", [])
        asked.close()


def test_a_view_that_is_closed_while_a_file_is_read_shows_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_bytes(body(1))
    with socket.create_server(("127.0.0.1", 0)) as silent, running(tmp_path) as (_, kernel):
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        made = f"import pathlib, agentrun_nb as arn; client = arn.Client({KEY!r}, {address!r}, allow_http=True)"
        comm, _ = told(
            kernel, f"{made}\n{CELLS[1]}\nex = arn.explore(runs, client); print(ex.model_id)"
        )
        send(
            kernel,
            comm,
            {"method": "custom", "content": {"id": 1, "op": "preview", "row": 0, "output": 0}},
        )
        silent.settimeout(30)
        asked, _ = silent.accept()
        reading = "reading = ex._reading['preview']; ex.close()"
        assert told(kernel, reading) == ("", [])
        asked.close()
        silent.close()
        ended = "import asyncio; await asyncio.wait([reading]); print(reading.exception())"
        assert told(kernel, ended) == ("None", [])
        assert left_over(kernel, 0.2) == ""
