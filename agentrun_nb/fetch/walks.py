"""Reads all pages of a listing of runs, several branches of it side by side.

No run is lost while runs are created, change their status and end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core.schema import RUNS, VERSIONS
from agentrun_nb.errors import AgentRunError, SettingsError, UnauthorizedError
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.page_reader import PAGE, Pager, ReadPage, TakePage, collect
from agentrun_nb.fetch.paging import PageAsk
from agentrun_nb.fetch.query import Branch, RunQuery, created
from agentrun_nb.fetch.verdict import Judge, PageFacts, Verdict
from agentrun_nb.http import routes
from agentrun_nb.http.loop import Emit, together
from agentrun_nb.http.routes import Ask
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.batch import Batch, Page
from agentrun_nb.tables import report

PATIENCE = 2.0
"""Seconds that the list of versions may take; it only makes a listing quicker."""


class FilterIgnoredError(Exception):
    """The service was asked for the runs of one version and sent others too."""


class Walks:
    """Reads the branches that cover a query.

    Attributes:
        tally: the requests that were made, and what they cost.
        pages: the number of answers with runs.
        streams: the number of branches that were read until they ended or were cut.
        orders: whether each branch came newest first.
        cuts: the reasons why branches were cut.
        failures: the errors among them.
        unfinished: for each branch that is not read to its end, the branch to go on with: the same
            one from the page that is next.
    """

    def __init__(self, wire: Wire, query: RunQuery, *, split: bool) -> None:
        self.tally = Tally()
        self.pages = 0
        self.streams = 0
        self.orders: set[bool | None] = set()
        self.cuts: set[str] = set()
        self.failures: list[AgentRunError] = []
        self.unfinished = {branch: branch for branch in query.branches}
        self.query = query
        self._wire = wire
        self._split = split and query.limit is None
        self._slots = asyncio.Semaphore(wire.settings.max_in_flight)

    async def run(self, emit: Emit[Batch]) -> None:
        """Reads all branches, and emits the requested rows of each page."""
        chains = groupby(self.query.branches, key=_deployment_and_version)
        await together([self._walk_in_turn([*branches], emit) for _, branches in chains])

    async def _walk_in_turn(self, branches: Sequence[Branch], emit: Emit[Batch]) -> None:
        """Reads the branches of several statuses one after the other.

        Their order is that of a run's life, so that a run whose status changes meanwhile is met in
        a later branch.
        """
        for branch in branches:
            covers_all_versions = branch.version_id is None and branch.cursor is None
            await self._walk(branch, emit, split=self._split and covers_all_versions)

    async def _walk(
        self, branch: Branch, emit: Emit[Batch], *, split: bool, first_page: FirstPage | None = None
    ) -> None:
        """Reads a branch.

        Args:
            branch: the branch.
            emit: takes the requested rows of each page.
            split: whether a branch of several pages may be read by its versions instead.
            first_page: the runs of the first page, when this branch is one of those versions.
        """
        walk = _BranchWalk(self, branch, emit, split=split, first_page=first_page)
        cut = await self._turn_pages(branch, walk.take)
        if walk.versions and walk.first is not None:
            await self._walk_versions(branch, walk.versions, FirstPage(walk.first), emit)
            return
        self.streams += 1
        self.orders.add(walk.judge.order.verified)
        if cut:
            self.cuts.add(cut)
        else:
            self.unfinished.pop(branch, None)

    def note_oddities(self, page: Page, branch: Branch) -> None:
        """Counts what is odd about a page as a whole.

        A listing is cut by a page with several lists of runs: it says too little to be trusted.
        """
        if branch.status is not None:
            others = pc.not_equal(page.batch.cells["status"], branch.status)
            if pc.any(others).as_py():
                self.tally.oddities["filter_ignored"] += 1
        if page.lists > 1:
            self.tally.oddities["duplicate_key"] += 1
            self.cuts.add("duplicate_key")

    async def _turn_pages(self, branch: Branch, take: TakePage) -> str | None:
        """Reads the pages of a branch; returns why it was cut, or None."""
        windowed = self.query.since is not None or self.query.until is not None
        # In a window of time, rows that came do not all count towards the limit.
        most_rows = None if windowed else self.query.limit
        page_size = min(PAGE, most_rows or PAGE)

        def ask_for(page: PageAsk) -> Ask:
            filters = {"status": branch.status, "version_id": branch.version_id}
            return routes.RUNS.ask(branch.deployment, **(filters | page.params))

        pager = Pager(
            self._wire,
            RUNS,
            ask_for,
            self.tally,
            without=self.query.without,
            ahead=not windowed,
        )
        steps = paging.pages(page_size, branch.cursor, most_rows)
        try:
            async with self._slots:
                return await pager.read_pages(steps, take)
        except (UnauthorizedError, SettingsError):
            raise
        except AgentRunError as error:
            if _refuses_status(error, branch):
                raise
            self.failures.append(error)
            return error.kind

    async def versions_to_split(self, branch: Branch, first: Batch) -> list[str]:
        """Lists the versions that together hold all runs of a branch; empty where that is not sure.

        Their numbers have to be without a gap, since a version that is gone may have left runs, and
        every run of the first page has to belong to one of them.
        """
        deployment = branch.deployment
        try:
            async with asyncio.timeout(PATIENCE):
                listing = collect(
                    self._wire, VERSIONS, routes.VERSIONS, deployment, tally=self.tally
                )
                found = await listing
        except (AgentRunError, TimeoutError):
            return []
        if report.fetch_report(found).complete is not True:
            return []
        ids = set(found["id"].dropna())
        numbers = sorted(found["version_number"].dropna())
        without_gap = numbers == list(range(1, len(found) + 1))
        several_distinct = len(ids) == len(found) > 1
        all_known = ids.issuperset(first.cells["version_id"].to_pylist())
        return sorted(ids) if without_gap and several_distinct and all_known else []

    async def _walk_versions(
        self, branch: Branch, versions: list[str], first_page: FirstPage, emit: Emit[Batch]
    ) -> None:
        """Reads a branch by its versions, side by side: the version of a run never changes.

        Where that misses a run, reads the whole branch.
        """
        parts = [replace(branch, version_id=version) for version in versions]
        # One assignment: an interrupt between two would leave nothing to go on with.
        others = {other: rest for other, rest in self.unfinished.items() if other != branch}
        self.unfinished = others | {part: part for part in parts}
        try:
            await together(
                [self._walk(part, emit, split=False, first_page=first_page) for part in parts]
            )
            all_ended = self.unfinished.keys().isdisjoint(parts)
            if not first_page.missing or not all_ended:
                return
        except FilterIgnoredError:
            pass
        others = {other: rest for other, rest in self.unfinished.items() if other not in parts}
        self.unfinished = others | {branch: branch}
        await self._walk(branch, emit, split=False)


def _deployment_and_version(branch: Branch) -> tuple[str, str | None]:
    return branch.deployment, branch.version_id


def _refuses_status(error: AgentRunError, branch: Branch) -> bool:
    """Whether the service does not take the status of a branch: it would take it nowhere else."""
    return branch.status is not None and error.status in (400, 422)


class _BranchWalk:
    """Takes the pages of one branch, and acts on the verdict about each.

    Attributes:
        judge: gives the verdicts.
        versions: the versions to read instead of this branch; empty: read this branch.
        first: the requested rows of the first page, when there are such versions.
    """

    def __init__(
        self,
        walks: Walks,
        branch: Branch,
        emit: Emit[Batch],
        *,
        split: bool,
        first_page: FirstPage | None,
    ) -> None:
        query = walks.query
        self.judge = Judge(query.limit, query.since, may_split=split)
        self.versions: list[str] = []
        self.first: Batch | None = None
        self._walks = walks
        self._branch = branch
        self._emit = emit
        self._first_page = first_page

    async def take(self, read: ReadPage) -> bool:
        """Takes a page; returns whether the next one is to be read."""
        rows = await self._emit_rows(read.page)
        self._remember_place(read)
        facts = PageFacts(
            is_first=read.ask.is_first,
            has_next=read.following is not None,
            rows=len(rows),
            created=created(read.page.batch).to_pylist(),
        )
        verdict = self.judge.verdict(facts)
        if verdict is Verdict.TRY_VERSIONS:
            self.versions = await self._walks.versions_to_split(self._branch, read.page.batch)
            if self.versions:
                self.first = rows
                return False
            verdict = self.judge.verdict_by_time(facts)
        if verdict is Verdict.LIMIT_REACHED:
            self._walks.cuts.add("limit")
        if verdict is Verdict.ALL_FOUND:
            self._walks.unfinished.pop(self._branch, None)
        return verdict is Verdict.READ_ON

    async def _emit_rows(self, page: Page) -> Batch:
        """Emits the requested rows of a page, and returns them."""
        walks = self._walks
        rows = walks.query.keep(page.batch)
        if self._first_page:
            rows = self._first_page.new_rows(rows, self._branch.version_id)
        walks.note_oddities(page, self._branch)
        walks.pages += 1
        await self._emit(rows)
        # A slow reader is no silence of the service.
        walks.tally.alive_at = time.monotonic()
        return rows

    def _remember_place(self, read: ReadPage) -> None:
        """Notes where to go on, before the next pause, in which an interrupt may end everything."""
        unfinished = self._walks.unfinished
        if read.following is None and read.cut is None:
            unfinished.pop(self._branch, None)
        else:
            cursor = read.following.cursor if read.following else None
            unfinished[self._branch] = replace(self._branch, cursor=cursor)


class FirstPage:
    """The runs of the first page of a branch, which is then read by its versions instead.

    A reading by versions that does not bring all of them again has missed runs.

    Attributes:
        missing: the ids of those that no version has brought yet.
    """

    def __init__(self, first: Batch) -> None:
        self._first = first.cells["id"]
        self.missing = set(first.cells["id"].to_pylist())

    def new_rows(self, batch: Batch, version: str | None) -> Batch:
        """Selects the rows of a page that were not on the first page, and notes which came again.

        Args:
            batch: a page of a version.
            version: the id of that version.

        Raises:
            FilterIgnoredError: it holds runs of another version than the one asked for.
        """
        versions = batch.cells["version_id"].to_pylist()
        if not {version}.issuperset(versions):
            raise FilterIgnoredError
        self.missing.difference_update(batch.cells["id"].to_pylist())
        new = pc.invert(pc.is_in(batch.cells["id"], self._first))
        return batch.apply(pa.Array.filter, new)
