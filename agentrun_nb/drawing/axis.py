"""Finds readable ticks of a time axis in any zone, by the same rule as the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_SECOND = 1_000.0
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3_600 * _SECOND, 86_400 * _SECOND
_STEPS = [
    *(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14)),
]
_MONTHS = [1, 3, 6, *(12 * years for years in (1, 2, 5, 10, 20, 50, 100, 500, 1_000, 5_000))]
_MONTH = 30.4 * _DAY
_MONDAY = date(1970, 1, 5).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
EARLIEST, LATEST = -62_135_596_800_000.0, 253_402_300_799_999.0
"""The first and the last instant that Python's clock knows."""


class Tick(NamedTuple):
    """A tick with its instant, its label and its context.

    The instant is in ms since the epoch; the context is the day or year where that changes.
    """

    at: float
    label: str
    context: str


def local(at: float, tz: str) -> datetime:
    """An instant as the clock of a zone shows it.

    Where that clock would leave the years 1 to 9999, it is shown in UTC.
    """
    moment = _EPOCH + timedelta(milliseconds=min(max(at, EARLIEST), LATEST))
    with suppress(OverflowError):
        return moment.astimezone(ZoneInfo(tz))
    return moment


def clock_text(at: float, tz: str) -> str:
    """An instant in words, with the offset of its zone.

    Examples are `2026-11-24 05:31:56 UTC` and `2026-11-24 06:31:56.250 +01:00`.
    """
    moment = local(at, tz)
    # Not by strftime, which writes the year 1 with one digit.
    finest = "milliseconds" if moment.microsecond else "seconds"
    clock = moment.replace(tzinfo=None).isoformat(" ", finest)
    return f"{clock} {'UTC' if tz == 'UTC' else _offset_text(moment)}"


def _offset_text(moment: datetime) -> str:
    """The offset of a moment's zone as ISO 8601 has it; that of long ago has seconds too."""
    return moment.isoformat(timespec="seconds")[len("2026-11-24T05:31:56") :]


def ticks(start: float, end: float, tz: str, most: int) -> list[Tick]:
    """Finds ticks at round times of a zone's clock, at most about `most` of them.

    They are in order and within start and end. Where clocks go back, both times of the hour that
    comes twice have their ticks, each with its offset; a time of day that clocks leave out has
    none. A day begins with its first instant.

    Args:
        start: the first moment of the axis in ms since the epoch.
        end: its last moment, likewise.
        tz: the zone, an IANA name.
        most: how many there is room for.
    """
    start, end = max(start, EARLIEST), min(end, LATEST)
    step = next((size for size in _STEPS if (end - start) / size <= most), None)
    marked: Iterable[Tick]
    if step is None:
        marked = _month_ticks(start, end, tz, most)
    elif step >= _DAY:
        marked = _day_ticks(start, end, tz, round(step / _DAY))
    else:
        marked = _clock_ticks(start, end, tz, step)
    found: list[Tick] = []
    before = ""
    for tick in marked:
        if start <= tick.at <= end and (not found or tick.at > found[-1].at):
            found.append(tick if tick.context != before else tick._replace(context=""))
            before = tick.context
    return found


def _clock_ticks(start: float, end: float, tz: str, step: float) -> list[Tick]:
    """Ticks at round times of the day."""
    found: list[Tick] = []
    # Each offset that the zone has here has its own round instants; those count while the zone has
    # that offset.
    for offset in {_offset(local(start, tz)), _offset(local(end, tz))}:
        at = -(-(start + offset) // step) * step - offset
        while at <= end:
            moment = local(at, tz)
            if _offset(moment) == offset:
                found.append(Tick(at, _time_label(moment, step), f"{moment.date()}"))
            at += step
    return sorted(found)


def _time_label(moment: datetime, step: float) -> str:
    spec = "milliseconds" if step < _SECOND else "seconds" if step < _MINUTE else "minutes"
    clock = moment.replace(tzinfo=None).time().isoformat(spec)
    comes_twice = moment.replace(fold=0).utcoffset() > moment.replace(fold=1).utcoffset()  # type: ignore[operator]
    return f"{clock} {_short_offset(moment)}" if comes_twice else clock


def _short_offset(moment: datetime) -> str:
    """The offset of a moment's zone as the page writes it: `UTC`, `UTC-4`, `UTC+10:30`."""
    sign, hours, minutes = (text := _offset_text(moment))[0], int(text[1:3]), text[3:]
    if not hours and minutes == ":00":
        return "UTC"
    return f"UTC{sign}{hours}{minutes if minutes != ':00' else ''}"


def _day_ticks(start: float, end: float, tz: str, step: int) -> Iterator[Tick]:
    """Ticks where days begin; of weeks, where Mondays do."""
    first, last = local(start, tz).toordinal(), local(end, tz).toordinal()
    # Steps are counted from a Monday, so that those of weeks are Mondays.
    first += (_MONDAY - first) % step
    for ordinal in range(first, last + 1, step):
        at = _first_instant(date.fromordinal(ordinal), tz)
        # Clocks may skip midnight, and islands have skipped a whole day: what begins here is what
        # the clock shows.
        day = local(at, tz)
        label = f"{day.day} {day:%b}"
        yield Tick(at, label, f"{day.year:04}")


def _month_ticks(start: float, end: float, tz: str, most: int) -> Iterator[Tick]:
    """Ticks where months begin, or where years do."""
    step = next((size for size in _MONTHS if (end - start) / _MONTH / size <= most), _MONTHS[-1])
    first, last = (_month_number(local(at, tz)) for at in (start, end))
    for month in range(first // step * step, last + 1, step):
        if month < 12:
            continue  # there is no year 0
        day = date(month // 12, month % 12 + 1, 1)
        label, context = (f"{day:%b}", f"{day.year}") if step < 12 else (f"{day.year}", "")
        yield Tick(_first_instant(day, tz), label, context)


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_instant(day: date, tz: str) -> float:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(tz))
    return (midnight - _EPOCH) / _MILLISECOND


def _offset(moment: datetime) -> float:
    return (moment.utcoffset() or timedelta()) / _MILLISECOND
