"""Checks arguments that many public functions take: texts, counts and paths of files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from agentrun_nb.core.text import kind_of
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
        kind = kind_of(odd[0])
        raise SettingsError(f"{name}= takes a text or several, and not {kind}.", hint=hint)
    return texts


def read_words(name: str, value: Any, hint: str) -> list[str]:
    """One text or several that a request can carry, as a list.

    Args:
        name: the argument that they were given for.
        value: a text, or whatever texts can be taken from.
        hint: what to give.

    Raises:
        SettingsError: it is neither, or one of them is empty or no Unicode.
    """
    words = read_texts(name, value, hint)
    for word in words:
        if not word.strip():
            raise SettingsError(f"{name}= takes no empty text.", hint=hint)
        try:
            word.encode()
        except UnicodeEncodeError:
            raise SettingsError(f"{name}= takes no text like {word!a:.80}.", hint=hint) from None
    return words


_NO_NUMBERS = bool | np.timedelta64
"""What Python and numpy count as whole numbers, and a user means as none."""


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether a value is a whole number, of Python or numpy."""
    return isinstance(value, Integral) and not isinstance(value, _NO_NUMBERS)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a real number, of Python or numpy."""
    return isinstance(value, Real) and not isinstance(value, _NO_NUMBERS)


def read_count(name: str, value: Any, hint: str) -> int:
    """A count above zero.

    Raises:
        SettingsError: it is none.
    """
    if not is_whole(value) or value < 1:
        raise SettingsError(f"{name}={value!r:.80} is not a count.", hint=hint)
    return int(value)


def read_flag(name: str, value: Any) -> bool:
    """True or False; 1 and 0 stand for them.

    Raises:
        SettingsError: it is neither. A frame or a text is a mistake, whatever Python takes it for.
    """
    if not isinstance(value, bool | np.bool_ | Integral) or value not in (0, 1):
        raise SettingsError(f"{name}= takes no {type(value).__name__}.", hint="Give True or False.")
    return bool(value)


def read_path(path: Any) -> Path:
    """The path of a file, where `~` at its beginning is the home folder.

    Raises:
        SettingsError: it is none.
    """
    flaw = _flaw_of_path(path)
    if flaw:
        hint = "Give a text or a pathlib.Path."
        raise SettingsError(f"A file is named by its path, and not by {flaw}.", hint=hint)
    given = Path(path)
    return given.expanduser() if given.parts[:1] == ("~",) else given


def _flaw_of_path(path: Any) -> str:
    """What it is in place of a path; empty where it is one."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    if not isinstance(text, str):
        return kind_of(path)
    if not text:
        return "an empty text"
    if "\0" in text:
        return "a text with a null character"
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return "a text that is no Unicode"
    return ""
