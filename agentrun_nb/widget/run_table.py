"""The runs that a view shows, and what is looked up in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.analysis.failures import failures
from agentrun_nb.analysis.filter_rows import Mask, contains_text, filter_rows
from agentrun_nb.analysis.filter_rules import Rules
from agentrun_nb.core.times import EPOCH
from agentrun_nb.drawing.course import Phase
from agentrun_nb.run import Run
from agentrun_nb.tables.frames import runs_frame
from agentrun_nb.tables.moments import last_moment
from agentrun_nb.widget.failure_groups import FailureGroups, failure_groups
from agentrun_nb.widget.page import page_names, small_docs
from agentrun_nb.widget.run_docs import absent_fields, packed_docs, run_docs
from agentrun_nb.widget.run_phases import phases_of

Key = tuple[str, str]
"""The ids of a deployment and of its run."""


class RunTable:
    """Runs, in which a row is identified by its position.

    Attributes:
        runs: the RUNS table.
        one: the run itself where the table was made of one Run or row.
        is_row: whether that was a row of a frame.
        absent: the fields that the record of the one run is known not to have.
        now: the newest look, in ms since the epoch; 0 where there is none.
    """

    def __init__(self, x: Any) -> None:
        """Takes what `explore` takes."""
        self.is_row = isinstance(x, pd.Series)
        self.runs = runs_frame(x.to_frame().T if self.is_row else x).copy(deep=False)
        self.one = x if isinstance(x, Run) else None
        if self.is_row:
            self.one = Run.of_row(self.runs.iloc[0])
        # A row has NA both for what its record does not have and for what is null there.
        self.absent = () if self.one is None or self.is_row else tuple(absent_fields(self.one))
        latest = last_moment(self.runs)
        self.now = 0.0 if isnan(latest) else latest
        self._masks: dict[str, Mask] = {}

    def __len__(self) -> int:
        return len(self.runs)

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

    # --- keys and rows

    def keys(self, rows: Any) -> list[Key]:
        """The keys of some rows; a missing id is an empty text."""
        ids = self.runs[["deployment_id", "id"]].iloc[rows].fillna("")
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
        ids = self.runs["id"].fillna("")
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
        return self.runs.iloc[row : row + 1]

    def run(self, row: int) -> Run:
        """One row, as a Run."""
        if self.one is not None:
            return self.one
        return Run.of_row(self.runs.iloc[row])

    def doc(self, row: int) -> dict[str, Any]:
        """The RunDoc of one row."""
        part = self.part(row)
        return run_docs(part, row, self.absent, phases_of(part))[0]

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
        return packed_docs(self.runs, self.absent)
