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
OUTER = 13  # sections of the outer half of an arm


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


def outer_sections(x: Floats, mesh: Mesh) -> Floats:
    """Return the radius (3, k) of the circle with the area of each section, from half way out to the end of each arm.

    The places are shares of the length of an arm, whose end is clamped and whose beginning is the point where the
    forces balance: they do not move with the vertices. A ball that reaches half way is cut like an arm.
    """
    corner, radii = x[mesh.triangles], np.empty((3, OUTER))
    for i, direction in enumerate(mesh.directions):
        left = np.array([-direction[1], direction[0], 0.0])
        end = float((x @ direction)[mesh.triangles[mesh.arm == i]].max())
        ahead = corner[(corner @ direction).max(axis=1) > 0.0]
        places = np.linspace(0.5 * end, end - 1e-3, OUTER)
        radii[i] = [np.sqrt(2.0 * _half_section(ahead, direction, left, at) / np.pi) for at in places]
    return radii


def total_curvature(vertices: Floats, triangles: Array) -> Floats:
    """Return the sum of the principal curvatures at each vertex (n,), 1/um, positive for a sphere.

    It is the gradient of area along the outward normal per area, as in (eq-surface-energy); at an open end, where half
    of the triangles are missing, that of the neighbours within the surface.
    """
    n = len(vertices)
    corner = vertices[triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    double = np.linalg.norm(normal, axis=1)
    pull, outward, share = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros(n)
    for at in range(3):
        across = corner[:, (at + 2) % 3] - corner[:, (at + 1) % 3]
        np.add.at(pull, triangles[:, at], np.cross(normal, across) / (2.0 * double[:, None]))
        np.add.at(outward, triangles[:, at], normal)
        np.add.at(share, triangles[:, at], double / 6.0)
    outward /= np.linalg.norm(outward, axis=1)[:, None]
    curvature = np.sum(pull * outward, axis=1) / share
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    _, first, times = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    rim = np.zeros(n, bool)
    rim[edges[first[times == 1]]] = True
    total, count = np.zeros(n), np.zeros(n)
    for a, b in (edges.T, edges.T[::-1]):
        np.add.at(total, a[~rim[b]], curvature[b[~rim[b]]])
        np.add.at(count, a[~rim[b]], 1.0)
    curvature[rim] = total[rim] / np.maximum(count[rim], 1.0)
    return np.asarray(curvature)


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
