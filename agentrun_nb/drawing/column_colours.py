"""The colours by which a timeline tells the values of a column from each other."""

from __future__ import annotations

from typing import NamedTuple


class Pair(NamedTuple):
    """One colour, on a light and on a dark background."""

    light: str
    dark: str


CATEGORIES = (
    Pair("#2d87ff", "#5a5af0"),
    Pair("#a58700", "#f07800"),
    Pair("#690069", "#d2b4ff"),
    Pair("#0096c3", "#a5fff0"),
    Pair("#1e4b00", "#b4f0a5"),
    Pair("#5a002d", "#d25a4b"),
    Pair("#a5875a", "#ffff78"),
    Pair("#1e1ea5", "#5a69b4"),
)
"""For values, the most frequent first; every kind of eye tells them apart."""

OTHER = Pair("#767676", "#8c8c8c")
"""For the values that are too many to have a colour of their own."""

STEPS = (
    Pair("#4e92bf", "#2571ac"),
    Pair("#417aad", "#5b89b3"),
    Pair("#34639a", "#81a3ba"),
    Pair("#264d88", "#a3bdc0"),
    Pair("#153776", "#c4d8c5"),
    Pair("#002365", "#e4f4cb"),
)
"""For numbers, from the lowest to the highest, which is farthest from the background."""
