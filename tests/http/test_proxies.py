"""Networks of companies: proxies that tunnel, refuse or are down, and authorities of their own. All are real."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest
import trustme

from agentrun_nb import Client, errors
from agentrun_nb.errors import ConnectionFailedError, SettingsError
from agentrun_nb.http.proxy import environment_proxy
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.trust import VARIABLES, read_trust
from agentrun_nb.http.wire import Wire
from tests.faults.replies import DEP, KEY, RUN
from tests.faults.server import FaultServer, serving

PASSWORD = "hush-hush"
ATTEMPTS = 3


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no authority in the environment, and waits of milliseconds."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in VARIABLES:
            monkeypatch.delenv(name)
    monkeypatch.setattr(
        Wire, "policy", Policy(attempts=ATTEMPTS, base=0.01, crowded_base=0.01, longest=0.02)
    )


@dataclass
class ProxyServer:
    """A proxy on the loopback that connects every name to one port, or answers with a refusal.

    Attributes:
        connects: the first lines that arrived.
        logins: what the requests said of who they are.
    """

    target: int
    refusal: bytes = b""
    port: int = 0
    scheme: str = "http"

    def __post_init__(self) -> None:
        self.connects: list[str] = []
        self.logins: list[str] = []
        self.seen = b""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            self.connects.append(head[0])
            self.logins += [line for line in head if line.lower().startswith("proxy-authorization")]
            if self.refusal:
                writer.write(self.refusal)
                await writer.drain()
                return
            there, on = await asyncio.open_connection("127.0.0.1", self.target)
            try:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(self._pass_on(reader, on), self._pass_on(there, writer))
            finally:
                on.close()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(65_536):
            self.seen += content
            writer.write(content)
            await writer.drain()
        writer.close()


@contextmanager
def proxying(
    target: int = 1, refusal: bytes = b"", tls: ssl.SSLContext | None = None
) -> Iterator[ProxyServer]:
    proxy = ProxyServer(target, refusal, scheme="https" if tls else "http")
    fault = FaultServer(lambda request, number: [])
    fault.serve = proxy.serve  # type: ignore[method-assign]
    with serving(fault.script, tls, server=fault) as running:
        proxy.port = running.port
        yield proxy


class Silent(FaultServer):
    """Takes connections and says nothing."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError, ConnectionError):
            while await reader.read(1000):
                pass
        writer.close()


@dataclass
class Company:
    """An authority and a service whose certificate it made.

    Attributes:
        authority: who made the certificate.
        file: the authority's certificate, in a file.
        server: the service.
    """

    authority: trustme.CA
    file: Path
    server: FaultServer

    @property
    def url(self) -> str:
        """The service by a name that only the company's proxy knows."""
        return f"https://api.corp.test:{self.server.port}"


def server_context(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **options).configure_cert(context)
    return context


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with serving(
        lambda request, number: [RUN], server_context(authority, "api.corp.test", "127.0.0.1")
    ) as server:
        yield Company(authority, file, server)


def failing(url: str, **settings: Any) -> ConnectionFailedError:
    """The error of a request for one run."""
    limits = {"timeout": 5.0, "deadline": 20.0} | settings
    with Client(KEY, url, **limits) as client, pytest.raises(ConnectionFailedError) as caught:
        client.get_run(DEP, "run_1")
    assert PASSWORD not in f"{caught.value} {client!r} {vars(caught.value)}"
    return caught.value


def closed_port() -> int:
    with serving(lambda request, number: []) as server:
        return server.port


# --- through a proxy ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_tunnels_and_sees_neither_key_nor_run(
    company: Company, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxying(company.server.port) as proxy:
        url = proxy.url.replace("//", f"//us%40er:{PASSWORD}@")
        if variable:
            monkeypatch.setenv(variable, url)
        settings = {"proxy": "env" if variable else url, "verify": company.file}
        with Client(KEY, company.url, **settings) as client:
            assert client.get_run(DEP, "run_1").id == "run_1"
            assert f"through the proxy 127.0.0.1:{proxy.port}" in repr(client)
            assert PASSWORD not in repr(client)
        assert proxy.connects == [f"CONNECT api.corp.test:{company.server.port} HTTP/1.1"]
        assert proxy.logins == ["Proxy-Authorization: Basic dXNAZXI6aHVzaC1odXNo"]
        assert KEY.encode() not in proxy.seen


def test_a_proxy_may_speak_tls_itself(company: Company) -> None:
    tls = server_context(company.authority, "127.0.0.1")
    with (
        proxying(company.server.port, tls=tls) as proxy,
        Client(KEY, company.url, proxy=proxy.url, verify=company.file) as client,
    ):
        assert client.get_run(DEP, "run_1").id == "run_1"
        assert len(proxy.connects) == 1


def refusal(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Content-Length: 0", *headers, "", ""]).encode()


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize(
    ("status", "login", "said", "attempts"),
    [
        ("407 Proxy Authentication Required", "", "asks for a name and a password", 1),
        (
            "407 Proxy Authentication Required",
            f"user:{PASSWORD}@",
            "refuses the name and password",
            1,
        ),
        ("403 Forbidden", f"user:{PASSWORD}@", "does not let requests through to api.corp.test", 1),
    ],
)
def test_a_proxy_that_refuses_is_blamed_and_not_asked_again(
    scheme: str, status: str, login: str, said: str, attempts: int
) -> None:
    with proxying(refusal=refusal(status, "Proxy-Authenticate: Basic")) as proxy:
        url = proxy.url.replace("//", f"//{login}")
        error = failing(f"{scheme}://api.corp.test", proxy=url, allow_http=scheme == "http")
        assert said in error.message
        assert f"127.0.0.1:{proxy.port}" in error.message
        assert len(proxy.connects) == error.attempts == attempts


@pytest.mark.parametrize(
    ("status", "attempts"), [("404 Not Found", 1), ("400 Bad", 1), ("502 Bad", 3), ("503 Busy", 3)]
)
def test_a_proxy_that_cannot_connect_is_asked_again_where_that_may_help(
    status: str, attempts: int
) -> None:
    with proxying(refusal=refusal(status)) as proxy:
        error = failing("https://api.corp.test", proxy=proxy.url)
        assert f"The proxy 127.0.0.1:{proxy.port} answered {status[:3]}" in error.message
        assert "howto/corporate-networks" in error.hint
        assert len(proxy.connects) == error.attempts == attempts


@pytest.mark.parametrize("host", ["127.0.0.1", "proxy.invalid"])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_proxy_that_is_down_is_blamed(host: str, scheme: str) -> None:
    proxy = f"http://user:{PASSWORD}@{host}:{closed_port()}"
    error = failing(f"{scheme}://api.corp.test", proxy=proxy, allow_http=scheme == "http")
    assert f"The proxy {host}:" in error.message
    assert "cannot be reached" in error.message
    assert "proxy=" in error.hint


def test_a_proxy_whose_certificate_is_not_trusted_is_blamed(company: Company) -> None:
    with proxying(company.server.port, tls=server_context(trustme.CA(), "127.0.0.1")) as proxy:
        error = failing(company.url, proxy=proxy.url, verify=company.file)
    assert f"of the proxy 127.0.0.1:{proxy.port} is not trusted" in error.message


def test_a_silent_proxy_is_named_when_the_time_is_over() -> None:
    with serving(lambda request, number: ["keep"]) as server:
        client = Client(KEY, "https://api.corp.test", proxy=server.url, deadline=0.3)
        with (
            client,
            pytest.raises(errors.DeadlineExceededError, match=f"the proxy 127.0.0.1:{server.port}"),
        ):
            client.get_run(DEP, "run_1")


def test_a_service_that_breaks_off_behind_a_proxy_is_named_with_it(company: Company) -> None:
    with proxying(closed_port()) as proxy:
        error = failing(company.url, proxy=proxy.url)
    assert "api.corp.test" in error.message
    assert f"127.0.0.1:{proxy.port}" in error.message


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_service_out_of_reach_names_the_variable_that_is_not_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://127.0.0.1:{closed_port()}"
    assert "proxy" not in failing(url).hint
    monkeypatch.setenv(name, f"http://user:{PASSWORD}@127.0.0.1:1")
    hint = failing(url).hint
    assert name in hint
    assert 'proxy="env"' in hint
    assert "howto/corporate-networks" in hint
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    assert "proxy" not in failing(url).hint


def test_a_network_that_swallows_all_names_the_variable_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No refusal comes from behind such a wall, and the time is over."""
    monkeypatch.setenv("https_proxy", f"http://user:{PASSWORD}@127.0.0.1:1")
    with serving(lambda request, number: [], server=Silent(lambda request, number: [])) as server:
        url = server.url.replace("http:", "https:")
        with (
            Client(KEY, url, deadline=0.3) as client,
            pytest.raises(errors.DeadlineExceededError) as caught,
        ):
            client.get_run(DEP, "run_1")
    assert "https_proxy names a proxy" in caught.value.hint
    assert PASSWORD not in str(caught.value)


# --- what the environment says ------------------------------------------------------------------------------------

PROXY = "http://proxy.corp.test:3128"

ENVIRONMENTS: list[tuple[str, dict[str, str], str | None]] = [
    ("https://api.test", {}, None),
    ("https://api.test", {"HTTPS_PROXY": PROXY}, PROXY),
    ("https://api.test", {"Https_Proxy": PROXY}, PROXY),
    ("https://api.test", {"https_proxy": PROXY, "HTTPS_PROXY": "http://other.test:1"}, PROXY),
    ("https://api.test", {"https_proxy": PROXY, "ALL_PROXY": "http://other.test:1"}, PROXY),
    ("https://api.test", {"https_proxy": "proxy.corp.test:3128"}, PROXY),
    ("https://api.test", {"HTTP_PROXY": PROXY}, None),
    ("http://api.test", {"HTTP_PROXY": PROXY}, PROXY),
    ("http://api.test", {"ALL_PROXY": PROXY}, PROXY),
    ("https://api.test", {"HTTPS_PROXY": ""}, None),
]

EXCEPTED: list[tuple[str, str, bool]] = [
    ("https://api.test", "api.test", True),
    ("https://api.test", "API.TEST", True),
    ("https://api.test", " other.test , api.test ", True),
    ("https://a.api.test", "api.test", True),
    ("https://a.api.test", ".api.test", True),
    ("https://a.api.test", "*.api.test", True),
    ("https://wwwapi.test", "api.test", False),
    ("https://api.test.evil.test", "api.test", False),
    ("https://api.test", "api.test:443", True),
    ("https://api.test", "api.test:8443", False),
    ("https://api.test:8443", "api.test:8443", True),
    ("https://a.api.test:8443", "api.test:8443", True),
    ("https://api.test:8443", "api.test", True),
    ("https://api.test", "*", True),
    ("https://api.test", "other.test,*", True),
    ("https://api.test", "", False),
    ("https://10.1.2.3", "10.0.0.0/8", True),
    ("https://11.1.2.3", "10.0.0.0/8", False),
    ("https://10.1.2.3", "10.1.2.3", True),
    ("https://10.1.2.3:9", "10.1.2.3:8", False),
    ("https://[fe80::1]", "fe80::/10", True),
    ("https://[::1]", "::1", True),
    ("https://[::1]:9", "[::1]:9", True),
    ("https://[::1]:9", "[::1]", True),
    ("https://api.test", "10.0.0.0/8", False),
    ("https://api.test", "[,/,:,//8,[::", False),
]


def place(url: str) -> tuple[str, str, int]:
    from agentrun_nb.http.settings import check_url, origin

    return origin(check_url(url, allow_http=True))


@pytest.mark.parametrize(("url", "environment", "proxy"), ENVIRONMENTS)
def test_the_environment_names_a_proxy(
    url: str, environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(place(url)) == proxy


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(("url", "entries", "excepted"), EXCEPTED)
def test_the_environment_excepts_services(
    name: str, url: str, entries: str, excepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv(name, entries)
    assert environment_proxy(place(url)) == (None if excepted else PROXY)


@pytest.mark.parametrize(
    "proxy",
    [
        f"socks5://u:{PASSWORD}@proxy.test:1",
        f"http://u:{PASSWORD}@",
        "http://[",
        "http://p.test:99999",
        "http://a b.test",
    ],
)
@pytest.mark.parametrize("way", ["argument", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_refused_at_once(
    proxy: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way != "argument":
        monkeypatch.setenv(way, proxy)
    with pytest.raises(SettingsError) as caught:
        Client(KEY, "https://api.test", proxy=proxy if way == "argument" else "env")
    assert PASSWORD not in str(caught.value)
    assert way == "argument" or way in caught.value.message


# --- certificates -------------------------------------------------------------------------------------------------


Form = Callable[[Company, Path], object]
"""How an authority is given, with a folder to write into."""


def in_file(company: Company, folder: Path) -> object:
    return str(company.file)


def as_path(company: Company, folder: Path) -> object:
    return company.file


def under_home(company: Company, folder: Path) -> object:
    return "~/ca.pem"


def in_der(company: Company, folder: Path) -> object:
    file = folder / "ca.der"
    file.write_bytes(ssl.PEM_cert_to_DER_cert(company.file.read_text()))
    return file


def among_others(company: Company, folder: Path) -> object:
    file = folder / "bundle.pem"
    file.write_text("# Zürich\n" + Path(certifi.where()).read_text() + company.file.read_text())
    return file


def in_a_folder(company: Company, folder: Path) -> object:
    inside = folder / "authorities"
    inside.mkdir()
    (inside / "corp.crt").write_bytes(company.file.read_bytes())
    company.authority.private_key_pem.write_to_path(inside / "private.pem")
    (inside / "notes.txt").write_text("not a certificate")
    return inside


def in_a_context(company: Company, folder: Path) -> object:
    return ssl.create_default_context(cafile=company.file)


def unchecked(company: Company, folder: Path) -> object:
    return False


WAYS = [in_file, as_path, under_home, in_der, among_others, in_a_folder, in_a_context, unchecked]


@pytest.mark.parametrize("way", WAYS)
def test_an_authority_is_taken_in_every_form(
    way: Form, company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    verify = way(company, tmp_path)
    with Client(KEY, company.server.url, verify=verify) as client:  # type: ignore[arg-type]
        assert client.get_run(DEP, "run_1").id == "run_1"


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("form", [in_file, in_a_folder])
def test_the_environments_authority_only_when_it_is_asked_for(
    name: str,
    form: Callable[[Company, Path], object],
    company: Company,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name == "SSL_CERT_DIR":
        form = in_a_folder
    monkeypatch.setenv(name, str(form(company, tmp_path)))
    error = failing(company.server.url)
    assert "not trusted" in error.message
    for part in (name, 'verify="env"', "verify="):
        assert part in error.hint
    assert len(company.server.arrived) == 0
    with Client(KEY, company.server.url, verify="env") as client:
        assert client.get_run(DEP, "run_1").id == "run_1"
        assert f"certificates by {name}" in repr(client)


def test_all_variables_count_together(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv(
        "SSL_CERT_DIR",
        os.pathsep.join([str(tmp_path / "none"), str(in_a_folder(company, tmp_path))]),
    )
    with Client(KEY, company.server.url, verify="env") as client:
        assert client.get_run(DEP, "run_1").id == "run_1"


def test_without_a_variable_the_environment_is_certifi() -> None:
    assert read_trust("env").context is read_trust(True).context


def test_an_authority_that_nobody_named_asks_for_one(company: Company) -> None:
    error = failing(company.server.url)
    assert "not trusted" in error.message
    assert "verify=" in error.hint
    assert "howto/corporate-networks" in error.hint
    assert error.attempts == 1


def test_the_wrong_authority_says_so(company: Company, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    assert "not among those of verify=" in failing(company.server.url, verify=other).message


def test_an_authority_in_the_middle_is_enough(company: Company, tmp_path: Path) -> None:
    """A company may not hand out its root."""
    middle, file = company.authority.create_child_ca(), tmp_path / "middle.pem"
    middle.cert_pem.write_to_path(file)
    with (
        serving(lambda request, number: [RUN], server_context(middle, "127.0.0.1")) as server,
        Client(KEY, server.url, verify=file) as client,
    ):
        assert client.get_run(DEP, "run_1").id == "run_1"


def test_a_wrong_host_name_has_its_own_sentence(company: Company) -> None:
    other = server_context(company.authority, "other.corp.test")
    with serving(lambda request, number: [RUN], other) as server:
        error = failing(server.url, verify=company.file)
        assert "for another host name" in error.message
        assert "base_url" in error.hint
        assert server.arrived == []


def test_a_certificate_out_of_its_time_has_its_own_sentence(company: Company) -> None:
    past, future = datetime.now(UTC) - timedelta(days=2), datetime.now(UTC) + timedelta(days=2)
    for options, said in (
        ({"not_after": past}, "has expired"),
        ({"not_before": future}, "is not valid yet"),
    ):
        context = server_context(company.authority, "127.0.0.1", **options)
        with serving(lambda request, number: [RUN], context) as server:
            assert said in failing(server.url, verify=company.file).message


REFUSED = [
    None, 0, 1, 0.5, "", " ", [], {}, b"ca.pem", object(), "/nowhere/ca.pem", "~nobody-here/ca.pem", "a\0b", "x" * 9999,
    "-----BEGIN CERTIFICATE-----\nMIIB", __file__, os.devnull, "/dev/zero", Path(__file__).parent,
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
]  # fmt: skip


@pytest.mark.parametrize("verify", REFUSED, ids=range(len(REFUSED)))
def test_what_holds_no_certificate_is_refused_when_the_client_is_made(verify: object) -> None:
    with pytest.raises(SettingsError, match="verify=") as caught:
        Client(KEY, "https://api.test", verify=verify)  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_names_no_certificate_is_blamed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "nothing"))
    with pytest.raises(SettingsError, match=name):
        Client(KEY, "https://api.test", verify="env")


def test_a_key_alone_is_no_authority(company: Company, tmp_path: Path) -> None:
    company.authority.private_key_pem.write_to_path(tmp_path / "private.pem")
    with pytest.raises(SettingsError, match="verify="):
        Client(KEY, "https://api.test", verify=tmp_path / "private.pem")


def test_what_is_not_checked_stands_in_the_repr() -> None:
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    assert "host names in certificates NOT checked" in repr(Client(KEY, verify=careless))
    careless.verify_mode = ssl.CERT_NONE
    for verify in (careless, False):
        assert "certificates NOT checked" in repr(Client(KEY, verify=verify))


@pytest.mark.parametrize("base", ["http://service.test", "https://service.test"])
@pytest.mark.parametrize(
    "status", ["401 No", "404 No", "429 No", "502 Bad Gateway", "511 Log In", "302 Found"]
)
def test_a_proxy_that_may_have_answered_is_named(base: str, status: str) -> None:
    """Over plain http nobody knows whether the proxy or the service speaks."""
    refusal = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    with (
        proxying(refusal=refusal) as proxy,
        Client(KEY, base, proxy=proxy.url, allow_http=True, deadline=0.5) as client,
        pytest.raises(errors.AgentRunError, match=f"proxy 127.0.0.1:{proxy.port}"),
    ):
        client.get_run("d", "r")


def test_a_proxy_that_does_not_speak_http_is_named_too() -> None:
    with (
        proxying(refusal=b"\x00\x01garbage") as proxy,
        Client(KEY, "https://service.test", proxy=proxy.url) as client,
        pytest.raises(errors.BadResponseError, match=f"proxy 127.0.0.1:{proxy.port}") as caught,
    ):
        client.get_run("d", "r")
    assert "proxy=" in caught.value.hint
