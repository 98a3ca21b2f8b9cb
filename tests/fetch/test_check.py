"""`check()`: each route offered, not offered, or not tried and why; and a base URL that leads elsewhere is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentrun_nb import Client, errors
from agentrun_nb.fetch.check import Check
from agentrun_nb.http import routes
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.routes import ROUTES, Route
from agentrun_nb.http.wire import Wire
from tests.faults.replies import DEP, KEY, http, page, record, refusal
from tests.faults.server import Reply, Request, serving

BASE = "/v1/agent-deployments"
RUN = BASE + "/{deployment_id}/runs/{run_id}"
RUNS, VERSIONS = BASE + "/{deployment_id}/runs", BASE + "/{deployment_id}/versions"
LOGS, OUTPUTS, FILE = RUN + "/logs", RUN + "/outputs", "/v1/sandboxes/{sandbox_id}/file"
ALL = [RUN, BASE, RUNS, VERSIONS, LOGS, OUTPUTS, FILE]

NO_RUN = refusal("404 Not Found", code="run_not_found")
NO_ROUTE = http(b"Not Found", "404 Not Found", "Content-Type: text/plain")
PLAIN = refusal("404 Not Found", code="not_found")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds, two attempts."""
    monkeypatch.setattr(
        Wire, "policy", Policy(attempts=2, base=0.01, crowded_base=0.01, longest=0.02)
    )


def whole_service(runs: int = 1, prefix: str = "") -> dict[str, bytes]:
    """The answers of a service that offers everything, by path."""
    one = f"{prefix}{BASE}/{DEP}"
    listed = [record(f"run_{number}") for number in range(runs)]
    answers = {
        f"{prefix}{BASE}": page({"id": DEP}),
        f"{one}/versions": page({"id": "ver_1"}),
        f"{one}/runs": page(*listed),
    }
    for each in listed:
        place = f"{one}/runs/{each['id']}"
        answers |= {place: http(each), f"{place}/logs": http({"events": [], "has_more": False})}
        answers[f"{place}/outputs"] = http(
            {"run_id": each["id"], "output_manifest": {}, "outputs": []}
        )
    return answers


Otherwise = Callable[[str], bytes]


def looked_at(
    answers: dict[str, bytes], otherwise: Otherwise = lambda path: NO_ROUTE, base: str = ""
) -> tuple[Check, list[Request]]:
    """What a look at a service finds, and what it was asked for."""

    def script(request: Request, number: int) -> Reply:
        return [answers.get(request.path) or otherwise(request.path)]

    with serving(script) as server, Client(KEY, server.url + base) as client:
        found = client.check()
        assert KEY not in f"{found!r} {vars(found)}"
        assert list(found.routes) == ALL
        return found, server.arrived


def unknown_run(path: str) -> bytes:
    """The API's word for a run that is not there, on the one route that this service has."""
    return NO_RUN if path.count("/") == 5 and "/runs/" in path else NO_ROUTE


def test_all_that_belongs_to_a_run_is_asked_for_the_run_at_hand() -> None:
    found, asked = looked_at(whole_service())
    assert (found.ok, found.problem) == (True, "")
    assert found.routes == dict.fromkeys(ALL, True) | {FILE: None}
    assert set(found.reasons) == {FILE}
    assert f"client.list_runs('{DEP}', limit=100)" in found.next_step
    assert f"not tried    {FILE} (" in repr(found)
    assert f"offered      {RUN}\n" in repr(found)
    assert len(asked) == len(ALL) - 1


MISSING = [refusal("501 Not Implemented", code="not_implemented"), refusal("405 No"), NO_ROUTE]


@pytest.mark.parametrize(
    ("route", "answer"),
    [
        *((route, answer) for route in (BASE, RUNS, VERSIONS, LOGS, OUTPUTS) for answer in MISSING),
        (BASE, PLAIN),
    ],
)
def test_each_route_may_be_missing(route: str, answer: bytes) -> None:
    path = route.format(deployment_id=DEP, run_id="run_0")
    answers = whole_service() | {path: answer}
    found, _ = looked_at(answers, unknown_run)
    assert found.routes[route] is False
    assert found.ok
    assert f"not offered  {route}" in repr(found)


@pytest.mark.parametrize("route", [LOGS, OUTPUTS, VERSIONS])
def test_a_route_that_fails_is_told_and_hides_no_other(route: str) -> None:
    path = route.format(deployment_id=DEP, run_id="run_0")
    found, _ = looked_at(whole_service() | {path: refusal("500 Oh", message="what happened")})
    assert found.ok
    assert found.routes == dict.fromkeys(ALL, True) | {FILE: None, route: None}
    assert "what happened" in found.reasons[route]
    assert f"not known    {route} (tried" in repr(found)


def test_a_later_deployment_may_have_the_run() -> None:
    answers = whole_service()
    answers[BASE] = page({"id": "empty"}, {"id": DEP})
    answers[f"{BASE}/empty/runs"] = page()
    answers[f"{BASE}/empty/versions"] = page()
    found, _ = looked_at(answers)
    assert found.routes[OUTPUTS]
    assert f"'{DEP}'" in found.next_step


def test_without_a_run_the_contracts_route_is_known_by_the_form_of_its_answer() -> None:
    found, _ = looked_at(whole_service(runs=0), unknown_run)
    assert (found.ok, found.routes[RUN]) == (True, True)
    assert "does not exist" in found.reasons[RUN]
    for route in (LOGS, OUTPUTS):
        assert found.routes[route] is None
        assert "needs a run" in found.reasons[route]


@pytest.mark.parametrize("answer", [NO_RUN, PLAIN, refusal("422 Odd", code="invalid_request")])
def test_a_service_with_the_one_endpoint_is_well_and_points_to_it(answer: bytes) -> None:
    found, _ = looked_at({}, lambda path: answer if "/runs/" in path else NO_ROUTE)
    assert (found.ok, found.routes[RUN], found.routes[BASE]) == (True, True, False)
    assert "client.get_run(deployment_id, run_id)" in found.next_step
    for route in (RUNS, VERSIONS):
        assert "needs a deployment" in found.reasons[route]


OTHERS: dict[str, bytes] = {
    "plain": NO_ROUTE,
    "detail": http({"detail": "Not Found"}, "404 Not Found"),
    "page": http(b"<html>404</html>", "404 Not Found", "Content-Type: text/html"),
    "one page for all": http(
        b"<!doctype html><title>App</title>", "200 OK", "Content-Type: text/html"
    ),
    "json for all": http({"message": "hello"}),
    "empty": http(b""),
    "another API's words": refusal("404 Not Found", code="unknown_url", message="no such URL"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_service_is_seen_and_no_id_is_blamed(name: str) -> None:
    with (
        serving(lambda request, number: [OTHERS[name]]) as server,
        Client(KEY, server.url) as client,
    ):
        found = client.check()
        assert not found.ok
        assert found.problem in repr(found)
        assert "base_url" in found.next_step
        assert found.routes[RUN] is not True
        with pytest.raises(errors.ServiceError) as caught:
            client.get_run(DEP, "run_1")
        assert server.url in caught.value.hint or "base_url" in caught.value.hint
        assert "has no" not in caught.value.message


@pytest.mark.parametrize("otherwise", [NO_ROUTE, PLAIN, http(b"<html>", "404 Not Found")])
@pytest.mark.parametrize("base", ["/v1", "/v1/", "/v1/agent-deployments", "/api/v1"])
def test_a_base_url_that_holds_part_of_the_routes_is_seen(otherwise: bytes, base: str) -> None:
    prefix = "/api" if base.startswith("/api") else ""
    answers = whole_service(prefix=prefix)
    with serving(lambda request, number: [answers.get(request.path, otherwise)]) as server:
        right = server.url + prefix
        with Client(KEY, server.url + base) as client:
            found = client.check()
            assert not found.ok
            assert f"give {right}." in found.next_step
            with pytest.raises(errors.NotFoundError) as caught:
                client.get_run(DEP, "run_0")
            assert f"give {right}." in caught.value.hint
            assert "has no" not in caught.value.message
            with pytest.raises(errors.NotOffered) as caught_listing:
                client.list_deployments()
            assert f"give {right}." in caught_listing.value.hint
        with Client(KEY, right) as client:
            assert client.check().ok


def test_a_wrong_path_is_seen_where_the_service_answers_in_its_own_form() -> None:
    found, _ = looked_at(whole_service(), lambda path: PLAIN, base="/elsewhere")
    assert not found.ok
    assert "'/elsewhere'" in found.problem


def test_what_is_missing_is_still_named_by_the_service_itself() -> None:
    """Under a base URL with the odd path too, as long as the service says which."""
    with (
        serving(lambda request, number: [NO_RUN]) as server,
        Client(KEY, server.url + "/v1") as client,
    ):
        with pytest.raises(errors.NotFoundError, match="has no run 'run_9'") as caught:
            client.get_run(DEP, "run_9")
        assert caught.value.code == "run_not_found"


@pytest.mark.parametrize(("status", "asked"), [("401 Unauthorized", 1), ("503 Busy", 2)])
def test_a_look_ends_with_the_first_answer_that_speaks_for_all(status: str, asked: int) -> None:
    found, requests = looked_at({}, lambda path: refusal(status))
    assert not found.ok
    assert found.problem in repr(found)
    assert found.routes == dict.fromkeys(ALL)
    assert set(found.reasons) == set(ALL)
    assert len(requests) == asked


def test_of_a_service_that_does_not_answer_nothing_is_claimed() -> None:
    with Client("key", "http://127.0.0.1:9") as client:
        found = client.check()
    assert not found.ok
    assert set(found.routes.values()) == {None}
    assert "clock        not known" in repr(found)


def test_a_key_that_may_not_list_can_still_get_a_run() -> None:
    forbidden = refusal("403 Forbidden", code="forbidden")
    found, _ = looked_at({BASE: forbidden}, unknown_run)
    assert (found.ok, found.routes[RUN], found.routes[BASE]) == (True, True, None)
    assert "may not do this" in found.reasons[BASE]


def test_every_route_says_what_it_gives_and_why_it_is_not_asked():
    for route in ROUTES:
        assert (route.table is None) == bool(route.unchecked)
        assert not route.key or route.table is not None
    templates = [route.template for route in ROUTES]
    assert len({*templates}) == len(templates)
    assert {id(value) for value in vars(routes).values() if isinstance(value, Route)} == {
        id(route) for route in ROUTES
    }
