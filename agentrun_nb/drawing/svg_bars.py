"""Draws single runs as bars of a still picture: thin before the start, thick after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agentrun_nb.core.times import duration_text
from agentrun_nb.drawing.html import Markup, el, joined
from agentrun_nb.drawing.scale import Scale
from agentrun_nb.drawing.spans import Kind, Spans
from agentrun_nb.drawing.status_style import Look

Looks = dict[Look, NDArray[np.bool_]]

LEAST = 3
"""The least length of a bar in pixels."""
MARK = 9
"""The width and height in pixels of the shape of a status."""
_FEW_MARKS = 4
"""So many shapes of one kind are drawn each by itself; more are written once, and named."""
_MARK_FROM = 9
"""The least height of a lane with room for shapes, in pixels."""
_THIN = 0.28
"""How much of a bar's height the line before its start has."""


def bars(
    placed: Spans,
    looks: Looks,
    scale: Scale,
    tops: Mapping[int, float],
    pitch: float,
    plain: NDArray[np.bool_],
) -> Markup:
    """Draws runs as bars, and behind them the shapes of their statuses.

    Args:
        placed: where the runs lie.
        looks: which rows have each look.
        scale: moments to pixels.
        tops: of the lane of each run that is drawn, in pixels from the top of the picture.
        pitch: the height of a lane.
        plain: which runs need no shape.
    """
    free = min(8, pitch * 0.35) if pitch > _MARK_FROM else 1
    thick = round(pitch - free, 1)
    pieces: list[Markup] = []
    for look, has_look in looks.items():
        rows = [row for row in tops if has_look[row]]
        shapes = _Shapes(thick)
        for row in rows:
            shapes.add(placed, row, scale, tops[row] + (pitch - thick) / 2)
        pieces += shapes.paths(look.either)
        # The end of a run beyond the axis is not in the picture.
        marked = [row for row in rows if not plain[row] and placed.end[row] <= scale.end]
        if pitch < _MARK_FROM:
            marked = []
        middles = {row: tops[row] + pitch / 2 for row in marked}
        pieces.append(_marks(placed, look, scale, middles))
    return joined(*pieces)


def _marks(placed: Spans, look: Look, scale: Scale, middles: Mapping[int, float]) -> Markup:
    """The shape of a look behind the end of each run."""
    places: list[tuple[float, float]] = []
    for row, y in middles.items():
        left = behind(placed, row, scale) + 3
        places.append((left, y - MARK / 2))
    return mark_at(look, places)


def behind(placed: Spans, row: int, scale: Scale) -> float:
    """Where what stands behind a bar begins, in pixels."""
    begin = float(scale(placed.begin[row]))
    end = float(scale(placed.end[row]))
    least = begin + LEAST
    is_diamond = placed.kind[row] in (Kind.POINT, Kind.OPEN)
    return max(end, least) + (4 if is_diamond else 0)


def mark_at(look: Look, places: Sequence[tuple[float, float]]) -> Markup:
    """Draws the shape of a look at places, given by their left and upper ends in pixels."""
    if not places:
        return Markup()
    name = f"s{look.layer[0]}{look.layer[1] % 100}"
    drawn = {"d": look.shape, "fill": look.either, "fill_rule": "evenodd"}
    scaled = f"scale({MARK / 12:g})"
    if len(places) <= _FEW_MARKS:
        moved = [f"translate({x:.1f} {y:.1f}){scaled}" for x, y in places]
        return joined(*(el("path", **drawn, transform=move) for move in moved))
    shape = el("path", id=name, **drawn, transform=scaled)
    uses = [el("use", href=f"#{name}", x=f"{x:.1f}", y=f"{y:.1f}") for x, y in places]
    return joined(el("defs", shape), *uses)


def length_words(placed: Spans, row: int) -> str:
    """How long a run took after its start, and what its record does not say, as on the page."""
    divided = not np.isnan(placed.middle[row])
    begin = placed.middle[row] if divided else placed.begin[row]
    length = duration_text(placed.end[row] - begin)
    kind = placed.kind[row]
    if kind == Kind.PHASES:
        return length
    if kind == Kind.UNDIVIDED:
        return f"{length} in all"
    return f"{length} so far" if kind == Kind.LIVE else ""


class _Shapes:
    """The bars of one status, gathered into one path for each way of drawing."""

    def __init__(self, thick: float) -> None:
        self._thick = thick
        self._undivided, self._solid, self._open = "", "", ""

    def add(self, placed: Spans, row: int, scale: Scale, y: float) -> None:
        """Adds one run."""
        begin = scale(placed.begin[row])
        end = scale(placed.end[row])
        kind = placed.kind[row]
        divided = not np.isnan(placed.middle[row])
        split = scale(float(placed.middle[row])) if divided else begin
        if split > begin:
            self._add_wait(begin, split, y)
        if kind == Kind.LIVE:
            self._open += _box(split, max(end, split + LEAST), y, self._thick)
        elif kind in (Kind.POINT, Kind.OPEN):
            half = self._thick / 2
            self._solid += f"M{end} {y:.1f}l4 {half:.1f}l-4 {half:.1f}l-4 -{half:.1f}z"
        elif divided:
            self._solid += _box(split, max(end, split + LEAST), y, self._thick)
        else:
            self._undivided += _box(split, max(end, split + LEAST), y, self._thick)

    def _add_wait(self, begin: float, split: float, y: float) -> None:
        """Adds the time before the start, a line with an edge where the run was created."""
        thin = max(1.5, self._thick * _THIN)
        self._solid += _box(begin, split, y + (self._thick - thin) / 2, thin)
        edge = self._thick * 0.6
        self._solid += _box(begin, begin + 1, y + (self._thick - edge) / 2, edge)

    def paths(self, color: str) -> list[Markup]:
        """The paths in one colour, what is solid last."""
        dashed = {"stroke": color, "stroke_dasharray": "4 3"}
        unended = el("path", d=self._open, fill=color, fill_opacity="0.2", **dashed)
        undivided = el("path", d=self._undivided, fill=color, fill_opacity="0.65")
        solid = el("path", d=self._solid, fill=color)
        shapes = (self._open, self._undivided, self._solid)
        drawn = zip(shapes, (unended, undivided, solid), strict=True)
        return [path for shape, path in drawn if shape]


def _box(left: float, right: float, y: float, height: float) -> str:
    start = f"M{left:g} {y:.1f}"
    around = f"H{right:.1f}v{height:.1f}H{left:g}z"
    return start + around
