"""What the engine promises: order inside a phase, threads, resuming and added mechanisms change nothing."""

from __future__ import annotations

from typing import ClassVar

import numba
import numpy as np
import pytest

from migralab.engine.engine import Engine, PlanError, dump_state, load_state
from migralab.engine.mechanism import Phase
from migralab.engine.table import Column
from tests.dish import FORMATION, assert_same, found_dish, make, make_all, tables_of

TICKS = 360


@pytest.fixture(scope="module")
def reference():
    engine, state = found_dish()
    engine.run(state, TICKS)
    assert state["migrasomes"].n > 20, "the dish must have vesicles, or the comparisons below say nothing"
    return tables_of(state)


def test_one_and_two_threads_give_the_same_bits(reference):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine offers one thread only")
    for threads in (1, 2):
        numba.set_num_threads(threads)
        engine, state = found_dish()
        engine.run(state, TICKS)
        assert_same(reference, tables_of(state))


def test_order_of_registration_has_no_effect(reference):
    engine, state = found_dish(mechanisms=make_all(60.0)[::-1])
    engine.run(state, TICKS)
    assert_same(reference, tables_of(state))


def test_order_inside_a_phase_has_no_effect(reference):
    engine, state = found_dish()
    engine._phases = [phase[::-1] for phase in engine._phases]
    engine.run(state, TICKS)
    assert_same(reference, tables_of(state))


def test_resuming_from_a_checkpoint_changes_nothing(reference):
    engine, state = found_dish()
    engine.run(state, 100)
    saved = dump_state(state)
    fresh_engine, fresh = found_dish(seed=1)
    load_state(fresh, saved)
    fresh_engine.run(fresh, TICKS - 100)
    assert_same(reference, tables_of(fresh))


class Extra:
    """A mechanism that makes vesicles of its own in the same table and draws from its own stream."""

    name: ClassVar[str] = "aaa.extra"
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.mood", dtype="float64", unit="", meaning="drawn anew each step"),
    )
    reads: ClassVar[frozenset[str]] = frozenset()
    writes: ClassVar[frozenset[str]] = frozenset({"cells.mood"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset({"sites"})
    every = 1

    def found(self, state, stream):
        pass

    def step(self, state, dt, stream):
        from migralab.core.random import child_key_array, uniform_pair_array

        cells = state["cells"]
        cells["mood"][:] = uniform_pair_array(stream.key, cells["key"], stream.count, 0)[0]
        if stream.count == 20:
            state["sites"].add(child_key_array(cells["key"], stream.key, 0), node=np.full(cells.n, -1), due=1e9)


def test_an_added_mechanism_leaves_the_others_alone(reference):
    engine, state = found_dish(mechanisms=[*make_all(60.0), Extra()])
    engine.run(state, TICKS)
    now = tables_of(state)
    assert state["sites"].n > 0
    assert_same(reference, now, except_tables=("sites",))


def test_clashing_mechanisms_are_refused_by_name():
    class Clash(Extra):
        name: ClassVar[str] = "zzz.clash"
        writes: ClassVar[frozenset[str]] = frozenset({"cells.heading"})

    with pytest.raises(PlanError, match=r"motility.walk writes \['cells.heading'\], which zzz.clash"):
        Engine([*make_all(60.0), Clash()], 60.0)


@pytest.mark.parametrize("name", FORMATION)
def test_a_mechanism_changes_only_what_it_declares(name):
    engine, state = found_dish()
    engine.run(state, 200)
    mechanism = make(name, 60.0)
    before = tables_of(state)
    from migralab.core.random import stream_key
    from migralab.engine.mechanism import Stream

    mechanism.step(state, 60.0, Stream(stream_key(name), 200))
    after = tables_of(state)
    changed = {
        path
        for path in before
        if len(before[path]) != len(after[path])
        or not np.array_equal(before[path], after[path], equal_nan=before[path].dtype.kind == "f")
    }
    assert changed <= mechanism.writes | mechanism.adds, f"undeclared: {changed - mechanism.writes - mechanism.adds}"


@pytest.mark.parametrize("name", FORMATION)
def test_a_mechanism_declares_paths_that_exist(name):
    _, state = found_dish()
    mechanism = make(name, 60.0)
    for path in mechanism.reads | mechanism.writes | mechanism.adds:
        state.column(path)
    for table in mechanism.creates:
        assert table in state.tables
