"""Runs listed to the end: several walks at a time, and a report of what is missing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from agentrun_nb import report, times
from agentrun_nb.errors import AgentRunError, SettingsError, UnauthorizedError
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.chunks import Sieve, newest, regroup
from agentrun_nb.fetch.pager import PAGE, turn_pages
from agentrun_nb.fetch.paging import Ending, PageAsk
from agentrun_nb.fetch.progress import Line
from agentrun_nb.fetch.wanted import Branch, Wanted, created
from agentrun_nb.frames import table_frame
from agentrun_nb.http import routes
from agentrun_nb.http.loop import Emit, Stream, together
from agentrun_nb.http.routes import Ask
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records import Batch, Page, decode_page
from agentrun_nb.report import FetchReport
from agentrun_nb.schema import RUNS

if TYPE_CHECKING:
    import pandas as pd


class Listing:
    """One call of `list_runs`: batches as they come, and a report of them at the end."""

    def __init__(self, wire: Wire, wanted: Wanted, line: Line) -> None:
        self.interrupted = False
        self._wire = wire
        self._wanted = wanted
        self._line = line
        self._tally = Tally()
        self._started = time.monotonic()
        self._pages = 0
        self._endings: list[Ending] = []
        self._failures: list[AgentRunError] = []

    def batches(self) -> Iterator[Batch]:
        """The wanted rows, page by page; an interrupt ends them.

        Raises:
            AgentRunError: no page came at all, or the key was refused.
        """
        stream: Stream[Batch] = Stream(self._walk_all, ahead=16, idle=lambda: self._line.wait(self._tally.waiting_for))
        left: list[Batch] = []
        try:
            for batch in stream:
                self._count(batch)
                yield batch
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            left = stream.stop()
        for batch in left:
            self._count(batch)
            yield batch
        if self._failures and not self._pages:
            raise self._failures[0]

    def _count(self, batch: Batch) -> None:
        earliest = pc.min(created(batch)).as_py()
        self._line.add(len(batch), "" if earliest is None else f"back to {times.iso(earliest)[:10]}")

    async def _walk_all(self, emit: Emit[Batch]) -> None:
        waiting = iter(self._wanted.branches)

        async def worker() -> None:
            for branch in waiting:
                await self._walk(branch, emit)

        await together(worker() for _ in range(min(self._wire.settings.max_in_flight, len(self._wanted.branches))))

    async def _walk(self, branch: Branch, emit: Emit[Batch]) -> None:
        limit, taken = self._wanted.limit, 0

        async def take(page: Page) -> bool:
            nonlocal taken
            self._pages += 1
            kept = self._wanted.keep(page.batch)
            taken += len(kept)
            await emit(kept)
            return limit is None or taken < limit

        def ask_for(page: PageAsk) -> Ask:
            filters = {"status": branch.status, "version_id": branch.version_id}
            return routes.RUNS.ask(branch.deployment, **(filters | page.params))

        size = min(PAGE, limit) if limit and self._wanted.since is None and self._wanted.until is None else PAGE
        walk = paging.pages(size, self._wanted.since)
        try:
            ending = await turn_pages(
                self._wire, walk, ask_for, lambda body: decode_page(RUNS, body), take, self._tally
            )
        except (UnauthorizedError, SettingsError):
            raise
        except AgentRunError as error:
            self._failures.append(error)
            ending = Ending(error.kind, None)
        self._endings.append(ending)

    def finish(self, frame: pd.DataFrame, *, duplicates: int, cut: bool, last: bool = True) -> None:
        """Writes the report into the frame, and, for the last frame, into the line of progress."""
        reasons = {ending.truncated_by for ending in self._endings if ending.truncated_by}
        if self.interrupted:
            reasons.add("interrupt")
        if cut:
            reasons.add("limit")
        if not last:
            reasons = {"chunk"}
        orders = {ending.in_order for ending in self._endings} - {None}
        made = FetchReport(
            asked=self._wanted.limit,
            got=len(frame),
            rows=len(frame),
            complete=not reasons,
            truncated_by=", ".join(sorted(reasons)) or None,
            deployments=len({branch.deployment for branch in self._wanted.branches}),
            pages=self._pages,
            streams=len(self._wanted.branches),
            order_verified=orders == {True} if orders else None,
            duplicates=duplicates,
            retries=self._tally.retries,
            waited_seconds=self._tally.waited,
            clock_offset=self._tally.clock_offset,
            oddities=report.count_oddities(frame),
            seconds=time.monotonic() - self._started,
        )
        report.attach(frame, made)
        if last:
            self._line.end(made.sentence)


def list_frame(wire: Wire, wanted: Wanted, *, progress: bool) -> pd.DataFrame:
    """All wanted runs in one frame, newest first where there are several branches, each run once."""
    with Line(wanted.limit, shown=progress) as line:
        listing = Listing(wire, wanted, line)
        frame, duplicates = newest(table_frame(RUNS, listing.batches()))
        if len(wanted.branches) > 1:
            frame = frame.sort_values("created_at", ascending=False, kind="stable", na_position="last")
        cut = wanted.limit is not None and len(frame) > wanted.limit
        frame = frame.head(wanted.limit if cut else len(frame)).reset_index(drop=True)
        listing.finish(frame, duplicates=duplicates, cut=cut)
        return frame


def list_chunks(wire: Wire, wanted: Wanted, chunk: int, *, progress: bool) -> Iterator[pd.DataFrame]:
    """The wanted runs in frames of `chunk` rows, each run once, the first record that came of it."""
    with Line(wanted.limit, shown=progress) as line:
        listing, sieve = Listing(wire, wanted, line), Sieve(wanted.limit)
        frames = (table_frame(RUNS, group) for group in regroup(map(sieve.pick, listing.batches()), chunk))
        frame = next(frames, None)
        while frame is not None:
            following = next(frames, None)
            listing.finish(frame, duplicates=sieve.duplicates, cut=sieve.cut, last=following is None)
            yield frame
            frame = following
    if listing.interrupted:
        raise KeyboardInterrupt
