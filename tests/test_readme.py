"""The README is true: its code runs as it stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agentrun_nb as arn

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
EXAMPLE, *WALKTHROUGHS = BLOCKS


@pytest.fixture(scope="module")
def world() -> Iterator[dict[str, Any]]:
    """What a reader has at hand after the first example: a client, a run, runs."""
    with arn.local.serve() as service:
        submitted = service.submit("csv-report")
        service.submit("csv-report", version=1)
        service.submit("invoice-audit")
        service.wait()
        run = service.client.get_run(submitted.deployment_id, submitted.id)
        runs = service.client.list_runs(progress=False)
        yield {
            "arn": arn,
            "client": service.client,
            "run": run,
            "run_id": run.id,
            "deployment_id": run.deployment_id,
            "deployment_ids": list(service.deployments["id"]),
            "runs": runs,
        }


def test_the_example_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    exec(EXAMPLE, {})
    printed = capsys.readouterr().out
    assert "succeeded" in printed
    assert "complete" in printed
    assert len(arn.load(tmp_path / "runs.parquet")) == 1


def test_the_example_has_twelve_lines() -> None:
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) == 12


LAWS = {
    "One run": lambda value, names: value == names["run"].output_manifest["outputs"][0]["size_bytes"],
    "What failed?": lambda value, _: value["n"].sum() == 1 and "AuditError" in value["example"].iloc[0],
    "Did it get slower?": lambda value, _: set(value["verdict"]) == {"not enough data"},
    "From a manifest to columns": lambda value, _: value["bytes"].dtype == "Int64" and value["score"].notna().any(),
    "Look, pick, share": lambda _, names: len(names["ex"].selection) == 1 and Path("runs.html").stat().st_size > 10_000,
    "Many deployments": lambda value, _: value.sum() == 3,
}
"""What must hold of the value of a walkthrough's last line."""


def test_each_walkthrough_has_a_law() -> None:
    told = re.findall(r"^\*\*(.+?)\.?\*\*", README, re.MULTILINE)
    assert told == list(LAWS)
    assert len(WALKTHROUGHS) == len(LAWS)


@pytest.mark.parametrize(("title", "code"), list(zip(LAWS, WALKTHROUGHS, strict=False)), ids=list(LAWS))
def test_a_walkthrough_runs_as_it_stands(
    title: str, code: str, world: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = dict(world)
    *lines, last = code.strip().splitlines()
    exec("\n".join(lines), names)
    assert LAWS[title](eval(last, names), names)
