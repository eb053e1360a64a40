"""The split implicit scheme of BioFVM in a few lines of numpy: a readable twin to compare with, not a solver to use.

Locally one-dimensional: one tridiagonal system per row of voxels, axis after axis. First order in the step, and for
sources and sinks of a voxel only half of that. Theory: docs/theory/field-implicit.md.
"""

from __future__ import annotations

import numpy as np

from migralab.physics.field.grid import Floats, Grid


def split_step(
    concentration: Floats, grid: Grid, diffusivity: float, decay: float, dt: float, *, source: Floats | None = None,
    uptake: Floats | None = None,
) -> Floats:  # fmt: skip
    """Return the concentration after one step of sources and sinks, then of each axis in turn (eq-split).

    Parameters
    ----------
    concentration
        molecules/um3, shape of the grid.
    grid
        Voxels and walls; ``fixed`` walls hold the concentration 0.
    diffusivity
        um2/s.
    decay
        1/s; each axis takes its equal share of it.
    dt
        Step, s.
    source
        Supply of each voxel, molecules/um3/s.
    uptake
        Rate of uptake of each voxel, 1/s.

    Raises
    ------
    ValueError
        If an axis is periodic: its rows are not tridiagonal.
    """
    from scipy.linalg import solve_banded

    if grid.periodic_axes:
        raise ValueError(f"axis {grid.periodic_axes[0]} is periodic; the split scheme knows no-flux and fixed walls")
    u = np.array(concentration, np.float64)
    if source is not None:
        u += dt * source
    if uptake is not None:
        u /= 1 + dt * uptake
    for axis, (n, h, ends) in enumerate(zip(grid.shape, grid.spacing, grid.walls, strict=True)):
        exchange = dt * diffusivity / h**2
        band = np.zeros((3, n))
        band[0, 1:] = band[2, :-1] = -exchange
        band[1] = 1 + dt * decay / len(grid.shape) + 2 * exchange
        for place, end in zip((0, -1), ends, strict=True):
            band[1, place] += exchange if end == "fixed" else -exchange  # a fixed face is half a voxel away
        rows = np.moveaxis(u, axis, 0)
        u = np.moveaxis(solve_banded((1, 1), band, rows.reshape(n, -1)).reshape(rows.shape), 0, axis)
    return u
