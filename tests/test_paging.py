"""Walks over pages: complete, without end nowhere. Pages are a table, nothing is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.fetch.paging import MOST_EMPTY, Ending, PageAsk, PageGot, pages


def walked(service: Callable[[PageAsk], PageGot], **options: object) -> tuple[list[PageAsk], Ending]:
    """Everything asked of a service, and how it ended."""
    walk = pages(**options)  # type: ignore[arg-type]
    asked = [next(walk)]
    while True:
        try:
            asked.append(walk.send(service(asked[-1])))
        except StopIteration as ended:
            return asked, ended.value
        assert len(asked) < 10_000


def of_table(table: dict[str | None, PageGot]) -> Callable[[PageAsk], PageGot]:
    return lambda ask: table[ask.cursor]


def test_every_page_is_asked_for_once() -> None:
    asked, ending = walked(of_table({None: PageGot(2, "a"), "a": PageGot(2, "b"), "b": PageGot(1)}))
    assert [ask.cursor for ask in asked] == [None, "a", "b"]
    assert ending.truncated_by is None


@pytest.mark.parametrize("last", [None, ""])
def test_no_cursor_is_the_end(last: object) -> None:
    assert walked(of_table({None: PageGot(1, last)}))[1] == Ending(None, None)


@pytest.mark.parametrize("cursor", [["a"], {"a": 1}, 1.5])
def test_a_cursor_of_another_kind_is_told(cursor: object) -> None:
    assert walked(of_table({None: PageGot(1, cursor)}))[1].truncated_by == "bad_cursor"


def test_loops_end() -> None:
    itself = walked(of_table({None: PageGot(1, "a"), "a": PageGot(1, "a")}))
    ring = walked(of_table({None: PageGot(1, "a"), "a": PageGot(1, "b"), "b": PageGot(1, "a")}))
    assert [len(itself[0]), len(ring[0])] == [2, 3]
    assert itself[1].truncated_by == ring[1].truncated_by == "cursor_loop"


def test_empty_pages_are_passed_over_up_to_a_bound() -> None:
    def empty_until(full: int) -> Callable[[PageAsk], PageGot]:
        def service(ask: PageAsk) -> PageGot:
            page = int(ask.cursor or 0)
            return PageGot(1) if page == full else PageGot(0, str(page + 1))

        return service

    assert walked(empty_until(MOST_EMPTY - 1))[1].truncated_by is None
    asked, ending = walked(empty_until(10**9))
    assert (len(asked), ending.truncated_by) == (MOST_EMPTY, "empty_pages")


def test_an_endless_listing_is_cut() -> None:
    asked, ending = walked(lambda ask: PageGot(1, str(int(ask.cursor or 0) + 1)), most_pages=50)
    assert (len(asked), ending.truncated_by) == (50, "page_limit")


@given(st.integers(1, 300), st.integers(1, 200), st.integers(1, 60))
def test_pages_over_the_cap_are_halved_and_nothing_is_lost(rows: int, limit: int, fits: int) -> None:
    """A service whose answers hold at most `fits` records under the cap still gives every record once."""
    got: list[int] = []

    def service(ask: PageAsk) -> PageGot:
        start = int(ask.cursor or 0)
        if ask.limit > fits:
            return PageGot(too_large=True)
        part = range(start, min(rows, start + ask.limit))
        got.extend(part)
        return PageGot(len(part), str(part.stop) if part.stop < rows else None)

    _, ending = walked(service, limit=limit)
    assert got == list(range(rows))
    assert ending.truncated_by is None


def test_a_single_record_over_the_cap_ends_the_walk_and_is_told() -> None:
    asked, ending = walked(lambda ask: PageGot(too_large=True), limit=200)
    assert [ask.limit for ask in asked] == [200, 100, 50, 25, 12, 6, 3, 1]
    assert ending.truncated_by == "too_large"


def test_a_service_that_counts_is_asked_by_offset() -> None:
    def service(ask: PageAsk) -> PageGot:
        start = ask.offset or 0
        return PageGot(2, None, start + 2 if start < 4 else None)

    asked, ending = walked(service)
    assert [ask.params for ask in asked] == [
        {"limit": 200, "cursor": None, "offset": None},
        {"limit": 200, "cursor": None, "offset": 2},
        {"limit": 200, "cursor": None, "offset": 4},
    ]
    assert ending.truncated_by is None


def moments(*pages_of_times: list[int | None]) -> Callable[[PageAsk], PageGot]:
    def service(ask: PageAsk) -> PageGot:
        page = int(ask.cursor or 0)
        following = str(page + 1) if page + 1 < len(pages_of_times) else None
        return PageGot(len(pages_of_times[page]), following, times=pages_of_times[page])

    return service


@pytest.mark.parametrize(
    ("service", "asked", "in_order"),
    [
        (moments([9, 8], [7, 4], [3, 2], [1]), 3, True),  # one whole page older than 5
        (moments([9, 8], [7, 7], [5, 4]), 3, True),
        (moments([8, 9], [4, 3], [2, 1]), 3, False),  # out of order: walks on
        (moments([9, 8], [4, 7], [3, 2], [1]), 4, False),
        (moments([9, 8], [4, None], [3, 2], [1]), 3, True),  # not readable: that page is not wholly older
        (moments([None], [None]), 2, None),
    ],
)
def test_since_stops_after_one_whole_older_page_while_the_order_holds(
    service: Callable[[PageAsk], PageGot], asked: int, in_order: bool | None
) -> None:
    pages_asked, ending = walked(service, since=5)
    assert (len(pages_asked), ending) == (asked, Ending(None, in_order))
