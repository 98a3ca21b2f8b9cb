"""Reads what users select runs by: moments, ages, lengths of time and statuses."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Any

import numpy as np

from agentrun_nb.core import times
from agentrun_nb.core.arguments import is_number, read_words
from agentrun_nb.core.schema import STATUSES
from agentrun_nb.errors import SettingsError

When = str | date | datetime | timedelta
"""A moment, or an age before now such as "7d"."""

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)", re.ASCII)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}

_LONGEST = 1e9
"""The most seconds that make sense: some thirty years."""

NEAR = 0.68
"""The least similarity, by difflib, of a word that is taken for a misspelt status.

That of "timeout" and "timed_out" is just above it.
"""


def read_when(when: When | None, now: datetime | None = None) -> int | None:
    """Converts a moment, or an age, to microseconds since the epoch.

    Args:
        when: an ISO date or time, a datetime or date, a timedelta, or an age such as "7d". Without
            a zone it is UTC.
        now: the moment from which an age counts back; None: the time it is.

    Raises:
        SettingsError: it is none of these, or an age below zero.

    Example:
        >>> read_when("1970-01-01T00:00:01")
        1000000
    """
    if when is None:
        return None
    try:
        moment = _read_text(when.strip()) if isinstance(when, str) else _plain(when)
        if isinstance(moment, timedelta):
            if moment < timedelta(0):
                raise ValueError("an age counts back from now")
            moment = (now or datetime.now(UTC)) - moment
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        # In a zone of its own the year 1 may lie before the first moment that UTC can write.
        in_utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int((in_utc - times.EPOCH) // times.MICROSECOND)
    except (ValueError, TypeError, OverflowError):
        raise SettingsError(
            f"{str(when)[:80]!r} is not a moment.",
            hint='Give an ISO date or time, or an age such as "7d" or "12h".',
        ) from None


def read_period(since: When | None, until: When | None) -> tuple[int | None, int | None]:
    """Converts the beginning and the end of a stretch of time, None where it is open.

    Raises:
        SettingsError: one is no moment, or it ends before it begins, so that nothing lies in it.

    Example:
        >>> read_period("1970-01-01", None)
        (0, None)
    """
    now = datetime.now(UTC)
    begin, end = read_when(since, now), read_when(until, now)
    if begin is not None and end is not None and begin > end:
        hint = 'Give the earlier one as since=; of two ages that is the longer: since="7d".'
        raise SettingsError("since= is later than until=, and nothing lies between.", hint=hint)
    return begin, end


Span = float | str | timedelta
"""A length of time: seconds, a text such as "30m", or a timedelta."""


def read_span(name: str, span: Span | None) -> float | None:
    """Converts a length of time to seconds.

    Args:
        name: the argument that it was given for.
        span: seconds, a text such as "30m" or "1.5h", a timedelta, or None.

    Raises:
        SettingsError: it is none of these, or less than nothing.

    Example:
        >>> read_span("timeout", "30m"), read_span("timeout", timedelta(seconds=2))
        (1800.0, 2.0)
    """
    if span is None:
        return None
    seconds = float("nan")
    span = _plain(span)
    if isinstance(span, timedelta):
        seconds = span.total_seconds()
    elif isinstance(span, str):
        age = _AGE.fullmatch(span.strip())
        if age is not None:
            amount, unit = age.groups()
            seconds = float(amount) * _UNITS[unit]
    elif is_number(span):
        seconds = float(span) if abs(span) < _LONGEST else float("nan")
    if not 0 <= seconds < _LONGEST:
        raise SettingsError(
            f"{name}={str(span)[:80]!r} is not a length of time.",
            hint='Give seconds, a timedelta, or a text such as "30m" or "2h".',
        )
    return seconds


def plain_when(when: When) -> str:
    """Writes a moment as ISO text in UTC, and an age as text, as JSON can hold them.

    Raises:
        SettingsError: it is neither.

    Example:
        >>> plain_when("1970-01-01"), plain_when(timedelta(hours=1)), plain_when("7d")
        ('1970-01-01T00:00:00Z', '3600s', '7d')
    """
    micros = read_when(when)
    when = _plain(when)
    if isinstance(when, timedelta):
        seconds = f"{when / timedelta(seconds=1):.6f}"
        return f"{seconds.rstrip('0').rstrip('.')}s"
    if isinstance(when, str) and _AGE.fullmatch(when.strip()):
        return when.strip()
    return times.iso(micros or 0)


def _plain(when: Any) -> Any:
    """A moment or an age as one of Python, where it is one of numpy."""
    if isinstance(when, np.datetime64):
        return when.astype("datetime64[us]").item()
    if isinstance(when, np.timedelta64):
        return when.astype("timedelta64[us]").item()
    return when


def _read_text(text: str) -> datetime | timedelta:
    age = _AGE.fullmatch(text)
    if age is None:
        return datetime.fromisoformat(text)
    amount, unit = age.groups()
    return timedelta(seconds=float(amount) * _UNITS[unit])


def read_statuses(statuses: Any) -> list[str] | None:
    """Checks the statuses to ask for, and returns them as a list; None for all.

    A service may have statuses of its own: only one that is nearly one of the contract is refused.

    Raises:
        SettingsError: one is no text, or a misspelt status of the contract.

    Example:
        >>> read_statuses("failed")
        ['failed']
    """
    if statuses is None:
        return None
    words = read_words("status", statuses, f"Known: {', '.join(STATUSES)}.")
    for word in words:
        plain = re.sub(r"[\s-]+", "_", word.strip().lower())
        near = get_close_matches(plain, STATUSES, 1, NEAR)
        if word not in STATUSES and near:
            raise SettingsError(f"There is no status {word[:80]!r}.", hint=f"Near it: {near[0]!r}.")
    return words
