"""Every compiled kernel of the fields and signals equals its vectorised numpy twin."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.physics.field import exponential, points
from migralab.physics.field.grid import FIXED, NO_FLUX, PERIODIC, Grid
from migralab.physics.finite import first_not_finite, first_not_finite_array
from migralab.physics.signals import binding, contact

GRIDS = {
    "layer": Grid(shape=(9, 14), spacing=(3.0, 2.0), walls=(NO_FLUX, FIXED), origin=(-4.0, 1.0), depth=5.0),
    "periodic layer": Grid(shape=(9, 14), spacing=(3.0, 2.0), walls=(PERIODIC, PERIODIC), origin=(-4.0, 1.0)),
    "box": Grid(shape=(5, 9, 14), spacing=(1.5, 3.0, 2.0), walls=(NO_FLUX, NO_FLUX, PERIODIC), origin=(0.0, -4.0, 1.0)),
}


def generator():
    return np.random.Generator(np.random.Philox(11))


def scattered(grid, count, rng):
    """Return points in and a little beyond the grid, as the kernels and as the twins take them."""
    along = tuple(rng.uniform(low - 1.0, high + 1.0, count) for low, high in zip(grid.origin, grid.upper, strict=True))
    return (np.zeros(count), *along) if len(along) == 2 else along, along


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("moving", [points.RESTING, points.MOVING])
def test_scatter_and_gather_equal_their_twins(grid, moving):
    rng = generator()
    all_axes, along = scattered(grid, 300, rng)
    amount, box = rng.exponential(size=300), points.box_of(grid)
    one, two = np.zeros(grid.shape), np.zeros(grid.shape)
    points.deposit(all_axes, amount, points.as_box(one), box, 1 / grid.voxel_volume, moving)
    points.deposit_array(along, amount, two, grid, moving)
    np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-15)  # another order of sums
    assert one.sum() * grid.voxel_volume == pytest.approx(amount.sum(), rel=1e-12)  # nothing is lost at a wall
    felt = np.empty(300)
    points.sample(all_axes, points.as_box(one), box, moving, felt)
    np.testing.assert_allclose(felt, points.sample_array(along, one, grid, moving), rtol=1e-11, atol=1e-15)
    rate, rate_twin, taken = np.zeros(grid.shape), np.zeros(grid.shape), np.empty(300)
    points.take_up(all_axes, amount, points.as_box(one), box, 1 / grid.voxel_volume, moving, points.as_box(rate), taken)
    twin = points.take_up_array(along, amount, one, rate_twin, grid, moving)
    np.testing.assert_allclose(taken, twin, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(rate, rate_twin, rtol=1e-11, atol=1e-15)
    assert -rate.sum() * grid.voxel_volume == pytest.approx(taken.sum(), rel=1e-12)


def test_a_uniform_field_is_felt_as_it_is():
    grid = GRIDS["box"]
    all_axes, _ = scattered(grid, 50, generator())
    for moving in (points.RESTING, points.MOVING):
        felt = np.empty(50)
        points.sample(all_axes, np.full(grid.shape, 0.7), points.box_of(grid), moving, felt)
        np.testing.assert_allclose(felt, 0.7, rtol=1e-14)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_step_in_modes_equals_its_twin(grid):
    rng = generator()
    solver = exponential.ExponentialSolver(grid, 3.0, 0.01)
    modes, rate = (rng.normal(size=grid.mode_shape) for _ in range(2))
    if grid.periodic_axes:
        modes, rate = modes + 0.3j, rate - 0.2j
    for dt in (0.01, 1.0, 100.0):
        z, law = solver.exponents(dt), solver._law(dt)
        after = modes.copy()
        exponential.propagate(points.as_box(modes), points.as_box(rate), *law, dt, points.as_box(after))
        np.testing.assert_allclose(after, exponential.propagate_array(modes, rate, z, dt), rtol=1e-11, atol=1e-13)
        twin = exponential.correct_array(after, rate, z, dt)
        exponential.correct(points.as_box(after), points.as_box(rate), *law, dt)
        np.testing.assert_allclose(after, twin, rtol=1e-11, atol=1e-13)
        faded = modes.copy()
        exponential.fade(points.as_box(faded), law[1], law[3])
        np.testing.assert_allclose(faded, np.exp(z) * modes, rtol=1e-11, atol=1e-13)


def test_phi_functions_keep_their_digits_from_tiny_to_huge():
    """Against exact rational arithmetic: phi_1 = sum z^n/(n+1)!, phi_2 = sum z^n/(n+2)!."""
    from fractions import Fraction
    from math import exp, factorial

    for z in (0.0, -1e-12, -1e-4, -0.049, -0.051, -0.5, -3.0):
        exact = [float(sum(Fraction(z) ** n / factorial(n + k) for n in range(60))) for k in (1, 2)]
        np.testing.assert_allclose(exponential.phi(z, exp(z)), exact, rtol=2e-13)  # eps over 0.05 squared
        np.testing.assert_allclose(exponential.phi_array(np.array([z])), np.array(exact)[:, None], rtol=2e-13)
    np.testing.assert_allclose(exponential.phi(-1e9, 0.0), (1e-9, 1e-9), rtol=1e-8)


def test_binding_equals_its_twin():
    rng = generator()
    free, bound = rng.exponential(10.0, 400), rng.uniform(0, 5.0, 400)
    free[:20], bound[20:40] = 0.0, 0.0
    for dt in (1e-3, 1.0, 1e4):
        one = free.copy(), bound.copy()
        binding.bind(*one, 5.0, 1e-3, 1e-2, dt)
        two = binding.bind_array(free, bound, 5.0, 1e-3, 1e-2, dt)
        for a, b in zip(one, two, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_that_are_none_are_found_as_by_the_twin(dtype):
    values = generator().normal(size=1000).astype(dtype)
    assert first_not_finite(values) == first_not_finite_array(values) == -1
    for place, bad in ((0, np.nan), (999, np.inf), (500, -np.inf)):
        broken = values.copy()
        broken[place] = bad
        assert first_not_finite(broken) == first_not_finite_array(broken) == place


def crowd(rng, count):
    return rng.uniform(0, 150, (count, 2)), rng.integers(0, 2, count)


def test_contact_equals_its_twin():
    rng = generator()
    cell, cell_dish = crowd(rng, 60)
    vesicle, dish = crowd(rng, 400)
    vesicle[:5] = cell[0]  # right under a cell
    cell_id = np.arange(100, 160)
    maker, ligand = rng.choice(cell_id, 400), rng.exponential(size=(400, 2)) * (rng.random(400) < 0.8)[:, None]
    reach = rng.uniform(4.0, 12.0, 60)
    one = contact.feel_vesicles(cell, cell_dish, cell_id, vesicle, dish, maker, ligand, reach)
    two = contact.feel_vesicles_array(cell, cell_dish, cell_id, vesicle, dish, maker, ligand, reach)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
    assert one[0].max() > 0
