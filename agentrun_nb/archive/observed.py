"""Adds looks at runs that brought no bytes to an archive, such as those of a watch.

The looks of a process are in its ledger. An archive takes each of them once: what is new in the
ledger, and what it could not take before because it did not have the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from weakref import WeakKeyDictionary

from agentrun_nb.archive.database import Database
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.fetch.keys import Key
from agentrun_nb.tables.ledger import MOST_CHANGES, Ledger, Look

SOUGHT_AT_ONCE = 500
"""How many runs are looked for in one statement."""


class Taken(NamedTuple):
    """What an archive has taken out of a ledger.

    Attributes:
        revision: the revision of the ledger.
        runs: the highest number that a run of the archive had then.
        forgotten: how many runs had been forgotten then; after one more, numbers are given again.
        waiting: the runs that the archive did not have.
    """

    revision: int = 0
    runs: int = 0
    forgotten: int = 0
    waiting: frozenset[Key] = frozenset()


_taken: WeakKeyDictionary[Database, WeakKeyDictionary[Ledger, Taken]] = WeakKeyDictionary()


class Latest(NamedTuple):
    """The latest record of a run, as far as looks are compared with it."""

    run: int
    record: int
    status: str | None
    updated_at: int | None
    first_seen: int
    last_seen: int

    def is_what_was_seen(self, look: Look) -> bool:
        """Whether a look saw this record."""
        return (look.status, look.updated_at) == (self.status, self.updated_at)

    def says_less_than(self, look: Look) -> bool:
        """Whether a look says something that the record does not say."""
        if not self.is_what_was_seen(look) or look.seen_at < self.first_seen:
            return True
        # A run that has ended is seen so at every later look.
        return look.seen_at > self.last_seen and look.status not in TERMINAL


def add_observations(database: Database, ledger: Ledger) -> None:
    """Adds looks at the runs that the archive has, as far as it has not taken them yet.

    Args:
        database: the archive.
        ledger: the looks.
    """
    taken_before = _taken.setdefault(database, WeakKeyDictionary())
    before = taken_before.get(ledger, Taken())
    forgotten = database.value("SELECT count(*) FROM forgotten")
    if forgotten != before.forgotten:
        before = Taken()
    runs = database.value("SELECT max(run) FROM runs") or 0
    come = _runs_that_came(database, before) if before.waiting else frozenset()
    revision, looks = ledger.news(before.revision, come)
    keys = {look.key for look in looks}
    latest = dict(_latest(database, keys))
    new = [
        (latest[look.key], look)
        for look in looks
        if look.key in latest and latest[look.key].says_less_than(look)
    ]
    if new:
        _write(database, new)
    waiting = (before.waiting | keys) - latest.keys()
    if len(waiting) > MOST_CHANGES:
        waiting = frozenset(key for key in waiting if ledger.knows(*key))
    taken_before[ledger] = Taken(revision, runs, forgotten, waiting)


def _runs_that_came(database: Database, before: Taken) -> frozenset[Key]:
    """Which of the runs that were waited for the archive has by now."""
    rows = database.rows("SELECT deployment_id, run_id FROM runs WHERE run > ?", (before.runs,))
    return before.waiting.intersection(rows)


def _latest(database: Database, keys: Iterable[Key]) -> Iterator[tuple[Key, Latest]]:
    """The latest records of those runs that the archive has."""
    for deployment_id, group in groupby(sorted(keys), key=itemgetter(0)):
        ids = [run_id for _, run_id in group]
        for start in range(0, len(ids), SOUGHT_AT_ONCE):
            some = ids[start : start + SOUGHT_AT_ONCE]
            names = ", ".join("?" * len(some))
            rows = database.rows(
                "SELECT run_id, runs.run, runs.record, records.status, records.updated_at,"  # noqa: S608
                " first_seen, last_seen FROM runs JOIN records ON records.record = runs.record"
                f" WHERE deployment_id = ? AND run_id IN ({names})",
                (deployment_id, *some),
            )
            for run_id, *values in rows:
                yield (deployment_id, run_id), Latest(*values)


def _write(database: Database, new: list[tuple[Latest, Look]]) -> None:
    with database.writing() as connection:
        for record, look in new:
            if record.is_what_was_seen(look):
                connection.execute(
                    "UPDATE records SET last_seen = max(last_seen, ?),"
                    " first_seen = min(first_seen, ?) WHERE record = ?",
                    (look.seen_at, look.seen_at, record.record),
                )
            else:
                row = record.run, look.status, look.seen_at, look.updated_at
                connection.execute("INSERT OR IGNORE INTO looks VALUES (?, ?, ?, ?)", row)
