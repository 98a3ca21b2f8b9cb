"""Builds what a release holds, and tries it where the sources are not: `make release-check`.

The wheel is installed twice into new environments: alone, as a stranger does it, for `tests.smoke`,
and with everything for `tests.offline`, which then runs from the unpacked source archive without
the package in it; `--smoke` leaves the second out. `--tag v1.2.3` compares the version with that of a
tag, `--keep FOLDER` keeps what was built.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST_BYTES = {".whl": 800_000, ".gz": 2_500_000}
"""The size that each file may have, by its suffix."""

NOT_IN_WHEEL = re.compile(r"/widget/(src|node_modules)/|\.mjs$|\.map$|__pycache__")
"""What the package holds in the repository and no user needs."""

IN_WHEEL = ("agentrun_nb/py.typed", "agentrun_nb/widget/static/")
"""What must be in the wheel beside modules."""


@dataclass(frozen=True)
class Built:
    """What a release holds.

    Attributes:
        wheel: the file that pip installs.
        archive: the source archive.
    """

    wheel: Path
    archive: Path

    @property
    def files(self) -> tuple[Path, Path]:
        """Both."""
        return self.wheel, self.archive


def run(*command: str | Path, folder: Path = ROOT) -> None:
    """Runs a command that sees nothing of the sources by its environment, and fails as it does."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([str(part) for part in command], cwd=folder, env=environment, check=True)


def build(target: Path) -> Built:
    """Builds the source archive, and the wheel from it."""
    run(sys.executable, "-m", "build", "--outdir", target, ROOT)
    (wheel,) = target.glob("*.whl")
    (archive,) = target.glob("*.tar.gz")
    return Built(wheel, archive)


def tracked() -> set[str]:
    """The files that belong to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(filter(None, listed.stdout.split("\0")))


def names_in_archive(archive: Path) -> set[str]:
    """The files of a source archive, without the folder around them."""
    with tarfile.open(archive) as opened:
        return {name.partition("/")[2] for name in opened.getnames()}


def archive_problems(names: set[str], project: set[str]) -> Iterator[str]:
    """What is too much in a source archive, and what it lacks."""
    yield from (f"the source archive has {name}" for name in sorted(names - project - {"PKG-INFO"}))
    yield from (f"the source archive lacks {name}" for name in sorted(project - names))


def wheel_problems(names: set[str], project: set[str]) -> Iterator[str]:
    """What is too much in a wheel, and what it lacks of the package."""
    for name in sorted(names):
        top = name.partition("/")[0]
        is_ours = top == "agentrun_nb" or top.endswith(".dist-info")
        if not is_ours or NOT_IN_WHEEL.search(name):
            yield f"the wheel has {name}"
    # Styles, scripts and `py.typed`: no import would miss them, but a user does.
    needed = {name for name in project if name.startswith(IN_WHEEL)}
    yield from (f"the wheel lacks {name}" for name in sorted(needed - names))


def size_problems(files: Iterable[Path]) -> Iterator[str]:
    """Which files are too large."""
    for file in files:
        size, most = file.stat().st_size, MOST_BYTES[file.suffix]
        if size > most:
            yield f"{file.name} has {size:,} bytes, and may have {most:,}"


def link_problems(description: str) -> Iterator[str]:
    """Links and pictures of the description that lead nowhere from the page of a package index."""
    for address in re.findall(r"\]\(([^)]+)\)", description):
        if not address.startswith(("https://", "#")):
            yield f"the description links to {address}"


def tag_problems(version: str, tag: str | None) -> Iterator[str]:
    """Whether a tag, the version and the changelog name the same release."""
    if tag is None:
        return
    if tag != f"v{version}":
        yield f"the tag is {tag}, and the version {version}"
    if f"\n## {version}" not in (ROOT / "CHANGELOG.md").read_text("utf-8"):
        yield f"CHANGELOG.md has no heading for {version}"


def problems(built: Built, tag: str | None) -> Iterator[str]:
    """All that can be seen without an installation."""
    with zipfile.ZipFile(built.wheel) as wheel:
        names = wheel.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        headers, _, description = wheel.read(metadata).decode().partition("\n\n")
    version = re.search(r"^Version: (.+)$", headers, re.MULTILINE)
    project = tracked()
    yield from archive_problems(names_in_archive(built.archive), project)
    yield from wheel_problems(set(names), project)
    yield from size_problems(built.files)
    yield from link_problems(description)
    yield from tag_problems(version[1] if version else "", tag)


def environment(folder: Path, requirement: str) -> Path:
    """Makes an environment with a requirement, and gives its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(python, "-m", "pip", "install", "--quiet", requirement, folder=folder)
    return python


def unpack_without_package(archive: Path, folder: Path) -> None:
    """Unpacks a source archive, and takes the package out of it."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (top,) = folder.iterdir()
    for inner in top.iterdir():
        inner.rename(folder / inner.name)
    shutil.rmtree(folder / "agentrun_nb")


def try_out(built: Built, folder: Path, *, smoke: bool) -> None:
    """Installs the wheel, and runs tests with it where the sources are not."""
    sources = folder / "sources"
    sources.mkdir()
    unpack_without_package(built.archive, sources)
    alone = environment(folder / "alone", str(built.wheel))
    run(alone, "-m", "tests.smoke", folder=sources)
    if smoke:
        return
    whole = environment(folder / "whole", f"{built.wheel}[test]")
    run(whole, "-m", "tests.offline", "--quiet", "-p", "no:cacheprovider", folder=sources)


def main() -> None:
    """Builds, looks and tries."""
    parser = argparse.ArgumentParser(prog="make release-check", description=__doc__)
    parser.add_argument("--tag", help="the tag of the release, such as v1.2.3")
    parser.add_argument("--keep", type=Path, help="a folder for what was built")
    parser.add_argument("--smoke", action="store_true", help="try only what a stranger does first")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = build(folder / "dist")
        run(sys.executable, "-m", "twine", "check", "--strict", *built.files)
        if found := list(problems(built, options.tag)):
            sys.exit("\n".join(found))
        for file in built.files:
            print(f"{file.name}: {file.stat().st_size:,} bytes")
        try_out(built, folder, smoke=options.smoke)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            for file in built.files:
                shutil.copy(file, options.keep)
    print("The wheel and the source archive are ready.")


if __name__ == "__main__":
    main()
