"""Writes files with names that somebody else has chosen, and none outside of a folder."""

from __future__ import annotations

import re
from pathlib import Path

from agentrun_nb.errors import DataError
from agentrun_nb.files.atomic import taking_the_place_of

LONGEST = 120
"""How many bytes of a name are used; some systems take 143."""

_UNSAFE = re.compile(r"[^\w.,+=@~ ()\[\]-]")
"""What does not stand in a name: separators, drives, control characters, quotes."""

_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
"""Names that are devices on Windows."""


def safe_name(name: str) -> str:
    """Makes a name for one file or folder of whatever text.

    Example:
        >>> safe_name("../../etc/passwd"), safe_name("C:/boot.ini"), safe_name("")
        ('_.._etc_passwd', 'C__boot.ini', '_')
    """
    plain = _UNSAFE.sub("_", name.encode("utf-8", "replace").decode()).lstrip(". ").rstrip(". ")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    encoded = plain.encode()
    if len(encoded) > LONGEST:
        # The end has the suffix, by which programs know what the file is.
        suffix = Path(plain).suffix.encode()[-20:]
        head = encoded[: LONGEST - len(suffix)].decode("utf-8", "ignore")
        plain = head + suffix.decode("utf-8", "ignore")
    return plain or "_"


def write_inside(folder: Path, parts: tuple[str, ...], content: bytes) -> Path:
    """Writes a file into a folder, whole or not at all; links there are not followed.

    Args:
        folder: the folder; it is made where it is not there.
        parts: the folders inside it and the name of the file, whatever text they are.
        content: the bytes.

    Returns:
        The path of the file.

    Raises:
        DataError: it cannot be written.
    """
    *inner, name = map(safe_name, parts)
    place = folder
    try:
        place.mkdir(parents=True, exist_ok=True)
        for part in inner:
            place = place / part
            place.mkdir(exist_ok=True)
            if place.is_symlink():
                raise OSError("it is a link to another folder")
        path = place / name
        with taking_the_place_of(path) as file:
            file.write(content)
    except OSError as error:
        sentence = f"{place} cannot be written to: {error.strerror or error}."
        hint = "Look at the folder, its rights and the space left."
        raise DataError(sentence, hint=hint) from None
    return path
