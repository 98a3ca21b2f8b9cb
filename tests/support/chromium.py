"""The browser of the tests: the installed Chromium, which can reach nothing but the loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


def absent(what: str) -> None:
    """Skips, which is a failure where everything must be there."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(what)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; only one at a time, since Playwright runs once in a thread."""
    path = shutil.which("chromium")
    if path is None:
        absent(
            "the tests in a browser need Chromium on the path (Debian: apt-get install chromium)"
        )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()
