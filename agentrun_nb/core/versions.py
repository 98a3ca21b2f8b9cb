"""Prints the installed versions, for bug reports."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from agentrun_nb._version import __version__

NEEDED = (
    "pandas", "numpy", "pyarrow", "msgspec", "httpx", "httpx-aiohttp", "aiohttp", "certifi",
    "anywidget", "ipywidgets", "plotly", "tqdm",
)  # fmt: skip
"""The dependencies of this package."""

OPTIONAL = ("scipy", "openpyxl", "starlette", "uvicorn", "matplotlib", "polars", "dask")
"""Packages of its extras, and packages that it works together with."""

JUPYTER = (
    "ipython",
    "ipykernel",
    "jupyter-server",
    "jupyterlab",
    "notebook",
    "voila",
    "marimo",
    "nbconvert",
)
"""What notebooks run in and are shown by."""


def show_versions() -> None:
    """Prints the versions of Python, of this package and of what it works with, for bug reports.

    It imports nothing, and prints no path, no environment variable and no key.

    Example:
        >>> arn.show_versions()
        agentrun_nb     ...
        Python          ...
    """
    for name, text in _lines():
        sys.stdout.write(f"{name:<15} {text}\n")


def _lines() -> Iterator[tuple[str, str]]:
    yield "agentrun_nb", __version__
    version, implementation = platform.python_version(), platform.python_implementation()
    yield "Python", f"{version} ({implementation})"
    yield "system", f"{platform.system()} {platform.machine()}"
    yield "runs in", _shell()
    for name in (*NEEDED, *OPTIONAL, *JUPYTER):
        yield name, _installed(name)


def _shell() -> str:
    """What runs the user's code: plain Python, IPython or a Jupyter kernel."""
    # Whoever runs IPython has imported it already.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return "plain Python"
    return "Jupyter kernel" if hasattr(shell, "kernel") else "IPython in a terminal"


def _installed(name: str) -> str:
    try:
        # The metadata of a broken installation may have no version.
        return metadata.version(name) or "unknown"
    except metadata.PackageNotFoundError:
        return "not installed"
