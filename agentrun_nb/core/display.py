"""Shows runs in a notebook, by a function that is set from above.

A run must not import the views, which stand above it and load half of Jupyter. So it calls `show`,
and the package's `__init__` sets on import what that does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_show: Callable[[Any], None] = print


def show_by(show: Callable[[Any], None]) -> None:
    """Sets the function that shows a run."""
    global _show
    _show = show


def show(run: Any) -> None:
    """Shows a run in the notebook, or prints it where no function was set."""
    _show(run)
