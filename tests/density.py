"""How dense the code is: `python -m tests.density` prints it by room.

With `--against REV` another revision stands beside it. A statement that says much at once takes
long to read. What is counted is the nodes of expressions in a statement, those of its blocks not
included, beside the comments, the width of the lines and the paths through a function (cyclomatic
complexity).
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
import tempfile
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, quantiles

import agentrun_nb
from tests.layers import LAYERS

ROOT = Path(agentrun_nb.__file__).parent
MOST_IN_A_FUNCTION = 12
"""The mean of nodes a statement above which a function is printed by name."""

_BRANCHES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
)


@dataclass(frozen=True)
class Density:
    """Figures of some sources.

    Attributes:
        statements: how many there are.
        median: nodes of expressions in a statement, the median.
        mean: the mean of these.
        high: their 90th percentile.
        comments: lines with a comment in 100 lines that are not blank.
        width: the characters that 9 in 10 lines keep.
        complexity: the most paths through one function.
    """

    statements: int
    median: float
    mean: float
    high: float
    comments: float
    width: float
    complexity: int


FORMATS = {
    "statements": ",",
    "median": ".1f",
    "mean": ".1f",
    "high": ".1f",
    "comments": ".1f",
    "width": ".0f",
    "complexity": "d",
}
HEADINGS = ("statements", "median", "mean", "p90", "comments", "width", "complexity")


def statements(tree: ast.AST) -> Iterator[tuple[ast.stmt, int]]:
    """Each statement that says something, with the nodes of its own expressions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not is_docstring(node):
            yield (
                node,
                sum(
                    nodes(child)
                    for child in ast.iter_child_nodes(node)
                    if not isinstance(child, ast.stmt)
                ),
            )


def is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def nodes(node: ast.AST) -> int:
    """The expressions in a part of a statement.

    The statements of a handler or a case count for themselves.
    """
    inner = sum(
        nodes(child) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)
    )
    return inner + isinstance(node, ast.expr)


def functions(tree: ast.AST) -> Iterator[tuple[str, float]]:
    """Each function with the mean of its statements."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            counts = [count for part in node.body for _, count in statements(part)]
            if counts:
                yield node.name, mean(counts)


def complexity(function: ast.AST) -> int:
    """One, and one more for each statement by which a function may go another way.

    This is what ruff counts.
    """
    paths = 0
    for node in ast.walk(function):
        if isinstance(node, _BRANCHES):
            paths += 1
        elif isinstance(node, ast.Try | ast.TryStar):
            paths += bool(node.orelse)
        elif isinstance(node, ast.Match):
            paths += len(node.cases)
    return paths


def comment_lines(text: str) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return sum(token.type == tokenize.COMMENT for token in tokens)


def rooms(root: Path = ROOT) -> dict[str, list[Path]]:
    """The sources by room, from the ground up; modules at the root are one."""
    found: dict[str, list[Path]] = {"(root)": []}
    order = [room for layer in LAYERS for room in layer]
    for file in sorted(root.rglob("*.py")):
        parts = file.relative_to(root).parts
        if "node_modules" not in parts and "agents" not in parts:
            found.setdefault(parts[0] if len(parts) > 1 else "(root)", []).append(file)
    # Rooms that an older revision had and the table of layers has not come last.
    return dict(sorted(found.items(), key=lambda room: (*order, room[0]).index(room[0])))


def report(files: Sequence[Path]) -> Density:
    """The figures of some sources; there must be two statements at least."""
    texts = [file.read_text("utf-8") for file in files]
    trees = [ast.parse(text) for text in texts]
    counts = [count for tree in trees for _, count in statements(tree)]
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    found = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return Density(
        statements=len(counts),
        median=median(counts),
        mean=mean(counts),
        high=quantiles(counts, n=10)[-1],
        comments=100 * sum(map(comment_lines, texts)) / len(lines),
        width=quantiles(map(len, lines), n=10)[-1],
        complexity=max(map(complexity, found), default=0),
    )


def table(root: Path) -> dict[str, Density]:
    """The figures by room, and of all."""
    everything = rooms(root)
    whole = {"all": [file for files in everything.values() for file in files]}
    # A room that holds only a docstring says nothing that could be measured.
    measured = {room: files for room, files in (everything | whole).items() if files}
    return {room: report(files) for room, files in measured.items()}


def dense_functions(root: Path) -> list[tuple[float, str]]:
    """The functions whose statements say much at once, the densest first."""
    return sorted(
        (
            (value, f"{file.relative_to(root)}:{name}")
            for files in rooms(root).values()
            for file in files
            for name, value in functions(ast.parse(file.read_text("utf-8")))
            if value > MOST_IN_A_FUNCTION
        ),
        reverse=True,
    )


def unpack(revision: str, folder: Path) -> Path:
    """Writes the package as it stood at a revision of git into a folder, and gives its path."""
    command = ["git", "archive", revision, ROOT.name]
    archive = subprocess.run(command, cwd=ROOT.parent, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder / ROOT.name


def cells(now: Density | None, before: Density | None = None) -> list[str]:
    """The figures of one room as text, those of the other revision in front with an arrow."""
    row = []
    for name, form in FORMATS.items():
        pair = [found for found in (before, now) if found is not None]
        row.append(" > ".join(format(getattr(found, name), form) for found in pair))
    return row


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table, and the functions whose statements say much at once."""
    parser = argparse.ArgumentParser(prog="python -m tests.density", description=__doc__)
    parser.add_argument("--against", metavar="REV", help="a revision of git to stand beside")
    revision = parser.parse_args(arguments).against
    now = table(ROOT)
    before: dict[str, Density] = {}
    dense_before = ""
    if revision:
        with tempfile.TemporaryDirectory() as folder:
            older = unpack(revision, Path(folder))
            before = table(older)
            dense_before = f" ({len(dense_functions(older))} at {revision})"
    width = 18 if revision else 12
    print(f"{'room':<12}" + "".join(f"{heading:>{width}}" for heading in HEADINGS))
    for room in [*(name for name in before if name not in now), *now]:
        row = cells(now.get(room), before.get(room))
        # A room of the other revision that is no more has its figures alone, marked as such.
        name = room if room in now else f"{room} (gone)"
        print(f"{name:<12}" + "".join(f"{cell:>{width}}" for cell in row))
    dense = dense_functions(ROOT)
    print(f"\nfunctions with a mean over {MOST_IN_A_FUNCTION}: {len(dense)}{dense_before}")
    for value, place in dense:
        print(f"{value:>8.1f}  {place}")


if __name__ == "__main__":
    main()
