"""What a listing does after each page, as a table; nothing is sent."""

from __future__ import annotations

import pytest

from agentrun_nb.fetch.verdict import Judge, PageFacts, Verdict

FIRST = PageFacts(is_first=True, has_next=True, rows=2, created=[90, 80])
LATER = PageFacts(is_first=False, has_next=True, rows=2, created=[70, 60])
LAST = PageFacts(is_first=False, has_next=False, rows=2, created=[50, 40])
ONLY = PageFacts(is_first=True, has_next=False, rows=2, created=[90, 80])
EMPTY = PageFacts(is_first=False, has_next=True, rows=0)
UNORDERED = PageFacts(is_first=False, has_next=True, rows=2, created=[30, 95])
UNREADABLE = PageFacts(is_first=False, has_next=True, rows=2, created=[30, None])
READ_ON, LIMIT, TRY, FOUND = (
    Verdict.READ_ON,
    Verdict.LIMIT_REACHED,
    Verdict.TRY_VERSIONS,
    Verdict.ALL_FOUND,
)


@pytest.mark.parametrize(
    ("options", "pages", "verdicts"),
    [
        pytest.param({}, [FIRST, LATER, LAST], [READ_ON] * 3, id="everything is read"),
        pytest.param({"limit": 4}, [FIRST, LATER], [READ_ON, LIMIT], id="the limit stops"),
        pytest.param({"limit": 1}, [FIRST], [LIMIT], id="the first page may be enough"),
        pytest.param({"limit": 2}, [ONLY], [READ_ON], id="no limit cuts the last page"),
        pytest.param({"limit": 6}, [FIRST, LATER, LAST], [READ_ON] * 3, id="nor a full last page"),
        pytest.param({"limit": 3}, [FIRST, EMPTY], [READ_ON] * 2, id="empty pages add nothing"),
        pytest.param({"limit": 4}, [FIRST, FIRST], [READ_ON] * 2, id="a new beginning counts anew"),
        pytest.param({"may_split": True}, [FIRST, LATER], [TRY, READ_ON], id="only at the start"),
        pytest.param({"may_split": True}, [ONLY], [READ_ON], id="one page is not split"),
        pytest.param({"may_split": True}, [LATER], [READ_ON], id="nor a listing that goes on"),
        pytest.param({"may_split": True, "limit": 2}, [FIRST], [LIMIT], id="the limit goes first"),
        pytest.param({"since": 75}, [FIRST, LATER], [READ_ON, FOUND], id="older pages end it"),
        pytest.param({"since": 65}, [FIRST, LATER], [READ_ON] * 2, id="half a page does not"),
        pytest.param({"since": 99}, [UNORDERED], [READ_ON], id="nor without an order"),
        pytest.param({"since": 99}, [UNREADABLE], [READ_ON], id="nor with a time not readable"),
        pytest.param({"since": 99}, [EMPTY], [READ_ON], id="nor an empty page"),
        pytest.param(
            {"since": 75}, [UNORDERED, FIRST, LATER], [READ_ON, READ_ON, FOUND], id="anew"
        ),
    ],
)
def test_each_page_has_its_verdict(options, pages, verdicts):
    judge = Judge(**({"limit": None, "since": None, "may_split": False} | options))
    assert [judge.verdict(page) for page in pages] == verdicts


@pytest.mark.parametrize(
    ("pages", "verified"),
    [([FIRST, LATER, LAST], True), ([FIRST, UNORDERED], False), ([EMPTY], None), ([], None)],
)
def test_the_order_of_what_came_is_known(pages, verified):
    judge = Judge(None, None, may_split=False)
    for page in pages:
        judge.verdict(page)
    assert judge.order.verified is verified


def test_a_first_page_that_is_not_split_still_counts_for_the_order():
    judge = Judge(None, 95, may_split=True)
    assert judge.verdict(FIRST) is TRY
    assert judge.order.verified is None
    assert judge.verdict_by_time(FIRST) is FOUND
    assert judge.order.verified is True
