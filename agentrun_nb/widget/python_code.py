"""The Python that gives what was chosen on the page once more.

Every word out of the data is quoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentrun_nb.core.paths import Step


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


def _is(column: str, values: Sequence[str]) -> str:
    found = f'runs["{column}"]' if "" not in values else f'runs["{column}"].fillna("")'
    return f"{found}.eq({values[0]!r})" if len(values) == 1 else f"{found}.isin({list(values)!r})"


def place_code(document: str, steps: Sequence[Step]) -> str:
    """The expression for a place in a parsed document."""
    return document + "".join(f"[{step!r}]" for step in steps)
