"""The colours of the statuses: read on every ground, and told apart by every kind of eye."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from agentrun_nb.core.schema import STATUSES
from agentrun_nb.drawing.status_style import LOOKS, NONE, STYLES, UNKNOWN
from tests.drawing.colours import (
    BACKGROUNDS,
    ENDED,
    EYES,
    GOING_ON,
    LEAST_CONTRAST,
    LEAST_ENDED,
    LEAST_GOING_ON,
    LEAST_OF_ALL,
    TYPICAL,
    contrasts,
    free_colors,
    lab,
    nearest,
)


def distances(statuses: list[str], ground: str, eye: str) -> dict[tuple[str, str], float]:
    """CIE76 between each two statuses."""
    colors = [getattr(LOOKS[name], ground) for name in statuses]
    seen = dict(zip(statuses, lab(colors, eye), strict=True))
    return {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(statuses, 2)}


def test_the_distances_are_those_of_cie76():
    """The control: black and white are 100 apart, and red and green look alike to some eyes."""
    white, black = lab(["#ffffff", "#000000"], TYPICAL)
    assert np.linalg.norm(white - black) == pytest.approx(100, abs=0.1)
    red, green = ["#b06040"], ["#7f7f40"]
    typical, deutan = (
        np.linalg.norm(lab(red, eye) - lab(green, eye)) for eye in (TYPICAL, "deuteranopia")
    )
    assert deutan < typical / 3


@pytest.mark.parametrize("ground", BACKGROUNDS)
@pytest.mark.parametrize("eye", EYES)
def test_outcomes_are_told_apart_by_every_kind_of_eye(ground, eye):
    assert {*ENDED} >= {"succeeded", "failed", "timed_out"}
    found = distances(ENDED, ground, eye)
    assert not {pair: far for pair, far in found.items() if far < LEAST_ENDED}


@pytest.mark.parametrize("ground", BACKGROUNDS)
@pytest.mark.parametrize("eye", EYES)
def test_what_goes_on_is_told_apart_by_every_kind_of_eye(ground, eye):
    assert {*GOING_ON} >= {"queued", "starting", "installing", "running"}
    found = distances(GOING_ON, ground, eye)
    assert not {pair: far for pair, far in found.items() if far < LEAST_GOING_ON}


@pytest.mark.parametrize("ground", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_all_statuses_are_told_apart_where_the_ground_is_known(ground, eye):
    found = distances([*STATUSES], ground, eye)
    assert not {pair: far for pair, far in found.items() if far < LEAST_OF_ALL}


@pytest.mark.parametrize("look", [*LOOKS.values(), UNKNOWN, NONE], ids=lambda look: look.label)
@pytest.mark.parametrize("ground", BACKGROUNDS)
def test_marks_have_a_contrast_of_three_to_one_on_every_ground(look, ground):
    for under in BACKGROUNDS[ground]:
        [contrast] = contrasts([getattr(look, ground)], under)
        assert contrast >= LEAST_CONTRAST


def test_shapes_and_colours_are_all_different():
    looks = [*LOOKS.values(), UNKNOWN, NONE]
    assert len({look.shape for look in looks}) == len(looks)
    for ground in BACKGROUNDS:
        assert len({getattr(look, ground) for look in LOOKS.values()}) == len(LOOKS)


@pytest.mark.parametrize("ground", BACKGROUNDS)
def test_a_free_colour_is_proposed_for_a_new_status(ground):
    """It is read on the ground, and every eye tells it from those of all statuses."""
    proposed = free_colors(ground, 1)
    taken = [getattr(style, ground) for style in STYLES.values()]
    assert nearest(proposed, taken)[0] >= LEAST_OF_ALL
    for under in BACKGROUNDS[ground]:
        assert contrasts(proposed, under)[0] >= LEAST_CONTRAST
