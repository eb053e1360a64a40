"""The kernels of sensing equal their vectorised numpy twins."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from migralab.core.random import child_key_array, stream_key
from migralab.physics.field import points
from migralab.physics.field.grid import PERIODIC
from migralab.physics.recipients import chemotaxis, guidance, look
from tests.contract.test_field_twins import GRIDS, scattered

STREAM = stream_key("twin")
KEYS = child_key_array(np.full(300, 1, np.uint64), STREAM, np.arange(300, dtype=np.uint64))


def generator():
    return np.random.Generator(np.random.Philox(23))


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("moving", [points.RESTING, points.MOVING])
def test_gradient_equals_its_twin_and_the_value_that_of_sampling(grid, moving):
    rng = generator()
    all_axes, along = scattered(grid, 300, rng)
    field, box = rng.normal(size=grid.shape), points.box_of(grid)
    found, plain, gradient = np.empty(300), np.empty(300), np.empty((300, 2))
    points.sample_gradient(all_axes, points.as_box(field), box, moving, found, gradient)
    points.sample(all_axes, points.as_box(field), box, moving, plain)
    np.testing.assert_array_equal(found, plain)  # the same sums in the same order
    values, slopes = points.sample_gradient_array(along, field, grid, moving)
    np.testing.assert_allclose(found, values, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dt", [0.5, 60.0, 600.0])
def test_averaging_equals_its_twin(dt):
    rng = generator()
    n = len(KEYS)
    sensed = chemotaxis.Sensed(
        rng.normal(scale=30.0, size=(n, 2)), rng.gamma(2.0, 30.0, n), rng.uniform(0.01, 3.0, n),
        rng.gamma(1.0, 500.0, n),
    )  # fmt: skip
    sensed.snapshot[:20] = sensed.arrival[:20] = 0.0  # nothing is bound
    sensed.arrival[20:40] = 0.0
    sensed.memory[40:60] = 30.0  # as long as the filter
    living = rng.random(n) < 0.9
    start = rng.normal(size=(n, 2)), rng.normal(size=(n, 2))
    one, two = (tuple(part.copy() for part in start) for _ in range(2))
    for count in range(20):
        ratio = np.empty((n, 2))
        chemotaxis.average(*one, *sensed, living, KEYS, STREAM, count, 30.0, dt, ratio)
        twin = chemotaxis.average_array(*two, sensed, living, KEYS, STREAM, count, 30.0, dt)
        # differences of nearly equal exponentials in a short step, and where two times are a thousandth apart
        np.testing.assert_allclose(ratio, twin, rtol=1e-7, atol=1e-7)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7)
    assert (ratio[~living] == 0).all()
    np.testing.assert_array_equal(one[0][~living], start[0][~living])


def test_fibres_under_cells_equal_their_twin():
    rng = generator()
    m = 3000
    x, y = rng.uniform(-50, 250, (2, m)).astype(np.float32)
    x[1::2] = x[::2] + rng.normal(scale=2.0, size=m // 2).astype(np.float32)  # pairs of neighbours
    y[1::2] = y[::2] + rng.normal(scale=2.0, size=m // 2).astype(np.float32)
    parent = np.where((np.arange(m) % 2 == 0) & (rng.random(m) < 0.9), np.arange(m) + 1, -1).astype(np.int32)
    maker = rng.integers(0, 40, m).astype(np.int32)
    breaks = np.where(rng.random(m) < 0.3, np.nan, rng.uniform(0, 2000, m)).astype(np.float32)
    stretches = guidance.Stretches(x, y, parent, maker, breaks)
    cell, dish, living = rng.uniform(0, 200, (40, 2)), rng.integers(0, 2, 40), rng.random(40) < 0.9
    one = guidance.fibres_under(cell, dish, living, 10.0, 1000.0, stretches)
    two = guidance.fibres_under_array(cell, dish, living, 10.0, 1000.0, stretches)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-9)
    assert np.count_nonzero(one[1]) > 20
    assert (one[1][~living] == 0).all()


def test_a_linear_field_has_its_slope_everywhere_away_from_walls():
    for name, grid in GRIDS.items():
        if any(ends == PERIODIC for ends in grid.walls[-2:]):
            continue
        rng = generator()
        y, x = grid.centres(len(grid.shape) - 2), grid.centres(len(grid.shape) - 1)
        field = np.broadcast_to(0.3 * x[None] - 0.2 * y[:, None] + 5.0, grid.shape).copy()
        px, py = (rng.uniform(c[1], c[-2], 50) for c in (x, y))
        for moving in (points.RESTING, points.MOVING):
            found, gradient = np.empty(50), np.empty((50, 2))
            places, box = (np.zeros(50), py, px), points.box_of(grid)
            points.sample_gradient(places, points.as_box(field), box, moving, found, gradient)
            np.testing.assert_allclose(gradient, np.tile([0.3, -0.2], (50, 1)), rtol=1e-10, err_msg=name)
            np.testing.assert_allclose(found, 0.3 * px - 0.2 * py + 5.0, rtol=1e-12)


def test_a_wave_on_a_periodic_grid_has_its_slope_across_the_seam():
    """cos(2 pi x/L) with 14 voxels: the quadratic spline knows its slope to (pi/14)^2 of the steepest, 6 %."""
    grid = GRIDS["periodic layer"]
    length = grid.upper[1] - grid.origin[1]
    k = 2 * np.pi / length
    field = np.broadcast_to(np.cos(k * grid.centres(1))[None], grid.shape).copy()
    px = np.linspace(grid.origin[1] - 2.0, grid.upper[1] + 2.0, 60)  # beyond the seam on both sides
    found, gradient = np.empty(60), np.empty((60, 2))
    places, box = (np.zeros(60), np.zeros(60), px), points.box_of(grid)
    points.sample_gradient(places, points.as_box(field), box, points.MOVING, found, gradient)
    np.testing.assert_allclose(gradient[:, 0], -k * np.sin(k * px), atol=0.06 * k)
    np.testing.assert_allclose(gradient[:, 1], 0.0, atol=1e-14)


def test_at_a_wall_the_slope_along_its_normal_is_none():
    grid = GRIDS["layer"]
    x = grid.centres(1)
    field = np.broadcast_to(x[None], grid.shape).copy()
    found, gradient = np.empty(2), np.empty((2, 2))
    ends = np.array([grid.origin[1] - 5.0, grid.upper[1] + 5.0])
    places, box = (np.zeros(2), np.zeros(2), ends), points.box_of(grid)
    points.sample_gradient(places, points.as_box(field), box, points.MOVING, found, gradient)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-14)


def test_turning_by_a_signal_equals_its_twin():
    rng = generator()
    ratio, population = rng.normal(0, 20, (300, 2)), rng.integers(0, 2, 300).astype(np.int32)
    law = np.array([1 / 60, -1 / 3600]), np.array([1 / 60, 1 / 300])
    factor = rng.uniform(0, 2, 300)
    one, two = np.ones((300, 2)), np.ones((300, 2))
    chemotaxis.turn_by(ratio, population, factor, *law, one)
    chemotaxis.turn_by_array(ratio, population, factor, *law, two)
    np.testing.assert_allclose(one, two, rtol=1e-12)
    assert (np.hypot(*(one - 1).T) <= law[1][population]).all()


# ---- one look ---------------------------------------------------------------------------------------------------
def sights(n=1500, seed=5):
    """Return (seen, presented, law) with every kind of cell in it: dead, bare, in a bath, on a patch, touching."""
    rng = np.random.default_rng(seed)
    some = [rng.random(n) < 0.6 for _ in range(4)]
    area = rng.uniform(0.1, 5.0, n) * some[3]
    touched = rng.uniform(0.0, 300.0, n) * (area > 0)
    angle = rng.uniform(0, 2 * np.pi, (2, n))
    unit = [np.column_stack([np.cos(a), np.sin(a)]) for a in angle]
    presented = look.Presented(
        rng.random(n) < 0.9, rng.integers(0, 2, n).astype(np.int32), 10 ** rng.uniform(-6, 2, n) * some[0],
        rng.normal(0, 0.1, (n, 2)) * some[1][:, None], rng.uniform(0, 20, n) * some[2],
        rng.normal(0, 1, (n, 2)) * some[2][:, None], touched, area, (touched * rng.random(n))[:, None] * unit[0],
    )  # fmt: skip
    law = np.array([[25_000.0, 2.05, 0.013, 1e-4, 7e-4], [0.0, 15.0, 0.0, 0.0, 0.0]])
    held = rng.uniform(0, 20_000, (2, n)) * (presented.population == 0)
    seen = look.Seen(*held, *(rng.random(n) for _ in range(2)), rng.random((n, 2)), *(rng.random(n) for _ in range(4)))
    return seen, presented, law


def test_looking_equals_its_twin():
    seen, presented, law = sights()
    one, two = (look.Seen(*(values.copy() for values in seen)) for _ in range(2))
    setting = look.Setting(3.0, 0.37, 150.0, 10.0, 60.0)
    for _ in range(3):
        look.look(one, presented, law, setting)
        look.look_array(two, presented, law, setting)
    for name, a, b in zip(look.Seen._fields, one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=name)
    assert (one.difference != 0).any(axis=1).sum() > 500


def test_looking_is_the_same_on_two_threads():
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine offers one thread only")
    seen, presented, law = sights()
    found = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        own = look.Seen(*(values.copy() for values in seen))
        look.look(own, presented, law, look.Setting(0.0, 0.37, 150.0, 10.0, 60.0))
        found.append(own)
    numba.set_num_threads(1)
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)
