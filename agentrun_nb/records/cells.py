"""Reads one value of a record into a cell of a table, with a code for what was odd about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from agentrun_nb.core import jsontext, times
from agentrun_nb.core.schema import Column, Kind

NOTE_LENGTH = 200
"""How many characters of the original text a note shows."""

_LONGEST_NUMBER = 40
"""How many digits a number may have to be read."""

_NUMBER = re.compile(rb"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class Notes:
    """Collects what was odd about one record, for its `parse_notes`."""

    def __init__(self) -> None:
        self._notes: list[str] = []

    def add(self, column: str, code: str, original: bytes) -> None:
        """Adds a note: a code and the original text, clipped."""
        column = column[:NOTE_LENGTH]
        # A character has four bytes at most in UTF-8.
        beginning = original[: 4 * NOTE_LENGTH].decode("utf-8", "replace")
        text = jsontext.valid_unicode(beginning)[:NOTE_LENGTH]
        note = f"{column}: {code}"
        self._notes.append(f"{note}: {text}" if text else note)

    @property
    def text(self) -> str | None:
        """All notes, or None when there are none."""
        return "; ".join(self._notes) or None


def read_cell(column: Column, value: bytes | None) -> tuple[Any, str | None]:
    """Reads the JSON text of one value.

    Args:
        column: the column that the value belongs to.
        value: the text; None when the record does not have it.

    Returns:
        The cell (times in microseconds since the epoch), and a code of `schema.NOTE_CODES` or None.
    """
    if value is None:
        return None, "missing" if column.required else None
    if column.kind == "json":
        return _read_json(value)
    if value == b"null":
        return None, "null" if column.required else None
    return _READERS[column.kind](column, value)


def _read_json(value: bytes) -> tuple[str, str | None]:
    text = value.decode("utf-8", "replace")
    if text.encode("utf-8") != value:
        return text, "not_unicode"
    if text.startswith("{"):
        return text, None
    return text, "null" if text == "null" else "not_object"


def _read_text(column: Column, value: bytes) -> tuple[str | None, str | None]:
    if not value.startswith(b'"'):
        return None, "not_text"
    text, mended = jsontext.string(value)
    if mended:
        return text, "not_unicode"
    return text, "unknown_value" if column.known and text not in column.known else None


def _read_time(column: Column, value: bytes) -> tuple[int | None, str | None]:
    if value.startswith(b'"'):
        return times.read_time(jsontext.string(value)[0])
    number = _number(value)
    if number is None:
        return None, "bad_time"
    # A float would lose the last digits of nanoseconds.
    whole = number.is_finite() and number == int(number)
    return times.read_epoch(int(number) if whole else float(number))


def _read_int(column: Column, value: bytes) -> tuple[int | None, str | None]:
    quoted = value.startswith(b'"')
    number = _number(value.strip(b'"'))
    if number is None or (number.is_finite() and number != int(number)):
        return None, "not_integer"
    if not column.low <= number <= column.high:
        return None, "out_of_range"
    return int(number), "not_integer" if quoted else None


def _read_bool(column: Column, value: bytes) -> tuple[bool | None, str | None]:
    found = {b"true": True, b"false": False}.get(value)
    return found, "unknown_value" if found is None else None


_READERS: dict[Kind, Callable[[Column, bytes], tuple[Any, str | None]]] = {
    "text": _read_text,
    "category": _read_text,
    "time": _read_time,
    "int": _read_int,
    "bool": _read_bool,
}


def _number(token: bytes) -> Decimal | None:
    """Reads a number exactly; None for what is not a number or is absurdly large or small.

    An integer of too many digits gives infinity, which lies out of every column's range.
    """
    if len(token) > _LONGEST_NUMBER or not token.isascii():
        return Decimal("Infinity") if token.lstrip(b"-").isdigit() else None
    if not _NUMBER.fullmatch(token):
        return None
    number = Decimal(token.decode())
    return number if abs(number.adjusted()) < _LONGEST_NUMBER else None
