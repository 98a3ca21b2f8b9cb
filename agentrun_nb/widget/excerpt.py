"""Lays out the beginning of a JSON text on indented lines, each token as it is written there."""

from __future__ import annotations

import re

from agentrun_nb.core.text import clip

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s\[\]{},:"]+|"', re.DOTALL)
_STRING = 200
_DEEPEST = 20


def excerpt(text: str, most: int) -> str:
    """Lays out a JSON text until `most` characters are written.

    At the end it says how many characters of the text are hidden.
    """
    written: list[str] = []
    length = depth = 0
    after_opener = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if length > most:
            written.append(f"\n… {len(text) - match.start():,} more characters of JSON")
            break
        closes = token in ("]", "}")
        depth -= closes
        line = "\n" + "  " * max(0, min(depth, _DEEPEST))
        # A new line comes after an opening bracket or before a closing one; not between the two,
        # so that empty brackets stay together.
        before = line if after_opener != closes else ""
        after = {",": line, ":": " "}.get(token, "")
        depth += token in ("[", "{")
        after_opener = token in ("[", "{")
        piece = before + clip(token, _STRING) + after
        written.append(piece)
        length += len(piece)
    return "".join(written)
