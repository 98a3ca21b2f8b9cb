"""The agents that the local service offers, each a deployment with two versions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .models import Deployment, Version

AGENTS = Path(__file__).parent / "agents"
COMPILE = "python -m compileall -q ."

EVENTS: dict[str, str] = {
    "run_queued": "queued",
    "run_starting": "starting",
    "run_installing": "installing",
    "run_running": "running",
    "run_succeeded": "succeeded",
    "run_failed": "failed",
    "run_cancelled": "cancelled",
    "run_timed_out": "timed_out",
}
"""The status that each of these log events begins; all other events are points in time."""


@dataclass(frozen=True)
class Release:
    """One version of an agent: its commands and its declared outputs."""

    entrypoint: str
    install: str = COMPILE
    outputs: tuple[str, ...] = ()
    required: bool = False
    """Whether a run without all its declared outputs has failed."""


@dataclass(frozen=True)
class Agent:
    """One agent of the catalogue.

    Attributes:
        name: the name of the deployment and of the folder with its files.
        longest: the most seconds that a run takes from its start to its end.
        limit: seconds after which the process of a run is stopped.
    """

    name: str
    description: str
    longest: float
    releases: tuple[Release, Release]
    limit: float = 30.0
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def bundle(self) -> Path:
        """The folder with the agent's files."""
        return AGENTS / self.name.replace("-", "_")

    @property
    def deployment_id(self) -> str:
        """The id, the same in every service."""
        return f"adep_{_sha256(self.name)[:8]}"

    def version_id(self, number: int) -> str:
        """The id of version 1 or 2, the same in every service."""
        digest = _sha256(f"{self.name} {number}")
        return f"adver_{digest[:8]}"

    def deployment(self, at: datetime) -> Deployment:
        """The deployment's document; its newest version is the active one."""
        newest = len(self.releases)
        metadata = dict(self.tags)
        return Deployment(
            id=self.deployment_id,
            name=self.name,
            description=self.description,
            active_version_id=self.version_id(newest),
            created_at=at,
            updated_at=at,
            metadata=metadata,
        )

    def versions(self, at: datetime) -> list[Version]:
        """The documents of its versions, the oldest first."""
        numbered = enumerate(self.releases, 1)
        return [self._version(number, release, at) for number, release in numbered]

    def _files(self) -> dict[str, int]:
        """The sizes of the agent's files by their paths in the bundle."""
        files: dict[str, int] = {}
        for path in sorted(self.bundle.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = path.relative_to(self.bundle).as_posix()
                files[name] = path.stat().st_size
        return files

    def _version(self, number: int, release: Release, at: datetime) -> Version:
        files = self._files()
        listed = [{"path": path, "size_bytes": size} for path, size in files.items()]
        digest = _sha256(f"{self.name} {number} {files}")
        resources = {"timeout_seconds": self.limit}
        debug = {"retain_on_failure": True, "retain_seconds": 3600}
        outputs = {"paths": list(release.outputs), "required": release.required}
        config = {
            "name": self.name,
            "mode": "job",
            "install": release.install,
            "entrypoint": release.entrypoint,
            "resources": resources,
            "debug": debug,
            "outputs": outputs,
        }
        return Version(
            id=self.version_id(number),
            deployment_id=self.deployment_id,
            version_number=number,
            bundle_digest=f"sha256:{digest}",
            bundle_manifest={"files": listed},
            config=config,
            install_command=release.install,
            entrypoint_command=release.entrypoint,
            resource_config=resources,
            debug_config=debug,
            created_at=at,
            ready_at=at,
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_REPORT = ("outputs/report.md", "outputs/plot.png", "outputs/result.json")
_REVIEW = ("outputs/review.md", "outputs/findings.json", "outputs/modules")
_TABLES = ("outputs/orders.csv", "outputs/customers.csv", "outputs/summary.json")
_DIGEST = ("outputs/digest.md",)
_PIP = (
    "python -m pip install --disable-pip-version-check --no-cache-dir --no-index "
    "--no-build-isolation --no-deps"
)

CATALOGUE: tuple[Agent, ...] = (
    Agent(
        "csv-report",
        "analyses a CSV of bicycle counts into a Markdown report, a plot and a JSON result",
        8.0,
        (
            Release("python agent.py", outputs=_REPORT),
            Release("python agent.py --outliers", outputs=_REPORT),
        ),
    ),
    Agent(
        "code-review",
        "reviews a package of the standard library and lists its findings",
        4.0,
        (
            Release("python agent.py", outputs=_REVIEW),
            Release("python agent.py --docstrings", outputs=_REVIEW),
        ),
    ),
    Agent(
        "broken-install",
        "fails in installing: its own package does not build",
        6.0,
        (
            Release("python agent.py", install=f"{_PIP} agent-toolbox==2.0"),
            Release("python agent.py", install=f"{_PIP} ./toolbox"),
        ),
    ),
    Agent(
        "invoice-audit",
        "audits invoices until one of them crashes it with a traceback",
        3.0,
        (
            Release("python agent.py", outputs=("outputs/audited.csv",)),
            Release("python agent.py --chain", outputs=("outputs/audited.csv",)),
        ),
    ),
    Agent(
        "long-training",
        "overruns its limit of two seconds",
        5.0,
        (
            Release("python agent.py --stubborn", outputs=("outputs/model.json",)),
            Release("python agent.py", outputs=("outputs/model.json", "outputs/checkpoint.json")),
        ),
        limit=2.0,
    ),
    Agent(
        "site-map",
        "leaves a large, deeply nested manifest",
        3.0,
        (
            Release("python agent.py --pages 800 --depth 20", outputs=("outputs/sitemap.txt",)),
            Release("python agent.py --pages 3000 --depth 64", outputs=("outputs/sitemap.txt",)),
        ),
    ),
    Agent(
        "nightly-export",
        "leaves declared outputs out: version 1 fails for that, "
        "version 2 is not asked to have them all",
        3.0,
        (
            Release("python agent.py", outputs=_TABLES, required=True),
            Release("python agent.py --customers", outputs=_TABLES),
        ),
    ),
    Agent(
        "comment-digest",
        "digests hostile text: tags, control characters, odd keys, integers beyond 2^53; "
        "version 1 stumbles over it",
        3.0,
        (
            Release("python agent.py --stumble", outputs=_DIGEST),
            Release("python agent.py --names", outputs=(*_DIGEST, "outputs/<b>bold</b>.txt")),
        ),
    ),
)
