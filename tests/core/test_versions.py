"""`show_versions` says what a report of a fault needs, and nothing of the machine or the user."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import agentrun_nb as arn
from agentrun_nb.core.versions import JUPYTER, NEEDED, OPTIONAL

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
SHOW = "import agentrun_nb as arn; arn.show_versions()"


def names(requirements: list[str]) -> set[str]:
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}


def table(text: str) -> dict[str, str]:
    return {line[:16].rstrip(): line[16:] for line in text.splitlines()}


def test_it_names_all_that_the_package_stands_on():
    extras = PROJECT["optional-dependencies"]
    brought = set().union(
        *(names(extras[extra]) for extra in extras if extra not in ("demo", "test", "dev", "docs"))
    )
    assert set(NEEDED) == names(PROJECT["dependencies"])
    assert brought <= set(OPTIONAL)


def test_a_version_is_the_one_that_is_installed(capsys: pytest.CaptureFixture[str]):
    assert arn.show_versions() is None
    shown = table(capsys.readouterr().out)
    assert shown["agentrun_nb"] == arn.__version__
    assert shown["Python"].startswith(".".join(map(str, sys.version_info[:3])))
    assert {name: shown[name] for name in NEEDED} == {name: version(name) for name in NEEDED}
    assert set(shown) == {
        "agentrun_nb",
        "Python",
        "system",
        "runs in",
        *NEEDED,
        *OPTIONAL,
        *JUPYTER,
    }


def test_what_is_absent_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("agentrun_nb.core.versions.OPTIONAL", ("no-such-thing",))
    arn.show_versions()
    assert table(capsys.readouterr().out)["no-such-thing"] == "not installed"


def test_it_shows_no_path_no_key_and_imports_nothing_heavy(tmp_path: Path):
    environment = {
        "AGENTRUN_API_KEY": "sk-hush",
        "HOME": "/home/somebody",
        "PYTHONPATH": str(Path.cwd()),
    }
    code = f"{SHOW}; import sys; assert not {{'pandas', 'httpx', 'plotly', 'scipy'}} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not re.search(r"sk-hush|somebody|/|\\", done.stdout)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([sys.executable, "-c", SHOW], "plain Python"),
        ([sys.executable, "-m", "IPython", "-c", SHOW], "IPython in a terminal"),
    ],
)
def test_it_says_where_it_runs(command: list[str], words: str):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert table(done.stdout)["runs in"] == words
