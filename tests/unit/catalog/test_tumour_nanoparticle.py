"""The entry of system 10b says what its sources say, and no more."""

from __future__ import annotations

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_variant
from migralab.spec.experiment import Experiment

COATED, DOSE = "recipients.uptake.coated", "signals.bath@np.concentration"


def entry() -> Experiment:
    return load_entry("tumour-nanoparticle").experiment


def paths(arm: str) -> set[str]:
    return set(entry().arm(arm).changes)


def test_particles_are_the_same_treatment_with_and_without_neighbours() -> None:
    dense, alone = entry().arm("dense-np").changes, entry().arm("isolated-np").changes
    assert set(dense) == {COATED, DOSE}
    assert paths("isolated-np") - paths("isolated") == {COATED, DOSE}
    assert [dense[p].internal for p in (COATED, DOSE)] == [alone[p].internal for p in (COATED, DOSE)]


def test_isolation_takes_every_neighbour_away_and_no_paper_has_it() -> None:
    gone = {f"populations.{name}.phenotype.death.rate" for name in entry().populations}
    assert paths("isolated") == gone
    assert entry().dish.cells == 1, "the watched cell has no company of its own kind"
    assert all(entry().arm(name).proposed for name in ("isolated", "isolated-np", "half"))
    assert not entry().arm("dense-np").proposed


def test_fed_cells_run_as_in_retina_pvr() -> None:
    other = load_entry("retina-pvr").experiment.rules["fed-cells-run"]
    assert entry().rules["fed-cells-run"].text == other.text


def test_particles_on_the_cell_act_in_the_rival_accounts_alone() -> None:
    affinity = "recipients.receptors@np"
    dose = entry().arm("dense-np").changes[DOSE].internal
    held = {name: apply_variant(entry(), own) for name, own in entry().explanations.items()}
    assert held["by-uptake"].mechanisms[affinity]["affinity"].internal > 1e4 * dose
    for name in ("by-adhesion", "both"):
        assert held[name].mechanisms[affinity]["affinity"].internal < dose
    assert "fed-cells-run" not in held["by-adhesion"].rules
    assert "fed-cells-run" in held["both"].rules


def test_what_typed_numbers_decide_is_not_judged() -> None:
    grades = {claim.id: claim.grade for claim in entry().claims}
    assert {grades[name] for name in ("metastasis", "coat-blocks", "which-path")} == {"T3"}
    assert {grades[name] for name in ("isolated-do-not-care", "neighbours-hasten")} == {"by-construction"}
