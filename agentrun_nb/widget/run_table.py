"""The runs that a view shows, and what is looked up in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from math import isnan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agentrun_nb.analysis.failures import failures
from agentrun_nb.analysis.filter_rows import Mask, contains_text, filter_rows
from agentrun_nb.analysis.filter_rules import Rules
from agentrun_nb.core.schema import RUNS, TERMINAL
from agentrun_nb.core.times import EPOCH
from agentrun_nb.drawing.course import Phase
from agentrun_nb.run import Run, runs_of
from agentrun_nb.tables.frames import concat, runs_frame
from agentrun_nb.tables.moments import last_moment
from agentrun_nb.widget.failure_groups import FailureGroups, failure_groups
from agentrun_nb.widget.page import page_names, small_docs
from agentrun_nb.widget.run_docs import absent_fields, packed_doc, run_docs
from agentrun_nb.widget.run_phases import phases_of
from agentrun_nb.widget.run_source import Feed

Key = tuple[str, str]
"""The ids of a deployment and of its run."""


class Renewal(NamedTuple):
    """What newer records have changed.

    Attributes:
        looked: the rows that have one, rising.
        changed: those of them of which it says something else than the one before.
        unknown: the keys of runs that are not here.
        completes: whether there is a record now of a run of which there was none.
    """

    looked: list[int]
    changed: list[int]
    unknown: list[Key]
    completes: bool


class _Doc(NamedTuple):
    """The RunDoc that was made last, with the phases that `phases_of` gave for it."""

    phases: dict[Key, list[dict[str, Any]]]
    doc: dict[str, Any]


class RunTable:
    """Runs, in which a row is identified by its position.

    Attributes:
        one: the run itself where the table was made of one Run or row.
        is_row: whether that was a row of a frame.
        absent: the fields that the record of the one run is known not to have.
        now: the newest look, in ms since the epoch; 0 where there is none.
    """

    def __init__(self, x: Any) -> None:
        """Takes what `explore` takes."""
        self.is_row = isinstance(x, pd.Series)
        self._runs = runs_frame(x.to_frame().T if self.is_row else x).copy(deep=False)
        # Newer records of rows, by their places: to put each into a large table takes long.
        self._newer: pd.DataFrame | None = None
        self.one = x if isinstance(x, Run) else None
        if self.is_row:
            self.one = next(runs_of(self.runs))
        # A row has NA both for what its record does not have and for what is null there.
        self.absent = () if self.one is None or self.is_row else tuple(absent_fields(self.one))
        latest = last_moment(self.runs)
        self.now = 0.0 if isnan(latest) else latest
        self._masks: dict[str, Mask] = {}
        self._newest_doc: _Doc | None = None

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def runs(self) -> pd.DataFrame:
        """The RUNS table."""
        if self._newer is not None:
            newer, self._newer = self._newer, None
            self._runs = _with_newer(self._runs, newer)
        return self._runs

    @property
    def newest(self) -> datetime:
        """The newest look, from which ages in a filter count back."""
        return EPOCH + timedelta(milliseconds=self.now)

    def mask(self, rules: Rules | None, names: Mapping[str, str]) -> Mask:
        """Which rows a filter lets through; the last answer is remembered."""
        question = repr((rules, names if rules and "text" in rules else None))
        if question not in self._masks:
            groups = self._groups_for(rules)
            mask = filter_rows(self.runs, rules, self.newest, names, groups)
            self._masks = {question: mask}
        return self._masks[question]

    def needed_names(self, rules: Rules | None, names: Mapping[str, str]) -> dict[str, str]:
        """The names without which a filter would let other runs through."""
        if not rules or not rules.get("text") or not names:
            return {}
        mask = self.mask(rules, names)
        alone = filter_rows(self.runs, rules, self.newest, None, self._groups_for(rules))
        if (mask == alone).all():
            return {}
        known = page_names(self.runs, names)
        found = contains_text(list(known.values()), rules["text"])
        return {key: names[key] for key, is_in in zip(known, found, strict=True) if is_in}

    def _groups_for(self, rules: Rules | None) -> pd.Series[Any] | None:
        return self.fingerprints if rules and "failure" in rules else None

    @cached_property
    def fingerprints(self) -> pd.Series[Any]:
        """Of which group of failures each run is, as `failures` says it."""
        found: pd.Series[Any] = failures(self.runs, each=True)
        return found

    @cached_property
    def groups(self) -> FailureGroups:
        """The groups of failures, as the page gets them."""
        return failure_groups(self.runs, self.fingerprints)

    # --- newer records

    def going(self, shown: Mask) -> pd.DataFrame:
        """The rows of those shown that have an id and have not ended."""
        runs = self.runs
        goes_on = shown & ~runs["status"].isin(TERMINAL).to_numpy(dtype=bool)
        rows = runs[goes_on]
        return rows[rows["id"].notna() & rows["deployment_id"].notna()]

    def renew(self, fresh: pd.DataFrame) -> Renewal:
        """Takes newer records of the runs that are here.

        Args:
            fresh: a RUNS table with one row a run.
        """
        keys = zip(fresh["deployment_id"], fresh["id"], strict=True)
        place = {key: at for at, key in enumerate(keys)}
        found = [(row, key) for row, key in self._candidates(place) if key in place]
        known = {key for _, key in found}
        unknown = [key for key in place if key not in known]
        rows = [row for row, _ in found]
        before = self.parts(rows)
        after = fresh.iloc[[place[key] for _, key in found]].set_axis(rows)
        newer = _are_newer(before, after)
        before, after = before[newer], after[newer]
        changed = ~_are_same(before, after)
        self._put(after)
        completes = bool(before["fetch_error"].notna().any())
        return Renewal(after.index.tolist(), after.index[changed].tolist(), unknown, completes)

    def _put(self, after: pd.DataFrame) -> None:
        """Takes newer rows, which bear their places as index."""
        if not len(after):
            return
        if self._newer is not None:
            older = self._newer[~self._newer.index.isin(after.index)]
            index = older.index.append(after.index)
            after = concat([older, after]).set_axis(index)
        self._newer = after
        self._look_again(last_moment(after))

    def append(self, new: pd.DataFrame) -> list[int]:
        """Takes runs that are not here yet; returns their rows. Their index goes on counting."""
        runs = self.runs
        rows = list(range(len(runs), len(runs) + len(new)))
        self._runs = concat([runs, new]).set_axis([*runs.index, *rows])
        self._runs.attrs = dict(runs.attrs)
        self._look_again(last_moment(new))
        return rows

    def renew_one(self, run: Run) -> bool:
        """Takes the newer record of the one run; returns whether it says something else."""
        before = self.one
        renewed = RunTable(run)
        self._runs, self._newer = renewed.runs.set_axis(self._runs.index), None
        self.one, self.absent = run, renewed.absent
        self._look_again(renewed.now)
        return before is None or before.raw != run.raw

    def _look_again(self, latest: float) -> None:
        """Forgets what was found out of records that are older now."""
        if latest > self.now:
            self.now = latest
        self._masks = {}
        self._newest_doc = None
        for name in ("fingerprints", "groups"):
            self.__dict__.pop(name, None)

    # --- keys and rows

    def keys(self, rows: Any) -> list[Key]:
        """The keys of some rows; a missing id is an empty text."""
        ids = self._runs[["deployment_id", "id"]].iloc[rows].fillna("")
        return list(zip(ids["deployment_id"], ids["id"], strict=True))

    def rows(self, keys: Iterable[Sequence[str]]) -> list[int]:
        """All rows that have one of these keys, rising."""
        sought = {(deployment, run) for deployment, run in keys}
        return [row for row, key in self._candidates(sought) if key in sought]

    def first_rows(self, keys: Iterable[Sequence[str]]) -> list[int]:
        """The first row of each key that a row has, in the order of the keys."""
        sought = [(deployment, run) for deployment, run in keys]
        first: dict[Key, int] = {}
        for row, key in self._candidates(sought):
            first.setdefault(key, row)
        return [first[key] for key in dict.fromkeys(sought) if key in first]

    def _candidates(self, keys: Iterable[Key]) -> Iterable[tuple[int, Key]]:
        """The rows with the id of one of these runs, also those of another deployment."""
        ids = self._runs["id"].fillna("")
        near = np.flatnonzero(ids.isin([run for _, run in keys]))
        return zip(near.tolist(), self.keys(near), strict=True)

    def newest_key(self) -> list[list[str]]:
        """The key of the run that was created last, in a list; no runs give an empty list."""
        created = self.runs["created_at"]
        if not len(created):
            return []
        row = int(created.argmax()) if created.notna().any() else 0
        return [list(key) for key in self.keys([row])]

    # --- single rows

    def part(self, row: int) -> pd.DataFrame:
        """One row, as a table."""
        return self.parts([row])

    def parts(self, rows: Sequence[int]) -> pd.DataFrame:
        """Some rows, as a table."""
        found = self._runs.iloc[rows]
        newer = self._newer
        if newer is None:
            return found
        places = pd.Index(rows)
        renewed = newer.loc[places.intersection(newer.index)]
        return _with_newer(found, renewed.set_axis(places.get_indexer(renewed.index)))

    def run(self, row: int) -> Run:
        """One row, as a Run."""
        if self.one is not None:
            return self.one
        return next(runs_of(self.part(row)))

    def doc(self, row: int) -> dict[str, Any]:
        """The RunDoc of one row."""
        part = self.part(row)
        phases = phases_of(part)
        # A view of one run asks for it twice while it opens: for its page and for its twin.
        if self._newest_doc is None or self._newest_doc.phases != phases or self.one is None:
            self._newest_doc = _Doc(phases, run_docs(part, row, self.absent, phases)[0])
        return self._newest_doc.doc

    def phases(self) -> list[Phase]:
        """The phases of the run that was given, as they were seen; none where several were."""
        if self.one is None:
            return []
        found = phases_of(self.runs)
        return [Phase.of(row) for rows in found.values() for row in rows]

    def docs(self) -> bytes | None:
        """All RunDocs, gzipped; None where they are too many to go to the page at once."""
        if self.one is None:
            return small_docs(self.runs)
        return packed_doc(self.doc(0))


def table_of(x: Any, feed: Feed | None) -> RunTable:
    """The runs of what `explore` takes; where that is a watch, as its feed has them now."""
    if feed is None:
        return RunTable(x)
    # What has come so far is in the table, and is no change of it.
    feed.changes()
    return RunTable(feed.now())


def _with_newer(runs: pd.DataFrame, newer: pd.DataFrame) -> pd.DataFrame:
    """The table with some of its rows replaced.

    Args:
        runs: the table; it may have further columns.
        newer: rows of the RUNS table, which bear their places as index.
    """
    places = newer.index.to_numpy(dtype="int64")
    others = np.setdiff1d(np.arange(len(runs)), places)
    shuffled = concat([runs.iloc[others][RUNS.names], newer])
    # Sorted by their places, all rows are where they were.
    order = np.argsort(np.concatenate([others, places]))
    renewed = shuffled.iloc[order].set_axis(runs.index)
    further = {name: runs[name] for name in runs.columns if name not in RUNS.names}
    renewed = renewed.assign(**further)
    renewed.attrs = dict(runs.attrs)
    return renewed


def _are_newer(before: pd.DataFrame, after: pd.DataFrame) -> Mask:
    """Which records take the place of others: of runs that had not ended, and no older ones."""
    had_ended = before["status"].isin(TERMINAL).to_numpy(dtype=bool)
    is_older = after["updated_at"].to_numpy() < before["updated_at"].to_numpy()
    newer: Mask = ~had_ended & ~is_older
    return newer


def _are_same(before: pd.DataFrame, after: pd.DataFrame) -> Mask:
    """Which records say the same, whenever they were fetched."""
    same = np.ones(len(before), dtype=bool)
    for name in RUNS.names:
        if name != "fetched_at":
            pairs = zip(_plain(before[name]), _plain(after[name]), strict=True)
            same &= np.array([a == b for a, b in pairs], dtype=bool)
    return same


def _plain(cells: pd.Series[Any]) -> list[Any]:
    """Cells as objects, None for a missing one."""
    values: list[Any] = cells.astype("object").where(cells.notna(), None).tolist()
    return values
