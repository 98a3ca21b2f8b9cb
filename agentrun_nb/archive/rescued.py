"""Reads logs and output files out of an archive."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from agentrun_nb.archive.database import Database
from agentrun_nb.archive.packing import Packed, digest_of, expand, unpack
from agentrun_nb.core.schema import LOGS
from agentrun_nb.errors import ArchiveDamagedError, NotFoundError, TooLargeError
from agentrun_nb.fetch.keys import Key
from agentrun_nb.fetch.logs import events_in_order, joined_logs
from agentrun_nb.fetch.strangers import note_strangers
from agentrun_nb.records.decode import decode_records
from agentrun_nb.tables import report
from agentrun_nb.tables.frames import table_frame
from agentrun_nb.tables.report import FetchReport

HINT = "archive.rescue(client, runs) brings logs and files while the service has them."


def read_logs(database: Database, keys: Sequence[Key], tail: int | None) -> pd.DataFrame:
    """The LOGS table of runs, run after run as given, each in the order of `created_at`.

    Raises:
        NotFoundError: the archive has no log of any of them.
    """
    started = time.monotonic()
    logs = {}
    for key in keys:
        log = _read_log(database, key, tail)
        if log is not None:
            logs[key] = log
    if keys and not logs:
        deployment_id, run_id = keys[0]
        sentence = f"The archive has no log of run {run_id!r} of deployment {deployment_id!r}."
        raise NotFoundError(sentence, hint=HINT)
    found = joined_logs(logs.values())
    joined = report.join([report.fetch_report(log) for log in logs.values()], found)
    missing = len(keys) - len(logs)
    reasons = {"not_found": missing} if missing else None
    oddities = report.count_oddities(found, reasons, LOGS.beside)
    made = replace(
        joined,
        table=LOGS.name,
        complete=not missing and joined.complete is not False,
        truncated_by="failures" if missing else joined.truncated_by,
        oddities=oddities,
        seconds=time.monotonic() - started,
    )
    report.attach(found, made)
    return found


def _read_log(database: Database, key: Key, tail: int | None) -> pd.DataFrame | None:
    """The events of one run; None where the archive does not have its log."""
    rows = database.rows(
        "SELECT logs.size, logs.body, whole FROM logs JOIN runs USING (run)"
        " WHERE deployment_id = ? AND run_id = ?",
        key,
    )
    if not rows:
        return None
    size, body, whole = rows[0]
    batch = decode_records(LOGS, unpack(Packed(size, body)))
    for column, name in zip(("deployment_id", "run_id"), key, strict=True):
        batch = note_strangers(batch, column, [name] * len(batch))
    events = table_frame(LOGS, [batch])
    reason = None if whole else "the run had not ended"
    made = FetchReport(
        got=len(events), complete=reason is None, truncated_by=reason, table=LOGS.name
    )
    report.attach(events, made)
    return events_in_order(events, tail)


def read_file(database: Database, key: Key, position: int, max_bytes: int | None) -> bytes:
    """The bytes of an output by its place in the manifest.

    Raises:
        NotFoundError: it was not rescued.
        TooLargeError: it has more bytes than `max_bytes`.
        ArchiveDamagedError: the file is not what it was.
    """
    rows = database.rows(
        "SELECT digest, files.size, files.body FROM outputs JOIN runs USING (run)"
        " JOIN files USING (digest)"
        " WHERE deployment_id = ? AND run_id = ? AND outputs.position = ?",
        (*key, position),
    )
    if not rows:
        sentence = f"The archive does not have this file of run {key[1]!r}."
        raise NotFoundError(sentence, hint=HINT)
    digest, size, body = rows[0]
    if max_bytes is not None and size > max_bytes:
        sentence = f"The file has {size:,} bytes, and {max_bytes:,} are allowed."
        raise TooLargeError(sentence, hint="Allow more with max_bytes=.")
    content = expand(Packed(size, body))
    if digest_of(content) != digest:
        sentence = f"A file of run {key[1]!r} is not what it was when it was rescued."
        raise ArchiveDamagedError(sentence, hint="archive.check() says what can be read.")
    return content
