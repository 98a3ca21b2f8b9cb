"""Listings, page by page, over the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pyarrow as pa

from agentrun_nb.errors import BadResponseError, TooLargeError
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.paging import Ending, PageAsk, PageGot
from agentrun_nb.frames import table_frame
from agentrun_nb.http.loop import run
from agentrun_nb.http.routes import Ask, Route
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records import Batch, Page, decode_page
from agentrun_nb.schema import Table

if TYPE_CHECKING:
    import pandas as pd

PAGE = 200
"""Records a page: the most that the service gives."""


async def turn_pages(
    wire: Wire,
    walk: paging.Walk,
    ask_for: Callable[[PageAsk], Ask],
    read: Callable[[bytes], Page],
    take: Callable[[Page], Awaitable[bool]],
    tally: Tally,
) -> Ending:
    """Asks for page after page as the walk says, and hands each over; `take` says whether more are wanted."""
    page_ask = next(walk)
    while True:
        wanted = True
        try:
            page = await wire.fetch(ask_for(page_ask), read, tally)
        except TooLargeError:
            got = PageGot(too_large=True)
        else:
            wanted = await take(page)
            got = _page_got(page, page_ask)
        try:
            page_ask = walk.send(got)
        except StopIteration as ended:
            ending: Ending = ended.value
            return ending
        if not wanted:
            return Ending("limit", None)


def _page_got(page: Page, ask: PageAsk) -> PageGot:
    more = page.envelope.get("has_more")
    cursor = None if more is False else page.envelope.get("next_cursor")
    counted = (ask.offset or 0) + len(page.batch) if more is True else None
    return PageGot(len(page.batch), cursor, counted, page.batch.cells["created_at"].cast(pa.int64()).to_pylist())


def fetch_table(
    wire: Wire, table: Table, route: Route, *ids: str, key: str = "items", limit: int = PAGE, **params: str | int | None
) -> pd.DataFrame:
    """Fetches a small listing whole.

    Raises:
        AgentRunError: it did not come whole.
    """
    batches: list[Batch] = []
    route.ask(*ids)

    async def take(page: Page) -> bool:
        batches.append(page.batch)
        return True

    ending = run(
        turn_pages(
            wire,
            paging.pages(limit),
            lambda page: route.ask(*ids, **(params | page.params)),
            lambda body: decode_page(table, body, key),
            take,
            Tally(),
        )
    )
    if ending.truncated_by:
        raise BadResponseError(
            f"The listing does not come to its end: {ending.truncated_by.replace('_', ' ')}.", route=route.template
        )
    return table_frame(table, batches)
