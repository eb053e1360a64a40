"""Which parts of a bench specimen are taken already, and what lies in or near a polygon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Floats = NDArray[np.float64]


@dataclass(slots=True, kw_only=True)
class Fibre:
    """A polyline (n, 2) from the cell or the branch point to the tip; where along it branches leave."""

    path: Floats
    cell: int
    forks: list[int]


@dataclass(slots=True, kw_only=True)
class Room:
    """What is taken already: points of fibres, and round objects as x, y, radius."""

    side: float
    outlines: list[Floats]
    fibres: list[Fibre]
    round_ones: list[tuple[float, float, float]]

    def fibre_points(self) -> Floats:
        """Return all points of all fibres (n, 2)."""
        return np.concatenate([f.path for f in self.fibres]) if self.fibres else np.empty((0, 2))

    def inside(self, points: Floats, margin: float) -> bool:
        """Whether all points lie in the field, this far from its border."""
        return bool(((points > margin) & (points < self.side - margin)).all())

    def clear_of_cells(self, points: Floats, gap: float) -> bool:
        """Whether no point lies in a cell, or this near to one."""
        return all(outside(outline, points, gap) for outline in self.outlines)

    def clear_of_round(self, place: Floats, radius: float, gap: float) -> bool:
        """Whether a round object leaves this gap to all others."""
        taken = np.array(self.round_ones).reshape(-1, 3)
        return bool((np.hypot(*(taken[:, :2] - place).T) > taken[:, 2] + radius + gap).all())


def contains(outline: Floats, points: Floats) -> NDArray[np.bool_]:
    """Which points (n, 2) lie in a closed polygon: an odd number of its edges is crossed to the right of them."""
    ahead = np.roll(outline, -1, axis=0)
    x, y = points[:, 0, None], points[:, 1, None]
    straddles = (outline[:, 1] > y) != (ahead[:, 1] > y)
    rise = np.where(ahead[:, 1] == outline[:, 1], 1.0, ahead[:, 1] - outline[:, 1])
    crossing = outline[:, 0] + (y - outline[:, 1]) / rise * (ahead[:, 0] - outline[:, 0])
    return np.asarray((straddles & (x < crossing)).sum(axis=1) % 2 == 1)


def deep(outline: Floats, points: Floats, depth: float) -> NDArray[np.bool_]:
    """Which points lie in a polygon, this far from its edge."""
    return np.asarray(contains(outline, points) & (KDTree(outline).query(points)[0] > depth))


def outside(outline: Floats, points: Floats, gap: float) -> bool:
    """Whether all points lie outside a polygon, this far from its corners."""
    if len(points) and KDTree(outline).query(points)[0].min() < gap:
        return False
    return not contains(outline, points).any()
