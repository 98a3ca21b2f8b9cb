"""Checks the built site: every link leads somewhere, and no page loads anything from elsewhere.

`python docs/check_site.py FOLDER` prints what is wrong and fails where something is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("object", "data"),
    ("form", "action"),
    ("link", "href"),
}
"""Elements and attributes with addresses that a browser loads by itself, or sends what is typed."""

MERELY_NAMED = {"canonical", "license", "author"}
"""Values of `rel` with which a browser loads nothing."""

LOADED_BY_STYLES = re.compile(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)")

RAW_OBJECT = re.compile(r"\w*ForwardRef\([^)]*\)|&lt;[^&]* at 0x\w+")


@dataclass
class Page(HTMLParser):
    """What a page names.

    Attributes:
        anchors: the ids that a link may lead to.
        links: addresses that a reader may follow.
        loaded: addresses that a browser loads.
    """

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Takes down the addresses and the id of one element."""
        given = dict(attributes)
        self.anchors.update(filter(None, (given.get("id"), given.get("name"))))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if tag == "link" and given.get("rel") in MERELY_NAMED:
            return
        self.loaded += [value for name, value in attributes if value and (tag, name) in LOADED]


def read_pages(site: Path) -> dict[Path, Page]:
    """The pages of a site by their files."""
    pages = {}
    for file in sorted(site.rglob("*.html")):
        # The theme keeps a template of its own among its scripts.
        if "_static" in file.parts:
            continue
        pages[file] = Page()
        pages[file].feed(file.read_text("utf-8"))
    return pages


def is_foreign(address: str) -> bool:
    """Whether an address leads to another host."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def broken_links(pages: dict[Path, Page]) -> Iterator[str]:
    """Links within the site that lead to no file or to no place in it."""
    for file, page in pages.items():
        for address in [*page.links, *page.loaded]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file.resolve()
            if target.is_dir():
                target = target / "index.html"
            anchor = unquote(parts.fragment)
            if not target.is_file():
                yield f"{file}: there is no {address}"
            elif anchor and target in pages and anchor not in pages[target].anchors:
                yield f"{file}: {address} names no place of that page"


def foreign_loads(site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """What pages and styles load from other hosts."""
    for file, page in pages.items():
        yield from (f"{file}: loads {each}" for each in page.loaded if is_foreign(each))
    for file in sorted(site.rglob("*.css")):
        for found in LOADED_BY_STYLES.finditer(file.read_text("utf-8")):
            address = found[1] or found[2]
            if is_foreign(address):
                yield f"{file}: loads {address}"


def raw_objects(pages: dict[Path, Page]) -> Iterator[str]:
    """Objects of Python that stand on a page as nobody should read them."""
    for file in pages:
        for found in RAW_OBJECT.findall(file.read_text("utf-8")):
            yield f"{file}: shows {found}"


def problems(site: Path) -> list[str]:
    """All that is wrong with a site, a line each."""
    pages = read_pages(site.resolve())
    if not pages:
        return [f"{site}: there are no pages"]
    return [*broken_links(pages), *foreign_loads(site, pages), *raw_objects(pages)]


def main() -> None:
    """Prints what is wrong."""
    site = Path(sys.argv[1])
    found = problems(site)
    print("\n".join(found) or f"{len(read_pages(site))} pages: every link leads somewhere")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
