"""What every test may use: hypothesis profiles, and the public test data where it is at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile("small", max_examples=40, deadline=None, database=None, suppress_health_check=SLOW)
settings.register_profile("torture", max_examples=5_000, deadline=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "small"))


@pytest.fixture
def corpus() -> Callable[[str], Path]:
    """Finds a folder of public test data, or skips and says which one is absent."""

    def find(name: str) -> Path:
        root = os.environ.get("AGENTRUN_NB_CORPORA")
        if not root or not (folder := Path(root, name)).is_dir():
            pytest.skip(f"AGENTRUN_NB_CORPORA has no {name}")
        return folder

    return find
