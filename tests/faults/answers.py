"""B: status codes and error bodies."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from agentrun_nb.client import Client
from agentrun_nb.errors import (
    BadResponseError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    ServiceError,
    UnauthorizedError,
)

from .lab import Got, Lab, fault, timed
from .replies import DEP, KEY, RUN, http, refusal
from .server import serving

NOW = 1_794_045_600
"""The service's clock, which is not ours."""


def date(seconds: float, form: str = "fixed") -> str:
    """A moment in one of the three forms of RFC 9110."""
    moment = time.gmtime(NOW + seconds)
    forms = {
        "fixed": "%a, %d %b %Y %H:%M:%S GMT",
        "rfc850": "%A, %d-%b-%y %H:%M:%S GMT",
        "asctime": "%a %b %e %H:%M:%S %Y",
    }
    return time.strftime(forms[form], moment)


def waits(
    lab: Lab, asked: str, least: float, most: float, status: str = "429 Too Many Requests"
) -> Got:
    """One refusal with a Retry-After, then the run; how long that took lies between two bounds."""
    got = lab.one_run(refusal(status, f"Retry-After: {asked}", f"Date: {date(0)}"), RUN)
    assert got.error is None, got
    assert got.requests == 2, got
    assert least <= got.seconds <= most + 0.6, (asked, got.seconds)  # a busy machine is late, too
    return got


def final(lab: Lab, reply: bytes, kind: type, **settings: object) -> Got:
    """A reply that is not asked for again; a look at the list of deployments may follow, for the id of a name."""
    got = lab.one_run(reply, **settings)  # type: ignore[arg-type]
    assert type(got.error) is kind, got
    assert got.server is not None
    assert sum(sent.request.last != "agent-deployments" for sent in got.server.sent) == 1, got
    return got


def patient(lab: Lab, reply: bytes, kind: type) -> Got:
    """A reply that is asked for again: once it is over the run comes, and if it stays the error is typed."""
    healed, stays = lab.one_run(reply, RUN), lab.one_run(reply)
    assert healed.error is None, healed
    assert type(stays.error) is kind, stays
    assert stays.requests == 4, stays
    return stays


@fault(26, "429 with seconds", "waits that long, then asks again")
def _(lab: Lab) -> list[Got]:
    return [waits(lab, "1", 1.0, 1.4), waits(lab, "0", 0.0, 0.3)]


@fault(27, "429 with a date, three forms", "waits until then by the service's own clock")
def _(lab: Lab) -> list[Got]:
    return [waits(lab, date(1, form), 1.0, 1.4) for form in ("fixed", "rfc850", "asctime")]


@fault(28, "429 with a date that is past", "waits by its own measure")
def _(lab: Lab) -> Got:
    return waits(lab, date(-60), 0.0, 0.3)


@fault(29, "429 without a word on waiting", "waits by its own measure")
def _(lab: Lab) -> Got:
    return patient(lab, refusal("429 Too Many Requests"), RateLimitedError)


@fault(30, "429 with 3600, 1e9, inf, a date in 2050", "RateLimitedError at once, with retry_after")
def _(lab: Lab) -> list[Got]:
    texts = ("3600", "1e9", "inf", "Sun, 06 Nov 2050 08:49:37 GMT")
    got = [
        final(
            lab,
            refusal("429 Too Many", f"Retry-After: {text}", f"Date: {date(0)}"),
            RateLimitedError,
        )
        for text in texts
    ]
    assert all(each.error.retry_after >= 3600 for each in got)
    return got[:1]


@fault(
    31,
    "429 with -1, nan, abc, nothing, '1, 2', 0.5",
    "what is no wait is passed over; half a second is waited",
)
def _(lab: Lab) -> list[Got]:
    return [
        *(waits(lab, text, 0.0, 0.3) for text in ("-1", "nan", "abc", "", "1, 2")),
        waits(lab, "0.5", 0.5, 0.8),
    ]


@fault(32, "429 capacity_exceeded", "keeps the code; asked again unless retryable is false")
def _(lab: Lab) -> list[Got]:
    again = patient(lab, refusal("429 Too Many", code="capacity_exceeded"), RateLimitedError)
    assert "capacity_exceeded" in str(again.error)
    body = {"error": {"code": "capacity_exceeded", "retryable": False}}
    return [again, final(lab, http(body, "429 Too Many"), RateLimitedError)]


@fault(33, "503 with Retry-After", "as 429")
def _(lab: Lab) -> list[Got]:
    return [
        waits(lab, "0.5", 0.5, 0.8, "503 Busy"),
        final(lab, refusal("503 Busy", "Retry-After: 3600"), ServerError),
    ]


@fault(34, "500, 502, 504, 408, 425", "asked again, then ServerError")
def _(lab: Lab) -> list[Got]:
    return [
        patient(lab, refusal(f"{status} X"), ServerError) for status in (500, 502, 504, 408, 425)
    ][:1]


@fault(35, "501, 505", "ServerError at once")
def _(lab: Lab) -> list[Got]:
    return [final(lab, refusal(f"{status} X"), ServerError) for status in (501, 505)]


@fault(
    36,
    "502 with an HTML page",
    "asked again, then ServerError; the tags stand in the message as text",
)
def _(lab: Lab) -> Got:
    got = patient(
        lab, http(b"<html><b>Bad</b>", "502 Bad Gateway", "Content-Type: text/html"), ServerError
    )
    assert "<html>" in got.error.message
    return got


@fault(37, "error bodies of no bytes", "the error of the status")
def _(lab: Lab) -> list[Got]:
    return [
        patient(lab, http(b"", "500 X"), ServerError),
        final(lab, http(b"", "400 X"), ServiceError),
        final(lab, http(b"", "404 X"), NotFoundError),
    ]


@fault(38, "an error that is a list, a text, null, a number", "the error of the status")
def _(lab: Lab) -> list[Got]:
    bodies = (
        b"[]",
        b'"text"',
        b"null",
        b"7",
        b'{"error":null}',
        b'{"error":[1]}',
        b'{"error":7}',
        b"\xff\xfe",
        b"[" * 100_000,
    )
    return [final(lab, http(body, "400 X"), ServiceError) for body in bodies][:1]


@fault(39, "an error as text with its code beside it", "the same error as in the newer shape")
def _(lab: Lab) -> list[Got]:
    told = {"code": "quota_exceeded", "request_id": "req_7"}
    new = final(lab, http({"error": told | {"message": "no more"}}, "400 X"), ServiceError)
    old = final(lab, http({"error": "no more"} | told, "400 X"), ServiceError)
    assert str(new.error) == str(old.error)
    return [new]


@fault(40, "an unknown code, a number for a code, a message of 10 kB", "kept as text, clipped")
def _(lab: Lab) -> list[Got]:
    unknown = final(lab, refusal("400 X", code="brand_new"), ServiceError)
    number = final(lab, refusal("400 X", code=7), ServiceError)
    long = final(
        lab,
        http({"error": {"code": "c" * 999, "message": "m\x1b[2J\u202e" * 2_000}}, "400 X"),
        ServiceError,
    )
    assert "brand_new" in str(unknown.error)
    assert "7" in str(number.error)
    assert len(str(long.error)) < 500
    assert not set(str(long.error)) & {"\x1b", "\u202e"}
    return [unknown]


@fault(
    41, "retryable: true on 400, false on 503", "400 is never asked again, 503 not against its word"
)
def _(lab: Lab) -> list[Got]:
    yes, no = (
        {"error": {"code": "c", "retryable": True}},
        {"error": {"code": "c", "retryable": False}},
    )
    return [
        final(lab, http(yes, "400 X"), ServiceError),
        final(lab, http(no, "400 X"), ServiceError),
        final(lab, http(no, "503 X"), ServerError),
        patient(lab, http(yes, "503 X"), ServerError),
    ]


@fault(42, "401, 403 that repeat the key", "refused at once, the key in no form in the error")
def _(lab: Lab) -> list[Got]:
    forms = [KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode()]
    got = []
    for status, kind in ((401, UnauthorizedError), (403, ForbiddenError)):
        got.append(
            final(
                lab,
                http(
                    {"error": {"code": KEY, "message": " ".join(forms), "request_id": KEY}},
                    f"{status} X",
                ),
                kind,
            )
        )
        assert not [
            form
            for form in forms
            if form in f"{got[-1].error!r} {got[-1].error} {vars(got[-1].error)}"
        ]
    return got


@fault(43, "404 of a run, of a deployment", "NotFoundError that says which")
def _(lab: Lab) -> list[Got]:
    run = final(lab, http({"error": {"code": "run_not_found"}}, "404 X"), NotFoundError)
    deployment = final(
        lab, http({"error": {"code": "agent_deployment_not_found"}}, "404 X"), NotFoundError
    )
    assert "run 'run_1'" in run.error.message
    assert f"deployment '{DEP}'" in deployment.error.message
    return [run, deployment]


@fault(44, "404 with an HTML page", "NotFoundError: not from the API")
def _(lab: Lab) -> Got:
    got = final(lab, http(b"<html>nothing here", "404 X", "Content-Type: text/html"), NotFoundError)
    assert "not from the API" in got.error.message
    return got


@fault(45, "409, 410, 422", "ServiceError at once")
def _(lab: Lab) -> list[Got]:
    return [final(lab, refusal(f"{status} X"), ServiceError) for status in (409, 410, 422)][:1]


@fault(46, "204, 206, 304 where JSON is expected", "BadResponseError")
def _(lab: Lab) -> list[Got]:
    replies = (
        b"HTTP/1.1 204 X\r\n\r\n",
        http(b'{"id":"run_1"}', "206 X"),
        b"HTTP/1.1 304 X\r\n\r\n",
    )
    return [final(lab, reply, BadResponseError) for reply in replies]


REDIRECTS = (301, 302, 303, 307, 308)


@fault(
    47,
    "301, 302, 303, 307, 308 to the same origin",
    "BadResponseError that says where to; not followed",
)
def _(lab: Lab) -> list[Got]:
    got = [
        final(lab, http(b"", f"{status} X", "Location: /v2/elsewhere"), BadResponseError)
        for status in REDIRECTS
    ]
    assert all("/v2/elsewhere" in each.error.message for each in got)
    return got[:1]


@fault(
    48,
    "redirects to another host, port, scheme, with a password",
    "BadResponseError; no request there, the key stays",
)
def _(lab: Lab) -> str:
    count = 0
    with serving(lambda request, number: [RUN]) as other:
        port = other.port
        for place in (
            f"http://127.0.0.1:{port}",
            f"//127.0.0.1:{port}/x",
            f"http://localhost:{port}",
            f"http://u:p@127.0.0.1:{port}",
            f"\\\\127.0.0.1:{port}",
            f"https://127.0.0.1:{port}",
            f"http://[::1]:{port}",
            f"HTTP://127.0.0.1.:{port}",
        ):
            for status in REDIRECTS:
                final(lab, http(b"", f"{status} X", f"Location: {place}"), BadResponseError)
                count += 1
        assert other.connections == 0, other.told
    return f"{count} redirects, {other.connections} connections elsewhere"


@fault(49, "a redirect to itself", "BadResponseError after one request")
def _(lab: Lab) -> Got:
    return final(
        lab,
        http(b"", "302 X", f"Location: /v1/agent-deployments/{DEP}/runs/run_1"),
        BadResponseError,
    )


@fault(
    50,
    "an outage: nothing but 503, 50 callers",
    "the shared budget runs out, calls fail fast, requests are few",
)
def _(lab: Lab) -> str:
    with lab.service(refusal("503 Busy")) as (_, server):
        started = time.monotonic()
        with ThreadPoolExecutor(50) as pool, Client(KEY, server.url) as client:
            calls = [
                pool.submit(
                    timed,
                    lambda: client.get_runs(DEP, [f"run_{n}" for n in range(40)], progress=False),
                )
                for _ in range(50)
            ]
            outcomes = [call.result() for call in calls]
        seconds = time.monotonic() - started
    rows = sum(len(got.value) for got in outcomes)
    codes = {code for got in outcomes for code in got.value["fetch_error"].str.partition(":")[0]}
    assert codes <= {"server", "connection", "not_asked"}, codes
    assert len(server.sent) <= 300, len(server.sent)
    assert seconds < 10, seconds
    return f"{rows:,} runs asked for by 50 callers: {len(server.sent)} requests in {seconds:.1f} s, rows {sorted(codes)}"
