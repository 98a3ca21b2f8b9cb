"""Moments as places of a still picture."""

from __future__ import annotations

from typing import Any

import numpy as np


class Scale:
    """Moments to pixels, one or an array of them.

    Attributes:
        start: the first moment, in ms since the epoch.
        end: the last one.
        left: where the first one lies, in pixels.
        right: where the last one lies.
        unit: how many ms a pixel is.
    """

    def __init__(self, start: float, end: float, left: float, right: float) -> None:
        self.start, self.end = start, end
        self.left, self.right = left, right
        self.unit = (end - start) / (right - left)

    def __call__(self, at: Any) -> Any:
        """Places in pixels, to a tenth; a moment beyond an end lies at that end."""
        pixels = self.left + (at - self.start) / self.unit
        return np.round(np.clip(pixels, self.left, self.right), 1)
