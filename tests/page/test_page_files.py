"""Looks into the files of outputs, and two runs side by side: the kernel reads and compares, the page shows."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Opener, Stage
from .scenarios import Scenario, finished_run, many_runs, one_run
from .test_page_compare import pair
from .test_page_run import PANEL
from .test_page_runs import DEP, asked

JPEG_START = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
HOSTILE = "<img src=x onerror=alert(1)>"


def png(width: int, height: int, body: bytes | None = None) -> bytes:
    """A picture in one colour; with a body of another's, one that lies about its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xc0\x20\x20" * width) * height) if body is None else body
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def one_file(name: str, content: bytes | None) -> Scenario:
    output: dict[str, Any] = {
        "name": "it",
        "path": name,
        "kind": "file",
        "status": "available",
        "size_bytes": 1,
    }
    scenario = one_run(finished_run(outputs=[output]))
    scenario.files = [content]
    return scenario


def preview(open_stage: Opener, name: str, content: bytes | None) -> tuple[Stage, Locator]:
    stage = open_stage(one_file(name, content))
    assert asked(stage, "preview") == []
    stage.page.get_by_role("button", name="it", exact=True).click()
    place = stage.page.locator(".arn-preview")
    expect(place).not_to_contain_text("Asking")
    assert [set(message) for message in asked(stage, "preview")] == [
        {"id", "op", "row", "output"}
    ], "never a path"
    return stage, place


KINDS = {
    "picture.txt": (png(3, 2), "picture"),
    "data.JSON": (b"[1]", "json"),
    "rows.csv": (b"a,b\n1,2", "csv"),
    "rows.tsv": (b"a\tb\n1\t2", "csv"),
    "head_alone.csv": (b"a,b\n", "text"),
    "json": (b"[1]", "text"),
    "notes": (b"text", "text"),
    "notes.md": (b"# Title", "markdown"),
    "NOTES.MARKDOWN": (b"text", "markdown"),
    "binary.md": (b"\xff", "unreadable"),
    "binary.json": (b"\xff", "unreadable"),
    "binary.csv": (b"\xff,\xff\n1,2", "unreadable"),
}
"""Files by their names: what is in them, and the kind of preview that shows it."""


@pytest.mark.parametrize("name", KINDS)
def test_each_file_is_shown_by_the_first_kind_that_reads_it(open_stage: Opener, name: str) -> None:
    content, kind = KINDS[name]
    _, place = preview(open_stage, name, content)
    expect(place.locator("[data-kind]")).to_have_attribute("data-kind", kind)


def test_text_is_shown_as_text(open_stage: Opener) -> None:
    _, place = preview(open_stage, "out/report.txt", f"# Title\n{HOSTILE}\n\u202e".encode())
    assert place.locator("pre").inner_text() == f"# Title\n{HOSTILE}\n‹U+202E›"
    assert place.locator("img").count() == 0


PAGE = f"""# The *first* title ##

A paragraph that
goes on, with `code <b>`, **strong** and ~~struck~~ words, snake_case_name, 2 * 3 * 4 and \\*no stress\\*.

## Lists
- one
  - deeper
  - and deeper
- [x] done
- [ ] open

3. three
4. four

> quoted
> > twice

| left | right |
|:-----|------:|
| `a`  | 1 \\| 2 |
| b    |

```python
x = "<i>"  # not a title
```

[a link](javascript:alert(1)) ![a picture](https://outside.test/x.png) <https://outside.test>
{HOSTILE}
***
\u202eend
"""


def test_markdown_is_drawn_from_text(open_stage: Opener) -> None:
    _, place = preview(open_stage, "out/report.md", PAGE.encode())
    drawn = place.locator(".arn-markdown")
    headings = drawn.get_by_role("heading")
    assert headings.all_inner_texts() == ["The first title", "Lists"]
    assert [one.get_attribute("aria-level") for one in headings.all()] == ["3", "4"]
    assert drawn.locator("strong, em, del, code").all_inner_texts() == [
        *("first", "code <b>", "strong", "struck", "a"),
    ]
    words = " ".join(drawn.inner_text().split())
    assert "goes on, with code <b>, strong and struck words, snake_case_name, 2 * 3 * 4" in words
    assert "*no stress*" in words
    assert drawn.locator("> ul > li").count() == 3
    assert drawn.locator("li li").all_inner_texts() == ["deeper", "and deeper"]
    assert "☑ done" in words
    assert "☐ open" in words
    assert drawn.locator("ol > li").all_inner_texts() == ["three", "four"]
    assert drawn.locator("blockquote blockquote").inner_text() == "twice"
    rows = [row.locator("th, td").all_inner_texts() for row in drawn.locator("tr").all()]
    assert rows == [["left", "right"], ["a", "1 | 2"], ["b", ""]]
    assert drawn.locator("pre").inner_text() == 'x = "<i>"  # not a title'
    assert "a link (javascript:alert(1))" in words
    assert "picture: a picture (https://outside.test/x.png)" in words
    assert HOSTILE in words
    assert "‹U+202E›end" in words
    assert place.locator("a, img, i").count() == 0
    place.get_by_role("button", name="As text").click()
    assert place.locator("pre:visible").first.inner_text().startswith("# The *first* title ##")


@pytest.mark.parametrize(
    "text",
    [
        *("> " * 50_000, "- " * 50_000, "[" * 100_000, "**a" * 30_000, "`" * 100_000),
        *("|" * 100_000, "|-" * 50_000, "```\n" * 25_000, "#" + " " * 99_000 + "#"),
        *("\n".join(" " * n + "- x" for n in range(400)), "![a](b " * 14_000, " " * 100_000 + "x"),
        *("* " * 50_000 + "x", "\n- \n" * 20_000, "_" * 100_000, "a|b\n-|-\n" * 10_000),
        *("[x](" + "(" * 99_000, "[x](" * 25_000, "[x](a(b" * 14_000),
    ],
    ids=lambda text: repr(text[:8]),
)
def test_markdown_that_wants_to_be_slow_is_not(open_stage: Opener, text: str) -> None:
    """A generous limit: what grows with the square of its length takes minutes."""
    stage = open_stage(one_file("slow.md", text.encode()))
    stage.page.set_default_timeout(15_000)
    stage.page.get_by_role("button", name="it", exact=True).click()
    expect(stage.page.locator(".arn-preview")).to_contain_text("bytes", timeout=15_000)
    stage.page.set_default_timeout(30_000)


def test_a_preview_that_closes_gives_the_focus_back(open_stage: Opener) -> None:
    stage, place = preview(open_stage, "out/report.md", b"text")
    place.get_by_role("button", name="Close").press("Enter")
    expect(place).to_be_hidden()
    expect(stage.page.get_by_role("button", name="it", exact=True)).to_be_focused()


def test_csv_is_a_table_with_quoted_cells(open_stage: Opener) -> None:
    _, place = preview(open_stage, "t.CSV", b'n,"a ""b"", c"\r\n10,x\r\n9,"two\nlines"\r\n,<b>')
    assert place.locator("thead th").all_inner_texts() == ["n", 'a "b", c']
    place.get_by_role("button", name="n", exact=True).click()
    rows = [row.locator("th, td").all_inner_texts() for row in place.locator("tbody tr").all()]
    assert rows == [["9", "two␊lines"], ["10", "x"], ["", "<b>"]]


def test_json_is_a_tree(open_stage: Opener) -> None:
    _, place = preview(open_stage, "data.json", b'{"a": 9007199254740993}')
    assert "a: 9007199254740993" in place.locator(".arn-tree").inner_text()


def test_a_picture_is_drawn_from_its_bytes_whatever_its_name(open_stage: Opener) -> None:
    _, place = preview(open_stage, "not_a_picture.txt", png(30, 12))
    canvas = place.get_by_role("img", name="Picture, 30 by 12 pixels")
    assert canvas.evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(20, 6, 1, 1).data]"
    ) == [*(0xC0, 0x20, 0x20, 0xFF)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "The sandbox is gone."),
        (b"\x00\xff\xfe", "neither text in UTF-8 nor a PNG or JPEG picture"),
        (png(60_000, 60_000, b""), "A picture of 60000 by 60000 pixels is too large to draw here."),
        (png(10, 10, b"broken"), "cannot be read as one"),
        (b"\x89PNG\r\n\x1a\n", "cannot be read as one"),
        (JPEG_START, "cannot be read as one"),
        (b"", "0 bytes"),
    ],
    ids=["gone", "binary", "huge", "broken", "cut", "cut jpeg", "empty"],
)
def test_what_cannot_be_shown_is_said(
    open_stage: Opener, content: bytes | None, words: str
) -> None:
    _, place = preview(open_stage, "out/plot.png", content)
    expect(place).to_contain_text(words)


def test_one_file_is_asked_for_at_a_time(open_stage: Opener) -> None:
    stage = open_stage(one_file("a.txt", b"text"))
    stage.page.evaluate("() => { window.stage.model.answer = () => {} }")
    for _ in range(3):
        stage.page.get_by_role("button", name="it", exact=True).click()
    assert len(asked(stage, "preview")) == 1


def test_a_file_without_a_kernel_offers_nothing_that_needs_one(open_stage: Opener) -> None:
    stage = open_stage(pair())
    offers = [
        stage.page.get_by_role("button", name=name).first for name in ("report", "Compare the two")
    ]
    for offer in offers:
        expect(offer).to_be_visible()
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    expect(stage.page.locator(".arn-outputs")).to_contain_text("report")
    for offer in offers:
        expect(offer).to_have_count(0)


def missing_and_large() -> list[dict[str, Any]]:
    output = {
        "kind": "file",
        "status": "available",
        "size_bytes": 1,
        "path": None,
        "no_preview": None,
    }
    return [
        {**output, "name": "here"},
        {
            **output,
            "name": "gone",
            "status": "missing",
            "no_preview": "The record says that this file is missing.",
        },
        {
            **output,
            "name": "large",
            "size_bytes": 10**9,
            "no_preview": "The file has 1,000,000,000 bytes.",
        },
    ]


def test_a_file_that_cannot_be_had_is_not_offered_and_the_reason_stands_in_its_place(
    open_stage: Opener,
) -> None:
    stage = open_stage(one_run(finished_run(outputs=missing_and_large())))
    stage.open_tab("Outputs")
    table = stage.page.locator(PANEL).locator(".arn-outputs")
    expect(table.locator("tbody th button")).to_have_text(["here"])
    expect(table).to_contain_text("The record says that this file is missing.")
    expect(table).to_contain_text("The file has 1,000,000,000 bytes.")


@pytest.mark.parametrize("many", [True, False])
def test_a_view_without_a_client_offers_no_looks_and_says_why(
    open_stage: Opener, many: bool
) -> None:
    run = finished_run()
    scenario = many_runs([run], selected=[[DEP, run["fields"]["id"]]]) if many else one_run(run)
    scenario.page["no_previews"] = (
        "This view has no client: make it with arn.explore(runs, client)."
    )
    stage = open_stage(scenario)
    stage.open_tab("Outputs")
    expect(stage.page.get_by_text("make it with arn.explore(runs, client)")).to_be_visible()
    table = stage.page.locator(PANEL).locator(".arn-outputs")
    expect(table.locator("tbody th button")).to_have_count(0)
    assert "File" not in table.locator("thead").inner_text()


CUT = "() => window.stage.host.classList.add('jupyter-widgets-disconnected')"


def test_after_a_restart_a_look_says_at_its_place_what_happened_and_what_to_do(
    open_stage: Opener,
) -> None:
    stage = open_stage(one_file("a.txt", b"text"))
    stage.page.evaluate(CUT)
    for _ in range(2):
        stage.page.get_by_role("button", name="it", exact=True).click()
        expect(stage.page.locator(".arn-preview")).to_contain_text(
            "The kernel was restarted or has ended"
        )
        expect(stage.page.locator(".arn-preview")).to_contain_text("Run its cell again")
    assert asked(stage, "preview") == []


def test_a_kernel_that_is_silent_is_told_of_at_the_place_and_may_be_asked_again(
    open_stage: Opener,
) -> None:
    stage = open_stage(one_file("a.txt", b"text"), clock=True)
    # By then the later part of the code is there.
    stage.page.clock.run_for(1_000)
    stage.page.evaluate(
        "() => { window.late = window.stage.model.answer; window.stage.model.answer = () => {}; }"
    )
    preview = stage.page.get_by_role("button", name="it", exact=True)
    preview.click()
    stage.page.clock.fast_forward(11_000)
    place = stage.page.locator(".arn-preview")
    expect(place).to_contain_text("If it was restarted, run the cell of this view again.")
    preview.click()
    assert len(asked(stage, "preview")) == 2
    stage.page.evaluate(
        "() => window.late.call(window.stage.model, window.stage.model.sent.at(-1))"
    )
    expect(place).to_contain_text("4 bytes")
    expect(place).not_to_contain_text("restarted")


@pytest.mark.parametrize("what", ["run", "compare"])
def test_a_run_and_a_comparison_say_at_their_place_that_the_kernel_is_gone(
    open_stage: Opener, what: str
) -> None:
    scenario = many_runs([finished_run(id=f"adrun_{n}") for n in range(3)], held=False)
    stage = open_stage(scenario)
    stage.page.evaluate(CUT)
    stage.set_trait("selected", [[DEP, "adrun_0"], [DEP, "adrun_1"]])
    if what == "compare":
        stage.page.get_by_role("button", name="Compare the two").click()
    expect(stage.page.locator(".arn-hint")).to_contain_text("Run its cell again")
