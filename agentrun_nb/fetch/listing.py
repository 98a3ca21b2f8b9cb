"""Lists runs in one frame or in several, with a report on how complete they are."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from agentrun_nb.core import times
from agentrun_nb.core.schema import RUNS
from agentrun_nb.fetch.batches import Sieve, newest_first, packed, regroup, without_repeats
from agentrun_nb.fetch.progress import ProgressLine
from agentrun_nb.fetch.query import RunQuery, created
from agentrun_nb.fetch.walks import Walks
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.loop import Stream, safe_error
from agentrun_nb.http.wire import Wire
from agentrun_nb.records.batch import Batch
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.remainder import Remainder
from agentrun_nb.tables.report import FetchReport

if TYPE_CHECKING:
    import pandas as pd


class Listing:
    """One listing of runs: batches as they come, and a fetch report at the end.

    Args:
        wire: sends the requests.
        query: the runs to list.
        line: shows the progress.
        interrupts: notes interrupts.
        split: whether the versions of a deployment may be read side by side; the runs then come in
            no order.

    Attributes:
        interrupted: whether an interrupt ended the listing before all runs had come.
        walks: reads the pages.
    """

    def __init__(
        self,
        wire: Wire,
        query: RunQuery,
        line: ProgressLine,
        interrupts: DeferredInterrupts,
        *,
        split: bool,
    ) -> None:
        self.interrupted = False
        self.walks = Walks(wire, query, split=split)
        self._interrupts = interrupts
        self._query = query
        self._line = line
        self._started = time.monotonic()
        self._fetched_from = datetime.now(UTC)

    def batches(self) -> Iterator[Batch]:
        """Yields the requested rows page by page; an interrupt ends them.

        Raises:
            AgentRunError: no page came at all, or the key was refused.
        """
        walks = self.walks
        stream: Stream[Batch] = Stream(
            walks.run,
            self._interrupts,
            ahead=16,
            idle=lambda: self._line.wait(walks.tally.waiting_for),
        )
        try:
            for batch in stream:
                self._show_progress(batch)
                yield batch
        finally:
            waiting = stream.stop()
            ended_early = self._interrupts.heard and not stream.finished
            self.interrupted = ended_early and bool(walks.unfinished)
        for batch in waiting:
            self._show_progress(batch)
            yield batch
        if walks.failures and not walks.pages:
            raise safe_error(walks.failures[0])

    def _show_progress(self, batch: Batch) -> None:
        remark = ""
        earliest = pc.min(created(batch)).as_py()
        if earliest is not None:
            day = times.iso(earliest)[:10]
            remark = f"back to {day}"
        self._line.add(len(batch), remark)

    def finish(
        self, frame: pd.DataFrame, *, duplicates: int, cut: bool, got: int | None = None
    ) -> None:
        """Attaches the report on the whole listing to its only or last frame, and shows it.

        Args:
            frame: the frame.
            duplicates: the number of runs that came more than once.
            cut: whether more runs came than were requested.
            got: the number of runs in all frames; None: in this one.
        """
        reasons = self._reasons(cut)
        left = self.walks.unfinished.values()
        rest = self._query.rest(left, len(frame) if got is None else got)
        made = self._report(frame, duplicates, reasons)
        report.attach(frame, made, Remainder(whole=not reasons, rest=rest))
        self._line.end(made.sentence)

    def _reasons(self, cut: bool) -> set[str]:
        """Returns why the listing is not complete; empty when it is."""
        reasons = set(self.walks.cuts)
        if self.interrupted:
            reasons.add("interrupt")
        if cut:
            reasons.add("limit")
        if self._query.unlisted:
            reasons.add(f"the list of deployments: {self._query.unlisted}")
        if self.walks.unfinished and not reasons:
            reasons.add("unknown")
        return reasons

    def finish_part(self, frame: pd.DataFrame, duplicates: int) -> None:
        """Attaches a report to one of several frames which says that it is a part.

        Only the report on the last frame says how complete they all are.
        """
        part_report = self._report(frame, duplicates, {"chunk"})
        report.attach(frame, part_report, Remainder(whole=False))

    def _report(self, frame: pd.DataFrame, duplicates: int, reasons: set[str]) -> FetchReport:
        walks, query = self.walks, self._query
        orders = walks.orders - {None}
        order_verified = orders == {True} if orders else None
        truncated_by = ", ".join(sorted(reasons)) or None
        oddities = report.count_oddities(frame, walks.tally.oddities)
        seconds = time.monotonic() - self._started
        return FetchReport(
            asked=query.limit,
            got=len(frame),
            complete=not reasons,
            truncated_by=truncated_by,
            deployments=len(query.deployments),
            pages=walks.pages,
            streams=walks.streams,
            order_verified=order_verified,
            duplicates=duplicates,
            oddities=oddities,
            seconds=seconds,
            without=query.without,
            since=query.since_moment,
            until=query.until_moment,
            fetched_from=self._fetched_from,
            fetched_to=datetime.now(UTC),
            **walks.tally.report_fields,
        )


def list_frame(wire: Wire, query: RunQuery, *, progress: bool) -> pd.DataFrame:
    """Lists the requested runs in one frame, each run once.

    Where several branches were read, the newest run comes first.
    """
    with DeferredInterrupts() as interrupts, ProgressLine(query.limit, shown=progress) as line:
        listing = Listing(wire, query, line, interrupts, split=True)
        batches = list(packed(listing.batches()))
        several = listing.walks.streams > 1 or len(query.branches) > 1
        ordered = newest_first(batches) if several and batches else batches
        frame, duplicates = without_repeats(table_frame(RUNS, ordered))
        cut = query.limit is not None and len(frame) > query.limit
        frame = frame.head(query.limit if cut else len(frame)).reset_index(drop=True)
        listing.finish(frame, duplicates=duplicates, cut=cut)
        return frame


def list_chunks(
    wire: Wire, query: RunQuery, chunk: int, *, progress: bool
) -> Iterator[pd.DataFrame]:
    """Yields the requested runs in frames of `chunk` rows.

    Each run comes once, as the first record of it that came.
    """
    interrupts = DeferredInterrupts()
    steps = _chunks(wire, query, chunk, interrupts, progress=progress)
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
    wire: Wire, query: RunQuery, chunk: int, interrupts: DeferredInterrupts, *, progress: bool
) -> Generator[pd.DataFrame, None, None]:
    with ProgressLine(query.limit, shown=progress) as line:
        listing = Listing(wire, query, line, interrupts, split=False)
        sieve = Sieve(query.limit)
        rows = map(sieve.pick, listing.batches())
        frames = (table_frame(RUNS, group) for group in regroup(rows, chunk))
        frame = next(frames, None)
        while frame is not None:
            following = next(frames, None)
            if following is None:
                listing.finish(frame, duplicates=sieve.duplicates, cut=sieve.cut, got=sieve.passed)
            else:
                listing.finish_part(frame, sieve.duplicates)
            yield frame
            frame = following
