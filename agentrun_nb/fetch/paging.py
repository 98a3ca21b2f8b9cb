"""Pages as a generator that yields what to ask, is sent what came, and returns why it ended. No I/O."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

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
    """What came: how many records, how to go on, and when the records were made (microseconds; None: not readable).

    `offset` is where the next page begins for a service that counts. `too_large` says that the answer was over the
    cap, and nothing of it was kept.
    """

    rows: int = 0
    cursor: object = None
    offset: int | None = None
    times: Sequence[int | None] = ()
    too_large: bool = False


@dataclass(frozen=True)
class Ending:
    """Why a walk ended.

    Attributes:
        truncated_by: None when the last page was reached, or when nothing that is wanted can follow.
        in_order: whether every page came newest first; None when none had readable times.
    """

    truncated_by: str | None
    in_order: bool | None


Walk = Generator[PageAsk, PageGot, Ending]


def pages(limit: int = 200, since: int | None = None, most_pages: int = MOST_PAGES) -> Walk:
    """Walks all pages of one listing.

    Args:
        limit: records a page.
        since: microseconds since the epoch; the walk ends after one whole page older than that, while every page so
            far came newest first.
        most_pages: where a listing that never ends is cut.
    """
    seen: set[str | int | None] = {None}
    order = _Order()
    ask = PageAsk(limit)
    empty = 0
    for _ in range(most_pages):
        got = yield ask
        if got.too_large:
            if ask.limit == 1:
                return Ending("too_large", order.verified)
            ask = PageAsk(ask.limit // 2, ask.cursor, ask.offset)
            continue
        order.add(got.times)
        empty = 0 if got.rows else empty + 1
        if since is not None and order.verified and _all_older(got.times, since):
            return Ending(None, True)
        following = got.cursor if got.cursor not in (None, "") else got.offset
        if following is None:
            return Ending(None, order.verified)
        if not isinstance(following, str | int):
            return Ending("bad_cursor", order.verified)
        if following in seen:
            return Ending("cursor_loop", order.verified)
        if empty == MOST_EMPTY:
            return Ending("empty_pages", order.verified)
        seen.add(following)
        wider = min(limit, ask.limit * 2)
        counted = got.cursor in (None, "")
        ask = PageAsk(wider, None if counted else str(following), got.offset if counted else None)
    return Ending("page_limit", order.verified)


@dataclass
class _Order:
    """Whether moments came in falling order so far."""

    verified: bool | None = None
    _last: int | None = field(default=None, repr=False)

    def add(self, times: Sequence[int | None]) -> None:
        for moment in times:
            if moment is None:
                continue
            falling = self._last is None or moment <= self._last
            self.verified = falling and self.verified is not False
            self._last = moment


def _all_older(times: Sequence[int | None], since: int) -> bool:
    return bool(times) and all(moment is not None and moment < since for moment in times)
