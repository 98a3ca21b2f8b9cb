"""Writes HTML and SVG as text, into which data comes escaped, and only here."""

from __future__ import annotations

from html import escape

from agentrun_nb.core.text import visible


class Markup(str):
    """Text that is safe to publish as HTML."""

    __slots__ = ()


def el(name: str, *children: str | None, **attributes: str | int | float) -> Markup:
    """An element; children that are not Markup are escaped, None is left out.

    Args:
        name: the tag.
        children: text or markup.
        attributes: names with `_` for `-`, and a trailing `_` where Python reserves the word.
    """
    start = name
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        start += f' {attribute}="{safe(str(value))}"'
    content = joined(*children)
    return Markup(f"<{start}>{content}</{name}>")


def joined(*children: str | None) -> Markup:
    """Joins pieces of text or markup; what is not markup is escaped, None is left out."""
    pieces = []
    for child in filter(None, children):
        markup = child if isinstance(child, Markup) else safe(child)
        pieces.append(markup)
    return Markup("".join(pieces))


def safe(text: str) -> Markup:
    """Escapes text, and shows control and direction characters as symbols; line ends stay."""
    lines = [visible(line) for line in text.split("\n")]
    shown = "\n".join(lines)
    return Markup(escape(shown))
