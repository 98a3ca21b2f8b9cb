"""Ways through the pages of a listing: a service that counts records is read as one with cursors."""

from __future__ import annotations

from typing import Any

import pytest

import agentrun_nb as arn
from agentrun_nb.client import Client
from tests.faults.replies import DEP, KEY, http, page, record, refusal
from tests.faults.server import Reply, Request, Script, serving

PAGE = 5


def at(minute: int) -> str:
    return f"2026-11-07T10:{minute:02}:00Z"


FALLING = [40 - number for number in range(40)]
UNORDERED = [10, 11, 12, 13, 14, 5, 4, 3, 2, 1, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30]
"""Minutes: of the first page none is older than the next, and the second is older than all."""


def service(minutes: list[int], paging: str) -> Script:
    """A listing of runs of these minutes, with its pages named by cursors or counted."""
    runs = [
        record(f"run_{number}", created_at=at(minute), version_id=f"ver_{number % 2}")
        for number, minute in enumerate(minutes)
    ]

    def script(request: Request, number: int) -> Reply:
        if request.last == "versions":
            # One version of two is missing, so that the listing is not read by them.
            return [page({"id": "ver_0", "deployment_id": DEP, "version_number": 1})]
        if request.last != "runs":
            return [refusal("404 X", code="not_implemented")]
        start = int(request.query.get("cursor" if paging == "cursor" else "offset", 0))
        end = start + PAGE
        envelope: dict[str, Any] = {"has_more": end < len(runs)}
        if paging == "cursor" and end < len(runs):
            envelope["next_cursor"] = str(end)
        return [http({"items": runs[start:end], **envelope})]

    return script


CALLS: dict[str, tuple[list[int], dict[str, Any]]] = {
    "everything": (FALLING, {}),
    "some": (FALLING, {"limit": 12}),
    "since": (FALLING, {"since": at(22)}),
    "some since": (FALLING, {"since": at(3), "limit": 12}),
    "until": (FALLING, {"until": at(22)}),
    "some until": (FALLING, {"until": at(22), "limit": 7}),
    "since, without an order": (UNORDERED, {"since": at(30)}),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_service_that_counts_is_read_as_one_with_cursors(call: str) -> None:
    minutes, options = CALLS[call]
    seen = []
    for paging in ("cursor", "offset"):
        with (
            serving(service(minutes, paging)) as server,
            Client(KEY, server.url) as client,
        ):
            runs = client.list_runs(DEP, progress=False, **options)
            report = arn.fetch_report(runs)
            ids = runs["id"].tolist()
            asked = [sent.request.last for sent in server.sent]
        facts = (report.complete, report.truncated_by, report.order_verified, report.pages)
        seen.append((ids, facts, asked))
    assert seen[0] == seen[1]
