"""Gives a page the fields, statuses and limits when it opens: its sources hold no list of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from agentrun_nb.core.schema import RUNS, STATUS_ROWS, Column, Status
from agentrun_nb.drawing.column_colours import CATEGORIES, OTHER, STEPS
from agentrun_nb.drawing.layout import MOST_BANDS, MOST_MARKS, MOST_ROWS, MOST_SINGLE
from agentrun_nb.drawing.status_style import LOOKS, NONE, UNKNOWN, Look, stack
from agentrun_nb.widget.run_docs import OUTPUT_CELLS
from agentrun_nb.widget.traits import MOST_COLUMNS

HEAD_KEYS = ("fields", "outputs", "statuses", "unknown", "none", "stack", "limits", "shades")
SHADE_KEYS = ("categories", "other", "steps")
LIMITS = {
    "rows": MOST_ROWS,
    "bands": MOST_BANDS,
    "single": MOST_SINGLE,
    "marks": MOST_MARKS,
    "columns": MOST_COLUMNS,
}
"""How many runs a timeline shows in rows, groups in bands, runs one by one, and those one by one
that are too short to be seen as long as they are; how many columns from documents a table has."""

FIELD_KEYS = ("name", "kind", "meaning")
LOOK_KEYS = ("label", "light", "dark", "shape")
STATUS_KEYS = ("name", *LOOK_KEYS, "terminal", "succeeded", "failed", "waiting", "retained")


def page_head() -> dict[str, Any]:
    """The fields of runs and outputs, and the statuses in lifecycle order with their looks.

    `stack` has the looks from the ground of a stack of counts up, as places in the list of the
    statuses, the unknown one and the one of no status.
    """
    looks = [*LOOKS.values(), UNKNOWN, NONE]
    head: dict[str, Any] = {}
    head["fields"] = _fields(RUNS.wire)
    head["outputs"] = _fields(OUTPUT_CELLS)
    head["statuses"] = [_status(row) for row in STATUS_ROWS]
    head["unknown"] = _look(UNKNOWN)
    head["none"] = _look(NONE)
    head["stack"] = [looks.index(look) for look in stack()]
    head["limits"] = LIMITS
    head["shades"] = {
        "categories": [list(pair) for pair in CATEGORIES],
        "other": list(OTHER),
        "steps": [list(pair) for pair in STEPS],
    }
    return head


def _status(row: Status) -> dict[str, Any]:
    facts = {key: value for key, value in asdict(row).items() if key in STATUS_KEYS}
    return facts | _look(LOOKS[row.name])


def _fields(columns: Iterable[Column]) -> list[dict[str, str]]:
    return [{key: getattr(column, key) for key in FIELD_KEYS} for column in columns]


def _look(look: Look) -> dict[str, str]:
    return {key: getattr(look, key) for key in LOOK_KEYS}
