"""The Python that gives what was chosen on the page once more.

Every word out of the data is quoted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from agentrun_nb.analysis.filter_rows import Mask
from agentrun_nb.analysis.filter_rules import Rules
from agentrun_nb.core.paths import Step

_FEW = 20
"""So many runs are named by their ids, more by a rule where there is one."""


def rows_code(keys: Iterable[tuple[str, str]]) -> str:
    """The expression for the rows of `runs` with these keys (deployment and run id)."""
    runs_of: dict[str, list[str]] = {}
    for deployment, run in keys:
        runs_of.setdefault(deployment, []).append(run)
    tests = [
        f"{_is('deployment_id', [deployment])} & {_is('id', runs)}"
        for deployment, runs in runs_of.items()
    ]
    if not tests:
        return "runs.iloc[:0]"
    if len(tests) == 1:
        return f"runs[{tests[0]}]"
    return f"runs[{' | '.join(f'({test})' for test in tests)}]"


def shown_code(rules: Rules | None) -> str:
    """The expression for the rows of `runs` that a filter lets through.

    Args:
        rules: the filter, with moments in place of ages.
    """
    if not rules:
        return "runs"
    if not set(rules) <= set(_CONDITIONS):
        # No short expression of pandas says what these rules say.
        return f"arn.explore(runs, filter={rules!r}).shown"
    tests = [_CONDITIONS[key](key, value) for key, value in rules.items()]
    if len(tests) == 1:
        return f"runs[{tests[0]}]"
    return f"runs[{' & '.join(f'({test})' for test in tests)}]"


def _has_value(column: str, value: str | Sequence[str | None]) -> str:
    sought = [value] if isinstance(value, str) else value
    texts = [text for text in sought if text is not None]
    found = f'runs["{column}"]'
    test = f"{found}.eq({texts[0]!r})" if len(texts) == 1 else f"{found}.isin({texts!r})"
    return f"{test} | {found}.isna()" if None in sought else test


_CONDITIONS: dict[str, Callable[[str, Any], str]] = {
    "status": _has_value,
    "deployment_id": _has_value,
    "version_id": _has_value,
    "mode": _has_value,
    # Turned round, since a run without a readable time is in every window.
    "since": lambda _, moment: f'~runs["created_at"].lt(pd.Timestamp({moment!r}))',
    "until": lambda _, moment: f'~runs["created_at"].ge(pd.Timestamp({moment!r}))',
    "failure": lambda _, group: f"arn.failures(runs, each=True).eq({group!r})",
}
"""The keys of a filter that a condition of pandas can say."""


def selection_code(
    runs: pd.DataFrame, shown: Mask, chosen: Mask, keys: Iterable[tuple[str, str]]
) -> str:
    """The expression for the chosen rows: a rule where they are many, else their keys.

    Args:
        runs: the table.
        shown: which of its rows are shown.
        chosen: which of them are chosen.
        keys: the keys that are chosen, also those that no row has.
    """
    if chosen.sum() <= _FEW:
        return rows_code(keys)
    if (chosen == shown).all():
        return "shown"
    if chosen.all():
        return "runs"
    created = runs["created_at"]
    first, last = created[chosen].min(), created[chosen].max()
    inside = created.between(first, last).to_numpy(dtype=bool)
    edges = f"pd.Timestamp({str(first)!r}), pd.Timestamp({str(last)!r})"
    for name, rows in (("shown", shown), ("runs", True)):
        if (chosen == (inside & rows)).all():
            return f'{name}[{name}["created_at"].between({edges})]'
    return rows_code(keys)


def _is(column: str, values: Sequence[str]) -> str:
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
