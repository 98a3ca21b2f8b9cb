"""What a kernel would hand to the page, made by hand: the protocol's Page and RunDoc for the stub page."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrun_nb.widget.head import page_head

FIELDS = [
    "id",
    "deployment_id",
    "version_id",
    "mode",
    "status",
    "created_at",
    "updated_at",
    "retain_on_failure",
    "retention_seconds",
    "sandbox_id",
    "process_id",
    "exit_code",
    "failure_reason",
    "started_at",
    "completed_at",
    "idempotency_key",
]
NONE = 0xFFFFFFFF
NOW = 1_700_000_000_000.0

CREATED = "2023-11-14T22:12:30.5Z"
STARTED = "2023-11-14T22:12:32.6Z"
COMPLETED = "2023-11-14T22:13:13.9Z"


def run_doc(row: int = 0, **changes: Any) -> dict[str, Any]:
    """A RunDoc; fields not named are null, and `absent`, `outputs` and the like may be given too."""
    own = {key: changes.pop(key) for key in list(changes) if key not in FIELDS}
    fields = {name: changes.get(name) for name in FIELDS}
    doc = {
        "row": row,
        "fields": fields,
        "fetched": "2023-11-14T22:13:20Z",
        "absent": [],
        "left_out": [],
        "unread": {},
        "input": None,
        "output_manifest": None,
        "outputs": [],
        "extra": None,
        "phases": [],
    }
    return {**doc, "notes": None, "error": None, "not_read": None, **own}


def example_run() -> dict[str, Any]:
    """The contract's own example body, which lacks `mode` and `status`."""
    moment = "2023-11-07T05:31:56Z"
    return run_doc(
        id="adrun_1234abcd",
        deployment_id="<string>",
        version_id="<string>",
        created_at=moment,
        updated_at=moment,
        started_at=moment,
        completed_at=moment,
        retain_on_failure=True,
        retention_seconds=2,
        sandbox_id="<string>",
        process_id=123,
        exit_code=123,
        failure_reason="<string>",
        idempotency_key="<string>",
        input="{}",
        output_manifest="{}",
        absent=["mode", "status"],
        notes="mode: missing: ; status: missing: ",
    )


def finished_run(**changes: Any) -> dict[str, Any]:
    """A run that succeeded and left three outputs."""
    outputs: list[dict[str, Any]] = [
        {
            "name": "report",
            "path": "out/report.md",
            "configured_path": "report.md",
            "kind": "file",
            "status": "available",
            "size_bytes": 48213,
        },
        {
            "name": "plot",
            "path": "out/plot.png",
            "configured_path": None,
            "kind": "file",
            "status": "available",
            "size_bytes": 1_310_720,
        },
        {
            "name": "notes",
            "path": "out/notes.txt",
            "configured_path": None,
            "kind": "file",
            "status": "missing",
            "size_bytes": None,
        },
    ]
    manifest = {
        "outputs": [
            {key: value for key, value in output.items() if value is not None} for output in outputs
        ],
        "summary": {
            "rows": 10_412,
            "columns": 9,
            "warnings": [],
            "mean price": 1.25,
            "exact": True,
            "reviewed_by": None,
        },
        "steps": [
            {"name": f"step {n}", "seconds": n / 4, "messages": ["read", "checked"]}
            for n in range(12)
        ],
    }
    known: dict[str, Any] = {
        "id": "adrun_7f3a9c21",
        "deployment_id": "adep_csv_report",
        "version_id": "adver_0002",
        "mode": "job",
        "status": "succeeded",
        "exit_code": 0,
        "created_at": CREATED,
        "started_at": STARTED,
        "completed_at": COMPLETED,
        "updated_at": COMPLETED,
        "sandbox_id": "sbx_51c0",
        "process_id": 4182,
        "input": '{"path": "data/sales.csv", "limit": 9007199254740993}',
        "output_manifest": json.dumps(manifest),
        "outputs": outputs,
    }
    return run_doc(**{**known, **changes})


def failed_run(**changes: Any) -> dict[str, Any]:
    """A run that failed with a traceback and keeps its sandbox."""
    trace = 'Traceback (most recent call last):\n  File "agent.py", line 31, in main\n    rows = read(path)\n'
    reason = f"{trace}FileNotFoundError: data/sales.csv"
    known: dict[str, Any] = {
        "id": "adrun_0be1d004",
        "status": "failed",
        "exit_code": 1,
        "failure_reason": reason,
        "retain_on_failure": True,
        "retention_seconds": None,
        "completed_at": "2023-11-14T22:12:34.1Z",
        "updated_at": "2023-11-14T22:12:34.1Z",
        "output_manifest": None,
        "absent": ["output_manifest"],
        "outputs": [],
    }
    return finished_run(**{**known, **changes})


def log_events() -> list[dict[str, Any]]:
    """The log of `failed_run`: the steps of the service, lines of output, and a traceback a line an event."""

    def event(second: float, level: str, kind: str, source: str, message: str, **metadata: Any):
        return {
            "created_at": f"2023-11-14T22:12:{second:06.3f}Z",
            "level": level,
            "event_type": kind,
            "source": source,
            "message": message,
            "metadata": json.dumps(metadata),
        }

    trace = [
        "Traceback (most recent call last):",
        '  File "agent.py", line 31, in main',
        "    rows = read(path)",
        "KeyError: 'sales'",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        '  File "agent.py", line 33, in main',
        "    raise FileNotFoundError(path)",
        "FileNotFoundError: data/sales.csv",
    ]
    return [
        event(30.6, "info", "run_queued", "service", "waits for one of 2 workers"),
        event(31.0, "info", "run_installing", "service", "pip install -r requirements.txt"),
        event(32.6, "info", "run_running", "service", "python agent.py"),
        *(event(32.7 + n / 10, "info", "output", "stdout", f"read page {n}") for n in range(8)),
        event(33.6, "warn", "output", "stderr", "the cache is cold"),
        *(event(33.7, "error", "output", "stderr", line) for line in trace),
        event(
            34.0,
            "error",
            "run_failed",
            "service",
            failed_run()["fields"]["failure_reason"],
            exit_code=1,
        ),
    ]


def live_run(**changes: Any) -> dict[str, Any]:
    """A run that goes on: started 47.4 s before it was read."""
    known: dict[str, Any] = {
        "id": "adrun_live",
        "status": "running",
        "exit_code": None,
        "completed_at": None,
        "updated_at": STARTED,
        "output_manifest": None,
        "outputs": [],
    }
    return finished_run(**{**known, "absent": ["output_manifest"], **changes})


@dataclass
class Scenario:
    """One page with its buffers, as the stub model answers it."""

    page: dict[str, Any]
    buffers: list[bytes] = field(default_factory=list)
    docs: list[dict[str, Any]] = field(default_factory=list)
    at_once: bool = False
    files: list[bytes | None] = field(default_factory=list)
    comparison: dict[str, Any] | None = None
    logs: dict[str, Any] | str | None = None
    shown: list[int] | str | None = None
    last_success: dict[str, Any] | str | None = None
    groups: dict[str, Any] | None = None
    traits: dict[str, Any] = field(default_factory=dict)
    silent: bool = False
    no_later: str = ""
    has_kernel: bool = False

    def add(self, data: bytes, is_gzipped: bool = False) -> dict[str, Any]:
        """Keep a buffer and return the reference to it."""
        self.buffers.append(gzip.compress(data, 1) if is_gzipped else data)
        return {"buffer": len(self.buffers) - 1, "gzip": is_gzipped}

    def to_json(self) -> bytes:
        """The scenario as the stub page fetches it."""
        is_gzipped = [base64.b64encode(buffer).decode() for buffer in self.buffers]
        files = [None if file is None else base64.b64encode(file).decode() for file in self.files]
        known = {**vars(self), "buffers": is_gzipped, "files": files}
        return json.dumps(known).encode()


def blank_page(kind: str, **changes: Any) -> dict[str, Any]:
    """A Page without data."""
    known: dict[str, Any] = {
        "kind": kind,
        "uid": "0a1b2c",
        "n": 0,
        "now": NOW,
        "read_at": NOW,
        "title": "",
        "statuses": [],
        "versions": [],
        "deployments": [],
        "modes": [],
        "reasons": [],
        "errors": [],
        "reasons_clipped": False,
        "groups": None,
        "last_success": None,
        "last_success_cut": False,
        "names": {},
        "no_previews": "",
        "screen": None,
        "head": page_head(),
    }
    known |= {"columns": {}, "docs": None, "text": None}
    return {**known, "note": "", "complete": None, "verdict": "", **changes}


def one_run(
    doc: dict[str, Any], *, logs: dict[str, Any] | str | None = None, **traits: Any
) -> Scenario:
    """A page of kind "run"; `logs` are its events, or the sentence of a refusal."""
    scenario = Scenario(blank_page("run", n=1), traits=traits, logs=logs)
    scenario.page["docs"] = scenario.add(json.dumps([doc]).encode(), is_gzipped=True)
    return scenario


def one_document(text: str, **traits: Any) -> Scenario:
    """A page of kind "json"."""
    scenario = Scenario(blank_page("json"), traits=traits)
    scenario.page["text"] = scenario.add(
        text.encode("utf-8", "surrogatepass"), is_gzipped=len(text) > 100_000
    )
    return scenario


def many_runs(docs: Sequence[dict[str, Any]], *, held: bool = True, **traits: Any) -> Scenario:
    """A page of kind "runs"; `held` sends the documents with it, otherwise they are asked for."""
    docs = [{**doc, "row": row} for row, doc in enumerate(docs)]
    scenario = Scenario(
        blank_page("runs", n=len(docs), complete=True, verdict="complete"),
        docs=docs,
        traits=traits,
    )
    columns: dict[str, Any] = {
        name: scenario.add(_moments(docs, f"{name}_at"))
        for name in ("created", "started", "completed")
    }
    columns["until"] = scenario.add(struct.pack(f"<{len(docs)}d", *[NOW] * len(docs)))
    for name, key, table in (
        ("status", "status", "statuses"),
        ("version", "version_id", "versions"),
        ("deployment", "deployment_id", "deployments"),
        ("mode", "mode", "modes"),
        ("reason", "failure_reason", "reasons"),
    ):
        values = [doc["fields"][key] for doc in docs]
        scenario.page[table] = sorted({value for value in values if value is not None})
        codes = [NONE if value is None else scenario.page[table].index(value) for value in values]
        columns[name] = scenario.add(struct.pack(f"<{len(codes)}I", *codes))
    scenario.page["errors"] = [*dict.fromkeys(doc["not_read"] for doc in docs if doc["not_read"])]
    errors = [
        scenario.page["errors"].index(doc["not_read"]) if doc["not_read"] else NONE for doc in docs
    ]
    columns["error"] = scenario.add(struct.pack(f"<{len(errors)}I", *errors))
    exits = [doc["fields"]["exit_code"] for doc in docs]
    numbers = [float("nan") if code is None else float(code) for code in exits]
    columns["exit"] = scenario.add(struct.pack(f"<{len(docs)}d", *numbers))
    columns["ids"] = scenario.add(json.dumps([doc["fields"]["id"] for doc in docs]).encode())
    scenario.page["columns"] = columns
    if held:
        scenario.page["docs"] = scenario.add(json.dumps(docs).encode(), is_gzipped=True)
    return scenario


def _moments(docs: Sequence[dict[str, Any]], name: str) -> bytes:
    from datetime import datetime

    def milliseconds(text: str | None) -> float:
        return float("nan") if text is None else datetime.fromisoformat(text).timestamp() * 1000

    return struct.pack(f"<{len(docs)}d", *(milliseconds(doc["fields"][name]) for doc in docs))
