"""What a page does not know yet of its runs: the rows that have changed since it was told last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np

from agentrun_nb.tables.moments import known_until
from agentrun_nb.tables.report import completeness, verdict
from agentrun_nb.widget.following import State
from agentrun_nb.widget.page import Message, runs_part
from agentrun_nb.widget.protocol import PATCH_KEYS, Parcel
from agentrun_nb.widget.run_table import RunTable


class Changes:
    """The rows that have changed since the page was told last.

    Attributes:
        version: how many times the page was told of others.
    """

    def __init__(self) -> None:
        self.version = 0
        self._clear()

    def _clear(self) -> None:
        self._looked: set[int] = set()
        self._changed: set[int] = set()
        self._is_completed = False

    def restart(self) -> None:
        """The page gets all rows anew."""
        self.version += 1
        self._clear()

    def add(
        self, looked: Iterable[int], changed: Iterable[int] = (), *, completes: bool = False
    ) -> None:
        """Adds rows.

        Args:
            looked: those that were looked at.
            changed: those of them that say something else now.
            completes: whether more runs are known now than before.
        """
        self._looked.update(looked)
        self._changed.update(changed)
        self._is_completed |= completes

    def patch(self, table: RunTable, names: Mapping[str, str], state: State) -> Message:
        """What the page is told; from then on it knows it.

        Args:
            table: the runs.
            names: of deployments and versions by their ids.
            state: how following stands.
        """
        looked, changed = sorted(self._looked), sorted(self._changed)
        completes = self._is_completed
        self._clear()
        self.version += bool(looked)
        parcel = Parcel()
        patch: dict[str, Any] = dict.fromkeys(PATCH_KEYS)
        patch |= {"op": "rows", "version": self.version, "now": table.now, "follow": asdict(state)}
        if looked:
            until = known_until(table.parts(looked), table.now)
            patch["rows"] = parcel.add(_places(looked))
            patch["until"] = parcel.add_floats(until)
        if changed:
            patch["changed"] = parcel.add(_places(changed))
            patch["part"] = runs_part(table.parts(changed), table.now, names, parcel)
        if changed and table.one is not None:
            patch["doc"] = parcel.add(msgspec.json.encode(table.doc(0)))
        if completes:
            complete, words = verdict(table.runs)
            note = completeness(table.runs)
            patch["report"] = {"note": note, "complete": complete, "verdict": words}
        return patch, parcel.packed()


def _places(rows: Sequence[int]) -> bytes:
    return np.array(rows, dtype="<u4").tobytes()
