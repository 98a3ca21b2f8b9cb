"""Replies and records written by hand, byte for byte."""

from __future__ import annotations

import json

DEP = "dep_1"
KEY = "sk-hush+0123456789/abcdef=="


def record(run_id: str = "run_1", **fields: object) -> dict[str, object]:
    """A finished run; `fields` replace or add."""
    return {
        "id": run_id,
        "deployment_id": DEP,
        "version_id": "ver_1",
        "mode": "job",
        "status": "succeeded",
        "input": {},
        "created_at": "2026-11-07T10:00:00Z",
        "updated_at": "2026-11-07T10:05:00Z",
        "started_at": "2026-11-07T10:01:00Z",
        "completed_at": "2026-11-07T10:05:00Z",
    } | fields


def text_record(**texts: str) -> bytes:
    """A run some values of which are JSON texts, to the letter, however odd."""
    plain = {name: json.dumps(value) for name, value in record().items()} | texts
    return ("{" + ",".join(f'"{name}":{text}' for name, text in plain.items()) + "}").encode(
        "utf-8", "surrogatepass"
    )


def http(body: bytes | object = b"", status: str = "200 OK", *headers: str) -> bytes:
    """A whole reply with its length."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    plain = (
        []
        if any(header.lower().startswith("content-type") for header in headers)
        else ["Content-Type: application/json"]
    )
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *plain, *headers, "", ""]
    return "\r\n".join(head).encode("latin-1") + content


def refusal(status: str, *headers: str, **error: object) -> bytes:
    """An error reply in the service's own shape."""
    return http(
        {"error": {"code": "some_code", "message": "what happened", "request_id": "req_7"} | error},
        status,
        *headers,
    )


RUN = http(record())
"""The run that most cases ask for."""


def page(*records: object, **envelope: object) -> bytes:
    """A page of a listing."""
    return http({"items": list(records), "next_cursor": None} | envelope)
