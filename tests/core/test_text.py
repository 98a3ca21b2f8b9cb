"""Text that a person reads: nothing in it acts, and what belongs to a script stays."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from agentrun_nb import core
from agentrun_nb.core.text import capital, kind_of, visible


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "क्\u200dष",
        "ශ්\u200dරී",
        "\U0001f469\u200d\U0001f469\u200d\U0001f467",
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f469\U0001f3fd\u200d\U0001f4bb",
        "\U0001f642\u200d\u2194\ufe0f",
        "naïve 日本",
    ],
)
def test_what_belongs_to_a_script_is_left_as_it_is(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\u200dی", "‹U+200D›ی"),
        ("ی\u200c", "ی‹U+200C›"),
        ("1\u200d2", "1‹U+200D›2"),
        ("ی\u200c ی", "ی‹U+200C› ی"),
        ("ی\u200c\u200cی", "ی‹U+200C›‹U+200C›ی"),
        ("ی\u200bی", "ی‹U+200B›ی"),
        ("ی\u202eی", "ی‹U+202E›ی"),
        ("ی\u2066ی", "ی‹U+2066›ی"),
        ("ی\u2060ی", "ی‹U+2060›ی"),
        ("ی\ufeffی", "ی‹U+FEFF›ی"),
        ("a\x1b[31m\x00\x7f\u2028", "a␛[31m␀␡‹U+2028›"),
        ("\ud800", "‹U+D800›"),
    ],
)
def test_every_other_character_that_cannot_be_seen_stands_as_a_code(text, seen):
    assert visible(text) == seen


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (5, "an int"),
        (pd.Index([]), "an Index"),
        (date(2026, 1, 1), "a date"),
        (np.uint8(1), "a uint8"),
        (uuid4(), "a UUID"),
        (None, "None"),
    ],
)
def test_a_value_is_named_by_its_type_with_the_right_article(value, kind):
    assert kind_of(value) == kind
    assert capital(kind)[1:] == kind[1:]


def test_no_sentence_writes_the_article_of_a_type_by_itself():
    package = Path(core.__file__).parents[1]
    modules = package.rglob("*.py")
    alone = re.compile(r"\b[Aa]n? \{type\(|\b[Aa]n? \{kind\}")
    assert [file.name for file in modules if alone.search(file.read_text())] == []
