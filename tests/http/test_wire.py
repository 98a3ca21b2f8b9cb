"""One request against servers that misbehave on a real socket: deadline, bounds, retries, destination."""

from __future__ import annotations

import asyncio
import gzip
import os
import resource
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb import errors
from agentrun_nb.client import Client
from agentrun_nb.errors import (
    BadIdError,
    BadResponseError,
    SettingsError,
    TooLargeError,
    UnsafeURLError,
)
from agentrun_nb.http import loop
from agentrun_nb.http.body import STEP, read_body
from agentrun_nb.http.gate import Gate
from agentrun_nb.http.replies import safe
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.routes import RUN, Ask
from agentrun_nb.http.wire import Tally, Wire
from tests.support.http import (
    DEP,
    KEY,
    Request,
    Script,
    Server,
    answer,
    http,
    mocked,
    run_record,
    serving,
)

RUN_1 = http(run_record("run_1"))


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds, three attempts."""
    monkeypatch.setattr(
        Wire, "policy", Policy(attempts=3, base=0.01, crowded_base=0.01, longest=0.02)
    )


@contextmanager
def client_of(script: Script, **settings: object) -> Iterator[tuple[Client, Server]]:
    limits: dict[str, object] = {"timeout": 5.0, "deadline": 5.0} | settings
    with serving(script) as server, Client(KEY, server.url, **limits) as client:  # type: ignore[arg-type]
        yield client, server


def sends(*answers: bytes) -> Script:
    """Sends one answer after the other, then the last one again and again, and closes after those that are cut."""
    left = list(answers)

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return script


async def resets(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def resets_in_the_body(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(RUN_1[:-20])
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


async def closes_in_the_body(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(RUN_1[:-20])
    await writer.drain()
    writer.close()


async def ends_without_the_last_chunk(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
    await writer.drain()
    writer.close()


async def drips_a_header(request: Request, writer: asyncio.StreamWriter) -> None:
    for byte in RUN_1:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.03)


async def drips_a_body(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(RUN_1[:-200])
    for byte in RUN_1[-200:]:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.03)


async def hangs(request: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def never_ends(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"[" * 65_536)
        await writer.drain()


@pytest.mark.parametrize("script", [drips_a_header, drips_a_body, hangs])
def test_nothing_outlives_its_deadline(script: Script) -> None:
    with client_of(script, deadline=0.3) as (client, _):
        started = time.monotonic()
        with pytest.raises(errors.DeadlineExceededError, match=r"0\.3 s"):
            client.get_run(DEP, "run_1")
        assert time.monotonic() - started < 30


def test_the_deadline_counts_from_the_last_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a request that began later: the second is silent for 0.9 of 1.5 s, the third gets what is left."""
    monkeypatch.setattr(Wire, "policy", Policy(attempts=1))
    answered: list[Request] = []

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        if answered:
            return await hangs(request, writer)
        answered.append(request)
        writer.write(RUN_1)

    with client_of(script, timeout=0.9, deadline=1.5, max_in_flight=1) as (client, _):
        rows = client.get_runs(DEP, ["run_1", "run_2", "run_3", "run_4"], progress=False)
    kinds = rows["fetch_error"].str.partition(":")[0].fillna("came")
    assert kinds.tolist() == ["came", "connection", "deadline", "not_asked"]


def test_a_call_may_take_longer_than_its_deadline_while_answers_come() -> None:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.4)
        writer.write(http(run_record(request.target.rsplit("/", 1)[1])))

    with client_of(script, deadline=1.5, max_in_flight=1) as (client, _):
        rows = client.get_runs(DEP, [f"run_{number}" for number in range(6)], progress=False)
    assert rows["fetch_error"].isna().all()


def test_a_silent_service_is_tried_again_after_the_timeout() -> None:
    with client_of(hangs, timeout=0.1) as (client, server):
        with pytest.raises(errors.ConnectionFailedError, match="silent") as caught:
            client.get_run(DEP, "run_1")
        assert len(server.arrived) == caught.value.attempts == 3


@pytest.mark.parametrize(
    "script", [resets, resets_in_the_body, closes_in_the_body, ends_without_the_last_chunk]
)
def test_a_broken_connection_is_tried_again_and_told(script: Script) -> None:
    with client_of(script) as (client, server):
        with pytest.raises(errors.ConnectionFailedError, match="broke") as caught:
            client.get_run(DEP, "run_1")
        assert len(server.arrived) == caught.value.attempts == 3


def test_one_broken_connection_costs_nothing_but_a_retry() -> None:
    broken: list[Request] = []

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        if not broken:
            broken.append(request)
            return await closes_in_the_body(request, writer)
        writer.write(RUN_1)

    with client_of(script) as (client, _):
        assert client.get_run(DEP, "run_1").id == "run_1"


def test_nobody_there_is_told_with_the_host_only() -> None:
    with serving(hangs) as server:
        url = server.url
    with (
        Client(KEY, url) as client,
        pytest.raises(errors.ConnectionFailedError, match="cannot be reached") as caught,
    ):
        client.get_run(DEP, "run_1")
    assert caught.value.attempts == 3
    assert "run_1" not in str(caught.value)


def test_a_service_without_tls_is_not_tried_twice() -> None:
    with serving(sends(RUN_1)) as server:
        url = server.url.replace("http:", "https:")
        with (
            Client(KEY, url) as client,
            pytest.raises(errors.ConnectionFailedError, match="TLS") as caught,
        ):
            client.get_run(DEP, "run_1")
        assert (caught.value.attempts, server.keys) == (1, 0)


@pytest.mark.parametrize(
    ("answers", "attempts"),
    [
        ([b"this is not HTTP at all\r\n\r\n"], {2, 3}),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n{}"], {1, 3}),
        # Older versions of aiohttp do not count headers, and what follows them is no run.
        (
            [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + b"X: y\r\n" * 10_000 + b"\r\n[]"],
            {1, 2, 3},
        ),
    ],
)
def test_what_is_not_http_is_tried_again_once(answers: list[bytes], attempts: set[int]) -> None:
    with client_of(sends(*answers)) as (client, _):
        with pytest.raises((BadResponseError, errors.ConnectionFailedError)) as caught:
            client.get_run(DEP, "run_1")
        assert caught.value.attempts in attempts


@pytest.mark.parametrize("script", [never_ends, sends(http(b"[" * 3_000_000))])
def test_a_body_over_the_cap_is_not_read_on(script: Script) -> None:
    with client_of(script, max_bytes=1_000_000) as (client, server):
        with pytest.raises(TooLargeError, match="1,000,000"):
            client.get_run(DEP, "run_1")
        assert len(server.arrived) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_costs_no_memory(encoding: str) -> None:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    zeros = bytes(1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(200)) + packer.flush()
    with client_of(
        sends(http(bomb, "200 OK", f"Content-Encoding: {encoding}")), max_bytes=1 << 20
    ) as (client, _):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(TooLargeError):
            client.get_run(DEP, "run_1")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


BODY = RUN_1.partition(b"\r\n\r\n")[2]


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY[:99]) + gzip.compress(BODY[99:])),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("identity", BODY),
    ],
)
def test_compressed_bodies_are_read(encoding: str, content: bytes) -> None:
    with client_of(sends(http(content, "200 OK", f"Content-Encoding: {encoding}"))) as (client, _):
        assert client.get_run(DEP, "run_1").raw == BODY


@pytest.mark.parametrize(
    ("encoding", "content", "told"),
    [
        ("gzip", BODY, "said to be gzip and is plain text"),
        ("gzip", gzip.compress(BODY)[:-30], "ends too early"),
        ("gzip", gzip.compress(BODY)[:30] + b"damage" * 9, "damaged"),
        ("deflate", b"\xff" * 40, "damaged"),
        ("gzip, gzip", gzip.compress(gzip.compress(BODY)), "'gzip, gzip'"),
        ("br", BODY, "'br'"),
    ],
    ids=["plain", "cut", "damaged", "no deflate", "twice", "unknown"],
)
def test_a_body_that_is_not_encoded_as_said_is_tried_again_once(
    encoding: str, content: bytes, told: str
) -> None:
    with client_of(sends(http(content, "200 OK", f"Content-Encoding: {encoding}"))) as (
        client,
        server,
    ):
        with pytest.raises(BadResponseError, match=told):
            client.get_run(DEP, "run_1")
        assert len(server.arrived) == 2


@given(
    st.binary(max_size=3000) | st.integers(0, 3).map(lambda extra: bytes(2 * STEP + extra)),
    st.integers(1, 700),
)
def test_any_body_comes_out_as_it_went_in(data: bytes, size: int) -> None:
    packed = gzip.compress(data)

    async def chunks() -> object:
        for start in range(0, len(packed), size):
            yield packed[start : start + size]

    assert asyncio.run(read_body(chunks(), "gzip", len(data) + len(packed))) == data  # type: ignore[arg-type]


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


def test_bytes_on_the_wire_count_even_when_they_hold_nothing() -> None:
    """Thousands of empty members of a gzip stream."""
    nothing = gzip.compress(b"")
    with pytest.raises(TooLargeError):
        asyncio.run(read_body(pieces(*[nothing] * 1000), "gzip", 10_000))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_one_chunk_of_a_bomb_is_inflated_no_further_than_the_cap(encoding: str) -> None:
    bomb = (
        gzip.compress(bytes(100 << 20)) if encoding == "gzip" else zlib.compress(bytes(100 << 20))
    )
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            asyncio.run(read_body(pieces(bomb), encoding, STEP))
        assert tracemalloc.get_traced_memory()[1] < 10 * STEP
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("extra", [-1, 0, 1, 5, 10, 100, 258, 300, STEP + 5, 2 * STEP])
def test_nothing_stays_in_the_inflater(extra: int) -> None:
    """Without a wrapping no trailer follows that would push the last bytes out."""
    data = bytes(STEP + extra)
    for encoding, packed in (("gzip", gzip.compress(data)), ("deflate", raw_deflate(data))):
        assert asyncio.run(read_body(pieces(packed), encoding, 2 * len(data))) == data


REDIRECTS = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize(
    "where",
    [
        "{url}",
        "//{host}",
        "http://localhost:{port}",
        "http://u:p@{host}",
        "/v1/elsewhere",
        "\\\\{host}",
    ],
)
def test_redirects_are_never_followed_and_the_key_never_travels(status: int, where: str) -> None:
    with serving(sends(RUN_1)) as other:
        target = where.format(url=other.url, host=f"127.0.0.1:{other.port}", port=other.port)
        with client_of(sends(http(b"", f"{status} Moved", f"Location: {target}"))) as (
            client,
            server,
        ):
            with pytest.raises(BadResponseError, match="never followed"):
                client.get_run(DEP, "run_1")
            assert (server.keys, other.keys, len(other.arrived)) == (1, 0, 0)


def test_the_key_goes_nowhere_by_the_environment_or_a_cursor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy of the environment is not used, and a cursor that is a URL stays a cursor."""

    async def lists(request: Request, writer: asyncio.StreamWriter) -> None:
        cursor = None if "cursor" in request.target else other.url + "/v1"
        writer.write(http({"items": [], "next_cursor": cursor}))

    with serving(sends(RUN_1)) as other:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, other.url)
        with client_of(lists) as (client, server):
            client.list_runs(DEP, progress=False)
            assert (server.keys, other.arrived) == (len(server.arrived), [])
            assert server.keys >= 2


def test_a_proxy_that_is_asked_for_carries_the_request_with_its_own_password() -> None:
    with serving(sends(RUN_1)) as proxy:
        url = proxy.url.replace("//", "//user:pass@")
        with Client(KEY, "http://api.test", proxy=url, allow_http=True) as client:
            assert client.get_run(DEP, "run_1").id == "run_1"
            assert "pass" not in repr(client)
        assert proxy.arrived[0].target.startswith("http://api.test/v1/")
        assert proxy.arrived[0].headers["proxy-authorization"].startswith("Basic ")


def test_a_proxy_in_front_of_tls_sees_no_key() -> None:
    with serving(sends(http(b"", "407 Proxy Authentication Required"))) as proxy:
        with (
            Client(KEY, "https://api.test", proxy=proxy.url) as client,
            pytest.raises(errors.ConnectionFailedError),
        ):
            client.get_run(DEP, "run_1")
        assert {request.target for request in proxy.arrived} == {"api.test:443"}
        assert proxy.keys == 0


def test_cookies_are_not_kept() -> None:
    with client_of(sends(http(run_record("run_1"), "200 OK", "Set-Cookie: a=b"))) as (
        client,
        server,
    ):
        client.get_run(DEP, "run_1")
        client.get_run(DEP, "run_1")
        assert "cookie" not in server.arrived[1].headers


HOSTILE_IDS = [
    "", ".", "..", "/", "a/b", "..\\x", "a?b", "a#b", "%2e%2e", "%2E", "%252e%252e", "a%2fb", "a%252fb", "%25252f",
    "%5c", "%3f", "%23", "a\nb", "a\x00", "%00", "\x7f", "\x85", "\ud800", " ", "x" * 513,
]  # fmt: skip


@pytest.mark.parametrize("bad", HOSTILE_IDS)
def test_an_id_that_could_leave_its_place_in_the_path_is_never_sent(bad: str) -> None:
    with client_of(sends(RUN_1)) as (client, server):
        for ids in ((bad, "run_1"), (DEP, bad)):
            with pytest.raises(BadIdError):
                client.get_run(*ids)
        assert server.arrived == []


@pytest.mark.parametrize(
    "odd", ["a b", "ü", "a+b", "a;b=c", "50%", "~", "a:b@c", "...", "'\"<>", "日本", "%41", "a&b"]
)
def test_an_odd_id_arrives_as_one_part_of_the_path(odd: str) -> None:
    from urllib.parse import unquote

    with client_of(sends(http(run_record(odd)))) as (client, server):
        assert client.get_run(DEP, odd).id == odd
        parts = server.arrived[0].target.split("/")
        assert parts[:5] == ["", "v1", "agent-deployments", DEP, "runs"]
        assert [unquote(part) for part in parts[5:]] == [odd]


@given(st.text(max_size=12) | st.text("./\\%25ef?#ab", max_size=12))
def test_any_id_is_refused_or_one_part(text: str) -> None:
    try:
        path = RUN.ask(DEP, text).path
    except BadIdError:
        return
    assert httpx.URL("https://api.test" + path).raw_path.count(b"/") == RUN.template.count("/")


ASTRAY = {
    "another host": "@evil.test/v1/agent-deployments/dep_1/runs/run_1",
    "another port": ":81/v1/agent-deployments/dep_1/runs/run_1",
    "another name": ".evil.test/v1/agent-deployments/dep_1/runs/run_1",
    "another route": "/v1/agent-deployments/dep_1/runs/run_1/cancel",
    "a shorter path": "/v1/agent-deployments/dep_1",
}


@pytest.mark.parametrize("name", ASTRAY)
def test_a_request_that_would_leave_its_place_or_its_route_is_never_made(name: str) -> None:
    """The last check, whatever came before it."""
    asked: list[httpx.Request] = []
    client = mocked(lambda request: asked.append(request) or answer({}))  # type: ignore[func-returns-value]
    with pytest.raises(UnsafeURLError):
        loop.run(client._wire.fetch(Ask(RUN, ASTRAY[name], {}, {}), bytes, Tally()))
    assert asked == []


def test_waits_as_long_as_the_service_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    crowded = http({"error": {"code": "rate_limit_exceeded"}}, "429 Too Many", "Retry-After: 0.2")
    with client_of(sends(crowded, RUN_1)) as (client, _):
        started = time.monotonic()
        assert client.get_run(DEP, "run_1").id == "run_1"
        assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("asked", ["3600", "inf", "Sun, 06 Nov 2050 08:49:37 GMT"])
def test_does_not_begin_to_wait_longer_than_it_may(asked: str) -> None:
    with client_of(sends(http(b"", "429 Too Many", f"Retry-After: {asked}"))) as (client, server):
        with pytest.raises(errors.RateLimitedError) as caught:
            client.get_run(DEP, "run_1")
        assert len(server.arrived) == 1
        assert caught.value.retry_after > 3000


def test_no_connection_is_left_after_failures() -> None:
    with client_of(sends(http(b"", "503 Busy"))) as (client, server):
        for _ in range(5):
            with pytest.raises(errors.ServerError):
                client.get_run(DEP, "run_1")
        assert server.open == 1


def test_a_dropped_client_closes_its_connections_without_a_word() -> None:
    with serving(sends(RUN_1)) as server:
        Client(KEY, server.url).get_run(DEP, "run_1")
        for _ in range(100):
            if not server.open:
                break
            time.sleep(0.01)
        assert server.open == 0


def test_a_process_that_ends_without_close_says_nothing() -> None:
    with serving(sends(RUN_1)) as server:
        code = f"from agentrun_nb import Client; c = Client('k', '{server.url}'); print(c.get_run('dep_1', 'run_1').id)"
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
        )
    assert (done.stdout, done.stderr) == ("run_1\n", "")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_its_own_connections() -> None:
    with client_of(sends(RUN_1)) as (client, server):
        client.get_run(DEP, "run_1")
        child = os.fork()
        if child == 0:
            os._exit(0 if client.get_run(DEP, "run_1").id == "run_1" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.get_run(DEP, "run_1").id == "run_1"
        assert len(server.arrived) == 3


def test_a_closed_client_says_so() -> None:
    client = mocked(lambda request: answer(run_record("run_1")))
    client.close()
    client.close()
    with pytest.raises(errors.SettingsError, match="closed"):
        client.get_run(DEP, "run_1")


def test_the_gate_lets_no_more_through_than_its_level_and_gives_way() -> None:
    now = [0.0]
    gate = Gate(4, clock=lambda: now[0])
    most = [0, 0]

    async def request() -> None:
        async with gate:
            most[0] += 1
            most[1] = max(most)
            await asyncio.sleep(0)
            most[0] -= 1

    async def rush() -> int:
        most[1] = 0
        await asyncio.gather(*(request() for _ in range(20)))
        return most[1]

    assert asyncio.run(rush()) == 4
    gate.narrow()
    gate.narrow()
    assert asyncio.run(rush()) == 2
    now[0] = 2.0
    gate.narrow()
    now[0] = 4.0
    gate.narrow()
    assert asyncio.run(rush()) == 1
    for _ in range(20):
        gate.widen()
    assert asyncio.run(rush()) == 4


def test_clock_bounds_narrow_with_every_answer() -> None:
    tally = Tally()
    tally.note_date("Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0, 784111777.5)
    assert tally.clock_offset == (-0.5, 2.0)
    tally.note_date("Sun, 06 Nov 1994 08:49:38 GMT", 784111777.9, 784111777.9)
    assert tally.clock_offset == pytest.approx((0.1, 2.0))
    tally.note_date("not a date", 0.0, 0.0)
    assert tally.clock_offset == pytest.approx((0.1, 2.0))


def test_what_the_service_says_keeps_its_script_and_shows_what_is_not_seen() -> None:
    said = "می\u200cخواهم\n\u202egnp\u2066.exe\u200b"
    shown = safe(said)
    assert "می\u200cخواهم" in shown
    assert not set("\n\u202e\u2066\u200b") & set(shown)
    assert "202E" in shown


@pytest.mark.parametrize(
    ("ours", "python"),
    [
        (errors.DeadlineExceededError, TimeoutError),
        (errors.NotEndedError, TimeoutError),
        (errors.ConnectionFailedError, ConnectionError),
    ],
)
def test_what_python_has_a_name_for_is_caught_by_that_name_too(ours, python):
    runs = {"runs": []} if ours is errors.NotEndedError else {}
    error = ours("What happened.", hint="What to do.", **runs)
    assert isinstance(error, errors.AgentRunError)
    assert isinstance(error, python)
    assert str(error) == "What happened. What to do."
    assert (error.message, error.args) == ("What happened.", ("What happened.",))


def test_a_request_that_waits_to_be_sent_again_ends_with_its_client() -> None:
    asked = threading.Event()

    def refuse(_: httpx.Request) -> httpx.Response:
        asked.set()
        return answer({}, 503)

    client = mocked(refuse)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.get_run, DEP, "run_1")
        assert asked.wait(10)
        client.close()
        with pytest.raises(SettingsError, match="This client is closed"):
            waiting.result(10)
    assert not client._wire._transports, "a connection that nobody closes"


def test_a_copy_with_other_limits_is_closed_with_its_original() -> None:
    client = mocked(lambda _: answer(run_record("run_1")))
    client.get_run(DEP, "run_1")
    copied = client._wire.within(max_bytes=10)
    client.close()
    assert copied.closed
