"""Neutrophil trails and T cells: what Lim 2015 and systems.md 12a ask is there, and the free arm has the same mass."""

from __future__ import annotations

import re

from migralab.catalog.catalog import load_entry
from migralab.spec.experiment import Experiment

OF_NEUTROPHILS = "populations.neutrophils."
MEMBRANE, SOLUBLE = (f"{OF_NEUTROPHILS}signals.cargo.{kind}_protein" for kind in ("membrane", "soluble"))
SECRETION, DEATH = f"{OF_NEUTROPHILS}signals.secretion.rate", f"{OF_NEUTROPHILS}phenotype.death.rate"


def entry() -> Experiment:
    return load_entry("neutrophil-tcell").experiment


def changed(arm: str) -> dict[str, float]:
    return {path: float(parameter.internal) for path, parameter in entry().arm(arm).changes.items()}


def test_published_arms_differ_in_what_they_name() -> None:
    assert set(changed("depleted")) == {DEATH}
    assert changed("cxcl12-loss") == {MEMBRANE: 0.0, SOLUBLE: 0.0, SECRETION: 0.0}
    assert set(changed("amd")) == {"recipients.receptors.antagonist"}
    assert not any(entry().arm(arm).proposed for arm in ("depleted", "cxcl12-loss", "amd"))
    assert entry().arm("amd-20000").proposed
    assert changed("amd-20000") == {"recipients.receptors.antagonist": 20000.0}


def test_the_free_arm_gives_off_the_mass_that_trails_hold() -> None:
    free = entry().arm("free")
    assert free.proposed
    held = re.findall(r"\d+,\d{3}", free.changes[SECRETION].source.locator)[:3]
    mean = sum(int(number.replace(",", "")) for number in held) / 3
    seconds = 60 * 90 * entry().populations["neutrophils"].cells
    assert abs(changed("free")[SECRETION] / (mean / seconds) - 1) < 0.05, "rounded to two digits"
    assert changed("free")[MEMBRANE] == changed("free")[SOLUBLE] == 0.0
    rival = entry().explanations["free-release"].changes
    assert rival[SECRETION].internal == changed("free")[SECRETION]


def test_neutrophils_that_leave_do_so_before_t_cells_come() -> None:
    stay_s = 1.0 / changed("left")[DEATH]
    assert 3 * stay_s <= entry().populations["tcells"].enters_s + 1e-6, "one in twenty is left"
    assert set(changed("left")) == {DEATH}
    assert changed("left-free") == changed("left") | changed("free")
    assert changed("left-loss") == changed("left") | changed("cxcl12-loss")


def test_speeds_lie_where_systems_md_puts_them_and_all_four_ways_have_their_most() -> None:
    for population in entry().populations.values():
        assert 5.0 <= 60.0 * population.changes["motility.walk.speed"].internal <= 15.0
    ways = entry().signalling
    assert ways is not None
    assert set(ways.ways) == {"diffusing", "matrix", "contact", "delivered"}
    for name, way in ways.ways.items():
        (load,) = way.most.values()
        assert (load.value, load.unit) == ((10.0, "uM") if name in ("diffusing", "matrix") else (300.0, "1/um^2"))


def test_that_leaving_is_death_is_said_where_it_counts() -> None:
    said = "leaving is death here"
    assert said in entry().note
    assert said in next(claim for claim in entry().claims if claim.id == "trail-works-alone").note
