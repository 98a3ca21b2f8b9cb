"""The pictures that are written down, of made-up runs, as text that a line by line diff reads."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

import agentrun_nb as arn
from agentrun_nb.drawing import svg_timeline
from agentrun_nb.tables.moments import last_moment
from agentrun_nb.widget.twin import twin
from tests.support.samples import record

ENDS = ("succeeded", "succeeded", "failed", "succeeded", "succeeded", "timed_out", "cancelled")
NAMES = {
    "agdep_reports": "report",
    "agdep_reviews": "review",
    "agver_1": "report v1",
    "agver_2": "report v2",
}
LIVE = ("running", "installing", "queued")
DECIMALS = 4
"""Of the numbers of a figure.

Their last digits are those of a processor or of a release of scipy.
"""


def runs_of(count: int) -> pd.DataFrame:
    """Runs of every status, two deployments and two versions; the three newest have not ended."""
    records = [_record(number, count) for number in range(count)]
    return arn.runs_frame(json.dumps(records).encode())


def _record(number: int, count: int) -> dict[str, Any]:
    made = record(number, _status(number, count))
    # Multiples of a prime, so that lengths differ and are the same in every release of Python.
    waited = timedelta(seconds=1 + number * 37 % 23)
    ran = timedelta(seconds=5 + number * 101 % 211)
    started = pd.Timestamp(made["created_at"]) + waited
    if made["started_at"]:
        made["started_at"] = started.isoformat()
    if made["completed_at"]:
        made["completed_at"] = (started + ran).isoformat()
    return made


def _status(number: int, count: int) -> str:
    to_the_newest = count - 1 - number
    if count > len(LIVE) and to_the_newest < len(LIVE):
        return LIVE[to_the_newest]
    return ENDS[number * 5 % len(ENDS)]


def failed_run() -> arn.Run:
    reason = "Traceback (most recent call last):\nKeyError: 'quarter'"
    return arn.Run(json.dumps(record(3, "failed", failure_reason=reason)).encode())


# --- text that is compared ------------------------------------------------------------------------


def still(count: int) -> str:
    runs = runs_of(count)
    drawn = svg_timeline.timeline(runs, last_moment(runs), "UTC", names=NAMES)
    return lines_of_markup(drawn.svg if drawn else "")


def twin_html(view: Any) -> str:
    """The twin of a view, with its pictures as what they say and not in base64."""
    html = twin("uid", view._call(), view._story())
    inline = re.sub(r'data:image/svg\+xml;base64,([^"]*)"', _decoded, html)
    return lines_of_markup(inline)


def _decoded(source: re.Match[str]) -> str:
    drawing = base64.b64decode(source[1]).decode()
    return f'data:image/svg+xml,\n{drawing}\n"'


def lines_of_markup(markup: str) -> str:
    """Markup with an element a line, and of a path a move a line."""
    by_element = markup.replace("><", ">\n<")
    return re.sub(r"(?<=[a-z\d])M(?=\d)", "\n  M", by_element) + "\n"


def figure_json(figure: go.Figure) -> str:
    """What this package set of a figure: neither a template nor what plotly fills in by itself."""
    content = figure.to_dict()
    del content["layout"]["template"]
    return json.dumps(_plain(content), indent=1, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """A value of a figure as JSON has it, whichever way a release of plotly keeps arrays."""
    if isinstance(value, dict) and "bdata" in value:
        numbers = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        return _plain(numbers.tolist())
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in sorted(value.items())}
    if isinstance(value, np.ndarray | pd.Series):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float | np.floating):
        rounded = round(float(value), DECIMALS)
        return int(rounded) if rounded.is_integer() else rounded
    return value.item() if isinstance(value, np.generic) else value


PICTURES: dict[str, Callable[[], str]] = {
    "still_of_one_run.svg": lambda: still(1),
    "still_of_16_runs.svg": lambda: still(16),
    "still_of_1000_runs.svg": lambda: still(1_000),
    "twin_of_a_failed_run.html": lambda: twin_html(arn.explore(failed_run(), names=NAMES)),
    "twin_of_40_runs.html": lambda: twin_html(
        arn.explore(runs_of(40), names=NAMES, filter={"status": ["failed", "succeeded"]})
    ),
    "figure_timeline.json": lambda: figure_json(arn.figures.timeline(runs_of(16))),
    "figure_durations.json": lambda: figure_json(arn.figures.durations(runs_of(40))),
    "figure_outcomes.json": lambda: figure_json(arn.figures.outcomes(runs_of(40))),
    "figure_survival.json": lambda: figure_json(arn.figures.survival(runs_of(40))),
    "figure_trend.json": lambda: figure_json(arn.figures.trend(runs_of(40), "10min")),
    "figure_concurrency.json": lambda: figure_json(arn.figures.concurrency(runs_of(16))),
}
"""Each picture by the name of its file."""
