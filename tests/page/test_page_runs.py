"""The explorer of many runs: what is chosen is shown, what is held keeps working, and nothing is left behind."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Opener, Stage
from .scenarios import (
    COMPLETED,
    Scenario,
    blank_page,
    failed_run,
    finished_run,
    live_run,
    many_runs,
    one_document,
    one_run,
    run_doc,
)

DEP = "adep_csv_report"
DOCS = [finished_run(), failed_run(), live_run()]
SUCCEEDED, FAILED, LIVE = ([DEP, doc["fields"]["id"]] for doc in DOCS)


def shown_run(stage: Stage) -> str:
    return stage.page.locator(".arn-statusname").inner_text()


def asked(stage: Stage, op: str) -> list[dict[str, object]]:
    return stage.page.evaluate(
        "(op) => window.stage.model.sent.filter((message) => message.op === op)", op
    )


def test_a_run_chosen_in_the_kernel_is_shown_under_the_timeline(open_stage: Opener) -> None:
    stage = open_stage(many_runs(DOCS))
    numbers = stage.page.get_by_test_id("arn-wb-numbers")
    expect(numbers).to_contain_text("3 runs in all")
    stage.set_trait("selected", [FAILED])
    assert shown_run(stage) == "failed"
    expect(numbers).to_have_count(0)
    stage.set_trait("selected", [[DEP, "no such run"]])
    expect(numbers).to_be_visible()


def test_several_chosen_runs_are_gone_through_one_by_one(open_stage: Opener) -> None:
    stage = open_stage(many_runs(DOCS, selected=[LIVE, SUCCEEDED]))
    assert shown_run(stage) == "running"
    stage.page.get_by_role("button", name="Next chosen run").click()
    assert shown_run(stage) == "succeeded"
    stage.page.get_by_role("button", name="Next chosen run").click()
    assert shown_run(stage) == "running"
    assert stage.trait("selected") == [LIVE, SUCCEEDED], (
        "going through them does not change what is chosen"
    )


@pytest.mark.parametrize("placed", [[], [live_run()]], ids=["none has a place", "one has a place"])
def test_runs_without_a_place_in_time_are_chosen_by_a_button(
    open_stage: Opener, placed: list[dict[str, Any]]
) -> None:
    nowhere = [finished_run(id=f"adrun_{n}", created_at=None) for n in range(3)]
    stage = open_stage(many_runs([*placed, *nowhere]))
    stage.page.get_by_role("button", name="Choose 3 runs").click()
    assert stage.trait("selected") == [[DEP, f"adrun_{n}"] for n in range(3)]
    expect(stage.page.get_by_test_id("arn-wb-numbers")).to_contain_text("The 3 runs chosen")
    for position, name in enumerate(("adrun_0", "adrun_1", "adrun_2"), 1):
        stage.page.get_by_role("button", name="Next chosen run").click()
        assert f"Run {position} of 3 chosen" in stage.text()
        assert name in stage.page.locator(".arn-run header").inner_text()
    stage.page.get_by_role("button", name="Next chosen run").click()
    expect(stage.page.get_by_test_id("arn-wb-numbers")).to_be_visible()


def test_where_every_run_has_a_place_no_such_button_is_there(open_stage: Opener) -> None:
    stage = open_stage(many_runs(DOCS))
    expect(stage.page.get_by_role("button", name="Choose")).to_have_count(0)


def test_the_path_goes_along_to_the_next_run(open_stage: Opener) -> None:
    stage = open_stage(many_runs(DOCS, selected=[SUCCEEDED], path="input.limit"))
    stage.set_trait("selected", [FAILED])
    assert stage.page.locator(".arn-active").last.inner_text() == "limit: 9007199254740993"


def test_a_document_that_is_not_held_is_asked_for_once(open_stage: Opener) -> None:
    stage = open_stage(many_runs(DOCS, held=False, selected=[FAILED]))
    expect(stage.page.locator(".arn-statusname")).to_have_text("failed")
    stage.set_trait("selected", [LIVE])
    expect(stage.page.locator(".arn-statusname")).to_have_text("running")
    stage.set_trait("selected", [FAILED])
    assert shown_run(stage) == "failed"
    assert [message["row"] for message in asked(stage, "run")] == [1, 2]


MANY = [finished_run(id=f"adrun_{number:04}") for number in range(150)]


def test_more_runs_than_a_hundred_are_chosen_by_their_rows(open_stage: Opener) -> None:
    nowhere = [finished_run(id=f"adrun_{number:04}", created_at=None) for number in range(150)]
    stage = open_stage(many_runs(nowhere))
    stage.page.get_by_role("button", name="Choose 150 runs").click()
    [request] = asked(stage, "select")
    assert request["rows"] == list(range(150))
    expect(stage.page.get_by_text("150 chosen", exact=True)).to_be_visible()
    stage.page.wait_for_timeout(50)
    assert stage.trait("selected")["n"] == 150, "no keys are shared"  # type: ignore[index]
    assert asked(stage, "selected") == [], "what the page chose itself it need not ask for"


def test_many_runs_chosen_in_the_kernel_are_asked_for(open_stage: Opener) -> None:
    stage = open_stage(many_runs(MANY))
    for rows in (range(120), range(30, 150)):
        stage.page.evaluate("(rows) => window.stage.model.chooseMany(rows)", [*rows])
        expect(stage.page.get_by_text("120 chosen", exact=True)).to_be_visible()
        stage.page.get_by_role("button", name="Next chosen run").click()
        expect(stage.page.locator(".arn-run header")).to_contain_text(f"adrun_{rows[0]:04}")
    assert len(asked(stage, "selected")) == 2, "as many as before, and other ones"
    stage.set_trait("selected", [[DEP, "adrun_0007"]])
    expect(stage.page.locator(".arn-run header")).to_contain_text("adrun_0007")
    assert asked(stage, "select") == [], "what the kernel chose is not sent back"


def test_all_documents_are_asked_for_once_the_page_is_there(open_stage: Opener) -> None:
    scenario = many_runs(DOCS, held=False, selected=[FAILED])
    scenario.at_once = True
    stage = open_stage(scenario)
    stage.page.wait_for_function("() => window.stage.model.sent.some(({ op }) => op === 'docs')")
    stage.page.wait_for_timeout(50)
    for key, words in ((LIVE, "running"), (FAILED, "failed"), (SUCCEEDED, "succeeded")):
        stage.set_trait("selected", [key])
        expect(stage.page.locator(".arn-statusname")).to_have_text(words)
    assert [message["row"] for message in asked(stage, "run")] == [1], (
        "the run that was chosen from the start does not wait for the others"
    )
    assert len(asked(stage, "docs")) == 1


@pytest.mark.parametrize("one", [False, True], ids=["many runs", "one run"])
def test_names_that_come_later_stand_in_place_of_ids(open_stage: Opener, one: bool) -> None:
    scenario = one_run(DOCS[0]) if one else many_runs(DOCS, selected=[SUCCEEDED])
    stage = open_stage(scenario)
    name = stage.page.locator(".arn-name")
    expect(name).to_have_text(f"{DEP} \u00b7 adver_0002")
    stage.page.evaluate(
        "() => window.stage.model.emit('msg:custom', {op: 'names', names: {adver_0002: 'csv <b> v2'}}, [])"
    )
    expect(name).to_have_text("csv <b> v2")


def test_documents_of_data_that_was_replaced_are_not_taken(open_stage: Opener) -> None:
    scenario = many_runs(DOCS, held=False)
    scenario.at_once = True
    stage = open_stage(scenario)
    stage.page.evaluate(
        """() => {
          const { model } = window.stage;
          window.late = [];
          const answer = model.answer;
          model.answer = (message) =>
            message.op === "docs" ? window.late.push(message) : answer.call(model, message);
          window.answerLate = () => answer.call(model, window.late.shift());
        }"""
    )
    for docs in ([live_run(), live_run(id="other")], [live_run(), live_run(id="another")]):
        update(stage, many_runs(docs, held=False))
    stage.page.wait_for_function("() => window.late.length === 2")
    stage.page.evaluate("() => window.answerLate()")
    stage.page.wait_for_timeout(50)
    stage.set_trait("selected", [[DEP, "another"]])
    expect(stage.page.locator(".arn-statusname")).to_have_count(1)
    assert [message["row"] for message in asked(stage, "run")] == [1]


def test_the_kernels_own_sentence_is_shown_where_it_says_no(open_stage: Opener) -> None:
    scenario = many_runs(DOCS, held=False, selected=[FAILED])
    scenario.docs = []
    stage = open_stage(scenario)
    expect(stage.page.locator(".arn-hint")).to_have_text("There is no such run.")


def test_an_update_keeps_what_is_still_there(open_stage: Opener) -> None:
    stage = open_stage(many_runs(DOCS, selected=[LIVE]))
    ended = many_runs([failed_run(), live_run(status="succeeded", completed_at=COMPLETED)])
    update(stage, ended)
    expect(stage.page.locator(".arn-statusname")).to_have_text("succeeded")
    assert stage.trait("selected") == [LIVE]
    assert stage.page.locator("canvas").count() == 1
    sentence = stage.page.get_by_test_id("arn-wb-sentence").inner_text()
    assert sentence.startswith("2 runs · ")
    assert sentence.endswith(" · complete")


def update(stage: Stage, scenario: Scenario) -> None:
    """Hands the page other data."""
    stage.page.evaluate(
        "({page, buffers}) => window.stage.model.emit('msg:custom', {op: 'update', page}, buffers.map((text) =>"
        " new DataView(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer)))",
        json.loads(scenario.to_json()),
    )


def test_a_run_that_did_not_change_stays_as_it_was_opened(open_stage: Opener) -> None:
    stage = open_stage(many_runs(DOCS, selected=[SUCCEEDED]))
    stage.open_tab("Manifest")
    stage.page.get_by_role("button", name="Expand all").click()
    opened = len(stage.rows())
    update(stage, many_runs([*DOCS, failed_run(id="new")]))
    expect(stage.page.get_by_test_id("arn-wb-sentence")).to_contain_text("4 runs")
    assert len(stage.rows()) == opened


def test_no_runs_is_said(open_stage: Opener) -> None:
    assert "There are no runs to show." in open_stage(many_runs([])).text()


def test_one_run_and_a_run_that_was_not_read_are_shown(open_stage: Opener) -> None:
    doc = run_doc(id="gone", deployment_id=DEP, error="not_found: there is no such run")
    stage = open_stage(many_runs([doc], selected=[[DEP, "gone"]]))
    assert "not_found: there is no such run" in stage.text()


def test_a_kernel_that_does_not_answer_is_told_of_and_what_is_held_works(
    open_stage: Opener,
) -> None:
    scenario = many_runs(DOCS)
    stage = open_stage(scenario, clock=True)
    stage.page.evaluate("() => { window.stage.model.answer = () => {} }")
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mount(); }")
    expect(stage.page.locator(".arn-statusline")).to_have_text("Waiting for the kernel")
    stage.page.clock.fast_forward(11_000)
    expect(stage.page.locator(".arn-statusline")).to_contain_text("The kernel does not answer.")


def test_the_mark_of_a_live_view_is_hex_or_nothing(open_stage: Opener) -> None:
    stage = open_stage(one_run(finished_run()))
    assert stage.page.locator(".arn-root.arn-live-0a1b2c").count() == 1
    forged = many_runs([])
    forged.page["uid"] = "x onload=y"
    stage = open_stage(forged)
    assert stage.page.locator(".arn-root").get_attribute("class") == "arn-root"


def test_a_page_that_cannot_be_read_says_so(open_stage: Opener) -> None:
    stage = open_stage(Scenario(blank_page("json", text={"buffer": 7, "gzip": False}), silent=True))
    stage.page.evaluate("() => window.stage.model.answer(window.stage.model.sent[0])")
    expect(stage.page.locator(".arn-statusline")).to_contain_text(
        "This could not be shown: a part of the kernel's answer is missing"
    )


@pytest.mark.parametrize(
    "scenario",
    [many_runs(DOCS, selected=[FAILED]), one_run(finished_run()), one_document('{"a": [1]}')],
    ids=["runs", "run", "json"],
)
def test_an_exported_page_works_without_a_kernel(open_stage: Opener, scenario: Scenario) -> None:
    stage = open_stage(scenario)
    stage.page.evaluate("() => { window.stage.unmount(); window.stage.mountOffline(); }")
    stage.page.locator(".arn-run, .arn-tree").first.wait_for()
    for tab in stage.page.get_by_role("tab", name="Input").all():
        tab.click()
    stage.page.locator(".arn-tree").first.wait_for()
    stage.page.get_by_role("button", name="Expand all").first.click()


LOAD = """async (inShadow) => {
  window.stage.unmount();
  const [module, styles, shared] = await Promise.all(
    ["/widget.js", "/widget.css", "/shared.js"].map(async (name) => (await fetch(name)).arrayBuffer()),
  );
  document.querySelector('link[href="/widget.css"]').remove();
  const { model, host } = window.stage, { answer } = model;
  const place = inShadow ? host.attachShadow({ mode: "open" }).appendChild(document.createElement("div")) : host;
  window.said = [];
  model.answer = (request) => {
    window.said.push([request.op, place.innerText, request.id]);
    if (request.op !== "module") answer.call(model, request);
    else
      model.emit("msg:custom", { id: request.id, ok: true }, [
        new DataView(module),
        new DataView(styles),
        new DataView(shared),
      ]);
  };
  const { default: loads } = await import("/loader.js");
  const loader = loads();
  loader.initialize({ model });
  const unmount = await loader.render({ model, el: place });
  const other = document.createElement("div");
  place.after(other);
  (await loader.render({ model, el: other }))();
  window.stage.unmount = unmount;
  window.sheets = [document, host.shadowRoot].map((root) => root?.adoptedStyleSheets.length);
}"""


@pytest.mark.parametrize("in_shadow", [False, True], ids=["in the page", "in a shadow tree"])
def test_a_notebook_holds_a_loader_that_asks_the_kernel_for_the_view(
    open_stage: Opener, in_shadow: bool
) -> None:
    stage = open_stage(many_runs(DOCS), strict=False)
    stage.page.evaluate(LOAD, in_shadow)
    expect(stage.page.locator(".arn-body > *")).not_to_have_count(0)
    assert stage.page.evaluate("() => window.sheets") == ([0, 1] if in_shadow else [1, None]), (
        "its styles come from the kernel too, once for several views"
    )
    expect(stage.page.locator(".arn-root")).to_have_css("isolation", "isolate")
    asked = stage.page.evaluate("() => window.said")
    waits = "The live view waits for its kernel."
    assert [[op, words] for op, words, _ in asked[:2]] == [["module", waits], ["open", waits]]
    requests = [op for op, _, _ in asked]
    assert requests.count("module") == 1, "the page has the code for both views"
    assert requests.count("open") == 2
    numbers = {number for _, _, number in asked}
    assert len(numbers) == len(asked), "views of one widget hear the answers of each other"
    left = stage.page.evaluate("() => window.stage.unmount() ?? window.stage.model.listening()")
    assert left == 1, "what the kernel says by itself is heard for the next view"


GIVEN_UP = """async () => {
  const { model, host } = window.stage;
  window.stage.unmount();
  const before = model.listening();
  const { default: loads } = await import("/loader.js");
  const end = new AbortController();
  void loads().render({ model, el: host, signal: end.signal });
  const during = model.listening();
  end.abort();
  return [during - before, model.listening() - before];
}"""


def test_a_view_that_is_given_up_before_its_code_came_hears_nothing_more(
    open_stage: Opener,
) -> None:
    stage = open_stage(replace(many_runs(DOCS), silent=True), strict=False)
    assert stage.page.evaluate(GIVEN_UP) == [1, 0]


UNASKED = """async ([before, after]) => {
  window.stage.unmount();
  const parts = await Promise.all(
    ["/widget.js", "/widget.css", "/shared.js"].map(async (name) => new DataView(await (await fetch(name)).arrayBuffer())),
  );
  const { page, buffers } = await (await fetch("/scenario.json")).json();
  const bytes = buffers.map((text) => new DataView(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer));
  const messages = {
    code: [{ op: "code" }, parts],
    opened: [{ op: "opened", ok: true, page }, bytes],
    names: [{ op: "names", names: { later: "a label" } }, []],
    update: [{ op: "update", page: { ...page, head: null } }, bytes],
  };
  const { model, host } = window.stage;
  model.sent.length = 0;
  const { default: loads } = await import("/loader.js");
  const loader = loads();
  loader.initialize({ model });
  for (const name of before) model.emit("msg:custom", ...messages[name]);
  const rendered = loader.render({ model, el: host });
  await new Promise((resolve) => setTimeout(resolve));
  for (const name of after) model.emit("msg:custom", ...messages[name]);
  window.stage.unmount = await rendered;
  return model.sent.map(({ op }) => op);
}"""


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        (["code", "opened"], [], []),
        (["code", "names", "opened", "names"], [], []),
        (["code", "opened", "code", "opened"], [], []),
        (["code"], ["opened"], ["open"]),
        ([], ["code", "opened"], ["module", "open"]),
        (["code", "opened", "update"], ["code", "opened"], ["open"]),
    ],
    ids=[
        "before the view",
        "among others",
        "twice",
        "half",
        "after the view",
        "older than the data",
    ],
)
def test_a_page_opens_with_what_a_busy_kernel_has_sent_unasked(
    open_stage: Opener, before: list[str], after: list[str], asked: list[str]
) -> None:
    """The kernel answers nothing, as while the cells run that were started together."""
    stage = open_stage(replace(many_runs(DOCS), silent=True), strict=False)
    assert stage.page.evaluate(UNASKED, [before, after]) == asked
    expect(stage.page.get_by_test_id("arn-timeline-canvas")).to_be_visible()


@pytest.mark.parametrize(
    "scenario",
    [
        many_runs(DOCS, selected=[SUCCEEDED], path="input"),
        one_document(json.dumps(list(range(100)))),
    ],
    ids=["runs", "json"],
)
def test_fifty_views_leave_nothing_behind(open_stage: Opener, scenario: Scenario) -> None:
    stage = open_stage(scenario)
    devtools = stage.page.context.new_cdp_session(stage.page)
    devtools.send("Performance.enable")

    def left_behind(times: int) -> tuple[float, ...]:
        stage.page.evaluate(
            """async (times) => {
              for (let n = 0; n < times; n++) {
                window.stage.unmount();
                window.stage.mount();
                while (!document.querySelector('.arn-tree')) await new Promise((resolve) => setTimeout(resolve));
                document.querySelector('.arn-search').dispatchEvent(new Event('input'));
              }
              window.stage.unmount();
              await new Promise((resolve) => setTimeout(resolve, 300));
            }""",
            times,
        )
        devtools.send("HeapProfiler.collectGarbage")
        found = {
            metric["name"]: metric["value"]
            for metric in devtools.send("Performance.getMetrics")["metrics"]
        }
        return found["JSEventListeners"], found["Nodes"]

    listeners, nodes = left_behind(1)
    after = left_behind(50)
    assert stage.page.evaluate(
        "() => [window.stage.model.listening(), window.stage.host.childNodes.length]"
    ) == [0, 0]
    assert after[0] <= listeners
    assert after[1] <= nodes + 20


def test_a_run_that_has_ended_is_not_said_to_be_read_too_early(open_stage: Opener) -> None:
    """Its times lie before the moment of reading, among many runs as alone."""
    stage = open_stage(many_runs(DOCS))
    for key in (SUCCEEDED, FAILED):
        stage.set_trait("selected", [key])
        expect(stage.page.locator(".arn-run, .arn-course").first).to_be_visible()
        assert "lies after the moment of reading" not in stage.text()
