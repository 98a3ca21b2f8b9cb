"""Walks over pages: complete, without end nowhere. Pages are a table, nothing is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.fetch.paging import MOST_EMPTY, Order, PageAsk, PageGot, pages


def walked(
    service: Callable[[PageAsk], PageGot], **options: object
) -> tuple[list[PageAsk], str | None]:
    """Everything asked of a service, and why that was cut."""
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
    asked, cut = walked(of_table({None: PageGot(2, "a"), "a": PageGot(2, "b"), "b": PageGot(1)}))
    assert [ask.cursor for ask in asked] == [None, "a", "b"]
    assert cut is None


@pytest.mark.parametrize("last", [None, ""])
def test_no_cursor_is_the_end(last: object) -> None:
    assert walked(of_table({None: PageGot(1, last)}))[1] is None


@pytest.mark.parametrize("cursor", [["a"], {"a": 1}, 1.5, True])
def test_a_cursor_of_another_kind_is_told(cursor: object) -> None:
    assert walked(of_table({None: PageGot(1, cursor)}))[1] == "bad_cursor"


def test_loops_end() -> None:
    itself = walked(of_table({None: PageGot(1, "a"), "a": PageGot(1, "a")}))
    ring = walked(of_table({None: PageGot(1, "a"), "a": PageGot(1, "b"), "b": PageGot(1, "a")}))
    assert [len(itself[0]), len(ring[0])] == [2, 3]
    assert itself[1] == ring[1] == "cursor_loop"


def test_empty_pages_are_passed_over_up_to_a_bound() -> None:
    def empty_until(full: int) -> Callable[[PageAsk], PageGot]:
        def service(ask: PageAsk) -> PageGot:
            page = int(ask.cursor or 0)
            return PageGot(1) if page == full else PageGot(0, str(page + 1))

        return service

    assert walked(empty_until(MOST_EMPTY - 1))[1] is None
    asked, cut = walked(empty_until(10**9))
    assert (len(asked), cut) == (MOST_EMPTY, "empty_pages")


def test_an_endless_listing_is_cut() -> None:
    asked, cut = walked(lambda ask: PageGot(1, str(int(ask.cursor or 0) + 1)), most_pages=50)
    assert (len(asked), cut) == (50, "page_limit")


@given(st.integers(1, 300), st.integers(1, 200), st.integers(1, 60))
def test_pages_over_the_cap_are_halved_and_nothing_is_lost(
    rows: int, limit: int, fits: int
) -> None:
    """A service whose answers hold at most `fits` records under the cap still gives every record once."""
    got: list[int] = []

    def service(ask: PageAsk) -> PageGot:
        start = int(ask.cursor or 0)
        if ask.limit > fits:
            return PageGot(unread=True)
        part = range(start, min(rows, start + ask.limit))
        got.extend(part)
        return PageGot(len(part), str(part.stop) if part.stop < rows else None)

    _, cut = walked(service, limit=limit)
    assert got == list(range(rows))
    assert cut is None


def test_a_page_that_is_never_read_is_asked_for_down_to_one_record() -> None:
    walk = pages(limit=200)
    limits = [next(walk).limit] + [walk.send(PageGot(unread=True)).limit for _ in range(8)]
    assert limits == [200, 100, 50, 25, 12, 6, 3, 1, 1]


def test_a_cursor_that_expires_begins_anew_once() -> None:
    def service(ask: PageAsk) -> PageGot:
        return PageGot(1, "a") if ask.cursor is None else PageGot(expired=True)

    asked, cut = walked(service)
    assert ([ask.cursor for ask in asked], cut) == ([None, "a", None, "a"], "cursor_expired")


def test_a_walk_can_begin_anywhere_and_end_when_enough_came() -> None:
    table = {None: PageGot(2, "a"), "a": PageGot(2, "b"), "b": PageGot(2, "c"), "c": PageGot(2)}
    for most, cursors, cut in (
        (3, ["a", "b"], "limit"),
        (6, ["a", "b", "c"], None),
        (None, ["a", "b", "c"], None),
    ):
        asked, reason = walked(of_table(table), cursor="a", most_rows=most)
        assert ([ask.cursor for ask in asked], reason) == (cursors, cut)


def test_a_service_that_counts_is_asked_by_offset() -> None:
    def service(ask: PageAsk) -> PageGot:
        start = ask.offset or 0
        return PageGot(2, None, start + 2 if start < 4 else None)

    asked, cut = walked(service)
    assert [ask.params for ask in asked] == [
        {"limit": 200, "cursor": None, "offset": None},
        {"limit": 200, "cursor": None, "offset": 2},
        {"limit": 200, "cursor": None, "offset": 4},
    ]
    assert cut is None


@pytest.mark.parametrize(
    ("moments", "ends", "in_order"),
    [
        ([[9, 8], [7, 4], [3, 2], [1]], 3, True),  # one whole page older than 5
        ([[9, 8], [7, 7], [5, 4]], None, True),
        ([[8, 9], [4, 3], [2, 1]], None, False),  # out of order: walks on
        ([[9, 8], [4, 7], [3, 2], [1]], None, False),
        ([[9, 8], [4, None], [3, 2], [1]], 3, True),  # not readable: that page is not wholly older
        ([[None], [None]], None, None),
        ([[], [9], [], [3]], 4, True),
    ],
)
def test_since_ends_a_walk_after_one_whole_older_page_while_the_order_holds(
    moments: list[list[int | None]], ends: int | None, in_order: bool | None
) -> None:
    order = Order(since=5)
    verdicts = [order.add_page(page) for page in moments[:ends]]
    assert verdicts == [False] * (len(verdicts) - 1) + [ends is not None]
    assert order.verified is in_order


def test_without_since_nothing_ends_by_age() -> None:
    assert not Order().add_page([1])


def repeating(kind: str) -> Callable[[PageAsk], PageGot]:
    """A service that never ends and, after a few pages, brings nothing new."""
    length = {"the same page": 1, "a cycle of pages": 4}.get(kind, 1)
    state = [0]

    def service(ask: PageAsk) -> PageGot:
        state[0] += 1
        page = state[0] % length
        names = frozenset({page * 10, page * 10 + 1})
        if kind == "more without a cursor":
            return PageGot(2, None, (ask.offset or 0) + 2, record_hashes=names)
        return PageGot(2, f"cursor {state[0]}", record_hashes=names)

    return service


@pytest.mark.parametrize(
    ("kind", "pages_asked"),
    [("the same page", 4), ("a cycle of pages", 7), ("more without a cursor", 4)],
)
def test_a_service_that_repeats_itself_is_left_after_a_few_pages(
    kind: str, pages_asked: int
) -> None:
    asked, cut = walked(repeating(kind))
    assert (len(asked), cut) == (pages_asked, "repeats itself")


def test_pages_of_which_one_record_is_new_are_walked_on() -> None:
    def service(ask: PageAsk) -> PageGot:
        start = int(ask.cursor or 0)
        return PageGot(
            3,
            str(start + 1) if start < 20 else None,
            record_hashes=frozenset(range(start, start + 3)),
        )

    assert walked(service)[1] is None


@pytest.mark.parametrize(
    "cursor", ["x" * 70_000, "\U0001f600" * 3_000, "a\ud800b", -(2**70), [1], 1.5]
)
def test_a_cursor_that_cannot_be_sent_is_told(cursor: object) -> None:
    assert walked(of_table({None: PageGot(1, cursor)}))[1] == "bad_cursor"


@pytest.mark.parametrize("cursor", ["a\nb", "\x00", "é" * 1_000, "x" * 30_000, 7])
def test_an_odd_cursor_that_can_be_sent_is_sent(cursor: object) -> None:
    asked, cut = walked(of_table({None: PageGot(1, cursor), str(cursor): PageGot(1)}))
    assert ([ask.cursor for ask in asked], cut) == ([None, str(cursor)], None)
