"""Blurred spheres: what a shell and a ball look like through the microscope, tabulated once for each blur.

The light of a shell of radius R in an optical section of standard deviation s_z, seen through a Gaussian
point spread function of standard deviation s, is at distance r from its centre

    S_R(r) = int_{-R}^{R} 2 pi R exp(-z^2 / 2 s_z^2) g(r, sqrt(R^2 - z^2)) dz,
    g(r, p) = exp(-(r^2 + p^2) / 2 s^2) I_0(r p / s^2) / (2 pi s^2),

and that of a filled ball is the sum of its shells.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

_SECTIONS = 24  # of the upper half; the lower one is its mirror image
_RADIUS_STEP = 0.02
_DISTANCE_STEP = 0.015


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Blurred shells and balls on a grid of radius and distance from the centre.

    Parameters
    ----------
    radius_step, distance_step
        Steps of the grids, um; the first radius is one step, the first distance 0.
    tables
        Shell, ball, their slopes by radius and by distance, light per pixel area: (6, radius, distance).
    width_um
        Standard deviation of point spread function and pixel together, um.
    """

    radius_step: float
    distance_step: float
    tables: Floats
    width_um: float

    @property
    def largest_um(self) -> float:
        """Largest radius of the grid, um."""
        return float(self.radius_step * self.tables.shape[1])

    def look_up(self, radius: float, distance: Floats) -> tuple[Floats, Floats]:
        """Return shell and ball of one radius at these distances, um."""
        row = min(max(round(radius / self.radius_step) - 1, 0), self.tables.shape[1] - 1)
        grid = np.arange(self.tables.shape[2]) * self.distance_step
        shell, ball = (np.interp(distance, grid, self.tables[part, row]) for part in (0, 1))
        return np.asarray(shell), np.asarray(ball)


@functools.lru_cache(maxsize=8)
def blur_spheres(psf_sigma_um: float, section_um: float, pixel_um: float, largest_um: float) -> Profiles:
    """Tabulate blurred shells and balls up to the radius `largest_um`; the pixel's own blur is included."""
    sigma2 = psf_sigma_um**2 + pixel_um**2 / 12.0
    radii = _RADIUS_STEP * np.arange(1, int(np.ceil(largest_um / _RADIUS_STEP)) + 1)
    distances = np.arange(0.0, largest_um + 6 * np.sqrt(sigma2), _DISTANCE_STEP)
    nodes, weights = np.polynomial.legendre.leggauss(_SECTIONS)
    height = radii[:, None] * (nodes + 1) / 2  # (radius, section)
    ring = np.sqrt(np.maximum(radii[:, None] ** 2 - height**2, 0.0))
    light = weights * radii[:, None] * 2 * np.pi * radii[:, None] * np.exp(-0.5 * (height / section_um) ** 2)
    shell = np.empty((len(radii), len(distances)))
    for row in range(len(radii)):
        apart = distances[:, None] - ring[row]
        blurred = np.exp(-(apart**2) / (2 * sigma2)) * special.i0e(ring[row] * distances[:, None] / sigma2)
        shell[row] = blurred @ light[row] / (2 * np.pi * sigma2)
    ball = np.cumsum(shell, axis=0) * _RADIUS_STEP - 0.5 * shell * _RADIUS_STEP
    slopes = [np.gradient(table, step, axis=axis) for axis, step in ((0, _RADIUS_STEP), (1, _DISTANCE_STEP))
              for table in (shell, ball)]  # fmt: skip
    return Profiles(
        radius_step=_RADIUS_STEP,
        distance_step=_DISTANCE_STEP,
        tables=np.ascontiguousarray(np.stack([shell, ball, *slopes])),
        width_um=float(np.sqrt(sigma2)),
    )
