"""Every claim of the catalogue, judged anew; a verdict that changes is seen in review.

`verdicts.json` records verdicts, not numbers: it is no expected result, and a failing claim stays recorded as failing.
After a change of the model: ``python -m tests.claims.record``, and say in CHANGELOG under "physics" what changed.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest

from migralab.catalog.catalog import entry_ids, load
from migralab.checks.check import check

RECORD = Path(__file__).with_name("verdicts.json")
CLAIMS = [(entry, claim.id) for entry in entry_ids() for claim in load(entry).experiment.claims if claim.tier == "fast"]


@functools.cache  # one entry at a time, so that two workers can share the entries
def judge(entry):
    return {verdict.id: verdict for verdict in check(load(entry), seeds=20, workers=1).verdicts}


@pytest.mark.parametrize(("entry", "claim"), CLAIMS)
def test_verdict_is_the_recorded_one(entry, claim):
    recorded = json.loads(RECORD.read_text())[entry][claim]
    verdict = judge(entry)[claim]
    seen = f"{verdict.statement}: {verdict.observed} {verdict.interval}, expected {verdict.expected}"
    assert verdict.verdict == recorded, seen


def test_the_record_holds_no_claim_that_is_gone():
    recorded = json.loads(RECORD.read_text())
    assert {(entry, claim) for entry, claims in recorded.items() for claim in claims} == set(CLAIMS)


def test_some_claims_fail_and_none_of_those_by_construction():
    """A catalogue in which nothing fails has been tuned; one whose constructions fail is broken."""
    recorded = json.loads(RECORD.read_text())["migrasome-formation"]
    grades = {claim.id: claim.grade for claim in load("migrasome-formation").experiment.claims}
    assert any(verdict == "fail" for verdict in recorded.values())
    assert all(recorded[name] == "pass" for name, grade in grades.items() if grade == "by-construction")
