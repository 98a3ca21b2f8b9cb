"""A process that is interrupted again and again at random moments, and says what each call ended in, a line each.

`python -m tests.faults.interrupted URL SEED COUNT`; the service at URL is that of `test_interrupts.py`.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable

import pandas as pd

import agentrun_nb as arn
from agentrun_nb.client import Client

from .replies import KEY

DEPLOYMENTS, RUNS = 40, 12
"""Deployments of the service, and runs of each."""

EARLY = 0.005
"""Seconds within which no page can have come."""

TRUTH = {
    (f"dep_{deployment}", f"run_{run}") for deployment in range(DEPLOYMENTS) for run in range(RUNS)
}


def deployments() -> list[str]:
    return [f"dep_{number}" for number in range(DEPLOYMENTS)]


def iterated(client: Client) -> pd.DataFrame:
    """The last frame of an iteration, with the rows of all and its report."""
    frames = list(client.iter_runs(deployments(), chunk=100, progress=False))
    rows = pd.concat([frame[["deployment_id", "id"]] for frame in frames])
    rows.attrs["complete"] = arn.fetch_report(frames[-1]).complete
    return rows


def cut(client: Client) -> pd.DataFrame:
    """A frame of which something is left, made without an interrupt of the calling thread."""
    first = client.list_runs(deployments()[:1], progress=False)
    first.loc[first.index[::2], "status"] = "running"
    return first


CALLS: dict[str, Callable[[Client], pd.DataFrame]] = {
    "list_runs": lambda client: client.list_runs(deployments(), progress=False),
    "get_runs": lambda client: client.get_runs(
        "dep_0", [f"run_{n}" for n in range(RUNS)] * 20, progress=False
    ),
    "iter_runs": iterated,
    "refetch": lambda client: client.refetch(cut(client), progress=False),
}


def _keys(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["deployment_id"], frame["id"], strict=True))


def _whole(name: str, frame: pd.DataFrame) -> bool:
    """Whether the rows are the truth."""
    if name in ("list_runs", "iter_runs"):
        return _keys(frame) == TRUTH
    return bool(frame["fetch_error"].isna().all() and frame["status"].eq("succeeded").all())


def _told(frame: pd.DataFrame) -> bool | None:
    return (
        frame.attrs["complete"] if "complete" in frame.attrs else arn.fetch_report(frame).complete
    )


def attempt(client: Client, name: str, after: float) -> str:
    """Calls, and is interrupted by the system after some seconds; what came of it in a few words."""
    sent: list[float] = []
    frame: pd.DataFrame | None = None

    def interrupt() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, interrupt)
    began = time.monotonic()
    try:
        timer.start()
        frame = CALLS[name](client)
        timer.join()
        time.sleep(0.01)  # an interrupt that came after the call is heard here
    except KeyboardInterrupt as error:
        timer.join()
        files = [entry.filename for entry in traceback.extract_tb(error.__traceback__)]
        if (
            frame is None
            and sent[0] - began > EARLY
            and any("/agentrun_nb/" in file for file in files)
        ):
            return f"raw {name} {''.join(traceback.format_tb(error.__traceback__))!r}"
    if frame is None:
        return "early"
    whole, told = _whole(name, frame), _told(frame)
    if whole != told:
        return f"false {name}: whole {whole}, told {told}"
    if name == "list_runs" and not whole:
        again = client.refetch(frame, progress=False)
        report = arn.fetch_report(again)
        if (
            _keys(again) != TRUTH
            or report.complete is not True
            or report.deployments != DEPLOYMENTS
        ):
            return f"lost {len(again)} of {len(TRUTH)}, {report!r}, {report.deployments}"
    return "whole" if whole else "part"


def main() -> None:
    url, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    dice = random.Random(seed)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Client(KEY, url) as client:
        spans = {}
        for name, call in CALLS.items():
            began = time.monotonic()
            call(client)
            spans[name] = time.monotonic() - began
        for number in range(count):
            name = [*CALLS][number % len(CALLS)]
            print(attempt(client, name, dice.uniform(0.0, 1.1 * spans[name])), flush=True)


if __name__ == "__main__":
    main()
