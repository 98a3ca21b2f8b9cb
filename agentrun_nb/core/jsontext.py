r"""JSON as text: where its values begin and end, and reading them, integers exactly, without recursion.

The scanner is lenient inside values (NaN, bad escapes, bytes that are not UTF-8 are cut out as they
stand) and strict about brackets, so that one odd value never hides its neighbours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from math import isinf
from typing import Any, NamedTuple

import msgspec

from agentrun_nb.errors import DataError

_SPACE = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\n\r,:\[\]{}"]+')
_BRACKET_OR_STRING = re.compile(rb'[\[\]{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"|"', re.DOTALL)
_CLOSER = {b"[": b"]", b"{": b"}"}

NOT_STRICT = (msgspec.MsgspecError, RecursionError, UnicodeError)
"""What msgspec raises for a document that the patient reader of this module may still read."""


class JSONTextError(DataError, ValueError):
    """The text is not JSON; the message says where."""


class Member(NamedTuple):
    """One member of an object: its key as text and the bytes of its value."""

    key: str
    value: bytes


def members(text: bytes, start: int = 0) -> Iterator[Member]:
    """Yields the members of the object that begins at `start`, duplicates included, in their order.

    Raises:
        JSONTextError: the bytes are not an object.
    """
    for key_start, key_end, value_start, value_end in _entries(text, start, b"{"):
        yield Member(string(text[key_start:key_end])[0], text[value_start:value_end])


def elements(text: bytes, start: int = 0) -> Iterator[bytes]:
    """Yields the bytes of each element of the array that begins at `start`.

    Raises:
        JSONTextError: the bytes are not an array.
    """
    for _, _, value_start, value_end in _entries(text, start, b"["):
        yield text[value_start:value_end]


def _entries(text: bytes, start: int, opener: bytes) -> Iterator[tuple[int, int, int, int]]:
    position = _blank(text, start)
    if text[position : position + 1] != opener:
        raise _error(text, position, f"expected {opener.decode()!r}")
    closer = _CLOSER[opener]
    position = _blank(text, position + 1)
    if text[position : position + 1] == closer:
        return
    while True:
        key = (position, position)
        if opener == b"{":
            match = _STRING.match(text, position)
            if match is None:
                raise _error(text, position, "expected a key")
            key = match.span()
            position = _blank(text, match.end())
            if text[position : position + 1] != b":":
                raise _error(text, position, "expected ':'")
            position = _blank(text, position + 1)
        end = value_end(text, position)
        yield (*key, position, end)
        position = _blank(text, end)
        found = text[position : position + 1]
        if found == closer:
            return
        if found != b",":
            raise _error(text, position, f"expected ',' or {closer.decode()!r}")
        position = _blank(text, position + 1)


def value_end(text: bytes, start: int) -> int:
    """Finds the end of the value that begins at `start`; brackets must match, scalars may be anything.

    Raises:
        JSONTextError: the value is cut off or its brackets do not match.
    """
    first = text[start : start + 1]
    if first == b'"' or first not in _CLOSER:
        match = (_STRING if first == b'"' else _SCALAR).match(text, start)
        if match is None:
            raise _error(text, start, "expected a value")
        return match.end()
    open_brackets: list[bytes] = []
    for match in _BRACKET_OR_STRING.finditer(text, start):
        token = match[0]
        if token in _CLOSER:
            open_brackets.append(_CLOSER[token])
        elif token == b'"':
            break
        elif token[:1] != b'"':
            if token != open_brackets.pop():
                raise _error(text, match.start(), "a bracket that closes nothing")
            if not open_brackets:
                return match.end()
    raise _error(text, len(text), "the text ends inside a value")


def _blank(text: bytes, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _error(text: bytes, position: int, what: str) -> JSONTextError:
    where = "at the end" if position >= len(text) else f"at byte {position}"
    return JSONTextError(f"{what} {where}")


def string(token: bytes) -> tuple[str, bool]:
    """Reads a string token with its quotes.

    Returns:
        The text, and whether it had to be mended: what is not valid Unicode becomes U+FFFD.
    """
    text = token.decode("utf-8", "replace")
    mended = "\ufffd" in text and text.encode() != token
    if "\\" not in text:
        return text[1:-1], mended
    try:
        value = _STRINGS.decode(text)
    except ValueError:
        return text[1:-1], True
    sound = whole(value)
    return sound, mended or sound != value


_STRINGS = json.JSONDecoder(strict=False)


def whole(text: str) -> str:
    """Replaces each lone surrogate by U+FFFD."""
    return (
        text
        if text.isascii()
        else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    )


def number(token: str) -> int | float | Decimal:
    """Reads integers exactly and decimals as the nearest double.

    Decimal beyond a double's range or 4,300 digits.
    """
    try:
        return int(token)
    except ValueError:
        if token.lstrip("-").isdecimal():
            return Decimal(token)
    value = float(token)
    try:
        return Decimal(token) if isinf(value) else value
    except InvalidOperation:
        return value


_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_LEXEME = re.compile(
    r'[ \t\n\r]*(?:([\[\]{},:])|("[^"\\]*+(?:\\.[^"\\]*+)*+")|([^ \t\n\r\[\]{},:"]+))', re.DOTALL
)
_WORDS = {"true": True, "false": False, "null": None, "NaN": float("nan")}
_WORDS |= {"Infinity": float("inf"), "-Infinity": float("-inf")}


def parse(text: str) -> Any:
    """Reads a document of any depth; integers stay exact, of duplicate keys the last one wins.

    Raises:
        JSONTextError: the text is not JSON; NaN and Infinity are accepted.
    """
    try:
        try:
            return json.loads(text, parse_int=number, parse_float=number)
        except RecursionError:
            return _parse_deep(text)
    except ValueError as error:
        raise JSONTextError(str(error)) from None


def _parse_deep(text: str) -> Any:
    root: list[Any] = []
    stack: list[Any] = [root]
    keys: list[str] = []
    position, expected = 0, "value"
    while match := _LEXEME.match(text, position):
        mark, quoted, scalar = match.groups()
        here = stack[-1]
        inside = isinstance(here, dict)
        if (
            mark in ("]", "}")
            and expected in ("comma", "first")
            and inside == (mark == "}")
            and len(stack) > 1
        ):
            stack.pop()
            expected = "comma"
        elif mark == "," and expected == "comma" and len(stack) > 1:
            expected = "key" if inside else "value"
        elif mark == ":" and expected == "colon":
            expected = "value"
        elif quoted and inside and expected in ("key", "first"):
            keys.append(json.loads(quoted))
            expected = "colon"
        elif mark in ("[", "{", None) and (
            expected == "value" or (expected == "first" and not inside)
        ):
            value = [] if mark == "[" else {} if mark == "{" else _leaf(quoted, scalar, position)
            if inside:
                here[keys.pop()] = value
            else:
                here.append(value)
            if mark:
                stack.append(value)
            expected = "first" if mark else "comma"
        else:
            raise JSONTextError(f"not JSON at character {match.end() - 1}")
        position = match.end()
    if len(stack) != 1 or len(root) != 1 or text[position:].strip(" \t\n\r"):
        raise JSONTextError(f"not JSON at character {position}")
    return root[0]


def _leaf(quoted: str | None, scalar: str, position: int) -> Any:
    if quoted is not None:
        return json.loads(quoted)
    if scalar in _WORDS:
        return _WORDS[scalar]
    if _NUMBER.fullmatch(scalar):
        return number(scalar)
    raise JSONTextError(f"not a value at character {position}")
