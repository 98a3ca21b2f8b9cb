"""The house: who imports what, what is public, and how large it may be."""

from __future__ import annotations

import ast
import gzip
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import agentrun_nb
from agentrun_nb import errors
from agentrun_nb.core import schema
from agentrun_nb.core.schema import RUNS, STATUSES, TABLES
from tests import density, layers
from tests.layers import (
    FILES,
    LAYERS,
    PAGE,
    PAGE_LAYERS,
    ROOT,
    SOURCES,
    circles,
    imports,
    layer,
    modules_alone,
    ours,
    upward,
)

STATIC = ROOT / "widget" / "static"
CONTRIBUTING = (ROOT.parent / "CONTRIBUTING.md").read_text("utf-8")
PURE = {"fetch.paging", "http.retry"}
NETWORK = {"http", "fetch", "live", "client"}
"""The modules that send requests, or exist for those that do."""

FOREIGN = {
    "httpx": {"http.wire", "http.connection"},
    "httpx_aiohttp": {"http.connection"},
    "aiohttp": {"http.connection"},
    "plotly": {"figures"},
    "anywidget": {"widget"},
    "ipywidgets": {"widget"},
    "traitlets": {"widget"},
    "openpyxl": {"files.excel"},
    "starlette": {"local"},
    "uvicorn": {"local"},
    "matplotlib": {"local"},
    "sqlite3": {"archive"},
    "dask": {"dask"},
    "pickle": set(),
    "requests": set(),
    "nest_asyncio": set(),
}
"""Who alone may know a library."""

PUBLIC = {
    *(
        "Archive",
        "AgentRunError",
        "Client",
        "Col",
        "Run",
        "brief",
        "compare",
        "concurrency",
        "diff",
        "explore",
    ),
    *(
        "explore_json",
        "extract",
        "failures",
        "fetch_report",
        "figures",
        "health",
        "json_paths",
        "load",
        "local",
    ),
    *(
        "outputs",
        "parse",
        "phases",
        "runs_frame",
        "save",
        "show_versions",
        "spans",
        "summarize",
        "dask",
        "errors",
    ),
    "__version__",
}


def within(name: str, parts: set[str]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def all_imports() -> Iterator[tuple[str, str]]:
    for name in FILES:
        yield from ((name, module) for module in ours(name))


def test_the_reader_of_imports_sees_them():
    """The control of what follows: it must see imports of each kind."""
    assert ("agentrun_nb.widget", True) in imports("client")
    assert ("agentrun_nb.records.decode", False) in imports("tables.frames")
    assert ("httpx", False) in imports("http.wire")
    assert "run" not in ours("tables.frames")


def test_every_module_stands_in_one_layer():
    rooms = [room for layer in LAYERS for room in layer]
    assert len(rooms) == len({*rooms})
    assert {name.partition(".")[0] for name in FILES} <= {*rooms}


def test_imports_go_down_only():
    """Also those inside functions."""
    assert not {name: wrong for name in FILES if (wrong := upward(name, ours(name)))}


def test_no_modules_import_each_other_in_a_circle():
    assert not circles(modules_alone())


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("tables.report", "figures"),
        ("core.paths", "tables.frames"),
        ("drawing.html", "analysis"),
        ("run", "widget"),
    ],
)
def test_a_planted_import_that_goes_up_is_seen(name, planted):
    """The control of the law above."""
    assert upward(name, {*ours(name), planted}) == {planted}


def test_a_planted_circle_is_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert not circles({"a": {"b", "c"}, "b": {"c"}, "c": set()})


def test_imports_of_the_page_go_down_only():
    assert any(PAGE.values()), "the reader of imports sees none"
    assert not {
        source: wrong
        for source, names in PAGE.items()
        if (wrong := upward(source, names, PAGE_LAYERS))
    }
    assert not circles(PAGE)


@pytest.mark.parametrize(
    ("source", "planted"),
    [
        ("base/text.mjs", "tree/tree.mjs"),
        ("json/path.mjs", "tree/tree.mjs"),
        ("kernel/page.mjs", "run/view.mjs"),
        ("timeline/timeline.mjs", "run/view.mjs"),
    ],
)
def test_a_planted_import_of_the_page_that_goes_up_is_seen(source, planted):
    """The control of the law above."""
    assert {source, planted} <= PAGE.keys()
    assert upward(source, {*PAGE[source], planted}, PAGE_LAYERS) == {planted}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("tables/report.py", "from agentrun_nb import figures"),
        ("core/paths.py", "def late():\n    from agentrun_nb.tables import frames"),
        ("drawing/html.py", "from ..analysis.compare import compare"),
        ("widget/src/base/text.mjs", 'import { x } from "../tree/tree.mjs";'),
        ("widget/src/base/text.mjs", 'const late = import("../run/view.mjs");'),
        ("widget/src/json/path.mjs", 'export * from "../kernel/page.mjs";'),
    ],
)
def test_the_command_fails_where_an_import_goes_up(tmp_path, file, line):
    """What `make lint` runs, on a copy of the package with one line too many."""
    package = tmp_path / "agentrun_nb"
    shutil.copytree(ROOT, package, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "__init__.py").touch()
    shutil.copy(layers.__file__, tests)

    with (package / file).open("a") as source:
        source.write(f"\n{line}\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.layers"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "imports that go up: 1" in done.stdout


def test_the_command_finds_nothing_here(capsys):
    assert layers.main([]) == 0
    assert "circles: 0; imports that go up: 0" in capsys.readouterr().out


def test_contributing_shows_the_rooms_as_they_are():
    """`python -m tests.layers --table` prints them."""
    assert f"\n\n{layers.table()}\n\n" in CONTRIBUTING


def in_repository(name: str) -> list[Path]:
    """The files or folders of that name, which may begin at the package or at the page's sources."""
    roots = (ROOT.parent, ROOT, ROOT / "widget", SOURCES)
    return [root / name for root in roots if (root / name).exists()]


def recipes() -> dict[str, str]:
    """The recipes of CONTRIBUTING.md by their titles."""
    section = CONTRIBUTING.partition("## Recipes\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\*\*(.+?)\.\*\*(.+?)(?:\n\n|\Z)", section, re.M | re.S))


def test_there_is_a_recipe_for_each_change():
    assert list(recipes()) == [
        "A field of the record",
        "A status",
        "An endpoint",
        "A kind of preview",
        "A view of many runs",
        "A key of the filter",
        "A figure",
        "A public name",
        "A page of the documentation",
        "A host",
    ]


@pytest.mark.parametrize("title", recipes())
def test_a_recipe_speaks_of_the_code_as_it_is(title):
    """Each name in it stands in one of the files that it sends the reader to."""
    words = re.findall(r"`([^`]+)`", recipes()[title])
    places = [place for word in words if "/" in word for place in in_repository(word)]
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place])]
    code = " ".join(
        file.read_text("utf-8") for file in files if file.suffix in (".py", ".mjs", ".css")
    )
    names = [word for word in words if word.isidentifier()]
    assert places
    assert not [name for name in names if not re.search(rf"\b{name}\b", code)]


def test_contributing_names_files_that_are_there():
    """Every path and every command in it."""
    named = set(re.findall(r"`((?:agentrun_nb|tests|notebooks|[a-z]+)/[\w/.]*)`", CONTRIBUTING))
    assert len(named) > 20
    assert not [name for name in named if not in_repository(name)]
    makefile = (ROOT.parent / "Makefile").read_text("utf-8")
    commands = set(re.findall(r"\bmake ([\w-]+)", CONTRIBUTING))
    assert commands <= set(re.findall(r"^([\w-]+):", makefile, re.M))
    modules = set(re.findall(r"python -m (tests[\w.]*)", CONTRIBUTING))
    assert modules
    assert not [name for name in modules if find_spec(name) is None]


STYLES = sorted(str(file.relative_to(SOURCES)) for file in SOURCES.rglob("*.css"))
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
MOST_FIELDS = len(RUNS.wire) // 2
"""A source may speak of single fields; one that names more than these lists them."""


def names_in(code: str, names: Iterable[str]) -> set[str]:
    """Which names stand as a text of their own in a source of the page, or in the name of a property of its styles."""
    spoken = COMMENT.sub("", code)
    return {
        name
        for name in names
        if re.search(rf"""["'`]{name}["'`]|--arn-{name.replace("_", "-")}\b""", spoken)
    }


@pytest.mark.parametrize("source", [*PAGE, *STYLES])
def test_the_page_lists_neither_statuses_nor_fields(source):
    """It is told them when it opens."""
    code = (SOURCES / source).read_text("utf-8")
    assert not names_in(code, STATUSES)
    assert len(names_in(code, RUNS.names)) <= MOST_FIELDS


HOST_MARKS = re.compile(r"--jp-|data-jp|widget-[hv]?box|jupyter|vscode|colab|marimo", re.IGNORECASE)
"""What only a host has: its variables, attributes, classes and name."""


@pytest.mark.parametrize("source", [*PAGE, *STYLES])
def test_only_two_places_of_the_page_know_a_host(source):
    code = COMMENT.sub("", (SOURCES / source).read_text("utf-8"))
    if source != "base/host.mjs" and not source.startswith("styles/hosts/"):
        assert not HOST_MARKS.search(code)


def test_the_hosts_are_known_where_they_may_be():
    """The control of the law above."""
    assert HOST_MARKS.search((SOURCES / "base/host.mjs").read_text("utf-8"))
    assert HOST_MARKS.search((SOURCES / "styles/hosts/jupyter.css").read_text("utf-8"))


def test_a_planted_list_of_the_page_is_seen():
    """The control of the law above."""
    assert names_in('const worst = "failed";', STATUSES) == {"failed"}
    assert names_in("color: var(--arn-timed-out);", STATUSES) == {"timed_out"}
    assert not names_in('/** like "failed" */ look.failed', STATUSES)
    assert len(names_in(str(RUNS.names), RUNS.names)) > MOST_FIELDS


def test_errors_and_schema_know_nothing():
    assert not ours("errors") | ours("core.schema")


def lists_tables(code: str) -> bool:
    """Whether a tuple, list, set or mapping names three tables or more."""
    names = {table.name for table in TABLES}
    for node in ast.walk(ast.parse(code)):
        members = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", ())
        roots = [part.value if isinstance(part, ast.Attribute) else part for part in members]
        if len({part.id for part in roots if isinstance(part, ast.Name)} & names) >= 3:
            return True
    return False


def test_the_tables_are_listed_once():
    listing = {name for name, file in FILES.items() if lists_tables(file.read_text("utf-8"))}
    # The routes of the service bear the names of the tables that they give.
    assert listing == {"core.schema", "http.routes"}


def test_a_planted_list_of_tables_is_seen():
    """The control of the law above."""
    assert lists_tables("x = (RUNS, LOGS, VERSIONS)")
    assert lists_tables("x = {RUNS.name: 1, LOGS.name: 2, OUTPUTS.name: 3}")
    assert not lists_tables("x = (RUNS, LOGS)")


def test_every_table_of_the_schema_is_in_its_list():
    made = [value for value in vars(schema).values() if isinstance(value, schema.Table)]
    assert sorted(table.name for table in made) == sorted(table.name for table in TABLES)
    assert all(getattr(schema, table.name) is table for table in TABLES)
    assert len({table.noun for table in TABLES}) == len(TABLES)


def test_every_error_says_what_to_do():
    """Errors of the service's own answers get their hint where they are made."""
    classes = {
        name for name in vars(errors) if name.endswith(("Error", "NotOffered", "PathNotFound"))
    }
    for name, text in FILES.items():
        for node in ast.walk(ast.parse(text.read_text("utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_call and node.func.id in classes | {"LocalServiceError"}:
                assert "hint" in {word.arg for word in node.keywords}, f"{name}:{node.lineno}"


def test_paging_and_retry_are_pure():
    for name in PURE & FILES.keys():
        assert all(layer(module) <= layer("records") for module in ours(name))
        assert {module.partition(".")[0] for module, _ in imports(name)} - {
            "agentrun_nb"
        } <= sys.stdlib_module_names
        assert not within("asyncio", {module for module, _ in imports(name)})


@pytest.mark.parametrize("library", FOREIGN)
def test_a_library_is_known_only_where_it_belongs(library):
    knowing = [
        name
        for name in FILES
        if library in {module.partition(".")[0] for module, _ in imports(name)}
    ]
    assert not [name for name in knowing if not within(name, FOREIGN[library])]


def test_only_the_network_knows_the_network():
    """Frames, files, documents, figures and the widget work without."""
    wrong = [
        (name, module)
        for name, module in all_imports()
        if within(module, NETWORK)
        and not within(name, NETWORK | {"local", "live", "archive", "dask", ""})
    ]
    assert not wrong


def test_nobody_knows_the_local_service_or_the_cluster():
    for part in ("local", "dask"):
        door = {part, "demo"}
        assert not [
            name
            for name, module in all_imports()
            if within(module, {part}) and not within(name, door)
        ]


def test_names_are_sorted_and_those_of_the_contract():
    assert agentrun_nb.__all__ == sorted(agentrun_nb.__all__) == dir(agentrun_nb)
    assert set(agentrun_nb.__all__) <= PUBLIC
    assert len(agentrun_nb.__all__) <= 38


@pytest.mark.parametrize("module", agentrun_nb._MODULES)
def test_a_public_module_lists_its_public_names_only(module):
    """Neither what begins with an underscore, nor the modules that it imports."""
    public = getattr(agentrun_nb, module)
    assert dir(public)
    assert not [
        name
        for name in dir(public)
        if name.startswith("_") or inspect.ismodule(getattr(public, name))
    ]


@pytest.mark.parametrize("name", list(agentrun_nb.__all__))
def test_each_public_name_is_there_and_explained(name):
    home = agentrun_nb._HOMES.get(name, name)
    if name != "__version__" and find_spec(f"agentrun_nb.{home}") is None:
        pytest.skip(f"{home} is not built yet")
    assert getattr(agentrun_nb, name).__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = agentrun_nb.nothing_like_it


def loaded_by(code: str) -> set[str]:
    """The top names in `sys.modules` after a piece of code in a fresh interpreter."""
    code += "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    return {
        *subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    }


def test_the_tour_imports_nothing_heavy():
    loaded = loaded_by("import agentrun_nb; dir(agentrun_nb)")
    assert (
        not {
            "pandas",
            "plotly",
            "anywidget",
            "httpx",
            "pyarrow",
            "msgspec",
            "ipywidgets",
            "asyncio",
        }
        & loaded
    )
    assert "agentrun_nb" in loaded


def test_data_alone_imports_no_view_and_no_network():
    loaded = loaded_by("from agentrun_nb import runs_frame, save, brief")
    assert (
        not {"plotly", "anywidget", "httpx", "ipywidgets", "openpyxl", "aiohttp", "starlette"}
        & loaded
    )
    assert "pandas" in loaded


def lines_of_code(name: str) -> int:
    """Lines that say something to the interpreter: no blanks, comments or docstrings, so that nobody saves on those."""
    text = FILES[name].read_text("utf-8")
    told = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    code = [line.strip() for number, line in enumerate(text.splitlines(), 1) if number not in told]
    return len([line for line in code if line and not line.startswith("#")])


@pytest.mark.parametrize("name", [name for name in FILES if not within(name, {"local.agents"})])
def test_each_module_is_small_and_explained(name):
    assert lines_of_code(name) <= 350
    assert ast.get_docstring(ast.parse(FILES[name].read_text("utf-8")))


@pytest.mark.parametrize(
    ("files", "most", "gzipped"),
    [
        (["loader.js"], 1280, 1024),
        (["widget.js", "shared.js"], 113 * 1024, 46 * 1024),
        (["later.js"], 78 * 1024, 31 * 1024),
        (["widget.css"], 18 * 1024, 5 * 1024),
        (["later.css"], 10 * 1024, 3 * 1024),
    ],
    ids=["with a notebook", "with a page", "after the page", "styles", "styles after the page"],
)
def test_what_the_browser_gets_is_small(files, most, gzipped):
    """Once a page; the saved notebook holds the loader only."""
    bodies = [(STATIC / file).read_bytes() for file in files]
    assert sum(map(len, bodies)) <= most
    assert sum(len(gzip.compress(body, 9)) for body in bodies) <= gzipped


def test_statements_say_little_at_once():
    """What a statement says is counted by `tests/density.py`, which prints it by room."""
    found = density.table(ROOT)["all"]
    assert found.statements > 5_000
    assert found.median <= 6
    assert found.mean <= 7


def test_a_dense_statement_is_counted_as_one():
    """The control of the law above: the nodes of its expressions, and those of its blocks not."""
    tree = ast.parse("def f(a):\n    if a and b(c[0], not d):\n        return 1\n")
    assert [count for _, count in density.statements(tree)] == [0, 9, 1]
    assert density.complexity(tree) == 2


def dense_functions(name: str, code: str) -> set[str]:
    """The functions of a module whose statements have more than 12 nodes in the mean."""
    found = density.functions(ast.parse(code))
    return {f"{name}:{function}" for function, average in found if average > 12}


def test_no_function_says_much_in_each_statement():
    found: set[str] = set()
    for name, file in FILES.items():
        if not within(name, {"local.agents"}):
            found |= dense_functions(name, file.read_text("utf-8"))
    assert not found


def test_a_planted_dense_function_is_seen():
    """The control of the law above."""
    code = "def f(a):\n    return [b for b in a if b and b.c + b.d * b.e > len(a[0])]\n"
    assert dense_functions("m", code) == {"m:f"}
    assert not dense_functions("m", "def f(a):\n    return len(a)\n")


RINGS = {"both_sides", "golden", "page", "lab", "hosts", "hostile", "faults", "witness", "support"}
"""Folders of tests that look at more than one room, and what all tests share."""


def test_the_tests_mirror_the_rooms():
    tests = Path(__file__).parent
    folders = {
        entry.name
        for entry in tests.iterdir()
        if entry.is_dir() and not entry.name.startswith(("_", "."))
    }
    rooms = {name.partition(".")[0] for name in FILES if "." in name}
    assert folders - RINGS == rooms
