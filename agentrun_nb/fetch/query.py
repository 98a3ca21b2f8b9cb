"""Which runs are wanted: the walks that cover them, and the window of time that they lie in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from itertools import product
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core import times
from agentrun_nb.core.arguments import read_texts
from agentrun_nb.core.schema import RUNS, STATUSES
from agentrun_nb.errors import SettingsError
from agentrun_nb.http import routes
from agentrun_nb.records.batch import Batch

When = str | date | datetime | timedelta
"""A moment, or an age such as "7d"."""

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)", re.ASCII)
NEAR = 0.68
"""How alike two words are at least, of which one is taken for the other misspelt.

"timeout" and "timed_out" are as alike as that.
"""

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}

_NEEDED = {"id", "deployment_id", "version_id", "created_at", "updated_at"}

DISPENSABLE = {column.name for column in RUNS.wire} - _NEEDED
"""Columns that a listing can do without."""


def read_when(when: When | None) -> int | None:
    """Microseconds since the epoch of a moment (naive: UTC), or of an age before now.

    Raises:
        SettingsError: it is neither.
    """
    if when is None:
        return None
    try:
        moment = _read_text(when.strip()) if isinstance(when, str) else when
        if isinstance(moment, timedelta):
            moment = datetime.now(UTC) - moment
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int((aware - times.EPOCH) // times.MICROSECOND)
    except (ValueError, TypeError, OverflowError):
        raise SettingsError(
            f"{str(when)[:80]!r} is not a moment.",
            hint='Give an ISO date or time, or an age such as "7d" or "12h".',
        ) from None


def _read_text(text: str) -> datetime | timedelta:
    age = _AGE.fullmatch(text)
    if age is None:
        return datetime.fromisoformat(text)
    return timedelta(seconds=float(age[1]) * _UNITS[age[2]])


@dataclass(frozen=True)
class Branch:
    """One walk through the runs of a deployment.

    Besides the deployment it has the filters that the service applies, and the cursor where it
    begins.
    """

    deployment: str
    status: str | None = None
    version_id: str | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Wanted:
    """Which runs are wanted.

    Attributes:
        branches: the walks that cover them.
        since: the earliest `created_at`, in microseconds since the epoch.
        until: the `created_at` before which they lie.
        limit: how many at most; None: all.
        without: columns whose text is not kept.
        unlisted: why the deployments may not be all there are; None when they are, or were named.
    """

    branches: Sequence[Branch]
    since: int | None = None
    until: int | None = None
    limit: int | None = None
    without: tuple[str, ...] = ()
    unlisted: str | None = None

    @property
    def deployments(self) -> list[str]:
        """The deployments that are asked, each once."""
        return list(dict.fromkeys(branch.deployment for branch in self.branches))

    @property
    def since_moment(self) -> datetime | None:
        """The earliest `created_at`, as a moment."""
        return _moment(self.since)

    @property
    def until_moment(self) -> datetime | None:
        """The `created_at` before which they lie, as a moment."""
        return _moment(self.until)

    def keep(self, batch: Batch) -> Batch:
        """The rows in the window; those whose `created_at` is not readable are kept."""
        if self.since is None and self.until is None:
            return batch
        moments = created(batch)
        inside = pa.array([True] * len(batch), pa.bool_())
        if self.since is not None:
            inside = pc.and_(inside, pc.greater_equal(moments, self.since).fill_null(True))
        if self.until is not None:
            inside = pc.and_(inside, pc.less(moments, self.until).fill_null(True))
        return batch.apply(pa.Array.filter, inside)

    def rest(self, left: Iterable[Branch], got: int) -> dict[str, Any] | None:
        """What is left to walk after so many runs, as plain data; None when nothing is."""
        branches = [astuple(branch) for branch in left]
        limit = None if self.limit is None else self.limit - got
        if not branches or limit == 0:
            return None
        return asdict(self) | {"branches": branches, "limit": limit}

    @classmethod
    def of_rest(cls, rest: dict[str, Any] | None) -> Wanted | None:
        """Reads what `rest` gave.

        It is None for None, and for what came from elsewhere and is no such thing.
        """
        if rest is None:
            return None
        try:
            branches = [Branch(*branch) for branch in rest["branches"]]
            return msgspec.convert(rest | {"branches": branches}, cls, from_attributes=True)
        except (msgspec.ValidationError, TypeError, KeyError):
            return None


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else times.EPOCH + microseconds * times.MICROSECOND


def branches_of(deployments: Iterable[str], statuses: Any, versions: Any) -> list[Branch]:
    """Makes a branch for each combination.

    Statuses and versions are one value or a list of them. The statuses are put in the order in
    which a run goes through them.
    """
    rank: dict[str | None, int] = {status: place for place, status in enumerate(STATUSES)}
    in_turn = sorted(_several("status", statuses), key=lambda status: rank.get(status, -1))
    found = product(dict.fromkeys(deployments), _several("version_id", versions), in_turn)
    return [Branch(deployment, status, version) for deployment, version, status in found]


def read_statuses(statuses: Any) -> list[str] | None:
    """Statuses to ask for, as a list; None for all.

    A service may have words of its own: only one that is nearly a word of the contract is taken for
    a mistake.

    Raises:
        SettingsError: one is no text, or a misspelt word of the contract.
    """
    if statuses is None:
        return None
    words = read_texts("status", statuses, f"Known: {', '.join(STATUSES)}.")
    for word in words:
        plain = re.sub(r"[\s-]+", "_", word.strip().lower())
        near = get_close_matches(plain, STATUSES, 1, NEAR)
        if word not in STATUSES and near:
            raise SettingsError(f"There is no status {word[:80]!r}.", hint=f"Near it: {near[0]!r}.")
    return words


def read_deployments(given: Any) -> list[str]:
    """The deployments that are named: an id, several, or a frame or row with them.

    Raises:
        BadIdError: one cannot be an id.
        SettingsError: a frame or row without ids.
    """
    if isinstance(given, pd.DataFrame | pd.Series):
        names = [name for name in ("deployment_id", "id") if name in given.keys()]  # noqa: SIM118 - of a Series too
        if isinstance(given, pd.DataFrame) and not names:
            hint = "Give client.list_deployments()."
            raise SettingsError("This frame names no deployments.", hint=hint)
        given = given[names[0]] if names else given
    hint = "Give an id, a list of ids, or client.list_deployments()."
    deployments = list(dict.fromkeys(read_texts("deployment_id", given, hint)))
    for deployment in deployments:
        routes.check_id("deployment_id", deployment)
    return deployments


def read_without(without: Any) -> tuple[str, ...]:
    """Columns that a listing is to leave out.

    Raises:
        SettingsError: one cannot be left out, or is no column.
    """
    names = ", ".join(name for name in RUNS.names if name in DISPENSABLE)
    hint = f"Columns that can be left out: {names}."
    if isinstance(without, str):
        raise SettingsError(
            f"without= takes a tuple of columns, and not {without!r:.80}.", hint=hint
        )
    columns = read_texts("without", without, hint)
    unknown = sorted(set(columns) - DISPENSABLE)
    if unknown:
        raise SettingsError(f"without= takes a tuple of columns, and not {unknown}.", hint=hint)
    return tuple(columns)


def _several(name: str, value: Any) -> list[str | None]:
    if value is None:
        return [None]
    return list(dict.fromkeys(read_texts(name, value, "Give one or a list of them.")))


def created(batch: Batch) -> pa.Array:
    """When the runs of a batch were asked for, in microseconds since the epoch."""
    return batch.cells["created_at"].cast(pa.int64())
