"""The local service sends and reads what is large without holding it in memory; measured in its own process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from agentrun_nb.local.routes import REQUEST_BYTES
from agentrun_nb.local.sandbox import MANIFEST_BYTES
from tests.local.test_jobs import finished_with
from tests.local.test_routes import refused
from tests.support.local import AGENTS, Api, eventually, running

ROOT = Path(__file__).parents[2]
MIB = 2**20
BUDGET = 40 * MIB

SERVICE = """
import sys
from agentrun_nb.local import Service, generate
with Service() as service:
    service.load(generate(40, manifest_bytes=2_000_000))
    print(service.base_url, service.api_key, service._folder.path, flush=True)
    sys.stdin.read()
"""
MANIFEST = """
import sys
from pathlib import Path
from agentrun_nb.local.sandbox import ManifestError, Sandbox, now
sandbox = Sandbox("sbx", Path(sys.argv[1]), now())
def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
before = peak()
try:
    sandbox.own_manifest()
except ManifestError as error:
    print(peak() - before, error)
"""


class Process:
    """A service in a process of its own, and what it takes of memory."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._proc = Path(f"/proc/{process.pid}")
        url, key, folder = process.stdout.readline().split()
        self.folder = Path(folder)
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60
        )

    def _bytes(self, name: str) -> int:
        return int((self._proc / "status").read_text().partition(f"{name}:")[2].split()[0]) * 1_024

    def read(self, route: str, **query: str) -> tuple[int, int]:
        """Reads an answer to its end; how long it was, and by how much the memory has grown at most."""
        (self._proc / "clear_refs").write_text("5")  # the peak counts from here
        before = self._bytes("VmRSS")
        with self.http.stream("GET", route, params=query) as answer:
            assert answer.status_code == 200
            length = sum(len(piece) for piece in answer.iter_raw())
            assert length == int(answer.headers["Content-Length"])
        return length, self._bytes("VmHWM") - before


@pytest.fixture(scope="module")
def service() -> Iterator[Process]:
    with started() as process:
        yield process


@contextmanager
def started() -> Iterator[Process]:
    command = [sys.executable, "-c", SERVICE]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        service = Process(process)
        try:
            yield service
        finally:
            service.http.close()
            process.stdin.close()
            assert process.wait(30) == 0


def test_a_large_output_is_sent_as_it_is_read(service):
    path = f"/v1/agent-deployments/{AGENTS['code-review'].deployment_id}/runs"
    run_path = f"{path}/{service.http.post(path, json={}).json()['id']}"
    run = eventually(lambda: service.http.get(run_path).json(), lambda now: now["completed_at"])
    with (service.folder / run["sandbox_id"] / "outputs" / "large.bin").open("wb") as large:
        large.truncate(400 * MIB)
    file = f"/v1/sandboxes/{run['sandbox_id']}/file"
    length, grown = service.read(file, path="outputs/large.bin")
    assert length == 400 * MIB
    assert grown < BUDGET
    length, _ = service.read(file, path="outputs/review.md")
    assert length == (service.folder / run["sandbox_id"] / "outputs" / "review.md").stat().st_size


def test_a_page_of_large_runs_is_not_put_together_in_memory(service):
    deployments = service.http.get("/v1/agent-deployments").json()["items"]
    paths = [f"/v1/agent-deployments/{deployment['id']}/runs" for deployment in deployments]
    lengths, grown = zip(*(service.read(path, limit="200") for path in paths), strict=True)
    assert sum(lengths) > 60 * MIB
    assert max(lengths) > 15 * MIB
    assert max(grown) < max(lengths) / 2


def test_a_manifest_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "manifest.json").open("wb") as large:
        large.truncate(1_024 * MIB)
    command = [sys.executable, "-c", MANIFEST, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    grown, sentence = done.stdout.split(" ", 1)
    assert int(grown) < 8_000
    assert (
        sentence.strip()
        == f"manifest.json has 1,073,741,824 bytes, more than the {MANIFEST_BYTES:,} that are read"
    )


def test_a_manifest_at_the_limit_is_taken_and_one_byte_more_costs_the_run_only_that_manifest(
    monkeypatch,
):
    with running() as api:
        text = '{"text": "%s"}' % ("x" * (MANIFEST_BYTES - 12))
        assert len(text) == MANIFEST_BYTES
        taken = finished_with(api, monkeypatch, text)
        assert len(taken["output_manifest"]["text"]) == MANIFEST_BYTES - 12
        left_out = finished_with(api, monkeypatch, text + " ")
        assert left_out["status"] == "succeeded"
        assert set(left_out["output_manifest"]) == {"outputs", "sandbox_id"}
        [event] = [
            event for event in api.events(left_out) if event["event_type"] == "manifest_unreadable"
        ]
        assert f"more than the {MANIFEST_BYTES:,}" in event["message"]


def test_a_request_that_is_too_large_is_refused():
    with running() as api:
        body = b'{"input":{"x":"' + b"y" * REQUEST_BYTES + b'"}}'
        for path in (api.runs_path("code-review"), cancel_path(api)):
            refused(api.http.post(path, content=body), 413, "invalid_request")
        with pytest.raises(ValueError, match="bytes as JSON; a request has"):
            api.service.submit("code-review", {"x": "y" * REQUEST_BYTES})


def cancel_path(api: Api) -> str:
    return api.path(api.ended(api.create("code-review")), "/cancel")
