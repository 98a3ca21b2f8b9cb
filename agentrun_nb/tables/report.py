"""The fetch report of a frame: what was fetched, and whether that is all there is.

It is kept in the frame's `attrs` as small plain data.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec
import pandas as pd

from agentrun_nb import errors
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import ANSWER_CODES, FETCH_CODES, LOGS, NOTE_CODES, RUNS, TABLES
from agentrun_nb.core.text import capital, clip, counted, kind_of, visible
from agentrun_nb.errors import SchemaError
from agentrun_nb.records.cut import cut_object
from agentrun_nb.tables import remainder
from agentrun_nb.tables.remainder import Remainder

ATTRS = "agentrun_nb"
MOST_BYTES = 4096

SLICE = 10_000
"""How many rows are hashed at once, so that few keys are in memory as Python text."""

NOUNS = {table.name: table.noun for table in TABLES}
DERIVED = {table.name for table in TABLES if table.derived}

_MANY_COLUMNS = 4
"""From so many columns on, a sentence does not name the columns that were left out."""

_KINDS = {getattr(errors, name).kind for name in dir(errors)}
_CODES = {*NOTE_CODES, *FETCH_CODES, *ANSWER_CODES, *_KINDS}
"""What is counted as odd; every other name is that of an unknown field."""

LONGEST_NAME = 60
"""How many characters of the name of an unknown field are shown."""


@dataclass(frozen=True, kw_only=True)
class FetchReport:
    """What was fetched, and whether that is all there is.

    Attributes:
        asked: how many runs were requested; None for all that there are.
        got: how many of them were fetched.
        rows: number of rows of the frame.
        complete: True, False, or None when the frame is not the one that was fetched.
        truncated_by: why it is not complete, such as `limit`; the documentation lists the reasons.
        deployments: number of deployments that were listed.
        pages: number of answers with runs.
        streams: number of listings that went on side by side.
        order_verified: whether every page was sorted newest first; None when nothing was listed.
        duplicates: number of records dropped because a newer record of the same run came.
        retries: number of requests sent again.
        waited_seconds: time spent waiting before retries, summed over all requests.
        clock_offset: the least and the most by which the service's clock is ahead of ours, in
            seconds; None when no answer had a date.
        oddities: how often each code stands in `parse_notes` and `fetch_error`, how many records
            have each unknown field, by its name, and what was odd about answers.
        seconds: time from the first request to the last answer.
        table: the name of the table, such as "RUNS".
        without: columns that were left out.
        since: the earliest `created_at` requested.
        until: the end of the `created_at` requested, itself excluded.
        fetched_from: when the first request was sent, by our clock.
        fetched_to: when the last answer arrived, by our clock.
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
        if self.complete is None:
            return f"{counted(self.rows, noun)}; {self._verdict()}."
        return f"{self._amount(noun)}, {self._verdict()}."

    def _amount(self, noun: str) -> str:
        """How much was fetched, and how long it took."""
        count = counted(self.got, noun)
        if self.asked is not None:
            count = f"{self.got:,} of {counted(self.asked, noun)} asked for"
        if self.deployments > 1:
            count += f" of {self.deployments:,} deployments"
        return f"{count} in {self.seconds:.1f} s"

    def _verdict(self) -> str:
        """Whether that is all there is, and what else is worth knowing."""
        if self.complete is None and self.table in DERIVED:
            return "made of another table, whose report says how complete it is"
        if self.complete is None:
            return "this is not the frame that was fetched, so nothing is known of completeness"
        return ", ".join([self._completeness(), *self._remarks()])

    def _completeness(self) -> str:
        if self.complete:
            return "complete"
        reason = (self.truncated_by or "unknown").replace("_", " ")
        return f"NOT complete ({reason})"

    def _remarks(self) -> Iterator[str]:
        """What else is worth knowing."""
        if len(self.without) >= _MANY_COLUMNS:
            yield "without most columns"
        elif self.without:
            yield f"without {' and '.join(self.without)}"
        if self.duplicates:
            yield f"{self.duplicates:,} came twice"
        if self.order_verified is False:
            yield "not in order of creation"
        if self.retries:
            yield f"{self.retries:,} retries"
        for name, count in self.oddities.items():
            what = name if name in _CODES else f"unknown field {name}"
            yield f"{count:,} x {what}"


def attach(
    frame: pd.DataFrame,
    report: FetchReport,
    remains: Remainder | None = None,
    digest: str | None = None,
) -> None:
    """Writes the report into the frame's `attrs`, with a fingerprint of the rows.

    Args:
        frame: what was fetched.
        report: the report on it.
        remains: how far the listing behind it came.
        digest: the fingerprint, where it is known.
    """
    if digest is None:
        digest = fingerprint(frame, report.table)
    frame.attrs[ATTRS] = to_attrs(replace(report, rows=len(frame)), digest, remains or Remainder())


def to_attrs(report: FetchReport, digest: str, remains: Remainder) -> dict[str, Any]:
    """Writes a report as the plain data that stands in `attrs`.

    Args:
        report: the report, with the number of rows.
        digest: the fingerprint of the rows.
        remains: how far the listing behind them came.
    """
    reason = report.truncated_by and report.truncated_by[:200]
    report = replace(report, truncated_by=reason)
    data: dict[str, Any] = msgspec.to_builtins(report)
    # JSON has lists and no tuples.
    lists = {name: list(value) for name, value in data.items() if isinstance(value, tuple)}
    data |= lists | remainder.to_attrs(remains)
    data["digest"] = digest
    oddities = list(report.oddities.items())
    while len(json.dumps(data)) > MOST_BYTES and oddities:
        # The most frequent ones stand first.
        oddities = oddities[: len(oddities) // 2]
        data["oddities"] = dict(oddities)
    return data


Pandas = TypeVar("Pandas", pd.DataFrame, "pd.Series[Any]")


def without_attrs(table: Pandas) -> Pandas:
    """A shallow copy of a frame or a column without what a user keeps in `attrs`.

    pandas compares the attrs of what it puts together, also in `astype` of several columns, and
    cannot compare arrays or frames in them.
    """
    bare = table.copy(deep=False)
    bare.attrs = {}
    return bare


def fetch_report(runs: Any) -> FetchReport:
    """Reads the fetch report of a frame.

    Args:
        runs: a table that a client, an archive or `load` gave, or a row of it.

    Returns:
        The report. `complete` is None when the table has none, or holds other rows than those that
        were fetched.

    Raises:
        SchemaError: `runs` is not a frame.

    Example:
        >>> arn.fetch_report(runs)
        302 runs of 12 deployments in ... s, complete.
    """
    if not hasattr(runs, "attrs"):
        sentence = f"{capital(kind_of(runs))} carries no report."
        raise SchemaError(sentence, hint="Give a frame, as client.list_runs does.")
    if isinstance(runs, pd.Series):
        # A row carries the report of its table.
        runs = runs.to_frame().T.__finalize__(runs)
    rows = len(runs)
    data = runs.attrs.get(ATTRS)
    report = read_report(data)
    if report is None:
        return FetchReport(rows=rows, table=_table_of(runs))
    is_same = report.rows == rows and data["digest"] == fingerprint(runs, report.table)
    return replace(report, rows=rows, complete=report.complete if is_same else None)


def read_report(data: Any) -> FetchReport | None:
    """Reads a report from its data in `attrs`; None where that is no report."""
    if not isinstance(data, dict) or not {"digest", "rows"} <= data.keys():
        return None
    try:
        return msgspec.convert(data, FetchReport)
    except msgspec.ValidationError:
        return None


def left_out(runs: pd.DataFrame) -> tuple[str, ...]:
    """The columns that a listing left out with `without=`; known also after a filter."""
    report = read_report(runs.attrs.get(ATTRS))
    return report.without if report else ()


def without_documents(runs: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """A table of runs whose documents are left out, as `without=` leaves them out of a listing.

    Their cells are empty, and the report says why.
    """
    empty = {name: pd.Series(None, runs.index, dtype=TEXT) for name in names}
    bare = runs.assign(**empty)
    if read_report(bare.attrs.get(ATTRS)) is None:
        attach(bare, FetchReport())
    without = sorted({*left_out(bare), *empty})
    bare.attrs[ATTRS] = {**bare.attrs[ATTRS], "without": without}
    return bare


def _table_of(frame: Any) -> str:
    """The name of the table whose columns a frame has; RUNS for others with ids, else empty."""
    columns = {*frame.columns, *frame.index.names}
    for table in TABLES:
        if columns.issuperset(table.names):
            return table.name
    return RUNS.name if "id" in columns else ""


def remainder_of(runs: pd.DataFrame) -> Remainder:
    """How far the listing behind a frame came; unknown when its rows are not those fetched."""
    if fetch_report(runs).complete is None:
        return Remainder()
    return remainder.of_attrs(runs.attrs[ATTRS])


_SUMS = ("got", "rows", "pages", "streams", "duplicates", "retries", "waited_seconds", "seconds")


def join(reports: Sequence[FetchReport], frame: pd.DataFrame | None = None) -> FetchReport:
    """Combines the reports of frames that are concatenated.

    Args:
        reports: the reports of the frames.
        frame: the result, whose deployments are counted, since two of the frames may be of the
            same deployments.
    """
    deployments = 0 if frame is None else int(frame["deployment_id"].nunique())
    offsets = [report.clock_offset for report in reports if report.clock_offset]
    requested = [report.asked for report in reports]
    oddities: Counter[str] = Counter()
    without: set[str] = set()
    for report in reports:
        oddities += Counter(report.oddities)
        without.update(report.without)
    sums: dict[str, Any] = {}
    for name in _SUMS:
        sums[name] = sum(getattr(report, name) for report in reports)
    return FetchReport(
        **sums,
        asked=None if None in requested else sum(filter(None, requested)),
        complete=_all_complete(reports),
        truncated_by=_reasons({report.truncated_by for report in reports}),
        deployments=max([deployments, *(report.deployments for report in reports)]),
        order_verified=_all_in_order(reports),
        clock_offset=offsets[-1] if offsets else None,
        oddities=dict(oddities),
        without=tuple(sorted(without)),
        **_bounds(reports),
    )


def _all_complete(reports: Sequence[FetchReport]) -> bool | None:
    """Whether all are complete; None where it is not known of one."""
    verdicts = {report.complete for report in reports}
    if not verdicts or None in verdicts:
        return None
    return verdicts == {True}


def _all_in_order(reports: Sequence[FetchReport]) -> bool | None:
    """Whether all listings were in order; None where nothing was listed."""
    verdicts = {report.order_verified for report in reports} - {None}
    return verdicts == {True} if verdicts else None


def _bounds(reports: Sequence[FetchReport]) -> dict[str, Any]:
    """The times that bound all reports; None where one of them is not bounded."""
    bounds: dict[str, Any] = {}
    for name, outermost in _BOUNDS.items():
        moments = [getattr(report, name) for report in reports]
        is_bounded = moments and None not in moments
        bounds[name] = outermost(moments) if is_bounded else None
    return bounds


_BOUNDS: dict[str, Callable[[list[datetime]], datetime]] = {
    "since": min,
    "until": max,
    "fetched_from": min,
    "fetched_to": max,
}


def _reasons(reasons: Iterable[str | None]) -> str | None:
    """Joins reasons to one text, each of them once."""
    single = {reason for text in reasons if text for reason in text.split(", ")}
    return ", ".join(sorted(single)) or None


def resume(before: FetchReport, further: FetchReport) -> FetchReport:
    """The report of a listing that was cut and has gone on, in the same deployments."""
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
"""The reason of a listing that was cut in another process, or too long ago to go on."""


def renew(
    before: FetchReport, again: FetchReport, frame: pd.DataFrame, remains: Remainder
) -> FetchReport:
    """The report of a frame of which some rows were fetched again.

    Args:
        before: the report of the frame before.
        again: the report of the rows that were fetched again.
        frame: the frame with the new rows.
        remains: how far the listing behind the frame came.
    """
    is_cut = remains.whole is False
    was_fetched = frame["fetch_error"].isna()
    complete: bool | None = bool(again.complete and was_fetched.all() and not is_cut)
    reasons = {again.truncated_by, LOST if remains.lost else None}
    if is_cut:
        # Failures of single rows are no reason from before: these rows were fetched again.
        reasons |= {*(before.truncated_by or "").split(", ")} - {"failures"}
    truncated_by = None if complete else _reasons(reasons) or "unknown"
    if before.complete is None:
        complete = None
    # What was odd about rows is counted anew, what was odd about answers stays.
    of_rows = {*NOTE_CODES, *FETCH_CODES}
    of_answers = {code: count for code, count in before.oddities.items() if code not in of_rows}
    return replace(
        before,
        got=int(was_fetched.sum()),
        rows=len(frame),
        complete=complete,
        truncated_by=truncated_by,
        retries=before.retries + again.retries,
        waited_seconds=before.waited_seconds + again.waited_seconds,
        clock_offset=again.clock_offset or before.clock_offset,
        oddities=of_answers | count_oddities(frame),
        seconds=before.seconds + again.seconds,
        fetched_to=again.fetched_to or before.fetched_to,
    )


def count_oddities(
    frame: pd.DataFrame,
    further: Mapping[str, int] | None = None,
    known: Iterable[str] = (),
) -> dict[str, int]:
    """Counts the codes in a table's notes and its unknown fields, the most frequent first.

    Args:
        frame: a table with the column `parse_notes`; `fetch_error` and `extra` are counted too.
        further: counts to add.
        known: fields in `extra` that are not odd.
    """
    counts = Counter(further)
    for notes in frame["parse_notes"].dropna():
        counts.update(_NOTE.findall(notes))
    if "fetch_error" in frame.columns:
        counts.update(error.partition(":")[0] for error in frame["fetch_error"].dropna())
    if "extra" in frame.columns:
        for document in frame["extra"].dropna():
            # A set: a field that stands twice in a record is counted once.
            names = {name for name, _ in cut_object(document.encode())}.difference(known)
            counts.update({clip(visible(name), LONGEST_NAME) for name in names})
    return dict(counts.most_common())


_NOTE = re.compile(rf"(?:^|; )\w+: ({'|'.join(NOTE_CODES)})\b")


def fingerprint(frame: pd.DataFrame, table: str) -> str:
    """A hash of the keys in a frame, whatever their order; empty where it has no keys."""
    names = ["deployment_id", "run_id", "id"] if table == LOGS.name else ["deployment_id", "id"]
    key = [name for name in names if name in frame.columns]
    if "id" not in key:
        return ""
    # A sum does not depend on the order.
    total = 0
    for start in range(0, len(frame), SLICE):
        rows = frame[key].iloc[start : start + SLICE]
        keys = rows.astype("object")
        if "deployment_id" in key:
            keys["deployment_id"] = rows["deployment_id"].astype("category")
        # Most ids stand once, so that it takes longer to look for equal ones first. It is done all
        # the same where some are missing: only so each kind of a missing value is the same.
        has_gaps = bool(rows.isna().any(axis=None))
        hashes = pd.util.hash_pandas_object(keys, index=False, categorize=has_gaps)
        total += int(hashes.to_numpy().sum())
    return f"{total % 2**64:016x}"


def completeness(runs: pd.DataFrame) -> str:
    """Says in one line what is missing: the fetch report, failed fetches, unreadable statuses."""
    sentences = [f"{words}." for words in _lacks(runs)]
    if ATTRS in runs.attrs:
        sentences.insert(0, fetch_report(runs).sentence)
    return " ".join(sentences)


class Verdict(NamedTuple):
    """How complete runs are, for one who knows already how many they are.

    Attributes:
        complete: None where nobody knows.
        words: what is true of them, such as "complete"; empty where nothing is known.
    """

    complete: bool | None
    words: str


def verdict(runs: pd.DataFrame) -> Verdict:
    """Says how complete runs are: the fetch report, failed fetches, unreadable statuses."""
    lacks = _lacks(runs)
    if ATTRS not in runs.attrs:
        return Verdict(None, "; ".join(lacks))
    report = fetch_report(runs)
    return Verdict(report.complete, "; ".join([report._verdict(), *lacks]))


def _lacks(runs: pd.DataFrame) -> list[str]:
    """What the rows themselves lack, in words."""
    words = []
    failed = runs["fetch_error"].notna()
    if failed.any():
        words.append(f"{counted(int(failed.sum()), 'run')} could not be fetched")
    unread = ~failed & runs["status"].isna()
    if unread.any() and "status" not in left_out(runs):
        count = counted(int(unread.sum()), "run")
        words.append(f"{count} without a status that can be read")
    return words
