"""A filter in words: what is true of the runs that it lets through, nothing of it left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agentrun_nb.analysis.filter_rules import KEYS, read_filter
from agentrun_nb.analysis.filter_words import filter_words
from agentrun_nb.core.schema import STATUSES

NEWEST = datetime(2026, 11, 20, 8, tzinfo=UTC)
CASES: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"status": "failed"}, "status failed"),
    ({"status": ["failed", "timed_out", None]}, "status failed or timed out or not recorded"),
    ({"status": []}, "status of none"),
    ({"deployment_id": "d1", "version_id": ["v1", "v2"]}, "deployment report, version report v1 or v2"),
    ({"version_id": list("abcdefg")}, "version a or b or c or d or e or 2 others"),
    ({"mode": "job"}, "mode job"),
    ({"since": "1h"}, "since 2026-11-20 07:00:00 UTC"),
    ({"until": "2026-11-20T07:00:00.5Z"}, "before 2026-11-20 07:00:00.500 UTC"),
    ({"text": "memory"}, 'text "memory"'),
    ({"has_outputs": True}, "with outputs"),
    ({"has_outputs": False}, "without outputs"),
    ({"failure": "KeyError: <text>"}, 'failure "KeyError: <text>"'),
    (
        {"where": [["output_manifest.score", ">", 0.5], ["input.a", "==", "é"], ["input.b", "exists", False]]},
        'output_manifest.score > 0.5, input.a == "é", input.b does not exist',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "words"), CASES)
def test_a_filter_is_said_in_words(given: dict[str, Any], words: str) -> None:
    names = {"d1": "report", "v1": "report v1"}
    assert filter_words(read_filter(given) or {}, NEWEST, "UTC", names) == words


def test_every_key_and_status_has_words() -> None:
    assert {key for given, _ in CASES for key in given} == set(KEYS)
    for status in STATUSES:
        assert filter_words({"status": status}) == f"status {status.replace('_', ' ')}"


def test_moments_are_written_in_the_zone_of_the_view() -> None:
    assert (
        filter_words({"since": "1h"}, NEWEST, "Asia/Kolkata") == "since 2026-11-20 12:30:00 +05:30"
    )
