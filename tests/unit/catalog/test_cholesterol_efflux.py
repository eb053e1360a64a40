"""System 15: two doors, and the arms that systems.md asks for."""

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_variant


@pytest.fixture(scope="module")
def entry():
    return load_entry("cholesterol-efflux").experiment


def test_the_entry_itself_has_neither_hdl_nor_apoa1(entry):
    stated = {**entry.mechanisms["pathways.cholesterol-efflux"], **entry.mechanisms["pathways.smc"]}
    assert not {"hdl", "apoa1"} & set(stated)
    assert set(entry.arm("hdl").changes) == {"pathways.cholesterol-efflux.hdl", "pathways.smc.hdl"}
    assert len({p.value for p in entry.arm("hdl").changes.values()}) == 1


def test_hdl_is_one_medium_and_two_edges_and_each_is_cut_alone(entry):
    both = {path: p.value for path, p in entry.arm("hdl").changes.items()}
    cut = [{path: p.value for path, p in entry.arm(name).changes.items()} for name in ("hdl-donor", "hdl-recipient")]
    assert [len(own) for own in cut] == [1, 1]
    assert cut[0] | cut[1] == both
    assert len({entry.arm(name).edge for name in ("hdl-donor", "hdl-recipient")}) == 2
    assert all(entry.arm(name).proposed for name in ("hdl-donor", "hdl-recipient"))


def test_what_typed_signs_distances_or_thresholds_decide_is_not_judged(entry):
    assert [claim.id for claim in entry.claims if claim.grade == "T2"] == ["hdl-competes"]


def test_apart_and_mixed_have_as_many_donors(entry):
    near, apart = entry.populations["macrophages"], entry.populations["macrophages_apart"]
    assert near.cells == apart.cells
    assert apart.along_x[1] < entry.populations["smc_far"].along_x[0]
    death = "phenotype.death.rate"
    assert apart.changes[death].value > 0
    rates = {path: p.value for path, p in entry.arm("apart").changes.items()}
    assert rates == {f"populations.macrophages.{death}": 1000, f"populations.macrophages_apart.{death}": 0}
    assert {k: v for k, v in apart.changes.items() if k != death} == near.changes


def test_touch_shuts_the_door_of_migrasomes_and_opens_its_own(entry):
    touch = apply_variant(entry, entry.explanations["touch"])
    assert touch.mechanisms["recipients.uptake"]["blocked"].value == 1
    assert touch.mechanisms["pathways.smc"]["touch_rate"].value > 0
    assert "touch_rate" not in entry.mechanisms["pathways.smc"]
    deciding = next(claim for claim in entry.claims if claim.id == "donor-must-pass")
    assert deciding.grade == "T3"
    assert entry.arm(deciding.discriminating_arm).proposed
    assert entry.arm(deciding.discriminating_arm).changes["populations.macrophages.motility.walk.speed"].value == 0
