"""Generated runs: the same for the same seed, realistic, and served like any other."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from itertools import pairwise

import pytest

from agentrun_nb.errors import SettingsError
from agentrun_nb.local import generate
from agentrun_nb.local.store import Store

REQUIRED = {
    "id",
    "deployment_id",
    "version_id",
    "mode",
    "status",
    "input",
    "created_at",
    "updated_at",
}


@pytest.fixture(scope="module")
def records():
    return [json.loads(body) for body in generate(5_000, seed=3)]


def test_a_seed_gives_the_same_bytes_and_another_seed_others():
    assert list(generate(300, 5)) == list(generate(300, 5))
    assert list(generate(300, 5)) != list(generate(300, 6))
    assert list(generate(0)) == []


def test_every_record_has_the_required_fields_and_an_id_of_its_own(records):
    assert all(set(record) >= REQUIRED for record in records)
    assert len({record["id"] for record in records}) == len(records)
    assert len({record["deployment_id"] for record in records}) >= 3
    assert len({record["version_id"] for record in records}) >= 8


def test_about_ninety_of_a_hundred_succeeded_and_failures_fall_into_few_groups(records):
    counts = Counter(record["status"] for record in records)
    assert set(counts) == {"succeeded", "failed", "timed_out", "cancelled"}
    assert 0.88 < counts["succeeded"] / len(records) < 0.92
    reasons = {record["failure_reason"] for record in records if record["status"] == "failed"}
    groups = {"".join(letter for letter in reason if not letter.isdigit()) for reason in reasons}
    assert 3 <= len(groups) <= 6 < len(reasons)


def test_times_are_in_order_within_and_across_records_and_nights_are_idle(records):
    created = [datetime.fromisoformat(record["created_at"]) for record in records]
    assert all(one < other for one, other in pairwise(created))
    assert 35 < (created[-1] - created[0]).days < 50
    assert {moment.hour for moment in created} == set(range(7, 21))
    for record, moment in zip(records, created, strict=True):
        ended = datetime.fromisoformat(record["completed_at"])
        if record["started_at"] is None:
            assert record["status"] == "cancelled"
        else:
            assert moment <= datetime.fromisoformat(record["started_at"]) <= ended
        assert record["updated_at"] == record["completed_at"]


def test_manifests_have_about_the_size_asked_for():
    for size in (1_000, 20_000):
        for body in generate(60, manifest_bytes=size):
            record = json.loads(body)
            if record["status"] == "succeeded":
                text = json.dumps(
                    record["output_manifest"], separators=(",", ":"), ensure_ascii=False
                )
                assert 0.8 * size < len(text) < 1.2 * size


def test_twenty_thousand_are_made_loaded_and_listed():
    store = Store()
    assert store.load(generate(20_000), {}) == 20_000
    found = 0
    for deployment in store.deployments():
        cursor = None
        while True:
            page = json.loads(
                store.runs(deployment.id, status=None, version_id=None, limit=200, cursor=cursor)
            )
            found, cursor = found + len(page["items"]), page["next_cursor"]
            if cursor is None:
                break
    assert found == 20_000


def test_a_record_without_its_ids_or_with_a_known_one_is_refused():
    store, body = Store(), next(generate(1))
    with pytest.raises(ValueError, match="deployment_id"):
        store.load([b'{"id":"adrun_1"}'], {})
    assert store.load([body], {}) == 1
    with pytest.raises(ValueError, match="there already"):
        store.load([body], {})
    assert len(store) == 1


def test_records_with_odd_fields_are_served_as_they_are():
    store = Store()
    odd = [
        b'{"id":"a","deployment_id":"d"}',
        b'{"id":"b","deployment_id":"d","status":"asleep","created_at":"not a time","more":[1e400]}',
        b'{"id":"c","deployment_id":"d","created_at":"2023-11-07T05:31:56"}',
    ]
    store.load(odd, {})
    assert [store.run("d", name) for name in "abc"] == odd
    assert (
        json.loads(store.runs("d", status=None, version_id=None, limit=9, cursor=None))["items"][0][
            "id"
        ]
        == "c"
    )


@pytest.mark.parametrize("given", [{"n": -5}, {"n": True}, {"n": 1.5}, {"manifest_bytes": -1}])
def test_numbers_of_which_nothing_can_be_made_are_refused(given):
    [name] = given
    with pytest.raises(SettingsError, match=f"{name}= takes no"):
        next(generate(**{"n": 1, **given}))
