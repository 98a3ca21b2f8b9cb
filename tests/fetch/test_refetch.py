"""Which rows are fetched again, which of them are newer, and that all are back in place. Nothing is sent."""

from __future__ import annotations

import numpy as np
import pytest

import agentrun_nb as arn
from agentrun_nb.core.schema import STATUSES, TERMINAL
from agentrun_nb.fetch.refetch import newer_rows, renew_rows, rows_to_fetch
from tests.support.samples import record

OLD, NEW = "2026-11-24T05:00:00Z", "2026-11-24T06:00:00Z"
FAILED = "connection: The connection was closed."


def table(*rows):
    """A RUNS table of (updated_at, fetch_error) or of a status alone."""
    records = []
    for number, row in enumerate(rows):
        status, updated, error = (row, OLD, None) if isinstance(row, str) else ("running", *row)
        records.append(record(number, status, updated_at=updated) | {"fetch_error": error})
    frame = arn.runs_frame(records)
    return frame.assign(fetch_error=[record["fetch_error"] for record in records])


def test_what_has_not_ended_is_fetched_again():
    expected = [status not in TERMINAL for status in STATUSES] + [True]
    assert rows_to_fetch(table(*STATUSES, "a status of its own")).tolist() == expected


def test_what_was_not_fetched_is_fetched_again():
    frame = table("succeeded", "failed").assign(fetch_error=[FAILED, None])
    assert rows_to_fetch(frame).tolist() == [True, False]


@pytest.mark.parametrize(
    ("before", "fresh", "newer"),
    [
        ((OLD, None), (NEW, None), True),
        ((OLD, None), (OLD, None), True),
        ((NEW, None), (OLD, None), False),
        ((OLD, None), (NEW, FAILED), False),
        ((None, None), (OLD, None), True),
        ((OLD, None), (None, None), True),
        ((OLD, FAILED), (NEW, None), True),
        ((OLD, FAILED), (NEW, FAILED), True),
        ((NEW, FAILED), (OLD, None), True),
    ],
)
def test_an_older_answer_or_none_changes_nothing(before, fresh, newer):
    assert newer_rows(table(before), table(fresh)).tolist() == [newer]


@pytest.mark.parametrize("outdated", [[], [0], [3], [1, 2], [0, 3], [0, 1, 2, 3]])
def test_each_row_is_back_where_it_was(outdated):
    runs = table(*["running"] * 4).assign(mine=[*"abcd"]).set_axis([9, 7, 7, 1])
    runs.attrs = {"mine": 1}
    mask = np.isin(np.arange(4), outdated)
    fresh = table(*["succeeded"] * 4)[mask].reset_index(drop=True)
    renewed = renew_rows(runs, mask, fresh)
    assert renewed["id"].tolist() == runs["id"].tolist()
    assert renewed["status"].tolist() == ["succeeded" if row else "running" for row in mask]
    assert renewed.index.tolist() == [9, 7, 7, 1]
    assert renewed["mine"].tolist() == [*"abcd"]
    assert renewed.attrs == {"mine": 1}
