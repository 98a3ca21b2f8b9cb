"""Reads the log of one run for the page, within bounds and away from the kernel's thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from agentrun_nb.core import times
from agentrun_nb.core.text import clip
from agentrun_nb.widget.protocol import LOG_KEYS, RefusedError
from agentrun_nb.widget.run_phases import Phase, phases_of

if TYPE_CHECKING:
    from agentrun_nb.run import Run
    from agentrun_nb.widget.run_source import RunSource

SECONDS = 60
MOST_EVENTS = 2_000
MOST_CHARACTERS = 4 * 2**20
"""So much of the messages and metadata of all events together goes to the page."""

NO_CLIENT = "This view has no client to read logs with: make it with arn.explore(runs, client)."
_LONGEST = 20_000


class Log(NamedTuple):
    """The end of a log.

    Attributes:
        events: the last events, the oldest first, by the names of `LOG_KEYS`.
        more: whether there are older ones.
        phases: the phases that they tell of, or else those that were seen, as `phases_of` has them.
    """

    events: list[dict[str, str | None]]
    more: bool
    phases: list[Phase]


async def read_log(client: RunSource | None, run: Run) -> Log:
    """The last events of a run.

    Args:
        client: where the run came from.
        run: the run.

    Raises:
        RefusedError: there is no log to be had; it says why in one sentence.
        AgentRunError: the client did not get it.
    """
    read: Any = getattr(client, "get_logs", None)
    if read is None:
        raise RefusedError(NO_CLIENT)
    if run.deployment_id is None or run.id is None:
        raise RefusedError("A run without an id of its own and of its deployment has no log here.")
    # One more than is shown says whether there are older ones.
    bounds: dict[str, Any] = {"tail": MOST_EVENTS + 1, "progress": False}
    reading = asyncio.to_thread(read, (run.deployment_id, run.id), **bounds)
    try:
        found = await asyncio.wait_for(reading, SECONDS)
    except TimeoutError:
        raise RefusedError(f"The log did not come within {SECONDS} seconds.") from None
    phases = phases_of(run.to_frame(), found).get((run.deployment_id, run.id), [])
    return _bounded(found, phases)


def _bounded(found: pd.DataFrame, phases: list[Phase]) -> Log:
    """The end of a log that is not too much together."""
    events = _events(found.tail(MOST_EVENTS))
    room = MOST_CHARACTERS
    first = len(events)
    for event in reversed(events):
        room -= sum(len(text) for text in event.values() if text)
        if room < 0:
            break
        first -= 1
    return Log(events[first:], first > 0 or len(found) > MOST_EVENTS, phases)


def _events(log: pd.DataFrame) -> list[dict[str, str | None]]:
    """The rows of a LOGS table as the page gets them."""
    moments = log["created_at"].dt.tz_convert("UTC").dt.tz_localize(None)
    micros = moments.to_numpy("datetime64[us]").astype("int64")
    known = moments.notna()
    columns: dict[str, list[str | None]] = {}
    for name in LOG_KEYS:
        cells = log[name].astype("object")
        texts = cells.where(cells.notna(), None).tolist()
        columns[name] = [text if text is None else clip(str(text), _LONGEST) for text in texts]
    columns["created_at"] = [
        times.iso(int(at)) if is_known else None for at, is_known in zip(micros, known, strict=True)
    ]
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]
