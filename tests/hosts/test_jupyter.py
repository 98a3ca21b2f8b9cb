"""Four Jupyter front ends: the view lives, page and kernel agree, and a saved notebook tells its story."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from tests.support.jupyter_host import Host, OpenNotebook
from tests.support.open_page import click_run

from .environments import Environment
from .stories import READ, RUN, RUNS, SAVE_STATE, expect_live, expect_twins, live_views, twins

MIME_STATE = "application/vnd.jupyter.widget-state+json"
THEIRS = {
    "Cannot read properties of undefined (reading 'schema')",
    "Failed to execute 'removeChild' on 'Node': The node to be removed is not a child of this node.",
}
"""What Notebook and JupyterLab 4.4 say on a change of theme, with or without the widget."""


@pytest.fixture(scope="package")
def saved(jupyter: Host, browser: Browser) -> dict[str, Path]:
    """The notebook as a person leaves it: live in both themes, clicked, saved without and then with widget state."""
    path = jupyter.write("live.ipynb", READ, RUN, RUNS, "print(ex.selected)")
    with jupyter.open(browser, path.name) as notebook:
        notebook.run_all()
        expect_live(notebook.page)
        click_run(live_views(notebook.page).nth(1), 5)
        notebook.ask_until(3, "[['agdep_reports', 'adrun_00000005']]")
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            notebook.theme(theme)
            expect_live(notebook.page)
        notebook.save()
        without = Path(shutil.copy(path, path.with_name("without.ipynb")))
        save_with_state(notebook, path)
        assert (set(notebook.errors) - THEIRS, notebook.outside) == (set(), [])
    return {"without": without, "with": path}


def save_with_state(notebook: OpenNotebook, path: Path) -> None:
    notebook.command(SAVE_STATE)
    notebook.save()
    assert MIME_STATE in nbformat.read(path, 4).metadata["widgets"]


def reopened(host: Host, path: Path, *, trusted: bool) -> str:
    """A copy of a saved notebook under a name of its own, signed or changed by somebody else."""
    copy = Path(
        shutil.copy(path, host.files / f"{path.stem}_{'signed' if trusted else 'changed'}.ipynb")
    )
    if trusted:
        host.trust(copy.name)
    else:
        copy.write_text(
            copy.read_text().replace("print(ex.selected)", "print(ex.selected)  # by somebody else")
        )
    return copy.name


def test_the_views_live_and_a_click_reaches_python(saved: dict[str, Path]) -> None:
    """The first look in each front end; what is checked stands in the fixture, for others go on from it."""
    assert all(path.exists() for path in saved.values())


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
@pytest.mark.parametrize("state", ["without", "with"])
def test_a_saved_notebook_tells_its_story_without_a_kernel(
    jupyter: Host, browser: Browser, saved: dict[str, Path], state: str, trusted: bool
) -> None:
    with jupyter.open(
        browser, reopened(jupyter, saved[state], trusted=trusted), kernel=False
    ) as notebook:
        assert notebook.is_trusted() == trusted
        expect_twins(notebook.page)
        assert (notebook.ours, notebook.outside) == ([], [])


def test_reopened_while_the_kernel_lives_the_views_come_back(
    jupyter: Host, browser: Browser
) -> None:
    path = jupyter.write("again.ipynb", READ, RUN, RUNS)
    with jupyter.open(browser, path.name) as notebook:
        notebook.run_all()
        expect_live(notebook.page)
        notebook.save()
        notebook.page.reload()
        expect_live(notebook.page)
        assert (notebook.ours, notebook.outside) == ([], [])


def test_the_tour_is_trusted_in_binder_from_its_first_opening(
    binder: Environment, browser: Browser, tmp_path: Path
) -> None:
    with Host(tmp_path, "lab", binder.python) as host:
        shutil.copytree(binder.data, host.data, dirs_exist_ok=True)
        shutil.copy(binder.copy / "notebooks" / "01_tour.ipynb", host.files)
        with host.open(browser, "01_tour.ipynb") as notebook:
            assert notebook.is_trusted()
            expect(twins(notebook.page).first).to_be_visible()
            assert (notebook.ours, notebook.outside) == ([], [])
