"""The walks of one listing, side by side: nothing is lost while runs are made, change and end."""

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
from agentrun_nb.fetch.page_reader import PAGE, Pager, Take, collect
from agentrun_nb.fetch.paging import Order, PageAsk
from agentrun_nb.fetch.query import Branch, Wanted
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
    """The walks that cover what is wanted.

    Attributes:
        tally: what they cost.
        pages: answers with runs.
        streams: walks that ended.
        orders: whether they came newest first.
        cuts: why some of them ended early.
        failures: the errors among those.
        left: for each branch that is not walked to its end, where to go on.
    """

    def __init__(self, wire: Wire, wanted: Wanted, *, split: bool) -> None:
        self.tally = Tally()
        self.pages = self.streams = 0
        self.orders: set[bool | None] = set()
        self.cuts: set[str] = set()
        self.failures: list[AgentRunError] = []
        self.left = {branch: branch for branch in wanted.branches}
        self._wire = wire
        self._wanted = wanted
        self._split = split and wanted.limit is None
        self._slots = asyncio.Semaphore(wire.settings.max_in_flight)

    async def run(self, emit: Emit[Batch]) -> None:
        """Walks everything, and emits the wanted rows of each page."""
        branches = self._wanted.branches
        chains = groupby(branches, key=lambda branch: (branch.deployment, branch.version_id))
        await together([self._walk_in_turn([*chain], emit) for _, chain in chains])

    async def _walk_in_turn(self, branches: Sequence[Branch], emit: Emit[Batch]) -> None:
        """Walks statuses one after the other, in the order in which a run goes through them.

        A run that moves on meanwhile is then met later.
        """
        for branch in branches:
            whole = branch.version_id is branch.cursor is None
            await self._walk(branch, emit, split=self._split and whole)

    async def _walk(
        self, branch: Branch, emit: Emit[Batch], *, split: bool, probe: Probe | None = None
    ) -> None:
        """Walks a branch.

        Where `split` allows it, the versions of a branch of several pages are walked in its place.
        """
        limit, order, taken = self._wanted.limit, Order(self._wanted.since), 0
        versions: list[str] = []
        first: Batch | None = None

        async def take(
            page: Page, ask: PageAsk, following: PageAsk | None, cut: str | None
        ) -> bool:
            nonlocal order, taken, versions, first
            if ask.cursor is None:
                order, taken = Order(self._wanted.since), 0
            kept = self._wanted.keep(page.batch)
            if probe:
                kept = probe.pick(kept, branch.version_id)
            self._note_oddities(page, branch)
            self.pages += 1
            taken += len(kept)
            await emit(kept)
            # A reader that is slow is no silence of the service.
            self.tally.alive_at = time.monotonic()
            self.left[branch] = replace(branch, cursor=following.cursor if following else None)
            # Told before the next pause, in which an interrupt may end it all.
            if following is None and cut is None:
                del self.left[branch]
            if limit is not None and taken >= limit and following:
                self.cuts.add("limit")
                return False
            if split and ask.cursor is None and following:
                versions, first = await self._versions(branch, page.batch), kept
                if versions:
                    return False
            ended = order.ends_with(page.batch.cells["created_at"].cast(pa.int64()).to_pylist())
            if ended:
                self.left.pop(branch, None)
            return not ended

        cut = await self._turned(branch, take)
        if versions and first is not None:
            return await self._walk_versions(branch, versions, Probe(first), emit)
        self.streams += 1
        self.orders.add(order.verified)
        if cut:
            self.cuts.add(cut)
        else:
            self.left.pop(branch, None)

    def _note_oddities(self, page: Page, branch: Branch) -> None:
        """Counts what is odd about a page as a whole.

        A page with several lists of runs says too little to be trusted.
        """
        if branch.status is not None:
            others = pc.not_equal(page.batch.cells["status"], branch.status)
            if pc.any(others).as_py():
                self.tally.oddities["filter_ignored"] += 1
        if page.lists > 1:
            self.tally.oddities["duplicate_key"] += 1
            self.cuts.add("duplicate_key")

    async def _turned(self, branch: Branch, take: Take) -> str | None:
        """Turns the pages of a branch; why that was cut."""
        wanted = self._wanted
        windowed = (wanted.since, wanted.until) != (None, None)
        most = None if windowed else wanted.limit

        def ask_for(page: PageAsk) -> Ask:
            filters = {"status": branch.status, "version_id": branch.version_id}
            return routes.RUNS.ask(branch.deployment, **(filters | page.params))

        without, ahead = wanted.without, not windowed
        pager = Pager(self._wire, RUNS, ask_for, self.tally, without=without, ahead=ahead)
        walk = paging.pages(min(PAGE, most or PAGE), branch.cursor, most)
        try:
            async with self._slots:
                return await pager.turn(walk, take)
        except (UnauthorizedError, SettingsError):
            raise
        except AgentRunError as error:
            self.failures.append(error)
            return error.kind

    async def _versions(self, branch: Branch, first: Batch) -> list[str]:
        """The versions whose runs are all there are; none where that is not sure.

        Their numbers have to be without a gap, since a version that is gone may have left runs, and
        every run of the first page has to be of one of them.
        """
        deployment = branch.deployment
        try:
            async with asyncio.timeout(PATIENCE):
                asked = collect(self._wire, VERSIONS, routes.VERSIONS, deployment, tally=self.tally)
                found = await asked
        except (AgentRunError, TimeoutError):
            return []
        ids, numbers = set(found["id"].dropna()), sorted(found["version_number"].dropna())
        if report.fetch_report(found).complete is not True:
            return []
        whole = numbers == list(range(1, len(found) + 1)) and len(ids) == len(found) > 1
        known = ids.issuperset(first.cells["version_id"].to_pylist())
        return sorted(ids) if whole and known else []

    async def _walk_versions(
        self, branch: Branch, versions: list[str], probe: Probe, emit: Emit[Batch]
    ) -> None:
        """Walks versions side by side, which is safe since a run's version never changes.

        Where that misses a run, it walks the branch.
        """
        parts = [replace(branch, version_id=version) for version in versions]
        # In one step: an interrupt in between would leave nothing to go on with.
        others = {other: rest for other, rest in self.left.items() if other != branch}
        self.left = others | {part: part for part in parts}
        try:
            await together([self._walk(part, emit, split=False, probe=probe) for part in parts])
            if not probe.missing or not self.left.keys().isdisjoint(parts):
                return
        except FilterIgnoredError:
            pass
        others = {other: rest for other, rest in self.left.items() if other not in parts}
        self.left = others | {branch: branch}
        await self._walk(branch, emit, split=False)


class Probe:
    """The runs of the first page of all, which the walks by version have to meet again.

    Attributes:
        missing: those that have not been met.
    """

    def __init__(self, first: Batch) -> None:
        self._first = first.cells["id"]
        self.missing = set(first.cells["id"].to_pylist())

    def pick(self, batch: Batch, version: str | None) -> Batch:
        """The rows of a page that are not of the first page of all.

        Raises:
            FilterIgnoredError: it holds runs of another version than the one asked for.
        """
        if not {version}.issuperset(batch.cells["version_id"].to_pylist()):
            raise FilterIgnoredError
        self.missing.difference_update(batch.cells["id"].to_pylist())
        new = pc.invert(pc.is_in(batch.cells["id"], self._first))
        return batch.apply(pa.Array.filter, new)
