"""Runs the examples of a page as somebody would who types them into a notebook.

Some examples are followed by what they show. `python -m docs.examples` writes that anew, and a test
compares it.
"""

from __future__ import annotations

import ast
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

DOCS = Path(__file__).parent
BEGINNING = DOCS / "howto" / "index.md"
"""The page whose example is the beginning of all others."""

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RESULT = re.compile(r"\A\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""What an example shows, behind it."""

MOST_ROWS = 8
"""How many rows of a table a page shows."""


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


def text_of(value: Any) -> str:
    """A value as a page shows it: few rows of a table, and its index where that has a name."""
    if isinstance(value, pd.Series):
        text = value.to_string(max_rows=MOST_ROWS, float_format=_number)
    elif isinstance(value, pd.DataFrame):
        text = value.to_string(
            max_rows=MOST_ROWS,
            max_colwidth=40,
            float_format=_number,
            index=value.index.name is not None,
        )
    else:
        text = repr(value)
    return "\n".join(line.rstrip() for line in text.splitlines())


def _number(value: float) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def with_results(text: str, names: dict[str, Any]) -> str:
    """The text of a page with what its examples show, where it has that.

    Args:
        text: the page.
        names: what is there before its first example.
    """
    parts, end = [], 0
    for example in BLOCK.finditer(text):
        parts.append(text[end : example.end()])
        end = example.end()
        result = text_of(type_in(example[1], names))
        if found := RESULT.match(text[end:]):
            end += found.end()
            parts.append(f"\n\n```text\n{result}\n```")
    return "".join([*parts, text[end:]])


def begin() -> dict[str, Any]:
    """What the first example leaves: a local service with runs, a client, and a table of them."""
    names: dict[str, Any] = {}
    for block in blocks(BEGINNING):
        type_in(block, names)
    return names


def main() -> None:
    """Writes what the examples show into the pages that show it."""
    pages = [page for page in DOCS.rglob("*.md") if "```text\n" in page.read_text("utf-8")]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for page in pages:
            names = begin()
            page.write_text(with_results(page.read_text("utf-8"), names), "utf-8")
            names["service"].close()


if __name__ == "__main__":
    main()
