"""A Jupyter front end of its own, on the loopback, with a browser that can reach nothing else."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import nbformat
from playwright.sync_api import Browser, Locator, Page, Route

REPOSITORY = Path(__file__).parents[2]
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
    """

    def __init__(self, folder: Path, kind: Literal["lab", "notebook"] = "lab") -> None:
        self.files = folder / "files"
        self._module, self._expose, self._route = APPS[kind]
        self._token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._env = _environment(folder)
        for name in ("files", "settings/@jupyterlab/apputils-extension"):
            (folder / name).mkdir(parents=True)
        settings = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        settings.write_text(json.dumps(QUIET))
        self._log = folder / "server.log"

    def __enter__(self) -> Host:
        command = [sys.executable, "-m", self._module, "--no-browser", "--ip=127.0.0.1", f"--port={self._port}"]
        command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={self._token}", self._expose]
        command += [f"--ServerApp.root_dir={self.files}", "--allow-root"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, env=self._env, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > until or self._process.poll() is not None:
                self.__exit__()
                raise RuntimeError(f"Jupyter did not start:\n{self._log.read_text()[-2_000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._base}/api/status?token={self._token}", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def _base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

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
        subprocess.run(
            [sys.executable, "-m", "jupyter", "trust", name],
            cwd=self.files,
            env=self._env,
            check=True,
            capture_output=True,
        )

    @contextmanager
    def open(self, browser: Browser, name: str, *, kernel: bool = True) -> Iterator[OpenNotebook]:
        """Opens a notebook in a page of its own; without a kernel its outputs are all there is."""
        context = browser.new_context(viewport={"width": 1280, "height": 1400})
        page = context.new_page()
        opened = OpenNotebook(page)
        if not kernel:
            page.route("**/api/sessions?*", _refuse_a_kernel)
        page.goto(f"{self._base}/{self._route}/{name}?token={self._token}&reset")
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


@dataclass
class OpenNotebook:
    """A notebook in the browser, and what must not happen while it is open."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda asked: self.outside.append(asked.url) if _is_outside(asked.url) else None)

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Executes a command of the front end."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments or {}])

    def run_all(self) -> None:
        """Runs every cell and waits for the kernel."""
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)

    def ask(self, cell: int) -> str:
        """Runs one cell and gives the text of its output."""
        self.page.evaluate("(cell) => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell; }", cell)
        self.command("notebook:run-cell")
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)
        return self.cell(cell).locator(".jp-OutputArea-output").last.inner_text().strip()

    def cell(self, number: int) -> Locator:
        """A cell of the notebook."""
        return self.page.locator(".jp-NotebookPanel .jp-Cell").nth(number)

    def save(self) -> None:
        """Saves and waits until that is done."""
        self.command("docmanager:save")
        self.page.wait_for_function(f"() => !{CONTEXT}.model.dirty")

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


def _is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "blob:", "data:"))


def _environment(folder: Path) -> dict[str, str]:
    """An environment in which nothing of the user's Jupyter is found."""
    homes = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "AGENTRUN", "NULLSPACE"))
    }
    own = {name: str(folder / place) for name, place in homes.items()}
    return kept | own | {"PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "default"}
