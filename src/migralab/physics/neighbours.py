"""Hashed cell list by counting sort, and soft repulsion between discs. Kernels and numpy twin."""

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
BIN = 3.0  # side of a bin over the diameter: small bins are many look-ups, large ones many candidates
REACH = 1.0001  # of the sum of two radii; a neighbour at the very edge is not lost to rounding
_PART = 12  # bits of the slots that one part of the sort holds: 16 kB of them stay in the first cache


@kernel
def slot_of(column: int, row: int, group: int, mask: int) -> Any:
    """Return the place of a bin in the table: bins side by side in a row are side by side there too."""
    mixed = ((np.uint64(row) * _ROW) ^ (np.uint64(group) * _GROUP)) * _ROW
    return (np.int64(mixed >> _HIGH) + column) & mask


@parallel_kernel
def _split(
    position: Floats, group: Array, alive: Array, size: float, mask: int, shift: int, held: Array, edge: Array,
    slot: Array, half: Array,
) -> None:  # fmt: skip
    """Sort the living by the high bits of their slot, which is the first of the two passes of a counting sort.

    It is done in chunks that have a histogram each. Their number, as that of the parts, follows from the number of
    points alone: the sort is stable and comes out the same on any number of threads.

    Parameters
    ----------
    shift
        Bits of a slot that are not looked at.
    held, edge
        (chunks, parts) and (parts + 1,), zeros: room for the histograms, and where each part begins.
    slot, half
        (n,) and (2, n): room for the slot of each point, and for row and slot as this pass leaves them.
    """
    n, chunks, parts = len(slot), held.shape[0], held.shape[1]
    for c in prange(chunks):
        for i in range(c * n // chunks, (c + 1) * n // chunks):
            slot[i] = -1
            if alive[i]:
                column, line = math.floor(position[i, 0] / size), math.floor(position[i, 1] / size)
                slot[i] = slot_of(column, line, group[i], mask)
                held[c, slot[i] >> shift] += 1
    total = 0
    for part in range(parts):
        edge[part] = total
        for c in range(chunks):
            count = held[c, part]
            held[c, part] = total
            total += count
    edge[parts] = total
    for c in prange(chunks):
        for i in range(c * n // chunks, (c + 1) * n // chunks):
            if slot[i] >= 0:
                k = held[c, slot[i] >> shift]
                held[c, slot[i] >> shift] = k + 1
                half[0, k], half[1, k] = i, slot[i]


@kernel
def _sort_part(
    part: int, position: Floats, group: Array, size: float, shift: int, edge: Array, half: Array, start: Array,
    order: Array, place: Floats, row: Array, dish: Array,
) -> None:  # fmt: skip
    first, last, begin = part << shift, (part + 1) << shift, edge[part]
    for k in range(edge[part], edge[part + 1]):
        start[half[1, k]] += 1
    for s in range(first, last):
        count = start[s]
        start[s] = begin
        begin += count
    for m in range(edge[part], edge[part + 1]):
        i, s = half[0, m], half[1, m]
        k = start[s]
        start[s] = k + 1
        order[k], dish[k] = i, group[i]
        place[k, 0], place[k, 1] = position[i, 0], position[i, 1]
        row[k] = math.floor(position[i, 1] / size)
    for s in range(last - 1, first, -1):  # each slot holds where it ends, which is where the next one begins
        start[s] = start[s - 1]
    start[first] = edge[part]


@parallel_kernel
def _sort(
    position: Floats, group: Array, size: float, shift: int, edge: Array, half: Array, start: Array, order: Array,
    place: Floats, row: Array, dish: Array,
) -> None:  # fmt: skip
    """Sort each part by slot, the second pass; `start`, (slots + 1,) zeros, becomes where each slot begins."""
    for part in prange(len(edge) - 1):
        _sort_part(part, position, group, size, shift, edge, half, start, order, place, row, dish)
    start[len(start) - 1] = edge[len(edge) - 1]


@kernel
def runs_of(left: int, right: int, row: int, group: int, mask: int) -> tuple[int, int, int]:
    """Return the slots of bins side by side, first and last, and how far they go on from slot 0 (-1: they do not)."""
    first = slot_of(left, row, group, mask)
    last = first + right - left
    return (first, last, -1) if last <= mask else (first, mask, last - mask - 1)


@kernel
def _push(
    k: int, place: Floats, row: Array, dish: Array, order: Array, start: Array, size: float, mask: int,
    radius: Floats, widest: float, rate: float,
) -> tuple[float, float, int]:  # fmt: skip
    """Return the push on a disc, um/s along x and y, and the number of others that it touches."""
    x, y, own = place[k, 0], place[k, 1], radius[order[k]]
    reach = own + widest
    left, right = math.floor((x - REACH * reach) / size), math.floor((x + REACH * reach) / size)
    vx = vy = 0.0
    met = 0
    for r in range(math.floor((y - REACH * reach) / size), math.floor((y + REACH * reach) / size) + 1):
        first, last, more = runs_of(left, right, r, dish[k], mask)
        while last >= first:
            for m in range(start[first], start[last + 1]):
                dx, dy = x - place[m, 0], y - place[m, 1]
                square = dx * dx + dy * dy
                # Other bins share the slot now and then: those of other rows and dishes are told by name,
                # those of the same row are far away
                if square >= reach * reach or m == k or row[m] != r or dish[m] != dish[k]:
                    continue
                apart = own + radius[order[m]]
                if square >= apart * apart:
                    continue
                met += 1
                if square == 0.0:  # nobody knows which way
                    continue
                distance = math.sqrt(square)
                push = 0.5 * rate * (apart - distance) / distance
                vx += push * dx
                vy += push * dy
            first, last, more = 0, more, -1
    return vx, vy, met


@parallel_kernel
def repel(
    count: int, place: Floats, row: Array, dish: Array, order: Array, start: Array, size: float, mask: int,
    radius: Floats, widest: float, rate: float, velocity: Floats, touching: Array,
) -> None:  # fmt: skip
    """Add to `velocity` of each disc the push of its overlapping neighbours (eq-repulsion), and count these.

    Each pair parts at ``rate x overlap`` (1/s x um). A disc sums its own neighbours by bin and index, so the
    result depends neither on the number of threads nor on what else is in the table.
    """
    for k in prange(count):
        vx, vy, met = _push(k, place, row, dish, order, start, size, mask, radius, widest, rate)
        velocity[order[k], 0] += vx
        velocity[order[k], 1] += vy
        touching[order[k]] = met


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
    bits = max(4, (2 * n - 1).bit_length())
    shift = max(bits - 10, min(bits, _PART))
    slots, parts, chunks = 1 << bits, 1 << (bits - shift), min(32, max(1, n // 4096))
    start, place, half = np.zeros(slots + 1, np.int32), np.empty((n, 2)), np.empty((2, n), np.int32)
    slot, order, row, dish = (np.empty(n, np.int32) for _ in range(4))
    held, edge = np.zeros((chunks, parts), np.int64), np.zeros(parts + 1, np.int64)
    _split(position, group, alive, size, slots - 1, shift, held, edge, slot, half)
    _sort(position, group, size, shift, edge, half, start, order, place, row, dish)
    return Bins(int(edge[-1]), place, row, dish, order, start, size, slots - 1)


def push_apart(
    position: Floats, group: Array, alive: Array, velocity: Floats, radius: Floats, rate: float
) -> NDArray[np.int32]:
    """Add the repulsion of overlapping discs of the same group to `velocity`, (n, 2) um/s.

    Bins lie on one absolute grid and are found by hashing: the dish has no edge, and a few cells that ran far
    apart allocate no continent.

    Parameters
    ----------
    position
        (n, 2) um.
    group
        (n,) discs of different groups (dishes) do not feel each other.
    alive
        (n,) the dead neither push nor are pushed.
    radius
        (n,) um; two push each other when they are closer than the sum of theirs.
    rate
        Speed of parting over overlap, 1/s.

    Returns
    -------
    (n,) how many others each one touches.
    """
    touching = np.zeros(len(position), np.int32)
    widest = float(radius.max(initial=0.0, where=alive))
    if len(position) < 2 or widest == 0.0:
        return touching
    bins = sort_into_bins(position, group, alive, BIN * (widest + widest))
    repel(
        bins.filled, bins.place, bins.row, bins.group, bins.order, bins.start, bins.size, bins.mask, radius, widest,
        rate, velocity, touching,
    )  # fmt: skip
    return touching


def push_apart_array(
    position: Floats, group: Array, alive: Array, velocity: Floats, radius: Floats, rate: float
) -> NDArray[np.int32]:
    """Vectorised numpy twin of `push_apart`, with a k-d tree for the pairs."""
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(alive)
    pairs = cKDTree(position[rows]).query_pairs(2.0 * radius[rows].max(initial=0.0), output_type="ndarray")
    i, j = rows[pairs[:, 0]], rows[pairs[:, 1]]
    apart, reach = position[i] - position[j], radius[i] + radius[j]
    distance = np.linalg.norm(apart, axis=1)
    touching = (distance < reach) & (group[i] == group[j])
    count = np.bincount(np.concatenate([i[touching], j[touching]]), minlength=len(position)).astype(np.int32)
    touching &= distance > 0
    i, j, apart, distance, reach = i[touching], j[touching], apart[touching], distance[touching], reach[touching]
    push = (0.5 * rate * (reach - distance) / distance)[:, None] * apart
    np.add.at(velocity, i, push)
    np.add.at(velocity, j, -push)
    return count
