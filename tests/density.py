"""How dense the code is: `python -m tests.density` prints it by room.

A statement that says much at once takes long to read. What is counted is the nodes of expressions in a statement, those
of its blocks not included, beside the lines of comments and the width of the lines.
"""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median, quantiles

import agentrun_nb

ROOT = Path(agentrun_nb.__file__).parent


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
    """The expressions in a part of a statement; the statements of a handler or a case count for themselves."""
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


def comment_lines(file: Path) -> int:
    with file.open("rb") as source:
        return sum(token.type == tokenize.COMMENT for token in tokenize.tokenize(source.readline))


def rooms() -> dict[str, list[Path]]:
    """The sources by room; modules at the root are one."""
    found: dict[str, list[Path]] = {}
    for file in sorted(ROOT.rglob("*.py")):
        parts = file.relative_to(ROOT).parts
        if "node_modules" not in parts and "agents" not in parts:
            found.setdefault(parts[0] if len(parts) > 1 else "(root)", []).append(file)
    return found


def report(files: list[Path]) -> tuple[float, float, float, float, float]:
    """Median, mean and 90th percentile of nodes a statement, comment lines in 100, and the width that 9 in 10 keep."""
    counts = [
        count for file in files for _, count in statements(ast.parse(file.read_text("utf-8")))
    ]
    lines = [
        line for file in files for line in file.read_text("utf-8").splitlines() if line.strip()
    ]
    widths = [len(line) for line in lines]
    comments = sum(map(comment_lines, files))
    high, width = quantiles(counts, n=10)[-1], quantiles(widths, n=10)[-1]
    return median(counts), mean(counts), high, 100 * comments / len(lines), width


def main() -> None:
    """Prints the table, and the functions whose statements say much at once."""
    print(f"{'room':<12}{'median':>8}{'mean':>8}{'p90':>8}{'comments':>10}{'width':>8}")
    everything = rooms()
    whole = {"all": [file for files in everything.values() for file in files]}
    for room, sources in (everything | whole).items():
        middle, average, high, comments, width = report(sources)
        print(f"{room:<12}{middle:>8.1f}{average:>8.1f}{high:>8.1f}{comments:>10.1f}{width:>8.0f}")
    dense = [
        (value, f"{file.relative_to(ROOT)}:{name}")
        for files in everything.values()
        for file in files
        for name, value in functions(ast.parse(file.read_text("utf-8")))
        if value > 12
    ]
    print(f"\nfunctions with a mean over 12: {len(dense)}")
    for value, place in sorted(dense, reverse=True):
        print(f"{value:>8.1f}  {place}")


if __name__ == "__main__":
    main()
