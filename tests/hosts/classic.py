"""Notebook 6, the last front end of Jupyter with the widget manager of ipywidgets 7."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, ConsoleMessage, Locator

from tests.support.jupyter_server import Server, environment, free_port
from tests.support.open_page import OpenPage

NOTEBOOK = "window.Jupyter.notebook"
LOOKED = "jupyter.widget.control"
"""In what the widget manager says once it has looked for widgets of a kernel that has none."""


class Classic:
    """A running server and its files.

    Args:
        folder: where notebooks and everything that Jupyter writes go.
        python: the interpreter of an environment in which this package is installed.
    """

    def __init__(self, folder: Path, python: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self._token = secrets.token_hex(16)
        port = free_port()
        self._base = f"http://127.0.0.1:{port}"
        command = [
            *(str(python), "-m", "notebook", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            *(f"--port={port}", "--port-retries=0", f"--NotebookApp.token={self._token}"),
            f"--notebook-dir={self.files}",
        ]
        ready = f"{self._base}/api/status?token={self._token}"
        self._server = Server(command, ready, environment(folder, checkout=False), folder)

    def __enter__(self) -> Classic:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def write(self, name: str, *cells: str) -> Path:
        """Writes a notebook of code cells."""
        kernel = {"name": "python3", "display_name": "python3", "language": "python"}
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": kernel},
        )
        nbformat.write(notebook, self.files / name)
        return self.files / name

    @contextmanager
    def open(self, browser: Browser, name: str) -> Iterator[ClassicNotebook]:
        """Opens a notebook in a page of its own, and waits for its kernel and widget manager."""
        context = browser.new_context(viewport={"width": 1280, "height": 1400})
        page = context.new_page()
        opened = ClassicNotebook(page)
        with page.expect_console_message(_has_looked, timeout=60_000):
            page.goto(f"{self._base}/notebooks/{name}?token={self._token}")
        # What it begins to do then, and would do to widgets made meanwhile, has ended after this.
        page.evaluate(f"async () => void await {NOTEBOOK}.kernel.widget_manager._get_comm_info()")
        try:
            yield opened
        finally:
            context.close()


def _has_looked(said: ConsoleMessage) -> bool:
    return LOOKED in said.text


class ClassicNotebook(OpenPage):
    """A notebook in the browser."""

    def run_all(self) -> None:
        """Begins to run every cell."""
        self.page.evaluate(f"() => void {NOTEBOOK}.execute_all_cells()")

    def cell(self, number: int) -> Locator:
        """A cell of the notebook."""
        return self.page.locator("#notebook-container > .cell").nth(number)

    def ask_until(self, cell: int, answer: str) -> None:
        """Runs one cell until it gives an answer: what a page changes reaches Python a little later."""
        output = self.cell(cell).locator(".output_text")
        for _ in range(40):
            self.page.evaluate(f"(cell) => void {NOTEBOOK}.execute_cells([cell])", cell)
            self.page.wait_for_timeout(250)
            if output.count() and output.inner_text().strip() == answer:
                return
        assert output.inner_text().strip() == answer

    def save(self) -> None:
        """Saves and waits until that is done."""
        self.page.evaluate(f"async () => void await {NOTEBOOK}.save_notebook()")
