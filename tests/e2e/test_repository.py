"""The repository keeps its promises: two commands, plain pins, rooms that exist, no files of others."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import migralab

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("MIGRALAB_DATA") or ROOT.parent / "shared" / "data")
TARGETS = ("setup", "truth", "demo", "test", "claims", "lint", "bench", "docs", "full", "clean", "help")
CHANGE_KINDS = {"feature", "fix", "physics", "breaking", "docs"}
# Put together here, so that a search of the tree for these paths does not find this file
MACHINE_PATH = re.compile("|".join(rf"/{folder}/" for folder in ("work", "root", "farm", r"home/\w+", r"Users/\w+")))


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


@pytest.fixture(scope="module")
def tree():
    """Return the files that are or would be committed."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"not a git checkout, so which files belong to it is unknown ({error})")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def requirements(project):
    listed = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    return [Requirement(text) for text in listed]


def layers(project):
    contract = next(c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    return {name.strip().strip("()") for layer in contract["layers"] for name in layer.split("|")}


def test_readme_shows_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^\s*make demo\b", text, re.MULTILINE)
    assert re.search(r"^\s*make test\b", text, re.MULTILINE)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_known_to_make_and_explained(target):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    # the flags of a `make test` around us would reach this make as well
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    shown, dry = (
        subprocess.run(["make", *words], cwd=ROOT, env=plain, capture_output=True, text=True, check=False)
        for words in ((), ("-n", target))
    )
    assert dry.returncode == 0, dry.stderr
    assert re.search(rf"^  make {target} +\w", shown.stdout, re.MULTILINE)


def test_gate_calls_lint_and_test_and_can_be_executed():
    gate = ROOT / ".ci" / "run"
    commands = [line for line in gate.read_text(encoding="utf-8").splitlines() if line.startswith("make")]
    assert commands == ["make truth", "make lint", "make test"]
    assert "set -euo pipefail" in gate.read_text(encoding="utf-8")
    assert gate.stat().st_mode & stat.S_IXUSR


def test_constraints_hold_only_name_and_version():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []


def test_every_dependency_is_pinned_within_its_range(project, pins):
    wrong = {
        str(need): pins.get(canonicalize_name(need.name))
        for need in requirements(project)
        if not need.specifier.contains(pins.get(canonicalize_name(need.name), "0"), prereleases=True)
        or canonicalize_name(need.name) not in pins
    }
    assert wrong == {}


def test_every_dependency_has_its_reason_written_down(project):
    record = (ROOT / "docs" / "adr" / "0006-dependencies.md").read_text(encoding="utf-8")
    rows = {canonicalize_name(name) for name in re.findall(r"^\| `([^`]+)`", record, re.MULTILINE)}
    judges = [Requirement(text) for text in project["dependency-groups"]["truth"]]  # not pinned: tests skip without
    assert rows == {canonicalize_name(need.name) for need in (*requirements(project), *judges)}


def test_no_file_names_a_place_on_one_machine(tree):
    found = []
    for file in tree:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{file.relative_to(ROOT)}:{n}" for n, line in enumerate(lines, 1) if MACHINE_PATH.search(line)]
    assert found == []


def test_no_file_names_a_package_index(tree):
    option = re.compile("--(extra-)?" + "index-url|^ *index" + "-url", re.MULTILINE)
    kinds = {".toml", ".txt", ".cfg", ".ini", ".yaml", ".yml", ".md", ""}
    texts = {file: file.read_text(encoding="utf-8", errors="replace") for file in tree if file.suffix in kinds}
    assert [str(file.relative_to(ROOT)) for file, text in texts.items() if option.search(text)] == []


def test_rooms_of_the_import_contract_are_the_rooms_of_the_house(project):
    package = ROOT / "src" / "migralab"
    rooms = {f"migralab.{folder.name}" for folder in package.iterdir() if (folder / "__init__.py").is_file()}
    assert layers(project) == rooms


@pytest.mark.data
def test_no_file_of_others_is_in_the_tree(tree):
    if not DATA.is_dir():
        pytest.skip(f"no real micrographs at {DATA}: set MIGRALAB_DATA to compare the tree with them")
    theirs = [file for file in DATA.rglob("*") if file.is_file() and file.stat().st_size]
    sizes = {file.stat().st_size for file in theirs}
    candidates = [file for file in tree if file.stat().st_size in sizes]
    digests = {hashlib.sha256(file.read_bytes()).hexdigest(): file.name for file in theirs}
    copies = {file.name: digests.get(hashlib.sha256(file.read_bytes()).hexdigest()) for file in candidates}
    assert {ours: original for ours, original in copies.items() if original} == {}


def test_citation_can_be_read_and_names_this_version(project):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "type"} <= set(citation)
    assert citation["version"] == migralab.__version__
    assert citation["license"] == project["project"]["license"] == "BSD-3-Clause"
    assert [author["name"] for author in citation["authors"]] == ["The migralab founders"]


def test_changelog_keeps_to_its_kinds_and_knows_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[?Unreleased", text, re.MULTILINE)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= CHANGE_KINDS


def test_decision_records_are_numbered_and_complete():
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        headings = re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == ["Context", "Choice", "Consequences"], record.name


def test_licence_is_bsd_and_names_the_founders():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "BSD 3-Clause" in text
    assert "Copyright (c) 2026, The migralab founders" in text


def test_the_python_of_the_readme_runs(capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    exec(compile(code, "README.md", "exec"), {})  # our own file
    assert "count.per_cell" in capsys.readouterr().out
