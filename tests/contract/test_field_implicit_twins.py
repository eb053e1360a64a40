"""The kernels of the implicit field solver equal their numpy twins."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.physics.field import conjugate, multigrid


def system(shape):
    rng = np.random.Generator(np.random.Philox(3))
    faces = rng.uniform(0, 5, (3, *shape))
    for axis, n in enumerate(shape):
        if n == 1:
            faces[axis] = 0.0  # a voxel alone has no neighbour, as `_face_rates` says
    dry = rng.random(shape) < 0.1
    for axis in range(3):
        faces[axis][dry | np.roll(dry, -1, axis)] = 0.0
    return np.where(dry, 0.0, rng.normal(size=shape)), np.where(dry, 0.0, 1 + rng.random(shape)), faces, 0.8


SHAPES = [(5, 6, 7), (1, 8, 9), (1, 5, 1), (3, 1, 2), (2, 2, 2), (1, 71, 66)]


@pytest.mark.parametrize("shape", SHAPES)
def test_apply_equals_its_twin(shape):
    x, loss, faces, tau = system(shape)
    found = np.empty(shape)
    conjugate.apply(x, loss, faces, tau, found)
    np.testing.assert_allclose(found, multigrid.apply_array(x, loss, faces, tau), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)  # the last is shared out over threads, the others are too small
def test_cycle_equals_its_twin(shape):
    right, loss, faces, tau = system(shape)
    levels = multigrid.make_levels(faces)
    for depth in range(1, len(levels.sizes) + 1):
        multigrid.fill(levels, loss, tau, depth)
        levels.right[: right.size] = right.ravel()
        multigrid.cycle(levels, tau, depth)
        found = levels.after[: right.size].reshape(shape)
        twin = multigrid.cycle_array(right, loss, faces, tau, depth)
        np.testing.assert_allclose(found, twin, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("shape", [(5, 6, 7), (1, 40, 37)])
@pytest.mark.parametrize("depth", [1, 3])
def test_conjugate_gradients_equal_their_twin(shape, depth):
    right, loss, faces, tau = system(shape)
    found, guess, levels = np.zeros(shape), np.zeros(shape), multigrid.make_levels(faces)
    multigrid.fill(levels, loss, tau, depth)
    rounds = conjugate.conjugate_gradients(right, loss, faces, tau, 1e-9, 100, found, levels, depth)
    twin, twin_rounds = conjugate.conjugate_gradients_array(right, loss, faces, tau, 1e-9, guess, depth)
    assert 4 < rounds < 100
    assert abs(rounds - twin_rounds) <= 1  # the recurrences differ by rounding, so the last iteration may
    np.testing.assert_allclose(found, twin, atol=1e-8)
    assert (loss == 0).any()
    np.testing.assert_array_equal(found[loss == 0], 0.0)
    residual = right - multigrid.apply_array(found, loss, faces, tau)
    assert np.linalg.norm(residual) < 1.01e-9 * np.linalg.norm(right)


def test_settle_equals_its_twin():
    right, loss, faces, tau = system((3, 4, 5))
    x = 1.0 * (loss > 0)
    found = x.copy()
    conjugate.settle(right, loss, faces, tau, found)
    np.testing.assert_allclose(found, conjugate.settle_array(right, loss, faces, tau, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 100, 90), (20, 21, 22)])
def test_cycle_is_symmetric_and_positive(shape):
    """What conjugate gradients ask of a preconditioner M: <a, M b> = <b, M a> and <a, M a> > 0."""
    a, loss, faces, tau = system(shape)
    b = (loss > 0) * np.random.Generator(np.random.Philox(4)).normal(size=shape)
    levels, both = multigrid.make_levels(faces), []
    depth = len(levels.sizes)
    multigrid.fill(levels, loss, 50 * tau, depth)
    for given in (a, b):
        levels.right[: a.size] = given.ravel()
        multigrid.cycle(levels, 50 * tau, depth)
        both.append(levels.after[: a.size].reshape(shape).copy())
    assert np.vdot(a, both[1]) == pytest.approx(np.vdot(b, both[0]), rel=1e-9)
    assert np.vdot(a, both[0]) > 0
