"""Names of deployments and versions by their ids, from the local service and from services that say less."""

from __future__ import annotations

import httpx
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import local
from agentrun_nb.errors import NotFoundError, NotOffered, UnauthorizedError
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.wire import Wire
from tests.support.http import answer, mocked

DEPLOYMENTS = "/v1/agent-deployments"


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds."""
    monkeypatch.setattr(
        Wire, "policy", Policy(attempts=2, base=0.001, crowded_base=0.001, longest=0.002)
    )


def names(deployments: object, **versions: object) -> dict[str, str]:
    """The names of a service that answers with these lists; a number is a status without a list."""

    def serve(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        items = deployments if path == DEPLOYMENTS else versions.get(path.split("/")[-2], 404)
        if isinstance(items, int):
            return answer({"error": "no"}, items)
        return answer({"items": items, "next_cursor": None, "has_more": False})

    return mocked(serve).names()


def version(key: str | None, number: object) -> dict[str, object]:
    return {"id": key, "deployment_id": "d", "version_number": number}


def test_the_local_service_names_all_it_has():
    with local.serve() as service:
        service.load(local.generate(50))
        found = service.client.names()
        deployments = service.client.list_deployments()
        versions = pd.concat([service.client.list_versions(key) for key in deployments["id"]])
        assert set(found) == {*deployments["id"], *versions["id"]}
        agents = service.deployments.set_index("name")["id"]
        newest = service.client.list_versions(agents["csv-report"]).set_index("version_number")[
            "id"
        ]
        assert found[agents["csv-report"]] == "csv-report"
        assert found[newest[2]] == "csv-report v2"
        runs = service.client.list_runs(progress=False)
        assert runs["version_id"].map(found).str.fullmatch(r"[\w-]+ v\d+").all()


CASES = {
    "nothing there": (([],), {}, {}),
    "a name and a version": (
        ([{"id": "d", "name": "mail"}],),
        {"d": [version("v", 3)]},
        {"d": "mail", "v": "mail v3"},
    ),
    "no name": (([{"id": "d", "name": None}, {"id": "e"}, {"name": "lost"}],), {}, {}),
    "a version without number or id": (
        ([{"id": "d", "name": "mail"}],),
        {"d": [version("v", None), version(None, 2), version("w", "two")]},
        {"d": "mail"},
    ),
    "one name for two": (
        ([{"id": "d", "name": "mail"}, {"id": "e", "name": "mail"}],),
        {"d": [version("v", 1)], "e": [version("w", 1)]},
        {"d": "mail (d)", "e": "mail (e)", "v": "mail (d) v1", "w": "mail (e) v1"},
    ),
    "a number beyond doubles": (
        ([{"id": "d", "name": "mail"}],),
        {"d": [version("v", 9_007_199_254_740_993)]},
        {"d": "mail", "v": "mail v9007199254740993"},
    ),
}


@pytest.mark.parametrize(("deployments", "versions", "expected"), CASES.values(), ids=CASES)
def test_names_are_what_the_lists_say(
    deployments: tuple[object], versions: dict[str, object], expected: object
):
    assert names(*deployments, **versions) == expected


@pytest.mark.parametrize("status", [403, 404, 405, 500, 501])
def test_versions_that_do_not_come_cost_their_own_names_only(status: int):
    listed = [{"id": "d", "name": "mail"}, {"id": "e", "name": "news"}]
    assert names(listed, d=status, e=[version("w", 1)]) == {
        "d": "mail",
        "e": "news",
        "w": "news v1",
    }


def test_without_a_list_of_deployments_it_is_an_error():
    with pytest.raises(NotOffered):
        names(404)


def test_a_refused_key_is_an_error_whatever_list_it_was_for():
    for lists in ({"deployments": 401}, {"deployments": [{"id": "d", "name": "mail"}], "d": 401}):
        with pytest.raises(UnauthorizedError):
            names(**lists)
    assert issubclass(UnauthorizedError, arn.AgentRunError)


def shop_without_that_name(request: httpx.Request) -> httpx.Response:
    """A service that has one deployment, and says no more than `not_found` of any other."""
    if request.url.path == DEPLOYMENTS:
        return answer({"items": [{"id": "d", "name": "mail"}], "next_cursor": None})
    if request.url.path == f"{DEPLOYMENTS}/d/runs":
        return answer({"items": [], "next_cursor": None})
    return answer({"error": {"code": "not_found", "message": "nothing here"}}, 404)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_run("mail", "r"),
        lambda client: client.get_runs("mail", ["r", "s"]),
        lambda client: client.explore("mail", "r"),
        lambda client: client.get_logs(("mail", "r")),
        lambda client: client.list_runs("mail"),
        lambda client: list(client.iter_runs("mail")),
        lambda client: client.list_versions("mail"),
        lambda client: client.wait(("mail", "r")),
    ],
)
def test_a_name_in_place_of_an_id_is_answered_with_the_id_at_every_door(call):
    with pytest.raises(NotFoundError, match="its id is 'd'"):
        call(mocked(shop_without_that_name))


def test_deployments_are_taken_from_a_frame_that_has_its_ids_in_the_index():
    client = mocked(shop_without_that_name)
    deployments = client.list_deployments().set_index("id")
    assert len(client.list_runs(deployments)) == 0
    assert arn.fetch_report(client.list_runs(deployments)).complete
