"""Draws frames of runs as plotly figures, to keep, restyle and export."""

from __future__ import annotations

import json
from importlib.util import find_spec

import plotly.graph_objects as go
from IPython.display import display

from agentrun_nb.core.text import capital, kind_of
from agentrun_nb.errors import SettingsError
from agentrun_nb.figures.charts import concurrency, durations, outcomes
from agentrun_nb.figures.curves import survival
from agentrun_nb.figures.timeline import timeline
from agentrun_nb.figures.trends import trend

__all__ = ["concurrency", "durations", "outcomes", "show", "survival", "timeline", "trend"]


def show(figure: go.Figure) -> None:
    """Displays a figure as a live one with a static picture beside it.

    The picture is for places where no script runs. It is drawn by kaleido where that is installed.
    Without it a timeline brings its own picture, as it was before any restyling; for other figures
    the lack of a picture is said.

    Args:
        figure: one of this module or of plotly.

    Raises:
        SettingsError: it is no figure.

    Example:
        >>> arn.figures.show(arn.figures.outcomes(runs))
        {'application/vnd.plotly.v1+json': ...}
    """
    if not isinstance(figure, go.Figure):
        raise SettingsError(
            f"{capital(kind_of(figure))} is not a figure.",
            hint="Give one of arn.figures or of plotly.",
        )
    live = json.loads(figure.to_json())
    live["config"] = {"responsive": True}
    picture = getattr(figure, "_still", None)
    if find_spec("kaleido"):
        picture = figure.to_image(format="svg").decode()
    bundle = {"application/vnd.plotly.v1+json": live, "text/plain": "A plotly figure"}
    if picture:
        bundle["image/svg+xml"] = picture
    else:
        bundle["text/plain"] += ", without a static picture: kaleido is not installed"
    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def __dir__() -> list[str]:
    return __all__
