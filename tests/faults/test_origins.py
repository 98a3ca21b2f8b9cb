"""The key goes to one origin, on one route: redirects, cursors, ids, addresses and the environment change nothing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from agentrun_nb.client import Client
from agentrun_nb.errors import AgentRunError, BadIdError, SettingsError
from agentrun_nb.http import routes
from agentrun_nb.http.secret import Secret
from agentrun_nb.http.settings import find_settings
from agentrun_nb.http.wire import Wire

from .replies import DEP, KEY, RUN, http, page, record
from .server import FaultServer, Reply, Request, serving

REDIRECTS = (301, 302, 303, 307, 308)
PLACES = (
    "http://127.0.0.1:{port}/v1/x",
    "//127.0.0.1:{port}/v1/x",
    "http://localhost:{port}",
    "http://u:p@127.0.0.1:{port}",
    "\\\\127.0.0.1:{port}",
    "http://[::1]:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://127.1:{port}/",
    "http://2130706433:{port}/",
    "hTTp://127.0.0.1:{port}#{port}",
)
OTHER_CURSORS = (
    *PLACES,
    "../../../../x",
    "@127.0.0.1:{port}",
    "\r\nHost: 127.0.0.1:{port}\r\n\r\n",
    "%0d%0aHost:%20x",
)
VARIABLES = (
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "all_proxy",
    "SSLKEYLOGFILE",
    "NETRC",
)


def carried(server: FaultServer) -> int:
    """How many requests came with the key, in a header or in the target."""
    return sum(KEY in f"{request.headers} {unquote(request.target)}" for request in server.arrived)


def test_a_request_with_the_key_is_seen() -> None:
    """The control of what follows."""
    with serving(lambda request, number: [RUN]) as server, Client(KEY, server.url) as client:
        client.get_run(DEP, "run_1")
        assert carried(server) == 1


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("place", PLACES)
def test_no_redirect_takes_the_key_along(status: int, place: str) -> None:
    with serving(lambda request, number: [RUN]) as other:
        location = f"Location: {place.format(port=other.port)}"
        with (
            serving(lambda request, number: [http(b"", f"{status} X", location)]) as server,
            Client(KEY, server.url) as client,
        ):
            with pytest.raises(AgentRunError):
                client.get_run(DEP, "run_1")
            assert (carried(server), other.connections) == (1, 0)


@pytest.mark.parametrize("cursor", OTHER_CURSORS)
def test_no_cursor_takes_the_key_along(cursor: str) -> None:
    with serving(lambda request, number: [RUN]) as other:
        sent = cursor.format(port=other.port)

        def script(request: Request, number: int) -> Reply:
            return [page(record(), next_cursor=None if "cursor" in request.query else sent)]

        with serving(script) as server, Client(KEY, server.url) as client:
            client.list_runs(DEP, progress=False)
            assert other.connections == 0
            listed = [request for request in server.arrived if request.path.endswith("/runs")]
            assert [request.query.get("cursor") for request in listed] == [None, sent]
            assert {request.headers["host"] for request in server.arrived} == {
                f"127.0.0.1:{server.port}"
            }


@pytest.mark.parametrize("variable", VARIABLES)
def test_no_variable_takes_the_key_along(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (
        serving(lambda request, number: [RUN]) as other,
        serving(lambda request, number: [RUN]) as server,
    ):
        target = f"{tmp_path}/kept" if variable in ("SSLKEYLOGFILE", "NETRC") else other.url
        monkeypatch.setenv(variable, target)
        with Client(KEY, server.url) as client:
            client.get_run(DEP, "run_1")
        assert (carried(server), other.connections, (tmp_path / "kept").exists()) == (1, 0, False)


@pytest.mark.parametrize("name", ["base_url", "_base_url", "settings"])
def test_the_address_does_not_change(name: str) -> None:
    with (
        serving(lambda request, number: [RUN]) as other,
        serving(lambda request, number: [RUN]) as server,
    ):
        with Client(KEY, server.url) as client:
            for held in (client, client._wire.settings):
                try:
                    setattr(held, name, other.url)
                except AttributeError:
                    continue
            client.get_run(DEP, "run_1")
        assert (carried(server), other.connections) == (1, 0)


DOTS = (".", "%2e", "%252e", "%25252e", "\uff0e", "%c0%ae", "%u002e", "\u2024")
SLASHES = (
    "/",
    "\\",
    "%2f",
    "%5c",
    "%252f",
    "%255c",
    "%25252f",
    "\u2215",
    "\uff0f",
    "%c0%af",
    "//",
    "/./",
    "\\/",
    "%2f%5c",
    ";/",
    "%00/",
)
TARGETS = (
    "",
    "etc/passwd",
    "v1/agent-deployments",
    "runs?x=1",
    "x#y",
    "x%00",
    "x\r\ny",
    "@host",
    "x;y",
    "x%3fy%3d1",
    "%23x",
    "\x7f",
)
BEFORE = ("", "run_1", "a b", "/", "https://h", "%")


def traversals() -> Iterator[str]:
    """Ids that try to leave their place in the path."""
    for dot, slash, depth, target, before in itertools.product(
        DOTS, SLASHES, range(1, 4), TARGETS, BEFORE
    ):
        yield before + (dot + dot + slash) * depth + target
        if depth == 1:
            yield before + slash + target
            yield before + dot + target


def wire_of(url: str) -> Wire:
    limits = {
        "timeout": 5.0,
        "deadline": 5.0,
        "max_in_flight": 4,
        "max_bytes": 1_000_000,
        "verify": True,
    }
    return Wire(find_settings(Secret(KEY, "here"), url, allow_http=False, proxy=None, **limits))


def test_traversal_ids_are_refused_or_stay_one_part_of_the_path() -> None:
    wire, shape = (
        wire_of("https://api.test/prefix"),
        re.compile(rb"/prefix/v1/agent-deployments/[^/?#]+/runs/[^/?#]+"),
    )
    count = refused = 0
    for value in traversals():
        count += 1
        for ids in ((value, "run_1"), (DEP, value)):
            try:
                ask = routes.RUN.ask(*ids)
            except BadIdError:
                refused += 1
                continue
            sent = wire._request(ask, KEY).url
            assert sent.host == "api.test"
            assert shape.fullmatch(sent.raw_path), value
            parts = sent.raw_path.decode().split("/")
            assert [unquote(parts[4]), unquote(parts[6])] == list(ids)
    print(f"{count:,} ids in two places: {refused:,} refused, the others one part of the path")
    assert count >= 20_000
    assert 0 < refused < 2 * count


def test_traversal_ids_as_they_arrive() -> None:
    """A sample of them over a socket; the control sends them unquoted, as a plain f-string would."""
    sample = [value for value in itertools.islice(traversals(), 0, None, 401) if len(value) < 300]

    def script(request: Request, number: int) -> Reply:
        return [http(record(request.last))]

    with serving(script) as server, Client(KEY, server.url) as client:
        rows = client.get_runs(DEP, sample, progress=False)
        off = [
            request.target
            for request in server.arrived
            if request.target.count("/") != 5 or "?" in request.target
        ]
        assert off == []
        assert rows["fetch_error"].str.startswith("bad_id").any()
        assert rows["fetch_error"].isna().any()
    plain = [f"/v1/agent-deployments/{DEP}/runs/{value}" for value in sample]
    assert [target for target in plain if target.count("/") != 5 or "?" in target]


@pytest.mark.parametrize(
    "settings",
    [{"base_url": "http://api.test"}, {"base_url": "https://a@api.test"}, {"proxy": "socks5://x"}],
)
def test_what_is_refused_sends_nothing(settings: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        Client(KEY, **settings)  # type: ignore[arg-type]
