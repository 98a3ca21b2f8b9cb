"""What page and kernel say to each other: both sides know the same words, and the kernel trusts none of them."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb import Run
from agentrun_nb.core.schema import RUNS
from agentrun_nb.errors import DeadlineExceededError, NotFoundError, TooLargeError
from agentrun_nb.widget import explore, explore_json, head, protocol
from agentrun_nb.widget.comparison import comparison
from agentrun_nb.widget.page import bounded_reasons
from agentrun_nb.widget.protocol import (
    GZIP_ABOVE,
    OPS,
    Parcel,
    RefusedError,
    read_request,
    request_id,
)
from tests.support.samples import EXAMPLE, body, record

SOURCES = Path(protocol.__file__).parent / "src"


def keys_of_type(name: str) -> set[str]:
    """The keys of a typedef in protocol.mjs."""
    text = (SOURCES / "protocol.mjs").read_text("utf-8")
    shape = re.search(rf"@typedef \{{\{{((?:(?!@typedef).)*?)\}}\}} {name}\b", text, re.DOTALL)
    assert shape, name
    return set(re.findall(r"(\w+):", re.sub(r"Record<[^>]*>", "", shape[1])))


def conversation(view):
    """Sends messages to a view and collects what it answers."""
    said = []
    view.send = lambda content, buffers=None: said.append((content, buffers))

    def ask(content):
        said.clear()
        view._handle_custom_msg(content, [])
        assert len(said) == 1
        return said[0]

    return ask


def unpacked(reference, buffers) -> bytes:
    data = buffers[reference["buffer"]]
    return gzip.decompress(data) if reference["gzip"] else bytes(data)


def floats_of(reference, buffers):
    """What `Parcel.add_floats` was given."""
    low = unpacked(reference, buffers)
    if "high" not in reference:
        return np.frombuffer(low, "<f8")
    halves = [np.frombuffer(half, "<u4") for half in (low, unpacked(reference["high"], buffers))]
    return np.column_stack(halves).reshape(-1).view("<f8")


def codes_of(reference, buffers):
    """What `Parcel.add_codes` was given."""
    data = unpacked(reference, buffers)
    if not reference.get("small"):
        return np.frombuffer(data, "<i4")
    codes = np.frombuffer(data, "u1").astype("<i4")
    return np.where(codes == 255, -1, codes)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Page", protocol.PAGE_KEYS),
        ("ColumnRefs", protocol.COLUMN_KEYS),
        ("RunDoc", protocol.DOC_KEYS),
        ("Difference", protocol.DIFFERENCE_KEYS),
        ("Comparison", protocol.COMPARISON_KEYS),
        ("FailureGroup", protocol.GROUP_KEYS),
        ("Head", head.HEAD_KEYS),
        ("Limits", head.LIMITS),
        ("Shades", head.SHADE_KEYS),
        ("Field", head.FIELD_KEYS),
        ("Look", head.LOOK_KEYS),
        ("StatusRow", head.STATUS_KEYS),
    ],
)
def test_both_sides_name_the_same_keys(name, keys):
    assert keys_of_type(name) == set(keys)


def test_both_sides_know_the_same_requests():
    kernel, loader = (
        (SOURCES / name).read_text("utf-8") for name in ("kernel/requests.mjs", "loader.mjs")
    )
    asked = re.search(r"@typedef \{(.*?)\} Op \*/$", kernel, re.MULTILINE)
    assert asked
    assert {*re.findall(r'"(\w+)"', asked[1]), *re.findall(r'op: "(\w+)"', loader)} == set(OPS)


def test_a_page_and_its_documents_have_the_keys_of_the_protocol():
    ask = conversation(explore(body(5)))
    content, buffers = ask({"id": 1, "op": "open"})
    page = content["page"]
    assert set(page) == set(protocol.PAGE_KEYS)
    assert set(page["columns"]) == set(protocol.COLUMN_KEYS)
    assert page["docs"] is None, "the first picture does not wait for them"
    content, buffers = ask({"id": 2, "op": "docs"})
    docs = json.loads(unpacked(content["docs"], buffers))
    assert [doc["row"] for doc in docs] == [0, 1, 2, 3, 4]
    assert all(set(doc) == set(protocol.DOC_KEYS) for doc in docs)


@pytest.mark.parametrize("view", [explore(body(3)), explore(EXAMPLE), explore_json({})])
def test_what_the_tables_are_like_is_told_once_and_stays_small(view):
    """When a page opens, and not with the data that comes later."""
    page = conversation(view)({"id": 1, "op": "open"})[0]["page"]
    assert set(page["head"]) == set(head.HEAD_KEYS)
    assert len(json.dumps(page["head"])) < 8_000
    assert sorted(page["head"]["stack"]) == list(range(len(page["head"]["statuses"]) + 2))
    later = []
    view.send = lambda content, buffers=None: later.append(content)
    view.update({} if page["kind"] == "json" else body(2))
    assert [content["page"]["head"] for content in later] == [None]


def test_columns_are_the_moments_and_codes_of_the_frame():
    view = explore(
        [json.dumps(record(1)).encode(), json.dumps(record(2, "queued", version_id=None)).encode()]
    )
    content, buffers = conversation(view)({"id": 1, "op": "open"})
    page = content["page"]
    read = {name: unpacked(ref, buffers) for name, ref in page["columns"].items()}
    created = np.frombuffer(read["created"], "<f8")
    assert created.tolist() == [at.timestamp() * 1_000 for at in view._runs["created_at"]]
    assert np.isnan(np.frombuffer(read["completed"], "<f8")).tolist() == [False, True]
    assert [page["statuses"][code] for code in np.frombuffer(read["status"], "<u4")] == [
        "succeeded",
        "queued",
    ]
    assert np.frombuffer(read["version"], "<u4").tolist() == [0, 0xFFFFFFFF]
    assert json.loads(read["ids"]) == ["adrun_00000001", "adrun_00000002"]


def test_modes_reasons_exit_codes_and_names_are_those_of_the_frame():
    records = [
        record(1, "failed", failure_reason="KeyError: 'x'", exit_code=1),
        record(2, "queued", mode=None, exit_code=None),
        record(3, "failed", failure_reason="KeyError: 'x'", exit_code=2**60),
    ]
    names = {"agdep_reviews": "reviews", "agver_1": "reviews v1", "of another": "another"}
    view = explore([json.dumps(each).encode() for each in records], names=names)
    content, buffers = conversation(view)({"id": 1, "op": "open"})
    page = content["page"]
    read = {name: unpacked(ref, buffers) for name, ref in page["columns"].items()}
    modes, reasons = (np.frombuffer(read[name], "<u4") for name in ("mode", "reason"))
    assert [page["modes"][code] for code in modes if code != 0xFFFFFFFF] == ["job", "job"]
    assert modes[1] == 0xFFFFFFFF
    assert (page["reasons"], page["reasons_clipped"]) == (["KeyError: 'x'"], False)
    assert reasons.tolist() == [0, 0xFFFFFFFF, 0]
    exits = np.frombuffer(read["exit"], "<f8")
    assert np.isnan(exits).tolist() == [False, True, False]
    assert exits[[0, 2]].tolist() == [1, 2**60]
    assert page["names"] == {"agdep_reviews": "reviews", "agver_1": "reviews v1"}


@pytest.mark.parametrize(
    ("count", "length", "clipped"),
    [(0, 0, False), (4, 2**18, False), (4, 2**18 + 1, True), (200_000, 500, True)],
)
def test_reasons_go_whole_while_they_are_small_together(count, length, clipped):
    reasons = [f"{number:>{length}}" for number in range(count)]
    bounded, is_clipped = bounded_reasons(reasons)
    assert (len(bounded), is_clipped) == (count, clipped)
    if not clipped:
        assert bounded == reasons
    else:
        assert max(map(len, bounded)) < 330
        assert sum(map(len, bounded)) < 16 * 2**20


def test_many_floats_travel_in_halves_and_are_the_same():
    rng = np.random.default_rng(0)
    moments = 1.7e12 + np.cumsum(rng.integers(1, 10**9, 70_000) / 1_000)
    columns = [moments, np.where(rng.random(70_000) < 0.5, np.nan, moments), np.full(70_000, 7.5)]
    parcel = protocol.Parcel()
    references = [parcel.add_floats(values) for values in [*columns, moments[:9]]]
    buffers = parcel.packed()
    for reference, values in zip(references, [*columns, moments[:9]], strict=True):
        np.testing.assert_array_equal(floats_of(reference, buffers), values)
    *many, few = references
    assert not many[0]["gzip"], "the lower halves of moments do not pack"
    assert all(reference["high"]["gzip"] for reference in many)
    assert few.keys() == {"buffer", "gzip"}


@pytest.mark.parametrize(
    ("most", "count", "is_small"),
    [(1, 70_000, True), (255, 70_000, True), (256, 70_000, False), (1, 9, False), (1, 0, False)],
)
def test_many_codes_travel_in_a_byte_each_where_that_is_enough(most, count, is_small):
    codes = np.arange(count) % (most + 1) - 1
    parcel = protocol.Parcel()
    reference = parcel.add_codes(codes)
    assert reference.get("small", False) is is_small
    np.testing.assert_array_equal(codes_of(reference, parcel.packed()), codes)


def test_bytes_that_do_not_pack_are_sent_as_they_are():
    parcel = protocol.Parcel()
    noise = np.random.default_rng(0).bytes(protocol.GZIP_ABOVE + 1)
    assert not parcel.add(noise)["gzip"]
    assert parcel.add(bytes(protocol.GZIP_ABOVE + 1))["gzip"]
    assert not parcel.add(bytes(protocol.GZIP_ABOVE))["gzip"], "few bytes"
    assert parcel.packed()[0] == noise


def test_documents_too_large_for_the_page_are_given_one_by_one():
    rng = np.random.default_rng(0)
    rows = [
        json.dumps(record(n, input={"noise": rng.bytes(200_000).hex()})).encode() for n in range(12)
    ]
    ask = conversation(explore(rows))
    assert ask({"id": 1, "op": "docs"})[0]["docs"] is None
    content, buffers = ask({"id": 2, "op": "run", "row": 7})
    doc = json.loads(unpacked(content["doc"], buffers))
    assert (content["id"], doc["row"], doc["fields"]["id"]) == (2, 7, "adrun_00000007")
    assert doc["input"] == json.dumps(json.loads(rows[7])["input"])


def test_a_document_keeps_texts_to_the_letter_and_large_integers_exact():
    raw = (
        json.dumps(record(3))
        .encode()
        .replace(b'"limit": 3', b'"limit":  3.00, "limit": 9007199254740993')
    )
    content, buffers = conversation(explore(Run(raw)))({"id": 1, "op": "open"})
    [doc] = json.loads(unpacked(content["page"]["docs"], buffers))
    assert '"limit":  3.00, "limit": 9007199254740993' in doc["input"]
    assert [output["size_bytes"] for output in doc["outputs"]] == [18_342, str(2**60 + 1)]


def test_only_a_run_whose_record_is_known_claims_that_fields_are_absent():
    raw = json.dumps(EXAMPLE).encode()
    not_there = [column.name for column in RUNS.wire if column.name not in EXAMPLE]
    assert {"mode", "status"} <= {*not_there}
    for x, op, absent in ((Run(raw), "open", not_there), (raw, "docs", [])):
        content, buffers = conversation(explore(x))({"id": 1, "op": op})
        [doc] = json.loads(unpacked(content.get("page", content)["docs"], buffers))
        assert doc["absent"] == absent
        assert doc["fields"]["mode"] is None


def test_runs_with_the_same_key_keep_their_own_outputs():
    view = explore(
        [json.dumps(record(1)).encode(), json.dumps(record(1, output_manifest={})).encode()]
    )
    assert [len(view._table.doc(row)["outputs"]) for row in (0, 1)] == [2, 0]
    content, buffers = conversation(view)({"id": 1, "op": "docs"})
    docs = json.loads(unpacked(content["docs"], buffers))
    assert [len(doc["outputs"]) for doc in docs] == [2, 0]


def test_a_json_document_goes_to_the_page_to_the_letter():
    text = '{"a": 1.0, "a": 9007199254740993, "b": NaN}'
    content, buffers = conversation(explore_json(text))({"id": 1, "op": "open"})
    assert content["page"]["kind"] == "json"
    assert unpacked(content["page"]["text"], buffers).decode() == text


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(OPS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "op",
                    "row",
                    "rows",
                    "output",
                    "start",
                    "end",
                    "by",
                    "path",
                    "filter",
                    "code",
                ]
            ),
            inner,
        )
    ),
    max_leaves=8,
)


@given(anything)
def test_whatever_the_page_sends_gets_exactly_one_answer_and_no_exception(message):
    view = EXPLORER
    content, _ = conversation(view)(message)
    assert content["ok"] is True or (content["ok"] is False and content["error"].endswith("."))
    json.dumps(content, allow_nan=False)


EXPLORER = explore(body(3))


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ([{"name": "a"}, {"name": "b"}], [{"name": "a"}, {"name": "b"}], [("a", "a"), ("b", "b")]),
        ([{"name": "a"}], [{"name": "a", "error": "x", "more": {"deep": [1]}}], [("a", "a")]),
        ([{"name": "a", "error": "x", "size_bytes": 1}], [{"name": "a"}], [("a", "a")]),
        (
            [{"name": "a", "x": 1}],
            [{"name": "a", "y": 1}, {"name": "b", "x": 1}],
            [("a", "a"), (None, "b")],
        ),
        (
            [{"name": "b"}, {"name": "a", "x": 1}],
            [{"name": "a", "y": [1]}],
            [("b", None), ("a", "a")],
        ),
        ([], [{"name": "a", "y": 1}], [(None, "a")]),
        ([{"name": "a", "y": 1}], [], [("a", None)]),
        ([], [], []),
    ],
)
def test_an_output_stands_once_whatever_keys_it_gained_or_lost(before, after, pairs):
    view = explore(
        [
            json.dumps(record(n, output_manifest={"outputs": some})).encode()
            for n, some in enumerate([before, after])
        ]
    )
    found = [
        tuple(side and side["name"] for side in (pair["a"], pair["b"]))
        for pair in comparison(view._table.part(0), view._table.part(1))["outputs"]
    ]
    assert sorted(found, key=str) == sorted(pairs, key=str)


def test_two_runs_are_compared_and_their_outputs_belong_together_by_name():
    left = record(
        1, output_manifest={"score": 1, "outputs": [{"path": "a"}, {"path": "b", "size_bytes": 5}]}
    )
    right = record(
        2, output_manifest={"score": 2, "outputs": [{"path": "b", "size_bytes": 6}, {"path": "c"}]}
    )
    ask = conversation(explore([json.dumps(run).encode() for run in (left, right)]))
    content, buffers = ask({"id": 1, "op": "compare", "rows": [0, 1]})
    told = json.loads(unpacked(content["comparison"], buffers))
    assert set(told) == set(protocol.COMPARISON_KEYS)
    assert all(set(row) == set(protocol.DIFFERENCE_KEYS) for row in told["differences"])
    changed = {
        row["path_a"]: (row["a"], row["b"])
        for row in told["differences"]
        if row["change"] == "changed"
    }
    assert changed["output_manifest.score"] == ("1", "2")
    assert changed["output_manifest.outputs[1].size_bytes"] == ("5", "6")
    assert told["count"] == len(told["differences"])
    pairs = [
        tuple(side and side["path"] for side in (pair["a"], pair["b"])) for pair in told["outputs"]
    ]
    assert sorted(pairs, key=str) == [("a", None), ("b", "b"), (None, "c")]


class Files:
    """A client of which only the files of outputs are asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def read_output(self, run, name, *, max_bytes, deadline):
        assert (max_bytes, deadline) == (5 * 2**20, 10)
        self.asked.append((run.id, name, threading.current_thread() is threading.main_thread()))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_file_of_an_output_is_read_by_the_client_in_a_thread_of_its_own():
    client = Files(b"# Report")
    ask = conversation(explore(body(3), client))
    content, buffers = ask({"id": 7, "op": "preview", "row": 1, "output": 0})
    assert (content["id"], unpacked(content["file"], buffers)) == (7, b"# Report")
    assert client.asked == [("adrun_00000001", "report", False)]


@pytest.mark.parametrize(
    ("client", "changes", "reason"),
    [
        (None, {}, "no client"),
        (
            Files(NotFoundError("The file is gone.", hint="A sandbox lives for a while only.")),
            {},
            "gone. A sandbox",
        ),
        (Files(TooLargeError("It is large.")), {}, "more than the 5,242,880 bytes"),
        (Files(DeadlineExceededError("It is late.")), {}, "within 10 seconds"),
        (Files(b""), {"outputs": [{"path": "a", "size_bytes": 10**9}]}, "1,000,000,000 bytes"),
        (Files(b""), {"outputs": [{"name": "a"}, {"path": "a"}]}, "no name or path that no other"),
        (Files(b""), {"outputs": []}, "no such output"),
    ],
)
def test_where_no_file_can_be_shown_the_reason_is_said(client, changes, reason):
    rows = [json.dumps(record(1, output_manifest=changes) if changes else record(1)).encode()]
    content, _ = conversation(explore(rows, client))(
        {"id": 1, "op": "preview", "row": 0, "output": 0}
    )
    assert content["ok"] is False
    assert reason in content["error"]


@pytest.mark.parametrize(
    ("outputs", "reasons"),
    [
        ([{"name": "a"}], [None]),
        ([{"path": "a", "status": "available"}], [None]),
        ([{"name": "a", "status": "a new word", "size_bytes": 5 * 2**20}], [None]),
        ([{"name": "a", "status": "missing"}], ["missing"]),
        ([{"name": "a", "kind": "directory"}], ["directory"]),
        ([{"kind": "file"}, {"name": ""}], ["no name", "no name"]),
        (
            [{"name": "a"}, {"path": "a"}, {"name": "b"}],
            ["no name or path that", "no name or path that", None],
        ),
        ([{"name": "a", "path": "x"}, {"name": "a", "path": "y"}], [None, None]),
        ([{"name": "a", "size_bytes": 5 * 2**20 + 1}], ["5,242,881 bytes"]),
        ([{"name": "a", "size_bytes": 2**63 - 1}], ["9,223,372,036,854,775,807 bytes"]),
        ([{"name": "a", "size_bytes": "many"}], [None]),
    ],
)
def test_a_look_is_not_offered_where_it_would_be_refused(outputs, reasons):
    view = explore(
        [json.dumps(record(1, output_manifest={"outputs": outputs})).encode()], Files(b"text")
    )
    ask = conversation(view)
    for position, (output, reason) in enumerate(
        zip(view._table.doc(0)["outputs"], reasons, strict=True)
    ):
        assert (output["no_preview"] is None) == (reason is None)
        assert (reason or "") in (output["no_preview"] or "")
        content, _ = ask({"id": 1, "op": "preview", "row": 0, "output": position})
        assert content["ok"] is (reason is None), (
            "what is offered is given, and what is not is refused"
        )
        assert content.get("error") == output["no_preview"]


@pytest.mark.parametrize("x", [body(2), Run(json.dumps(record(1)).encode())], ids=["runs", "run"])
def test_a_page_knows_whether_files_can_be_read(x):
    assert "arn.explore(runs, client)" in explore(x)._page()[0]["no_previews"]
    assert explore(x, Files(b""))._page()[0]["no_previews"] == ""


@pytest.mark.parametrize(
    ("changes", "sound"),
    [
        ({"folded": True}, True),
        ({}, True),
        ({"folded": 1}, False),
        ({"folded": None}, False),
        ({"colour": "output_manifest.outputs[0].name"}, True),
        ({"colour": "not a path ["}, False),
        ({"colour": "x" * 3_000}, False),
        ({"colour": ["input.a"]}, False),
    ],
)
def test_a_view_opens_again_as_the_page_last_said_it_stood(changes, sound):
    view = explore(body(3))
    assert view._page()[0]["screen"] is None
    seen = {"start": 1.5, "end": 2e12, "by": "status", "folded": False} | changes
    content, _ = conversation(view)({"id": 1, "op": "window", **seen})
    assert content["ok"] is sound
    assert view._page()[0]["screen"] == (seen if sound else None)


def test_one_file_is_read_at_a_time():
    view, said, free = explore(body(3), Files(b"")), [], threading.Event()
    view._client.read_output = lambda run, name, **bounds: bytes(free.wait(5))
    view.send = lambda content, buffers=None: said.append(content)

    async def work():
        for number in (1, 2):
            view._handle_custom_msg({"id": number, "op": "preview", "row": 0, "output": 0}, [])
        assert [content["id"] for content in said] == [2], (
            "the kernel is free while it waits for the file"
        )
        await view._reading["preview"]
        free.set()

    asyncio.run(work())
    assert "Another file" in said[0]["error"]
    assert said[1]["ok"]


WINDOW = {"id": 1, "op": "window", "start": 0, "end": 1, "by": "none", "folds": [], "dark": True}


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1, "op": "run", "row": 3},
        {"id": 1, "op": "run", "row": -1},
        {"id": 1, "op": "run", "row": True},
        {"id": 1, "op": "run"},
        {"id": 1, "op": "preview", "row": 0, "output": -1},
        {"id": 1, "op": "preview", "row": 0, "output": "out/report.md"},
        {"id": 1, "op": "preview", "row": 3, "output": 0},
        {"id": 1, "op": "compare", "rows": [0]},
        {"id": 1, "op": "compare", "rows": [0, 1, 2]},
        {"id": 1, "op": "compare", "rows": [0, "1"]},
        {"id": 1, "op": "compare", "rows": "01"},
        {"id": 1, "op": "window", "start": 2, "end": 1, "by": "none"},
        {"id": 1, "op": "window", "start": float("nan"), "end": 1, "by": "none"},
        {"id": 1, "op": "window", "start": 0, "end": 1, "by": ["none"]},
        WINDOW | {"folds": {}},
        WINDOW | {"folds": [[0, 1]]},
        WINDOW | {"folds": [[0, 1, 2]]},
        WINDOW | {"folds": [[0, 1, float("inf")]]},
        WINDOW | {"width": "100"},
        WINDOW | {"dark": "yes"},
        WINDOW | {"colour": "no path ["},
        {"id": 1, "op": "__class__"},
        {"id": 1.5, "op": "open"},
        {"op": "open"},
    ],
)
def test_a_message_outside_the_protocol_is_refused(message):
    with pytest.raises(RefusedError):
        read_request(message, rows=3)


@given(
    st.dictionaries(
        st.sampled_from(["selected", "path", "tz", "_esm", "layout", "_view_module"]), anything
    )
)
def test_the_page_can_set_the_shared_values_only_and_only_soundly(state):
    before = EXPLORER.get_state(["_esm", "_view_module", "layout"])
    EXPLORER.set_state(state)
    assert EXPLORER.get_state(["_esm", "_view_module", "layout"]) == before
    assert all(len(pair) == 2 for pair in EXPLORER.selected)


def test_a_zone_from_the_page_is_taken():
    view = explore(body(2))
    view.set_state({"tz": "Asia/Kolkata", "path": "output_manifest.score"})
    assert (view.tz, view.path) == ("Asia/Kolkata", "output_manifest.score")


LATEST = 8.64e15  # the last moment that a date of JavaScript can have


@pytest.mark.parametrize(
    ("change", "sound"),
    [
        ({"id": 0}, True),
        ({"id": 2**53}, True),
        ({"id": 2**53 + 1}, False),
        ({"id": -1}, False),
        ({"id": True}, False),
        ({"id": 1.0}, False),
        ({"id": "1"}, False),
        ({"id": None}, False),
        ({"folds": [[0, 10, 10]]}, True),
        ({"folds": [[0, 10, 0.5], [-5, 1, 1]]}, True),
        ({"folds": [[0, 10, 0]]}, False),
        ({"folds": [[0, 10, -1]]}, False),
        ({"folds": [[0, 10, 10.5]]}, False),
        ({"folds": [[0, 10, True]]}, False),
        ({"folds": [[0, 10, 10, 10]]}, False),
        ({"folds": [[0, 10, 10], [0, 10, 0]]}, False),
        ({"start": 1, "end": 1}, True),
        ({"start": 2, "end": 1}, False),
        ({"start": None, "end": -1}, True),
        ({"start": -LATEST, "end": LATEST}, True),
        ({"start": -LATEST - 1, "end": 0}, False),
        ({"start": 0, "end": LATEST + 1}, False),
        ({"start": False, "end": True}, False),
        ({"width": LATEST + 1}, False),
    ],
)
def test_a_window_is_sound_up_to_its_limits_and_not_beyond(change, sound):
    message = WINDOW | change
    assert (request_id(message) is None) is (not sound and "id" in change)
    if sound:
        assert read_request(message, rows=0).window.start == message["start"]
    else:
        with pytest.raises(RefusedError):
            read_request(message, rows=0)


@pytest.mark.parametrize(("width", "drawn"), [(0, 100), (99, 100), (100, 100), (101, 101)])
def test_a_picture_is_never_drawn_narrower_than_it_can_be_read(width, drawn):
    assert read_request(WINDOW | {"width": width}, rows=0).window.width == drawn


@pytest.mark.parametrize(
    ("row", "sound"), [(0, True), (2, True), (3, False), (-1, False), (True, False), (1.0, False)]
)
@pytest.mark.parametrize("op", ["run", "preview", "compare"])
def test_a_row_is_one_of_those_that_are_there(op, row, sound):
    message = {"id": 1, "op": op, "row": row, "rows": [0, row], "output": 2**53 - 1}
    if sound:
        assert read_request(message, rows=3).rows[-1] == row
    else:
        with pytest.raises(RefusedError):
            read_request(message, rows=3)


@pytest.mark.parametrize("output", [2**53, -1, True, 0.0, None])
def test_an_output_is_named_by_its_place(output):
    with pytest.raises(RefusedError):
        read_request({"id": 1, "op": "preview", "row": 0, "output": output}, rows=1)


@pytest.mark.parametrize(
    ("size", "is_gzipped"), [(0, False), (GZIP_ABOVE, False), (GZIP_ABOVE + 1, True)]
)
def test_buffers_above_a_size_travel_packed(size, is_gzipped):
    parcel = Parcel()
    assert parcel.add(bytes(size)) == {"buffer": 0, "gzip": is_gzipped}
    assert unpacked({"buffer": 0, "gzip": is_gzipped}, parcel.packed()) == bytes(size)
    ready = gzip.compress(bytes(size))
    assert parcel.add(ready, is_gzipped=True) == {"buffer": 1, "gzip": True}
    assert parcel.packed()[1] == ready


def test_large_buffers_stay_in_their_places_however_often_they_are_packed():
    parcel = Parcel([b"before"])
    sizes = [GZIP_ABOVE + 1, 3, 2 * GZIP_ABOVE, GZIP_ABOVE + 2]
    refs = [parcel.add(bytes(size)) for size in sizes]
    first = list(parcel.packed())
    refs.append(parcel.add(bytes(GZIP_ABOVE + 3)))
    buffers = parcel.packed()
    assert buffers[:5] == first
    assert first[0] == b"before"
    lengths = [len(unpacked(ref, buffers)) for ref in refs]
    assert lengths == [*sizes, GZIP_ABOVE + 3]
