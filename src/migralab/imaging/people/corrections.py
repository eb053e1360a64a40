"""What a count in a window misses or takes twice: cut objects, owners beyond the border, vesicles too near each other.

Lifetimes that a film cuts off are no matter of this module: give them as ``lives`` and measure ``lifetime.mean``,
which is Kaplan-Meier with late entry (docs/theory/observables.md). Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_PAIRS, _TRIPLES = 2.0, 8 / 3 - 2 * math.sqrt(3) / math.pi  # of the clump series in the plane (Armitage 1949)
_MOST_CROWDED = 0.2  # cover beyond which the two terms of the series are off by more than 3 % (C, see the tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Part of the plane in which objects are counted, um: lower x and y, width and height."""

    x: float = 0.0
    y: float = 0.0
    width: float
    height: float

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.height > 0):
            raise RequestError(f"A window of {self.width:g} x {self.height:g} um is empty. Give sides above 0.")

    @property
    def area(self) -> float:
        """Area, um2."""
        return self.width * self.height

    def inner(self, guard: float) -> Window:
        """Return the window without a border of width `guard`."""
        return Window(x=self.x + guard, y=self.y + guard, width=self.width - 2 * guard, height=self.height - 2 * guard)


def in_counting_frame(x: Floats, y: Floats, diameter: Floats, frame: Window) -> NDArray[np.bool_]:
    """Return which discs an unbiased counting frame counts (Gundersen 1977).

    A disc counts if it touches the frame and does not touch the forbidden line: the left and the lower side,
    the left side prolonged upwards and the right side prolonged downwards. Frames that tile the plane count
    each disc once, whatever its size, so that count over area of the frame is the density.

    Parameters
    ----------
    x, y, diameter
        Centres and diameters (n,), um. Objects must be seen beyond the frame as far as they reach: leave a
        guard of the largest diameter between frame and image.
    frame
        The frame; `Window.inner` of the field.
    """
    radius = np.asarray(diameter, np.float64) / 2
    right = frame.x + frame.width
    touches = _distance_to_box(x, y, frame) <= radius
    left_side = np.hypot(x - frame.x, np.minimum(y - frame.y, 0.0)) <= radius  # from the lower corner up for ever
    lower_side = np.hypot(x - np.clip(x, frame.x, right), y - frame.y) <= radius
    right_below = np.hypot(x - right, np.maximum(y - frame.y, 0.0)) <= radius
    return np.asarray(touches & ~(left_side | lower_side | right_below))


def _distance_to_box(x: Floats, y: Floats, box: Window) -> Floats:
    dx = np.maximum(np.maximum(box.x - x, x - box.x - box.width), 0.0)
    dy = np.maximum(np.maximum(box.y - y, y - box.y - box.height), 0.0)
    return np.asarray(np.hypot(dx, dy), np.float64)


def whole_object_weights(diameter: Floats, field: Window) -> Floats:
    """Return the weight of each object that lies wholly in the field (eq-edge-weight; Miles 1974, Lantuejoul 1978).

    Objects cut by the border cannot be measured, and large ones are cut more often: without weights they are too
    few. The sum of the weights over the area of the field is the density.

    Parameters
    ----------
    diameter
        Diameters (n,) of the whole objects, um.
    field
        What was imaged.
    """
    room = (field.width - diameter) * (field.height - diameter)
    if np.any(diameter >= min(field.width, field.height)):
        raise RequestError("An object is as large as the field: no weight can stand for those that were cut.")
    return np.asarray(field.area / room, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerCell:
    """Migrasomes per cell in a field that cuts tails off.

    Parameters
    ----------
    owned
        Migrasomes with an owner in the field over cells in it, as counted: too few, since tails are cut.
    by_pairs
        The same with each pair of cell and migrasome weighted by how often both fit into the field. Right
        for every offset shorter than the field.
    by_area
        All migrasomes over all cells, whoever owns them. Right where the field was chosen blindly and is far from
        the edge of the culture: what leaves on one side comes in on the other.
    unowned
        Share of the migrasomes whose owner is unknown or not in the field.
    cells, migrasomes
        How many were counted.
    """

    owned: float
    by_pairs: float
    by_area: float
    unowned: float
    cells: int
    migrasomes: int


def count_per_cell(cells: tuple[Ints, Floats], migrasomes: tuple[Ints, Floats], field: Window) -> PerCell:
    """Correct the number of migrasomes per cell for owners and tails beyond the border (eq-owner-pairs).

    Parameters
    ----------
    cells
        Ids (n,) and centres (n, 2) of the cells whose centre lies in the field, um.
    migrasomes
        Ids of the owners (m,), -1 where unknown, and centres (m, 2) of the migrasomes in the field, um.
    field
        What was imaged.

    Raises
    ------
    RequestError
        If there is no cell.
    """
    ident, centre = cells
    owner, place = migrasomes
    n = len(ident)
    if n == 0:
        raise RequestError("There is no cell in the field, so nothing can be counted per cell. Give a larger field.")
    order = np.argsort(ident)
    spot = np.minimum(np.searchsorted(ident, owner, sorter=order), n - 1)
    has = ident[order[spot]] == owner
    offset = np.abs(place[has] - centre[order[spot[has]]])
    room = (field.width - offset[:, 0]) * (field.height - offset[:, 1])
    weights = field.area / np.maximum(room, 1e-3 * field.area)  # an offset across the whole field tells nothing
    total = len(owner)
    return PerCell(
        owned=float(has.sum()) / n,
        by_pairs=float(weights.sum()) / n,
        by_area=total / n,
        unowned=float(1 - has.mean()) if total else math.nan,
        cells=n,
        migrasomes=total,
    )


def uncrowd_on_fibres(counted_per_um: float, merging_um: float) -> float:
    """Return the density along fibres of which so many are counted when near ones merge (eq-crowding-line).

    At random on a line, ``counted = rho exp(-rho r)``: a vesicle begins a new clump if no other lies within
    r before it.

    Parameters
    ----------
    counted_per_um
        Clumps counted per um of fibre.
    merging_um
        Distance below which two are seen as one.

    Raises
    ------
    RequestError
        If more are counted than any density gives: the line is so full that the count tells nothing.
    """
    from scipy.special import lambertw

    load = counted_per_um * merging_um
    if not 0 <= load <= math.exp(-1):
        raise RequestError(
            f"{counted_per_um:g} per um with {merging_um:g} um between them cannot be: at random at most "
            f"{math.exp(-1) / merging_um:.3g} per um are told apart. Evenly spaced ones need no correction."
        )
    return float(-lambertw(-load).real / merging_um) if load > 0 else 0.0


def uncrowd_in_plane(counted_per_um2: float, merging_um: float) -> float:
    """Return the density in the plane of which so many are counted when near ones merge (eq-crowding-plane).

    Parameters
    ----------
    counted_per_um2
        Clumps counted per um2.
    merging_um
        Distance between centres below which two are seen as one.

    Raises
    ------
    RequestError
        If the plane is so full that the first two terms of the series do not hold.
    """
    from scipy.optimize import brentq

    unit = math.pi * merging_um**2 / 4

    def clumps(cover: float) -> float:
        return cover * (1 - _PAIRS * cover + _TRIPLES * cover**2)

    seen = counted_per_um2 * unit
    if not 0 <= seen <= clumps(_MOST_CROWDED):
        raise RequestError(
            f"{counted_per_um2:g} per um2 with {merging_um:g} um between them is too crowded to be corrected: at most "
            f"{clumps(_MOST_CROWDED) / unit:.3g} per um2. Image with a finer point spread function."
        )
    return float(brentq(lambda cover: clumps(cover) - seen, 0.0, _MOST_CROWDED)) / unit
