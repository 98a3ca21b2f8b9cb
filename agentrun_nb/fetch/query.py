"""Describes which runs a listing requests: by deployment, status, version and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from itertools import product
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core import times
from agentrun_nb.core.arguments import read_texts, read_words
from agentrun_nb.core.schema import RUNS, STATUSES
from agentrun_nb.core.when import When as When
from agentrun_nb.core.when import read_period as read_period
from agentrun_nb.core.when import read_statuses as read_statuses
from agentrun_nb.core.when import read_when as read_when
from agentrun_nb.errors import BadIdError, SettingsError
from agentrun_nb.http import routes
from agentrun_nb.records.batch import Batch

_NEEDED = {"id", "deployment_id", "version_id", "created_at", "updated_at"}

DISPENSABLE = {column.name for column in RUNS.wire} - _NEEDED
"""Columns that a listing can do without."""


@dataclass(frozen=True)
class Branch:
    """A part of a listing that is read on its own, page by page.

    Attributes:
        deployment: the deployment of its runs.
        status: the status that the service filters by; None: all.
        version_id: the version that it filters by, likewise.
        cursor: where to begin; None for the first page.
    """

    deployment: str
    status: str | None = None
    version_id: str | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class RunQuery:
    """The runs that a listing requests.

    Attributes:
        branches: the parts of the listing, which together hold them all.
        since: the earliest `created_at`, in microseconds since the epoch.
        until: the `created_at` before which they lie, likewise.
        limit: the most runs; None: all.
        without: columns whose text is dropped.
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
        """The deployments of the branches, each once."""
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
        """Selects the rows in the window of time, and those whose `created_at` cannot be read."""
        if self.since is None and self.until is None:
            return batch
        moments = created(batch)
        inside = pa.array([True] * len(batch), pa.bool_())
        if self.since is not None:
            late_enough = pc.greater_equal(moments, self.since).fill_null(True)
            inside = pc.and_(inside, late_enough)
        if self.until is not None:
            early_enough = pc.less(moments, self.until).fill_null(True)
            inside = pc.and_(inside, early_enough)
        return batch.apply(pa.Array.filter, inside)

    def rest(self, left: Iterable[Branch], got: int) -> dict[str, Any] | None:
        """Describes what is left to list, as plain data; None when nothing is.

        Args:
            left: the branches that are not read to their end.
            got: the number of runs that came.
        """
        branches = [astuple(branch) for branch in left]
        limit = None if self.limit is None else self.limit - got
        if not branches or limit == 0:
            return None
        return asdict(self) | {"branches": branches, "limit": limit}

    @classmethod
    def of_rest(cls, rest: dict[str, Any] | None) -> RunQuery | None:
        """Makes the query for what `rest` describes; None when it describes nothing.

        Plain data may come from anywhere, such as a file: what is no such description is nothing.
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
    """Makes a branch for each combination of deployment, version and status.

    Args:
        deployments: the deployments.
        statuses: a status or several; None: one branch for all. The branches of several have the
            order in which a run takes them.
        versions: the id of a version or several; None: one branch for all.
    """
    in_turn = sorted(_as_list("status", statuses), key=_place_in_life)
    version_ids = _as_list("version_id", versions)
    combinations = product(dict.fromkeys(deployments), version_ids, in_turn)
    return [Branch(deployment, status, version) for deployment, version, status in combinations]


def _place_in_life(status: str | None) -> int:
    """Returns the place of a status in the life of a run; unknown ones come first."""
    return STATUSES.index(status) if status in STATUSES else -1


def read_deployments(given: Any) -> list[str]:
    """Returns the ids of the deployments that are given.

    Args:
        given: an id, several, or a frame or row with them.

    Raises:
        BadIdError: one cannot be an id.
        SettingsError: a frame or row without ids.
    """
    if isinstance(given, pd.DataFrame | pd.Series):
        if isinstance(given, pd.DataFrame):
            # The ids may stand in the index.
            indexed = {*given.index.names} & {"deployment_id", "id"} - {*given.columns}
            given = given.reset_index([*indexed]) if indexed else given
        labels = given.keys()  # the columns of a frame, the index of a row
        names = [name for name in ("deployment_id", "id") if name in labels]
        if isinstance(given, pd.DataFrame) and not names:
            hint = "Give client.list_deployments()."
            raise SettingsError("This frame names no deployments.", hint=hint)
        given = given[names[0]] if names else given
    hint = "Give an id, a list of ids, or client.list_deployments()."
    deployments = list(dict.fromkeys(read_texts("deployment_id", given, hint)))
    for deployment in deployments:
        routes.check_id("deployment_id", deployment)
    return deployments


def with_usable_ids(deployments: pd.DataFrame) -> pd.DataFrame:
    """Selects the deployments whose id can be asked for; an odd one costs no other."""
    usable = []
    for deployment in deployments["id"]:
        try:
            routes.check_id("deployment_id", deployment)
        except BadIdError:
            usable.append(False)
        else:
            usable.append(True)
    return deployments[usable]


def read_without(without: Any) -> tuple[str, ...]:
    """Checks the columns that a listing is to leave out.

    Raises:
        SettingsError: one cannot be left out, or is no column.
    """
    names = ", ".join(name for name in RUNS.names if name in DISPENSABLE)
    hint = f"Columns that can be left out: {names}."
    # One text alone would be taken for a column by whoever forgets the comma of a tuple.
    columns = [without] if isinstance(without, str) else read_texts("without", without, hint)
    unknown = sorted(set(columns) - DISPENSABLE)
    if unknown or isinstance(without, str):
        unknown = unknown or columns
        raise SettingsError(f"without= takes a tuple of columns, and not {unknown}.", hint=hint)
    return tuple(columns)


def _as_list(name: str, value: Any) -> list[str | None]:
    if value is None:
        return [None]
    return list(dict.fromkeys(read_words(name, value, "Give one or a list of them.")))


def created(batch: Batch) -> pa.Array:
    """Returns `created_at` of each run of a batch, in microseconds since the epoch."""
    return batch.cells["created_at"].cast(pa.int64())
