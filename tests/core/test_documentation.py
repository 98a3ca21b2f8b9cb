"""Hints of errors lead to pages of the documentation that are there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentrun_nb.core import documentation
from agentrun_nb.core.documentation import more_on

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [page for name, page in vars(documentation).items() if name.isupper() and name[0] != "_"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only folder in which Python looks for installed packages, which the code does once."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    documentation._address.cache_clear()
    yield tmp_path
    documentation._address.cache_clear()


def install(site: Path, *addresses: str) -> None:
    """Leaves what an installation of this package says of itself."""
    folder = site / "agentrun_nb-1.0.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.4", "Name: agentrun-nb", "Version: 1.0"]
    lines += [f"Project-URL: {address}" for address in addresses]
    folder.joinpath("METADATA").write_text("\n".join(lines), "utf-8")


@pytest.mark.skipif(not DOCS.is_dir(), reason="the sources are not here")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_hints_lead_to_is_there(page):
    assert DOCS.joinpath(f"{page}.md").is_file()


def test_a_hint_has_the_address_that_the_package_says(site):
    install(site, "Issues, https://b.example", "Documentation, https://a.example/docs/")
    assert more_on("howto/share") == "More: https://a.example/docs/howto/share.html"


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        ["Issues, https://b.example"],
        ["Documentation, https://OWNER.github.io/agentrun_nb"],
    ],
)
def test_without_an_address_a_hint_has_the_file(site, addresses):
    install(site, *addresses)
    assert more_on("howto/share") == "More: docs/howto/share.md of the sources."


def test_a_package_that_is_not_installed_has_no_address(site):
    assert more_on("howto/share") == "More: docs/howto/share.md of the sources."
