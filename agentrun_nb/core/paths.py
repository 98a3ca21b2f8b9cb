"""Paths into JSON documents: parsing them, writing them, and finding the values they lead to.

They are written as `outputs[0].size_bytes`, `outputs[*].path` or `["key with . or space"]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from agentrun_nb.core.jsontext import valid_unicode
from agentrun_nb.errors import PathNotFound

Step = str | int | None
"""One step of a path: a key, an index, or None for every element (`[*]`)."""

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)
_STEP = re.compile(r'\.?([^\s.\[\]"*]+)|\[(\d+)\]|\[(\*)\]|\.?\[("(?:[^"\\]|\\.)*")\]')


def parse_path(path: str) -> tuple[Step, ...]:
    """Parses a path into its steps; the empty path is the document itself.

    Raises:
        PathNotFound: the text is not a path.
    """
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        # A key after another step needs its dot; `_STEP` takes it as optional.
        if match is None or (match[1] and position and path[position] != "."):
            raise _unreadable(path, position)
        key, index, every, quoted = match.groups()
        try:
            steps.append(_step(key, index, every, quoted))
        except ValueError:
            raise _unreadable(path, position) from None
        position = match.end()
    return tuple(steps)


def _step(key: str | None, index: str | None, every: str | None, quoted: str | None) -> Step:
    """The step that one of the four groups of `_STEP` has matched."""
    if key:
        return key
    if index:
        return int(index)
    if every:
        return None
    return str(json.loads(quoted or ""))


def _unreadable(path: str, position: int) -> PathNotFound:
    return PathNotFound(
        f"{path!r} is not a path: it cannot be read at character {position}.",
        hint='Write it as outputs[0].size_bytes, outputs[*].path or ["a key with spaces"].',
    )


def format_path(steps: Sequence[Step]) -> str:
    """Writes a path, always as valid Unicode; keys that are not plain words are quoted as JSON."""
    text = ""
    for step in steps:
        if step is None:
            text += "[*]"
        elif isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            # As escapes, lone surrogates are valid Unicode too.
            has_surrogates = valid_unicode(step) != step
            text += f"[{json.dumps(step, ensure_ascii=has_surrogates)}]"
    return text


def find(document: Any, steps: Sequence[Step]) -> list[Any]:
    """Finds the values that a path leads to: none, one, or with `[*]` any number."""
    values = [document]
    for step in steps:
        values = [inner for value in values for inner in _inside(value, step)]
    return values


def _inside(value: Any, step: Step) -> list[Any]:
    """The values to which one step leads from a value: none, one, or all elements of a list."""
    if isinstance(step, str):
        return [value[step]] if isinstance(value, dict) and step in value else []
    if not isinstance(value, list):
        return []
    if step is None:
        return value
    return [value[step]] if step < len(value) else []
