"""Pages as a generator that yields what to ask, is sent what came, and returns why it ended.

Nothing here does any I/O.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from urllib.parse import quote

MOST_EMPTY = 10
"""Empty pages in a row that are passed over."""

MOST_STALE = 3
"""Pages in a row that may bring only records which came before.

Such pages occur because runs that are made meanwhile push some records on to the next page.
"""

MOST_PAGES = 1_000_000

LONGEST_CURSOR = 32_768
"""The most characters of a cursor as it stands in a URL.

Servers take no longer ones, and httpx makes no URL twice as long.
"""


@dataclass(frozen=True)
class PageAsk:
    """What to ask next.

    Attributes:
        limit: how many records the page may have.
        cursor: where it begins, as the service named it; None for the first.
        offset: where it begins, counted, for a service that pages so.
    """

    limit: int
    cursor: str | None = None
    offset: int | None = None

    @property
    def params(self) -> dict[str, str | int | None]:
        """As a query."""
        return {"limit": self.limit, "cursor": self.cursor, "offset": self.offset}


@dataclass(frozen=True)
class PageGot:
    """What came: how many records, which, and how to go on.

    `names` are numbers by which the records are known again; None where nobody looks. `offset` is
    where the next page begins for a service that counts. `unread` says that the answer was over the
    cap or not readable, and nothing of it was kept; `expired`, that the service did not know the
    cursor any more.
    """

    rows: int = 0
    cursor: object = None
    offset: int | None = None
    unread: bool = False
    expired: bool = False
    names: frozenset[int] | None = None


Walk = Generator[PageAsk, PageGot, str | None]
"""Returns None when the last page was reached, and otherwise why the walk was cut."""


def pages(
    limit: int = 200,
    cursor: str | None = None,
    most_rows: int | None = None,
    most_pages: int = MOST_PAGES,
) -> Walk:
    """Walks all pages of one listing.

    Args:
        limit: records a page.
        cursor: where to begin; None for the first page.
        most_rows: how many records are wanted; None: all.
        most_pages: where a listing that never ends is cut.
    """
    seen: set[str | int | None] = {cursor}
    known = Known()
    ask = PageAsk(limit, cursor)
    rows, empty, restarted = 0, 0, False
    for _ in range(most_pages):
        got = yield ask
        if got.unread:
            ask = replace(ask, limit=max(1, ask.limit // 2))
            continue
        if got.expired:
            if restarted:
                return "cursor_expired"
            seen, known, ask, rows, empty, restarted = {None}, Known(), PageAsk(limit), 0, 0, True
            continue
        rows, empty = rows + got.rows, 0 if got.rows else empty + 1
        following = _following(got, ask, limit)
        if following is None or isinstance(following, str):
            return following
        place = following.cursor if following.offset is None else following.offset
        enough = most_rows is not None and rows >= most_rows
        stale = known.stale_after(got.names)
        cut = _cut(again=place in seen, enough=enough, empty=empty, stale=stale)
        if cut:
            return cut
        seen.add(place)
        ask = following
    return "page_limit"


def _following(got: PageGot, ask: PageAsk, limit: int) -> PageAsk | str | None:
    """Says what to ask after a page.

    It is None after the last page, and a word where the cursor cannot be sent.
    """
    wider = min(limit, ask.limit * 2)
    if got.cursor in (None, ""):
        return None if got.offset is None else PageAsk(wider, offset=got.offset)
    cursor = _sendable(got.cursor)
    return "bad_cursor" if cursor is None else PageAsk(wider, cursor)


def _sendable(cursor: object) -> str | None:
    """A cursor as text that can stand in a URL; None when it cannot."""
    if isinstance(cursor, int) and not isinstance(cursor, bool) and abs(cursor) < 2**64:
        return str(cursor)
    if not isinstance(cursor, str) or len(cursor) > LONGEST_CURSOR:
        return None
    try:
        return cursor if len(quote(cursor)) <= LONGEST_CURSOR else None
    except UnicodeEncodeError:  # a lone surrogate
        return None


def _cut(*, again: bool, enough: bool, empty: int, stale: int) -> str | None:
    """Why a walk does not go on, although the service names a next page."""
    if again:
        return "cursor_loop"
    if enough:
        return "limit"
    if empty == MOST_EMPTY:
        return "empty_pages"
    return "repeats itself" if stale == MOST_STALE else None


class Known:
    """The records that came, by their numbers, and how many pages in a row brought no other."""

    def __init__(self) -> None:
        self._names: set[int] = set()
        self._stale = 0

    def stale_after(self, names: frozenset[int] | None) -> int:
        """Takes a page; how many pages in a row, this one the last, brought only what was known."""
        if names:
            self._stale = self._stale + 1 if names <= self._names else 0
            self._names |= names
        return self._stale


class Order:
    """Whether moments come in falling order, and whether anything that is wanted can still follow.

    Attributes:
        verified: whether every moment so far was no later than the one before; None when none was
            readable.
    """

    def __init__(self, since: int | None = None) -> None:
        self.verified: bool | None = None
        self._since = since
        self._last: int | None = None

    def ends_with(self, times: Sequence[int | None]) -> bool:
        """Takes a page's moments, and says whether nothing that is wanted can follow.

        That is so when the whole page is older than `since`, and the order holds so far.
        """
        known = [moment for moment in times if moment is not None]
        if known:
            before = known if self._last is None else [self._last, *known]
            falling = all(later >= earlier for later, earlier in pairwise(before))
            self.verified, self._last = falling and self.verified is not False, known[-1]
        older = self._since is not None and known != [] and max(known) < self._since
        return older and len(known) == len(times) and self.verified is True
