"""What a timeline of plotly says of its bands and of single runs, escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from agentrun_nb.core.text import clip, counted
from agentrun_nb.drawing.axis import clock_text
from agentrun_nb.drawing.bands import Band
from agentrun_nb.drawing.course import course
from agentrun_nb.drawing.status_style import look_of
from agentrun_nb.figures.style import safe_text
from agentrun_nb.tables.labels import short_id
from agentrun_nb.tables.moments import milliseconds

TIMES = ["created_at", "started_at", "completed_at"]
_LONGEST_NAME, _LONGEST_TITLE = 28, 40


def band_title(band: Band) -> dict[str, str]:
    """What stands above a band, and what is said of it when it is pointed at."""
    if not band.name:
        return {"text": ""}
    name = safe_text(band.name, _LONGEST_TITLE)
    said = [name, counted(band.size, "run"), band.failed_words]
    return {"text": f"{name}, {band.size:,}", "hovertext": "<br>".join(filter(None, said))}


def row_title(name: str, key: str) -> str:
    """What stands beside the row of a run: its name with its short id, else the id alone."""
    if not name:
        return safe_text(clip(key, _LONGEST_NAME))
    return f"{safe_text(clip(name, _LONGEST_NAME))} {safe_text(short_id(key))}"


def hover_texts(runs: pd.DataFrame, live: Iterable[bool], now: float, tz: str) -> Iterator[str]:
    """What is said of each run when it is pointed at.

    Args:
        runs: a RUNS table.
        live: whether each of them goes on.
        now: when it was read, in ms since the epoch.
        tz: the zone of the times.
    """
    records = zip(runs["id"], runs["version_id"], runs["status"], strict=True)
    times = zip(*(milliseconds(runs[name]) for name in TIMES), strict=True)
    for (run, version, status), moments, goes_on in zip(records, times, live, strict=True):
        created, started, completed = moments
        stretches = course(created, started, completed, goes_on, now)
        lines = [f"{look_of(status).label}, {version}"]
        lines.append(f"created {clock_text(created, tz)}")
        lines += [stretch.words for stretch in stretches]
        yield "<br>".join([f"<b>{safe_text(run)}</b>", *map(safe_text, lines)])
