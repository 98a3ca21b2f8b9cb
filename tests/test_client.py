"""The client against services that are functions: complete, in order, failures named, the key nowhere."""

from __future__ import annotations

import asyncio
import base64
import copy
import gc
import inspect
import json
import logging
import os
import pickle
import re
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pandas as pd
import pytest
from IPython.core.ultratb import VerboseTB
from tqdm import tqdm

import agentrun_nb as arn
from agentrun_nb import errors
from agentrun_nb.client import Client
from agentrun_nb.core.dtypes import COLUMN_DTYPES
from agentrun_nb.core.schema import DEPLOYMENTS, LOGS, RUNS, VERSIONS, Table
from agentrun_nb.errors import (
    AgentRunError,
    NotFoundError,
    NotOffered,
    SettingsError,
    UnauthorizedError,
)
from agentrun_nb.fetch import side_by_side
from agentrun_nb.fetch.query import Branch, RunQuery, read_when
from agentrun_nb.fetch.walks import Walks
from agentrun_nb.http import loop
from agentrun_nb.http.loop import Stream
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.routes import RUN
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.batch import Batch
from tests.support.http import DEP, KEY, answer, mocked, run_record
from tests.support.tracebacks import WITHOUT_COLOURS

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds."""
    monkeypatch.setattr(
        Wire, "policy", Policy(attempts=4, base=0.001, crowded_base=0.001, longest=0.002)
    )


def last(request: httpx.Request) -> str:
    return request.url.path.rsplit("/", 1)[1]


def one_run(request: httpx.Request) -> httpx.Response:
    return answer(run_record(last(request)))


@pytest.mark.parametrize(
    "method", ["get_run", "explore", "get_runs", "list_runs", "iter_runs", "list_versions"]
)
def test_a_deployment_is_named_by_one_word(method: str) -> None:
    _, first, *_ = inspect.signature(getattr(Client, method)).parameters
    assert first == "deployment_id"


class Shop:
    """A service with runs in a table, listed newest first by a cursor that is a position."""

    def __init__(
        self,
        *records: dict[str, object],
        page: int = 200,
        envelope: dict[str, object] | None = None,
    ) -> None:
        self.records = list(records)
        self.page = page
        self.envelope = envelope or {}
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if last(request) == "runs":
            self.asked.append(request)
        if last(request) == "agent-deployments":
            return self._page(
                request,
                [{"id": dep} for dep in dict.fromkeys(r["deployment_id"] for r in self.records)],
            )
        dep = request.url.path.split("/")[3]
        if last(request) == "versions":
            found = sorted(
                {str(r["version_id"]) for r in self.records if r["deployment_id"] == dep}
            )
            return answer(
                {"items": [{"id": name, "version_number": n} for n, name in enumerate(found, 1)]}
            )
        chosen = [record for record in self.records if record["deployment_id"] == dep]
        for name in ("status", "version_id"):
            if name in request.url.params:
                chosen = [record for record in chosen if record[name] == request.url.params[name]]
        return self._page(request, chosen)

    def _page(self, request: httpx.Request, items: list[dict[str, object]]) -> httpx.Response:
        start = int(request.url.params.get("cursor", 0))
        end = start + min(self.page, int(request.url.params["limit"]))
        following = str(end) if end < len(items) else None
        return answer({"items": items[start:end], "next_cursor": following} | self.envelope)


def newest_first(count: int, **fields: object) -> list[dict[str, object]]:
    return [run_record(f"run_{number}", **fields) for number in reversed(range(count))]  # type: ignore[arg-type]


def ids(frame: pd.DataFrame) -> list[str]:
    return frame["id"].tolist()


def is_table(frame: pd.DataFrame, table: Table) -> bool:
    return list(frame.columns) == table.names and all(
        frame[column.name].dtype == COLUMN_DTYPES[column.kind] for column in table.columns
    )


# --- one run ------------------------------------------------------------------------------------------------------


def test_one_run_is_kept_to_the_letter() -> None:
    body = b'{ "output_manifest":{"n": 123456789012345678901234567890, "n": 1e0},"id":"run_1","odd":[ ]}'
    run = mocked(lambda request: answer(body)).get_run(DEP, "run_1")
    assert (run.raw, run.output_manifest_text) == (
        body,
        '{"n": 123456789012345678901234567890, "n": 1e0}',
    )


def test_the_request_is_the_documented_one() -> None:
    asked: list[httpx.Request] = []
    mocked(lambda request: asked.append(request) or one_run(request)).get_run(DEP, "run_1")  # type: ignore[func-returns-value]
    assert (asked[0].method, str(asked[0].url)) == (
        "GET",
        f"https://api.test/v1/agent-deployments/{DEP}/runs/run_1",
    )
    assert asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert asked[0].headers["accept-encoding"] == "gzip, deflate"


def test_a_prefix_of_the_base_url_stays() -> None:
    asked: list[str] = []
    transport = httpx.MockTransport(
        lambda request: asked.append(request.url.path) or one_run(request)
    )  # type: ignore[func-returns-value]
    Client(KEY, "https://api.test/some/prefix/", transport=transport).get_run(DEP, "run_1")
    assert asked == [f"/some/prefix/v1/agent-deployments/{DEP}/runs/run_1"]


ENVELOPE = {"code": "x_code", "message": "what happened", "request_id": "req_7"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ServiceError),
        (401, UnauthorizedError),
        (403, errors.ForbiddenError),
        (404, NotFoundError),
        (409, errors.ServiceError),
        (410, errors.ServiceError),
        (422, errors.ServiceError),
        (429, errors.RateLimitedError),
        (500, errors.ServerError),
        (501, errors.ServerError),
        (503, errors.ServerError),
        (505, errors.ServerError),
        (204, errors.BadResponseError),
        (206, errors.BadResponseError),
        (304, errors.BadResponseError),
    ],
)
@pytest.mark.parametrize("body", [{"error": ENVELOPE}, {"error": "what happened"} | ENVELOPE])
def test_every_status_is_one_error_of_the_family_in_both_shapes(
    status: int, kind: type, body: dict[str, object]
) -> None:
    sent: list[int] = []
    client = mocked(lambda request: sent.append(1) or answer(body, status))  # type: ignore[func-returns-value]
    with pytest.raises(AgentRunError) as caught:
        client.get_run(DEP, "run_1")
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.request_id, error.method) == (status, "req_7", "GET")
    assert error.route == "/v1/agent-deployments/{deployment_id}/runs/{run_id}"
    assert error.attempts == len(sent) == (4 if status in (429, 500, 503) else 1)
    assert status < 400 or "x_code: what happened" in str(error)


@pytest.mark.parametrize(
    ("status", "retryable", "attempts"),
    [(503, False, 1), (503, True, 4), (400, True, 1), (429, False, 1)],
)
def test_the_services_word_narrows_what_is_tried_again(
    status: int, retryable: bool, attempts: int
) -> None:
    client = mocked(
        lambda request: answer({"error": {"code": "c", "retryable": retryable}}, status)
    )
    with pytest.raises(AgentRunError) as caught:
        client.get_run(DEP, "run_1")
    assert caught.value.attempts == attempts


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"7", b'"text"', b'{"error":null}', b'{"error":[1]}', b"\xff\xfe"]
)
@pytest.mark.parametrize("status", [400, 404, 500])
def test_odd_error_bodies_are_typed(body: bytes, status: int) -> None:
    with pytest.raises(errors.ServiceError):
        mocked(lambda request: answer(body, status)).get_run(DEP, "run_1")


def test_a_long_hostile_message_is_clipped_to_one_safe_line() -> None:
    hostile = "\x1b]0;owned\x07\r\n\u202e<script>" + "x" * 10_000
    with pytest.raises(AgentRunError) as caught:
        mocked(lambda request: answer({"error": {"code": 7, "message": hostile}}, 400)).get_run(
            DEP, "run_1"
        )
    assert len(str(caught.value)) < 500
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", str(caught.value))


@pytest.mark.parametrize(
    ("code", "missing"),
    [("run_not_found", "run 'run_1'"), ("agent_deployment_not_found", "deployment 'dep_1'")],
)
def test_not_found_says_what_is_missing(code: str, missing: str) -> None:
    with pytest.raises(NotFoundError, match=missing):
        mocked(lambda request: answer({"error": {"code": code}}, 404)).get_run(DEP, "run_1")


def test_not_found_by_a_proxy_says_so() -> None:
    with pytest.raises(NotFoundError, match="not from the API"):
        mocked(lambda request: answer(b"<html>404</html>", 404)).get_run(DEP, "run_1")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>Please log in</html>", "HTML"),
        (b"", "JSON"),
        (b"null", "JSON"),
        (b"[]", "JSON"),
        (b"7", "JSON"),
        (b'{"id":"run_1"', "JSON"),
        (b'{"id":"run_1"}}', "JSON"),
        ('{"id":"run_1"}'.encode("utf-16"), "JSON"),
    ],
)
def test_a_body_that_is_no_run_is_tried_again_once(body: bytes, told: str) -> None:
    sent: list[int] = []
    client = mocked(lambda request: sent.append(1) or answer(body))  # type: ignore[func-returns-value]
    with pytest.raises(errors.BadResponseError, match=told):
        client.get_run(DEP, "run_1")
    assert len(sent) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + json.dumps(run_record("run_1")).encode(),
        b'{"id":"run_1","input":{"a":NaN,"b":"\\ud800"}}',
    ],
)
def test_odd_json_is_a_run_all_the_same(body: bytes) -> None:
    assert (
        mocked(lambda request: answer(body, content_type="text/html; charset=latin-1"))
        .get_run(DEP, "run_1")
        .raw
        == body
    )


@pytest.mark.parametrize("identity", ["run_2", None, 7])
def test_the_record_of_another_run_is_an_error(identity: object) -> None:
    with pytest.raises(errors.BadResponseError, match="'run_1' was asked for"):
        mocked(lambda request: answer(run_record("run_1") | {"id": identity})).get_run(DEP, "run_1")


def test_a_refused_key_says_where_it_came_from() -> None:
    with pytest.raises(UnauthorizedError, match="the argument api_key"):
        mocked(lambda request: answer({"error": "no"}, 401)).get_run(DEP, "run_1")


# --- many runs by id ----------------------------------------------------------------------------------------------


def test_one_row_for_each_id_in_order_and_a_repeated_id_fetched_once() -> None:
    sent: list[str] = []
    given = ["run_3", "run_1", "run_3", "run_2", "run_1"]
    runs = mocked(lambda request: sent.append(last(request)) or one_run(request)).get_runs(
        DEP, given, progress=False
    )  # type: ignore[func-returns-value]
    assert ids(runs) == given
    assert sorted(sent) == ["run_1", "run_2", "run_3"]
    assert is_table(runs, RUNS)


def test_thousands_come_in_order_and_as_many_at_a_time_as_allowed() -> None:
    under_way = [0, 0]

    async def handler(request: httpx.Request) -> httpx.Response:
        under_way[0] += 1
        under_way[1] = max(under_way)
        await asyncio.sleep(0.0001)
        under_way[0] -= 1
        return one_run(request)

    given = [f"run_{number}" for number in range(1_200)]
    runs = mocked(handler, max_in_flight=7).get_runs(DEP, given, progress=False)  # type: ignore[arg-type]
    assert ids(runs) == given
    assert under_way[1] == 7


def test_none_given_gives_the_empty_table() -> None:
    runs = mocked(one_run).get_runs(DEP, [], progress=False)
    assert is_table(runs, RUNS)
    assert arn.fetch_report(runs).complete is True


def failing(request: httpx.Request) -> httpx.Response:
    name = last(request)
    if name == "run_reset":
        raise httpx.ReadError("reset")
    if name == "run_html":
        return answer(b"<html>")
    if name == "run_other":
        return answer(run_record("run_7"))
    status = {
        "run_gone": 404,
        "run_shut": 403,
        "run_busy": 429,
        "run_down": 503,
        "run_odd": 400,
    }.get(name, 200)
    return answer(run_record(name) if status == 200 else {"error": {"code": "c"}}, status)


def test_failures_are_rows_with_their_code_and_nothing_else() -> None:
    codes = {
        "run_1": None,
        "run_gone": "not_found",
        "run_shut": "forbidden",
        "run_busy": "rate_limited",
        "run_down": "server",
        "run_odd": "bad_response",
        "run_reset": "connection",
        "run_html": "bad_response",
        "run_other": "bad_response",
        "../x": "bad_id",
        "": "bad_id",
    }
    runs = mocked(failing).get_runs(DEP, codes, progress=False)
    assert ids(runs) == list(codes)
    assert runs["fetch_error"].str.partition(": ")[0].tolist() == [
        code or pytest.approx(float("nan"), nan_ok=True) for code in codes.values()
    ]
    failed = runs[runs["fetch_error"].notna()].drop(columns=["id", "deployment_id", "fetch_error"])
    assert failed.isna().all(axis=None)
    report = arn.fetch_report(runs)
    assert (report.asked, report.got, report.complete, report.truncated_by) == (
        11,
        1,
        False,
        "failures",
    )
    assert report.oddities["bad_response"] == 3


@pytest.mark.parametrize("odd", [7, None, 1.5, b"x", "\ud800", ("a",)])
def test_what_is_no_id_is_a_row_too(odd: object) -> None:
    runs = mocked(one_run).get_runs(DEP, [odd, "run_1"], progress=False)  # type: ignore[list-item]
    assert (
        next(text[:6] if isinstance(text, str) else text for text in runs["fetch_error"])
        == "bad_id"
    )
    assert runs["id"].iloc[1] == "run_1"


def test_too_large_and_too_slow_are_rows() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        if last(request) == "run_slow":
            await asyncio.sleep(5)
        return answer(
            run_record(last(request), input={"x": "y" * 5_000 * (last(request) == "run_large")})
        )

    runs = mocked(handler, max_bytes=4_000, deadline=0.1).get_runs(
        DEP, ["run_slow", "run_large", "run_1"], progress=False
    )  # type: ignore[arg-type]
    assert [text.partition(":")[0] for text in runs["fetch_error"].iloc[:2]] == [
        "deadline",
        "too_large",
    ]
    assert runs["status"].iloc[2] == "succeeded"


def test_a_refused_key_ends_it_all() -> None:
    sent: list[int] = []
    client = mocked(lambda request: sent.append(1) or answer({"error": "no"}, 401), max_in_flight=2)  # type: ignore[func-returns-value]
    with pytest.raises(UnauthorizedError):
        client.get_runs(DEP, [f"run_{number}" for number in range(1_000)], progress=False)
    assert len(sent) < 10


def test_a_frame_keeps_its_index_and_names_several_deployments() -> None:
    asked = pd.DataFrame(
        {"deployment_id": ["dep_2", "dep_1"], "id": ["run_5", "run_6"], "more": [1, 2]},
        index=["b", "a"],
    )
    runs = mocked(
        lambda request: answer(run_record(last(request), request.url.path.split("/")[3]))
    ).get_runs(asked, progress=False)
    assert runs.index.tolist() == ["b", "a"]
    assert runs["deployment_id"].tolist() == ["dep_2", "dep_1"]
    assert arn.fetch_report(runs).complete is True


def test_a_record_of_another_deployment_is_kept_and_noted() -> None:
    client = mocked(
        lambda request: answer(
            run_record(last(request), "dep_9" if last(request) == "run_2" else DEP)
        )
    )
    assert [client.get_run(DEP, name).notes for name in ("run_1", "run_2")] == [
        None,
        "deployment_id: wrong_id: dep_9",
    ]
    runs = client.get_runs(DEP, ["run_1", "run_2"], progress=False)
    assert runs["parse_notes"].fillna("").tolist() == ["", "deployment_id: wrong_id: dep_9"]


def test_odd_and_plain_records_come_together() -> None:
    odd = b'{"id":"run_2","status":"napping","input":{"a":1,"a":NaN}}'
    client = mocked(lambda request: answer(odd) if last(request) == "run_2" else one_run(request))
    runs = client.get_runs(DEP, ["run_1", "run_2", "run_3"], progress=False)
    assert runs["status"].tolist() == ["succeeded", "napping", "succeeded"]
    assert runs["input"].iloc[1] == '{"a":1,"a":NaN}'


class Stall:
    """Requests that get no answer, and a kernel's interrupt once so many of them wait.

    An interrupt is a signal to the main thread. It comes a little later, so that what was answered
    before has been read.
    """

    def __init__(self, count: int = 1) -> None:
        self._left = count
        self._is_complete = threading.Event()

    async def wait(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._is_complete.set()
        await asyncio.sleep(60)

    def _interrupt(self) -> None:
        assert self._is_complete.wait(60)
        time.sleep(0.3)
        signal.raise_signal(signal.SIGINT)

    @contextmanager
    def interrupts(self) -> Iterator[None]:
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        thread = threading.Thread(target=self._interrupt)
        thread.start()
        try:
            yield
        finally:
            thread.join()
            signal.signal(signal.SIGINT, previous)


def with_slow_tail(stall: Stall) -> Callable[[httpx.Request], Any]:
    async def handler(request: httpx.Request) -> httpx.Response:
        if int(last(request)[4:]) >= 50:
            await stall.wait()
        return one_run(request)

    return handler


def test_an_interrupt_returns_what_came_and_marks_the_rest() -> None:
    stall = Stall()
    client = mocked(with_slow_tail(stall))  # type: ignore[arg-type]
    given = [f"run_{number}" for number in range(100)]
    started = time.monotonic()
    with stall.interrupts():
        runs = client.get_runs(DEP, given, progress=False)
    assert time.monotonic() - started < 30
    assert ids(runs) == given
    assert runs["status"].iloc[:50].eq("succeeded").all()
    assert runs["fetch_error"].iloc[50:].str.startswith("not_asked: ").all()
    assert arn.fetch_report(runs).truncated_by == "interrupt"


def test_an_interrupt_of_one_run_is_an_interrupt_and_the_client_goes_on() -> None:
    stall = Stall()
    client = mocked(with_slow_tail(stall))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt), stall.interrupts():
        client.get_run(DEP, "run_99")
    assert client.get_run(DEP, "run_1").id == "run_1"


def test_refetch_mends_failures_and_follows_what_runs() -> None:
    states = {"run_1": "running", "run_2": "succeeded", "run_3": "queued"}
    down = {"run_4"}
    sent: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(last(request))
        return (
            answer({}, 404)
            if last(request) in down
            else answer(run_record(last(request), status=states.get(last(request), "failed")))
        )

    client = mocked(handler)
    runs = client.get_runs(DEP, ["run_4", "run_3", "run_2", "run_1"], progress=False).set_axis(
        [4, 3, 2, 1]
    )
    states |= {"run_1": "failed"}
    down ^= {"run_4", "run_3"}
    sent.clear()
    mended = client.refetch(runs.assign(score=[0.5, 0.25, 1.0, 2.0]))
    assert sorted(sent) == ["run_1", "run_3", "run_4"]
    assert mended.index.tolist() == [4, 3, 2, 1]
    assert mended["status"].tolist() == ["failed", "queued", "succeeded", "failed"]
    assert mended["score"].tolist() == [0.5, 0.25, 1.0, 2.0]
    assert mended["fetch_error"].isna().all()
    assert is_table(mended[RUNS.names], RUNS)
    report = arn.fetch_report(mended)
    assert (report.complete, report.truncated_by) == (False, "failures")
    down.clear()
    assert arn.fetch_report(client.refetch(mended)).complete is True


def test_refetch_never_takes_an_older_record_for_a_newer_one() -> None:
    moments = iter(["2026-11-07T02:00:00Z", "2026-11-07T01:00:00Z", "2026-11-07T03:00:00Z"])
    client = mocked(
        lambda request: answer(run_record("run_1", status="running", updated_at=next(moments)))
    )
    runs = client.get_runs(DEP, ["run_1"], progress=False)
    for hour in (2, 3):
        runs = client.refetch(runs)
        assert runs["updated_at"].iloc[0].hour == hour


def test_refetch_of_ended_runs_asks_nothing() -> None:
    runs = mocked(one_run).get_runs(DEP, ["run_1"], progress=False)
    again = mocked(lambda request: pytest.fail("nothing is to be asked")).refetch(runs)
    pd.testing.assert_frame_equal(again, runs)


# --- listings -----------------------------------------------------------------------------------------------------


def test_a_listing_is_whole_in_the_services_order() -> None:
    shop = Shop(*newest_first(1_001))
    runs = mocked(shop).list_runs(DEP, progress=False)
    assert ids(runs) == [f"run_{number}" for number in reversed(range(1_001))]
    assert is_table(runs, RUNS)
    report = arn.fetch_report(runs)
    assert (report.complete, report.pages, report.streams, report.order_verified) == (
        True,
        6,
        1,
        True,
    )
    assert {request.url.params["limit"] for request in shop.asked} == {"200"}


def test_all_deployments_and_all_combinations_are_walked() -> None:
    records = [
        run_record(
            f"run_{number}",
            f"dep_{number % 3}",
            status=("failed", "succeeded", "running")[number % 2],
            version_id=f"v{number % 5}",
        )
        for number in reversed(range(60))
    ]
    client = mocked(Shop(*records, page=7))
    everything = client.list_runs(progress=False)
    assert ids(everything) == [record["id"] for record in records]
    some = client.list_runs(
        ["dep_0", "dep_2"], status=["failed", "running"], version_id=["v1", "v4"], progress=False
    )
    wanted = [
        r["id"]
        for r in records
        if r["deployment_id"] != "dep_1"
        and r["status"] == "failed"
        and r["version_id"] in ("v1", "v4")
    ]
    assert ids(some) == wanted
    assert (arn.fetch_report(some).streams, arn.fetch_report(some).deployments) == (8, 2)


def test_a_limit_is_a_count_of_runs_and_said_to_cut() -> None:
    client = mocked(Shop(*newest_first(700)))
    for limit, complete in ((1, False), (250, False), (699, False), (700, True), (5_000, True)):
        runs = client.list_runs(DEP, limit=limit, progress=False)
        assert ids(runs) == [
            f"run_{number}" for number in reversed(range(max(0, 700 - limit), 700))
        ]
        report = arn.fetch_report(runs)
        assert (report.complete, report.truncated_by) == (complete, None if complete else "limit")


def test_a_limit_over_several_deployments_takes_the_newest() -> None:
    records = [run_record(f"run_{number}", f"dep_{number % 2}") for number in reversed(range(50))]
    runs = mocked(Shop(*records, page=4)).list_runs(["dep_0", "dep_1"], limit=5, progress=False)
    assert ids(runs) == ["run_49", "run_48", "run_47", "run_46", "run_45"]


def test_a_window_of_time_is_half_open_and_stops_early() -> None:
    shop = Shop(*newest_first(100), page=10)
    client = mocked(shop)
    runs = client.list_runs(
        DEP, since="2026-11-07T00:00:50Z", until="2026-11-07T00:00:52", progress=False
    )
    assert ids(runs) == ["run_51", "run_50"]
    assert arn.fetch_report(runs).complete is True
    assert len(shop.asked) == 6  # one whole page that is older shows the end
    out_of_order = Shop(*reversed(newest_first(100)), page=10)
    late = mocked(out_of_order).list_runs(DEP, since="2026-11-07T00:00:50Z", progress=False)
    assert (len(late), len(out_of_order.asked)) == (50, 10)


def test_a_run_without_a_readable_moment_is_kept_and_counted() -> None:
    records = [
        run_record("run_2"),
        run_record("run_1", created_at="yesterday"),
        run_record("run_0"),
    ]
    runs = mocked(Shop(*records)).list_runs(DEP, since="2026-11-07T00:00:02Z", progress=False)
    assert ids(runs) == ["run_2", "run_1"]
    assert arn.fetch_report(runs).oddities == {"bad_time": 1}


@pytest.mark.parametrize(
    ("when", "moment"),
    [
        ("2026-11-07", datetime(2026, 11, 7, tzinfo=UTC)),
        ("2026-11-07T02:00:00+02:00", datetime(2026, 11, 7, tzinfo=UTC)),
        ("2026-11-07T00:00:00Z", datetime(2026, 11, 7, tzinfo=UTC)),
        (datetime(2026, 11, 7), datetime(2026, 11, 7, tzinfo=UTC)),
        (date(2026, 11, 7), datetime(2026, 11, 7, tzinfo=UTC)),
        (pd.Timestamp("2026-11-07", tz="UTC"), datetime(2026, 11, 7, tzinfo=UTC)),
    ],
)
def test_moments_are_read_in_utc(when: object, moment: datetime) -> None:
    assert read_when(when) == moment.timestamp() * 1e6  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("age", "delta"),
    [
        ("7d", timedelta(days=7)),
        ("1.5h", timedelta(minutes=90)),
        (" 30 min ", timedelta(minutes=30)),
        (timedelta(weeks=2), timedelta(weeks=2)),
    ],
)
def test_ages_count_back_from_now(age: object, delta: timedelta) -> None:
    read = read_when(age)  # type: ignore[arg-type]
    assert read == pytest.approx((datetime.now(UTC) - delta).timestamp() * 1e6, abs=5e6)


@pytest.mark.parametrize(
    "when", ["tuesday", "", "7 fortnights", "2026-13-01", 7, pd.NaT, "9" * 30 + "d"]
)
def test_what_is_no_moment_is_refused(when: str) -> None:
    with pytest.raises(SettingsError, match="not a moment"):
        mocked(Shop()).list_runs(DEP, since=when)


def test_a_run_that_came_twice_is_kept_as_it_changed_last() -> None:
    older = run_record("run_1", status="running", updated_at="2026-11-07T01:00:00Z")
    newer = run_record("run_1", status="failed", updated_at="2026-11-07T02:00:00Z")
    for records in ([newer, run_record("run_0"), older], [older, run_record("run_0"), newer]):
        runs = mocked(Shop(*records, page=1)).list_runs(DEP, progress=False)
        assert sorted(zip(ids(runs), runs["status"], strict=True)) == [
            ("run_0", "succeeded"),
            ("run_1", "failed"),
        ]
        assert arn.fetch_report(runs).duplicates == 1


def test_the_same_id_in_two_deployments_is_two_runs() -> None:
    runs = mocked(Shop(run_record("run_1", "dep_1"), run_record("run_1", "dep_2"))).list_runs(
        progress=False
    )
    assert (len(runs), arn.fetch_report(runs).duplicates) == (2, 0)


def test_records_without_an_id_are_kept() -> None:
    runs = mocked(Shop(*[run_record("run_1") | {"id": None}] * 3)).list_runs(DEP, progress=False)
    assert len(runs) == 3


@pytest.mark.parametrize(("cursor", "reason"), [("0", "cursor loop"), (["x"], "bad cursor")])
def test_a_listing_that_goes_wrong_keeps_what_it_has_and_says_so(
    cursor: object, reason: str
) -> None:
    runs = mocked(Shop(*newest_first(3), envelope={"next_cursor": cursor})).list_runs(
        DEP, progress=False
    )
    assert sorted(ids(runs)) == ["run_0", "run_1", "run_2"]
    assert f"NOT complete ({reason})" in repr(arn.fetch_report(runs))


def test_a_failure_on_the_way_keeps_what_came() -> None:
    shop = Shop(*newest_first(30), page=10)
    client = mocked(
        lambda request: (
            answer({"error": {"code": "gone"}}, 410)
            if request.url.params.get("cursor") == "20"
            else shop(request)
        )
    )
    runs = client.list_runs(DEP, progress=False)
    assert (len(runs), arn.fetch_report(runs).complete) == (20, False)


def test_a_failure_at_the_beginning_is_an_error() -> None:
    with pytest.raises(NotFoundError):
        mocked(lambda request: answer({"error": {"code": "deployment_not_found"}}, 404)).list_runs(
            DEP, progress=False
        )


def test_faulty_replies_lose_nothing() -> None:
    """Every third reply is a fault of another kind; the listing is exact."""
    shop, count = Shop(*newest_first(100), page=5), [0]

    def handler(request: httpx.Request) -> httpx.Response:
        count[0] += 1
        if count[0] % 3 == 0:
            fault = (count[0] // 3) % 4
            if fault == 0:
                raise httpx.ReadError("reset")
            return [answer(b"<html>"), answer({}, 503), answer({}, 429)][fault - 1]
        return shop(request)

    runs = mocked(handler).list_runs(DEP, progress=False)
    assert ids(runs) == [f"run_{number}" for number in reversed(range(100))]
    report = arn.fetch_report(runs)
    assert report.complete is True
    assert report.retries == count[0] // 3


def test_a_page_over_the_cap_is_asked_in_halves() -> None:
    shop = Shop(*newest_first(100, input={"x": "y" * 1_000}))
    runs = mocked(shop, max_bytes=40_000).list_runs(DEP, progress=False)
    assert (len(runs), arn.fetch_report(runs).complete) == (100, True)
    alone = mocked(
        Shop(run_record("run_1"), run_record("run_0", input={"x": "y" * 5_000})), max_bytes=4_000
    ).list_runs(DEP, progress=False)
    assert (ids(alone), arn.fetch_report(alone).truncated_by) == (["run_1"], "too_large")


def test_columns_can_be_left_out() -> None:
    runs = mocked(Shop(*newest_first(3))).list_runs(
        DEP, without=("input", "output_manifest"), progress=False
    )
    assert runs["input"].isna().all()
    assert runs["parse_notes"].isna().all()
    assert is_table(runs, RUNS)


def test_what_was_odd_about_a_column_that_is_left_out_is_noted_all_the_same() -> None:
    shop = Shop(run_record("run_1", output_manifest=[1]), run_record("run_2"))
    runs = mocked(shop).list_runs(DEP, without=("output_manifest",), progress=False)
    assert runs["output_manifest"].isna().all()
    assert runs["parse_notes"].fillna("").tolist() == ["output_manifest: not_object: [1]", ""]


@pytest.mark.parametrize("without", ["input", ("inputs",), ("id",), ("created_at",)])
def test_columns_that_cannot_be_left_out_are_refused(without: object) -> None:
    with pytest.raises(SettingsError, match=r"without=.*can be left out: .*input"):
        mocked(Shop()).list_runs(DEP, without=without)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "near"),
    [
        ("suceeded", "succeeded"),
        (["succeeded", "TIMED_OUT"], "timed_out"),
        (("timeout",), "timed_out"),
        (pd.Series(["canceled"]), "cancelled"),
        ("Timed Out", "timed_out"),
        ("fail", "failed"),
    ],
)
def test_a_misspelt_status_is_told_with_the_near_one_before_anything_is_sent(
    status: object, near: str
) -> None:
    client = mocked(lambda request: pytest.fail("nothing is to be asked"))
    for call in (client.list_runs, client.iter_runs):
        with pytest.raises(SettingsError, match=f"Near it: '{near}'"):
            call(DEP, status=status, progress=False)


@pytest.mark.parametrize("status", ["archived", "suspended", ["failed", "completed"]])
def test_a_status_that_only_the_service_knows_is_sent(status: object) -> None:
    shop = Shop(*newest_first(3))
    mocked(shop).list_runs(DEP, status=status, progress=False)
    asked = [request.url.params["status"] for request in shop.asked]
    assert sorted(asked) == sorted([status] if isinstance(status, str) else status)  # type: ignore[call-overload]


@pytest.mark.parametrize("status", [5, [None], [b"failed"]])
def test_a_status_is_text(status: object) -> None:
    with pytest.raises(SettingsError):
        mocked(lambda request: pytest.fail("nothing is to be asked")).list_runs(DEP, status=status)  # type: ignore[arg-type]


def test_frames_and_rows_name_deployments() -> None:
    shop = Shop(*(run_record(f"run_{n}", f"dep_{n}") for n in range(4)))
    client = mocked(shop)
    deployments = client.list_deployments()
    for given in (
        deployments,
        deployments["id"],
        client.list_runs(progress=False),
        tuple(deployments["id"]),
    ):
        assert len(client.list_runs(given, progress=False)) == 4
    assert ids(client.list_runs(deployments.iloc[1], progress=False)) == ["run_1"]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_run("csv-report", "run_1"),
        lambda client: client.get_runs("csv-report", ["run_1", "run_2"], progress=False),
        lambda client: client.list_runs("csv-report", progress=False),
        lambda client: client.list_versions("csv-report"),
    ],
)
def test_the_name_of_a_deployment_in_place_of_its_id_is_told_with_the_id(
    call: Callable[[Client], object],
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if last(request) == "agent-deployments":
            return answer({"items": [{"id": "dep_7", "name": "csv-report"}]})
        return answer({"error": {"code": "deployment_not_found"}}, 404)

    with pytest.raises(NotFoundError, match="its id is 'dep_7'"):
        call(mocked(handler))


def test_records_of_others_in_a_listing_are_kept_and_noted() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        kind = last(request)
        if kind == "runs":
            return answer(
                {"items": [run_record("run_1"), run_record("run_2", "dep_zzz", version_id="v9")]}
            )
        return answer(
            {"events" if kind == "logs" else "items": [{"id": "x", "deployment_id": "dep_zzz"}]}
        )

    client = mocked(handler)
    runs = client.list_runs(DEP, version_id="ver_1", progress=False)
    assert (
        runs["parse_notes"].tolist()[1]
        == "deployment_id: wrong_id: dep_zzz; version_id: wrong_id: v9"
    )
    assert arn.fetch_report(runs).oddities["wrong_id"] == 2
    for table in (client.list_versions(DEP), client.get_logs((DEP, "run_1"))):
        assert "deployment_id: wrong_id: dep_zzz" in table["parse_notes"].iloc[0]


def test_a_status_filter_that_is_ignored_is_counted() -> None:
    runs = mocked(lambda request: answer({"items": [run_record("run_1")]})).list_runs(
        DEP, status="failed", progress=False
    )
    assert arn.fetch_report(runs).oddities == {"filter_ignored": 1}


def test_unknown_fields_are_counted_by_name() -> None:
    records = [
        run_record("run_2", region="eu", cost=1),
        run_record("run_1", region="us"),
        run_record("run_0"),
    ]
    runs = mocked(Shop(*records)).list_runs(DEP, progress=False)
    assert arn.fetch_report(runs).oddities == {"region": 2, "cost": 1}
    one = mocked(lambda request: answer(run_record("run_1", region="eu"))).get_runs(
        DEP, ["run_1"], progress=False
    )
    assert arn.fetch_report(one).oddities == {"region": 1}


@pytest.mark.parametrize(
    ("call", "noun"),
    [
        (lambda client: client.list_versions(DEP), "version"),
        (lambda client: client.list_deployments(), "deployment"),
        (lambda client: client.get_logs((DEP, "run_1")), "log event"),
    ],
)
def test_small_tables_have_reports_in_their_own_words(
    call: Callable[[Client], pd.DataFrame], noun: str
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        key = "events" if last(request) == "logs" else "items"
        number = int(request.url.params.get("cursor", 0))
        if number > broken_at:
            return answer({}, 503)
        more = {"next_cursor": str(number + 1)} if number < 2 else {}
        return answer({key: [{"id": f"x{number}"}]} | more)

    broken_at = 9
    whole = arn.fetch_report(call(mocked(handler)))
    assert whole.complete is True
    assert repr(whole).startswith(f"3 {noun}s in ")
    broken_at = 0
    part = arn.fetch_report(call(mocked(handler)))
    assert repr(part).startswith(f"1 {noun} in ")
    assert "NOT complete (server)" in repr(part)


def test_a_list_of_deployments_that_is_not_whole_makes_no_complete_listing() -> None:
    shop = Shop(*newest_first(3))

    def handler(request: httpx.Request) -> httpx.Response:
        found = shop(request)
        deployments = last(request) == "agent-deployments"
        return answer({"items": [{"id": DEP}], "has_more": True}) if deployments else found

    runs = mocked(handler).list_runs(progress=False)
    assert len(runs) == 3
    assert "NOT complete (the list of deployments: repeats itself)" in repr(arn.fetch_report(runs))
    assert arn.fetch_report(mocked(handler).refetch(runs, progress=False)).complete is False


def test_a_report_says_what_was_asked_for_and_when() -> None:
    began = datetime.now(UTC)
    runs = mocked(Shop(*newest_first(3))).list_runs(
        DEP, since="2026-11-07", until="2026-11-08T00:00:00Z", without=("input",), progress=False
    )
    report = arn.fetch_report(runs)
    assert (report.since, report.until) == (
        datetime(2026, 11, 7, tzinfo=UTC),
        datetime(2026, 11, 8, tzinfo=UTC),
    )
    assert report.without == ("input",)
    assert report.fetched_from is not None
    assert report.fetched_to is not None
    assert began <= report.fetched_from <= report.fetched_to <= datetime.now(UTC)


def test_an_answer_of_304_is_no_redirect() -> None:
    with pytest.raises(errors.BadResponseError, match="not modified"):
        mocked(lambda request: answer(b"", 304)).get_run(DEP, "run_1")


@pytest.mark.parametrize("limit", [0, -1, True, "5"])
def test_a_limit_is_a_count(limit: object) -> None:
    with pytest.raises(SettingsError, match="above zero, or None for all"):
        mocked(Shop()).list_runs(DEP, limit=limit)  # type: ignore[arg-type]


def test_chunks_are_the_listing_cut_and_the_last_one_speaks_for_all() -> None:
    client = mocked(Shop(*newest_first(25), newest_first(25)[3], page=4))
    chunks = list(client.iter_runs(DEP, chunk=10, progress=False))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    assert [run for chunk in chunks for run in ids(chunk)] == [
        f"run_{number}" for number in reversed(range(25))
    ]
    assert [arn.fetch_report(chunk).complete for chunk in chunks] == [False, False, True]
    assert arn.fetch_report(chunks[-1]).duplicates == 1
    assert all(is_table(chunk, RUNS) for chunk in chunks)
    assert [len(chunk) for chunk in client.iter_runs(DEP, chunk=10, limit=13, progress=False)] == [
        10,
        3,
    ]
    assert [len(chunk) for chunk in client.iter_runs("dep_none", progress=False)] == [0]


def test_an_abandoned_iteration_asks_no_further() -> None:
    shop = Shop(*newest_first(1_000), page=10)
    for _ in mocked(shop).iter_runs(DEP, chunk=10, progress=False):
        break
    asked = len(shop.asked)
    time.sleep(0.05)
    assert len(shop.asked) == asked < 40


def test_an_interrupted_listing_returns_what_came() -> None:
    shop, stall = Shop(*newest_first(50), page=10), Stall()

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("cursor") == "30":
            await stall.wait()
        return shop(request)

    with stall.interrupts():
        runs = mocked(handler).list_runs(DEP, progress=False)  # type: ignore[arg-type]
    assert (len(runs), arn.fetch_report(runs).truncated_by) == (30, "interrupt")


def several_versions(count: int, versions: int, page: int = 10) -> Shop:
    return Shop(
        *(run_record(f"run_{n}", version_id=f"v{n % versions}") for n in reversed(range(count))),
        page=page,
    )


def asked_versions(shop: Shop) -> set[str | None]:
    return {request.url.params.get("version_id") for request in shop.asked}


def test_versions_are_walked_side_by_side_and_nothing_is_lost_or_doubled() -> None:
    shop = several_versions(100, 3)
    runs = mocked(shop).list_runs(DEP, progress=False)
    assert ids(runs) == [f"run_{number}" for number in reversed(range(100))]
    report = arn.fetch_report(runs)
    assert (report.complete, report.streams, report.duplicates) == (True, 3, 0)
    assert asked_versions(shop) == {None, "v0", "v1", "v2"}


@pytest.mark.parametrize(
    "versions",
    [
        answer({}, 404),
        answer({"items": [{"id": "v0", "version_number": 1}]}),
        answer(
            {"items": [{"id": f"v{n}", "version_number": n} for n in (0, 1, 2)]}
        ),  # not counted from 1
        answer({"items": [{"id": f"v{n}", "version_number": n + 1} for n in (0, 2)]}),  # a gap
        answer(
            {"items": [{"id": f"v{n}", "version_number": n} for n in (1, 2)]}
        ),  # one is not listed
        answer({"items": [{"id": f"w{n}", "version_number": n} for n in (1, 2)]}),
    ],
)
def test_a_list_of_versions_that_may_not_be_whole_is_not_relied_on(
    versions: httpx.Response,
) -> None:
    shop = several_versions(100, 3)
    client = mocked(lambda request: versions if last(request) == "versions" else shop(request))
    assert (len(client.list_runs(DEP, progress=False)), asked_versions(shop)) == (100, {None})


def test_a_list_of_versions_that_never_comes_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentrun_nb.fetch.walks.PATIENCE", 0.1)
    shop = several_versions(100, 3)

    async def handler(request: httpx.Request) -> httpx.Response:
        if last(request) == "versions":
            await asyncio.sleep(60)
        return shop(request)

    started = time.monotonic()
    assert len(mocked(handler).list_runs(DEP, progress=False)) == 100  # type: ignore[arg-type]
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("lost", ["filter is ignored", "a run is missing"])
def test_walks_by_version_that_go_wrong_are_made_good_by_a_walk_of_all(lost: str) -> None:
    shop = several_versions(60, 3)

    def handler(request: httpx.Request) -> httpx.Response:
        if lost == "filter is ignored":
            request.url = request.url.copy_remove_param("version_id")
        found = shop(request)
        if request.url.params.get("version_id") == "v2":
            return answer({"items": [], "next_cursor": None})
        return found

    runs = mocked(handler).list_runs(DEP, progress=False)
    assert sorted(ids(runs)) == sorted(f"run_{number}" for number in range(60))
    assert arn.fetch_report(runs).complete is True


def test_statuses_are_walked_as_a_run_goes_through_them() -> None:
    shop = Shop(*newest_first(3))
    mocked(shop).list_runs(DEP, status=["succeeded", "running", "queued"], progress=False)
    assert [request.url.params["status"] for request in shop.asked] == [
        "queued",
        "running",
        "succeeded",
    ]


def test_a_listing_that_was_interrupted_goes_on_where_it_ended() -> None:
    shop, open_for, stall = Shop(*newest_first(50), page=10), [False], Stall()

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("cursor") == "30" and not open_for[0]:
            await stall.wait()
        return shop(request)

    client = mocked(handler)  # type: ignore[arg-type]
    with stall.interrupts():
        runs = client.list_runs(DEP, progress=False)
    assert len(json.dumps(runs.attrs)) < 4_096
    open_for[0] = True
    shop.asked.clear()
    whole = client.refetch(runs.set_axis([f"row {n}" for n in range(30)]))
    assert ids(whole) == [f"run_{number}" for number in reversed(range(50))]
    assert whole.index.tolist() == [f"row {n}" for n in range(30)] + [*range(30, 50)]
    assert [request.url.params["cursor"] for request in shop.asked] == ["30", "40"]
    assert arn.fetch_report(whole).complete is True
    shop.asked.clear()
    assert client.refetch(whole).equals(whole)
    assert client.refetch(runs.iloc[:5]).equals(runs.iloc[:5])
    assert shop.asked == []


def cut_in_many(client: Client, count: int, stall: Stall) -> pd.DataFrame:
    """A listing of so many deployments, none of which is walked to its end."""
    with stall.interrupts():
        return client.list_runs([f"dep_{number}" for number in range(count)], progress=False)


def half_open(shop: Shop, open_for: list[bool], stall: Stall) -> Callable[[httpx.Request], Any]:
    """A service that gives the first page of each listing, and the others when it is open."""

    async def handler(request: httpx.Request) -> httpx.Response:
        if last(request) == "runs" and "cursor" in request.url.params and not open_for[0]:
            await stall.wait()
        return answer({}, 404) if last(request) == "versions" else shop(request)

    return handler


@pytest.mark.parametrize("count", [1, 300])
def test_a_listing_of_any_size_goes_on_where_it_was_interrupted(count: int) -> None:
    shop = Shop(
        *(run_record(f"run_{n}", f"dep_{d}") for d in range(count) for n in (2, 1, 0)), page=2
    )
    open_for, stall = [False], Stall(count)
    client = mocked(half_open(shop, open_for, stall), max_in_flight=1_000)  # type: ignore[arg-type]
    runs = cut_in_many(client, count, stall)
    assert 0 < len(runs) < 3 * count
    assert arn.fetch_report(runs).complete is False
    assert len(json.dumps(runs.attrs)) <= 4_096
    open_for[0] = True
    whole = client.refetch(runs, progress=False)
    report = arn.fetch_report(whole)
    assert (len(whole), report.complete, report.truncated_by) == (3 * count, True, None)
    assert (report.deployments, report.got, report.asked) == (count, 3 * count, None)


def test_a_listing_whose_rest_is_not_known_here_never_becomes_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop(
        *(run_record(f"run_{n}", f"dep_{d}") for d in range(300) for n in (2, 1, 0)), page=2
    )
    open_for, stall = [False], Stall(300)
    client = mocked(half_open(shop, open_for, stall), max_in_flight=1_000)  # type: ignore[arg-type]
    runs = cut_in_many(client, 300, stall)
    monkeypatch.setattr("agentrun_nb.tables.remainder._remembered", {})  # as in another process
    open_for[0] = True
    for _ in range(3):
        runs = client.refetch(runs, progress=False)
        report = arn.fetch_report(runs)
        assert report.complete is False
        assert report.truncated_by == "interrupt, where to go on is not known here"


def test_a_part_of_an_iteration_never_becomes_complete() -> None:
    client = mocked(Shop(*newest_first(25), page=4))
    first = next(client.iter_runs(DEP, chunk=10, progress=False))
    again = arn.fetch_report(client.refetch(first, progress=False))
    assert (again.complete, again.truncated_by) == (False, "chunk")


def test_a_service_that_goes_down_again_leaves_what_there_was() -> None:
    shop, down = Shop(*newest_first(30), page=10), [True]

    def handler(request: httpx.Request) -> httpx.Response:
        return (
            answer({}, 503)
            if down[0] and request.url.params.get("cursor") == "20"
            else shop(request)
        )

    client = mocked(handler)
    runs = client.list_runs(DEP, progress=False)
    for _ in range(2):
        runs = client.refetch(runs, progress=False)
        assert (len(runs), arn.fetch_report(runs).truncated_by) == (20, "server")
    down[0] = False
    assert arn.fetch_report(client.refetch(runs, progress=False)).complete is True


REPEATING: dict[str, Callable[[httpx.Request, int], dict[str, object]]] = {
    "more without a cursor": lambda request, number: {"has_more": True},
    "another cursor each time": lambda request, number: {"next_cursor": f"c{number}"},
}


@pytest.mark.parametrize("kind", REPEATING)
@pytest.mark.parametrize("with_ids", [True, False])
def test_a_listing_that_repeats_itself_ends_and_says_so(kind: str, with_ids: bool) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if last(request) == "versions":
            return answer({}, 404)
        asked.append(str(request.url))
        record = run_record("run_1") if with_ids else run_record("run_1") | {"id": None}
        return answer({"items": [record]} | REPEATING[kind](request, len(asked)))

    client = mocked(handler)
    for runs in (client.list_runs(DEP, progress=False), *client.iter_runs(DEP, progress=False)):
        assert len(runs) >= 1
        assert "NOT complete (repeats itself)" in repr(arn.fetch_report(runs))
    assert len(asked) <= 12


@pytest.mark.parametrize("fault", [httpx.ConnectError("no"), 503])
def test_a_dead_service_is_hardly_asked_and_fails_fast(fault: httpx.ConnectError | int) -> None:
    sent: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(1)
        if isinstance(fault, int):
            return answer({}, fault)
        raise fault

    runs = mocked(handler).get_runs(
        DEP, [f"run_{number}" for number in range(5_000)], progress=False
    )
    assert len(sent) < 200
    assert runs["fetch_error"].iloc[-1].startswith("connection: api.test was not asked")


def test_a_call_ends_when_nothing_has_come_for_as_long_as_its_deadline() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        if int(last(request)[4:]) >= 20:
            await asyncio.sleep(60)
        await asyncio.sleep(0.02)
        return one_run(request)

    started = time.monotonic()
    given = [f"run_{number}" for number in range(200)]
    runs = mocked(handler, deadline=0.3, max_in_flight=4).get_runs(DEP, given, progress=False)  # type: ignore[arg-type]
    assert time.monotonic() - started < 30
    codes = runs["fetch_error"].str.partition(":")[0].fillna("").tolist()
    assert codes[:24] == [""] * 20 + ["deadline"] * 4
    assert codes[32:] == ["not_asked"] * 168
    assert arn.fetch_report(runs).complete is False


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"Not Found"),
        (404, b"<html>"),
        (405, b""),
        (501, b""),
        (404, b'{"error":{"code":"not_implemented"}}'),
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.list_runs(DEP, progress=False),
        lambda client: client.list_runs(progress=False),
        lambda client: client.list_deployments(),
        lambda client: client.list_versions(DEP),
        lambda client: client.get_logs((DEP, "run_1")),
    ],
)
def test_a_missing_route_is_named_with_the_way_by_single_runs(
    call: Callable[[Client], object], status: int, body: bytes
) -> None:
    with pytest.raises(NotOffered) as caught:
        call(mocked(lambda request: answer(body, status)))
    assert "/v1/agent-deployments" in caught.value.message
    assert "client.get_run(deployment_id, run_id)" in caught.value.hint


def test_a_missing_deployment_is_no_missing_route() -> None:
    with pytest.raises(NotFoundError, match="deployment 'dep_1'"):
        mocked(
            lambda request: answer({"error": {"code": "agent_deployment_not_found"}}, 404)
        ).list_versions(DEP)


def test_small_tables_come_whole() -> None:
    client = mocked(Shop(*[run_record("run_1", f"dep_{number}") for number in range(450)]))
    deployments = client.list_deployments()
    assert ids(deployments) == [f"dep_{number}" for number in range(450)]
    assert is_table(deployments, DEPLOYMENTS)
    versions = mocked(
        lambda request: answer({"items": [{"id": "v1", "version_number": 3}], "next_cursor": None})
    ).list_versions(DEP)
    assert is_table(versions, VERSIONS)
    assert versions["version_number"].tolist() == [3]


# --- logs and outputs ---------------------------------------------------------------------------------------------


def log_service(events: list[dict[str, object]], *, cursors: bool) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        params = request.url.params
        start = int(
            params.get("cursor")
            or params.get("offset")
            or max(0, len(events) - int(params.get("tail", len(events))))
        )
        end = min(start + min(int(params["limit"]), 30), len(events))
        more = {"has_more": end < len(events), "offset": start, "limit": 30}
        return answer(
            {"events": events[start:end]} | more | ({"next_cursor": str(end)} if cursors else {})
        )

    return handler


EVENTS: list[dict[str, object]] = [
    {"id": f"ev_{number}", "level": "info", "message": str(number)} for number in range(100)
]


@pytest.mark.parametrize("cursors", [True, False])
def test_logs_are_read_to_their_end(cursors: bool) -> None:
    client = mocked(log_service(EVENTS, cursors=cursors))
    logs = client.get_logs((DEP, "run_1"))
    assert ids(logs) == [event["id"] for event in EVENTS]
    assert is_table(logs, LOGS)
    assert ids(client.get_logs((DEP, "run_1"), tail=3)) == ["ev_97", "ev_98", "ev_99"]


def test_a_run_can_be_named_in_many_ways() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return answer({"events": []}) if last(request) == "logs" else one_run(request)

    client = mocked(handler)
    run = client.get_run(DEP, "run_1")
    runs = client.get_runs(DEP, ["run_1"], progress=False)
    asked.clear()
    for named in (
        run,
        runs.iloc[0],
        runs,
        (DEP, "run_1"),
        [DEP, "run_1"],
        pd.Series({"deployment_id": DEP, "run_id": "run_1"}),
        {"deployment_id": DEP, "id": "run_1"},
        runs.set_index("id"),
        [run],
        [(DEP, "run_1"), run, runs],
        pd.DataFrame({"deployment_id": [DEP] * 2, "run_id": ["run_1"] * 2, "id": ["ev_1", "ev_2"]}),
    ):
        asked.clear()
        client.get_logs(named)
        assert asked == [f"/v1/agent-deployments/{DEP}/runs/run_1/logs"], named
    for odd in (7, "run_1", None, pd.Series(dtype="object"), pd.DataFrame({"a": [1]}), [run, 7]):
        with pytest.raises(SettingsError, match=r"run|deployment_id"):
            client.get_logs(odd)  # type: ignore[arg-type]
        with pytest.raises(SettingsError):
            client.read_output(odd, "a.txt")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="One run is needed, and this names 2"):
        client.read_output([(DEP, "run_1"), (DEP, "run_2")], "a.txt")


def test_runs_that_are_only_named_are_fetched() -> None:
    client = mocked(one_run)
    for named in ((DEP, "run_1"), [(DEP, "run_1")], [client.get_run(DEP, "run_1"), (DEP, "run_1")]):
        assert ids(client.refetch(named, progress=False)) == ["run_1"]


def test_no_run_has_no_logs() -> None:
    client = mocked(log_service(EVENTS, cursors=True))
    nothing = client.get_runs(DEP, [], progress=False)
    for none in (nothing, []):
        logs = client.get_logs(none)
        assert is_table(logs, LOGS)
        assert len(logs) == 0
        assert arn.fetch_report(logs).complete is True


def logs_of_many(request: httpx.Request) -> httpx.Response:
    """Two events of each run, the later one first; `run_lost` is not there, `run_odd` has none."""
    run_id = request.url.path.split("/")[-2]
    if run_id == "run_lost":
        return answer({"error": {"code": "not_found", "message": "Run not found"}}, 404)
    moments = [] if run_id == "run_odd" else ["2026-11-20T10:00:09Z", "2026-11-20T10:00:05Z"]
    names = {"deployment_id": DEP, "run_id": run_id, "level": "info", "message": "x"}
    events = [
        names | {"id": f"{run_id}-{n}", "created_at": at, "level": ("info", "odd")[n]}
        for n, at in enumerate(moments)
    ]
    return answer({"events": events})


def test_logs_of_many_runs_stand_run_after_run_and_one_that_does_not_come_costs_its_own() -> None:
    client = mocked(logs_of_many)
    names = ["run_2", "run_lost", "run_odd", "run_1", "run_2"]
    logs = client.get_logs([(DEP, name) for name in names], progress=False)
    assert is_table(logs, LOGS)
    assert ids(logs) == ["run_2-1", "run_2-0", "run_1-1", "run_1-0"]
    report = arn.fetch_report(logs)
    assert (report.got, report.complete, report.truncated_by) == (4, False, "failures")
    assert report.oddities == {"unknown_value": 2, "not_found": 1}
    assert "4 log events" in report.sentence
    assert "NOT complete (failures)" in report.sentence
    whole = client.get_logs([(DEP, "run_2"), (DEP, "run_odd")], progress=False)
    assert arn.fetch_report(whole).complete is True
    assert ids(client.get_logs([(DEP, "run_2"), (DEP, "run_1")], tail=1)) == ["run_2-0", "run_1-0"]
    with pytest.raises(NotFoundError):
        client.get_logs([(DEP, "run_lost"), (DEP, "run_lost")])


def test_logs_of_many_runs_are_asked_for_side_by_side_and_an_interrupt_leaves_what_came() -> None:
    under_way = most = answered = 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most, answered
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        answered += 1
        if answered == 12:
            # To the process, as the keyboard does: its main thread wakes, wherever this one runs.
            os.kill(os.getpid(), signal.SIGINT)
        return logs_of_many(request)

    client = mocked(handler, max_in_flight=4)  # type: ignore[arg-type]
    logs = client.get_logs([(DEP, f"run_{number}") for number in range(400)], progress=False)
    assert most == 4
    report = arn.fetch_report(logs)
    assert (report.complete, report.truncated_by) == (False, "interrupt")
    assert 0 < len(logs) < 800


def test_a_key_that_is_refused_ends_the_logs_of_many() -> None:
    client = mocked(lambda request: answer({"error": "no"}, 401))
    with pytest.raises(UnauthorizedError):
        client.get_logs([(DEP, "run_1"), (DEP, "run_2")])


MANIFEST = {
    "sandbox_id": "box_m",
    "outputs": [
        {
            "name": "a.txt",
            "path": "/w/a.txt",
            "access": {"sandbox_id": "box_a", "path": "/acc/a.txt"},
        },
        {"name": "b.txt", "path": "/w/b.txt"},
        {"path": "/w/c.txt"},
        {"name": "nowhere"},
        {"name": "evil", "path": "/w/e", "access": {"sandbox_id": "../../v1/x"}},
    ],
}


@pytest.mark.parametrize(
    ("name", "box", "path"),
    [
        ("a.txt", "box_a", "/acc/a.txt"),
        ("b.txt", "box_m", "/w/b.txt"),
        ("/w/c.txt", "box_m", "/w/c.txt"),
    ],
)
def test_an_output_is_read_from_where_the_manifest_says(name: str, box: str, path: str) -> None:
    asked: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return (
            answer(b"\x00\xff<bytes>")
            if last(request) == "file"
            else answer(run_record("run_1", output_manifest=MANIFEST))
        )

    assert mocked(handler).read_output((DEP, "run_1"), name) == b"\x00\xff<bytes>"
    assert (asked[-1].path, asked[-1].params["path"]) == (f"/v1/sandboxes/{box}/file", path)


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("b.tx", errors.PathNotFound, "'b.txt'"),
        ("nowhere", errors.PathNotFound, "does not say where"),
        ("evil", errors.BadIdError, "sandbox_id"),
        ("a.txt", NotFoundError, "retention_seconds"),
    ],
)
def test_an_output_that_cannot_be_read_says_why(
    name: str, error: type[AgentRunError], told: str
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if last(request) == "file":
            return answer({"error": {"code": "sandbox_not_found"}}, 404)
        return answer(run_record("run_1", output_manifest=MANIFEST))

    with pytest.raises(error, match=re.escape(told)):
        mocked(handler).read_output((DEP, "run_1"), name)


@pytest.mark.parametrize("manifest", [{}, {"outputs": []}, {"outputs": [{"name": "a.txt"}]}, None])
@pytest.mark.parametrize("name", ["report.md", "a.txt"])
@pytest.mark.parametrize(
    ("status", "early"), [("running", True), ("queued", True), ("odd", True), ("failed", False)]
)
def test_an_output_of_a_run_that_was_read_too_early_says_so(
    manifest: object, name: str, status: str, early: bool
) -> None:
    """In whatever way the run is named: what was read of it is not what it left."""
    client = mocked(
        lambda request: answer(run_record("run_1", status=status, output_manifest=manifest))
    )
    run = client.get_run(DEP, "run_1")
    for given in (run, (DEP, "run_1"), run.to_frame()):
        with pytest.raises(errors.PathNotFound) as caught:
            client.read_output(given, name)
        said = str(caught.value)
        assert (f"was '{status}'" in said) is early
        assert ("read before it had ended" in said) is (early and status != "odd")
        assert ("client.get_run('dep_1', 'run_1')" in said) is early
        assert ("lists no outputs" in said) is (not early and not (manifest or {}).get("outputs"))


def test_an_output_of_a_run_that_ended_since_is_read_after_the_run_is() -> None:
    """As the error says it."""
    manifest: dict[str, object] = {}

    def handler(request: httpx.Request) -> httpx.Response:
        status = "succeeded" if manifest else "running"
        return (
            answer(b"#")
            if last(request) == "file"
            else answer(run_record("run_1", status=status, **manifest))
        )

    client = mocked(handler)
    early = client.get_run(DEP, "run_1")
    manifest["output_manifest"] = MANIFEST
    with pytest.raises(errors.PathNotFound) as caught:
        client.read_output(early, "a.txt")
    again = re.search(r"client\.get_run\('dep_1', 'run_1'\)", caught.value.hint)
    assert again
    assert client.read_output(eval(again[0], {"client": client}), "a.txt") == b"#"


@pytest.mark.parametrize(
    ("bounds", "error"),
    [
        ({"max_bytes": 99}, errors.TooLargeError),
        ({"deadline": 0.05}, errors.DeadlineExceededError),
        ({}, None),
    ],
)
def test_an_output_is_read_within_bounds_of_its_own(
    bounds: dict[str, Any], error: type[AgentRunError] | None
) -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        if last(request) != "file":
            return answer(run_record("run_1", output_manifest=MANIFEST))
        await asyncio.sleep(0.2)
        return answer(bytes(100))

    with pytest.raises(error) if error else nullcontext():
        assert mocked(handler).read_output((DEP, "run_1"), "a.txt", **bounds) == bytes(100)


@pytest.mark.parametrize(
    "bounds", [{"max_bytes": -1}, {"max_bytes": 1.5}, {"deadline": 0}, {"deadline": "5"}]
)
def test_bounds_of_an_output_are_held_to_what_a_clients_are(bounds: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"number.* above zero"):
        mocked(one_run).read_output((DEP, "run_1"), "a.txt", **bounds)


# --- check --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 503])
def test_check_tells_what_is_wrong_and_does_not_raise(status: int) -> None:
    found = mocked(lambda request: answer({"error": "no"}, status)).check()
    assert not found.ok
    assert found.problem in repr(found)


# --- the key ------------------------------------------------------------------------------------------------------

FORMS = [KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode().rstrip("=")]


def echo(status: int) -> Handler:
    """A service that repeats the key wherever it can."""
    text = " ".join(FORMS)
    body = {"error": {"code": KEY, "message": text, "request_id": KEY}, "items": KEY}
    return lambda request: answer(
        body, status, location=f"https://evil.test/{KEY}", x_request_id=KEY
    )


def reachable(root: object, depth: int = 6) -> Iterator[object]:
    seen: set[int] = set()
    layer = [root]
    for _ in range(depth):
        layer = [item for item in gc.get_referents(*layer) if id(item) not in seen]
        seen.update(map(id, layer))
        yield from layer


def test_the_search_finds_a_key_that_is_there() -> None:
    error = ValueError("x")
    error.request = httpx.Request("GET", "https://api.test", headers={"x": KEY})  # type: ignore[attr-defined]
    assert [item for item in reachable(error) if isinstance(item, str | bytes) and KEY in str(item)]


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize(
    "call", [lambda client: client.get_run(DEP, "run_1"), lambda client: client.list_deployments()]
)
def test_no_error_shows_the_key(
    status: int, call: Callable[[Client], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(AgentRunError) as caught:
        call(mocked(echo(status)))
    error = caught.value
    shown = [
        str(error),
        repr(error),
        repr(vars(error)),
        "".join(traceback.format_exception(error)),
        "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()),
        "\n".join(
            VerboseTB(**WITHOUT_COLOURS).structured_traceback(
                type(error), error, error.__traceback__
            )
        ),
        caplog.text,
    ]
    for form in FORMS:
        assert not [text for text in shown if form in text.replace(f"KEY = {KEY!r}", "")]
    assert (error.__cause__, error.__context__) == (None, None)
    error.__traceback__ = None
    assert not [
        item for item in reachable(error) if isinstance(item, str | bytes) and KEY in str(item)
    ]
    assert not [
        item for item in reachable(error) if isinstance(item, httpx.Request | httpx.Response)
    ]


def test_a_failing_transport_shows_nothing_of_the_request() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"with {request.headers['authorization']}", request=request)

    with pytest.raises(errors.ConnectionFailedError) as caught:
        mocked(handler).get_run(DEP, "run_1")
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_no_view_of_the_client_shows_the_key() -> None:
    client = mocked(one_run)
    client.get_run(DEP, "run_1")
    runs = client.get_runs(DEP, ["run_1"], progress=False)
    views = [
        repr(client),
        str(client),
        repr(vars(client)),
        repr(vars(client._wire)),
        repr(dir(client)),
        repr(runs.attrs),
    ]
    views += [repr(client._wire.settings), repr(copy.copy(client._wire.settings)), client.base_url]
    assert not [view for view in views if KEY in view]
    assert not [
        item
        for item in reachable(client._wire.settings, 4)
        if isinstance(item, str) and KEY in item
    ]
    for held in (client, client._wire.settings, client._wire.settings.secret):
        with pytest.raises(TypeError):
            pickle.dumps(held)


@pytest.mark.parametrize(
    "settings", [{"base_url": "http://api.test"}, {"timeout": -1}, {"proxy": "x"}]
)
def test_a_constructor_that_fails_shows_no_key_in_its_locals(settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        Client(KEY, **settings)  # type: ignore[arg-type]
    frames = [
        frame
        for frame, _ in traceback.walk_tb(caught.value.__traceback__)
        if "agentrun_nb" in frame.f_code.co_filename
    ]
    assert frames
    assert not [frame for frame in frames if KEY in repr(frame.f_locals)]


def test_the_base_url_does_not_change() -> None:
    with pytest.raises(AttributeError):
        mocked(one_run).base_url = "https://evil.test"  # type: ignore[misc]


def test_a_function_for_the_key_is_asked_at_each_request() -> None:
    keys = iter(["first", "second"])
    sent: list[str] = []
    transport = httpx.MockTransport(
        lambda request: sent.append(request.headers["authorization"]) or one_run(request)
    )  # type: ignore[func-returns-value]
    client = Client(lambda: next(keys), "https://api.test", transport=transport)
    client.get_run(DEP, "run_1")
    client.get_run(DEP, "run_1")
    assert sent == ["Bearer first", "Bearer second"]
    with pytest.raises(SettingsError):
        client.get_run(DEP, "run_1")


# --- where it works -----------------------------------------------------------------------------------------------


def test_works_inside_a_running_event_loop() -> None:
    client = mocked(one_run)

    async def cell() -> str | None:
        return client.get_run(DEP, "run_1").id

    assert asyncio.run(cell()) == "run_1"


def test_works_from_many_threads_on_one_loop() -> None:
    client = mocked(one_run)
    got: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: got.append(len(client.get_runs(DEP, ["run_1", "run_2"], progress=False)))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [2] * 8
    assert [thread.name for thread in threading.enumerate()].count("agentrun-nb") == 1


def test_a_pipe_gets_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    mocked(one_run).get_runs(DEP, ["run_1"])
    assert capsys.readouterr() == ("", "")


class Terminal:
    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_line_that_ends_as_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    client = mocked(Shop(*newest_first(500)))
    runs = client.list_runs(DEP)
    assert terminal.text.rstrip("\n").split("\r")[-1] == repr(arn.fetch_report(runs))
    assert terminal.text.count("\n") == 1
    terminal.text = ""
    client.list_runs(DEP, progress=False)
    assert terminal.text == ""


def test_a_line_that_cannot_be_written_costs_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(Terminal):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Closed())
    runs = mocked(Shop(*newest_first(30), page=3)).list_runs(DEP)
    assert (len(runs), arn.fetch_report(runs).complete) == (30, True)
    with ThreadPoolExecutor(1) as threads:  # nor does it stop the calls of other threads
        assert len(threads.submit(mocked(one_run).get_runs, DEP, ["run_1"]).result(timeout=20)) == 1


def test_a_notebook_gets_one_text_output(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown[-1] = data

    monkeypatch.setattr("agentrun_nb.fetch.progress._in_notebook", lambda: True)
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **how: shown.append(data) or Handle()
    )
    runs = mocked(one_run).get_runs(DEP, ["run_1", "run_2"])
    assert shown == [{"text/plain": repr(arn.fetch_report(runs))}]


def test_the_repr_says_host_source_and_limits() -> None:
    told = repr(mocked(one_run, max_in_flight=3))
    assert told.startswith(
        "Client(https://api.test, key from the argument api_key, at most 3 requests at a time"
    )


def test_get_runs_is_told_what_to_take() -> None:
    for odd in (None, "run_1", 5, pd.DataFrame({"id": ["run_1"]})):
        with pytest.raises(SettingsError, match=r"a list of run ids.*get_runs\(runs\)"):
            mocked(one_run).get_runs(DEP, odd)


def test_the_note_on_a_run_of_another_deployment_stands_in_its_table_too():
    with mocked(lambda request: answer(run_record("run_1", "dep_other"))) as client:
        run = client.get_run(DEP, "run_1")
    tables = run.to_frame(), arn.runs_frame(run), arn.runs_frame([run])
    assert (
        {table["parse_notes"].iloc[0] for table in tables}
        == {run.notes}
        == {"deployment_id: wrong_id: dep_other"}
    )


def test_logs_are_shown_with_the_message_first_whole_and_unable_to_act():
    message = "x" * 300 + " \u202egnp.exe " + "y" * 60 + " <script>"
    event = {
        "id": "e1",
        "deployment_id": DEP,
        "run_id": "run_1",
        "created_at": "2026-11-07T00:00:00Z",
    }
    event |= {"level": "error", "event_type": "run_failed", "message": message}
    with mocked(lambda request: answer({"events": [event], "next_cursor": None})) as client:
        logs = client.get_logs((DEP, "run_1"))
    assert list(logs.columns) == LOGS.names
    assert type(logs[:0]) is type(logs.copy()) is pd.DataFrame
    html = logs._repr_html_()
    heads = re.findall(r"<th>(\w+)</th>", html)
    assert heads[:5] == ["created_at", "level", "event_type", "source", "message"]
    assert heads.index("run_id") > heads.index("message")
    assert "x" * 300 in html
    assert "y" * 60 + " &lt;script&gt;" in html
    assert "\u202e" not in html
    assert "\u202e" not in repr(logs)


# --- silence and slowness -----------------------------------------------------------------------------------------


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass without waiting for them."""
    passed, clock = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed[0])

    def wait(seconds: float) -> None:
        passed[0] += seconds

    return wait


def in_turn(service: Handler) -> Any:
    """The same service, which lets others run before it answers, as one on a network does."""

    async def handler(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return service(request)

    return handler


def test_a_slow_reader_of_a_listing_is_no_silence_of_the_service(
    later: Callable[[float], None],
) -> None:
    client = mocked(in_turn(Shop(*newest_first(50), page=10)))
    walks = Walks(client._wire, RunQuery((Branch(DEP),)), split=False)
    came: list[str] = []

    async def read(batch: Batch) -> None:
        came.extend(batch.cells["id"].to_pylist())
        later(1_000)

    loop.run(walks.run(read))
    assert len(came) == 50
    assert (walks.cuts, walks.failures) == (set(), [])


@pytest.mark.parametrize("deadline", [1.0, 120.0])
def test_a_slow_reader_of_single_runs_is_no_silence_of_the_service(
    monkeypatch: pytest.MonkeyPatch, later: Callable[[float], None], deadline: float
) -> None:
    read: list[object] = []

    def slowed(work: Callable[..., Any], *rest: Any, **named: Any) -> Stream[Any]:
        async def read_slowly(emit: Callable[[Any], Any]) -> None:
            async def emit_late(item: Any) -> None:
                later(1_000)
                read.append(item)
                await emit(item)

            await work(emit_late)

        return Stream(read_slowly, *rest, **named)

    monkeypatch.setattr(side_by_side, "Stream", slowed)
    given = [f"run_{number}" for number in range(20)]
    client = mocked(in_turn(one_run), max_in_flight=1, deadline=deadline)
    assert client.get_runs(DEP, given, progress=False)["fetch_error"].isna().all()
    assert len(read) == 20


def test_quick_failures_are_silence_all_the_same(later: Callable[[float], None]) -> None:
    sent: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(1)
        later(1)
        raise httpx.ConnectError("no")

    client = mocked(in_turn(handler), max_in_flight=1, deadline=20)
    runs = client.get_runs(DEP, [f"run_{number}" for number in range(50)], progress=False)
    codes = runs["fetch_error"].str.partition(":")[0]
    assert 0 < len(sent) <= 21
    assert codes.iloc[0] == "connection"
    assert codes.iloc[-1] == "not_asked"


@pytest.mark.parametrize(
    ("status", "alive"), [(200, True), (404, True), (403, True), (503, False), (429, False)]
)
def test_the_service_lives_as_long_as_it_answers(
    later: Callable[[float], None], status: int, alive: bool
) -> None:
    tally = Tally()
    began = tally.alive_at
    later(60)
    client = mocked(lambda request: answer(run_record("run_1"), status))
    with nullcontext() if status == 200 else pytest.raises(AgentRunError):
        loop.run(client._wire.fetch(RUN.ask(DEP, "run_1"), bytes, tally))
    assert (tally.alive_at - began >= 60) is alive
    assert (tally.alive_at == began) is not alive


def test_a_request_ends_when_the_service_was_silent_for_a_deadline_before_it(
    later: Callable[[float], None],
) -> None:
    sent: list[int] = []
    client = mocked(lambda request: sent.append(1) or answer({}, 503), deadline=100)  # type: ignore[func-returns-value]
    for silent, attempts in ((0, 4), (101, 1)):
        tally = Tally()
        later(silent)
        sent.clear()
        with pytest.raises(AgentRunError):
            loop.run(client._wire.fetch(RUN.ask(DEP, "run_1"), bytes, tally))
        assert 0 < len(sent) <= attempts
        assert (len(sent) == 4) is (attempts == 4)


# --- keys that fail on the way ------------------------------------------------------------------------------------


def failing_key(good: int) -> Callable[[], str]:
    """A function for the key that fails after so many requests."""
    keys = iter([KEY] * good)
    return lambda: next(keys)


CALLS: dict[str, Callable[[Client], object]] = {
    "get_run": lambda client: client.get_run(DEP, "run_1"),
    "get_runs": lambda client: client.get_runs(
        DEP, [f"run_{number}" for number in range(5)], progress=False
    ),
    "list_runs": lambda client: client.list_runs(DEP, progress=False),
    "list_runs, of all": lambda client: client.list_runs(progress=False),
    "iter_runs": lambda client: list(client.iter_runs(DEP)),
    "refetch": lambda client: client.refetch(
        arn.runs_frame([run_record("run_1", status="running")])
    ),
    "list_versions": lambda client: client.list_versions(DEP),
    "list_deployments": lambda client: client.list_deployments(),
    "get_logs": lambda client: client.get_logs((DEP, "run_1")),
}


@pytest.mark.parametrize("good", [0, 1])
@pytest.mark.parametrize("name", CALLS)
def test_a_key_that_cannot_be_had_ends_a_call_and_is_no_fault_of_a_run(
    name: str, good: int
) -> None:
    shop = Shop(*newest_first(50), page=10)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/runs"):
            return shop(request)
        if "/runs/" in request.url.path and not request.url.path.endswith("/logs"):
            return one_run(request)
        return answer({"items": [{"id": DEP}], "next_cursor": "more"})

    transport = httpx.MockTransport(handler)
    client = Client(failing_key(good), "https://api.test", transport=transport, max_in_flight=1)
    if good and name in ("get_run", "refetch"):
        CALLS[name](client)
    with pytest.raises(SettingsError, match="StopIteration"):
        CALLS[name](client)


def test_an_id_that_cannot_be_is_a_row_among_others() -> None:
    runs = mocked(one_run).get_runs(DEP, ["run_1", "../run_2", "run_3"], progress=False)
    assert runs["fetch_error"].notna().tolist() == [False, True, False]


def test_no_call_waits_for_a_bar_of_somebody_else():
    """tqdm's lock may be held for long, or for ever by a process that was forked off and ended."""
    service = mocked(lambda request: answer(run_record("run_1")))
    with service as client, ThreadPoolExecutor(1) as threads, tqdm.get_lock():
        runs = threads.submit(client.get_runs, DEP, ["run_1"]).result(timeout=20)
    assert runs["fetch_error"].isna().all()


@pytest.mark.parametrize("kind", ["runs", "deployments", "versions"])
def test_two_lists_in_one_page_are_both_read_and_the_listing_is_not_called_complete(kind):
    records = [
        json.dumps(run_record(f"run_{number}", name=f"n{number}", version_number=number))
        for number in (2, 1)
    ]
    body = f'{{"items":[{records[0]}],"next_cursor":null,"items":[{records[1]}]}}'.encode()
    with mocked(lambda request: answer(body)) as client:
        ways = {
            "runs": lambda: client.list_runs(DEP, progress=False),
            "deployments": client.list_deployments,
            "versions": lambda: client.list_versions(DEP),
        }
        table = ways[kind]()
    assert sorted(table["id"]) == ["run_1", "run_2"]
    report = arn.fetch_report(table)
    assert (report.complete, report.truncated_by) == (False, "duplicate_key")
    assert report.oddities["duplicate_key"] == 1
    assert len(arn.runs_frame(body)) == 2


def test_a_status_that_the_service_refuses_is_named_however_many_others_came() -> None:
    """A partial table would be taken for all runs of these statuses."""

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("status") == "archived":
            return answer({"error": {"code": "invalid_request", "message": "no"}}, 400)
        return answer({"items": [run_record("run_1")], "next_cursor": None})

    for statuses in ("archived", ["succeeded", "archived"]):
        with pytest.raises(errors.ServiceError, match="status='archived'"):
            mocked(serve).list_runs(DEP, status=statuses)
        with pytest.raises(errors.ServiceError, match="status='archived'"):
            list(mocked(serve).iter_runs(DEP, status=statuses))


@pytest.mark.parametrize("name", ["status", "version_id"])
@pytest.mark.parametrize("given", ["", " ", ["succeeded", ""]])
def test_an_empty_filter_is_none_and_is_not_sent(name: str, given: object) -> None:
    """A service may take it for no filter at all."""
    sent: list[httpx.Request] = []
    client = mocked(lambda request: sent.append(request) or answer({"items": []}))  # type: ignore[func-returns-value]
    with pytest.raises(errors.SettingsError, match="empty"):
        client.list_runs(DEP, **{name: given})
    assert not sent


def test_a_wrong_address_is_blamed_before_a_file_or_a_route() -> None:
    manifest = {"sandbox_id": "s", "outputs": [{"name": "o", "path": "o"}]}
    run = arn.Run.of_row(arn.runs_frame([run_record("run_1", output_manifest=manifest)]).iloc[0])
    plain = answer({"error": {"code": "not_found", "message": "nothing here"}}, 404)
    page = answer(b"<html>", 404)
    for base, response, blamed in (
        ("https://api.test/v1", plain, "give https://api.test."),
        ("https://api.test/docs", plain, "'/docs' of the base_url"),
        ("https://api.test", page, "check also that https://api.test is right"),
    ):
        transport = httpx.MockTransport(lambda request, given=response: given)  # type: ignore[misc]
        client = Client(KEY, base, transport=transport)
        with pytest.raises(errors.ServiceError) as of_list:
            client.list_runs(DEP)
        assert blamed in of_list.value.hint
        with pytest.raises(errors.ServiceError) as of_file:
            client.read_output(run, "o")
        if base != "https://api.test/docs":
            assert blamed in of_file.value.hint


def test_a_deployment_whose_id_cannot_be_asked_for_costs_no_other() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/agent-deployments":
            ids = [DEP, "a/b", None, "..", 7]
            return answer({"items": [{"id": one} for one in ids], "next_cursor": None})
        return answer({"items": [run_record("run_1")], "next_cursor": None})

    client = mocked(serve)
    for runs in (client.list_runs(), *client.iter_runs()):
        assert runs["id"].tolist() == ["run_1"]
        report = arn.fetch_report(runs)
        assert not report.complete
        assert report.truncated_by == "the list of deployments: bad_id"
