"""Checks a filter of runs, and gives its rules as plain JSON values.

Filters come from programs and from pages, and neither are trusted: an odd one raises an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from math import isfinite
from typing import Any

from agentrun_nb.core import times
from agentrun_nb.core.arguments import is_number, is_whole, read_texts
from agentrun_nb.core.jsontext import valid_unicode
from agentrun_nb.core.schema import DOCUMENTS
from agentrun_nb.core.text import kind_of
from agentrun_nb.core.when import plain_when, read_statuses, read_when
from agentrun_nb.documents.col import Col
from agentrun_nb.errors import AgentRunError, SettingsError

Rules = dict[str, Any]
"""A checked filter: only the keys that narrow something, with plain JSON values."""

_OF_OTHER_LANGUAGES = {"=": "==", "===": "==", "<>": "!=", "=>": ">=", "=<": "<="}
"""Operators of other languages, and what is written here for them."""

OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "contains", "exists")

_MOST_VALUES = 500
_MOST_RULES = 20
_LONGEST = 2_000
"""How many characters a text has at most."""


def read_filter(given: Any) -> Rules | None:
    """Checks a filter.

    Args:
        given: a mapping with the keys of `KEYS`; a key with None narrows nothing.

    Returns:
        The filter in plain JSON values; None where it narrows nothing.

    Raises:
        SettingsError: a key, status or operator is unknown (the hint names the near one), or a
            value is not of its kind.

    Example:
        >>> read_filter({"status": "failed", "mode": None})
        {'status': 'failed'}
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        hint = f"Its keys: {', '.join(KEYS)}."
        raise SettingsError(f"A filter is a mapping, and not {kind_of(given)}.", hint=hint)
    for key in given:
        if key not in KEYS:
            raise _unknown("key of a filter", key, KEYS)
    return {key: KEYS[key](key, value) for key, value in given.items() if value is not None} or None


def with_moments(rules: Rules, newest: datetime | None) -> Rules:
    """The same filter with moments in place of ages.

    Args:
        rules: what `read_filter` gave.
        newest: the moment from which ages count back.

    Example:
        >>> with_moments({"since": "1h"}, datetime(2026, 11, 20, 8))
        {'since': '2026-11-20T07:00:00Z'}
    """
    moments = {
        key: times.iso(read_when(rules[key], newest) or 0)
        for key in ("since", "until")
        if key in rules
    }
    return rules | moments


def _unknown(what: str, word: Any, known: Any) -> SettingsError:
    text = str(word)[:80]
    near = get_close_matches(_OF_OTHER_LANGUAGES.get(text, text), known, 1, 0.5)
    hint = f"Near it: {near[0]!r}." if near else f"Known: {', '.join(known)}."
    return SettingsError(f"There is no {what} {text!r}.", hint=hint)


def _check_length(key: str, text: str) -> str:
    if len(text) > _LONGEST:
        hint = f"Give one of at most {_LONGEST:,} characters."
        raise SettingsError(f"A text of {key} has {len(text):,} characters.", hint=hint)
    return valid_unicode(text)


def _check_texts(key: str, value: Any) -> str | list[str | None]:
    """One text or several; among several None stands for the runs that have no value."""
    if isinstance(value, str):
        return _check_length(key, value)
    if isinstance(value, Mapping):
        sentence = f"{key} takes a text or several, and not a mapping."
        raise SettingsError(sentence, hint="Give a text, or a list of texts.")
    try:
        found = list(value)
    except TypeError:
        found = [value]
    if len(found) > _MOST_VALUES:
        hint = f"Give at most {_MOST_VALUES}."
        raise SettingsError(f"{len(found):,} values of {key} are too many.", hint=hint)
    texts = [text for text in found if text is not None]
    read_texts(key, texts, "Give a text, or a list of texts.")
    return [None if text is None else _check_length(key, text) for text in found]


def _check_statuses(key: str, value: Any) -> str | list[str | None]:
    words = _check_texts(key, value)
    known = [words] if isinstance(words, str) else [word for word in words if word is not None]
    read_statuses(known)
    return words


def _check_moment(key: str, value: Any) -> str:
    try:
        return plain_when(value)
    except SettingsError as error:
        raise SettingsError(f"{key}: {error.message}", hint=error.hint) from None


def _check_text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        hint = "Give the words themselves."
        raise SettingsError(f"{key} takes a text, and not {kind_of(value)}.", hint=hint)
    return _check_length(key, value)


def _check_flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        hint = "None narrows nothing."
        raise SettingsError(f"{key} takes True or False, and not {str(value)[:80]!r}.", hint=hint)
    return value


def _check_where(key: str, value: Any) -> list[list[Any]]:
    hint = 'Write it as [["output_manifest.score", ">", 0.5]].'
    if not isinstance(value, list | tuple) or len(value) > _MOST_RULES:
        sentence = f"{key} takes a list of at most {_MOST_RULES} rules [path, operator, value]."
        raise SettingsError(sentence, hint=hint)
    for rule in value:
        if not isinstance(rule, list | tuple) or len(rule) != 3:
            raise SettingsError(f"A rule of {key} is [path, operator, value].", hint=hint)
    return [
        [_check_path(path), _check_operator(sign), _check_operand(sign, sought)]
        for path, sign, sought in value
    ]


def _check_path(path: Any) -> str:
    try:
        if not isinstance(path, str):
            sentence = f"A path is a text, and not {kind_of(path)}."
            raise SettingsError(sentence, hint="Give one such as input.package.")
        return Col(_check_length("where", path)).path
    except AgentRunError as error:
        hint = error.hint or f"Begin it with {' or '.join(f'{name}.' for name in DOCUMENTS)}"
        raise SettingsError(f"where: {error.message[:200]}", hint=hint) from None


def _check_operator(sign: Any) -> str:
    if not isinstance(sign, str) or sign not in OPERATORS:
        raise _unknown("operator", sign, OPERATORS)
    return sign


def _check_operand(sign: str, value: Any) -> Any:
    if sign == "exists":
        return _check_flag("exists", value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _check_length("where", value)
    if is_whole(value):
        return int(value)
    if is_number(value) and isfinite(value):
        return float(value)
    hint = "Give a text, a number, True, False or None."
    raise SettingsError(f"where compares with no {type(value).__name__} such as this.", hint=hint)


KEYS: dict[str, Callable[[str, Any], Any]] = {
    "status": _check_statuses,
    "deployment_id": _check_texts,
    "version_id": _check_texts,
    "mode": _check_texts,
    "since": _check_moment,
    "until": _check_moment,
    "text": _check_text,
    "has_outputs": _check_flag,
    "failure": _check_text,
    "where": _check_where,
}
"""The keys of a filter, each with what checks its value."""
