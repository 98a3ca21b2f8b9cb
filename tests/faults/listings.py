"""F: listings that change, loop, expire, lie or break off."""

from __future__ import annotations

from typing import Any

from agentrun_nb.errors import BadResponseError, SettingsError

from .lab import Got, Lab, fault, timed
from .replies import DEP, http, page, record, refusal
from .server import Reply, Request, Script


def runs(*numbers: int, **fields: object) -> list[dict[str, object]]:
    """Runs by number, a minute apart."""
    return [
        record(
            f"run_{number}",
            created_at=f"2026-11-07T{number // 60:02}:{number % 60:02}:00Z",
            **fields,
        )
        for number in numbers
    ]


def by_cursor(pages: dict[str, bytes | Reply]) -> Script:
    """A listing: the page for each cursor, "" being the first."""

    def script(request: Request, number: int) -> Reply:
        if request.last != "runs":
            return [refusal("404 X", code="not_implemented")]
        found = pages[request.query.get("cursor", "")]
        return [found] if isinstance(found, bytes) else found

    return script


def ids(got: Got) -> list[str]:
    assert got.error is None, got
    return got.value["id"].tolist()


def whole(got: Got, *numbers: int) -> Got:
    """Complete, and each run once."""
    assert ids(got) == [f"run_{number}" for number in numbers], ids(got)
    assert got.report.complete is True, got
    return got


def part(got: Got, reason: str, *numbers: int) -> Got:
    """What came is kept, and the reason why that is not all is told."""
    assert ids(got) == [f"run_{number}" for number in numbers], ids(got)
    assert got.report.complete is False, got
    assert got.report.truncated_by == reason, got
    return got


@fault(99, "a run that comes again on the next page", "once")
def _(lab: Lab) -> Got:
    got = lab.listing(
        by_cursor({"": page(*runs(5, 4, 3), next_cursor="a"), "a": page(*runs(3, 2, 1))})
    )
    assert got.report.duplicates == 1
    return whole(got, 5, 4, 3, 2, 1)


@fault(
    100,
    "runs inserted, moved and changed between two pages",
    "those that existed throughout are all there, once, as they changed last",
)
def _(lab: Lab) -> list[Got]:
    changed = {"status": "failed", "updated_at": "2026-11-07T11:00:00Z"}
    moved = lab.listing(
        by_cursor(
            {
                "": page(*runs(5, 4), *runs(3, status="running"), next_cursor="3"),
                "3": page(*runs(4), *runs(3, **changed), *runs(2, 1)),
            }
        )
    )
    assert moved.value.set_index("id")["status"]["run_3"] == "failed"
    assert sorted(ids(moved)) == [f"run_{n}" for n in range(1, 6)]
    return [moved, _moves_between_statuses(lab)]


def _moves_between_statuses(lab: Lab) -> Got:
    """A run that ends while the running ones are listed is found among the ended ones."""
    status = {"run_1": "running", "run_2": "running", "run_3": "succeeded"}

    def script(request: Request, number: int) -> Reply:
        found = [
            record(run, status=state)
            for run, state in status.items()
            if state == request.query["status"]
        ]
        if request.query["status"] == "running":
            found = [run for run in found if run["id"] != "run_1"]
            status["run_1"] = "succeeded"
        return [page(*found)]

    got = lab.listing(script, status=["succeeded", "running"])
    assert sorted(ids(got)) == ["run_1", "run_2", "run_3"], ids(got)
    return got


@fault(101, "the same cursor again; a ring of three", "ends, keeps what came, says cursor_loop")
def _(lab: Lab) -> list[Got]:
    itself = lab.listing(
        by_cursor({"": page(*runs(3), next_cursor="a"), "a": page(*runs(2), next_cursor="a")})
    )
    ring = lab.listing(
        by_cursor(
            {
                "": page(*runs(4), next_cursor="a"),
                "a": page(*runs(3), next_cursor="b"),
                "b": page(*runs(2), next_cursor="c"),
                "c": page(*runs(1), next_cursor="a"),
            }
        )
    )
    return [part(itself, "cursor_loop", 3, 2), part(ring, "cursor_loop", 4, 3, 2, 1)]


@fault(102, "empty pages with a cursor", "passed over, up to a bound")
def _(lab: Lab) -> list[Got]:
    few = {str(n): page(next_cursor=str(n + 1)) for n in range(1, 6)} | {
        "": page(*runs(2), next_cursor="1"),
        "6": page(*runs(1)),
    }

    def endless(request: Request, number: int) -> Reply:
        return [page(next_cursor=str(number))] if request.last == "runs" else [refusal("404 X")]

    return [whole(lab.listing(by_cursor(few)), 2, 1), part(lab.listing(endless), "empty_pages")]


@fault(
    103, 'a cursor that is null, "", absent, 5, true, an object', "end, end, end, text, told, told"
)
def _(lab: Lab) -> list[Got]:
    for last in (page(*runs(1)), page(*runs(1), next_cursor=""), http({"items": runs(1)})):
        whole(lab.listing(by_cursor({"": last})), 1)
    number = whole(
        lab.listing(by_cursor({"": page(*runs(2), next_cursor=5), "5": page(*runs(1))})), 2, 1
    )
    odd = [
        part(lab.listing(by_cursor({"": page(*runs(1), next_cursor=cursor)})), "bad_cursor", 1)
        for cursor in (True, {"a": 1})
    ]
    return [number, odd[0]]


@fault(104, "a cursor that is a URL", "sent as a query value, never followed")
def _(lab: Lab) -> Got:
    url = "https://evil.test/v1?x=1#y"
    return whole(
        lab.listing(by_cursor({"": page(*runs(2), next_cursor=url), url: page(*runs(1))})), 2, 1
    )


@fault(
    105,
    "a cursor that expires, with 400 and with 410",
    "once more from the start, each run once; then what came",
)
def _(lab: Lab) -> list[Got]:
    got = []
    for status in ("400 Bad", "410 Gone"):
        asked: list[str] = []

        def once(
            request: Request, number: int, status: str = status, asked: list[str] = asked
        ) -> Reply:
            cursor = request.query.get("cursor", "")
            asked.append(cursor)
            if cursor == "b" and asked.count("b") == 1:
                return [refusal(status, code="cursor_expired")]
            return [
                {
                    "": page(*runs(3), next_cursor="a"),
                    "a": page(*runs(2), next_cursor="b"),
                    "b": page(*runs(1)),
                }[cursor]
            ]

        got.append(whole(lab.listing(_runs_only(once)), 3, 2, 1))
    always = {
        "": page(*runs(3), next_cursor="a"),
        "a": page(*runs(2), next_cursor="b"),
        "b": refusal("410 Gone"),
    }
    return [*got, part(lab.listing(by_cursor(always)), "cursor_expired", 3, 2)]


def _runs_only(script: Script) -> Script:
    return lambda request, number: (
        script(request, number)
        if request.last == "runs"
        else [refusal("404 X", code="not_implemented")]
    )


@fault(
    106, 'limit= 0, -1, "x", 1.5, True', "SettingsError before any request; pages of at most 200"
)
def _(lab: Lab) -> list[Got]:
    limits: list[Any] = []
    with lab.service(lambda request, number: limits.append(request.query["limit"]) or [page()]) as (
        client,
        server,
    ):
        got = [
            timed(lambda odd=odd: client.list_runs(DEP, limit=odd), server)
            for odd in (0, -1, "x", 1.5, True)
        ]
        assert all(isinstance(each.error, SettingsError) for each in got), got
        assert server.sent == []
        client.list_runs(DEP, limit=201, progress=False)
    assert limits == ["200"]
    return got[:1]


@fault(107, "more runs in a page than were asked for", "all kept")
def _(lab: Lab) -> Got:
    return whole(lab.listing(by_cursor({"": page(*runs(*range(500, 0, -1)))})), *range(500, 0, -1))


@fault(108, "items that are null, absent, an object", "BadResponseError, never 'no runs'")
def _(lab: Lab) -> list[Got]:
    got = [
        lab.listing(by_cursor({"": http(body)}))
        for body in ({"items": None}, {"next_cursor": None}, {"items": {}})
    ]
    assert all(type(each.error) is BadResponseError for each in got), got
    return got


EVENTS = [
    {"id": f"ev_{n}", "created_at": f"2026-11-07T10:00:{n:02}Z", "level": "info", "message": str(n)}
    for n in range(10)
]


@fault(109, "more events, and no cursor", "goes on by offset")
def _(lab: Lab) -> Got:
    def script(request: Request, number: int) -> Reply:
        start = int(request.query.get("offset", 0))
        return [http({"events": EVENTS[start : start + 4], "has_more": start + 4 < len(EVENTS)})]

    with lab.service(script) as (client, server):
        got = timed(lambda: client.get_logs((DEP, "run_1")), server)
    assert ids(got) == [event["id"] for event in EVENTS]
    return got


@fault(110, "no more, and a cursor all the same", "ends; the fetch report counts it")
def _(lab: Lab) -> Got:
    got = whole(lab.listing(by_cursor({"": page(*runs(2), next_cursor="a", has_more=False)})), 2)
    assert got.report.oddities == {"more_after_end": 1}, got
    return got


@fault(
    111,
    "events appended and offsets moved while reading",
    "each event once, in order of created_at, equal ones as they came",
)
def _(lab: Lab) -> Got:
    replies = [EVENTS[:4], [EVENTS[5], *EVENTS[3:5]], EVENTS[5:]]

    def script(request: Request, number: int) -> Reply:
        return [http({"events": replies[min(number, 2)], "has_more": number < 2})]

    with lab.service(script) as (client, server):
        got = timed(lambda: client.get_logs((DEP, "run_1")), server)
    assert ids(got) == [event["id"] for event in EVENTS], ids(got)
    return got


@fault(112, "one bad record in a page of 200", "199, and one with notes")
def _(lab: Lab) -> Got:
    bad = {"id": "run_0", "status": 7, "created_at": "yesterday", "exit_code": "x", "input": [1]}
    got = whole(
        lab.listing(by_cursor({"": page(*runs(*range(199, 0, -1)), bad)})), *range(199, -1, -1)
    )
    assert got.value["parse_notes"].notna().sum() == 1
    return got


@fault(
    113,
    "page 7 of 9 fails for good",
    "what came is kept, in an archive too; refetch and sync go on from there",
)
def _(lab: Lab) -> list[object]:
    down = [True]

    def script(request: Request, number: int) -> Reply:
        cursor = int(request.query.get("cursor", 9))
        if cursor == 3 and down[0]:
            return [refusal("503 Busy")]
        return [page(*runs(cursor), next_cursor=str(cursor - 1) if cursor > 1 else None)]

    with lab.service(_runs_only(script)) as (client, server):
        first = part(
            timed(lambda: client.list_runs(DEP, progress=False), server), "server", 9, 8, 7, 6, 5, 4
        )
        down[0] = False
        asked = len(server.sent)
        second = whole(timed(lambda: client.refetch(first.value), server), *range(9, 0, -1))
        assert len(server.sent) - asked == 3, len(server.sent) - asked
    down[0] = True
    with lab.archive() as archive, lab.service(_runs_only(script)) as (client, _):
        failed = archive.sync(client, DEP)
        assert DEP in failed.failures, failed
        part(timed(archive.list_runs), "not synced to the end", 9, 8, 7, 6, 5, 4)
        down[0] = False
        archive.sync(client, DEP)
        whole(timed(archive.list_runs), *range(9, 0, -1))
    return [first, second, failed]
