"""The tables as data: each column with its name, its dtype and its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Kind = Literal["text", "time", "int", "bool", "category", "json"]


@dataclass(frozen=True)
class Status:
    """A status of a run.

    Attributes:
        name: as the service writes it.
        words: as people read it.
        terminal: whether a run with it does not change any more.
        succeeded: whether the run did what it was to do.
        failed: whether it is a failure: painted last and never left out of a picture.
        waiting: whether a run with it has not started.
        retained: whether it is the failure that `retain_on_failure` speaks of.
    """

    name: str
    words: str
    terminal: bool = False
    succeeded: bool = False
    failed: bool = False
    waiting: bool = False
    retained: bool = False


STATUS_ROWS = (
    Status("queued", "queued", waiting=True),
    Status("starting", "starting", waiting=True),
    Status("installing", "installing", waiting=True),
    Status("running", "running"),
    Status("succeeded", "succeeded", terminal=True, succeeded=True),
    Status("failed", "failed", terminal=True, failed=True, retained=True),
    Status("cancelled", "cancelled", terminal=True),
    Status("timed_out", "timed out", terminal=True, failed=True),
)
"""The statuses of the contract, in lifecycle order; of failures the worst first.

A new one is a row here and its look in `drawing/status_style.py`.
"""

STATUSES = tuple(status.name for status in STATUS_ROWS)
"""Their names."""

STATUS_WORDS = {status.name: status.words for status in STATUS_ROWS}

TERMINAL = frozenset(status.name for status in STATUS_ROWS if status.terminal)
FAILURES = tuple(status.name for status in STATUS_ROWS if status.failed)
SUCCESSES = tuple(status.name for status in STATUS_ROWS if status.succeeded)
WAITING = tuple(status.name for status in STATUS_ROWS if status.waiting)

MODES = ("job", "service")
LEVELS = ("trace", "debug", "info", "warn", "error")
DEPLOYMENT_STATUSES = ("active", "paused", "deleted")
VERSION_STATUSES = ("created", "building", "ready", "failed", "superseded")

DTYPES: dict[Kind, str] = {
    "text": "str",
    "time": "datetime64[us, UTC]",
    "int": "Int64",
    "bool": "boolean",
    "category": "category",
    "json": "str",
}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: the column's name, which is also the record's key.
        kind: what the cells are; `DTYPES` gives the pandas dtype.
        meaning: one line, with the unit where there is one.
        required: whether the service promises the key and a value that is not null.
        known: for a category, the documented values in their order.
        low: for an integer, the smallest value allowed.
        high: for an integer, the largest value allowed.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    known: tuple[str, ...] = ()
    low: int = -(2**63)
    high: int = 2**63 - 1


@dataclass(frozen=True)
class Table:
    """A table: its columns in order, of which the last few say what was odd about the record.

    Attributes:
        name: as this package calls it.
        columns: in order.
        noun: what a row is called.
        derived: whether it is computed from other tables.
        beside: fields that the service documents and that have no column; they stand in `extra`.
    """

    name: str
    columns: tuple[Column, ...]
    noun: str = "row"
    derived: bool = False
    beside: tuple[str, ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    @cached_property
    def wire(self) -> tuple[Column, ...]:
        """The columns that are read from a record's own keys."""
        return tuple(column for column in self.columns if column.name not in MARKS)

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


MARKS = frozenset({"extra", "parse_notes", "fetch_error", "fetched_at"})
"""Columns that say something about the record and are not read from a key of it."""

_EXTRA = Column("extra", "json", "the fields that have no column, as one JSON object to the letter")
_NOTES = Column(
    "parse_notes",
    "text",
    "what was odd about the record: `column: code: original text`, joined by `; `",
)
_FETCHED = Column(
    "fetched_at", "time", "when the record was fetched, by the service's clock where that is known"
)
_ERROR = Column(
    "fetch_error", "text", "why the run could not be fetched: `code: sentence`; all else is NA then"
)


def _text(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "text", meaning, required)


def _time(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "time", meaning, required)


RUNS = Table(
    "RUNS",
    (
        _text("id", "the run's id, unique within its deployment", True),
        _text("deployment_id", "the deployment that was run", True),
        _text("version_id", "the version that was run", True),
        Column("mode", "category", "job or service", True, MODES),
        Column("status", "category", "where the run is in its life", True, STATUSES),
        Column("input", "json", "what the caller gave, JSON to the letter", True),
        _time("created_at", "when the run was asked for", True),
        _time("updated_at", "when the record last changed", True),
        Column("retain_on_failure", "bool", "per-run override: keep the sandbox of a failed job"),
        Column("retention_seconds", "int", "how long a kept sandbox lives, in seconds", low=1),
        _text("sandbox_id", "the sandbox the run ran in"),
        Column("process_id", "int", "the process in the sandbox", low=0, high=2**32 - 1),
        Column("exit_code", "int", "the exit code of the process"),
        _text("failure_reason", "why it failed, in the service's words"),
        Column("output_manifest", "json", "what the agent says it left behind, JSON to the letter"),
        _time("started_at", "when it started; the service does not say which step this marks"),
        _time("completed_at", "when it ended"),
        _text("idempotency_key", "the key the caller gave to create the run once only"),
        _EXTRA,
        _NOTES,
        _ERROR,
        _FETCHED,
    ),
    "run",
)

OUTPUTS = Table(
    "OUTPUTS",
    (
        _text("deployment_id", "the deployment of the run", True),
        _text("run_id", "the run", True),
        Column("position", "int", "the item's place in the manifest's `outputs`, from 0"),
        _text("name", "the output's name"),
        _text("path", "where the file lies in the sandbox"),
        _text("configured_path", "the path as the deployment declares it"),
        _text("kind", "file, directory or another word of the agent's"),
        _text("status", "available or another word of the agent's"),
        Column("size_bytes", "int", "size in bytes", low=0),
        _text("sandbox_id", "the sandbox that holds it"),
        _text("access_path", "the path to ask the sandbox for"),
        _EXTRA,
        _NOTES,
    ),
    "output",
    derived=True,
)

PHASES = Table(
    "PHASES",
    (
        _text("deployment_id", "the deployment of the run", True),
        _text("run_id", "the run", True),
        _text(
            "phase",
            "before_start, after_start or undivided when recorded; a status when observed",
            True,
        ),
        Column(
            "kind", "category", "what the phase rests on", True, ("recorded", "logged", "observed")
        ),
        _time("start", "when it began"),
        _time("end", "when it ended; NA while open"),
        _time("start_low", "the earliest moment it can have begun"),
        _time("start_high", "the latest moment it can have begun"),
        _time("end_low", "the earliest moment it can have ended"),
        _time("end_high", "the latest moment it can have ended"),
        _NOTES,
    ),
    "phase",
    derived=True,
)

LOGS = Table(
    "LOGS",
    (
        _text("id", "the event's id", True),
        _text("deployment_id", "the deployment of the run", True),
        _text("run_id", "the run", True),
        _text("version_id", "the version of the run"),
        _time("created_at", "when the event was written", True),
        Column("level", "category", "how grave it is", True, LEVELS),
        _text("event_type", "what happened, a word of the service's"),
        _text("source", "who wrote it"),
        _text("message", "the text", True),
        Column("metadata", "json", "more about the event, JSON to the letter"),
        _text("sandbox_id", "the sandbox"),
        Column("process_id", "int", "the process", low=0, high=2**32 - 1),
        _EXTRA,
        _NOTES,
    ),
    "log event",
    beside=("service_instance_id",),
)

OBSERVATIONS = Table(
    "OBSERVATIONS",
    (
        _text("deployment_id", "the deployment of the run", True),
        _text("run_id", "the run", True),
        _text("status", "the status seen", True),
        _time("seen_at", "when it was seen, by the service's clock", True),
        _time("updated_at", "what the record said of its last change"),
    ),
    "look",
    derived=True,
)

DEPLOYMENTS = Table(
    "DEPLOYMENTS",
    (
        _text("id", "the deployment's id", True),
        _text("name", "its name", True),
        _text("description", "what it does"),
        Column("mode", "category", "job or service", True, MODES),
        Column("status", "category", "active, paused or deleted", True, DEPLOYMENT_STATUSES),
        _text("active_version_id", "the version that new runs get"),
        Column("metadata", "json", "more about it, JSON to the letter"),
        _time("created_at", "when it was made", True),
        _time("updated_at", "when it last changed", True),
        _time("deleted_at", "when it was deleted"),
        _EXTRA,
        _NOTES,
    ),
    "deployment",
)

VERSIONS = Table(
    "VERSIONS",
    (
        _text("id", "the version's id", True),
        _text("deployment_id", "its deployment", True),
        Column("version_number", "int", "its number, counted in the deployment", True, low=0),
        Column(
            "status",
            "category",
            "created, building, ready, failed or superseded",
            True,
            VERSION_STATUSES,
        ),
        _text("template", "the sandbox template it runs in"),
        _text("workdir", "the folder it runs in"),
        _text("install_command", "the command that installs it"),
        _text("entrypoint_command", "the command that runs it"),
        Column("service_port", "int", "the port a service listens on", low=0, high=65535),
        _text("bundle_digest", "digest of the code bundle"),
        _text("failure_reason", "why building it failed"),
        _time("created_at", "when it was made", True),
        _time("ready_at", "when it could be run"),
        Column("config", "json", "its configuration, JSON to the letter"),
        _EXTRA,
        _NOTES,
    ),
    "version",
)

TABLES = (RUNS, OUTPUTS, PHASES, LOGS, OBSERVATIONS, DEPLOYMENTS, VERSIONS)
"""All tables; whoever asks which there are asks here."""

NOTE_CODES = {
    "missing": "a field that the service promises is not there",
    "null": "a field is null that the service promises not to be",
    "bad_time": "a value that is no time; the cell is empty",
    "naive_time": "a time without a zone, taken as UTC",
    "cut_precision": "a time finer than a microsecond, cut to microseconds",
    "leap_second": "a leap second, taken as the last microsecond before it",
    "epoch_time": "a number, taken as s, ms, us or ns since 1970 by its size",
    "not_integer": "a value that is no whole number; the cell is empty, unless it is one in quotes",
    "out_of_range": "a number or a time beyond what the column holds; the cell is empty",
    "not_text": "a value that is no text; the cell is empty",
    "not_unicode": "a text that is not Unicode, mended with the sign U+FFFD",
    "not_object": "a value that is no JSON object; a document stays as it is",
    "unknown_value": "a word that the service does not document; it stays, but for true or false",
    "wrong_id": "another deployment or version than the one that was asked for",
    "time_order": "a time before the one that it follows",
    "duplicate_key": "a field that stands more than once; the last one counts",
}
"""What may stand in `parse_notes`, and what it says."""

FETCH_CODES = {
    "not_found": "the service, or the archive, has no such run",
    "forbidden": "the key is valid and may not see it",
    "rate_limited": "the service asked to wait longer than the call may take",
    "server": "the service failed, also after retries",
    "connection": "no answer came",
    "deadline": "the answer did not come in time",
    "too_large": "the answer is larger than `max_bytes`",
    "bad_response": "the answer is not what this API sends",
    "bad_id": "the id cannot be part of an address; nothing was sent",
    "not_asked": "it was not asked for, such as after an interrupt",
}
"""What may stand in `fetch_error`, and what it says."""

ANSWER_CODES = {
    "filter_ignored": "an answer has runs of another status than the one that was requested",
    "more_after_end": "an answer says that it is the last, and names a next one",
    "duplicate_key": "an answer has two lists of records",
    "content_type": "an answer does not call itself JSON",
}
"""What may be odd about an answer as a whole, as a fetch report counts it."""


DOCUMENTS = ("input", "output_manifest")
"""The columns of RUNS that hold a document of their own."""
