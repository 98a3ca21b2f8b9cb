"""Runs each notebook of this folder from a clean kernel and saves its outputs, without widget state."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import agentrun_nb as arn

HERE = Path(__file__).parent


def execute(path: Path) -> nbformat.NotebookNode:
    """Runs a notebook in an empty folder, with a local service as the reader's own, and returns it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    with arn.local.serve() as service, tempfile.TemporaryDirectory() as folder:
        for deployment in ("csv-report", "invoice-audit", "csv-report"):
            service.submit(deployment)
        service.wait()
        settings = {"AGENTRUN_API_KEY": service.api_key, "AGENTRUN_BASE_URL": service.base_url}
        client = NotebookClient(
            notebook, timeout=300, store_widget_state=False, resources={"metadata": {"path": folder}}
        )
        client.execute(env=os.environ | settings)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


if __name__ == "__main__":
    for found in sorted(HERE.glob("*.ipynb")):
        nbformat.write(execute(found), found)
        print(f"{found.name}: {found.stat().st_size / 1000:,.0f} kB")
