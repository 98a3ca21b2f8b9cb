"""The examples of the documentation do what they say: each page from top to bottom, in a session of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

import agentrun_nb as arn
from docs.examples import BEGINNING, DOCS, begin, blocks, type_in, with_results

CHECKS = {
    "index.md": "assert list(runs.columns) == list(arn.runs_frame([]).columns)",
    "start.md": "assert runs['deployment_id'].eq(deployment_id).all()",
    "explain/reading.md": """
        assert all(code in odd["parse_notes"].iloc[0] for code in ("not_integer", "naive_time", "missing"))
        assert "grim" in odd["extra"].iloc[0] and odd["exit_code"].isna().all() and "9007199254740993.10" in _
    """,
    "explain/listing.md": "assert report.complete and _ == 'limit'",
    "explain/views.md": "assert _ and path.stat().st_size > 10_000",
    "explain/claims.md": "assert {'recorded', 'logged', 'observed'} == set(phases['kind']) and 'more than once' in _",
    "gallery.md": "assert len(few) == 8 and len(_.data) > 3",
    "howto/index.md": "assert len(runs) == 2_000 and arn.fetch_report(runs).complete",
    "howto/why-it-failed.md": """
        assert last["failure_reason"] and run.status == "failed" and "AuditError" in log["message"].iloc[-1]
        assert len(_) == groups["n"].iloc[0] > 5
    """,
    "howto/what-took-longest.md": """
        assert summary["n"].sum() == 2_000 and spans["after_start"].max() == spans["after_start"][longest]
    """,
    "howto/got-slower.md": """
        row = compared.set_index("measure").loc["median run time (s)"]
        assert (round(row["a"]), round(row["b"]), row["verdict"]) == (17, 33, "b is slower")
        assert "mean output_manifest.score" in set(scores["measure"]) and len(_) == 3
    """,
    "howto/key-as-column.md": """
        assert "score" in set(paths["path"]) and found["score"].notna().sum() > 1_000
        assert "score" in arn.extract(runs, "output_manifest.score") and list(_.columns) == ["output_manifest.score"]
    """,
    "howto/still-going.md": """
        assert job.status == "succeeded" and not health["looks_stuck"].any() and len(going) == 1
    """,
    "howto/compare-two-runs.md": """
        assert (before.status, after.status) == ("failed", "succeeded")
        assert success["status"] == "succeeded" and len(_) > 0
    """,
    "howto/find-runs.md": """
        assert 0 < len(ex.shown) < len(ex.runs) == 2_000 and 0 < len(failed) < 1_000 and _["n"].sum() > 0
    """,
    "howto/share.md": "assert len(again) == len(ex.shown) > 50",
    "howto/write-a-view-down.md": "assert ex.value == _ and ex.view == 'durations' and ex.tz == 'Europe/Berlin'",
    "howto/wait-and-watch.md": """
        assert job.status == ended.status == "succeeded" and watch.reason == "stopped"
        assert set(phases["kind"]) == {"recorded", "logged", "observed"}
    """,
    "howto/archive.md": "assert _.whole and len(known) > 50 and len(earlier) == 2_000",
    "howto/larger-than-memory.md": """
        assert failed == (runs["status"] == "failed").sum() == len(part) and len(table) == 2_000
        assert by_status.collect()["len"].sum() == 2_000 and _["n"].sum() == failed
    """,
    "howto/export.md": "assert _.sum() == 2_000 and job.raw.startswith(b'{')",
    "howto/corporate-networks.md": "assert client.base_url == 'https://runs.example' and 'at most 4 requests' in repr(client)",
}
"""What must hold after the examples of each page; `_` is the value that was shown last."""

PAGES = [
    file.relative_to(DOCS).as_posix()
    for file in sorted(DOCS.rglob("*.md"))
    if "_build" not in file.parts
]


@pytest.fixture
def names(tmp_path, monkeypatch) -> Iterator[dict[str, Any]]:
    """What the page before the others leaves, in a folder with the certificates of a company."""
    monkeypatch.chdir(tmp_path)
    trustme.CA().cert_pem.write_to_path("company-ca.pem")
    session = begin()
    first = session["service"]
    monkeypatch.setenv("AGENTRUN_API_KEY", first.api_key)
    monkeypatch.setenv("AGENTRUN_BASE_URL", first.base_url)
    yield session
    for service in {first, session["service"]}:
        service.close()


def test_each_page_with_an_example_is_checked():
    assert {page for page in PAGES if blocks(DOCS / page)} == CHECKS.keys()


@pytest.mark.parametrize("page", CHECKS)
def test_the_examples_of_a_page_do_what_they_say(page, names, monkeypatch):
    if page == "howto/corporate-networks.md":
        # Through a proxy the key goes to an encrypted service only.
        monkeypatch.setenv("AGENTRUN_BASE_URL", "https://runs.example")
    text = (DOCS / page).read_text("utf-8")
    if DOCS / page != BEGINNING:
        assert with_results(text, names) == text
    for line in CHECKS[page].strip().splitlines():
        exec(line.strip(), names)


def test_what_an_example_shows_is_compared():
    page = "```python\nx = 1\nx + 1\n```\n\n```text\n3\n```\n\n```python\nx\n```\n"
    assert with_results(page, {}) == page.replace("3", "2")


@pytest.mark.parametrize("page", [page for page in CHECKS if page.startswith("howto/")])
def test_what_an_example_finds_does_not_depend_on_the_day(page):
    """The made-up runs have fixed dates: an age finds fewer of them each day."""
    code = "\n".join(blocks(DOCS / page))
    assert not re.search(r"""(since|until)["']?\s*[=:]\s*["']\d+[a-z]""", code)


@pytest.mark.parametrize("page", CHECKS)
def test_an_example_is_short(page):
    for block in blocks(DOCS / page):
        assert len([line for line in block.splitlines() if line.strip()]) <= 12
        assert all(len(line) <= 88 for line in block.splitlines())


@pytest.mark.parametrize("code", ["x = 1 +", "arn.Client.nothing", "1 / 0"])
def test_an_example_that_fails_is_seen(code):
    """The control of the laws above."""
    with pytest.raises((SyntaxError, AttributeError, ZeroDivisionError)):
        type_in(code, {"arn": arn})


def test_the_last_value_is_what_is_shown():
    session: dict[str, Any] = {}
    assert type_in("x = 2\nx + 1", session) == session["_"] == 3
    assert type_in("x = 4", session) is None
