"""What senses keeps what the engine promises: threads, order, resuming and other dishes change no bit."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from migralab.core.random import stream_key
from migralab.engine.engine import PlanError, dump_state, load_state
from migralab.engine.mechanism import Stream
from migralab.physics.field.grid import PERIODIC
from migralab.physics.space import Space
from tests.signals import CARRY, CLOSED, build, everything, found, same

OWN = (
    "signals.membrane-bound", "signals.diffusing", "signals.bath", "recipients.receptors", "recipients.chemotaxis",
    "recipients.trails", "recipients.contact-guidance",
)  # fmt: skip
ALL = (*CARRY, *OWN)
CHANGES = {
    "signals.release": {"permeability": "1e-5 um/s"},
    "signals.diffusing": {"background": "0.1 nM"},
    "signals.matrix-bound": {"background": "0.1 nM"},
    "signals.bath": {"concentration": "2 nM", "start": "60 min", "stop": "90 min"},
    "recipients.receptors": {"antagonist": "5", "antagonist_start": "100 min"},
}
ROUND = Space(seeded=(300.0, 300.0), walls=(PERIODIC, PERIODIC), depth=20.0)
TICKS = 150


@pytest.fixture(scope="module")
def reference():
    engine, state = found(ALL, CHANGES)
    engine.run(state, TICKS)
    cells = state["cells"]
    for column in ("cue_signal", "cue_taken", "cue_clearance", "trail_weight", "touched_ligand", "turning"):
        assert np.abs(cells[column]).max() > 0, column
    return everything(state)


def test_two_threads_give_the_bits_of_one(reference):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine offers one thread only")
    numba.set_num_threads(2)
    engine, state = found(ALL, CHANGES)
    engine.run(state, TICKS)
    same(reference, everything(state))


def test_order_inside_a_phase_has_no_effect(reference):
    """Three add to what receptors see; sums of three in another order differ by rounding, so here no cell has three."""
    changes = {**CHANGES, "signals.bath": {"concentration": "0 nM"}}
    states = []
    for reverse in (False, True):
        engine, state = found(ALL, changes, reverse=reverse)
        engine.run(state, TICKS)
        states.append(everything(state))
    same(*states)


@pytest.mark.parametrize("space", [CLOSED, ROUND], ids=["walls", "periodic"])
def test_resuming_changes_nothing(space):
    """Noise and averages are state; a mechanism that has seen another time must not remember it."""
    whole, at_once = found(ALL, CHANGES, space=space)
    whole.run(at_once, 120)
    engine, state = found(ALL, CHANGES, space=space)
    engine.run(state, 70)
    saved = dump_state(state)
    fresh_engine, fresh = found(ALL, CHANGES, space=space)
    load_state(fresh, saved)
    fresh_engine.run(fresh, 50)
    same(everything(at_once), everything(fresh))
    load_state(state, saved)
    whole.run(at_once, 1)
    load_state(at_once, saved)
    whole.run(at_once, 50)
    same(everything(at_once), everything(fresh))


@pytest.mark.parametrize("medium", ["signals.diffusing", "signals.matrix-bound"])
def test_cells_sense_the_same_alone_and_beside_another_dish(medium):
    names = tuple(medium if n == "signals.diffusing" else n for n in ALL)
    _, both = run(names, (1, 2))
    for dish, seed in enumerate((1, 2)):
        _, alone = run(names, (seed,))
        rows = both["cells"]["dish"] == dish
        for column in ("cue_signal", "cue_ligand", "cue_surface", "trail_axis", "trail_length", "turning", "heading"):
            np.testing.assert_array_equal(alone["cells"][column], both["cells"][column][rows], err_msg=column)


def run(names, seeds):
    engine, state = found(names, CHANGES, seeds=seeds)
    engine.run(state, 100)
    return engine, state


@pytest.mark.parametrize("name", [*OWN, "signals.matrix-bound"])
def test_it_changes_only_what_it_declares(name):
    names = tuple(n for n in ALL if n != "signals.diffusing" or name != "signals.matrix-bound")
    names = names if name in names else (*names, name)
    engine, state = found(names, CHANGES)
    engine.run(state, 80)
    (mechanism,) = build((name,), CHANGES)
    before = everything(state)
    mechanism.step(state, 60.0, Stream(stream_key(name), 80))
    changed = {
        path
        for path, values in everything(state).items()
        if not np.array_equal(values, before[path], equal_nan=values.dtype.kind in "fc")
    }
    assert changed
    assert changed <= mechanism.writes | mechanism.adds
    for path in (mechanism.reads | mechanism.writes) - {p for p in mechanism.writes if p.startswith("fields.")}:
        state.column(path)


def test_ways_to_present_a_cue_must_keep_one_interval():
    with pytest.raises(PlanError, match=r"signals.bath adds to \['cells.cue_ligand', .* every 5 ticks and signals.d"):
        found((*CARRY, "signals.diffusing", "signals.bath"), {"signals.bath": {"interval": "5 min"}})


def test_two_cues_have_receptors_and_turning_of_their_own():
    both = [f"{kind}@{cue}" for cue in ("a", "b") for kind in ("signals.diffusing", "recipients.receptors",
                                                               "recipients.chemotaxis")]  # fmt: skip
    engine, state = found((*CARRY, *both), {f"signals.diffusing@{cue}": {"share": "0.5"} for cue in ("a", "b")})
    engine.run(state, 100)
    cells = state["cells"]
    assert cells["a_signal"].any()
    assert not np.array_equal(cells["a_signal"], cells["b_signal"])
    wanted = [cells[f"{cue}_signal"] / 3600.0 for cue in ("a", "b")]
    total = sum(b / (1 + 60.0 * np.hypot(*b.T))[:, None] for b in wanted)  # no faster than 1 per minute
    np.testing.assert_allclose(cells["turning"], total, rtol=1e-12)
