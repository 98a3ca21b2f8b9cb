"""Listings, page by page, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from agentrun_nb.core.schema import RUNS, Table
from agentrun_nb.errors import BadResponseError, ServiceError, TooLargeError
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.paging import PageAsk, PageGot
from agentrun_nb.http.loop import run
from agentrun_nb.http.routes import Ask, Route
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.batch import Batch, Page
from agentrun_nb.records.decode import decode_page
from agentrun_nb.tables.frames import table_frame

if TYPE_CHECKING:
    import pandas as pd

PAGE = 200
"""Records a page: the most that the service gives."""

Take = Callable[[Page, PageAsk, PageAsk | None, str | None], Awaitable[bool]]

EXPIRED = (400, 410)
"""Statuses by which a service says that it does not know a cursor any more."""


@dataclass
class Pager:
    """How the pages of one table are asked for.

    Attributes:
        wire: the way to the service.
        table: whose records they hold.
        ask_for: the request for a page.
        tally: where the cost is noted.
        key: under which name an answer holds the records.
        without: columns whose text is not kept.
    """

    wire: Wire
    table: Table
    ask_for: Callable[[PageAsk], Ask]
    tally: Tally
    key: str = "items"
    without: Sequence[str] = ()

    async def turn(self, walk: paging.Walk, take: Take) -> str | None:
        """Asks for page after page as the walk says; the next one is on its way while the last one is decoded.

        Args:
            walk: what to ask.
            take: gets each page, what was asked, what is asked next, and why the walk is cut there, if it is; says
                whether more are wanted.

        Returns:
            Why the walk was cut; None when it came to its end, or no more was wanted.

        Raises:
            AgentRunError: a page did not come.
        """
        ask = next(walk)
        coming = self._begin(ask)
        try:
            while True:
                opened = await self._opened(coming, ask)
                try:
                    following, cut = walk.send(opened.got), None
                    coming = self._begin(following)
                except StopIteration as ended:
                    following, cut = None, ended.value
                page = await opened.decoded(self)
                wanted = page is None or await take(page, ask, following, cut)
                if following is None or not wanted:
                    return cut
                ask = following
        finally:
            coming.cancel()
            await asyncio.wait([coming])

    def _begin(self, ask: PageAsk) -> asyncio.Task[_Opened]:
        task = asyncio.create_task(self.wire.fetch(self.ask_for(ask), lambda body: self._open(body, ask), self.tally))
        task.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody may wait for it any more
        return task

    async def _opened(self, coming: asyncio.Task[_Opened], ask: PageAsk) -> _Opened:
        """The answer; one that was too large or not readable is asked for in halves, the latter three times."""
        try:
            return await coming
        except (TooLargeError, BadResponseError) as error:
            smallest = PAGE // 8 if isinstance(error, BadResponseError) else 1
            if ask.limit <= smallest or error.status not in (None, 200):
                raise
            return _Opened(PageGot(unread=True))
        except ServiceError as error:
            if ask.cursor is None or error.status not in EXPIRED:
                raise
            return _Opened(PageGot(expired=True))

    def _open(self, body: bytes, ask: PageAsk) -> _Opened:
        """Checks an answer, and reads only what is needed to go on."""
        page = None
        try:
            found = _envelope(self.key, _Named).decode(body)
            records = [record.id for record in getattr(found, self.key)]
            if not all(isinstance(name, str) for name in records):  # known again by what they say
                records = [bytes(text) for text in getattr(_envelope(self.key, msgspec.Raw).decode(body), self.key)]
            more, cursor = found.has_more, found.next_cursor
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            page = decode_page(self.table, body, self.key, self.without)
            records = _rows(page.batch)
            more, cursor = page.envelope.get("has_more"), page.envelope.get("next_cursor")
        if more is False and cursor:
            self.tally.oddities["more_after_end"] += 1
        counted = (ask.offset or 0) + len(records) if more is True else None
        names = frozenset(map(hash, records))
        got = PageGot(len(records), None if more is False else cursor, counted, names=names)
        return _Opened(got, body, page, self.tally.service_time)


def _rows(batch: Batch) -> list[Any]:
    """What records are known again by: the id, or all cells of one without an id."""
    plain = [cells.cast(pa.int64()) if pa.types.is_timestamp(cells.type) else cells for cells in batch.cells.values()]
    rows = zip(batch.cells["id"].to_pylist(), *(cells.to_pylist() for cells in plain), strict=True)
    return [row if row[0] is None else row[0] for row in rows]


class _Named(msgspec.Struct):
    """A record of which only the id is read."""

    id: Any = None


@cache
def _envelope(key: str, record: type) -> msgspec.json.Decoder[Any]:
    rest = [("next_cursor", Any, None), ("has_more", Any, None)]
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [(key, list[record]), *rest]))  # type: ignore[valid-type]


@dataclass
class _Opened:
    """An answer that is known to be a page, and how to go on after it."""

    got: PageGot
    body: bytes = b""
    page: Page | None = None
    fetched: int = 0

    async def decoded(self, pager: Pager) -> Page | None:
        """The page, decoded beside the loop; None when nothing of it was kept."""
        if not self.page and not (self.got.unread or self.got.expired):
            self.page = await asyncio.to_thread(decode_page, pager.table, self.body, pager.key, pager.without)
            if pager.table is RUNS and self.page:
                self.page = self.page.fetched(self.fetched)
        return self.page


async def collect(
    wire: Wire,
    table: Table,
    route: Route,
    *ids: str,
    key: str = "items",
    limit: int = PAGE,
    tally: Tally | None = None,
    **params: str | int | None,
) -> pd.DataFrame:
    """Fetches a small listing whole.

    Raises:
        AgentRunError: it did not come whole.
    """
    batches: list[Batch] = []

    async def take(page: Page, *_: object) -> bool:
        batches.append(page.batch)
        return True

    pager = Pager(wire, table, lambda ask: route.ask(*ids, **(params | ask.params)), tally or Tally(), key)
    cut = await pager.turn(paging.pages(limit), take)
    if cut:
        raise BadResponseError(f"The listing does not come to its end: {cut.replace('_', ' ')}.", route=route.template)
    return table_frame(table, batches)


def fetch_table(wire: Wire, table: Table, route: Route, *ids: str, **asked: Any) -> pd.DataFrame:
    """Fetches a small listing whole, as `collect` does, and waits for it."""
    return run(collect(wire, table, route, *ids, **asked))
