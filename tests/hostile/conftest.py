"""One Chromium, and a stage for each test, on which a policy tells of what it would stop, or on which there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.chromium import chromium

from .stage import STRICT, Stage


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def stage(browser: Browser) -> Iterator[Stage]:
    """A stage on which all may happen that a strict policy forbids, and the policy tells of it."""
    opened = Stage(browser, reported=STRICT)
    yield opened
    opened.close()


@pytest.fixture
def open_stage(browser: Browser) -> Iterator[Stage]:
    """A stage without a policy: whatever could run or leave, would."""
    opened = Stage(browser)
    yield opened
    opened.close()
