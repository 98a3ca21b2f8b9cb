"""Remembers how far the listing behind a frame came, so that it can go on later.

What is left to list is kept in the frame's `attrs`, or in this process where it is large.
"""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_REMEMBERED = 64
"""How many remainders this process remembers; the oldest is forgotten first."""

LARGEST_IN_ATTRS = 1_500
"""How many bytes of a remainder may stand in `attrs`, from where it goes into saved files."""


@dataclass(frozen=True)
class Remainder:
    """How far a listing came, and what is left of it.

    Attributes:
        whole: whether the listing came to its end; None for rows that were not listed.
        rest: what is left to list, as plain data; None when nothing is left or it is not known.
        lost: whether something is left and this process does not know what.
    """

    whole: bool | None = None
    rest: dict[str, Any] | None = None
    lost: bool = False


_remembered: OrderedDict[str, dict[str, Any]] = OrderedDict()


def to_attrs(remains: Remainder) -> dict[str, Any]:
    """Converts a remainder to plain data for `attrs`, small however much is left."""
    data: dict[str, Any] = {"whole": remains.whole, "rest": remains.rest, "rest_lost": remains.lost}
    if remains.rest is None or len(json.dumps(remains.rest)) <= LARGEST_IN_ATTRS:
        return data
    token = secrets.token_hex(8)
    _remembered[token] = remains.rest
    while len(_remembered) > MOST_REMEMBERED:
        _remembered.popitem(last=False)
    return data | {"rest": token}


def of_attrs(data: Mapping[str, Any]) -> Remainder:
    """Converts the data of `to_attrs` back to a remainder."""
    whole, rest = data.get("whole"), data.get("rest")
    if whole not in (True, False):
        whole = None
    if isinstance(rest, str):
        rest = _remembered.get(rest)
        return Remainder(whole, rest, lost=rest is None)
    is_lost = data.get("rest_lost") is True
    return Remainder(whole, rest if isinstance(rest, dict) else None, lost=is_lost)


def join(remainders: Iterable[Remainder]) -> Remainder:
    """Combines the walks of frames that are concatenated.

    The result does not say what is left: each listing can go on from its own frame only.
    """
    listed = [remains for remains in remainders if remains.whole is not None]
    whole = all(remains.whole for remains in listed) if listed else None
    return Remainder(whole, lost=whole is False)
