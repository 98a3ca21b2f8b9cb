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


@pytest.mark.parametrize("number", range(5))
def test_a_walkthrough_runs_as_it_stands(
    number: int, world: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = dict(world)
    *lines, last = WALKTHROUGHS[number].strip().splitlines()
    exec("\n".join(lines), names)
    value = eval(last, names)
    law = (
        lambda: value == world["run"].output_manifest["outputs"][0]["size_bytes"],
        lambda: len(value) == 0 and "status" in value,
        lambda: (value > 0).all() and len(value) == 2,
        lambda: (tmp_path / "runs.html").stat().st_size > 10_000 and len(names["ex"].selection) == 1,
        lambda: value.sum() == 2,
    )[number]
    assert law()
