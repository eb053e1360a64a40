"""The entry of system 13 says what its sources say, and no more."""

from __future__ import annotations

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.experiment import Experiment

MASS = "recipients.add-back.mass"
HOST = {cue: f"populations.wall.signals.secretion@{cue}.rate" for cue in ("vegf", "cxcl12")}
P_VALUES = {
    "migrasomes-raise": "0.0003",
    "vegfa-replaced": "0.7626", "cxcl12-not-replaced": "0.0028", "cxcl12-partly": "0.0012",
}  # fmt: skip


def entry() -> Experiment:
    return load_entry("angiogenesis-cam").experiment


@pytest.mark.parametrize(("sirna", "off"), [("sinc", set()), ("sivegfa", {"vegf"}), ("sicxcl12", {"cxcl12"})])
def test_the_six_arms_differ_in_dose_and_in_what_the_host_makes(sirna: str, off: set[str]) -> None:
    knocked = {HOST[cue] for cue in off}
    assert set(entry().arm(f"{sirna}-agarose").changes) == knocked
    dosed = entry().arm(f"{sirna}-migrasome").changes
    assert set(dosed) == knocked | {MASS}
    assert all(dosed[path].internal == 0.0 for path in knocked)


def test_the_dose_arm_that_separates_the_accounts_is_there_and_proposed() -> None:
    once, more = (entry().arm(f"sicxcl12-{dose}").changes[MASS].internal for dose in ("migrasome", "high"))
    assert more == pytest.approx(4.0 * once)
    assert all(entry().arm(name).proposed for name in ("sinc-high", "sicxcl12-high"))
    assert set(entry().explanations) == {"loop", "poor-dose", "neither"}
    assert entry().explanations["neither"].rules["recruits"] is None


def test_the_published_p_values_and_n_stand_with_their_claims() -> None:
    claims = {claim.id: claim for claim in entry().claims}
    for name, p in P_VALUES.items():
        assert f"P = {p}" in claims[name].statement
        assert claims[name].role == "predicted"
    assert claims["vegfa-replaced"].comparison.kind == "equivalence"
    told = [claims[name].laboratory for name in P_VALUES if name != "vegfa-replaced"]
    assert [laboratory.cells for laboratory in told if laboratory] == [9, 9, 9]


def test_numbers_are_those_of_the_evidence_and_none_is_calibrated() -> None:
    own = entry().mechanisms
    assert own["recipients.receptors@vegf"]["affinity"].value == 0.1  # nM: 1e7 /M/s and 1e-3 /s
    assert "affinity" not in own["recipients.receptors@cxcl12"]  # the default, 3.4 nM of Lau 2020
    assert own["signals.diffusing@vegf"]["background"].value == 1e-3  # nM: 1 pM in muscle
    assert own["signals.diffusing@vegf"]["share"] == own["signals.diffusing@cxcl12"]["share"]
    assert not any(p.calibrated_on for changes in own.values() for p in changes.values())


def test_all_four_ways_have_the_most_of_the_budget() -> None:
    signalling = entry().signalling
    assert signalling is not None
    assert set(signalling.ways) == {"diffusing", "matrix", "contact", "delivered"}
    assert all(way.most for way in signalling.ways.values())


def test_free_vegf_is_cited_where_it_stands_and_the_rule_of_eighty_per_cent_is_said_per_arm() -> None:
    background = entry().mechanisms["signals.diffusing@vegf"]["background"]
    assert background.source.key == "bmcsystbiol2008"  # 2:77; the receptors are of 5:170
    claims = {claim.id: claim for claim in entry().claims}
    assert all("80 % rule" in claims[name].note for name in (*P_VALUES, "monocytes-needed"))
    assert "no live rival" in entry().explanations["poor-dose"].note
