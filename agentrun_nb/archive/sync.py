"""Brings the runs of a service into an archive, with as few requests as that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrun_nb.archive import places, store
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.observed import add_observations
from agentrun_nb.archive.store import Added, SeenRecord
from agentrun_nb.archive.walk import Walk
from agentrun_nb.core.schema import DEPLOYMENTS, RUNS, VERSIONS, Table
from agentrun_nb.core.text import counted
from agentrun_nb.errors import (
    AgentRunError,
    ArchiveError,
    BadIdError,
    NotFoundError,
    NotOffered,
    SettingsError,
    UnauthorizedError,
)
from agentrun_nb.fetch import paging
from agentrun_nb.fetch.by_id import FetchedRecord, fetch_run
from agentrun_nb.fetch.keys import Key
from agentrun_nb.fetch.page_reader import PAGE, Pager, ReadPage
from agentrun_nb.fetch.paging import PageAsk
from agentrun_nb.fetch.progress import ProgressLine
from agentrun_nb.http import routes
from agentrun_nb.http.interrupts import DeferredInterrupts
from agentrun_nb.http.loop import Emit, Stream, safe_error, together
from agentrun_nb.http.routes import Ask, Route
from agentrun_nb.http.wire import Tally, Wire
from agentrun_nb.records.decode import cut_page, decode_records

GROUP = 64
"""How many runs are asked for by their ids before what came is written."""

FATAL = (UnauthorizedError, SettingsError, ArchiveError)
"""After these nothing else would come either, or it could not be written."""


@dataclass
class Synced:
    """What a sync has changed.

    Attributes:
        new: the number of runs that the archive did not have.
        ended: the number of runs that have ended since they were read last.
        vanished: the number of runs that the service does not have any more; the archive has them.
        requests: the number of requests that were sent.
        full_walks: the deployments of which all pages were read.
        failures: why a deployment is not up to date, by its id.
        interrupted: whether an interrupt ended it; the next sync goes on.
    """

    new: int = 0
    ended: int = 0
    vanished: int = 0
    requests: int = 0
    full_walks: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    def __repr__(self) -> str:
        changes = f"{self.new:,} new, {self.ended:,} ended, {self.vanished:,} vanished"
        parts = [changes, counted(self.requests, "request")]
        if self.interrupted:
            parts.append("interrupted, the next sync goes on")
        parts += [f"{name}: {reason}" for name, reason in self.failures.items()]
        return "; ".join(parts)


def sync(wire: Wire, database: Database, deployments: Sequence[str] | None) -> Synced:
    """Brings runs into an archive: new ones, and those that had not ended.

    Args:
        wire: sends the requests.
        database: the archive.
        deployments: whose runs; None: all.

    Raises:
        AgentRunError: nothing came, the key was refused, or the archive cannot be written.
    """
    work = Sync(wire, database, deployments)
    done = work.done
    with DeferredInterrupts() as interrupts, ProgressLine(None, shown=True) as line:
        stream: Stream[int] = Stream(
            work.run, interrupts, idle=lambda: line.wait(work.tally.waiting_for)
        )
        try:
            for count in stream:
                line.add(count)
        finally:
            stream.stop()
        done.requests = work.tally.requests
        done.interrupted = interrupts.heard and not stream.finished
        if work.errors and not work.something_came:
            raise safe_error(work.errors[0])
        add_observations(database, wire.ledger)
        line.end(repr(done))
        return done


class Sync:
    """One sync.

    Attributes:
        done: what has changed.
        tally: the requests that were made.
        errors: the errors of runs that did not come.
        something_came: whether a page or a run came.
    """

    def __init__(self, wire: Wire, database: Database, deployments: Sequence[str] | None) -> None:
        self.done = Synced()
        self.tally = Tally()
        self.errors: list[AgentRunError] = []
        self.something_came = False
        self._wire = wire
        self._database = database
        self._deployments = deployments
        self._walking = asyncio.Semaphore(wire.settings.max_in_flight)
        self._asking = asyncio.Semaphore(wire.settings.max_in_flight)

    async def run(self, emit: Emit[int]) -> None:
        """Brings the runs of all deployments, and emits how many came."""
        deployments = await self._bring_deployments()
        if deployments is None:
            deployments = set(self._deployments or ())
        await together([self._bring(name, emit) for name in sorted(deployments)])

    async def _bring_deployments(self) -> set[str] | None:
        """Brings all deployments and returns their ids, those that are gone too.

        Where some were named they are brought when one of them is not known, and None is returned.
        """
        known = await asyncio.to_thread(places.deployments_known, self._database)
        if self._deployments is not None and known.issuperset(self._deployments):
            return None
        try:
            records = await self._collect(DEPLOYMENTS, routes.DEPLOYMENTS)
        except AgentRunError as error:
            if self._deployments is None or isinstance(error, FATAL):
                raise
            return None
        named = {name: body for name, body in records if name is not None}
        await asyncio.to_thread(store.write_deployments, self._database, named)
        if self._deployments is not None:
            return None
        self.something_came = True
        going = await asyncio.to_thread(places.deployments_with_runs_going, self._database)
        return going.union(named)

    async def _collect(
        self, table: Table, route: Route, *ids: str
    ) -> list[tuple[str | None, bytes]]:
        """The ids and records of a small listing, each as it came."""
        records: list[tuple[str | None, bytes]] = []

        async def take(read: ReadPage) -> bool:
            names = read.page.batch.cells["id"].to_pylist()
            records.extend(zip(names, cut_page(read.body), strict=True))
            return True

        def ask_for(page: PageAsk) -> Ask:
            return route.ask(*ids, **page.params)

        await Pager(self._wire, table, ask_for, self.tally).read_pages(paging.pages(PAGE), take)
        return records

    # --- one deployment --------------------------------------------------------------------------

    async def _bring(self, deployment_id: str, emit: Emit[int]) -> None:
        """Brings the runs of a deployment; what does not come is noted."""

        async def took(added: Added, count: int) -> None:
            self._count(added)
            await emit(count)

        walk = Walk(self._wire, self._database, self.tally, deployment_id, took)
        async with self._walking:
            await self._noting(deployment_id, walk.go())
        if walk.cut is not None:
            self.done.failures[deployment_id] = f"the listing was cut: {walk.cut}"
        if walk.read_all:
            self.done.full_walks.append(deployment_id)
        await self._noting(deployment_id, self._look_again(walk, emit))
        await self._noting(deployment_id, self._bring_versions(walk))

    async def _noting(self, deployment_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Does a part of the work, and notes the error where something does not come."""
        try:
            await work
        except BadIdError as error:
            # An odd id that the service has given; the settings are right.
            self._fail(deployment_id, error)
        except FATAL:
            raise
        except AgentRunError as error:
            self._fail(deployment_id, error)

    def _fail(self, deployment_id: str, error: AgentRunError) -> None:
        self.errors.append(error)
        self.done.failures.setdefault(deployment_id, f"{error.kind}: {error.message}")

    def _count(self, added: Added) -> None:
        self.something_came = True
        self.done.new += added.new
        self.done.ended += added.ended

    async def _bring_versions(self, walk: Walk) -> None:
        """Brings the versions of a deployment where new runs name one that is not there."""
        deployment_id = walk.place.deployment_id
        lacking = await asyncio.to_thread(
            places.lacks_versions, self._database, deployment_id, walk.versions
        )
        if lacking or (walk.read_all and (walk.place.is_first or walk.place.reads_all)):
            try:
                records = await self._collect(VERSIONS, routes.VERSIONS, deployment_id)
            except NotFoundError:
                # Its runs came a moment ago: it is not the deployment that is not there.
                sentence = f"The service does not list the versions of {deployment_id!r}."
                hint = "Its runs are in the archive; their versions have no names there."
                raise NotOffered(sentence, hint=hint) from None
            await asyncio.to_thread(store.write_versions, self._database, deployment_id, records)

    async def _look_again(self, walk: Walk, emit: Emit[int]) -> None:
        """Asks by their ids for the runs that may have changed and came on no page."""
        deployment_id = walk.place.deployment_id
        # What was on no page, though all were read again, may be gone.
        going = not (walk.place.reads_all and walk.read_all)
        there = await asyncio.to_thread(
            places.runs_there, self._database, deployment_id, going=going
        )
        names = [name for name in there if name not in walk.seen]
        for start in range(0, len(names), GROUP):
            keys = [(deployment_id, name) for name in names[start : start + GROUP]]
            outcomes = await asyncio.gather(*[self._fetch(key) for key in keys])
            await self._take_runs(keys, outcomes)
            await emit(len(keys))

    async def _fetch(self, key: Key) -> FetchedRecord | AgentRunError:
        async with self._asking:
            try:
                return await fetch_run(self._wire, key, self.tally)
            except BadIdError as error:
                return error
            except FATAL:
                raise
            except AgentRunError as error:
                return error

    async def _take_runs(
        self, keys: Sequence[Key], outcomes: Sequence[FetchedRecord | AgentRunError]
    ) -> None:
        """Writes runs of a deployment that came one by one, and notes those that are gone."""
        deployment_id = keys[0][0]
        gone = []
        records = []
        for key, outcome in zip(keys, outcomes, strict=True):
            if isinstance(outcome, FetchedRecord):
                records.append(outcome)
            elif isinstance(outcome, NotFoundError):
                gone.append(key)
            else:
                self._fail(deployment_id, outcome)
        if records:
            looks = seen_records_of(self._wire, records)
            added = await asyncio.to_thread(store.add_records, self._database, deployment_id, looks)
            self._count(added)
        if gone:
            marked = await asyncio.to_thread(store.mark_gone, self._database, gone, places.now())
            self.done.vanished += marked


def seen_records_of(wire: Wire, records: Sequence[FetchedRecord]) -> list[SeenRecord]:
    """Describes records that came one by one, and notes their looks."""
    bodies = [record.body for record in records]
    batch = decode_records(RUNS, bodies)
    batch = batch.with_answer_times([record.answer_time for record in records])
    wire.ledger.note(batch)
    return store.seen_records(batch, bodies)
