"""Walks through the runs of one deployment, from the newest to those that the archive has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agentrun_nb.archive import places
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.store import Added, SeenRecord, seen_records
from agentrun_nb.core.schema import RUNS
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.page_reader import PAGE, Pager, ReadPage
from agentrun_nb.fetch.paging import Order, PageAsk
from agentrun_nb.fetch.query import created
from agentrun_nb.http import routes
from agentrun_nb.http.routes import Ask
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.decode import cut_page

Took = Callable[[Added, int], Awaitable[None]]
"""Is told what was new of a page, and how many records it had."""


class Walk:
    """One walk through the runs of a deployment.

    Args:
        wire: sends the requests.
        database: where the records go, page by page.
        tally: where the requests are noted.
        deployment_id: the deployment.
        took: is told of each page.

    Attributes:
        place: where it began.
        seen: the ids of the runs that came; where not all pages are read again, only of those that
            have not ended.
        versions: the versions of the runs that were new.
        read_all: whether it came to the last page.
        cut: why the listing was cut; None where it was not.
    """

    def __init__(
        self, wire: Wire, database: Database, tally: Tally, deployment_id: str, took: Took
    ) -> None:
        self.place = places.WalkStart(deployment_id, walk=1)
        self.seen: set[str] = set()
        self.versions: set[str] = set()
        self.read_all = False
        self.cut: str | None = None
        self._wire = wire
        self._database = database
        self._tally = tally
        self._took = took
        self._order = Order()
        self._met_finished = False
        self._met_unfinished = False

    async def go(self) -> None:
        """Reads the pages until all runs are there.

        Raises:
            AgentRunError: a page did not come; the next walk goes on after those that did.
        """
        self.place = await asyncio.to_thread(
            places.plan_walk, self._database, self.place.deployment_id
        )
        # Where a page may be the last one that is needed, the next is not asked for meanwhile.
        place = self.place
        ahead = place.reads_all or (place.is_first and place.unfinished is None)
        self.cut = await self._turn(None, ahead=ahead)
        if self._met_unfinished:
            # From here on it is one walk with the unfinished one, and goes on where that ended.
            place.unfinished = None
            self._order = Order()
            self.cut = await self._turn(place.cursor, ahead=place.is_first)
        if self.cut is None:
            self.read_all = not self._met_finished
            verified = self._order.verified
            await asyncio.to_thread(
                places.finish, self._database, self.place, verified, read_all=self.read_all
            )

    async def _turn(self, cursor: str | None, *, ahead: bool) -> str | None:
        """Reads pages from a cursor on; returns why the listing was cut, or None."""

        def ask_for(page: PageAsk) -> Ask:
            return routes.RUNS.ask(self.place.deployment_id, **page.params)

        pager = Pager(self._wire, RUNS, ask_for, self._tally, ahead=ahead)
        return await pager.read_pages(paging.pages(PAGE, cursor), self._take)

    async def _take(self, read: ReadPage) -> bool:
        """Writes a page; returns whether the next one is to be read."""
        looks = await asyncio.to_thread(_records_of_page, read)
        if read.ask.is_first:
            # A listing whose cursor expired begins again.
            self._order = Order()
        self._order.add_page(created(read.page.batch).to_pylist())
        following = read.following.cursor if read.following else None
        added = await asyncio.to_thread(
            places.take_page, self._database, self.place, looks, following
        )
        self._note(looks, added)
        await self._took(added, len(looks))
        in_order = self._order.verified is True
        self._met_finished = in_order and self.place.meets_finished(added)
        self._met_unfinished = self.place.meets_unfinished(added) and not self._met_finished
        return not (self._met_finished or self._met_unfinished)

    def _note(self, looks: list[SeenRecord], added: Added) -> None:
        """Remembers which runs came."""
        self.versions |= added.versions
        for look in looks:
            if look.run_id is not None and (self.place.reads_all or not look.ended):
                self.seen.add(look.run_id)


def _records_of_page(read: ReadPage) -> list[SeenRecord]:
    return seen_records(read.page.batch, cut_page(read.body))
