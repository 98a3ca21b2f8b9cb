"""Runs listed to the end, in one frame or in many, with a report of what is missing."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from agentrun_nb.core import times
from agentrun_nb.core.schema import RUNS
from agentrun_nb.fetch.batches import Sieve, newest, newest_first, packed, regroup
from agentrun_nb.fetch.progress import Line
from agentrun_nb.fetch.query import Wanted, created
from agentrun_nb.fetch.walks import Walks
from agentrun_nb.http.interrupts import Deferred
from agentrun_nb.http.loop import Stream, bare
from agentrun_nb.http.wire import Wire
from agentrun_nb.records.batch import Batch
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.remainder import Walk
from agentrun_nb.tables.report import FetchReport

if TYPE_CHECKING:
    import pandas as pd


class Listing:
    """One call of `list_runs`: batches as they come, and a report of them at the end.

    Args:
        wire: the way to the service.
        wanted: which runs.
        line: where progress is told.
        interrupts: where interrupts are heard.
        split: whether the versions of a deployment may be walked side by side; the runs come in no
            order then.
    """

    def __init__(
        self, wire: Wire, wanted: Wanted, line: Line, interrupts: Deferred, *, split: bool
    ) -> None:
        self.interrupted = False
        self._interrupts = interrupts
        self.walks = Walks(wire, wanted, split=split)
        self._wanted = wanted
        self._line = line
        self._started, self._fetched_from = time.monotonic(), datetime.now(UTC)

    def batches(self) -> Iterator[Batch]:
        """The wanted rows, page by page; an interrupt ends them.

        Raises:
            AgentRunError: no page came at all, or the key was refused.
        """
        tally = self.walks.tally
        stream: Stream[Batch] = Stream(
            self.walks.run,
            self._interrupts,
            ahead=16,
            idle=lambda: self._line.wait(tally.waiting_for),
        )
        try:
            for batch in stream:
                self._count(batch)
                yield batch
        finally:
            left = stream.stop()
            unfinished = not stream.finished and bool(self.walks.left)
            self.interrupted = self._interrupts.heard and unfinished
        for batch in left:
            self._count(batch)
            yield batch
        if self.walks.failures and not self.walks.pages:
            raise bare(self.walks.failures[0])

    def _count(self, batch: Batch) -> None:
        earliest = pc.min(created(batch)).as_py()
        told = "" if earliest is None else f"back to {times.iso(earliest)[:10]}"
        self._line.add(len(batch), told)

    def finish(
        self, frame: pd.DataFrame, *, duplicates: int, cut: bool, got: int | None = None
    ) -> None:
        """Writes the report on the whole listing into its only or last frame.

        The line of progress says it too.

        Args:
            frame: the frame.
            duplicates: runs that came more than once.
            cut: whether more came than were wanted.
            got: runs in all frames; None: in this one.
        """
        walks, wanted = self.walks, self._wanted
        reasons = set(walks.cuts)
        if self.interrupted:
            reasons.add("interrupt")
        if cut:
            reasons.add("limit")
        if wanted.unlisted:
            reasons.add(f"the list of deployments: {wanted.unlisted}")
        left = list(walks.left.values())
        if left and not reasons:
            reasons = {"unknown"}
        made = self._report(frame, duplicates, reasons)
        walk = Walk(whole=not reasons, rest=wanted.rest(left, len(frame) if got is None else got))
        report.attach(frame, made, walk)
        self._line.end(made.sentence)

    def finish_part(self, frame: pd.DataFrame, duplicates: int) -> None:
        """Writes into one of several frames that it is a part.

        Only the last frame says how complete they all are.
        """
        report.attach(frame, self._report(frame, duplicates, {"chunk"}), Walk(whole=False))

    def _report(self, frame: pd.DataFrame, duplicates: int, reasons: set[str]) -> FetchReport:
        walks, wanted = self.walks, self._wanted
        orders = walks.orders - {None}
        return FetchReport(
            asked=wanted.limit,
            got=len(frame),
            complete=not reasons,
            truncated_by=", ".join(sorted(reasons)) or None,
            deployments=len(wanted.deployments),
            pages=walks.pages,
            streams=walks.streams,
            order_verified=orders == {True} if orders else None,
            duplicates=duplicates,
            oddities=report.count_oddities(frame, walks.tally.oddities),
            seconds=time.monotonic() - self._started,
            without=wanted.without,
            since=wanted.since_moment,
            until=wanted.until_moment,
            fetched_from=self._fetched_from,
            fetched_to=datetime.now(UTC),
            **walks.tally.told,
        )


def list_frame(wire: Wire, wanted: Wanted, *, progress: bool) -> pd.DataFrame:
    """All wanted runs in one frame, newest first where there are several walks, each run once."""
    with Deferred() as interrupts, Line(wanted.limit, shown=progress) as line:
        listing = Listing(wire, wanted, line, interrupts, split=True)
        batches = list(packed(listing.batches()))
        several = listing.walks.streams > 1 or len(wanted.branches) > 1
        in_order = newest_first(batches) if several and batches else batches
        frame, duplicates = newest(table_frame(RUNS, in_order))
        cut = wanted.limit is not None and len(frame) > wanted.limit
        frame = frame.head(wanted.limit if cut else len(frame)).reset_index(drop=True)
        listing.finish(frame, duplicates=duplicates, cut=cut)
        return frame


def list_chunks(
    wire: Wire, wanted: Wanted, chunk: int, *, progress: bool
) -> Iterator[pd.DataFrame]:
    """Yields the wanted runs in frames of `chunk` rows.

    Each run is there once, as the first record that came of it.
    """
    interrupts = Deferred()
    steps = _chunks(wire, wanted, chunk, interrupts, progress=progress)
    try:
        while True:
            # Between two frames the caller's own code runs, and hears interrupts itself.
            with interrupts:
                frame = next(steps, None)
            if frame is None:
                return
            yield frame
    finally:
        steps.close()


def _chunks(
    wire: Wire, wanted: Wanted, chunk: int, interrupts: Deferred, *, progress: bool
) -> Generator[pd.DataFrame, None, None]:
    with Line(wanted.limit, shown=progress) as line:
        listing, sieve = Listing(wire, wanted, line, interrupts, split=False), Sieve(wanted.limit)
        picked = map(sieve.pick, listing.batches())
        frames = (table_frame(RUNS, group) for group in regroup(picked, chunk))
        frame = next(frames, None)
        while frame is not None:
            following = next(frames, None)
            if following is None:
                listing.finish(frame, duplicates=sieve.duplicates, cut=sieve.cut, got=sieve.passed)
            else:
                listing.finish_part(frame, sieve.duplicates)
            yield frame
            frame = following
