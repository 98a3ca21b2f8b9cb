"""A view that is asked for long holds no more in the kernel than one that was asked for a while."""

from __future__ import annotations

import gc
import resource
import weakref
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import agentrun_nb as arn
from agentrun_nb.local import generate
from agentrun_nb.widget import RunExplorer, explore
from tests.widget.test_protocol import conversation

RUNS = arn.runs_frame(b"[" + b",".join(generate(200, seed=1)) + b"]")
FILTERS = [{"status": "failed"}, {"text": "7"}, {"has_outputs": True}, None]
FEW, MORE_BYTES = 20, 24 * 2**20
MORE_OBJECTS = 2_000 if version("ipywidgets").startswith("7.") else 1_000
"""The layout of a closed widget stays with ipywidgets; one of version 7 has twice as many parts."""

"""Rounds until all has been made once, and what may be more after many others.

Of a view that was closed, ipywidgets keeps the layout, which is nine objects."""


def held() -> tuple[int, int]:
    """How many objects there are, and the bytes of memory that this process has.

    Weak references are not counted: pandas keeps those of frames that are gone for a while.
    """
    gc.collect()
    objects = sum(not isinstance(one, weakref.ref) for one in gc.get_objects())
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return objects, pages * resource.getpagesize()


def ask_for_shown(view: RunExplorer, number: int) -> None:
    conversation(view)({"id": number, "op": "shown", "filter": FILTERS[number % len(FILTERS)]})


def set_filter(view: RunExplorer, number: int) -> None:
    view.set_state({"filter": FILTERS[number % len(FILTERS)]})
    assert len(view.shown)


def choose_one(view: RunExplorer, number: int) -> None:
    run = RUNS.iloc[number % len(RUNS)]
    view.set_state({"selected": [[run["deployment_id"], run["id"]]]})
    conversation(view)({"id": number, "op": "run", "row": number % 10})


def choose_many(view: RunExplorer, number: int) -> None:
    conversation(view)({"id": number, "op": "select", "rows": list(range(number % 7, 150))})


def open_page(view: RunExplorer, number: int) -> None:
    ask = conversation(view)
    for op in ("module", "open", "later"):
        ask({"id": number, "op": op})


def open_and_close(_: RunExplorer, number: int) -> None:
    view = explore(RUNS)
    open_page(view, number)
    view.close()


@pytest.mark.parametrize(
    ("act", "rounds"),
    [
        (ask_for_shown, 200),
        (set_filter, 200),
        (choose_one, 1_000),
        (choose_many, 1_000),
        (open_page, 100),
        (open_and_close, 100),
    ],
)
def test_a_kernel_holds_no_more_after_many_rounds(
    act: Callable[[RunExplorer, int], Any], rounds: int
) -> None:
    view = explore(RUNS)
    for number in range(FEW):
        act(view, number)
    objects, memory = held()
    for number in range(rounds):
        act(view, number)
    more_objects, more_memory = np.subtract(held(), (objects, memory))
    view.close()
    print(
        f"\n{act.__name__}, {rounds:,} rounds: {more_objects:,} objects, {more_memory:,} bytes more"
    )
    assert more_objects <= MORE_OBJECTS
    assert more_memory <= MORE_BYTES
