"""Decides after each page whether a listing reads on. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from agentrun_nb.fetch.paging import Order


class Verdict(Enum):
    """What to do after a page."""

    READ_ON = "read the next page, if there is one"
    LIMIT_REACHED = "stop, although there is a next page"
    TRY_VERSIONS = "read the versions of the deployment side by side, if that is safe"
    ALL_FOUND = "stop: every later page is older than the window of time"


@dataclass(frozen=True)
class PageFacts:
    """What the verdict about a page depends on.

    Attributes:
        is_first: whether the listing begins with this page.
        has_next: whether there is a page to read after it.
        rows: how many rows of the page lie in the window of time.
        created: `created_at` of all records of the page, in microseconds since the epoch; None
            where it cannot be read.
    """

    is_first: bool
    has_next: bool
    rows: int
    created: Sequence[int | None] = ()


class Judge:
    """Gives the verdict about each page of one listing, in the order in which they come.

    Args:
        limit: how many rows are requested; None: all.
        since: the earliest `created_at` that is requested, in microseconds since the epoch.
        may_split: whether the versions of the deployment may be read side by side instead.

    Attributes:
        order: whether the records came newest first so far.
    """

    def __init__(self, limit: int | None, since: int | None, *, may_split: bool) -> None:
        self.order = Order(since)
        self._limit = limit
        self._since = since
        self._may_split = may_split
        self._rows = 0

    def verdict(self, page: PageFacts) -> Verdict:
        """Says what to do after a page."""
        if page.is_first:
            # A listing whose cursor expired begins again.
            self._rows = 0
            self.order = Order(self._since)
        self._rows += page.rows
        limit_reached = self._limit is not None and self._rows >= self._limit
        if limit_reached and page.has_next:
            return Verdict.LIMIT_REACHED
        if self._may_split and page.is_first and page.has_next:
            return Verdict.TRY_VERSIONS
        return self.verdict_by_time(page)

    def verdict_by_time(self, page: PageFacts) -> Verdict:
        """Says whether to read on after a page, by the times of its records alone."""
        all_older = self.order.add_page(page.created)
        return Verdict.ALL_FOUND if all_older else Verdict.READ_ON
