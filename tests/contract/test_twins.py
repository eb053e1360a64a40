"""Every compiled kernel equals its vectorised numpy twin."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.random import child_key_array, stream_key
from migralab.membrane.law import load_law
from migralab.physics import breakage, growth, motility, neighbours, network
from migralab.physics.space import Space
from tests.dish import found_dish

STREAM = stream_key("twin")
KEYS = child_key_array(np.full(500, 1, np.uint64), STREAM, np.arange(500, dtype=np.uint64))


def generator():
    return np.random.Generator(np.random.Philox(5))


def test_walk_equals_its_twin():
    rng = generator()
    n = len(KEYS)
    angle = rng.uniform(0, 2 * np.pi, n)
    start = {
        "heading": np.column_stack([np.cos(angle), np.sin(angle)]),
        "moving": rng.random(n) < 0.4,
        "left": rng.exponential(size=n),
        "switches": np.zeros(n, np.int64),
        "stride": np.zeros((n, 2)),
    }
    turning = rng.normal(0.0, 0.01, (n, 2)) * (rng.random(n) < 0.7)[:, None]  # some feel nothing
    cells = motility.Walkers(
        rng.random(n) < 0.9, rng.integers(0, 2, n).astype(np.int32), rng.choice([0.0, 3000.0], n),
        rng.gamma(2.0, 0.5, n), rng.uniform(0.5, 1.0, n), rng.uniform(0.5, 2.0, n), rng.uniform(0.5, 2.0, n), turning,
        KEYS,
    )  # fmt: skip
    law = np.array([[0.008, 3600.0, 1 / 2000, 1 / 900, 0.0], [0.1, 600.0, 1 / 500, 1 / 900, 600.0]])
    one, two = ({k: v.copy() for k, v in start.items()} for _ in range(2))
    for count in range(200):
        for state, function in ((one, motility.walk), (two, motility.walk_array)):
            function(*state.values(), cells, law, STREAM, count, 60.0 * (count + 1), 60.0)
    assert one["switches"].sum() > 1000
    np.testing.assert_array_equal(one["switches"], two["switches"])
    np.testing.assert_array_equal(one["moving"], two["moving"])
    # libm against numpy's own functions: last bits, over 200 steps
    np.testing.assert_allclose(one["stride"], two["stride"], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(one["heading"], two["heading"], atol=1e-11)


def test_moving_equals_its_twin():
    rng = generator()
    position, alive = rng.uniform(0, 100, (500, 2)), rng.random(500) < 0.8
    velocity, stride = rng.normal(size=(2, 500, 2))
    one, two = position.copy(), position.copy()
    motility.move(one, velocity, stride, alive, 6.0)
    motility.move_array(two, velocity, stride, alive, 6.0)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one[~alive], position[~alive])


def test_repulsion_equals_its_twin():
    rng = generator()
    position = rng.uniform(0, 300, (800, 2))
    alive = rng.random(800) < 0.9
    group = rng.integers(0, 3, 800)
    one, two = np.zeros((800, 2)), np.zeros((800, 2))
    neighbours.push_apart(position, group, alive, one, np.full(800, 10.0), 0.002)
    neighbours.push_apart_array(position, group, alive, two, np.full(800, 10.0), 0.002)
    assert np.count_nonzero(one) > 500
    np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-15)  # the sums run in another order
    np.testing.assert_allclose(one.sum(axis=0), 0.0, atol=1e-12)  # action equals reaction


def test_break_sweep_equals_its_twin():
    engine, state = found_dish(cells=20)
    engine.run(state, 400)
    fibres = state["fibres"]
    columns = [fibres[c] for c in ("x", "y", "born", "key")]
    one = np.full(fibres.n, np.nan, np.float32), np.full(fibres.n, np.inf, np.float32)
    two = one[0].copy(), one[1].copy()
    law = (0.012 / 60, 300 * 60.0, 25 * 60.0)
    breakage.sweep_breaks(fibres["parent"], np.empty(0, np.int64), *columns, *one, *law, STREAM)
    breakage.sweep_breaks_array(fibres["parent"], *columns, *two, *law, STREAM)
    assert fibres.n > 1000
    np.testing.assert_allclose(one[0], two[0], rtol=1e-6)  # float32 columns
    np.testing.assert_allclose(one[1], two[1], rtol=1e-6)


@pytest.mark.parametrize("pressure", [100.0, 0.0, -40.0])
def test_growth_equals_its_twin(pressure):
    rng = generator()
    n = 1200
    supply = growth.Supply(pressure, 0.1, 0.2, 40.0, 12.7, 4.0, 5.0, 0.0856)
    # From thin to overfull, from smaller than the law's table to larger, some that do not grow
    area, time = 10 ** rng.uniform(-1.5, 2.0, n), np.where(rng.random(n) < 0.8, 60.0, 0.0)
    start = (
        area, area**1.5 / 10.7 * 10 ** rng.uniform(-2.0, 0.3, n), area * rng.uniform(0.5, 50, n), np.zeros(n),
        np.zeros(n, np.int8),
    )  # fmt: skip
    one, two = (tuple(a.copy() for a in start) for _ in range(2))
    taken = np.empty((n, 3)), np.empty((n, 3))
    path, radius, flow = rng.uniform(1, 90, n), rng.uniform(0.03, 0.1, n), rng.uniform(0, 0.001, n)
    level = rng.uniform(0, 2, n)
    seen = set()
    for _ in range(20):
        growth.grow(time, path, radius, flow, level, *one, taken[0], supply, load_law())
        growth.grow_array(time, path, radius, flow, level, *two, taken[1], supply, load_law())
        seen |= set(one[4])
        for a, b in zip(one[:4], two[:4], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(*taken, rtol=1e-7, atol=1e-12)
        np.testing.assert_array_equal(one[4], two[4])
    assert seen == {growth.VOLUME, growth.AREA, growth.SHAPE}


def test_stretches_equal_their_twin():
    engine, state = found_dish(cells=20)
    engine.run(state, 500)
    fibres = state["fibres"]
    n = fibres.n
    broken = fibres["breaks"] <= state.time
    assert 0 < broken.sum() < n
    one = np.empty(n, np.int64), np.empty(n), np.empty(n)
    two = np.empty(n, np.int64), np.empty(n), np.empty(n)
    columns = (fibres["parent"].astype(np.int64), fibres["kind"], fibres["x"], fibres["y"], broken)
    assert network.label_stretches(*columns, *one) == network.label_stretches_array(*columns, *two)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_allclose(one[1], two[1], rtol=1e-5, atol=1e-5)  # float32 positions
    np.testing.assert_allclose(one[2], two[2], rtol=1e-5, atol=1e-5)


def test_walls_turn_cells_back_as_the_space_says():
    rng = generator()
    space = Space(seeded=(100.0, 60.0), walls=("no-flux", "no-flux"), confines=(True, True))
    position = rng.uniform(-20, 120, (600, 2))
    angle = rng.uniform(0, 2 * np.pi, 600)
    heading = np.column_stack([np.cos(angle), np.sin(angle)])
    one, two = (position.copy(), heading.copy()), (position.copy(), heading.copy())
    motility.turn_back(*one, *space.seeded, np.array(space.confines))
    normal = space.confine(two[0])
    two[1][:] -= 2.0 * np.maximum((normal * two[1]).sum(axis=1), 0.0)[:, None] * normal
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_allclose(one[1], two[1], atol=1e-15)
    assert ((normal != 0).all(axis=1)).sum() > 20  # corners
