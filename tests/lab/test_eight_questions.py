"""The questions of an everyday, answered in JupyterLab with few clicks, each checked against pandas.

The runs are a thousand generated ones, and those of a local service: some failed, some succeeded, some go on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import agentrun_nb as arn
from agentrun_nb.core.times import seconds_text
from tests.support.hand import Hand
from tests.support.jupyter_host import Host, OpenNotebook

SEED = 36
"""A seed with several failures of one version in its last hour."""

GENERATED = f"""import agentrun_nb as arn
import pandas as pd
runs, client = arn.runs_frame(arn.local.generate(1_000, seed={SEED})), None
arn.save(runs, "generated.parquet")"""

SERVICE = """import json, pathlib, time
import agentrun_nb as arn
import pandas as pd
service = arn.local.serve(workers=3)
client = service.client
for given in ({"invoices": 5}, {"invoices": 4}, {"invoices": 12}, {}, {"invoices": 3}):
    service.submit("invoice-audit", given)
for column in ("bicycles", "no such column", "bicycles"):
    service.submit("csv-report", {"column": column})
for name in ("code-review", "site-map", "comment-digest", "nightly-export", "broken-install"):
    service.submit(name)
for version in (1, 2):
    service.submit("invoice-audit", {"invoices": 11}, version=version)
    service.submit("site-map", version=version)
service.wait()
last = [service.submit("long-training", {"epochs": 100}) for _ in range(4)]
while client.get_run(last[1].deployment_id, last[1].id).status != "running":
    time.sleep(0.05)
runs = client.list_runs(progress=False)
arn.save(runs, "service.parquet")
arn.save(client.get_logs(runs, progress=False), "logs.parquet")
pathlib.Path("names.json").write_text(json.dumps(client.names()))"""

SETUPS = {"generated": GENERATED, "service": SERVICE}
SHOW = "ex = arn.explore(runs, client, follow=False); ex"
"""The runs as they were read, which is what pandas has too."""

VIEW, PASTE, ASK = 1, 2, 3
"""The cells of the notebook after the first: the view, an empty one, and one for questions."""

FAILURES = ["failed", "timed_out"]


@dataclass
class Bench:
    """A notebook with a view, and the same runs for pandas.

    Attributes:
        kind: which runs they are.
        files: where the notebook wrote them.
        runs: the runs, each with the moments `start`, `wait_end` and `run_end` until which it is known.
        names: the names of deployments and versions by their ids.
    """

    kind: str
    notebook: OpenNotebook
    files: Path
    runs: pd.DataFrame
    names: dict[str, str]

    @property
    def page(self) -> Page:
        return self.notebook.page

    @property
    def view(self) -> Locator:
        return self.notebook.cell(VIEW).locator(".arn-root")

    def part(self, name: str) -> Locator:
        return self.view.get_by_test_id(f"arn-wb-{name}")

    def button(self, name: str) -> Locator:
        return self.view.get_by_role("button", name=name, exact=True)

    def fresh(self, **traits: Any) -> None:
        """Shows the view anew, and sets what it shares with Python."""
        lines = [SHOW.removesuffix("; ex")]
        lines += [f"ex.{name} = {value!r}" for name, value in traits.items()]
        self.write(VIEW, "\n".join([*lines, "ex"]))
        self.notebook.run(VIEW)
        expect(self.part("sentence")).to_contain_text(f"{len(self.runs):,} runs")
        self.await_names(self.view)

    def await_names(self, view: Locator) -> None:
        """Waits for names: they come from the service while the view is there already."""
        if self.names:
            self.page.wait_for_function(
                "([root, names]) => names.some((name) => root.innerText.includes(name))",
                arg=[view.element_handle(), list(self.names.values())],
            )

    def write(self, cell: int, code: str) -> None:
        """Writes the source of a cell."""
        self.page.evaluate(
            "([cell, code]) => window.jupyterapp.shell.currentWidget.content.widgets[cell].model"
            ".sharedModel.setSource(code)",
            [cell, code],
        )

    def ask(self, expression: str) -> Any:
        """What an expression gives in the kernel, by way of JSON."""
        self.write(ASK, f"import json; print(json.dumps({expression}))")
        return json.loads(self.notebook.ask(ASK))

    def chosen(self) -> list[str]:
        """The ids of the chosen runs, as Python has them once the page's last change is there."""
        self.ask("1")
        return self.ask("[key[1] for key in ex.selected]")


def read_runs(path: Path) -> pd.DataFrame:
    """The runs, each with how long it waited and ran; a run that goes on counts until it was read."""
    runs = arn.load(path)
    seen = runs["fetched_at"]
    has_started, has_ended = runs["started_at"].notna(), runs["completed_at"].notna()
    until = runs["completed_at"].where(has_ended, seen)
    waited = runs["started_at"].where(has_started, until)
    wait = (waited - runs["created_at"]).dt.total_seconds()
    length = (until - runs["started_at"]).dt.total_seconds()
    return runs.assign(wait=wait, length=length)


@pytest.fixture(scope="module", params=SETUPS)
def bench(
    request: pytest.FixtureRequest, lab: Host, browser: Browser, tmp_path_factory: Any
) -> Iterator[Bench]:
    kind = request.param
    name = lab.write(f"questions_{kind}.ipynb", SETUPS[kind], SHOW, "", "").name
    with lab.open(browser, name) as notebook:
        notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        notebook.run(0)
        names = lab.files / "names.json"
        known = json.loads(names.read_text()) if kind == "service" else {}
        runs = read_runs(lab.files / f"{kind}.parquet")
        yield Bench(kind, notebook, lab.files, runs, known)
        assert (notebook.ours, notebook.outside) == ([], [])


@pytest.fixture
def hand() -> Hand:
    return Hand()


# --- why did the last failed run fail, and what did its log say?


def last_created_failure(runs: pd.DataFrame) -> pd.Series[Any]:
    return runs[runs["status"].isin(FAILURES)].sort_values("created_at").iloc[-1]


def assert_tells_why(bench: Bench, run: pd.Series[Any]) -> None:
    """The reason is on the screen to the letter, and beside it the last lines of errors of the log."""
    expect(bench.view.locator(".arn-reason")).to_contain_text(run["failure_reason"])
    assert bench.chosen() == [run["id"]]
    if bench.kind == "generated":
        return
    logs = arn.load(bench.files / "logs.parquet")
    errors = logs[logs["run_id"].eq(run["id"]) & logs["level"].eq("error")]
    lines = [line for text in errors["message"] for line in text.splitlines() if line.strip()]
    reason = run["failure_reason"]
    telling = [line for line in lines if line.strip() not in reason and reason not in line]
    excerpt = bench.view.locator(".arn-excerpt")
    expect(excerpt).to_be_visible()
    for line in telling[-8:]:
        expect(excerpt).to_contain_text(line)


def test_the_last_failed_run_says_why_and_shows_its_log(bench: Bench, hand: Hand) -> None:
    bench.fresh()
    with hand.at_most(1):
        hand.click(bench.button("Previous failure"))
        assert_tells_why(bench, last_created_failure(bench.runs))


def test_from_the_numbers_the_run_that_failed_last_is_a_click_away(
    bench: Bench, hand: Hand
) -> None:
    failed = bench.runs[bench.runs["status"].isin(FAILURES)]
    ended = failed["completed_at"].fillna(failed["created_at"])
    bench.fresh(selected=[])
    with hand.at_most(1):
        line = bench.part("numbers").locator("dt:text-is('last failure') + dd")
        hand.click(line.get_by_role("button"))
        assert_tells_why(bench, failed.loc[ended.idxmax()])


# --- which took longest, waiting or running?


LONGEST = {"longest": "length", "longest wait": "wait"}
"""The lines of the numbers, and what is the most in them."""


@pytest.mark.parametrize("line", LONGEST)
@pytest.mark.parametrize("view", ["timeline", "table", "durations"])
def test_the_longest_wait_and_the_longest_run_are_told_and_a_click_away(
    bench: Bench, hand: Hand, line: str, view: str
) -> None:
    longest = most_of(bench.runs, LONGEST[line])
    run = longest.iloc[0]
    bench.fresh(view=view)
    told = bench.part("numbers").locator(f"dt:text-is('{line}') + dd")
    names = {bench.names.get(one.version_id, one.id) for one in longest.itertuples()}
    # The numbers are counted after the picture, and so have the names later than it.
    expect(told.get_by_role("button")).to_have_text(re.compile("|".join(map(re.escape, names))))
    name = told.get_by_role("button").inner_text()
    assert name in names
    words = told.inner_text().removeprefix(name).strip()
    end = "completed_at" if line == "longest" else "started_at"
    assert words.endswith(" so far") == pd.isna(run[end])
    assert words.removesuffix(" so far") == seconds_text(run[LONGEST[line]])
    with hand.at_most(1):
        hand.click(told.get_by_role("button"))
        expect(bench.view.locator(".arn-run")).to_be_visible()
        [chosen] = bench.chosen()
        assert chosen in set(longest["id"])


def test_from_a_run_a_click_leads_back_to_the_longest(bench: Bench, hand: Hand) -> None:
    run = bench.runs.iloc[0]
    bench.fresh(selected=[[run["deployment_id"], run["id"]]])
    with hand.at_most(1):
        hand.click(bench.button("Numbers"))
        expect(bench.part("numbers")).to_contain_text("longest wait")
    assert bench.chosen() == []


def test_the_table_is_sorted_by_how_long_runs_waited_or_ran(bench: Bench, hand: Hand) -> None:
    bench.fresh(view="table")
    for label, column in {"before start": "wait", "after start": "length"}.items():
        with hand.at_most(1):
            hand.click(bench.view.get_by_role("columnheader", name=label))
            top = top_row(bench.view).locator(".arn-grid-id")
            longest = {short_id(run) for run in most_of(bench.runs, column)["id"]}
            expect(top).to_have_text(re.compile("|".join(longest)))


def short_id(run_id: str) -> str:
    return run_id.removeprefix("adrun_")[:8]


def most_of(runs: pd.DataFrame, column: str) -> pd.DataFrame:
    """The runs with the most of something: several timed out after the very same time."""
    return runs[runs[column].eq(runs[column].max())]


def top_row(view: Locator) -> Locator:
    """The first row of the table."""
    view.locator(".arn-grid").evaluate("(grid) => { grid.scrollTop = 0; }")
    return view.locator(".arn-grid-row[aria-rowindex='2']")


# --- one key of the manifest as a column over all runs


KEYS = {"generated": "score", "service": "sandbox_id"}


def manifest_values(runs: pd.DataFrame, key: str) -> dict[str, Any]:
    """What stands under a key of each manifest, by run."""
    texts = runs.set_index("id")["output_manifest"].dropna()
    documents = {run: json.loads(text) for run, text in texts.items()}
    return {run: document[key] for run, document in documents.items() if key in document}


COLUMN = """(grid) => [...grid.querySelectorAll('.arn-grid-row:not(.arn-outofsight)')].map((row) =>
  [row.querySelector('.arn-grid-id').innerText, row.lastElementChild.innerText])"""
"""The short id and the last cell of the rows that are elements."""


def test_a_key_of_the_manifest_becomes_a_column_over_all_runs(bench: Bench, hand: Hand) -> None:
    key = KEYS[bench.kind]
    values = manifest_values(bench.runs, key)
    newest = bench.runs[bench.runs["id"].isin(values)].sort_values("created_at").iloc[-1]
    bench.fresh(selected=[[newest["deployment_id"], newest["id"]]])
    with hand.at_most(2):
        hand.click(bench.view.get_by_role("tab", name="Manifest"))
        row = bench.view.locator(".arn-row", has=bench.page.locator(f"text='{key}'")).first
        row.hover()
        hand.click(row.locator(".arn-on-row"))
        grid = bench.view.locator(".arn-grid")
        expect(grid.get_by_role("columnheader", name=key)).to_be_visible()
        line = bench.view.get_by_role("tabpanel").locator("code", has_text="arn.extract(")
        expect(line).to_be_visible()
    expect(grid.locator(".arn-grid-row > :last-child", has_text="…")).to_have_count(0)
    by_short = {short_id(run): value for run, value in values.items()}
    cells = grid.evaluate(COLUMN)
    assert len(cells) > 5
    for run, text in cells:
        expected = by_short.get(run, "")
        assert (text if isinstance(expected, str) else float(text)) == expected
    extracted = bench.ask(f"{line.inner_text()}['{key}'].dropna().tolist()")
    assert sorted(extracted) == sorted(values.values())


# --- is it still going, and does the view follow?


GO_ON = """going = [service.submit("csv-report"), service.submit("long-training", {"epochs": 100})]
now = client.list_runs(progress=False)
ex = arn.explore(now, client); ex"""


def test_runs_that_go_on_are_followed_to_their_end(bench: Bench, hand: Hand) -> None:
    if bench.kind == "generated":
        # All of these runs have ended, and the view says of none that it goes on.
        bench.fresh()
        assert bench.runs["completed_at"].notna().all()
        expect(bench.part("statuses")).not_to_contain_text("running")
        return
    bench.write(VIEW, GO_ON)
    bench.notebook.run(VIEW)
    statuses = bench.part("statuses")
    expect(statuses).to_be_visible()
    assert not bench.ask("now['completed_at'].notna().all().item()")
    assert bench.ask("bool(service.wait())")
    counts = bench.ask(
        "client.list_runs(progress=False)['status'].astype(str).value_counts().to_dict()"
    )
    words = {"timed_out": "timed out"}
    for status, count in counts.items():
        if count:
            text = f"{count} {words.get(status, status)}"
            expect(statuses).to_contain_text(text, timeout=30_000)
    expect(statuses.get_by_role("button")).to_have_count(sum(map(bool, counts.values())))
    assert hand.count == 0
    assert bench.ask("ex.runs['completed_at'].notna().all().item()")


# --- the failed run against the last success of the same version


def last_success_of(runs: pd.DataFrame, run: pd.Series[Any], column: str) -> pd.Series[Any] | None:
    before = runs["status"].eq("succeeded") & runs["created_at"].lt(run["created_at"])
    found = runs[before & runs[column].eq(run[column])].sort_values("created_at")
    return found.iloc[-1] if len(found) else None


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """What stands in a document, by path."""
    if isinstance(value, dict) and value:
        parts = [leaves(part, f"{path}.{key}") for key, part in value.items()]
    elif isinstance(value, list) and value:
        parts = [leaves(part, f"{path}[{place}]") for place, part in enumerate(value)]
    else:
        return {path: value}
    return {place: leaf for part in parts for place, leaf in part.items()}


def test_a_failed_run_stands_beside_the_last_success_of_its_version(
    bench: Bench, hand: Hand
) -> None:
    failed = bench.runs[bench.runs["status"].eq("failed")].sort_values("created_at")
    pairs = [(run, last_success_of(bench.runs, run, "version_id")) for _, run in failed.iterrows()]
    run, success = [(run, success) for run, success in pairs if success is not None][-1]
    bench.fresh(selected=[[run["deployment_id"], run["id"]]])
    with hand.at_most(1):
        hand.click(bench.button("Compare with last success"))
        comparison = bench.view.locator(".arn-comparison")
        expect(comparison).to_contain_text("Beside the last success of the same version")
        heads = comparison.locator(".arn-pairs").first.locator("thead th")
        expect(heads).to_have_text([success["id"], run["id"]])
    outcome = comparison.locator(".arn-pairs").first.locator("tbody")
    reasons = ["not there", run["failure_reason"]]
    for label, texts in {"status": ["succeeded", "failed"], "failure reason": reasons}.items():
        cells = outcome.filter(has=bench.page.get_by_text(label, exact=True)).locator("td")
        for cell, text in zip(cells.all(), texts, strict=True):
            expect(cell).to_contain_text(text)
    inputs = [leaves(json.loads(each["input"]), "input") for each in (success, run)]
    differing = {
        path for path in {*inputs[0], *inputs[1]} if inputs[0].get(path) != inputs[1].get(path)
    }
    told = comparison.locator("tbody th .arn-value").all_inner_texts()
    assert {path for path in told if path.startswith("input")} == differing


def test_a_run_without_such_a_success_is_compared_with_another_version_and_says_so(
    bench: Bench, hand: Hand
) -> None:
    failed = bench.runs[bench.runs["status"].eq("failed")].sort_values("created_at")
    pairs = [
        (run, last_success_of(bench.runs, run, "deployment_id"))
        for _, run in failed.iterrows()
        if last_success_of(bench.runs, run, "version_id") is None
    ]
    found = [(run, success) for run, success in pairs if success is not None]
    if not found:
        pytest.skip("Every failed run has a success of its own version before it.")
    run, success = found[-1]
    bench.fresh(selected=[[run["deployment_id"], run["id"]]])
    with hand.at_most(1):
        hand.click(bench.button("Compare with last success"))
        comparison = bench.view.locator(".arn-comparison")
        expect(comparison).to_contain_text("of the deployment, of another version")
        expect(comparison.locator(".arn-pairs").first).to_contain_text(success["id"])


# --- failed, one version, last hour


def newest_look(runs: pd.DataFrame) -> pd.Timestamp:
    moments = ["created_at", "started_at", "completed_at", "updated_at", "fetched_at"]
    return runs[moments].max().max()


def test_the_failures_of_one_version_in_the_last_hour(bench: Bench, hand: Hand) -> None:
    runs = bench.runs
    is_failed = runs["status"].isin(FAILURES)
    is_recent = runs["created_at"].ge(newest_look(runs) - pd.Timedelta("1h"))
    counts = runs[is_failed]["version_id"].value_counts()
    recent = runs[is_failed & is_recent]["version_id"].value_counts()
    version = recent.index[0]
    expected = runs[is_failed & is_recent & runs["version_id"].eq(version)]
    # Others fail in that hour, and this version before it, or nothing would be narrowed.
    assert len(expected) > 0
    if bench.kind == "generated":
        assert len(expected) < counts[version]
    bench.fresh()
    with hand.at_most(3):
        hand.click(bench.part("filter"))
        panel = bench.part("panel")
        names = [bench.names.get(version, version), str(counts[version])]
        failures = panel.get_by_role("toolbar", name="Failures of a version")
        hand.click(failures.get_by_role("button", name=" · ".join(names), exact=True))
        hand.click(panel.get_by_role("button", name="last hour", exact=True))
        words = f"{len(expected):,} of {len(runs):,} shown"
        expect(bench.part("result")).to_contain_text(words)
    bench.ask("1")
    assert set(bench.ask("ex.shown['id'].tolist()")) == set(expected["id"])
    panel.get_by_role("button", name="Close").click()


# --- share what I see, and write it down


def a_view(bench: Bench) -> dict[str, Any]:
    """A table that is narrowed, sorted, with a column of its own and chosen runs."""
    key = KEYS[bench.kind]
    shown = bench.runs[bench.runs["status"].isin(["failed", "succeeded"])]
    chosen = shown.sort_values("length").iloc[[-2, -4]]
    return {
        "filter": {"status": ["failed", "succeeded"]},
        "view": "table",
        "sort": "-after_start",
        "columns": [f"output_manifest.{key}"],
        "selected": chosen[["deployment_id", "id"]].to_numpy().tolist(),
        "tz": "Asia/Tokyo",
    }


def a_picture(bench: Bench) -> dict[str, Any]:
    """A timeline that is near, in bands."""
    created = bench.runs["created_at"].sort_values()
    edges = [created.iloc[len(created) // 4], created.iloc[len(created) * 3 // 4]]
    run = bench.runs[bench.runs["status"].eq("failed")].iloc[0]
    return {
        "by": "status",
        "window": [edge.isoformat() for edge in edges],
        "selected": [[run["deployment_id"], run["id"]]],
    }


def some_durations(bench: Bench) -> dict[str, Any]:
    return {"view": "durations", "filter": {"status": "succeeded"}, "selected": []}


VIEWS = {"table": a_view, "timeline": a_picture, "durations": some_durations}

SEEN = """async (root) => {
  const grid = root.querySelector('.arn-grid');
  if (grid) grid.scrollTop = 0;
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  const all = (selector) => [...root.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const text = (one) => one.innerText.trim();
  const heads = all('.arn-grid [role=columnheader]').map((one) => [text(one), one.ariaSort]);
  const rows = all('.arn-grid-row:not(.arn-outofsight)')
    .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).slice(0, 6)
    .map((row) => [row.ariaSelected, ...[...row.children].filter((cell) => !cell.matches('.arn-grid-age')).map(text)]);
  return {
    view: all('.arn-wb-views [aria-pressed=true]').map(text),
    by: all('[data-testid=arn-by]').map(({value}) => value),
    window: all('[data-testid=arn-window]').map((one) => text(one).split(':').slice(0, -1).join(':')),
    zone: all('.arn-zone select').map(({value}) => value),
    run: all('.arn-run header .arn-utc, .arn-run header .arn-id').map(text),
    numbers: all('.arn-nums dd').map(text).filter((words) => !words.endsWith(' ago')),
    chosen: all('[aria-label="Chosen runs"] [role=status]').map(text),
    heads, rows,
  };
}"""
"""What a person sees of a view, without what depends on the width and the clock."""


def seen(view: Locator) -> dict[str, Any]:
    found: dict[str, Any] = view.evaluate(SEEN)
    return found


def settled(view: Locator, kind: str) -> dict[str, Any]:
    """What is seen once columns have their values and names are there."""
    expect(view.locator(".arn-run, .arn-nums").first).to_be_visible()
    if kind == "table":
        expect(view.locator(".arn-grid-row").first).to_be_visible()
        expect(view.locator(".arn-grid-row > :last-child", has_text="…")).to_have_count(0)
    view.page.wait_for_timeout(300)
    return seen(view)


@pytest.mark.parametrize("kind", VIEWS)
def test_what_i_see_is_saved_as_a_file_that_shows_it(
    bench: Bench, hand: Hand, browser: Browser, tmp_path: Path, kind: str
) -> None:
    traits = VIEWS[kind](bench)
    bench.fresh(**traits)
    with hand.at_most(1), bench.page.expect_download() as download:
        hand.click(bench.part("save"))
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    before = settled(bench.view, kind)
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    page = context.new_page()
    page.goto(file.as_uri())
    after = settled(page.locator(".arn-root"), kind)
    assert after == before
    statuses = traits.get("filter", {}).get("status", bench.runs["status"].unique())
    shown = bench.runs["status"].isin([statuses] if isinstance(statuses, str) else statuses).sum()
    expect(page.get_by_test_id("arn-wb-sentence")).to_contain_text(f"{shown:,} runs")
    if "filter" in traits:
        expect(page.locator("main")).to_contain_text(f"{shown:,} of {len(bench.runs):,} runs")
    context.close()


@pytest.mark.parametrize("kind", VIEWS)
def test_what_i_see_is_written_down_as_a_cell_that_shows_it(
    bench: Bench, hand: Hand, kind: str
) -> None:
    traits = VIEWS[kind](bench)
    bench.fresh(**traits)
    before = settled(bench.view, kind)
    with hand.at_most(1):
        hand.click(bench.part("copy"))
        expect(bench.part("copy")).to_have_text("Copied")
    bench.write(PASTE, "")
    bench.notebook.activate(PASTE)
    bench.notebook.command("notebook:enter-edit-mode")
    bench.page.keyboard.press("Control+V")
    bench.notebook.run(PASTE)
    pasted = bench.notebook.cell(PASTE).locator(".arn-root")
    expect(pasted).to_be_visible()
    bench.await_names(pasted)
    assert settled(pasted, kind) == before
    assert bench.ask("ex.selected") == traits["selected"]
    shown = bench.ask("[ex.shown['id'].tolist(), shown['id'].tolist()]")
    assert shown[0] == shown[1]
    bench.write(PASTE, "")
    bench.notebook.run(PASTE)
