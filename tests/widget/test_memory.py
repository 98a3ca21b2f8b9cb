"""A view that is asked for long holds no more in the kernel than one that was asked for a while."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import agentrun_nb as arn
from agentrun_nb.local import generate
from agentrun_nb.widget import RunExplorer, explore
from tests.widget.test_protocol import conversation

RUNS = arn.runs_frame(b"[" + b",".join(generate(1_000, seed=1)) + b"]")
FILTERS = [{"status": "failed"}, {"text": "7"}, {"has_outputs": True}, None]
FEW, MORE_BYTES = 20, 200_000
"""Rounds until all has been made once, and what may be more after many others."""


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
    conversation(view)({"id": number, "op": "select", "rows": list(range(number % 7, 900))})


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
    gc.collect()
    tracemalloc.start()
    for number in range(FEW):
        act(view, number)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(rounds):
        act(view, number)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    view.close()
    print(f"\n{act.__name__}, {rounds:,} rounds: {after - before:,} bytes more")
    assert after - before <= MORE_BYTES
