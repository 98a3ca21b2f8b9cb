"""Decides which page of a listing to ask for next. No I/O."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from urllib.parse import quote

MOST_EMPTY = 10
"""The number of empty pages in a row after which a listing is cut."""

MOST_STALE = 3
"""The number of pages in a row without a new record after which a listing is cut.

One such page is normal: runs that are created meanwhile push others on to the next page.
"""

MOST_PAGES = 1_000_000
"""The number of pages after which a listing is cut."""

LONGEST_CURSOR = 32_768
"""The longest cursor, in characters as it is written in a URL.

Servers take no longer ones, and httpx makes no URL twice as long.
"""


@dataclass(frozen=True)
class PageAsk:
    """The page to ask for next.

    Attributes:
        limit: the most records that it may hold.
        cursor: where it begins, as the service named it; None for the first page.
        offset: where it begins as a number of records, for a service that pages so.
    """

    limit: int
    cursor: str | None = None
    offset: int | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is the first page of the listing."""
        return self.cursor is None and self.offset is None

    @property
    def params(self) -> dict[str, str | int | None]:
        """The parameters of the query."""
        return {"limit": self.limit, "cursor": self.cursor, "offset": self.offset}


@dataclass(frozen=True)
class PageGot:
    """What is known of an answer.

    Attributes:
        rows: the number of its records.
        cursor: where the next page begins, as the service says it.
        offset: where the next page begins, for a service that counts records.
        unread: whether it was too large or not readable, and nothing of it was used.
        expired: whether the service did not know the cursor any more.
        record_hashes: hashes by which the records are known again; None where nobody compares them.
    """

    rows: int = 0
    cursor: object = None
    offset: int | None = None
    unread: bool = False
    expired: bool = False
    record_hashes: frozenset[int] | None = None


PageSteps = Generator[PageAsk, PageGot, str | None]
"""Yields the page to ask for, is sent what is known of the answer, and returns why the listing was
cut, or None after the last page."""


def pages(
    limit: int = 200,
    cursor: str | None = None,
    most_rows: int | None = None,
    most_pages: int = MOST_PAGES,
) -> PageSteps:
    """Steps through all pages of one listing.

    Args:
        limit: the number of records a page.
        cursor: where to begin; None for the first page.
        most_rows: the number of records that are requested; None: all.
        most_pages: the number of pages after which the listing is cut.
    """
    ask = PageAsk(limit, cursor)
    so_far = _SoFar(cursor)
    restarted = False
    for _ in range(most_pages):
        got = yield ask
        if got.unread:
            ask = replace(ask, limit=max(1, ask.limit // 2))
            continue
        if got.expired:
            if restarted:
                return "cursor_expired"
            ask = PageAsk(limit)
            so_far = _SoFar(None)
            restarted = True
            continue
        following = _following(got, ask, limit)
        if following is None:
            return so_far.end(got, ask)
        if isinstance(following, str):
            return following
        cut = so_far.add(got, following, most_rows)
        if cut:
            return cut
        ask = following
    return "page_limit"


class _SoFar:
    """What came of a listing so far, and whether that is a reason to cut it.

    Args:
        cursor: where the listing begins.
    """

    def __init__(self, cursor: str | None) -> None:
        self._places: set[str | int | None] = {cursor}
        self._known = RepeatedPages()
        self._rows = 0
        self._empty = 0
        self._last_hashes: frozenset[int] | None = None

    def end(self, got: PageGot, ask: PageAsk) -> str | None:
        """Returns why the listing is cut after its last page.

        A service that does not know `offset` gives its first page again, until its own count of the
        records is reached.
        """
        is_same_page = bool(got.record_hashes) and got.record_hashes == self._last_hashes
        return "repeats itself" if ask.offset is not None and is_same_page else None

    def add(self, got: PageGot, following: PageAsk, most_rows: int | None) -> str | None:
        """Counts an answer; returns why the listing is cut although there is a next page."""
        self._rows += got.rows
        self._empty = 0 if got.rows else self._empty + 1
        self._last_hashes = got.record_hashes
        stale = self._known.add_page(got.record_hashes)
        place = following.cursor if following.offset is None else following.offset
        if place in self._places:
            return "cursor_loop"
        self._places.add(place)
        if most_rows is not None and self._rows >= most_rows:
            return "limit"
        if self._empty == MOST_EMPTY:
            return "empty_pages"
        return "repeats itself" if stale == MOST_STALE else None


def _following(got: PageGot, ask: PageAsk, limit: int) -> PageAsk | str | None:
    """Returns the page after an answer; None after the last one.

    Where its cursor cannot be sent, returns the reason to cut the listing instead.
    """
    # A page that was halved grows again.
    wider = min(limit, ask.limit * 2)
    if got.cursor in (None, ""):
        return None if got.offset is None else PageAsk(wider, offset=got.offset)
    cursor = _sendable(got.cursor)
    return "bad_cursor" if cursor is None else PageAsk(wider, cursor)


def _sendable(cursor: object) -> str | None:
    """Returns a cursor as text for a URL; None when it cannot be written there."""
    if isinstance(cursor, int) and not isinstance(cursor, bool) and abs(cursor) < 2**64:
        return str(cursor)
    if not isinstance(cursor, str) or len(cursor) > LONGEST_CURSOR:
        return None
    try:
        return cursor if len(quote(cursor)) <= LONGEST_CURSOR else None
    except UnicodeEncodeError:  # a lone surrogate
        return None


class RepeatedPages:
    """Counts the pages in a row that only repeat records of pages before them."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._stale = 0

    def add_page(self, record_hashes: frozenset[int] | None) -> int:
        """Adds the records of a page; returns how many pages in a row brought no new one."""
        if record_hashes:
            self._stale = self._stale + 1 if record_hashes <= self._known else 0
            self._known |= record_hashes
        return self._stale


class Order:
    """Checks whether records come newest first, and when none in the window of time can follow.

    Args:
        since: the earliest `created_at` that is requested, in microseconds since the epoch.

    Attributes:
        verified: whether no record so far was newer than the one before; None when no time could
            be read.
    """

    def __init__(self, since: int | None = None) -> None:
        self.verified: bool | None = None
        self._since = since
        self._last: int | None = None

    def add_page(self, times: Sequence[int | None]) -> bool:
        """Adds the times of a page; returns whether every record after it is older than `since`.

        That is so when all records of the page are older, and all came newest first so far.
        """
        known = [moment for moment in times if moment is not None]
        if not known:
            return False
        sequence = known if self._last is None else [self._last, *known]
        falling = all(later >= earlier for later, earlier in pairwise(sequence))
        self.verified = falling and self.verified is not False
        self._last = known[-1]
        all_older = self._since is not None and max(known) < self._since
        return all_older and len(known) == len(times) and self.verified
