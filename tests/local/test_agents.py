"""Every agent of the local service, run for real in both versions."""

from __future__ import annotations

import json
import os
from datetime import datetime

import pytest

from agentrun_nb.local import EVENTS
from agentrun_nb.local.catalogue import AGENTS as BUNDLES
from tests.support.local import AGENTS, Api, running

ENDINGS = {
    ("csv-report", 1): ("succeeded", 0),
    ("csv-report", 2): ("succeeded", 0),
    ("code-review", 1): ("succeeded", 0),
    ("code-review", 2): ("succeeded", 0),
    ("broken-install", 1): ("failed", 1),
    ("broken-install", 2): ("failed", 1),
    ("invoice-audit", 1): ("failed", 1),
    ("invoice-audit", 2): ("failed", 1),
    ("long-training", 1): ("timed_out", 137),
    ("long-training", 2): ("timed_out", 0),
    ("site-map", 1): ("succeeded", 0),
    ("site-map", 2): ("succeeded", 0),
    ("nightly-export", 1): ("failed", 0),
    ("nightly-export", 2): ("succeeded", 0),
    ("comment-digest", 1): ("failed", 1),
    ("comment-digest", 2): ("succeeded", 0),
}


@pytest.fixture(scope="module")
def api():
    with running() as api:
        yield api


@pytest.fixture(scope="module")
def runs(api: Api):
    created = {(name, version): api.create(name, version, input={}) for name, version in ENDINGS}
    assert api.service.wait(90)
    return {key: api.get(run) for key, run in created.items()}


def outputs(run):
    return {output["configured_path"]: output for output in run["output_manifest"]["outputs"]}


def test_the_table_of_endings_names_every_agent_in_both_versions():
    assert set(ENDINGS) == {(name, version) for name in AGENTS for version in (1, 2)}
    assert 6 <= len(AGENTS) <= 8


@pytest.mark.parametrize(("name", "version"), ENDINGS)
def test_each_version_ends_as_it_should_with_its_real_exit_code(runs, name, version):
    run = runs[name, version]
    assert (run["status"], run["exit_code"]) == ENDINGS[name, version]
    assert run["version_id"] == AGENTS[name].version_id(version)
    assert (run["failure_reason"] is None) == (run["status"] == "succeeded")
    assert run["input"] == {}
    created, started, completed = (
        datetime.fromisoformat(run[f"{what}_at"]) for what in ("created", "started", "completed")
    )
    assert created <= started <= completed
    if os.environ.get("AGENTRUN_NB_PROFILE") == "torture":
        assert (completed - started).total_seconds() <= AGENTS[name].longest


@pytest.mark.parametrize(("name", "version"), ENDINGS)
def test_the_log_tells_every_transition_once_in_the_order_of_the_lifecycle(
    api, runs, name, version
):
    run, events = runs[name, version], api.events(runs[name, version])
    passed = [EVENTS[event["event_type"]] for event in events if event["event_type"] in EVENTS]
    steps = ["queued", "starting", "installing"] + ["running"] * (name != "broken-install")
    assert passed == [*steps, run["status"]]
    assert events[-1]["event_type"] == f"run_{run['status']}"
    assert [event["created_at"] for event in events] == sorted(
        event["created_at"] for event in events
    )
    assert {event["run_id"] for event in events} == {run["id"]}
    assert len({event["id"] for event in events}) == len(events)


def test_versions_of_one_agent_differ_in_what_they_leave(runs):
    for name in AGENTS:
        one, two = runs[name, 1], runs[name, 2]
        told = [
            (run["failure_reason"], run["exit_code"], sorted(run["output_manifest"]), sorted(outputs(run)),
             [output["size_bytes"] for output in outputs(run).values()])
            for run in (one, two)
        ]  # fmt: skip
        assert told[0] != told[1], name


def test_the_report_agent_leaves_a_report_a_plot_and_a_result(api, runs):
    run = runs["csv-report", 2]
    files = {
        path: api.file(run["sandbox_id"], entry["access"]["path"]).content
        for path, entry in outputs(run).items()
    }
    assert files["outputs/report.md"].startswith(b"# bicycles a day")
    assert b"Odd days" in files["outputs/report.md"]
    assert files["outputs/plot.png"].startswith(b"\x89PNG")
    assert len(json.loads(files["outputs/result.json"])["odd_days"]["harbour"]) == 1
    for path, entry in outputs(run).items():
        assert entry["status"] == "available"
        assert entry["size_bytes"] == len(files[path])
    assert run["output_manifest"]["rows"] == 168
    assert 0 < run["output_manifest"]["score"] < 1


def test_the_input_reaches_the_agent(api):
    run = api.ended(api.create("csv-report", 1, input={"column": "temperature"}))
    assert run["output_manifest"]["column"] == "temperature"
    assert run["input"] == {"column": "temperature"}


def test_a_directory_is_described_as_one(runs):
    entry = outputs(runs["code-review", 2])["outputs/modules"]
    assert (entry["kind"], entry["status"]) == ("directory", "available")
    assert entry["size_bytes"] > 0


def test_the_package_of_the_broken_installation_really_does_not_build(api, runs):
    assert "GrammarError" in runs["broken-install", 2]["failure_reason"]
    failed = [
        event
        for event in api.events(runs["broken-install", 2])
        if event["event_type"] == "runtime_failed"
    ]
    assert [event["metadata"]["failure_phase"] for event in failed] == ["install"]


def test_a_crash_leaves_its_traceback_in_the_log_and_its_error_in_the_reason(api, runs):
    run = runs["invoice-audit", 2]
    said = [event["message"] for event in api.events(run) if event["source"] == "stderr"]
    assert said.count("Traceback (most recent call last):") == 2
    assert run["failure_reason"].endswith("AuditError: invoice 10 has no pieces")


def test_no_path_of_this_machine_is_in_what_the_service_says(api, runs):
    folder = str(api.service._folder.path)
    for run in runs.values():
        text = json.dumps([run, api.events(run)])
        assert folder not in text
        assert str(BUNDLES) not in text


def test_an_overrun_is_stopped_near_its_limit_even_when_it_does_not_listen(runs):
    for version in (1, 2):
        run = runs["long-training", version]
        started, completed = (
            datetime.fromisoformat(run[f"{what}_at"]) for what in ("started", "completed")
        )
        assert 2.0 <= (completed - started).total_seconds() < 6.0
    assert outputs(runs["long-training", 2])["outputs/checkpoint.json"]["status"] == "available"


def test_the_large_manifest_is_large_and_deep(runs):
    site, depth = runs["site-map", 2]["output_manifest"]["site"], 0
    while site["links"]:
        site, depth = site["links"][0], depth + 1
    assert depth >= 64
    assert len(json.dumps(runs["site-map", 2]["output_manifest"])) > 300_000


def test_missing_outputs_are_named_and_cannot_be_read(runs):
    for version, missing in ((1, 2), (2, 1)):
        entries = outputs(runs["nightly-export", version])
        absent = [entry for entry in entries.values() if entry["status"] == "missing"]
        assert len(absent) == missing
        assert all("access" not in entry and entry["size_bytes"] is None for entry in absent)
    assert "customers.csv" in runs["nightly-export", 1]["failure_reason"]


def test_hostile_text_is_passed_on_to_the_letter(api, runs):
    body = api.http.get(api.path(runs["comment-digest", 2])).content
    for part in (
        b'"__proto__": {"polluted": true}',
        b'"twice": "first", "twice": "second"',
        b'"beyond": 9007199254740993, "far_beyond": 1180591620717411303424',
        b'"huge": 1e400, "minus_zero": -0',
        "\u202e".encode(),
        b"<script>document.title='owned'</script>",
        b"\\u001b[31m",
    ):
        assert part in body, part
    assert "\x1b[31m" in runs["comment-digest", 1]["failure_reason"]
    assert "<script>" in runs["comment-digest", 1]["failure_reason"]
    hostile = outputs(runs["comment-digest", 2])["outputs/<b>bold</b>.txt"]
    assert (
        api.file(hostile["access"]["sandbox_id"], hostile["access"]["path"]).content
        == b"hostile name\n"
    )


def test_outputs_are_the_same_by_their_own_route(api, runs):
    for run in runs.values():
        answer = api.get(run, "/outputs")
        assert answer == {
            "run_id": run["id"], "output_manifest": run["output_manifest"], "outputs": run["output_manifest"]["outputs"]
        }  # fmt: skip
