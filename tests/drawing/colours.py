"""What every kind of eye makes of colours, and which of them are free for a new status.

`python -m tests.drawing.colours` proposes some for each background: they are read there, and every
eye tells them from those of all statuses.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES, STATUSES, SUCCESSES, TERMINAL
from agentrun_nb.drawing.status_style import STYLES

Floats = NDArray[np.float64]

BACKGROUNDS = {
    "light": ("#ffffff", "#f5f5f5"),
    "dark": ("#111111", "#1e1e1e", "#212121"),
    "either": ("#ffffff", "#111111", "#1e1e1e"),
}
"""Where each set of colours stands: white paper, the dark grounds of JupyterLab and of plotly, or any of them."""

TYPICAL = "typical"
EYES = {
    TYPICAL: np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "protanopia by Viénot": [
        [0.11238, 0.88762, 0],
        [0.11238, 0.88762, 0],
        [0.00401, -0.00401, 1],
    ],
    "deuteranopia by Viénot": [
        [0.29275, 0.70725, 0],
        [0.29275, 0.70725, 0],
        [-0.02234, 0.02234, 1],
    ],
}
"""Linear light as an eye sees it: Machado et al. 2009 at full severity, and Viénot et al. 1999."""

ENDED = [status for status in STATUSES if status in {*SUCCESSES, *FAILURES}]
GOING_ON = [status for status in STATUSES if status not in TERMINAL]

LEAST_CONTRAST = 3.0
LEAST_ENDED, LEAST_GOING_ON, LEAST_OF_ALL = 20.0, 15.0, 12.0
"""How far (CIE76) the colours of outcomes, of what goes on, and of all statuses are from each other at least."""

XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colors: Iterable[str]) -> Floats:
    """The linear light of colours such as `#aabbcc`, a row each."""
    parts = np.array([[int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)] for color in colors])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrasts(colors: Iterable[str], background: str) -> Floats:
    """The contrast of WCAG 2 of each colour, 1 to 21."""
    own = linear(colors) @ XYZ[1]
    under = linear([background]) @ XYZ[1]
    low, high = np.minimum(own, under), np.maximum(own, under)
    return (high + 0.05) / (low + 0.05)


def lab(colors: Iterable[str], eye: str) -> Floats:
    """CIE Lab of colours as an eye sees them, a row each."""
    seen = np.clip(linear(colors) @ np.array(EYES[eye]).T, 0, 1)
    parts = seen @ XYZ.T / WHITE
    x, y, z = np.where(parts > 0.008856, np.cbrt(parts), 7.787 * parts + 16 / 116).T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(colors: list[str], others: list[str]) -> Floats:
    """How far (CIE76) each colour is from the nearest of others, for the eye that sees least."""
    distances = [
        np.linalg.norm(lab(colors, eye)[:, None] - lab(others, eye), axis=2).min(axis=1)
        for eye in EYES
    ]
    return np.min(distances, axis=0)


def free_colors(background: str, count: int) -> list[str]:
    """Colours that are read on a background and far from those of all statuses, the farthest first.

    Args:
        background: `light`, `dark` or `either`.
        count: how many; they are as far from each other, so that there is a choice.
    """
    levels = range(16, 241, 16)
    colors = [f"#{red:02x}{green:02x}{blue:02x}" for red in levels for green in levels for blue in levels]  # fmt: skip
    for under in BACKGROUNDS[background]:
        is_read = contrasts(colors, under) >= LEAST_CONTRAST
        colors = [color for color, read in zip(colors, is_read, strict=True) if read]
    taken = [getattr(style, background) for style in STYLES.values()]
    chosen: list[str] = []
    for _ in range(count):
        far = nearest(colors, taken + chosen)
        chosen.append(colors[int(far.argmax())])
    return chosen


def main() -> None:
    """Prints free colours, with their distances from those of the statuses."""
    for background in BACKGROUNDS:
        colors = free_colors(background, 5)
        print(f"{background}: colour, and how far from what goes on, from outcomes, from all")
        groups = [[*GOING_ON], [*ENDED], [*STATUSES]]
        columns = []
        for group in groups:
            others = [getattr(STYLES[name], background) for name in group if name in STYLES]
            columns.append(nearest(colors, others))
        for color, *far in zip(colors, *columns, strict=True):
            print(f"  {color}", *(f"{distance:5.1f}" for distance in far))
    print(f"at least: {LEAST_GOING_ON}, {LEAST_ENDED}, {LEAST_OF_ALL} (all: light and dark alone)")


if __name__ == "__main__":
    main()
