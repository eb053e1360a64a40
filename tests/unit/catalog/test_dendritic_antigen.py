"""System 11: nothing is judged, and both accounts are given as much antigen."""

import math

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_variant

PER_UM3 = 602.2  # molecules in a um3 at 1 uM
DIAMETER = 0.75  # um, of the entry's note


@pytest.fixture(scope="module")
def entry():
    return load_entry("dendritic-antigen").experiment


def test_nothing_is_judged_and_no_edge_was_perturbed(entry):
    assert {claim.grade for claim in entry.claims} == {"T3"}
    assert not any(edge.evidence == "perturbed" for edge in entry.graph)
    assert all(arm.proposed for arm in entry.arms if not arm.control)


def test_free_antigen_is_as_many_molecules_as_bound(entry):
    free = entry.arm("free").changes["signals.cargo.soluble_protein"].value * PER_UM3 * math.pi * DIAMETER**3 / 6
    assert free == pytest.approx(30 * math.pi * DIAMETER**2, rel=0.02)  # 30 per um2: the default of cargo


def test_the_free_account_is_the_free_arm(entry):
    free = apply_variant(entry, entry.explanations["free-diffusion"])
    assert "signals.diffusing" in free.mechanisms
    assert "signals.membrane-bound" not in free.mechanisms
    assert entry.explanations["free-diffusion"].changes == entry.arm("free").changes


def test_the_deciding_arm_is_there_and_the_sensing_limit_is_that_of_haessler(entry):
    deciding = {claim.discriminating_arm: claim for claim in entry.claims if claim.comparison}
    assert "would decide" in deciding["free"].note
    assert any("0.4 %" in claim.statement and claim.source.key == "haessler2011" for claim in entry.claims)
