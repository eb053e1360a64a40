"""Neural crest, the negative control: it says what Gustafson 2022 and systems.md 16 say, and no more."""

from __future__ import annotations

import math

from migralab.catalog.catalog import load_entry
from migralab.simulation.compile import compile_experiment
from migralab.spec.experiment import Experiment

RELEASE, GROUND = "signals.secretion@exosome.rate", "signals.matrix-bound@exosome"
TETRASPANIN = "biogenesis.nucleation.tetraspanin"


def entry() -> Experiment:
    return load_entry("neural-crest").experiment


def changed(arm: str) -> dict[str, float]:
    return {path: float(parameter.internal) for path, parameter in entry().arm(arm).changes.items()}


def test_the_block_stops_exosomes_and_touches_nothing_of_migrasomes() -> None:
    assert changed("rab27a-block") == {RELEASE: 0.0}
    assert not entry().arm("rab27a-block").proposed


def test_the_arm_of_systems_md_takes_migrasomes_and_leaves_exosomes_and_no_paper_has_it() -> None:
    assert changed("tspan-loss") == {TETRASPANIN: 0.0}
    assert entry().arm("tspan-loss").proposed


def test_the_review_is_put_to_the_arm_that_separates_the_accounts() -> None:
    """Without migrasomes both accounts lose 1 % at most; with exosomes blocked one loses and the other does not."""
    claim = next(claim for claim in entry().claims if claim.id == "review-sentence")
    assert (claim.grade, claim.discriminating_arm) == ("T3", "rab27a-block")
    assert claim.comparison is not None
    assert claim.comparison.arms == ("rab27a-block", "control")


def test_only_exosomes_act_unless_one_explains_it_by_migrasomes() -> None:
    assert all(str(rule.text).startswith("exosome occupancy raises") for rule in entry().rules.values())
    rival = entry().explanations["migrasomes"].rules
    assert set(rival) == set(entry().rules)
    assert all(str(text).startswith("engulfed migrasomes raises") for text in rival.values())


def test_what_was_typed_scores_nothing() -> None:
    for claim in entry().claims:
        if claim.source.key == "gustafson2022" or claim.id.startswith(("no-migrasomes", "knock-on", "coat-")):
            assert claim.grade in ("by-construction", "T3"), claim.id


def test_the_particle_diffuses_as_a_sphere_of_60_nm_in_water_at_37_degrees() -> None:
    d = entry().mechanisms[GROUND]["diffusivity"]
    for value, diameter in ((d.internal, 0.060), (d.low, 0.100), (d.high, 0.030)):
        # kT 4.28e-3 pN um over 6 pi x 0.7e-3 pN s/um2 x radius; two or three digits are given
        assert value is not None
        assert math.isclose(value, 4.28e-3 / (6 * math.pi * 0.7e-3 * diameter / 2), rel_tol=0.01)


def test_the_coat_is_what_the_cells_have_given_off_at_half_time() -> None:
    p = compile_experiment(entry(), "rab27a-coat").parameters[GROUND].internal()
    coat = p["sites"] * p["layer"] * p["background"] / (p["affinity"] + p["background"])
    control = compile_experiment(entry(), "control").parameters["signals.secretion@exosome"].internal()["rate"]
    dish = entry().dish
    assert math.isclose(coat, control * dish.duration_s / 2 * dish.density_per_um2, rel_tol=0.02)
