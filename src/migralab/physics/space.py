"""Where a dish lies: its seeded ground, the walls of its fields, and what turns cells back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.physics.field.grid import FIXED, End, Ends, Grid

Floats = NDArray[np.float64]
_ROUNDING = 1e-12  # a point that was put on a wall is on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The ground in um, x to the right and y up; the seeded ground begins at (0, 0).

    Parameters
    ----------
    seeded
        Width and height of the ground on which cells are seeded, um.
    margin
        Width of bare ground around it that the field covers too, um, along x and y.
    walls
        Ends of the field along x and y.
    confines
        Whether cells turn back at the ends of x and y.
    depth
        Height of the layer of medium, um; in a box the height of the box.
    lid
        End of the field at the top of a box; None for a layer.
    ellipse
        Whether the ground is the ellipse inscribed in `seeded`, with nothing beyond it for cells or molecules.
    """

    seeded: tuple[float, float]
    margin: tuple[float, float] = (0.0, 0.0)
    walls: tuple[Ends, Ends] = (FIXED, FIXED)
    confines: tuple[bool, bool] = (False, False)
    depth: float = 100.0
    lid: End | None = None
    ellipse: bool = False

    @property
    def lower(self) -> tuple[float, float]:
        """Lower corner of the field, um."""
        return -self.margin[0], -self.margin[1]

    @property
    def size(self) -> tuple[float, float]:
        """Extent of the field along x and y, um."""
        return self.seeded[0] + 2 * self.margin[0], self.seeded[1] + 2 * self.margin[1]

    def place(self, u: Floats, v: Floats) -> Floats:
        """Return points spread evenly over the seeded ground from two uniforms each, (n, 2) um."""
        if not self.ellipse:
            return np.column_stack([self.seeded[0] * u, self.seeded[1] * v])
        radius, angle = 0.5 * np.sqrt(u), 2 * np.pi * v
        return np.column_stack(
            [self.seeded[0] * (0.5 + radius * np.cos(angle)), self.seeded[1] * (0.5 + radius * np.sin(angle))]
        )

    def confine(self, position: Floats) -> Floats:
        """Move points beyond a confining wall onto it, in place; return the outward normal where that was, else 0.

        Parameters
        ----------
        position
            (n, 2) um.

        Returns
        -------
        (n, 2) unit vectors, or zeros.
        """
        normal = np.zeros_like(position)
        if self.ellipse:
            half = 0.5 * np.array(self.seeded)
            scaled = (position - half) / half
            radius = np.hypot(scaled[:, 0], scaled[:, 1])
            out = np.flatnonzero(radius > 1.0 + _ROUNDING)
            position[out] = half * (1.0 + scaled[out] / radius[out, None])
            slope = scaled[out] / half
            normal[out] = slope / np.linalg.norm(slope, axis=1, keepdims=True)
            return normal
        for axis in (0, 1):
            if self.confines[axis]:
                x, top = position[:, axis], self.seeded[axis]
                normal[:, axis] = np.where(x < 0.0, -1.0, np.where(x > top, 1.0, 0.0))
                np.clip(x, 0.0, top, out=x)
        length = np.hypot(normal[:, 0], normal[:, 1])
        np.divide(normal, length[:, None], out=normal, where=length[:, None] > 0)
        return normal

    @property
    def confining(self) -> bool:
        """Whether cells can meet a wall."""
        return self.ellipse or any(self.confines)

    def grid(self, voxel: float, sizes: tuple[int, int] | None = None) -> Grid:
        """Return the grid of a field in this space.

        Parameters
        ----------
        voxel
            Wanted edge of a voxel, um; it is lowered a little so that a whole number fits.
        sizes
            Voxels along x and y; by default those that follow from `voxel`.
        """
        counts = [max(1, math.ceil(length / voxel - 1e-9)) for length in self.size]
        nx, ny = sizes or (counts[0], counts[1])
        spacing = (self.size[1] / ny, self.size[0] / nx)
        origin, walls = (self.lower[1], self.lower[0]), (self.walls[1], self.walls[0])
        if self.lid is None:
            return Grid(shape=(ny, nx), spacing=spacing, walls=walls, origin=origin, depth=self.depth)
        nz = max(1, math.ceil(self.depth / voxel - 1e-9))
        return Grid(
            shape=(nz, ny, nx), spacing=(self.depth / nz, *spacing), walls=(("no-flux", self.lid), *walls),
            origin=(0.0, *origin),
        )  # fmt: skip

    def obstacle(self, grid: Grid) -> NDArray[np.bool_] | None:
        """Return the voxels that hold no medium, or None where all do."""
        if not self.ellipse:
            return None
        y, x = grid.centres(len(grid.shape) - 2)[:, None], grid.centres(len(grid.shape) - 1)[None, :]
        half = 0.5 * np.array(self.seeded)
        outside = ((x - half[0]) / half[0]) ** 2 + ((y - half[1]) / half[1]) ** 2 > 1.0
        return np.broadcast_to(outside, grid.shape).copy()
