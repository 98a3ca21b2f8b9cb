"""The documentation names everything that is public, and its pages say what the code says."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import pytest

import agentrun_nb as arn
from agentrun_nb.archive.check import ArchiveCheck
from agentrun_nb.archive.sync import Synced
from agentrun_nb.core.schema import ANSWER_CODES, FETCH_CODES, NOTE_CODES, STATUSES, TABLES
from agentrun_nb.fetch.check import Check
from agentrun_nb.tables.report import FetchReport
from agentrun_nb.widget.traits import VIEWS
from docs import check_site, generated, pictures
from tests.layers import FILES
from tests.test_docstrings import CLASSES, public_things
from tests.test_readme import PROJECT

DOCS = Path(generated.__file__).parent
PAGES = {
    file.relative_to(DOCS).as_posix(): generated.filled_in(file.name, file.read_text("utf-8"))
    for file in sorted(DOCS.rglob("*.md"))
    if "_build" not in file.parts
}
"""The text of each page, as Sphinx reads it."""

DIRECTIVE = re.compile(
    r"^\.\. (?:auto(?:function|class|exception|data)|py:data):: (agentrun_nb[\w.]*\w)(?:\(.*\))?$"
    r"((?:\n   :.*)*)",
    re.MULTILINE,
)


def documented() -> Iterator[tuple[object, str]]:
    """What the reference documents, each with the options of its directive."""
    for text in PAGES.values():
        for name, options in DIRECTIVE.findall(text):
            yield resolved(name), options


def resolved(name: str) -> object:
    """The thing behind a dotted name."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError:
        return attrgetter(name.partition(".")[2])(arn)


def public_names() -> Iterator[tuple[str, object]]:
    """Every public name with what it stands for: those of the package, and those of its modules."""
    for name in arn.__all__:
        value = getattr(arn, name)
        if isinstance(value, ModuleType):
            yield from ((f"{name}.{each}", getattr(value, each)) for each in dir(value))
        else:
            yield name, value


PUBLIC = dict(public_names())
DOCUMENTED = {id(value): options for value, options in documented()}


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_is_in_the_reference(name):
    assert id(PUBLIC[name]) in DOCUMENTED, f"a directive for {name} in docs/reference/ is missing"


RESULTS = (ArchiveCheck, Check, FetchReport, Synced)
"""Classes that nobody makes, but that calls give."""


@pytest.mark.parametrize("kind", [*CLASSES, *RESULTS], ids=lambda kind: kind.__name__)
def test_the_members_of_each_class_are_in_the_reference(kind):
    assert ":members:" in DOCUMENTED.get(id(kind), "")


PLAIN = {
    "Any",
    "Callable",
    "Iterable",
    "Iterator",
    "Mapping",
    "None",
    "Path",
    "Sequence",
    "SSLContext",
}
"""Types that a reader of Python knows."""


def types_in_signatures() -> Iterator[str]:
    """The names of types in public signatures that are neither Python's nor those of a module."""
    for value in (each for _, each in public_things()):
        function = value.fget if isinstance(value, property) else value
        function = getattr(function, "__func__", function)
        function = function.__init__ if inspect.isclass(function) else function
        for annotation in getattr(function, "__annotations__", {}).values():
            for name in re.findall(r"[A-Za-z_.]+", str(annotation)):
                if name[0].isupper() and "." not in name:
                    yield name


@pytest.mark.parametrize("name", sorted(set(types_in_signatures()) - PLAIN))
def test_each_type_in_a_signature_is_explained(name):
    explained = PAGES["reference/index.md"].partition("## Types in signatures")[2]
    names = {getattr(kind, "__name__", "") for kind, _ in documented()}
    assert name in names or f"`{name}`" in explained


def test_a_name_that_the_reference_lacks_is_seen():
    """The control of the laws above."""
    assert {"Client", "errors.PathNotFound", "figures.trend", "local.EVENTS"} <= PUBLIC.keys()
    assert id(generated.tables) not in DOCUMENTED
    assert ":members:" not in DOCUMENTED[id(arn.summarize)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_column_stands_with_its_dtype_and_meaning(table):
    _, _, section = PAGES["reference/tables.md"].partition(f"\n## {table.name}\n")
    rows = section.partition("\n## ")[0]
    for column in table.columns:
        (row,) = re.findall(rf"^\| `{column.name}` \|.*$", rows, re.MULTILINE)
        assert column.meaning in row
        assert f"`{generated.schema.DTYPES[column.kind]}`" in row


def test_each_status_and_each_error_stands_on_its_page():
    assert all(f"| `{status}` |" in PAGES["reference/tables.md"] for status in STATUSES)
    assert all(f"─ {name}" in PAGES["reference/errors.md"] for name in dir(arn.errors)[1:])


@pytest.mark.parametrize(
    "codes",
    [NOTE_CODES, FETCH_CODES, ANSWER_CODES],
    ids=["of notes", "of fetch errors", "of answers"],
)
def test_each_code_stands_with_its_meaning(codes):
    rows = PAGES["reference/tables.md"].splitlines()
    assert all(f"| `{code}` | {meaning} |" in rows for code, meaning in codes.items())


def test_the_extras_on_the_first_page_are_there():
    named = set(re.findall(r"^\| `(\w+)` \|", PAGES["start.md"], re.MULTILINE))
    assert named == set(PROJECT["optional-dependencies"]) - {"test", "dev", "docs"}
    assert f"Python {PROJECT['requires-python'].removeprefix('>=')} or newer" in PAGES["start.md"]


def test_the_front_ends_are_those_of_the_readme():
    assert "| JupyterLab 4.6 and" in PAGES["start.md"]
    assert generated.where_it_works().count("\n|") > 4


VARIABLES = re.compile(
    r"\b(?:AGENTRUN|NULLSPACE)_[A-Z_]+\b|\b[A-Z]+_PROXY\b|[A-Z]+_CA_BUNDLE|SSL_CERT_[A-Z]+"
)


def test_the_variables_of_settings_are_those_of_the_code():
    code = "".join(file.read_text("utf-8") for file in FILES["http"].parent.glob("*.py"))
    pages = PAGES["start.md"] + PAGES["howto/corporate-networks.md"]
    assert set(VARIABLES.findall(pages)) == set(VARIABLES.findall(code))


def test_no_page_has_a_placeholder_left():
    left = {page for page, text in PAGES.items() if generated.PLACEHOLDER.search(text)}
    assert not left


def test_a_placeholder_without_a_text_is_an_error():
    with pytest.raises(ValueError, match=r"start: there is nothing for the placeholder %tabels%"):
        generated.filled_in("start", "All tables: %tabels%")


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("`.csv` is UTF-8, `~/ca.pem` a path", "``.csv`` is UTF-8, ``~/ca.pem`` a path"),
        ("of `runs`. `a.b` follows", "of `runs`. `a.b` follows"),
        ("``.csv`` stays", "``.csv`` stays"),
    ],
)
def test_code_that_begins_with_a_dot_keeps_it(line, written):
    assert generated.with_first_signs(line) == written


def test_each_page_can_be_reached():
    """Each page is in the list of contents of another one."""
    listed = {"index.md"}
    for page, text in PAGES.items():
        for contents in re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL):
            names = [line for line in contents.splitlines() if line and not line.startswith(":")]
            listed |= {(Path(page).parent / f"{name}.md").as_posix() for name in names}
    assert listed == PAGES.keys()


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("howto/")])
def test_each_how_to_says_what_its_examples_begin_with(page):
    """A reader may come to it from a search."""
    above = PAGES[page].partition("```python")[0]
    own_service = "for a service of your own" in above
    assert page == "howto/index.md" or own_service or generated.beginning() in above


def test_each_notebook_is_named_on_the_first_page():
    named = set(re.findall(r"/blob/HEAD/(notebooks/\S+?\.ipynb)\)", PAGES["start.md"]))
    assert named == {f"notebooks/{file.name}" for file in DOCS.parent.glob("notebooks/*.ipynb")}


def test_names_in_the_text_are_there():
    """What a page calls `arn.x.y` or `client.z` is there."""
    named = {
        name for text in PAGES.values() for name in re.findall(r"\barn\.([A-Za-z_.]+\w)", text)
    }
    assert {"Client", "errors", "figures.survival"} <= named
    assert all(attrgetter(name)(arn) for name in named)
    methods = {name for text in PAGES.values() for name in re.findall(r"\bclient\.(\w+)\(", text)}
    assert "check" in methods
    assert all(hasattr(arn.Client, name) for name in methods)


ON_THE_SCREEN = re.compile(r"^\*\*On the screen\.\*\*.*?\n\n", re.MULTILINE | re.DOTALL)
PRESSED = {
    label
    for text in PAGES.values()
    for paragraph in ON_THE_SCREEN.findall(text)
    for label in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", paragraph)
}
"""What pages tell a reader to press or to look at."""

SCREEN = "".join(
    file.read_text("utf-8") for file in (FILES["widget"].parent / "src").rglob("*.mjs")
)


@pytest.mark.parametrize("label", sorted(PRESSED))
def test_what_a_page_sends_a_reader_to_is_on_the_screen(label):
    assert re.search(rf"[\"`>]{re.escape(label)}[\"` ]", SCREEN)


def test_labels_are_found():
    """The control of the law above."""
    assert {"Compare with last success", "Follow", "Copy view", "longest wait"} <= PRESSED
    assert "this view as Python" not in PRESSED


# --- the gallery ----------------------------------------------------------------------------------

GALLERY = PAGES["gallery.md"]
PICTURES = re.findall(r"^!\[(.*)\]\((.*)\)$", GALLERY, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(arn.figures.__all__) - {"show"}))
def test_each_figure_is_in_the_gallery(name):
    assert re.search(rf"^arn\.figures\.{name}\(.*\)\n```\n\n!\[", GALLERY, re.MULTILINE)


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_in_the_gallery(view):
    default = inspect.signature(arn.explore).parameters["view"].default
    assert view == default or f'view="{view}"' in GALLERY


def test_each_picture_has_words_and_is_small():
    assert all(len(words) > 20 for words, _ in PICTURES)
    sizes = [DOCS.joinpath(file).stat().st_size for _, file in PICTURES]
    assert max(sizes) < 80_000
    assert sum(sizes) < 400_000


def test_each_example_of_the_gallery_has_its_picture():
    files = {file.relative_to(DOCS).as_posix() for file in DOCS.glob("pictures/*")}
    assert [file for _, file in pictures.examples("Views")]
    taken = [file for part in ("Views", "Figures") for _, file in pictures.examples(part)]
    assert taken == [file for _, file in PICTURES]
    assert set(taken) == files
    assert GALLERY.count("```python") == len(taken)
    assert all(name in GALLERY for name in pictures.PRESSED.values())


# --- the look through the built site --------------------------------------------------------------

WHOLE = (
    '<h1 id="top">x</h1><a href="#top">x</a><a href="b.html">x</a><a href="https://a.example">x</a>'
)
WRONG = {
    "a file that is not there": '<a href="c.html">x</a>',
    "a place that is not there": '<a href="b.html#nowhere">x</a>',
    "a picture that is not there": '<img src="x.png">',
    "a script from elsewhere": '<script src="https://cdn.example/x.js"></script>',
    "a style from elsewhere": '<link rel="stylesheet" href="//fonts.example/x.css">',
    "an object in a signature": "x: ForwardRef('Span')",
    "an object as a default": "y=&lt;object object at 0x7f00&gt;",
    "a form that sends elsewhere": '<form action="https://search.example"></form>',
}


def site_of(folder: Path, page: str, style: str = "") -> list[str]:
    folder.joinpath("a.html").write_text(page, "utf-8")
    folder.joinpath("b.html").write_text("<p>", "utf-8")
    folder.joinpath("a.css").write_text(style, "utf-8")
    return check_site.problems(folder)


def test_a_whole_site_has_no_problem(tmp_path):
    assert site_of(tmp_path, WHOLE, "p {background: url(data:image/png;base64,AA==)}") == []


@pytest.mark.parametrize("what", WRONG)
def test_a_problem_of_a_site_is_seen(what, tmp_path):
    assert len(site_of(tmp_path, WHOLE + WRONG[what])) == 1


@pytest.mark.parametrize(
    "style", ["@import 'https://a.example/x.css';", "p {src: url(//a.example/x)}"]
)
def test_a_style_that_loads_from_elsewhere_is_seen(style, tmp_path):
    assert len(site_of(tmp_path, WHOLE, style)) == 1


def test_a_folder_without_pages_is_a_problem(tmp_path):
    assert check_site.problems(tmp_path)
