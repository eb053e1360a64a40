"""Mechanisms of sensing: populations, daughters, names by cue, and what a file must bring."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.core.random import child_key_array, dish_key, stream_key
from migralab.core.units import MOLECULES_PER_UM3_AND_NANOMOLAR as NM
from migralab.engine.engine import Engine, Founders
from migralab.mechanisms.registry import MECHANISMS, SEVERAL
from migralab.simulation.compile import compile_experiment
from migralab.spec.experiment import Experiment
from tests.dish import SOURCE
from tests.sensing import SENSE, WALK, Ramp, on_ramp
from tests.signals import build


def two_populations(changes):
    """Return an engine whose second population has these parameters."""
    made = []
    for name in (*WALK, *SENSE):
        kind = MECHANISMS[name]
        fields = {key: {"value": value, "source": SOURCE} for key, value in changes.get(name, {}).items()}
        made.append(kind(kind.parameters().beside([kind.parameters(**fields)]), 60.0))
    return Engine([*made, Ramp(3.4, 0.01)], 60.0)


def test_populations_have_receptors_and_sensitivity_of_their_own():
    engine = two_populations(
        {
            "recipients.receptors": {"number": "5000 molecules", "internalisation": "0 1/min"},
            "recipients.chemotaxis": {"sensitivity": "0 1/min"},
        }
    )
    state = engine.found(
        [np.zeros((6, 2))], [int(dish_key(1))], populations=[Founders("producers", 4), Founders("deaf", 2)]
    )
    engine.run(state, 30)
    cells = state["cells"]
    np.testing.assert_array_equal(cells["cue_surface"] + cells["cue_inside"], [25_000.0] * 4 + [5_000.0] * 2)
    assert (cells["cue_inside"][:4] > 20_000).all()
    assert (cells["cue_inside"][4:] == 0).all()
    assert cells["cue_signal"][4:].any()
    assert cells["turning"][:4].any(axis=1).all()
    assert not cells["turning"][4:].any()
    cells.turn_into(np.array([0]), 1)
    share = cells["cue_surface"][0] / 25_000.0
    engine.run(state, 2)  # the first commits it
    assert cells["cue_surface"][0] + cells["cue_inside"][0] == 5_000.0
    assert cells["cue_surface"][0] / 5_000.0 >= share  # the share inside stays, and comes back


def test_a_cell_that_enters_later_comes_with_all_its_receptors_at_the_surface():
    engine = two_populations({})
    state = engine.found(
        [np.zeros((3, 2))], [int(dish_key(1))], populations=[Founders("producers", 2), Founders("late", 1, 600.0)]
    )
    cells = state["cells"]
    engine.run(state, 10)
    assert cells["cue_surface"][2] == 25_000.0
    assert cells["cue_surface"][0] < 10_000.0
    assert not cells["cue_signal"][2].any()
    engine.run(state, 20)
    assert cells["cue_surface"][2] < 10_000.0
    assert cells["cue_signal"][2].any()


def test_daughters_share_what_was_taken_up_and_start_where_they_are():
    names = (*WALK, "biogenesis.rear-width", "biogenesis.retraction-fibre", "biogenesis.breakage",
             "biogenesis.nucleation", "biogenesis.growth", "biogenesis.fate", "signals.cargo", "signals.release",
             "signals.diffusing", *SENSE)  # fmt: skip
    engine = Engine(build(names, {"signals.diffusing": {"background": "2 nM"}}), 60.0)
    state = engine.found([np.full((2, 2), 100.0)], [int(dish_key(1))])
    cells = state["cells"]
    engine.run(state, 20)
    taken, surface = cells["cue_taken"].copy(), cells["cue_surface"].copy()
    key = child_key_array(cells["key"][:1], stream_key("test"), 0)
    cells.divide(np.array([0]), key, np.array([[120.0, 100.0]]))
    cells.commit()
    assert cells["cue_taken"][[0, 2]].sum() == pytest.approx(taken[0])
    assert cells["cue_taken"][2] > 0.3 * taken[0]
    assert cells["cue_surface"][2] == surface[0]
    assert np.isnan(cells["cue_from"][2]).all()  # it takes up where it is, and not on the way from its mother
    engine.run(state, 2)
    assert np.isfinite(cells["cue_taken"]).all()
    assert cells["cue_clearance"][2] > 0


def test_signals_and_behaviours_are_named_after_the_cue():
    (cue, vegf) = (build((name,))[0] for name in ("recipients.receptors", "recipients.receptors@vegf"))
    assert [s.name for s in cue.signals] == ["cue concentration", "cue occupancy", "cue gradient"]
    assert [s.column for s in vegf.signals] == ["cells.vegf_ligand", "cells.vegf_occupancy", "cells.vegf_steepness"]
    (one, other) = (build((name,))[0] for name in ("recipients.chemotaxis", "recipients.chemotaxis@vegf"))
    assert one.behaviours[0].name == "chemotactic sensitivity"
    assert other.behaviours[0].name == "chemotactic sensitivity to vegf"
    for name in (*SENSE, "signals.bath", "signals.membrane-bound"):
        assert name in SEVERAL
        assert build((f"{name}@vegf",))[0].name == f"{name}@vegf"


def test_a_rule_can_switch_chemotaxis_off():
    engine, state = on_ramp(1.0, 0.01, cells=10)
    engine.run(state, 5)
    state["cells"]["cue_sensitivity_set"][:5] = 0.0
    engine.run(state, 1)
    assert not state["cells"]["turning"][:5].any()
    assert state["cells"]["turning"][5:].any(axis=1).all()


def test_steepness_is_the_size_of_the_gradient():
    engine, state = on_ramp(1.0, 0.01, cells=3)
    engine.run(state, 1)
    np.testing.assert_allclose(state["cells"]["cue_steepness"], 0.01 * NM)


def experiment(*mechanisms):
    return Experiment.model_validate(
        {
            "schema": 1, "id": "test", "title": "t", "question": "q", "dish": {"cells": 4, "duration": "1 h"},
            "mechanisms": {name: {} for name in mechanisms}, "arms": [{"id": "control", "control": True}],
        }
    )  # fmt: skip


def test_chemotaxis_without_receptors_and_guidance_without_trails_are_refused_with_what_to_add():
    with pytest.raises(RequestError, match=r"chemotaxis needs cells.cue_difference.* Add recipients.receptors"):
        compile_experiment(experiment(*WALK, "recipients.chemotaxis")).build()
    with pytest.raises(RequestError, match=r"guidance needs cells.trail_axis.* Add recipients.trails"):
        compile_experiment(experiment(*WALK, "recipients.contact-guidance")).build()
    compile_experiment(experiment(*WALK, "signals.bath", *SENSE)).build()
