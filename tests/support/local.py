"""What the tests of the local service share: talking to it over HTTP without our own client."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from agentrun_nb.local.catalogue import CATALOGUE, Agent
from agentrun_nb.local.service import Service

AGENTS: dict[str, Agent] = {agent.name: agent for agent in CATALOGUE}


class Api:
    """The service's routes by plain HTTP."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.http = httpx.Client(
            base_url=service.base_url,
            headers={"Authorization": f"Bearer {service.api_key}"},
            trust_env=False,
        )

    def runs_path(self, name: str) -> str:
        return f"/v1/agent-deployments/{AGENTS[name].deployment_id}/runs"

    def path(self, run: dict[str, Any], rest: str = "") -> str:
        return f"/v1/agent-deployments/{run['deployment_id']}/runs/{run['id']}{rest}"

    def create(self, name: str, version: int | None = None, **body: Any) -> dict[str, Any]:
        if version is not None:
            body["version_id"] = AGENTS[name].version_id(version)
        answer = self.http.post(self.runs_path(name), json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def get(self, run: dict[str, Any], rest: str = "", **query: Any) -> dict[str, Any]:
        answer = self.http.get(self.path(run, rest), params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def until(self, run: dict[str, Any], *statuses: str) -> dict[str, Any]:
        return eventually(lambda: self.get(run), lambda now: now["status"] in statuses)

    def ended(self, run: dict[str, Any]) -> dict[str, Any]:
        return self.until(run, "succeeded", "failed", "cancelled", "timed_out")

    def events(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        found, query = [], {"limit": 200}
        while True:
            page = self.get(run, "/logs", **query)
            found += page["events"]
            query["cursor"] = page["next_cursor"]
            if not page["has_more"]:
                return found

    def file(self, sandbox_id: str, path: str) -> httpx.Response:
        return self.http.get(f"/v1/sandboxes/{sandbox_id}/file", params={"path": path})


def eventually(read: Callable[[], Any], good: Callable[[Any], bool], seconds: float = 20.0) -> Any:
    """Reads again and again until it is good."""
    deadline = time.monotonic() + seconds
    while not good(value := read()):
        assert time.monotonic() < deadline, f"still {value!r} after {seconds} s"
        time.sleep(0.02)
    return value


def group_members(group: int) -> list[int]:
    """The living processes of a process group; zombies are dead."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pgid=,pid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split() for line in table.splitlines())
    return [
        int(pid)
        for pgid, pid, state, *_ in rows
        if int(pgid) == group and not state.startswith("Z")
    ]


@contextmanager
def running(**options: Any) -> Iterator[Api]:
    with Service(**options) as service:
        api = Api(service)
        with api.http:
            yield api
