"""The hosts and one Chromium. This folder is collected only where it is named: `pytest tests/hosts`."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.chromium import absent, chromium
from tests.support.jupyter_host import Host
from tests.support.samples import body, record

from .environments import ENVIRONMENTS, PATIENCE, Environment

HERE = Path(__file__).parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
PYODIDE = HERE / "node_modules" / "pyodide" / "pyodide.mjs"
JUPYTERS = {
    "jupyterlab-4.6": ("lab", None),
    "notebook-7.6": ("notebook", None),
    "binder-jupyterlab-4.4.9": ("lab", "binder"),
    "binder-notebook-7.4.7": ("notebook", "binder"),
}


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Keeps these tests out of the ring that every change must pass: they make environments."""
    return None if any("tests/hosts" in str(argument) for argument in config.args) else True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts first what can be tried while the environments are made, and gives all the time for it."""
    for item in items:
        item.add_marker(pytest.mark.timeout(PATIENCE))
    items.sort(
        key=lambda item: (
            "[binder-" in item.nodeid or bool({"binder", "apps", "colab"} & set(item.fixturenames))
        )
    )


@pytest.fixture(scope="session", autouse=True)
def being_made() -> Iterator[dict[str, Future[None]]]:
    """The environments, in the making while the first hosts are tried."""
    with ThreadPoolExecutor(1) as pool:
        yield {name: pool.submit(environment.make) for name, environment in ENVIRONMENTS.items()}


def made(name: str, being_made: dict[str, Future[None]]) -> Environment:
    """An environment, up to date; a skip that names it where it cannot be made."""
    try:
        being_made[name].result()
    except (OSError, subprocess.SubprocessError) as error:
        absent(f"the environment of {name} could not be made: {error}")
    return ENVIRONMENTS[name]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def binder(being_made: dict[str, Future[None]]) -> Environment:
    return made("binder", being_made)


@pytest.fixture(scope="session")
def apps(being_made: dict[str, Future[None]]) -> Environment:
    return made("apps", being_made)


@pytest.fixture(scope="session")
def colab(being_made: dict[str, Future[None]]) -> Environment:
    return made("colab", being_made)


@pytest.fixture(scope="package", params=JUPYTERS)
def jupyter(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    kind, environment = JUPYTERS[request.param]
    python = request.getfixturevalue(environment).python if environment else None
    with Host(tmp_path_factory.mktemp(request.param), kind, python) as host:
        write_records(host.files)
        yield host


def by_npm(file: Path) -> Path:
    """A file of what npm installs by the lock beside this file; a skip that names it where it does not."""
    if not file.exists():
        npm = shutil.which("npm")
        if npm is None or subprocess.run([npm, "ci"], cwd=HERE, capture_output=True).returncode:
            absent(f"npm could not install {file.name}")
    return file


@pytest.fixture(scope="session")
def axe() -> Path:
    """The accessibility checker."""
    return by_npm(AXE)


@pytest.fixture(scope="session")
def pyodide() -> Path:
    """Python in WebAssembly, which node runs as a browser does."""
    return by_npm(PYODIDE)


def write_records(folder: Path) -> None:
    """The records that the notebooks of these tests read."""
    (folder / "runs.json").write_bytes(body(12))
    (folder / "run.json").write_text(
        json.dumps(
            record(
                3,
                "failed",
                failure_reason="no such column",
                output_manifest=record(3)["output_manifest"],
            )
        )
    )
