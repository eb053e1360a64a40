"""Points that give to a field and take from it: deterministic scatter and gather.

A point is shared out over the voxels around it by B-splines, so that its share changes continuously while it moves;
whole voxels would make a field with moving sources first order. Resting points take the linear spline (2 voxels along
each axis), moving ones the quadratic spline (3 voxels), whose share has no kink where a voxel centre is passed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from migralab.core.kernel import WORTH_THREADS, kernel, parallel_kernel
from migralab.physics.field.grid import PERIODIC, Grid

Array = NDArray[Any]
Floats = NDArray[np.float64]
Points = tuple[Floats, Floats, Floats]
Box = tuple[tuple[float, float, float], tuple[float, float, float], tuple[int, int, int]]

RESTING, MOVING = 0, 1


@kernel
def _shares(
    x: float, origin: float, spacing: float, size: int, periodic: int, moving: int
) -> tuple[int, int, int, float, float, float]:
    """Return three voxels along an axis and the share of each, which add up to one (eq-spline)."""
    if size == 1:
        return 0, 0, 0, 1.0, 0.0, 0.0
    place = (x - origin) / spacing - 0.5
    if moving:
        middle = math.floor(place + 0.5)
        off = place - middle
        low = 0.5 * (0.5 - off) ** 2
        high = 0.5 * (0.5 + off) ** 2
        centre = 1.0 - low - high
        first = middle - 1
    else:
        first = math.floor(place)
        centre = place - first
        low, high = 1.0 - centre, 0.0
    second, third = first + 1, first + 2
    if periodic:
        return first % size, second % size, third % size, low, centre, high
    # Beyond the last centre, and beyond the wall itself, everything goes to the voxel at the wall
    top = size - 1
    return min(max(first, 0), top), min(max(second, 0), top), min(max(third, 0), top), low, centre, high


@kernel
def _deposit_rows(
    points: Points, amount: Floats, field: Floats, box: Box, density: float, moving: int, first: int, last: int
) -> None:
    """Do `deposit` for the rows y = first to last - 1 only."""
    nz, ny, nx = field.shape
    for n in range(len(amount)):
        if amount[n] == 0.0:
            continue
        j0, j1, j2, v0, v1, v2 = _shares(points[1][n], box[0][1], box[1][1], ny, box[2][1], moving)
        mine = (first <= j0 < last) or (first <= j1 < last) or (first <= j2 < last)
        if not mine:
            continue
        i0, i1, i2, u0, u1, u2 = _shares(points[2][n], box[0][2], box[1][2], nx, box[2][2], moving)
        k0, k1, k2, w0, w1, w2 = _shares(points[0][n], box[0][0], box[1][0], nz, box[2][0], moving)
        whole = amount[n] * density
        for k, w in ((k0, w0), (k1, w1), (k2, w2)):
            if w == 0.0:
                continue
            for j, v in ((j0, v0), (j1, v1), (j2, v2)):
                share = whole * w * v
                if share == 0.0 or j < first or j >= last:
                    continue
                field[k, j, i0] += share * u0
                field[k, j, i1] += share * u1
                if moving:
                    field[k, j, i2] += share * u2


@parallel_kernel
def _deposit_blocks(
    zs: Floats, ys: Floats, xs: Floats, amount: Floats, field: Floats, origin: Floats, spacing: Floats, periodic: Array,
    density: float, moving: int, blocks: int,
) -> None:  # fmt: skip
    """Every block of rows looks at all points and takes what falls into its own rows."""
    ny = field.shape[1]
    for block in prange(blocks):
        # A prange body takes scalars and arrays, no tuples of tuples
        box = (
            (origin[0], origin[1], origin[2]), (spacing[0], spacing[1], spacing[2]),
            (periodic[0], periodic[1], periodic[2]),
        )  # fmt: skip
        _deposit_rows(
            (zs, ys, xs), amount, field, box, density, moving, block * ny // blocks, (block + 1) * ny // blocks
        )


def deposit(points: Points, amount: Floats, field: Floats, box: Box, density: float, moving: int) -> None:
    """Add ``amount x density`` of each point to the field (z, y, x).

    Threads share out the rows of the field, not the points: each voxel adds up its points in their order, so the sum
    is bitwise the same on any number of threads.

    Parameters
    ----------
    points
        z, y and x of each, um.
    box
        Origin (z, y, x), spacing (z, y, x), and whether each axis is periodic (0 or 1): see `box_of`.
    density
        One over the volume of a voxel, 1/um3.
    moving
        `RESTING` or `MOVING`: linear or quadratic spline.
    """
    threads = get_num_threads()
    if threads == 1 or len(amount) < WORTH_THREADS:
        _deposit_rows(points, amount, field, box, density, moving, 0, field.shape[1])
        return
    origin, spacing, periodic = (np.array(part) for part in box)
    _deposit_blocks(*points, amount, field, origin, spacing, periodic, density, moving, threads)


@parallel_kernel
def sample(points: Points, field: Floats, box: Box, moving: int, found: Floats) -> None:
    """Write the field (z, y, x) at each point to `found`, with the shares of `deposit`."""
    nz, ny, nx = field.shape
    # A prange body takes scalars and arrays, no tuples of tuples
    zs, ys, xs = points
    (oz, oy, ox), (hz, hy, hx), (pz, py, px) = box
    for n in prange(len(found)):
        i0, i1, i2, u0, u1, u2 = _shares(xs[n], ox, hx, nx, px, moving)
        j0, j1, j2, v0, v1, v2 = _shares(ys[n], oy, hy, ny, py, moving)
        k0, k1, k2, w0, w1, w2 = _shares(zs[n], oz, hz, nz, pz, moving)
        total = 0.0
        for k, w in ((k0, w0), (k1, w1), (k2, w2)):
            if w == 0.0:
                continue
            for j, v in ((j0, v0), (j1, v1), (j2, v2)):
                if v != 0.0:
                    total += w * v * (field[k, j, i0] * u0 + field[k, j, i1] * u1 + field[k, j, i2] * u2)
        found[n] = total


@kernel
def _slopes(x: float, origin: float, spacing: float, size: int, moving: int) -> tuple[float, float, float]:
    """Return how the shares of `_shares` change with x, 1/um: the derivative of the spline."""
    if size == 1:
        return 0.0, 0.0, 0.0
    if not moving:
        return -1.0 / spacing, 1.0 / spacing, 0.0
    place = (x - origin) / spacing - 0.5
    off = place - math.floor(place + 0.5)
    return (off - 0.5) / spacing, -2.0 * off / spacing, (off + 0.5) / spacing


@parallel_kernel
def sample_gradient(points: Points, field: Floats, box: Box, moving: int, found: Floats, gradient: Floats) -> None:
    """Write the field (z, y, x) at each point to `found`, as `sample` does, and its gradient along the ground.

    The gradient is the derivative of the spline that `sample` uses (eq-spline): exact where the field is linear. At a
    wall, where the spline takes the same voxel twice, it falls to zero along the normal.

    Parameters
    ----------
    gradient
        (n, 2) along x and y, per um.
    """
    nz, ny, nx = field.shape
    zs, ys, xs = points
    (oz, oy, ox), (hz, hy, hx), (pz, py, px) = box
    for n in prange(len(found)):
        i0, i1, i2, u0, u1, u2 = _shares(xs[n], ox, hx, nx, px, moving)
        j0, j1, j2, v0, v1, v2 = _shares(ys[n], oy, hy, ny, py, moving)
        k0, k1, k2, w0, w1, w2 = _shares(zs[n], oz, hz, nz, pz, moving)
        du0, du1, du2 = _slopes(xs[n], ox, hx, nx, moving)
        dv0, dv1, dv2 = _slopes(ys[n], oy, hy, ny, moving)
        total = gx = gy = 0.0
        for k, w in ((k0, w0), (k1, w1), (k2, w2)):
            if w == 0.0:
                continue
            for j, v, dv in ((j0, v0, dv0), (j1, v1, dv1), (j2, v2, dv2)):
                row = field[k, j, i0] * u0 + field[k, j, i1] * u1 + field[k, j, i2] * u2
                total += w * v * row
                gx += w * v * (field[k, j, i0] * du0 + field[k, j, i1] * du1 + field[k, j, i2] * du2)
                gy += w * dv * row
        found[n], gradient[n, 0], gradient[n, 1] = total, gx, gy


@kernel
def _take_up_rows(
    points: Points, clearance: Floats, field: Floats, box: Box, density: float, moving: int, rate: Floats,
    taken: Floats, first: int, last: int,
) -> None:  # fmt: skip
    """Do `take_up` for the rows y = first to last - 1; whoever has the middle row of a point enters its share."""
    nz, ny, nx = field.shape
    for n in range(len(taken)):
        if clearance[n] == 0.0:
            if first == 0:
                taken[n] = 0.0
            continue
        j0, j1, j2, v0, v1, v2 = _shares(points[1][n], box[0][1], box[1][1], ny, box[2][1], moving)
        if not (first <= j0 < last or first <= j1 < last or first <= j2 < last):
            continue
        i0, i1, i2, u0, u1, u2 = _shares(points[2][n], box[0][2], box[1][2], nx, box[2][2], moving)
        k0, k1, k2, w0, w1, w2 = _shares(points[0][n], box[0][0], box[1][0], nz, box[2][0], moving)
        total = 0.0
        for k, w in ((k0, w0), (k1, w1), (k2, w2)):
            if w == 0.0:
                continue
            for j, v in ((j0, v0), (j1, v1), (j2, v2)):
                mine = first <= j < last
                for i, u in ((i0, u0), (i1, u1), (i2, u2)):
                    lost = clearance[n] * w * v * u * field[k, j, i]
                    if mine:
                        rate[k, j, i] -= lost * density
                    total += lost
        if first <= j1 < last:
            taken[n] = total


@parallel_kernel
def _take_up_blocks(
    zs: Floats, ys: Floats, xs: Floats, clearance: Floats, field: Floats, origin: Floats, spacing: Floats, periodic:
    Array, density: float, moving: int, rate: Floats, taken: Floats, blocks: int,
) -> None:  # fmt: skip
    """Every block of rows looks at all points and takes what is due from its own rows."""
    ny = field.shape[1]
    for block in prange(blocks):
        box = (
            (origin[0], origin[1], origin[2]), (spacing[0], spacing[1], spacing[2]),
            (periodic[0], periodic[1], periodic[2]),
        )  # fmt: skip
        _take_up_rows(
            (zs, ys, xs), clearance, field, box, density, moving, rate, taken, block * ny // blocks,
            (block + 1) * ny // blocks,
        )  # fmt: skip


def take_up(
    points: Points, clearance: Floats, field: Floats, box: Box, density: float, moving: int, rate: Floats,
    taken: Floats,
) -> None:  # fmt: skip
    """Subtract from `rate` (z, y, x) what each point clears, and write its own share to `taken` (eq-uptake).

    Each of the voxels around a point loses in proportion to its own concentration, so none is emptied below zero by
    its neighbours' wealth. Threads share out the rows of the field, as in `deposit`.

    Parameters
    ----------
    clearance
        (n,) um3/s: volume of medium that each point frees of the substance.
    field
        Concentration, molecules/um3.
    rate
        Molecules/(um3 s), lowered in place.
    taken
        (n,) molecules/s.
    """
    threads = get_num_threads()
    if threads == 1 or len(taken) < WORTH_THREADS:
        _take_up_rows(points, clearance, field, box, density, moving, rate, taken, 0, field.shape[1])
        return
    origin, spacing, periodic = (np.array(part) for part in box)
    _take_up_blocks(*points, clearance, field, origin, spacing, periodic, density, moving, rate, taken, threads)


def box_of(grid: Grid) -> Any:
    """Return a grid as the kernels take it: origin, spacing and periodicity along (z, y, x)."""
    lead = 3 - len(grid.shape)
    origin = (0.0,) * lead + tuple(map(float, grid.origin))
    spacing = (1.0,) * lead + tuple(map(float, grid.spacing))
    return origin, spacing, (0,) * lead + tuple(int(ends == PERIODIC) for ends in grid.walls)


def as_box(field: Array) -> Array:
    """Return a layer (y, x) as a box (1, y, x), without a copy; a box stays as it is."""
    return field[None] if field.ndim == 2 else field


def _share_arrays(x: Floats, axis: int, grid: Grid, moving: int) -> list[tuple[Array, Floats]]:
    place, n = (x - grid.origin[axis]) / grid.spacing[axis] - 0.5, grid.shape[axis]
    if moving:
        middle = np.rint(place)
        off = place - middle
        shares = [0.5 * (0.5 - off) ** 2, 0.75 - off**2, 0.5 * (0.5 + off) ** 2]
        first = middle.astype(np.int64) - 1
    else:
        first = np.floor(place).astype(np.int64)
        shares = [1.0 - (place - first), place - first]
    voxels = [first + k for k in range(len(shares))]
    voxels = [v % n for v in voxels] if grid.walls[axis] == PERIODIC else [np.clip(v, 0, n - 1) for v in voxels]
    return list(zip(voxels, shares, strict=True))


def _cloud(points: tuple[Floats, ...], grid: Grid, moving: int) -> list[tuple[tuple[Array, ...], Floats]]:
    """Return (voxels, shares) around the points, which are given along the axes of the grid."""
    found: list[tuple[tuple[Array, ...], Floats]] = [((), np.ones(len(points[0])))]
    for axis, x in enumerate(points):
        along = _share_arrays(x, axis, grid, moving)
        found = [((*index, voxel), share * more) for index, share in found for voxel, more in along]
    return found


def deposit_array(points: tuple[Floats, ...], amount: Floats, field: Floats, grid: Grid, moving: int) -> None:
    """Vectorised numpy twin of `deposit`; `points` along the axes of the grid."""
    for index, share in _cloud(points, grid, moving):
        np.add.at(field, index, amount * share / grid.voxel_volume)


def sample_array(points: tuple[Floats, ...], field: Floats, grid: Grid, moving: int) -> Floats:
    """Vectorised numpy twin of `sample`."""
    found: Floats = np.sum([field[index] * share for index, share in _cloud(points, grid, moving)], axis=0)
    return found


def _slope_arrays(x: Floats, axis: int, grid: Grid, moving: int) -> list[Floats]:
    h = grid.spacing[axis]
    if not moving:
        return [np.full(len(x), -1.0 / h), np.full(len(x), 1.0 / h)]
    place = (x - grid.origin[axis]) / h - 0.5
    off = place - np.floor(place + 0.5)
    return [(off - 0.5) / h, -2.0 * off / h, (off + 0.5) / h]


def sample_gradient_array(points: tuple[Floats, ...], field: Floats, grid: Grid, moving: int) -> tuple[Floats, Floats]:
    """Vectorised numpy twin of `sample_gradient`; returns values and gradients along x and y."""
    gradient = np.zeros((len(points[0]), 2))
    axes = len(points)
    shares = [_share_arrays(x, axis, grid, moving) for axis, x in enumerate(points)]
    slopes = [_slope_arrays(x, axis, grid, moving) for axis, x in enumerate(points)]
    for which in np.ndindex(*(len(along) for along in shares)):
        value = field[tuple(shares[axis][n][0] for axis, n in enumerate(which))]
        for column, along in ((0, axes - 1), (1, axes - 2)):
            parts = [slopes[axis][n] if axis == along else shares[axis][n][1] for axis, n in enumerate(which)]
            gradient[:, column] += value * np.prod(parts, axis=0)
    return sample_array(points, field, grid, moving), gradient


def take_up_array(
    points: tuple[Floats, ...], clearance: Floats, field: Floats, rate: Floats, grid: Grid, moving: int
) -> Floats:
    """Vectorised numpy twin of `take_up`; returns what each point takes, molecules/s."""
    taken = np.zeros(len(clearance))
    for index, share in _cloud(points, grid, moving):
        lost = clearance * share * field[index]
        np.subtract.at(rate, index, lost / grid.voxel_volume)
        taken += lost
    return taken
