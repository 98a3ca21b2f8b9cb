"""Hostile strings are text: nothing runs, nothing is asked for, nothing is covered, and the strictest policy agrees."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from .conftest import STATIC, Opener, Stage
from .scenarios import FIELDS, Scenario, many_runs, one_document, one_run, run_doc

PAYLOADS = [
    "<img src=x onerror=fire()>",
    "<svg onload=fire()>",
    "<script>fire()</script>",
    "</script><script>fire()</script>",
    "<iframe srcdoc='<script>parent.fire()</script>'></iframe>",
    "<a href='javascript:fire()'>x</a>",
    "<b onmouseover=fire() style='position:fixed;inset:0'>x</b>",
    "<style>*{display:none}</style>",
    "<form id=host name=stage><input name=model></form>",
    "<img src=//127.0.0.1:9/x>",
    '" onfocus=fire() autofocus x="',
    "' style='background:url(//127.0.0.1:9/y)' '",
    "javascript:fire()",
    "{{constructor.constructor('fire()')()}}",
    "${fire()}",
    "expression(fire())",
    "&lt;img src=x onerror=fire()&gt;",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=fire()>",
    "--></title></textarea><img src=x onerror=fire()>",
    "\u202e<img src=x onerror=fire()>\u0000\u001b[31m\u2028",
]
WATCH = """() => {
  window.fired = 0;
  window.fire = window.alert = window.confirm = window.prompt = () => window.fired++;
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
}"""
OWN_TAGS = (
    "ARTICLE B BLOCKQUOTE BUTTON CANVAS CAPTION CODE DD DETAILS DIALOG DIV DL DT H3 H4 HEADER I INPUT KBD LABEL LI MARK OL OPTION P "
    "PRE SECTION SELECT SPAN STRONG SUMMARY TABLE TBODY TD TH THEAD TR UL WBR path svg"
)
FOREIGN = """(tags) => [...document.querySelectorAll('.arn-root *')]
  .filter((one) => !tags.split(' ').includes(one.tagName)
    || one.getAttributeNames().some((name) => /^(on|src|href|name)/.test(name)))
  .map((one) => one.outerHTML.slice(0, 80))"""
NAMED = """(texts) => texts.filter((text) =>
  document.getElementById(text) || document.getElementsByName(text).length
    || [...document.querySelectorAll('[title]')].some(({ title }) => title.includes(text)))"""
"""The texts that an attribute holds: titles say words of our own."""
EVERY_ROW = """async () => {
  const tree = [...document.querySelectorAll('.arn-tree, .arn-log')].find((one) => one.checkVisibility());
  for (let top = 0; tree && top < tree.scrollHeight; top += 400) {
    tree.scrollTop = top;
    await new Promise(requestAnimationFrame);
    for (const one of tree.querySelectorAll('*'))
      for (const type of ['mouseover', 'focus', 'click']) one.dispatchEvent(new Event(type));
  }
}"""


EVENT_FIELDS = ("created_at", "level", "event_type", "source", "message", "metadata")


def corpus() -> list[str]:
    """The lines of the public payload lists, where they are."""
    folder = Path(os.environ.get("AGENTRUN_NB_CORPORA", "")) / "xss"
    if not os.environ.get("AGENTRUN_NB_CORPORA") or not folder.is_dir():
        pytest.skip("AGENTRUN_NB_CORPORA names no folder with payload lists")
    return sorted(
        {
            line
            for path in folder.glob("*.txt")
            for line in path.read_text("utf-8", "replace").splitlines()
            if line.strip()
        }
    )


def hostile_run(payload: str, payloads: list[str]) -> Scenario:
    """One payload in every field, all of them as keys, values and outputs."""
    fields = {
        name: payload
        for name in FIELDS
        if not name.endswith("_at") and name not in ("retain_on_failure", "retention_seconds")
    }
    manifest = json.dumps({text: text for text in payloads})
    outputs = [
        {
            "name": text,
            "path": text,
            "kind": text,
            "status": text,
            "size_bytes": text,
            "extra": text,
        }
        for text in payloads[:40]
    ]
    texts = {
        "notes": payload,
        "error": payload,
        "input": payload,
        "extra": json.dumps({payload: payload}),
        "output_manifest": manifest,
    }
    events = [dict.fromkeys(EVENT_FIELDS, text) for text in payloads[:200]]
    scenario = one_run(
        run_doc(**fields, **texts, outputs=outputs),
        logs={"events": events, "more": True},
        tz=payload,
        path=payload,
    )
    scenario.page["names"] = {payload: payload}
    return scenario


def watched(stage: Stage) -> Page:
    stage.page.evaluate(WATCH)
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mount(); }")
    stage.page.locator(".arn-body > *").first.wait_for()
    return stage.page


def handle_everything(page: Page) -> None:
    """Opens, scrolls, focuses and points at all there is."""
    for tab in page.get_by_role("tab").all():
        tab.click()
        for button in page.get_by_role("button", name="Expand all").all():
            button.click()
        page.wait_for_timeout(50)
        page.evaluate(EVERY_ROW)
    page.get_by_role("button", name="Copy ▾").click()


def assert_harmless(stage: Stage, payloads: list[str]) -> None:
    page = stage.page
    assert page.evaluate("() => [window.fired, window.violations]") == [0, []]
    assert page.evaluate(FOREIGN, OWN_TAGS) == []
    assert page.evaluate(NAMED, payloads) == []
    assert page.evaluate("() => ({}).polluted") is None
    assert stage.requests == []


@pytest.mark.parametrize("payload", PAYLOADS[:4] + PAYLOADS[-1:])
def test_a_run_of_hostile_strings_is_text(open_stage: Opener, payload: str) -> None:
    stage = open_stage(hostile_run(payload, PAYLOADS))
    handle_everything(watched(stage))
    assert_harmless(stage, PAYLOADS)


def test_hostile_events_reach_the_log_and_its_excerpt(open_stage: Opener) -> None:
    """The control of the test before: what it looks at is there."""
    doc = run_doc(id="r", status="failed", failure_reason=PAYLOADS[1])
    events = [dict.fromkeys(EVENT_FIELDS, text) | {"level": "error"} for text in PAYLOADS]
    scenario = one_run(doc, logs={"events": events, "more": False})
    stage = open_stage(scenario)
    stage.page.locator(".arn-excerpt pre").wait_for()
    handle_everything(watched(stage))
    stage.open_tab("Logs")
    assert all(text in stage.text() for text in PAYLOADS[:3])
    assert_harmless(stage, PAYLOADS)


def test_hostile_markdown_is_text(open_stage: Opener) -> None:
    output = {"name": "it", "path": "a.md", "kind": "file", "status": "available"}
    forms = [
        "# {0}",
        "- {0}",
        "> {0}",
        "|{0}|b|\n|-|-|\n|{0}|c|",
        "```\n{0}\n```",
        "[{0}]({0})",
        "**{0}**",
    ]
    page = "\n\n".join(form.format(text) for text in PAYLOADS for form in forms)
    scenario = one_run(run_doc(id="r", output_manifest="{}", outputs=[output]))
    scenario.files = [page.encode()]
    stage = open_stage(scenario)
    watched(stage).get_by_role("button", name="it", exact=True).click()
    stage.page.locator(".arn-markdown").wait_for()
    assert PAYLOADS[0] in stage.text()
    assert_harmless(stage, PAYLOADS)


def test_the_public_payloads_are_text(open_stage: Opener) -> None:
    payloads = corpus()
    assert len(payloads) > 2_000
    stage = open_stage(hostile_run(payloads[0], payloads))
    handle_everything(watched(stage))
    assert_harmless(stage, payloads)


def test_a_hostile_timeline_is_text(open_stage: Opener) -> None:
    docs = [
        run_doc(
            id=text,
            deployment_id=text,
            version_id=text,
            status=text,
            created_at="2026-01-01T00:00:00Z",
        )
        for text in PAYLOADS
    ]
    scenario = many_runs(docs, selected=[[PAYLOADS[0], PAYLOADS[0]]])
    for name in ("note", "verdict", "title"):
        scenario.page[name] = PAYLOADS[0]
    stage = open_stage(scenario)
    watched(stage)
    assert_harmless(stage, PAYLOADS)


SINK = "(texts) => { window.stage.host.innerHTML = texts.join('') }"


def test_the_same_strings_do_run_where_they_are_taken_for_markup(open_stage: Opener) -> None:
    stage = open_stage(one_document("{}"), strict=False)
    stage.page.evaluate(WATCH)
    stage.page.evaluate(SINK, PAYLOADS)
    stage.page.wait_for_function("() => window.fired > 0")
    assert any(url.endswith("/x") for url in stage.requests)


def test_the_policy_of_these_tests_stops_a_sink_for_markup(open_stage: Opener) -> None:
    stage = open_stage(one_document("{}"))
    stage.page.evaluate(WATCH)
    with pytest.raises(Error, match="TrustedHTML"):
        stage.page.evaluate(SINK, PAYLOADS)
    assert stage.page.evaluate("() => window.violations") == ["require-trusted-types-for"]
    stage.errors.clear()


def test_what_is_not_seen_is_made_visible(open_stage: Opener) -> None:
    text = "a\u202eb\u2066c\u200bd\u0000e\u001b[31mf"
    stage = open_stage(one_document(json.dumps({text: text})))
    assert (
        stage.rows()[1]
        == 'a‹U+202E›b‹U+2066›c‹U+200B›d␀e␛[31mf: "a‹U+202E›b‹U+2066›c‹U+200B›d␀e␛[31mf"'
    )


def test_a_lone_surrogate_is_shown_by_its_number(open_stage: Opener) -> None:
    stage = open_stage(one_document('["\\ud800", "\\ud83d\\ude00"]'))
    assert stage.rows()[1:] == ['0: "‹U+D800›"', '1: "😀"']


def test_nothing_leaves_the_box_of_the_view(open_stage: Opener) -> None:
    stage = open_stage(hostile_run("x" * 3_000, ["y" * 3_000]), width=500)
    box = stage.page.locator(".arn-root").bounding_box()
    assert box is not None
    assert box["width"] == 500
    assert stage.page.evaluate("() => document.documentElement.scrollWidth") == 500


@pytest.mark.parametrize("name", ["widget.js", "shared.js", "later.js"])
def test_a_delivered_module_holds_no_sink_and_no_address(name: str) -> None:
    module = (STATIC / name).read_text("utf-8")
    sinks = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|createContextualFragment"
        r"|\.srcdoc|XMLHttpRequest|WebSocket|sendBeacon|\bfetch\(|importScripts|import\("
    )
    assert re.findall(sinks, module) == []
    assert re.findall(sinks, (STATIC / "loader.js").read_text("utf-8")) == ["import("] * 2
    assert set(re.findall(r"[a-z]+://[^\"'`]*", module)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", ["widget.css", "later.css"])
def test_delivered_styles_fetch_nothing(name: str) -> None:
    sheet = (STATIC / name).read_text("utf-8")
    assert re.findall(r"url\(|@import|expression|https?:", sheet) == []
