"""The pages of the documentation that hints of errors lead to."""

from __future__ import annotations

from functools import cache
from importlib import metadata

CORPORATE_NETWORKS = "howto/corporate-networks"
"""The page about proxies, certificates and limits."""

_NOBODY = "//OWNER."
"""How the address goes on while nobody has said where the project lives."""


def more_on(page: str) -> str:
    """A sentence that ends a hint and leads to a page of the documentation.

    Args:
        page: the page as a file under `docs/`, without its ending, such as `CORPORATE_NETWORKS`.

    Returns:
        The address of the page, or its file where the installed package has no address of pages.
    """
    address = _address()
    return f"More: {address}/{page}.html" if address else f"More: docs/{page}.md of the sources."


@cache
def _address() -> str:
    """The address of the documentation as the installed package says it; empty without one."""
    try:
        said = metadata.metadata("agentrun-nb")
    except metadata.PackageNotFoundError:
        return ""
    addresses: list[str] = said.get_all("Project-URL") or []
    for entry in addresses:
        label, _, address = entry.partition(", ")
        if label == "Documentation" and _NOBODY not in address:
            return address.rstrip("/")
    return ""
