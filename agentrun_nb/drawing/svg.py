"""Still pictures as SVG text; they stand in an `<img>`, on a background that they do not know."""

from __future__ import annotations

import base64
from collections.abc import Container, Sequence
from math import isnan
from typing import Any, NamedTuple

from agentrun_nb.drawing.axis import clock_text
from agentrun_nb.drawing.course import PHASE_NOTES, Phase, Stretch, phase_segments
from agentrun_nb.drawing.html import Markup, el, joined
from agentrun_nb.drawing.status_style import look_of

WIDTH = 720
GREY = "#767676"
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:11px"
_STOPS = ((8, "start"), (300, "middle"), (WIDTH - 8, "end"))
"""Where created, started and completed stand, and how their words are anchored."""


def picture(svg: Markup, alt: str) -> Markup:
    """An `<img>` that holds the drawing itself."""
    data = base64.b64encode(svg.encode()).decode()
    image = el(
        "img", src=f"data:image/svg+xml;base64,{data}", alt=alt, style="max-width:100%;height:auto"
    )
    return Markup(image.removesuffix("</img>"))


def drawing(body: Markup, height: float) -> Markup:
    """The SVG of a drawing `WIDTH` wide."""
    high = f"{height:g}"
    box = f"0 0 {WIDTH} {high}"
    size: dict[str, str | int] = {"viewBox": box, "width": WIDTH, "height": high}
    return el("svg", body, xmlns="http://www.w3.org/2000/svg", style=_FONT, **size)


LEFT_OUT = "left out of the listing"
"""What stands in the place of a field that a listing did not keep."""


def track(
    status: str | None,
    times: tuple[float, float, float],
    stretches: list[Stretch],
    tz: str,
    unread: Container[str] = (),
    left_out: Container[str] = (),
    phases: Sequence[Phase] = (),
) -> Markup:
    """Draws the course of one run.

    Created, started and completed stand on one line, with what lies between them in words. Under
    it is the line of phases, where some are known: thin while the run waits, thick after that,
    hatched where a change lies between two looks.

    Args:
        status: the run's status.
        times: created, started and completed in ms since the epoch; NaN where not recorded.
        stretches: what is known of the time between them, two parts or one.
        tz: the zone in which they are written.
        unread: the fields that are recorded and cannot be read.
        left_out: the fields that a listing left out.
        phases: those of the log, or those that were observed.
    """
    color = look_of(status).either
    begin, middle, last = (x for x, _ in _STOPS)
    ends = (begin, middle, last) if len(stretches) > 1 else (begin, last)
    lines = [
        joined(_line(a, b, color, stretch, pale=b != last), _words(stretch.words, (a + b) / 2))
        for stretch, a, b in zip(stretches, ends, ends[1:], strict=False)
    ]
    names = ("created", "started", "completed")

    def moment(name: str, at: float) -> str:
        if not isnan(at):
            return clock_text(at, tz)
        if name in unread:
            return "not readable"
        return LEFT_OUT if name in left_out else "not recorded"

    moments = [moment(f"{name}_at", at) for name, at in zip(names, times, strict=True)]
    dots = [None if isnan(at) else color for at in times]
    stops = [_stop(*stop) for stop in zip(names, moments, dots, _STOPS, strict=True)]
    if not phases:
        return drawing(joined(*lines, *stops), 78)
    below = _phase_line(phases, color)
    return drawing(joined(*lines, *stops, below), 78 + _PHASES_HIGH)


def _phase_line(phases: Sequence[Phase], color: str) -> Markup:
    """Draws the phases of a run to scale, under its course."""
    segments = phase_segments(phases)
    first = segments[0].start if segments else 0.0
    whole = sum(segment.end - segment.start for segment in segments) or 1.0
    left, right = _STOPS[0][0], _STOPS[-1][0]

    def place(at: float) -> float:
        return left + (right - left) * (at - first) / whole

    bars = [
        el("path", d=f"M{place(start):g} 92H{place(end):g}", stroke=color, **_PHASE_STROKES[kind])
        for kind, start, end in segments
    ]
    words = "; ".join(phase.words for phase in phases)
    note = PHASE_NOTES[phases[0].kind]
    texts = [
        el("text", words, x=left, y=112, fill=GREY, style="font-size:12px"),
        el("text", note, x=left, y=128, fill=GREY),
    ]
    return joined(*bars, *texts)


_PHASES_HIGH = 58
_PHASE_STROKES: dict[str, dict[str, Any]] = {
    "waiting": {"stroke_width": 3},
    "going": {"stroke_width": 10},
    "between": {"stroke_width": 10, "stroke_dasharray": "2 3", "stroke_opacity": 0.7},
}
"""How the stretches of the line of phases are drawn; short dashes of a thick line hatch it."""


class _Stroke(NamedTuple):
    """How a stretch of a run is drawn: its width, its dashes, and whether in the run's colour."""

    width: int
    dashes: str
    colored: bool


_STROKES = {
    "closed": _Stroke(6, "none", True),
    "open": _Stroke(2, "8 5", True),
    "missing": _Stroke(2, "1 5", False),
    "reversed": _Stroke(2, "1 5", False),
}


def _line(x0: float, x1: float, color: str, stretch: Stretch, pale: bool) -> Markup:
    width, dashes, known = _STROKES[stretch.kind]
    left, right = x0 + 6, x1 - 6
    stroke = color if known else GREY
    opacity = 0.4 if pale else 1
    return el(
        "path",
        d=f"M{left:g} 28H{right:g}",
        stroke=stroke,
        stroke_width=width,
        stroke_opacity=opacity,
        stroke_dasharray=dashes,
    )


def _words(words: str, x: float) -> Markup:
    place = f"{x:g}"
    style = "font-size:12px"
    return el("text", words, x=place, y=16, fill=GREY, text_anchor="middle", style=style)


def _stop(name: str, moment: str, dot: str | None, place: tuple[int, str]) -> Markup:
    x, anchor = place
    # A moment that is not known is a ring.
    fill, stroke = (dot, dot) if dot else ("none", GREY)
    bold = "font-weight:600"
    mark = el("circle", cx=x, cy=28, r=6, fill=fill, stroke=stroke, stroke_width=1.5)
    title = el("text", name, x=x, y=52, fill=GREY, text_anchor=anchor, style=bold)
    time = el("text", moment, x=x, y=68, fill=GREY, text_anchor=anchor)
    return joined(mark, title, time)
