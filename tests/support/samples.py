"""Records of runs for the tests of the widget, made of a few numbers."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
EXAMPLE = {
    "id": "adrun_1234abcd",
    "deployment_id": "<string>",
    "version_id": "<string>",
    "input": {},
    "created_at": "2023-11-07T05:31:56Z",
    "updated_at": "2023-11-07T05:31:56Z",
    "retain_on_failure": True,
    "retention_seconds": 2,
    "sandbox_id": "<string>",
    "process_id": 123,
    "exit_code": 123,
    "failure_reason": "<string>",
    "output_manifest": {},
    "started_at": "2023-11-07T05:31:56Z",
    "completed_at": "2023-11-07T05:31:56Z",
    "idempotency_key": "<string>",
}
"""The contract's own example: it has neither mode nor status."""

HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e\x1b[31m'


def moment(seconds: float) -> str:
    """A time of the tests' day, as the service writes it."""
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def record(number: int = 0, status: str = "succeeded", **changes: Any) -> dict[str, Any]:
    """A whole record of a run; `changes` replace its fields."""
    at = number * 60.0
    made: dict[str, Any] = {
        "id": f"adrun_{number:08x}",
        "deployment_id": f"agdep_{'reports' if number % 3 else 'reviews'}",
        "version_id": f"agver_{1 + number % 2}",
        "mode": "job",
        "status": status,
        "input": {"quarter": f"2026-Q{1 + number % 4}", "limit": number},
        "created_at": moment(at),
        "updated_at": moment(at + 95),
        "retain_on_failure": None,
        "retention_seconds": None,
        "sandbox_id": f"sbx_{number:06x}",
        "process_id": 4_000 + number,
        "exit_code": 0,
        "failure_reason": None,
        "output_manifest": {
            "outputs": [
                {
                    "name": "report",
                    "path": "out/report.md",
                    "kind": "file",
                    "status": "available",
                    "size_bytes": 18_342,
                },
                {
                    "name": "plot",
                    "path": "out/plot.png",
                    "kind": "file",
                    "status": "available",
                    "size_bytes": 2**60 + 1,
                },
            ],
            "score": 0.5 + number / 1_000,
            "rows": [[1, 2, 3], {"a key with spaces": True}],
        },
        "started_at": moment(at + 7.25),
        "completed_at": moment(at + 95),
        "idempotency_key": None,
    }
    if status == "failed":
        made |= {
            "exit_code": 1,
            "failure_reason": f"Traceback: ValueError in row {number}",
            "output_manifest": {},
        }
    if status in ("queued", "starting", "installing", "running"):
        made |= {"completed_at": None, "exit_code": None}
    if status == "queued":
        made |= {"started_at": None}
    return made | changes


def records(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Records of every status, mostly of runs that went well."""
    draw = random.Random(seed)
    words = ["succeeded"] * 14 + ["failed"] * 2 + ["timed_out", "cancelled"]
    live = ["queued", "starting", "installing", "running"]
    return [
        record(
            number, live[count - 1 - number] if count - number <= 4 < count else draw.choice(words)
        )
        for number in range(count)
    ]


def body(count: int, seed: int = 0) -> bytes:
    """The bytes of an array of records."""
    return json.dumps(records(count, seed)).encode()
