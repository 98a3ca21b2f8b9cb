"""Makes the documents that a page shows of its runs, one RunDoc each."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from agentrun_nb.core import jsontext, times
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.core.schema import OUTPUTS, RUNS, Kind
from agentrun_nb.documents.outputs import outputs
from agentrun_nb.run import Run
from agentrun_nb.tables.report import left_out
from agentrun_nb.widget.preview import obstacles
from agentrun_nb.widget.run_phases import Key, Phase, phases_of

NOT_READ = {
    "not_found": "no such run",
    "forbidden": "not allowed",
    "rate_limited": "too many requests",
    "server": "the service failed",
    "connection": "no connection",
    "deadline": "no answer in time",
    "too_large": "too large",
    "bad_response": "the answer is no run",
    "bad_id": "this is no id",
    "not_asked": "not asked for",
}
"""The codes of `fetch_error` in a few words."""

EXACT = 2**53
"""The page's numbers are exact up to here; larger integers go as text."""

FIELDS = tuple(column for column in RUNS.wire if column.kind != "json")
OUTPUT_CELLS = tuple(
    c for c in OUTPUTS.columns if c.name not in ("deployment_id", "run_id", "position")
)
_CHUNK = 500
_NOTE = re.compile(r'([^:;]+): \w+(?:: ("(?:[^"\\]|\\.){0,198}"|".{199}|.*?))?(?:; |$)', re.DOTALL)
"""A note: the column, the code, and the original text.

The original text may itself read like notes where it is a string.
"""


def run_docs(
    runs: pd.DataFrame,
    first: int = 0,
    absent: Sequence[str] = (),
    phases_by_run: Mapping[Key, list[Phase]] | None = None,
) -> list[dict[str, Any]]:
    """The documents of a RUNS table.

    Args:
        runs: the rows.
        first: the number that the page knows the first of them by.
        absent: the names of fields that the records are known not to have.
        phases_by_run: what `phases_of` gives for them; None: none are told.
    """
    names = [column.name for column in FIELDS]
    fields = [_plain(column.kind, runs[column.name]) for column in FIELDS]
    columns = {
        "input": _plain("text", runs["input"]),
        "output_manifest": _plain("text", runs["output_manifest"]),
        "extra": _plain("text", runs["extra"]),
        "notes": _plain("text", runs["parse_notes"]),
        "error": _plain("text", runs["fetch_error"]),
        "fetched": _plain("time", runs["fetched_at"]),
        "not_read": _plain("text", pd.Series(not_read(runs))),
    }
    outputs_of = _outputs_by_row(runs)
    keys = zip(runs["deployment_id"], runs["id"], strict=True)
    phases = [(phases_by_run or {}).get(key, []) for key in keys]
    without = list(left_out(runs))
    docs = []
    for place, cells in enumerate(zip(*fields, strict=True)):
        doc: dict[str, Any] = {name: column[place] for name, column in columns.items()}
        doc["row"] = first + place
        doc["fields"] = dict(zip(names, cells, strict=True))
        doc["outputs"] = outputs_of.get(str(place), [])
        doc["phases"] = phases[place]
        doc["unread"] = _unread(doc["fields"], doc["notes"])
        doc["absent"] = list(absent)
        doc["left_out"] = without
        docs.append(doc)
    return docs


def not_read(runs: pd.DataFrame) -> pd.Categorical:
    """Why runs were not read, in a few words; missing for each run of which there is a record."""
    # A row that was read before and could not be read again has its status still.
    is_error = (runs["fetch_error"].notna() & runs["status"].isna()).to_numpy()
    words = [_in_few_words(error) for error in runs["fetch_error"][is_error]]
    codes = np.full(len(runs), -1)
    codes[is_error], distinct = pd.factorize(np.array(words, dtype="object"))
    return pd.Categorical.from_codes(codes, distinct)


def _in_few_words(fetch_error: str) -> str:
    code, _, _ = fetch_error.partition(":")
    return NOT_READ.get(code, code)


def absent_fields(run: Run) -> list[str]:
    """The fields that a run's own record does not have at all."""
    present = {member.key for member in jsontext.members(run.raw.removeprefix(b"\xef\xbb\xbf"))}
    return [column.name for column in RUNS.wire if column.name not in present]


def _plain(kind: Kind, cells: pd.Series[Any]) -> list[Any]:
    """Cells as JSON can hold them: None for NA, canonical text for times."""
    if kind == "time":
        moments = cells.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
        return [None if np.isnat(m) else times.iso(int(m.astype("int64"))) for m in moments]
    missing = cells.isna().tolist()
    objects = cells.astype("object").tolist()
    values = [None if is_na else value for value, is_na in zip(objects, missing, strict=True)]
    if kind == "int":
        return [value if value is None or abs(value) <= EXACT else str(value) for value in values]
    return values


def _unread(cells: Mapping[str, Any], notes: str | None) -> dict[str, str]:
    """Gives the original texts of what stands in the record and could not be read.

    The texts are as the notes have them.
    """
    unread = {}
    for name, text in _NOTE.findall(notes or ""):
        is_field = name in cells
        if is_field and cells[name] is None and text not in ("", "null"):
            unread[name] = text
    return unread


def _outputs_by_row(runs: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Gives rows of the OUTPUTS table by the place of their run.

    The place stands in for the run's id, since ids may repeat.
    """
    places = pd.Series([str(place) for place in range(len(runs))], index=runs.index, dtype=TEXT)
    found = outputs(runs.assign(id=places))
    cells = [_plain(column.kind, found[column.name]) for column in OUTPUT_CELLS]
    names = [column.name for column in OUTPUT_CELLS]
    grouped: dict[str, list[dict[str, Any]]] = {}
    for place, *row in zip(found["run_id"], *cells, strict=True):
        output = dict(zip(names, row, strict=True))
        output["unread"] = _unread(output, output["parse_notes"])
        grouped.setdefault(place, []).append(output)
    for siblings in grouped.values():
        for output, reason in zip(siblings, obstacles(siblings), strict=True):
            output["no_preview"] = reason
    return grouped


def packed_docs(
    runs: pd.DataFrame, absent: Sequence[str] = (), most: float = float("inf")
) -> bytes | None:
    """All documents as one gzipped JSON array, or None when that is more than `most` bytes."""
    # wbits=31 is the format of gzip.
    packer = zlib.compressobj(1, wbits=31)
    phases_by_run = phases_of(runs)
    packed = bytearray()
    for piece in _pieces(runs, absent, phases_by_run):
        packed += packer.compress(piece)
        if len(packed) > most:
            return None
    packed += packer.flush()
    return bytes(packed) if len(packed) <= most else None


def packed_doc(doc: dict[str, Any]) -> bytes:
    """One document as `packed_docs` gives them."""
    return zlib.compress(b"[%s]" % msgspec.json.encode(doc), 1, wbits=31)


def _pieces(
    runs: pd.DataFrame, absent: Sequence[str], phases_by_run: Mapping[Key, list[Phase]]
) -> Iterator[bytes]:
    yield b"["
    for first in range(0, len(runs), _CHUNK):
        docs = run_docs(runs.iloc[first : first + _CHUNK], first, absent, phases_by_run)
        yield (b"," if first else b"") + msgspec.json.encode(docs)[1:-1]
    yield b"]"
