"""What is read from a surface with three arms: the ball at the junction, sections of the arms, the whole surface."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from migralab.physics.membrane.surface.mesh import Mesh

Array = NDArray[Any]
Floats = NDArray[np.float64]

STATIONS = 25  # sections of an arm


def inscribed_ball(x: Floats, mesh: Mesh) -> tuple[Floats, float]:
    """Return centre (3,) and radius of the largest ball that fits in at the junction, its centre in the plane z = 0.

    The centre stays within one tube radius of the middle of the patch between the arms, so that a wide arm does not
    catch it.
    """
    patch = np.unique(mesh.triangles[mesh.arm < 0])
    middle = x[patch, :2].mean(axis=0)

    def missing(centre: Floats) -> float:
        away = max(0.0, float(np.hypot(*(centre - middle))) - 1.0)
        return away - float(np.sqrt(((x[:, :2] - centre) ** 2).sum(axis=1) + x[:, 2] ** 2).min())

    best = minimize(missing, middle, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-6})
    return np.array([*best.x, 0.0]), -float(best.fun)


def arm_sections(x: Floats, mesh: Mesh) -> tuple[Floats, Floats]:
    """Return stations (3, k) along the arms and the radius (3, k) of the circle with the area of each section.

    An arm begins where a plane across it misses the patch between the arms.
    """
    patch = np.unique(mesh.triangles[mesh.arm < 0])
    positions, radii = np.empty((3, STATIONS)), np.empty((3, STATIONS))
    for i, direction in enumerate(mesh.directions):
        left = np.array([-direction[1], direction[0], 0.0])
        along = x @ direction
        end = float(along[mesh.triangles[mesh.arm == i]].max())
        start = min(float(along[patch].max()) + 0.05, end - 0.1)
        positions[i] = np.linspace(start, end - 1e-3, STATIONS)
        corner = x[mesh.triangles[mesh.arm == i]]
        radii[i] = [np.sqrt(2.0 * _half_section(corner, direction, left, at) / np.pi) for at in positions[i]]
    return positions, radii


def _half_section(corner: Floats, direction: Floats, left: Floats, at: float) -> float:
    """Return the area above z = 0 that a plane across an arm cuts out of triangles (m, 3, 3)."""
    ahead = corner @ direction - at  # (m, 3)
    cut = (ahead.min(axis=1) < 0.0) & (ahead.max(axis=1) >= 0.0)
    corner, ahead = corner[cut], ahead[cut]
    points = np.zeros((2, len(corner), 3))
    for e in range(3):
        a, b = ahead[:, e], ahead[:, (e + 1) % 3]
        for side, crosses in enumerate(((a < 0.0) & (b >= 0.0), (a >= 0.0) & (b < 0.0))):
            share = (a[crosses] / (a[crosses] - b[crosses]))[:, None]
            points[side, crosses] = corner[crosses, e] + share * (corner[crosses, (e + 1) % 3] - corner[crosses, e])
    y, z = points @ left, points[:, :, 2]
    return abs(float(np.sum((y[1] - y[0]) * (z[0] + z[1]) / 2.0)))


def whole_surface(x: Floats, mesh: Mesh) -> tuple[Floats, Array]:
    """Return vertices and triangles of both halves; the seam z = 0 is shared, triangles are outward."""
    seam = mesh.mirrors[:, 0, 2] != 0.0
    image = np.arange(len(x))
    image[~seam] = len(x) + np.arange(int((~seam).sum()))
    vertices = np.concatenate([x, x[~seam] * [1.0, 1.0, -1.0]])
    return vertices, np.concatenate([mesh.triangles, image[mesh.triangles][:, ::-1]])
