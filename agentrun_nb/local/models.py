"""The documents that the service sends and receives, as msgspec structs."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

# The service's own list, which shares nothing with `core/schema.py` on purpose: it is the other
# side of the wire, and the client has to hold against a service that knows other statuses.
TERMINAL = frozenset({"succeeded", "failed", "cancelled", "timed_out"})
STATUSES = (
    "queued",
    "starting",
    "installing",
    "running",
    "succeeded",
    "failed",
    "cancelled",
    "timed_out",
)


def now() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """A random id such as `adrun_5f0c2e9a71d3`."""
    return f"{prefix}_{secrets.token_hex(6)}"


def encode(document: object) -> bytes:
    """Encodes a document as compact JSON; members that are `Raw` stay unchanged."""
    return msgspec.json.encode(document)


class Deployment(Struct):
    """One agent deployment as the service answers it."""

    id: str
    name: str
    description: str | None
    active_version_id: str | None
    created_at: datetime
    updated_at: datetime
    mode: str = "job"
    status: str = "active"
    metadata: dict[str, Any] = {}
    deleted_at: datetime | None = None


class Version(Struct):
    """One version of a deployment as the service answers it."""

    id: str
    deployment_id: str
    version_number: int
    bundle_digest: str
    config: dict[str, Any]
    install_command: str | None
    entrypoint_command: str
    resource_config: dict[str, Any]
    debug_config: dict[str, Any]
    created_at: datetime
    ready_at: datetime | None
    bundle_manifest: dict[str, Any] = {}
    template: str = "python"
    workdir: str = "/workspace"
    service_port: int | None = None
    readiness_config: dict[str, Any] | None = None
    env_spec: dict[str, Any] = {}
    status: str = "ready"
    cache_policy: str = "auto"
    cache_summary: dict[str, Any] | None = None
    build_summary: dict[str, Any] | None = None
    failure_reason: str | None = None


class RunDocument(Struct):
    """One run as the service answers it; `input` and `output_manifest` are sent unchanged."""

    id: str
    deployment_id: str
    version_id: str
    status: str
    input: Raw
    created_at: datetime
    updated_at: datetime
    mode: str = "job"
    retain_on_failure: bool | None = None
    retention_seconds: int | None = None
    sandbox_id: str | None = None
    process_id: int | None = None
    exit_code: int | None = None
    failure_reason: str | None = None
    output_manifest: Raw | UnsetType = UNSET
    started_at: datetime | None = None
    completed_at: datetime | None = None
    idempotency_key: str | None = None


class LogEvent(Struct):
    """One line of a run's log."""

    id: str
    deployment_id: str
    version_id: str
    run_id: str
    source: str
    level: str
    event_type: str
    message: str
    metadata: dict[str, Any]
    created_at: datetime
    sandbox_id: str | None = None
    process_id: int | None = None
    service_instance_id: str | None = None


class NewRun(Struct):
    """The body of a request that creates a run."""

    version_id: str | None = None
    input: Raw = Raw(b"{}")
    envs: dict[str, str] | None = None
    retain_on_failure: bool | None = None
    retention_seconds: int | None = None
