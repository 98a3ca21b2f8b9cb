"""C: bodies of answers that are well sent and odd."""

from __future__ import annotations

import json

import pandas as pd

import agentrun_nb as arn
from agentrun_nb.core import jsontext
from agentrun_nb.core.schema import RUNS
from agentrun_nb.errors import BadResponseError

from .lab import Got, Lab, fault
from .replies import DEP, RUN, http, record, text_record

BODY = json.dumps(record()).encode()


def refused(lab: Lab, body: bytes, told: str, *headers: str) -> Got:
    """A body that is no run: tried again once, then an error that says what it is."""
    healed, stays = (
        lab.one_run(http(body, "200 OK", *headers), RUN),
        lab.one_run(http(body, "200 OK", *headers)),
    )
    assert healed.error is None, healed
    assert type(stays.error) is BadResponseError, stays
    assert stays.requests == 2, stays
    assert told in stays.error.message, stays
    return stays


def codes(got: Got) -> set[str]:
    """What the row's notes say, as `column code`."""
    notes = got.row["parse_notes"]
    return (
        set() if pd.isna(notes) else {" ".join(note.split(": ")[:2]) for note in notes.split("; ")}
    )


def kept(lab: Lab, *noted: str, **texts: str) -> Got:
    """A run with odd values comes, and its notes say just this."""
    got = lab.row(text_record(**texts))
    assert codes(got) == set(noted), codes(got)
    return got


@fault(51, "200 with JSON that is cut", "tried again once, then BadResponseError with the place")
def _(lab: Lab) -> list[Got]:
    return [refused(lab, BODY[:-1], "JSON"), refused(lab, BODY[:60], "at ")]


@fault(52, "200 with a login page", "BadResponseError: HTML where JSON was expected")
def _(lab: Lab) -> Got:
    return refused(
        lab,
        b"<!doctype html><title>Log in</title>",
        "HTML came where JSON was expected",
        "Content-Type: text/html",
    )


@fault(53, "200 with nothing, null, a list, a number", "BadResponseError")
def _(lab: Lab) -> list[Got]:
    return [refused(lab, body, "JSON") for body in (b"", b"null", b"[]", b"7")]


@fault(54, "JSON that is said to be text/html", "read; the fetch report counts it")
def _(lab: Lab) -> list[Got]:
    alone = lab.one_run(http(BODY, "200 OK", "Content-Type: text/html"))
    assert alone.value.raw == BODY
    with lab.service(http(BODY, "200 OK", "Content-Type: text/html")) as (client, _):
        runs = client.get_runs(DEP, ["run_1"], progress=False)
    assert arn.fetch_report(runs).oddities == {"content_type": 1}, arn.fetch_report(runs)
    return [alone]


@fault(55, "UTF-8 that is said to be latin-1", "read as UTF-8")
def _(lab: Lab) -> Got:
    body = json.dumps(record(failure_reason="Zürich 納期"), ensure_ascii=False).encode()
    got = lab.one_run(http(body, "200 OK", "Content-Type: application/json; charset=latin-1"))
    assert got.value.failure_reason == "Zürich 納期"
    return got


@fault(
    56,
    "bytes that are not UTF-8, in a value",
    "U+FFFD in the cell, noted; raw and an archive keep the bytes",
)
def _(lab: Lab) -> Got:
    body = text_record(failure_reason='"caf?"', input='{"a":"?"}').replace(b"?", b"\xe9")
    got = lab.row(body)
    assert got.row["failure_reason"] == "caf\ufffd"
    assert codes(got) == {"failure_reason not_unicode", "input not_unicode"}, codes(got)
    assert lab.one_run(http(body)).value.raw == body
    assert lab.archived(body) == body
    return got


@fault(57, "bytes that are not UTF-8, in a key", "U+FFFD in the key; the run is typed all the same")
def _(lab: Lab) -> Got:
    got = lab.row(BODY[:-1] + b',"od\xffd":1}')
    assert got.row["extra"] == '{"od\\ufffdd":1}', got.row["extra"]
    assert got.row["status"] == "succeeded"
    return got


@fault(58, "a byte order mark; UTF-16", "the mark is passed over; UTF-16 is BadResponseError")
def _(lab: Lab) -> list[Got]:
    marked = lab.row(b"\xef\xbb\xbf" + BODY)
    assert codes(marked) == set()
    return [marked, refused(lab, BODY.decode().encode("utf-16"), "JSON")]


@fault(
    59,
    "a lone surrogate",
    "U+FFFD in the cell, noted; the document, and all in an archive, to the letter",
)
def _(lab: Lab) -> Got:
    texts = {"failure_reason": '"a\\ud800b"', "input": '{"k":"\\ud800"}'}
    got = kept(lab, "failure_reason not_unicode", **texts)
    body = text_record(**texts)
    assert lab.archived(body) == body
    assert got.row["failure_reason"] == "a\ufffdb"
    assert got.row["input"] == '{"k":"\\ud800"}'
    got.value.to_csv().encode()
    return got


@fault(60, "NUL and control characters in texts", "kept")
def _(lab: Lab) -> Got:
    got = kept(lab, failure_reason='"a\\u0000b\\u001b[2J\\u0007"')
    assert got.row["failure_reason"] == "a\x00b\x1b[2J\x07"
    return got


@fault(61, "NaN, Infinity", "NA and a note for numbers; to the letter in documents")
def _(lab: Lab) -> list[Got]:
    number = kept(lab, "exit_code not_integer", exit_code="NaN")
    inside = kept(lab, input='{"score":NaN,"most":-Infinity}')
    assert inside.row["input"] == '{"score":NaN,"most":-Infinity}'
    return [number, inside]


@fault(62, "a key that stands twice", "the last one counts, noted; a document to the letter")
def _(lab: Lab) -> Got:
    got = lab.row(BODY[:-1] + b',"status":"failed","input":{"a":1,"a":2}}')
    assert got.row["status"] == "failed"
    assert got.row["input"] == '{"a":1,"a":2}'
    assert codes(got) == {"status duplicate_key", "input duplicate_key"}, codes(got)
    return got


@fault(
    63,
    "an integer over 2^63, one of 5,000 digits",
    "NA and a note in a column; exact in a document",
)
def _(lab: Lab) -> list[Got]:
    large = kept(lab, "exit_code out_of_range", exit_code=str(2**63))
    digits = "9" * 5_000
    huge = kept(lab, "exit_code out_of_range", exit_code=digits, input=f'{{"n":{digits}}}')
    assert huge.row["input"] == f'{{"n":{digits}}}'
    assert str(lab.one_run(http(text_record(input=f'{{"n":{digits}}}'))).value.input["n"]) == digits
    return [large]


@fault(64, "2^53 + 1 in a manifest", "exact", theirs="page: exact as text")
def _(lab: Lab) -> Got:
    got = kept(lab, output_manifest='{"n":9007199254740993}')
    assert jsontext.parse(got.row["output_manifest"]) == {"n": 2**53 + 1}
    return got


@fault(65, "1.0 and 1.5 where an integer is expected", "1; NA and a note")
def _(lab: Lab) -> list[Got]:
    whole = lab.row(text_record(exit_code="1.0"))
    assert whole.row["exit_code"] == 1
    half = kept(lab, "exit_code not_integer", exit_code="1.5")
    assert pd.isna(half.row["exit_code"])
    return [whole, half]


@fault(66, '"7" where an integer is expected', "7 and a note")
def _(lab: Lab) -> Got:
    got = kept(lab, "exit_code not_integer", exit_code='"7"')
    assert got.row["exit_code"] == 7
    return got


@fault(67, "1e400", "NA and a note")
def _(lab: Lab) -> Got:
    got = lab.row(text_record(exit_code="1e400"))
    assert pd.isna(got.row["exit_code"])
    assert {code.split()[0] for code in codes(got)} == {"exit_code"}, codes(got)
    return got


def deep(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@fault(
    68,
    "a depth of 100,000",
    "read without recursion, to the letter (the design takes documents of any depth)",
)
def _(lab: Lab) -> list[Got]:
    inside = kept(lab, input=deep(100_000))
    assert inside.row["input"] == deep(100_000)
    outside = lab.row(BODY[:-1] + b',"odd":' + deep(100_000).encode() + b"}")
    cut = refused(lab, b"[" * 100_000, "JSON")
    return [inside, outside, cut]


@fault(69, "a depth of 900", "read all the way")
def _(lab: Lab) -> Got:
    got = kept(lab, input=deep(900), output_manifest=deep(900))
    run = lab.one_run(http(text_record(input=deep(900)))).value
    assert repr(run)
    assert run.input["a"]["a"]
    return got


@fault(
    70,
    "an object with 1,000,000 keys",
    "a cell of text, never a column a key",
    theirs="page: shows the first of them",
)
def _(lab: Lab) -> Got:
    text = "{" + ",".join(f'"key_{n}":{n}' for n in range(1_000_000)) + "}"
    with lab.service(http(text_record(output_manifest=text))) as (client, _):
        run = client.get_run(DEP, "run_1")
        runs = client.get_runs(DEP, ["run_1"], progress=False)
    assert run.output_manifest_text == runs["output_manifest"].iloc[0] == text
    assert list(runs.columns) == RUNS.names
    return Got(None, runs, 0.0)


@fault(71, "a text of 50 MB", "kept", theirs="page: clips it")
def _(lab: Lab) -> Got:
    with lab.service(http(text_record(input='{"t":"' + "x" * 50_000_000 + '"}'))) as (client, _):
        runs = client.get_runs(DEP, ["run_1"], progress=False)
    assert len(runs["input"].iloc[0]) == 50_000_008
    return Got(None, runs, 0.0)


@fault(72, "keys such as __proto__, constructor, nothing", "plain data", theirs="page: as well")
def _(lab: Lab) -> Got:
    text = '{"__proto__":{"polluted":1},"constructor":2,"toString":3,"":4,"__class__":5}'
    got = kept(lab, output_manifest=text)
    assert got.row["output_manifest"] == text
    assert "" in lab.one_run(http(text_record(output_manifest=text))).value.output_manifest
    return got


@fault(
    73,
    "a manifest that is a text, a list, a number, null, absent",
    "each kept; null and absent stay different",
)
def _(lab: Lab) -> list[Got]:
    for text in ('"text"', "[1]", "7"):
        got = kept(lab, "output_manifest not_object", output_manifest=text)
        assert got.row["output_manifest"] == text
    null, absent = lab.row(text_record(output_manifest="null")), lab.row(BODY)
    assert null.row["output_manifest"] == "null"
    assert pd.isna(absent.row["output_manifest"])
    return [got, null, absent]


@fault(74, "an input that is null, a list, empty text, 0", "each kept as given")
def _(lab: Lab) -> Got:
    for text, code in (
        ("null", "null"),
        ("[]", "not_object"),
        ('""', "not_object"),
        ("0", "not_object"),
    ):
        got = kept(lab, f"input {code}", input=text)
        assert got.row["input"] == text
    return got
