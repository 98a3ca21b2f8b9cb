"""Carries out one run: its processes in a folder of its own, its statuses and its log."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Raw

from .catalogue import Agent, Release
from .models import LogEvent, RunDocument, new_id, now
from .process import AgentProcess, Ending
from .sandbox import ManifestError, Sandbox
from .store import Store

INSTALL_LIMIT = 30.0
"""Seconds that an installation may take."""
LEVELS = {"succeeded": "info", "cancelled": "warn", "failed": "error", "timed_out": "error"}
LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Variables that the interpreter may need to start; no others of ours reach an agent."""


class Outcome(NamedTuple):
    """How a run ended: its status, and the phase in which it failed."""

    status: str
    exit_code: int | None = None
    reason: str | None = None
    phase: str | None = None


@dataclass
class Job:
    """One run and what is needed to carry it out.

    Attributes:
        envs: variables of the request; forgotten when the run has ended.
        stop: set when somebody wants the run cancelled.
    """

    run: RunDocument
    agent: Agent
    release: Release
    store: Store
    envs: dict[str, str]
    stop: threading.Event = field(default_factory=threading.Event)
    stop_reason: str = "cancelled"
    writing: threading.Lock = field(default_factory=threading.Lock)
    """Locked while an event is made and written, so that a log is in the order of its times."""

    def keeps_sandbox(self, outcome: Outcome) -> bool:
        """Whether the files stay: of a succeeded run, and of others unless the request says no."""
        return outcome.status == "succeeded" or self.run.retain_on_failure is not False

    def enter(self, status: str, message: str) -> None:
        """Takes the run to its next status and says so in its log."""
        self.run.status = status
        self.run.updated_at = now()
        with self.writing:
            self.store.put(self.run, [self._event(f"run_{status}", message)])

    def log(
        self,
        event_type: str,
        message: str,
        level: str = "info",
        source: str = "service",
        **metadata: Any,
    ) -> None:
        """Appends one event to the run's log."""
        with self.writing:
            self.store.log(self.run, self._event(event_type, message, level, source, **metadata))

    def begin(self) -> None:
        """Takes the run from the queue."""
        self.run.started_at = now()
        self.run.sandbox_id = new_id("sbx")
        self.enter("starting", f"prepares the sandbox {self.run.sandbox_id}")

    def perform(self, sandbox: Sandbox, shared: Mapping[str, str]) -> Outcome:
        """Installs and runs the agent, and describes what it left."""
        environment = {
            **_environment(sandbox.folder),
            **shared,
            "AGENT_RUN_ID": self.run.id,
            **self.envs,
        }
        outcome = self._step(
            "installing", "install", self.release.install, INSTALL_LIMIT, sandbox, environment
        )
        if outcome.status == "succeeded":
            command = self.release.entrypoint
            outcome = self._step(
                "running", "entrypoint", command, self.agent.limit, sandbox, environment
            )
        return self._collect(sandbox, outcome)

    def finish(self, outcome: Outcome) -> None:
        """Takes the run to its end, and its log with it."""
        run = self.run
        run.status, run.exit_code, run.failure_reason = (
            outcome.status,
            outcome.exit_code,
            outcome.reason,
        )
        run.completed_at = run.updated_at = now()
        self.envs.clear()
        facts = {"failure_phase": outcome.phase} if outcome.phase else {}
        message = outcome.reason or f"ended with exit code {outcome.exit_code}"
        with self.writing:
            self.store.put(
                run, [self._event(f"run_{run.status}", message, LEVELS[run.status], **facts)]
            )

    def _step(
        self,
        status: str,
        phase: str,
        command: str,
        limit: float,
        sandbox: Sandbox,
        environment: Mapping[str, str],
    ) -> Outcome:
        if self.stop.is_set():
            return Outcome("cancelled", reason=self.stop_reason, phase="cancel")

        def listen(stream: str, line: str) -> None:
            self.log("output", line, "info" if stream == "stdout" else "error", stream)

        process = AgentProcess(command, sandbox.folder, environment, listen)
        self.run.process_id = process.process_id
        self.enter(status, command)
        outcome = self._outcome(process.wait(limit, self.stop), phase, limit)
        if outcome.status in ("failed", "timed_out"):
            reason = outcome.reason or ""
            self.log(
                "runtime_failed", reason, "error", failure_phase=phase, exit_code=outcome.exit_code
            )
        return outcome

    def _outcome(self, ending: Ending, phase: str, limit: float) -> Outcome:
        if ending.stopped:
            return Outcome("cancelled", ending.exit_code, self.stop_reason, "cancel")
        if ending.overran:
            return Outcome(
                "timed_out", ending.exit_code, f"{phase} was stopped after {limit:g} s", phase
            )
        if ending.exit_code == 0:
            return Outcome("succeeded", 0)
        said = f": {ending.said}" if ending.said else ""
        return Outcome(
            "failed",
            ending.exit_code,
            f"{phase} failed with exit code {ending.exit_code}{said}",
            phase,
        )

    def _collect(self, sandbox: Sandbox, outcome: Outcome) -> Outcome:
        outputs = sandbox.outputs(self.release.outputs, readable=self.keeps_sandbox(outcome))
        missing = [output["configured_path"] for output in outputs if output["status"] == "missing"]
        try:
            own = sandbox.own_manifest()
        except ManifestError as error:
            own = b""
            self.log("manifest_unreadable", str(error), "warn")
        self.run.output_manifest = Raw(sandbox.manifest(outputs, own))
        found = f"{len(outputs) - len(missing)} of {len(outputs)} declared outputs are there"
        self.log("outputs_collected", found, "warn" if missing else "info", missing=missing)
        if missing and self.release.required and outcome.status == "succeeded":
            return Outcome(
                "failed", 0, f"declared outputs are missing: {', '.join(missing)}", "outputs"
            )
        return outcome

    def _event(
        self,
        event_type: str,
        message: str,
        level: str = "info",
        source: str = "service",
        **metadata: Any,
    ) -> LogEvent:
        run = self.run
        event_id = new_id("adlog")
        created_at = now()
        return LogEvent(
            id=event_id,
            deployment_id=run.deployment_id,
            version_id=run.version_id,
            run_id=run.id,
            source=source,
            level=level,
            event_type=event_type,
            message=message,
            metadata=metadata,
            created_at=created_at,
            sandbox_id=run.sandbox_id,
            process_id=run.process_id,
        )


def _environment(folder: Path) -> dict[str, str]:
    """The environment of an agent's processes."""
    inherited = {name: os.environ[name] for name in LIBRARY_PATHS if name in os.environ}
    interpreter = Path(sys.executable).parent
    own = {
        "PATH": f"{interpreter}{os.pathsep}{os.defpath}",
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
    }
    return inherited | own
