"""Listings, page by page, over the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from agentrun_nb.core.schema import RUNS, Table
from agentrun_nb.errors import (
    AgentRunError,
    BadResponseError,
    ServiceError,
    SettingsError,
    TooLargeError,
    UnauthorizedError,
)
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.paging import PageAsk, PageGot
from agentrun_nb.fetch.strangers import strangers_noted
from agentrun_nb.http.loop import run
from agentrun_nb.http.routes import Ask, Route
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.batch import Batch, Page
from agentrun_nb.records.decode import decode_page
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.remainder import Walk
from agentrun_nb.tables.report import FetchReport

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
        ahead: whether the next page is asked for while the last one is decoded; not where what it
            says may be the end.
    """

    wire: Wire
    table: Table
    ask_for: Callable[[PageAsk], Ask]
    tally: Tally
    key: str = "items"
    without: Sequence[str] = ()
    ahead: bool = True

    async def turn(self, walk: paging.Walk, take: Take) -> str | None:
        """Asks for page after page as the walk says.

        The next page is on its way while the last one is decoded.

        Args:
            walk: what to ask.
            take: gets each page, what was asked, what is asked next, and why the walk is cut there,
                if it is; says whether more are wanted.

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
                except StopIteration as ended:
                    following, cut = None, ended.value
                if following is not None and self.ahead:
                    coming = self._begin(following)
                page = await opened.decoded(self, ask)
                wanted = page is None or await take(page, ask, following, cut)
                if following is None or not wanted:
                    return cut
                if not self.ahead:
                    coming = self._begin(following)
                ask = following
        finally:
            coming.cancel()
            await asyncio.wait([coming])

    def _begin(self, ask: PageAsk) -> asyncio.Task[_Opened]:
        answer = self.wire.fetch(self.ask_for(ask), lambda body: self._open(body, ask), self.tally)
        task = asyncio.create_task(answer)
        # Nobody may wait for it any more.
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return task

    async def _opened(self, coming: asyncio.Task[_Opened], ask: PageAsk) -> _Opened:
        """Waits for the answer, and says what to do about one that is of no use.

        An answer that was too large or not readable is asked for in halves, one that was not
        readable at most three times.
        """
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
                raw = _envelope(self.key, msgspec.Raw).decode(body)
                records = [bytes(text) for text in getattr(raw, self.key)]
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
    plain = [
        cells.cast(pa.int64()) if pa.types.is_timestamp(cells.type) else cells
        for cells in batch.cells.values()
    ]
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

    async def decoded(self, pager: Pager, ask: PageAsk) -> Page | None:
        """The page, decoded beside the loop; None when nothing of it was kept."""
        if self.got.unread or self.got.expired:
            return None
        page = self.page
        if page is None:
            given = (pager.table, self.body, pager.key, pager.without)
            page = await asyncio.to_thread(decode_page, *given)
        if pager.table is RUNS:
            page = page.with_fetched_at(self.fetched)
        batch, request = page.batch, pager.ask_for(ask)
        for name, wanted in (request.ids | request.params).items():
            if name.endswith("_id"):
                batch = strangers_noted(batch, name, [wanted] * len(batch))
        return replace(page, batch=batch)


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
    """Fetches a small listing, with a report on it.

    Returns:
        The table; where not all of it came, what came, marked so in its fetch report.

    Raises:
        AgentRunError: not a page came, or the key was refused.
    """
    batches: list[Batch] = []
    odd: str | None = None
    tally, started, fetched_from = tally or Tally(), time.monotonic(), datetime.now(UTC)

    async def take(page: Page, *_: object) -> bool:
        nonlocal odd
        batches.append(page.batch)
        if page.lists > 1:
            tally.oddities["duplicate_key"] += 1
            odd = "duplicate_key"
        return True

    pager = Pager(wire, table, lambda ask: route.ask(*ids, **(params | ask.params)), tally, key)
    try:
        cut = await pager.turn(paging.pages(limit), take)
    except (UnauthorizedError, SettingsError):
        raise
    except AgentRunError as error:
        if not batches:
            raise
        cut = error.kind
    cut = cut or odd
    frame = table_frame(table, batches)
    made = FetchReport(
        got=len(frame),
        complete=cut is None,
        truncated_by=cut,
        pages=len(batches),
        oddities=report.count_oddities(frame, tally.oddities),
        seconds=time.monotonic() - started,
        table=table.name,
        fetched_from=fetched_from,
        fetched_to=datetime.now(UTC),
        **tally.told,
    )
    report.attach(frame, made, Walk(whole=cut is None))
    return frame


def fetch_table(wire: Wire, table: Table, route: Route, *ids: str, **asked: Any) -> pd.DataFrame:
    """Fetches a small listing, as `collect` does, and waits for it."""
    return run(collect(wire, table, route, *ids, **asked))
