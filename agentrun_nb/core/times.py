"""RFC 3339 moments, read tolerantly: microseconds since the epoch, and a word for what was odd.

Source: RFC 3339, section 5.6. What is not a moment gives None and a note, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.errors import SettingsError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_LOWEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
_HIGHEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND

_PLAIN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"
_TOLERANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d+))?(?:([Zz])|([+-])([01]\d|2[0-3]):([0-5]\d))?",
    re.ASCII,
)


class Moment(NamedTuple):
    """A moment in microseconds since the epoch (None.

    Not a moment) and a code of `schema.NOTE_CODES`.
    """

    micros: int | None
    code: str | None = None


def read_time(text: str) -> Moment:
    """Reads one text; naive texts are UTC, leap seconds clamp to the last microsecond of their minute."""
    match = _TOLERANT.fullmatch(text)
    if match is None:
        return Moment(None, "bad_time")
    day, minute, second, fraction, _, sign, hours, minutes = match.groups()
    leap = second == "60"
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}:{'59' if leap else second}+00:00")
    except ValueError:
        return Moment(None, "bad_time")
    micros = (moment - EPOCH) // MICROSECOND
    micros += 999_999 if leap else int((fraction or "")[:6].ljust(6, "0"))
    if sign:
        offset = (int(hours) * 60 + int(minutes)) * 60_000_000
        micros += -offset if sign == "+" else offset
    if not _LOWEST <= micros <= _HIGHEST:
        return Moment(None, "out_of_range")
    if leap:
        return (
            Moment(micros, "leap_second") if _ends_a_utc_day(micros) else Moment(None, "bad_time")
        )
    if match[5] is None and sign is None:
        return Moment(micros, "naive_time")
    return Moment(micros, "cut_precision" if (fraction or "")[6:].strip("0") else None)


def _ends_a_utc_day(micros: int) -> bool:
    return (micros + 1) % 86_400_000_000 == 0


def read_epoch(number: float) -> Moment:
    """Reads a number as seconds, milliseconds, microseconds or nanoseconds since the epoch, by its size."""
    for limit, factor in ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1), (1e20, 0.001)):
        if abs(number) < limit:
            micros = round(number * factor)
            return (
                Moment(micros, "epoch_time")
                if _LOWEST <= micros <= _HIGHEST
                else Moment(None, "out_of_range")
            )
    return Moment(None, "bad_time")


def read_times(texts: Sequence[str | None]) -> pa.Array | None:
    """Reads many texts at once.

    Returns:
        An Arrow array of `timestamp[us, UTC]`, or None when a text needs `read_time`.
    """
    column = pa.array(texts, pa.string())
    if not pc.all(pc.match_substring_regex(column, _PLAIN), min_count=0).as_py():
        return None
    try:
        moments = column.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return None
    reach = pc.min_max(moments.cast(pa.int64())).as_py()
    return (
        moments
        if reach["min"] is None or _LOWEST <= reach["min"] <= reach["max"] <= _HIGHEST
        else None
    )


def iso(micros: int) -> str:
    """Writes a moment as RFC 3339 in UTC, with as many decimals as it needs (0, 3 or 6)."""
    moment = EPOCH + micros * MICROSECOND
    spec = (
        "seconds"
        if not micros % 1_000_000
        else "milliseconds"
        if not micros % 1_000
        else "microseconds"
    )
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def span_text(seconds: float) -> str:
    """Writes a span of time in words: `0.41 s`, `41.3 s`, `2 min 05 s`, `3 h 20 min`, `2 d 4 h`."""
    sign, size = ("-" if seconds < 0 else ""), abs(seconds)
    if size < 9.995:
        return f"{sign}{size:.2f} s"
    if size < 59.95:
        return f"{sign}{size:.1f} s"
    whole = round(size)
    if whole < 3_600:
        return f"{sign}{whole // 60} min {whole % 60:02} s"
    if whole < 86_400:
        return f"{sign}{whole // 3_600} h {whole % 3_600 // 60:02} min"
    return f"{sign}{whole // 86_400} d {whole % 86_400 // 3_600} h"


def zone(name: str) -> ZoneInfo:
    """The time zone of a name.

    Raises:
        SettingsError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError, AttributeError):
        raise SettingsError(
            f"{str(name)[:80]!r} is not a time zone.",
            hint="Give an IANA name such as UTC or Europe/Zurich.",
        ) from None
