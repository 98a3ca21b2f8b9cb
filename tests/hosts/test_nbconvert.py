"""nbconvert: the HTML page of an executed notebook tells the story by the twins alone, offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser

from tests.support.jupyter_server import environment
from tests.support.open_page import OpenPage

from .conftest import write_records
from .stories import READ, RUN, RUNS, expect_twins

THEIRS = ("https://cdnjs.cloudflare.com/", "https://cdn.jsdelivr.net/", "https://unpkg.com/")
"""Where nbconvert's own page asks for require.js, MathJax and the widget manager."""


@pytest.mark.parametrize("state", [True, False], ids=["with state", "without state"])
def test_the_page_of_a_notebook_shows_the_twins(
    browser: Browser, tmp_path: Path, state: bool
) -> None:
    write_records(tmp_path)
    cells = [nbformat.v4.new_code_cell(cell) for cell in (READ, RUN, RUNS)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "story.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to=html", "--execute", "story.ipynb"]
    command.append(f"--ExecutePreprocessor.store_widget_state={state}")
    subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), check=True, capture_output=True
    )
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    seen = OpenPage(page)
    page.goto((tmp_path / "story.html").as_uri(), wait_until="domcontentloaded")
    expect_twins(page)
    assert (seen.ours, [url for url in seen.outside if not url.startswith(THEIRS)]) == ([], [])
    page.close()
