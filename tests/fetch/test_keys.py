"""What names runs and what names deployments, whatever the dtype that pandas gave it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.fetch.keys import names_deployments, run_keys

DTYPES: list[Any] = ["object", "string", TEXT]
ROW = {"deployment_id": "dep_1", "id": "run_1"}
LOG_ROW = {"deployment_id": "dep_1", "run_id": "run_1"}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_column_of_ids_names_deployments(dtype: Any) -> None:
    assert names_deployments(pd.Series(["dep_1", "dep_2"], dtype=dtype))
    assert names_deployments(pd.Series(["dep_1", None], [7, 7], dtype=dtype))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("row", [ROW, LOG_ROW], ids=["a run", "a line of a log"])
def test_a_row_names_a_run(row: dict[str, str], dtype: Any) -> None:
    given = pd.Series(row, dtype=dtype)
    assert not names_deployments(given)
    assert run_keys(given) == [("dep_1", "run_1")]


@pytest.mark.parametrize("values", [[1, 2], ["dep_1", 2], [b"dep_1"], [["dep_1"]]])
def test_a_column_of_something_else_names_none(values: list[Any]) -> None:
    assert not names_deployments(pd.Series(values, dtype="object"))
