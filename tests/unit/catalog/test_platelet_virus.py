"""System 6 is a reading of micrographs: nothing is judged, and the arm that keeps platelets from moving is there."""

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_variant

CROWD = "signals.bath@virion.concentration"


@pytest.fixture(scope="module")
def entry():
    return load_entry("platelet-virus").experiment


def test_nothing_is_judged_and_the_review_alone_says_migrasome(entry):
    assert {claim.grade for claim in entry.claims} == {"T3"}
    named = [claim for claim in entry.claims if "are migrasomes" in claim.statement]
    assert {claim.source.key for claim in named} == {"jiang2023"}


def test_the_deciding_arm_keeps_them_from_moving_and_nothing_else(entry):
    still = dict(entry.arm("virions-still").changes)
    assert still.pop("motility.walk.speed").internal < 1e-2 * entry.mechanisms["motility.walk"]["speed"].internal
    assert still == entry.arm("virions").changes
    assert entry.arm("virions-still").proposed
    deciding = [claim for claim in entry.claims if claim.discriminating_arm == "virions-still"]
    assert len(deciding) == 1
    assert "would decide" in deciding[0].note


def test_ace2_is_in_the_affinity_alone_and_the_dose_lies_above_both(entry):
    without = dict(entry.arm("virions-no-ace2").changes)
    weaker = without.pop("recipients.receptors@virion.affinity")
    assert without == entry.arm("virions").changes
    assert weaker.internal > entry.mechanisms["recipients.receptors@virion"]["affinity"].internal
    assert entry.arm("virions").changes[CROWD].internal > 3 * weaker.internal


def test_each_account_lacks_what_the_other_says(entry):
    shed, left = (apply_variant(entry, entry.explanations[n]) for n in ("shed-by-death", "left-by-migration"))
    assert set(shed.rules) == {"virions-kill"}
    assert set(left.rules) == set(entry.rules)
    rate = "biogenesis.shedding.rate"
    assert shed.populations["dying"].changes[rate].value > 0
    assert left.populations["dying"].changes[rate].value == 0
