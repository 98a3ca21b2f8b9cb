"""Every example in a docstring does what it says, run against a local service."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import agentrun_nb as arn
from agentrun_nb.live.watch import Watch
from agentrun_nb.local.service import Service
from agentrun_nb.widget import JsonExplorer, RunExplorer

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
CLASSES = (arn.Archive, arn.Client, arn.Run, RunExplorer, JsonExplorer, Service, Watch)
"""The classes of which every public method and property has an example."""


def modules() -> list[str]:
    """The modules of the package, but for the agents of the local service, which are scripts."""
    return [
        module.name
        for module in pkgutil.walk_packages(arn.__path__, "agentrun_nb.")
        if not module.name.startswith("agentrun_nb.local.agents")
        and not module.name.endswith("__main__")
    ]


def examples() -> Iterator[doctest.DocTest]:
    """Each docstring with examples, with the names of its module."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in modules():
        found = finder.find(importlib.import_module(name))
        yield from (test for test in found if test.examples)


EXAMPLES = {test.name: test for test in examples()}


@pytest.fixture(scope="module")
def names(tmp_path_factory) -> Iterator[dict[str, Any]]:
    """What an example finds: a service with runs of today and of some weeks before, and views."""
    with arn.local.serve() as service, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("examples"))
        # One after the other, so that the one that fails is always the newer.
        submitted = service.submit("csv-report")
        service.wait()
        service.submit("invoice-audit")
        service.wait()
        service.load(arn.local.generate(300))
        client = service.client
        runs = client.list_runs(progress=False)
        run = client.get_run(submitted.deployment_id, submitted.id)
        archive = arn.Archive("archive.sqlite")
        archive.sync(client)
        archive.rescue(client, run)
        yield {
            "arn": arn,
            "archive": archive,
            "service": service,
            "client": client,
            "deployment_id": run.deployment_id,
            "runs": runs,
            "run": run,
            "ex": arn.explore(runs, client),
        }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_it_says(name, names):
    test = EXAMPLES[name]
    # An example of a function finds the names of its module too, as one in the module would.
    test.globs = test.globs | names
    report: list[str] = []
    failed, tried = doctest.DocTestRunner(optionflags=OPTIONS).run(
        test, out=report.append, clear_globs=False
    )
    assert tried == len(test.examples) > 0
    assert not failed, "".join(report)


def test_no_example_is_skipped():
    skipped = [
        name
        for name, test in EXAMPLES.items()
        for example in test.examples
        if example.options.get(doctest.SKIP)
    ]
    assert not skipped


def public_things() -> Iterator[tuple[str, Any]]:
    """What a user calls or reads, by the name that a user writes."""
    for name in arn.__all__:
        value = getattr(arn, name)
        if callable(value):
            yield name, value
    for module in (arn.dask, arn.figures, arn.local):
        for name in dir(module):
            value = getattr(module, name)
            if callable(value):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", value
    for kind in CLASSES:
        for name, member in vars(kind).items():
            if not name.startswith("_") and (inspect.isroutine(member) or is_property(member)):
                yield f"{kind.__name__}.{name}", member


def is_property(member: object) -> bool:
    return isinstance(member, property | classmethod) or type(member).__name__ == "cached_property"


PUBLIC = dict(public_things())


def has_example(value: Any) -> bool:
    found = doctest.DocTestParser().get_examples(inspect.getdoc(value) or "")
    return bool(found)


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_has_an_example(name):
    assert has_example(PUBLIC[name])


def undocumented(value: Any) -> list[str]:
    """The parameters that no line of a docstring names.

    With `returns` where a function takes something and nothing says what it gives.
    """
    text = inspect.getdoc(value) or ""
    function = getattr(value, "__func__", value)
    if not callable(function) or is_property(function):
        return []
    signature = inspect.signature(function)
    missing = [
        name
        for name in signature.parameters
        if name not in ("self", "cls") and not re.search(rf"^ +{name}: ", text, re.MULTILINE)
    ]
    gives = signature.return_annotation not in ("None", inspect.Signature.empty)
    said = re.search(r"^(Returns|Yields):", text, re.MULTILINE)
    if gives and not inspect.isclass(value) and not said and len(signature.parameters) > 1:
        missing.append("returns")
    return missing


@pytest.mark.parametrize("name", PUBLIC)
def test_each_parameter_has_a_line(name):
    assert not undocumented(PUBLIC[name])


def test_a_parameter_without_a_line_is_seen():
    """The control of the law above."""

    def double(number: int, times: int) -> int:
        """Doubles.

        Args:
            number: what to double.
        """
        return number * 2 * times

    assert undocumented(double) == ["times", "returns"]


def test_one_without_an_example_is_seen():
    """The control of the law above."""

    def plain() -> None:
        """Says nothing by example."""

    assert not has_example(plain)
    assert {"Client.get_run", "Run.outputs", "figures.survival", "local.serve"} <= PUBLIC.keys()
