"""Signals keep what the engine promises: threads, order, resuming and other dishes change no bit of a field."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from migralab.core.errors import BreakdownError
from migralab.core.random import stream_key
from migralab.engine.engine import Engine, PlanError, dump_state, load_state
from migralab.engine.mechanism import Phase, Stream
from migralab.engine.table import Column
from migralab.physics.field.grid import PERIODIC
from migralab.physics.space import Space
from tests.signals import CARRY, CLOSED, OPEN, build, everything, found, same

ALL = (*CARRY, "signals.mitochondria", "signals.membrane-bound", "recipients.uptake", "recipients.endosome",
       "signals.diffusing")  # fmt: skip
CHANGES = {
    "signals.release": {"permeability": "1e-5 um/s"},
    "signals.diffusing": {"clearance": "100 um^3/s", "background": "0.1 nM"},
    "signals.matrix-bound": {"clearance": "100 um^3/s"},
}
ROUND = Space(seeded=(300.0, 300.0), walls=(PERIODIC, PERIODIC), depth=20.0)
TICKS = 200


@pytest.fixture(scope="module")
def reference():
    engine, state = found(ALL, CHANGES)
    engine.run(state, TICKS)
    assert state.fields["cue_books"][0, 2] > 10  # something was taken up
    assert state["cells"]["engulfed"].sum() > 0
    assert state["cells"]["touched_ligand"].max() > 0
    return everything(state)


def test_two_threads_give_the_bits_of_one(reference):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine offers one thread only")
    numba.set_num_threads(2)
    engine, state = found(ALL, CHANGES)
    engine.run(state, TICKS)
    same(reference, everything(state))


def test_order_inside_a_phase_has_no_effect(reference):
    engine, state = found(ALL, CHANGES, reverse=True)
    engine.run(state, TICKS)
    same(reference, everything(state))


@pytest.mark.parametrize("space", [CLOSED, ROUND], ids=["walls", "periodic"])
def test_resuming_changes_nothing(space):
    """The history of the two-step scheme is state: without it the next step would be another one."""
    whole, at_once = found(ALL, CHANGES, space=space)
    whole.run(at_once, 120)
    engine, state = found(ALL, CHANGES, space=space)
    engine.run(state, 70)
    saved = dump_state(state)
    fresh_engine, fresh = found(ALL, CHANGES, space=space)
    load_state(fresh, saved)
    fresh_engine.run(fresh, 50)
    same(everything(at_once), everything(fresh))


def test_steady_ticks_are_made_with_the_two_step_scheme(monkeypatch):
    from migralab.physics.field.exponential import ExponentialSolver

    used, advance = [], ExponentialSolver.advance

    def watched(solver, field, dt, **more):
        used.append(field.history is not None)
        advance(solver, field, dt, **more)

    monkeypatch.setattr(ExponentialSolver, "advance", watched)
    engine, state = found(ALL, {"signals.diffusing": {"clearance": "5 um^3/s"}})
    engine.run(state, 20)
    assert used == [False, *[True] * 19]  # it starts with two stages, and then knows the step before


@pytest.mark.parametrize("medium", ["signals.diffusing", "signals.matrix-bound"])
def test_a_field_is_the_same_alone_and_beside_another_dish(medium):
    names = (*CARRY, medium)
    engine, both = found(names, CHANGES, seeds=(1, 2))
    engine.run(both, 120)
    for dish, seed in enumerate((1, 2)):
        engine, alone = found(names, CHANGES, seeds=(seed,))
        engine.run(alone, 120)
        assert alone.fields["cue"].max() > 0
        for name in alone.fields:
            np.testing.assert_array_equal(alone.fields[name][0], both.fields[name][dish], err_msg=name)


@pytest.mark.parametrize("name", [*ALL[len(CARRY) - 2 :], "signals.matrix-bound"])
def test_a_signal_changes_only_what_it_declares(name):
    names = tuple(n for n in ALL if n != "signals.diffusing" or name != "signals.matrix-bound")
    names = names if name in names else (*names, name)
    engine, state = found(names, CHANGES)
    engine.run(state, 150)
    (mechanism,) = build((name,), CHANGES)
    before = everything(state)
    mechanism.step(state, 60.0, Stream(stream_key(name), 150))
    changed = {
        path
        for path, values in everything(state).items()
        if not np.array_equal(values, before[path], equal_nan=values.dtype.kind in "fc")
    }
    assert changed <= mechanism.writes | mechanism.adds
    for path in (mechanism.reads | mechanism.writes) - {p for p in mechanism.writes if p.startswith("fields.")}:
        state.column(path)


def test_more_than_all_of_the_cargo_cannot_be_shared_out():
    shares = {f"signals.diffusing@{cue}": {"share": "0.6"} for cue in ("a", "b")}
    with pytest.raises(PlanError, match=r"signals.diffusing@a, signals.diffusing@b together take 1.2 of migrasomes"):
        found((*CARRY, *shares), shares)


class _Poison:
    """Makes one number of one vesicle nan in tick 150, which the cells' mood then inherits in the same tick."""

    name, phase, every = "bbb.poison", Phase.ACT, 1
    columns = (Column(path="migrasomes.mood", dtype="float64", unit="", meaning="for this test"),)
    reads, adds, creates = frozenset(), frozenset(), frozenset()
    writes = frozenset({"migrasomes.mood"})

    def found(self, state, stream):
        pass

    def step(self, state, dt, stream):
        if state.tick == 150:
            state["migrasomes"]["mood"][7] = np.nan


class _Heir(_Poison):
    name, phase = "aaa.heir", Phase.LIFE  # its name comes first, its phase later
    columns = (Column(path="cells.mood", dtype="float64", unit="", meaning="for this test"),)
    reads, writes = frozenset({"migrasomes.mood"}), frozenset({"cells.mood"})

    def step(self, state, dt, stream):
        state["cells"]["mood"][:] = state["migrasomes"]["mood"].sum()


def test_a_number_that_is_none_stops_the_run_with_mechanism_entity_and_tick():
    engine = Engine([*build(CARRY), _Heir(), _Poison()], 60.0)
    state = engine.found([CLOSED.place(*np.random.default_rng(1).uniform(size=(2, 30)))], [1], CLOSED)
    with pytest.raises(BreakdownError, match=r"bbb\.poison made migrasomes\.mood of migrasome 7 nan in tick 150"):
        engine.run(state, 200)


def test_a_field_that_breaks_names_its_voxel():
    engine, state = found((*CARRY, "signals.diffusing"), CHANGES)
    engine.run(state, 3)
    state.fields["cue_modes"][0, 0, 0] = np.inf
    said = r"signals\.diffusing made fields\.cue.* of voxel \(0, 0\) of dish 0 .* in tick 3"
    with np.errstate(all="ignore"), pytest.raises(BreakdownError, match=said):
        engine.run(state, 1)


def test_open_rim_and_cells_beyond_it_do_no_harm():
    engine, state = found((*CARRY, "signals.diffusing"), {"motility.walk": {"speed": "10 um/min"}}, space=OPEN)
    engine.run(state, 300)
    assert np.abs(state["cells"]["position"]).max() > 500  # beyond the rim
    assert np.isfinite(state.fields["cue"]).all()
    assert state.fields["cue"].min() >= -1e-12
