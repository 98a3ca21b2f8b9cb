"""Splits JSON text into the members of an object or the elements of an array.

The values are not read: each stays the bytes that stand in the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from agentrun_nb.core import jsontext

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


def cut_object(text: bytes) -> Iterable[tuple[str, bytes]]:
    """Splits an object into its members: keys and the bytes of their values, duplicates included.

    Raises:
        JSONTextError: the text is not an object; raised when the members are iterated over.
    """
    try:
        found = _MEMBERS.decode(text)
        if not may_have_duplicate_keys(text, found):
            return [(name, bytes(value)) for name, value in found.items()]
    except jsontext.NOT_STRICT:
        pass
    return jsontext.members(text)


def cut_array(text: bytes) -> list[bytes]:
    """Splits an array into the bytes of its elements.

    Raises:
        JSONTextError: the text is not an array.
    """
    try:
        return [bytes(value) for value in _ELEMENTS.decode(text)]
    except jsontext.NOT_STRICT:
        return list(jsontext.elements(text))


def may_have_duplicate_keys(text: bytes, decoded: Any) -> bool:
    """Whether an object in the text may have a key twice, judged by what msgspec decoded of it.

    Of two members with one key msgspec keeps the last and drops the first without a word. So what
    it decoded, encoded again, is shorter than the text without its white space. Where no member
    was dropped, the two have the same length.

    False is certain. True may be a false alarm: other things make the encoded text shorter or
    longer too, such as an escape that is not needed or a member that the decoder's type does not
    have. The callers then read the text with the tolerant reader, which is slower and gives the
    same cells.

    Args:
        text: a JSON document.
        decoded: what msgspec decoded of it. Objects inside a `msgspec.Raw` are not looked into.

    Example:
        >>> text = b'{"a": 1, "a": 2}'
        >>> may_have_duplicate_keys(text, msgspec.json.decode(text))
        True
    """
    encoded = msgspec.json.encode(decoded)
    # Most texts have no white space; then the lengths can be compared as they are.
    if len(encoded) == len(text):
        return False
    # `Raw` values are encoded with their white space, so it is taken out of both texts.
    return _compact_length(encoded) != _compact_length(text)


def _compact_length(text: bytes) -> int:
    """The length of JSON text without its white space."""
    return len(msgspec.json.format(text, indent=-1))
