"""A second kind of cell in an experiment file: what may be said of it, and every mistake with its place."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.simulation.compile import compile_experiment
from migralab.spec.change import apply_arm, apply_setting
from migralab.spec.loader import parse_experiment

TEXT = """
schema: 1
id: two-kinds
title: Two kinds of cells
question: Do they meet?
dish: {cells: 6, duration: 2 h, step: 1 min, output_every: 60 min, population: msc}
populations:
  kg1a:
    cells: 9
    enters: 30 min
    changes:
      motility.walk.speed: {value: 5 um/min, source: {key: test, locator: test, tag: E}}
      motility.contact.diameter: {value: 12 um, source: {key: test, locator: test, tag: E}}
mechanisms:
  motility.adhesion: {}
  motility.walk: {}
  motility.contact: {}
  motility.displacement: {}
  biogenesis.rear-width: {}
  biogenesis.retraction-fibre: {}
  biogenesis.breakage: {}
  biogenesis.nucleation: {}
  biogenesis.growth: {}
  biogenesis.fate: {}
arms:
  - {id: both, control: true}
  - id: slow
    changes: {populations.kg1a.motility.walk.speed: {value: 1 um/min, source: {key: test, locator: test, tag: E}}}
  - {id: no-contact, without: [motility.contact]}
"""


def file(**replaced):
    text = TEXT
    for old, new in replaced.values():
        assert old in text
        text = text.replace(old, new)
    return parse_experiment(text, "two.yaml")


def speed_of(model):
    return model.parameters["motility.walk"].varied("speed") * 60


def test_each_population_has_its_own_parameters():
    model = compile_experiment(file())
    np.testing.assert_allclose(speed_of(model), [0.5, 5.0])
    assert model.all_cells == 15
    state = model.found(model.build(), [1])
    assert state.populations == ("msc", "kg1a")
    assert list(np.bincount(state["cells"]["population"])) == [6, 9]
    assert list(np.unique(state["cells"]["enters"])) == [0.0, 1800.0]


def test_an_arm_changes_one_population_and_takes_a_mechanism_out():
    np.testing.assert_allclose(speed_of(compile_experiment(file(), "slow")), [0.5, 1.0])
    model = compile_experiment(file(), "no-contact")
    assert "motility.contact" not in model.parameters
    np.testing.assert_allclose(speed_of(model), [0.5, 5.0])


def test_a_setting_reaches_a_population():
    experiment = apply_setting(file().experiment, "populations.kg1a.motility.walk.speed=2 um/min")
    np.testing.assert_allclose(speed_of(compile_experiment(experiment)), [0.5, 2.0])


def test_arms_keep_the_populations():
    assert apply_arm(file().experiment, "both").populations["kg1a"].cells == 9


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("motility.walk.speed: {value: 5", "motility.walk.sped: {value: 5", 12, "Did you mean speed"),
        ("motility.walk.speed: {value: 5 um/min", "motility.walk.speed: {value: 5 um", 12, "um/min"),
        ("contact.diameter: {value: 12 um", "adhesion.fibronectin: {value: 12 ug/ml", 13, "same for all"),
        ("enters: 30 min", "enters: 3 h", 10, "after the end of the run"),
        ("  kg1a:\n", "  msc:\n", 8, "choose another"),
        ("cells: 9", "cells: 0", 9, "greater than 0"),
        ("enters: 30 min", "along_x: [0.7, 0.2]", 8, "rising"),
        ("populations.kg1a.motility", "populations.kg1.motility", 28, "Did you mean kg1a"),
        ("without: [motility.contact]", "without: [motility.contcat]", 29, "Did you mean motility.contact"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(old, new, line, said):
    with pytest.raises(SpecError) as caught:
        compile_experiment(file(change=(old, new)))
    assert said in str(caught.value)
    assert f"two.yaml:{line}" in str(caught.value)


def test_an_unknown_population_on_the_command_line():
    with pytest.raises(UnknownIdError, match="kg1a"):
        apply_setting(file().experiment, "populations.kg2a.motility.walk.speed=2 um/min")


def test_more_cells_than_the_ground_holds():
    crowd = file(change=("output_every: 60 min", "output_every: 60 min, density: 4e-3 1/um^2, geometry: {kind: walls}"))
    with pytest.raises(RequestError, match=r"15 cells need 2\.9e\+03 um2 .* its ground is 1\.5e\+03 um2"):
        compile_experiment(crowd)
