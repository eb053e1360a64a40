"""The linear system of an implicit stage by conjugate gradients. Kernels, and numpy twins below them.

A stage is ``loss x + tau sum over faces of rate (x - x beyond) = right`` on the voxels of a box, with `faces` the
rate of exchange (1/s) through the upper face of each voxel along (z, y, x). Rows are closed into rings: a row without
a ring has the rate 0 in its last face. Where there is no fluid, `loss` and all faces are 0.
Theory: docs/theory/field-implicit.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from migralab.core.kernel import kernel, parallel_kernel
from migralab.physics.field.grid import Floats
from migralab.physics.field.multigrid import Levels, apply_array, apply_row, cycle, cycle_array, level_of


@kernel
def _dot(a: Any, b: Any) -> float:
    """Return the scalar product of two rows, in four sums that do not wait for each other."""
    one = two = three = four = 0.0
    whole = len(a) // 4
    for i in range(whole):
        one += a[4 * i] * b[4 * i]
        two += a[4 * i + 1] * b[4 * i + 1]
        three += a[4 * i + 2] * b[4 * i + 2]
        four += a[4 * i + 3] * b[4 * i + 3]
    for i in range(4 * whole, len(a)):
        one += a[i] * b[i]
    return (one + two) + (three + four)


@kernel
def _add_up(sums: Floats, column: int) -> float:
    """Add one column in the order of rows: a sum that numba spreads over threads would depend on their number."""
    total = 0.0
    for row in range(len(sums)):
        total += sums[row, column]
    return total


@kernel
def _move_row(alpha: float, beta: float, w: Any, z: Any, p: Any, s: Any, x: Any, r: Any) -> None:
    """Move one row along the search direction."""
    for i in range(len(z)):
        p[i] = z[i] + beta * p[i]
        s[i] = w[i] + beta * s[i]
        x[i] += alpha * p[i]
        r[i] -= alpha * s[i]


@parallel_kernel
def apply(x: Floats, loss: Floats, faces: Floats, tau: float, out: Floats) -> None:
    """Write the matrix of a stage times `x` into `out` (eq-stage)."""
    nz, ny, _ = x.shape
    for row in prange(nz * ny):
        apply_row(x, loss, faces, tau, row // ny, row % ny, out[row // ny, row % ny])


@parallel_kernel
def conjugate_gradients(
    right: Floats,
    loss: Floats,
    faces: Floats,
    tau: float,
    tolerance: float,
    most: int,
    x: Floats,
    levels: Levels,
    depth: int,
) -> int:
    """Solve a stage into `x`, which comes in as a guess; return the number of iterations (eq-stage).

    Chronopoulos and Gear's form, preconditioned by a cycle over coarser voxels. Scalar products are summed within
    rows, then in the order of rows, whatever the number of threads.
    """
    nz, ny, nx = x.shape
    rows = nz * ny
    r, z, w = level_of(levels.right, levels, 0), level_of(levels.after, levels, 0), np.empty_like(x)
    p, s = np.zeros_like(x), np.zeros_like(x)
    sums = np.empty((rows, 3))
    for row in prange(rows):
        k, j = row // ny, row % ny
        apply_row(x, loss, faces, tau, k, j, r[k, j])
        for i in range(nx):
            r[k, j, i] = right[k, j, i] - r[k, j, i]
        sums[row, 0] = _dot(right[k, j], right[k, j])
        sums[row, 2] = _dot(r[k, j], r[k, j])
    enough = tolerance * tolerance * _add_up(sums, 0)
    old, alpha, rounds = 1.0, 1.0, 0
    while rounds < most and _add_up(sums, 2) > enough:
        cycle(levels, tau, depth)
        for row in prange(rows):
            k, j = row // ny, row % ny
            apply_row(z, loss, faces, tau, k, j, w[k, j])
            sums[row, 0] = _dot(r[k, j], z[k, j])
            sums[row, 1] = _dot(w[k, j], z[k, j])
        new = _add_up(sums, 0)
        beta = new / old if rounds > 0 else 0.0
        alpha = new / (_add_up(sums, 1) - beta * new / alpha)
        old = new
        for row in prange(rows):
            k, j = row // ny, row % ny
            _move_row(alpha, beta, w[k, j], z[k, j], p[k, j], s[k, j], x[k, j], r[k, j])
            sums[row, 2] = _dot(r[k, j], r[k, j])
        rounds += 1
    return rounds


@parallel_kernel
def settle(right: Floats, loss: Floats, faces: Floats, tau: float, x: Floats) -> None:
    """Hand what is left of the residual to the voxels it stands in, so that none is lost (eq-conserve)."""
    nz, ny, nx = x.shape
    product = np.empty_like(x)
    for row in prange(nz * ny):
        apply_row(x, loss, faces, tau, row // ny, row % ny, product[row // ny, row % ny])
    for row in prange(nz * ny):
        k, j = row // ny, row % ny
        for i in range(nx):
            if loss[k, j, i] > 0:
                x[k, j, i] += (right[k, j, i] - product[k, j, i]) / loss[k, j, i]


def conjugate_gradients_array(
    right: Floats, loss: Floats, faces: Floats, tau: float, tolerance: float, x: Floats, depth: int
) -> tuple[Floats, int]:
    """Return the solution of a stage and the iterations: the twin of `conjugate_gradients`, in its textbook form."""
    enough = tolerance**2 * np.vdot(right, right)
    x = x.copy()
    r = right - apply_array(x, loss, faces, tau)
    p, old, rounds = np.zeros_like(x), 1.0, 0
    while np.vdot(r, r) > enough:
        z = cycle_array(r, loss, faces, tau, depth)
        new = float(np.vdot(r, z))
        p = z + (new / old if rounds else 0.0) * p
        s = apply_array(p, loss, faces, tau)
        alpha = new / float(np.vdot(p, s))
        x, r, old, rounds = x + alpha * p, r - alpha * s, new, rounds + 1
    return x, rounds


def settle_array(right: Floats, loss: Floats, faces: Floats, tau: float, x: Floats) -> Floats:
    """Return `x` with its residual handed out: the twin of `settle` (eq-conserve)."""
    fluid = loss > 0
    found: Floats = x + np.divide(right - apply_array(x, loss, faces, tau), loss, out=np.zeros_like(x), where=fluid)
    return found
