"""What is measured: our client, and what stands beside it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from agentrun_nb.client import Client

from .service import DEP


def get_runs(url: str, ids: list[str], in_flight: int = 16) -> int:
    """Our client: a finished frame."""
    with Client("key", url, max_in_flight=in_flight) as client:
        runs = client.get_runs(DEP, ids, progress=False)
        assert runs["fetch_error"].isna().all()
        return len(runs)


def bare_httpx(url: str, ids: list[str]) -> int:
    """Httpx with 16 threads: bytes only, nothing decoded."""
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=16)
    with httpx.Client(
        headers={"Authorization": "Bearer key"}, limits=limits, trust_env=False
    ) as client:

        def get(run_id: str) -> bytes:
            return client.get(f"{url}/v1/agent-deployments/{DEP}/runs/{run_id}").content

        with ThreadPoolExecutor(16) as pool:
            return len([len(body) for body in pool.map(get, ids)])


def list_runs(url: str, in_flight: int = 16, without: tuple[str, ...] = (), **asked: object) -> int:
    """Our client: a finished frame."""
    with Client("key", url, max_in_flight=in_flight) as client:
        runs = client.list_runs(DEP, progress=False, without=without, **asked)  # type: ignore[arg-type]
        assert runs["id"].is_unique
        return len(runs)


def peak_mib() -> float:
    """The most memory this process ever had, in MiB."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
