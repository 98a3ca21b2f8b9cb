"""Cutting JSON text, and seeing keys that come twice in an object."""

from __future__ import annotations

import msgspec
import pytest

from agentrun_nb.records.cut import cut_object, may_have_duplicate_keys

MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


@pytest.mark.parametrize("inside", range(20))
@pytest.mark.parametrize("outside", [b"", b" ", b"\n  "])
def test_a_key_that_comes_twice_is_seen_whatever_white_space_the_text_has(
    inside: int, outside: bytes
) -> None:
    value = b"{" + b" " * inside + b"}"
    once = b'{"a":1,%b"b":%b}' % (outside, value)
    twice = b'{"a":1,"a":2,%b"b":%b}' % (outside, value)
    assert not may_have_duplicate_keys(once, MEMBERS.decode(once))
    assert may_have_duplicate_keys(twice, MEMBERS.decode(twice))
    assert list(cut_object(once)) == [("a", b"1"), ("b", value)]
    assert list(cut_object(twice)) == [("a", b"1"), ("a", b"2"), ("b", value)]
