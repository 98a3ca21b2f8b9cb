"""What ipywidgets itself holds, by the version that is installed."""

from __future__ import annotations

from typing import Any

from ipywidgets.widgets import widget


def all_widgets() -> dict[str, Any]:
    """The widgets that are not closed, by their model's id, as ipywidgets holds them."""
    is_version_8 = hasattr(widget, "_instances")
    found: dict[str, Any] = widget._instances if is_version_8 else widget.Widget.widgets
    return found
