"""A Jupyter front end of its own, on the loopback, with a browser that can reach nothing else."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbformat.sign import NotebookNotary
from playwright.sync_api import Browser, Locator, Route

from tests.support.jupyter_server import Server, environment, free_port
from tests.support.open_page import OpenPage

QUIET = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
APPS = {
    "lab": ("jupyterlab.labapp", "--LabApp.expose_app_in_browser=True", "doc/tree"),
    "notebook": ("notebook.app", "--JupyterNotebookApp.expose_app_in_browser=True", "notebooks"),
}
CONTEXT = "window.jupyterapp.shell.currentWidget.context"
KERNEL = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext.session?.kernel"
KERNEL_IDLE = f"() => {KERNEL}?.status === 'idle' && {KERNEL}.connectionStatus === 'connected'"


class Host:
    """A running server and its files.

    Args:
        folder: where notebooks and everything that Jupyter writes go.
        kind: `lab` or `notebook`.
        python: the interpreter of an environment in which this package is installed; by default the one that runs
            the tests, on the files of this checkout.
        policy: the content security policy that every page is served under; by default Jupyter's own.
    """

    def __init__(
        self,
        folder: Path,
        kind: Literal["lab", "notebook"] = "lab",
        python: Path | None = None,
        policy: str | None = None,
    ) -> None:
        self.files, self.data = folder / "files", folder / "data"
        module, expose, self._route = APPS[kind]
        self._token = secrets.token_hex(16)
        env, self.port = environment(folder, checkout=python is None), free_port()
        for place in (self.files, self.data, folder / "settings/@jupyterlab/apputils-extension"):
            place.mkdir(parents=True)
        settings = (
            folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        )
        settings.write_text(json.dumps(QUIET))
        command = [
            # The server runs in another folder.
            str(python.absolute() if python else sys.executable),
            "-m",
            module,
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
        ]
        command += [
            f"--port={self.port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self._token}",
            expose,
        ]
        command += [f"--ServerApp.root_dir={self.files}"]
        if policy:
            command += [
                f"--ServerApp.tornado_settings={ {'headers': {'Content-Security-Policy': policy}} }"
            ]
        status = f"http://127.0.0.1:{self.port}/api/status?token={self._token}"
        self._server = Server(command, status, env, folder)

    def __enter__(self) -> Host:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def write(self, name: str, *cells: str, kernel: str = "python3") -> Path:
        """Writes a notebook of code cells."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        )
        nbformat.write(notebook, self.files / name)
        return self.files / name

    def trust(self, name: str) -> None:
        """Signs a notebook, as `jupyter trust` does."""
        notary = NotebookNotary(data_dir=str(self.data))
        notary.sign(nbformat.read(self.files / name, as_version=4))
        notary.store.close()

    @contextmanager
    def open(
        self, browser: Browser, name: str, *, kernel: bool = True, port: int | None = None
    ) -> Iterator[OpenNotebook]:
        """Opens a notebook in a page of its own; without a kernel its outputs are all there is.

        Args:
            browser: where the page is opened.
            name: of the file.
            kernel: whether there is one.
            port: one that leads to the server's; by default that itself.
        """
        context = browser.new_context(viewport={"width": 1280, "height": 1400})
        page = context.new_page()
        opened = OpenNotebook(page)
        if not kernel:
            page.route("**/api/sessions?*", _refuse_a_kernel)
        address = f"http://127.0.0.1:{port or self.port}/{self._route}/{name}"
        page.goto(f"{address}?token={self._token}&reset")
        page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
        if kernel:
            page.wait_for_function(KERNEL_IDLE, timeout=60_000)
        else:
            page.locator(".jp-Dialog button.jp-mod-accept").click()
            page.get_by_role("dialog").get_by_role("button", name="No Kernel").click()
            page.locator(".jp-Dialog").wait_for(state="detached")
        try:
            yield opened
        finally:
            context.close()


class OpenNotebook(OpenPage):
    """A notebook in the browser."""

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Executes a command of the front end."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)",
            [name, arguments or {}],
        )

    def run_all(self) -> None:
        """Runs every cell and waits for the kernel."""
        self.command("notebook:run-all-cells")
        self.wait_until_idle()

    def start_all(self) -> None:
        """Begins to run every cell."""
        code = "() => void window.jupyterapp.commands.execute('notebook:run-all-cells')"
        self.page.evaluate(code)

    def wait_until_idle(self) -> None:
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)

    def run(self, cell: int) -> None:
        """Runs one cell and waits for the kernel."""
        self.activate(cell)
        self.command("notebook:run-cell")
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)

    def run_together(self, *cells: int) -> None:
        """Runs cells without a pause between them, and waits for the kernel."""
        code = """async (cells) => {
          const { commands, shell } = window.jupyterapp;
          const done = cells.map((cell) => {
            shell.currentWidget.content.activeCellIndex = cell;
            return commands.execute("notebook:run-cell");
          });
          await Promise.all(done);
        }"""
        self.page.evaluate(code, list(cells))
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)

    def output(self, cell: int) -> str:
        """The text of the last output of a cell."""
        return self.cell(cell).locator(".jp-OutputArea-output").last.inner_text().strip()

    def restart(self) -> None:
        """Restarts the kernel and waits for it."""
        self.page.evaluate(f"() => {KERNEL}.restart()")
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)

    def ask(self, cell: int) -> str:
        """Runs one cell and gives the text of its output."""
        self.run(cell)
        return self.output(cell)

    def ask_until(self, cell: int, answer: str) -> None:
        """Runs one cell until it gives an answer: what a page changes reaches Python a little later."""
        for _ in range(20):
            if self.ask(cell) == answer:
                return
            self.page.wait_for_timeout(250)
        assert self.ask(cell) == answer

    def activate(self, cell: int) -> None:
        """Makes a cell the active one."""
        self.page.evaluate(
            "(cell) => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell; }",
            cell,
        )

    def active(self) -> tuple[int, int]:
        """The number of the active cell, and how many cells there are."""
        content = "window.jupyterapp.shell.currentWidget.content"
        number, count = self.page.evaluate(
            f"() => [{content}.activeCellIndex, {content}.widgets.length]"
        )
        return number, count

    def is_trusted(self) -> bool:
        """Whether the front end takes every output for signed, or made before its eyes."""
        found: bool = self.page.evaluate("""() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
            .every((cell) => cell.type !== 'code' || cell.trusted)""")
        return found

    def cell(self, number: int) -> Locator:
        """A cell of the notebook."""
        return self.page.locator(".jp-NotebookPanel .jp-Cell").nth(number)

    def save(self) -> None:
        """Saves and waits until that is done."""
        self.command("docmanager:save")
        self.page.wait_for_function(f"() => !{CONTEXT}.model.dirty")

    def memory(self) -> int:
        """The bytes that the page holds after a collection: objects and buffers of JavaScript."""
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("HeapProfiler.collectGarbage")
        used = devtools.send("Runtime.getHeapUsage")
        devtools.detach()
        return int(used["usedSize"] + used.get("backingStorageSize", 0))

    def theme(self, name: str) -> None:
        """Changes the theme: `JupyterLab Light` or `JupyterLab Dark`."""
        self.command("apputils:change-theme", {"theme": name})
        light = str("Light" in name).lower()
        self.page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")


def _refuse_a_kernel(route: Route) -> None:
    if route.request.method == "POST":
        route.fulfill(status=500, json={"message": "There are no kernels here."})
    else:
        route.continue_()
