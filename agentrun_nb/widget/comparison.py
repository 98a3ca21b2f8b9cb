"""Compares two runs for the page: their differences, and the outputs that belong together."""

from __future__ import annotations

from typing import Any

import pandas as pd

from agentrun_nb.core.text import clip
from agentrun_nb.documents.diff import diff
from agentrun_nb.widget.run_docs import run_docs

_MOST = 2_000
_LONGEST = 2_000
_OUTPUT = r"^output_manifest\.outputs\[(\d+)\]"


def comparison(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    """Where two runs differ, and which of their outputs belong together.

    Args:
        a: a RUNS table with the run before.
        b: the same with the run after.

    Returns:
        How many differences there are, the first of them, and the pairs of outputs in the order of
        `diff`.
    """
    rows = diff(a, b, equal=True)
    differences = rows[rows["change"] != "equal"]
    shown = differences.head(_MOST).astype("object")
    left, right = (run_docs(run)[0]["outputs"] for run in (a, b))
    outputs = []
    for i, j in _pairs(rows):
        outputs.append({"a": left[int(i)] if i else None, "b": right[int(j)] if j else None})
    return {
        "count": len(differences),
        "differences": [_cells(row) for row in shown.to_dict("records")],
        "outputs": outputs,
    }


def _cells(row: dict[Any, Any]) -> dict[Any, str | None]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> str | None:
    return clip(value, _LONGEST) if isinstance(value, str) else None


def _pairs(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Gives the positions of outputs that belong together, as digits.

    The position is "" where an output has no partner. An output has a partner if any value stands
    in both runs: a key that only one of the two has says nothing.
    """
    paths = (rows["path_a"], rows["path_b"])
    places = (path.str.extract(_OUTPUT, expand=False).fillna("") for path in paths)
    pairs = list(dict.fromkeys(zip(*places, strict=True)))
    paired_a = {i for i, j in pairs if i and j}
    paired_b = {j for i, j in pairs if i and j}
    alone = {("", j) for j in paired_b} | {(i, "") for i in paired_a} | {("", "")}
    return [pair for pair in pairs if pair not in alone]
