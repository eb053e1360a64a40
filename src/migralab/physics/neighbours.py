"""Cell list by counting sort, and soft repulsion between discs. Kernel and numpy twin."""

from __future__ import annotations

import math

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel

Floats = NDArray[np.float64]


@kernel
def bin_positions(position, origin, bin_size, columns, rows):  # type: ignore[no-untyped-def]
    """Sort points into square bins; return (start of each bin, point indices in bin order, bin of each point)."""
    n = len(position)
    where = np.empty(n, np.int64)
    start = np.zeros(columns * rows + 1, np.int64)
    for i in range(n):
        column = min(max(int((position[i, 0] - origin[0]) / bin_size), 0), columns - 1)
        row = min(max(int((position[i, 1] - origin[1]) / bin_size), 0), rows - 1)
        where[i] = row * columns + column
        start[where[i] + 1] += 1
    for b in range(columns * rows):
        start[b + 1] += start[b]
    order = np.empty(n, np.int64)
    filled = start[:-1].copy()
    for i in range(n):
        order[filled[where[i]]] = i
        filled[where[i]] += 1
    return start, order, where


@parallel_kernel
def repel(position, alive, velocity, start, order, where, columns, rows, diameter, rate):
    """Add to `velocity` of each disc the push of its overlapping neighbours (eq-repulsion).

    Each pair parts at ``rate x overlap`` (1/s x um). A cell sums its own neighbours in list order, so the
    result does not depend on the number of threads.
    """
    for i in prange(len(position)):
        if not alive[i]:
            continue
        column, row = where[i] % columns, where[i] // columns
        vx = vy = 0.0
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            first = start[r * columns + max(column - 1, 0)]
            last = start[r * columns + min(column + 1, columns - 1) + 1]
            for k in range(first, last):
                j = order[k]
                if j == i or not alive[j]:
                    continue
                dx, dy = position[i, 0] - position[j, 0], position[i, 1] - position[j, 1]
                square = dx * dx + dy * dy
                if square >= diameter * diameter or square == 0.0:
                    continue
                distance = math.sqrt(square)
                push = 0.5 * rate * (diameter - distance) / distance
                vx += push * dx
                vy += push * dy
        velocity[i, 0] += vx
        velocity[i, 1] += vy


def push_apart(position: Floats, alive: NDArray[np.bool_], velocity: Floats, diameter: float, rate: float) -> None:
    """Add the repulsion of overlapping discs to `velocity`, (n, 2) um/s."""
    if len(position) < 2:
        return
    low, high = position.min(axis=0), position.max(axis=0)
    # Never more bins than points: a few cells that ran far apart must not allocate a continent
    bin_size = max(diameter, float(np.sqrt(max(np.prod(high - low), 1e-12) / len(position))))
    columns, rows = (int(v) for v in np.ceil((high - low) / bin_size).astype(int) + 1)
    start, order, where = bin_positions(position, low, bin_size, columns, rows)
    repel(position, alive, velocity, start, order, where, columns, rows, diameter, rate)


def push_apart_array(
    position: Floats, alive: NDArray[np.bool_], velocity: Floats, diameter: float, rate: float
) -> None:
    """Vectorised numpy twin of `push_apart`, with a k-d tree for the pairs."""
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(alive)
    pairs = cKDTree(position[rows]).query_pairs(diameter, output_type="ndarray")
    i, j = rows[pairs[:, 0]], rows[pairs[:, 1]]
    apart = position[i] - position[j]
    distance = np.linalg.norm(apart, axis=1)
    touching = (distance > 0) & (distance < diameter)
    i, j, apart, distance = i[touching], j[touching], apart[touching], distance[touching]
    push = (0.5 * rate * (diameter - distance) / distance)[:, None] * apart
    np.add.at(velocity, i, push)
    np.add.at(velocity, j, -push)
