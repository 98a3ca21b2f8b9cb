"""Every panel of many runs: whatever stands in names, reasons, logs, files and rules is text there and nothing more.

A view in Python answers the page, so that groups, comparisons, columns, logs and files come the way they always do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Locator

from agentrun_nb import runs_frame
from agentrun_nb.core.schema import LOGS
from agentrun_nb.tables.mending import mend
from agentrun_nb.widget import RunExplorer, explore
from tests.support.samples import record

from .payloads import BENIGN, OWN, batches, hostile_record
from .stage import Stage
from .test_live import OUTSIDE, SINK

MOST = 250
"""So many texts are on one page."""
MARKDOWN = """# a

*b* **c** `d` ~~e~~ [f](g)

- h

1. i

> j

```text
k
```

| l | m |
|---|---|
| n | o |

---
"""
"""What a file of Markdown may be drawn with."""
MARK = 'payload-mark-<i>"quoted"</i>'
PATH = 'output_manifest["payload-mark-<i>"]'
DEPLOYMENT = "<b>deployment</b>"

SETTLED_MS = 500
"""A page that has not changed for so long has said all that it says by itself."""

SWEEP = """async ([selector, settled]) => {
  const frame = () => new Promise(requestAnimationFrame);
  const root = document.querySelector('.arn-root');
  const shape = new Set(), words = new Set();
  await new Promise((resolve) => {
    let timer = setTimeout(resolve, settled);
    new MutationObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(resolve, settled);
    }).observe(root, { subtree: true, childList: true, characterData: true });
  });
  const look = () => {
    for (const one of root.querySelectorAll('*')) {
      if (!one.checkVisibility()) continue;
      for (const type of ['mouseover', 'pointerover', 'focus', 'error', 'load', 'toggle', 'animationend'])
        one.dispatchEvent(new Event(type));
      shape.add(one.tagName);
      for (const name of one.getAttributeNames()) shape.add(`${one.tagName} ${name}`);
    }
    for (const one of root.querySelectorAll(selector)) words.add(one.innerText);
  };
  look();
  for (const one of root.querySelectorAll('.arn-grid, .arn-log, .arn-tree'))
    for (let top = 0; one.checkVisibility() && top < one.scrollHeight; top += one.clientHeight / 2 + 1) {
      one.scrollTop = top;
      await frame();
      await frame();
      look();
    }
  return {shape: [...shape], words: [...words].join(' ')};
}"""
"""Scrolls through all there is, sends the events for which markup waits, and gives the shape and the words."""

HELD = """(mark) => [...document.querySelectorAll('.arn-root *')].flatMap((one) => [...one.attributes])
  .filter(({value}) => value.includes(mark)).map(({name, value}) => `${name}=${value}`)"""


class Source:
    """What a view asks of a client: a log and a file that say every text."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def get_logs(self, *_: Any, **__: Any) -> pd.DataFrame:
        columns = [column.name for column in LOGS.columns if column.kind in ("text", "category")]
        log = pd.DataFrame(dict.fromkeys(columns, self._texts))
        log["level"] = ["error" if number % 2 else text for number, text in enumerate(self._texts)]
        log["metadata"] = [json.dumps({text: text}) for text in self._texts]
        return mend(log, LOGS)

    def read_output(self, *_: Any, **__: Any) -> bytes:
        forms = ("# {0}", "- {0}", "> {0}", "|{0}|b|\n|-|-|\n|{0}|c|", "[{0}]({0})", "**{0}**")
        forms = (*forms, "```\n{0}\n```", "![{0}]({0})", "<{0}>", "{0}")
        # A text that opens a fence must not hide those after it.
        pages = [form.format(text) for text in self._texts for form in forms]
        return "\n\n".join([*pages, MARK]).encode("utf-8", "replace")

    def names(self) -> dict[str, str]:
        return {text: text for text in self._texts}


def runs_of(texts: list[str]) -> pd.DataFrame:
    """For each text a run with it in all places, one that succeeded, and one that failed after it."""
    made = []
    for number, text in enumerate(texts):
        output = {"name": text, "path": f"{text}.md", "kind": "file", "status": "available"}
        document = {text: text, "payload-mark-<i>": [text], "outputs": [output]}
        common: dict[str, Any] = {
            "deployment_id": DEPLOYMENT,
            "version_id": text,
            "output_manifest": document,
            "sandbox_id": text,
        }
        made += [
            hostile_record(3 * number, text),
            record(3 * number + 1, id=f"s {text}", input={text: 1}, **common),
            record(
                3 * number + 2,
                "failed",
                id=f"f {text}",
                input={text: text},
                failure_reason=text,
                **{**common, "output_manifest": {**document, text: [text]}},
            ),
        ]
    return runs_frame(made)


def view_of(texts: list[str]) -> RunExplorer:
    names = {text: text for text in [*texts, DEPLOYMENT]}
    return explore(runs_of(texts), Source(texts), names=names)


def failed_key(texts: list[str]) -> list[list[str]]:
    return [[DEPLOYMENT, f"f {texts[0]}"]]


# --- the panels: how each is opened, and where its words are


def at_the_table(stage: Stage, texts: list[str]) -> str:
    stage.show_view(view_of(texts), view="table", columns=[PATH], sort="failure_reason")
    stage.page.locator(".arn-grid-row").first.wait_for()
    return ".arn-table"


def walk_through(picture: Locator, texts: list[str]) -> None:
    """Goes from run to run with the keyboard, so that each is told of, and back to the first."""
    picture.focus()
    for _ in range(2 * min(len(texts), 60)):
        picture.press("ArrowRight")
    picture.press("Home")


def at_the_durations(stage: Stage, texts: list[str]) -> str:
    stage.show_view(view_of(texts), view="durations")
    picture = stage.page.get_by_test_id("arn-durations-canvas")
    walk_through(picture, texts)
    return ".arn-workbench"


def at_the_timeline(stage: Stage, texts: list[str]) -> str:
    stage.show_view(view_of(texts), by="version_id")
    picture = stage.page.get_by_test_id("arn-timeline-canvas")
    walk_through(picture, texts)
    picture.press("ArrowRight")
    return ".arn-workbench"


def at_the_numbers(stage: Stage, texts: list[str]) -> str:
    stage.show_view(view_of(texts))
    stage.page.locator(".arn-nums-group").first.wait_for()
    more = stage.page.get_by_role("button", name="more reason")
    if more.is_visible():
        more.click()
    groups = stage.page.locator(".arn-nums-group")
    marked = groups.filter(has_text="payload-mark")
    (marked if marked.count() else groups).first.click()
    return ".arn-nums"


def at_the_filter(stage: Stage, texts: list[str]) -> str:
    rules = {"deployment_id": texts[0], "version_id": [texts[0]], "mode": texts[0]}
    where = [[f"input[{json.dumps(texts[0])}]", "==", texts[0]]]
    stage.context.pages[0].set_viewport_size({"width": 1_244, "height": 900})
    stage.show_view(view_of(texts), filter={**rules, "failure": texts[0], "where": where})
    page = stage.page
    page.get_by_test_id("arn-wb-filter").click()
    page.get_by_label("Path in a document").fill(f"input[{texts[0]}")
    page.get_by_role("textbox", name="Value", exact=True).fill(texts[0])
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator(".arn-wb-panel [role=alert]:not(:empty)").wait_for()
    page.locator(".arn-wb-search").fill(texts[0].replace("\n", " "))
    page.wait_for_timeout(300)
    return ".arn-wb-panel, .arn-wb-rules, .arn-wb-row"


def at_the_log(stage: Stage, texts: list[str]) -> str:
    stage.show_view(view_of(texts), selected=failed_key(texts))
    stage.page.locator(".arn-excerpt").wait_for()
    stage.page.get_by_role("tab", name="Logs").click()
    stage.page.locator(".arn-log").wait_for()
    return ".arn-run"


def at_the_file(stage: Stage, texts: list[str]) -> str:
    stage.show_view(view_of(texts), selected=failed_key(texts))
    stage.page.get_by_role("tab", name="Outputs").click()
    stage.page.get_by_role("tabpanel").locator("tbody button").first.click()
    stage.page.locator(".arn-markdown").wait_for()
    return ".arn-run"


def at_the_comparison(stage: Stage, texts: list[str]) -> str:
    stage.show_view(view_of(texts), selected=failed_key(texts))
    stage.page.get_by_role("button", name="Compare with last success").click()
    stage.page.locator(".arn-comparison summary").click()
    return ".arn-comparison"


def at_two_chosen(stage: Stage, texts: list[str]) -> str:
    keys = [[text, text] for text in dict.fromkeys(texts[:2])]
    stage.show_view(view_of(texts), selected=keys)
    stage.page.get_by_role("button", name="Compare the two").click()
    stage.page.locator(".arn-comparison summary").click()
    return ".arn-comparison"


def at_the_list(stage: Stage, texts: list[str]) -> str:
    stage.page.set_viewport_size({"width": 400, "height": 900})
    stage.show_view(view_of(texts))
    stage.page.locator(".arn-wb-item").first.wait_for()
    stage.page.evaluate(
        "() => { const more = document.querySelector('.arn-wb-list > button');"
        " while (!more.hidden) more.click(); }"
    )
    return ".arn-wb-list"


PANELS: dict[str, Callable[[Stage, list[str]], str]] = {
    "table": at_the_table,
    "durations": at_the_durations,
    "timeline": at_the_timeline,
    "numbers": at_the_numbers,
    "filter": at_the_filter,
    "log": at_the_log,
    "file": at_the_file,
    "comparison": at_the_comparison,
    "two": at_two_chosen,
    "list": at_the_list,
}


def swept(stage: Stage, panel: str, texts: list[str]) -> tuple[set[str], str]:
    """The shape of a panel that shows these texts, and its words."""
    selector = PANELS[panel](stage, texts)
    found = stage.page.evaluate(SWEEP, [selector, SETTLED_MS])
    return set(found["shape"]), found["words"]


_shapes: dict[str, set[str]] = {}


def harmless(stage: Stage, panel: str) -> set[str]:
    """The elements and attributes that a panel makes of harmless texts; computed once."""
    if panel not in _shapes:
        texts = [f"{text or 'none'}{number}" for number, text in enumerate(BENIGN)]
        many = [*texts, *(f"text {number}" for number in range(40))]
        # Of harmless texts too some are long, so that whatever is folded is seen.
        samples = [many, texts[1:3], [MARKDOWN, *texts]]
        _shapes[panel] = set().union(*(swept(stage, panel, sample)[0] for sample in samples))
    return _shapes[panel]


@pytest.mark.parametrize("panel", PANELS)
def test_every_text_in_every_panel_is_text(stage: Stage, panel: str) -> None:
    allowed = harmless(stage, panel)
    for batch in batches(MOST):
        shape, words = swept(stage, panel, [MARK, *batch])
        # The panel was there, and the text in it.
        assert "payload-mark-<i>" in words
        assert shape <= allowed
        assert stage.named(batch) == []
        assert stage.page.evaluate(HELD, "payload-mark") == []
        assert stage.page.evaluate(OUTSIDE) == []
        stage.assert_calm()


@pytest.mark.parametrize("panel", PANELS)
def test_signs_that_are_not_seen_are_made_visible_in_every_panel(stage: Stage, panel: str) -> None:
    _, words = swept(stage, panel, [f"payload-mark-<i>{OWN[19]}", "x"])
    assert "payload-mark-<i>a‹U+202E›b‹U+2066›c‹U+200B›d␀e␛" in words
    assert not {"\u202e", "\u2066", "\u200b", "\u0000", "\u001b"} & set(words)


def test_the_same_texts_run_where_a_panel_takes_them_for_markup(stage: Stage) -> None:
    """The control: what is looked for is seen on this page too, with a view that answers."""
    at_the_table(stage, [MARK, "x"])
    stage.assert_calm()
    stage.page.evaluate(SINK, OWN)
    stage.page.wait_for_function("() => window.fired.length > 0")
    assert any("outside.test" in url for url in stage.asked)
