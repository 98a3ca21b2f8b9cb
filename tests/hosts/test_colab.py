"""Beside the versions that Colab brings nothing is replaced, and the views live with ipywidgets 7."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
from playwright.sync_api import Browser

from tests.support.open_page import click_run

from .classic import Classic
from .conftest import write_records
from .environments import COLAB, Environment
from .stories import READ, RUN, RUNS, expect_live, live_views


def test_an_installation_replaces_no_package(colab: Environment) -> None:
    assert set(COLAB) <= colab.brought, "the control: pip calls the packages as the list does"
    assert colab.brought <= colab.installed()


def test_every_smoke_call_works(colab: Environment) -> None:
    # Isolated, so that it imports what is installed and not the checkout around it.
    command = [colab.python, "-I", "-W", "error::FutureWarning", colab.copy / "tests/smoke.py"]
    subprocess.run(command, check=True, timeout=300)


def test_the_views_live_and_a_click_reaches_python(
    colab: Environment, browser: Browser, tmp_path: Path
) -> None:
    with Classic(tmp_path, colab.python) as host:
        write_records(host.files)
        path = host.write("live.ipynb", READ, RUN, RUNS, "print(ex.selected)")
        with host.open(browser, path.name) as notebook:
            notebook.run_all()
            expect_live(notebook.page)
            click_run(live_views(notebook.page).nth(1), 5)
            notebook.ask_until(3, "[['agdep_reports', 'adrun_00000005']]")
            notebook.save()
            assert (notebook.errors, notebook.outside) == ([], [])
        one, many = (html_of(cell) for cell in nbformat.read(path, 4).cells[1:3])
    assert "no such column" in one
    assert "12 runs" in many


def html_of(cell: nbformat.NotebookNode) -> str:
    """The static twin that a saved cell has."""
    bundles = [output.get("data", {}) for output in cell.outputs]
    return "".join(bundle.get("text/html", "") for bundle in bundles)
