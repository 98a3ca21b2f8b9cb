"""Reviews a package of the standard library: long functions, deep nesting, bare handlers.

Each module gets a note. Input: `{"package": "json", "longest": 40}`, both optional. With
`--docstrings` it also counts what is not documented.
"""

import ast
import json
import sys
import sysconfig
import time
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try)


def depth(node):
    return max(
        (depth(child) + isinstance(child, BLOCKS) for child in ast.iter_child_nodes(node)),
        default=0,
    )


def findings(module, tree, longest):
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield {
                "module": module,
                "line": node.lineno,
                "rule": "bare-except",
                "message": "catches everything",
            }
        if isinstance(node, FUNCTIONS):
            lines = node.end_lineno - node.lineno + 1
            if lines > longest:
                message = f"{node.name} has {lines} lines"
                yield {
                    "module": module,
                    "line": node.lineno,
                    "rule": "long-function",
                    "message": message,
                }
            if depth(node) > 4:
                message = f"{node.name} nests {depth(node)} levels"
                yield {
                    "module": module,
                    "line": node.lineno,
                    "rule": "deep-nesting",
                    "message": message,
                }


def undocumented(module, tree):
    for node in ast.walk(tree):
        if (
            isinstance(node, (*FUNCTIONS, ast.ClassDef))
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ):
            message = f"{node.name} has no docstring"
            yield {
                "module": module,
                "line": node.lineno,
                "rule": "no-docstring",
                "message": message,
            }


def main():
    given = json.loads(Path("input.json").read_text())
    package, longest = given.get("package", "json"), given.get("longest", 40)
    root = Path(sysconfig.get_path("stdlib")) / package
    Path("outputs/modules").mkdir()
    modules, found = [], []
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root.parent).as_posix()
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        mine = list(findings(name, tree, longest))
        if "--docstrings" in sys.argv:
            mine += undocumented(name, tree)
        lines = source.count("\n")
        modules.append({"module": name, "lines": lines, "findings": len(mine)})
        found += mine
        note = (
            "\n".join(f"- line {f['line']}: {f['rule']}: {f['message']}" for f in mine)
            or "nothing found"
        )
        Path("outputs/modules", name.replace("/", ".") + ".md").write_text(f"# {name}\n\n{note}\n")
        print(f"{name}: {lines} lines, {len(mine)} findings")
        time.sleep(0.2)
    Path("outputs/findings.json").write_text(json.dumps(found, indent=1))
    table = "\n".join(f"| {m['module']} | {m['lines']} | {m['findings']} |" for m in modules)
    Path("outputs/review.md").write_text(
        f"# Review of {package}\n\n| module | lines | findings |\n|---|--:|--:|\n{table}\n"
    )
    total = sum(module["lines"] for module in modules)
    score = round(1 - min(1, 20 * len(found) / max(1, total)), 4)
    Path("manifest.json").write_text(
        json.dumps(
            {
                "package": package,
                "lines": total,
                "score": score,
                "modules": modules,
                "findings": found,
            }
        )
    )


main()
