"""Aligns two lists, as a diff of two texts aligns their lines.

The time grows with the length of the lists, not with its square.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

_STEPS_EACH = 5
_STEPS_FREE = 50_000
"""How many steps a search may take: so many for each element, and so many in any case."""

Items: TypeAlias = Sequence[Hashable]
"""The elements of a list, or anything that is equal where they are."""


@dataclass(frozen=True)
class Part:
    """A part of both lists.

    Attributes:
        start: where the part begins in the first list.
        stop: where it ends there, excluded.
        other_start: where the part begins in the second list.
        other_stop: where it ends there, excluded.
    """

    start: int
    stop: int
    other_start: int
    other_stop: int

    @property
    def size(self) -> int:
        """How many elements of the first list it has."""
        return self.stop - self.start

    @property
    def other_size(self) -> int:
        """How many elements of the second list it has."""
        return self.other_stop - self.other_start


class Block(NamedTuple):
    """Equal elements that follow each other in both lists.

    Attributes:
        start: where they begin in the first list.
        other_start: where they begin in the second list.
        size: how many they are.
    """

    start: int
    other_start: int
    size: int


def aligned(before: Items, after: Items) -> Iterator[tuple[int | None, int | None]]:
    """Pairs the positions of two lists so that few elements are added, removed or changed.

    Equal elements are paired with each other, and what lies between them in its order. First the
    equal elements at both ends are taken off. In the rest the fewest changes are searched for
    (Myers 1986). Where that takes too long, elements that stand once in each list and in the same
    order are paired (patience diff), and the rest by position.

    Args:
        before: the elements of the first list, or what is equal where they are.
        after: the elements of the second list.

    Yields:
        A position in each list, in the order of both; None where an element has no partner.

    Example:
        >>> list(aligned("abc", "axbc"))
        [(0, 0), (None, 1), (1, 2), (2, 3)]
    """
    position = other_position = 0
    end = Block(len(before), len(after), 0)
    for block in [*_blocks(before, after), end]:
        between = range(position, block.start)
        other_between = range(other_position, block.other_start)
        yield from zip_longest(between, other_between)
        position = block.start + block.size
        other_position = block.other_start + block.size
        equal = range(block.start, position)
        yield from zip(equal, range(block.other_start, other_position), strict=True)


def _blocks(before: Items, after: Items) -> list[Block]:
    """The equal elements of two lists, in their order."""
    found: list[Block] = []
    steps = _STEPS_FREE + _STEPS_EACH * (len(before) + len(after))
    waiting = [Part(0, len(before), 0, len(after))]
    while waiting:
        part, ends = _trimmed(before, after, waiting.pop())
        found += ends
        is_one_change = part.size == part.other_size == 1
        if not part.size or not part.other_size or is_one_change:
            continue
        blocks, taken = _fewest_changes(before, after, part, steps)
        steps -= taken
        if blocks is not None:
            found += blocks
            continue
        anchors = _anchors(before, after, part)
        found += anchors
        if anchors:
            waiting += _between(part, anchors)
    return sorted(block for block in found if block.size)


def _trimmed(before: Items, after: Items, part: Part) -> tuple[Part, list[Block]]:
    """Takes the equal elements off both ends; returns the rest and the two blocks."""
    start, stop = part.start, part.stop
    other_start, other_stop = part.other_start, part.other_stop
    while start < stop and other_start < other_stop and before[start] == after[other_start]:
        start, other_start = start + 1, other_start + 1
    while start < stop and other_start < other_stop and before[stop - 1] == after[other_stop - 1]:
        stop, other_stop = stop - 1, other_stop - 1
    first = Block(part.start, part.other_start, start - part.start)
    last = Block(stop, other_stop, part.stop - stop)
    return Part(start, stop, other_start, other_stop), [first, last]


def _fewest_changes(
    before: Items, after: Items, part: Part, most: int
) -> tuple[list[Block] | None, int]:
    """Searches the fewest additions and removals that make one part of the other.

    The search of Myers: on a grid of the two parts a step to the right removes an element, a step
    down adds one, and a diagonal step keeps an equal one. After a round with so many changes,
    `reach[x - y]` is the farthest place x to which they lead on that diagonal.

    Returns:
        The equal elements on the way, None where the search would take more steps than `most`; and
        how many steps it took.
    """
    width, height = part.size, part.other_size
    reach = {1: 0}
    rounds: list[dict[int, int]] = []
    steps = 0
    for changes in range(width + height + 1):
        rounds.append(dict(reach))
        # Remembering the rounds costs as much as searching in them.
        steps += 2 * len(reach)
        if steps > most:
            return None, steps
        for diagonal in range(-changes, changes + 1, 2):
            first = _start(reach, diagonal, changes)
            x = first + _equal_from(before, after, part, first, first - diagonal)
            steps += x - first
            reach[diagonal] = x
            if x >= width and x - diagonal >= height:
                return _way_back(part, rounds, x, diagonal), steps
    return None, steps


def _equal_from(before: Items, after: Items, part: Part, x: int, y: int) -> int:
    """How many elements are equal from a place in each part on."""
    start, other_start = part.start + x, part.other_start + y
    position, other_position = start, other_start
    stop, other_stop = part.stop, part.other_stop
    while (
        position < stop
        and other_position < other_stop
        and before[position] == after[other_position]
    ):
        position, other_position = position + 1, other_position + 1
    return position - start


def _comes_from_above(reach: dict[int, int], diagonal: int, changes: int) -> bool:
    """Whether a round reaches a diagonal by a step down, from the diagonal to its right."""
    if diagonal == -changes:
        return True
    return diagonal != changes and reach[diagonal - 1] < reach[diagonal + 1]


def _start(reach: dict[int, int], diagonal: int, changes: int) -> int:
    """Where a round begins on a diagonal, after its one change."""
    if _comes_from_above(reach, diagonal, changes):
        return reach[diagonal + 1]
    return reach[diagonal - 1] + 1


def _way_back(part: Part, rounds: list[dict[int, int]], x: int, diagonal: int) -> list[Block]:
    """The equal elements on the way to a place, found from its end through the rounds."""
    blocks = []
    for changes in range(len(rounds) - 1, -1, -1):
        reach = rounds[changes]
        first = _start(reach, diagonal, changes)
        block = Block(part.start + first, part.other_start + first - diagonal, x - first)
        blocks.append(block)
        diagonal += 1 if _comes_from_above(reach, diagonal, changes) else -1
        x = reach[diagonal] if changes else 0
    return blocks


def _anchors(before: Items, after: Items, part: Part) -> list[Block]:
    """The elements that stand once in each part, as many as stand in the same order."""
    left = before[part.start : part.stop]
    right = after[part.other_start : part.other_stop]
    counts, other_counts = Counter(left), Counter(right)
    position_of = {
        item: position
        for position, item in enumerate(right, part.other_start)
        if other_counts[item] == 1
    }
    pairs = [
        (position, position_of[item])
        for position, item in enumerate(left, part.start)
        if counts[item] == 1 and item in position_of
    ]
    return _blocks_of_pairs(_rising(pairs))


def _blocks_of_pairs(pairs: list[tuple[int, int]]) -> list[Block]:
    """Pairs of positions as blocks; pairs that follow each other in both lists are one block."""
    blocks: list[Block] = []
    for position, other_position in pairs:
        if blocks:
            last = blocks[-1]
            follows = (last.start + last.size, last.other_start + last.size)
            if (position, other_position) == follows:
                blocks[-1] = last._replace(size=last.size + 1)
                continue
        blocks.append(Block(position, other_position, 1))
    return blocks


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence of pairs whose second numbers rise.

    Found by patience sorting: each pair goes onto the first pile whose top is not smaller, and
    remembers the top of the pile to its left. The way back from the last pile is the answer.
    """
    tops: list[int] = []
    top_pair: list[int] = []
    earlier: list[int] = []
    for number, (_, after) in enumerate(pairs):
        pile = bisect_left(tops, after)
        earlier.append(top_pair[pile - 1] if pile else -1)
        # Replaces the top of a pile, or appends a new pile.
        tops[pile : pile + 1] = [after]
        top_pair[pile : pile + 1] = [number]
    found = []
    number = top_pair[-1] if top_pair else -1
    while number >= 0:
        found.append(pairs[number])
        number = earlier[number]
    return found[::-1]


def _between(part: Part, anchors: list[Block]) -> list[Part]:
    """What lies before, between and behind the anchors."""
    parts = []
    start, other_start = part.start, part.other_start
    for anchor in anchors:
        parts.append(Part(start, anchor.start, other_start, anchor.other_start))
        start = anchor.start + anchor.size
        other_start = anchor.other_start + anchor.size
    return [*parts, Part(start, part.stop, other_start, part.other_stop)]
