"""What every test may use: hypothesis profiles and public test data where it is at hand. In CI a skip is a failure."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "small", max_examples=25, deadline=None, database=None, suppress_health_check=SLOW
)
settings.register_profile("torture", max_examples=1_000, deadline=None, suppress_health_check=SLOW)
NO_CORPUS = "AGENTRUN_NB_CORPORA"

settings.load_profile(os.environ.get("AGENTRUN_NB_PROFILE", "small"))


def pytest_configure(config: pytest.Config) -> None:
    """Takes interrupts again, and lets pass what ipywidgets 7 does to every widget beside a newer traitlets."""
    # What a shell starts in the background ignores interrupts, and so do the processes of the tests.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if version("ipywidgets").startswith("7."):
        for said in ("Deprecated in traitlets 4.1", "The `ipykernel.comm.Comm` class"):
            config.addinivalue_line("filterwarnings", f"ignore:{said}:DeprecationWarning")


@pytest.fixture
def corpus() -> Callable[[str], Path]:
    """Finds a folder of public test data, or skips and says which one is absent."""

    def find(name: str) -> Path:
        root = os.environ.get("AGENTRUN_NB_CORPORA")
        if not root or not (folder := Path(root, name)).is_dir():
            pytest.skip(f"{NO_CORPUS} has no {name}")
        return folder

    return find


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out, rather than skips, what cannot run on Windows: in CI a skip is a failure."""
    if os.name == "nt":
        left_out = [item for item in items if item.get_closest_marker("posix")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Fails what would be skipped where everything must be at hand; only the public test data may be absent."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if NO_CORPUS not in reason:
            report.outcome, report.longrepr = "failed", f"skipped, and in CI nothing is: {reason}"
    return report
