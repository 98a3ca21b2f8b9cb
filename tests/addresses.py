"""Every address of the project follows the one of its repository in pyproject.toml.

`python -m tests.addresses` prints the others, and fails where there are any; with `--write` it sets
them. So whoever forks or moves the project changes `Repository` there, and types one command.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

PLACES = (
    "*.md",
    "*.cff",
    "pyproject.toml",
    ".github/**/*.md",
    ".github/**/*.yml",
    "docs/**/*.md",
    "docs/conf.py",
    "notebooks/*.ipynb",
)
"""The files that may name the project's addresses."""

OF_A_FILE = (
    r"https://github\.com/",
    r"https://raw\.githubusercontent\.com/",
    r"https://mybinder\.org/v2/gh/",
    r"https://colab\.research\.google\.com/github/",
)
"""What stands before the owner and the name of a repository."""

ADDRESS = re.compile(
    rf"(?P<host>{'|'.join(OF_A_FILE)})(?P<owner>[\w-]+)/(?P<name>[\w-]+)"
    r"|https://(?P<pages_owner>[\w-]+)\.github\.io/(?P<pages_name>[\w-]+)"
)


def of_the_project() -> tuple[str, str]:
    """The owner and the name of the repository."""
    owner, name = PROJECT["urls"]["Repository"].removeprefix("https://github.com/").split("/")
    return owner, name


def followed(found: re.Match[str], owner: str, name: str) -> str:
    """An address with another owner and name."""
    if found["host"]:
        return f"{found['host']}{owner}/{name}"
    return f"https://{owner}.github.io/{name}"


def files() -> Iterator[Path]:
    """The files that are looked at."""
    for place in PLACES:
        yield from (file for file in sorted(ROOT.glob(place)) if "_build" not in file.parts)


def others(owner: str, name: str) -> Iterator[tuple[Path, str]]:
    """Each address of another repository, with its file."""
    for file in files():
        for found in ADDRESS.finditer(file.read_text("utf-8")):
            if found[0] != followed(found, owner, name):
                yield file, found[0]


def write(owner: str, name: str) -> None:
    """Sets every address."""
    for file in files():
        text = file.read_text("utf-8")
        changed = ADDRESS.sub(lambda found: followed(found, owner, name), text)
        if changed != text:
            file.write_text(changed, "utf-8")


def main() -> None:
    """Prints what is wrong, or sets it right."""
    owner, name = of_the_project()
    if sys.argv[1:] == ["--write"]:
        write(owner, name)
    wrong = [f"{file.relative_to(ROOT)}: {address}" for file, address in others(owner, name)]
    print("\n".join(wrong) or f"every address is of {owner}/{name}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
