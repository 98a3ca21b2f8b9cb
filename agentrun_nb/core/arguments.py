"""Checks arguments that many public functions take: texts, counts and paths of files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any

import pandas as pd

from agentrun_nb.errors import SettingsError


def read_texts(name: str, value: Any, hint: str) -> list[str]:
    """One text or several, as a list.

    Args:
        name: the argument that they were given for.
        value: a text, or whatever texts can be taken from.
        hint: what to give.

    Raises:
        SettingsError: it is neither.
    """
    if isinstance(value, str):
        return [value]
    # A Run, a frame or a mapping can be walked through as well, but not for texts.
    plain = isinstance(value, Iterable) and not isinstance(value, bytes | Mapping | pd.DataFrame)
    texts = list(value) if plain else [value]
    odd = [text for text in texts if not isinstance(text, str)]
    if odd:
        kind = type(odd[0]).__name__
        raise SettingsError(f"{name}= takes a text or several, and not a {kind}.", hint=hint)
    return texts


def read_count(name: str, value: Any, hint: str) -> int:
    """A count above zero.

    Raises:
        SettingsError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise SettingsError(f"{name}={value!r:.80} is not a count.", hint=hint)
    return int(value)


def read_path(path: Any) -> Path:
    """The path of a file.

    Raises:
        SettingsError: it is none.
    """
    if not isinstance(path, str | os.PathLike) or "\0" in str(path):
        kind = "text with a null character" if isinstance(path, str) else type(path).__name__
        hint = "Give a text or a pathlib.Path."
        raise SettingsError(f"A file is named by its path, and not by a {kind}.", hint=hint)
    return Path(path)
