"""JSON text cut into the members of an object and the elements of an array, values to the letter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from agentrun_nb.core import jsontext


def cut_object(text: bytes) -> Iterable[tuple[str, bytes]]:
    """The members of an object, duplicates included; msgspec cuts what is sound and compact."""
    try:
        found = _MEMBERS.decode(text)
        if is_complete(found, text):
            return [(name, bytes(value)) for name, value in found.items()]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    return jsontext.members(text)


def cut_array(text: bytes) -> list[bytes]:
    """The elements of an array."""
    try:
        return [bytes(value) for value in _ELEMENTS.decode(text)]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return list(jsontext.elements(text))


def is_complete(decoded: Any, text: bytes) -> bool:
    """Whether everything was decoded.

    Msgspec keeps the last of two equal keys, and is shorter then, written again.
    """
    again = msgspec.json.encode(decoded)
    return len(again) == len(text) or len(_compact(again)) == len(_compact(text))


def _compact(text: bytes) -> bytes:
    return msgspec.json.format(text, indent=-1)


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
