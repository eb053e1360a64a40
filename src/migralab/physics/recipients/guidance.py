"""Guidance by trails: which way the retraction fibres of others lie under a cell; docs/theory/contact-guidance.md."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.physics.neighbours import slot_of, sort_into_bins

Array = NDArray[Any]
Floats = NDArray[np.float64]


class Stretches(NamedTuple):
    """Columns of the fibre network; the piece from a node to the next one towards its cell is a straight stretch.

    Parameters
    ----------
    x, y
        (m,) um: the nodes.
    parent
        (m,) row of the next node towards the cell, -1 where there is none.
    maker
        (m,) row of the cell that laid it.
    breaks
        (m,) s: when the stretch breaks; nan where that is not known yet.
    """

    x: Array
    y: Array
    parent: Array
    maker: Array
    breaks: Array


_ROOM = 64  # slots of the table of places near cells, for each cell: 25 bins each, and hardly two in one slot


@kernel
def mark_near(cell: Floats, dish: Array, living: Array, size: float, near: Array) -> None:
    """Mark the bins in which a fibre whose middle is within `size` of a cell could end; a power of two of slots."""
    mask = len(near) - 1
    for n in range(len(cell)):
        if not living[n]:
            continue
        column, row = math.floor(cell[n, 0] / size), math.floor(cell[n, 1] / size)
        for r in range(row - 2, row + 3):
            for c in range(column - 2, column + 3):
                near[slot_of(c, r, dish[n], mask)] = True


@kernel
def lie_of_fibres(
    stretches: Stretches, dish: Array, near: Array, reach: float, now: float, place: Floats, row: Array, group: Array,
    order: Array, start: Array, mask: int, axis: Floats, length: Floats,
) -> None:  # fmt: skip
    """Add to each cell the nematic sum and the length of the whole fibres of others within reach (eq-nematic).

    Most fibre lies where no cell is, so each stretch looks whether one is near. Each cell gets its stretches in the
    order in which they were laid, so the result depends on nothing else in the table. A stretch longer than twice the
    reach may be missed; they are ten times shorter.

    Parameters
    ----------
    dish
        (n,) of each cell.
    near
        Of `mark_near`.
    reach, now
        um; s: stretches that broke before now do not count, and those count whose middle is in reach.
    place, row, group, order, start, mask
        The living cells, in bins as wide as the reach: `migralab.physics.neighbours.Bins`.
    axis
        (n, 2) sum of L (cos 2 phi, sin 2 phi), um, added to.
    length
        (n,) um, added to.
    """
    few = len(near) - 1
    for i in range(len(stretches.parent)):
        x0, y0 = np.float64(stretches.x[i]), np.float64(stretches.y[i])
        maker = stretches.maker[i]
        here = dish[maker]
        # Before its other end is looked for, which lies elsewhere in memory
        if not near[slot_of(math.floor(x0 / reach), math.floor(y0 / reach), here, few)]:
            continue
        p = stretches.parent[i]
        if p < 0 or stretches.breaks[i] <= now:
            continue
        hx, hy = 0.5 * (np.float64(stretches.x[p]) - x0), 0.5 * (np.float64(stretches.y[p]) - y0)
        x, y = x0 + hx, y0 + hy
        column, line = math.floor(x / reach), math.floor(y / reach)
        square = hx * hx + hy * hy
        if square == 0.0:
            continue
        full = 2.0 * math.sqrt(square)
        cosine, sine = full * (hx * hx - hy * hy) / square, full * 2.0 * hx * hy / square
        for r in range(line - 1, line + 2):
            for c in range(column - 1, column + 2):
                slot = slot_of(c, r, here, mask)
                for m in range(start[slot], start[slot + 1]):
                    # Another bin may share the slot: it is told by its row, its column and its dish
                    if row[m] != r or group[m] != here or math.floor(place[m, 0] / reach) != c or order[m] == maker:
                        continue
                    dx, dy = x - place[m, 0], y - place[m, 1]
                    if dx * dx + dy * dy < reach * reach:
                        n = order[m]
                        axis[n, 0] += cosine
                        axis[n, 1] += sine
                        length[n] += full


def fibres_under(
    cell: Floats, dish: Array, living: Array, reach: float, now: float, stretches: Stretches
) -> tuple[Floats, Floats]:
    """Return (nematic sum, length of fibre within reach) of each cell: see `lie_of_fibres`."""
    axis, length = np.zeros((len(cell), 2)), np.zeros(len(cell))
    if len(cell) and len(stretches.maker):
        bins = sort_into_bins(cell, dish, living, reach)
        near = np.zeros(1 << (_ROOM * len(cell) - 1).bit_length(), bool)
        mark_near(cell, dish, living, reach, near)
        lie_of_fibres(
            stretches, dish, near, reach, now, bins.place, bins.row, bins.group, bins.order, bins.start, bins.mask,
            axis, length,
        )  # fmt: skip
    return axis, length


def fibres_under_array(
    cell: Floats, dish: Array, living: Array, reach: float, now: float, stretches: Stretches
) -> tuple[Floats, Floats]:
    """Vectorised numpy twin of `fibres_under`: all pairs."""
    has = stretches.parent >= 0
    up = np.where(has, stretches.parent, 0)
    start = np.column_stack([stretches.x, stretches.y]).astype(np.float64)
    half = 0.5 * (start[up] - start)
    apart = (((start + half)[None] - cell[:, None]) ** 2).sum(axis=2)
    felt = (apart < reach**2) & (dish[stretches.maker] == dish[:, None])
    felt &= stretches.maker != np.arange(len(cell))[:, None]
    full = 2.0 * np.hypot(half[:, 0], half[:, 1])
    felt &= living[:, None] & has & ~(stretches.breaks <= now)
    angle = np.arctan2(half[:, 1], half[:, 0])
    weight = np.where(felt, full, 0.0)
    return np.column_stack([weight @ np.cos(2 * angle), weight @ np.sin(2 * angle)]), weight.sum(axis=1)


def axis_and_weight(nematic: Floats, length: Floats, half_length: float) -> tuple[Floats, Floats]:
    """Return the axis along which fibres lie, and how strongly, 0 to 1 (eq-guidance).

    The weight is ``|M|/(L + L_half)``: it saturates with the length L in reach, and fibres that cross cancel.

    Parameters
    ----------
    nematic, length
        (n, 2) and (n,) um, of `fibres_under`.
    half_length
        L_half, um: parallel fibres of this length hold half as strongly as any number.

    Returns
    -------
    tuple
        (n, 2) unit vectors of either sign, 0 where there is no axis; (n,) weights.
    """
    strength = np.hypot(nematic[:, 0], nematic[:, 1])
    angle = 0.5 * np.arctan2(nematic[:, 1], nematic[:, 0])
    unit = np.column_stack([np.cos(angle), np.sin(angle)])
    unit[strength == 0.0] = 0.0
    whole = length + half_length
    return unit, np.divide(strength, whole, out=np.zeros_like(strength), where=whole > 0.0)


def align(heading: Floats, unit: Floats, rate: Floats) -> Floats:
    """Return the turning vector along an axis, ``rate (h . a) a`` (eq-guidance), (n, 2) 1/s: either way will do."""
    return np.asarray((rate * (heading * unit).sum(axis=1))[:, None] * unit)
