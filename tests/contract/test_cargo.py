"""Cargo and mitochondria keep what the engine promises, and their kernels equal their twins."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from migralab.core.random import child_key_array, stream_key
from migralab.engine.engine import dump_state, load_state
from migralab.engine.mechanism import Stream
from migralab.physics.signals import cargo, mitochondria
from tests.dish import FORMATION, assert_same, found_dish, make, tables_of

STREAM = stream_key("twin")
KEYS = child_key_array(np.full(500, 1, np.uint64), STREAM, np.arange(500, dtype=np.uint64))
SIGNALS = ("signals.cargo", "signals.mitochondria")
NAMES = FORMATION + SIGNALS
TICKS = 360


def generator():
    return np.random.Generator(np.random.Philox(7))


def test_poisson_quantile_equals_its_twin():
    rng = generator()
    # sums, both sides of the seam, and the expansion
    mean = np.concatenate([rng.uniform(0, 5, 300), rng.uniform(55, 75, 300), 10 ** rng.uniform(2, 6, 300)])
    u = rng.random(900)
    ours = [cargo.poisson_quantile(m, v) for m, v in zip(mean, u, strict=True)]
    np.testing.assert_array_equal(ours, cargo.poisson_quantile_array(mean, u))


def test_offered_molecules_equal_their_twin():
    rng = generator()
    one, two = np.zeros((500, 5)), np.zeros((500, 5))
    want = np.empty((500, 5)), np.empty((500, 5))
    for _ in range(30):
        rise = rng.exponential([20.0, 3.0, 1.0, 0.5, 0.01], (500, 5)) * (rng.random((500, 5)) < 0.7)
        cargo.offer_molecules(KEYS, STREAM, rise, one, want[0])
        cargo.offer_molecules_array(KEYS, STREAM, rise, two, want[1])
        np.testing.assert_array_equal(want[0], want[1])
    np.testing.assert_array_equal(one, two)
    assert want[0].sum() > 5000


def test_sharing_out_equals_its_twin():
    rng = generator()
    want, cell = rng.poisson(4.0, (300, 3)).astype(float), rng.integers(0, 40, 300)
    pools = [np.tile([1e3, 15.0, 0.0], (40, 1)) for _ in range(2)]
    one, two = want.copy(), want.copy()
    cargo.share_out(one, cell, pools[0])
    cargo.share_out_array(two, cell, pools[1])
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(*pools)
    assert 0 < one[:, 1].sum() < want[:, 1].sum()  # some pools ran dry


def test_docking_equals_its_twin():
    rng = generator()
    first = rng.integers(0, 3, 500).astype(np.int32)
    last = first + rng.integers(0, 6, 500).astype(np.int32)
    cell, likely = rng.integers(0, 30, 500), rng.uniform(0, 1.5, (30, 2))
    one, two = np.empty((500, 2)), np.empty((500, 2))
    mitochondria.dock(KEYS, STREAM, first, last, cell, likely, one)
    mitochondria.dock_array(KEYS, STREAM, first, last, cell, likely, two)
    np.testing.assert_array_equal(one, two)
    assert one.sum(axis=0).min() > 200


@pytest.fixture(scope="module")
def reference():
    engine, state = found_dish(names=NAMES)
    engine.run(state, TICKS)
    assert state["migrasomes"]["cargo"][:, 0].sum() > 100, "the dish must hold cargo, or the comparisons say nothing"
    assert state["cells"]["mitochondria_exported"].sum() > 10
    return tables_of(state)


def test_one_and_two_threads_give_the_same_bits(reference):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine offers one thread only")
    for threads in (1, 2):
        numba.set_num_threads(threads)
        engine, state = found_dish(names=NAMES)
        engine.run(state, TICKS)
        assert_same(reference, tables_of(state))


def test_order_inside_a_phase_has_no_effect(reference):
    engine, state = found_dish(names=NAMES)
    engine._phases = [phase[::-1] for phase in engine._phases]
    engine.run(state, TICKS)
    assert_same(reference, tables_of(state))


def test_resuming_from_a_checkpoint_changes_nothing(reference):
    engine, state = found_dish(names=NAMES)
    engine.run(state, 205)
    saved = dump_state(state)
    fresh_engine, fresh = found_dish(names=NAMES)
    load_state(fresh, saved)
    fresh_engine.run(fresh, TICKS - 205)
    assert_same(reference, tables_of(fresh))


def test_they_leave_the_biogenesis_alone(reference):
    engine, state = found_dish()
    engine.run(state, TICKS)
    assert_same(tables_of(state), reference)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_mechanism_changes_only_what_it_declares(name):
    engine, state = found_dish(names=NAMES)
    engine.run(state, 200)
    mechanism = make(name, 60.0)
    for path in mechanism.reads | mechanism.writes:
        state.column(path)
    before = tables_of(state)
    mechanism.step(state, 60.0, Stream(stream_key(name), 200))
    after = tables_of(state)
    changed = {path for path in before if not np.array_equal(before[path], after[path], equal_nan=True)}
    assert changed
    assert changed <= mechanism.writes
