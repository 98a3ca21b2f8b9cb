"""What is seen without the live page is what was written down; a difference is shown line by line."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest

from tests.golden.pictures import PICTURES

FOLDER = Path(__file__).with_name("files")
MOST_BYTES = 150_000
"""Of all files together: what is larger nobody reads in a review."""
MOST_LINES = 80
"""Of a difference that is shown."""
ANEW = "If the change is meant, `python -m tests.golden` writes the pictures anew."


def difference(name: str, before: str, after: str) -> str:
    """What has changed, line by line; empty where nothing has."""
    lines = list(
        unified_diff(before.splitlines(), after.splitlines(), f"{name} before", f"{name} now", n=1)
    )
    shown = [line.rstrip("\n") for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"and {len(lines) - MOST_LINES:,} more lines")
    return "\n".join(shown)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_it_was_written_down(name):
    before = FOLDER.joinpath(name).read_text("utf-8")
    changed = difference(name, before, PICTURES[name]())
    assert not changed, f"\n{changed}\n{ANEW}"


def test_each_file_is_of_a_picture_and_all_are_small():
    files = list(FOLDER.iterdir())
    assert {file.name for file in files} == set(PICTURES)
    assert sum(file.stat().st_size for file in files) <= MOST_BYTES


@pytest.mark.parametrize("name", PICTURES)
def test_a_changed_line_is_shown_as_it_was_and_as_it_is(name):
    """The control: a change of one character anywhere is seen."""
    text = FOLDER.joinpath(name).read_text("utf-8")
    lines = text.splitlines()
    middle = len(lines) // 2
    changed = "\n".join([*lines[:middle], f"{lines[middle]}!", *lines[middle + 1 :]])
    shown = difference(name, text, changed).splitlines()
    assert f"-{lines[middle]}" in shown
    assert f"+{lines[middle]}!" in shown
    assert not difference(name, text, text)


def test_a_large_difference_is_shown_in_part():
    shown = difference("a", "", "x\n" * 1_000).splitlines()
    assert len(shown) == MOST_LINES + 1
    assert shown[-1].endswith("more lines")
