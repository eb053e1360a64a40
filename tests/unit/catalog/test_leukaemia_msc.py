"""System 14: one set of arms, put to four ways of signalling and to the accounts that a bath of SDF-1 tells apart."""

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_variant


@pytest.fixture(scope="module")
def entry():
    return load_entry("leukaemia-msc").experiment


def test_published_arms_differ_in_one_number_each(entry):
    own = {arm.id: set(arm.changes) for arm in entry.arms if not arm.proposed}
    assert own == {
        "control": set(),
        "amd3100": {"recipients.receptors.antagonist"},
        "bath": {"signals.bath.concentration"},
        "anti-cd166": {"populations.recipients.recipients.uptake.blocked"},
        "cd34": {"populations.recipients.recipients.uptake.competence"},
    }


def test_each_way_has_its_own_carrier_and_nothing_is_sensed_of_what_is_delivered(entry):
    ways = {name: apply_variant(entry, way) for name, way in entry.signalling.ways.items()}
    carrier = {name: {m for m in own.mechanisms if m.startswith("signals.") and m.endswith(("bound", "diffusing"))}
               for name, own in ways.items()}  # fmt: skip
    assert carrier == {
        "diffusing": {"signals.diffusing"}, "matrix": {"signals.matrix-bound"},
        "contact": {"signals.membrane-bound"}, "delivered": {"signals.membrane-bound"},
    }  # fmt: skip
    assert "recipients.chemotaxis" not in ways["delivered"].mechanisms
    assert {"attracts", "bath-abolishes", "amd3100-abolishes"} <= set(entry.signalling.claims)
    assert all({arm.id for arm in own.arms} == {arm.id for arm in entry.arms} for own in ways.values())


def test_rules_of_rivals_are_idle_in_the_entry_itself(entry):
    assert all("half-max 1e9" in rule.text for rule in entry.rules.values())
    assert "bath" in {claim.discriminating_arm for claim in entry.claims}


def test_the_wash_is_one_half_time_of_return_before_the_end(entry):
    stop = entry.arm("washed").changes["signals.bath.stop"].value
    assert entry.dish.duration_s / 60 - stop == pytest.approx(0.6931 / 0.04, abs=0.5)  # 0.04 /min: BMC Cell Biol 15:15


def test_attraction_is_judged_against_the_same_dish_without_the_cue(entry):
    assert {path: p.value for path, p in entry.arm("blind").changes.items()} == {
        "signals.cargo.membrane_protein": 0, "signals.cargo.soluble_protein": 0,
    }  # fmt: skip
    claim = next(claim for claim in entry.claims if claim.id == "attracts")
    assert claim.comparison.kind == "sign"
    assert claim.comparison.arms == ("blind", "control")
