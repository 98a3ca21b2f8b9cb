"""Which runs had the same input."""

from __future__ import annotations

from typing import Any

import pandas as pd

from agentrun_nb.documents.diff import parsed, written


def input_keys(runs: pd.DataFrame) -> pd.Series[Any]:
    """A text per run that is the same where inputs are equal as JSON; a run without an input shares it with no other.

    Args:
        runs: a RUNS table.
    """
    texts = runs["input"]
    keys = {text: written(parsed(text), too_deep=text) for text in texts.dropna().unique()}
    # No JSON begins like what stands for no input, so it is no other input's key.
    found = [keys.get(text, f"no input, row {row}") for row, text in enumerate(texts)]
    return pd.Series(found, runs.index, "str")
