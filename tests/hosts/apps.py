"""Voila and marimo as servers: a notebook of theirs is shown as an application."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.jupyter_server import Server, environment, free_port

from .environments import Environment

THEIRS = ("https://cdn.jsdelivr.net/",)
"""Where Voila's page asks for an icon font and marimo's for MathJax; both do without."""


@contextmanager
def app_server(app: str, apps: Environment, folder: Path) -> Iterator[str]:
    """Serves `app.ipynb` by Voila or `app.py` by marimo; gives the address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    ready = f"{address}voila/static/voila.js" if app == "voila" else address
    options = {
        "voila": ["app.ipynb", "--no-browser", "--Voila.ip=127.0.0.1"],
        "marimo": ["run", "app.py", "--headless", "--no-token"],
    }
    command = [str(apps.python), "-m", app, *options[app], f"--port={port}"]
    with Server(command, ready, _variables(apps, folder), folder):
        yield address


def _variables(apps: Environment, folder: Path) -> dict[str, str]:
    path = f"{apps.python.parent}{os.pathsep}{os.environ['PATH']}"
    return environment(folder, checkout=False) | {"PATH": path, "MARIMO_SKIP_UPDATE_CHECK": "1"}
