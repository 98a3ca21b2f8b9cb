"""Text that a person reads: nothing in it acts, and what is cut is counted."""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}
_JOINERS = "\u200c\u200d"
_ARROWS, _SKIN_TONES = 0x2190, range(0x1F3FB, 0x1F400)


def visible(text: str) -> str:
    """Text in which control, zero-width and direction characters are seen instead of obeyed.

    The two joiners stay as they are between letters or emoji: Persian, the scripts of India and
    families of emoji are written with them.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _shown(char)
        if unicodedata.category(char) in _UNSEEN and not _is_between_joined(text, place)
        else char
        for place, char in enumerate(text)
    )


def _is_between_joined(text: str, place: int) -> bool:
    """Whether a joiner stands here with something before and behind it that it can join."""
    if text[place] not in _JOINERS or not 0 < place < len(text) - 1:
        return False
    return _can_be_joined(text[place - 1]) and _can_be_joined(text[place + 1])


def _can_be_joined(char: str) -> bool:
    category, code = unicodedata.category(char), ord(char)
    is_emoji = (category in ("So", "Sm") and code >= _ARROWS) or code in _SKIN_TONES
    return category[0] in "LM" or is_emoji


def _shown(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\u2039U+{code:04X}\u203a"


def clip(text: str, most: int) -> str:
    """Text cut to a length, with the number of characters that are hidden."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"


def counted(count: int, noun: str) -> str:
    """A number and its noun: `1 run`, `1,000 runs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
