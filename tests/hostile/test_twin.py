"""The static twin, and every frame that a notebook shows: escaped text, whatever reads it."""

from __future__ import annotations

import base64
import re
from functools import cache
from html.parser import HTMLParser

import msgspec
import pandas as pd
import pytest

import agentrun_nb as arn
from agentrun_nb.core.schema import LOGS
from agentrun_nb.tables.mending import mend
from agentrun_nb.widget import RunExplorer, explore

from .payloads import BENIGN, OWN, batches, hostile_record, hostile_runs
from .stage import Stage

MARKUP = "<payload-tag onclick=alert(1)>"


class Shape(HTMLParser):
    """The tags of a document, and their attributes by name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {tag, *(f"{tag} {name}" for name, _ in attrs)}


def twin_of(view: RunExplorer) -> str:
    return view._twin()["text/html"]


def twins_of(texts: list[str]) -> list[str]:
    """The twins of one run for each text, and of all together."""
    records = [hostile_record(number, text) for number, text in enumerate(texts)]
    one_by_one = [twin_of(explore(arn.Run(msgspec.json.encode(record)))) for record in records]
    return [*one_by_one, twin_of(explore(hostile_runs(texts)))]


def test_the_twin_of_every_payload_is_text(open_stage: Stage) -> None:
    harmless = Shape("".join(twins_of(BENIGN))).names
    for batch in batches(100):
        twins = twins_of(batch)
        assert Shape("".join(twins)).names <= harmless
        open_stage.write("".join(twins))
        open_stage.touch(".arn-twin")
        assert open_stage.page.locator(".arn-twin").count() == len(twins)
        assert open_stage.named(batch) == []
        assert (
            open_stage.page.locator("a, img:not([src^='data:image/svg+xml;base64,'])").count() == 0
        )
        open_stage.assert_calm()


def test_the_same_texts_do_run_in_a_page_that_takes_them_for_markup(open_stage: Stage) -> None:
    open_stage.write(f"<div class=arn-twin>{OWN[0]}{OWN[2]}</div>")
    open_stage.page.wait_for_function("() => window.fired.length > 1")
    assert open_stage.asked == ["http://outside.test/own"]


def test_the_picture_in_a_twin_holds_no_markup_out_of_the_data() -> None:
    for html in twins_of([MARKUP]):
        for picture in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html):
            drawn = base64.b64decode(picture).decode()
            assert "<payload-tag" not in drawn
            assert not re.search(
                r"<(script|foreignObject|image|a|use|style)\b|\son\w+=|href", drawn
            )


def test_signs_that_are_not_seen_are_made_visible_in_every_place() -> None:
    for html in twins_of(["a\u202eb\u2066c\u200bd\u0000e\u001b[31mf"]):
        assert html.count("a‹U+202E›b‹U+2066›c‹U+200B›d␀e␛[31mf") >= 6
        assert not {"\u202e", "\u2066", "\u200b", "\u0000", "\u001b"} & set(html)


@cache
def frames() -> dict[str, pd.DataFrame]:
    """Every frame that the public functions make of hostile records."""
    runs = arn.runs_frame(
        [hostile_record(number, text) for number, text in enumerate([MARKUP, *OWN])]
    )
    runs = pd.concat(
        [runs, arn.runs_frame([hostile_record(99, MARKUP) | {"status": "failed"}])],
        ignore_index=True,
    )
    return {
        "runs": runs,
        "brief": arn.brief(runs),
        "outputs": arn.outputs(runs),
        "failures": arn.failures(runs),
        "summarize": arn.summarize(runs),
        "json_paths": arn.json_paths(runs),
        "logs": mend(
            pd.DataFrame(
                {column.name: [MARKUP] for column in LOGS.columns if column.kind == "text"}
            ),
            LOGS,
        ),
    }


@pytest.mark.parametrize(
    "name", ["runs", "brief", "outputs", "failures", "summarize", "json_paths", "logs"]
)
def test_a_frame_is_shown_escaped(name: str) -> None:
    shown = frames()[name]
    assert isinstance(shown, pd.DataFrame)
    html = shown._repr_html_()
    assert html is not None
    assert "<payload-tag" not in html
    assert Shape(html).names <= Shape(pd.DataFrame({"a": [1]})._repr_html_()).names
