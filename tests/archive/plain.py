"""What plain files and SQLite as it is do where an archive holds: each function runs in a process."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

from tests.support import failing_disk


def save_half(path: Path, results: Connection) -> None:
    """Is in the middle of writing a file anew, until it is killed."""
    with path.open("w") as file:
        file.write(json.dumps([1, 2, 3])[:4])
        file.flush()
        results.send("half")
        time.sleep(3_600)


def save_under_a_limit(path: Path, results: Connection) -> None:
    """Writes a file anew where it may not grow."""
    failing_disk.limit_file_size(4)
    try:
        path.write_text(json.dumps([1, 2, 3]))
        results.send("written")
    except OSError:
        results.send("refused")


def read_as_nobody(path: Path, results: Connection) -> None:
    """Reads a table as a user without rights; sends its rows, or the error."""
    failing_disk.become_nobody()
    try:
        with sqlite3.connect(path) as connection:
            results.send(connection.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.Error as error:
        results.send(f"{type(error).__name__}: {error}")


def write(path: Path, count: int, go: Event, results: Connection) -> None:
    """Writes rows without a wait for others; sends how many were refused."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    refused = 0
    go.wait()
    for number in range(count):
        try:
            connection.execute("INSERT INTO runs VALUES (?)", (f"{os.getpid()}-{number}",))
        except sqlite3.OperationalError:
            refused += 1
    results.send(refused)
