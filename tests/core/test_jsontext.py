"""Laws of JSON as text."""

from __future__ import annotations

import json
import math
import sys
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given

from agentrun_nb import errors
from agentrun_nb.core import jsontext
from tests.support.strategies import ODD_JSON, TEXTS

SURPLUS = ("NaN", "Infinity")
"""What is no JSON and yet read, because Python and JavaScript tools write it."""


def parsed(text: str):
    try:
        return jsontext.parse(text)
    except jsontext.JSONTextError:
        return jsontext.JSONTextError


def parsed_deep(text: str):
    try:
        return jsontext._parse_deep(text)
    except ValueError:
        return jsontext.JSONTextError


def test_suite_of_others(corpus):
    """All of y is read, all of n is refused, and nothing ends in another exception; deep and shallow agree."""
    wrong, seen = [], 0
    for file in sorted((corpus("json-test-suite") / "test_parsing").iterdir()):
        text = file.read_bytes().decode("utf-8", "replace")
        sound = parsed(text) is not jsontext.JSONTextError
        expected = {"y": True, "n": False}.get(file.name[0], sound)
        if sound != expected and not any(word in text for word in SURPLUS):
            wrong.append(file.name)
        if (parsed_deep(text) is not jsontext.JSONTextError) != sound:
            wrong.append(f"deep {file.name}")
        seen += 1
    assert not wrong
    assert seen > 300


def same(one, other):
    return repr(one) == repr(other)


@given(ODD_JSON)
def test_deep_reading_is_as_shallow_reading(text):
    assert same(jsontext._parse_deep(text), jsontext.parse(text))


@given(ODD_JSON)
def test_a_value_ends_where_it_ends(text):
    encoded = text.encode()
    assert jsontext.value_end(b"\n" + encoded + b" ,1]", 1) == len(encoded) + 1


@given(ODD_JSON)
def test_what_is_cut_is_what_stood_there(text):
    """Also duplicate keys, in their order."""
    encoded = text.encode()
    body = b'{ "a" :' + encoded + b', "a":1 ,"b\\u0041": [' + encoded + b" ]\t}"
    assert list(jsontext.members(body)) == [
        ("a", encoded),
        ("a", b"1"),
        ("bA", b"[" + encoded + b" ]"),
    ]
    assert list(jsontext.elements(b"[" + encoded + b" , " + encoded + b"\n]")) == [encoded, encoded]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b'{"a":"',
        b"{1:2}",
        b"[1 2]",
        b'{"a":1,}',
        b"[,]",
        b"[[}]",
        b"[1]",
    ],
)
def test_what_is_no_object_is_refused_with_its_place(body):
    with pytest.raises(jsontext.JSONTextError, match=r"at byte \d+|at the end"):
        list(jsontext.members(body))


@given(TEXTS)
def test_a_string_of_valid_unicode_is_read_unmended(text):
    for token in (json.dumps(text), json.dumps(text, ensure_ascii=False)):
        assert jsontext.string(token.encode()) == (text, False)


@pytest.mark.parametrize(
    ("token", "text"),
    [
        pytest.param(b'"a\xffb"', "a\ufffdb", id="56 invalid UTF-8"),
        pytest.param('"\ufffd'.encode() + b'\xff"', "\ufffd\ufffd", id="56 beside a true U+FFFD"),
        pytest.param(b'"\\ud800x"', "\ufffdx", id="59 lone surrogate"),
        pytest.param(b'"\\udc00\\ud800"', "\ufffd\ufffd", id="59 the wrong way round"),
        pytest.param(b'"\\q"', "\\q", id="bad escape"),
    ],
)
def test_what_is_not_unicode_is_mended_and_said(token, text):
    assert jsontext.string(token) == (text, True)


def test_a_true_replacement_character_is_not_mended():
    assert jsontext.string('"\ufffd"'.encode()) == ("\ufffd", False)


@pytest.mark.parametrize(
    ("token", "value"),
    [
        (str(2**53 + 1), 2**53 + 1),
        ("9" * 5_000, Decimal("9" * 5_000)),
        ("-" + "9" * 5_000, Decimal("-" + "9" * 5_000)),
        ("1e400", Decimal("1e400")),
        ("1.5", 1.5),
        ("1e99999999999999999999", math.inf),
    ],
)
def test_numbers_are_exact(token, value):
    assert jsontext.parse(f"[{token}]") == [value]


def test_of_equal_keys_the_last_wins():
    assert jsontext.parse('{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_no_matter(depth, opener, closer):
    """Faults 68 and 69."""
    text = opener * depth + "1" + closer * depth
    value = jsontext.parse(text)
    for _ in range(depth):
        value = value["a"] if isinstance(value, dict) else value[0]
    assert value == 1
    assert jsontext.value_end(text.encode(), 0) == len(text)
    assert depth < sys.getrecursionlimit() or parsed(text[:-1]) is jsontext.JSONTextError


def test_a_refusal_is_of_the_family_and_of_python():
    with pytest.raises(errors.DataError):
        jsontext.parse("{")
    assert issubclass(jsontext.JSONTextError, ValueError)


def test_finding_the_end_of_a_string_of_many_escapes_takes_no_memory():
    text = b"[" + b'"' + b"\\n" * 200_000 + b'"' + b"]"
    tracemalloc.start()
    try:
        assert jsontext.value_end(text, 0) == len(text)
        assert tracemalloc.get_traced_memory()[1] < 2 * len(text)
    finally:
        tracemalloc.stop()


@given(TEXTS)
def test_valid_text_stays_as_it_is(text):
    assert jsontext.valid_unicode(text) == text
    assert jsontext.valid_unicode(text + "\ud800") == text + "\ufffd"
