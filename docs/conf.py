"""How Sphinx builds the documentation. `make docs` calls it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.domains.python import PyObject

import agentrun_nb

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs.generated import filled_in, repository, with_first_signs

project = "agentrun_nb"
author = ""
version = release = agentrun_nb.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

# Docstrings write names in single backticks, as Markdown does: code, and a link where the name is
# one of the reference.
default_role = "py:obj"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# Defaults and types as they are written, not as Python evaluates them.
autodoc_preserve_defaults = True
# These stay names in signatures; the first page of the reference explains them.
TYPES = ("Runs", "ManyRuns", "RunsLike", "RunSource", "Names", "By", "When", "Span", "Stretch")
autodoc_type_aliases = {name: name for name in TYPES}
napoleon_numpy_docstring = False
napoleon_use_ivar = True

myst_heading_anchors = 3

# Two hyphens become a dash; quotes stay those that a reader may copy.
smartquotes_action = "D"
# A block without a language is what somebody types into a shell, or a drawing.
highlight_language = "text"

html_theme = "pydata_sphinx_theme"
html_title = f"agentrun_nb {version}"
# Pages without pages under them have no list of those.
html_sidebars = {page: [] for page in ("start", "gallery", "glossary", "changelog")}
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_domain_indices = False
html_show_sourcelink = False
html_theme_options = {
    # All parts of the site stand in its head.
    "header_links_before_dropdown": 8,
    "show_prev_next": False,
    "show_toc_level": 2,
    "github_url": repository(),
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": ["sphinx-version"],
    "navigation_with_keys": False,
}


WRAPPED = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")


def fill_in(_: Sphinx, page: str, source: list[str]) -> None:
    """Replaces the placeholders of a page before it is read."""
    source[0] = filled_in(page, source[0])


def keep_as_written(
    app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]
) -> None:
    """Keeps the sentence under `Returns:` whole, and code such as `.csv` with its dot.

    Napoleon would take what stands before its first colon for a type, and put it behind the rest.
    """
    for place, line in enumerate(lines[:-1]):
        if line.strip() in ("Returns:", "Yields:"):
            sentence = lines[place + 1].lstrip()
            indent = " " * (len(lines[place + 1]) - len(sentence))
            lines[place + 1] = f"{indent}: {sentence}"
    lines[:] = map(with_first_signs, lines)


def name_types(
    app: Sphinx,
    what: str,
    name: str,
    value: object,
    options: object,
    signature: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """Writes the names of types in a signature; Sphinx wraps them where they are in a union."""
    return WRAPPED.sub(r"\1", signature or "") or None, WRAPPED.sub(r"\1", returned or "") or None


def setup(app: Sphinx) -> None:
    """Registers what this site adds to Sphinx."""
    for kind in PyObject.doc_field_types:
        if kind.name == "variable":
            # What docstrings and readers call it.
            kind.label = "Attributes"
    app.connect("source-read", fill_in)
    app.connect("autodoc-process-signature", name_types)
    # Before Napoleon, which reads docstrings at the default priority of 500.
    app.connect("autodoc-process-docstring", keep_as_written, priority=100)
