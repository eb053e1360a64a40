"""The entry says what its sources say, and its arms differ in what they name."""

from __future__ import annotations

import pytest

from migralab.catalog.catalog import load_entry

ENTRY = load_entry("zebrafish-laterality").experiment
PUBLISHED = {
    "defect-wild-type": 0.062, "defect-4a": 0.41, "defect-7": 0.478, "normal-wild-type": 21 / 24, "normal-4a": 5 / 14,
    "normal-7": 4 / 19, "area-wild-type": 3450.0, "area-4a": 1.9 / 3.45, "area-7": 1.9 / 3.45, "near-share": 24 / 53,
    "count-4a": 0.34, "count-7": 0.246,
}  # fmt: skip
MUTANTS = {"mztspan4a", "mztspan7", "half-loss"}


def claim(name):
    return next(one for one in ENTRY.claims if one.id == name)


@pytest.mark.parametrize("arm", sorted(MUTANTS))
def test_a_tetraspanin_mutant_differs_in_tetraspanin_alone(arm):
    assert set(ENTRY.arm(arm).changes) == {"biogenesis.nucleation.tetraspanin"}


def test_the_rescue_differs_from_its_mutant_in_what_is_added_alone():
    for rescue in ("rescue-4a", "rescue-7"):
        mutant = ENTRY.reference_of(rescue)
        more = {path: value for path, value in ENTRY.arm(rescue).changes.items() if path not in mutant.changes}
        assert set(more) == {"recipients.add-back.mass"}
        assert ENTRY.arm(rescue).changes.items() >= mutant.changes.items()


def test_published_numbers_are_those_of_effects_csv():
    wt, mutant, rescued = 0.418 - 0.356, 0.418, 0.196  # Jiang 3d, 3h: 0.062, 0.418, 0.196
    low, high = claim("rescued-4a").comparison.low, claim("rescued-4a").comparison.high
    assert low < (mutant - rescued) / (mutant - wt) < high
    for name, value in PUBLISHED.items():
        assert claim(name).comparison.low < value < claim(name).comparison.high


def test_one_number_is_calibrated_and_it_is_named():
    paths = [p for own in ENTRY.mechanisms.values() for p in own.values() if p.calibrated_on]
    paths += [p for p in ENTRY.populations["dfc"].changes.values() if p.calibrated_on]
    assert [p.calibrated_on for p in paths] == ["area-wild-type"]
    assert [one.id for one in ENTRY.claims if one.role == "calibrated"] == ["area-wild-type"]


def test_the_arm_that_decides_and_both_laws_are_there():
    assert ENTRY.arm("spread").proposed
    assert claim("spread-scatters").source.key == "migralab"
    widths = {name: own.changes["phenotype.lumen.width"].internal for name, own in ENTRY.explanations.items()}
    assert widths["linear"] == 1.0
    assert widths["threshold"] < 0.1
    assert set(ENTRY.signalling.ways) == {"diffusing", "matrix", "contact", "delivered"}
