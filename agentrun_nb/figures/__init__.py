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
            f"A {type(figure).__name__} is not a figure.",
            hint="Give one of arn.figures or of plotly.",
        )
    written = json.loads(figure.to_json()) | {"config": {"responsive": True}}
    live = {"application/vnd.plotly.v1+json": written}
    still = getattr(figure, "_still", None)
    if find_spec("kaleido"):
        still = figure.to_image(format="svg").decode()
    lack = "" if still else ", without a static picture: kaleido is not installed"
    words = f"A plotly figure{lack}"
    display(live | ({"image/svg+xml": still} if still else {}) | {"text/plain": words}, raw=True)  # type: ignore[no-untyped-call]


def __dir__() -> list[str]:
    return __all__
