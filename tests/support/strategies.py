"""Records of runs as hypothesis makes them: clean ones, and JSON text as odd as JSON can be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from hypothesis import strategies as st

from agentrun_nb.core.schema import MODES, RUNS, STATUSES

GOLDEN = {
    "id": '"run-1"',
    "deployment_id": '"dep-2"',
    "version_id": '"ver-3"',
    "mode": '"service"',
    "status": '"timed_out"',
    "input": '{"four": 4}',
    "created_at": '"2026-01-05T00:00:00Z"',
    "updated_at": '"2026-01-06T00:00:00.5Z"',
    "retain_on_failure": "true",
    "retention_seconds": "8",
    "sandbox_id": '"box-9"',
    "process_id": "10",
    "exit_code": "-11",
    "failure_reason": '"reason twelve"',
    "output_manifest": '{"thirteen": [13]}',
    "started_at": '"2026-01-05T14:00:00.000014+00:00"',
    "completed_at": '"2026-01-05T17:15:00+02:00"',
    "idempotency_key": '"key-16"',
}
"""A run with another value in each field, as JSON texts, in the order of the contract."""

GOLDEN_CELLS = {
    "id": "run-1",
    "deployment_id": "dep-2",
    "version_id": "ver-3",
    "mode": "service",
    "status": "timed_out",
    "input": '{"four": 4}',
    "created_at": datetime(2026, 1, 5, tzinfo=UTC),
    "updated_at": datetime(2026, 1, 6, 0, 0, 0, 500_000, UTC),
    "retain_on_failure": True,
    "retention_seconds": 8,
    "sandbox_id": "box-9",
    "process_id": 10,
    "exit_code": -11,
    "failure_reason": "reason twelve",
    "output_manifest": '{"thirteen": [13]}',
    "started_at": datetime(2026, 1, 5, 14, 0, 0, 14, UTC),
    "completed_at": datetime(2026, 1, 5, 15, 15, tzinfo=UTC),
    "idempotency_key": "key-16",
}
"""What is read from it."""


def record(members: Mapping[str, str] | Iterable[tuple[str, str]]) -> bytes:
    """Writes members as an object, values to the letter."""
    pairs = members.items() if isinstance(members, Mapping) else members
    text = ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs)
    return f"{{{text}}}".encode("utf-8", "surrogateescape")


def page(records: Iterable[bytes], rest: bytes = b'"next_cursor":null') -> bytes:
    """Writes records as an answer with an array of them."""
    return b'{"items":[' + b",".join(records) + b"]," + rest + b"}"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Valid Unicode, control characters included."""

HOSTILE = st.one_of(
    TEXTS,
    st.sampled_from(
        [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\nx",
            "'",
            "''=1",
            '""',
            '"',
            "",
            " ",
            " =1+1",
            "007",
            "1e5",
            "true",
            "NaN",
            "NA",
            "None",
            "#N/A",
            "_x0001_",
            "_x005F_",
            "\x1b]0;title\x07",
            "\u202eevil\u2066",
            "a\r\nb\rc\n",
            "\x85\u2028\ufeff",
            "＝1+1",
            "(5 characters, sha256 000000000000: line 1 of runs.long.jsonl)",
            "<img src=x onerror=alert(1)>",
            "\U0001f600" * 3,
        ]
    ),
)
"""Texts that have broken a file or a page before."""


def _quoted(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return texts.map(lambda text: json.dumps(text, ensure_ascii=False))


_ESCAPED = st.sampled_from(
    [r'"\ud800"', r'"\u0041\/"', r'"\uDC00\ud83d"', r'"\u0000\b"', '"\u202e"']
)
_NUMBERS = st.one_of(
    st.integers().map(str),
    st.integers(2**53, 10**400).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "1E400", "1e-400", "1.0", "0.10", "NaN", "Infinity", "-Infinity"]),
)
_SCALARS = st.one_of(_quoted(TEXTS), _ESCAPED, _NUMBERS, st.sampled_from(["null", "true", "false"]))
_BLANKS = st.text(" \t\r\n", max_size=2)


@st.composite
def _container(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    values = draw(st.lists(inner, max_size=4))
    if draw(st.booleans()):
        keys = st.one_of(st.sampled_from(['"a"', '"__proto__"', '""', r'"\ud800"']), _quoted(TEXTS))
        values = [draw(keys) + draw(_BLANKS) + ":" + draw(_BLANKS) + value for value in values]
        return (
            "{"
            + draw(_BLANKS)
            + (draw(_BLANKS) + "," + draw(_BLANKS)).join(values)
            + draw(_BLANKS)
            + "}"
        )
    return (
        "["
        + draw(_BLANKS)
        + (draw(_BLANKS) + "," + draw(_BLANKS)).join(values)
        + draw(_BLANKS)
        + "]"
    )


ODD_JSON = st.recursive(_SCALARS, _container, max_leaves=12)
"""JSON texts with odd spacing, huge numbers, NaN, duplicate keys and lone surrogates."""

ODD_OBJECTS = ODD_JSON.map(lambda text: '{"a":1, "a" :' + text + "}")

_SECONDS = st.integers(0, 86_399).map(lambda at: f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}")
_CLOSING = st.sampled_from(["Z", "+00:00", "+05:30", "-11:45"])
_FRACTIONS = st.one_of(st.just(""), st.from_regex(r"\.[0-9]{1,6}", fullmatch=True))


def moments(days: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """RFC 3339 texts on the given days."""
    return st.tuples(days, _SECONDS, _FRACTIONS, _CLOSING).map(
        lambda parts: f"{parts[0]}T{''.join(parts[1:])}"
    )


def _optional(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just("null"), values)


_DAYS = st.dates().map(lambda day: day.replace(year=max(2, min(9998, day.year))).isoformat())
CLEAN_RECORDS = st.fixed_dictionaries(
    {
        "id": _quoted(TEXTS),
        "deployment_id": _quoted(HOSTILE),
        "version_id": _quoted(TEXTS),
        "mode": _quoted(st.sampled_from(MODES)),
        "status": _quoted(st.sampled_from(STATUSES)),
        "input": ODD_OBJECTS,
        "created_at": _quoted(moments(st.just("2026-01-03"))),
        "updated_at": _quoted(moments(_DAYS)),
    },
    optional={
        "retain_on_failure": _optional(st.sampled_from(["true", "false"])),
        "retention_seconds": _optional(st.integers(1, 2**63 - 1).map(str)),
        "sandbox_id": _optional(_quoted(HOSTILE)),
        "process_id": _optional(st.integers(0, 2**32 - 1).map(str)),
        "exit_code": _optional(st.integers(-(2**63), 2**63 - 1).map(str)),
        "failure_reason": _optional(_quoted(HOSTILE)),
        "output_manifest": ODD_OBJECTS,
        "started_at": _optional(_quoted(moments(st.just("2026-01-06")))),
        "completed_at": _optional(_quoted(moments(st.just("2026-01-09")))),
        "idempotency_key": _optional(_quoted(TEXTS)),
    },
).map(lambda members: {name: members[name] for name in GOLDEN if name in members})
"""Records as the contract allows them, as JSON texts by field; no times out of order."""

assert list(GOLDEN) == [column.name for column in RUNS.wire]
