"""The package's build backend, which fails: its grammar uses a rule that is not defined."""

from pathlib import Path

TERMINALS = {"letter", "rest", "open", "close"}


class GrammarError(Exception):
    """A rule of the grammar cannot be compiled."""


def compile_grammar():
    rules = dict(line.split("=", 1) for line in Path("grammar.txt").read_text().splitlines())
    defined = {name.strip() for name in rules} | TERMINALS
    for number, (name, body) in enumerate(rules.items(), 1):
        for word in body.split():
            if word not in defined:
                rule = f"grammar.txt:{number}: rule {name.strip()!r}"
                raise GrammarError(f"{rule} uses {word!r}, which is not defined")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    compile_grammar()
    raise NotImplementedError("the wheel is written once the grammar compiles")
