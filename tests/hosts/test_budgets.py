"""What a view costs in the saved notebook, beside plotly's FigureWidget in the same notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
import pytest
from ipywidgets import Widget
from playwright.sync_api import Browser, expect

import agentrun_nb as arn
from agentrun_nb.local import generate
from agentrun_nb.widget import RunExplorer, explore
from tests.support.jupyter_host import Host, OpenNotebook
from tests.support.samples import record

from .conftest import write_records
from .stories import READ, RUN, RUNS, SAVE_STATE

STATE, TWIN, NOTEBOOK = 20_000, 40_000, 250_000
FIVE = (
    READ,
    RUN,
    RUNS,
    "arn.explore(runs[runs['status'] == 'failed'])",
    "arn.explore(runs, tz='Europe/Berlin')",
    "arn.explore_json(runs['output_manifest'].iloc[0])",
)
FIGURE = "import plotly.graph_objects as go\ngo.FigureWidget(go.Bar(x=[1, 2, 3], y=[1, 2, 3]))"
"""The smallest figure: what it costs is its module, whatever it shows."""


def size(value: object) -> int:
    return len(json.dumps(value).encode())


@pytest.fixture(scope="module")
def views() -> Iterator[dict[str, RunExplorer]]:
    """Explorers of few and many runs, of large documents, and of one run that is all text."""
    large = record(
        1,
        output_manifest={f"key {n}": "x" * 1_000 for n in range(5_000)},
        failure_reason="y" * 500_000,
    )
    made = {
        f"{n:,} runs": explore(b"[" + b",".join(generate(n, seed=1)) + b"]")
        for n in (0, 12, 1_000, 100_000)
    }
    made |= {
        "large runs": explore([large] * 4),
        "one large run": explore(arn.Run(json.dumps(large).encode())),
    }
    yield made
    for view in made.values():
        view.close()


def test_the_state_of_a_view_does_not_grow_with_its_runs(views: dict[str, RunExplorer]) -> None:
    sizes = {name: size(view.get_state()) for name, view in views.items()}
    print(f"\nstate in bytes: {sizes}")
    assert max(sizes.values()) <= STATE
    assert np.ptp(list(sizes.values())) < 500


def test_a_twin_stays_small_whatever_it_tells(views: dict[str, RunExplorer]) -> None:
    sizes = {name: len(view._twin()["text/html"].encode()) for name, view in views.items()}
    print(f"\ntwin in bytes: {sizes}")
    assert max(sizes.values()) <= TWIN


def test_the_managers_state_is_that_of_the_views(views: dict[str, RunExplorer]) -> None:
    assert size(Widget.get_manager_state(widgets=list(views.values()))) <= len(views) * STATE


def test_a_notebook_of_five_views_is_small(tmp_path: Path, browser: Browser) -> None:
    with Host(tmp_path) as host:
        write_records(host.files)
        with shown(host, browser, "five.ipynb", *FIVE) as (notebook, path):
            lean = saved(notebook, path)
            notebook.command(SAVE_STATE)
            full = saved(notebook, path)
        with shown(host, browser, "figure.ipynb", FIGURE) as (notebook, path):
            figure = saved(notebook, path)
    print(
        f"\nfive views: {lean:,} bytes as JupyterLab saves them, {full:,} with widget state; ",
        end="",
    )
    print(f"one FigureWidget: {figure:,} with widget state")
    assert max(lean, full) <= NOTEBOOK
    assert full <= figure / 20


@contextmanager
def shown(
    host: Host, browser: Browser, name: str, *cells: str
) -> Iterator[tuple[OpenNotebook, Path]]:
    """A notebook of cells in JupyterLab, run until their views stand."""
    path = host.write(name, *cells)
    with host.open(browser, name) as notebook:
        notebook.run_all()
        views = notebook.page.locator(".arn-root, .js-plotly-plot")
        expect(views).to_have_count(5 if cells == FIVE else 1, timeout=60_000)
        yield notebook, path


def saved(notebook: OpenNotebook, path: Path) -> int:
    """Has JupyterLab save the notebook, and tells how large it is; from `SAVE_STATE` on with the state of widgets."""
    notebook.save()
    assert "error" not in {
        out.output_type for cell in nbformat.read(path, 4).cells for out in cell.outputs
    }
    return path.stat().st_size
