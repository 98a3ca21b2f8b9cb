"""How a run shows itself in a notebook.

A run must not know the views, which stand above it and load half of Jupyter. So it asks here, and
the package's `__init__` says once, on import, who answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_show: Callable[[Any], None] = print


def show_by(show: Callable[[Any], None]) -> None:
    """Sets what shows a run."""
    global _show
    _show = show


def show(run: Any) -> None:
    """Shows a run in the notebook, or prints it where nothing was set."""
    _show(run)
