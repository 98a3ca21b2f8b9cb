"""Runs the examples of a page as somebody would who types them into a notebook."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
BEGINNING = DOCS / "howto" / "index.md"
"""The page whose example is the beginning of all others."""

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[str]:
    """The examples of a page, in their order."""
    return BLOCK.findall(page.read_text("utf-8"))


def type_in(code: str, names: dict[str, Any]) -> Any:
    """Runs an example as a cell of a notebook.

    Args:
        code: the example.
        names: what is there before it; what it makes is there afterwards, and as `_` its value.

    Returns:
        The value of its last line; None where that is no expression.
    """
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<example>", "exec"), names)  # noqa: S102 - that is what it is for
    if last is None:
        return None
    shown = ast.Expression(last.value)
    names["_"] = eval(compile(shown, "<example>", "eval"), names)  # noqa: S307 - as above
    return names["_"]


def begin() -> dict[str, Any]:
    """What the first example leaves: a local service with runs, a client, and a table of them."""
    names: dict[str, Any] = {}
    for block in blocks(BEGINNING):
        type_in(block, names)
    return names
