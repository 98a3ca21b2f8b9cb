"""How far the listing behind a frame came, and where it goes on.

In the frame's `attrs`, or in this process.
"""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_REMEMBERED = 64
"""Listings whose remainder is remembered; the one that was cut first is forgotten first."""

LARGEST_IN_ATTRS = 1_500
"""Bytes of a remainder that may stand in `attrs`, so that it goes with a saved file."""


@dataclass(frozen=True)
class Walk:
    """How far a listing came.

    Attributes:
        whole: whether it came to its end; None for what was not listed.
        rest: what is left to list, as plain data; None when nothing is, or nobody knows.
        lost: whether something is left and nobody here knows what, such as in another process.
    """

    whole: bool | None = None
    rest: dict[str, Any] | None = None
    lost: bool = False


_remembered: OrderedDict[str, dict[str, Any]] = OrderedDict()


def to_attrs(walk: Walk) -> dict[str, Any]:
    """A walk as plain data, small whatever is left."""
    data: dict[str, Any] = {"whole": walk.whole, "rest": walk.rest, "rest_lost": walk.lost}
    if walk.rest is None or len(json.dumps(walk.rest)) <= LARGEST_IN_ATTRS:
        return data
    token = secrets.token_hex(8)
    _remembered[token] = walk.rest
    while len(_remembered) > MOST_REMEMBERED:
        _remembered.popitem(last=False)
    return data | {"rest": token}


def of_attrs(data: Mapping[str, Any]) -> Walk:
    """What `to_attrs` gave, again."""
    whole, rest = data.get("whole"), data.get("rest")
    if whole not in (True, False):
        whole = None
    if isinstance(rest, str):
        rest = _remembered.get(rest)
        return Walk(whole, rest, lost=rest is None)
    return Walk(whole, rest if isinstance(rest, dict) else None, lost=data.get("rest_lost") is True)


def join(walks: Iterable[Walk]) -> Walk:
    """How far the listings came whose frames were put together.

    Each goes on from its own frame only.
    """
    listed = [walk for walk in walks if walk.whole is not None]
    whole = all(walk.whole for walk in listed) if listed else None
    return Walk(whole, lost=whole is False)
