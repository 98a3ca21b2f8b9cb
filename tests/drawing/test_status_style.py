"""The colours of the statuses: read on every ground, and told apart by every kind of eye."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES, STATUSES, SUCCESSES, TERMINAL
from agentrun_nb.drawing.status_style import LOOKS, NONE, UNKNOWN

GROUNDS = {
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

XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.95047, 1.0, 1.08883])

ENDED = [status for status in STATUSES if status in {*SUCCESSES, *FAILURES}]
GOING_ON = [status for status in STATUSES if status not in TERMINAL]


def linear(color: str) -> NDArray[np.float64]:
    """The linear light of `#rrggbb`."""
    parts = np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """The contrast of WCAG 2, 1 to 21."""
    low, high = sorted(float(linear(color) @ XYZ[1]) for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(color: str, eye: str) -> NDArray[np.float64]:
    """CIE Lab of a color as an eye sees it."""
    seen = np.clip(np.array(EYES[eye]) @ linear(color), 0, 1)
    x, y, z = (
        np.cbrt(part) if part > 0.008856 else 7.787 * part + 16 / 116 for part in XYZ @ seen / WHITE
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distances(statuses: list[str], ground: str, eye: str) -> dict[tuple[str, str], float]:
    """CIE76 between each two statuses."""
    seen = {name: lab(getattr(LOOKS[name], ground), eye) for name in statuses}
    return {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(statuses, 2)}


def test_the_distances_are_those_of_cie76():
    """The control: black and white are 100 apart, and red and green look alike to some eyes."""
    assert np.linalg.norm(lab("#ffffff", TYPICAL) - lab("#000000", TYPICAL)) == pytest.approx(
        100, abs=0.1
    )
    red, green = "#b06040", "#7f7f40"
    typical, deutan = (
        np.linalg.norm(lab(red, eye) - lab(green, eye)) for eye in (TYPICAL, "deuteranopia")
    )
    assert deutan < typical / 3


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("eye", EYES)
def test_outcomes_are_told_apart_by_every_kind_of_eye(ground, eye):
    assert {*ENDED} >= {"succeeded", "failed", "timed_out"}
    found = distances(ENDED, ground, eye)
    assert not {pair: far for pair, far in found.items() if far < 20}


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("eye", EYES)
def test_what_goes_on_is_told_apart_by_every_kind_of_eye(ground, eye):
    assert {*GOING_ON} >= {"queued", "starting", "installing", "running"}
    found = distances(GOING_ON, ground, eye)
    assert not {pair: far for pair, far in found.items() if far < 15}


@pytest.mark.parametrize("ground", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_all_statuses_are_told_apart_where_the_ground_is_known(ground, eye):
    found = distances([*STATUSES], ground, eye)
    assert not {pair: far for pair, far in found.items() if far < 12}


@pytest.mark.parametrize("look", [*LOOKS.values(), UNKNOWN, NONE], ids=lambda look: look.label)
@pytest.mark.parametrize("ground", GROUNDS)
def test_marks_have_a_contrast_of_three_to_one_on_every_ground(look, ground):
    for under in GROUNDS[ground]:
        assert contrast(getattr(look, ground), under) >= 3


def test_shapes_and_colours_are_all_different():
    looks = [*LOOKS.values(), UNKNOWN, NONE]
    assert len({look.shape for look in looks}) == len(looks)
    for ground in GROUNDS:
        assert len({getattr(look, ground) for look in LOOKS.values()}) == len(LOOKS)
