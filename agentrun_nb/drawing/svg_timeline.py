"""Draws many runs along time as a still picture, in SVG, arranged as on the live page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.schema import FAILURES, SUCCESSES
from agentrun_nb.core.text import counted, visible
from agentrun_nb.drawing.axis import EARLIEST, LATEST, Tick, ticks
from agentrun_nb.drawing.bands import WORDS, Band, Mask, bands_of
from agentrun_nb.drawing.html import Markup, el, joined, safe
from agentrun_nb.drawing.layout import BAND_GAP, LANE, MOST_ROWS, grouping_of, lanes
from agentrun_nb.drawing.scale import Scale
from agentrun_nb.drawing.spans import Kind, Spans, numbered, spans
from agentrun_nb.drawing.status_style import LOOKS, by_look
from agentrun_nb.drawing.svg import GREY, WIDTH, drawing
from agentrun_nb.drawing.svg_bars import MARK, Looks, bars, behind, length_words, mark_at
from agentrun_nb.tables.labels import names_of_runs, short_id
from agentrun_nb.tables.moments import Floats

_MOST_BYTES = 15_000
"""Of a picture: in a twin it stands in base64, beside tables, and all have 40 KB."""
_EDGE = 8
"""What stays free at an edge, in pixels as all that follows."""
_NAMES_WIDTH = 150
"""What stays free for the names at the left."""
_LENGTHS_WIDTH = 100
"""What stays free for the lengths of time behind bars of rows."""
_TOP = 4
_FEW_ROWS = 8
"""Up to so many rows are higher than others."""
_HIGH_ROW = 24
_ROW = 20
_IDS_WIDTH = 58
"""How wide the short ids behind names are."""
_LONGEST = 40
"""The most characters of a name; what is wider than its place is cut off there."""
_MOST_BARS = 150
_LOWEST_BAND = 44
"""The least height of a band."""
_HIGHEST_BAND = 200
"""The most height of a band."""
_BANDS_HEIGHT = 260
"""The height of all bands together where they are no lower."""
_COLUMN_WIDTHS = (6, 9, 12, 18, 36, 72)
"""Tried from the first on until the picture is small enough."""
_COLUMNS_HEIGHT = 90
_STRIP = 14
"""The height of the strip of failures above columns."""
_LINE = 14
"""The height of a line of text."""
_HALF_LETTER = 3
_LETTER = 6.2
"""The width of a letter, about."""
_TICK_WIDTH = 88
_LABEL_BELOW = 16
"""How far below the axis the baseline of labels is."""
_CONTEXT_BELOW = 29
"""How far below the axis the baseline of days and of the sentence is."""
_SENTENCE_WIDTH = 230
_BOLD = "font-weight:600"


class Drawn(NamedTuple):
    """A still picture.

    Attributes:
        svg: the picture.
        words: what its bands say, for those who do not see it; empty where runs are not grouped.
    """

    svg: Markup
    words: str


class _Body(NamedTuple):
    """What stands above the axis, its height in pixels, and what is said of it under the axis."""

    markup: Markup
    height: float
    words: str = ""


@dataclass(frozen=True)
class _Scene:
    """What is to be drawn.

    Attributes:
        runs: the RUNS table.
        placed: where its runs lie; those far outside have no place.
        looks: which rows have each look.
        bands: the groups.
        ends: the first and the last moment of the axis.
        names: of deployments and versions by their ids.
    """

    runs: pd.DataFrame
    placed: Spans
    looks: Looks
    bands: list[Band]
    ends: tuple[float, float]
    names: Mapping[str, str]

    @property
    def size(self) -> int:
        """How many runs have a place."""
        return sum(band.size for band in self.bands)

    @property
    def grouped(self) -> bool:
        """Whether names of bands stand at the left."""
        return bool(self.bands[0].name)

    @property
    def plain(self) -> Mask:
        """Which runs need no shape behind their bars, since they succeeded as recorded."""
        return np.asarray(self.succeeded & (self.placed.kind <= Kind.UNDIVIDED))

    @property
    def succeeded(self) -> Mask:
        """Which runs succeeded."""
        return np.asarray(self.runs["status"].isin(SUCCESSES), dtype=bool)

    @cached_property
    def look_in_band(self) -> NDArray[np.intp]:
        """A number for the band and the look of each run, -1 where it is in no band."""
        band = numbered([band.rows for band in self.bands])
        look = numbered(self.looks.values())
        number = band * len(self.looks) + look
        return np.where(band < 0, -1, number)

    def scale(self) -> Scale:
        """The time axis beside the names of bands."""
        left = _NAMES_WIDTH if self.grouped else _EDGE
        return Scale(*self.ends, left, WIDTH - _EDGE)


def timeline(
    runs: pd.DataFrame,
    now: float,
    tz: str,
    by: str | None = None,
    names: Mapping[str, str] | None = None,
    window: tuple[float, float] | None = None,
) -> Drawn | None:
    """Draws runs along time; None without any.

    Up to 30 runs have a row each, with their names and lengths; more stand in bands. There each run
    is a bar while they are few; when they are many, columns show their counts, all to one scale.
    Before the start a bar is thin, after it thick; a run that has not ended is an outline up to
    `now`.

    Args:
        runs: a RUNS table.
        now: when it was read, in ms since the epoch.
        tz: the zone of the time axis.
        by: the grouping, one of GROUPINGS of `window.py`; None: as it fits.
        names: of deployments and versions by their ids.
        window: the first and the last moment that are drawn, in ms since the epoch; None: of all
            runs but those far outside.
    """
    placed = spans(runs, now)
    if np.isnan(placed.begin).all():
        return None
    first, last = window or placed.bulk()
    room = 0 if window else max((last - first) * 0.02, 5)
    ends = (max(first - room, EARLIEST), min(last + room, LATEST))
    inside = placed.touching(first, last)
    missing = int((~np.isnan(placed.begin) & ~inside).sum())
    outside = f"{missing:,} {'' if window else 'far '}outside of this time" if missing else ""
    placed = placed.only(inside)
    by = by or grouping_of(runs[inside])
    names = names or {}
    bands = bands_of(runs, inside, placed.begin, by, names)
    scene = _Scene(runs, placed, by_look(runs), bands, ends, names)
    # One run alone needs no name, and has the whole width.
    if by == "none" and 1 < scene.size <= MOST_ROWS:
        scale = Scale(*ends, _NAMES_WIDTH, WIDTH - _LENGTHS_WIDTH)
        svg = _picture(_rows(scene, scale), scale, outside, tz)
    else:
        svg = _bands(scene, outside, tz)
    sentences = "; ".join(band.sentence for band in bands)
    return Drawn(svg, f"By {WORDS[by]}: {sentences}" if scene.grouped else "")


def _picture(body: _Body, scale: Scale, outside: str, tz: str) -> Markup:
    words = ", ".join(filter(None, (outside, body.words, tz)))
    found = ticks(scale.start, scale.end, tz, int((scale.right - scale.left) // _TICK_WIDTH))
    y = body.height + 4
    lines = "".join(f"M{scale(tick.at)} {_TOP}V{y:g}" for tick in found)
    grid = el("path", d=lines, stroke=GREY, stroke_opacity="0.2")
    axis = _axis(scale, y, found, words)
    return drawing(joined(grid, body.markup, axis), body.height + 38)


def _axis(scale: Scale, y: float, found: list[Tick], words: str) -> Markup:
    line = el("path", d=f"M{scale.left} {y:g}H{scale.right}", stroke=GREY, stroke_opacity="0.5")
    marks = [_tick(tick, scale(tick.at), y) for tick in found]
    below = f"{y + _CONTEXT_BELOW:g}"
    sentence = el("text", words, x=WIDTH - _EDGE, y=below, fill=GREY, text_anchor="end")
    return joined(line, *marks, sentence)


def _tick(tick: Tick, x: float, y: float) -> Markup:
    half = _HALF_LETTER * len(tick.label)
    anchor = "middle"
    # At the edges of the picture a label in the middle of its tick would be cut off.
    if x < _EDGE + half:
        anchor = "start"
    elif x > WIDTH - _EDGE - half:
        anchor = "end"
    mark = el("path", d=f"M{x} {y:g}v4", stroke=GREY)
    label_at = f"{y + _LABEL_BELOW:g}"
    label = el("text", tick.label, x=x, y=label_at, fill=GREY, text_anchor=anchor)
    # On the right the sentence of the axis stands where the day would.
    if not tick.context or x >= WIDTH - _EDGE - _SENTENCE_WIDTH:
        return joined(mark, label)
    left = max(x - 12, _EDGE)
    day = el("text", tick.context, x=left, y=f"{y + _CONTEXT_BELOW:g}", fill=GREY)
    return joined(mark, label, day)


# --- a row for each run ---------------------------------------------------------------------------


def _rows(scene: _Scene, scale: Scale) -> _Body:
    placed = scene.placed
    pitch = _HIGH_ROW if scene.size <= _FEW_ROWS else _ROW
    order = np.argsort(placed.begin, kind="stable")[: scene.size].tolist()
    tops = {row: float(_TOP + number * pitch) for number, row in enumerate(order)}
    nothing_is_plain = np.zeros(len(scene.runs), dtype=bool)
    drawn = bars(placed, scene.looks, scale, tops, pitch, nothing_is_plain)
    height = _TOP + scene.size * pitch
    baselines = {row: top + pitch / 2 + 4 for row, top in tops.items()}
    lengths = [_length(placed, row, scale, y) for row, y in baselines.items()]
    return _Body(joined(_row_names(scene, baselines, height), drawn, *lengths), height)


def _row_names(scene: _Scene, baselines: Mapping[int, float], height: float) -> Markup:
    """The names of runs with their short ids behind; ids alone where they have no names."""
    ids = scene.runs["id"].fillna("").tolist()
    names = names_of_runs(scene.runs, scene.names)
    named = [row for row in baselines if names[row]]
    right = _NAMES_WIDTH - _EDGE
    wide = right - (_IDS_WIDTH if named else 0)
    words = [_text(names[row] or ids[row], y) for row, y in baselines.items()]
    at: dict[str, str | int] = {"x": right, "fill": GREY, "text_anchor": "end"}
    behind_names: list[Markup] = []
    for row in named:
        own = _shown(short_id(ids[row]))
        behind_names.append(el("text", own, y=f"{baselines[row]:g}", **at))
    return joined(_cut_off(words, wide, height), *behind_names)


def _text(words: str, y: float, style: str = "", color: str = GREY) -> Markup:
    options = {"style": style} if style else {}
    return el("text", _shown(words), x=4, y=f"{y:g}", fill=color, **options)


def _shown(words: str) -> Markup:
    # Cut before it is escaped, so that no name makes a picture large.
    escaped = safe(visible(words[:_LONGEST])[:_LONGEST])
    # Whoever looks for attributes without reading markup finds none in a name either.
    return Markup(escaped.replace("=", "&#61;"))


def _cut_off(words: list[Markup], wide: float, height: float) -> Markup:
    """Words of which nothing sticks out at the right: a picture in the picture cuts it off."""
    width = f"{wide:g}"
    return el("svg", *words, width=width, height=f"{height:g}")


def _length(placed: Spans, row: int, scale: Scale, y: float) -> Markup | None:
    """How long a run took, behind its bar and its shape; before it where there is no room."""
    words = length_words(placed, row)
    x = behind(placed, row, scale) + MARK + 7
    wide = _LETTER * len(words)
    at = {"y": f"{y:g}", "fill": GREY}
    if x + wide <= WIDTH:
        return el("text", words, x=f"{x:g}", **at) if words else None
    before = scale(placed.begin[row]) - 6
    if before - wide < scale.left:
        return None
    return el("text", words, x=f"{before:g}", text_anchor="end", **at)


# --- bands of groups ------------------------------------------------------------------------------


def _bands(scene: _Scene, outside: str, tz: str) -> Markup:
    """The bands with bars where they fit, else with columns, as fine as the size allows."""
    scale = scene.scale()
    body = _lanes(scene, scale) if len(scene.runs) <= _MOST_BARS else None
    if body is not None:
        svg = _picture(body, scale, outside, tz)
        if len(svg.encode()) <= _MOST_BYTES:
            return svg
    for width in _COLUMN_WIDTHS:
        svg = _picture(_columns(scene, scale, width), scale, outside, tz)
        if len(svg.encode()) <= _MOST_BYTES:
            break
    return svg


def _lanes(scene: _Scene, scale: Scale) -> _Body | None:
    """The bands with a bar for each run; None where the lanes of one do not fit."""
    most = max(_LOWEST_BAND, min(_HIGHEST_BAND, _BANDS_HEIGHT // len(scene.bands)))
    found = [
        lanes(scene.placed.only(band.rows), scene.succeeded, scale.unit, most)
        for band in scene.bands
    ]
    fitting = [lane_of for lane_of in found if lane_of is not None]
    if len(fitting) < len(found):
        return None
    counts = [max(lane_of.values(), default=0) + 1 for lane_of in fitting]
    pitch = min(LANE, most / max(counts))
    tops: dict[int, float] = {}
    pieces: list[Markup | None] = []
    y = float(_TOP)
    for band, lane_of, count in zip(scene.bands, fitting, counts, strict=True):
        height = max(_LOWEST_BAND, pitch * count)
        first = y + (height - pitch * count) / 2
        tops |= {row: first + lane * pitch for row, lane in lane_of.items()}
        pieces.append(_band_words(band, y, height))
        y += height + BAND_GAP
    drawn = bars(scene.placed, scene.looks, scale, tops, pitch, scene.plain)
    words = [length_words(scene.placed, row) for row in tops] if scene.size == 1 else []
    return _Body(joined(drawn, *pieces), y - BAND_GAP, "".join(words))


def _columns(scene: _Scene, scale: Scale, width: int) -> _Body:
    """The bands with columns of how many runs touch each stretch of time, by status.

    All have one scale. Every failure has its mark on top.
    """
    count = int((scale.right - scale.left) // width)
    edges = np.linspace(scale.start, scale.end, count + 1)
    height = max(_LOWEST_BAND, min(_COLUMNS_HEIGHT, _BANDS_HEIGHT // len(scene.bands)))
    bands, looks = len(scene.bands), len(scene.looks)
    tallies = scene.placed.tally(scene.look_in_band, bands * looks, edges)
    tallies = tallies.reshape(bands, looks, count)
    peak = max(1, int(tallies.sum(axis=1).max()))
    pieces: list[Markup | None] = [*_failures(scene, scale, width)]
    y = float(_STRIP + _TOP)
    for band, tally in zip(scene.bands, tallies, strict=True):
        pieces += _stacks(scene.looks, tally, height / peak, scale, y + height)
        pieces.append(_band_words(band, y, height))
        y += height + BAND_GAP
    words = f"up to {counted(peak, 'run')} in a column"
    return _Body(joined(*pieces), y - BAND_GAP, words)


def _stacks(
    looks: Looks, tallies: NDArray[np.int64], per_run: float, scale: Scale, base: float
) -> list[Markup]:
    """The columns of a band, look on look.

    Args:
        looks: the looks from the ground up.
        tallies: how many runs of each look touch each column.
        per_run: how many pixels a run is high.
        scale: moments to pixels.
        base: where the columns stand.
    """
    count = tallies.shape[1]
    lefts = np.linspace(scale.left, scale.right, count + 1).round().astype(int)
    level = np.full(count, round(base))
    paths: list[Markup] = []
    for look, tally in zip(looks, tallies, strict=True):
        heights = np.where(tally > 0, np.maximum(np.rint(tally * per_run), 1), 0).astype(int)
        level = level - heights
        steps = "".join(
            f"M{lefts[at]} {level[at]}h{lefts[at + 1] - lefts[at] - 1}v{heights[at]}H{lefts[at]}z"
            for at in np.flatnonzero(heights)
        )
        if steps:
            paths.append(el("path", d=steps, fill=look.either))
    return paths


def _band_words(band: Band, y: float, height: float) -> Markup | None:
    """The name of a band at its left, how many runs it has, and how many of them failed."""
    if not band.name:
        return None
    failed = LOOKS[FAILURES[0]].either if band.failed else GREY
    first = (height - 2 * _LINE) / 2 + 4
    words = [
        _text(band.name, first, _BOLD),
        _text(counted(band.size, "run"), first + _LINE),
        _text(band.failed_words, first + 2 * _LINE, color=failed),
    ]
    return el("svg", *words, y=f"{y:g}", width=_NAMES_WIDTH - _EDGE, height=f"{height:g}")


def _failures(scene: _Scene, scale: Scale, width: int) -> list[Markup]:
    """A mark for every failure; those that would lie on one another or in a column are one."""
    pieces = []
    for name in FAILURES:
        look = LOOKS[name]
        if look in scene.looks:
            ends = scene.placed.end[scene.looks[look] & ~np.isnan(scene.placed.begin)]
            seen = ends[(ends >= scale.start) & (ends <= scale.end)]
            pieces.append(mark_at(look, _mark_places(seen, scale, max(MARK, width))))
    return pieces


def _mark_places(ends: Floats, scale: Scale, width: int) -> list[tuple[float, float]]:
    """The left and upper ends of marks, of which cells of that width have one each."""
    cells = (scale(ends) - scale.left) // width
    lefts = np.unique(np.minimum(scale.left + cells * width, scale.right - MARK))
    return [(float(left), 3.0) for left in lefts]
