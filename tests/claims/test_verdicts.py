"""Every claim of the catalogue, judged anew, one test an entry; a verdict that changes is seen in review.

The record (docs/catalogue/results) holds numbers for the reader, and only its verdicts are compared: a failing claim
stays recorded as failing. After a change of the model: ``python -m tests.claims.record``, and say in CHANGELOG under
"physics" what changed. The fast tier is judged in `make test`, the full one and the ways in `make claims`.
"""

from __future__ import annotations

import json

import pytest

from migralab.catalog.catalog import entry_ids, load
from migralab.checks.check import check_all
from tests.claims import record
from tests.claims.record import AGAIN, changes, read, scopes

ENTRIES = entry_ids()
WITH_FULL = [entry for entry in ENTRIES if any(c.tier == "full" for c in load(entry).experiment.claims)]
WITH_WAYS = [entry for entry in ENTRIES if load(entry).experiment.signalling is not None]


def differing(rows, seen):
    """Return (claim, recorded, seen, by what) where the verdicts seen are not the recorded ones."""
    recorded = {row["id"]: row["verdict"] for row in rows}
    return [
        f"{own.id}: recorded {recorded.get(own.id)}, now {own.verdict}: {own.observed} {own.interval}, "
        f"expected {own.expected}"
        for own in seen
        if recorded.get(own.id) != own.verdict
    ]


def recorded(entry):
    try:
        return read(entry)
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.mark.parametrize("entry", ENTRIES)
def test_verdicts_are_the_recorded_ones(entry):
    rows, file = recorded(entry)["claims"], load(entry)
    (checked,) = check_all([file], scopes(file.experiment)[0])
    assert differing(rows, checked.verdicts) == []


@pytest.mark.slow
@pytest.mark.parametrize("entry", WITH_FULL)
def test_verdicts_of_the_full_tier_are_the_recorded_ones(entry):
    rows, file = recorded(entry)["claims"], load(entry)
    (checked,) = check_all([file], scopes(file.experiment)[1])
    assert differing(rows, checked.verdicts) == []


@pytest.mark.slow
@pytest.mark.parametrize("entry", WITH_WAYS)
def test_what_each_way_can_is_as_recorded(entry):
    rows, file = recorded(entry)["ways"], load(entry)
    assert rows, f"no ways are recorded; {AGAIN} {entry} --ways"
    seen = {}
    for scope in scopes(file.experiment, ways=True):
        (checked,) = check_all([file], scope)
        seen |= {(own.way, own.load, own.verdict.id): own.verdict.verdict for own in checked.ways}
    assert seen == {(row["way"], row["load"], row["id"]): row["verdict"] for row in rows}


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_record_holds_every_claim_and_none_that_is_gone(entry):
    names = [row["id"] for row in recorded(entry)["claims"]]
    assert names == [claim.id for claim in load(entry).experiment.claims], f"make it anew: {AGAIN} {entry}"


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_holds_by_construction_holds(entry):
    """A construction that fails is a broken model."""
    rows = recorded(entry)["claims"]
    assert [row["id"] for row in rows if row["role"] == "by-construction" and row["verdict"] == "fail"] == []


def test_some_claims_fail():
    """A catalogue in which nothing fails has been tuned."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in record.RESULTS.glob("*.json")]
    if not files:
        pytest.fail(f"there is no record; make it: {AGAIN}", pytrace=False)
    assert any(row["verdict"] == "fail" for own in files for row in own["claims"])


def test_a_record_that_is_missing_says_how_it_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m tests\.claims\.record retina-pvr"):
        read("retina-pvr")


def test_a_record_is_written_for_both_tiers_and_keeps_what_is_not_done_anew(tmp_path, monkeypatch):
    from tests.unit.checks.experiments import WALK

    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(record, "SEEDS", 2)
    entry = tmp_path / "walk.yaml"
    entry.write_text(WALK)
    first = record.record(str(entry), ways=True, sweep=True, workers=1)
    assert first == ["fast-runs: new -> pass", "open-question: new -> none", "long: new -> fail"]
    before = read("walk")
    assert [(row["id"], row["tier"]) for row in before["claims"]][-1] == ("long", "full")
    assert before["entries"] == {"walk": {"seeds": 2, "tier": "full", "dishes": 2 * (3 * 3 + 6 + 2 + 4)}}
    assert {row["id"] for row in before["ways"]} == {"fast-runs", "long"}
    assert record.record(str(entry), ways=False, sweep=False, workers=1) == []
    after = read("walk")
    assert {name: after[name] for name in ("claims", "ways", "estimates")} == {
        name: before[name] for name in ("claims", "ways", "estimates")
    }


def test_what_changed_is_named():
    old = {"claims": [{"id": "rise", "verdict": "pass"}, {"id": "gone", "verdict": "fail"}]}
    new = {"claims": [{"id": "rise", "verdict": "inconclusive"}]}
    assert changes(old, new) == ["rise: pass -> inconclusive", "gone: fail -> gone"]


def test_what_is_kept_of_an_old_record_is_told_as_the_claim_is_written_today():
    row = {"id": "rise", "way": "matrix", "verdict": "pass", "role": "predicted", "statement": "it rose"}
    now = [{"id": "rise", "verdict": "fail", "role": "by-construction", "statement": "it rises"}]
    assert record.as_written(row, now) == row | {"role": "by-construction", "statement": "it rises"}
    assert record.as_written(row, []) == row
