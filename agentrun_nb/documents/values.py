"""Follows paths into documents that have been parsed."""

from __future__ import annotations

from itertools import chain, islice
from typing import Any, TypeAlias

from agentrun_nb.documents.reading import ABSENT, BROKEN
from agentrun_nb.documents.shapes import Path

Found: TypeAlias = list[Any]
"""What was found at a path, in one entry for each document or list element.

An entry is a parsed value (None for JSON null), or a `Gap` that says why there is none.
"""


def values_at(trees: Found, steps: Path) -> Found:
    """Follows a path into each document."""
    found = _follow(trees, steps)
    # What lies inside a broken document is not known to be absent.
    return [BROKEN if tree is BROKEN else entry for tree, entry in zip(trees, found, strict=True)]


def _follow(found: Found, steps: Path) -> Found:
    """Follows a path into each entry; with `[*]` an entry becomes the list of what was found."""
    for place, step in enumerate(steps):
        if step is None:
            return _every(found, steps[place + 1 :])
        found = _at_index(found, step) if isinstance(step, int) else _at_key(found, step)
    return found


def _at_key(found: Found, key: str) -> Found:
    """The member of each entry that has this key."""
    result: Found = []
    for entry in found:
        is_object = type(entry) is dict
        result.append(entry.get(key, ABSENT) if is_object else ABSENT)
    return result


def _at_index(found: Found, index: int) -> Found:
    """The element of each entry at this index."""
    result: Found = []
    for entry in found:
        has_index = type(entry) is list and index < len(entry)
        result.append(entry[index] if has_index else ABSENT)
    return result


def _every(found: Found, steps: Path) -> Found:
    """Follows a path into every element of each entry.

    Returns:
        For each entry the list of what was found in its elements, absent ones left out. An entry
        that is no list, or has nothing in any of its elements, is absent; an empty list stays an
        empty list, so that a count of it is 0. With a further `[*]` among the steps the lists of
        the elements are joined to one.

    Example:
        >>> _every([[{"a": 1}, {}, {"a": 2}], []], ("a",))
        [[1, 2], []]
    """
    lists = [entry if type(entry) is list else ABSENT for entry in found]
    # The elements of all lists are followed at once, and given back to their lists afterwards.
    elements = [element for entry in lists if entry is not ABSENT for element in entry]
    inner = iter(_follow(elements, steps))
    result: Found = []
    for entry in lists:
        if entry is ABSENT:
            result.append(ABSENT)
            continue
        own = [value for value in islice(inner, len(entry)) if value is not ABSENT]
        result.append(own if own or not entry else ABSENT)
    return _flattened(result) if None in steps else result


def _flattened(found: Found) -> Found:
    """The entries, which are lists of lists, with each of them joined to one list."""
    result: Found = []
    for entry in found:
        result.append(ABSENT if entry is ABSENT else list(chain.from_iterable(entry)))
    return result
