r"""Finds and parses the values of JSON text, also where a strict parser gives up.

Parsing keeps integers exact and works at any depth. Finding where values begin and end is lenient
inside values (NaN, bad escapes and bytes that are not UTF-8 are taken as they stand) and strict
about brackets, so that an odd value never hides its neighbours.
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

# Strings are matched with possessive quantifiers (`*+`): they never give back what they took, so
# that a long string without an end costs no more than one pass over it.
_SPACE = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\n\r,:\[\]{}"]+')
_BRACKET_OR_STRING = re.compile(rb'[\[\]{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"|"', re.DOTALL)
_CLOSER = {b"[": b"]", b"{": b"}"}

NOT_STRICT = (msgspec.MsgspecError, RecursionError, UnicodeError)
"""What msgspec raises for a document that `parse` may still read."""


class JSONTextError(DataError, ValueError):
    """The text is not JSON; the message says where."""


class Member(NamedTuple):
    """A member of an object: its key as text and the bytes of its value."""

    key: str
    value: bytes


class _Token(NamedTuple):
    """An entry of an object or array as bytes; the key is empty in an array."""

    key: bytes
    value: bytes


def members(text: bytes, start: int = 0) -> Iterator[Member]:
    """Yields the members of the object that begins at `start`, in order, duplicates included.

    Raises:
        JSONTextError: the bytes are not an object.
    """
    for token in _entries(text, start, b"{"):
        key, _ = string(token.key)
        yield Member(key, token.value)


def elements(text: bytes, start: int = 0) -> Iterator[bytes]:
    """Yields the bytes of each element of the array that begins at `start`.

    Raises:
        JSONTextError: the bytes are not an array.
    """
    for token in _entries(text, start, b"["):
        yield token.value


def _entries(text: bytes, start: int, opener: bytes) -> Iterator[_Token]:
    """Yields the entries of the object or array that begins at `start`."""
    position = _skip_space(text, start)
    if text[position : position + 1] != opener:
        raise _error(text, position, f"expected {opener.decode()!r}")
    closer = _CLOSER[opener]
    position = _skip_space(text, position + 1)
    if text[position : position + 1] == closer:
        return
    while True:
        key = b""
        if opener == b"{":
            key, position = _read_key(text, position)
        end = value_end(text, position)
        yield _Token(key, text[position:end])
        position = _skip_space(text, end)
        found = text[position : position + 1]
        if found == closer:
            return
        if found != b",":
            raise _error(text, position, f"expected ',' or {closer.decode()!r}")
        position = _skip_space(text, position + 1)


def _read_key(text: bytes, start: int) -> tuple[bytes, int]:
    """A key with its quotes, and where its value begins."""
    match = _STRING.match(text, start)
    if match is None:
        raise _error(text, start, "expected a key")
    position = _skip_space(text, match.end())
    if text[position : position + 1] != b":":
        raise _error(text, position, "expected ':'")
    return match[0], _skip_space(text, position + 1)


def value_end(text: bytes, start: int) -> int:
    """Finds the end of the value that begins at `start`.

    Brackets must match; what a scalar looks like does not matter.

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


def _skip_space(text: bytes, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _error(text: bytes, position: int, what: str) -> JSONTextError:
    where = "at the end" if position >= len(text) else f"at byte {position}"
    return JSONTextError(f"{what} {where}")


def string(token: bytes) -> tuple[str, bool]:
    """Parses a string token, which has its quotes.

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
    sound = valid_unicode(value)
    return sound, mended or sound != value


_STRINGS = json.JSONDecoder(strict=False)


def valid_unicode(text: str) -> str:
    """Replaces each lone surrogate by U+FFFD."""
    if text.isascii():
        return text
    # UTF-16 joins the two surrogates of a pair and leaves the lone ones to be replaced.
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded.decode("utf-16-le", "replace")


def number(token: str) -> int | float | Decimal:
    """Parses a number: integers exactly, decimals as the nearest double.

    What is beyond a double's range, or an integer of over 4,300 digits, becomes a Decimal.
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
    """Parses a document of any depth, integers exactly; of duplicate keys the last one counts.

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
    """Parses a document that is too deep for the recursion of `json`.

    The objects and arrays that are open stand on a stack. What may come next is `expected`: a
    `value`, a `key`, a `colon`, a `comma` or the closing bracket, or the `first` entry of an object
    or array or its closing bracket.
    """
    root: list[Any] = []
    stack: list[Any] = [root]
    keys: list[str] = []
    position, expected = 0, "value"
    while match := _LEXEME.match(text, position):
        mark, quoted, scalar = match.groups()
        container = stack[-1]
        in_object = isinstance(container, dict)
        is_open = len(stack) > 1
        closes = mark == ("}" if in_object else "]") and is_open
        begins_value = mark in ("[", "{", None)
        if closes and expected in ("comma", "first"):
            stack.pop()
            expected = "comma"
        elif mark == "," and expected == "comma" and is_open:
            expected = "key" if in_object else "value"
        elif mark == ":" and expected == "colon":
            expected = "value"
        elif quoted and in_object and expected in ("key", "first"):
            keys.append(json.loads(quoted))
            expected = "colon"
        elif begins_value and _may_be_value(expected, in_object):
            value = _value(mark, quoted, scalar, position)
            if in_object:
                container[keys.pop()] = value
            else:
                container.append(value)
            if mark:
                stack.append(value)
            expected = "first" if mark else "comma"
        else:
            raise JSONTextError(f"not JSON at character {match.end() - 1}")
        position = match.end()
    if len(stack) != 1 or len(root) != 1 or text[position:].strip(" \t\n\r"):
        raise JSONTextError(f"not JSON at character {position}")
    return root[0]


def _may_be_value(expected: str, in_object: bool) -> bool:
    """Whether a value may come next; in an object a key has to come before the first one."""
    return expected == "value" or (expected == "first" and not in_object)


def _value(mark: str | None, quoted: str | None, scalar: str, position: int) -> Any:
    """The value that a lexeme is or begins: an empty object or array, a string or a scalar."""
    if mark:
        return [] if mark == "[" else {}
    return _leaf(quoted, scalar, position)


def _leaf(quoted: str | None, scalar: str, position: int) -> Any:
    if quoted is not None:
        return json.loads(quoted)
    if scalar in _WORDS:
        return _WORDS[scalar]
    if _NUMBER.fullmatch(scalar):
        return number(scalar)
    raise JSONTextError(f"not a value at character {position}")
