"""Checks that everything in an archive can be read and is as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from agentrun_nb.archive import columns
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.packing import Packed, digest_of, expand, unpack
from agentrun_nb.core.text import counted
from agentrun_nb.errors import ArchiveError

_NOUNS = ("run", "record", "log", "file")

MOST_PROBLEMS = 100
"""How many problems are named."""


@dataclass(frozen=True)
class ArchiveCheck:
    """What a check has found.

    Attributes:
        runs: the number of runs.
        records: the number of records of them, earlier ones too.
        files: the number of output files.
        logs: the number of logs.
        problems: what cannot be read or is not as it was, a sentence each.
        outdated_columns: whether the columns beside it are of an earlier state, or of another
            archive. That is no problem: the next listing makes them anew.
    """

    runs: int
    records: int
    files: int
    logs: int
    problems: tuple[str, ...] = ()
    outdated_columns: bool = False

    @property
    def whole(self) -> bool:
        """Whether everything is as it was written."""
        return not self.problems

    def __repr__(self) -> str:
        amounts = [counted(getattr(self, f"{noun}s"), noun) for noun in _NOUNS]
        listed = ", ".join(amounts)
        if self.whole:
            columns = "; the columns beside it are outdated" if self.outdated_columns else ""
            return f"{listed}; whole{columns}"
        problems = " ".join(self.problems)
        return f"{listed}; NOT whole: {problems}"


def check(database: Database) -> ArchiveCheck:
    """Reads everything in an archive once."""
    problems: list[str] = []
    with database.reading():
        compared = columns.compare(database)
        for problem in chain(_problems(database), compared.problems):
            if len(problems) == MOST_PROBLEMS:
                problems.append("There are more.")
                break
            problems.append(problem)
        counts = {}
        for table in ("runs", "records", "files", "logs"):
            counts[table] = database.value(f"SELECT count(*) FROM {table}")  # noqa: S608
    return ArchiveCheck(**counts, problems=tuple(problems), outdated_columns=compared.outdated)


def _problems(database: Database) -> Iterator[str]:
    for (verdict,) in database.rows(f"PRAGMA integrity_check({MOST_PROBLEMS})"):
        if verdict != "ok":
            yield f"The file itself: {verdict}."
    for (run_id,) in database.rows(
        "SELECT run_id FROM runs WHERE record NOT IN (SELECT record FROM records)"
    ):
        yield f"Run {run_id!r} has no record."
    for (batch,) in database.rows("SELECT DISTINCT batch FROM records ORDER BY batch"):
        yield from _problems_of_batch(database, batch)
    for (digest,) in database.rows("SELECT digest FROM files"):
        yield from _problems_of_file(database, digest)
    for run, run_id in database.rows("SELECT run, run_id FROM logs JOIN runs USING (run)"):
        packed = database.rows("SELECT size, body FROM logs WHERE run = ?", (run,))
        try:
            unpack(Packed(*packed[0]))
        except ArchiveError as error:
            yield f"The log of run {run_id!r}: {error.message}"


def _problems_of_file(database: Database, digest: bytes) -> Iterator[str]:
    packed = database.rows("SELECT size, body FROM files WHERE digest = ?", (digest,))
    name = f"sha256:{digest.hex()}"
    try:
        if digest_of(expand(Packed(*packed[0]))) != digest:
            yield f"The file {name} is not what it was."
    except ArchiveError as error:
        yield f"The file {name}: {error.message}"


def _problems_of_batch(database: Database, batch: int) -> Iterator[str]:
    records = database.rows(
        "SELECT run_id, position, digest FROM records JOIN runs USING (run) WHERE batch = ?",
        (batch,),
    )
    packed = database.rows("SELECT size, body FROM batches WHERE batch = ?", (batch,))
    try:
        bodies = unpack(Packed(*packed[0])) if packed else []
    except ArchiveError as error:
        yield f"{counted(len(records), 'record')} of batch {batch}: {error.message}"
        return
    digests = {at: digest_of(body) for at, body in enumerate(bodies)}
    for run_id, position, digest in records:
        if digests.get(position) != digest:
            yield f"A record of run {run_id!r} is not what it was."
