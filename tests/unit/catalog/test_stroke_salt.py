"""System 4 is an association: no claim is judged, and the arm that could tell the two accounts apart is there."""

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_arm, apply_variant


@pytest.fixture(scope="module")
def entry():
    return load_entry("stroke-salt").experiment


def test_nothing_is_judged(entry):
    assert {claim.grade for claim in entry.claims} == {"T3"}
    assert not {edge.evidence for edge in entry.graph} & {"perturbed"}


def test_the_deciding_arm_takes_tetraspanin_from_the_salty_arm_and_nothing_else(entry):
    deciding = dict(entry.arm("high-salt-tspan-loss").changes)
    assert deciding.pop("biogenesis.nucleation.tetraspanin").value == 0
    assert deciding == entry.arm("high-salt").changes
    assert entry.arm("high-salt-tspan-loss").proposed
    claim = next(c for c in entry.claims if c.discriminating_arm)
    assert claim.discriminating_arm == "high-salt-tspan-loss"
    assert claim.comparison is not None
    assert "would decide" in claim.note


def test_published_arms_differ_in_salt_alone(entry):
    assert {arm.id for arm in entry.arms if not arm.proposed} == {"low-salt", "high-salt"}
    assert set(entry.arm("high-salt").changes) == {"signals.bath@salt.concentration"}


def test_each_account_leaves_one_way_to_die(entry):
    left = {name: set(apply_variant(entry, own).rules) for name, own in entry.explanations.items()}
    assert left == {
        "through-migrasomes": {"salt-activates", "migrasomes-kill"},
        "activation": {"salt-activates", "microglia-kill"},
    }


def test_both_ways_are_of_one_strength(entry):
    texts = [entry.rules[name].text.partition("to ")[2] for name in ("migrasomes-kill", "microglia-kill")]
    assert {text.partition(",")[0] for text in texts} == {"0.1 1/h"}
    assert set(apply_arm(entry, "high-salt-tspan-loss").rules) == set(entry.rules)


def test_microglia_that_do_not_crawl_stand_still_and_no_claim_rests_on_it(entry):
    slow = entry.arm("high-salt-slow")
    assert slow.changes["populations.activated.motility.walk.speed"].value == 0
    assert "less clean than TSPAN loss" in slow.note
    assert not any(slow.id in claim.comparison.arms for claim in entry.claims if claim.comparison)
