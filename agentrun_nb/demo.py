"""What `make demo` does: real jobs, their table, a page to keep, and JupyterLab on the tour."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import agentrun_nb as arn
from agentrun_nb.errors import AgentRunError

if TYPE_CHECKING:
    from agentrun_nb.local import Service

TOUR = Path("notebooks") / "01_tour.ipynb"
_END_SECONDS = 15


def main() -> None:
    """Runs the demo in the folder of the project."""
    parser = argparse.ArgumentParser(
        prog="make demo", description="Real jobs of the local service in JupyterLab."
    )
    parser.add_argument(
        "--headless", action="store_true", help="end after printing, without opening a browser"
    )
    options = parser.parse_args()
    if not TOUR.exists():
        sys.exit(f"{TOUR} is not here. Run this in the folder of the project, as `make demo` does.")
    try:
        service = arn.local.serve()
    except (ModuleNotFoundError, AgentRunError) as error:
        sys.exit(str(error))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    with service:
        show(service)
    with Lab(TOUR, browser=not options.headless) as lab:
        if options.headless:
            say(
                "\nJupyterLab starts, and has been stopped again; "
                "without --headless it opens the tour."
            )
        else:
            say(f"\nJupyterLab: {lab.address}\nIt ends with Ctrl+C.")
            lab.wait()


def show(service: Service) -> None:
    """Runs every agent of the service once and prints their table.

    It also writes the page of the explorer.
    """
    # Without the first line, which has the address: the service ends before anybody could go there.
    agents = repr(service).split("\n", 1)[1]
    say(f"The local service has\n{agents}\n\nEach of them runs once now, as real processes ...")
    for name in service.deployments["name"]:
        service.submit(name)
    service.wait()
    runs = service.client.list_runs(progress=False)
    table = arn.brief(runs, names=service.client.names()).drop(columns="version_id")
    table = table.rename(columns={"deployment_id": "agent"})
    table["reason"] = table["reason"].str.slice(0, 60)
    say(f"\n{table.to_string(index=False, na_rep='')}\n\n{arn.fetch_report(runs)!r}")
    page = Path(tempfile.mkdtemp(prefix="agentrun_nb_")) / "runs.html"
    arn.explore(runs, service.client).to_html(page)
    say(f"\nThe explorer as one page, for any browser: {page}")


class Lab:
    """A JupyterLab of its own on a free port, opened on one notebook."""

    def __init__(self, notebook: Path, *, browser: bool) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        token = secrets.token_hex(16)
        self._token = token
        self._root = f"http://127.0.0.1:{port}"
        self.address = f"{self._root}/lab/tree/{notebook.as_posix()}?token={token}"
        options = [
            "--ip=127.0.0.1",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            "--ServerApp.root_dir=.",
        ]
        options += [
            "--ServerApp.log_level=ERROR",
            "--LabApp.log_level=ERROR",
            f"--LabApp.default_url=/lab/tree/{notebook.as_posix()}",
        ]
        if not browser:
            options.append("--no-browser")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--allow-root")
        # The token goes by the environment, so that no list of processes shows it.
        environment = os.environ | {"JUPYTER_TOKEN": token}
        # In a process group of its own Ctrl+C does not reach it: it would ask whether that was
        # meant.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "jupyterlab", *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            process_group=0,
        )

    def __enter__(self) -> Lab:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self._request("GET", "status")
                return self
            except OSError:
                time.sleep(0.2)
        self.close()
        sys.exit("JupyterLab did not start; its own words stand above.")

    def wait(self) -> None:
        """Waits until JupyterLab ends or is interrupted."""
        with contextlib.suppress(KeyboardInterrupt):
            self._process.wait()

    def close(self) -> None:
        """Asks JupyterLab to end, since it calls a signal critical.

        Where it does not listen, the signal ends it.
        """
        try:
            self._request("POST", "shutdown")
            self._process.wait(_END_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self._process.terminate()
        self._process.wait()

    def _request(self, method: str, name: str) -> None:
        headers = {"Authorization": f"token {self._token}"}
        request = urllib.request.Request(f"{self._root}/api/{name}", method=method, headers=headers)  # noqa: S310
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - the address is our own

    def __exit__(self, *_: object) -> None:
        self.close()


def say(text: str) -> None:
    """Prints at once, so that a person sees how far it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
