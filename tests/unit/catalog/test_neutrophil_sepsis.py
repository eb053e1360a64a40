"""The entry of system 12b rests on a review alone, says so, and its arms differ in what they name alone."""

import pytest

from migralab.catalog.catalog import load_entry

SOD2 = "recipients.add-back.soluble_protein"


@pytest.fixture(scope="module")
def entry():
    return load_entry("neutrophil-sepsis").experiment


def test_every_edge_is_asserted(entry):
    assert {edge.evidence for edge in entry.graph} == {"asserted"}
    assert "bao2022" not in {edge.cite.key for edge in entry.graph}, "it was not read"
    assert {c.grade for c in entry.claims if c.source.key == "bao2022"} == set()


def test_the_arm_that_discriminates_lacks_sod2_and_nothing_else(entry):
    with_it, without = entry.arm("loss-sod2").changes, dict(entry.arm("loss-no-sod2").changes)
    assert without.pop(SOD2).value == 0
    assert without == with_it
    for name in ("sod2-rescues", "sod2-is-what-acts"):
        assert next(c for c in entry.claims if c.id == name).discriminating_arm == "loss-no-sod2"


def test_packed_vesicles_are_as_many(entry):
    packed = dict(entry.arm("loss-packed").changes)
    assert packed.pop(SOD2).value == 500
    assert packed == entry.arm("loss-sod2").changes
    assert entry.arm("loss-packed").proposed


def test_natural_vesicles_hold_what_any_vesicle_holds(entry):
    assert entry.mechanisms["signals.cargo"] == {}
    assert SOD2.rpartition(".")[2] not in entry.mechanisms["recipients.add-back"]


def test_the_network_is_that_of_the_endothelium(entry):
    active = "pathways.ros-coagulation.active"
    assert entry.populations["endothelium"].changes[active].value == 1
    assert entry.mechanisms["pathways.ros-coagulation"]["active"].value == 0


def test_peroxide_beyond_its_limit_is_the_rival(entry):
    rival = entry.explanations["peroxide-acts"].changes["pathways.ros-coagulation.peroxide_weight"]
    assert 0.92 < rival.value <= 1, "docs/pathways/ros-coagulation.md: eq-ros-sign"


def test_the_sign_of_sod2_is_no_prediction(entry):
    weight = entry.mechanisms["pathways.ros-coagulation"]["peroxide_weight"]
    claims = {c.id: c for c in entry.claims}
    assert (weight.value, weight.calibrated_on) == (0.2, "sod2-is-what-acts")
    assert {claims[name].role for name in ("sod2-is-what-acts", "sod2-rescues")} == {"calibrated"}
    assert claims["packed-protects"].grade == "by-construction"


def test_what_a_second_reader_reads_otherwise_is_noted(entry):
    rates = entry.populations["endothelium"].changes
    dose = entry.arm("loss-sod2").changes["recipients.add-back.mass"]
    for place in (rates["motility.contact.diameter"], dose, entry.rules["clots"]):
        assert "second reader" in place.note


def test_one_rear_for_all_leukocytes(entry):
    widths = [
        load_entry(name).experiment.mechanisms["biogenesis.rear-width"]["straight_width"]
        for name in ("neutrophil-sepsis", "neutrophil-tcell", "angiogenesis-cam")
    ]
    assert {(w.value, w.unit) for w in widths} == {(3.0, "um")}
