"""Paging: reads limits and cursors, and takes pages from sorted keys."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left
from collections.abc import Callable, Sequence

from .failures import invalid

Key = tuple[int, int]
"""Where a record stands in its listing: microseconds since the epoch, then the order of arrival."""


def read_limit(text: str | None, default: int = 50) -> int:
    """Reads a `limit`.

    Raises:
        RefusedError: it is not an integer from 1 to 200.
    """
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 200):
        raise invalid("limit must be an integer from 1 to 200", parameter="limit")
    return int(text)


def write_cursor(listing: str, key: Key) -> str:
    """Makes the opaque cursor that goes on after `key` in the named listing."""
    first, second = key
    text = f"{listing}:{first}:{second}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(listing: str, cursor: str | None) -> Key | None:
    """Reads a cursor of the named listing.

    Raises:
        RefusedError: it was not made by that listing.
    """
    if cursor is None:
        return None
    try:
        name, first, second = (
            urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().rsplit(":", 2)
        )
        key = int(first), int(second)
    except (ValueError, binascii.Error):
        name, key = "", (0, 0)
    if name != listing:
        raise invalid("the cursor does not belong to this listing", parameter="cursor")
    return key


def page(
    keys: Sequence[Key], limit: int, after: Key | None, matches: Callable[[Key], bool]
) -> tuple[list[Key], Key | None]:
    """Takes one page from ascending `keys`, newest first.

    Args:
        keys: the keys of all records.
        limit: the most keys that a page has.
        after: the last key of the page before; None for the first page.
        matches: whether a key belongs to the listing.

    Returns:
        The keys of the page, and the key to go on after, None at the end.
    """
    found: list[Key] = []
    end = len(keys) if after is None else bisect_left(keys, after)
    for position in range(end - 1, -1, -1):
        if matches(keys[position]):
            if len(found) == limit:
                return found, found[-1]
            found.append(keys[position])
    return found, None
