"""The entry of system 7 says what its sources say, and no more."""

from __future__ import annotations

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_variant
from migralab.spec.experiment import Experiment

TNF, TPM1 = "pathways.stress-fibres.tnf", "pathways.stress-fibres.tpm1"
FIBRES = "biogenesis.retraction-fibre.anchor_density"


def entry() -> Experiment:
    return load_entry("endothelium-tnf").experiment


def added(arm: str, to: str) -> set[str]:
    """Return what one arm changes and the other does not; what both change is alike."""
    own, other = entry().arm(arm).changes, entry().arm(to).changes
    assert all(own[path].internal == other[path].internal for path in own.keys() & other.keys())
    return set(own) - set(other)


def test_each_arm_changes_one_thing() -> None:
    assert added("tnf", "rest") == {TNF}
    assert added("tnf-tpm1", "tnf") == {TPM1}
    assert added("tnf-straight", "tnf") == set()
    assert entry().arm("tnf-straight").rules == {"align": None}


def test_the_deciding_arm_removes_what_is_left_behind_and_keeps_contacts() -> None:
    arm = entry().arm("tnf-erased")
    assert arm.proposed
    assert added(arm.id, "tnf") == {FIBRES}
    assert arm.changes[FIBRES].internal == 0.0
    claim = next(c for c in entry().claims if c.id == "coordination-by-migrasomes")
    assert (claim.grade, claim.discriminating_arm) == ("T3", arm.id)


def test_tpm1_leaves_a_fifth_of_the_answer_and_no_more() -> None:
    """1/(1 + 1.5 (4 - 1)) = 0.18: what the abstract calls inhibited, and not nothing."""
    level = entry().arm("tnf-tpm1").changes[TPM1].internal
    assert "stabilisation = 1.5" in entry().pathways["stress-fibres"].text
    assert 1 / (1 + 1.5 * (level - 1)) == pytest.approx(0.18, abs=0.01)


def test_accounts_differ_in_who_guides() -> None:
    held = {name: apply_variant(entry(), own).mechanisms for name, own in entry().explanations.items()}
    assert held["by-migrasomes"]["motility.alignment"]["rate"].internal == 0.0
    assert held["by-migrasomes"]["recipients.contact-guidance"]["rate"].internal > 0.0
    for name in ("by-contacts", "followers"):
        assert held[name]["recipients.contact-guidance"]["rate"].internal == 0.0
    assert held["followers"]["motility.alignment"]["polar"].internal == 1.0


def test_typed_signs_score_nothing() -> None:
    graded = {claim.id: claim.grade for claim in entry().claims}
    typed = ("nematic-order-rises", "migrasomes-rise", "tpm1-returns-order", "tpm1-returns-migrasomes")
    assert {graded[name] for name in typed} == {"by-construction"}


def test_both_readings_of_directed_are_put_to_the_abstract_and_say_that_they_are_readings() -> None:
    for name in ("polar-order-rises", "straighter"):
        claim = next(c for c in entry().claims if c.id == name)
        assert (claim.grade, claim.source.key) == ("T2", "gagat2021")
        assert claim.statement.startswith("if directed means ")
