"""HTML and SVG as text: data enters it escaped, and only here."""

from __future__ import annotations

import unicodedata
from html import escape

_UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}


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
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: str | None) -> Markup:
    """Pieces one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else safe(child) for child in children if child))


def safe(text: str) -> Markup:
    """Text escaped, with control and direction characters seen instead of obeyed; line ends stay."""
    return Markup(escape("\n".join(visible(line) for line in text.split("\n"))))


def visible(text: str) -> str:
    """Text in which control, zero-width and direction characters are seen instead of obeyed."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def _shown(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\u2039U+{code:04X}\u203a"


def clip(text: str, most: int) -> str:
    """Text cut to a length, with the number of characters that are hidden."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"
