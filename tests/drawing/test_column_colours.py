"""The colours of a column: read on every ground, and told apart by every kind of eye."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from agentrun_nb.drawing.column_colours import CATEGORIES, OTHER, STEPS
from tests.drawing.colours import BACKGROUNDS, EYES, LEAST_CONTRAST, contrasts, lab

GROUNDS = ("light", "dark")
LEAST_APART, LEAST_STEP = 15.0, 6.0
"""How far (CIE76) values, and neighbours on a scale, are from each other at least."""


def colours(ground: str, pairs: tuple[tuple[str, str], ...]) -> list[str]:
    return [pair[GROUNDS.index(ground)] for pair in pairs]


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("eye", [name for name in EYES if name != "tritanopia"])
def test_values_are_told_apart(ground: str, eye: str) -> None:
    seen = lab(colours(ground, (*CATEGORIES, OTHER)), eye)
    distances = [float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)]
    assert len(CATEGORIES) == 8
    assert min(distances) >= LEAST_APART


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("eye", EYES)
def test_steps_go_from_near_the_background_to_far_from_it(ground: str, eye: str) -> None:
    seen = lab(colours(ground, STEPS), eye)
    lightness = np.diff(seen[:, 0])
    assert ((lightness < 0) if ground == "light" else (lightness > 0)).all()
    assert min(np.linalg.norm(np.diff(seen, axis=0), axis=1)) >= LEAST_STEP


@pytest.mark.parametrize("ground", GROUNDS)
def test_each_is_read_on_its_backgrounds(ground: str) -> None:
    for background in BACKGROUNDS[ground]:
        found = contrasts(colours(ground, (*CATEGORIES, OTHER, *STEPS)), background)
        assert found.min() >= LEAST_CONTRAST - 0.25 * (background != BACKGROUNDS[ground][0])
