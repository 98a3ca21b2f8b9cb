"""Takes runs out of an archive, so that nothing of them is left in it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from agentrun_nb.archive import typed
from agentrun_nb.archive.database import Database
from agentrun_nb.archive.packing import Packed, pack, unpack
from agentrun_nb.archive.read import find_run, not_here_error
from agentrun_nb.archive.store import key_digest, number_of
from agentrun_nb.errors import ArchiveWriteError
from agentrun_nb.fetch.keys import Key


def forget(database: Database, keys: Sequence[Key]) -> None:
    """Takes runs out of an archive, all in one step; later syncs do not bring them back.

    Of runs that were all forgotten earlier, it takes out the traces that had to stay then.

    Raises:
        NotFoundError: the archive does not have one of them; nothing is changed.
        ArchiveWriteError: it cannot be written, and nothing is changed; or the runs are forgotten,
            and something of them is left in it or beside it.
    """
    here: list[Key] = []
    missing: list[Key] = []
    for key in keys:
        (missing if find_run(database, key) is None else here).append(key)
    if missing and (here or not all(_is_forgotten(database, key) for key in missing)):
        raise not_here_error(missing[0])
    database.check_writable()
    _erase_columns(database, "nothing is changed")
    with database.writing() as connection:
        for key in here:
            _forget_run(connection, number_of(connection, key))
            connection.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (key_digest(key),))
        connection.execute("DELETE FROM files WHERE digest NOT IN (SELECT digest FROM outputs)")
    try:
        # A listing of another process may have made them anew before that.
        _erase_columns(database, "the runs are forgotten, and still in these")
    finally:
        database.erase_traces()


def _is_forgotten(database: Database, key: Key) -> bool:
    query = "SELECT 1 FROM forgotten WHERE digest = ?"
    return database.value(query, (key_digest(key),)) is not None


def _erase_columns(database: Database, outcome: str) -> None:
    """Removes the columns that a listing has left beside an archive.

    Args:
        database: the archive.
        outcome: what is true of the archive where they cannot be removed.

    Raises:
        ArchiveWriteError: they cannot be removed.
    """
    try:
        typed.erase_columns(database.path, database.identity)
    except OSError as error:
        reason = error.strerror or error
        sentence = f"The columns beside {database.path} cannot be erased: {reason}; {outcome}."
        place = error.filename or typed.path_of(database.path)
        hint = f"Look at the rights of {place}, or delete the columns yourself."
        raise ArchiveWriteError(sentence, hint=hint) from None


def _forget_run(connection: sqlite3.Connection, run: int) -> None:
    places: dict[int, set[int]] = defaultdict(set)
    for batch, position in connection.execute(
        "SELECT batch, position FROM records WHERE run = ?", (run,)
    ):
        places[batch].add(position)
    for batch, positions in places.items():
        _blank(connection, batch, positions)
    for table in ("records", "looks", "logs", "outputs", "runs"):
        connection.execute(f"DELETE FROM {table} WHERE run = ?", (run,))  # noqa: S608


def _blank(connection: sqlite3.Connection, batch: int, positions: set[int]) -> None:
    """Writes a batch anew with nothing at some positions; the others stay where they are."""
    packed = connection.execute(
        "SELECT size, body FROM batches WHERE batch = ?", (batch,)
    ).fetchone()
    bodies = unpack(Packed(*packed))
    blanked = [b"" if at in positions else body for at, body in enumerate(bodies)]
    size, body = pack(blanked)
    connection.execute("UPDATE batches SET size = ?, body = ? WHERE batch = ?", (size, body, batch))
