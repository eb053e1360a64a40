"""Every link leads somewhere, every page can be reached, and code and theory pages name each other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from migralab.imaging.output.write import POINT_COLUMNS
from migralab.measure.registry import OBSERVABLES, find_observable
from migralab.mechanisms.registry import MECHANISMS
from migralab.results.observations import conform
from migralab.results.schema import TABLES
from migralab.spec.arms.arm import split_path
from migralab.spec.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]
START = (ROOT / "README.md", ROOT / "docs" / "index.md")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^ *(?:\$ +)?(?:\.venv/bin/)?migralab +(membrane +[a-z]+|[a-z]+)(.*)$", re.MULTILINE)
CODE = re.compile(r"^```(?!python)[^\n]*\n(.*?)^```|^( {4}[^\n]*)$", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("http://", "https://", "mailto:", "data:")


def pages(root: Path) -> list[Path]:
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def links(page: Path) -> list[str]:
    """Return the targets of a page's links and pictures, those in code left out."""
    text = re.sub(r"`[^`\n]+`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
    found = ("".join(groups) for groups in LINK.findall(text))
    return [target for target in found if not target.startswith(ELSEWHERE)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *#*$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    return broken


def reachable(start: list[Path]) -> set[Path]:
    """Return all pages that can be reached by links."""
    seen: set[Path] = set()
    ahead = [page.resolve() for page in start]
    while ahead:
        page = ahead.pop()
        if page in seen or not page.is_file():
            continue
        seen.add(page)
        targets = ((page.parent / link.partition("#")[0]).resolve() for link in links(page))
        ahead += [target for target in targets if target.suffix == ".md"]
    return seen


def sources() -> str:
    files = (ROOT / "src" / "migralab").rglob("*.py")
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))


@pytest.mark.parametrize("page", pages(ROOT), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    assert broken_links(page) == []


def test_every_page_of_the_docs_can_be_reached_from_the_start():
    found = reachable([page for page in START if page.is_file()])
    lost = [str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if page.resolve() not in found]
    assert lost == []


def test_every_page_that_the_code_names_exists():
    named = set(re.findall(r"docs/[\w/-]+\.md", sources()))
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


def test_every_equation_label_has_code_and_a_theory_page():
    label = re.compile(r"\beq-[a-z0-9]+(?:-[a-z0-9]+)*")
    theory = (ROOT / "docs" / "theory").rglob("*.md")
    written = set(label.findall("\n".join(page.read_text(encoding="utf-8") for page in theory)))
    coded = set(label.findall(sources()))
    assert {"only in code": sorted(coded - written), "only in theory": sorted(written - coded)} == {
        "only in code": [],
        "only in theory": [],
    }


def run_python_of(page: str) -> dict[str, object]:
    """Run all Python of a how-to page, as one script, and return its names."""
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    names: dict[str, object] = {}
    exec(compile(script, page, "exec"), names)
    return names


def test_mechanism_of_the_page_runs():
    assert run_python_of("add-a-mechanism.md")["Flow"].name == "motility.flow"


def test_python_of_the_page_takes_over_a_rule_and_gives_it_back(capsys):
    names = run_python_of("write-rules.md")
    said = "t_cell: contact with tumor_cell lowers migration speed to 0.01 um/min, half-max 0.5, Hill 10"
    assert capsys.readouterr().out.strip() == said
    assert names["again"] == "t_cell,contact with tumor_cell,decreases,migration speed,0.01,0.5,10,0\n"


def test_python_of_the_page_reads_a_run(tmp_path, monkeypatch):
    """Worked out by hand: two cells, two migrasomes and a precursor, 110 um laid of which 50 um broke."""
    missing = float("nan")
    tables = {
        "cells": conform("cells", {"frame": [0, 0, 1, 1], "time_min": [0, 0, 720, 720], "cell_id": [7, 8, 7, 8]}),
        "migrasomes": conform(
            "migrasomes",
            {"frame": [0, 1, 1, 1], "cell_id": [7] * 4, "stage": ["stabilised"] * 3 + ["precursor"]},
        ),
        "nodes": conform(
            "nodes",
            {
                "node_id": [1, 2, 3],
                "parent_id": [2, 3, -1],
                "x_um": [0.0, 30.0, 30.0],
                "y_um": [0.0, 40.0, 100.0],
                "breaks_min": [700.0, 721.0, float("inf")],
            },
        ),
        "lives": conform(
            "lives",
            {
                "appeared_min": [10.0, 20.0, 30.0],
                "stabilised_min": [11.0, 21.0, missing],
                "gone_min": [110.0, missing, 31.0],
                "last_min": [720.0] * 3,
            },
        ),
    }
    folder = tmp_path / "my-run" / "tables"
    folder.mkdir(parents=True)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    names = run_python_of("read-a-run.md")
    assert (names["mean"], names["share_with_migrasomes"]) == (1.0, 0.5)
    assert (names["laid_um"], names["intact_um"]) == (110.0, 60.0)
    assert names["per_100_um"] == pytest.approx(100 * 2 / 60, rel=1e-12)  # one division
    assert list(names["ended"]) == [True, False]
    assert list(names["observed_min"]) == [100.0, 700.0]


def test_entry_of_the_page_is_one_and_names_what_exists():
    text = (ROOT / "docs" / "how-to" / "add-a-catalogue-entry.md").read_text(encoding="utf-8")
    (document,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    entry = Experiment.model_validate(yaml.safe_load(document))
    assert set(entry.mechanisms) <= set(MECHANISMS)
    assert {find_observable(name).observable.id for name in entry.readouts} <= set(OBSERVABLES)
    for arm in entry.arms:
        for path in arm.changes:
            mechanism, name = split_path(path, entry.mechanisms)
            assert name in MECHANISMS[mechanism].parameters.model_fields


def test_columns_that_the_how_to_pages_name_are_in_the_schema():
    text = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "how-to").glob("*.md"))
    named = set(re.findall(r"[`\"]([a-z]+(?:_[a-z0-9]+)*_(?:um|um2|um3|min))[`\"]", text))
    known = {column.name for columns in TABLES.values() for column in columns} | set(POINT_COLUMNS)
    assert named
    assert named - known == set()


def commands() -> dict[str, set[str]]:
    """Return the verbs of the program that the pages show, each with its options."""
    shown: dict[str, set[str]] = {}
    for page in pages(ROOT):
        code = "\n".join("".join(groups) for groups in CODE.findall(page.read_text(encoding="utf-8")))
        for verb, rest in COMMAND.findall(code):
            options = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest.partition("#")[0])
            shown.setdefault(verb, set()).update(options)
    return shown


@pytest.mark.parametrize("verb", sorted(commands()))
def test_every_command_that_the_pages_show_is_understood(verb):
    start = [sys.executable, "-c", "from migralab.cli.main import run; run()", *verb.split(), "--help"]
    plain = os.environ | {"COLUMNS": "300", "TERM": "dumb", "NO_COLOR": "1"}
    shown = subprocess.run(start, env=plain, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    missing = {option for option in commands()[verb] if not re.search(rf"(?<![\w-]){option}(?![\w-])", shown.stdout)}
    assert missing == set()


def test_a_broken_link_and_a_lost_page_are_seen(tmp_path):
    (tmp_path / "docs").mkdir()
    start, other, lost = (tmp_path / "docs" / f"{name}.md" for name in ("index", "other", "lost"))
    start.write_text("[good](other.md#a-heading) [bad](gone.md) [web](https://example.org)\n`[code](no.md)`\n")
    other.write_text("# A heading\n[bad anchor](index.md#nowhere)\n```\n[fenced](no.md)\n```\n")
    lost.write_text("nobody links here\n")
    assert broken_links(start) == ["gone.md"]
    assert broken_links(other) == ["index.md#nowhere"]
    assert set(pages(tmp_path)) - reachable([start]) == {lost}
