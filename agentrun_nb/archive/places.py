"""How far the runs of each deployment were read, as the archive remembers it.

A walk reads the pages of a deployment from the newest run on. Until it has come to its end, or to
runs that a finished walk has read, there may be runs between its own and older ones. So runs bear
the number of the walk that read them first, and number 0 (`SETTLED`) once it has finished: only a
page of settled runs says that nothing is missing after it. Runs that came by their ids bear the
number -1 (`ALONE`) until a walk reads them. An interrupted walk goes on where it ended, after the
runs that are newer than its own.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agentrun_nb.archive.database import Database
from agentrun_nb.archive.store import ALONE, SETTLED, Added, SeenRecord, write_records

FULL_WALK_EVERY = 7 * 86_400 * 1_000_000
"""Microseconds after which all pages of a deployment are read again.

New runs stand first in a listing; the others are read now and then to find what is missing.
"""


@dataclass
class WalkStart:
    """Where a walk through the runs of a deployment begins.

    Attributes:
        deployment_id: the deployment.
        walk: the number of the walk.
        reads_all: whether it reads all pages, though a walk before has finished.
        is_first: whether no walk before has finished.
        unfinished: the number of a walk that was interrupted; None: there is none to go on with.
        cursor: where that one goes on.
    """

    deployment_id: str
    walk: int
    reads_all: bool = False
    is_first: bool = True
    unfinished: int | None = None
    cursor: str | None = None

    def meets_finished(self, added: Added) -> bool:
        """Whether all runs of a page were read by a walk that has finished."""
        if self.reads_all or self.is_first:
            return False
        return added.all_known and added.walks == {SETTLED}

    def meets_unfinished(self, added: Added) -> bool:
        """Whether all runs of a page were read by the walk that was interrupted."""
        if self.unfinished is None or not added.all_known or not added.walks:
            return False
        if self.is_first and self.unfinished not in added.walks:
            return False
        return added.walks <= {SETTLED, self.unfinished}


def now() -> int:
    """This moment by our clock, in microseconds since the epoch."""
    return round(time.time() * 1e6)


def plan_walk(database: Database, deployment_id: str) -> WalkStart:
    """Says where a walk through the runs of a deployment begins."""
    found = database.rows(
        "SELECT walk, cursor, walked_at, full_walk_at FROM deployments WHERE deployment_id = ?",
        (deployment_id,),
    )
    unfinished, cursor, walked_at, full_walk_at = found[0] if found else (SETTLED, None, None, None)
    highest = database.value(
        "SELECT max(walk) FROM runs WHERE deployment_id = ? AND walk <> 0", (deployment_id,)
    )
    is_first = walked_at is None
    is_due = full_walk_at is None or now() - full_walk_at > FULL_WALK_EVERY
    place = WalkStart(deployment_id, walk=max(unfinished, highest or 0) + 1, is_first=is_first)
    place.reads_all = is_due and not is_first
    if cursor is not None and not place.reads_all:
        place.unfinished = unfinished
        place.cursor = cursor
    return place


def take_page(
    database: Database, place: WalkStart, looks: Sequence[SeenRecord], following: str | None
) -> Added:
    """Writes a page of a walk and where the walk goes on, in one step.

    Args:
        database: the archive.
        place: where the walk began.
        looks: the records of the page.
        following: the cursor of the next page; None where there is none.
    """
    with database.writing() as connection:
        added = write_records(connection, place.deployment_id, looks, place.walk)
        if place.unfinished is None:
            connection.execute(_SAVE, (place.deployment_id, place.walk, following))
        elif place.meets_unfinished(added):
            # From here on the two are one walk.
            connection.execute(
                "UPDATE runs SET walk = ? WHERE deployment_id = ? AND walk = ?",
                (place.walk, place.deployment_id, place.unfinished),
            )
            connection.execute(_SAVE, (place.deployment_id, place.walk, place.cursor))
        return added


_SAVE = """
    INSERT INTO deployments (deployment_id, walk, cursor) VALUES (?, ?, ?)
    ON CONFLICT (deployment_id) DO UPDATE SET walk = excluded.walk, cursor = excluded.cursor
"""


def finish(database: Database, place: WalkStart, verified: bool | None, *, read_all: bool) -> None:
    """Notes that a walk has come to its end, or to runs of one that had.

    Args:
        database: the archive.
        place: where the walk began.
        verified: whether the runs came newest first.
        read_all: whether it came to the last page.
    """
    moment = now()
    values = {"id": place.deployment_id, "now": moment, "verified": verified}
    values["full"] = moment if read_all else None
    values |= {"walk": place.walk, "settled": SETTLED}
    with database.writing() as connection:
        # Neither runs that came by their ids nor those of a later walk of another process: such a
        # run may be newer than all of this walk, with others missing between.
        connection.execute(
            "UPDATE runs SET walk = :settled WHERE deployment_id = :id"
            " AND walk <> 0 AND walk BETWEEN 1 AND :walk",
            values,
        )
        connection.execute(
            "INSERT INTO deployments (deployment_id, walked_at, full_walk_at, order_verified)"
            " VALUES (:id, :now, :full, :verified) ON CONFLICT (deployment_id) DO UPDATE"
            " SET walk = 0, cursor = NULL, walked_at = :now,"
            " full_walk_at = coalesce(:full, full_walk_at),"
            " order_verified = coalesce(:verified, order_verified)",
            values,
        )


def came_alone_since(
    database: Database, deployment_id: str, *, until: int | None, as_of: int | None
) -> bool:
    """Whether runs came by their ids that are newer than all that a finished walk has read.

    Others may be missing between those and the ones that were read.

    Args:
        database: the archive.
        deployment_id: the deployment.
        until: only of runs that were created before this moment; None: of all.
        as_of: only of runs that had come by this moment; None: of all.
    """
    values = {"deployment_id": deployment_id, "alone": ALONE, "until": until, "as_of": as_of}
    return database.value(_CAME_ALONE_SINCE, values) is not None


_CAME_ALONE_SINCE = """
    SELECT run FROM runs WHERE deployment_id = :deployment_id AND walk <> 0 AND walk = :alone
    AND (created_at IS NULL OR created_at >= coalesce((
        SELECT created_at FROM runs WHERE deployment_id = :deployment_id AND walk = 0
        ORDER BY created_at DESC LIMIT 1
    ), created_at))
    AND (:until IS NULL OR created_at IS NULL OR created_at < :until)
    AND (:as_of IS NULL OR EXISTS (
        SELECT 1 FROM records WHERE records.run = runs.run AND first_seen <= :as_of
    ))
    LIMIT 1
"""


def deployments_known(database: Database) -> set[str]:
    """The deployments whose records are there."""
    rows = database.rows("SELECT deployment_id FROM deployments WHERE body IS NOT NULL")
    return {name for (name,) in rows}


def deployments_with_runs_going(database: Database) -> set[str]:
    """The deployments with runs that had not ended."""
    rows = database.rows(
        "SELECT DISTINCT deployment_id FROM runs WHERE ended = 0 AND gone_at IS NULL"
    )
    return {name for (name,) in rows}


def runs_there(database: Database, deployment_id: str, *, going: bool) -> list[str]:
    """The ids of the runs that the service had when it was asked last.

    Args:
        database: the archive.
        deployment_id: their deployment.
        going: whether only those that had not ended.
    """
    rows = database.rows(
        "SELECT run_id FROM runs WHERE deployment_id = ? AND run_id IS NOT NULL"
        " AND gone_at IS NULL AND ended <= ?",
        (deployment_id, 0 if going else 1),
    )
    return [name for (name,) in rows]


def lacks_versions(database: Database, deployment_id: str, versions: Collection[str]) -> bool:
    """Whether one of these versions of a deployment is not there."""
    rows = database.rows(
        "SELECT version_id FROM versions WHERE deployment_id = ?", (deployment_id,)
    )
    return not {name for (name,) in rows}.issuperset(versions)
