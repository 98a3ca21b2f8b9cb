"""How complete a frame is: the fetch report, kept in the frame's `attrs` as small plain data."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from agentrun_nb.core.schema import NOTE_CODES
from agentrun_nb.core.text import counted
from agentrun_nb.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

ATTRS = "agentrun_nb"
MOST_BYTES = 4096

SLICE = 10_000
"""Rows whose keys stand in memory as Python text at once."""


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
        clock_offset: the service's clock minus ours lies between these, in seconds; None when it sent no date.
        oddities: how often each code stands in `parse_notes` and `fetch_error`.
        seconds: time from the first request to the last answer.
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

    def __repr__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """The report in one sentence."""
        if self.complete is None:
            return f"{_runs(self.rows)}; this is not the frame that was fetched, so nothing is known of completeness."
        count = _runs(self.got) if self.asked is None else f"{self.got:,} of {_runs(self.asked)} asked for"
        spread = f" of {self.deployments:,} deployments" if self.deployments > 1 else ""
        reason = (self.truncated_by or "unknown").replace("_", " ")
        verdict = "complete" if self.complete else f"NOT complete ({reason})"
        told = [f"{count}{spread} in {self.seconds:.1f} s", verdict]
        if self.duplicates:
            told.append(f"{self.duplicates:,} came twice")
        if self.order_verified is False:
            told.append("not in order of creation")
        if self.retries:
            told.append(f"{self.retries:,} retries")
        told += [f"{count:,} x {code}" for code, count in self.oddities.items()]
        return ", ".join(told) + "."


def _runs(count: int) -> str:
    return f"{count:,} run" if count == 1 else f"{count:,} runs"


def attach(frame: pd.DataFrame, report: FetchReport, *, rest: dict[str, Any] | None = None) -> None:
    """Writes the report, with what the frame is recognised by, into the frame's `attrs`.

    Args:
        frame: what was fetched.
        report: the report on it.
        rest: what is left to list, as plain data; left out where it is too large.
    """
    data = asdict(report) | {"digest": _digest(frame), "rows": len(frame), "rest": rest}
    data["clock_offset"] = report.clock_offset and list(report.clock_offset)
    data["truncated_by"] = report.truncated_by and report.truncated_by[:200]
    for least_wanted in ("rest", "oddities"):
        if len(json.dumps(data)) > MOST_BYTES:
            data[least_wanted] = None if least_wanted == "rest" else {}
    frame.attrs[ATTRS] = data


def fetch_report(runs: Any) -> FetchReport:
    """The report that a frame carries.

    Args:
        runs: a frame of runs.

    Returns:
        The report; `complete` is None when the frame never had one, or holds other rows than those that were fetched.

    Raises:
        SchemaError: it is no frame.
    """
    if not hasattr(runs, "attrs"):
        raise SchemaError(f"A {type(runs).__name__} carries no report.", hint="Give a frame, as client.list_runs does.")
    data = runs.attrs.get(ATTRS)
    rows = len(runs) if hasattr(runs, "columns") else 1
    if not data:
        return FetchReport(rows=rows)
    same = data["rows"] == rows and data["digest"] == _digest(runs)
    told = {name: value for name, value in data.items() if name not in ("digest", "rest")}
    told["clock_offset"] = told["clock_offset"] and tuple(told["clock_offset"])
    report = FetchReport(**told | {"rows": rows})
    return report if same else replace(report, complete=None)


def rest_of(runs: pd.DataFrame) -> dict[str, Any] | None:
    """What is left to list after a listing that was cut; None when nothing is, or when this is not its frame."""
    rest: dict[str, Any] | None = runs.attrs.get(ATTRS, {}).get("rest")
    return None if fetch_report(runs).complete is None else rest


_SUMMED = ("got", "rows", "deployments", "pages", "streams", "duplicates", "retries", "waited_seconds", "seconds")


def join(reports: Sequence[FetchReport]) -> FetchReport:
    """One report for frames that were put together."""
    asked = [report.asked for report in reports]
    verdicts = {report.complete for report in reports}
    orders = {report.order_verified for report in reports} - {None}
    return FetchReport(
        **{name: sum(getattr(report, name) for report in reports) for name in _SUMMED},
        asked=None if None in asked else sum(filter(None, asked)),
        complete=None if None in verdicts or not verdicts else verdicts == {True},
        truncated_by=", ".join(sorted({report.truncated_by for report in reports if report.truncated_by})) or None,
        order_verified=None if not orders else orders == {True},
        clock_offset=next((report.clock_offset for report in reversed(reports) if report.clock_offset), None),
        oddities=dict(sum((Counter(report.oddities) for report in reports), Counter())),
    )


def resume(before: FetchReport, further: FetchReport) -> FetchReport:
    """The report of a listing that was cut and then went on to another end."""
    return replace(join([before, further]), complete=further.complete, truncated_by=further.truncated_by)


def renew(before: FetchReport, again: FetchReport, frame: pd.DataFrame) -> FetchReport:
    """The report of a frame some rows of which were asked for again.

    Args:
        before: the report that it had.
        again: the report of the rows that were asked for.
        frame: what came of it.
    """
    listed = before.streams > 0
    complete = bool(again.complete and (before.complete or not listed))
    cause = again.truncated_by or (before.truncated_by if listed else None)
    return replace(
        before,
        got=int(frame["fetch_error"].isna().sum()),
        rows=len(frame),
        complete=None if before.complete is None else complete,
        truncated_by=None if complete else cause,
        retries=before.retries + again.retries,
        waited_seconds=before.waited_seconds + again.waited_seconds,
        clock_offset=again.clock_offset or before.clock_offset,
        oddities=count_oddities(frame),
        seconds=before.seconds + again.seconds,
    )


def count_oddities(frame: pd.DataFrame, further: Mapping[str, int] | None = None) -> dict[str, int]:
    """How often each code stands in `parse_notes` and `fetch_error`; `further` ones are counted with them."""
    found = Counter(further)
    for note in frame["parse_notes"].dropna():
        found.update(_NOTE.findall(note))
    found.update(error.partition(":")[0] for error in frame["fetch_error"].dropna())
    return dict(found.most_common())


_NOTE = re.compile(rf"(?:^|; )\w+: ({'|'.join(NOTE_CODES)})\b")


def _digest(frame: pd.DataFrame) -> str:
    """A fingerprint of the runs in a frame, whatever their order and whatever else the frame holds."""
    import pandas as pd

    key = ["deployment_id", "id"]
    if not set(key) <= set(frame.columns):
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
        "without a status that can be read": ~failed & runs["status"].isna(),
    }
    told = [f"{counted(int(rows.sum()), 'run')} {what}." for what, rows in counts.items() if rows.any()]
    return " ".join([fetch_report(runs).sentence, *told] if ATTRS in runs.attrs else told)
