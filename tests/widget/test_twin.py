"""The static twin: it tells the story without a kernel, stays small, and nothing in it runs."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentrun_nb as arn
from agentrun_nb.core.schema import RUNS
from agentrun_nb.drawing.course import course
from agentrun_nb.drawing.html import el, joined
from agentrun_nb.widget import explore, explore_json
from agentrun_nb.widget.excerpt import excerpt
from agentrun_nb.widget.run_docs import run_docs
from agentrun_nb.widget.twin import MOST_BYTES, Room, run_story
from tests.support.http import answer, mocked, run_record
from tests.support.samples import EXAMPLE, HOSTILE, body, moment, record

ALLOWED = {
    "div",
    "style",
    "p",
    "span",
    "code",
    "pre",
    "img",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
ALLOWED |= {"details", "summary"}


class Seen(HTMLParser):
    """The elements of an HTML text and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.pictures: list[str] = []
        self.alts: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "img":
            self.pictures.append(
                base64.b64decode(dict(attrs)["src"].partition("base64,")[2]).decode()
            )
            self.alts.append(dict(attrs)["alt"])

    def handle_data(self, data):
        self.words += data


def html_of(x, **how) -> str:
    return explore(x, **how)._twin()["text/html"]


def one(number: int = 3, status: str = "succeeded", **changes) -> arn.Run:
    return arn.Run(json.dumps(record(number, status, **changes)).encode())


def test_the_story_of_one_run_is_told():
    seen = Seen(html_of(one(3, "failed", failure_reason="no such column")))
    for words in (
        "failed",
        "adrun_00000003",
        "agver_2",
        "no such column",
        "2026-11-20T08:03:00Z",
        "sbx_000003",
    ):
        assert words in seen.words
    assert seen.alts == ["Course of the run: 7.3 s before start; 1 min 28 s after start"]
    assert "7.3 s before start" in seen.pictures[0]
    assert "2026-11-20 08:04:35 UTC" in seen.pictures[0]
    assert "run the cell again: run" in seen.words


def test_outputs_manifest_and_input_are_told():
    seen = Seen(html_of(one()))
    for words in (
        "2 outputs",
        "out/report.md",
        "18,342",
        "Output manifest",
        '"score": 0.503',
        '"quarter": "2026-Q4"',
    ):
        assert words in seen.words


def test_null_and_absent_are_told_apart():
    words = Seen(html_of(arn.Run(json.dumps(EXAMPLE | {"exit_code": None}).encode()))).words
    not_there = {column.name for column in RUNS.wire} - EXAMPLE.keys()
    assert words.count("not in the record") == len(not_there) >= 2
    assert "null" in words


def test_what_the_record_says_and_nobody_can_read_stands_there_as_it_was_written():
    """No note forges another, whatever its text reads like."""
    forged = 'x"; exit_code: not_integer: "7'
    outputs = [{"name": "a", "size_bytes": -5}, {"size_bytes": None}, {"name": 7}]
    html = html_of(
        one(
            created_at="garbage",
            started_at=forged,
            exit_code=None,
            output_manifest={"outputs": outputs},
        )
    )
    told = [cell.partition("</td>")[0] for cell in html.split("not readable: </span>")[1:]]
    # The fields stand in two columns, so which comes first depends on how many there are.
    assert Counter(told) == Counter(
        [
            "&quot;garbage&quot;",
            f"&quot;{el('p', json.dumps(forged)[1:-1])[3:-4]}&quot;",
            "-5",
            "7",
        ]
    )


def test_the_picture_of_a_run_and_its_heading_tell_apart_what_is_not_there_and_what_cannot_be_read():
    seen = Seen(html_of(one(created_at="garbage", started_at=None, status=5)))
    told = re.findall(r'y="68"[^>]*>([^<]*)<', seen.pictures[0])
    assert told[:2] == ["not readable", "not recorded"]
    assert "status not readable: 5" in seen.words
    assert "no status recorded" not in seen.words


def test_many_runs_are_counted_by_status_and_the_newest_are_listed():
    html = html_of(body(1_000))
    seen = Seen(html)
    assert seen.words.startswith("body:has")
    assert "1,000 runs" in seen.words
    assert "and 988 more" in seen.words
    assert "adrun_000003e7" in seen.words
    assert len(seen.pictures) == 1
    assert re.search(r"Timeline of 1,000 runs: .*\d+ failed", seen.alts[0])


def test_what_the_filter_lets_through_is_told_and_of_how_many():
    view = explore(body(1_000), filter={"status": "failed"})
    seen = Seen(view._twin()["text/html"])
    count = len(view.shown)
    assert f"{count} of 1,000 shown: status failed \u00b7 {count} failed" in seen.words
    assert seen.alts[0].startswith(f"Timeline of {count} runs: {count} failed")
    assert "succeeded" not in seen.words
    none = Seen(html_of(body(10), filter={"text": "nowhere"}))
    assert '0 of 10 shown: text "nowhere"' in none.words
    assert not none.pictures


def test_failures_stand_apart_only_where_other_runs_are_shown_too():
    many = Seen(html_of(body(1_000))).words
    assert "Latest failures" in many
    assert "Newest runs" in many
    failed = Seen(html_of(body(1_000), filter={"status": "failed"})).words
    assert "Latest failures" not in failed
    assert "Newest runs" in failed


def test_names_stand_where_ids_would():
    names = {"agdep_reports": "report", "agver_2": "report v2"}
    many = Seen(html_of(body(10), names=names))
    assert "report v2" in many.words
    assert "agver_1" in many.words
    assert "agver_2" not in many.words
    assert "report v2" in many.pictures[0]
    one_run = Seen(html_of(one(1), names=names))
    assert "deployment report agdep_reports" in one_run.words
    assert "version report v2 agver_2" in one_run.words


def test_the_picture_is_grouped_as_the_view_is():
    by_status = explore(body(40), by="status")
    assert ">timed out<" in drawn(by_status)
    assert ">timed out<" not in drawn(explore(body(40)))
    assert "By version: " in Seen(html_of(body(40), by="version_id")).alts[0]


def test_picture_and_figure_show_the_stretch_and_the_groups_that_the_view_was_made_with():
    window = ["2026-11-20T08:10:00Z", "2026-11-20T08:20:00Z"]
    view = explore(body(40), by="version_id", window=window)
    assert "outside of this time" in drawn(view)
    figure = view.figure()
    low, high = figure.layout.xaxis.range
    assert high - low == 600_000
    assert [band.text.partition(",")[0] for band in figure.layout.annotations] == [
        "agver_1",
        "agver_2",
    ]


def test_it_is_hidden_exactly_while_its_own_live_view_is_there():
    view = explore(one())
    html = view._twin()["text/html"]
    assert f"body:has(.arn-live-{view.uid})" in html
    assert re.fullmatch("[0-9a-f]+", view.uid)


@pytest.mark.parametrize("by", [None, "none", "version_id", "status"])
@pytest.mark.parametrize("count", [0, 1, 19, 30, 31, 150, 151, 1_000, 5_000])
def test_it_is_small_whatever_the_number_of_runs(count, by):
    assert len(html_of(body(count), by=by).encode()) <= MOST_BYTES


def test_it_is_small_whatever_is_in_the_records():
    long = '"&\u202e\U0001f600' * 2_000
    changes = dict.fromkeys(
        ("id", "deployment_id", "version_id", "status", "failure_reason", "sandbox_id"), long
    )
    whole = record(
        1, **changes, output_manifest={"outputs": [{"name": long, "path": long}] * 50}, more=long
    )
    raw = json.dumps(whole).encode()
    for x in (arn.Run(raw), [raw] * 40):
        assert len(html_of(x).encode()) <= MOST_BYTES
    assert len(explore_json(long)._twin()["text/html"].encode()) <= MOST_BYTES


def test_any_number_of_unknown_statuses_leaves_room_for_the_failures():
    """In a picture they are one look; in words the known ones come before them."""
    odd = [record(number, f"odd {number}" if number % 100 else "failed") for number in range(3_000)]
    html = html_of(b"[" + b",".join(json.dumps(one).encode() for one in odd) + b"]")
    assert len(html.encode()) <= MOST_BYTES
    assert "30 failed" in Seen(html).words


def test_columns_claim_no_more_than_how_many_runs_touch_one():
    """Runs one after the other are never two at a time, and yet many touch a column."""
    rows = [
        record(at, started_at=moment(60 * at + 1), completed_at=moment(60 * at + 30))
        for at in range(1_000)
    ]
    told = drawn(explore(json.dumps(rows).encode(), by="none"))
    assert "up to 10 runs in a column, UTC" in told
    assert "at a time" not in told


def hostile_record() -> bytes:
    texts = {
        key: HOSTILE
        for key, value in record(1).items()
        if isinstance(value, str) and not key.endswith("_at")
    }
    manifest = {
        HOSTILE: [HOSTILE],
        "outputs": [{HOSTILE: 1, "name": HOSTILE, "path": HOSTILE, "status": HOSTILE}],
    }
    return json.dumps(
        record(1, **texts, output_manifest=manifest, input={HOSTILE: HOSTILE}) | {HOSTILE: HOSTILE}
    ).encode()


@pytest.mark.parametrize(
    "x", [arn.Run(hostile_record()), [hostile_record()] * 3, [hostile_record()] * 300]
)
def test_hostile_text_makes_no_element_and_hides_nothing(x):
    seen = Seen(html_of(x))
    assert seen.tags <= ALLOWED
    assert seen.attributes <= {"style", "tabindex", "class", "src", "alt", "open"}
    assert not re.search("[\u202e\x1b]", seen.words)
    for picture in seen.pictures:
        tags = {
            element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()
        }
        assert tags <= {"svg", "path", "rect", "circle", "text", "defs", "use"}


@given(st.text(), st.text())
def test_text_and_attributes_come_back_as_they_went_in(words, value):
    seen = Seen(el("p", words.replace("\r", ""), title=value))
    assert seen.tags == {"p"}
    assert seen.attributes == {"title"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda x: st.lists(x) | st.dictionaries(st.text(max_size=5), x),
    )
)
def test_an_excerpt_that_is_whole_is_the_same_document(document):
    text = json.dumps(document)
    assert json.loads(excerpt(text, 10**9)) == document


def test_an_excerpt_keeps_every_token_and_says_what_it_hides():
    assert excerpt('{"a":1.0,"a":[],"b":{}}', 1_000) == '{\n  "a": 1.0,\n  "a": [],\n  "b": {}\n}'
    cut = excerpt("[" + "1," * 5_000 + "1]", 100)
    assert re.search(r"… 9,\d{3} more characters of JSON$", cut)


NAN = float("nan")


@pytest.mark.parametrize(
    ("times", "live", "words"),
    [
        ((0, 1_500, 4_000), False, ["1.5 s before start", "2.5 s after start"]),
        ((0, NAN, 4_000), False, ["4 s from created to completed"]),
        ((0, 1_500, NAN), True, ["1.5 s before start", "8.5 s since start, open when read"]),
        ((0, NAN, NAN), True, ["10 s since created, start not known", "not known"]),
        ((0, 1_500, NAN), False, ["1.5 s before start", "not known"]),
        ((0, 1_500, 1_000), False, ["1.5 s before start", "completed before started by 500 ms"]),
        ((NAN, NAN, NAN), True, ["not known", "not known"]),
    ],
)
def test_the_course_says_what_the_timestamps_say_and_no_more(times, live, words):
    assert [stretch.words for stretch in course(*times, live, now=10_000)] == words


def test_times_stand_in_the_zone_that_is_chosen():
    assert "2026-11-20 13:33:00 +05:30" in Seen(html_of(one(), tz="Asia/Kolkata")).pictures[0]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "9999-12-31T23:59:59Z"]
)
@pytest.mark.parametrize("tz", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_an_outlier_in_time_leaves_the_picture_to_the_others(moment, tz):
    times = {"created_at": moment, "started_at": moment, "completed_at": moment}
    rows = [json.dumps(record(number)).encode() for number in range(30)]
    told = drawn(explore([*rows, json.dumps(record(99, **times)).encode()], tz=tz))
    assert "1 far outside of this time" in told
    assert "far outside" not in drawn(explore(rows, tz=tz))
    assert "2026-11-20" in told


def test_no_label_of_the_axis_sticks_out():
    """A label is some 48 wide, and the picture 720."""
    seen = set()
    for second in range(10, 22):
        start, end = (f"2026-11-20T10:40:{at}Z" for at in (second, second + 33))
        told = drawn(
            explore(
                [
                    json.dumps(
                        record(1, created_at=start, started_at=start, completed_at=end)
                    ).encode()
                ]
            )
        )
        for x, anchor in re.findall(
            r'<text x="([\d.]+)"[^>]*text-anchor="(\w+)">\d\d:\d\d:\d\d<', told
        ):
            seen.add(anchor)
            left = float(x) - {"start": 0, "middle": 24, "end": 48}[anchor]
            assert 0 <= left <= 720 - 48
    assert seen == {"start", "middle", "end"}


def drawn(view) -> str:
    """The SVG text of a twin's picture."""
    [data] = re.findall(r"svg\+xml;base64,([^\"]+)", view._twin()["text/html"])
    return base64.b64decode(data).decode()


TERMINAL = """
import json
import agentrun_nb as arn
from tests.support.samples import HOSTILE, body, record
run = arn.Run(json.dumps(record(3, "timed_out", exit_code=137)).encode())
print("-1-")
run
print("-2-")
arn.explore(run)
print("-3-")
arn.explore(run.to_frame())
print("-4-")
arn.explore(body(60))
print("-5-")
arn.explore([])
print("-6-")
arn.explore([json.dumps(record(n, HOSTILE)).encode() for n in range(2)])
print("-7-")
arn.explore_json({"a": 1})
print("-8-")
print(arn.explore(run), str(arn.explore_json([])))
print("-9-")
"""


def test_in_the_ipython_of_a_terminal_a_run_and_its_views_are_a_line_each(tmp_path):
    root = Path(__file__).parents[2]
    command = [
        sys.executable,
        "-m",
        "IPython",
        "--simple-prompt",
        "--no-banner",
        "--no-confirm-exit",
        "--colors=nocolor",
    ]
    environment = {
        **os.environ,
        "IPYTHONDIR": str(tmp_path),
        "PYTHONPATH": str(root),
        "COLUMNS": "200",
    }
    done = subprocess.run(
        command,
        input=TERMINAL,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    parts = re.split(r"-\d-\n", done.stdout)[1:-1]
    lines = [re.sub(r"(In|Out) ?\[\d+\]: ", "", part).split("\n") for part in parts]
    (run,), (same,), (row,), (many,), (none,), (hostile,), (document,), (printed,) = (
        [line for line in part if line.strip()] for part in lines
    )
    assert (
        run
        == same
        == row
        == "<Run 'adrun_00000003': deployment 'agdep_reviews', timed out, exit code 137, 1 min 28 s>"
    )
    assert many.startswith("<RunExplorer: 60 runs: 1 queued, ")
    assert "7 failed" in many
    assert none == "<RunExplorer: 0 runs>"
    assert "2 unknown status" in hostile
    assert not re.search("[\u202e\x1b]", hostile)
    assert document == "<JsonExplorer: 8 characters of JSON>"
    assert printed == f"{run} <JsonExplorer: 2 characters of JSON>"


def test_what_a_listing_left_out_is_known_to_the_frame_and_told():
    left_out = ("output_manifest", "started_at", "status")
    with mocked(
        lambda request: answer({"items": [run_record("run_1", exit_code=1)], "next_cursor": None})
    ) as client:
        runs = client.list_runs("dep_1", without=left_out, progress=False)
    assert arn.fetch_report(runs).without == arn.fetch_report(runs[:1].copy()).without == left_out
    assert "without output_manifest and started_at and status" in repr(arn.fetch_report(runs))
    for view in (arn.explore(runs), arn.explore(runs[runs["exit_code"] == 1])):
        (doc,) = run_docs(view._runs)
        assert doc["left_out"] == list(left_out)
    html = joined(*run_story(runs, doc, 0.0, "UTC")(Room(rows=10, text=100, document=100)))
    assert html.count("left out of the listing") >= 3
    assert "not recorded" not in html


@pytest.mark.parametrize("make", [explore, explore_json])
def test_what_is_left_of_a_closed_view_is_its_picture(make, monkeypatch):
    published = []
    publish = "agentrun_nb.widget.view._publish"
    monkeypatch.setattr(publish, lambda data, **_: published.append(data))
    closed = make(arn.Run(json.dumps(record()).encode()))
    closed.close()
    closed._ipython_display_()
    assert len(published) == 1
    assert "arn-twin" in published[0]["text/html"]
