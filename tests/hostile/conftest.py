"""One Chromium, and a stage for each test, with and without a policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.chromium import chromium
from playwright.sync_api import Browser

from .stage import STRICT, Stage


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(params=[STRICT, None], ids=["strict policy", "no policy"])
def stage(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Stage]:
    opened = Stage(browser, request.param)
    yield opened
    opened.close()


@pytest.fixture
def open_stage(browser: Browser) -> Iterator[Stage]:
    """A stage without a policy: whatever could run or leave, would."""
    opened = Stage(browser)
    yield opened
    opened.close()
