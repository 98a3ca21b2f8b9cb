"""Whatever is given to a public function, what it cannot take is refused in a sentence of ours."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import figures, local
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.errors import AgentRunError

ODD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "zero": lambda: 0,
    "decimal": lambda: 1.5,
    "true": lambda: True,
    "text": lambda: "text",
    "no text": lambda: "",
    "bytes": lambda: b"x",
    "no list": list,
    "list of a number": lambda: [1],
    "list of a text": lambda: ["a"],
    "mapping": lambda: {"a": 1},
    "object": object,
    "no frame": pd.DataFrame,
    "other frame": lambda: pd.DataFrame({"a": [1]}),
    "column": lambda: pd.Series([1]),
    "column of NA": lambda: pd.Series([pd.NA, "a"], dtype=TEXT),
    "array": lambda: np.array([1, 2]),
    "NaT": lambda: pd.NaT,
    "NaN": lambda: float("nan"),
    "range": lambda: range(3),
    "function": lambda: len,
    "iterator": lambda: iter([]),
    "large number": lambda: 2**80,
    "no moment": lambda: "2020-13-45",
    "moment": lambda: pd.Timestamp("2026-01-01"),
}


class World:
    """A real service with a few runs."""

    def __init__(self, service: Any) -> None:
        self.client = service.client
        self.service = service
        self.deployment_id = self.client.list_deployments()["id"].iloc[0]
        self.runs = self.client.list_runs(self.deployment_id, progress=False)
        self.run = self.client.get_run(self.deployment_id, self.runs["id"].iloc[0])
        self.version_id = self.runs["version_id"].iloc[0]
        self.explorer = arn.explore(self.runs)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with local.serve() as service:
        service.load(local.generate(60, seed=3))
        yield World(service)


Door = Callable[[World, Any], Any]

# fmt: off
DOORS: dict[str, Door] = {
    **{name: (lambda world, odd, name=name: getattr(arn, name)(odd)) for name in (
        "brief", "spans", "outputs", "summarize", "failures", "concurrency", "runs_frame",
        "fetch_report", "json_paths", "phases", "health", "explore", "explore_json", "parse", "load",
    )},
    **{f"figures.{name}": (lambda world, odd, name=name: getattr(figures, name)(odd)) for name in (
        "timeline", "durations", "outcomes", "concurrency", "survival", "trend",
    )},
    **{f"{name} names": (
        lambda world, odd, name=name: getattr(arn, name)(world.runs, names=odd)
    ) for name in ("brief", "summarize", "failures")},
    "compare names": lambda world, odd: arn.compare(
        world.runs, world.version_id, world.version_id, names=odd
    ),
    **{f"figures.{name} names": (
        lambda world, odd, name=name: getattr(figures, name)(world.runs, names=odd)
    ) for name in ("outcomes", "survival", "timeline", "trend")},
    "extract of": lambda world, odd: arn.extract(odd, "input.topic"),
    "extract what": lambda world, odd: arn.extract(world.runs, odd),
    "extract a column": lambda world, odd: arn.extract(world.runs, topic=odd),
    "compare of": lambda world, odd: arn.compare(odd, "a", "b"),
    "compare a": lambda world, odd: arn.compare(world.runs, odd, world.version_id),
    "compare b": lambda world, odd: arn.compare(world.runs, world.version_id, odd),
    "compare by": lambda world, odd: arn.compare(world.runs, "a", "b", by=odd),
    "diff a": lambda world, odd: arn.diff(odd, world.run),
    "diff b": lambda world, odd: arn.diff(world.run, odd),
    "diff ignore": lambda world, odd: arn.diff(world.run, world.run, ignore=odd),
    "summarize by": lambda world, odd: arn.summarize(world.runs, by=odd),
    "summarize freq": lambda world, odd: arn.summarize(world.runs, freq=odd),
    "summarize within": lambda world, odd: arn.summarize(world.runs, within=odd),
    "figures.trend freq": lambda world, odd: figures.trend(world.runs, odd),
    "failures by": lambda world, odd: arn.failures(world.runs, by=odd),
    "health history": lambda world, odd: arn.health(world.runs, history=odd),
    **{f"phases {name}": (
        lambda world, odd, name=name: arn.phases(
            world.runs, **({"logs": world.client.get_logs(world.run)} | {name: odd})
        )
    ) for name in ("logs", "observations", "events")},
    "failures logs": lambda world, odd: arn.failures(world.runs, logs=odd),
    "brief tz": lambda world, odd: arn.brief(world.runs, tz=odd),
    "json_paths column": lambda world, odd: arn.json_paths(world.runs, odd),
    "explore tz": lambda world, odd: arn.explore(world.runs, tz=odd),
    "explore client": lambda world, odd: arn.explore(world.runs, odd),
    "save what": lambda world, odd: arn.save(odd, "odd.csv"),
    "save where": lambda world, odd: arn.save(world.runs, odd),
    "Col": lambda world, odd: arn.Col(odd),
    "Col dtype": lambda world, odd: arn.extract(world.runs, x=arn.Col("input.topic", dtype=odd)),
    "Col agg": lambda world, odd: arn.extract(world.runs, x=arn.Col("input.topic", agg=odd)),
    "Run": lambda world, odd: arn.Run(odd),
    "Run.of_row": lambda world, odd: arn.Run.of_row(odd),
    "get_run deployment": lambda world, odd: world.client.get_run(odd, world.run.id),
    "get_run run": lambda world, odd: world.client.get_run(world.deployment_id, odd),
    "get_runs deployment": lambda world, odd: world.client.get_runs(odd, [], progress=False),
    "get_runs runs": lambda world, odd: world.client.get_runs(world.deployment_id, odd, progress=False),
    "list_versions": lambda world, odd: world.client.list_versions(odd),
    "refetch": lambda world, odd: world.client.refetch(odd, progress=False),
    "get_logs": lambda world, odd: world.client.get_logs(odd),
    "get_logs tail": lambda world, odd: world.client.get_logs(world.run, tail=odd),
    "wait of": lambda world, odd: world.client.wait(odd, timeout=1, progress=False),
    "wait timeout": lambda world, odd: world.client.wait(world.run, timeout=odd, progress=False),
    "watch what": lambda world, odd: world.client.watch(odd).stop(),
    "watch since": lambda world, odd: world.client.watch(world.deployment_id, since=odd).stop(),
    "watch interval": lambda world, odd: world.client.watch(world.run, interval=odd).stop(),
    "watch wait": lambda world, odd: world.client.watch(world.run).wait(timeout=odd),
    "read_output of": lambda world, odd: world.client.read_output(odd, "report.md"),
    "read_output what": lambda world, odd: world.client.read_output(world.run, odd),
    "read_output max_bytes": lambda world, odd: world.client.read_output(world.run, "x", max_bytes=odd),
    "read_output deadline": lambda world, odd: world.client.read_output(world.run, "x", deadline=odd),
    "list_runs": lambda world, odd: world.client.list_runs(odd, progress=False),
    **{f"list_runs {name}": (
        lambda world, odd, name=name: world.client.list_runs(
            world.deployment_id, progress=False, **{name: odd}
        )
    ) for name in ("status", "version_id", "since", "until", "limit", "without")},
    "iter_runs chunk": lambda world, odd: list(
        world.client.iter_runs(world.deployment_id, chunk=odd, progress=False)
    ),
    **{f"Client {name}": (
        lambda world, odd, name=name: arn.Client(
            **{"api_key": "k", "base_url": "http://127.0.0.1:9"} | {name: odd}
        )
    ) for name in (
        "api_key", "base_url", "timeout", "deadline", "max_in_flight", "max_bytes", "proxy", "verify",
    )},
    "selected": lambda world, odd: setattr(world.explorer, "selected", odd),
    "path": lambda world, odd: setattr(world.explorer, "path", odd),
    "tz": lambda world, odd: setattr(world.explorer, "tz", odd),
    "update": lambda world, odd: arn.explore(world.runs).update(odd),
    "to_html without": lambda world, odd: world.explorer.to_html("odd.html", without=odd),
}
# fmt: on


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS)
def test_what_a_function_cannot_take_is_refused_in_a_sentence(
    door: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = {}
    for name, make in ODD.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                repr(DOORS[door](world, make()))
        except AgentRunError:
            continue
        except Exception as error:
            raw[name] = f"{type(error).__name__}: {error}"[:200]
    assert raw == {}
