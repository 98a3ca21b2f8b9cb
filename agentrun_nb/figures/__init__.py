"""Pictures of runs to keep, restyle and export: frames in, plotly figures out."""

from __future__ import annotations

import json
from importlib.util import find_spec

import plotly.graph_objects as go
from IPython.display import display

from agentrun_nb.errors import SettingsError
from agentrun_nb.figures.charts import concurrency, durations, outcomes, survival
from agentrun_nb.figures.timeline import timeline

__all__ = ["concurrency", "durations", "outcomes", "show", "survival", "timeline"]


def show(figure: go.Figure) -> None:
    """Displays a figure as a live one with a static picture beside it, for places where no script runs.

    The picture is drawn by kaleido where that is installed. Without it a timeline brings its own
    picture, as it was before any restyling; for other figures that is said.

    Raises:
        SettingsError: it is no figure.
    """
    if not isinstance(figure, go.Figure):
        raise SettingsError(
            f"A {type(figure).__name__} is not a figure.",
            hint="Give one of arn.figures or of plotly.",
        )
    live = {
        "application/vnd.plotly.v1+json": json.loads(figure.to_json())
        | {"config": {"responsive": True}}
    }
    still = (
        figure.to_image(format="svg").decode()
        if find_spec("kaleido")
        else getattr(figure, "_still", None)
    )
    words = (
        "A plotly figure"
        if still
        else "A plotly figure, without a static picture: kaleido is not installed"
    )
    display(live | ({"image/svg+xml": still} if still else {}) | {"text/plain": words}, raw=True)  # type: ignore[no-untyped-call]


def __dir__() -> list[str]:
    return __all__
