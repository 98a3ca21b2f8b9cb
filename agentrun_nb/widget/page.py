"""The page that a view opens with.

It holds what the view is about, columns as bytes, and the documents while they are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentrun_nb.core.text import counted
from agentrun_nb.tables.moments import known_until, milliseconds
from agentrun_nb.tables.report import completeness
from agentrun_nb.widget.head import page_head
from agentrun_nb.widget.protocol import TABLES, Parcel
from agentrun_nb.widget.run_docs import not_read, packed_docs

DOCS_WITH_THE_PAGE = 2 * 2**20
"""Documents go with the page while they are no more bytes than this together, gzipped."""

ROWS_WITH_THE_PAGE = 2_000
"""And while they are of no more runs than this, so that opening a page stays quick."""

_MOMENTS = ("created", "started", "completed")

Message = tuple[dict[str, Any], list[bytes]]
"""Plain JSON and the buffers that it refers to."""


def runs_page(
    runs: pd.DataFrame,
    uid: str,
    now: float,
    *,
    kind: str = "runs",
    absent: Sequence[str] = (),
    most: float = DOCS_WITH_THE_PAGE,
    rows: float = ROWS_WITH_THE_PAGE,
) -> Message:
    """The page of a RUNS table.

    Args:
        runs: the table.
        uid: the view's own name, hex.
        now: in ms since the epoch, when a record was read that does not say it itself.
        kind: `runs`, or `run` for a table of one.
        absent: the fields that the record of one run does not have.
        most: the most bytes of documents that go with it.
        rows: the most runs whose documents go with it.
    """
    page = _blank(kind, uid)
    page["n"] = len(runs)
    page["now"] = now
    page["title"] = counted(len(runs), "run")
    page["note"] = completeness(runs)
    if kind == "run":
        page["title"] = f"Run {runs['id'].iloc[0]}"
        page["note"] = ""
    parcel = Parcel()
    page["columns"] = _moments(runs, now, parcel)
    status = runs["status"].cat
    page["statuses"] = list(status.categories)
    page["columns"]["status"] = parcel.add(_codes(status.codes.to_numpy()))
    # A text that many runs have goes once, and each run has its place in the list.
    groups = {
        "version": runs["version_id"],
        "deployment": runs["deployment_id"],
        "error": pd.Series(not_read(runs), dtype="str"),
    }
    for name, texts in groups.items():
        codes, distinct = pd.factorize(texts)
        page["columns"][name] = parcel.add(_codes(codes))
        page[f"{name}s"] = distinct.tolist()
    ids = runs["id"].fillna("").tolist()
    page["columns"]["ids"] = parcel.add(msgspec.json.encode(ids))
    docs = packed_docs(runs, absent, most) if len(runs) <= rows else None
    if docs is not None:
        page["docs"] = parcel.add(docs, packed=True)
    return page, parcel.buffers


def _moments(runs: pd.DataFrame, now: float, parcel: Parcel) -> dict[str, Any]:
    """Adds the timestamps of runs, and until when each is known, in ms since the epoch."""
    columns = {name: parcel.add(_floats(runs[f"{name}_at"])) for name in _MOMENTS}
    until = known_until(runs, now).astype("<f8")
    columns["until"] = parcel.add(until.tobytes())
    return columns


def json_page(text: str, uid: str) -> Message:
    """The page of one JSON text."""
    parcel = Parcel()
    body = parcel.add(text.encode("utf-8", "replace"))
    page = _blank("json", uid) | {"title": "JSON document", "text": body}
    return page, parcel.buffers


def _blank(kind: str, uid: str) -> dict[str, Any]:
    page: dict[str, Any] = {name: [] for name in TABLES}
    page |= {"kind": kind, "uid": uid, "head": page_head()}
    page |= {"n": 0, "now": 0, "title": "", "columns": {}, "note": ""}
    page |= {"no_previews": "", "screen": None, "docs": None, "text": None}
    return page


def _floats(moments: pd.Series[Any]) -> bytes:
    return milliseconds(moments).astype("<f8").tobytes()


def _codes(codes: NDArray[Any]) -> bytes:
    return np.asarray(codes).astype("<i4").view("<u4").tobytes()
