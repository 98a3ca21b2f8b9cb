"""The folder in which one run works: fills it, and reads safely what the agent left there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import msgspec

from ..core.jsontext import NOT_STRICT, members, parse
from .failures import RefusedError, invalid, not_found
from .models import encode, now
from .process import WORKDIR

MANIFEST = "manifest.json"
"""The file in which an agent can write a manifest of its own, a JSON object."""
MANIFEST_BYTES = 8 * 2**20
"""The most bytes that this file may have: it becomes part of the record, which is in memory."""


class ManifestError(Exception):
    """The agent's manifest is not a JSON object in UTF-8, or too large."""


@dataclass
class Sandbox:
    """The folder of one run, which the service calls `/workspace`.

    Attributes:
        expires_at: when its files are removed; None: at the end of the service.
    """

    id: str
    folder: Path
    created_at: datetime
    expires_at: datetime | None = None

    @classmethod
    def create(cls, sandbox_id: str, folder: Path, bundle: Path, input_text: bytes) -> Sandbox:
        """Copies the bundle into a new folder and lays the run's input beside it."""
        shutil.copytree(bundle, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "input.json").write_bytes(input_text)
        (folder / "outputs").mkdir()
        (folder / "tmp").mkdir()
        return cls(sandbox_id, folder, now())

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and now() >= self.expires_at

    def remove(self) -> None:
        """Removes the folder with all files."""
        shutil.rmtree(self.folder)

    def outputs(self, declared: Sequence[str], *, readable: bool) -> list[dict[str, Any]]:
        """Describes the declared outputs as they are in the folder.

        Args:
            declared: paths inside the working directory.
            readable: whether the files can be read from the service afterwards.
        """
        return [self._output(path, readable) for path in declared]

    def _output(self, configured: str, readable: bool) -> dict[str, Any]:
        path, real = str(WORKDIR / configured), self.folder / configured
        described = {
            "name": PurePosixPath(configured).name,
            "configured_path": configured,
            "path": path,
        }
        if not self._inside(real) or not real.exists():
            return {**described, "kind": None, "status": "missing", "size_bytes": None}
        described |= {
            "kind": "directory" if real.is_dir() else "file",
            "status": "available" if readable else "discarded",
        }
        access = {"access": {"sandbox_id": self.id, "path": path}} if readable else {}
        return {**described, "size_bytes": _size(real), **access}

    def own_manifest(self) -> bytes:
        """What the agent wrote about its run, to the letter; empty when it wrote nothing.

        Raises:
            ManifestError: it is not a JSON object in UTF-8, or too large to be read.
        """
        path = self.folder / MANIFEST
        if not (self._inside(path) and path.is_file()):
            return b""
        size = path.stat().st_size
        if size > MANIFEST_BYTES:
            raise ManifestError(
                f"{MANIFEST} has {size:,} bytes, more than the {MANIFEST_BYTES:,} that are read"
            )
        text = path.read_bytes().strip()
        try:
            _check_json(text or b"{}")
        except ValueError as error:
            raise ManifestError(f"{MANIFEST} is not JSON in UTF-8: {error}") from None
        if text and not text.startswith(b"{"):
            raise ManifestError(f"{MANIFEST} is not a JSON object")
        return text

    def manifest(self, outputs: list[dict[str, Any]], own: bytes = b"") -> bytes:
        """Makes the run's manifest: its outputs, then the members of the agent's own manifest.

        An agent's manifest that names `outputs` or `sandbox_id` itself becomes one member,
        `manifest`.
        """
        ours = encode({"outputs": outputs, "sandbox_id": self.id})
        keys = {member.key for member in members(own)} if own else set()
        if not keys:
            return ours
        if keys & {"outputs", "sandbox_id"}:
            return ours[:-1] + b',"manifest":' + own + b"}"
        return ours[:-1] + b"," + own[1:]

    def open(self, path: str) -> BinaryIO:
        """Opens one file for reading, by its path in the sandbox.

        Raises:
            RefusedError: the path leaves the sandbox, is a folder, or there is no such file.
        """
        if "\0" in path:
            raise invalid("a path holds no NUL", parameter="path")
        place = PurePosixPath(path)
        if place.is_absolute() and not place.is_relative_to(WORKDIR):
            raise not_found("file", path)
        real = self.folder / (place.relative_to(WORKDIR) if place.is_absolute() else place)
        if not self._inside(real):
            raise RefusedError(
                403, "forbidden", "the path leaves the sandbox", details={"path": path}
            )
        try:
            if real.is_dir():
                raise invalid("the path is a folder, not a file", parameter="path")
            if real.is_file():
                return real.open("rb")
        except OSError:
            pass
        raise not_found("file", path)

    def _inside(self, real: Path) -> bool:
        try:
            return real.resolve().is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError):
            return False


def _check_json(text: bytes) -> None:
    """Raises a ValueError where bytes are not JSON in UTF-8."""
    characters = text.decode()
    try:
        # Checks strict JSON without making objects of it.
        msgspec.json.decode(text, type=msgspec.Raw)
    except NOT_STRICT:
        parse(characters)


def _size(real: Path) -> int:
    if real.is_dir():
        return sum(path.lstat().st_size for path in real.rglob("*") if path.is_file())
    return real.stat().st_size
