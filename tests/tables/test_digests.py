"""Digests of many texts: equal for equal texts, and for no others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.tables.digests import text_digests

TEXTS = st.text(max_size=40) | st.text("ab\0", max_size=20)


def digests(texts: list[str]) -> list[int]:
    return [int(found) for found in text_digests(pd.Series(texts, dtype=TEXT))]


@given(st.lists(TEXTS, max_size=30), st.lists(TEXTS, max_size=30))
def test_texts_share_a_digest_where_they_are_equal_whatever_stands_beside_them(
    some: list[str], others: list[str]
) -> None:
    together = digests(some + others)
    assert together == digests(some) + digests(others)
    assert together == [found for text in some + others for found in digests([text])]
    assert len(set(together)) == len({*some, *others})


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["", "a", ""], ["\0", "", "\0\0"]])
def test_empty_texts_and_bytes_of_zero_are_told_apart(texts: list[str]) -> None:
    assert len(set(digests(texts))) == len(set(texts))


@pytest.mark.parametrize("form", ["run-{}", "{:036}", "{}" * 5, "{:x}é"])
def test_no_two_of_many_alike_texts_share_a_digest(form: str) -> None:
    texts = [form.format(*[number] * 5) for number in range(100_000)]
    assert len(set(digests(texts))) == 100_000


def test_a_change_of_any_bit_changes_about_half_of_all_bits() -> None:
    plain = b"0123456789abcdefghijklmnopqrstuvwxyz"
    changed = []
    for place in range(len(plain)):
        text = bytearray(plain)
        text[place] ^= 1
        changed.append(text.decode())
    [first, *others] = digests([plain.decode(), *changed])
    counts = [(first ^ other).bit_count() for other in others]
    assert min(counts) >= 16
    assert max(counts) <= 48
    assert 28 <= np.mean(counts) <= 36


def test_a_part_of_a_column_has_the_digests_that_it_has_in_the_whole() -> None:
    whole = pd.Series([f"run-{number}" for number in range(20)], dtype=TEXT)
    assert (text_digests(whole[7:13]) == text_digests(whole)[7:13]).all()
    pieces = pd.concat([whole[:3], whole[3:]])
    assert (text_digests(pieces) == text_digests(whole)).all()
