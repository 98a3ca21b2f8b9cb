"""Makes the page that a view opens with: what the view is about, and columns as bytes.

Documents follow when the page asks for them. A page of one run or of a file holds its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from agentrun_nb.core.text import clip, counted
from agentrun_nb.tables.moments import known_until, milliseconds
from agentrun_nb.tables.report import completeness, verdict, without_attrs
from agentrun_nb.widget.head import page_head
from agentrun_nb.widget.protocol import PART_KEYS, TABLES, Parcel
from agentrun_nb.widget.run_docs import not_read, packed_docs

DOCS_AT_ONCE = 2 * 2**20
"""Documents go to the page at once while they are no more bytes than this together, gzipped."""

ROWS_AT_ONCE = 2_000
"""And while they are of no more runs than this, so that the answer stays quick."""

REASONS_WHOLE = 2**20
"""Failure reasons go whole while the distinct ones are no more characters than this together."""

_CLIPPED_REASON = 300
"""How long a clipped reason is at most."""
_REASONS_CLIPPED = 4 * 2**20
"""How long all clipped reasons may be together."""

_SHORTEST_REASON = 40
_LONGEST_NAME = 200

_MOMENTS = ("created", "started", "completed")

Message = tuple[dict[str, Any], list[bytes]]
"""Plain JSON and the buffers that it refers to."""


def runs_page(
    runs: pd.DataFrame,
    uid: str,
    now: float,
    *,
    kind: str = "runs",
    docs: bytes | None = None,
    names: Mapping[str, str] | None = None,
    parcel: Parcel | None = None,
) -> Message:
    """The page of a RUNS table.

    Args:
        runs: the table.
        uid: the view's own name, hex.
        now: in ms since the epoch, when a record was read that does not say it itself.
        kind: `runs`, or `run` for a table of one.
        docs: the documents that go with it, as `packed_docs` gives them.
        names: of deployments and versions by their ids; the page gets those of its runs.
        parcel: what the columns go with; None: they go alone.
    """
    page = _blank(kind, uid)
    page["n"] = len(runs)
    page["now"] = now
    page["read_at"] = _read_at(runs)
    page["title"] = counted(len(runs), "run")
    if kind == "run":
        page["title"] = f"Run {runs['id'].iloc[0]}"
    else:
        page["note"] = completeness(runs)
        page["complete"], page["verdict"] = verdict(runs)
    parcel = Parcel() if parcel is None else parcel
    page["columns"] = _moments(runs, now, parcel)
    status = runs["status"].cat
    page["statuses"] = list(status.categories)
    page["columns"]["status"] = parcel.add_codes(status.codes.to_numpy())
    # A text that many runs have goes once, and each run has its place in the list.
    groups = {
        "version": runs["version_id"],
        "deployment": runs["deployment_id"],
        "mode": runs["mode"],
        "reason": runs["failure_reason"],
        "error": not_read(runs),
    }
    for name, texts in groups.items():
        codes, distinct = pd.factorize(texts)
        page["columns"][name] = parcel.add_codes(codes)
        page[f"{name}s"] = distinct.tolist()
    page["reasons"], page["reasons_clipped"] = bounded_reasons(page["reasons"])
    exits = runs["exit_code"].to_numpy("<f8", na_value=np.nan)
    page["columns"]["exit"] = parcel.add_floats(exits)
    ids = runs["id"].fillna("").tolist()
    page["columns"]["ids"] = parcel.add(msgspec.json.encode(ids))
    page["names"] = page_names(runs, names or {})
    if docs is not None:
        page["docs"] = parcel.add(docs, is_gzipped=True)
    return page, parcel.packed()


def runs_part(
    runs: pd.DataFrame, now: float, names: Mapping[str, str], parcel: Parcel
) -> dict[str, Any]:
    """Some rows for a page that has the others: their columns, and the lists they refer to."""
    page, _ = runs_page(runs, "", now, names=names, parcel=parcel)
    return {name: page[name] for name in PART_KEYS}


def bounded_reasons(reasons: Sequence[str]) -> tuple[list[str], bool]:
    """Failure reasons as the page gets them, and whether any of them may be clipped."""
    if sum(map(len, reasons)) <= REASONS_WHOLE:
        return list(reasons), False
    fair = _REASONS_CLIPPED // len(reasons)
    most = min(_CLIPPED_REASON, max(_SHORTEST_REASON, fair))
    return [clip(reason, most) for reason in reasons], True


def page_names(runs: pd.DataFrame, names: Mapping[str, str]) -> dict[str, str]:
    """The names of the deployments and versions that these runs have."""
    columns = [without_attrs(runs[name]) for name in ("deployment_id", "version_id")]
    ids = pd.concat(columns).dropna().unique()
    known = [key for key in ids if key in names]
    return {key: names[key][:_LONGEST_NAME] for key in known}


def small_docs(runs: pd.DataFrame) -> bytes | None:
    """All documents of runs, gzipped; None where they are too many to go at once."""
    return packed_docs(runs, most=DOCS_AT_ONCE) if len(runs) <= ROWS_AT_ONCE else None


def _moments(runs: pd.DataFrame, now: float, parcel: Parcel) -> dict[str, Any]:
    """Adds the timestamps of runs, and until when each is known, in ms since the epoch."""
    columns = {name: parcel.add_floats(milliseconds(runs[f"{name}_at"])) for name in _MOMENTS}
    columns["until"] = parcel.add_floats(known_until(runs, now))
    return columns


def _read_at(runs: pd.DataFrame) -> float | None:
    """When the newest record was fetched, in ms since the epoch; None where nobody knows of any."""
    fetched = milliseconds(runs["fetched_at"])
    known = fetched[~np.isnan(fetched)]
    return float(known.max()) if len(known) else None


def json_page(text: str, uid: str) -> Message:
    """The page of one JSON text."""
    parcel = Parcel()
    body = parcel.add(text.encode("utf-8", "replace"))
    page = _blank("json", uid) | {"title": "JSON document", "text": body}
    return page, parcel.packed()


def _blank(kind: str, uid: str) -> dict[str, Any]:
    page: dict[str, Any] = {name: [] for name in TABLES}
    page |= {"kind": kind, "uid": uid, "head": page_head()}
    page |= {"n": 0, "now": 0, "read_at": None, "title": "", "columns": {}, "note": ""}
    page |= {"complete": None, "verdict": ""}
    page |= {"reasons_clipped": False, "names": {}}
    page |= {"groups": None, "last_success": None, "last_success_cut": False}
    page |= {"no_previews": "", "screen": None, "docs": None, "text": None, "version": 0}
    return page
