"""The lines of a day, as a user types them, on real jobs of the local service."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb import local
from agentrun_nb.client import Client
from agentrun_nb.core.schema import TERMINAL
from tests.faults.torture import LARGE

REPOSITORY = Path(__file__).parents[2]
MANY = 100 if LARGE else 6
SLACK = timedelta(seconds=0.3)
"""A busy machine may stop the service between writing an event and showing the status it speaks of."""


@pytest.fixture(scope="module")
def service() -> Iterator[local.Service]:
    with local.serve(workers=4) as service:
        yield service


@pytest.fixture(scope="module")
def client(service: local.Service) -> Client:
    return service.client


def test_wait_for_one(service, client):
    run = client.wait(service.submit("csv-report"), timeout="2m")
    assert (run.status, run.ended) == ("succeeded", True)
    assert run.raw.startswith(b"{")


def test_wait_for_many_as_they_end(service, client):
    submitted = [service.submit("csv-report") for _ in range(MANY)]
    ended = [run.id for run in client.watch(submitted)]
    assert sorted(ended) == sorted(run.id for run in submitted)


def test_await_and_gather(service, client):
    async def cell() -> tuple[arn.Run, list[arn.Run]]:
        one = await client.watch(service.submit("csv-report"))
        several = await asyncio.gather(
            *(client.watch(service.submit(name)) for name in ("csv-report", "invoice-audit"))
        )
        return one, several

    one, several = asyncio.run(cell())
    assert one.status == "succeeded"
    assert [run.status for run in several] == ["succeeded", "failed"]


def test_runs_come_as_they_end_in_asyncio_as_well(service, client):
    submitted = [service.submit(name) for name in ("csv-report", "invoice-audit")]

    async def cell() -> list[str]:
        return [run.id async for run in client.watch(submitted)]

    assert sorted(asyncio.run(cell())) == sorted(run.id for run in submitted)


def test_the_logs_of_many_runs_are_one_table(service, client):
    runs = client.list_runs(progress=False)
    logs = client.get_logs(runs, progress=False)
    assert logs["run_id"].unique().tolist() == runs["id"].tolist()
    assert arn.fetch_report(logs).complete


def test_watch_a_deployment_while_the_cell_goes_on(service, client):
    deployment_id = service.submit("csv-report").deployment_id
    with client.watch(deployment_id) as watch:
        submitted = service.submit("csv-report")
        for run in watch:
            if run.id == submitted.id:
                break
    assert run.status == "succeeded"
    assert watch.reason == "stopped"


def test_how_much_longer_and_what_is_stuck(service, client):
    running = service.submit("csv-report")
    history = client.list_runs(running.deployment_id, progress=False)
    told = arn.health(running, history=history)
    assert told["notes"].notna().all()
    assert not told["looks_stuck"].any()
    client.wait(running, progress=False)


def test_what_was_seen_holds_what_the_log_says(service, client):
    """Each change that the log names lies between the looks that saw the one status and the next."""
    submitted = [service.submit(name) for name in ("csv-report", "invoice-audit", "csv-report")]
    runs = client.wait(submitted, progress=False)
    logs = client.get_logs(runs, progress=False)
    phases = arn.phases(runs, logs, client.observations(), events=local.EVENTS)
    logged = phases[phases["kind"] == "logged"].set_index(["run_id", "phase"])
    observed = phases[phases["kind"] == "observed"]
    assert len(observed)
    assert set(logged.reset_index()["phase"]) == {"queued", "starting", "installing", "running"}
    for _, seen in observed.iterrows():
        truth = logged.loc[(seen["run_id"], seen["phase"])]
        assert seen["start_low"] - SLACK <= truth["start"] <= seen["start_high"] + SLACK
        assert seen["end_low"] - SLACK <= truth["end"] <= seen["end_high"] + SLACK
    recorded = phases[phases["kind"] == "recorded"]
    after = recorded[recorded["phase"] == "after_start"].set_index("run_id")
    install = logged.xs("installing", level="phase")
    assert ((after["end"] - after["start"]) > (install["end"] - install["start"])).all()


def test_follow_a_log(service, client):
    run = service.submit("csv-report")
    watch = client.watch(run, interval=0.3)
    seen: list[str] = []
    while watch.active:
        logs = client.get_logs(run, progress=False)
        seen += logs["id"][~logs["id"].isin(seen)].tolist()
    logs = client.get_logs(run, progress=False)
    assert set(seen) <= set(logs["id"])
    assert logs["event_type"].iloc[-1] == "run_succeeded"


SCRIPT = """
import sys
import agentrun_nb as arn
client = arn.Client()
runs = client.wait([(sys.argv[1], run_id) for run_id in sys.argv[2:]], timeout="2m")
sys.exit(int(runs["status"].ne("succeeded").sum()))
"""


@pytest.mark.parametrize("names", [["csv-report"], ["csv-report", "csv-report"]])
def test_in_a_script_with_an_exit_code_and_a_line_that_ends_as_text(service, names):
    submitted = [service.submit(name) for name in names]
    keys = [submitted[0].deployment_id, *(run.id for run in submitted)]
    settings = {"AGENTRUN_API_KEY": service.api_key, "AGENTRUN_BASE_URL": service.base_url}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *keys],
        env=os.environ | settings,
        stderr=theirs,
        cwd=REPOSITORY,
    )
    os.close(theirs)
    shown = b""
    # The end of a terminal that nobody writes to any more is an error on Linux.
    try:
        while part := os.read(ours, 4_096):
            shown += part
    except OSError:
        pass
    os.close(ours)
    assert process.wait(60) == 0
    last = shown.decode().replace("\r", "\n").strip().splitlines()[-1]
    noun = "run" if len(names) == 1 else "runs"
    assert last.startswith(f"{len(names)} of {len(names)} {noun} ended in ")
    assert last.endswith(f": {len(names)} succeeded")
    assert service.api_key not in shown.decode()


def test_an_unsuccessful_run_is_an_exit_code_and_no_error(service, client):
    submitted = service.submit("invoice-audit")
    settings = {"AGENTRUN_API_KEY": service.api_key, "AGENTRUN_BASE_URL": service.base_url}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, submitted.deployment_id, submitted.id],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=150,
        cwd=REPOSITORY,
    )
    assert (done.returncode, done.stderr) == (1, "")


def test_the_table_of_a_day_is_whole(client):
    runs = client.list_runs(progress=False)
    seen = client.observations()
    assert set(runs["id"]) <= set(seen["run_id"])
    assert set(seen["status"]) - set(TERMINAL)
    assert isinstance(seen["seen_at"].dtype, pd.DatetimeTZDtype)
