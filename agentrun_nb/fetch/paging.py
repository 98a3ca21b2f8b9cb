"""Pages as a generator that yields what to ask, is sent what came, and returns why it ended. No I/O."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

MOST_EMPTY = 10
MOST_PAGES = 1_000_000


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
    """What came: how many records, and how to go on.

    `offset` is where the next page begins for a service that counts. `unread` says that the answer was over the cap or
    not readable, and nothing of it was kept; `expired`, that the service did not know the cursor any more.
    """

    rows: int = 0
    cursor: object = None
    offset: int | None = None
    unread: bool = False
    expired: bool = False


Walk = Generator[PageAsk, PageGot, str | None]
"""Returns None when the last page was reached, and otherwise why the walk was cut."""


def pages(
    limit: int = 200, cursor: str | None = None, most_rows: int | None = None, most_pages: int = MOST_PAGES
) -> Walk:
    """Walks all pages of one listing.

    Args:
        limit: records a page.
        cursor: where to begin; None for the first page.
        most_rows: how many records are wanted; None: all.
        most_pages: where a listing that never ends is cut.
    """
    seen: set[str | int | None] = {None}
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
            seen, ask, rows, empty, restarted = {None}, PageAsk(limit), 0, 0, True
            continue
        rows, empty = rows + got.rows, 0 if got.rows else empty + 1
        counted = got.cursor in (None, "")
        following = got.offset if counted else got.cursor
        if following is None:
            return None
        if not isinstance(following, str | int) or isinstance(following, bool):
            return "bad_cursor"
        if following in seen:
            return "cursor_loop"
        if most_rows is not None and rows >= most_rows:
            return "limit"
        if empty == MOST_EMPTY:
            return "empty_pages"
        seen.add(following)
        wider = min(limit, ask.limit * 2)
        ask = PageAsk(wider, None if counted else str(following), got.offset if counted else None)
    return "page_limit"


class Order:
    """Whether moments come in falling order, and whether anything that is wanted can still follow.

    Attributes:
        verified: whether every moment so far was no later than the one before; None when none was readable.
    """

    def __init__(self, since: int | None = None) -> None:
        self.verified: bool | None = None
        self._since = since
        self._last: int | None = None

    def ends_with(self, times: Sequence[int | None]) -> bool:
        """Takes a page's moments; True when the whole page is older than `since`, and the order holds so far."""
        known = [moment for moment in times if moment is not None]
        if known:
            before = known if self._last is None else [self._last, *known]
            falling = all(later >= earlier for later, earlier in pairwise(before))
            self.verified, self._last = falling and self.verified is not False, known[-1]
        older = self._since is not None and known != [] and max(known) < self._since
        return older and len(known) == len(times) and self.verified is True
