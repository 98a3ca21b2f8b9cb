"""Runs each notebook of this folder from a clean kernel and saves its outputs, without widget state.

Beside each plotly figure goes a picture of it, for readers that run no script; the figure itself says how it is drawn.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import plotly.io
from nbclient import NotebookClient
from PIL import Image

import agentrun_nb as arn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
FIGURE, COLOURS = "application/vnd.plotly.v1+json", 96


def some_runs(service: arn.local.Service) -> None:
    """What the service of a reader has: a few runs, one of which failed."""
    for deployment in ("csv-report", "invoice-audit", "csv-report"):
        service.submit(deployment)
    service.wait()


def execute(
    path: Path, prepare: Callable[[arn.local.Service], None] = some_runs
) -> nbformat.NotebookNode:
    """Runs a notebook in an empty folder, with a local service as the reader's own.

    Args:
        path: the notebook.
        prepare: brings runs into the service before.

    Returns:
        The notebook with its outputs.
    """
    notebook = nbformat.read(path, as_version=4)
    with arn.local.serve() as service, tempfile.TemporaryDirectory() as folder:
        prepare(service)
        settings = {"AGENTRUN_API_KEY": service.api_key, "AGENTRUN_BASE_URL": service.base_url}
        client = NotebookClient(
            notebook,
            timeout=300,
            store_widget_state=False,
            resources={"metadata": {"path": folder}},
        )
        client.execute(env=os.environ | settings)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def add_pictures(notebook: nbformat.NotebookNode) -> None:
    """Puts a picture beside each plotly figure that has none."""
    from tests.support.chromium import chromium

    outputs = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if FIGURE in output.get("data", {})
    ]
    bare = [output for output in outputs if not {"image/svg+xml", "image/png"} & output.data.keys()]
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 760, "height": 450})
        for output in bare:
            figure = plotly.io.from_json(json.dumps(output.data[FIGURE]), skip_invalid=True)
            page.set_content(figure.to_html(include_plotlyjs=True, config={"staticPlot": True}))
            page.locator(".main-svg").first.wait_for()
            shot = page.locator(".js-plotly-plot").screenshot(omit_background=True)
            picture = base64.b64encode(few_colours(shot)).decode()
            output.data.update({"image/png": picture, "text/plain": "A plotly figure"})
            output.metadata["image/png"] = {"alt": f"Figure: {figure.layout.title.text}"}


def few_colours(png: bytes) -> bytes:
    """The picture with a palette, which makes it a third as large."""
    made = io.BytesIO()
    Image.open(io.BytesIO(png)).quantize(COLOURS).save(made, "png", optimize=True)
    return made.getvalue()


if __name__ == "__main__":
    for found in sorted(HERE.glob("*.ipynb")):
        done = execute(found)
        add_pictures(done)
        nbformat.write(done, found)
        print(f"{found.name}: {found.stat().st_size / 1000:,.0f} kB")
