"""Repulsion between discs that move little from call to call, with a list of who may touch whom.

The plain way, and the numpy twin, stand in `migralab.physics.neighbours`: bit by bit the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.physics.neighbours import BIN, REACH, push_apart, runs_of, sort_into_bins

Array = NDArray[Any]
Floats = NDArray[np.float64]

_SKIN = 0.2  # of a diameter: how far beyond touch a list of neighbours reaches
_WORTH, _REST = 4, 50  # calls that a list must hold to be worth it; calls without one after one that did not


@parallel_kernel
def _farthest(
    now: tuple[Floats, Array, Array, Floats], before: tuple[Floats, Array, Array, Floats], far: Floats
) -> None:
    """Write to each chunk the largest square of a displacement; inf if group, life or radius of any has changed."""
    n, chunks = len(now[0]), len(far)
    for c in prange(chunks):
        far[c] = _farthest_of(c * n // chunks, (c + 1) * n // chunks, *now, *before)


@kernel
def _farthest_of(
    low: int, high: int, position: Floats, group: Array, alive: Array, radius: Floats, was: Floats, its_group: Array,
    lived: Array, had: Floats,
) -> float:  # fmt: skip
    far = 0.0
    for i in range(low, high):
        if alive[i] != lived[i] or radius[i] != had[i] or group[i] != its_group[i]:
            return math.inf
        dx, dy = position[i, 0] - was[i, 0], position[i, 1] - was[i, 1]
        if alive[i]:
            far = max(far, dx * dx + dy * dy)
    return far


@kernel
def _near(
    k: int, bins: tuple[Floats, Array, Array, Array, Array], size: float, mask: int, radius: Floats, widest: float,
    skin: float, other: Array, at: int,
) -> int:  # fmt: skip
    """Return how many discs may come to touch a disc, and write them to `other` from `at` on unless that is -1."""
    place, row, dish, order, start = bins
    x, y, own = place[k, 0], place[k, 1], radius[order[k]] + skin
    reach = REACH * (own + widest)
    left, right, found = math.floor((x - reach) / size), math.floor((x + reach) / size), 0
    for r in range(math.floor((y - reach) / size), math.floor((y + reach) / size) + 1):
        first, last, more = runs_of(left, right, r, dish[k], mask)
        while last >= first:
            for m in range(start[first], start[last + 1]):
                dx, dy = x - place[m, 0], y - place[m, 1]
                apart = own + radius[order[m]]
                if dx * dx + dy * dy < apart * apart and m != k and row[m] == r and dish[m] == dish[k]:
                    if at >= 0:
                        other[at + found] = order[m]
                    found += 1
            first, last, more = 0, more, -1
    return found


@parallel_kernel
def _list_near(
    count: int, bins: tuple[Floats, Array, Array, Array, Array], size: float, mask: int, radius: Floats,
    widest: float, skin: float, other: Array, begin: Array,
) -> None:  # fmt: skip
    """Write how many each has to `begin` (n + 1,), shifted by one; or, where `other` has room, who they are."""
    order, fill = bins[3], len(other) > 0
    for k in prange(count):
        at = begin[order[k]] if fill else -1
        found = _near(k, bins, size, mask, radius, widest, skin, other, at)
        if not fill:
            begin[order[k] + 1] = found


@kernel
def _push_listed(
    i: int, begin: Array, other: Array, position: Floats, radius: Floats, size: float, rate: float
) -> tuple[float, float, int]:  # fmt: skip
    """Return what `_push` returns, bit by bit: more than two pushes are summed in the order of bins."""
    x, y = position[i, 0], position[i, 1]
    vx = vy = 0.0
    met = 0
    for m in range(begin[i], begin[i + 1]):
        dx, dy, apart = x - position[other[m], 0], y - position[other[m], 1], radius[i] + radius[other[m]]
        square = dx * dx + dy * dy
        if square < apart * apart:
            if met < m - begin[i]:  # those that touch come first
                other[m], other[begin[i] + met] = other[begin[i] + met], other[m]
            met += 1
    first = begin[i]
    for m in range(first + 1, first + met if met > 2 else first):  # an insertion sort of a few
        j = other[m]
        row, column = math.floor(position[j, 1] / size), math.floor(position[j, 0] / size)
        at = m
        while at > first:
            h = other[at - 1]
            its_row, its_column = math.floor(position[h, 1] / size), math.floor(position[h, 0] / size)
            if (its_row, its_column, h) < (row, column, j):
                break
            other[at] = h
            at -= 1
        other[at] = j
    for m in range(first, first + met):
        j = other[m]
        dx, dy, apart = x - position[j, 0], y - position[j, 1], radius[i] + radius[j]
        square = dx * dx + dy * dy
        if square == 0.0:  # nobody knows which way
            continue
        distance = math.sqrt(square)
        push = 0.5 * rate * (apart - distance) / distance
        vx += push * dx
        vy += push * dy
    return vx, vy, met


@parallel_kernel
def _repel_listed(
    begin: Array, other: Array, position: Floats, radius: Floats, size: float, rate: float, velocity: Floats,
    touching: Array,
) -> None:  # fmt: skip
    """`repel` with a list of who may touch whom."""
    for i in prange(len(radius)):
        if begin[i + 1] > begin[i]:
            vx, vy, met = _push_listed(i, begin, other, position, radius, size, rate)
            velocity[i, 0] += vx
            velocity[i, 1] += vy
            touching[i] = met


class Crowd:
    """`push_apart`, call after call: keeps a list of who may touch whom until somebody has moved too far for it.

    The list is scratch: every push is bit by bit that of `push_apart`, whenever the list was made. Where cells move
    so fast that it holds for a few calls only, none is made.
    """

    def __init__(self) -> None:
        self._before: tuple[Floats, Array, Array, Floats] | None = None
        self._begin, self._other = np.zeros(1, np.int64), np.empty(0, np.int32)
        self._size = self._skin = 0.0
        self._uses, self._rest = _WORTH, 0

    def push_apart(
        self, position: Floats, group: Array, alive: Array, velocity: Floats, radius: Floats, rate: float
    ) -> NDArray[np.int32]:
        """Do as `push_apart` does."""
        now = position, group, alive, radius
        if not self._holds(now):
            if self._rest > 0 or len(position) < 2 or not alive.any():
                self._rest -= 1
                return push_apart(position, group, alive, velocity, radius, rate)
            if self._uses < _WORTH:
                self._rest = _REST
            self._list(now)
        self._uses += 1
        touching = np.zeros(len(position), np.int32)
        _repel_listed(self._begin, self._other, position, radius, self._size, rate, velocity, touching)
        return touching

    def _holds(self, now: tuple[Floats, Array, Array, Floats]) -> bool:
        if self._before is None or len(self._before[0]) != len(now[0]):
            return False
        far = np.empty(1 + len(now[0]) // 4096)
        _farthest(now, self._before, far)
        return bool(np.sqrt(far.max()) < 0.5 * self._skin)

    def _list(self, now: tuple[Floats, Array, Array, Floats]) -> None:
        position, group, alive, radius = now
        widest = float(radius.max(initial=0.0, where=alive))
        self._before = position.copy(), group.copy(), alive.copy(), radius.copy()
        self._size, self._skin, self._uses = BIN * (widest + widest), _SKIN * (widest + widest), 0
        bins = sort_into_bins(position, group, alive, self._size)
        parts = bins.place, bins.row, bins.group, bins.order, bins.start
        law = bins.size, bins.mask, radius, widest, self._skin
        self._begin = np.zeros(len(position) + 1, np.int64)
        _list_near(bins.filled, parts, *law, np.empty(0, np.int32), self._begin)
        np.cumsum(self._begin, out=self._begin)
        self._other = np.empty(self._begin[-1], np.int32)
        if len(self._other):
            _list_near(bins.filled, parts, *law, self._other, self._begin)
