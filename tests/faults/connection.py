"""A: connections and time."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
import socket
import ssl
import threading
import time
import zlib
from pathlib import Path

import trustme

from agentrun_nb.client import Client
from agentrun_nb.errors import (
    BadResponseError,
    ConnectionFailedError,
    DeadlineExceededError,
    TooLargeError,
    UnsafeURLError,
)

from .lab import Got, Lab, fault, timed
from .replies import DEP, KEY, RUN, http, record, refusal
from .server import CLOSE, RESET, Drip, Endless, Pause, Reply

MEBI = 1 << 20
SLOW = {"timeout": 2.0, "deadline": 0.5}
MOST_OVERRUN = 0.5 if os.environ.get("AGENTRUN_NB_PROFILE") == "torture" else 5.0
"""The promise is half a second, on a quiet machine; a body that drips for minutes overruns either."""


def retried(got: Got, kind: type = ConnectionFailedError) -> Got:
    """A retried failure ends typed, after all attempts."""
    assert type(got.error) is kind, got
    assert got.error.attempts == 4, got
    return got


def once_more(lab: Lab, fault: Reply | bytes) -> list[Got]:
    """A fault that is over after one reply costs nothing; one that stays is typed after one more attempt or all."""
    healed, stays = lab.one_run(fault, RUN), lab.one_run(fault)
    assert healed.error is None, healed
    assert healed.requests == 2, healed.server.told
    assert stays.error is not None, stays
    return [healed, stays]


def at_once(got: Got, kind: type) -> Got:
    """A typed error after one request."""
    assert type(got.error) is kind, got
    assert got.requests == 1, got.server.told
    return got


def in_time(got: Got, deadline: float = 0.5) -> Got:
    """Over at the deadline, and hardly later."""
    assert isinstance(got.error, DeadlineExceededError), got
    assert got.seconds < deadline + MOST_OVERRUN, got
    return got


def elsewhere(url: str, **settings: object) -> Got:
    """Asks a service that this module does not serve."""
    with Client(KEY, url, **({"timeout": 2.0, "deadline": 4.0} | settings)) as client:  # type: ignore[arg-type]
        return timed(lambda: client.get_run(DEP, "run_1"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@fault(1, "connection refused", "tried again, then ConnectionFailedError")
def _(lab: Lab) -> Got:
    return retried(elsewhere(f"http://127.0.0.1:{free_port()}"))


@fault(
    2, "a name that no DNS knows", "tried again for a short while; the message names the host only"
)
def _(lab: Lab) -> Got:
    got = retried(elsewhere("https://no-such-host.invalid"))
    assert "no-such-host.invalid" in str(got.error)
    assert DEP not in got.error.message
    return got


@fault(3, "a connection that is never accepted", "over at the deadline at the latest")
def _(lab: Lab) -> list[Got]:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        dropped = in_time(elsewhere(url, **SLOW))
        timed_out = elsewhere(url, timeout=0.1)
        for filler in fillers:
            filler.close()
    assert isinstance(timed_out.error, ConnectionFailedError), timed_out
    return [dropped, timed_out]


@fault(
    4,
    "a certificate that nobody vouches for",
    "refused at once, no request, no word of switching checks off",
)
def _(lab: Lab) -> list[Got]:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with lab.service([RUN], tls=tls) as (client, server):
        refused = timed(lambda: client.get_run(DEP, "run_1"), server)
    with (
        authority.cert_pem.tempfile() as trusted,
        lab.service([RUN], tls=tls, verify=trusted) as (client, server),
    ):
        vouched = timed(lambda: client.get_run(DEP, "run_1"), server)
    assert isinstance(refused.error, ConnectionFailedError), refused
    assert (refused.error.attempts, refused.requests) == (1, 0), refused
    assert "not trusted" in refused.error.message
    assert "verify=" in refused.error.hint
    assert "false" not in str(refused.error).lower()
    assert vouched.error is None, vouched
    return [refused, vouched]


@fault(
    5, "a plain http address of another machine", "refused before any byte, unless allow_http=True"
)
def _(lab: Lab) -> Got:
    got = timed(lambda: Client(KEY, "http://api.test"))
    assert isinstance(got.error, UnsafeURLError), got
    assert "allow_http=True" in str(got.error)
    Client(KEY, "http://api.test", allow_http=True).close()
    return got


@fault(6, "reset before the headers", "tried again, then ConnectionFailedError")
def _(lab: Lab) -> list[Got]:
    healed, stays = once_more(lab, [RESET])
    return [healed, retried(stays)]


@fault(7, "closed without a reply", "tried again, then ConnectionFailedError")
def _(lab: Lab) -> list[Got]:
    healed, stays = once_more(lab, [CLOSE])
    return [healed, retried(stays)]


@fault(
    8,
    "a kept connection, closed by the server while idle",
    "asked again at once, not counted as an attempt",
)
def _(lab: Lab) -> list[Got]:
    with lab.service(lambda request, number: [RUN, CLOSE] if number == 0 else [RUN]) as (
        client,
        server,
    ):
        first = timed(lambda: client.get_run(DEP, "run_1"), server)
        time.sleep(0.05)
        second = timed(lambda: client.get_run(DEP, "run_1"), server)
        frame = client.get_runs(DEP, ["run_1"], progress=False)
    assert first.error is None, first
    assert second.error is None, second
    assert frame.attrs["agentrun_nb"]["retries"] == 0
    assert second.seconds < 1.0, second
    return [first, second]


@fault(
    9,
    "reset in the body; a body shorter than its length",
    "tried again; part of a body is never read as a whole",
)
def _(lab: Lab) -> list[Got]:
    return [*once_more(lab, [RUN[:-20], Pause(0.02), RESET]), *once_more(lab, [RUN[:-20], CLOSE])]


@fault(10, "chunks without the last one", "tried again, then ConnectionFailedError")
def _(lab: Lab) -> list[Got]:
    body = http(record()).partition(b"\r\n\r\n")[2]
    chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(body), body)
    return once_more(lab, [chunk, CLOSE])


@fault(11, "headers that drip", "DeadlineExceededError, overrun at most 0.5 s")
def _(lab: Lab) -> Got:
    return in_time(lab.one_run([Drip(RUN, 0.015)], **SLOW))


@fault(12, "a body that drips", "DeadlineExceededError, overrun at most 0.5 s")
def _(lab: Lab) -> Got:
    return in_time(lab.one_run([RUN[:-200], Drip(RUN[-200:], 0.015)], **SLOW))


@fault(13, "accepted, and then silence", "tried again after the timeout; over at the deadline")
def _(lab: Lab) -> list[Got]:
    waited = lab.one_run([Pause(60)], timeout=0.1)
    return [retried(waited), in_time(lab.one_run([Pause(60)], **SLOW))]


def peak(*, anew: bool = False) -> int:
    """The most memory this process had, in bytes; `anew` forgets what was before."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    told = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    return int(told.split()[0]) * 1024


def bounded(lab: Lab, *reply: object, cap: int = MEBI) -> str:
    """Too large, at once, and for hardly more memory than the cap."""
    before = peak(anew=True)
    got = at_once(lab.one_run(list(reply), max_bytes=cap), TooLargeError)  # type: ignore[arg-type]
    grown = peak() - before
    assert grown < 100 * MEBI, grown
    return f"{got}, memory +{grown / MEBI:.0f} MiB"


@fault(14, "a body without end", "TooLargeError at the cap, memory bounded")
def _(lab: Lab) -> str:
    return bounded(lab, b"HTTP/1.1 200 OK\r\n\r\n", Endless(b"[" * 65_536))


@fault(15, "a plain body of 500 MB", "TooLargeError at the cap, which can be set")
def _(lab: Lab) -> str:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n"
    return bounded(lab, head, Endless(b"[" * 65_536, most=500_000_000), cap=3 * MEBI)


def bomb(encoding: str, mebibytes: int) -> bytes:
    """Zeros, compressed."""
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    return b"".join(packer.compress(bytes(MEBI)) for _ in range(mebibytes)) + packer.flush()


@fault(
    16,
    "a gzip bomb of 1 GiB, a deflate bomb",
    "TooLargeError at the decoded cap; br and zstd are not asked for",
)
def _(lab: Lab) -> list[str]:
    told = []
    for encoding, size in (("gzip", 1024), ("deflate", 64)):
        told.append(
            bounded(lab, http(bomb(encoding, size), "200 OK", f"Content-Encoding: {encoding}"))
        )
    with lab.service([RUN]) as (client, server):
        client.get_run(DEP, "run_1")
        assert server.arrived[0].headers["accept-encoding"] == "gzip, deflate"
    return told


def encoded(encoding: str, content: bytes) -> bytes:
    return http(content, "200 OK", f"Content-Encoding: {encoding}")


BODY = RUN.partition(b"\r\n\r\n")[2]


@fault(17, "Content-Encoding: gzip, gzip", "BadResponseError")
def _(lab: Lab) -> Got:
    got = lab.one_run(encoded("gzip, gzip", gzip.compress(gzip.compress(BODY))))
    assert type(got.error) is BadResponseError, got
    return got


@fault(18, "damaged gzip", "tried again once, then BadResponseError")
def _(lab: Lab) -> list[Got]:
    damaged = gzip.compress(BODY)
    got = once_more(lab, encoded("gzip", damaged[:30] + b"\xff" * 20 + damaged[50:]))
    assert type(got[1].error) is BadResponseError, got[1]
    assert got[1].requests == 2, got[1]
    return got


@fault(19, "a plain body that is said to be gzip", "BadResponseError that says so")
def _(lab: Lab) -> Got:
    got = lab.one_run(encoded("gzip", BODY))
    assert type(got.error) is BadResponseError, got
    assert "is plain text" in got.error.message
    return got


@fault(20, "a header line of 2 MB; 10,000 headers", "BadResponseError at once")
def _(lab: Lab) -> list[Got]:
    long = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n{}"
    many = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n{}"
    return [at_once(lab.one_run([reply, CLOSE]), BadResponseError) for reply in (long, many)]


@fault(21, "bytes that are not HTTP", "tried again once, then BadResponseError")
def _(lab: Lab) -> list[Got]:
    got = once_more(lab, [b"\x00\x01 SSH-2.0 this is no HTTP\r\n\r\n", CLOSE])
    assert type(got[1].error) is BadResponseError, got[1]
    assert got[1].requests == 2, got[1]
    return got


def interrupted(call: object) -> float:
    """Seconds from a kernel's interrupt, sent while the call is under way, to its end."""
    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.15, interrupt)
    timer.start()
    try:
        call()  # type: ignore[operator]
    except KeyboardInterrupt:
        pass
    finally:
        timer.join()
        signal.signal(signal.SIGINT, previous)
    return time.monotonic() - sent[0]


@fault(
    22,
    "an interrupt while reading, and while waiting to retry",
    "stops within 0.2 s, no thread and no connection left; an archive is whole",
)
def _(lab: Lab) -> str:
    threads = threading.active_count()
    took = []
    waits = refusal("429 Too Many", "Retry-After: 3")
    for reply in ([Pause(60)], [RUN[:-20], Pause(60)], [waits]):
        with lab.service(reply, timeout=60.0, deadline=60.0) as (client, server):
            took.append(interrupted(lambda client=client: client.get_run(DEP, "run_1")))
            took.append(
                interrupted(
                    lambda client=client: client.get_runs(DEP, ["run_1", "run_2"], progress=False)
                )
            )
            time.sleep(0.05)
            assert server.open <= (2 if reply == [waits] else 0), server.open
    assert threading.active_count() <= threads + 1
    with lab.archive() as archive, lab.service([Pause(60)], timeout=60.0, deadline=60.0) as service:
        client, _ = service
        took.append(interrupted(lambda: archive.sync(client, DEP)))
        took.append(interrupted(lambda: archive.rescue(client, (DEP, "run_1"))))
        assert archive.check().whole
    assert max(took) < (0.2 if os.environ.get("AGENTRUN_NB_PROFILE") == "torture" else 0.5), took
    return f"{len(took)} interrupts, the slowest over after {max(took):.3f} s"


@fault(23, "an event loop that runs already", "everything works")
def _(lab: Lab) -> list[object]:
    with lab.service(
        lambda request, number: [
            http({"items": [record()]} if request.last == "runs" else record())
        ]
    ) as (
        client,
        _,
    ):

        async def cell() -> list[object]:
            return [
                client.get_run(DEP, "run_1"),
                len(client.get_runs(DEP, ["run_1"], progress=False)),
                len(client.list_runs(DEP, progress=False)),
            ]

        return asyncio.run(cell())


class LeapingClock:
    """The wall clock, which somebody sets a day ahead and back."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> float:
        self.calls += 1
        return REAL_TIME() + (86_400 if self.calls % 2 else -86_400)


REAL_TIME = time.time


@fault(24, "the wall clock leaps while waiting", "nothing changes: only the monotonic clock counts")
def _(lab: Lab) -> list[Got]:
    time.time = LeapingClock()
    try:
        healed = lab.one_run(refusal("503 Busy", "Retry-After: 0.1"), RUN)
        late = in_time(lab.one_run([Pause(60)], **SLOW))
    finally:
        time.time = REAL_TIME
    assert healed.error is None, healed
    assert 0.1 <= healed.seconds < 1.5, healed
    return [healed, late]


@fault(
    25,
    "an hour of sleep in the middle of a call",
    "over at the deadline by the monotonic clock; the next call works",
)
def _(lab: Lab) -> list[Got]:
    slept = [0.0]
    real = time.monotonic
    reply = [Drip(RUN, 0.02)]
    with lab.service(lambda request, number: reply if number == 0 else [RUN], deadline=60.0) as (
        client,
        server,
    ):
        time.monotonic = lambda: real() + slept[0]
        threading.Timer(0.1, lambda: slept.__setitem__(0, 3_600.0)).start()
        try:
            over = timed(lambda: client.get_run(DEP, "run_1"), server)
        finally:
            time.monotonic = real
        following = timed(lambda: client.get_run(DEP, "run_1"), server)
    assert isinstance(over.error, DeadlineExceededError), over
    assert following.error is None, following
    return [over, following]
