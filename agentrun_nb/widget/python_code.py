"""Writes the Python code that gives what was chosen on the page.

Every text from the data is quoted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from agentrun_nb.analysis.filter_rows import IDENTITIES, Mask
from agentrun_nb.analysis.filter_rules import Rules
from agentrun_nb.core.paths import Step

FEW = 3
"""So many runs are named by their ids, more by a rule where there is one."""


def rows_code(keys: Iterable[tuple[str, str]]) -> str:
    """The expression for the rows of `runs` with these keys (deployment and run id)."""
    runs_of: dict[str, list[str]] = {}
    for deployment, run in keys:
        runs_of.setdefault(deployment, []).append(run)
    tests = [
        f"{_equals_code('deployment_id', [deployment])} & {_equals_code('id', runs)}"
        for deployment, runs in runs_of.items()
    ]
    if not tests:
        return "runs.iloc[:0]"
    if len(tests) == 1:
        return f"runs[{tests[0]}]"
    return f"runs[{' | '.join(f'({test})' for test in tests)}]"


def shown_code(rules: Rules | None, names: Mapping[str, str]) -> str:
    """The expression for the rows of `runs` that a filter lets through.

    Args:
        rules: the filter, with moments in place of ages.
        names: those without which the filter would let other runs through.
    """
    if not rules:
        return "runs"
    if not set(rules) <= set(_CONDITIONS):
        # No short expression of pandas says what these rules say.
        return f"{view_code('runs', False, {'filter': rules, 'names': names})}.shown"
    tests = [_CONDITIONS[key](key, value) for key, value in rules.items()]
    if len(tests) == 1:
        return f"runs[{tests[0]}]"
    return f"runs[{' & '.join(f'({test})' for test in tests)}]"


def view_code(source: str, has_client: bool, values: Mapping[str, Any]) -> str:
    """The expression for a view.

    Args:
        source: the expression for what it shows.
        has_client: whether it has a client, which is called `client`.
        values: what else it is made with, by the names of `explore`; what a view has by itself is
            not said.
    """
    arguments = [source]
    if has_client:
        arguments.append("client")
    for name, value in values.items():
        if value is False or (value and value != _DEFAULTS.get(name)):
            arguments.append(f"{name}={value!r}")
    return f"arn.explore({', '.join(arguments)})"


_DEFAULTS = {"view": "timeline", "tz": "UTC"}
"""What a view has where nothing is said, beside what is empty."""


def _value_code(column: str, value: str | Sequence[str | None], name: str = "runs") -> str:
    sought = [value] if isinstance(value, str) else value
    texts = [text for text in sought if text is not None]
    found = f'{name}["{column}"]'
    test = f"{found}.eq({texts[0]!r})" if len(texts) == 1 else f"{found}.isin({texts!r})"
    return f"{test} | {found}.isna()" if None in sought else test


_CONDITIONS: dict[str, Callable[[str, Any], str]] = {
    "status": _value_code,
    "deployment_id": _value_code,
    "version_id": _value_code,
    "mode": _value_code,
    # Turned round, since a run without a readable time is in every window.
    "since": lambda _, moment: f'~runs["created_at"].lt(pd.Timestamp({moment!r}))',
    "until": lambda _, moment: f'~runs["created_at"].ge(pd.Timestamp({moment!r}))',
    "failure": lambda _, group: f"arn.failures(runs, each=True).eq({group!r})",
}
"""The keys of a filter that a condition of pandas can say."""


def selection_code(
    runs: pd.DataFrame, shown: Mask, chosen: Mask, keys: Iterable[tuple[str, str]]
) -> str:
    """The expression for the chosen rows: a rule where one says them, else their keys.

    Args:
        runs: the table.
        shown: which of its rows are shown.
        chosen: which of them are chosen.
        keys: the keys that are chosen, also those that no row has.
    """
    if chosen.sum() > FEW:
        for name, rows in (("shown", shown), ("runs", np.ones(len(runs), dtype=bool))):
            if (chosen <= rows).all():
                rule = _rule(name, runs[rows], chosen[rows])
                if rule is not None:
                    return rule
    return rows_code(keys)


def _rule(name: str, rows: pd.DataFrame, chosen: Mask) -> str | None:
    """What says which of some rows are chosen; None where nothing short does.

    Args:
        name: what the rows are called in the code.
        rows: the rows.
        chosen: which of them are chosen, one at least.
    """
    if chosen.all():
        return name
    for column in IDENTITIES:
        values = rows[column]
        several = values[chosen].unique().tolist()
        found = [None if pd.isna(value) else str(value) for value in several]
        if len(found) <= FEW and (chosen == _has_one_of(values, found)).all():
            return f"{name}[{_value_code(column, found, name)}]"
    return _stretch(name, rows, chosen)


def _has_one_of(values: pd.Series[Any], sought: Sequence[str | None]) -> Mask:
    missing = values.isna() if None in sought else False
    return np.asarray(values.isin([text for text in sought if text is not None]) | missing)


def _stretch(name: str, rows: pd.DataFrame, chosen: Mask) -> str | None:
    """The stretch of time in which just the chosen rows began, or went on."""
    created, completed = rows["created_at"], rows["completed_at"]
    first, last = created[chosen].min(), created[chosen].max()
    if pd.isna(first):
        return None
    edge = f"pd.Timestamp({str(last)!r})"
    if (chosen == created.between(first, last).to_numpy(dtype=bool)).all():
        return f'{name}[{name}["created_at"].between(pd.Timestamp({str(first)!r}), {edge})]'
    # A drag over the timeline chooses also what began before it and ended in it or later.
    ended = completed[chosen].min()
    if pd.isna(ended):
        return None
    goes_on = ~completed.lt(ended)
    if (chosen == (created.le(last) & goes_on).to_numpy(dtype=bool)).all():
        before = f'~{name}["completed_at"].lt(pd.Timestamp({str(ended)!r}))'
        return f'{name}[{name}["created_at"].le({edge}) & {before}]'
    return None


def _equals_code(column: str, values: Sequence[str]) -> str:
    found = f'runs["{column}"]'
    if "" in values:
        found += '.fillna("")'
    if len(values) == 1:
        return f"{found}.eq({values[0]!r})"
    return f"{found}.isin({list(values)!r})"


def place_code(document: str, steps: Sequence[Step]) -> str:
    """The expression for a place in a parsed document."""
    places = [f"[{step!r}]" for step in steps]
    return document + "".join(places)
