"""Prepares text for people to read: control characters made visible, long text cut."""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}
"""The categories of Unicode of which a character leaves no ink, and is no space."""
_JOINERS = "\u200c\u200d"
_ARROWS = 0x2190
"""The first character of the block of arrows; symbols from here on may be part of an emoji."""
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def visible(text: str) -> str:
    """Replaces control, zero-width and direction characters by signs that can be seen.

    The two joiners stay between letters or emoji: Persian, the scripts of India and families of
    emoji are written with them.

    >>> visible("a" + chr(0x200B) + "b")
    'a‹U+200B›b'
    """
    if text.isascii() and text.isprintable():
        return text
    shown = []
    for place, char in enumerate(text):
        is_unseen = unicodedata.category(char) in _UNSEEN
        shown.append(_sign(char) if is_unseen and not _joins(text, place) else char)
    return "".join(shown)


def _joins(text: str, place: int) -> bool:
    """Whether the character at a place is a joiner between two characters that it can join."""
    if text[place] not in _JOINERS or not 0 < place < len(text) - 1:
        return False
    return _can_be_joined(text[place - 1]) and _can_be_joined(text[place + 1])


def _can_be_joined(char: str) -> bool:
    category, code = unicodedata.category(char), ord(char)
    is_emoji = (category in ("So", "Sm") and code >= _ARROWS) or code in _SKIN_TONES
    return category[0] in "LM" or is_emoji


def _sign(char: str) -> str:
    """The sign that is shown in place of a character that cannot be seen."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\u2039U+{code:04X}\u203a"


def clip(text: str, most: int) -> str:
    """Cuts a text to a length and says how many characters are hidden.

    >>> clip("abcdef", 4)
    'abcd… (2 more characters)'
    """
    if len(text) <= most:
        return text
    hidden = len(text) - most
    return f"{text[:most]}… ({hidden:,} more characters)"


def counted(count: int, noun: str) -> str:
    """A number and its noun: `1 run`, `1,000 runs`."""
    plural = "" if count == 1 else "s"
    return f"{count:,} {noun}{plural}"


def kind_of(value: object) -> str:
    """What a value is, by its type: `an int`, `a Series`, `None`.

    >>> kind_of(5)
    'an int'
    """
    if value is None:
        return "None"
    name = type(value).__name__
    # A u is mostly said as in UUID and uint8.
    article = "an" if name[0] in "AEIOaeio" else "a"
    return f"{article} {name}"


def capital(text: str) -> str:
    """A text as it begins a sentence; the rest of it stays.

    >>> capital("a DataFrame")
    'A DataFrame'
    """
    return text[:1].upper() + text[1:]
