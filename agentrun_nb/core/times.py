"""Parses and writes times: RFC 3339 text, numbers since the epoch, lengths of time in words.

Times are microseconds since the epoch. Parsing raises no errors: what is not a time gives None and
a code for what was odd. Source: RFC 3339, section 5.6.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from math import floor, isfinite
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from agentrun_nb.core.text import kind_of
from agentrun_nb.errors import SettingsError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LOWEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
HIGHEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND

_PLAIN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"
_TOLERANT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt ](?P<minute>\d{2}:\d{2}):(?P<second>\d{2})"
    r"(?:\.(?P<fraction>\d+))?"
    r"(?:(?P<utc>[Zz])|(?P<sign>[+-])(?P<hours>[01]\d|2[0-3]):(?P<minutes>[0-5]\d))?",
    re.ASCII,
)
_DAY = 86_400_000_000
"""Microseconds."""


class AnswerTime(NamedTuple):
    """The two moments between which the service made an answer.

    Both are in microseconds since the epoch, by the clock of the service.

    Attributes:
        sent: when the request was sent.
        received: when the answer came.
    """

    sent: int
    received: int


class Moment(NamedTuple):
    """A parsed time.

    Attributes:
        micros: microseconds since the epoch; None where it is not a time.
        code: what was odd about it, one of `schema.NOTE_CODES`; None where nothing was.
    """

    micros: int | None
    code: str | None = None


def read_time(text: str) -> Moment:
    """Parses one text as RFC 3339.

    A time without a zone is taken as UTC, and a leap second as the last microsecond of its minute;
    the code says so.
    """
    match = _TOLERANT.fullmatch(text)
    if match is None:
        return Moment(None, "bad_time")
    fraction = match["fraction"] or ""
    is_leap = match["second"] == "60"
    second = "59" if is_leap else match["second"]
    try:
        moment = datetime.fromisoformat(f"{match['day']}T{match['minute']}:{second}+00:00")
    except ValueError:
        return Moment(None, "bad_time")
    micros = (moment - EPOCH) // MICROSECOND
    micros += 999_999 if is_leap else int(fraction[:6].ljust(6, "0"))
    micros -= _offset(match)
    if not LOWEST <= micros <= HIGHEST:
        return Moment(None, "out_of_range")
    if is_leap and not _ends_a_utc_day(micros):
        return Moment(None, "bad_time")
    if is_leap:
        return Moment(micros, "leap_second")
    if match["utc"] is None and match["sign"] is None:
        return Moment(micros, "naive_time")
    has_nanoseconds = fraction[6:].strip("0") != ""
    return Moment(micros, "cut_precision" if has_nanoseconds else None)


def _offset(match: re.Match[str]) -> int:
    """The offset of a time from UTC in microseconds."""
    if not match["sign"]:
        return 0
    minutes = int(match["hours"]) * 60 + int(match["minutes"])
    offset = minutes * 60_000_000
    return offset if match["sign"] == "+" else -offset


def _ends_a_utc_day(micros: int) -> bool:
    return (micros + 1) % _DAY == 0


_EPOCH_UNITS = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1), (1e20, 0.001))
"""Up to which size a number is taken as seconds, ms, us or ns, and its unit in microseconds."""


def read_epoch(number: float) -> Moment:
    """Parses a number as seconds, ms, us or ns since the epoch; its size says which."""
    for limit, unit in _EPOCH_UNITS:
        if abs(number) < limit:
            micros = round(number * unit)
            is_known = LOWEST <= micros <= HIGHEST
            return Moment(micros, "epoch_time") if is_known else Moment(None, "out_of_range")
    # Too large, or not a number.
    return Moment(None, "bad_time")


def read_times(texts: Sequence[str | None]) -> pa.Array | None:
    """Parses many texts at once.

    Returns:
        An Arrow array of `timestamp[us, UTC]`, or None when a text needs `read_time`.
    """
    column = pa.array(texts, pa.string())
    is_plain = pc.match_substring_regex(column, _PLAIN)
    # With min_count=0 a column of nulls only is plain too.
    if not pc.all(is_plain, min_count=0).as_py():
        return None
    try:
        moments = column.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return None
    reach = pc.min_max(moments.cast(pa.int64())).as_py()
    earliest, latest = reach["min"], reach["max"]
    if earliest is None or LOWEST <= earliest <= latest <= HIGHEST:
        return moments
    return None


def iso(micros: int) -> str:
    """Writes a time as RFC 3339 in UTC, with as many decimals as it needs (0, 3 or 6)."""
    if micros % 1_000:
        precision = "microseconds"
    elif micros % 1_000_000:
        precision = "milliseconds"
    else:
        precision = "seconds"
    moment = EPOCH + micros * MICROSECOND
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


class _Units(NamedTuple):
    """The two units in which a length of time is written, each in milliseconds."""

    large: int
    large_name: str
    small: int
    small_name: str


_UNITS = (
    _Units(60_000, "min", 1_000, "s"),
    _Units(3_600_000, "h", 60_000, "min"),
    _Units(86_400_000, "d", 3_600_000, "h"),
)
NOT_KNOWN = "not known"


def duration_text(milliseconds: float) -> str:
    """Writes a length of time in milliseconds with the units that matter, in the words of the page.

    `400 µs`, `340 ms`, `2.1 s`, `3 min 12 s`, `1 h 4 min`, `2 d 3 h`; `not known` where it is no
    finite number.
    """
    if not isfinite(milliseconds):
        return NOT_KNOWN
    if milliseconds < 0:
        words = duration_text(-milliseconds)
        return words if words == "0 s" else f"-{words}"
    microseconds = _half_up(milliseconds * 1_000)
    if microseconds == 0:
        return "0 s"
    # Floats are off by less than a microsecond, and a half has to stay a half.
    milliseconds = microseconds / 1_000
    if milliseconds < 0.9995:
        return f"{microseconds} µs"
    if milliseconds < 999.5:
        digits = 2 - Decimal(milliseconds).adjusted()
        return f"{_decimal(milliseconds, digits)} ms"
    if milliseconds < 59_950:
        return f"{_decimal(milliseconds / 1_000, 1)} s"
    return _in_two_units(milliseconds)


def seconds_text(seconds: float) -> str:
    """Writes a length of time given in seconds, as `duration_text` does."""
    return duration_text(seconds * 1_000)


def _in_two_units(milliseconds: float) -> str:
    units = _units(milliseconds)
    count = _half_up(milliseconds / units.small)
    large, small = divmod(count, units.large // units.small)
    words = f"{large:,} {units.large_name}"
    return f"{words} {small} {units.small_name}" if small else words


def _units(milliseconds: float) -> _Units:
    """The two units for a length; of 60 min, also when rounded, they are hours and minutes."""
    for units, larger in pairwise(_UNITS):
        rounded = _half_up(milliseconds / units.small) * units.small
        if rounded < larger.large:
            return units
    return _UNITS[-1]


def _half_up(number: float) -> int:
    """The nearest whole number, a half up, as the page rounds."""
    return floor(number + 0.5)


def _decimal(number: float, digits: int) -> str:
    """A number to so many decimals, a half up, without zeros at its end."""
    last_digit = Decimal(1).scaleb(-digits)
    rounded = Decimal(number).quantize(last_digit, ROUND_HALF_UP)
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if digits > 0 else text


def zone(name: str) -> ZoneInfo:
    """Finds the time zone of a name.

    Raises:
        SettingsError: there is no such zone.
    """
    hint = "Give an IANA name such as UTC or Europe/Zurich."
    if not isinstance(name, str):
        sentence = f"A time zone is given by its name, and not by {kind_of(name)}."
        raise SettingsError(sentence, hint=hint)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        sentence = f"{name[:80]!r} is not a time zone."
        raise SettingsError(sentence, hint=hint) from None
