"""Laws of paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.core.paths import find, format_path, parse_path
from agentrun_nb.errors import PathNotFound
from tests.support.strategies import HOSTILE

STEPS = st.lists(
    st.one_of(HOSTILE, st.text(st.characters()), st.integers(0, 10**9), st.none()), max_size=5
).map(tuple)


@given(STEPS)
def test_a_path_is_read_as_it_was_written(steps):
    assert parse_path(format_path(steps)) == steps
    assert format_path(steps).encode() or not steps


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", ()),
        ("outputs[0].size_bytes", ("outputs", 0, "size_bytes")),
        ("outputs[*].path", ("outputs", None, "path")),
        ('["key with . or space"]', ("key with . or space",)),
        ('a[""].b', ("a", "", "b")),
        ("a-b.größe", ("a-b", "größe")),
        (r'["\u0041\""]', ('A"',)),
    ],
)
def test_paths_of_the_contract(path, steps):
    assert parse_path(path) == steps


@pytest.mark.parametrize(
    "path",
    [
        "a.",
        "a..b",
        "a[",
        "a[-1]",
        "a[x]",
        "a b",
        '["a',
        r'["\q"]',
        '["\x01"]',
        "a[0]b",
        "[" + "9" * 5_000 + "]",
        ".",
    ],
)
def test_what_is_no_path_is_said_with_its_place(path):
    with pytest.raises(PathNotFound, match="at character"):
        parse_path(path)


@given(st.text(max_size=12))
def test_any_text_is_a_path_or_path_not_found(text):
    try:
        steps = parse_path(text)
    except PathNotFound:
        return
    assert parse_path(format_path(steps)) == steps


def test_find_gives_every_value_there_is():
    document = {"outputs": [{"n": 1}, {}, "no object", {"n": None}], "n": 5}
    assert find(document, parse_path("outputs[*].n")) == [1, None]
    assert find(document, parse_path("outputs[0].n")) == [1]
    assert find(document, parse_path("outputs[3].n")) == [None]
    assert find(document, parse_path("outputs[7].n")) == []
    assert find(document, parse_path("n.n")) == []
    assert find(document, ()) == [document]


@pytest.mark.parametrize(
    "path",
    [
        "list[2]",
        "list[3]",
        "empty[0]",
        "text[0]",
        "object[0]",
        "[0]",
        "text.a",
        "list.a",
        "list[0].a",
        "none.a",
    ],
)
def test_a_path_past_the_end_of_a_list_or_into_what_is_none_finds_nothing(path):
    document = {"list": [5, 6], "empty": [], "text": "abc", "object": {"0": 1}, "none": None}
    assert find(document, parse_path("list[1]")) == [6]
    assert find(document, parse_path(path)) == []
