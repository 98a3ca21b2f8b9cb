"""What was given to a watch, as it is now: as a Run or a frame, and in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import FAILURES, STATUS_WORDS, STATUSES, TERMINAL
from agentrun_nb.core.text import clip, counted, visible
from agentrun_nb.errors import SchemaError
from agentrun_nb.fetch.batches import KEY
from agentrun_nb.fetch.keys import Key, is_pair, run_keys
from agentrun_nb.fetch.refetch import renew_rows, rows_to_fetch
from agentrun_nb.live.listener import Listener
from agentrun_nb.run import Run, runs_of
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import in_plain_form, runs_frame
from agentrun_nb.tables.report import FetchReport


@dataclass(frozen=True)
class Given:
    """Runs that were given to be watched.

    Attributes:
        is_one: whether a single run was given, and not several in one object.
        table: the RUNS table of them; None where they were given by their keys alone.
        keys: the key of each run, each once.
        to_watch: the keys of those that may still end.
    """

    is_one: bool
    table: pd.DataFrame | None
    keys: list[Key]
    to_watch: list[Key]

    @classmethod
    def of(cls, runs: Any) -> Given:
        """Reads what was given.

        Raises:
            SettingsError: something in it names no run.
        """
        is_several = isinstance(runs, Iterable) and not isinstance(runs, pd.Series | Mapping)
        given = in_plain_form(runs)
        if is_several and not isinstance(given, pd.DataFrame | list | tuple):
            given = list(given)
        keys = run_keys(given)
        table = _table_of(given)
        if table is None:
            return cls(not is_several or is_pair(given), None, keys, keys)
        outdated = table[rows_to_fetch(table)]
        return cls(not is_several, table, keys, run_keys(outdated))

    @classmethod
    def nothing(cls) -> Given:
        """What is given to a watch of deployments, whose runs are not known yet."""
        return cls(False, None, [], [])

    @property
    def ended_before(self) -> Iterator[Run]:
        """The runs that had ended when they were given."""
        if self.table is None:
            return
        ended = self.table[~rows_to_fetch(self.table)]
        yield from runs_of(ended)

    def frame(self, listener: Listener) -> pd.DataFrame:
        """The RUNS table of the runs as they were last seen; a frame keeps its index."""
        if self.table is None:
            return listener.frame(self.keys or None)
        outdated = rows_to_fetch(self.table)
        rows = self.table[outdated]
        pairs = zip(rows["deployment_id"].fillna(""), rows["id"].fillna(""), strict=True)
        fresh = listener.frame(pairs)
        renewed = renew_rows(self.table, outdated, fresh)
        if report.ATTRS in self.table.attrs:
            remains = report.remainder_of(self.table)
            before = report.fetch_report(self.table)
            report.attach(renewed, report.renew(before, _report(fresh), renewed, remains), remains)
        return renewed

    def now(self, listener: Listener) -> Run | pd.DataFrame:
        """The Run or the frame, whichever was given, as it was last seen."""
        frame = self.frame(listener)
        if not self.is_one:
            return frame
        record = listener.records().get(self.keys[0])
        return next(runs_of(frame)) if record is None else record.as_run()


def _table_of(given: Any) -> pd.DataFrame | None:
    """The RUNS table of what was given; None where it only names runs."""
    if isinstance(given, pd.DataFrame) and {"deployment_id", "run_id"} <= set(given.columns):
        # Logs, outputs and looks say nothing of the status.
        return None
    items = [given] if isinstance(given, pd.DataFrame | pd.Series | Mapping | Run) else given
    if any(isinstance(item, tuple | list | str) for item in items):
        return None
    try:
        return runs_frame(given)
    except SchemaError:
        return None


def _report(fresh: pd.DataFrame) -> FetchReport:
    got = int(fresh["fetch_error"].isna().sum())
    return FetchReport(asked=len(fresh), got=got, complete=got == len(fresh))


def progress_sentence(frame: pd.DataFrame, looks: pd.DataFrame | None = None) -> str:
    """Says how many runs have ended, and how.

    Args:
        frame: the RUNS table of the runs as they were last seen.
        looks: the OBSERVATIONS of them, which say when the failed ones were last seen before that.

    Example:
        >>> progress_sentence(runs_frame({"deployment_id": "d", "id": "r", "status": "failed"}))
        '1 of 1 run ended: 1 failed'
    """
    once = frame.drop_duplicates(KEY)
    came = once[once["fetch_error"].isna()]
    counts = Counter(came["status"].dropna())
    ended = sum(counts[status] for status in TERMINAL)
    parts = []
    for status in STATUSES:
        if status not in TERMINAL or not counts[status]:
            continue
        words = f"{counts[status]:,} {STATUS_WORDS[status]}"
        if looks is not None and status in FAILURES:
            words += _last_seen(came[came["status"] == status], looks)
        parts.append(words)
    sentence = f"{ended:,} of {counted(len(once), 'run')} ended"
    if parts:
        sentence += f": {', '.join(parts)}"
    return "; ".join([sentence, *_obstacles(once, counts)])


def _last_seen(failed: pd.DataFrame, looks: pd.DataFrame) -> str:
    """Says with which status failed runs were last seen before, and how many with each."""
    going = looks[~looks["status"].isin(TERMINAL)]
    last = going.drop_duplicates(["deployment_id", "run_id"], keep="last")
    # As text, since a category of the one table is none of the other.
    keys = failed[KEY].rename(columns={"id": "run_id"}).astype(TEXT)
    statuses = keys.merge(last[["deployment_id", "run_id", "status"]])["status"]
    words = []
    for status, count in statuses.value_counts().items():
        name = STATUS_WORDS.get(str(status), visible(clip(str(status), 60)))
        words.append(f"{name} {count:,}")
    return f" (last seen {', '.join(words)})" if words else ""


def _obstacles(once: pd.DataFrame, counts: Counter[str]) -> Iterator[str]:
    """Says what keeps runs from being seen to end."""
    for status, count in counts.items():
        if status not in STATUSES:
            has = "has" if count == 1 else "have"
            shown = visible(clip(status, 60))
            yield f"{count:,} {has} the status {shown!r}, which is not known to end a run"
    goes_on = ~once["status"].isin(TERMINAL)
    services = int((goes_on & (once["mode"] == "service")).sum())
    if services:
        do = "is a service, which does" if services == 1 else "are services, which do"
        yield f"{services:,} {do} not end by itself"
    codes = Counter(error.partition(":")[0] for error in once["fetch_error"].dropna())
    for code, count in codes.items():
        if code != "not_asked":
            yield f"{count:,} {code.replace('_', ' ')}"
