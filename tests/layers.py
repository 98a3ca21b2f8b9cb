"""Who imports whom, in Python and in the page's sources.

`python -m tests.layers` prints the rooms with what they import, and how many imports go up and how
many circles there are; it fails where there is one. `python -m tests.layers --table` prints the
rooms as CONTRIBUTING.md shows them. The laws and their controls are in `tests/test_house.py`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import agentrun_nb

ROOT = Path(agentrun_nb.__file__).parent
FILES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(ROOT.rglob("*.py"))
    if "node_modules" not in file.parts
}
"""The modules, by their names without the package's."""

LAYERS = (
    {
        "errors": "every error of this package",
        "_version": "the version",
    },
    {
        "core": "the tables as data, times, JSON text, paths, words; how a run is shown",
    },
    {
        "records": "bytes of the service to cells: cut, strict, tolerant",
    },
    {
        "tables": "cells to pandas, how complete a table is, what a person reads",
    },
    {
        "files": "tables as files, and runs that come in parts",
    },
    {
        "documents": "the JSON inside runs: paths, columns, outputs, differences",
    },
    {
        "run": "one run",
    },
    {
        "drawing": "where runs lie on a picture and how a status looks; no script, no plotly",
    },
    {
        "analysis": "frames in, frames out; a module bears the name of its function",
    },
    {
        "http": "one request; `http.wire` and `http.connection` alone know httpx",
        "figures": "plotly, alone",
    },
    {
        "fetch": "many requests: paging, listings, by id",
        "widget": "anywidget and ipywidgets, alone; the page's sources",
    },
    {
        "live": "runs looked at again until they end: one poller a service, many watches",
    },
    {
        "client": "the face of the network; it may open a view",
    },
    {
        "archive": "a local copy of runs that reads like the client; it alone knows SQLite",
    },
    {
        "local": "the embedded service, imported by no room below",
        "dask": "the door to a cluster",
    },
    {
        "demo": "what `make demo` runs",
        "__init__": "the public names, each imported when it is first used",
    },
)
"""The rooms from the ground up, each with what is in it.

Imports go down only, and rooms of one layer do not know each other.
"""

SOURCES = ROOT / "widget" / "src"
PAGE_LAYERS = (
    {
        "base": "elements, times, words, numbers, status",
        "protocol": "what page and kernel say, as types",
    },
    {
        "json": "documents as data",
    },
    {
        "kernel": "the conversation with the kernel, or with the file the page stands in",
    },
    {
        "tree": "a document as a tree",
        "runs": "many runs as data: which are shown, which are chosen",
    },
    {
        "run": "one run: header, track, fields, outputs, previews",
        "timeline": "many runs on a line of time",
        "table": "many runs as a table",
        "durations": "how long many runs took, over time",
    },
    {
        "workbench": "many runs: the views side by side",
    },
    {
        "explorer": "the views, put together",
    },
    {
        "main": "what the loader starts",
        "later": "the part of the code that a view opens without",
        "loader": "the one module in a saved notebook; it fetches the others",
    },
)
"""The rooms of the page's sources from the ground up, as `LAYERS`."""


class Import(ast.NodeVisitor):
    """The modules that a file imports, also inside functions; those for type checkers left out."""

    def __init__(self, name: str) -> None:
        parts = ["agentrun_nb", *name.split(".")]
        self.package = parts if FILES[name].stem == "__init__" else parts[:-1]
        self.found: set[tuple[str, bool]] = set()
        self.depth = 0

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.add(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = self.package[: len(self.package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            inner = f"{module}.{alias.name}"
            self.add(inner if inner.removeprefix("agentrun_nb.") in FILES else module)

    def add(self, name: str) -> None:
        self.found.add((name, self.depth > 0))


@cache
def imports(name: str) -> set[tuple[str, bool]]:
    """The modules that a module imports, each with whether it does so inside a function."""
    visitor = Import(name)
    visitor.visit(ast.parse(FILES[name].read_text("utf-8")))
    return visitor.found


def ours(name: str) -> set[str]:
    """The modules of this package that a module imports, without the package's name."""
    return {
        module.removeprefix("agentrun_nb.")
        for module, _ in imports(name)
        if module.startswith("agentrun_nb.")
    }


def page_imports(file: Path) -> set[str]:
    """The modules that a source of the page imports, by their paths.

    Those of comments are types and do not count.
    """
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", file.read_text("utf-8"), flags=re.DOTALL)
    found = re.findall(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", code)
    return {
        (file.parent / name).resolve().relative_to(SOURCES.resolve()).as_posix() for name in found
    }


PAGE = {
    file.relative_to(SOURCES).as_posix(): page_imports(file)
    for file in sorted(SOURCES.rglob("*.mjs"))
    if file.parent.name != "test"
}
"""The page's sources by their paths, with what they import."""


def room(module: str) -> str:
    """The room of a module of Python (`http.wire`) or of a source of the page (`run/view.mjs`)."""
    return re.split(r"[./]", module)[0]


def layer(module: str, layers: Iterable[Iterable[str]] = LAYERS) -> int:
    """The place of a module's layer, counted from the ground."""
    return next(place for place, rooms in enumerate(layers) if room(module) in rooms)


def upward(
    module: str, imported: Iterable[str], layers: Iterable[Iterable[str]] = LAYERS
) -> set[str]:
    """The imported modules that stand above the importing one, or beside it in another room."""
    return {
        name
        for name in imported
        if room(name) != room(module) and layer(name, layers) >= layer(module, layers)
    }


def circles(graph: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """The modules that import each other in a circle; the first circle found, or none."""
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return [tuple(error.args[1])]
    return []


def modules_alone() -> dict[str, set[str]]:
    """What each module imports, packages left out.

    A package names what is in it; what is in it may name its neighbours through the package only by
    module.
    """
    packages = {name for name, file in FILES.items() if file.stem == "__init__"}
    return {name: ours(name) - packages for name in FILES.keys() - packages}


def faults() -> list[str]:
    """What is wrong, a line each: imports that go up, and circles."""
    lines = []
    for graph, layers in (({name: ours(name) for name in FILES}, LAYERS), (PAGE, PAGE_LAYERS)):
        for module, imported in graph.items():
            lines += [
                f"{module} imports {name}, which is not below it"
                for name in sorted(upward(module, imported, layers))
            ]
    for graph in (modules_alone(), PAGE):
        lines += [f"a circle: {' -> '.join(circle)}" for circle in circles(graph)]
    return lines


def table() -> str:
    """The rooms of Python that there are, from the ground up, as a table in Markdown."""
    there = {room(name) for name in FILES}
    lines = ["| room | what is in it |", "|---|---|"]
    for rooms in LAYERS:
        for name, words in rooms.items():
            if name in there:
                folder = (ROOT / name).is_dir()
                lines.append(f"| `{name}{'/' * folder}` | {words} |")
    return "\n".join(lines)


def drawing(graph: Mapping[str, Iterable[str]], layers: Iterable[Iterable[str]]) -> list[str]:
    """The layers from the top down: each room with the rooms that it imports."""
    below: dict[str, set[str]] = {}
    for module, imported in graph.items():
        below.setdefault(room(module), set()).update(map(room, imported))
    order = [name for rooms in layers for name in rooms if name in below]
    lines = []
    for name in reversed(order):
        imported = [other for other in order if other in below[name] and other != name]
        lines.append(f"  {name:<11}{' '.join(imported)}".rstrip())
    return lines


def main(arguments: list[str]) -> int:
    """Prints the rooms and what is wrong; the number of faults is what the process ends with."""
    if arguments == ["--table"]:
        print(table())
        return 0
    wrong = faults()
    print("Rooms of Python from the top down, each with the rooms that it imports:")
    print(*drawing({name: ours(name) for name in FILES}, LAYERS), sep="\n")
    print("Rooms of the page's sources:")
    print(*drawing(PAGE, PAGE_LAYERS), sep="\n")
    in_circles = sum(line.startswith("a circle") for line in wrong)
    print(f"circles: {in_circles}; imports that go up: {len(wrong) - in_circles}")
    print(*wrong, sep="\n", end="\n" * bool(wrong))
    return min(len(wrong), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
