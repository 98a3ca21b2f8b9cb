"""The tests of everything but the page: `python -m tests.oldest` runs them in `make oldest`.

Those of the page need front ends of today; `tests/hosts/test_colab.py` has one of ipywidgets 7.
Arguments go to pytest.
"""

from __future__ import annotations

import sys

import pytest

from tests.offline import ROOMS, TESTS

FURTHER = ("http", "fetch", "archive", "widget", "live", "local")

if __name__ == "__main__":
    rooms = [str(TESTS / room) for room in (*ROOMS, *FURTHER)]
    files = [str(TESTS / name) for name in ("test_client.py", "test_run.py", "test_dask.py")]
    sys.exit(pytest.main([*rooms, *files, *sys.argv[1:]]))
