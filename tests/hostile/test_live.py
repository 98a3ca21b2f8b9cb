"""The live view: every payload in every place is a text node, and a policy that only reports has nothing to report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentrun_nb.widget import RunExplorer, explore

from .payloads import BENIGN, OWN, batches, hostile_record, hostile_runs
from .stage import Stage

ROOT = ".arn-root"
EVENT_FIELDS = ("created_at", "level", "event_type", "source", "message", "metadata")
CHOOSE = """async (keys) => {
  const {model} = window.stage;
  const frame = () => new Promise(requestAnimationFrame);
  const shape = new Set(), texts = [];
  for (const key of keys) {
    model.set("selected", [key]);
    await frame();
    const words = [];
    for (const tab of document.querySelectorAll(".arn-root [role=tab]")) {
      tab.click();
      for (const button of document.querySelectorAll(".arn-root [role=tabpanel]:not([hidden]) button"))
        if (button.innerText === "Expand all") button.click();
      await new Promise((resolve) => setTimeout(resolve, 10));
      await frame();
      for (const one of document.querySelectorAll(".arn-root *")) {
        for (const type of ["mouseover", "focus", "error", "load", "toggle"]) one.dispatchEvent(new Event(type));
        shape.add(one.tagName);
        for (const name of one.getAttributeNames()) shape.add(`${one.tagName} ${name}`);
        if (one.tagName === "A") one.click();
      }
      words.push(document.querySelector(".arn-root").innerText);
    }
    texts.push(words.join(" "));
  }
  return {shape: [...shape], texts};
}"""
OUTSIDE = """() => {
  const root = document.querySelector('.arn-root'), box = root.getBoundingClientRect();
  const clipped = ({parentElement: around}) =>
    around !== root && (getComputedStyle(around).overflow !== 'visible' || clipped(around));
  return [...root.querySelectorAll('*')].filter((one) => one.checkVisibility() && !clipped(one))
    .filter((one) => {
      const {left, right, top, bottom, width, height} = one.getBoundingClientRect();
      const inside = left > box.left - 1 && right < box.right + 1 && top > box.top - 1 && bottom < box.bottom + 1;
      return width * height && !inside;
    }).map((one) => one.outerHTML.slice(0, 120));
}"""
SINK = """(texts) => {
  for (const text of texts) window.stage.host.appendChild(document.createElement('div')).innerHTML = text;
}"""


def view_of(texts: list[str]) -> RunExplorer:
    return explore(hostile_runs(texts))


def handled(stage: Stage, texts: list[str]) -> dict[str, Any]:
    """Shows the texts, also in names and logs, chooses every run, opens and touches everything.

    The result is the shape and the words of what was shown.
    """
    page, buffers = view_of(texts)._whole_page()
    # With a client there would be logs, and outputs that open.
    page |= {"no_previews": "", "names": {text: text for text in texts}}
    events = [dict.fromkeys(EVENT_FIELDS, text) for text in texts]
    logs = {"events": events, "more": True}
    stage.show((page, buffers), logs=logs, selected=[], path="", tz="UTC")
    result: dict[str, Any] = stage.page.evaluate(CHOOSE, [[text, text] for text in texts])
    return result


@pytest.fixture
def harmless_shape(stage: Stage) -> set[str]:
    """The elements and attributes that the view makes of harmless texts."""
    return set(handled(stage, BENIGN)["shape"])


def test_every_payload_in_every_place_is_text(stage: Stage, harmless_shape: set[str]) -> None:
    for batch in batches(250):
        shown = handled(stage, batch)
        assert set(shown["shape"]) <= harmless_shape
        assert all("All 18 fields" in text for text in shown["texts"])
        assert stage.named(batch) == []
        assert stage.page.evaluate(OUTSIDE) == []
        stage.assert_calm()


def test_no_place_holds_a_link_or_an_image_and_no_attribute_a_payload(stage: Stage) -> None:
    marks = ["payload-mark-<i>", 'payload-mark-"quoted"']
    shown = handled(stage, marks)
    assert not {"A", "IMG", "IFRAME", "OBJECT", "EMBED", "LINK", "SCRIPT", "STYLE", "FORM"} & set(
        shown["shape"]
    )
    assert shown["texts"][0].count("payload-mark-<i>") >= 8
    held = """() => [...document.querySelectorAll('.arn-root *')].flatMap((one) => [...one.attributes])
        .filter(({value}) => value.includes('payload-mark')).map(({name, value}) => `${name}=${value}`)"""
    assert stage.page.evaluate(held) == []


def test_prototypes_are_not_reached_by_keys(stage: Stage) -> None:
    keys = [
        "__proto__",
        "constructor",
        "prototype",
        "toString",
        "hasOwnProperty",
        "",
        "a.b",
        "a[0]",
    ]
    manifest = json.dumps({key: {key: {"polluted": key}} for key in keys})
    record = hostile_record(0, "x") | {
        "output_manifest": json.loads(manifest),
        "input": {"__proto__": {"polluted": 1}},
    }
    stage.show(
        explore([record])._whole_page(),
        selected=[["x", "x"]],
        path="output_manifest.constructor",
        tz="UTC",
    )
    [words] = stage.page.evaluate(CHOOSE, [["x", "x"]])["texts"]
    assert all(f"{key}:" in words for key in ("__proto__", "constructor", "toString"))
    stage.assert_calm()


def test_signs_that_are_not_seen_are_made_visible_in_every_place(stage: Stage) -> None:
    hidden = "a\u202eb\u2066c\u200bd\u0000e\u001b[31mf"
    [words] = handled(stage, [hidden])["texts"]
    assert words.count("a‹U+202E›b‹U+2066›c‹U+200B›d␀e␛[31mf") >= 8
    assert not {"\u202e", "\u2066", "\u200b", "\u0000", "\u001b"} & set(words)


def test_a_status_that_looks_like_another_is_not_taken_for_it(stage: Stage) -> None:
    [words] = handled(stage, ["suc\u0441eeded"])["texts"]
    assert "unknown status: suc\u0441eeded" in words


def test_the_same_texts_run_and_leave_where_they_are_taken_for_markup(stage: Stage) -> None:
    """The control: these tests see what they look for."""
    stage.show(view_of(["x"])._whole_page(), selected=[], path="", tz="UTC")
    stage.page.evaluate(SINK, OWN)
    stage.page.wait_for_function("() => window.fired.length > 0")
    assert any("outside.test" in url for url in stage.asked)
    assert {"require-trusted-types-for", "img-src"} <= set(
        stage.page.evaluate("() => window.violations")
    )
    assert not {"IMG", "IFRAME"} - stage.shape("#host")
    stage.page.evaluate(SINK, [OWN[14]])
    assert stage.named(["host", "stage"]) == ["host", "stage"]
    stage.page.evaluate(
        "(href) => Object.assign(document.createElement('a'), {href}).click()",
        "//outside.test/link",
    )
    stage.page.wait_for_function("() => true")
    assert stage.asked[-1].endswith("outside.test/link")
