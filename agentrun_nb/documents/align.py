"""Which elements of two lists belong together, in time that grows with their length and not with its square."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

_STEPS_EACH, _STEPS_FREE = 5, 50_000
"""How many steps a search may take: so many for each element, and so many in any case."""


@dataclass(frozen=True)
class Part:
    """A part of two lists: from `i` to `j` of the one, from `k` to `m` of the other, ends excluded."""

    i: int
    j: int
    k: int
    m: int


@dataclass(frozen=True)
class Block:
    """So many equal elements: from `i` of the one list and from `k` of the other."""

    i: int
    k: int
    size: int


def aligned(
    before: Sequence[Hashable], after: Sequence[Hashable]
) -> Iterator[tuple[int | None, int | None]]:
    """Pairs the places of two lists, so that few elements are added, removed or changed.

    Elements between equal ones are paired in their order. First what is equal at both ends is taken
    off. In what is left the fewest changes are looked for (Myers 1986); where there are too many of
    them for the time, elements that stand once in each list and in the same order hold the lists
    together (patience diff), else the place does.

    Args:
        before: what stands for the elements of the one list, equal where they are.
        after: the same of the other.

    Yields:
        A place in each list, in the order of both; None where the element belongs to none.

    Example:
        >>> list(aligned("abc", "axbc"))
        [(0, 0), (None, 1), (1, 2), (2, 3)]
    """
    i = k = 0
    for block in [*_blocks(before, after), Block(len(before), len(after), 0)]:
        yield from zip_longest(range(i, block.i), range(k, block.k))
        i, k = block.i + block.size, block.k + block.size
        yield from zip(range(block.i, i), range(block.k, k), strict=True)


def _blocks(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Block]:
    found: list[Block] = []
    steps = _STEPS_FREE + _STEPS_EACH * (len(before) + len(after))
    waiting = [Part(0, len(before), 0, len(after))]
    while waiting:
        part, ends = _trimmed(before, after, waiting.pop())
        found += ends
        if part.i == part.j or part.k == part.m or (part.j - part.i == part.m - part.k == 1):
            continue
        path, taken = _fewest_changes(before, after, part, steps)
        steps -= taken
        if path is None:
            anchors = _anchors(before, after, part)
            found += anchors
            waiting += _between(part, anchors) if anchors else []
        else:
            found += path
    return sorted((block for block in found if block.size), key=lambda block: block.i)


def _trimmed(
    before: Sequence[Hashable], after: Sequence[Hashable], part: Part
) -> tuple[Part, list[Block]]:
    """The part without what is equal at its ends, and these two blocks."""
    i, j, k, m = part.i, part.j, part.k, part.m
    while i < j and k < m and before[i] == after[k]:
        i, k = i + 1, k + 1
    while i < j and k < m and before[j - 1] == after[m - 1]:
        j, m = j - 1, m - 1
    return Part(i, j, k, m), [Block(part.i, part.k, i - part.i), Block(j, m, part.j - j)]


def _fewest_changes(
    before: Sequence[Hashable], after: Sequence[Hashable], part: Part, most: int
) -> tuple[list[Block] | None, int]:
    """The equal elements on a shortest way of additions and removals, and how many steps it took to find it.

    A search in rounds: after round d, `reach[x - y]` is the farthest place x that d changes lead to
    on that diagonal. None where it would take more steps than `most`.
    """
    width, height = part.j - part.i, part.m - part.k
    reach, rounds, steps = {1: 0}, [], 0
    for changes in range(width + height + 1):
        rounds.append(dict(reach))
        # Remembering the rounds costs as much as searching in them.
        steps += 2 * len(reach)
        if steps > most:
            return None, steps
        for diagonal in range(-changes, changes + 1, 2):
            x = _start(reach, diagonal, changes)
            first = x
            while (
                x < width
                and x - diagonal < height
                and before[part.i + x] == after[part.k + x - diagonal]
            ):
                x += 1
            steps += x - first
            reach[diagonal] = x
            if x >= width and x - diagonal >= height:
                return _way_back(part, rounds, x, diagonal), steps
    return None, steps


def _start(reach: dict[int, int], diagonal: int, changes: int) -> int:
    """Where a round begins on a diagonal.

    Below the one to the right, or to the right of the one to the left.
    """
    if diagonal == -changes or (diagonal != changes and reach[diagonal - 1] < reach[diagonal + 1]):
        return reach[diagonal + 1]
    return reach[diagonal - 1] + 1


def _way_back(part: Part, rounds: list[dict[int, int]], x: int, diagonal: int) -> list[Block]:
    blocks = []
    for changes in range(len(rounds) - 1, -1, -1):
        reach = rounds[changes]
        first = _start(reach, diagonal, changes)
        blocks.append(Block(part.i + first, part.k + first - diagonal, x - first))
        below = diagonal == -changes or (
            diagonal != changes and reach[diagonal - 1] < reach[diagonal + 1]
        )
        diagonal += 1 if below else -1
        x = reach[diagonal] if changes else 0
    return blocks


def _anchors(before: Sequence[Hashable], after: Sequence[Hashable], part: Part) -> list[Block]:
    """What stands once on each side, as much as stands in the same order."""
    left, right = before[part.i : part.j], after[part.k : part.m]
    once, counts = Counter(left), Counter(right)
    places = {item: part.k + place for place, item in enumerate(right) if counts[item] == 1}
    pairs = [
        (part.i + place, places[item])
        for place, item in enumerate(left)
        if once[item] == 1 and item in places
    ]
    return _runs(_rising(pairs))


def _runs(pairs: list[tuple[int, int]]) -> list[Block]:
    """Pairs of places as blocks, neighbours in both lists together."""
    blocks = []
    first = last = (-1, -1)
    for pair in pairs:
        if pair != (last[0] + 1, last[1] + 1):
            blocks.append(Block(*first, last[0] - first[0] + 1))
            first = pair
        last = pair
    return [*blocks[1:], Block(*first, last[0] - first[0] + 1)] if pairs else []


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest of the subsequences whose second numbers rise, by piles as in the game of patience."""
    tops: list[int] = []
    top_pair: list[int] = []
    earlier: list[int] = []
    for number, (_, after) in enumerate(pairs):
        pile = bisect_left(tops, after)
        earlier.append(top_pair[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [after]
        top_pair[pile : pile + 1] = [number]
    found, number = [], top_pair[-1] if top_pair else -1
    while number >= 0:
        found.append(pairs[number])
        number = earlier[number]
    return found[::-1]


def _between(part: Part, anchors: list[Block]) -> list[Part]:
    """What lies before, between and behind the anchors."""
    parts, i, k = [], part.i, part.k
    for anchor in anchors:
        parts.append(Part(i, anchor.i, k, anchor.k))
        i, k = anchor.i + anchor.size, anchor.k + anchor.size
    return [*parts, Part(i, part.j, k, part.m)]
