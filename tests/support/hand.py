"""A person at a view: whatever is clicked, pressed or typed is counted; pointing and looking are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator


class Hand:
    """Does what a person does, and counts it.

    Attributes:
        count: how much was done since `at_most` began.
    """

    def __init__(self) -> None:
        self.count = 0

    def click(self, target: Locator) -> None:
        """Clicks once; the pointer comes there first, as that of a person does."""
        self.count += 1
        target.hover()
        target.click()

    def press(self, target: Locator, key: str) -> None:
        """Presses one key."""
        self.count += 1
        target.press(key)

    def type(self, target: Locator, text: str) -> None:
        """Types a text; to come to where it goes is an action of its own."""
        self.count += 1
        target.press_sequentially(text)

    @contextmanager
    def at_most(self, actions: int) -> Iterator[None]:
        """What is done inside takes at most so many actions, and at least one."""
        self.count = 0
        yield
        assert 0 < self.count <= actions, f"{self.count} actions, where {actions} must do"
