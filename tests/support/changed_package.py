"""A copy of the package in which the schema says something more, and what a program then prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import agentrun_nb

PACKAGE = Path(agentrun_nb.__file__).parent
NEW_STATUS = (
    '    Status("running", "running"),\n',
    '    Status("running", "running"),\n    Status("suspended", "suspended"),\n',
)
"""A status `suspended` after `running`: the line of the schema that it comes after, and both."""

NEW_FIELD = (
    '        _text("idempotency_key", "the key the caller gave to create the run once only"),\n',
    '        _text("idempotency_key", "the key the caller gave to create the run once only"),\n'
    '        _text("priority", "how soon the run was wanted"),\n',
)
"""A nineteenth field of a run, likewise."""


def changed_package(folder: Path, *changes: tuple[str, str]) -> Path:
    """Copies the package, changes its schema, and gives the folder to import it from."""
    copy = folder / "agentrun_nb"
    left_out = shutil.ignore_patterns("node_modules", "__pycache__", "src")
    shutil.copytree(PACKAGE, copy, ignore=left_out)
    schema = copy / "core" / "schema.py"
    text = schema.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, "the schema is written otherwise"
        text = text.replace(old, new)
    schema.write_text(text, "utf-8")
    return folder


def printed_by(program: str, home: Path, *arguments: str) -> Any:
    """What a program prints as JSON, with the package of a folder and the tests of this one."""
    tests = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": f"{home}{os.pathsep}{tests}"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
