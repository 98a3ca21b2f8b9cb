"""The recipe for conda-forge, made of pyproject.toml so that it says the same.

`python -m tests.recipe ARCHIVE > recipe.yaml` writes it, where ARCHIVE is the source archive that
GitHub has of the tag. It goes to conda-forge once, into `recipes/agentrun-nb/` of its staged-recipes;
from then on a robot there raises the version, and this says what else has changed.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import yaml

import agentrun_nb
from tests.addresses import PROJECT, of_the_project

REQUIREMENT = re.compile(r"([\w-]+)(?:\[[\w,]+\])?(.*)")
ARCHIVE = f"{PROJECT['urls']['Repository']}/archive/refs/tags/v${{{{ version }}}}.tar.gz"
IMPORTED = ("agentrun_nb", "agentrun_nb.client", "agentrun_nb.figures", "agentrun_nb.widget.view")


def requirements() -> list[str]:
    """What the package needs, as conda writes it: a space between a name and its range."""
    found = [REQUIREMENT.fullmatch(line) for line in PROJECT["dependencies"]]
    return [f"{match[1]} {match[2]}".strip() for match in found if match]


def recipe(digest: str) -> dict[str, Any]:
    """The recipe as data.

    Args:
        digest: the SHA-256 of the source archive, as hexadecimal digits.
    """
    owner, _ = of_the_project()
    lowest = PROJECT["requires-python"].removeprefix(">=")
    return {
        "schema_version": 1,
        "context": {"version": agentrun_nb.__version__, "python_min": lowest},
        "package": {"name": PROJECT["name"], "version": "${{ version }}"},
        "source": {"url": ARCHIVE, "sha256": digest},
        "build": {
            "number": 0,
            "noarch": "python",
            "script": "${{ PYTHON }} -m pip install . -vv --no-deps --no-build-isolation",
        },
        "requirements": {
            "host": [
                "python ${{ python_min }}.*",
                "pip",
                "hatchling",
                "hatch-fancy-pypi-readme",
            ],
            "run": ["python >=${{ python_min }}", *requirements()],
        },
        "tests": [
            {
                "python": {
                    "imports": list(IMPORTED),
                    "python_version": "${{ python_min }}.*",
                    "pip_check": True,
                }
            }
        ],
        "about": {
            "homepage": PROJECT["urls"]["Documentation"],
            "repository": PROJECT["urls"]["Repository"],
            "documentation": PROJECT["urls"]["Documentation"],
            "summary": PROJECT["description"],
            "license": PROJECT["license"],
            "license_file": PROJECT["license-files"],
        },
        "extra": {"recipe-maintainers": [owner]},
    }


def main() -> None:
    """Prints the recipe of a source archive."""
    digest = hashlib.sha256(Path(sys.argv[1]).read_bytes()).hexdigest()
    print(yaml.safe_dump(recipe(digest), sort_keys=False, width=120), end="")


if __name__ == "__main__":
    main()
