"""Draws many runs along time as a still picture, in SVG."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES
from agentrun_nb.core.text import counted
from agentrun_nb.drawing.axis import EARLIEST, LATEST, Tick, ticks
from agentrun_nb.drawing.html import Markup, el, joined
from agentrun_nb.drawing.spans import Kind, Spans, spans
from agentrun_nb.drawing.status_style import LOOKS, Look, by_look
from agentrun_nb.drawing.svg import GREY, WIDTH, drawing
from agentrun_nb.tables.moments import Floats

_Looks = dict[Look, NDArray[np.bool_]]

_LEFT, _RIGHT = 8, WIDTH - 8
_MOST_BARS, _MOST_LANES = 150, 30
_HIGHEST_LANE, _LANES_HIGH = 22, 200
_COLUMN, _COLUMNS_HIGH = 6, 90
_LEAST = 3
_HALF_LETTER = 3
_MOST_TICKS = 8
_LABEL_BELOW, _CONTEXT_BELOW = 16, 29
"""How far below the axis the baselines are of labels, and of days and the sentence."""
_SENTENCE_WIDE = 230


def timeline(runs: pd.DataFrame, now: float, tz: str) -> Markup | None:
    """Draws runs along time; None without any.

    Each run is a bar while they are few; when they are many, columns show their counts. Before the
    start a bar is pale, after it solid; a run that has not ended is an outline up to `now`.
    """
    placed = spans(runs, now)
    if np.isnan(placed.begin).all():
        return None
    first, last = placed.bulk()
    room = max((last - first) * 0.02, 5)
    scale = _Scale(max(first - room, EARLIEST), min(last + room, LATEST))
    inside = placed.touching(first, last)
    outside = int((~np.isnan(placed.begin) & ~inside).sum())
    placed = placed.only(inside)
    looks = by_look(runs)
    least = _LEAST * scale.unit
    lane_of = placed.lanes(least, least, _MOST_LANES) if len(runs) <= _MOST_BARS else None
    if lane_of is not None:
        body, height, words = *_bars(placed, looks, scale, lane_of), tz
    else:
        body, height, peak = _columns(placed, looks, scale)
        words = f"up to {counted(peak, 'run')} in a column, {tz}"
    if outside:
        words = f"{outside:,} far outside of this time, {words}"
    return drawing(joined(body, _axis(scale, height + 4, tz, words)), height + 38)


class _Scale:
    """Instants to pixels, one or an array of them; `unit` is how many ms a pixel is."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end
        self.unit = (end - start) / (_RIGHT - _LEFT)

    def __call__(self, at: Any) -> Any:
        pixels = (at - self.start) / self.unit
        return np.round(_LEFT + pixels, 1)


def _axis(scale: _Scale, y: float, tz: str, words: str) -> Markup:
    line = el("path", d=f"M{_LEFT} {y:g}H{_RIGHT}", stroke=GREY, stroke_opacity="0.5")
    found = ticks(scale.start, scale.end, tz, _MOST_TICKS)
    marks = [_tick(tick, scale(tick.at), y) for tick in found]
    below = f"{y + _CONTEXT_BELOW:g}"
    sentence = el("text", words, x=_RIGHT, y=below, fill=GREY, text_anchor="end")
    return joined(line, *marks, sentence)


def _tick(tick: Tick, x: float, y: float) -> Markup:
    half = _HALF_LETTER * len(tick.label)
    anchor = "middle"
    # At the edges of the picture a label in the middle of its tick would be cut off.
    if x < _LEFT + half:
        anchor = "start"
    elif x > _RIGHT - half:
        anchor = "end"
    mark = el("path", d=f"M{x} {y:g}v4", stroke=GREY)
    label_at = f"{y + _LABEL_BELOW:g}"
    label = el("text", tick.label, x=x, y=label_at, fill=GREY, text_anchor=anchor)
    # On the right the sentence of the axis stands where the day would.
    if not tick.context or x >= _RIGHT - _SENTENCE_WIDE:
        return joined(mark, label)
    left = max(x - 12, _LEFT)
    day = el("text", tick.context, x=left, y=f"{y + _CONTEXT_BELOW:g}", fill=GREY)
    return joined(mark, label, day)


# --- single runs ----------------------------------------------------------------------------------


def _bars(
    placed: Spans, looks: _Looks, scale: _Scale, lane_of: dict[int, int]
) -> tuple[Markup, float]:
    lanes = max(lane_of.values()) + 1
    pitch = min(_HIGHEST_LANE, _LANES_HIGH / lanes)
    paths: list[Markup] = []
    for look, chosen in looks.items():
        shapes = _Shapes(pitch * 0.85)
        for row, lane in lane_of.items():
            if chosen[row]:
                shapes.add(placed, row, scale, 4 + lane * pitch)
        paths += shapes.paths(look.either)
    return joined(*paths), 6 + lanes * pitch


class _Shapes:
    """The bars of one status, gathered into one path for each way of drawing."""

    def __init__(self, thick: float) -> None:
        self._thick = thick
        self._pale, self._undivided, self._solid, self._open = "", "", "", ""

    def add(self, placed: Spans, row: int, scale: _Scale, y: float) -> None:
        """Adds one run."""
        begin = scale(placed.begin[row])
        end = scale(placed.end[row])
        kind = placed.kind[row]
        divided = not np.isnan(placed.middle[row])
        split = scale(float(placed.middle[row])) if divided else begin
        if split > begin:
            self._pale += self._box(begin, split, y)
        if kind == Kind.LIVE:
            self._open += self._box(split, max(end, split + _LEAST), y)
        elif kind in (Kind.POINT, Kind.OPEN):
            half = self._thick / 2
            self._solid += f"M{end} {y:.1f}l4 {half:.1f}l-4 {half:.1f}l-4 -{half:.1f}z"
        elif divided:
            self._solid += self._box(split, max(end, split + _LEAST), y)
        else:
            self._undivided += self._box(split, max(end, split + _LEAST), y)

    def _box(self, left: float, right: float, y: float) -> str:
        start = f"M{left} {y:.1f}"
        around = f"H{right:.1f}v{self._thick:.1f}H{left}z"
        return start + around

    def paths(self, color: str) -> list[Markup]:
        """The paths in one colour, what is solid last."""
        dashed = {"stroke": color, "stroke_dasharray": "4 3"}
        pale = el("path", d=self._pale, fill=color, fill_opacity="0.35")
        unended = el("path", d=self._open, fill=color, fill_opacity="0.2", **dashed)
        undivided = el("path", d=self._undivided, fill=color, fill_opacity="0.65")
        solid = el("path", d=self._solid, fill=color)
        shapes = (self._pale, self._open, self._undivided, self._solid)
        drawn = zip(shapes, (pale, unended, undivided, solid), strict=True)
        return [path for shape, path in drawn if shape]


# --- many runs ------------------------------------------------------------------------------------


def _columns(placed: Spans, looks: _Looks, scale: _Scale) -> tuple[Markup, float, int]:
    """How many runs touch each stretch of time, by status; every failure has its mark on top."""
    count = (_RIGHT - _LEFT) // _COLUMN
    edges = np.linspace(scale.start, scale.end, count + 1)
    tallies = np.array([placed.tally(chosen, edges) for chosen in looks.values()])
    peak = max(1, int(tallies.sum(axis=0).max()))
    base = 18.0 + _COLUMNS_HIGH
    level = np.full(count, base)
    wide = _COLUMN - 1
    paths: list[Markup] = []
    for look, tally in zip(looks, tallies, strict=True):
        heights = np.where(tally > 0, np.maximum(tally / peak * _COLUMNS_HIGH, 1), 0)
        level = level - heights
        steps = "".join(
            f"M{_LEFT + place * _COLUMN} {level[place]:.1f}h{wide}v{heights[place]:.1f}h-{wide}z"
            for place in np.flatnonzero(heights)
        )
        paths.append(el("path", d=steps, fill=look.either))
    failures = [
        _failure_marks(placed.end[looks[LOOKS[name]]], scale, name)
        for name in FAILURES
        if LOOKS[name] in looks
    ]
    return joined(*paths, *failures), base, peak


def _failure_marks(ends: Floats, scale: _Scale, name: str) -> Markup | None:
    """A mark for every failure; those that would lie on one another are one."""
    places = np.unique(np.minimum(scale(ends[~np.isnan(ends)]) // 9 * 9, _RIGHT - 9).astype(int))
    if not len(places):
        return None
    look = LOOKS[name]
    shape = el(
        "path", id=name, d=look.shape, fill=look.either, fill_rule="evenodd", transform="scale(.75)"
    )
    return joined(el("defs", shape), *(el("use", href=f"#{name}", x=x, y=3) for x in places))
