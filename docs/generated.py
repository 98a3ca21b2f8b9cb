"""What pages take from elsewhere, so that it is said once: the tables, addresses, tables of words.

A page has a placeholder such as `%tables%` in a line of its own, or within a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from agentrun_nb import errors
from agentrun_nb.core import schema

ROOT = Path(__file__).parent.parent
PLACEHOLDER = re.compile(r"%([a-z_]+)%")
SIGN_FIRST = re.compile(r"(?<![\w`)\]])`([.~][\w/][^`]*)`(?!`)")
"""Code in a docstring that begins with a dot or a tilde."""


def tables() -> str:
    """Each table of the schema as a section: its columns, their dtypes and their meanings."""
    return "\n\n".join(_section(table) for table in schema.TABLES)


def _section(table: schema.Table) -> str:
    lines = [
        f"({table.name})=",
        f"## {table.name}",
        "",
        f"One row: {_article(table.noun)} {table.noun}.",
        "",
        "| column | dtype | what it says |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(_row(column) for column in table.columns)])


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _row(column: schema.Column) -> str:
    meaning = column.meaning + ("" if column.required else "; may be missing")
    return f"| `{column.name}` | `{schema.DTYPES[column.kind]}` | {meaning} |"


def statuses() -> str:
    """The statuses of a run as a table."""
    head = ["| status | words | what it is |", "|---|---|---|"]
    rows = [
        f"| `{status.name}` | {status.words} | {_kind(status)} |" for status in schema.STATUS_ROWS
    ]
    return "\n".join([*head, *rows])


def _kind(status: schema.Status) -> str:
    if status.terminal:
        return "final, a failure" if status.failed else "final"
    return "waits" if status.waiting else "goes on"


def note_codes() -> str:
    """The codes that may stand in `parse_notes`, as a table."""
    return _codes(schema.NOTE_CODES)


def fetch_codes() -> str:
    """The codes that may stand in `fetch_error`, as a table."""
    return _codes(schema.FETCH_CODES)


def answer_codes() -> str:
    """The codes for answers as a whole that may stand in a fetch report, as a table."""
    return _codes(schema.ANSWER_CODES)


def _codes(meanings: Mapping[str, str]) -> str:
    rows = [f"| `{code}` | {meaning} |" for code, meaning in meanings.items()]
    return "\n".join(["| code | what it says |", "|---|---|", *rows])


def error_tree() -> str:
    """The errors as a tree, as their module draws it."""
    _, _, tree = (errors.__doc__ or "").partition("\n\n")
    return tree.strip()


def each_error() -> str:
    """A directive of Sphinx for each error but the base of all."""
    names = [name for name in dir(errors) if name != "AgentRunError"]
    directives = [f".. autoexception:: agentrun_nb.errors.{name}" for name in names]
    return "\n".join(f"{directive}\n   :show-inheritance:" for directive in directives)


def repository() -> str:
    """The address of the repository, as the README has it."""
    return _found(r"git clone (https://\S+)")


def binder() -> str:
    """The address of the tour on Binder, as the README has it."""
    return _found(r"^\[binder\]: (https://\S+)")


def colab() -> str:
    """The address of the tour in Colab, as the README has it."""
    return _found(r"^\[colab\]: (https://\S+)")


def beginning() -> str:
    """The sentence under the title of each page of examples."""
    return (
        "*The examples follow each other. `client`, `service` and `runs` are those of "
        "[the beginning](index.md).*"
    )


def where_it_works() -> str:
    """The table of front ends in the README."""
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.partition("\n## Where it works\n")[2].partition("\n## ")[0]
    return section.strip()


def _found(pattern: str) -> str:
    found = re.search(pattern, (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    if not found:
        raise ValueError(f"README.md has nothing like {pattern}")
    return found[1]


def contributors_words() -> str:
    """The words of the project as CONTRIBUTING.md explains them, a table."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    lines = text.partition("\n## Words\n")[2].splitlines()
    return "\n".join(line for line in lines if line.startswith("|"))


FILLS: dict[str, Callable[[], str]] = {
    fill.__name__: fill
    for fill in (
        tables,
        statuses,
        note_codes,
        fetch_codes,
        answer_codes,
        error_tree,
        each_error,
        repository,
        binder,
        colab,
        beginning,
        where_it_works,
        contributors_words,
    )
}
"""What stands in place of each placeholder, by its name."""


def with_first_signs(line: str) -> str:
    """A line of a docstring with two backticks around code such as `.csv`.

    Within one Sphinx looks for a name, takes the dot for a sign to itself and leaves it out.
    """
    return SIGN_FIRST.sub(r"``\1``", line)


def filled_in(page: str, text: str) -> str:
    """A page with its placeholders replaced.

    Args:
        page: its name, for the message.
        text: its Markdown.

    Raises:
        ValueError: there is no such placeholder.
    """

    def fill(found: re.Match[str]) -> str:
        if found[1] not in FILLS:
            raise ValueError(f"{page}: there is nothing for the placeholder {found[0]}")
        return FILLS[found[1]]()

    return PLACEHOLDER.sub(fill, text)
