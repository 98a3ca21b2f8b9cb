"""The static twin of a view.

It is what a saved notebook tells when no kernel answers, in escaped text and pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agentrun_nb.core.schema import FAILURES, RUNS, TERMINAL
from agentrun_nb.core.text import clip, counted
from agentrun_nb.drawing import svg, svg_timeline
from agentrun_nb.drawing.course import Phase, course
from agentrun_nb.drawing.html import Markup, el, joined
from agentrun_nb.drawing.status_style import look_of, painting_order
from agentrun_nb.tables.brief import in_words
from agentrun_nb.tables.labels import Names
from agentrun_nb.tables.moments import milliseconds
from agentrun_nb.tables.report import completeness
from agentrun_nb.widget.excerpt import excerpt

MOST_BYTES = 40_000

_FRAME = (
    "font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:13px;"
    "line-height:1.5;max-width:68em"
)
_BESIDE = "font-weight:400;font-size:13px"
_QUIET = "opacity:.7"
_HEAD = "font-size:15px;font-weight:600;margin:0 0 4px"
_TITLE = "font-weight:600;margin:10px 0 2px"
_TABLE = "border-collapse:collapse;font-size:12px;margin:4px 0;overflow-wrap:break-word"
_CELL = "text-align:left;padding:2px 14px 2px 0"
_HEADCELL = f"{_CELL};opacity:.7;white-space:nowrap"
_MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px"
_TEXT = (
    f"{_MONO};white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0;background:none;"
    "max-height:30em;overflow:auto"
)


_DOCUMENTS = {"output_manifest": "Output manifest", "input": "Input", "extra": "Unknown fields"}
_LONG = 30
"""A cell with more characters than this asks for width.

So a host with narrow tables does not stack its words.
"""
_OUTPUT_COLUMNS = ("name", "kind", "status", "size_bytes", "path")


class Room(NamedTuple):
    """How much is told: rows of a table, characters of a text, characters of a document."""

    rows: int
    text: int
    document: int


_ROOMS = [
    Room(20, 300, 4_000),
    Room(16, 150, 3_000),
    Room(12, 90, 2_000),
    Room(8, 60, 900),
    Room(3, 24, 300),
    Room(1, 6, 40),
]
"""Tried from the first on until the twin is small enough; the last always is."""
_MOST_ROWS = _ROOMS[0].rows


Story = Callable[[Room], Iterable[Markup | None]]
"""Tells a view's data in a given room, piece by piece."""


def twin(uid: str, code: str, story: Story) -> str:
    """The HTML of a twin, at most `MOST_BYTES` of it whatever the data.

    Args:
        uid: the view's name, hex; the twin is hidden while the live view of that name is on the
            page.
        code: the Python that shows the live view.
        story: what is told.
    """
    for room in _ROOMS:
        body = joined(*story(room))
        html = _framed(uid, clip(code, room.text), body)
        if len(html.encode()) <= MOST_BYTES:
            break
    return html


def _framed(uid: str, code: str, body: Markup) -> Markup:
    live = f"body:has(.arn-live-{uid})"
    name = f"arn-twin-{uid}"
    # Its own output only: an Output widget is an output too, with this one and the live view in it.
    output = f".jp-OutputArea-child:has(>.jp-OutputArea-output>.{name})"
    hide = f"{live} .{name},{live} {output}{{display:none}}"
    style = el("style", Markup(hide))
    words = "A still picture, taken when the cell ran. For the live view run the cell again: "
    code_again = el("code", code, style=_MONO)
    again = el("p", words, code_again, style=f"{_QUIET};margin:8px 0 0")
    # Between two dollar signs a notebook would set a formula; older ones know the second word.
    classes = f"arn-twin {name} mathjax_ignore tex2jax_ignore"
    return el("div", style, body, again, class_=classes, style=_FRAME)


# --- one run --------------------------------------------------------------------------------------


def run_story(
    run: pd.DataFrame,
    doc: dict[str, Any],
    now: float,
    tz: str,
    names: Mapping[str, str] | None = None,
) -> Story:
    """What is told of one run.

    Args:
        run: the RUNS table with that row.
        doc: its RunDoc.
        now: when it was read, in ms since the epoch.
        tz: the zone of the times.
        names: of deployments and versions by their ids.
    """

    def tell(room: Room) -> Iterator[Markup | None]:
        fields = doc["fields"]
        yield _heading(doc, names or {}, room)
        reasons = {"Not fetched": doc["error"], "Failure reason": fields["failure_reason"]}
        for title, text in reasons.items():
            yield text and _titled(title, _pre(clip(text, 4 * room.text)))
        yield _track(run, doc, now, tz)
        yield _field_table(doc, room)
        yield _outputs(doc["outputs"], room)
        for name, title in _DOCUMENTS.items():
            yield _document(title, doc[name], room, is_open=name == "output_manifest")
        if doc["notes"]:
            notes = el("p", clip(doc["notes"], room.text), style="margin:0")
            yield _titled("Notes on the record", notes)

    return tell


def _heading(doc: dict[str, Any], names: Mapping[str, str], room: Room) -> Markup:
    fields, unread = doc["fields"], doc["unread"].get("status")
    status = _status(fields["status"], room)
    if unread is not None:
        status = joined("status ", _unreadable(unread, room))
    if "status" in doc["left_out"]:
        status = joined("status ", svg.LEFT_OUT)
    if doc["not_read"] is not None:
        status = joined("Not read: ", clip(doc["not_read"], room.text))
    labels = {"id": "run", "deployment_id": "deployment", "version_id": "version"}
    called = [
        joined(label, " ", _called(names, fields[key], room), _code(fields[key], room))
        for key, label in labels.items()
        if fields[key] is not None
    ]
    spaced = joined(*(joined(" \u00b7 ", words) for words in called))
    return el("p", status, el("span", spaced, style=_BESIDE), style=_HEAD)


def _called(names: Mapping[str, str], key: str, room: Room) -> str | None:
    """The name of an id with a space behind it; None where it has none."""
    if key not in names:
        return None
    name = clip(names[key], room.text)
    return f"{name} "


def _code(key: str, room: Room) -> Markup:
    return el("code", clip(key, room.text), style=_MONO)


def _status(status: str | None, room: Room) -> Markup:
    look = look_of(status)
    return el("span", clip(look.label, room.text), style=f"color:{look.either};font-weight:600")


def _track(run: pd.DataFrame, doc: dict[str, Any], now: float, tz: str) -> Markup:
    status = doc["fields"]["status"]
    created, started, completed = (
        float(milliseconds(run[name])[0]) for name in ("created_at", "started_at", "completed_at")
    )
    goes_on = status is not None and status not in TERMINAL
    stretches = course(created, started, completed, goes_on, now)
    phases = [Phase.of(row) for row in doc["phases"]]
    words = [stretch.words for stretch in stretches]
    words += [phase.words for phase in phases]
    alt = f"Course of the run: {'; '.join(words)}"
    moments, gaps = (created, started, completed), (doc["unread"], doc["left_out"])
    return svg.picture(svg.track(status, moments, stretches, tz, *gaps, phases), alt)


def _field_table(doc: dict[str, Any], room: Room) -> Markup:
    """All fields in two columns; documents are told below, null and absent are told apart."""
    names = [column.name for column in RUNS.wire]
    cells = []
    for name in names:
        value = el("td", _field(doc, name, room), style=_CELL)
        cells.append(joined(el("th", name, style=_HEADCELL), value))
    half = (len(cells) + 1) // 2
    rows = [el("tr", *pair) for pair in zip(cells[:half], cells[half:], strict=False)]
    summary = el("summary", f"All {len(names)} fields")
    return el("details", summary, el("table", *rows, style=_TABLE), open="")


def _field(doc: dict[str, Any], name: str, room: Room) -> Markup:
    value = doc[name] if name in _DOCUMENTS else doc["fields"][name]
    if name in doc["unread"]:
        return _unreadable(doc["unread"][name], room)
    if value is None:
        if name in doc["left_out"]:
            return el("span", svg.LEFT_OUT, style=_QUIET)
        return el("span", "not in the record" if name in doc["absent"] else "null", style=_QUIET)
    if name in _DOCUMENTS:
        return el("span", f"{counted(len(value), 'character')} of JSON, below", style=_QUIET)
    return joined(clip(_written(value), room.text))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "(empty text)" if value == "" else str(value)


def _outputs(outputs: list[dict[str, Any]], room: Room) -> Markup | None:
    if not outputs:
        return None
    rows = [
        [_output_cell(output, name, room) for name in _OUTPUT_COLUMNS]
        for output in outputs[: room.rows]
    ]
    titles = [name.replace("_", " ") for name in _OUTPUT_COLUMNS]
    rest = _more(len(outputs) - len(rows))
    return _titled(counted(len(outputs), "output"), _table(titles, rows), rest)


def _output_cell(output: dict[str, Any], name: str, room: Room) -> str:
    if name in output["unread"]:
        return _unreadable(output["unread"][name], room)
    value = output[name]
    if value is None:
        return "\u2013"
    return f"{value:,}" if isinstance(value, int) else clip(str(value), room.text)


def _unreadable(text: str, room: Room) -> Markup:
    return joined(el("span", "not readable: ", style=_QUIET), clip(text, room.text))


def _document(title: str, text: str | None, room: Room, is_open: bool) -> Markup | None:
    if text is None:
        return None
    body = _pre(excerpt(text, room.document))
    summary = el("summary", f"{title}, {counted(len(text), 'character')}")
    return el("details", summary, body, **({"open": ""} if is_open else {}))


# --- many runs ------------------------------------------------------------------------------------


class Shown(NamedTuple):
    """Which runs of how many are shown.

    Attributes:
        everything: the RUNS table of all.
        filter_words: what is true of those that are shown; empty where they are all.
        by: what they are grouped by, one of GROUPINGS of `drawing/window.py`; None: as it fits.
        window: the stretch of time of the picture, in ms since the epoch; None: all.
    """

    everything: pd.DataFrame
    filter_words: str = ""
    by: str | None = None
    window: tuple[float, float] | None = None


def runs_story(
    runs: pd.DataFrame,
    now: float,
    tz: str,
    shown: Shown,
    names: Mapping[str, str] | None = None,
) -> Story:
    """Gives what is told of many runs.

    It is how many there are of each status, the timeline, failures and the newest runs.

    Args:
        runs: the RUNS table of those that are shown.
        now: when it was read, in ms since the epoch.
        tz: the zone of the times.
        shown: of how many they are, and how they are grouped.
        names: of deployments and versions by their ids.
    """
    newest = np.argsort(-milliseconds(runs["created_at"]), kind="stable")
    failed = newest[runs["status"].isin(FAILURES).to_numpy()[newest]]
    counts = _counts(runs)
    tables = [newest[:_MOST_ROWS], failed[:_MOST_ROWS]]
    # At once, since what it costs is by the call and not by the run.
    words = _words(runs.iloc[np.concatenate(tables)], tz, names)
    newest_words, failed_words = words.iloc[: len(tables[0])], words.iloc[len(tables[0]) :]
    drawn = svg_timeline.timeline(runs, now, tz, shown.by, names, shown.window)

    def tell(room: Room) -> Iterator[Markup | None]:
        order = painting_order(list(counts))[-room.rows :]
        tallies = [joined(" \u00b7 ", f"{counts[name]:,} ", _status(name, room)) for name in order]
        how_many = clip(_how_many(len(runs), shown), 2 * room.text)
        yield el("p", how_many, el("span", *tallies, style=_BESIDE), style=_HEAD)
        note = _note(shown.everything)
        if note:
            yield el("p", clip(note, 3 * room.text), style=f"{_QUIET};margin:0 0 4px")
        labels = {name: clip(look_of(name).label, room.text) for name in order}
        statuses = ", ".join(f"{counts[name]:,} {label}" for name, label in labels.items())
        if drawn:
            alt = f"Timeline of {counted(len(runs), 'run')}: {statuses}. {drawn.words}"
            yield svg.picture(drawn.svg, clip(alt.removesuffix(". "), 4 * room.text))
        most = max(1, room.rows // 3)
        # Where all failed, the newest runs are these.
        if 0 < len(failed) < len(runs) and len(runs) > room.rows:
            table = _runs_table(failed_words.iloc[:most], room)
            yield _titled("Latest failures", table, _more(len(failed) - most))
        most = room.rows if len(runs) <= room.rows else max(1, room.rows * 3 // 5)
        if len(runs):
            table = _runs_table(newest_words.iloc[:most], room)
            yield _titled("Newest runs", table, _more(len(runs) - most))

    return tell


def _counts(runs: pd.DataFrame) -> dict[str | None, int]:
    """How many runs have each status; None is that of those without one."""
    found = runs["status"].value_counts(dropna=False)
    found = found[found > 0]
    return {None if pd.isna(name) else str(name): count for name, count in found.items()}


def _how_many(count: int, shown: Shown) -> str:
    """How many runs are shown, and which: `62 of 1,000 shown: status failed`."""
    if not shown.filter_words:
        return counted(count, "run")
    return f"{count:,} of {len(shown.everything):,} shown: {shown.filter_words}"


def _note(runs: pd.DataFrame) -> str:
    """What is said of how complete runs are, and of those that have no place in time."""
    is_unplaced = runs["created_at"].isna() & runs["fetch_error"].isna()
    unplaced = int(is_unplaced.sum())
    sentences = [completeness(runs)]
    if unplaced:
        sentences.append(f"{counted(unplaced, 'run')} without a created time that can be read.")
    return " ".join(filter(None, sentences))


def _words(runs: pd.DataFrame, tz: str, names: Names) -> pd.DataFrame:
    """What the table of some runs says, with the status as it was recorded."""
    words = in_words(runs, tz, names)
    statuses = runs["status"].astype("object")
    has_status = runs["status"].notna()
    return words.astype("object").assign(status=statuses.where(has_status, None))


def _runs_table(words: pd.DataFrame, room: Room) -> Markup:
    has_value = words.notna() & words.ne("")
    texts = words.loc[:, has_value.any()].drop(columns="status", errors="ignore")
    rows = []
    for status, (_, row) in zip(words["status"], texts.iterrows(), strict=True):
        cells = [_shown(value, room) for value in row]
        rows.append([_status(status, room), *cells])
    titles = [name.removesuffix("_id").replace("_", " ") for name in texts.columns]
    return _table(["status", *titles], rows)


def _shown(value: Any, room: Room) -> str:
    if pd.isna(value):
        return "\u2013"
    text = clip(str(value), max(6, room.text // 3))
    if len(text) <= _LONG:
        return text
    return el("div", text, style="min-width:20em")


# --- pieces ---------------------------------------------------------------------------------------


def json_story(text: str) -> Story:
    """What is told of one JSON text."""

    def tell(room: Room) -> Iterator[Markup | None]:
        larger = room._replace(document=4 * room.document)
        yield _document("JSON document", text, larger, is_open=True)

    return tell


def _pre(text: str) -> Markup:
    return el("pre", text, style=_TEXT, tabindex=0)


def _titled(title: str, *body: Markup | None) -> Markup:
    return joined(el("p", title, style=_TITLE), *body)


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    head = el("tr", *(el("th", title, style=_HEADCELL) for title in titles))
    body = [el("tr", *(el("td", cell, style=_CELL) for cell in row)) for row in rows]
    table = el("table", el("thead", head), el("tbody", *body), style=_TABLE)
    return el("div", table, style="overflow-x:auto")


def _more(hidden: int) -> Markup | None:
    if hidden <= 0:
        return None
    return el("p", f"and {hidden:,} more", style=f"{_QUIET};margin:0")
