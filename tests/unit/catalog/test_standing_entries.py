"""Systems 2, 3, 9 and the formation assay: the discriminating arm is there, and arms differ in what they name."""

import pytest

from migralab.catalog.catalog import load_entry


def changed(entry, arm):
    """Return the parameters in which an arm differs from what it is compared with."""
    own, other = entry.arm(arm).changes, entry.reference_of(arm).changes
    return {path for path in {*own, *other} if own.get(path) != other.get(path)}


@pytest.mark.parametrize(
    ("name", "arm", "path"),
    [
        ("mitocytosis", "immobile", "motility.walk.speed"),
        ("mitocytosis", "severe-stress", "signals.mitochondria.stress"),
        ("mitocytosis", "equal-binding", "signals.mitochondria.damaged_binding"),
        ("mitocytosis", "blocked", "biogenesis.nucleation.tetraspanin"),
        ("pten-transfer", "ug20-block", "pathways.pten-akt.translation"),
        ("pten-transfer", "normal", "pathways.pten-akt.own_synthesis"),
        ("retina-pvr", "tgfb-uptake-block", "recipients.uptake.blocked"),
        ("retina-pvr", "tgfb-smad-block", "pathways.tgfb-smad.smad_inhibition"),
        ("migrasome-formation", "thick-fibres", "biogenesis.retraction-fibre.radius"),
    ],
)
def test_the_arm_of_systems_md_changes_one_parameter(name, arm, path):
    entry = load_entry(name).experiment
    assert path in entry.arm(arm).changes
    assert changed(entry, arm) - {"pathways.tgfb-smad.tgfb"} == {path}


@pytest.mark.parametrize("name", ["mitocytosis", "pten-transfer", "retina-pvr", "migrasome-formation"])
def test_rivals_and_key_estimates_stand(name):
    entry = load_entry(name).experiment
    assert len(entry.explanations) >= 2
    assert 3 <= len(entry.key_estimates) <= 5


def test_doses_and_hours_are_those_of_zhu_2021():
    entry = load_entry("pten-transfer").experiment
    doses = {arm: entry.arm(arm).changes["recipients.add-back.mass"].value for arm in ("ug20", "ug8", "ug10")}
    assert doses == {"ug20": 20, "ug8": 8, "ug10": 10}
    claim = next(claim for claim in entry.claims if claim.id == "pakt-24h")
    assert claim.comparison.low <= 0.16 / ((1.22 + 1.25) / 2) <= claim.comparison.high  # fig 1m, over 3 and 6 h


def test_one_number_of_one_entry_is_calibrated_on_its_own_system():
    calibrated = {
        name: [p for own in load_entry(name).experiment.mechanisms.values() for p in own.values() if p.calibrated_on]
        for name in ("mitocytosis", "pten-transfer", "retina-pvr")
    }
    assert {name: len(found) for name, found in calibrated.items()} == {
        "mitocytosis": 0, "pten-transfer": 1, "retina-pvr": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "claim", "grade"),
    [
        ("retina-pvr", "loop-is-weak", "T3"),  # a threshold on an estimate
        ("pten-transfer", "counted-agrees", "by-construction"),  # an identity of linear steps
        ("migrasome-formation", "itga5-not-on-laminin", "by-construction"),  # ITGA5 acts on fibronectin alone
    ],
)
def test_what_cannot_fail_scores_nothing(name, claim, grade):
    found = next(c for c in load_entry(name).experiment.claims if c.id == claim)
    assert (found.grade, bool(found.note)) == (grade, True)


def test_the_gain_of_retina_is_printed_with_what_it_does_to_the_count():
    note = load_entry("retina-pvr").experiment.note
    assert all(words in note for words in ("0.21", "1.27", "transient", "0.10 to 0.57"))
