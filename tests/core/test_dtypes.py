"""The dtypes of columns are what the schema names, in every pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agentrun_nb.core.dtypes import COLUMN_DTYPES, TEXT, is_text
from agentrun_nb.core.schema import DTYPES

MISSING = [None, np.nan, pd.NA]


def test_text_is_what_the_schema_names() -> None:
    """Before pandas 3, `str` is no name of the dtype, and `string` is that of another one."""
    assert str(TEXT) == ("str" if pd.__version__ >= "3" else "string")
    assert TEXT.storage.startswith("pyarrow")
    assert COLUMN_DTYPES.keys() == DTYPES.keys()
    assert COLUMN_DTYPES == {**DTYPES, "text": TEXT, "json": TEXT}


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("before", ["object", "category", "string", TEXT])
def test_what_is_missing_stays_missing_as_text(missing: object, before: object) -> None:
    column = pd.Series(["nan", missing, "None"], dtype=before).astype(TEXT)
    assert column.isna().tolist() == [False, True, False]
    assert column.dropna().tolist() == ["nan", "None"]


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("dtype", ["object", "string", TEXT])
def test_text_is_known_whatever_its_dtype(missing: object, dtype: object) -> None:
    assert is_text(pd.Series(["a", missing], dtype=dtype))


@pytest.mark.parametrize("values", [[1, 2], ["a", 1], [b"a"], [["a"]], [None], []])
def test_what_is_not_text_is_not_taken_for_it(values: list[object]) -> None:
    assert not is_text(pd.Series(values, dtype="object"))


def test_a_dtype_of_another_kind_is_no_text() -> None:
    assert not is_text(pd.Series(["a"], dtype="category"))
    assert not is_text(pd.Series([1], dtype="Int64"))
