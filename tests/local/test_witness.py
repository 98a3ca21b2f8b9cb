"""The vendor's SDK, unchanged, in a process of its own, is a witness that the local service speaks the real API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.local import AGENTS, Api, running

ROOT = Path(__file__).parents[2]
SDK = "nullspace-sdk==0.1.9"
ENVIRONMENT = ROOT / ".venv-witness"
OUTPUT = "outputs/review.md"

NAME = "code-review"


def absent(reason: str):
    message = f"the witness {SDK} is absent: {reason}; set AGENTRUN_NB_WITNESS_PYTHON to an interpreter that has it"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def succeeds(*command: str | Path) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=240).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.fixture(scope="module")
def witness_python() -> Path:
    """An interpreter that has the SDK; made once and kept in `.venv-witness`."""
    check = f"from importlib.metadata import version; assert version('nullspace-sdk') == {SDK.split('==')[1]!r}"
    given = os.environ.get("AGENTRUN_NB_WITNESS_PYTHON")
    python = Path(given) if given else ENVIRONMENT / "bin" / "python"
    if succeeds(python, "-c", check):
        return python
    if given:
        absent(f"{given} does not have it")
    if not succeeds(sys.executable, "-m", "venv", "--clear", ENVIRONMENT):
        absent("no virtual environment can be made")
    if not succeeds(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--retries",
        "1",
        SDK,
    ):
        absent("it cannot be installed")
    return python


@pytest.fixture(scope="module")
def api():
    with running() as api:
        yield api


@pytest.fixture(scope="module")
def runs(api: Api):
    created = [api.create(NAME, version, input={"package": "json"}) for version in (1, 2, 1, 2, 1)]
    assert api.service.wait(60)
    return [api.get(run) for run in created]


@pytest.fixture(scope="module")
def report(api: Api, runs, witness_python: Path):
    """What the witness saw."""
    variables = {
        "NULLSPACE_API_KEY": api.service.api_key,
        "NULLSPACE_BASE_URL": api.service.base_url,
    }
    environment = {"PATH": os.defpath, "HOME": str(api.service._folder.path), **variables}
    script = ROOT / "tests" / "witness" / "witness.py"
    command = [witness_python, script, AGENTS[NAME].deployment_id, runs[1]["id"], OUTPUT]
    ended = subprocess.run(
        command,
        env=environment,
        cwd=api.service._folder.path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_it_gets_one_run_as_it_is(report, runs):
    for name, value in report["run"].items():
        expected = runs[1][name]
        assert value == (
            datetime.fromisoformat(expected).timestamp() if name.endswith("_at") else expected
        ), name


def test_it_lists_all_pages(report, runs):
    ids = [run["id"] for run in reversed(runs)]
    assert (report["runs"], report["run_pages"]) == (ids, 3)
    assert report["succeeded"] == ids


def test_it_finds_deployments_and_versions(report):
    assert sorted(report["deployments"]) == sorted(AGENTS)
    assert report["versions"] == [
        [AGENTS[NAME].version_id(number), number, "ready"] for number in (2, 1)
    ]


def test_it_reads_logs_to_the_end_and_stops_following(report, api, runs):
    events = api.events(runs[1])
    assert report["log"] == [
        [event["event_type"], event["level"], event["message"]] for event in events
    ]
    assert len(events) > 6


def test_it_reads_outputs_and_downloads_one(report, api, runs):
    assert report["outputs"] == runs[1]["output_manifest"]["outputs"]
    assert bytes.fromhex(report["downloaded"]) == api.file(runs[1]["sandbox_id"], OUTPUT).content
    assert bytes.fromhex(report["downloaded"]).startswith(b"# Review of json")


def test_it_creates_and_cancels(report):
    assert report["created"] == ["queued", {"package": "json"}, "witness"]
    assert report["cancelled"]


def test_it_understands_the_errors(report):
    assert (report["missing"], report["too_many"]) == ("run_not_found", "invalid_request")
