"""Writes a file atomically: afterwards it is there whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from agentrun_nb.errors import DataError


@contextmanager
def taking_the_place_of(target: Path) -> Iterator[BinaryIO]:
    """Opens a new file that takes the place of `target` at the end, or is removed on failure.

    A link that stands there is replaced itself, and not what it leads to.

    Raises:
        OSError: the file cannot be written.
    """
    fresh = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with fresh.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a new file that replaces `path` at the end, or is removed when something fails.

    Where `path` is a link, what it leads to is replaced.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        with taking_the_place_of(_resolved(path)) as file:
            yield file
    except OSError as error:
        sentence = f"{path} cannot be written: {error.strerror or error}."
        hint = "What was there is as it was; look at the folder, its rights and the space left."
        raise DataError(sentence, hint=hint) from None


def _resolved(path: Path) -> Path:
    """What a path leads to, over all links.

    Raises:
        OSError: they lead back to themselves.
    """
    try:
        return path.resolve()
    except RuntimeError:  # before Python 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
