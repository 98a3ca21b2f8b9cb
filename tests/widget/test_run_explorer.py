"""The explorer as a Python object: what is chosen, in both directions, and how it composes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from IPython.utils.capture import capture_output

import agentrun_nb as arn
from agentrun_nb.core.jsontext import JSONTextError
from agentrun_nb.errors import AgentRunError, DataError, PathNotFound, SettingsError
from agentrun_nb.widget import RunExplorer, explore, explore_json
from agentrun_nb.widget.view import View
from tests.support.samples import EXAMPLE, body, record
from tests.support.widgets import all_widgets
from tests.widget.test_protocol import conversation

CANARY = "sk-canary-0123456789"


class Client:
    """A client as far as a view may know it, with a key that must never be seen."""

    def __init__(self):
        self.api_key = self._key = CANARY

    def __repr__(self):
        return CANARY

    def read_output(self, *_, **__):
        raise AssertionError("nobody asked for a file")


def one(number: int = 3, status: str = "succeeded", **changes) -> arn.Run:
    return arn.Run(json.dumps(record(number, status, **changes)).encode())


def frame(count: int = 6) -> pd.DataFrame:
    return arn.runs_frame(body(count)).set_axis([f"row {n}" for n in range(count)])


def key(number: int) -> list[str]:
    return [record(number)["deployment_id"], record(number)["id"]]


def test_one_run_is_chosen_from_the_start():
    view = explore(one())
    assert view.selected == [key(3)]
    assert view.run.raw == one().raw


def test_of_many_the_newest_is_chosen():
    assert explore(frame()).selected == [key(5)]
    assert explore([]).selected == []


def file_choice(path: Path) -> Any:
    """The chosen runs with which an exported file opens."""
    written = path.read_text("utf-8").partition('id="arn-data">')[2]
    return json.loads(written.partition("</script>")[0])["traits"]["selected"]


def shared_choice(view: RunExplorer) -> Any:
    """The chosen runs as a page gets them."""
    return view.get_state("selected")["selected"]


def test_on_the_page_a_run_is_chosen_where_it_is_the_only_one_or_somebody_chose_it():
    assert shared_choice(explore(one())) == shared_choice(explore(frame(4).iloc[[3]])) == [key(3)]
    assert shared_choice(explore(frame())) == shared_choice(explore([])) == []


@pytest.mark.parametrize("number", [5, 2], ids=["the newest", "another"])
@pytest.mark.parametrize("who", ["program", "page"])
def test_whoever_chooses_a_run_has_it_chosen_on_the_page(monkeypatch, number, who):
    view = explore(frame())
    sent = []
    monkeypatch.setattr(view, "_send", lambda message, buffers=None: sent.append(message))
    if who == "page":
        view.set_state({"selected": [key(number)]})
    else:
        view.selected = [key(number)]
    assert view.selected == shared_choice(view) == [key(number)]
    states = [message["state"]["selected"] for message in sent if "selected" in message["state"]]
    assert all(state == [key(number)] for state in states)
    # ipywidgets 7 says nothing where there is no kernel.
    says = getattr(view.comm, "kernel", view) is not None
    assert who == "page" or not says or len(states) == 1


@pytest.mark.parametrize("chosen", [True, False])
def test_newer_data_chooses_nothing_on_the_page_that_was_not_chosen(chosen):
    view = explore(frame(4))
    if chosen:
        view.selected = [key(3)]
    view.update(frame(6))
    assert view.selected == [key(3)]
    assert shared_choice(view) == ([key(3)] if chosen else [])
    view.update(frame(6).iloc[4:])
    assert (view.selected, shared_choice(view)) == ([key(5)], [])


def test_a_file_opens_with_what_somebody_chose(tmp_path):
    view = explore(frame())
    assert file_choice(view.to_html(tmp_path / "a.html")) == []
    view.selected = frame().iloc[[5]]
    assert file_choice(view.to_html(tmp_path / "b.html")) == [key(5)]


def test_the_selection_is_the_rows_under_their_own_index():
    view = explore(frame())
    view.selected = [key(4), key(1), ["nobody", "nothing"]]
    assert list(view.selection.index) == ["row 1", "row 4"]
    pd.testing.assert_frame_equal(view.selection, frame().loc[["row 1", "row 4"]])
    assert view.run.id == key(4)[1]


def test_the_same_id_in_two_deployments_is_two_runs():
    view = explore([json.dumps(record(1, deployment_id=name)).encode() for name in ("a", "b")])
    view.selected = [["b", record(1)["id"]]]
    assert view.selection["deployment_id"].tolist() == ["b"]


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (lambda runs: runs.iloc[[4, 1]], [4, 1]),
        (lambda runs: runs.iloc[2], [2]),
        (lambda runs: runs[runs["status"] == "no such status"], []),
        (lambda runs: runs[["id", "deployment_id"]].iloc[:2], [0, 1]),
        (lambda runs: [runs.iloc[3], runs.iloc[0]], [3, 0]),
        (lambda runs: one(3), [3]),
        (lambda runs: [one(3), key(1), runs.iloc[5]], [3, 1, 5]),
        (lambda runs: tuple(key(4)), [4]),
        (lambda runs: (tuple(key(4)), key(2)), [4, 2]),
        (lambda runs: [], []),
    ],
)
def test_runs_themselves_may_be_selected(given, numbers):
    view = explore(frame())
    view.selected = given(frame())
    assert view.selected == [key(number) for number in numbers]
    assert len(view.selection) == len(numbers)


def test_a_page_can_select_by_keys_alone():
    view = explore(frame())
    for hostile in (record(1), [record(1)], "x", None, [["a", 1]], [["a"]], {"0": ["a", "b"]}):
        view.set_state({"selected": hostile})
        assert view.selected == [key(5)]
    view.set_state({"selected": [key(1)]})
    assert view.selected == [key(1)]


@pytest.mark.parametrize("client", [None, Client()], ids=["alone", "with a client"])
@pytest.mark.parametrize("changes", [{}, {"status": "failed"}, {"output_manifest": None}])
def test_a_row_is_shown_as_a_run_in_full(client, changes):
    row = arn.runs_frame(json.dumps(record(3, **changes)).encode()).iloc[0]
    view = explore(row, client)
    assert view._page()[0]["kind"] == "run"
    assert view.selected == [key(3)]
    assert view.run.id == row["id"]
    assert repr(view).startswith("<RunExplorer: run 'adrun_00000003'")
    view.path = "input.limit"
    names = {"row": row, "arn": arn, "client": type("Fake", (), {"get_run": lambda *_: one()})()}
    exec(view.code, names)
    assert names["value"] == view.value == 3
    assert ("arn.explore(row)" in view._twin()["text/html"]) == (client is None)


def test_a_row_that_was_not_fetched_says_so_in_full():
    runs = frame(2)
    runs.loc["row 0", [name for name in runs.columns if name not in ("id", "deployment_id")]] = (
        pd.NA
    )
    runs.loc["row 0", "fetch_error"] = "not_found: There is no such run."
    told = explore(runs.iloc[0])._twin()["text/html"]
    assert "There is no such run." in told
    assert "Not read: no such run" in told
    assert "no status recorded" not in told


def test_the_value_stands_where_the_path_leads():
    view = explore(frame())
    assert view.value is None
    view.path = "output_manifest.outputs[1].size_bytes"
    assert view.value == 2**60 + 1
    view.path = "output_manifest.nothing"
    with pytest.raises(PathNotFound):
        _ = view.value


@pytest.mark.parametrize(
    "path",
    ["", "output_manifest.outputs[1].size_bytes", 'output_manifest.rows[1]["a key with spaces"]'],
)
@pytest.mark.parametrize("chosen", [[], [1], [4, 1], [0, 1, 2, 3]])
def test_the_code_gives_the_selection_and_the_value_again(path, chosen):
    view = explore(frame())
    view.selected, view.path = [key(number) for number in chosen], path
    names = {"runs": frame(), "arn": arn}
    exec(view.code, names)
    pd.testing.assert_frame_equal(names["selection"], view.selection)
    assert names.get("value") == view.value


def test_the_code_for_one_run_asks_the_client_by_its_ids():
    hostile = one(id="x'); import os #", deployment_id='"\n')
    view = explore(hostile, Client())
    view.path = "output_manifest.score"
    asked = []

    class Fake:
        def get_run(self, *ids):
            asked.append(ids)
            return hostile

    names = {"client": Fake()}
    exec(view.code, names)
    assert asked == [('"\n', "x'); import os #")]
    assert names["value"] == view.value == 0.503


def test_an_update_keeps_what_is_still_there():
    view = explore(frame())
    view.selected = [key(1), key(2)]
    said = []
    view.send = lambda content, buffers=None: said.append(content)
    view.update(frame().drop("row 2"))
    assert view.selected == [key(1)]
    assert said[0]["op"] == "update"
    assert said[0]["page"]["n"] == 5
    view.update(frame().drop("row 1"))
    assert view.selected == [key(5)]


def test_a_bad_zone_path_or_selection_is_an_error_of_the_family():
    view = explore(frame())
    for name, value in (
        ("tz", "Mars/Olympus"),
        ("tz", "../../etc/passwd"),
        ("path", "a["),
        ("path", "outputs[*].name"),
        ("path", 5),
        ("tz", None),
        ("selected", "adrun_1"),
        ("selected", {"a": 1}.keys()),
        ("selected", frame()["status"]),
        ("selected", None),
    ):
        with pytest.raises(AgentRunError) as refused:
            setattr(view, name, value)
        assert len(str(refused.value)) < 200, "what was given is not printed whole"
    with pytest.raises(SettingsError, match="selected"):
        view.selected = ["adrun_1"]
    with pytest.raises(SettingsError, match="Mars"):
        explore(frame(), tz="Mars/Olympus")


@pytest.mark.parametrize("how", [{"tz": None}, {"client": "notaclient"}], ids=str)
def test_a_view_is_not_made_of_what_is_no_zone_or_no_client(how):
    with pytest.raises(SettingsError) as refused:
        explore(frame(), **how)
    assert refused.value.hint


def test_a_key_that_no_row_has_chooses_nothing():
    view = explore(frame())
    view.selected = [["no", "no"]]
    assert (len(view.selection), view.run) == (0, None)


def test_a_document_that_is_not_json_is_told_of_with_a_way_to_its_text():
    view = explore(frame(1).assign(output_manifest='{"score": nope}'))
    view.path = "output_manifest.score"
    with pytest.raises(JSONTextError) as refused:
        assert view.value
    assert "run.output_manifest_text" in refused.value.hint
    assert view.run.output_manifest_text == '{"score": nope}'


@pytest.mark.parametrize(
    "make", [lambda: explore_json([1]), lambda: explore(frame())], ids=["json", "runs"]
)
def test_a_file_that_cannot_be_written_is_an_error_of_the_family_and_leaves_nothing(tmp_path, make):
    view = make()
    for path in (tmp_path / "nodir" / "x.html", tmp_path):
        with pytest.raises(DataError) as refused:
            view.to_html(path)
        assert refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_it_is_observed_linked_and_boxed_like_any_ipywidget():
    view = explore(frame())
    seen = []
    view.observe(lambda change: seen.append(change["new"]), "selected")
    chooser = ipywidgets.Dropdown(
        options=[(f"run {number}", number) for number in range(6)], value=5
    )
    number_of = {tuple(key(number)): number for number in range(6)}
    link = ipywidgets.link(
        (chooser, "value"),
        (view, "selected"),
        transform=(lambda n: [key(n)], lambda keys: number_of[tuple(keys[0])]),
    )
    chooser.value = 2
    assert view.selected == seen[-1] == [key(2)]
    view.selected = [key(4)]
    assert chooser.value == 4
    link.unlink()
    assert ipywidgets.HBox([chooser, view]).children[1] is view


def test_it_drives_an_interactive_output():
    view = explore(frame())
    shown = []
    ipywidgets.interactive_output(lambda chosen: shown.append(chosen), {"chosen": view_value(view)})
    view.selected = [key(0)]
    assert shown[-1] == key(0)[1]


def view_value(view):
    """A ValueWidget that follows the explorer's choice."""
    label = ipywidgets.Text()
    ipywidgets.dlink((view, "selected"), (label, "value"), lambda keys: keys[0][1] if keys else "")
    return label


def test_neither_data_nor_documents_nor_the_key_are_in_the_state():
    view = explore(body(1_000), Client())
    state = json.dumps(view.get_state(), default=str)
    assert len(state) <= 20_000
    assert "report.md" not in state
    assert "2026-Q1" not in state
    assert CANARY not in state


def test_the_key_is_in_nothing_that_is_shown_or_written(tmp_path):
    for view in (explore(one(), Client()), explore(frame(), Client())):
        written = view.to_html(tmp_path / "view.html").read_text()
        bundle = json.dumps(view._repr_mimebundle_())
        for text in (repr(view), str(view), bundle, json.dumps(view._twin()), view.code, written):
            assert CANARY not in text


def test_a_display_is_a_place_for_the_twin_then_the_live_view_then_the_twin(monkeypatch):
    published = []
    monkeypatch.setattr(
        "agentrun_nb.widget.view.display", lambda data, **how: published.append((data, how))
    )
    one()._ipython_display_()
    (place, placed), (live, _), (twin, how) = published
    assert place == {"text/plain": ""}
    assert "application/vnd.jupyter.widget-view+json" in live
    assert "text/html" in twin
    assert how["display_id"] == placed["display_id"]
    assert (placed["update"], how["update"]) == (False, True)
    assert (
        live["text/plain"]
        == twin["text/plain"]
        == "<RunExplorer: run 'adrun_00000003', live while its kernel runs>"
    )


def test_in_an_output_widget_the_twin_comes_first_because_it_takes_no_changes(monkeypatch):
    published = []
    monkeypatch.setattr(
        "agentrun_nb.widget.view.display", lambda data, **how: published.append((data, how))
    )
    captured = ipywidgets.Output()
    captured.msg_id = "the cell that runs"
    try:
        one()._ipython_display_()
    finally:
        captured.close()
    assert ["text/html" in data for data, _ in published] == [True, False]
    assert not any(how["update"] for _, how in published)


def test_a_view_that_is_displayed_sends_its_page_unasked_and_its_code_until_a_page_has_it(
    monkeypatch,
):
    monkeypatch.setattr("agentrun_nb.widget.view.display", lambda *_, **__: None)
    monkeypatch.setattr(View, "_page_has_code", False)

    def sent_by(view):
        sent = []
        view.send = lambda content, buffers=None: sent.append((content, buffers))
        view._ipython_display_()
        return sent

    first, second = explore(frame()), explore(frame())
    (code, parts), (opened, buffers) = sent_by(first)
    assert (code["op"], opened["op"]) == ("code", "opened")
    asked = conversation(explore(frame()))
    assert parts == asked({"id": 1, "op": "module"})[1]
    page, columns = asked({"id": 2, "op": "open"})
    assert opened["page"] | {"uid": ""} == page["page"] | {"uid": ""}
    assert buffers == columns
    assert [content["op"] for content, _ in sent_by(second)] == ["code", "opened"]
    # Only code that runs asks for more; the later part may have come from another kernel.
    conversation(second)({"id": 1, "op": "run", "row": 0})
    assert [content["op"] for content, _ in sent_by(explore(frame()))] == ["opened"]


@pytest.mark.parametrize("limit", ["MOST_UNASKED", "MOST_UNASKED_BYTES"])
@pytest.mark.parametrize("view", [lambda: explore(frame()), lambda: explore_json("[1, 2, 3]")])
def test_a_large_page_waits_to_be_asked_for(monkeypatch, view, limit):
    monkeypatch.setattr("agentrun_nb.widget.view.display", lambda *_, **__: None)
    monkeypatch.setattr(View, "_page_has_code", True)
    monkeypatch.setattr(f"agentrun_nb.widget.view.{limit}", -1)
    sent = []
    shown = view()
    shown.send = lambda content, buffers=None: sent.append(content)
    shown._ipython_display_()
    assert sent == []


def test_an_update_repaints_a_twin_that_was_published(monkeypatch):
    published = []
    monkeypatch.setattr(
        "agentrun_nb.widget.view.display", lambda data, **how: published.append((data, how))
    )
    view = explore(frame())
    view.update(frame(5))
    assert published == []
    view._ipython_display_()
    view.update(frame(4))
    assert published[-1][1]["update"] is True
    assert "4 runs" in published[-1][0]["text/html"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("filter", {"status": "failed"}, "of 6 shown"),
        ("by", "status", "by=&#x27;status&#x27;"),
        ("window", ["2026-01-01T00:00Z", "2026-01-01T01:00Z"], "2026-01-01"),
        ("tz", "Asia/Kolkata", "Asia/Kolkata"),
    ],
)
def test_a_twin_that_was_published_follows_the_values_that_it_shows(
    monkeypatch, name, value, words
):
    published = []
    monkeypatch.setattr(
        "agentrun_nb.widget.view.display", lambda data, **how: published.append((data, how))
    )
    view = explore(frame())
    setattr(view, name, value)
    assert published == []
    setattr(view, name, None if name != "tz" else "UTC")
    view._ipython_display_()
    first = published[-1][0]["text/html"]
    setattr(view, name, value)
    twin, how = published[-1]
    assert how["update"] is True
    assert twin["text/html"] != first
    assert words in twin["text/html"]


def test_a_twin_is_published_once_after_many_changes(monkeypatch):
    published = []
    monkeypatch.setattr("agentrun_nb.widget.view.display", lambda data, **_: published.append(data))
    monkeypatch.setattr("agentrun_nb.widget.view._QUIET", 0.01)

    async def change() -> None:
        for status in ("failed", "succeeded", "no such status"):
            view.filter = {"status": status}
        await asyncio.sleep(0.1)

    view = explore(frame())
    view._ipython_display_()
    before = len(published)
    asyncio.run(change())
    assert len(published) == before + 1
    assert "0 of 6 shown" in published[-1]["text/html"]


def test_a_closed_view_has_left_nothing_behind():
    view = explore(frame())
    model = view.model_id
    view.close()
    assert model not in all_widgets()
    with capture_output() as said:
        view.close()
    assert said.stderr == ""


def test_a_record_without_mode_and_status_is_shown():
    view = explore(arn.Run(json.dumps(EXAMPLE).encode()))
    assert view.run.status is None
    assert "no status recorded" in view._twin()["text/html"]


def test_a_json_document_gives_the_value_at_its_path():
    view = explore_json({"a": [{"b": 2**70}]})
    view.path = "a[0].b"
    names = {"document": {"a": [{"b": 2**70}]}}
    exec(view.code, names)
    assert view.value == names["value"] == 2**70


def test_objects_of_pandas_and_numpy_are_documents_and_others_are_refused():
    numbers = {"a": np.int64(3), "b": pd.Timestamp("2026-11-20"), "c": pd.NA, "d": np.arange(2)}
    assert explore_json(numbers).value == {
        "a": 3,
        "b": "2026-11-20T00:00:00",
        "c": None,
        "d": [0, 1],
    }
    for wrong in ({1}, object(), frame(), frame().iloc[0], {(1, 2): 3}):
        with pytest.raises(DataError, match="cannot be written as JSON") as caught:
            explore_json(wrong)
        assert caught.value.hint


def test_rows_that_failed_or_have_no_status_are_counted_in_the_note():
    runs = frame(4)
    runs.loc["row 0", "status"] = None
    runs.loc["row 1", "fetch_error"] = "not_found: There is no such run."
    runs.loc["row 2", "created_at"] = pd.NaT
    view = explore(runs)
    note = view._page()[0]["note"]
    assert "1 run could not be fetched." in note
    assert "1 run without a status that can be read." in note
    assert "created" not in note, "the timeline tells of that, with a way to these runs"
    assert "1 run without a created time that can be read." in view._twin()["text/html"]


def test_the_package_imports_neither_pandas_nor_plotly_nor_anywidget_by_itself():
    code = "import agentrun_nb, sys; print({'pandas', 'plotly', 'anywidget', 'ipywidgets'} & set(sys.modules))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "set()\n"
    )


def test_a_file_holds_the_page_and_leaves_out_what_it_is_told_to(tmp_path):
    view = explore(frame())
    whole, lean = (
        view.to_html(tmp_path / f"{n}.html", without=without).read_text()
        for n, without in enumerate([(), ("input", "output_manifest")])
    )
    assert "with their input and output manifest. It reads no output files." in whole
    assert "without their documents." in lean
    assert "Content-Security-Policy" in whole
    with pytest.raises(SettingsError):
        view.to_html(tmp_path / "x.html", without=["mode"])


def test_a_document_is_written_as_one_file(tmp_path):
    view = explore_json('{"a": [1.0, "</script>"]}')
    written = view.to_html(tmp_path / "document.html").read_text()
    assert "This file holds a JSON document of 25 characters." in written
    assert '</script>"' not in written


def test_the_repr_says_what_it_holds():
    assert repr(explore(frame())) == "<RunExplorer: 6 runs, live while its kernel runs>"
    assert isinstance(explore(frame()), RunExplorer)
