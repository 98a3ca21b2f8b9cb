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
    parcel = Parcel()
    status = runs["status"].cat
    versions, deployments = pd.factorize(runs["version_id"]), pd.factorize(runs["deployment_id"])
    errors = pd.factorize(pd.Series(not_read(runs), dtype="str"))
    columns = {
        **{name: parcel.add(_floats(runs[f"{name}_at"])) for name in _MOMENTS},
        "until": parcel.add(known_until(runs, now).astype("<f8").tobytes()),
        "status": parcel.add(_codes(status.codes.to_numpy())),
        "version": parcel.add(_codes(versions[0])),
        "deployment": parcel.add(_codes(deployments[0])),
        "error": parcel.add(_codes(errors[0])),
        "ids": parcel.add(msgspec.json.encode(runs["id"].fillna("").tolist())),
    }
    docs = packed_docs(runs, absent, most) if len(runs) <= rows else None
    page = _blank(kind, uid) | {
        "n": len(runs),
        "now": now,
        "title": f"Run {runs['id'].iloc[0]}" if kind == "run" else counted(len(runs), "run"),
        "statuses": list(status.categories),
        "versions": versions[1].tolist(),
        "deployments": deployments[1].tolist(),
        "errors": errors[1].tolist(),
        "columns": columns,
        "docs": None if docs is None else parcel.add(docs, packed=True),
        "note": completeness(runs) if kind == "runs" else "",
    }
    return page, parcel.buffers


def json_page(text: str, uid: str) -> Message:
    """The page of one JSON text."""
    parcel = Parcel()
    body = parcel.add(text.encode("utf-8", "replace"))
    page = _blank("json", uid) | {"title": "JSON document", "text": body}
    return page, parcel.buffers


def _blank(kind: str, uid: str) -> dict[str, Any]:
    page: dict[str, Any] = {
        "kind": kind,
        "uid": uid,
        "n": 0,
        "now": 0,
        "title": "",
        "columns": {},
        "note": "",
    }
    page |= {"no_previews": "", "screen": None, "head": page_head()}
    return page | {name: [] for name in TABLES} | {"docs": None, "text": None}


def _floats(moments: pd.Series[Any]) -> bytes:
    return milliseconds(moments).astype("<f8").tobytes()


def _codes(codes: NDArray[Any]) -> bytes:
    return np.asarray(codes).astype("<i4").view("<u4").tobytes()
