"""Writes what an exported file says of itself: its title, its contents, and its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.core.text import clip, counted, visible
from agentrun_nb.core.times import EPOCH, zone
from agentrun_nb.tables.moments import YEAR_9999, milliseconds, without_zero_times

_LONGEST = 300
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def file_title(runs: pd.DataFrame, names: Mapping[str, str], tz: str, what: str) -> str:
    """The title of a file: what it shows, of which deployments, from when to when, and when read.

    Args:
        runs: the RUNS table that is in it.
        names: of deployments by their ids.
        tz: the zone of the times, an IANA name.
        what: how many runs there are, or which one.
    """
    ids = runs["deployment_id"].dropna().unique()
    title = what
    if len(ids) == 1:
        title += f" of {clip(visible(names.get(ids[0], ids[0])), 80)}"
    elif len(ids):
        title += f" of {counted(len(ids), 'deployment')}"
    span = _span(runs["created_at"], tz)
    read = _moments(runs["fetched_at"])
    parts = [title, span and f"{span} {tz}"]
    if read is not None:
        parts.append(f"read {_clock(read[1], tz)} {tz}")
    return " \u00b7 ".join(part for part in parts if part)


def _span(column: pd.Series[Any], tz: str) -> str:
    """From when to when runs were created; the day stands once where it is one day."""
    edges = _moments(column)
    if edges is None:
        return ""
    first, last = (_clock(edge, tz) for edge in edges)
    if first == last:
        return first
    day, _, time = last.rpartition(" ")
    return f"{first} to {time if first.startswith(day) else last}"


def _moments(column: pd.Series[Any]) -> tuple[float, float] | None:
    """The first and the last time of a column in ms since the epoch; None where there is none."""
    moments = without_zero_times(milliseconds(column))
    known = moments[moments < YEAR_9999]
    return (float(known.min()), float(known.max())) if len(known) else None


def _clock(moment: float, tz: str) -> str:
    """A day and a time in a zone, or in UTC where the zone has no such time."""
    utc = EPOCH + timedelta(milliseconds=moment)
    try:
        local: datetime = utc.astimezone(zone(tz))
    except OverflowError:
        local = utc
    return f"{local.day} {local:%b} {local.year} {local:%H:%M}"


def file_contents(count: int, of: int, words: str, left_out: Sequence[str]) -> str:
    """What a file holds, in two sentences.

    Args:
        count: how many runs are in it.
        of: how many the view has.
        words: the filter that let them through, as `filter_words` says it; "" where there is none.
        left_out: the documents that are not in it.
    """
    whole = " and ".join(name.replace("_", " ") for name in DOCUMENTS if name not in left_out)
    whose = "its" if count == 1 else "their"
    documents = f"with {whose} {whole}" if whole else f"without {whose} documents"
    runs = counted(count, "run")
    if words:
        runs = f"{count:,} of {counted(of, 'run')} ({clip(visible(words), _LONGEST)})"
    return f"This file holds the records of {runs} {documents}. It reads no output files."


def file_name(run_id: str | None, now: datetime) -> str:
    """The name of a file that a page offers.

    Args:
        run_id: the run that it shows; None for many.
        now: when it is written.
    """
    what = "runs"
    if run_id is not None:
        safe = _UNSAFE.sub("-", run_id)
        what = f"run-{safe[:60]}"
    return f"{what}-{now:%Y%m%d-%H%M}.html"
