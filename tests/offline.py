"""The tests of what needs no service: `python -m tests.offline` runs them.

They are those that run on any system, also where the local service does not, and those that a wheel
passes without the sources beside it. Arguments go to pytest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOMS = ("core", "records", "tables", "documents", "files", "drawing", "analysis", "figures")

if __name__ == "__main__":
    sys.exit(pytest.main([*(str(TESTS / room) for room in ROOMS), *sys.argv[1:]]))
