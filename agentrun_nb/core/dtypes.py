"""The pandas dtypes of columns, of which that of text has another name in each pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.core.schema import DTYPES, Kind


def _text() -> pd.api.extensions.ExtensionDtype:
    """Text in Arrow arrays, with NaN for what is missing: `str` of pandas 3."""
    try:
        return pd.StringDtype(storage="pyarrow", na_value=np.nan)
    except TypeError:
        # pandas 2.2 has the same dtype under the name of its storage.
        return pd.StringDtype(storage="pyarrow_numpy")


TEXT = _text()
"""The dtype of text columns.

`astype("str")` is no other way to say it: before pandas 3 that writes 'nan' for what is missing.
"""

COLUMN_DTYPES: dict[Kind, Any] = {
    kind: TEXT if name == "str" else name for kind, name in DTYPES.items()
}
"""What `schema.DTYPES` names, as the pandas that is installed knows it."""


def is_text(column: pd.Series[Any]) -> bool:
    """Whether a column holds text and nothing else but missing values, whatever its dtype.

    Before pandas 3, text that a user gives is a column of objects.
    """
    if column.dtype == "object":
        return bool(pd.api.types.infer_dtype(column, skipna=True) == "string")
    return isinstance(column.dtype, pd.StringDtype)
