"""`python -m tests.faults.torture`: counts under pressure, each with its control; the ring runs small forms of them."""

from __future__ import annotations

import gc
import gzip
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.errors import AgentRunError
from agentrun_nb.http.retry import Policy
from agentrun_nb.http.wire import Wire

from .connection import MEBI, bomb
from .lab import BRISK
from .replies import DEP, KEY, RUN, http, page, record, refusal
from .server import CLOSE, RESET, Drip, Endless, Pause, Reply, Request, Script, serving

LARGE = os.environ.get("AGENTRUN_NB_PROFILE") == "torture"
"""Whether the counts are the full ones, or small ones."""

PAGE = 200
PATIENT = Policy(base=0.005, crowded_base=0.005, longest=0.02)
"""As many attempts as usual, and waits of milliseconds."""


# --- faulty replies ------------------------------------------------------------------------------------------------


def listed(runs: list[dict[str, object]]) -> Script:
    """A listing by positions, without a list of versions."""
    bodies = {
        start: page(
            *runs[start : start + PAGE],
            next_cursor=str(start + PAGE) if start + PAGE < len(runs) else None,
        )
        for start in range(0, len(runs), PAGE)
    }

    def script(request: Request, number: int) -> Reply:
        if request.last != "runs":
            return [refusal("404 X", code="not_implemented")]
        return [bodies[int(request.query.get("cursor", 0))]]

    return script


def spoiled(script: Script, share: float, seed: int) -> Script:
    """The same service, a share of whose replies are faults of many kinds."""
    dice = random.Random(seed)

    def faulty(request: Request, number: int) -> Reply:
        whole = script(request, number)
        if dice.random() >= share:
            return whole
        reply = whole[0]
        assert isinstance(reply, bytes)
        body = reply.partition(b"\r\n\r\n")[2]
        damaged = gzip.compress(body)[:-30]
        kinds: list[Reply] = [
            [RESET],
            [CLOSE],
            [reply[: len(reply) // 2], CLOSE],
            [reply[: len(reply) // 2], Pause(0.005), RESET],
            [refusal("503 Busy")],
            [refusal("429 Too Many", "Retry-After: 0")],
            [http(b"<html>", "502 Bad Gateway", "Content-Type: text/html")],
            [http(b"<html>log in", "200 OK", "Content-Type: text/html")],
            [http(body[: len(body) // 2])],
            [http(damaged, "200 OK", "Content-Encoding: gzip")],
        ]
        return dice.choice(kinds)

    return faulty


@dataclass
class Listings:
    """How listings under faulty replies went."""

    share: float
    tried: int
    exact: int = 0
    requests: int = 0
    ideal: int = 0

    def __str__(self) -> str:
        return f"{self.share:.0%} faulty: {self.exact} of {self.tried} exact, {self.cost:.2f} x the ideal requests"

    @property
    def cost(self) -> float:
        """Requests for each that a service without faults would have needed."""
        return self.requests / self.ideal


def listings(share: float, count: int) -> Listings:
    """Lists 2,000 runs so many times, and compares each time with what the service has."""
    runs = [
        record(
            f"run_{number}",
            created_at=f"2026-11-07T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        )
        for number in range(2_000, 0, -1)
    ]
    wanted = [run["id"] for run in runs]
    outcome = Listings(share, count)
    with serving(spoiled(listed(runs), share, seed=7)) as server:
        for _ in range(count):
            with Client(KEY, server.url) as client, suppress(AgentRunError):
                found = client.list_runs(DEP, progress=False)
                outcome.exact += (
                    found["id"].tolist() == wanted and arn.fetch_report(found).complete is True
                )
            outcome.ideal += len(runs) // PAGE
        outcome.requests = sum(sent.request.last == "runs" for sent in server.sent)
    return outcome


WITNESS = Path(__file__).parents[2] / ".venv-witness" / "bin" / "python"
SDK_CODE = """
import sys
from nullspace.agent_deployments import AgentDeployment
deployment = AgentDeployment.get(sys.argv[1])
for _ in range(int(sys.argv[2])):
    ids, cursor = [], None
    try:
        while True:
            answer = deployment.list_runs(limit=200, cursor=cursor)
            ids, cursor = ids + [run.id for run in answer.items], answer.next_cursor
            if not cursor:
                break
    except Exception as error:
        print(type(error).__name__, flush=True)
    else:
        print(len(ids), len(set(ids)), flush=True)
"""


def sdk_listings(share: float, count: int) -> str:
    """The vendor's SDK, where it is at hand, on the same replies."""
    python = Path(os.environ.get("AGENTRUN_NB_WITNESS_PYTHON", WITNESS))
    if not python.exists():
        return "the vendor's SDK is absent"
    runs = [record(f"run_{number}") for number in range(2_000, 0, -1)]
    faulty = spoiled(listed(runs), share, seed=7)
    deployment = record(
        DEP, name="n", description="", active_version_id="ver_1", metadata={}, deleted_at=None
    ) | {"status": "active"}

    def script(request: Request, number: int) -> Reply:
        return [http(deployment)] if request.last == DEP else faulty(request, number)

    with serving(script) as server:
        variables = {
            "NULLSPACE_API_KEY": KEY,
            "NULLSPACE_BASE_URL": server.url,
            "PATH": os.defpath,
            "HOME": "/nonexistent",
        }
        process = subprocess.run(
            [python, "-c", SDK_CODE, DEP, str(count)],
            env=variables,
            capture_output=True,
            text=True,
            timeout=600,
        )
    told = process.stdout.splitlines()
    exact = told.count("2000 2000")
    others = sorted({line for line in told if line != "2000 2000"}) or [
        process.stderr.strip()[-200:]
    ]
    return f"the vendor's SDK: {exact} of {count} exact, else {', '.join(others)[:200]}"


# --- deadlines -----------------------------------------------------------------------------------------------------


def slow_faults() -> dict[str, Script]:
    """Services that take their time, each in a way of its own."""
    endless = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    replies: dict[str, Reply] = {
        "headers drip": [Drip(RUN, 0.1)],
        "body drips": [RUN[:-200], Drip(RUN[-200:], 0.1)],
        "silence": [Pause(600)],
        "silence in the body": [RUN[:-20], Pause(600)],
        "a body without end, slowly": [endless, *([b" " * 1_000, Pause(0.05)] * 10_000)],
        "503, again and again": [refusal("503 Busy")],
        "429 with waits": [refusal("429 Too Many", "Retry-After: 1")],
        "resets": [Pause(0.2), RESET],
    }
    return {name: (lambda request, number, reply=reply: reply) for name, reply in replies.items()}


CALLS: dict[str, Callable[[Client], object]] = {
    "get_run": lambda client: client.get_run(DEP, "run_1"),
    "get_runs": lambda client: client.get_runs(
        DEP, [f"run_{number}" for number in range(40)], progress=False
    ),
    "list_runs": lambda client: client.list_runs(DEP, progress=False),
}


def overruns(deadline: float) -> dict[str, float]:
    """Seconds by which each call outlived its deadline on each slow service (negative: it ended before)."""
    found: dict[str, float] = {}

    def measure(fault: str, script: Script, name: str) -> None:
        with (
            serving(script) as server,
            Client(KEY, server.url, timeout=60.0, deadline=deadline) as client,
        ):
            started = time.monotonic()
            with suppress(AgentRunError):
                CALLS[name](client)
            found[f"{name}, {fault}"] = time.monotonic() - started - deadline

    threads = [
        threading.Thread(target=measure, args=(fault, script, name))
        for fault, script in slow_faults().items()
        for name in CALLS
    ]
    for some in (threads[start : start + 4] for start in range(0, len(threads), 4)):
        for thread in some:
            thread.start()
        for thread in some:
            thread.join()
    return found


def plain_overrun(deadline: float) -> float:
    """The control: httpx with the same number as its timeout, on a dripping body."""
    with serving(slow_body(deadline)) as server:
        started = time.monotonic()
        httpx.get(server.url, timeout=deadline, trust_env=False)
        return time.monotonic() - started - deadline


def slow_body(deadline: float) -> Script:
    """A body that takes four times the deadline and is never silent for long."""
    return lambda request, number: [RUN[:-200], Drip(RUN[-200:], deadline / 50)]


# --- memory --------------------------------------------------------------------------------------------------------

MEMORY_CODE = """
import sys
from agentrun_nb.client import Client
from agentrun_nb.errors import TooLargeError
def peak():
    with open("/proc/self/status") as status:
        return int(status.read().partition("VmHWM:")[2].split()[0]) / 1024
with Client("key", sys.argv[1]) as client:
    client.get_run("dep_1", "warm")
    before = peak()
    try:
        client.get_run("dep_1", "run_1")
    except TooLargeError as error:
        print(peak() - before)
"""


def memory_growth(*reply: object) -> float:
    """MiB by which a process of its own grew over one answer that is too large, with all limits at their defaults."""

    def script(request: Request, number: int) -> Reply:
        return [http(record("warm"))] if request.last == "warm" else reply  # type: ignore[return-value]

    with serving(script) as server:
        process = subprocess.run(
            [sys.executable, "-c", MEMORY_CODE, server.url],
            capture_output=True,
            text=True,
            timeout=120,
        )
    return float(process.stdout or "nan")


def plain_growth(mebibytes: int) -> float:
    """The control: httpx on a bomb."""
    code = "import httpx, sys; httpx.get(sys.argv[1], trust_env=False)"
    code += (
        "; print(int(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]) / 1024)"
    )
    reply = http(bomb("gzip", mebibytes), "200 OK", "Content-Encoding: gzip")
    with serving(lambda request, number: [reply]) as server:
        process = subprocess.run(
            [sys.executable, "-c", code, server.url], capture_output=True, text=True, timeout=120
        )
    return float(process.stdout or "nan")


def memory(mebibytes: int) -> dict[str, float]:
    """The growth over a bomb, a large body and one without end."""
    chunk, head = b"[" * 65_536, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    length = mebibytes * MEBI // 2
    return {
        f"gzip bomb of {mebibytes} MiB": memory_growth(
            http(bomb("gzip", mebibytes), "200 OK", "Content-Encoding: gzip")
        ),
        f"body of {mebibytes // 2} MiB": memory_growth(
            head + b"Content-Length: %d\r\n\r\n" % length, Endless(chunk, most=length)
        ),
        "body without end": memory_growth(head + b"\r\n", Endless(chunk)),
    }


# --- long and often ------------------------------------------------------------------------------------------------


def resources() -> dict[str, int]:
    """What could leak: sockets, threads, tasks and resident MiB."""
    gc.collect()
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            links.append(str(entry.readlink()))
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "sockets": sum(link.startswith("socket:") for link in links),
        "threads": threading.active_count(),
        "MiB": pages * resource.getpagesize() // MEBI,
    }


def polls(count: int) -> tuple[dict[str, int], dict[str, int], int]:
    """Asks for one run so often while a tenth of the replies are faults: what was held before, after, and failures."""
    failures = 0
    with (
        serving(spoiled(lambda request, number: [RUN], 0.1, seed=3)) as server,
        Client(KEY, server.url) as client,
    ):
        for number in range(count + 200):
            if number == 200:
                before = resources()
            try:
                client.get_run(DEP, "run_1")
            except AgentRunError:
                failures += 1
            # What the server remembers of each request is not the client's to free.
            server.sent.clear()
            server.arrived.clear()
        return before, resources(), failures


def interrupts(count: int) -> tuple[list[float], dict[str, int], dict[str, int]]:
    """Interrupts calls of all kinds at random moments: seconds to the end of each, what was held before, and after."""
    dice, took = random.Random(5), []
    whole = listed([record(f"run_{number}") for number in range(1_000)])

    def script(request: Request, number: int) -> Reply:
        if request.last == "runs":
            return [Pause(0.02), *whole(request, number)]
        return [Pause(0.01), http(record(request.last))] if number % 7 else [Pause(600)]

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    calls = [*CALLS.values()]
    try:
        with serving(script) as server, Client(KEY, server.url) as client:
            for name in CALLS.values():
                took.append(_interrupted(name, client, 0.05))
            before = resources()
            for number in range(count):
                took.append(
                    _interrupted(calls[number % len(calls)], client, dice.uniform(0.0, 0.08))
                )
            time.sleep(0.3)
            after = resources()
    finally:
        signal.signal(signal.SIGINT, previous)
    return took, before, after


def _interrupted(call: Callable[[Client], object], client: Client, after: float) -> float:
    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(after, interrupt)
    try:
        timer.start()
        call(client)
        ended = time.monotonic()
        timer.join()
    except KeyboardInterrupt:
        ended = time.monotonic()
        timer.join()
    return max(0.0, ended - sent[0])


def main() -> None:
    """Prints every figure."""
    Wire.policy = PATIENT
    for share in (0.0, 0.1, 0.3):
        print(listings(share, 100), "|", sdk_listings(share, 20), flush=True)
    Wire.policy = Policy()
    found = overruns(5.0)
    worst = max(found, key=found.__getitem__)
    told = f"{found[worst]:.2f} s ({worst}); control, httpx: {plain_overrun(1.0):.1f} s past 1 s"
    print(
        f"overrun past a deadline of 5 s over {len(found)} slow calls: at most {told}", flush=True
    )
    for name, growth in memory(1024).items():
        print(f"memory growth over a {name}: {growth:.0f} MiB", flush=True)
    print(f"control, httpx on a bomb of 256 MiB: {plain_growth(256):.0f} MiB", flush=True)
    Wire.policy = PATIENT
    before, after, failures = polls(10_000)
    print(
        f"10,000 polls, 10 % faulty: before {before}, after {after}, {failures} failures",
        flush=True,
    )
    Wire.policy = BRISK
    took, before, after = interrupts(200)
    print(
        f"{len(took)} interrupts: the slowest over after {max(took):.3f} s; before {before}, after {after}",
        flush=True,
    )


if __name__ == "__main__":
    main()
