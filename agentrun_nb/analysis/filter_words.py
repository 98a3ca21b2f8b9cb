"""Says in words which runs a filter lets through."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from agentrun_nb.analysis.filter_rules import Rules, with_moments
from agentrun_nb.core.when import read_when
from agentrun_nb.drawing.axis import clock_text
from agentrun_nb.drawing.status_style import look_of

_MOST = 5
"""The most values of a key that are named."""
_COLUMNS = {
    "status": "status",
    "deployment_id": "deployment",
    "version_id": "version",
    "mode": "mode",
}


def filter_words(
    rules: Rules,
    newest: datetime | None = None,
    tz: str = "UTC",
    names: Mapping[str, str] | None = None,
) -> str:
    """What is true of the runs that a filter lets through.

    Args:
        rules: what `read_filter` gave.
        newest: the moment from which ages count back; None: now.
        tz: the zone in which moments are written.
        names: of deployments and versions by their ids.

    Example:
        >>> filter_words({"status": ["failed", "timed_out"], "text": "memory"})
        'status failed or timed out, text "memory"'
    """
    parts = [
        f"{word} {_values(key, rules[key], names or {})}"
        for key, word in _COLUMNS.items()
        if key in rules
    ]
    moments = with_moments(rules, newest)
    for key, word in (("since", "since"), ("until", "before")):
        if key in rules:
            milliseconds = (read_when(moments[key]) or 0) / 1_000
            parts.append(f"{word} {clock_text(milliseconds, tz)}")
    parts += [words(rules[key]) for key, words in _OTHERS.items() if key in rules]
    parts += [_rule_words(*rule) for rule in rules.get("where", [])]
    return ", ".join(parts)


_OTHERS: dict[str, Callable[[Any], str]] = {
    "text": lambda text: f'text "{text}"',
    "has_outputs": lambda has_some: "with outputs" if has_some else "without outputs",
    "failure": lambda fingerprint: f'failure "{fingerprint}"',
}
"""What is said of keys with one value."""


def _values(key: str, value: Any, names: Mapping[str, str]) -> str:
    values = [value] if isinstance(value, str) else value
    words = [_value(key, one, names) for one in values[:_MOST]]
    hidden = len(values) - len(words)
    if hidden:
        words.append(f"{hidden:,} others")
    return " or ".join(words) or "of none"


def _value(key: str, value: str | None, names: Mapping[str, str]) -> str:
    if value is None:
        return "not recorded"
    return look_of(value).label if key == "status" else names.get(value, value)


def _rule_words(path: str, sign: str, value: Any) -> str:
    if sign == "exists":
        return f"{path} exists" if value else f"{path} does not exist"
    return f"{path} {sign} {json.dumps(value, ensure_ascii=False)}"
