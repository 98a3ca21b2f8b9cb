"""In Pyodide itself, which JupyterLite runs in a browser, the client says in a sentence that it cannot work there.

What works offline is in `tests/test_without_threads.py`: the packages that it needs are not on npm.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.jupyter_server import REPOSITORY

HERE = Path(__file__).parent


def test_the_client_says_that_it_needs_a_thread(pyodide: Path) -> None:
    command = ["node", HERE / "without_threads.mjs", REPOSITORY, HERE / "in_pyodide.py"]
    ran = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=300)
    assert (ran.returncode, ran.stderr) == (0, "")
    thread, client = ran.stdout.splitlines()
    assert thread == "a thread: can't start new thread", "the control: Pyodide has no threads"
    assert client.startswith("the client: The client works in a thread of its own")
