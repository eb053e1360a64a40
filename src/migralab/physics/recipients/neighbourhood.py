"""Which cells touch each other, who of two suitors wins, and who becomes a tip. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import parallel_kernel
from migralab.physics.neighbours import slot_of, sort_into_bins

Array = NDArray[Any]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_APART = 1e7  # um between dishes on the third axis of the tree: they share nothing


@parallel_kernel
def count_neighbours(
    cell: Floats, dish: Array, sees: Array, reach: float, place: Floats, row: Array, group: Array, order: Array,
    start: Array, size: float, mask: int, found: Array,
) -> None:  # fmt: skip
    """Write to each cell that `sees` how many others of its dish are closer than `reach`.

    Parameters
    ----------
    cell, dish, sees
        (n, 2) um; (n,); (n,) whether it is alive.
    place, row, group, order, start, size, mask
        Of those that count: `migralab.physics.neighbours.Bins`.
    found
        (n,) filled.
    """
    for n in prange(len(cell)):
        found[n] = 0
        if not sees[n]:
            continue
        x, y = cell[n, 0], cell[n, 1]
        for r in range(math.floor((y - reach) / size), math.floor((y + reach) / size) + 1):
            for column in range(math.floor((x - reach) / size), math.floor((x + reach) / size) + 1):
                slot = slot_of(column, r, dish[n], mask)
                for m in range(start[slot], start[slot + 1]):
                    # Another bin may share the slot: it is told by its row, its column and its dish
                    if row[m] != r or group[m] != dish[n] or math.floor(place[m, 0] / size) != column:
                        continue
                    dx, dy = place[m, 0] - x, place[m, 1] - y
                    if order[m] != n and dx * dx + dy * dy < reach * reach:
                        found[n] += 1


def count_near(position: Floats, dish: Array, sees: Array, counted: Array, reach: float) -> Ints:
    """Return for each cell how many of `counted` are closer than `reach` in its dish, itself aside; 0 in the blind."""
    found = np.zeros(len(position), np.int64)
    if len(position):
        bins = sort_into_bins(position, dish, counted, reach)
        count_neighbours(
            position, dish, sees, reach, bins.place, bins.row, bins.group, bins.order, bins.start, bins.size, bins.mask,
            found,
        )  # fmt: skip
    return found


def count_near_array(position: Floats, dish: Array, sees: Array, counted: Array, reach: float) -> Ints:
    """Vectorised numpy twin of `count_near`: all pairs."""
    near = ((position[:, None] - position[None]) ** 2).sum(axis=2) < reach**2
    near &= (dish[:, None] == dish) & counted & ~np.eye(len(position), dtype=bool)
    return np.where(sees, near.sum(axis=1), 0)


def pairs_within(position: Floats, dish: Array, rows: Ints, reach: float) -> Ints:
    """Return the pairs of rows, (k, 2) ascending, of cells of one dish that are closer than `reach`.

    Parameters
    ----------
    position, dish
        (n, 2) um; (n,).
    rows
        Rows that count, ascending.
    reach
        Distance of centres, um.
    """
    from scipy.spatial import cKDTree

    if len(rows) < 2:
        return np.empty((0, 2), np.int64)
    place = np.column_stack([position[rows], _APART * dish[rows]])
    pairs = cKDTree(place).query_pairs(reach, output_type="ndarray")
    pairs = rows[np.sort(pairs, axis=1)]
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))], np.int64)


def choose_partners(
    suitors: Ints, uniform: Floats, pairs: Ints, weight: Floats, taken: NDArray[np.bool_]
) -> tuple[Ints, Ints]:
    """Let each suitor choose one of those it touches, in the order given; nobody is in two couples.

    Parameters
    ----------
    suitors
        Rows, in the order in which they choose.
    uniform
        One number in (0, 1) for each.
    pairs, weight
        (k, 2) rows that touch, and the rate of each pair: a partner is chosen in proportion to it.
    taken
        (n,) rows that are in no couple any more; filled in.

    Returns
    -------
    suitor, partner
        Rows of the couples.
    """
    partners: dict[int, list[tuple[int, float]]] = {int(row): [] for row in suitors}
    for (i, j), w in zip(pairs.tolist(), weight.tolist(), strict=True):
        if w > 0.0:
            if i in partners:
                partners[i].append((j, w))
            if j in partners:
                partners[j].append((i, w))
    couples = []
    for row, u in zip(suitors.tolist(), uniform.tolist(), strict=True):
        free = [(j, w) for j, w in partners[row] if not taken[j]]
        if taken[row] or not free:
            continue
        sums = np.cumsum([w for _, w in free])
        chosen = free[min(int(np.searchsorted(sums, u * sums[-1])), len(free) - 1)][0]
        taken[row] = taken[chosen] = True
        couples.append((row, chosen))
    found = np.array(couples, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def select_tips(place: Floats, dish: Array, time: Floats, exclusion: float) -> NDArray[np.bool_]:
    """Say which candidates become tips: by time, and none within the exclusion distance of an earlier one (eq-tips).

    Parameters
    ----------
    place, dish, time
        (n, 2) um, (n,) dish, (n,) s when each would become one.
    exclusion
        Distance, um.

    Returns
    -------
    (n,) whether it becomes a tip.
    """
    selected = np.zeros(len(place), bool)
    for n in np.lexsort((np.arange(len(place)), time)):
        tips = np.flatnonzero(selected & (dish == dish[n]))
        selected[n] = not np.any(np.hypot(*(place[tips] - place[n]).T) < exclusion)
    return selected


def silenced_since(
    place: Floats, dish: Array, tip: Floats, tip_dish: Array, tip_time: Floats, exclusion: float
) -> Floats:
    """Return when the first of the new tips within the exclusion distance of each cell arose, (n,) s; else infinity."""
    since = np.full(len(place), np.inf)
    for root, own, time in zip(tip, tip_dish, tip_time, strict=True):
        near = (dish == own) & (np.hypot(*(place - root).T) < exclusion)
        since[near] = np.minimum(since[near], time)
    return since


def inhibited(position: Floats, dish: Array, tip: Floats, tip_dish: Array, exclusion: float) -> NDArray[np.bool_]:
    """Return which cells lie within the exclusion distance of a tip of their dish, (n,)."""
    from scipy.spatial import cKDTree

    if not len(tip):
        return np.zeros(len(position), bool)
    tree = cKDTree(np.column_stack([tip, _APART * tip_dish]))
    distance, _ = tree.query(np.column_stack([position, _APART * dish]), distance_upper_bound=exclusion)
    return np.asarray(distance < exclusion)
