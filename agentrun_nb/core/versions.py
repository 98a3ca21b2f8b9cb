"""Which versions of what are installed, for the report of a fault."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from agentrun_nb._version import __version__

NEEDED = (
    *("pandas", "pyarrow", "msgspec", "httpx", "httpx-aiohttp", "aiohttp", "certifi"),
    *("anywidget", "ipywidgets", "plotly", "tqdm"),
)
"""What the package itself stands on."""

OPTIONAL = ("scipy", "openpyxl", "starlette", "uvicorn", "matplotlib", "numpy", "polars", "dask")
"""What its extras bring, and what it works together with."""

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
"""What shows a notebook."""


def show_versions() -> None:
    """Prints what a report of a fault should hold: the versions of Python, of this package and of what it works with.

    Nothing is imported for it, and it prints no path, no variable and no key.

    Example:
        >>> arn.show_versions()
        agentrun_nb     0.1.0
        Python          3.12.11 (CPython)
        system          Linux x86_64
        runs in         Jupyter kernel
        ...
    """
    sys.stdout.writelines(f"{name:<15} {text}\n" for name, text in _lines())


def _lines() -> Iterator[tuple[str, str]]:
    yield "agentrun_nb", __version__
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", f"{platform.system()} {platform.machine()}"
    yield "runs in", _shell()
    for name in (*NEEDED, *OPTIONAL, *JUPYTER):
        yield name, _installed(name)


def _shell() -> str:
    """What reads the user's lines.

    Whoever runs IPython has imported it already, so its absence says enough.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return "plain Python"
    return "Jupyter kernel" if hasattr(shell, "kernel") else "IPython in a terminal"


def _installed(name: str) -> str:
    try:
        # The metadata of a broken installation may have no version.
        return version(name) or "unknown"
    except PackageNotFoundError:
        return "not installed"
