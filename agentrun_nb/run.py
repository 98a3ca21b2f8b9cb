"""One run, as the contract returns it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec
import pandas as pd

from agentrun_nb.core import display, jsontext, times
from agentrun_nb.core.paths import find, parse_path
from agentrun_nb.core.schema import DOCUMENTS, RUNS, STATUS_WORDS, TERMINAL
from agentrun_nb.errors import PathNotFound, SchemaError
from agentrun_nb.records.batch import Batch, to_batch
from agentrun_nb.records.decode import decode_record
from agentrun_nb.tables.frames import runs_frame, table_frame
from agentrun_nb.tables.moments import ZERO_TIMES

_ZERO_TIMES = {times.EPOCH + timedelta(milliseconds=at) for at in ZERO_TIMES}


class Run:
    """One run: the 18 fields of the record, typed, and the record itself.

    A field that the record does not have, or that cannot be read as its type, is None; `notes` says
    which and why.

    Attributes:
        raw: the record's bytes as they came.
        extra: the fields this package does not know, as a mapping; a value that is not JSON stands
            as its text.
        notes: what was odd about the record, as in the column `parse_notes`; None when nothing was.
        input_text: the JSON text of `input`, to the letter.
        output_manifest_text: the JSON text of `output_manifest`, to the letter; None when the
            record has none.
        batch: the run as cells of the RUNS table, of which frames are made.
    """

    id: str | None
    """The run's id, unique within its deployment."""
    deployment_id: str | None
    """The deployment that was run."""
    version_id: str | None
    """The version that was run."""
    mode: str | None
    """`job` or `service`."""
    status: str | None
    """Where the run is in its life; a word this package does not know is kept."""
    created_at: datetime | None
    """When the run was asked for (UTC)."""
    updated_at: datetime | None
    """When the record last changed (UTC)."""
    retain_on_failure: bool | None
    """Per-run override: keep the sandbox of a failed job."""
    retention_seconds: int | None
    """How long a kept sandbox lives, in seconds."""
    sandbox_id: str | None
    """The sandbox the run ran in."""
    process_id: int | None
    """The process in the sandbox."""
    exit_code: int | None
    """The exit code of the process."""
    failure_reason: str | None
    """Why it failed, in the service's words."""
    started_at: datetime | None
    """When it started (UTC); the service does not say which step this marks."""
    completed_at: datetime | None
    """When it ended (UTC)."""
    idempotency_key: str | None
    """The key the caller gave to create the run once only."""
    fetched_at: datetime | None
    """When the record was fetched (UTC), by the service's clock where it is known.

    None where nobody knows.
    """

    def __init__(self, raw: bytes, fetched_at: datetime | None = None) -> None:
        """Reads a record.

        Args:
            raw: the bytes of one JSON object.
            fetched_at: when it was fetched (aware), by the service's clock; None where nobody
                knows.

        Raises:
            SchemaError: it is not bytes.
            BadResponseError: the bytes are not a JSON object.
        """
        if not isinstance(raw, bytes):
            hint = "Give the record's bytes; arn.Run.of_row(runs.iloc[0]) makes a run of a row."
            raise SchemaError(f"A {type(raw).__name__} is not the bytes of a record.", hint=hint)
        self.raw = raw
        batch = decode_record(RUNS, raw)
        if fetched_at is not None:
            batch = batch.with_fetched_at([(fetched_at - times.EPOCH) // times.MICROSECOND])
        self._take(batch)

    def _take(self, batch: Batch) -> None:
        """Sets the fields from the cells of one record."""
        self.batch = batch
        cells = {name: cell[0].as_py() for name, cell in batch.cells.items()}
        self.input_text: str | None = cells.pop("input")
        self.output_manifest_text: str | None = cells.pop("output_manifest")
        self.notes: str | None = cells.pop("parse_notes")
        self.extra: dict[str, Any] = {
            name: _value(text.decode()) for name, text in _members(cells.pop("extra"))
        }
        del cells["fetch_error"]
        self.__dict__.update(cells)

    @classmethod
    def of_row(cls, row: pd.Series[Any]) -> Run:
        """Makes a run of one row of a RUNS frame, which may have lost its schema.

        Args:
            row: a row such as `runs.iloc[0]`, also of a frame of `read_csv`, or with columns
                missing.

        Returns:
            The run; `raw` is written anew, its documents to the letter. A document that is not JSON
            stands there as a JSON string, and to the letter in `input_text`, `output_manifest_text`
            and every table.

        Raises:
            SchemaError: it is no row of runs.
        """
        if not isinstance(row, pd.Series):
            sentence = f"A {type(row).__name__} is not a row of runs."
            raise SchemaError(
                sentence, hint="Give one, such as runs.iloc[0]; arn.Run(raw) reads bytes."
            )
        cells: dict[str, Any] = {
            name: None if pd.isna(value) else value for name, value in _first_row(row).items()
        }
        for column in RUNS.columns:
            if column.kind == "time" and cells[column.name] is not None:
                cells[column.name] = (cells[column.name] - times.EPOCH) // times.MICROSECOND
        run = cls(_record_of(cells))
        # What was noted of the record, and a document that is no JSON, cannot be read from `raw`
        # again.
        run._take(to_batch(RUNS, {name: [value] for name, value in cells.items()}, 1))
        return run

    @cached_property
    def input(self) -> Any:
        """What the caller gave, as Python objects: integers exact, decimals as the nearest double.

        Raises:
            JSONTextError: the text is not JSON; `input_text` still has it.
        """
        return None if self.input_text is None else jsontext.parse(self.input_text)

    @cached_property
    def output_manifest(self) -> Any:
        """What the agent says it left behind, as Python objects with exact integers; None when there is none.

        Decimals are the nearest double; `output_manifest_text` keeps every digit.

        Raises:
            JSONTextError: the text is not JSON; `output_manifest_text` still has it.
        """
        return (
            None if self.output_manifest_text is None else jsontext.parse(self.output_manifest_text)
        )

    @property
    def ended(self) -> bool | None:
        """Whether the status is one that does not change any more.

        None when the record has no status.
        """
        return None if self.status is None else self.status in TERMINAL

    @property
    def duration(self) -> timedelta | None:
        """From `started_at` to `completed_at`.

        None when the record lacks one of them, or has a zero time there.
        """
        if self.started_at is None or self.completed_at is None:
            return None
        if {self.started_at, self.completed_at} & _ZERO_TIMES:
            return None
        return self.completed_at - self.started_at

    @cached_property
    def outputs(self) -> pd.DataFrame:
        """The outputs that the manifest lists, as the OUTPUTS table."""
        from agentrun_nb.documents.outputs import outputs

        return outputs(self)

    def to_frame(self) -> pd.DataFrame:
        """The run as a RUNS table of one row."""
        return table_frame(RUNS, [self.batch])

    def to_dict(self) -> dict[str, Any]:
        """The 18 fields of the record as Python objects, in the record's order.

        Times are aware UTC datetimes, integers are exact, `input` and `output_manifest` are parsed.
        A field that is absent, null or cannot be read as its type is None; `notes` says which and
        why. A document that is not JSON stands as its text. Unknown fields are in `extra`, and
        `raw` has everything to the letter.

        Example:
            >>> run.to_dict()["output_manifest"]["score"]
            0.97
        """
        documents = {name: getattr(self, f"{name}_text") for name in DOCUMENTS}
        parsed = {name: None if text is None else _value(text) for name, text in documents.items()}
        return {
            column.name: parsed[column.name]
            if column.name in parsed
            else getattr(self, column.name)
            for column in RUNS.wire
        }

    def __repr__(self) -> str:
        facts = [
            f"deployment {self.deployment_id!r}",
            _status_words(self.status),
            None if self.exit_code is None else f"exit code {self.exit_code}",
            None if self.duration is None else times.span_text(self.duration.total_seconds()),
            self.notes and "with notes",
        ]
        return f"<Run {self.id!r}: {', '.join(fact for fact in facts if fact)}>"

    def _ipython_display_(self) -> None:
        display.show(self)


def _first_row(row: pd.Series[Any]) -> dict[str, Any]:
    return dict(runs_frame(row)[RUNS.names].iloc[0].items())


def _record_of(cells: dict[str, Any]) -> bytes:
    """Cells of a run as the bytes of a record, documents to the letter where they are JSON."""
    members: dict[str, Any] = {}
    for column in RUNS.wire:
        value = cells[column.name]
        if value is None:
            continue
        if column.kind == "json":
            members[column.name] = msgspec.Raw(value.encode()) if _is_document(value) else value
        elif column.kind == "time":
            members[column.name] = times.iso(value)
        else:
            members[column.name] = value.item() if hasattr(value, "item") else value
    members |= {name: msgspec.Raw(text) for name, text in _members(cells["extra"])}
    return msgspec.json.encode(members)


def _is_document(text: str) -> bool:
    """Whether a text has the brackets of one JSON value, so that it can stand in a record as it is."""
    body = text.strip().encode()
    try:
        return jsontext.value_end(body, 0) == len(body)
    except jsontext.JSONTextError:
        return False


def _members(text: str | None) -> list[tuple[str, bytes]]:
    """The members of an object; none where the text was cut off."""
    try:
        return [(member.key, member.value) for member in jsontext.members((text or "{}").encode())]
    except jsontext.JSONTextError:
        return []


def _value(text: str) -> Any:
    try:
        return jsontext.parse(text)
    except jsontext.JSONTextError:
        return text


def _status_words(status: str | None) -> str:
    if status is None:
        return "no status recorded"
    return STATUS_WORDS.get(status) or f"status {status!r}"


def value_at(run: Run, path: str) -> Any:
    """The value of a run at a path that begins with `input`, `output_manifest` or `extra`.

    Raises:
        PathNotFound: nothing is there.
    """
    steps = parse_path(path)
    if not steps or steps[0] not in (*DOCUMENTS, "extra"):
        raise PathNotFound(
            f"{path!r} leads nowhere.", hint="A path begins with input. or output_manifest. here."
        )
    found = find(getattr(run, str(steps[0])), steps[1:])
    if not found:
        raise PathNotFound(
            f"This run has nothing at {path!r}.", hint="arn.json_paths(runs) lists what there is."
        )
    return found if None in steps else found[0]
