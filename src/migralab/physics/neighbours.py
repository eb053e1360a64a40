"""Cell list by counting sort, and soft repulsion between discs. Kernel and numpy twin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel

Array = NDArray[Any]
Floats = NDArray[np.float64]


@kernel
def bin_positions(
    position: Floats, group: Array, origin: Floats, bin_size: float, columns: int, rows: int, groups: int
) -> tuple[Array, Array, Array]:
    """Sort points into square bins; return (start of each bin, point indices in bin order, bin of each point).

    Each group has `columns` columns of its own, side by side.
    """
    n = len(position)
    where = np.empty(n, np.int64)
    start = np.zeros(columns * groups * rows + 1, np.int64)
    for i in range(n):
        column = min(max(int((position[i, 0] - origin[0]) / bin_size), 0), columns - 1) + group[i] * columns
        row = min(max(int((position[i, 1] - origin[1]) / bin_size), 0), rows - 1)
        where[i] = row * columns * groups + column
        start[where[i] + 1] += 1
    for b in range(columns * groups * rows):
        start[b + 1] += start[b]
    order = np.empty(n, np.int64)
    filled = start[:-1].copy()
    for i in range(n):
        order[filled[where[i]]] = i
        filled[where[i]] += 1
    return start, order, where


@parallel_kernel
def repel(
    position: Array,
    alive: Array,
    velocity: Array,
    start: Array,
    order: Array,
    where: Array,
    columns: int,
    rows: int,
    diameter: float,
    rate: float,
) -> None:
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


def push_apart(position: Floats, group: Array, alive: Array, velocity: Floats, diameter: float, rate: float) -> None:
    """Add the repulsion of overlapping discs of the same group to `velocity`, (n, 2) um/s.

    Parameters
    ----------
    position
        (n, 2) um.
    group
        (n,) discs of different groups (dishes) do not feel each other.
    """
    if len(position) < 2:
        return
    # Bins lie on one absolute grid, so a dish meets its neighbours in the same order alone and beside others.
    # Never many more bins than points: a few cells that ran far apart must not allocate a continent
    low, high = position.min(axis=0), position.max(axis=0)
    groups = int(group.max()) + 1
    bin_size = diameter
    while np.prod((high - low) / bin_size + 2) * groups > 1000 + 8 * len(position):
        bin_size *= 2
    low = np.floor(low / bin_size) * bin_size
    # One empty column on the right keeps the last column of a group apart from the first of the next
    columns, rows = (int(v) for v in (high - low) // bin_size + 2)
    start, order, where = bin_positions(position, group, low, bin_size, columns, rows, groups)
    repel(position, alive, velocity, start, order, where, columns * groups, rows, diameter, rate)


def push_apart_array(
    position: Floats, group: Array, alive: Array, velocity: Floats, diameter: float, rate: float
) -> None:
    """Vectorised numpy twin of `push_apart`, with a k-d tree for the pairs."""
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(alive)
    pairs = cKDTree(position[rows]).query_pairs(diameter, output_type="ndarray")
    i, j = rows[pairs[:, 0]], rows[pairs[:, 1]]
    apart = position[i] - position[j]
    distance = np.linalg.norm(apart, axis=1)
    touching = (distance > 0) & (distance < diameter) & (group[i] == group[j])
    i, j, apart, distance = i[touching], j[touching], apart[touching], distance[touching]
    push = (0.5 * rate * (diameter - distance) / distance)[:, None] * apart
    np.add.at(velocity, i, push)
    np.add.at(velocity, j, -push)
