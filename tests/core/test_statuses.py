"""A status is a row of the schema: a new one is that row and its colour, and turns nothing else wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import agentrun_nb
from agentrun_nb.core.schema import (
    FAILURES,
    RUNS,
    STATUS_ROWS,
    STATUS_WORDS,
    STATUSES,
    SUCCESSES,
    TERMINAL,
    WAITING,
)
from agentrun_nb.drawing.status_style import LOOKS, NONE, STYLES, UNKNOWN, look_of, stack
from tests.support.changed_package import NEW_STATUS, changed_package, printed_by

PROGRAM = """
import json, re
import agentrun_nb as arn
from agentrun_nb.drawing.status_style import look_of, stack
from agentrun_nb.fetch.query import read_statuses
from tests.support.samples import moment, record


def cells(frame):
    return frame.astype("object").where(frame.notna(), None).astype("str").to_dict("records")


def seen_in(records):
    runs = arn.runs_frame(json.dumps(records).encode())
    explorer = arn.explore(runs)
    figures = [arn.figures.timeline(runs, by=by) for by in ("none", "status", "version_id")]
    counts = arn.concurrency(runs)
    return {
        "notes": runs["parse_notes"].dropna().tolist(),
        "categories": runs["status"].cat.categories.tolist(),
        "summary": cells(arn.summarize(runs)),
        "concurrency": cells(counts),
        "left_out": counts.attrs["agentrun_nb_left_out"],
        "failures": cells(arn.failures(runs)),
        "twin": explorer._twin()["text/html"].replace(explorer.uid, ""),
        "line": explorer._line(),
        # The rank in the legend is the place in the list of statuses, which is longer by one.
        "figures": [re.sub('"legendrank":[0-9]+', "", figure.to_json()) for figure in figures],
    }


names = "queued starting installing running succeeded failed cancelled timed_out".split()
waiting, ended = names[:3], names[4:]
known = [
    record(
        number,
        name,
        started_at=None if name in waiting else moment(number * 60 + 5),
        completed_at=moment(number * 60 + 95) if name in ended else None,
    )
    for number, name in enumerate(names * 5)
]
suspended = [record(number, "suspended", completed_at=None) for number in range(100, 103)]
suspended.append(record(103, "suspended", started_at=None, completed_at=None))
print(json.dumps({
    "known": seen_in(known),
    "suspended": seen_in(known + suspended),
    "stack": [look.label for look in stack()],
    "label": look_of("suspended").label,
    "requested": read_statuses("suspended"),
    "summary of one": str(arn.Run.of_row(arn.runs_frame(json.dumps(suspended[:1]).encode()).iloc[0])),
}))
"""


def test_a_status_is_a_row_and_all_else_is_read_from_the_rows():
    assert len({row.name for row in STATUS_ROWS}) == len(STATUS_ROWS)
    assert [row.name for row in STATUS_ROWS] == list(STATUSES) == list(RUNS["status"].known)
    for row in STATUS_ROWS:
        assert (row.name in TERMINAL) == row.terminal
        assert (row.name in FAILURES) == row.failed
        assert (row.name in SUCCESSES) == row.succeeded
        assert (row.name in WAITING) == row.waiting
        assert STATUS_WORDS[row.name] == row.words == look_of(row.name).label
        assert row.terminal or not (row.succeeded or row.failed)
        assert not (row.waiting and row.terminal)


def test_each_status_has_a_style_and_no_style_is_of_no_status():
    assert [*STYLES] == [*STATUSES] == [*LOOKS]


def test_what_succeeded_lies_on_the_ground_of_a_stack_and_the_worst_on_top():
    contract = [
        "succeeded",
        "running",
        "installing",
        "starting",
        "queued",
        NONE.label,
        UNKNOWN.label,
        "cancelled",
        "timed out",
        "failed",
    ]
    assert [look.label for look in stack() if look.label in contract] == contract


@pytest.fixture(scope="module")
def with_suspended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a package says whose schema has a status more."""
    home = changed_package(tmp_path_factory.mktemp("suspended"), NEW_STATUS)
    return printed_by(PROGRAM, home)


def test_a_new_status_changes_nothing_where_it_does_not_occur(with_suspended):
    plain = printed_by(PROGRAM, Path(agentrun_nb.__file__).parents[1])["known"]
    changed = with_suspended["known"]
    place = STATUSES.index("running") + 1
    assert changed["categories"] == [*STATUSES[:place], "suspended", *STATUSES[place:]]
    for part in plain.keys() - {"categories"}:
        assert changed[part] == plain[part], part


def test_a_new_status_is_read_counted_and_shown_under_its_own_name(with_suspended):
    known, suspended = with_suspended["known"], with_suspended["suspended"]
    assert suspended["notes"] == []
    assert with_suspended["label"] == "suspended"
    assert with_suspended["requested"] == ["suspended"]
    assert "unknown" not in with_suspended["summary of one"]
    before, after = known["summary"][0], suspended["summary"][0]
    assert int(after["not_ended"]) == int(before["not_ended"]) + 4
    for column in ("succeeded", "failed", "cancelled", "timed_out", "unknown_status"):
        assert after[column] == before[column]
    assert "4 suspended" in suspended["line"]
    assert "unknown" not in suspended["line"] + suspended["twin"]
    assert "suspended" in suspended["twin"]
    assert all('"suspended' in figure for figure in suspended["figures"][:2])
    assert not any("unknown status" in figure for figure in suspended["figures"])


def test_a_new_status_neither_waits_nor_has_ended_unless_its_row_says_so(with_suspended):
    """Three were started and go on; of the one without a start it is not known whether it waited."""
    before, after = (with_suspended[part]["concurrency"][-1] for part in ("known", "suspended"))
    assert int(after["running"]) == int(before["running"]) + 3
    assert int(after["waiting"]) == int(before["waiting"])
    assert int(after["undivided"]) == int(before["undivided"]) + 1
    assert with_suspended["suspended"]["left_out"] == with_suspended["known"]["left_out"]


def test_a_new_status_is_stacked_with_what_goes_on(with_suspended):
    labels = [look.label for look in stack()]
    place = labels.index("running")
    assert with_suspended["stack"] == [*labels[:place], "suspended", *labels[place:]]
