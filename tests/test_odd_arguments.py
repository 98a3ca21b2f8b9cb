"""Whatever is given to a public function, what it cannot take is refused in a sentence of ours."""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import json
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import errors, figures, local
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.errors import (
    AgentRunError,
    DataError,
    SchemaError,
    ServiceError,
    SettingsError,
)
from agentrun_nb.live.watch import Watch
from agentrun_nb.local.service import Service
from tests.support.analysis import TORTURE
from tests.test_docstrings import PUBLIC

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
    "number beyond floats": lambda: 10**400,
    "no Unicode": lambda: "a\ud800",
    "null character": lambda: "a\0",
    "address": lambda: httpx.URL("http://127.0.0.1:9"),
    "moment of numpy": lambda: np.datetime64("2026-01-01"),
    "moment before UTC": lambda: "0001-01-01T00:00:00+14:00",
    "row in a list": lambda: [pd.Series({"id": "a", "deployment_id": "d"})],
    "no moment": lambda: "2020-13-45",
    "moment": lambda: pd.Timestamp("2026-01-01"),
    "length of numpy": lambda: np.timedelta64(5, "D"),
    "length below zero": lambda: timedelta(days=-7),
    "path too long": lambda: "n" * 300,
}


class World:
    """A real service with a few runs, an archive of them, and a view of each kind."""

    def __init__(self, service: Any, folder: Path) -> None:
        self.client = service.client
        self.service = service
        self.deployment_id = self.client.list_deployments()["id"].iloc[0]
        self.runs = self.client.list_runs(self.deployment_id, progress=False)
        self.run = self.client.get_run(self.deployment_id, self.runs["id"].iloc[0])
        self.version_id = self.runs["version_id"].iloc[0]
        self.logs = self.client.get_logs(self.run)
        self.explorer = arn.explore(self.runs)
        self.json_explorer = arn.explore_json({"a": 1})
        self.archive = arn.Archive(folder / "runs.sqlite")
        self.archive.sync(self.client)
        self.watch = self.client.watch(self.run)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with local.serve() as service:
        service.load(local.generate(30, seed=3))
        yield World(service, tmp_path_factory.mktemp("archive"))


# fmt: off
CALLS: dict[str, Callable[[World], dict[str, Any]]] = {
    **dict.fromkeys((
        "brief", "summarize", "failures", "health", "spans", "outputs", "concurrency", "json_paths",
        "figures.concurrency", "figures.durations", "figures.outcomes", "figures.survival", "figures.timeline",
        "figures.trend",
    ), lambda world: {"runs": world.runs}),
    **dict.fromkeys(("runs_frame", "explore"), lambda world: {"x": world.runs}),
    "fetch_report": lambda world: {next(p.name for p in parameters("fetch_report")): world.runs},
    "explore_json": lambda world: {"x": world.run},
    "phases": lambda world: {"runs": world.runs, "logs": world.logs},
    "compare": lambda world: {"runs": world.runs, "a": world.version_id, "b": world.version_id},
    "diff": lambda world: {"a": world.run, "b": world.run},
    "parse": lambda world: {"column": world.runs["input"]},
    "save": lambda world: {"runs": world.runs, "path": "odd.csv"},
    "load": lambda world: {"path": arn.save(world.runs, "odd.parquet")},
    "Col": lambda world: {"path": "input.topic"},
    "Run": lambda world: {"raw": world.run.raw},
    "Run.of_row": lambda world: {"row": world.runs.iloc[0]},
    "Client": lambda world: {"api_key": "k", "base_url": "http://127.0.0.1:9"},
    "Archive": lambda world: {"path": "other.sqlite"},
    **{f"{place}.{name}": call for place in ("Client", "Archive") for name, call in {
        **dict.fromkeys(("get_run", "explore"), lambda world: {"deployment_id": world.deployment_id, "run_id": world.run.id}),
        "get_runs": lambda world: {"deployment_id": world.deployment_id, "run_ids": [world.run.id]},
        **dict.fromkeys(("list_runs", "iter_runs", "list_versions"), lambda world: {"deployment_id": world.deployment_id}),
        "get_logs": lambda world: {"runs": world.run},
        "read_output": lambda world: {"run": world.run, "name": world.run.outputs["name"].iloc[0]},
    }.items()},
    "Client.refetch": lambda world: {"runs": world.runs},
    "Client.wait": lambda world: {"runs": world.run, "timeout": 1},
    "Client.watch": lambda world: {"what": world.run},
    "Client.save_outputs": lambda world: {"runs": world.run, "folder": "outputs"},
    "Archive.sync": lambda world: {"client": world.client},
    "Archive.rescue": lambda world: {"client": world.client, "runs": world.run},
    "Archive.forget": lambda world: {"run": world.runs.head(0)},
    "Archive.export": lambda world: {"folder": "exported"},
    "RunExplorer.update": lambda world: {"x": world.runs},
    "RunExplorer.to_html": lambda world: {"path": "odd.html"},
    "JsonExplorer.update": lambda world: {"x": world.run},
    "JsonExplorer.to_html": lambda world: {"path": "odd.html"},
    "Service.load": lambda world: {"runs": []},
    "Service.submit": lambda world: {"deployment": "nightly-export"},
    "Service.wait": lambda world: {"timeout": 0},
    "Watch.wait": lambda world: {"timeout": 1},
    "dask.read": lambda world: {"folder": arn.save(iter([world.runs]), "dataset")},
    "local.serve": lambda world: {"folder": "service"},
    "local.generate": lambda world: {"n": 1},
    "figures.show": lambda world: {"figure": figures.outcomes(world.runs)},
}
"""A call that is right, of each public function and method that takes anything."""
# fmt: on

OF_OUR_OWN = {"AgentRunError", "local.Service"}
"""What only this package makes."""

SETTABLE = ("selected", "path", "tz", "view", "by", "filter", "sort", "columns", "window")


def parameters(name: str) -> list[inspect.Parameter]:
    function = getattr(PUBLIC[name], "__func__", PUBLIC[name])
    if not callable(function):
        return []
    found = inspect.signature(function).parameters.values()
    return [parameter for parameter in found if parameter.name not in ("self", "cls")]


def function_of(name: str, world: World) -> Callable[..., Any]:
    """A public function as a user has it, a method of what the world holds."""
    place, _, method = name.rpartition(".")
    owners = {
        "Run": arn.Run,
        "Client": world.client,
        "Archive": world.archive,
        "RunExplorer": arn.explore(world.runs) if method == "update" else world.explorer,
        "JsonExplorer": world.json_explorer,
        "Service": world.service,
        "Watch": world.watch,
    }
    return getattr(owners[place], method) if place in owners else PUBLIC[name]


Door = Callable[[World, Any], Any]


def door(name: str, parameter: str) -> Door:
    """Calls a public function with something odd for one of its parameters."""

    def call(world: World, odd: Any) -> Any:
        given = CALLS[name](world) | {parameter: odd}
        return used(function_of(name, world)(**given))

    return call


def used(made: Any) -> Any:
    """What was made, used as it is meant to be: some say only then what they cannot do."""
    if isinstance(made, Iterator):
        return next(made, None)
    if isinstance(made, Watch | Service):
        (made.stop if isinstance(made, Watch) else made.close)()
    return repr(made)


DOORS: dict[str, Door] = {
    **{
        f"{name} {parameter.name}": door(name, parameter.name)
        for name in CALLS
        for parameter in parameters(name)
    },
    **{
        f"set {name}": lambda world, odd, name=name: setattr(arn.explore(world.runs), name, odd)
        for name in SETTABLE
    },
    "extract runs": lambda world, odd: arn.extract(odd, "input.topic"),
    "extract paths": lambda world, odd: arn.extract(world.runs, odd),
    "extract columns": lambda world, odd: arn.extract(world.runs, topic=odd),
    **{
        f"extract by a Col {name}": lambda world, odd, name=name: arn.extract(
            world.runs, x=arn.Col("input.topic", **{name: odd})
        )
        for name in ("dtype", "default", "agg")
    },
}


def test_each_public_function_that_takes_anything_is_called():
    takes = {name for name in PUBLIC if parameters(name)}
    assert takes - OF_OUR_OWN == CALLS.keys() | {"extract"}


@pytest.mark.parametrize("name", CALLS)
def test_the_call_that_is_right_works(
    name: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the law below: what it refuses is refused for the odd argument."""
    monkeypatch.chdir(tmp_path)
    # A made-up run has no files, and no log in an archive.
    is_gone = name in ("Client.read_output", "Archive.read_output", "Archive.get_logs")
    with pytest.raises(ServiceError) if is_gone else contextlib.nullcontext():
        used(function_of(name, world)(**CALLS[name](world)))


def odd_for(door: str) -> dict[str, Callable[[], Any]]:
    """What a function is given: in the torture profile all, else a quarter, another one each."""
    place = list(DOORS).index(door)
    names = list(ODD) if TORTURE else list(ODD)[place % 4 :: 4]
    return {name: ODD[name] for name in names}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS)
def test_what_a_function_cannot_take_is_refused_in_a_sentence(
    door: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = {}
    for name, make in odd_for(door).items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                DOORS[door](world, make())
        except AgentRunError:
            continue
        except Exception as error:
            raw[name] = f"{type(error).__name__}: {error}"[:200]
    assert raw == {}


def test_rows_in_a_list_are_runs_wherever_runs_are_taken(world: World) -> None:
    rows = [world.runs.iloc[0], world.runs.iloc[1]]
    ids = world.runs["id"].head(2).tolist()
    assert world.client.wait(rows, progress=False)["id"].tolist() == ids
    assert world.client.watch(rows).wait()["id"].tolist() == ids
    assert arn.explore(rows).runs["id"].tolist() == ids


@pytest.mark.parametrize("age", [np.datetime64("2026-09-20"), pd.Timestamp("2026-09-20")])
def test_a_moment_of_numpy_is_a_moment(world: World, age: Any) -> None:
    expected = world.client.list_runs(since="2026-09-20", progress=False)
    assert 0 < len(expected) < 30
    assert len(world.client.list_runs(since=age, progress=False)) == len(expected)
    kept = world.archive.list_runs(since="2026-09-20")
    assert 0 < len(kept) == len(world.archive.list_runs(since=age))


def listings(world: World) -> list[Callable[..., Any]]:
    return [world.client.list_runs, world.archive.list_runs]


def test_a_listing_that_could_hold_no_run_is_refused(world: World) -> None:
    for listing in listings(world):
        for since, until in (("2026-10-10", "2026-09-10"), ("1d", "7d"), ("1h", "2026-09-10")):
            with pytest.raises(SettingsError, match="since= is later than until="):
                listing(since=since, until=until)
        assert len(listing(since="2026-09-10", until="2026-09-10")) == 0


@pytest.mark.parametrize("age", [timedelta(days=-7), np.timedelta64(-7, "D"), "-7d"])
def test_an_age_counts_back(world: World, age: Any) -> None:
    """A moment to come would let no run through, and nobody would see why."""
    for listing in listings(world):
        with pytest.raises(SettingsError, match="is not a moment"):
            listing(since=age)
    with pytest.raises(SettingsError, match="is not a moment"):
        arn.explore(world.runs, filter={"since": age})


def test_a_length_of_numpy_is_a_length_and_no_number(world: World) -> None:
    limit = np.timedelta64(5, "m")
    expected = arn.summarize(world.runs, within="5m")
    pd.testing.assert_frame_equal(arn.summarize(world.runs, within=limit), expected)
    with pytest.raises(SettingsError, match="is not a count"):
        world.client.list_runs(limit=limit)
    for name in ("timeout", "max_in_flight"):
        with pytest.raises(SettingsError, match=f"{name} is to be"):
            arn.Client("k", "http://127.0.0.1:9", **{name: limit})


def test_ids_beside_a_frame_are_not_passed_over(world: World) -> None:
    for place in (world.client, world.archive):
        with pytest.raises(SettingsError, match="beside a frame"):
            place.get_runs(world.runs, [world.run.id])


@pytest.mark.parametrize("kind", ["bytes", "a row", "a record"])
def test_what_has_no_ids_in_it_gives_no_rows(kind: str, world: World) -> None:
    row = world.runs.iloc[0]
    given = {"bytes": row["id"].encode(), "a row": row, "a record": world.run.to_dict()}[kind]
    for place in (world.client, world.archive):
        with pytest.raises(SettingsError, match="a list of run ids"):
            place.get_runs(world.deployment_id, given)


def test_a_missing_id_is_no_text(world: World) -> None:
    given = pd.Series([world.run.id, None])
    found = world.client.get_runs(world.deployment_id, given, progress=False)
    assert found["fetch_error"].isna().tolist() == [True, False]
    assert "nan" not in found["id"].tolist()


def every_error() -> dict[str, AgentRunError]:
    found = {name: getattr(errors, name) for name in dir(errors)}
    further = {"NotEndedError": {"runs": pd.DataFrame({"id": ["a"]})}}
    facts = {"hint": "Wait."}
    return {
        name: kind("It is so.", **facts, **further.get(name, {})) for name, kind in found.items()
    }


@pytest.mark.parametrize("name", every_error())
def test_an_error_can_be_copied_and_sent_to_another_process(name: str) -> None:
    error = every_error()[name]
    for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is type(error)
        assert (str(again), again.kind) == (str(error), error.kind)
        assert again.__dict__.keys() == error.__dict__.keys()
    if name == "NotEndedError":
        pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(error)).runs, error.runs)


def test_links_that_lead_in_a_circle_are_no_place_for_a_file(world: World, tmp_path: Path) -> None:
    link = tmp_path / "runs.parquet"
    link.symlink_to(link)
    for write in (lambda path: arn.save(world.runs, path), world.explorer.to_html):
        with pytest.raises(DataError, match="cannot be written"):
            write(link)


def test_a_folder_may_have_a_name_that_is_no_unicode(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    try:
        arn.save([world.runs], folder)
    except DataError:
        return  # the file system has names of Unicode only
    assert len(arn.load(folder)) == len(world.runs)


LONG = "x" * 100_000

SAYS_LONG: dict[str, Callable[[World], Any]] = {
    "a run": lambda world: long_run(),
    "a view of a run": lambda world: arn.explore(long_run()),
    "a view in a terminal": lambda world: arn.explore(long_run())._line(),
    "a key": lambda world: arn.explore((LONG, LONG)),
    "a path": lambda world: arn.extract(world.runs, f"input.{LONG}"),
    "a column": lambda world: arn.summarize(world.runs, by=LONG),
    "a group": lambda world: arn.compare(world.runs, LONG, "b"),
    "a status of the record": lambda world: arn.compare(long_run(), "a", "b", by="status"),
    "a name of a file": lambda world: arn.load(LONG),
}
"""What shows a text that somebody gave, or that a record has."""


def long_run() -> arn.Run:
    fields = dict.fromkeys(("id", "deployment_id", "status"), LONG)
    return arn.Run(json.dumps(fields).encode())


@pytest.mark.parametrize("name", SAYS_LONG)
def test_what_is_said_of_a_long_text_fits_on_a_screen(name: str, world: World) -> None:
    try:
        said = repr(SAYS_LONG[name](world))
    except AgentRunError as error:
        said = str(error)
    assert "xxx" in said
    assert len(said) < 5_000


def test_a_moment_of_fetching_lies_in_the_calendar(world: World) -> None:
    moment = datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))
    with pytest.raises(SchemaError, match="years 1 to 9999"):
        arn.Run(world.run.raw, moment)


@pytest.mark.parametrize("zone", [ZoneInfo("Europe/Berlin"), UTC, None])
def test_a_zone_is_given_by_its_name(zone: Any, world: World) -> None:
    with pytest.raises(SettingsError, match="given by its name, and not by"):
        arn.brief(world.runs, tz=zone)


def test_a_path_may_begin_at_home(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert arn.save(world.runs, "~/runs.parquet") == tmp_path / "runs.parquet"
    assert arn.load("~/runs.parquet").equals(world.runs)
    assert world.explorer.to_html("~/runs.html") == tmp_path / "runs.html"


@pytest.mark.parametrize("path", ["", "a\0", "a\ud800", 5, None, b"x"])
def test_what_is_no_path_is_blamed_as_one(world: World, path: Any) -> None:
    for call in (arn.Archive, arn.load, world.explorer.to_html, world.json_explorer.to_html):
        with pytest.raises(AgentRunError, match="named by its path"):
            call(path)


def test_an_archive_is_no_database_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AgentRunError, match="is a file"):
        arn.Archive(":memory:")
    assert not list(tmp_path.iterdir())


def test_a_number_names_no_run_of_the_archive(world: World) -> None:
    """SQLite takes the number 5 for the text "5"."""
    runs = world.archive.get_runs(world.deployment_id, [5, 2**80, "a\ud800"])
    assert runs["fetch_error"].str.startswith("not_found").all()
