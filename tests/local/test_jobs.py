"""Jobs of the local service: cancelling, isolation, what is kept, and what a killed service leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agentrun_nb.local.folders import LOCK, PREFIX, ServiceFolder, sweep
from agentrun_nb.local.models import RunDocument
from agentrun_nb.local.process import LINES, AgentProcess
from tests.support.local import Api, eventually, group_members, running


@pytest.fixture(scope="module")
def api():
    with running() as api:
        yield api


def cancel(api: Api, run, **body):
    answer = api.http.post(api.path(run, "/cancel"), json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_running_job_is_really_stopped_when_it_is_cancelled(api):
    run = api.until(api.create("long-training", 2), "running")
    members = eventually(lambda: group_members(run["process_id"]), lambda found: len(found) == 2)
    cancel(api, run, reason="no longer needed")
    ended = api.ended(run)
    assert (ended["status"], ended["failure_reason"]) == (
        "cancelled",
        "cancelled: no longer needed",
    )
    assert ended["completed_at"] >= ended["started_at"]
    assert len(members) == 2
    assert group_members(run["process_id"]) == []
    assert api.events(run)[-1]["event_type"] == "run_cancelled"


def test_a_queued_job_is_cancelled_at_once_and_never_starts(api):
    busy = [api.until(api.create("long-training", 2), "running") for _ in range(2)]
    run = api.create("long-training")
    ended = cancel(api, run)
    assert (ended["status"], ended["started_at"], ended["process_id"]) == ("cancelled", None, None)
    assert [event["event_type"] for event in api.events(run)] == ["run_queued", "run_cancelled"]
    for one in busy:
        cancel(api, one)
        api.ended(one)
    assert api.get(run) == ended


def test_cancelling_an_ended_job_changes_nothing(api):
    run = api.ended(api.create("broken-install", 1))
    assert cancel(api, run, reason="late") == run


def test_an_agent_sees_what_the_request_gave_it_and_neither_the_key_nor_our_environment(
    monkeypatch,
):
    if not Path("/proc/self/environ").exists():
        pytest.skip("reads the environment of a process in /proc")
    monkeypatch.setenv("AGENTRUN_API_KEY", "key-of-somebody")
    monkeypatch.setenv("UNRELATED", "leaks")
    with running() as api:
        run = api.until(
            api.create("long-training", 2, envs={"GIVEN": "for-this-run-only"}), "running"
        )
        members = eventually(
            lambda: group_members(run["process_id"]), lambda found: len(found) == 2
        )
        seen = [Path(f"/proc/{pid}/environ").read_text() for pid in members]
        arguments = [Path(f"/proc/{pid}/cmdline").read_text() for pid in members]
        cancel(api, run)
        stored = json.dumps([api.ended(run), api.events(run)])
        for environ in seen:
            assert "GIVEN=for-this-run-only" in environ
            assert f"AGENT_RUN_ID={run['id']}" in environ
        for text in (*seen, *arguments, stored):
            for secret in (api.service.api_key, "key-of-somebody", "leaks"):
                assert secret not in text
        assert "for-this-run-only" not in stored


def test_a_failed_run_keeps_its_files_unless_the_request_said_otherwise(api):
    kept, dropped = (
        api.create("invoice-audit", 1),
        api.create("invoice-audit", 1, retain_on_failure=False),
    )
    kept, dropped = api.ended(kept), api.ended(dropped)
    for run, status, code in ((kept, "available", 200), (dropped, "discarded", 404)):
        assert [entry["status"] for entry in run["output_manifest"]["outputs"]] == [status]
        assert api.file(run["sandbox_id"], "outputs/audited.csv").status_code == code
    assert "access" not in dropped["output_manifest"]["outputs"][0]
    assert dropped["retain_on_failure"] is False
    assert not (api.service._folder.path / dropped["sandbox_id"]).exists()


def test_the_files_of_a_failed_run_are_gone_after_its_retention(api):
    run = api.ended(api.create("broken-install", 1, retention_seconds=1))
    assert api.file(run["sandbox_id"], "input.json").status_code == 200
    eventually(
        lambda: api.file(run["sandbox_id"], "input.json").status_code,
        lambda status: status == 404,
        3,
    )
    assert not (api.service._folder.path / run["sandbox_id"]).exists()


def test_the_service_refuses_jobs_beyond_its_capacity(api, monkeypatch):
    monkeypatch.setattr("agentrun_nb.local.workshop.CAPACITY", 0)
    answer = api.http.post(api.runs_path("site-map"), json={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert (answer.json()["error"]["code"], answer.json()["error"]["retryable"]) == (
        "capacity_exceeded",
        True,
    )


@pytest.mark.parametrize("left", ["{", "[1]", '"text"', "\xff", "{} {}"])
def test_an_unreadable_manifest_costs_the_run_only_that_manifest(api, left, tmp_path, monkeypatch):
    run = finished_with(api, monkeypatch, left)
    assert run["status"] == "succeeded"
    assert set(run["output_manifest"]) == {"outputs", "sandbox_id"}
    assert "manifest_unreadable" in [event["event_type"] for event in api.events(run)]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ("", {}),
        ("{ }", {}),
        ('{"a": 1}', {"a": 1}),
        ('{"outputs": 7}', {"manifest": {"outputs": 7}}),
    ],
)
def test_an_agent_cannot_replace_what_the_service_says_of_its_outputs(
    api, left, expected, monkeypatch
):
    run = finished_with(api, monkeypatch, left)
    manifest = run["output_manifest"]
    assert [entry["configured_path"] for entry in manifest.pop("outputs")] == [
        "outputs/sitemap.txt"
    ]
    assert manifest.pop("sandbox_id") == run["sandbox_id"]
    assert manifest == expected


def finished_with(api: Api, monkeypatch, left: str):
    """A run of an agent whose own manifest is the text given."""

    def perform(command, folder, environment, listener):
        (folder / "manifest.json").write_bytes(left.encode("latin-1"))
        return AgentProcess("python -c pass", folder, environment, listener)

    monkeypatch.setattr("agentrun_nb.local.jobs.AgentProcess", perform)
    return api.ended(api.create("site-map", 1))


def test_a_worker_outlives_a_job_that_breaks_the_service(api, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("agentrun_nb.local.jobs.AgentProcess", lambda *_: 1 / 0)
        broken = [api.ended(api.create("site-map", 1)) for _ in range(3)]
    assert {run["status"] for run in broken} == {"failed"}
    assert "ZeroDivisionError" in broken[0]["failure_reason"]
    assert api.ended(api.create("site-map", 1))["status"] == "succeeded"


def process(tmp_path: Path, code: str, heard: list[tuple[str, str]]) -> AgentProcess:
    (tmp_path / "agent.py").write_text(code)
    return AgentProcess(
        "python agent.py", tmp_path, {}, lambda stream, line: heard.append((stream, line))
    )


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("import sys; sys.exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)],
)
def test_exit_codes_are_those_of_the_agent_and_not_of_its_watchdog(tmp_path, code, exit_code):
    assert process(tmp_path, code, []).wait(20, threading.Event()).exit_code == exit_code


def test_children_that_an_agent_leaves_running_end_with_it(tmp_path):
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    started = process(tmp_path, code, [])
    assert started.wait(20, threading.Event()).exit_code == 0
    eventually(lambda: group_members(started.process_id), lambda found: not found)


def test_endless_output_is_heard_only_in_part_and_never_blocks(tmp_path):
    heard: list[tuple[str, str]] = []
    code = "print('x' * 20_000)\nfor n in range(5_000): print(n)\nprint(b'\\xff'.decode('latin-1') * 3)"
    ending = process(tmp_path, code, heard).wait(20, threading.Event())
    assert ending.exit_code == 0
    assert len(heard) == LINES
    assert max(len(line) for _, line in heard) <= 8_000


HOST = """
import sys, time
from pathlib import Path
sys.path[:0] = {path!r}
from agentrun_nb.local.process import AgentProcess
from tests.support.local import running
with running(folder={folder!r}) as api:
    run = api.until(api.create("long-training", 1), "running")
    # It writes nothing: no broken pipe but only the watchdog can end it.
    silent = AgentProcess("python -c 'import time; time.sleep(60)'", Path({folder!r}), {{}}, print)
    print(run["process_id"], silent.process_id, flush=True)
    time.sleep(60)
"""


def test_a_killed_service_leaves_no_process_and_its_folder_is_swept_by_the_next(tmp_path):
    code = HOST.format(path=[str(Path(__file__).parents[2])], folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as host:
        groups = [int(word) for word in host.stdout.readline().split()]
        eventually(
            lambda: [len(group_members(group)) for group in groups], lambda counts: counts == [2, 2]
        )
        host.send_signal(signal.SIGKILL)
    eventually(
        lambda: [group_members(group) for group in groups], lambda found: found == [[], []], 3
    )
    assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 1
    with running(folder=tmp_path) as api:
        assert list(tmp_path.glob(f"{PREFIX}*")) == [api.service._folder.path]
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_service_removes_its_folder(tmp_path):
    code = f"import agentrun_nb.local as local; local.serve(folder={str(tmp_path)!r}); raise SystemExit(3)"
    root = str(Path(__file__).parents[2])
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=30
    )
    assert (ended.returncode, ended.stderr) == (3, "")
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_takes_only_folders_without_an_owner(tmp_path):
    owned = ServiceFolder(tmp_path)
    for name in (f"{PREFIX}newborn", "somebody-elses"):
        (tmp_path / name).mkdir()
    (tmp_path / "somebody-elses" / LOCK).touch()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "somebody-elses")
    orphan = tmp_path / f"{PREFIX}orphan"
    orphan.mkdir()
    (orphan / LOCK).touch()
    assert sweep(tmp_path) == [orphan]
    assert {path.name for path in tmp_path.iterdir()} == {
        owned.path.name, f"{PREFIX}newborn", f"{PREFIX}link", "somebody-elses"
    }  # fmt: skip
    owned.remove()


def test_closing_stops_what_runs_and_what_waits(tmp_path):
    with running(folder=tmp_path) as api:
        runs = [api.create("long-training", 1) for _ in range(5)]
        started = [api.until(run, "running") for run in runs[:2]]
        begun = time.monotonic()
        api.service.close()
        assert time.monotonic() - begun < 30
        assert [group_members(run["process_id"]) for run in started] == [[], []]
        left = [json.loads(api.service._store.run(run["deployment_id"], run["id"])) for run in runs]
        assert {run["status"] for run in left} == {"cancelled"}
        assert list(tmp_path.iterdir()) == []
        api.service.close()


def test_a_forked_child_leaves_the_service_alone(tmp_path):
    with running(folder=tmp_path) as api:
        owner, api.service._owner = api.service._owner, os.getpid() + 1
        api.service.close()
        api.service._owner = owner
        assert api.http.get("/v1/agent-deployments").status_code == 200


def test_a_run_document_has_every_field_of_the_contract():
    fields = "id deployment_id version_id mode status input created_at updated_at retain_on_failure retention_seconds "
    fields += "sandbox_id process_id exit_code failure_reason output_manifest started_at completed_at idempotency_key"
    assert set(RunDocument.__struct_fields__) == set(fields.split())
