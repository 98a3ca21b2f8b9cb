"""JupyterLab under a policy as strict as it boots with: the views live, and where no module may load, twins tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.jupyter_host import Host, OpenNotebook
from tests.support.open_page import click_run

from .conftest import write_records
from .stories import READ, RUN, RUNS, expect_live, expect_twins, live_views

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {}; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data: blob:; connect-src 'self' ws://127.0.0.1:*; worker-src 'self' blob:; base-uri 'none'; "
    "frame-ancestors 'self'; form-action 'none'; object-src 'none'"
)
"""JupyterLab compiles its schemas by `eval`, styles its elements in place, and speaks to kernels by a socket."""
MODULES = "blob:"
"""Where anywidget loads every module from."""
LABS_OWN = "Executing inline script violates"
"""What JupyterLab's page says of itself, with or without the widget."""


@pytest.fixture
def strict(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    """JupyterLab under the policy, with or without a source of modules."""
    with Host(tmp_path, policy=POLICY.format(request.param)) as host:
        write_records(host.files)
        yield host


def stopped(notebook: OpenNotebook) -> list[str]:
    """What the policy stopped that is not JupyterLab's own, and all other errors."""
    return [said for said in notebook.errors if not said.startswith(LABS_OWN)]


@pytest.mark.parametrize("strict", [MODULES], indirect=True)
def test_under_a_strict_policy_the_views_live_and_a_saved_notebook_tells_its_story(
    strict: Host, browser: Browser
) -> None:
    path = strict.write("strict.ipynb", READ, RUN, RUNS, "print(ex.selected)")
    with strict.open(browser, path.name) as notebook:
        notebook.run_all()
        expect_live(notebook.page)
        click_run(live_views(notebook.page).nth(1), 5)
        notebook.ask_until(3, "[['agdep_reports', 'adrun_00000005']]")
        notebook.save()
        assert (stopped(notebook), notebook.outside) == ([], [])
    path.write_text(path.read_text().replace("ex.selected", "ex.path"))
    with strict.open(
        browser, path.rename(path.with_stem("untrusted")).name, kernel=False
    ) as notebook:
        expect_twins(notebook.page)
        assert notebook.outside == []


@pytest.mark.parametrize("strict", [""], indirect=True)
def test_where_the_policy_stops_the_module_the_twins_stay(strict: Host, browser: Browser) -> None:
    with strict.open(browser, strict.write("stopped.ipynb", READ, RUN, RUNS).name) as notebook:
        notebook.run_all()
        expect_twins(notebook.page)
        assert any(MODULES in said for said in stopped(notebook))
