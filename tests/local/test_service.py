"""The local service as a notebook holds it, and as a process of its own."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import agentrun_nb as arn
import agentrun_nb.local as local
from agentrun_nb.errors import AgentRunError
from agentrun_nb.local import server
from agentrun_nb.local.service import LocalServiceError, Service
from tests.support.local import AGENTS, running

ROOT = Path(__file__).parents[2]


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
    assert (by_name.version_id, by_id.version_id) == tuple(
        AGENTS["code-review"].version_id(n) for n in (1, 2)
    )
    assert by_name.input == {"package": "json"}
    assert service.wait(30)
    assert service.client.get_run(by_name.deployment_id, by_name.id).status == "succeeded"
    assert service.client is service.client


V9 = r"code-review has no version {}; there are 1 and 2\."


@pytest.mark.parametrize(
    ("deployment", "options", "sentence"),
    [
        ("nobody", {}, r"There is no deployment 'nobody'\. There are csv-report, "),
        ("csv_report", {}, r"no deployment 'csv_report'"),
        (7, {}, r"no deployment 7\."),
        *(
            ("code-review", {"version": version}, V9.format(quoted))
            for version, quoted in (
                (9, "9"),
                (0, "0"),
                (-1, "-1"),
                (True, "True"),
                (1.5, r"1\.5"),
                ("9", "'9'"),
                ("v1", "'v1'"),
                (AGENTS["csv-report"].version_id(1), f"'{AGENTS['csv-report'].version_id(1)}'"),
            )
        ),
        ("code-review", {"input": "text"}, "is a mapping, not a str"),
        ("code-review", {"input": ""}, "is a mapping, not a str"),
        ("code-review", {"input": b"{}"}, "is a mapping, not a bytes"),
        ("code-review", {"input": Path("input.json")}, r"is a mapping, not a \w*Path"),
        ("code-review", {"input": []}, "is a mapping, not a list"),
        ("code-review", {"input": 5}, "is a mapping, not an int"),
        ("code-review", {"input": {"x": float("nan")}}, "cannot be written as JSON"),
        ("code-review", {"input": {"x": {1, 2}}}, "cannot be written as JSON"),
        ("code-review", {"input": {(1, 2): 3}}, "cannot be written as JSON"),
    ],
)
def test_what_cannot_be_submitted_is_told_in_the_words_of_the_caller(
    service, deployment, options, sentence
):
    with pytest.raises(ValueError, match=sentence) as caught:
        service.submit(deployment, **options)
    assert isinstance(caught.value, AgentRunError)
    assert caught.value.hint
    assert not [
        version
        for version in re.findall(r"adver_\w+", caught.value.message)
        if version not in str(options)
    ]


def test_a_version_may_be_told_by_its_number_in_a_table_or_its_id(service):
    versions = service.client.list_versions(AGENTS["code-review"].deployment_id)
    for version in (versions["version_number"].min(), AGENTS["code-review"].version_id(1)):
        run = service.submit("code-review", version=version)
        assert run.version_id == AGENTS["code-review"].version_id(1)
    assert service.wait(30)


def test_a_number_of_workers_may_be_one_of_numpy():
    with local.serve(workers=np.int64(3)) as service:
        assert "3 workers" in repr(service)


def test_wait_says_whether_all_runs_have_ended(service):
    assert service.wait(0)
    with running() as api:
        api.create("long-training", 1)
        assert not api.service.wait(0.1)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def last(self) -> str:
        """The line that is seen at the end."""
        return self.getvalue().split("\r")[-1].strip()


def test_wait_says_in_one_line_how_many_have_ended(service, monkeypatch):
    service.wait()
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert service.wait()
    assert terminal.getvalue() == "", "there was nothing to wait for"
    for _ in range(2):
        service.submit("code-review")
    # On a slow machine the first may have ended by now.
    assert not service.wait(0)
    assert re.fullmatch(r"0 of (2 runs|1 run) ended; waited .+", terminal.last)
    assert service.wait("60s")
    assert re.fullmatch(r"(\d) of \1 runs? ended; waited .+", terminal.last)
    assert terminal.getvalue().count("\n") == 2
    service.submit("code-review")
    assert service.wait(progress=False)
    assert terminal.getvalue().count("\n") == 2


def test_a_closed_service_says_so(tmp_path):
    service = local.serve(folder=tmp_path)
    service.close()
    assert "closed" in repr(service)
    for act in (
        lambda: service.submit("code-review"),
        lambda: service.load([]),
        lambda: service.client,
    ):
        with pytest.raises(RuntimeError, match=r"closed\. Start another") as caught:
            act()
        assert isinstance(caught.value, AgentRunError)
    with pytest.raises(httpx.ConnectError):
        httpx.get(service.base_url, trust_env=False)


def test_a_service_that_does_not_listen_says_so_and_leaves_nothing(tmp_path, monkeypatch):
    async def never_listens(self, sockets):
        while not self.should_exit:
            await asyncio.sleep(0.01)

    threads = threading.active_count()
    monkeypatch.setattr(server.uvicorn.Server, "startup", never_listens)
    monkeypatch.setattr(server, "START_SECONDS", 0.05)
    with pytest.raises(LocalServiceError, match="did not start"):
        local.serve(folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


def test_services_beside_each_other_have_ports_keys_and_folders_of_their_own(service):
    with running() as other:
        assert other.service.base_url != service.base_url
        assert other.service.api_key != service.api_key
        assert other.service._folder.path != service._folder.path
        answer = httpx.get(
            f"{service.base_url}/v1/agent-deployments", headers=other.http.headers, trust_env=False
        )
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


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2", True, None])
def test_a_service_without_workers_is_refused(workers):
    with pytest.raises(ValueError, match="worker"):
        Service(workers)


BLOCKED = """
import importlib.abc, runpy, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
sys.argv = ["local", *{arguments}]
runpy.run_module({module!r}, run_name="__main__")
"""


def without(
    names: list[str], module: str = "agentrun_nb.local", arguments: tuple[str, ...] = ()
) -> Any:
    """Runs a module where some packages are not installed."""
    code = BLOCKED.format(names=set(names), module=module, arguments=list(arguments))
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("module", ["agentrun_nb.local", "agentrun_nb.demo"])
@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_its_extra_it_names_the_extra_in_a_line(module, missing):
    done = without([missing], module)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install 'agentrun-nb[local]'" in done.stderr
    assert missing in done.stderr


@pytest.mark.parametrize("given", ["--workers=0", f"--runs={10**20}", "--port=-1"])
def test_as_a_process_of_its_own_it_says_in_a_line_what_it_cannot_do(given):
    command = [sys.executable, "-m", "agentrun_nb.local", given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert given.rpartition("=")[2] in done.stderr


@pytest.mark.parametrize("module", ["agentrun_nb.local", "agentrun_nb.demo"])
def test_without_process_groups_it_says_that_it_needs_them(module):
    """Windows has neither this module nor the calls it is for."""
    done = without(["fcntl"], module)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "POSIX process groups" in done.stderr
    assert "WSL" in done.stderr


def test_what_needs_no_server_is_there_without_process_groups_and_extra():
    code = """
import sys
sys.modules.update(dict.fromkeys(["fcntl", "starlette", "uvicorn"]))
import agentrun_nb as arn
print(len(list(arn.local.generate(3))), len(arn.local.EVENTS))
try:
    arn.local.serve
except arn.errors.SettingsError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("3 8\nThe local service runs agents as POSIX process groups")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--workers", "0"), "cannot have 0 workers"),
        (("--port", "99999"), "port 99999"),
        (("--port", "-5"), "port -5"),
    ],
)
def test_alone_it_says_in_a_line_what_cannot_be(arguments, sentence):
    done = without([], arguments=arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr


@pytest.mark.parametrize("module", ["errors", "figures", "local"])
def test_a_module_lists_its_public_names_only(module):
    names = dir(getattr(arn, module))
    assert names
    for name in names:
        assert not name.startswith("_")
        place = getattr(getattr(getattr(arn, module), name), "__module__", f"agentrun_nb.{module}")
        assert place.startswith(f"agentrun_nb.{module}")


def test_the_package_names_what_it_has_and_imports_no_server_for_it():
    code = "import sys, agentrun_nb.local as l; print(dir(l), 'uvicorn' in sys.modules or 'starlette' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['EVENTS', 'Service', 'generate', 'serve'] False"


def test_alone_it_prints_how_to_reach_it_and_ends_cleanly(tmp_path):
    command = [sys.executable, "-m", "agentrun_nb.local", "--runs", "20"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as host:
        printed = {}
        for line in host.stdout:
            if line.startswith("export "):
                name, value = line.removeprefix("export ").strip().split("=", 1)
                printed[name] = value
            if "AGENTRUN_API_KEY" in printed:
                break
        headers = {"Authorization": f"Bearer {printed['AGENTRUN_API_KEY']}"}
        url = f"{printed['AGENTRUN_BASE_URL']}/v1/agent-deployments"
        names = {
            item["name"]
            for item in httpx.get(url, headers=headers, trust_env=False).json()["items"]
        }
        host.send_signal(signal.SIGTERM)
        assert host.wait(20) == 0
    assert set(AGENTS) < names
    assert list(tmp_path.iterdir()) == []
