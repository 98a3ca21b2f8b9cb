"""The local service as a notebook holds it, and as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from local_support import AGENTS, running

import agentrun_nb.local as local
from agentrun_nb.local.service import Service

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def service():
    with running() as api:
        yield api.service


def test_a_repr_lists_the_deployments_a_line_each_and_never_the_key(service):
    lines = repr(service).splitlines()
    assert service.base_url in lines[0]
    assert [line.split()[0] for line in lines[1:]] == list(AGENTS)
    assert service.api_key not in repr(service)


def test_deployments_is_a_frame_with_a_row_each(service):
    frame = service.deployments
    assert list(frame.columns) == ["id", "name", "what_it_does", "longest_seconds"]
    assert list(frame["name"]) == list(AGENTS)
    assert frame["longest_seconds"].max() <= 8


def test_submit_takes_a_name_or_an_id_and_gives_the_run(service):
    pytest.importorskip("agentrun_nb.client")
    by_name = service.submit("code-review", {"package": "json"}, version=1)
    by_id = service.submit(AGENTS["code-review"].deployment_id)
    assert by_name.deployment_id == by_id.deployment_id == AGENTS["code-review"].deployment_id
    assert (by_name.version_id, by_id.version_id) == tuple(AGENTS["code-review"].version_id(n) for n in (1, 2))
    assert by_name.input == {"package": "json"}
    assert service.wait(30)
    assert service.client.get_run(by_name.deployment_id, by_name.id).status == "succeeded"
    assert service.client is service.client


@pytest.mark.parametrize(
    ("deployment", "options"),
    [("nobody", {}), ("code-review", {"version": 3}), ("code-review", {"input": {"x": float("nan")}})],
)
def test_what_cannot_be_submitted_is_a_value_error(service, deployment, options):
    with pytest.raises(ValueError, match=r"no deployment|no version|JSON"):
        service.submit(deployment, **options)


def test_wait_says_whether_all_runs_have_ended(service):
    assert service.wait(0)
    with running() as api:
        api.create("long-training", 1)
        assert not api.service.wait(0.1)


def test_a_closed_service_says_so(tmp_path):
    service = local.serve(folder=tmp_path)
    service.close()
    assert "closed" in repr(service)
    with pytest.raises(RuntimeError, match="closed"):
        service.submit("code-review")
    with pytest.raises(httpx.ConnectError):
        httpx.get(service.base_url, trust_env=False)


def test_services_beside_each_other_have_ports_keys_and_folders_of_their_own(service):
    with running() as other:
        assert other.service.base_url != service.base_url
        assert other.service.api_key != service.api_key
        assert other.service._folder.path != service._folder.path
        answer = httpx.get(f"{service.base_url}/v1/agent-deployments", headers=other.http.headers, trust_env=False)
        assert answer.status_code == 401


def test_it_starts_inside_a_running_event_loop():
    async def notebook():
        with running() as api:
            async with httpx.AsyncClient(headers=api.http.headers, trust_env=False) as http:
                return (await http.get(f"{api.service.base_url}/v1/agent-deployments")).status_code

    assert asyncio.run(notebook()) == 200


def test_only_this_machine_reaches_it_and_its_folder_is_private(service):
    assert service.base_url.startswith("http://127.0.0.1:")
    assert service._folder.path.stat().st_mode & 0o077 == 0


def test_a_taken_port_is_an_error_that_leaves_nothing_behind(service, tmp_path):
    with pytest.raises(OSError, match="in use"):
        Service(folder=tmp_path, port=int(service.base_url.rsplit(":", 1)[1]))
    assert list(tmp_path.iterdir()) == []


def test_a_service_without_workers_is_refused():
    with pytest.raises(ValueError, match="worker"):
        Service(0)


def test_the_package_names_what_it_has_and_imports_no_server_for_it():
    code = "import sys, agentrun_nb.local as l; print(dir(l), 'uvicorn' in sys.modules or 'starlette' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['EVENTS', 'Service', 'generate', 'serve'] False"


def test_alone_it_prints_how_to_reach_it_and_ends_cleanly(tmp_path):
    command = [sys.executable, "-m", "agentrun_nb.local", "--runs", "20"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as host:
        printed = {}
        for line in host.stdout:
            if line.startswith("export "):
                name, value = line.removeprefix("export ").strip().split("=", 1)
                printed[name] = value
            if "AGENTRUN_API_KEY" in printed:
                break
        headers = {"Authorization": f"Bearer {printed['AGENTRUN_API_KEY']}"}
        url = f"{printed['AGENTRUN_BASE_URL']}/v1/agent-deployments"
        names = {item["name"] for item in httpx.get(url, headers=headers, trust_env=False).json()["items"]}
        host.send_signal(signal.SIGTERM)
        assert host.wait(20) == 0
    assert set(AGENTS) < names
    assert list(tmp_path.iterdir()) == []
