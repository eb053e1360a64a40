"""What a cell finds on the migrasomes that it touches. Kernel and numpy twin; docs/theory/contact.md."""

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
    cell: Floats, dish: Array, owner: Array, reaches: Floats, ligand: Floats, maker: Array, place: Floats, row: Array,
    group: Array, order: Array, start: Array, size: float, mask: int, found: Floats, pull: Floats, touched: Floats,
) -> None:  # fmt: skip
    """Write to each cell the ligand on the vesicles that it touches, the vector towards it, and their area (eq-touch).

    Each cell sums its own vesicles in the order of their bins, so the result does not depend on threads.

    Parameters
    ----------
    cell, dish, owner
        (n, 2) um, dish and id of each cell.
    reaches
        (n,) distance of centres below which each cell touches a vesicle, um.
    ligand, maker
        (m, 2) molecules on each vesicle and its membrane, um2; id of the cell that made it: nobody feels its own.
    place, row, group, order, start, size, mask
        Of the vesicles: `migralab.physics.neighbours.Bins`.
    found, pull, touched
        (n,) molecules touched; (n, 2) sum of molecules times unit vectors from cell to vesicle; (n,) um2 of membrane.
    """
    for n in prange(len(cell)):
        x, y, reach = cell[n, 0], cell[n, 1], reaches[n]
        total = px = py = area = 0.0
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
                    total += ligand[k, 0]
                    area += ligand[k, 1]
                    if square > 0.0:
                        share = ligand[k, 0] / math.sqrt(square)
                        px += share * dx
                        py += share * dy
        found[n], pull[n, 0], pull[n, 1], touched[n] = total, px, py, area


def feel_vesicles(
    cell: Floats, dish: Array, cell_id: Array, vesicle: Floats, vesicle_dish: Array, maker: Array, ligand: Floats,
    reach: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Return (molecules that each cell touches, vector towards them, area of their vesicles): see `feel`."""
    found, pull, touched = np.zeros(len(cell)), np.zeros((len(cell), 2)), np.zeros(len(cell))
    if len(vesicle) and len(cell):
        bins = sort_into_bins(vesicle, vesicle_dish, ligand[:, 0] > 0, float(reach.max()))
        feel(cell, dish, cell_id, reach, ligand, maker, *_parts(bins), found, pull, touched)
    return found, pull, touched


def _parts(bins: Bins) -> tuple[Floats, Array, Array, Array, Array, float, int]:
    return bins.place, bins.row, bins.group, bins.order, bins.start, bins.size, bins.mask


def feel_vesicles_array(
    cell: Floats, dish: Array, cell_id: Array, vesicle: Floats, vesicle_dish: Array, maker: Array, ligand: Floats,
    reach: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Vectorised numpy twin of `feel_vesicles`: all pairs."""
    towards = vesicle[None] - cell[:, None]
    distance = np.sqrt((towards**2).sum(axis=2))
    felt = (distance < reach[:, None]) & (dish[:, None] == vesicle_dish) & (cell_id[:, None] != maker)
    molecules, area = np.where(felt, ligand[:, 0], 0.0), np.where(felt, ligand[:, 1], 0.0)
    unit = np.divide(towards, distance[..., None], out=np.zeros_like(towards), where=distance[..., None] > 0)
    return molecules.sum(axis=1), (molecules[..., None] * unit).sum(axis=1), area.sum(axis=1)
