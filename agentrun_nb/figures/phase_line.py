"""Adds the phases of a run to a timeline of it: thin while it waits, hatched between two looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from agentrun_nb.drawing.course import PHASE_NOTES, Phase, phase_segments
from agentrun_nb.drawing.layout import ROW
from agentrun_nb.figures.style import Clock, safe_text

_WIDTHS = {"waiting": 0.2, "going": 0.6, "between": 0.6}
"""How much of the row each kind of stretch fills."""


def add_phases(figure: go.Figure, phases: Sequence[Phase], clock: Clock, hue: str) -> None:
    """Adds a row with the phases of a run under the row of the run itself.

    Args:
        figure: the timeline of one run, which is changed.
        phases: its phases, one after another.
        clock: that of the axis of time.
        hue: the colour of the run.
    """
    segments = phase_segments(phases)
    if not segments:
        return
    starts = clock([segment.start for segment in segments])
    ends = clock([segment.end for segment in segments])
    kinds = [segment.kind for segment in segments]
    lines = [*(phase.words for phase in phases), PHASE_NOTES[phases[0].kind]]
    hatching = ["/" if kind == "between" else "" for kind in kinds]
    figure.add_bar(
        orientation="h",
        base=starts,
        x=np.subtract(ends, starts),
        y=[1] * len(segments),
        width=[_WIDTHS[kind] for kind in kinds],
        hovertext="<br>".join(map(safe_text, lines)),
        hoverinfo="text",
        name="phases",
        showlegend=False,
        marker={"color": hue, "line": {"width": 0}, "pattern": {"shape": hatching}},
    )
    title = figure.layout.yaxis.ticktext[0]
    axis = {"range": [1.5, -0.5], "tickvals": [0, 1], "ticktext": [title, "phases"]}
    figure.update_layout(yaxis=axis, height=figure.layout.height + ROW)
