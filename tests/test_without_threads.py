"""Where no thread can be started, as in Pyodide and JupyterLite, everything offline works.

Each test runs in a process of its own in which `Thread.start` raises what it raises in Pyodide;
`tests/hosts/test_pyodide.py` looks whether it does.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

NO_THREADS = """
import _thread, threading

def refuse(*_, **__):
    raise RuntimeError("can't start new thread")

threading.Thread.start = refuse
for module, name in ((threading, "_start_new_thread"), (threading, "_start_joinable_thread"),
                     (_thread, "start_new_thread"), (_thread, "start_joinable_thread")):
    if hasattr(module, name):
        setattr(module, name, refuse)

import asyncio, os, tempfile
from pathlib import Path
import agentrun_nb as arn
from tests import smoke
os.chdir(tempfile.mkdtemp())
runs = arn.runs_frame(smoke.RECORDS)
"""

OFFLINE = {
    "what a wheel must do": "smoke.main()",
    "analysis": "arn.summarize(runs); arn.health(runs); arn.concurrency(runs); arn.spans(runs); arn.phases(runs)",
    "documents": "arn.json_paths(runs); arn.diff(runs.iloc[[0]], runs.iloc[[1]])",
    "figures": "[f(runs).to_html() for f in (arn.figures.timeline, arn.figures.outcomes, arn.figures.durations)]",
    "a workbook": "assert arn.load(arn.save(runs, 'runs.xlsx')).equals(runs)",
    "a folder of parts": "arn.save(iter([runs, runs]), 'parts'); assert len(arn.load('parts')) == 4",
    "an archive": "arn.Archive('runs.archive').check()",
    "a view that is displayed": "arn.explore(runs)._ipython_display_()",
    "a view of many runs": """
from agentrun_nb.widget.page import runs_page
import pandas as pd
many = pd.concat([runs] * (100_000 // len(runs)), ignore_index=True)
page, _ = runs_page(many, "ab", 0.0)
assert sum(ref["gzip"] for ref in page["columns"].values()) > 1
""",
    "a view that would ask for names": """
client = arn.Client(base_url="http://127.0.0.1:9", api_key="a-key")
view = arn.explore(runs, client)
view._ipython_display_()
""",
}

ONLINE = {
    "one run": "client.get_run('d', 'a')",
    "many runs": "client.get_runs('d', ['a', 'b'])",
    "a list": "client.list_runs('d')",
    "deployments": "client.list_deployments()",
    "check": "client.check()",
    "refetch": "client.refetch(runs)",
    "logs": "client.get_logs([('d', 'a')])",
    "watch": "client.watch(runs)",
    "wait": "client.wait(runs)",
    "sync": "arn.Archive('runs.archive').sync(client)",
}
TRIED = """
client = arn.Client(base_url="http://127.0.0.1:9", api_key="a-key")
try:
    {call}
except arn.errors.ConnectionFailedError as error:
    print(str(error))
"""


def ran(code: str) -> str:
    """What code prints in a process without threads; it says nothing on the side."""
    command = [sys.executable, "-c", NO_THREADS + code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("what", OFFLINE)
def test_what_is_offline_works(what: str) -> None:
    ran(OFFLINE[what])


@pytest.mark.parametrize("what", ONLINE)
def test_the_client_says_that_it_needs_a_thread(what: str) -> None:
    said = ran(TRIED.format(call=ONLINE[what]))
    assert "none can be started here" in said
    assert "arn.load" in said, "what to do"
