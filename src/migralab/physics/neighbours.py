"""Hashed cell list by counting sort, and soft repulsion between discs. Kernel and numpy twin."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel

Array = NDArray[Any]
Floats = NDArray[np.float64]


_ROW = np.uint64(0x9E3779B97F4A7C15)
_GROUP = np.uint64(0xC2B2AE3D27D4EB4F)
_HIGH = np.uint64(24)
_BIN = 3.0  # side of a bin over the diameter: small bins are many look-ups, large ones many candidates
_REACH = 1.0001  # of a diameter; a neighbour at the very edge is not lost to rounding


@kernel
def slot_of(column: int, row: int, group: int, mask: int) -> Any:
    """Return the place of a bin in the table: bins side by side in a row are side by side there too."""
    mixed = ((np.uint64(row) * _ROW) ^ (np.uint64(group) * _GROUP)) * _ROW
    return (np.int64(mixed >> _HIGH) + column) & mask


@parallel_kernel
def _locate(position: Floats, group: Array, alive: Array, size: float, mask: int, slot: Array) -> None:
    for i in prange(len(position)):
        slot[i] = -1
        if alive[i]:
            column, row = math.floor(position[i, 0] / size), math.floor(position[i, 1] / size)
            slot[i] = slot_of(column, row, group[i], mask)


@kernel
def _sort(
    position: Floats, group: Array, slot: Array, size: float, start: Array, order: Array, place: Floats, row: Array,
    dish: Array,
) -> int:  # fmt: skip
    """Sort the living by slot (a counting sort, stable); return how many they are. `start` comes in as zeros."""
    for i in range(len(slot)):
        if slot[i] >= 0:
            start[slot[i] + 2] += 1
    for b in range(2, len(start)):
        start[b] += start[b - 1]
    for i in range(len(slot)):
        if slot[i] < 0:
            continue
        k = start[slot[i] + 1]  # ends up as the start of the next slot
        start[slot[i] + 1] = k + 1
        order[k], dish[k] = i, group[i]
        place[k, 0], place[k, 1] = position[i, 0], position[i, 1]
        row[k] = math.floor(position[i, 1] / size)
    return int(start[len(start) - 1])


@parallel_kernel
def repel(
    count: int, place: Floats, row: Array, dish: Array, order: Array, start: Array, size: float, mask: int,
    diameter: float, rate: float, velocity: Floats,
) -> None:  # fmt: skip
    """Add to `velocity` of each disc the push of its overlapping neighbours (eq-repulsion).

    Each pair parts at ``rate x overlap`` (1/s x um). A disc sums its own neighbours by bin and index, so the
    result depends neither on the number of threads nor on what else is in the table.
    """
    for k in prange(count):
        x, y = place[k, 0], place[k, 1]
        left = math.floor((x - _REACH * diameter) / size)
        right = math.floor((x + _REACH * diameter) / size)
        vx = vy = 0.0
        for r in range(math.floor((y - _REACH * diameter) / size), math.floor((y + _REACH * diameter) / size) + 1):
            for column in range(left, right + 1):
                slot = slot_of(column, r, dish[k], mask)
                for m in range(start[slot], start[slot + 1]):
                    # Other bins share the slot now and then: those of other rows and dishes are told by name,
                    # those of the same row are far away
                    if m == k or row[m] != r or dish[m] != dish[k]:
                        continue
                    dx, dy = x - place[m, 0], y - place[m, 1]
                    square = dx * dx + dy * dy
                    if square >= diameter * diameter or square == 0.0:
                        continue
                    distance = math.sqrt(square)
                    push = 0.5 * rate * (diameter - distance) / distance
                    vx += push * dx
                    vy += push * dy
        velocity[order[k], 0] += vx
        velocity[order[k], 1] += vy


class Bins(NamedTuple):
    """Points sorted into square bins, hashed on one absolute grid; passed to kernels part by part.

    Parameters
    ----------
    filled
        Points that are alive.
    place, row, group, order
        By place in the sorted order: position (um), row of bins, group, and row in the table.
    start
        Where each slot of the hash table begins in that order.
    size, mask
        Side of a bin, um; slots less one.
    """

    filled: int
    place: Floats
    row: Array
    group: Array
    order: Array
    start: Array
    size: float
    mask: int


def sort_into_bins(position: Floats, group: Array, alive: Array, size: float) -> Bins:
    """Return the living points sorted into bins of this size, um."""
    n = len(position)
    slots = 1 << max(4, (2 * n - 1).bit_length())
    slot, order, row, dish = (np.empty(n, np.int64) for _ in range(4))
    start, place = np.zeros(slots + 2, np.int32), np.empty((n, 2))
    _locate(position, group, alive, size, slots - 1, slot)
    count = _sort(position, group, slot, size, start, order, place, row, dish)
    return Bins(count, place, row, dish, order, start, size, slots - 1)


def push_apart(position: Floats, group: Array, alive: Array, velocity: Floats, diameter: float, rate: float) -> None:
    """Add the repulsion of overlapping discs of the same group to `velocity`, (n, 2) um/s.

    Bins lie on one absolute grid and are found by hashing: the dish has no edge, and a few cells that ran far
    apart allocate no continent.

    Parameters
    ----------
    position
        (n, 2) um.
    group
        (n,) discs of different groups (dishes) do not feel each other.
    """
    if len(position) < 2:
        return
    bins = sort_into_bins(position, group, alive, _BIN * diameter)
    repel(
        bins.filled, bins.place, bins.row, bins.group, bins.order, bins.start, bins.size, bins.mask, diameter, rate,
        velocity,
    )  # fmt: skip


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
