"""Remembers which status was seen of which run, and when: every record that comes is a look."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple
from weakref import WeakSet

import msgspec
import pandas as pd
import pyarrow as pa

from agentrun_nb.core.schema import OBSERVATIONS
from agentrun_nb.records.batch import Batch, to_batch
from agentrun_nb.tables.frames import table_frame

_KEY = ["deployment_id", "run_id"]
MOST_CHANGES = 100_000
"""How many changes of a status are remembered; the oldest are forgotten first."""


class _Change(msgspec.Struct, gc=False):
    """A run was seen with a status it did not have at the look before, and with no other since.

    Without `gc=False` a hundred thousand of them would make each garbage collection slow.

    Attributes:
        deployment_id: the deployment of the run.
        run_id: the run.
        status: the status that was seen.
        first: the first look that saw it, in microseconds since the epoch by the service's clock.
        first_updated: what the record said of its last change at that look, likewise.
        last: the last look that saw it.
        last_updated: what the record said then.
        revision: that of the ledger when it was changed last.
    """

    deployment_id: str
    run_id: str
    status: str
    first: int
    first_updated: int | None
    last: int
    last_updated: int | None
    revision: int

    def looks(self) -> Iterator[Look]:
        """The first and the last look that saw it."""
        key = (self.deployment_id, self.run_id)
        yield Look(key, self.status, self.first, self.first_updated)
        if self.last > self.first:
            yield Look(key, self.status, self.last, self.last_updated)


class Look(NamedTuple):
    """A look at a run.

    Attributes:
        key: the deployment and the run.
        status: the status that was seen.
        seen_at: when, in microseconds since the epoch.
        updated_at: what the record said of its last change, likewise.
    """

    key: tuple[str, str]
    status: str
    seen_at: int
    updated_at: int | None


class News(NamedTuple):
    """What came into a ledger.

    Attributes:
        revision: that of the ledger now.
        looks: the looks.
    """

    revision: int
    looks: list[Look]


class Ledger:
    """The looks at the runs of one service. It knows no key, and no more of a run than its status.

    Looks that see the same status one after another are stored as the first and the last of them.

    Args:
        most: how many changes are remembered.

    Attributes:
        events: the phase that each event of a log of the service begins; None where nobody has said
            what its events mean.
    """

    def __init__(self, most: int = MOST_CHANGES) -> None:
        self.events: Mapping[str, str] | None = None
        self._most = most
        self._revision = 0
        self._changes: deque[_Change] = deque()
        # Two steps instead of a pair of ids: a pair would have to be made for each row.
        self._latest: dict[str, dict[str, _Change]] = {}
        self._lock = threading.Lock()
        _all_ledgers.add(self)

    def renew_lock(self) -> None:
        """Makes a new lock, in a forked child: a thread of the parent may hold the old one."""
        self._lock = threading.Lock()

    def note(self, batch: Batch) -> None:
        """Adds a look at each run of a batch; records without a key or a status are no looks.

        Args:
            batch: records of the RUNS table with `fetched_at`.
        """
        cells = batch.cells
        deployments = cells["deployment_id"].to_pylist()
        ids = cells["id"].to_pylist()
        statuses = cells["status"].to_pylist()
        seen = cells["fetched_at"].cast(pa.int64()).to_pylist()
        updated = cells["updated_at"].cast(pa.int64()).to_pylist()
        rows = zip(deployments, ids, statuses, seen, updated, strict=True)
        with self._lock:
            self._revision += 1
            for deployment_id, run_id, status, seen_at, updated_at in rows:
                if deployment_id is None or run_id is None or status is None or seen_at is None:
                    continue
                latest = self._latest.get(deployment_id)
                if latest is None:
                    latest = self._latest[deployment_id] = {}
                change = latest.get(run_id)
                if change is not None and change.status == status:
                    _widen(change, seen_at, updated_at, self._revision)
                    continue
                seen_with = seen_at, updated_at
                added = _Change(
                    deployment_id, run_id, status, *seen_with, *seen_with, self._revision
                )
                self._changes.append(added)
                # A look that ended later may have begun before the one that is the latest.
                if change is None or change.last <= seen_at:
                    latest[run_id] = added
            self._forget()

    def knows(self, deployment_id: str, run_id: str) -> bool:
        """Whether a run was seen, and not so long ago that this was forgotten."""
        with self._lock:
            return run_id in self._latest.get(deployment_id, {})

    def knows_any(self, run_ids: frozenset[str]) -> bool:
        """Whether a run with one of these ids is known, of whichever deployment."""
        with self._lock:
            return any(not latest.keys().isdisjoint(run_ids) for latest in self._latest.values())

    def statuses(self, deployment_id: str) -> set[str]:
        """The statuses that runs of a deployment had when they were last seen."""
        with self._lock:
            latest = self._latest.get(deployment_id, {})
            return {change.status for change in latest.values()}

    def _forget(self) -> None:
        """Forgets the oldest changes that are too many."""
        while len(self._changes) > self._most:
            oldest = self._changes.popleft()
            latest = self._latest[oldest.deployment_id]
            if latest.get(oldest.run_id) is oldest:
                del latest[oldest.run_id]

    def news(self, since: int, further: Container[tuple[str, str]] = frozenset()) -> News:
        """The looks that came after a revision.

        Args:
            since: the revision; 0: all looks.
            further: runs, by deployment and id, all of whose looks are among them.
        """
        looks: list[Look] = []
        with self._lock:
            for change in self._changes:
                is_further = (change.deployment_id, change.run_id) in further
                if change.revision > since or is_further:
                    looks.extend(change.looks())
            return News(self._revision, looks)

    def frame(self, run_ids: Container[str] | None = None) -> pd.DataFrame:
        """The looks as the OBSERVATIONS table, in the order of `seen_at`.

        Args:
            run_ids: the ids of the runs that are looked for; None: all.
        """
        columns: dict[str, list[Any]] = {name: [] for name in OBSERVATIONS.names}
        with self._lock:
            for change in self._changes:
                if run_ids is not None and change.run_id not in run_ids:
                    continue
                for (deployment_id, run_id), status, seen_at, updated_at in change.looks():
                    columns["deployment_id"].append(deployment_id)
                    columns["run_id"].append(run_id)
                    columns["status"].append(status)
                    columns["seen_at"].append(seen_at)
                    columns["updated_at"].append(updated_at)
        looks = to_batch(OBSERVATIONS, columns, len(columns["seen_at"]))
        frame = table_frame(OBSERVATIONS, [looks])
        return frame.sort_values("seen_at", kind="stable", ignore_index=True)


def _widen(change: _Change, seen_at: int, updated_at: int | None, revision: int) -> None:
    """Adds a look that sees the same status."""
    if seen_at >= change.last:
        change.last = seen_at
        change.last_updated = updated_at
    elif seen_at < change.first:
        change.first = seen_at
        change.first_updated = updated_at
    else:
        return
    change.revision = revision


_all_ledgers: WeakSet[Ledger] = WeakSet()
_ledgers: dict[str, Ledger] = {}


def shared_ledger(base_url: str) -> Ledger:
    """Returns the ledger that all clients of a service in this process share."""
    return _ledgers.get(base_url) or _ledgers.setdefault(base_url, Ledger())


def events_at(deployment_id: str, run_id: str) -> Mapping[str, str] | None:
    """Returns the phase that each event of a run's log begins, where its service has said so.

    Returns:
        The mapping; None where that is not known, or which service the run is of.
    """
    every = list(_ledgers.values())
    services = [ledger for ledger in every if ledger.knows(deployment_id, run_id)]
    if len(services) != 1:
        return None
    return services[0].events


def looks_at(run_ids: pd.Series[Any]) -> pd.DataFrame:
    """Returns the looks of this process at runs, whichever service they are of.

    Runs do not say which service they came from. Those that two services know are left out, since
    nobody can tell whose they are.

    Args:
        run_ids: the ids of the runs.

    Returns:
        The OBSERVATIONS table.
    """
    sought = frozenset(run_ids.dropna())
    services = [ledger for ledger in list(_ledgers.values()) if ledger.knows_any(sought)]
    tables = [ledger.frame(sought) for ledger in services]
    if len(tables) < 2:
        return tables[0] if tables else table_frame(OBSERVATIONS, [])
    keys = [table[_KEY].drop_duplicates().astype("object") for table in tables]
    every = pd.concat([*keys, pd.DataFrame(columns=_KEY, dtype="object")])
    shared = pd.MultiIndex.from_frame(every[every.duplicated()])
    parts = [
        table[~pd.MultiIndex.from_frame(table[_KEY].astype("object")).isin(shared)]
        for table in tables
    ]
    return pd.concat(parts, ignore_index=True)


def _renew_locks() -> None:
    for ledger in list(_all_ledgers):
        ledger.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
