"""Which cell touches which migrasome, and what it finds there. Kernels and numpy twins; docs/theory/contact.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import parallel_kernel
from migralab.physics.neighbours import Bins, slot_of, sort_into_bins

Array = NDArray[Any]
Floats = NDArray[np.float64]


@parallel_kernel
def feel(
    cell: Floats, dish: Array, owner: Array, reach: float, ligand: Floats, maker: Array, place: Floats, row: Array,
    group: Array, order: Array, start: Array, size: float, mask: int, found: Floats, pull: Floats,
) -> None:  # fmt: skip
    """Write to each cell the ligand on the vesicles that it touches, and the vector towards it (eq-touch).

    Each cell sums its own vesicles in the order of their bins, so the result does not depend on threads.

    Parameters
    ----------
    cell, dish, owner
        (n, 2) um, dish and id of each cell.
    reach
        Distance of centres below which cell and vesicle touch, um.
    ligand, maker
        (m,) molecules on each vesicle, and the id of the cell that made it: nobody feels its own.
    place, row, group, order, start, size, mask
        Of the vesicles: `migralab.physics.neighbours.Bins`.
    found, pull
        (n,) molecules touched; (n, 2) sum of molecules times unit vectors from cell to vesicle.
    """
    for n in prange(len(cell)):
        x, y = cell[n, 0], cell[n, 1]
        total = px = py = 0.0
        for r in range(math.floor((y - reach) / size), math.floor((y + reach) / size) + 1):
            for column in range(math.floor((x - reach) / size), math.floor((x + reach) / size) + 1):
                slot = slot_of(column, r, dish[n], mask)
                for m in range(start[slot], start[slot + 1]):
                    # Another bin may share the slot: it is told by its row, its column and its dish
                    if row[m] != r or group[m] != dish[n] or math.floor(place[m, 0] / size) != column:
                        continue
                    k = order[m]
                    dx, dy = place[m, 0] - x, place[m, 1] - y
                    square = dx * dx + dy * dy
                    if square >= reach * reach or maker[k] == owner[n]:
                        continue
                    total += ligand[k]
                    if square > 0.0:
                        share = ligand[k] / math.sqrt(square)
                        px += share * dx
                        py += share * dy
        found[n], pull[n, 0], pull[n, 1] = total, px, py


@parallel_kernel
def nearest_cell(
    vesicle: Floats, dish: Array, maker: Array, reach: float, owner: Array, place: Floats, row: Array, group: Array,
    order: Array, start: Array, size: float, mask: int, found: Array,
) -> None:  # fmt: skip
    """Write to each vesicle the row of the nearest cell that touches it and did not make it, -1 if there is none.

    Parameters
    ----------
    vesicle, dish, maker
        (m, 2) um, dish, and id of the cell that made each.
    owner
        (n,) id of each cell.
    place, row, group, order, start, size, mask
        Of the cells: `migralab.physics.neighbours.Bins`.
    """
    for n in prange(len(vesicle)):
        x, y = vesicle[n, 0], vesicle[n, 1]
        nearest, best = reach * reach, -1
        for r in range(math.floor((y - reach) / size), math.floor((y + reach) / size) + 1):
            for column in range(math.floor((x - reach) / size), math.floor((x + reach) / size) + 1):
                slot = slot_of(column, r, dish[n], mask)
                for m in range(start[slot], start[slot + 1]):
                    if row[m] != r or group[m] != dish[n] or math.floor(place[m, 0] / size) != column:
                        continue
                    k = order[m]
                    dx, dy = place[m, 0] - x, place[m, 1] - y
                    square = dx * dx + dy * dy
                    # Of two at one distance the one with the lower row: the order of bins must not decide
                    closer = square < nearest or (square == nearest and best >= 0 and k < best)
                    if closer and owner[k] != maker[n]:
                        nearest, best = square, k
        found[n] = best


def find_touching(
    vesicle: Floats, dish: Array, maker: Array, cell: Floats, cell_dish: Array, cell_id: Array, alive: Array,
    reach: float,
) -> Array:  # fmt: skip
    """Return for each vesicle the row of the nearest cell that touches it and did not make it, or -1."""
    found = np.full(len(vesicle), -1, np.int64)
    if len(vesicle) and len(cell):
        bins = sort_into_bins(cell, cell_dish, alive, reach)
        nearest_cell(vesicle, dish, maker, reach, cell_id, *_parts(bins), found)
    return found


def feel_vesicles(
    cell: Floats, dish: Array, cell_id: Array, vesicle: Floats, vesicle_dish: Array, maker: Array, ligand: Floats,
    reach: float,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return (molecules that each cell touches, vector towards them): see `feel`."""
    found, pull = np.zeros(len(cell)), np.zeros((len(cell), 2))
    if len(vesicle) and len(cell):
        bins = sort_into_bins(vesicle, vesicle_dish, ligand > 0, reach)
        feel(cell, dish, cell_id, reach, ligand, maker, *_parts(bins), found, pull)
    return found, pull


def _parts(bins: Bins) -> tuple[Floats, Array, Array, Array, Array, float, int]:
    return bins.place, bins.row, bins.group, bins.order, bins.start, bins.size, bins.mask


def find_touching_array(
    vesicle: Floats, dish: Array, maker: Array, cell: Floats, cell_dish: Array, cell_id: Array, alive: Array,
    reach: float,
) -> Array:  # fmt: skip
    """Vectorised numpy twin of `find_touching`: all pairs."""
    apart = ((vesicle[:, None] - cell[None]) ** 2).sum(axis=2)
    allowed = (dish[:, None] == cell_dish) & alive & (cell_id != maker[:, None]) & (apart < reach**2)
    apart = np.where(allowed, apart, np.inf)
    return np.where(allowed.any(axis=1), apart.argmin(axis=1), -1)


def feel_vesicles_array(
    cell: Floats, dish: Array, cell_id: Array, vesicle: Floats, vesicle_dish: Array, maker: Array, ligand: Floats,
    reach: float,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Vectorised numpy twin of `feel_vesicles`: all pairs."""
    towards = vesicle[None] - cell[:, None]
    distance = np.sqrt((towards**2).sum(axis=2))
    felt = (distance < reach) & (dish[:, None] == vesicle_dish) & (cell_id[:, None] != maker)
    molecules = np.where(felt, ligand, 0.0)
    unit = np.divide(towards, distance[..., None], out=np.zeros_like(towards), where=distance[..., None] > 0)
    return molecules.sum(axis=1), (molecules[..., None] * unit).sum(axis=1)
