"""HTML and SVG as text: data enters it escaped, and only here."""

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
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(str(value))}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: str | None) -> Markup:
    """Pieces one after the other."""
    return Markup(
        "".join(child if isinstance(child, Markup) else safe(child) for child in children if child)
    )


def safe(text: str) -> Markup:
    """Text escaped, with control and direction characters seen instead of obeyed.

    Line ends stay.
    """
    return Markup(escape("\n".join(visible(line) for line in text.split("\n"))))
