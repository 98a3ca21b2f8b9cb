"""The log events of a run, each once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agentrun_nb.core.schema import LOGS
from agentrun_nb.fetch.by_id import Key
from agentrun_nb.fetch.page_reader import fetch_table
from agentrun_nb.http import routes
from agentrun_nb.http.wire import Wire
from agentrun_nb.tables.report import attach, fetch_report
from agentrun_nb.tables.shown import LogsFrame

if TYPE_CHECKING:
    import pandas as pd

LOG_PAGE = 100
"""Log events a page."""


def fetch_logs(wire: Wire, key: Key, tail: int | None) -> pd.DataFrame:
    """The LOGS table of a run, in the order of `created_at`, with a report.

    Args:
        wire: the way to the service.
        key: the run.
        tail: only so many of the last events; None: all.
    """
    page = LOG_PAGE if tail is None else max(1, min(LOG_PAGE, tail))
    events = fetch_table(wire, LOGS, routes.LOGS, *key, key="events", limit=page, tail=tail)
    once = events[~events["id"].duplicated() | events["id"].isna()].sort_values(
        "created_at", kind="stable"
    )
    found = LogsFrame(once.tail(len(once) if tail is None else tail).reset_index(drop=True))
    attach(found, replace(fetch_report(events), got=len(found), duplicates=len(events) - len(once)))
    return found
