"""Reads listings page by page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

import msgspec
import pyarrow as pa

from agentrun_nb.core.schema import LOGS, RUNS, Table
from agentrun_nb.core.times import AnswerTime
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
from agentrun_nb.fetch.strangers import note_strangers
from agentrun_nb.http.loop import run
from agentrun_nb.http.routes import Ask, Route
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.batch import Batch, Page
from agentrun_nb.records.decode import decode_page
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.remainder import Remainder
from agentrun_nb.tables.report import FetchReport

if TYPE_CHECKING:
    import pandas as pd

PAGE = 200
"""The number of records a page: the most that the service gives."""

EXPIRED = (400, 410)
"""HTTP statuses by which a service says that it does not know a cursor any more."""

MOST_UNREADABLE = 3
"""How many times a page that cannot be read is asked for again, in halves."""


@dataclass(frozen=True)
class ReadPage:
    """A page that came.

    Attributes:
        page: the records.
        ask: what was asked for.
        following: what is asked for next; None after the last page.
        cut: why the listing is cut after this page; None where it is not.
        body: the answer itself.
        answer_time: when it was made, by the service's clock.
    """

    page: Page
    ask: PageAsk
    following: PageAsk | None
    cut: str | None
    body: bytes = b""
    answer_time: AnswerTime | None = None


TakePage = Callable[[ReadPage], Awaitable[bool]]
"""Takes a page; returns whether the next one is to be read."""


@dataclass
class Pager:
    """Reads the pages of one listing.

    Attributes:
        wire: sends the requests.
        table: the table that the records belong to.
        ask_for: makes the request for a page.
        tally: where the requests and their cost are noted.
        key: the key of an answer that holds the records.
        without: columns whose text is dropped.
        ahead: whether the next page is asked for while the last one is decoded; not where what that
            one holds may end the listing.
    """

    wire: Wire
    table: Table
    ask_for: Callable[[PageAsk], Ask]
    tally: Tally
    key: str = "items"
    without: Sequence[str] = ()
    ahead: bool = True

    async def read_pages(self, steps: paging.PageSteps, take: TakePage) -> str | None:
        """Reads page after page.

        Args:
            steps: says what to ask for after each page.
            take: takes each page, and says whether to read on.

        Returns:
            Why the listing was cut; None when it came to its end, or `take` ended it.

        Raises:
            AgentRunError: a page did not come.
        """
        ask = next(steps)
        request = self._send(ask)
        try:
            while True:
                opened = await self._wait_for(request, ask)
                following, cut = _next_step(steps, opened.got)
                if following is not None and self.ahead:
                    request = self._send(following)
                page = await opened.decode(self, ask)
                reads_on = True
                if page is not None:
                    read = ReadPage(page, ask, following, cut, opened.body, opened.answer_time)
                    reads_on = await take(read)
                if following is None or not reads_on:
                    return cut
                if not self.ahead:
                    request = self._send(following)
                ask = following
        finally:
            request.cancel()
            await asyncio.wait([request])

    def _send(self, ask: PageAsk) -> asyncio.Task[_Opened]:
        """Asks for a page, in a task of its own."""
        request = self.ask_for(ask)
        answer = self.wire.fetch(request, lambda body: self._open(body, ask), self.tally)
        task = asyncio.create_task(answer)
        # Nobody may wait for it any more, and asyncio warns of an error that nobody looked at.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _wait_for(self, request: asyncio.Task[_Opened], ask: PageAsk) -> _Opened:
        """Waits for an answer.

        One that is too large is asked for again in halves down to one record, one that cannot be
        read in halves three times.
        """
        try:
            return await request
        except (TooLargeError, BadResponseError) as error:
            unreadable = isinstance(error, BadResponseError)
            smallest = PAGE // 2**MOST_UNREADABLE if unreadable else 1
            if ask.limit <= smallest or error.status not in (None, 200):
                raise
            return _Opened(PageGot(unread=True))
        except ServiceError as error:
            if ask.cursor is None or error.status not in EXPIRED:
                raise
            return _Opened(PageGot(expired=True))

    def _open(self, body: bytes, ask: PageAsk) -> _Opened:
        """Checks an answer, and reads only what is needed to ask for the next page."""
        page = None
        try:
            identities, envelope = self._read_lightly(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            page = decode_page(self.table, body, self.key, self.without)
            identities = _identities(page.batch)
            envelope = page.envelope
        cursor = envelope.get("next_cursor")
        # Where a page began by a cursor, nobody knows how many records came before it.
        so_far = None if ask.cursor else (ask.offset or 0) + len(identities)
        has_more = _says_more(envelope, so_far)
        # The end of a log has a place to go on from, since a log may grow.
        if has_more is False and cursor and self.table is not LOGS:
            self.tally.oddities["more_after_end"] += 1
        got = PageGot(
            rows=len(identities),
            cursor=None if has_more is False else cursor,
            offset=(ask.offset or 0) + len(identities) if has_more else None,
            record_hashes=frozenset(map(hash, identities)),
        )
        return _Opened(got, body, page, self.tally.answer_time)

    def _read_lightly(self, body: bytes) -> tuple[list[Any], dict[str, Any]]:
        """Reads the ids of the records and what tells of the next page, and no more of an answer.

        Where a record has no id that is text, each is known again by its bytes instead.
        """
        answer = _decoder(self.key, _Named).decode(body)
        identities = [record.id for record in getattr(answer, self.key)]
        if not all(isinstance(identity, str) for identity in identities):
            raw_answer = _decoder(self.key, msgspec.Raw).decode(body)
            identities = [bytes(record) for record in getattr(raw_answer, self.key)]
        return identities, {name: getattr(answer, name) for name in _ENVELOPE}


def _next_step(steps: paging.PageSteps, got: PageGot) -> tuple[PageAsk | None, str | None]:
    """Returns what to ask for after a page, or None and why the listing was cut, if it was."""
    try:
        return steps.send(got), None
    except StopIteration as ended:
        return None, ended.value


def _identities(batch: Batch) -> list[Any]:
    """Returns what each record is known again by: its id, or all cells of one without an id."""
    columns = [_to_comparable(cells).to_pylist() for cells in batch.cells.values()]
    ids = batch.cells["id"].to_pylist()
    records = zip(*columns, strict=True)
    return [
        record if run_id is None else run_id for run_id, record in zip(ids, records, strict=True)
    ]


def _to_comparable(cells: pa.Array) -> pa.Array:
    """Makes whole numbers of times: Python's datetime cannot hold every one of them."""
    if not pa.types.is_timestamp(cells.type):
        return cells
    return cells.cast(pa.int64())


_ENVELOPE = ("next_cursor", "has_more", "total", "total_count", "page", "total_pages")
"""The keys of an answer that may tell whether a page follows it."""


def _says_more(envelope: Mapping[str, Any], so_far: int | None) -> bool | None:
    """Whether an answer says that records follow; None where it leaves that to its cursor.

    The documented answer has a cursor. A service that counts pages or records may send neither that
    nor `has_more`, and the first page of it is not all.

    Args:
        envelope: the keys of the answer besides its records.
        so_far: how many records came up to the end of this page; None where nobody knows.
    """
    has_more = _read_truth(envelope.get("has_more"))
    if has_more is not None or envelope.get("next_cursor"):
        return has_more
    page, pages = envelope.get("page"), envelope.get("total_pages")
    if _is_count(page) and _is_count(pages):
        return True if page < pages else None
    totals = [envelope.get("total"), envelope.get("total_count")]
    if so_far is None or not any(_is_count(total) and so_far < total for total in totals):
        return None
    return True


def _read_truth(value: Any) -> bool | None:
    """Reads a truth value, also as JSON text or as 1 and 0; None where it is none of these."""
    words = {"true": True, "false": False, "1": True, "0": False}
    return words.get(str(value).lower())


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


class _Named(msgspec.Struct):
    """A record of which only the id is read."""

    id: Any = None


@cache
def _decoder(key: str, record: type) -> msgspec.json.Decoder[Any]:
    """Makes the decoder of an answer that holds records under a key."""
    records = (key, list[record])  # type: ignore[valid-type]
    further = [(name, Any, None) for name in _ENVELOPE]
    envelope = msgspec.defstruct("Envelope", [records, *further])
    return msgspec.json.Decoder(envelope)


@dataclass
class _Opened:
    """An answer that is known to be a page.

    Attributes:
        got: what it says about the page after it.
        body: the answer itself.
        page: its records, where they had to be decoded already.
        answer_time: when it was made, by the service's clock.
    """

    got: PageGot
    body: bytes = b""
    page: Page | None = None
    answer_time: AnswerTime | None = None

    async def decode(self, pager: Pager, ask: PageAsk) -> Page | None:
        """Decodes the page in another thread; None when there is nothing in it to decode."""
        if self.got.unread or self.got.expired:
            return None
        page = self.page
        if page is None:
            given = (pager.table, self.body, pager.key, pager.without)
            page = await asyncio.to_thread(decode_page, *given)
        if pager.table is RUNS and self.answer_time is not None:
            page = page.with_answer_time(self.answer_time)
            pager.wire.ledger.note(page.batch)
        batch = page.batch
        request = pager.ask_for(ask)
        for name, requested in (request.ids | request.params).items():
            if name.endswith("_id"):
                batch = note_strangers(batch, name, [requested] * len(batch))
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
    """Fetches a small listing, with a fetch report.

    Args:
        wire: sends the requests.
        table: the table that the records belong to.
        route: the route of the listing.
        *ids: the ids in its path.
        key: the key of an answer that holds the records.
        limit: the number of records a page.
        tally: where the requests and their cost are noted.
        **params: further parameters of the query.

    Returns:
        The table. Where not all of it came, it holds what came, and its fetch report says so.

    Raises:
        AgentRunError: not a page came, or the key was refused.
    """
    batches: list[Batch] = []
    odd: str | None = None
    tally = tally or Tally()
    started = time.monotonic()
    fetched_from = datetime.now(UTC)

    async def take(read: ReadPage) -> bool:
        nonlocal odd
        batches.append(read.page.batch)
        if read.page.lists > 1:
            tally.oddities["duplicate_key"] += 1
            odd = "duplicate_key"
        return True

    def ask_for(page: PageAsk) -> Ask:
        return route.ask(*ids, **(params | page.params))

    pager = Pager(wire, table, ask_for, tally, key)
    try:
        cut = await pager.read_pages(paging.pages(limit), take)
    except (UnauthorizedError, SettingsError):
        raise
    except AgentRunError as error:
        if not batches:
            raise
        cut = error.kind
    cut = cut or odd
    every = table_frame(table, batches)
    frame = every[~every["id"].duplicated() | every["id"].isna()].reset_index(drop=True)
    made = FetchReport(
        got=len(frame),
        duplicates=len(every) - len(frame),
        complete=cut is None,
        truncated_by=cut,
        pages=len(batches),
        oddities=report.count_oddities(frame, tally.oddities),
        seconds=time.monotonic() - started,
        table=table.name,
        fetched_from=fetched_from,
        fetched_to=datetime.now(UTC),
        **tally.report_fields,
    )
    report.attach(frame, made, Remainder(whole=cut is None))
    return frame


def fetch_table(wire: Wire, table: Table, route: Route, *ids: str, **options: Any) -> pd.DataFrame:
    """Fetches a small listing, as `collect` does, and waits for it."""
    return run(collect(wire, table, route, *ids, **options))
