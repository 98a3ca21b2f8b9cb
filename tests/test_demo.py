"""`make demo ARGS=--headless` shows real runs, leaves a page and ends well."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_headless_demo_prints_runs_and_a_page_and_no_link_to_what_it_stops() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agentrun_nb.demo", "--headless"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "succeeded" in done.stdout
    assert "timed_out" in done.stdout
    assert "JupyterLab starts" in done.stdout
    assert "http://" not in done.stdout
    assert not re.search(r"\[C |received signal|Traceback", done.stdout + done.stderr)
    assert "critical" not in done.stderr.lower()
    page = Path(re.search(r"any browser: (.+)", done.stdout)[1])
    assert page.stat().st_size > 10_000
    assert "local_" not in page.read_text(encoding="utf-8")
