"""G: views: what goes while they poll, many runs, and what is left of them without a kernel.

The controls show that what is looked for would be seen.
"""

from __future__ import annotations

import os
import time

import nbformat
import pandas as pd
from nbclient import NotebookClient

import agentrun_nb as arn
from tests.hostile.kernels import left_over, running, send, told
from tests.support.chromium import chromium
from tests.support.jupyter_server import environment
from tests.support.open_page import OpenPage

from .archives import folder
from .lab import Lab, fault
from .replies import DEP, KEY, http, record
from .server import FaultServer, Pause, Reply, Request, serving

LARGE = os.environ.get("AGENTRUN_NB_PROFILE") == "torture"

# --- 127: a poll that is under way ---------------------------------------------------------------

FOLLOW = f"""
client = arn.Client({KEY!r}, URL)
view = arn.explore(client.get_runs({DEP!r}, ["run_1"], progress=False), client, follow=True)
print(view.model_id)
"""

SEEN = {"id": 1, "op": "follow", "view": "1f", "seen": True, "on": True}
"""What a page says that is on the screen."""


def goes_silent(request: Request, number: int) -> Reply:
    """A run that goes on; each look after the first gets no answer."""
    answer = http(record(status="running", completed_at=None))
    return [answer] if number == 0 else [Pause(60)]


def is_polled(server: FaultServer, requests: int) -> None:
    """Waits until so many requests have come."""
    while len(server.sent) < requests:
        time.sleep(0.02)


@fault(
    127,
    "a view is closed, or its kernel restarted, while it polls",
    "no request is left; no text with the key",
)
def _(lab: Lab) -> str:
    shown = ""
    with folder() as place, running(place) as (manager, kernel):
        for end in ("close", "restart"):
            with serving(goes_silent) as server:
                told(kernel, f"import agentrun_nb as arn; URL = {server.url!r}")
                comm, _ = told(kernel, FOLLOW)
                send(kernel, comm, {"method": "custom", "content": SEEN})
                is_polled(server, 2)
                if end == "close":
                    shown += "".join(told(kernel, "view.close(); client.close()")[1])
                else:
                    manager.restart_kernel(now=False)
                while server.open:
                    time.sleep(0.02)
                shown += left_over(kernel, 0.5)
                assert len(server.sent) == 2, len(server.sent)
                lab.told.append(server.told)
    assert KEY not in shown, shown
    return f"no connection left; {len(shown):,} characters shown, none of the key"


# --- 128: many runs ------------------------------------------------------------------------------

MANY = 100_000

DRAWN = """() => {
  const canvas = document.querySelector("[data-testid=arn-timeline-canvas]");
  const pixels = canvas?.width && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return pixels && pixels.data.some((value, at) => at % 4 === 3 && value > 0);
}"""
"""Whether a page has drawn anything on its timeline."""


def many_runs() -> pd.DataFrame:
    """Runs a minute apart, each of some minutes."""
    one = arn.runs_frame([record()])
    runs = one.loc[one.index.repeat(MANY)].reset_index(drop=True)
    numbers = pd.Series(range(MANY))
    runs["id"] = "run_" + numbers.astype("str")
    for column in ("created_at", "started_at", "completed_at", "updated_at"):
        runs[column] += pd.to_timedelta(numbers, unit="min")
    return runs


@fault(
    128,
    "100,000 runs in the timeline",
    "drawn within 2 s on a machine at rest; fewer than 5,000 elements",
)
def _(lab: Lab) -> str:
    with folder() as place, chromium() as browser:
        path = arn.explore(many_runs()).to_html(place / "runs.html")
        page = browser.new_page()
        page.goto("about:blank")
        started = time.monotonic()
        page.goto(path.as_uri())
        page.wait_for_function(DRAWN, timeout=60_000)
        seconds = time.monotonic() - started
        elements = page.evaluate("document.querySelectorAll('*').length")
    assert elements < 5_000, elements
    assert seconds < (2 if LARGE else 30), seconds
    return f"{MANY:,} runs drawn {seconds:.1f} s after the file was opened, {elements:,} elements"


# --- 129: a notebook without a kernel ------------------------------------------------------------

CELLS = (
    "import pathlib, agentrun_nb as arn; client = arn.Client()",
    "runs = arn.runs_frame(pathlib.Path('runs.json').read_bytes())",
    "arn.explore(runs, client)",
)


@fault(
    129,
    "a saved notebook, opened without a kernel",
    "the view as a static picture; no key, no script, no request",
)
def _(lab: Lab) -> str:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with folder() as place:
        (place / "runs.json").write_bytes(http(record())[http(record()).index(b"{") :])
        env = environment(place) | {
            "AGENTRUN_API_KEY": KEY,
            "AGENTRUN_BASE_URL": "https://127.0.0.1:9",
        }
        runner = NotebookClient(
            notebook, store_widget_state=False, resources={"metadata": {"path": str(place)}}
        )
        runner.execute(env=env)
        saved = nbformat.writes(notebook)
    assert KEY not in saved
    (twin,) = [
        output.data["text/html"]
        for output in notebook.cells[-1].outputs
        if "text/html" in output.get("data", {})
    ]
    assert "<script" not in twin.lower()
    with chromium() as browser:
        opened = OpenPage(browser.new_page(java_script_enabled=False))
        opened.page.set_content(twin)
        text = opened.page.inner_text("body")
    assert "run_1" in text, text
    assert (opened.outside, opened.errors) == ([], [])
    return f"{len(twin):,} characters of markup, {len(text):,} of text, the key in none"
