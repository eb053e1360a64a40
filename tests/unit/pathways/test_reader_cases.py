"""The SBML test suite's semantic cases: the reader refuses those, and only those, whose own tags say why.

What the others give in numbers is compared in `tests/truth`.
"""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

import pytest

from migralab.core.errors import PathwayError
from migralab.pathways.reader import read_model

ROOT = Path(__file__).resolve().parents[3]
ARCHIVE = Path(os.environ.get("MIGRALAB_DATA") or ROOT.parent / "shared" / "data") / "sbml_semantic_cases.tar.xz"
pytestmark = pytest.mark.skipif(not ARCHIVE.exists(), reason=f"{ARCHIVE} is not on this machine; set MIGRALAB_DATA")

# What a case's own tags name -> what the refusal must say; the first that is in the tags need not be the one met first
REASONS = {
    "AlgebraicRule": "algebraic rules are not supported",
    "EventWithDelay": "events with a delay are not supported",
    "CSymbolDelay": r"delay\(\) is not supported",
    "FastReaction": "fast reactions are not supported",
    "FluxBalanceSteadyState": "flux balance",
    "comp:ExternalModelDefinition": "it lies in another file",
}
# Their tags name an event with a delay, but the delay has no mathematics ("NoMathML"): it is none
WITHOUT_EFFECT = {1241, 1244}


def _cases():
    found: dict[int, dict[str, str]] = {}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            match = re.fullmatch(r".*/(\d{5})-(tags\.txt|sbml-.*\.xml)", member.name)
            content = archive.extractfile(member) if match else None
            if match and content:
                kind = "tags" if match.group(2) == "tags.txt" else "model"
                found.setdefault(int(match.group(1)), {})[kind] = content.read().decode()
    return found


@pytest.fixture(scope="module")
def outcomes():
    """Number of a case -> its tags and the message of its refusal, empty if it was read."""
    result = {}
    for number, case in _cases().items():
        try:
            read_model(case["model"], f"{number:05d}", check_start=False)
            result[number] = (case["tags"], "")
        except PathwayError as refused:
            result[number] = (case["tags"], str(refused))
    return result


def test_every_refusal_is_for_what_the_tags_of_the_case_name(outcomes):
    wrong = {
        number: message
        for number, (tags, message) in outcomes.items()
        if message and not any(tag in tags and re.search(words, message) for tag, words in REASONS.items())
    }
    assert wrong == {}


def test_every_case_without_such_tags_is_read(outcomes):
    wrong = {number: message for number, (tags, message) in outcomes.items() if message and not _named(tags)}
    assert wrong == {}
    assert sum(not message for _, message in outcomes.values()) >= 912


def test_nothing_that_is_not_supported_is_ignored(outcomes):
    """A case that is read although its tags name a delay, a fast reaction, ... must be one that has none in effect."""
    ignored = {number for number, (tags, message) in outcomes.items() if not message and _named(tags)}
    assert ignored == WITHOUT_EFFECT


def test_every_refusal_names_file_and_element(outcomes):
    wrong = [
        message for _, message in outcomes.values() if message and not re.match(r"\d{5}(:\d+)? \(.+?\): ", message)
    ]
    assert wrong == []


def _named(tags):
    return [tag for tag in REASONS if tag in tags]
