"""Secretion: what cells give off arrives, at the rate that is asked for, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import k0, k1

from migralab.core.random import dish_key
from migralab.engine.engine import Engine, Founders
from migralab.mechanisms.recipients.phenotype import Parameters as RuleParameters
from migralab.mechanisms.recipients.phenotype import Phenotype, Response
from migralab.mechanisms.registry import MECHANISMS
from migralab.physics.field.grid import NO_FLUX
from migralab.physics.space import Space
from tests.dish import SOURCE, make_all
from tests.signals import CARRY, CLOSED, accounts, build, found

NO_DECAY = {"decay": "0 1/h"}
ALONE = {"share": "0"}  # nothing of what migrasomes release is this cue
SECRETING = (*CARRY, "signals.diffusing", "signals.secretion")
MEDIA = {"diffusing": "signals.diffusing@vegf", "matrix": "signals.matrix-bound@vegf"}


@pytest.mark.parametrize("medium", MEDIA.values(), ids=MEDIA)
@pytest.mark.parametrize("interval", ["1 min", "5 min"])
def test_all_that_is_secreted_arrives_beside_what_migrasomes_release(medium, interval):
    """30 cells, 3 molecules/s, 125 min: 675,000 molecules, of which the field has seen those before its last step."""
    changes = {
        medium: {**NO_DECAY, "interval": interval, "share": "0.5", "clearance": "20 um^3/s"},
        "signals.secretion@vegf": {"rate": "3 1/s"},
    }
    engine, state = found((*CARRY, medium, "signals.secretion@vegf"), changes)
    engine.run(state, 121 if interval == "5 min" else 120)  # both fields have just stepped
    now = accounts(engine, state)
    seen = state.tick if interval == "5 min" else 120
    assert now["vegf", "secreted"] == pytest.approx(30 * 3.0 * 60.0 * seen, rel=1e-12)
    released = now["soluble_protein", "released"]
    assert now["vegf", "given"] == pytest.approx(now["vegf", "secreted"] + 0.5 * released, rel=1e-12)
    somewhere = sum(now.get(("vegf", place), 0.0) for place in ("medium", "bound", "taken up"))
    assert somewhere == pytest.approx(now["vegf", "given"], rel=1e-9)


def test_the_dead_give_nothing_and_what_they_gave_before_still_arrives():
    names = SECRETING
    changes = {"signals.diffusing": {**NO_DECAY, **ALONE, "interval": "5 min"}, "signals.secretion": {"rate": "1 1/s"}}
    engine, state = found(names, changes)
    engine.run(state, 3)
    state["cells"].die(np.arange(10))
    engine.run(state, 3)  # the death is done at the end of tick 4; the field steps in ticks 1 and 6
    secreted = accounts(engine, state)["cue", "secreted"]
    assert secreted == pytest.approx(60.0 * (10 * 4 + 20 * 6), rel=1e-12)
    assert accounts(engine, state)["cue", "given"] == pytest.approx(secreted, rel=1e-12)


def test_populations_and_rules_set_the_rate():
    """Population 1 gives 2 a second; the rule raises population 0 from 0 to 10 at saturation, half at its signal 1."""
    kind = MECHANISMS["signals.secretion"]
    silent = kind.parameters(rate={"value": "0 1/s", "source": SOURCE})
    talks = kind.parameters(rate={"value": "2 1/s", "source": SOURCE})
    rule = Response(
        population=0, column="cells.cue_secretion_set", relative=False, signals=("cells.cue",), half=np.array([1.0]),
        hill=np.array([1.0]), promotes=np.array([True]), base=0.0, extremes=np.array([10.0, 0.0]),
    )  # fmt: skip
    bath = {"signals.diffusing": {**NO_DECAY, **ALONE, "background": "1.66054 nM"}}
    plan = make_all(60.0, bath, SECRETING[:-1], populations=2)
    plan += [kind(silent.beside([talks]), 60.0), Phenotype(RuleParameters(), 60.0, [rule])]
    engine = Engine(plan, 60.0)
    place = [CLOSED.place(*np.random.default_rng(1).uniform(size=(2, 20)))]
    state = engine.found(place, [int(dish_key(1))], CLOSED, [Founders("first", 10), Founders("second", 10)])
    engine.run(state, 2)  # the rule is heard from the second tick on
    secreted = state["cells"]["cue_secreted"]
    np.testing.assert_allclose(secreted[10:], 240.0, rtol=1e-12)
    # 1.66 nM is one molecule per um3: half of 10 a second; 1,200 molecules on 1.8e6 um3 do not move it
    np.testing.assert_allclose(secreted[:10], 300.0, rtol=2e-3)


def test_a_closed_dish_settles_where_decay_balances_secretion():
    """N r/(k V): 30 x 2 /s over 3.6 /h and 1.8e6 um3 is 1/30 per um3; 1.1e-2 of the way is left after 4.5/k."""
    changes = {"signals.diffusing": {**ALONE, "decay": "3.6 1/h"}, "signals.secretion": {"rate": "2 1/s"}}
    engine, state = found(SECRETING, changes)
    engine.run(state, 75)
    expected = 30 * 2.0 / (1e-3 * 1.8e6) * (1 - np.exp(-4.5))
    assert state.fields["cue"].mean() == pytest.approx(expected, rel=1e-3)


def test_around_a_cell_at_rest_the_profile_is_that_of_a_line_source_in_a_thin_layer():
    """c = r/(2 pi D h) K0(x/l) between walls that are 7 l away; the gradient a cell would feel is that of K1."""
    space = Space(seeded=(600.0, 600.0), walls=(NO_FLUX, NO_FLUX), confines=(True, True), depth=20.0)
    changes = {
        "signals.diffusing": {**ALONE, "decay": "72 1/h", "diffusivity": "32 um^2/s", "voxel": "5 um"},
        "signals.secretion": {"rate": "50 1/s"}, "motility.walk": {"spreading": "1e4 min"},
    }  # fmt: skip
    plan = build(SECRETING, changes)
    engine = Engine(plan, 60.0)
    state = engine.found([np.array([[302.5, 302.5]])], [int(dish_key(1))], space)
    engine.run(state, 30)
    profile = state.fields["cue"][0, 60, 60:]
    x, length = 5.0 * np.arange(len(profile)), np.sqrt(32.0 / 0.02)
    expected = 50.0 / (2 * np.pi * 32.0 * 20.0) * k0(x[4:24] / length)
    # Four voxels and more from a point that is spread over one: second order in the voxel, 5 um of 20
    np.testing.assert_allclose(profile[4:24], expected, rtol=0.02)
    slope = np.gradient(profile, 5.0)[4:20]
    np.testing.assert_allclose(slope, -50.0 / (2 * np.pi * 32.0 * 20.0) * k1(x[4:20] / length) / length, rtol=0.06)
