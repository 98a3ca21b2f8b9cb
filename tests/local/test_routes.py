"""The local service's HTTP interface: key, errors, pages, filters, logs, files."""

from __future__ import annotations

import json
import os

import httpx
import pytest

from agentrun_nb.local import generate
from tests.support.local import AGENTS, Api, running

MANY = 450


@pytest.fixture(scope="module")
def api():
    with running() as api:
        api.service.load(generate(MANY, seed=1))
        yield api


@pytest.fixture(scope="module")
def run(api: Api):
    return api.ended(api.create("code-review", 1))


@pytest.fixture(scope="module")
def generated(api: Api):
    """The generated deployment with the most runs, and its records, newest first."""
    records = [json.loads(body) for body in generate(MANY, seed=1)]
    ids = [record["deployment_id"] for record in records]
    chosen = max(set(ids), key=ids.count)
    return chosen, [record for record in reversed(records) if record["deployment_id"] == chosen]


def walk(api: Api, deployment_id: str, **query):
    """All pages of a listing of runs."""
    while True:
        page = (
            api.http.get(f"/v1/agent-deployments/{deployment_id}/runs", params=query)
            .raise_for_status()
            .json()
        )
        yield page["items"]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def ids(pages):
    return [item["id"] for items in pages for item in items]


def refused(answer: httpx.Response, status: int, code: str):
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert set(error) == {
        "code",
        "message",
        "request_id",
        "retryable",
        "suggested_action",
        "details",
    }
    assert error["request_id"] == answer.headers["X-Request-Id"]
    return error


@pytest.mark.parametrize(
    ("header", "code"),
    [(None, "missing_api_key"), ("Bearer wrong", "unauthorized"), ("Basic eDp5", "unauthorized")],
)
@pytest.mark.parametrize(
    "path", ["/v1/agent-deployments", "/v1/sandboxes/x/file?path=y", "/nowhere"]
)
def test_nothing_is_answered_without_the_key(api, path, header, code):
    headers = {} if header is None else {"Authorization": header}
    answer = httpx.get(api.service.base_url + path, headers=headers, trust_env=False)
    refused(answer, 401, code)
    assert api.service.api_key not in answer.text


def test_every_unknown_id_is_a_404_that_says_what_is_missing(api, run):
    dep = run["deployment_id"]
    for path, code in (
        ("/v1/agent-deployments/adep_no", "deployment_not_found"),
        ("/v1/agent-deployments/adep_no/versions", "deployment_not_found"),
        ("/v1/agent-deployments/adep_no/runs", "deployment_not_found"),
        (f"/v1/agent-deployments/adep_no/runs/{run['id']}", "deployment_not_found"),
        (f"/v1/agent-deployments/{dep}/versions/adver_no", "version_not_found"),
        (f"/v1/agent-deployments/{dep}/runs/adrun_no", "run_not_found"),
        (f"/v1/agent-deployments/{dep}/runs/adrun_no/logs", "run_not_found"),
        (f"/v1/agent-deployments/{dep}/runs/adrun_no/outputs", "run_not_found"),
        ("/v1/sandboxes/sbx_no", "sandbox_not_found"),
        ("/v1/sandboxes/sbx_no/file?path=x", "sandbox_not_found"),
        (f"/v1/sandboxes/{run['sandbox_id']}/file?path=outputs/no.txt", "file_not_found"),
        ("/v1/nothing", "not_found"),
    ):
        refused(api.http.get(path), 404, code)


def test_a_wrong_method_is_a_405_in_the_same_envelope(api, run):
    refused(api.http.delete(api.path(run)), 405, "method_not_allowed")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0}, {"limit": 201}, {"limit": "ten"}, {"limit": "-1"}, {"limit": "9" * 30}, {"status": "asleep"},
        {"cursor": "x"}, {"cursor": "é"}, {"cursor": "bG9nczoxOjE"},
    ],
)  # fmt: skip
def test_a_bad_query_is_refused_by_name(api, run, query):
    error = refused(
        api.http.get(api.runs_path("code-review"), params=query), 400, "invalid_request"
    )
    assert error["details"] == {"parameter": next(iter(query))}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"input":[]}',
        b'{"input":null}',
        b'{"version_id":7}',
        b'{"retention_seconds":0}',
        b'{"envs":{"A":1}}',
    ],
)
def test_a_bad_body_is_refused(api, body):
    refused(api.http.post(api.runs_path("code-review"), content=body), 400, "invalid_request")


def test_a_listing_is_complete_newest_first_and_equal_to_the_single_runs(api, generated):
    deployment_id, records = generated
    pages = list(walk(api, deployment_id, limit=37))
    assert [len(page) for page in pages[:-1]] == [37] * (len(pages) - 1)
    assert [item for page in pages for item in page] == records


def test_a_page_holds_50_runs_by_default_and_200_at_most(api, generated):
    assert len(next(walk(api, generated[0]))) == 50
    assert len(next(walk(api, generated[0], limit=200))) == min(200, len(generated[1]))


def test_filters_choose_what_they_say_and_together_everything(api, generated):
    deployment_id, records = generated
    for name in ("status", "version_id"):
        values = {record[name] for record in records}
        assert len(values) > 1
        for value in values:
            wanted = [record["id"] for record in records if record[name] == value]
            assert ids(walk(api, deployment_id, limit=7, **{name: value})) == wanted
    assert ids(walk(api, deployment_id, version_id="adver_no")) == []


def test_a_walk_loses_and_doubles_nothing_while_runs_are_added(api):
    first = [api.create("invoice-audit", 1)["id"] for _ in range(5)]
    seen = []
    for items in walk(api, AGENTS["invoice-audit"].deployment_id, limit=2):
        seen += [item["id"] for item in items]
        api.create("invoice-audit", 2)
    assert seen == first[::-1]
    for run_id in [
        item["id"] for page in walk(api, AGENTS["invoice-audit"].deployment_id) for item in page
    ]:
        api.http.post(f"{api.runs_path('invoice-audit')}/{run_id}/cancel")


def test_deployments_and_versions_are_listed_in_pages(api):
    found, query = [], {"limit": 3}
    while True:
        page = api.http.get("/v1/agent-deployments", params=query).json()
        found += page["items"]
        if not page["next_cursor"]:
            break
        query["cursor"] = page["next_cursor"]
    names = [item["name"] for item in found]
    assert len(set(names)) == len(names)
    assert [name for name in names if name in AGENTS] == list(AGENTS)
    assert len(names) > len(AGENTS)
    for item in found:
        assert api.http.get(f"/v1/agent-deployments/{item['id']}").json() == item
        versions = api.http.get(f"/v1/agent-deployments/{item['id']}/versions").json()["items"]
        numbers = [version["version_number"] for version in versions]
        assert numbers == list(range(len(versions), 0, -1))
        assert item["active_version_id"] in [version["id"] for version in versions]
    assert api.http.get("/v1/agent-deployments", params={"mode": "service"}).json()["items"] == []
    assert api.http.get("/v1/agent-deployments", params={"status": "active"}).json()["items"]


def test_the_same_idempotency_key_gives_the_same_run_and_another_body_is_a_conflict(api):
    path, headers = api.runs_path("code-review"), {"Idempotency-Key": "once"}
    first = api.http.post(path, json={"input": {"package": "json"}}, headers=headers)
    again = api.http.post(path, json={"input": {"package": "json"}}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["idempotency_key"] == "once"
    refused(
        api.http.post(path, json={"input": {"package": "email"}}, headers=headers), 409, "conflict"
    )


def test_the_input_is_kept_to_the_letter(api):
    text = b'{ "z": 1180591620717411303424, "a": 1.10, "a": [ ], "\xc3\xa9": "\\u00e9" }'
    answer = api.http.post(api.runs_path("site-map"), content=b'{"input":' + text + b"}")
    assert b'"input":' + text + b',"created_at"' in answer.content
    assert b'"input":' + text + b',"created_at"' in api.http.get(api.path(answer.json())).content


def test_a_deployment_of_loaded_runs_has_no_agent_to_run(api, generated):
    refused(api.http.post(f"/v1/agent-deployments/{generated[0]}/runs", json={}), 409, "conflict")


def test_logs_are_the_same_by_offset_cursor_and_tail(api, run):
    events = api.events(run)
    assert len(events) > 8
    by_offset = [api.get(run, "/logs", offset=n, limit=1)["events"][0] for n in range(len(events))]
    assert by_offset == events
    page, by_cursor = api.get(run, "/logs", limit=3), []
    while page["events"]:
        by_cursor += page["events"]
        assert page["has_more"] == (len(by_cursor) < len(events))
        page = api.get(run, "/logs", limit=3, cursor=page["next_cursor"])
    assert by_cursor == events
    assert api.get(run, "/logs", tail=4)["events"] == events[-4:]
    beyond = api.get(run, "/logs", offset=len(events) + 5)
    assert (beyond["events"], beyond["has_more"]) == ([], False)
    assert [
        api.http.get(api.path(run, "/logs"), params=bad).status_code
        for bad in ({"tail": "x"}, {"offset": -1})
    ] == [400, 400]


def test_a_cursor_of_one_listing_is_no_cursor_of_another(api, run):
    cursor = api.get(run, "/logs", limit=1)["next_cursor"]
    refused(
        api.http.get(api.runs_path("code-review"), params={"cursor": cursor}),
        400,
        "invalid_request",
    )


def test_loaded_runs_have_outputs_but_no_log_and_no_files(api, generated):
    record = next(record for record in generated[1] if record["status"] == "succeeded")
    assert api.get(record, "/outputs")["outputs"] == record["output_manifest"]["outputs"]
    assert api.events(record) == []
    refused(
        api.file(record["sandbox_id"], "/workspace/outputs/summary.md"), 404, "sandbox_not_found"
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("../owner.lock", 403), ("/workspace/../owner.lock", 403), ("outputs/../../owner.lock", 403),
        ("/etc/passwd", 404), ("/", 404), ("//etc/passwd", 404), ("link", 403), ("folder/owner.lock", 403),
        ("C:\\boot.ini", 404), ("..\\owner.lock", 404), ("%2e%2e/owner.lock", 404), ("a" * 5000, 404), ("pipe", 404),
        ("\0", 400), ("", 400), ("outputs", 400), ("/workspace", 400), (".", 400), ("..", 403),
    ],
)  # fmt: skip
def test_no_path_leaves_the_sandbox(api, run, path, status):
    folder = api.service._workshop.sandbox(run["sandbox_id"]).folder
    if not (folder / "link").is_symlink():
        (folder / "link").symlink_to(folder.parent / "owner.lock")
        (folder / "folder").symlink_to(folder.parent)
        os.mkfifo(folder / "pipe")
    assert api.file(run["sandbox_id"], path).status_code == status


def test_a_file_is_read_by_each_way_of_writing_its_path(api, run):
    answers = [
        api.file(run["sandbox_id"], path)
        for path in (
            "outputs/review.md",
            "/workspace/outputs/review.md",
            "outputs/../outputs/review.md",
        )
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].content.startswith(b"# Review of json")


def test_an_answer_on_a_kept_connection_does_not_wait_for_an_acknowledgement(api, run):
    seconds = [api.http.get(api.path(run)).elapsed.total_seconds() for _ in range(20)]
    assert min(seconds) < 0.03
