"""A model of a service whose listing changes while it is read: nothing is ever lost, doubled or endless."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.fetch.walks import Walks
from agentrun_nb.http.wire import Wire

from .lab import BRISK
from .replies import DEP, KEY

LISTINGS = 1_000 if os.environ.get("AGENTRUN_NB_PROFILE") == "torture" else 60
MOST_REQUESTS = 2_000
"""A listing that asks more often than that has no end; the model never has more than some hundred runs."""

Answer = tuple[int, bytes]
Ask = Callable[[dict[str, str]], Answer]

EVENTS = ("insert", "end", "repeat", "loop", "expire", "empty", "busy", "cut", "html")
"""What may happen at a request."""


class EndlessError(BaseException):
    """More requests than any listing needs."""


@dataclass
class Service:
    """Runs by number, listed newest first by a key or by a position, and what is planned for which request.

    Attributes:
        by_position: whether cursors count, so that a run that is inserted moves the others to the next page.
        honours_versions: whether the service filters by version, and lists versions at all.
    """

    runs: dict[int, dict[str, object]]
    size: int
    by_position: bool
    honours_versions: bool
    planned: dict[int, str] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    stuck: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Forgets what happened in the listing before."""
        self.asked, self.stuck, self.happened = 0, set(), Counter()

    def add(self) -> None:
        number = len(self.runs) + 1
        moment = f"2026-11-07T{number // 60:02}:{number % 60:02}:00Z"
        self.runs[number] = {
            "id": f"run_{number}",
            "deployment_id": DEP,
            "version_id": f"ver_{1 + number % 3}",
            "mode": "job",
            "status": "running" if number % 4 == 0 else "succeeded",
            "input": {},
            "created_at": moment,
            "updated_at": moment,
        }

    def end_one(self) -> None:
        running = [run for run in self.runs.values() if run["status"] == "running"]
        if running:
            running[0] |= {"status": "failed", "updated_at": "2026-11-08T00:00:00Z"}

    def __call__(self, params: dict[str, str]) -> Answer:
        """A page of the listing, after what is planned for this request has happened."""
        self.asked += 1
        if self.asked > MOST_REQUESTS:
            raise EndlessError
        event = self.planned.pop(self.asked, "")
        self.happened[event] += 1
        cursor = params.get("cursor")
        if event == "insert":
            for _ in range(self.size):
                self.add()
        elif event == "end":
            self.end_one()
        elif event == "busy":
            return 503, b"{}"
        elif event == "html":
            return 200, b"<html>"
        elif event == "expire" and cursor:
            return 410, b'{"error":{"code":"cursor_expired"}}'
        page, following = self._page(params, cursor)
        if event == "empty" and cursor:
            page, following = [], f"{cursor}:again"
        elif event == "repeat":
            page = page + page[:2]
        elif event == "loop" and cursor:
            self.stuck.add(cursor)
        if cursor in self.stuck:
            following = cursor
        body = json.dumps({"items": page, "next_cursor": following}).encode()
        return 200, body[: len(body) // 2] if event == "cut" else body

    def _page(
        self, params: dict[str, str], cursor: str | None
    ) -> tuple[list[dict[str, object]], str | None]:
        chosen = sorted(self.runs.items(), reverse=True)
        for name in ("status", "version_id"):
            if name in params and (name == "status" or self.honours_versions):
                chosen = [(number, run) for number, run in chosen if run[name] == params[name]]
        at = int(cursor.partition(":")[0]) if cursor else None
        if at is not None:
            chosen = (
                chosen[at:]
                if self.by_position
                else [(number, run) for number, run in chosen if number < at]
            )
        size = min(self.size, int(params["limit"]))
        page, more = chosen[:size], len(chosen) > size
        following = (
            None if not more else str((at or 0) + size) if self.by_position else str(page[-1][0])
        )
        return [run for _, run in page], following

    def respond(self, request: httpx.Request) -> httpx.Response:
        """As a transport's handler."""
        last = request.url.path.rsplit("/", 1)[1]
        if last == "versions":
            if not self.honours_versions and len(self.runs) % 2:
                return httpx.Response(404, content=b"{}")
            items = [{"id": f"ver_{number}", "version_number": number} for number in (1, 2, 3)]
            return httpx.Response(200, json={"items": items, "next_cursor": None})
        status, body = self(dict(request.url.params))
        return httpx.Response(status, content=body)


@dataclass
class Totals:
    """What came of all listings."""

    listings: int = 0
    complete: int = 0
    lost: int = 0
    doubled: int = 0
    endless: int = 0
    split: int = 0
    events: Counter[str] = field(default_factory=Counter)


def ours(service: Service, statuses: list[str] | None) -> tuple[list[str], bool]:
    """The ids that our client finds, and whether it says that these are all."""
    with Client(KEY, "https://api.test", transport=httpx.MockTransport(service.respond)) as client:
        runs = client.list_runs(DEP, status=statuses, progress=False)
    return runs["id"].tolist(), arn.fetch_report(runs).complete is True


def plain(service: Service, statuses: list[str] | None) -> tuple[list[str], bool]:
    """The control: the loop that everybody writes."""
    found: list[str] = []
    for status in statuses or [None]:
        params = {"limit": "200"} | ({"status": status} if status else {})
        while True:
            answered, body = service(params)
            if answered != 200:
                return found, True
            try:
                page = json.loads(body)
            except ValueError:
                return found, True
            found += [run["id"] for run in page["items"]]
            if not page["next_cursor"]:
                break
            params["cursor"] = page["next_cursor"]
    return found, True


def machine(
    totals: Totals, lister: Callable[[Service, list[str] | None], tuple[list[str], bool]]
) -> type:
    """A machine that plans faults, lists, and counts what went wrong; ours must make none wrong."""

    class Listings(RuleBasedStateMachine):
        @initialize(
            count=st.integers(0, 60),
            size=st.integers(1, 9),
            by_position=st.booleans(),
            versions=st.booleans(),
        )
        def begin(self, count: int, size: int, by_position: bool, versions: bool) -> None:
            self.service = Service({}, size, by_position, versions)
            for _ in range(count):
                self.service.add()

        @rule()
        def insert(self) -> None:
            self.service.add()

        @rule(
            statuses=st.sampled_from([None, None, ["succeeded", "running", "failed"]]),
            plan=st.dictionaries(
                st.integers(1, 12), st.sampled_from(EVENTS), min_size=1, max_size=6
            ),
        )
        def list(self, statuses: list[str] | None, plan: dict[int, str]) -> None:
            service = self.service
            service.planned = dict(plan)
            before = {str(run["id"]) for run in service.runs.values()}
            service.begin()
            totals.listings += 1
            try:
                ids, complete = lister(service, statuses)
            except EndlessError:
                totals.endless += 1
                return
            except arn.AgentRunError:
                return
            totals.complete += complete
            totals.lost += complete and not before <= set(ids)
            totals.doubled += len(ids) != len(set(ids))
            totals.events += service.happened
            if lister is ours:
                assert not complete or before <= set(ids), before - set(ids)
                assert len(ids) == len(set(ids))

    return Listings


def run(totals: Totals, lister: Callable[..., tuple[list[str], bool]], count: int) -> Totals:
    """So many examples, each with some listings."""
    while totals.listings < count:
        run_state_machine_as_test(
            machine(totals, lister),
            settings=settings(
                max_examples=max(5, count // 4),
                stateful_step_count=12,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    return totals


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds."""
    monkeypatch.setattr(Wire, "policy", BRISK)


def test_nothing_is_lost_doubled_or_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    totals = Totals()
    walk_versions = Walks._walk_versions

    async def counted(self: Walks, *arguments: object) -> None:
        totals.split += 1
        await walk_versions(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Walks, "_walk_versions", counted)
    run(totals, ours, LISTINGS)
    print(totals)
    assert (totals.lost, totals.doubled, totals.endless) == (0, 0, 0)
    assert totals.complete > totals.listings / 4
    assert totals.split > 0


def test_the_plain_loop_of_the_control_loses_doubles_and_never_ends() -> None:
    totals = run(Totals(), plain, 300)
    print(totals)
    assert min(totals.lost, totals.doubled, totals.endless) > 0
