"""Adds looks at runs that brought no bytes to an archive, such as those of a watch."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from agentrun_nb.archive.database import Database
from agentrun_nb.core.schema import TERMINAL
from agentrun_nb.fetch.keys import Key


class StatusLook(NamedTuple):
    """A look at a run.

    Attributes:
        status: the status that was seen.
        seen_at: when, in microseconds since the epoch.
        updated_at: what the record said of its last change.
    """

    status: str
    seen_at: int
    updated_at: int | None


class Latest(NamedTuple):
    """The latest record of a run, as far as looks are compared with it."""

    run: int
    record: int
    status: str | None
    updated_at: int | None
    first_seen: int
    last_seen: int

    def is_what_was_seen(self, look: StatusLook) -> bool:
        """Whether a look saw this record."""
        return (look.status, look.updated_at) == (self.status, self.updated_at)

    def says_less_than(self, look: StatusLook) -> bool:
        """Whether a look says something that the record does not say."""
        if not self.is_what_was_seen(look) or look.seen_at < self.first_seen:
            return True
        # A run that has ended is seen so at every later look.
        return look.seen_at > self.last_seen and look.status not in TERMINAL


def add_observations(database: Database, looks: pd.DataFrame) -> None:
    """Adds looks at the runs that the archive has.

    Args:
        database: the archive.
        looks: the OBSERVATIONS table.
    """
    latest: dict[Key, Latest] = {}
    for deployment_id in looks["deployment_id"].unique():
        latest |= _latest_of(database, deployment_id)
    new = []
    for key, look in _looks(looks):
        record = latest.get(key)
        if record is not None and record.says_less_than(look):
            new.append((record, look))
    if new:
        _write(database, new)


def _latest_of(database: Database, deployment_id: str) -> dict[Key, Latest]:
    """The latest records of the runs of a deployment."""
    rows = database.rows(
        "SELECT run_id, runs.run, runs.record, records.status, records.updated_at,"
        " first_seen, last_seen FROM runs JOIN records ON records.record = runs.record"
        " WHERE deployment_id = ? AND run_id IS NOT NULL",
        (deployment_id,),
    )
    return {(deployment_id, run_id): Latest(*values) for run_id, *values in rows}


def _looks(looks: pd.DataFrame) -> list[tuple[Key, StatusLook]]:
    """The rows of an OBSERVATIONS table."""
    keys = zip(looks["deployment_id"], looks["run_id"], strict=True)
    seen = zip(
        looks["status"], _micros(looks["seen_at"]), _micros(looks["updated_at"]), strict=True
    )
    found = []
    for key, (status, seen_at, updated_at) in zip(keys, seen, strict=True):
        if seen_at is not None:
            found.append((key, StatusLook(status, seen_at, updated_at)))
    return found


def _micros(moments: pd.Series[Any]) -> list[int | None]:
    """Moments in microseconds since the epoch; None where there is none."""
    in_micros = moments.astype("datetime64[us, UTC]").astype("int64")
    numbers: list[int] = in_micros.tolist()
    missing: list[bool] = moments.isna().tolist()
    return [None if gone else number for number, gone in zip(numbers, missing, strict=True)]


def _write(database: Database, new: list[tuple[Latest, StatusLook]]) -> None:
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
