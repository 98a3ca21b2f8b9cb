"""The one syntax for places in a document.

`outputs[0].size_bytes`, `outputs[*].path`, `["key with . or space"]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from agentrun_nb.core.jsontext import whole
from agentrun_nb.errors import PathNotFound

Step = str | int | None
"""A key, an index, or None for every element (`[*]`)."""

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)
_STEP = re.compile(r'\.?([^\s.\[\]"*]+)|\[(\d+)\]|\[(\*)\]|\.?\[("(?:[^"\\]|\\.)*")\]')


def parse_path(path: str) -> tuple[Step, ...]:
    """Reads a path; the empty path is the document itself.

    Raises:
        PathNotFound: the text is not a path.
    """
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or (match[1] and position and path[position] != "."):
            raise _unreadable(path, position)
        key, index, every, quoted = match.groups()
        try:
            steps.append(key or (int(index) if index else None if every else json.loads(quoted)))
        except ValueError:
            raise _unreadable(path, position) from None
        position = match.end()
    return tuple(steps)


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
            text += f"[{json.dumps(step, ensure_ascii=whole(step) != step)}]"
    return text


def find(document: Any, steps: Sequence[Step]) -> list[Any]:
    """The values a path leads to: none, one, or with `[*]` any number."""
    values = [document]
    for step in steps:
        if step is None:
            values = [inner for value in values if isinstance(value, list) for inner in value]
        elif isinstance(step, int):
            values = [
                value[step] for value in values if isinstance(value, list) and step < len(value)
            ]
        else:
            values = [value[step] for value in values if isinstance(value, dict) and step in value]
    return values
