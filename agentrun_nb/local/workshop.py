"""Queues runs, carries them out with a few workers, and holds the sandboxes they leave."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from .catalogue import Agent
from .failures import RefusedError, not_found
from .jobs import Job, Outcome
from .models import NewRun, RunDocument, new_id, now
from .sandbox import Sandbox
from .store import Store

CAPACITY = 1_000
"""From so many unfinished jobs on the service answers `capacity_exceeded`."""


class Workshop:
    """Carries out runs, a few at a time.

    Args:
        store: where runs and events are written.
        agents: what can be run.
        folder: every run gets a folder of its own in it.
        workers: jobs at one time.
    """

    def __init__(self, store: Store, agents: Iterable[Agent], folder: Path, workers: int) -> None:
        self._store = store
        self._agents = {agent.deployment_id: agent for agent in agents}
        self._folder = folder
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._jobs: dict[tuple[str, str], Job] = {}
        self._sandboxes: dict[str, Sandbox] = {}
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"agentrun-local-worker-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def workers(self) -> int:
        """How many jobs run at one time."""
        return len(self._threads)

    def submit(
        self, deployment_id: str, request: NewRun, idempotency_key: str | None = None
    ) -> RunDocument:
        """Queues a run of an agent.

        Raises:
            RefusedError: no such deployment or version, no agent to run, or too many jobs wait
                already.
        """
        deployment = self._store.deployment(deployment_id)
        version = self._store.version(
            deployment_id, request.version_id or deployment.active_version_id or ""
        )
        agent = self._agents.get(deployment_id)
        if agent is None:
            raise RefusedError(
                409, "conflict", "this deployment only holds loaded runs: it has no agent to run"
            )
        at = now()
        run = RunDocument(
            id=new_id("adrun"),
            deployment_id=deployment_id,
            version_id=version.id,
            status="queued",
            input=request.input,
            created_at=at,
            updated_at=at,
            retain_on_failure=request.retain_on_failure,
            retention_seconds=request.retention_seconds,
            idempotency_key=idempotency_key,
        )
        job = Job(
            run,
            agent,
            agent.releases[version.version_number - 1],
            self._store,
            dict(request.envs or {}),
        )
        with self._changed:
            if len(self._jobs) >= CAPACITY:
                raise RefusedError(
                    429,
                    "capacity_exceeded",
                    "too many jobs are waiting",
                    retryable=True,
                    headers={"Retry-After": "1"},
                )
            self._jobs[deployment_id, run.id] = job
            job.enter("queued", f"waits for one of {self.workers} workers")
        self._queue.put(job)
        return run

    def cancel(self, deployment_id: str, run_id: str, reason: str | None) -> None:
        """Stops a run, or takes it from the queue; an ended run stays as it is."""
        with self._changed:
            job = self._jobs.get((deployment_id, run_id))
            if job is None:
                return
            job.stop_reason = f"cancelled: {reason}" if reason else "cancelled"
            job.stop.set()
            if job.run.status == "queued":
                self._finish(job, Outcome("cancelled", reason=job.stop_reason, phase="cancel"))

    def sandbox(self, sandbox_id: str) -> Sandbox:
        """A sandbox that an ended run has left, or a 404."""
        sandbox = self._sandboxes.get(sandbox_id)
        if sandbox is not None and sandbox.expired:
            self._sandboxes.pop(sandbox_id, None)
            with contextlib.suppress(OSError):
                sandbox.remove()
            sandbox = None
        if sandbox is None:
            raise not_found("sandbox", sandbox_id)
        return sandbox

    def unfinished(self) -> int:
        """How many submitted runs have not ended."""
        with self._changed:
            return len(self._jobs)

    def wait(self, timeout: float | None, fewer_than: int = 1) -> bool:
        """Waits until fewer runs than that have not ended; False: the time (s) is over before."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._jobs) < fewer_than, timeout)

    def close(self) -> None:
        """Stops all jobs and ends the workers."""
        for deployment_id, run_id in list(self._jobs):
            self.cancel(deployment_id, run_id, "the service was closed")
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if self._claim(job):
                outcome = self._carry_out(job)
                with self._changed:
                    self._finish(job, outcome)

    def _claim(self, job: Job) -> bool:
        with self._changed:
            if job.stop.is_set():
                return False
            job.begin()
            return True

    def _carry_out(self, job: Job) -> Outcome:
        sandbox_id = job.run.sandbox_id or ""
        try:
            sandbox = Sandbox.create(
                sandbox_id, self._folder / sandbox_id, job.agent.bundle, bytes(job.run.input)
            )
            outcome = job.perform(sandbox, {"MPLCONFIGDIR": str(self._folder / "matplotlib")})
            self._leave(job, sandbox, outcome)
        except Exception as error:  # a worker outlives whatever an agent does to its folder
            return Outcome(
                "failed",
                reason=f"the service failed: {type(error).__name__}: {error}",
                phase="service",
            )
        return outcome

    def _leave(self, job: Job, sandbox: Sandbox, outcome: Outcome) -> None:
        if job.keeps_sandbox(outcome):
            if outcome.status != "succeeded" and job.run.retention_seconds is not None:
                sandbox.expires_at = now() + timedelta(seconds=job.run.retention_seconds)
            self._sandboxes[sandbox.id] = sandbox
            return
        try:
            sandbox.remove()
        except OSError as error:
            job.log("sandbox_cleanup_failed", f"{type(error).__name__}: {error.strerror}", "error")

    def _finish(self, job: Job, outcome: Outcome) -> None:
        job.finish(outcome)
        del self._jobs[job.run.deployment_id, job.run.id]
        self._changed.notify_all()
