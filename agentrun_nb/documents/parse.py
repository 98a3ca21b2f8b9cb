"""Parses a column of JSON texts into Python objects."""

from __future__ import annotations

from typing import Any

import pandas as pd

from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.documents.reading import ABSENT, Gap, read
from agentrun_nb.errors import SchemaError


def parse(column: pd.Series[Any]) -> pd.Series[Any]:
    """Parses a column of JSON texts into Python objects.

    Args:
        column: JSON texts, such as `runs["output_manifest"]`.

    Returns:
        An object column under the same index. Integers are exact, decimals the nearest double; of
        duplicate keys the last one counts. JSON null is None. An absent or broken document is NA;
        the column given still holds its text.

    Raises:
        SchemaError: `column` is not a Series, or has values and no text among them.

    Example:
        >>> manifests = arn.parse(runs["output_manifest"].dropna())
        >>> manifests.iloc[-1]["score"]
        0.9805
    """
    if not isinstance(column, pd.Series):
        hint = 'Give one of a frame, such as runs["output_manifest"].'
        raise SchemaError(f"{capital(kind_of(column))} is not a column of JSON texts.", hint=hint)
    known = column.dropna()
    if len(known) and not any(isinstance(value, str) for value in known):
        kind = kind_of(known.iloc[0])
        hint = "What has been parsed already can be used as it is."
        raise SchemaError(f"A column of JSON texts holds texts, and not {kind}.", hint=hint)
    values = [read(text) if isinstance(text, str) else ABSENT for text in column.astype("object")]
    result = pd.Series([None] * len(values), index=column.index, name=column.name, dtype="object")
    result[:] = [pd.NA if isinstance(value, Gap) else value for value in values]
    return result
