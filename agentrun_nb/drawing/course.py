"""What is known of the course of one run: by its timestamps, by its log, by looks, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, Literal, NamedTuple

from agentrun_nb.core.schema import WAITING
from agentrun_nb.core.text import visible
from agentrun_nb.core.times import NOT_KNOWN, duration_text
from agentrun_nb.tables.moments import without_zero_times


class Stretch(NamedTuple):
    """A part of the course.

    Its words say what is known of it; its kind says whether it is closed, open, missing or
    reversed.
    """

    words: str
    kind: Literal["closed", "open", "missing", "reversed"]


_LONGEST_NAME = 60
_MISSING = Stretch(NOT_KNOWN, "missing")


def course(
    created: float, started: float, completed: float, live: bool, now: float
) -> list[Stretch]:
    """The stretches of a run: before and after the start, or one where no start divides it.

    Args:
        created: ms since the epoch; NaN where it is not recorded, as for the others.
        started: likewise.
        completed: likewise.
        live: whether the status says that the run goes on.
        now: when the record was read.
    """
    started, completed = without_zero_times([started, completed]).tolist()
    no_start, no_end = isnan(started), isnan(completed)
    if no_start and not no_end:
        return [
            _between(created, completed, "from created to completed", "completed before created")
        ]
    before = _between(created, started, "before start", "started before created")
    after = _between(started, completed, "after start", "completed before started")
    if live and no_end and no_start:
        before = _open(created, now, "since created, start not known")
    elif live and no_end:
        after = _open(started, now, "since start, open when read")
    return [before, after]


def _between(start: float, end: float, what: str, reverse: str) -> Stretch:
    if isnan(start) or isnan(end):
        return _MISSING
    if end < start:
        return Stretch(f"{reverse} by {duration_text(start - end)}", "reversed")
    return Stretch(f"{duration_text(end - start)} {what}", "closed")


def _open(start: float, now: float, what: str) -> Stretch:
    if isnan(start):
        return _MISSING
    return Stretch(what if now < start else f"{duration_text(now - start)} {what}", "open")


class Phase(NamedTuple):
    """A phase of a run with what is known of when it began and ended, in ms since the epoch.

    Attributes:
        name: the phase.
        kind: how it is known: logged or observed.
        start: the earliest and the latest moment at which it began; the earliest may be None.
        end: likewise; the latest may be None.
    """

    name: str
    kind: str
    start: tuple[float | None, float]
    end: tuple[float, float | None]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Phase:
        """Takes a phase as the page has it."""
        start, end = tuple(row["start"]), tuple(row["end"])
        return cls(row["phase"], row["kind"], start, end)

    @property
    def words(self) -> str:
        """How long it was, as far as that is known."""
        name = visible(self.name[:_LONGEST_NAME]).replace("_", " ")
        earliest, begun = self.start
        going, latest = self.end
        least = max(0.0, going - begun)
        if earliest is None or latest is None:
            return f"{duration_text(least)} or more {name}"
        most = latest - earliest
        if most > least:
            return f"{duration_text(least)} to {duration_text(most)} {name}"
        return f"{duration_text(least)} {name}"


class Segment(NamedTuple):
    """A stretch of the line of phases, in ms since the epoch.

    In one that is between, the phase changed.
    """

    kind: Literal["waiting", "going", "between"]
    start: float
    end: float


def phase_segments(phases: Sequence[Phase]) -> list[Segment]:
    """The line of phases that follow one another."""
    segments: list[Segment] = []

    def add(kind: Literal["waiting", "going", "between"], start: Any, end: Any) -> None:
        if start is not None and end is not None and end > start:
            segments.append(Segment(kind, start, end))

    at: float | None = None
    for phase in phases:
        earliest, begun = phase.start
        going = phase.end[0]
        add("between", earliest if at is None else at, begun)
        add("waiting" if phase.name in WAITING else "going", begun, going)
        at = max(begun, going)
    if phases:
        add("between", at, phases[-1].end[1])
    return segments


PHASE_NOTES = {
    "logged": "Phases as the log has them.",
    "observed": "Phases as they were seen; hatched: between two looks.",
}
"""What is said of a line of phases, by how they are known."""
