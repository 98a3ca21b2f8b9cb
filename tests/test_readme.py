"""The README is true: typed from top to bottom into one session, every example of it does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import agentrun_nb as arn

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

CLONE_ADDRESS = re.compile(r"git clone https://github\.com/(\S+)")


def examples() -> Iterator[tuple[str, str]]:
    """Each block of Python with the title that stands last above it: a heading, or a paragraph's words in bold."""
    title, code = "", None
    for line in README.splitlines():
        if code is not None and line == "```":
            yield title, "\n".join(code)
            code = None
        elif code is not None:
            code.append(line)
        elif line == "```python":
            code = []
        elif found := re.match(r"## (.+)|\*\*(.+?)[.?,]?\*\*", line):
            title = found[1] or found[2]


EXAMPLES = list(examples())

CHECKS = {
    "See it work": """
        assert len(runs) == 2 and sorted(runs["status"]) == ["failed", "succeeded"]
        assert arn.fetch_report(runs).complete is True
        assert len(arn.load("runs.parquet")) == len(_) == 2
    """,
    "One run": """
        assert _ is ex and run.status == "succeeded"
        assert ex.value == run.output_manifest["outputs"][0]["size_bytes"] > 0
    """,
    "Wait, and look back": """
        assert job.status == "succeeded" and ended.ended and watch.reason == "stopped"
        assert set(_["kind"]) == {"recorded", "logged", "observed"}
    """,
    "What failed": """
        assert list(_["n"]) == [1] and "AuditError" in _["example"].iloc[0]
    """,
    "Did it get slower": """
        assert min(_["n_a"].iloc[0], _["n_b"].iloc[0]) > 100 and "b is slower" in set(_["verdict"])
        assert len(arn.summarize(history, by="version_id")) == 3
        assert arn.figures.survival(history, by="version_id").data
    """,
    "From a manifest to columns": """
        assert list(_.columns) == ["score", "bytes"] and list(_.index) == list(history.index)
        assert _["score"].notna().sum() > 500 and _["bytes"].dtype == "Int64" and _["bytes"].sum() > 0
    """,
    "Look, pick, share": """
        assert type(figure).__name__ == "Figure" and len(figure.data) > 0
        assert _ is ex and list(ex.selection["id"]) == list(ex.shown["id"].head(1)) and len(ex.shown) > 10
        assert __import__("pathlib").Path("runs.html").stat().st_size > 10_000
    """,
    "Many deployments": """
        assert _.to_numpy().sum() == len(everything) == 2_004
        assert {"csv-report", "invoice-audit", "ticket-triage"} < set(_.index) and len(_) == 6
    """,
    "Keep a copy": """
        assert len(archive.list_runs()) == len(arn.load("all-runs")) == len(everything)
        assert archive.sync(client).new == 0 and archive.check().whole and "status" in _
        assert archive.read_output(job, "report.md")
    """,
    "At the end": """
        assert "closed" in repr(service)
    """,
}
"""What must hold after each example, in the session that it was typed into; `_` is the value that was shown last."""


def checks(title: str) -> list[str]:
    return [line.strip() for line in CHECKS[title].strip().splitlines()]


def test_every_example_is_checked():
    assert [title for title, _ in EXAMPLES] == list(CHECKS)
    assert README.count("```python") == len(EXAMPLES)


@pytest.mark.parametrize(("title", "code"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_an_example_is_short(title: str, code: str):
    assert len([line for line in code.splitlines() if line.strip()]) <= 12


def test_the_examples_run_in_order_in_one_new_kernel(tmp_path: Path):
    """Each block is a cell; nothing is there but what the cells before it made."""
    sources = [source for title, code in EXAMPLES for source in (code, "\n".join(checks(title)))]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources]
    )
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert outputs
    assert not [
        output
        for output in outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]


def test_the_examples_run_in_order_in_one_plain_terminal(tmp_path: Path):
    """The lines are typed one after the other into IPython without a notebook."""
    lines = [line for title, code in EXAMPLES for line in (*code.splitlines(), *checks(title))]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "IPython",
            "--simple-prompt",
            "--no-banner",
            "--colors=NoColor",
            "--no-confirm-exit",
        ],
        input="\n".join([*lines, "print('typed', 'to the end')", ""]),
        cwd=tmp_path,
        env=os.environ | {"IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert "typed to the end" in done.stdout
    assert "Traceback (most recent call last)" not in done.stdout + done.stderr
    assert not re.search("warning|exception", done.stderr, re.I)
    assert not re.search(r"^\w*(SyntaxError|IndentationError)", done.stdout, re.M)


def test_the_clone_line_names_the_repository():
    """That all other addresses do is a law of `tests/test_release.py`."""
    (address,) = CLONE_ADDRESS.findall(README)
    assert PROJECT["urls"]["Repository"] == f"https://github.com/{address}"
    assert f"cd {address.partition('/')[2]}\n" in README
    assert "badge_logo.svg)][binder]" in README


def test_each_badge_opens_a_notebook_that_is_there():
    (binder,) = re.findall(r"mybinder\.org/\S*urlpath=lab/tree/(\S+)", README)
    (colab,) = re.findall(
        r"colab\.research\.google\.com/github/[^/]+/[^/]+/blob/main/(\S+)", README
    )
    assert binder == colab
    assert (ROOT / binder).is_file()
    assert {"binder", "colab", "docs"} <= set(re.findall(r"^\[(\w+)\]: https://", README, re.M))


def test_links_and_pictures_are_there():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert targets
    assert not [target for target in targets if not (ROOT / target).is_file()]


def test_every_command_is_there():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {"demo", "test"} <= set(re.findall(r"\bmake (\w+)", README)) & targets
    commands = "\n".join(re.findall(r"^```\n(.*?)```", README, re.M | re.S))
    assert set(re.findall(r"^make (\w+)", commands, re.M)) <= targets
    (module,) = re.findall(r"bin/python -m (\S+)", commands)
    assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    assert f"-m {module}" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_extra_is_explained_and_there():
    rows = re.findall(r"^\| (`.*?) \|", README, re.M)
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert explained == set(PROJECT["optional-dependencies"])
    named = {name for names in re.findall(r"\.\[([\w,]+)\]", README) for name in names.split(",")}
    assert named
    assert named <= set(PROJECT["optional-dependencies"])


def test_every_name_is_there():
    names = set(re.findall(r"\barn\.([A-Za-z_.]+\w)", README))
    assert {"Client", "figures.survival", "local.serve", "show_versions"} <= names
    assert all(attrgetter(name)(arn) for name in names)
    methods = set(re.findall(r"\bclient\.(\w+)\(", README))
    assert {"get_run", "list_runs", "names"} <= methods
    assert all(hasattr(arn.Client, method) for method in methods)


def test_the_version_of_python_is_the_one_of_the_package():
    assert f"Python {PROJECT['requires-python'].removeprefix('>=')} or newer" in README


def test_what_an_example_needs_is_said_before_it():
    """scipy comes with an extra, so the extra stands before the first example that calls for it."""
    assert README.index("`analysis`") < README.index("scipy") < README.index("arn.compare(")
    (before,) = re.findall(r"\*\*Did it get slower\?\*\*(.*?)```", README, re.S)
    assert "`analysis`" in before
