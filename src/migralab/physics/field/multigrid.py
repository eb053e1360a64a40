"""A cycle over coarser and coarser voxels: the preconditioner of `conjugate`. Kernels, and a numpy twin below them.

Voxels are joined two by two along each axis. A joint voxel loses what its parts lose, and exchanges what its parts
exchange through the common face, halved because the centres are twice as far apart (eq-cycle). That is again a stage
on a box, so obstacles, uneven diffusivity and sinks need no thought of their own.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import WORTH_THREADS, kernel, parallel_kernel
from migralab.physics.field.grid import Floats

DAMPING = 0.8  # of a Jacobi sweep; the usual value for the five- and seven-point stars
PARTS = 64  # of a level, shared out over the threads
SWEEPS = 4  # on the coarsest voxels, where exchange is slower than loss or eight voxels are left


class Levels(NamedTuple):
    """The boxes of all levels end to end in flat arrays: a level begins at its `start`, its faces at thrice that."""

    sizes: NDArray[np.int64]
    """(levels, 3): voxels along (z, y, x)."""
    start: NDArray[np.int64]
    """(levels + 1)"""
    faces: Floats
    """Rate of exchange through upper faces, 1/s."""
    loss: Floats
    """Diagonal without the exchange; 0 where there is no fluid."""
    inverse: Floats
    """One over the diagonal; 0 where there is no fluid."""
    right: Floats
    """Residual that a level is given."""
    before: Floats
    """Solution after the first sweep and the correction from below."""
    after: Floats
    """Solution of the level; on the way down its residual."""


def make_levels(faces: Floats) -> Levels:
    """Return the levels of a box, given the rates of exchange (3, z, y, x) through its upper faces, 1/s."""
    all_faces = [faces]
    while max(all_faces[-1].shape[1:]) > 2:
        all_faces.append(_join_faces(all_faces[-1]))
    sizes = np.array([level.shape[1:] for level in all_faces], np.int64)
    start = np.concatenate([[0], np.cumsum(sizes.prod(axis=1))])
    flat = [np.zeros(start[-1]) for _ in range(5)]
    return Levels(sizes, start, np.concatenate([level.ravel() for level in all_faces]), *flat)


def levels_needed(levels: Levels, tau: float) -> int:
    """Return how many levels a stage is worth: each makes exchange four times slower against loss (1 or more)."""
    exchange = 6 * tau * float(levels.faces[: 3 * levels.start[1]].max())
    return max(1, min(len(levels.sizes), 1 + math.ceil(math.log(max(exchange, 1.0), 4))))


def fill(levels: Levels, loss: Floats, tau: float, depth: int) -> None:
    """Work out the diagonals of a stage on the levels that it needs."""
    for n in range(depth):
        place = slice(levels.start[n], levels.start[n + 1])
        faces = levels.faces[3 * place.start : 3 * place.stop].reshape(3, *levels.sizes[n])
        levels.loss[place] = loss.ravel()
        levels.inverse[place] = _invert(loss, faces, tau).ravel()
        loss = _join(loss)


def _invert(loss: Floats, faces: Floats, tau: float) -> Floats:
    """Return one over the diagonal of a stage; 0 where there is no fluid."""
    diagonal = loss.copy()
    for axis in range(3):
        diagonal += tau * (faces[axis] + np.roll(faces[axis], 1, axis))
    return np.divide(1.0, diagonal, out=np.zeros_like(loss), where=diagonal > 0)


def _join(values: Floats) -> Floats:
    """Add up voxels two by two along each axis; the last of an odd number stays alone."""
    for axis, n in enumerate(values.shape):
        values = np.add.reduceat(values, np.arange(0, n, 2), axis)
    return values


def _join_faces(faces: Floats) -> Floats:
    joined = []
    for axis in range(3):
        n = faces.shape[1 + axis]
        outer = np.minimum(np.arange(0, n, 2) + 1, n - 1)  # the upper face of the second part of each pair
        upper = np.take(faces[axis], outer, axis)
        if len(outer) == 1:
            upper = np.zeros_like(upper)  # a voxel alone has no neighbour
        for other in {0, 1, 2} - {axis}:
            upper = np.add.reduceat(upper, np.arange(0, upper.shape[other], 2), other)
        joined.append(0.5 * upper if n > 1 else upper)
    return np.stack(joined)


@kernel
def apply_row(x: Floats, loss: Floats, faces: Floats, tau: float, k: int, j: int, out: Any) -> None:
    """Apply the matrix of a stage to one row of voxels, as flows between pairs of them (eq-stage).

    A flow is worked out alike from both sides, so that what leaves one voxel enters the other to the last bit.
    Slices that begin at 0 let the compiler see that no index is negative, and so use its wide instructions.
    """
    nz, ny, nx = x.shape
    here, right, own = x[k, j], faces[2, k, j], loss[k, j]
    last, inner = nx - 1, max(nx - 2, 0)
    before, middle, after = here[:inner], here[1 : 1 + inner], here[2 : 2 + inner]
    low, high, keep, result = right[:inner], right[1 : 1 + inner], own[1 : 1 + inner], out[1 : 1 + inner]
    for i in range(inner):
        flow = high[i] * (middle[i] - after[i]) + low[i] * (middle[i] - before[i])
        result[i] = keep[i] * middle[i] + tau * flow
    flow = right[0] * (here[0] - here[min(1, last)]) + right[last] * (here[0] - here[last])
    out[0] = own[0] * here[0] + tau * flow
    if last > 0:
        flow = right[last] * (here[last] - here[0]) + right[last - 1] * (here[last] - here[last - 1])
        out[last] = own[last] * here[last] + tau * flow
    if ny > 1:
        back, on = (j - 1 if j > 0 else ny - 1), (j + 1 if j + 1 < ny else 0)
        _add_flows(here, x[k, back], x[k, on], faces[1, k, back], faces[1, k, j], tau, out)
    if nz > 1:
        back, on = (k - 1 if k > 0 else nz - 1), (k + 1 if k + 1 < nz else 0)
        _add_flows(here, x[back, j], x[on, j], faces[0, back, j], faces[0, k, j], tau, out)


@kernel
def _add_flows(here: Any, below: Any, above: Any, down: Any, up: Any, tau: float, out: Any) -> None:
    for i in range(len(here)):
        out[i] += tau * (up[i] * (here[i] - above[i]) + down[i] * (here[i] - below[i]))


@kernel
def level_of(flat: Floats, levels: Levels, n: int) -> Floats:
    """Return one level of a flat array as a box."""
    nz, ny, nx = levels.sizes[n]
    return flat[levels.start[n] : levels.start[n + 1]].reshape((nz, ny, nx))


@kernel
def faces_of(levels: Levels, n: int) -> Floats:
    """Return the faces of one level, (3, z, y, x)."""
    nz, ny, nx = levels.sizes[n]
    return levels.faces[3 * levels.start[n] : 3 * levels.start[n + 1]].reshape((3, nz, ny, nx))


@kernel
def _start_rows(levels: Levels, n: int, first: int, last: int) -> None:
    """Take the first damped Jacobi sweep, from zero."""
    inverse, right, x = (
        level_of(levels.inverse, levels, n),
        level_of(levels.right, levels, n),
        level_of(levels.before, levels, n),
    )
    _, ny, nx = x.shape
    for row in range(first, last):
        share, given, own = inverse[row // ny, row % ny], right[row // ny, row % ny], x[row // ny, row % ny]
        for i in range(nx):
            own[i] = DAMPING * share[i] * given[i]


@kernel
def _restrict_rows(levels: Levels, n: int, tau: float, first: int, last: int) -> None:
    """Add up the residual of the parts of rows of the next, coarser level."""
    loss, faces, right = level_of(levels.loss, levels, n), faces_of(levels, n), level_of(levels.right, levels, n)
    x, residual, below = (
        level_of(levels.before, levels, n),
        level_of(levels.after, levels, n),
        level_of(levels.right, levels, n + 1),
    )
    nz, ny, nx = x.shape
    wide = below.shape[1]
    for row in range(first, last):
        k, j = row // wide, row % wide
        out = below[k, j]
        out[:] = 0.0
        for kk in range(2 * k, min(2 * k + 2, nz)):
            for jj in range(2 * j, min(2 * j + 2, ny)):
                given, product = right[kk, jj], residual[kk, jj]
                apply_row(x, loss, faces, tau, kk, jj, product)
                for i in range(nx // 2):
                    out[i] += (given[2 * i] - product[2 * i]) + (given[2 * i + 1] - product[2 * i + 1])
                if nx % 2:
                    out[nx // 2] += given[nx - 1] - product[nx - 1]


@kernel
def _correct_rows(levels: Levels, n: int, first: int, last: int) -> None:
    """Add to each voxel of fluid the solution of the joint voxel that it is part of."""
    coarse, x = level_of(levels.after, levels, n + 1), level_of(levels.before, levels, n)
    inverse = level_of(levels.inverse, levels, n)
    _, ny, nx = x.shape
    for row in range(first, last):
        k, j = row // ny, row % ny
        above, own, share = coarse[k // 2, j // 2], x[k, j], inverse[k, j]
        for i in range(nx // 2):
            own[2 * i] += above[i] if share[2 * i] > 0 else 0.0
            own[2 * i + 1] += above[i] if share[2 * i + 1] > 0 else 0.0
        if nx % 2 and share[nx - 1] > 0:
            own[nx - 1] += above[nx // 2]


@kernel
def _smooth_rows(levels: Levels, n: int, tau: float, first: int, last: int) -> None:
    """Take another damped Jacobi sweep."""
    loss, faces, inverse = level_of(levels.loss, levels, n), faces_of(levels, n), level_of(levels.inverse, levels, n)
    right, x, after = (
        level_of(levels.right, levels, n),
        level_of(levels.before, levels, n),
        level_of(levels.after, levels, n),
    )
    _, ny, nx = x.shape
    for row in range(first, last):
        k, j = row // ny, row % ny
        result, own, given, share = after[k, j], x[k, j], right[k, j], inverse[k, j]
        apply_row(x, loss, faces, tau, k, j, result)
        for i in range(nx):
            result[i] = own[i] + DAMPING * share[i] * (given[i] - result[i])


# One loop a kernel: numba would join two that follow each other, and the second needs all of the first.


@parallel_kernel
def _start(levels: Levels, n: int, rows: int) -> None:
    for part in prange(PARTS):
        _start_rows(levels, n, part * rows // PARTS, (part + 1) * rows // PARTS)


@parallel_kernel
def _restrict(levels: Levels, n: int, tau: float, rows: int) -> None:
    for part in prange(PARTS):
        _restrict_rows(levels, n, tau, part * rows // PARTS, (part + 1) * rows // PARTS)


@parallel_kernel
def _correct(levels: Levels, n: int, rows: int) -> None:
    for part in prange(PARTS):
        _correct_rows(levels, n, part * rows // PARTS, (part + 1) * rows // PARTS)


@parallel_kernel
def _smooth(levels: Levels, n: int, tau: float, rows: int) -> None:
    for part in prange(PARTS):
        _smooth_rows(levels, n, tau, part * rows // PARTS, (part + 1) * rows // PARTS)


@kernel
def _sweep_coarsest(levels: Levels, n: int, tau: float, rows: int) -> None:
    _start_rows(levels, n, 0, rows)
    x, result = level_of(levels.before, levels, n), level_of(levels.after, levels, n)
    for sweep in range(1, SWEEPS):
        if sweep > 1:
            x[:] = result
        _smooth_rows(levels, n, tau, 0, rows)


@kernel
def cycle(levels: Levels, tau: float, depth: int) -> None:
    """Turn ``levels.right`` of the finest level into an approximate solution in its ``levels.after`` (eq-cycle).

    One damped Jacobi sweep before and one after each coarser level: a symmetric, positive map, as the conjugate
    gradients need. Every row is written by one thread, so the result does not depend on their number; levels that
    are too small to share are left to one.
    """
    for n in range(depth - 1):
        rows, below = levels.sizes[n, 0] * levels.sizes[n, 1], levels.sizes[n + 1, 0] * levels.sizes[n + 1, 1]
        if rows * levels.sizes[n, 2] >= WORTH_THREADS:
            _start(levels, n, rows)
            _restrict(levels, n, tau, below)
        else:
            _start_rows(levels, n, 0, rows)
            _restrict_rows(levels, n, tau, 0, below)
    _sweep_coarsest(levels, depth - 1, tau, levels.sizes[depth - 1, 0] * levels.sizes[depth - 1, 1])
    for n in range(depth - 2, -1, -1):
        rows = levels.sizes[n, 0] * levels.sizes[n, 1]
        if rows * levels.sizes[n, 2] >= WORTH_THREADS:
            _correct(levels, n, rows)
            _smooth(levels, n, tau, rows)
        else:
            _correct_rows(levels, n, 0, rows)
            _smooth_rows(levels, n, tau, 0, rows)


def apply_array(x: Floats, loss: Floats, faces: Floats, tau: float) -> Floats:
    """Return the matrix of a stage times `x`: the twin of `apply_row` on all rows (eq-stage)."""
    out = loss * x
    for axis in range(3):
        flow = tau * faces[axis] * (x - np.roll(x, -1, axis))
        out += flow - np.roll(flow, 1, axis)
    return out


def cycle_array(right: Floats, loss: Floats, faces: Floats, tau: float, depth: int) -> Floats:
    """Return an approximate solution of a stage: the twin of `cycle`, one level calling the next (eq-cycle)."""
    share = DAMPING * _invert(loss, faces, tau)
    x: Floats = share * right
    if depth == 1:
        for _ in range(SWEEPS - 1):
            x = x + share * (right - apply_array(x, loss, faces, tau))
        return x
    residual = right - apply_array(x, loss, faces, tau)
    coarse = cycle_array(_join(residual), _join(loss), _join_faces(faces), tau, depth - 1)
    for axis, n in enumerate(x.shape):
        coarse = np.repeat(coarse, 2, axis).take(np.arange(n), axis)
    x = x + np.where(share > 0, coarse, 0.0)
    found: Floats = x + share * (right - apply_array(x, loss, faces, tau))
    return found
