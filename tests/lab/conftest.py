"""One JupyterLab and one Chromium for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from playwright.sync_api import Browser

from tests.support.chromium import absent, chromium
from tests.support.jupyter_host import Host


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if find_spec("jupyterlab") is None:
        absent("the tests in JupyterLab need JupyterLab (pip install 'agentrun-nb[demo]')")
    with Host(tmp_path_factory.mktemp("lab")) as host:
        yield host
