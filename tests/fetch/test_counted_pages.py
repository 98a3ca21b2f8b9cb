"""Services that count records or pages in place of cursors: nothing is lost, and no part of a listing is called complete."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.tables.report import FetchReport
from tests.faults.replies import DEP, KEY, http, record, refusal
from tests.faults.server import Reply, Request, Script, serving

COUNT, PAGE = 130, 50
RECORDS = [record(f"run_{number:03}") for number in range(COUNT)]

LISTINGS: dict[str, Callable[[Client], pd.DataFrame]] = {
    "runs": lambda client: client.list_runs(DEP, progress=False),
    "agent-deployments": lambda client: client.list_deployments(),
    "versions": lambda client: client.list_versions(DEP),
    "logs": lambda client: client.get_logs((DEP, "run_1"), progress=False),
}

COUNTING: dict[str, Callable[[int], dict[str, object]]] = {
    "has_more": lambda end: {"has_more": end < COUNT},
    "has_more as text": lambda end: {"has_more": "true" if end < COUNT else "false"},
    "has_more as a number": lambda end: {"has_more": int(end < COUNT)},
    "total": lambda end: {"total": COUNT, "next_cursor": None},
    "total_count": lambda end: {"total_count": COUNT},
    "pages": lambda end: {"page": -(-end // PAGE), "total_pages": -(-COUNT // PAGE)},
}
"""What an answer says of the ones after it, by the place of its last record."""


def listed(
    listing: str, answer: Callable[[Request], tuple[int, dict[str, object]]]
) -> tuple[pd.DataFrame, FetchReport]:
    """The listing of a service that gives a page from a place on, with an envelope."""

    def script(request: Request, number: int) -> Reply:
        if request.last != listing:
            return [refusal("404 Not Found", code="not_implemented")]
        start, envelope = answer(request)
        key = "events" if listing == "logs" else "items"
        return [http({key: RECORDS[start : start + PAGE]} | envelope)]

    call: Script = script
    with serving(call) as server, Client(KEY, server.url) as client:
        found = LISTINGS[listing](client)
        return found, arn.fetch_report(found)


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("counting", COUNTING)
def test_a_service_that_counts_is_read_to_its_end(counting: str, listing: str) -> None:
    def answer(request: Request) -> tuple[int, dict[str, object]]:
        start = int(request.query.get("offset", 0))
        return start, COUNTING[counting](min(start + PAGE, COUNT))

    found, report = listed(listing, answer)
    assert sorted(found["id"]) == [run["id"] for run in RECORDS]
    assert (report.complete, report.duplicates) == (True, 0)


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("counting", COUNTING)
def test_a_count_without_a_way_to_the_rest_is_not_complete(counting: str, listing: str) -> None:
    """It gives its first page whatever it is asked."""
    found, report = listed(listing, lambda request: (0, COUNTING[counting](PAGE)))
    assert len(found) == found["id"].nunique() == PAGE
    assert (report.complete, report.truncated_by) == (False, "repeats itself")


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_total_beside_cursors_does_not_hinder_them(listing: str) -> None:
    """It may count what the filter leaves out, or what was created meanwhile."""

    def answer(request: Request) -> tuple[int, dict[str, object]]:
        start = int(request.query.get("cursor", 0))
        following = str(start + PAGE) if start + PAGE < COUNT else None
        return start, {"next_cursor": following, "total": COUNT + 20}

    found, report = listed(listing, answer)
    assert len(found) == COUNT
    assert (report.complete, report.duplicates) == (True, 0)


@pytest.mark.parametrize("listing", LISTINGS)
def test_records_that_come_on_two_pages_stand_once(listing: str) -> None:
    def answer(request: Request) -> tuple[int, dict[str, object]]:
        start = int(request.query.get("cursor", 0))
        following = str(start + PAGE - 10) if start + PAGE < COUNT else None
        return start, {"next_cursor": following}

    found, report = listed(listing, answer)
    assert len(found) == found["id"].nunique() == COUNT
    assert (report.complete, report.duplicates) == (True, 20)
