"""Readable times on an axis, in any zone."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_SECOND = 1_000.0
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3_600 * _SECOND, 86_400 * _SECOND
_STEPS = [
    *(n for n in (1, 10, 100, 200, 500)),
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 30, 90, 182, 365, 1_826, 3_652, 36_525)),
]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = -62_135_596_800_000.0, 253_402_300_799_999.0
"""The first and the last instant that Python's clock knows."""


class Tick(NamedTuple):
    """A tick: its instant in ms since the epoch, its label, and the day or year where that changes."""

    at: float
    label: str
    context: str


def local(at: float, tz: str) -> datetime:
    """An instant as the clock of a zone shows it; in UTC where that clock would leave the years 1 to 9999."""
    moment = _EPOCH + timedelta(milliseconds=at)
    with suppress(OverflowError):
        return moment.astimezone(ZoneInfo(tz))
    return moment


def clock_text(at: float, tz: str) -> str:
    """An instant in words, with the offset of its zone: `2026-11-24 05:31:56 UTC`, `2026-11-24 06:31:56.250 +01:00`."""
    moment = local(at, tz)
    fraction = f".{moment.microsecond // 1_000:03}" if moment.microsecond else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {'UTC' if tz == 'UTC' else moment.isoformat()[-6:]}"


def ticks(start: float, end: float, tz: str, most: int) -> list[Tick]:
    """Ticks at round times of a zone's clock, at most about `most` of them."""
    step = next((size for size in _STEPS if (end - start) / size <= most), _STEPS[-1])
    offset = (local(start, tz).utcoffset() or timedelta()) / timedelta(milliseconds=1)
    at = -(-(start + offset) // step) * step - offset
    found: list[Tick] = []
    before = ""
    while at <= end:
        moment = local(at, tz)
        label, context = _written(moment, step)
        found.append(Tick(at, label, context if context != before else ""))
        before = context
        at += step
    return found


def _written(moment: datetime, step: float) -> tuple[str, str]:
    if step >= _DAY:
        return f"{moment.day} {moment:%b}", f"{moment.year}"
    if step >= _MINUTE:
        return f"{moment:%H:%M}", f"{moment:%Y-%m-%d}"
    text = f"{moment:%H:%M:%S}" if step >= _SECOND else f"{moment:%S}.{moment.microsecond // 1_000:03}"
    return text, f"{moment:%Y-%m-%d}"
