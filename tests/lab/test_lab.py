"""The widget in a real JupyterLab: page and kernel hold the same choice, and a saved notebook tells its story alone."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.jupyter_host import Host, OpenNotebook
from tests.support.open_page import click_run
from tests.support.samples import body, record

READ = "import pathlib\nimport agentrun_nb as arn\nruns = arn.runs_frame(pathlib.Path('runs.json').read_bytes())"
ONE = f"{READ}\nrun = arn.Run(pathlib.Path('run.json').read_bytes())\nrun"


@pytest.fixture
def host(lab: Host) -> Host:
    """The host with records to read."""
    (lab.files / "runs.json").write_bytes(body(12))
    (lab.files / "run.json").write_text(
        json.dumps(
            record(
                3,
                "failed",
                failure_reason="no such column",
                output_manifest=record(3)["output_manifest"],
            )
        )
    )
    return lab


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shots")


def live(notebook: OpenNotebook, cell: int) -> Locator:
    return notebook.cell(cell).locator(".arn-root")


def twin(notebook: OpenNotebook, cell: int) -> Locator:
    return notebook.cell(cell).locator(".arn-twin")


def assert_quiet(notebook: OpenNotebook) -> None:
    assert (notebook.errors, notebook.outside) == ([], [])


def test_views_are_there_while_the_cells_after_them_still_run(
    host: Host, browser: Browser, tmp_path: Path
) -> None:
    """All cells are run at once; the last one ends when this test says so."""
    gate = tmp_path / "gate"
    wait = f"import time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.1)"
    name = host.write("busy.ipynb", READ, "arn.explore(runs)", "arn.explore(runs)", wait).name
    with host.open(browser, name) as notebook:
        notebook.start_all()
        for cell in (1, 2):
            expect(live(notebook, cell).get_by_test_id("arn-timeline-canvas")).to_be_visible()
        assert "[*]" in notebook.cell(3).inner_text(), "the kernel is busy"
        gate.touch()
        notebook.wait_until_idle()
        click_run(live(notebook, 1), 0)
        expect(live(notebook, 1).locator(".arn-statusname")).to_be_visible()
        assert_quiet(notebook)


def test_in_an_output_widget_the_view_hides_a_twin_as_well(host: Host, browser: Browser) -> None:
    """Such a widget keeps what is displayed in it first, and passes over changes of it."""
    show = "import ipywidgets\nout = ipywidgets.Output()\nwith out: display(arn.explore(runs))\nout"
    name = host.write("output.ipynb", READ, show).name
    with host.open(browser, name) as notebook:
        notebook.run_all()
        expect(live(notebook, 1).get_by_test_id("arn-timeline-canvas")).to_be_visible()
        twin = notebook.cell(1).locator(".arn-twin")
        expect(twin).to_have_count(1)
        expect(twin).to_be_hidden()
        assert_quiet(notebook)


PRICED = """import json
from IPython.display import HTML
records = [json.loads(one) for one in arn.local.generate(3, seed=3)]
for each in records:
    each |= {"status": "failed", "failure_reason": "costs $5 or $7, $$y$$ and \\\\(x\\\\)"}
    each["input"] = {"$a$": "$b$ and $c$"}
priced = arn.runs_frame(json.dumps(records).encode())"""


def test_what_stands_between_dollar_signs_stays_as_it_is(host: Host, browser: Browser) -> None:
    shows = ["arn.explore(priced)", "arn.explore(priced.iloc[0])", "arn.failures(priced)"]
    name = host.write("priced.ipynb", READ, PRICED, *shows, "HTML('$x$')").name
    with host.open(browser, name) as notebook:
        notebook.run_all()
        formulas = [notebook.cell(cell).locator("mjx-container") for cell in range(2, 6)]
        expect(formulas[-1], "a page that sets formulas sets this one").to_have_count(1)
        assert [found.count() for found in formulas[:-1]] == [0, 0, 0]
        assert_quiet(notebook)


def test_page_and_kernel_hold_the_same_choice(host: Host, browser: Browser) -> None:
    set_it = "ex.selected = [['agdep_reports', 'adrun_00000002']]; print(ex.value)"
    told = "print(ex.selected, ex.run.id)"
    name = host.write("choice.ipynb", READ, "ex = arn.explore(runs); ex", told, set_it).name
    with host.open(browser, name) as notebook:
        notebook.run_all()
        expect(live(notebook, 1).locator(".arn-statusname")).to_have_text("succeeded")
        click_run(live(notebook, 1), 5)
        expect(live(notebook, 1).locator(".arn-statusname")).to_have_text("failed")
        assert notebook.ask(2) == "[['agdep_reports', 'adrun_00000005']] adrun_00000005"
        assert notebook.ask(3) == "None"
        expect(live(notebook, 1).locator(".arn-run")).to_contain_text("adrun_00000002")
        assert_quiet(notebook)


def test_the_manifest_is_searched_expanded_and_gives_its_value(
    host: Host, browser: Browser
) -> None:
    name = host.write(
        "manifest.ipynb", ONE, "ex = arn.explore(run); ex", "print(ex.path, ex.value)"
    ).name
    with host.open(browser, name) as notebook:
        notebook.run_all()
        view = live(notebook, 1)
        view.get_by_role("tab", name="Manifest").click()
        tree = view.locator(".arn-tree")
        view.get_by_role("button", name="Collapse all").click()
        expect(tree.get_by_text("size_bytes")).to_have_count(0)
        view.get_by_role("button", name="Expand all").click()
        expect(tree.get_by_text("size_bytes")).to_have_count(2)
        view.get_by_role("button", name="Collapse all").click()
        view.locator(".arn-run").get_by_role("searchbox").fill("plot.png")
        view.locator(".arn-run").get_by_role("searchbox").press("Enter")
        tree.get_by_text("out/plot.png").click()
        assert notebook.ask(2) == "output_manifest.outputs[1].path out/plot.png"
        assert_quiet(notebook)


def test_the_live_view_hides_its_twin_in_light_and_dark(
    host: Host, browser: Browser, shots: Path
) -> None:
    name = host.write("themes.ipynb", ONE, "arn.explore(runs, tz='Europe/Berlin')").name
    with host.open(browser, name) as notebook:
        notebook.run_all()
        for cell in (0, 1):
            expect(live(notebook, cell)).to_be_visible()
            expect(twin(notebook, cell)).to_be_hidden()
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            notebook.theme(theme)
            for cell, kind in ((0, "run"), (1, "runs")):
                picture = notebook.cell(cell).screenshot(path=shots / f"{kind} in {theme}.png")
                assert len(picture) > 20_000
        assert_quiet(notebook)


OVERLAPS = """(root) => [...root.querySelectorAll('dt')].filter((name) => {
  const [a, b] = [name, name.nextElementSibling].map((part) => {
    const range = document.createRange();
    range.selectNodeContents(part);
    return range.getBoundingClientRect();
  });
  return a.width && b.width && a.left < b.right && b.left < a.right && a.top < b.bottom - 1 && b.top < a.bottom - 1;
}).map((name) => name.innerText)"""


def test_the_hosts_own_styles_do_not_push_words_over_one_another(
    host: Host, browser: Browser
) -> None:
    name = host.write("styles.ipynb", ONE).name
    with host.open(browser, name) as notebook:
        notebook.run_all()
        expect(live(notebook, 0).locator(".arn-statusname")).to_be_visible()
        assert live(notebook, 0).evaluate(OVERLAPS) == []


def saved(host: Host, browser: Browser, name: str) -> Path:
    """A notebook with outputs, saved by the front end, whose kernel is gone."""
    path = host.write(name, ONE, "arn.explore(runs)")
    with host.open(browser, name) as notebook:
        notebook.run_all()
        expect(live(notebook, 1)).to_be_visible()
        notebook.save()
    return path.rename(path.with_stem(f"{path.stem}_again"))


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_a_saved_notebook_tells_its_story_without_a_kernel(
    host: Host, browser: Browser, shots: Path, trusted: bool
) -> None:
    path = saved(host, browser, f"saved_{trusted}.ipynb")
    assert path.stat().st_size < 150_000
    if not trusted:
        path.write_text(
            path.read_text().replace("explore(runs)", "explore(runs) # changed by somebody else")
        )
    with host.open(browser, path.name, kernel=False) as notebook:
        notebook.theme("JupyterLab Dark")
        one, many = twin(notebook, 0), twin(notebook, 1)
        for words in (
            "failed",
            "no such column",
            "adrun_00000003",
            "out/report.md",
            '"score": 0.503',
        ):
            expect(one).to_contain_text(words)
        expect(many).to_contain_text("12 runs")
        for shown in (one, many):
            expect(shown).to_be_visible()
            width = shown.locator("img").evaluate(
                "async (image) => { await image.decode(); return image.naturalWidth; }"
            )
            assert width == 720
        expect(notebook.page.locator(".arn-root")).to_have_count(0)
        notebook.page.locator(".jp-NotebookPanel").screenshot(path=shots / f"saved, {trusted=}.png")
        assert notebook.outside == []


def test_a_plotly_figure_of_the_screen_is_live_with_a_picture_beside_it(
    host: Host, browser: Browser
) -> None:
    name = host.write("figure.ipynb", READ, "arn.figures.show(arn.explore(runs).figure())").name
    with host.open(browser, name) as notebook:
        notebook.run_all()
        expect(notebook.cell(1).locator(".js-plotly-plot .barlayer .point").first).to_be_visible()
        notebook.save()
        assert notebook.outside == []
    [shown] = nbformat.read(host.files / name, 4).cells[1].outputs
    assert "<svg" in "".join(shown.data["image/svg+xml"])


READER = """class Reader:
    def read_output(self, *_, **__):
        return b'what the file holds'
"""


def test_after_a_restart_a_look_into_a_file_says_what_happened_and_what_to_do(
    host: Host, browser: Browser
) -> None:
    shown = "ex = arn.explore(runs.iloc[:3], Reader()); ex.selected = runs.iloc[2]; ex"
    name = host.write("restart.ipynb", f"{READ}\n{READER}", shown).name
    with host.open(browser, name) as notebook:
        notebook.run_all()
        preview = live(notebook, 1).locator("table button").first
        place = live(notebook, 1).locator(".arn-preview")
        preview.click()
        expect(place.filter(has_text="what the file holds")).to_be_visible()
        notebook.restart()
        preview.click()
        where = live(notebook, 1).locator(".arn-preview")
        expect(where).to_contain_text("restarted", timeout=20_000)
        expect(where).to_contain_text("cell")
        notebook.run_all()
        preview.click()
        expect(place.filter(has_text="what the file holds")).to_be_visible()
        assert_quiet(notebook)
