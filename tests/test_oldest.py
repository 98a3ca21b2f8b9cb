"""The lower bounds of the dependencies are versions that are tried: `make oldest` installs exactly them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.addresses import PROJECT

OLDEST = (Path(__file__).parent / "oldest.txt").read_text("utf-8")
PINS = dict(re.findall(r"^([\w-]+)==(\S+)$", OLDEST, re.MULTILINE))
OF_USERS = ("local", "analysis", "excel", "dask")
"""The extras that a user installs; the others are for those who work on the package."""

REQUIREMENTS = [
    *PROJECT["dependencies"],
    *(line for extra in OF_USERS for line in PROJECT["optional-dependencies"][extra]),
]


def without_zeros(version: str) -> str:
    """A version without the zeros at its end, which say nothing: 3.12.0 is 3.12."""
    return re.sub(r"(\.0)+$", "", version)


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_each_lower_bound_is_the_version_that_is_tried(requirement: str) -> None:
    found = re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?>=([\d.]+)", requirement)
    assert found, f"{requirement} has no lower bound alone"
    assert without_zeros(PINS[found[1]]) == without_zeros(found[2])


def test_no_other_version_is_tried() -> None:
    names = {re.split(r"[\[>]", requirement)[0] for requirement in REQUIREMENTS}
    assert PINS.keys() - names == {"ipython"}
