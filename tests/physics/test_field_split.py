"""The split twin against closed forms and against the figures measured with BioFVM itself."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.physics.field.grid import FIXED, NO_FLUX, PERIODIC, Grid
from migralab.physics.field.split import split_step

MINUTE = 60.0
D, DECAY = 1e5 / MINUTE, 0.1 / MINUTE  # um2/s, 1/s: PhysiCell's own default substrate


def box(n, axes, ends=NO_FLUX, spacing=20.0):
    return Grid(shape=(n,) * axes, spacing=(spacing,) * axes, walls=(ends,) * axes, origin=(-n * spacing / 2,) * axes)


def gaussian(grid, t, sigma=50.0):
    """Closed form on an unbounded plane or space; the walls are 6 sigma away or more."""
    spread = sigma**2 + 2 * D * t
    squares = sum(np.meshgrid(*(grid.centres(a) ** 2 for a in range(len(grid.shape))), indexing="ij"))
    return (sigma**2 / spread) ** (len(grid.shape) / 2) * np.exp(-squares / (2 * spread) - DECAY * t)


# peers.md 3a and BioFVM 1.1.7, run again: 3.992e-2 in 2D, 5.097e-2 in 3D. The box is smaller than there (the error
# does not see the walls at t = 0.1 min), the tolerance is half a unit of their last digit.
@pytest.mark.parametrize(("axes", "n", "biofvm"), [(2, 120, 0.0399244), (3, 100, 0.0509658)])
def test_gaussian_has_the_error_of_biofvm(axes, n, biofvm):
    grid = box(n, axes)
    u = gaussian(grid, 0.0)
    for _ in range(10):
        u = split_step(u, grid, D, DECAY, 0.01 * MINUTE)
    exact = gaussian(grid, 0.1 * MINUTE)
    assert np.linalg.norm(u - exact) / np.linalg.norm(exact) == pytest.approx(biofvm, rel=1e-4)


@pytest.mark.parametrize("ends", [NO_FLUX, FIXED, ("no-flux", "fixed"), ("fixed", "no-flux")])
def test_a_mode_shrinks_by_the_factor_of_each_axis(ends):
    """Closed form: a product of modes is multiplied by 1 / (1 + dt (decay/2 - D eigenvalue)) along each axis."""
    grid, dt = box(12, 2, ends), 2.0
    k = 3
    angle = np.pi * (k + (0.0 if ends == NO_FLUX else 1.0 if ends == FIXED else 0.5)) / 12
    place = np.arange(12) + 0.5
    mode = np.cos(angle * place) if ends[0] == "no-flux" else np.sin(angle * place)
    factor = 1 / (1 + dt * (DECAY / 2 - D * grid.eigenvalues(0)[k]))
    u = np.outer(mode, mode)
    np.testing.assert_allclose(split_step(u, grid, D, DECAY, dt), factor**2 * u, atol=1e-14)


def test_first_order_in_the_step():
    """Closed form in time: the decay of one mode between no-flux walls."""
    grid = box(20, 2)
    mode = np.cos(np.pi * (np.arange(20) + 0.5) / 20)
    start = 1 + np.outer(mode, mode)
    t, rate = 12.0, DECAY - 2 * D * grid.eigenvalues(0)[1]
    exact = np.exp(-DECAY * t) + np.exp(-rate * t) * np.outer(mode, mode)
    errors = []
    for steps in (16, 32, 64):
        u = start
        for _ in range(steps):
            u = split_step(u, grid, D, DECAY, t / steps)
        errors.append(np.abs(u - exact).max())
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert 0.9 < orders[0] < 1.1
    assert 0.95 < orders[1] < 1.05


def test_sources_and_sinks_of_one_voxel_without_diffusion():
    grid = box(2, 2)
    u = split_step(np.full((2, 2), 3.0), grid, 0.0, 0.0, 2.0, source=np.full((2, 2), 0.5), uptake=np.full((2, 2), 1.5))
    np.testing.assert_allclose(u, (3.0 + 2.0 * 0.5) / (1 + 2.0 * 1.5))


def test_a_periodic_axis_is_refused():
    with pytest.raises(ValueError, match="axis 1 is periodic"):
        split_step(np.ones((3, 3)), Grid(shape=(3, 3), spacing=(1.0, 1.0), walls=(NO_FLUX, PERIODIC),
                                         origin=(0.0, 0.0)), 1.0, 0.0, 1.0)  # fmt: skip
