"""What a release holds, and what stands around the package, is whole and says the same as the package."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from typing import Any

import pytest
import yaml

import agentrun_nb
from tests import addresses, recipe, release
from tests.addresses import PROJECT, ROOT
from tests.offline import ROOMS, TESTS
from tests.test_readme import README

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GITHUB = ROOT / ".github"
WORKFLOWS = {
    file.stem: yaml.safe_load(file.read_text("utf-8"))
    for file in sorted(GITHUB.glob("workflows/*.yml"))
}
FORMS = {
    file.name: yaml.safe_load(file.read_text("utf-8"))
    for file in sorted(GITHUB.glob("ISSUE_TEMPLATE/*.yml"))
    if file.name != "config.yml"
}


# --- addresses ------------------------------------------------------------------------------------


def test_every_address_follows_the_one_of_the_repository():
    assert list(addresses.others(*addresses.of_the_project())) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/{}/issues",
        "https://raw.githubusercontent.com/{}/HEAD/x.png",
        "https://mybinder.org/v2/gh/{}/HEAD",
        "https://colab.research.google.com/github/{}/blob/HEAD/x.ipynb",
    ],
)
def test_an_address_can_be_set(address):
    before = address.format("somebody/else")
    (found,) = addresses.ADDRESS.finditer(before)
    assert before.replace(found[0], addresses.followed(found, "me", "mine")) == address.format(
        "me/mine"
    )


def test_the_address_of_pages_can_be_set():
    (found,) = addresses.ADDRESS.finditer("see https://somebody.github.io/else/howto/")
    assert addresses.followed(found, "me", "mine") == "https://me.github.io/mine"


def test_addresses_stand_where_the_law_looks():
    """The control of the first law: it reads the files that have addresses, and none has no place."""
    owner, _ = addresses.of_the_project()
    named = {
        file.relative_to(ROOT).as_posix()
        for file in addresses.files()
        if addresses.ADDRESS.search(file.read_text("utf-8"))
    }
    assert {"README.md", "pyproject.toml", "CITATION.cff", ".github/SECURITY.md"} <= named
    assert all(owner in (ROOT / name).read_text("utf-8") for name in named)


# --- the page on a package index ------------------------------------------------------------------


def description() -> str:
    """The README as the build hook writes it."""
    text = README
    hook = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    for step in hook["substitutions"]:
        text = re.sub(step["pattern"], step["replacement"], text)
    return text.replace("$HFPR_VERSION", agentrun_nb.__version__)


def test_every_link_of_the_description_is_absolute():
    assert list(release.link_problems(description())) == []
    assert list(release.link_problems(README)), "the control: the README itself has relative links"


def test_a_link_of_the_description_leads_to_the_file_of_the_version():
    version = f"v{agentrun_nb.__version__}"
    base = PROJECT["urls"]["Repository"]
    named = set(re.findall(rf"\]\({re.escape(base)}/blob/{version}/([^)]+)\)", description()))
    assert {"CONTRIBUTING.md", "notebooks/01_tour.ipynb"} <= named
    raw = base.replace("https://github.com", "https://raw.githubusercontent.com")
    named |= set(re.findall(rf"\]\({re.escape(raw)}/{version}/([^)]+)\)", description()))
    assert "notebooks/explorer.png" in named
    assert all((ROOT / name).is_file() for name in named)


# --- what is built --------------------------------------------------------------------------------

WHEEL = {"agentrun_nb/__init__.py", "agentrun_nb/py.typed", "agentrun_nb-1.dist-info/METADATA"}


def test_a_whole_release_has_no_problem():
    assert list(release.wheel_problems(WHEEL, WHEEL)) == []
    assert list(release.archive_problems({"a", "PKG-INFO"}, {"a"})) == []


@pytest.mark.parametrize(
    "name",
    [
        "tests/test_x.py",
        "agentrun_nb/widget/src/main.mjs",
        "agentrun_nb/widget/node_modules/a/index.js",
        "agentrun_nb/core/__pycache__/times.cpython-311.pyc",
    ],
)
def test_what_does_not_belong_into_a_wheel_is_seen(name):
    assert list(release.wheel_problems(WHEEL | {name}, WHEEL)) == [f"the wheel has {name}"]


@pytest.mark.parametrize("name", ["agentrun_nb/py.typed", "agentrun_nb/widget/static/widget.js"])
def test_what_a_wheel_lacks_is_seen(name):
    found = list(release.wheel_problems(WHEEL - {name}, WHEEL | {name}))
    assert found == [f"the wheel lacks {name}"]


def test_a_source_archive_is_what_is_tracked():
    found = list(release.archive_problems({"a", "node_modules/x.js"}, {"a", "b"}))
    assert found == ["the source archive has node_modules/x.js", "the source archive lacks b"]


@pytest.mark.parametrize("suffix", release.MOST_BYTES)
def test_a_file_that_grew_is_seen(suffix, tmp_path):
    file = tmp_path / f"x{suffix}"
    file.write_bytes(bytes(release.MOST_BYTES[suffix]))
    assert list(release.size_problems([file])) == []
    file.write_bytes(bytes(release.MOST_BYTES[suffix] + 1))
    assert len(list(release.size_problems([file]))) == 1


def test_a_tag_of_another_version_is_seen():
    assert list(release.tag_problems("0.1.0", None)) == []
    found = list(release.tag_problems("987.6.5", "v987.6.4"))
    assert found[0] == "the tag is v987.6.4, and the version 987.6.5"
    assert found[1] == "CHANGELOG.md has no heading for 987.6.5"


# --- workflows, forms and the citation ------------------------------------------------------------


def steps() -> list[dict[str, Any]]:
    """Every step of every workflow."""
    jobs = [job for workflow in WORKFLOWS.values() for job in workflow["jobs"].values()]
    return [step for job in jobs for step in job["steps"]]


def test_each_command_of_a_workflow_is_a_target_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    commands = [step["run"] for step in steps() if "run" in step]
    called = {re.match(r"make ([a-z-]+)", command) for command in commands}
    assert None not in called
    named = {found[1] for found in called if found}
    rings = {"lint", "js", "test", "oldest", "hosts", "offline", "docs", "release-check"}
    assert rings <= named <= targets


def test_each_action_is_pinned_to_one_commit():
    """A tag can be moved by whoever takes over an action; a commit cannot."""
    text = "".join(file.read_text("utf-8") for file in GITHUB.glob("workflows/*.yml"))
    used = re.findall(r"uses: (\S+)@(\S+) # (v\S+)$", text, re.MULTILINE)
    assert len(used) == text.count("uses:") > 5
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for _, commit, _ in used)
    assert len({action for action, _, _ in used}) == len(set(used))


def test_a_release_is_published_by_identity_and_with_attestations():
    build, publish = (WORKFLOWS["release"]["jobs"][name] for name in ("build", "publish"))
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["needs"] == "build"
    assert publish["steps"][-1]["with"] == {"attestations": True}
    assert build["permissions"] == {"contents": "read"}
    assert "secrets." not in str(WORKFLOWS)
    assert all(workflow["permissions"] == {} for workflow in WORKFLOWS.values())


def test_the_pythons_that_are_tried_are_those_that_are_named():
    named = {
        line.rpartition(" ")[2]
        for line in PROJECT["classifiers"]
        if re.fullmatch(r".* :: 3\.\d+", line)
    }
    jobs = WORKFLOWS["checks"]["jobs"]
    for name in ("test", "offline"):
        assert set(jobs[name]["strategy"]["matrix"]["python"]) == named
    assert PROJECT["requires-python"].removeprefix(">=") == min(named, key=lambda v: int(v[2:]))
    systems = "".join(jobs["offline"]["strategy"]["matrix"]["system"])
    assert "macos" in systems
    assert "windows" in systems


@pytest.mark.parametrize("name", FORMS)
def test_each_form_asks_for_the_versions(name):
    fields = [field for field in FORMS[name]["body"] if field["type"] != "markdown"]
    (versions,) = [field for field in fields if field["id"] == "versions"]
    assert "arn.show_versions()" in versions["attributes"]["label"]
    assert versions["validations"]["required"] is True
    code = set(re.findall(r"\barn\.(\w+)", str(fields)))
    assert "show_versions" in code
    assert all(hasattr(agentrun_nb, each) for each in code)


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == agentrun_nb.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert citation["url"] == PROJECT["urls"]["Documentation"]
    assert citation["authors"] == PROJECT["authors"]
    assert PROJECT["description"] in citation["title"]


def test_the_recipe_needs_what_the_package_needs():
    made = recipe.recipe("0" * 64)
    needed = made["requirements"]["run"][1:]
    assert [line.replace(" ", "") for line in needed] == [
        re.sub(r"\[.*\]", "", line) for line in PROJECT["dependencies"]
    ]
    assert set(PYPROJECT["build-system"]["requires"]) <= set(made["requirements"]["host"])
    assert made["source"]["url"].endswith("/v${{ version }}.tar.gz")
    assert all(find_spec(name) for name in made["tests"][0]["python"]["imports"])


def test_the_rooms_that_need_no_service_are_there():
    assert all(list((TESTS / room).glob("test_*.py")) for room in ROOMS)
