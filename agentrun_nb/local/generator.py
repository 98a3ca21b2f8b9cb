"""Generates realistic finished runs by the hundred thousand, the same for the same seed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from ..core.arguments import is_whole
from ..core.text import clip
from ..errors import SettingsError

START = datetime(2026, 9, 7, tzinfo=UTC)
"""A Monday; the first run is created on it."""
DAYS = 42
FIRST_HOUR, WORKING_HOURS = 7, 14
"""Runs are created in these hours of a day, the nights are idle."""
MOST_RUNS = 10**12
MOST_MANIFEST_BYTES = 2**30
LIMIT = 1_800.0
"""Seconds after which a run is timed out."""


@dataclass(frozen=True)
class _Profile:
    """One generated deployment and how its runs behave.

    Attributes:
        share: its share of all runs.
        seconds: the median duration of runs of its first version.
        slower: for each version the factor on that duration.
        outputs: names of its output files.
    """

    name: str
    share: float
    seconds: float
    slower: tuple[float, ...]
    outputs: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"adep_{_short_hash(self.name)}"

    def version_id(self, number: int) -> str:
        return f"adver_{_short_hash(f'{self.name} {number}')}"


def _short_hash(text: str) -> str:
    digest = hashlib.sha256(f"generated {text}".encode())
    return digest.hexdigest()[:8]


LINES = (
    _Profile("ticket-triage", 0.45, 20.0, (1.0, 0.9, 1.5), ("triage.json", "summary.md")),
    _Profile(
        "contract-review", 0.30, 95.0, (1.0, 1.2), ("review.md", "clauses.json", "redline.docx")
    ),
    _Profile(
        "nightly-forecast", 0.15, 240.0, (1.0, 0.8, 0.8, 0.75), ("forecast.parquet", "forecast.png")
    ),
    _Profile(
        "site-crawler", 0.10, 60.0, (1.0, 1.1), ("pages", "links.csv", "report.md", "errors.log")
    ),
)

NAMES = {line.id: line.name for line in LINES}
"""The names of the generated deployments, by their ids."""

_FAILURES = (
    (0.34, 1, "entrypoint failed with exit code 1: KeyError: 'invoice_{n}'"),
    (
        0.24,
        1,
        "entrypoint failed with exit code 1: RateLimitError: 429 too many requests, "
        "retry after {n} s",
    ),
    (0.18, 137, "entrypoint failed with exit code 137: killed, out of memory at {n} MB"),
    (0.14, 2, "install failed with exit code 2: No matching distribution found for toolkit=={n}.0"),
    (
        0.10,
        1,
        "entrypoint failed with exit code 1: ConnectError: upstream-{n} refused the connection",
    ),
)
_TOPICS = (
    "billing",
    "delivery",
    "login",
    "refund",
    "privacy",
    "outage",
    "Zürich office",
    "納期",
    "upgrade",
    "invoice",
)
_FINDING = (
    '{{"topic":"{topic}","severity":{severity},"score":{score},"note":"{note}","pages":[{pages}]}}'
)
_NOTES = (
    "checked twice",
    "needs a person",
    "same as last week",
    "no evidence in the text",
    "quoted from the source",
)


def generate(n: int, seed: int = 0, *, manifest_bytes: int = 1_000) -> Iterator[bytes]:
    """Generates finished runs as the service would answer them, in the order of their creation.

    About 90 of 100 succeeded; the others failed for a handful of reasons, timed out or were
    cancelled. They spread over six weeks with idle nights and quiet weekends; versions follow each
    other, some slower than the one before.

    Args:
        n: the number of runs.
        seed: the same seed gives the same bytes.
        manifest_bytes: about the size of a succeeded run's manifest.

    Yields:
        One run as compact JSON.

    Example:
        >>> runs = arn.runs_frame(arn.local.generate(1_000))
        >>> runs["status"].eq("succeeded").mean()
        np.float64(0.914)
    """
    _check_numbers(n, seed, manifest_bytes)
    random = Random(f"agentrun {seed}")  # noqa: S311
    findings = [_finding(random) for _ in range(499)]
    identity, moment = random.getrandbits(48), _Clock(random, n)
    shares = [line.share for line in LINES]
    for number in range(n):
        line = random.choices(LINES, shares)[0]
        # An odd factor permutes the 48-bit numbers: ids look random and never meet.
        run_id = f"adrun_{(number * 0x5DEECE66D + identity) & 0xFFFFFFFFFFFF:012x}"
        yield _run(random, run_id, line, moment.next(), number / n, findings, manifest_bytes)


def _check_numbers(n: int, seed: int, manifest_bytes: int) -> None:
    _check_number("n", n, 0, MOST_RUNS)
    _check_number("seed", seed, -MOST_RUNS, MOST_RUNS)
    _check_number("manifest_bytes", manifest_bytes, 0, MOST_MANIFEST_BYTES)


def _check_number(name: str, number: int, least: int, most: int) -> None:
    """Refuses what is no whole number, and one that nobody could wait for."""
    if is_whole(number) and least <= number <= most:
        return
    shown = clip(repr(number), 40)
    hint = f"Give a whole number from {least:,} to {most:,}."
    raise SettingsError(f"{name}= takes no {shown}.", hint=hint)


class _Clock:
    """Draws times of creation: exponential gaps on an axis that has only working hours."""

    def __init__(self, random: Random, n: int) -> None:
        self._random = random
        weeks = DAYS / 7
        self._weights = (1.0, 1.1, 1.1, 1.0, 0.9, 0.15, 0.1)
        self._rate = n / (weeks * sum(self._weights))
        self._worked = 0.0
        self._day, self._before = 0, 0.0
        self._last = START

    def next(self) -> datetime:
        self._worked += self._random.expovariate(self._rate)
        while self._worked >= self._before + self._weights[self._day % 7]:
            self._before += self._weights[self._day % 7]
            self._day += 1
        part = (self._worked - self._before) / self._weights[self._day % 7]
        moment = START + timedelta(days=self._day, hours=FIRST_HOUR + WORKING_HOURS * part)
        self._last = max(moment, self._last + timedelta(microseconds=1))
        return self._last


def _run(
    random: Random,
    run_id: str,
    line: _Profile,
    created: datetime,
    progress: float,
    findings: list[str],
    manifest_bytes: int,
) -> bytes:
    drawn = random.random()
    rollout = progress * len(line.slower) + random.gauss(0.0, 0.03)
    version = min(len(line.slower) - 1, max(0, int(rollout)))
    wait = random.lognormvariate(0.7, 0.8)
    seconds = min(
        LIMIT - 1.0, random.lognormvariate(math.log(line.seconds * line.slower[version]), 0.6)
    )
    status, exit_code, reason, manifest = "succeeded", "0", "null", ""
    never_started = False
    sandbox = f"sbx_{random.getrandbits(40):010x}"
    if drawn < 0.9:
        manifest = _manifest(random, line, sandbox, findings, manifest_bytes)
    elif drawn < 0.97:
        status, (exit_code, reason) = "failed", _failure(random)
        seconds *= random.random()
        if drawn < 0.94:
            manifest = f',"output_manifest":{{"outputs":[],"sandbox_id":"{sandbox}"}}'
    elif drawn < 0.985:
        status, exit_code, reason, seconds = (
            "timed_out",
            "137",
            f'"entrypoint was stopped after {LIMIT:g} s"',
            LIMIT,
        )
    else:
        status, exit_code, reason = "cancelled", "null", '"cancelled: no longer needed"'
        seconds *= random.random()
        never_started = drawn > 0.995
    started = created + timedelta(seconds=wait)
    ended = _time(started + timedelta(seconds=seconds))
    start, sandbox_id, process = (
        f'"{_time(started)}"',
        f'"{sandbox}"',
        str(random.randrange(300, 32_000)),
    )
    if never_started:
        ended, start, sandbox_id, process = _time(started), "null", "null", "null"
    key = f'"tick-{run_id[-8:]}"' if drawn * 1000 % 1 < 0.2 else "null"
    topic = _TOPICS[int(drawn * 1e6) % len(_TOPICS)]
    return (
        f'{{"id":"{run_id}","deployment_id":"{line.id}",'
        f'"version_id":"{line.version_id(version + 1)}",'
        f'"mode":"job","status":"{status}",'
        f'"input":{{"topic":"{topic}","batch":{random.randrange(1, 500)},"dry_run":false}},'
        f'"created_at":"{_time(created)}","updated_at":"{ended}",'
        f'"retain_on_failure":null,"retention_seconds":null,'
        f'"sandbox_id":{sandbox_id},"process_id":{process},'
        f'"exit_code":{exit_code},"failure_reason":{reason}{manifest},'
        f'"started_at":{start},"completed_at":"{ended}","idempotency_key":{key}}}'
    ).encode()


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def _failure(random: Random) -> tuple[str, str]:
    """An exit code and a reason, both as JSON."""
    shares = [share for share, _, _ in _FAILURES]
    _, code, text = random.choices(_FAILURES, shares)[0]
    reason = text.format(n=random.randrange(2, 4_000))
    return str(code), f'"{reason}"'


def _finding(random: Random) -> str:
    # The order of the draws decides what a seed gives.
    topic = random.choice(_TOPICS)
    severity = random.randrange(1, 6)
    score = round(random.random(), 4)
    note = random.choice(_NOTES)
    count = random.randrange(4)
    pages = ",".join(str(random.randrange(1, 90)) for _ in range(count))
    return _FINDING.format(topic=topic, severity=severity, score=score, note=note, pages=pages)


def _output(random: Random, name: str, sandbox: str) -> str:
    kind = "file" if "." in name else "directory"
    size = int(random.lognormvariate(9.0, 1.5))
    path = f"/workspace/outputs/{name}"
    access = f'{{"sandbox_id":"{sandbox}","path":"{path}"}}'
    return (
        f'{{"name":"{name}","configured_path":"outputs/{name}","path":"{path}",'
        f'"kind":"{kind}","status":"available","size_bytes":{size},"access":{access}}}'
    )


def _manifest(random: Random, line: _Profile, sandbox: str, findings: list[str], size: int) -> str:
    outputs = ",".join(_output(random, name, sandbox) for name in line.outputs)
    tokens = int(random.lognormvariate(8.5, 0.7))
    score = random.betavariate(8, 2)
    cost = tokens * 6e-6
    head = (
        f'{{"outputs":[{outputs}],"sandbox_id":"{sandbox}","score":{score:.4f},'
        f'"tokens":{tokens},"cost_usd":{cost:.5f},"findings":['
    )
    chosen, at = [], random.randrange(len(findings))
    missing = size - len(head) - 2
    while missing > len(findings[at]):
        chosen.append(findings[at])
        missing -= len(findings[at]) + 1
        at = (at + 1) % len(findings)
    return f',"output_manifest":{head}{",".join(chosen)}]}}'
