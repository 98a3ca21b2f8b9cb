"""The client and the local service together, over a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars
import pyarrow as pa
import pytest

import agentrun_nb as arn
from agentrun_nb import local
from agentrun_nb.client import Client
from agentrun_nb.errors import NotFoundError, PathNotFound, SchemaError, UnauthorizedError


@pytest.fixture(scope="module")
def service() -> Iterator[local.Service]:
    served = local.serve(workers=2)
    yield served
    served.close()


@pytest.fixture(scope="module")
def client(service: local.Service) -> Client:
    return service.client


@pytest.fixture(scope="module")
def run(service: local.Service, client: Client) -> arn.Run:
    """A real job, followed to its end."""
    deployments = client.list_deployments()
    report = deployments[deployments["name"] == "csv-report"].iloc[0]
    run = service.submit(report["id"], {})
    until = time.monotonic() + 30
    while not run.ended and time.monotonic() < until:
        time.sleep(0.1)
        run = client.get_run(run.deployment_id, run.id)
    return run


def test_a_real_job_is_one_run(run: arn.Run) -> None:
    assert (run.status, run.exit_code) == ("succeeded", 0)
    assert run.created_at <= run.started_at <= run.completed_at
    assert run.notes is None


def test_its_logs_are_whole_and_their_tail_is_their_end(client: Client, run: arn.Run) -> None:
    logs = client.get_logs(run)
    assert logs["run_id"].eq(run.id).all()
    assert logs["created_at"].is_monotonic_increasing
    pd.testing.assert_frame_equal(client.get_logs(run, tail=2), logs.tail(2).reset_index(drop=True))
    # Its end can be followed on, which is nothing odd; nor is a field that the service documents.
    assert repr(arn.fetch_report(logs)).endswith(" complete.")
    assert logs["extra"].str.contains("service_instance_id").all()


def test_its_outputs_have_the_size_that_the_manifest_says(client: Client, run: arn.Run) -> None:
    outputs = run.outputs
    assert len(outputs)
    for name, size in zip(outputs["name"], outputs["size_bytes"], strict=True):
        assert len(client.read_output(run, name)) == size


def test_listing_and_single_runs_give_the_same_row(client: Client, run: arn.Run) -> None:
    listed = client.list_runs(run.deployment_id, progress=False)
    fetched = client.get_runs(listed, progress=False)
    looks = [table.pop("fetched_at") for table in (listed, fetched)]
    assert (looks[0] <= looks[1]).all()
    pd.testing.assert_frame_equal(listed, fetched)
    assert arn.fetch_report(listed).complete is True


def test_every_deployment_has_two_versions(client: Client) -> None:
    for deployment in client.list_deployments()["id"]:
        assert len(client.list_versions(deployment)) == 2


def test_all_routes_are_offered_and_the_clock_is_ours(client: Client, run: arn.Run) -> None:
    found = client.check()
    assert found.ok
    assert False not in found.routes.values()
    low, high = found.clock_offset
    assert low <= 0 <= high


def test_what_is_not_there_is_not_found(client: Client, run: arn.Run) -> None:
    with pytest.raises(NotFoundError, match="run 'adrun_none'"):
        client.get_run(run.deployment_id, "adrun_none")
    with pytest.raises(NotFoundError, match="deployment 'adep_none'"):
        client.list_runs("adep_none", progress=False)


def test_a_wrong_key_is_refused(service: local.Service, run: arn.Run) -> None:
    with (
        Client("wrong", service.base_url) as client,
        pytest.raises(UnauthorizedError, match="the argument api_key"),
    ):
        client.get_run(run.deployment_id, run.id)


def test_with_a_client_a_key_is_shown_as_the_run_it_names(client: Client, run: arn.Run) -> None:
    key = (run.deployment_id, run.id)
    view = arn.explore(key, client)
    assert view.run.raw == run.raw
    for given in ([key], [key, run], (run, key, (run.deployment_id, "none"))):
        ids = arn.explore(given, client).runs["id"]
        assert ids.tolist() == [run.id, run.id, "none"][: len(given)]
    assert arn.explore([(run.deployment_id, "none")], client).runs["fetch_error"].notna().all()
    view.update([key, key])
    assert len(view.runs) == 2
    with pytest.raises(NotFoundError):
        arn.explore((run.deployment_id, "none"), client)
    with pytest.raises(SchemaError, match=r"client\.get_run"):
        arn.explore(key)


def test_a_run_is_a_document_too(run: arn.Run) -> None:
    view = arn.explore_json(run)
    view.path = "output_manifest.outputs[0].size_bytes"
    assert view.value == run.output_manifest["outputs"][0]["size_bytes"]


# What names one run, made anew for each door: some of these can be read only once.
FORMS = {
    "a Run": lambda run: run,
    "a pair": lambda run: (run.deployment_id, run.id),
    "a list of pairs": lambda run: [(run.deployment_id, run.id)],
    "a tuple of pairs": lambda run: ((run.deployment_id, run.id),),
    "a set of pairs": lambda run: {(run.deployment_id, run.id)},
    "keys of a dict": lambda run: {(run.deployment_id, run.id): 0.5}.keys(),
    "a generator of pairs": lambda run: (key for key in [(run.deployment_id, run.id)]),
    "an iterator of Runs": lambda run: iter([run]),
    "a frame": lambda run: run.to_frame(),
    "a row": lambda run: run.to_frame().iloc[0],
    "an index of pairs": lambda run: run.to_frame().set_index(["deployment_id", "id"]).index,
    "a frame of Polars": lambda run: polars.from_pandas(run.to_frame()[["deployment_id", "id"]]),
    "a table of Arrow": lambda run: pa.table(
        {"deployment_id": [run.deployment_id], "id": [run.id], "status": [run.status]}
    ),
}


def _selected(client: Client, runs: Any, _: Path) -> pd.DataFrame:
    view = arn.explore(client.list_runs(progress=False))
    view.selected = runs
    return view.selection


DOORS = {
    "wait": lambda client, runs, _: client.wait(runs, progress=False),
    "watch": lambda client, runs, _: client.watch(runs).wait(),
    "refetch": lambda client, runs, _: client.refetch(runs, progress=False),
    "get_logs": lambda client, runs, _: client.get_logs(runs, progress=False),
    "read_output": lambda client, runs, _: client.read_output(runs, "report.md"),
    "save_outputs": lambda client, runs, folder: client.save_outputs(runs, folder),
    "explore": lambda client, runs, _: arn.explore(runs, client).runs,
    "selected": _selected,
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("form", FORMS)
def test_runs_may_be_named_in_any_form_at_every_door(
    client: Client, run: arn.Run, form: str, door: str, tmp_path: Path
) -> None:
    found = DOORS[door](client, FORMS[form](run), tmp_path)
    if isinstance(found, bytes):
        assert found == client.read_output(run, "report.md")
        return
    frame = found.to_frame() if isinstance(found, arn.Run) else found
    assert len(frame)
    assert frame["run_id" if "run_id" in frame else "id"].eq(run.id).all()


def test_a_name_that_no_run_lists_is_an_error_with_the_nearest(
    client: Client, run: arn.Run, tmp_path: Path
) -> None:
    for names in ("reprot.md", ["report.md", "reprot.md"]):
        with pytest.raises(PathNotFound, match=r"output .reprot") as raised:
            client.save_outputs(run, tmp_path, names=names)
        assert "'report.md'" in raised.value.hint
    assert not list(tmp_path.iterdir())
    assert client.save_outputs([], tmp_path, names="reprot.md").empty
    gone = client.save_outputs((run.deployment_id, "adrun_none"), tmp_path, names="reprot.md")
    assert gone["error"].str.startswith("not_found").tolist() == [True]


def test_files_are_saved_of_runs_that_were_listed_without_their_manifests(
    client: Client, run: arn.Run, tmp_path: Path
) -> None:
    listed = client.list_runs(without=["output_manifest"], progress=False)
    expected = run.outputs["name"].tolist()
    for given in (listed, listed[["deployment_id", "id", "status"]], listed.iloc[0]):
        saved = client.save_outputs(given, tmp_path)
        assert saved.loc[saved["run_id"] == run.id, "name"].tolist() == expected
        assert saved["error"].isna().all()
