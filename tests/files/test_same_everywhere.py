"""A listing, its archive, its dataset and its page are one table: values, dtypes and report."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.errors import DataError, SchemaError
from tests.archive.book import DEP, Book, moment, served
from tests.support.strategies import GOLDEN, record

ODD = [
    *("null", "true", "7", "-1", "1.5", "1.0", "-0", "1e400", "NaN", "-Infinity"),
    *(str(2**53 + 1), str(2**63), "9" * 400, '""', '" "', '"007"', '"NA"', '"None"', '"nan"'),
    *('"=1+1"', r'"\ud800"', r'"a\u0000b\u001b[2J"', '"\u202eevil"', '"\U0001f600"', '"#N/A"'),
    *('"</script><script>alert(1)</script>"', '"<!-- --> ]]> \u2028"', '"{}"', '"[1]"'),
    *(
        "{}",
        "[]",
        '{"a":1, "a" : 2}',
        '{"__proto__":{"x":1},"":[]}',
        '[{"n":18446744073709551616}]',
    ),
    *('"2026-11-07T10:00:00"', '"2026-13-01T00:00:00Z"', '"2026-11-07T10:00:60.123456789Z"'),
    *('"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', "1794045600", '"1794045600000"'),
    '{"a":' * 400 + "1" + "}" * 400,
    '"' + "x" * 40_000 + '"',
]
"""JSON texts that stand in any field, whatever it is for."""

FIELDS = [name for name in GOLDEN if name not in ("id", "deployment_id", "created_at")]
"""The fields that are odd; the others say which run it is, and where it stands in a listing."""


def adversarial(count: int) -> Iterator[bytes]:
    """Records with odd values in fields of chance, and with bytes and fields that nobody expects."""
    chance = random.Random(3)
    for number in range(count):
        members = GOLDEN | {
            "id": f'"run_{number}"',
            "deployment_id": f'"{DEP}"',
            "created_at": f'"{moment(number)}"',
        }
        for name in chance.sample(FIELDS, chance.randrange(7)):
            members[name] = chance.choice(ODD)
        for name in chance.sample(FIELDS, chance.randrange(3)):
            del members[name]
        if number % 5 == 0:
            members[chance.choice(["unheard", "status ", "=1+1"])] = chance.choice(ODD)
        body = record(members)
        if number % 7 == 0:
            body = body[:-1] + b', "failure_reason" : "caf\xe9"}'
        yield body


class World(NamedTuple):
    """The same runs in four places.

    Attributes:
        listed: as the client lists them.
        archived: as an archive does.
        folder: where each other one is made.
    """

    listed: pd.DataFrame
    archived: pd.DataFrame
    folder: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("same")
    book = Book()
    for number, body in enumerate(adversarial(1_000)):
        book.write(f"run_{number}", body)
    with served(book) as (client, _), arn.Archive(folder / "runs.sqlite") as archive:
        listed = client.list_runs(DEP, progress=False)
        archive.sync(client, DEP)
        arn.save(chunks(client), folder / "of chunks")
        archive.export(folder / "of the archive")
        return World(listed, archive.list_runs(DEP), folder)


def chunks(client: Client) -> Iterator[pd.DataFrame]:
    return client.iter_runs(DEP, chunk=300, progress=False)


COPIES: dict[str, Callable[[World], pd.DataFrame]] = {
    "archive": lambda world: world.archived,
    "dataset of chunks": lambda world: arn.load(world.folder / "of chunks"),
    "dataset of the archive": lambda world: arn.load(world.folder / "of the archive"),
    "dataset": lambda world: arn.load(arn.save([world.listed], world.folder / "dataset")),
    "Parquet": lambda world: arn.load(arn.save(world.listed, world.folder / "runs.parquet")),
    "page": lambda world: arn.load(arn.explore(world.listed).to_html(world.folder / "runs.html")),
}
"""Where else the runs are."""

FETCHED_AGAIN = ("archive", "dataset of chunks", "dataset of the archive")
"""Those of another fetch, at another time."""


@pytest.mark.parametrize("name", COPIES)
def test_values_dtypes_and_report_are_the_same(world, name):
    copy = COPIES[name](world)
    without = ["fetched_at"] if name in FETCHED_AGAIN else []
    pd.testing.assert_frame_equal(
        copy.drop(columns=without), world.listed.drop(columns=without), check_exact=True
    )
    assert copy.dtypes.equals(world.listed.dtypes)
    ours, theirs = arn.fetch_report(copy), arn.fetch_report(world.listed)
    if name not in FETCHED_AGAIN:
        assert ours == theirs
    for part in ("rows", "got", "asked", "complete", "truncated_by", "deployments", "table"):
        assert getattr(ours, part) == getattr(theirs, part), part
    for part in ("oddities", "duplicates", "order_verified", "without", "since", "until"):
        assert getattr(ours, part) == getattr(theirs, part), part


def test_the_records_are_as_odd_as_they_are_meant_to_be(world):
    """The control: notes of every kind, texts that are no numbers, and none that is lost."""
    report = arn.fetch_report(world.listed)
    assert (len(world.listed), report.complete) == (1_000, True)
    assert len(report.oddities) > 10
    assert world.listed["parse_notes"].notna().sum() > 500


def test_a_page_of_them_that_was_changed_is_refused(world):
    page = arn.explore(world.listed).to_html(world.folder / "changed.html")
    content = bytearray(page.read_bytes())
    for place in range(0, len(content), len(content) // 20):
        content[place] ^= 1
        page.write_bytes(content)
        with pytest.raises((DataError, SchemaError)):
            arn.load(page)
        content[place] ^= 1
