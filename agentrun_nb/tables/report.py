"""How complete a frame is: the fetch report, kept in the frame's `attrs` as small plain data."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
import pandas as pd

from agentrun_nb.core.schema import (
    DEPLOYMENTS,
    FETCH_CODES,
    LOGS,
    NOTE_CODES,
    OBSERVATIONS,
    OUTPUTS,
    PHASES,
    RUNS,
    VERSIONS,
)
from agentrun_nb.core.text import clip, counted, visible
from agentrun_nb.errors import SchemaError
from agentrun_nb.records.cut import cut_object
from agentrun_nb.tables import remainder
from agentrun_nb.tables.remainder import Walk

ATTRS = "agentrun_nb"
MOST_BYTES = 4096

SLICE = 10_000
"""Rows whose keys stand in memory as Python text at once."""

NOUNS = {
    RUNS.name: "run",
    LOGS.name: "log event",
    VERSIONS.name: "version",
    DEPLOYMENTS.name: "deployment",
    OUTPUTS.name: "output",
    PHASES.name: "phase",
    OBSERVATIONS.name: "look",
}
"""What a row of each table is called."""

DERIVED = (OUTPUTS.name, PHASES.name, OBSERVATIONS.name)
"""Tables that are made of others."""

LONGEST_NAME = 60
"""Characters of the name of an unknown field."""


@dataclass(frozen=True, kw_only=True)
class FetchReport:
    """What was fetched, and whether that is all there is.

    Attributes:
        asked: how many runs were asked for; None: all that there are.
        got: how many of them came.
        rows: rows of the frame.
        complete: True, False, or None when the frame is not the one that was fetched.
        truncated_by: why it is not complete.
        deployments: how many deployments were asked.
        pages: answers with runs.
        streams: walks side by side.
        order_verified: whether every page came newest first; None when nothing was listed.
        duplicates: runs that came more than once, of which the newest record was kept.
        retries: requests sent again.
        waited_seconds: time spent waiting before those, summed over all requests.
        clock_offset: the service's clock minus ours lies between these, in seconds; None when it
            sent no date.
        oddities: how often each code stands in `parse_notes` and `fetch_error`, how many records
            have each field that is not known, by its name, and what was odd about answers.
        seconds: time from the first request to the last answer.
        table: whose rows they are, such as "RUNS".
        without: columns that were left out.
        since: the earliest `created_at` asked for.
        until: the `created_at` before which they were to lie.
        fetched_from: when the first request was sent, by our clock.
        fetched_to: when the last answer was had.
    """

    asked: int | None = None
    got: int = 0
    rows: int = 0
    complete: bool | None = None
    truncated_by: str | None = None
    deployments: int = 0
    pages: int = 0
    streams: int = 0
    order_verified: bool | None = None
    duplicates: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    clock_offset: tuple[float, float] | None = None
    oddities: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    table: str = RUNS.name
    without: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    fetched_from: datetime | None = None
    fetched_to: datetime | None = None

    def __repr__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """The report in one sentence."""
        noun = NOUNS.get(self.table, "row")
        if self.complete is None and self.table in DERIVED:
            return f"{counted(self.rows, noun)}; made of another table, whose report says how complete it is."
        if self.complete is None:
            rows = counted(self.rows, noun)
            return f"{rows}; this is not the frame that was fetched, so nothing is known of completeness."
        count = counted(self.got, noun)
        if self.asked is not None:
            count = f"{self.got:,} of {counted(self.asked, noun)} asked for"
        spread = f" of {self.deployments:,} deployments" if self.deployments > 1 else ""
        reason = (self.truncated_by or "unknown").replace("_", " ")
        verdict = "complete" if self.complete else f"NOT complete ({reason})"
        parts = [f"{count}{spread} in {self.seconds:.1f} s", verdict]
        if self.without:
            parts.append(
                f"without {' and '.join(self.without)}"
                if len(self.without) < 4
                else "without most columns"
            )
        if self.duplicates:
            parts.append(f"{self.duplicates:,} came twice")
        if self.order_verified is False:
            parts.append("not in order of creation")
        if self.retries:
            parts.append(f"{self.retries:,} retries")
        parts += [f"{count:,} x {code}" for code, count in self.oddities.items()]
        return ", ".join(parts) + "."


def attach(frame: pd.DataFrame, report: FetchReport, walk: Walk | None = None) -> None:
    """Writes the report, with what the frame is recognised by, into the frame's `attrs`.

    Args:
        frame: what was fetched.
        report: the report on it.
        walk: how far the listing behind it came.
    """
    reason = report.truncated_by and report.truncated_by[:200]
    data: dict[str, Any] = msgspec.to_builtins(
        replace(report, rows=len(frame), truncated_by=reason)
    )
    data |= {
        name: list(value) for name, value in data.items() if isinstance(value, tuple)
    }  # as JSON has it
    data |= remainder.to_attrs(walk or Walk()) | {"digest": _digest(frame, report.table)}
    oddities = list(report.oddities.items())
    while len(json.dumps(data)) > MOST_BYTES and oddities:
        oddities = oddities[: len(oddities) // 2]  # the most frequent ones stand first
        data["oddities"] = dict(oddities)
    frame.attrs[ATTRS] = data


def fetch_report(runs: Any) -> FetchReport:
    """The report that a frame carries.

    Args:
        runs: a frame of runs.

    Returns:
        The report; `complete` is None when the frame never had one, or holds other rows than those
        that were fetched.

    Raises:
        SchemaError: it is no frame.
    """
    if not hasattr(runs, "attrs"):
        raise SchemaError(
            f"A {type(runs).__name__} carries no report.",
            hint="Give a frame, as client.list_runs does.",
        )
    rows = len(runs) if hasattr(runs, "columns") else 1
    data = runs.attrs.get(ATTRS)
    report = read_report(data)
    if report is None:
        return FetchReport(rows=rows, table=_table_of(runs))
    same = report.rows == rows and data["digest"] == _digest(runs, report.table)
    return replace(report, rows=rows) if same else replace(report, rows=rows, complete=None)


def read_report(data: Any) -> FetchReport | None:
    """A report of what stands in `attrs`.

    None where nothing stands there, or something of others.
    """
    if not isinstance(data, dict) or not {"digest", "rows"} <= data.keys():
        return None
    try:
        return msgspec.convert(data, FetchReport)
    except msgspec.ValidationError:
        return None


def left_out(runs: pd.DataFrame) -> tuple[str, ...]:
    """The columns that a listing left out with `without=`.

    A filter of its frame still knows them.
    """
    report = read_report(runs.attrs.get(ATTRS))
    return report.without if report else ()


def _table_of(frame: Any) -> str:
    """The table whose columns a frame has; else that of runs."""
    columns = {*getattr(frame, "columns", ())}
    tables = (RUNS, LOGS, VERSIONS, DEPLOYMENTS, OUTPUTS, PHASES, OBSERVATIONS)
    return next((table.name for table in tables if columns.issuperset(table.names)), RUNS.name)


def walk_of(runs: pd.DataFrame) -> Walk:
    """How far the listing behind a frame came.

    Nothing is known when this is not the frame that was fetched.
    """
    if fetch_report(runs).complete is None:
        return Walk()
    return remainder.of_attrs(runs.attrs[ATTRS])


_SUMMED = ("got", "rows", "pages", "streams", "duplicates", "retries", "waited_seconds", "seconds")


def join(reports: Sequence[FetchReport], frame: pd.DataFrame | None = None) -> FetchReport:
    """One report for frames that were put together.

    Args:
        reports: theirs.
        frame: what came of it, whose deployments are counted: two frames may be of the same ones.
    """
    deployments = 0 if frame is None else int(frame["deployment_id"].nunique())
    asked = [report.asked for report in reports]
    verdicts = {report.complete for report in reports}
    orders = {report.order_verified for report in reports} - {None}
    return FetchReport(
        **{name: sum(getattr(report, name) for report in reports) for name in _SUMMED},
        asked=None if None in asked else sum(filter(None, asked)),
        complete=None if None in verdicts or not verdicts else verdicts == {True},
        truncated_by=_reasons({report.truncated_by for report in reports}),
        deployments=max([deployments, *(report.deployments for report in reports)]),
        order_verified=None if not orders else orders == {True},
        clock_offset=next(
            (report.clock_offset for report in reversed(reports) if report.clock_offset), None
        ),
        oddities=dict(sum((Counter(report.oddities) for report in reports), Counter())),
        without=tuple(sorted({name for report in reports for name in report.without})),
        since=_least([report.since for report in reports]),
        until=_least([report.until for report in reports], largest=True),
        fetched_from=_least([report.fetched_from for report in reports]),
        fetched_to=_least([report.fetched_to for report in reports], largest=True),
    )


def _reasons(reasons: Iterable[str | None]) -> str | None:
    """Reasons as one text, each once."""
    single = {reason for text in reasons if text for reason in text.split(", ")}
    return ", ".join(sorted(single)) or None


def _least(moments: Sequence[datetime | None], *, largest: bool = False) -> datetime | None:
    """The earliest or latest of moments.

    None when one of them is not bounded, or there are none.
    """
    known = [moment for moment in moments if moment is not None]
    if not known or len(known) < len(moments):
        return None
    return max(known) if largest else min(known)


def resume(before: FetchReport, further: FetchReport) -> FetchReport:
    """The report of a listing that was cut and then went on to another end, in the same deployments."""
    both = join([before, further])
    return replace(
        both,
        asked=before.asked,
        complete=further.complete,
        truncated_by=further.truncated_by,
        since=before.since,
        until=before.until,
    )


LOST = "where to go on is not known here"
"""Why a listing cannot go on that was cut elsewhere, or long ago."""


def renew(before: FetchReport, again: FetchReport, frame: pd.DataFrame, walk: Walk) -> FetchReport:
    """The report of a frame some rows of which were asked for again.

    Args:
        before: the report that it had.
        again: the report of the rows that were asked for.
        frame: what came of it.
        walk: how far the listing behind it came.
    """
    listed = walk.whole is False
    came = frame["fetch_error"].isna()
    complete = bool(again.complete and came.all() and not listed)
    reasons = {again.truncated_by, LOST if walk.lost else None}
    if listed:  # what was wrong with single rows is asked anew each time
        reasons |= {
            reason for reason in (before.truncated_by or "").split(", ") if reason != "failures"
        }
    service = {
        code: count
        for code, count in before.oddities.items()
        if code not in (*NOTE_CODES, *FETCH_CODES)
    }
    return replace(
        before,
        got=int(came.sum()),
        rows=len(frame),
        complete=None if before.complete is None else complete,
        truncated_by=None if complete else _reasons(reasons) or "unknown",
        retries=before.retries + again.retries,
        waited_seconds=before.waited_seconds + again.waited_seconds,
        clock_offset=again.clock_offset or before.clock_offset,
        oddities=service | count_oddities(frame),
        seconds=before.seconds + again.seconds,
        fetched_to=again.fetched_to or before.fetched_to,
    )


def count_oddities(frame: pd.DataFrame, further: Mapping[str, int] | None = None) -> dict[str, int]:
    """How often each code stands in a table's notes, and each unknown field.

    `further` ones are counted with them.
    """
    found = Counter(further)
    for note in frame["parse_notes"].dropna():
        found.update(_NOTE.findall(note))
    if "fetch_error" in frame.columns:
        found.update(error.partition(":")[0] for error in frame["fetch_error"].dropna())
    if "extra" in frame.columns:
        for document in frame["extra"].dropna():
            found.update(
                {clip(visible(name), LONGEST_NAME) for name, _ in cut_object(document.encode())}
            )
    return dict(found.most_common())


_NOTE = re.compile(rf"(?:^|; )\w+: ({'|'.join(NOTE_CODES)})\b")


def _digest(frame: pd.DataFrame, table: str) -> str:
    """A fingerprint of the records in a frame, whatever their order and whatever else the frame holds."""
    names = ["deployment_id", "run_id", "id"] if table == LOGS.name else ["deployment_id", "id"]
    key = [name for name in names if name in frame.columns]
    if "id" not in key:
        return ""
    total = 0
    for start in range(0, len(frame), SLICE):
        keys = frame[key].iloc[start : start + SLICE].astype("object")
        total += int(pd.util.hash_pandas_object(keys, index=False).to_numpy().sum())
    return f"{total % 2**64:016x}"


def completeness(runs: pd.DataFrame) -> str:
    """One line about what is missing: the fetch report, failed fetches, runs without a status."""
    failed = runs["fetch_error"].notna()
    counts = {
        "could not be fetched": failed,
    }
    if "status" not in left_out(runs):
        counts["without a status that can be read"] = ~failed & runs["status"].isna()
    told = [
        f"{counted(int(rows.sum()), 'run')} {what}." for what, rows in counts.items() if rows.any()
    ]
    return " ".join([fetch_report(runs).sentence, *told] if ATTRS in runs.attrs else told)
