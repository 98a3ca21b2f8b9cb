"""The class Run: one run of an agent, with its fields typed and its record as it came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec
import pandas as pd

from agentrun_nb.core import display, jsontext, times
from agentrun_nb.core.paths import find, parse_path
from agentrun_nb.core.schema import DOCUMENTS, RUNS, STATUS_WORDS, TERMINAL
from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.errors import PathNotFound, SchemaError
from agentrun_nb.records.batch import Batch, to_batch
from agentrun_nb.records.decode import decode_record
from agentrun_nb.tables.frames import runs_frame, table_frame
from agentrun_nb.tables.moments import ZERO_TIMES

_ZERO_TIMES = {times.EPOCH + timedelta(milliseconds=at) for at in ZERO_TIMES}


class Run:
    """One run of an agent: the 18 fields of its record, typed, and the record itself.

    A field is None where the record does not have it, or where it cannot be read as its type;
    `notes` says which and why.

    Args:
        raw: the bytes of one JSON object.
        fetched_at: when it was fetched, by the service's clock (timezone-aware); None where that is
            not known.

    Attributes:
        raw: the record's bytes as they came.
        extra: the fields this package does not know, as a mapping; a value that is not JSON stands
            as its text.
        notes: what was odd about the record, as in the column `parse_notes`; None when nothing was.
        input_text: the JSON text of `input`, unchanged.
        output_manifest_text: the JSON text of `output_manifest`, unchanged; None when the
            record has none.
        batch: the run as cells of the RUNS table, from which frames are made.

    Example:
        >>> run = client.get_run(deployment_id, run.id)
        >>> run.status, run.exit_code
        ('succeeded', 0)
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
    """The status of the run, in the service's word."""
    created_at: datetime | None
    """When the run was requested (UTC)."""
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
    """When the record was fetched (UTC), by the service's clock; None where it is not known."""

    def __init__(self, raw: bytes, fetched_at: datetime | None = None) -> None:
        """Reads a record.

        Args:
            raw: the bytes of one JSON object.
            fetched_at: when it was fetched, by the service's clock (timezone-aware); None where
                that is not known.

        Raises:
            SchemaError: it is not bytes.
            BadResponseError: the bytes are not a JSON object.
        """
        if not isinstance(raw, bytes):
            hint = "Give the record's bytes; arn.Run.of_row(runs.iloc[0]) makes a run of a row."
            raise SchemaError(f"{capital(kind_of(raw))} is not the bytes of a record.", hint=hint)
        self.raw = raw
        batch = decode_record(RUNS, raw)
        if fetched_at is not None and fetched_at is not pd.NaT:
            if not isinstance(fetched_at, datetime) or fetched_at.tzinfo is None:
                raise SchemaError(
                    "fetched_at is not a moment with a zone.", hint="Give an aware datetime."
                )
            micros = (fetched_at - times.EPOCH) // times.MICROSECOND
            if not times.LOWEST <= micros <= times.HIGHEST:
                sentence = "fetched_at lies outside of the years 1 to 9999 of UTC."
                raise SchemaError(sentence, hint="Give when the record was fetched.")
            batch = batch.with_fetched_at([micros])
        self._set_fields(batch)

    def _set_fields(self, batch: Batch) -> None:
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
        """Makes a run from one row of a RUNS frame, which may have lost its dtypes.

        Args:
            row: a row such as `runs.iloc[0]`, also of a frame of `read_csv`, or with columns
                missing.

        Returns:
            The run. Its `raw` is a new record with the documents of the row unchanged. There a
            document that is not JSON is a JSON string; `input_text`, `output_manifest_text` and
            every table have it unchanged.

        Raises:
            SchemaError: `row` is not a row of runs.

        Example:
            >>> arn.Run.of_row(runs.iloc[0])
            <Run 'adrun_...': deployment 'adep_...', failed, exit code 1, ...>
        """
        if not isinstance(row, pd.Series):
            sentence = f"{capital(kind_of(row))} is not a row of runs."
            hint = "Give one, such as runs.iloc[0]; arn.Run(raw) reads bytes."
            raise SchemaError(sentence, hint=hint)
        (run,) = runs_of(runs_frame(row))
        return run

    @classmethod
    def _of_cells(cls, cells: dict[str, Any]) -> Run:
        """Makes a run of Python objects, one for each column of the RUNS table."""
        for column in RUNS.columns:
            if column.kind == "time" and cells[column.name] is not None:
                cells[column.name] = (cells[column.name] - times.EPOCH) // times.MICROSECOND
        run = cls(_record_of(cells))
        # The notes, and a document that is not JSON, cannot be read from the new record.
        columns = {name: [value] for name, value in cells.items()}
        run._set_fields(to_batch(RUNS, columns, 1))
        return run

    @cached_property
    def input(self) -> Any:
        """What the caller gave, as Python objects: integers exact, decimals as the nearest double.

        Raises:
            JSONTextError: the text is not JSON; `input_text` still has it.

        Example:
            >>> run.input
            {}
        """
        return None if self.input_text is None else jsontext.parse(self.input_text)

    @cached_property
    def output_manifest(self) -> Any:
        """What the agent says it left behind, as Python objects; None when the record has none.

        Integers are exact and decimals the nearest double; `output_manifest_text` has every digit.

        Raises:
            JSONTextError: the text is not JSON; `output_manifest_text` still has it.

        Example:
            >>> run.output_manifest["outputs"][0]["name"]
            'report.md'
        """
        text = self.output_manifest_text
        return None if text is None else jsontext.parse(text)

    @property
    def ended(self) -> bool | None:
        """Whether the status is a final one; None when the record has no status.

        Example:
            >>> run.ended
            True
        """
        return None if self.status is None else self.status in TERMINAL

    @property
    def duration(self) -> timedelta | None:
        """The time from `started_at` to `completed_at`; None where one is missing or is zero.

        Example:
            >>> run.duration
            datetime.timedelta(...)
        """
        if self.started_at is None or self.completed_at is None:
            return None
        if {self.started_at, self.completed_at} & _ZERO_TIMES:
            return None
        return self.completed_at - self.started_at

    @cached_property
    def outputs(self) -> pd.DataFrame:
        """The outputs that the manifest lists, as the OUTPUTS table.

        Example:
            >>> run.outputs["name"].tolist()
            ['report.md', ...]
        """
        from agentrun_nb.documents.outputs import outputs

        return outputs(self)

    def to_frame(self) -> pd.DataFrame:
        """The run as a RUNS table of one row.

        Returns:
            The table under a fresh index.

        Example:
            >>> run.to_frame()[["status", "exit_code"]]
                  status  exit_code
            0  succeeded          0
        """
        return table_frame(RUNS, [self.batch])

    def to_dict(self) -> dict[str, Any]:
        """The 18 fields of the record as Python objects, in the record's order.

        Returns:
            The fields by name. Times are aware UTC datetimes, integers are exact, `input` and
            `output_manifest` are parsed. A field that is absent, null or cannot be read as its type
            is None; `notes` says which and why. A document that is not JSON stands as its text.
            Unknown fields are in `extra`, and `raw` has everything to the letter.

        Example:
            >>> run.to_dict()["output_manifest"]["rows"]
            168
        """
        fields: dict[str, Any] = {}
        for column in RUNS.wire:
            if column.name in DOCUMENTS:
                text = getattr(self, f"{column.name}_text")
                fields[column.name] = None if text is None else _value(text)
            else:
                fields[column.name] = getattr(self, column.name)
        return fields

    def __repr__(self) -> str:
        # An id of a record may have any length.
        facts = [f"deployment {self.deployment_id!r:.200}", _status_words(self.status)]
        if self.exit_code is not None:
            facts.append(f"exit code {self.exit_code}")
        if self.duration is not None:
            facts.append(times.seconds_text(self.duration.total_seconds()))
        if self.notes:
            facts.append("with notes")
        return f"<Run {self.id!r:.200}: {', '.join(facts)}>"

    def __getstate__(self) -> tuple[bytes, Batch]:
        # Read once more, documents are as they were; as objects they may be too deep for pickle.
        return self.raw, self.batch

    def __setstate__(self, state: tuple[bytes, Batch]) -> None:
        self.raw, batch = state
        self._set_fields(batch)

    def _ipython_display_(self) -> None:
        display.show(self)


def runs_of(table: pd.DataFrame) -> Iterator[Run]:
    """Makes a run of each row of a RUNS table, in its order.

    `Run.of_row` mends its row first, which takes much longer.
    """
    columns = [_objects(table[name]) for name in RUNS.names]
    for cells in zip(*columns, strict=True):
        yield Run._of_cells(dict(zip(RUNS.names, cells, strict=True)))


def _objects(column: pd.Series[Any]) -> list[Any]:
    """The values of a column as Python objects, None where they are missing."""
    values = column.astype("object").where(column.notna(), None)
    return list(values)


def _record_of(cells: dict[str, Any]) -> bytes:
    """Writes cells of a run as a record; documents that are JSON stand in it unchanged."""
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
    """Whether a text has the brackets of one JSON value, so that it can be put into a record."""
    body = text.strip().encode()
    try:
        return jsontext.value_end(body, 0) == len(body)
    except jsontext.JSONTextError:
        return False


def _members(text: str | None) -> list[tuple[str, bytes]]:
    """The members of an object; none where the text is missing or cut off."""
    body = (text or "{}").encode()
    try:
        return [(member.key, member.value) for member in jsontext.members(body)]
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
    return STATUS_WORDS.get(status) or f"status {status!r:.200}"


def value_at(run: Run, path: str) -> Any:
    """Finds the value of a run at a path that begins with `input`, `output_manifest` or `extra`.

    Raises:
        PathNotFound: nothing is there.
    """
    steps = parse_path(path)
    if not steps or steps[0] not in (*DOCUMENTS, "extra"):
        hint = "A path begins with input. or output_manifest. here."
        raise PathNotFound(f"{path!r} leads nowhere.", hint=hint)
    found = find(getattr(run, str(steps[0])), steps[1:])
    if not found:
        hint = "arn.json_paths(runs) lists what there is."
        raise PathNotFound(f"This run has nothing at {path!r}.", hint=hint)
    return found if None in steps else found[0]
