"""A server of its own on the loopback, in an environment in which nothing of the user is found."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
HOMES = {
    "HOME": "home",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}
PERSONAL = ("AGENTRUN", "JUPYTER", "NULLSPACE", "PYTHON")


def environment(folder: Path, *, checkout: bool = True) -> dict[str, str]:
    """The variables of a process whose files are all in a folder; with or without this checkout on Python's path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PERSONAL)}
    own = {name: str(folder / place) for name, place in HOMES.items()} | {
        "PYTHONWARNINGS": "default"
    }
    return kept | own | ({"PYTHONPATH": str(REPOSITORY)} if checkout else {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A process that serves, from the moment it answers until the block is left.

    Args:
        command: how it is started.
        ready: the address that answers with 200 once it is there.
        env: its variables.
        folder: where it runs and writes its log.
    """

    def __init__(self, command: list[str], ready: str, env: dict[str, str], folder: Path) -> None:
        self._command, self._ready, self._env, self._folder = command, ready, env, folder
        self._log = folder / "server.log"

    def __enter__(self) -> Server:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > until or self._process.poll() is not None:
                self.__exit__()
                raise RuntimeError(
                    f"{self._command[0]} did not start:\n{self._log.read_text()[-2_000:]}"
                )
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
            with urllib.request.urlopen(self._ready, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False
