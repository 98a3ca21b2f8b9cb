"""The still picture has the ticks of the page's live scale; node reads the same cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentrun_nb.drawing.axis import ticks

CASES = json.loads(Path(__file__).with_name("ticks.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['zone']} {case['start']}")
def test_the_still_picture_has_the_ticks_of_the_live_one(case):
    found = ticks(case["start"], case["end"], case["zone"], case["most"])
    assert [[tick.at, tick.label, tick.context] for tick in found] == case["ticks"]


def test_the_cases_hold_hours_that_come_twice():
    assert sum("UTC" in label for case in CASES for _, label, _ in case["ticks"]) > 10
