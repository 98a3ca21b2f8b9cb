"""What three timestamps say about the course of one run, in words, and no more."""

from __future__ import annotations

from math import isnan
from typing import Literal, NamedTuple

from agentrun_nb.core.times import NOT_KNOWN, duration_text
from agentrun_nb.tables.moments import without_zero_times


class Stretch(NamedTuple):
    """A part of the course.

    Its words say what is known of it; its kind says whether it is closed, open, missing or
    reversed.
    """

    words: str
    kind: Literal["closed", "open", "missing", "reversed"]


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
