"""Meshes in order: a straight tube and three tubes that meet. Lengths in tube radii."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

from migralab.physics.membrane.surface.mesh import Mesh, neighbour_matrix, relaxed

Array = NDArray[Any]
Floats = NDArray[np.float64]


def _onto_union(x: Floats, directions: Floats, held: Array) -> Floats:
    """Move vertices onto the smooth union of half-infinite tubes of radius 1 (soft minimum of their distances)."""
    blend = 0.25
    for _ in range(2):
        along = np.maximum(x @ directions.T, 0.0)  # (n, 3)
        away = x[:, None] - along[:, :, None] * directions
        apart = np.linalg.norm(away, axis=2)
        share = np.exp((apart.min(axis=1)[:, None] - apart) / blend)
        total = share.sum(axis=1)
        value = apart.min(axis=1) - 1.0 - blend * np.log(total)
        slope = np.einsum("ni,nid->nd", share / total[:, None], away / np.maximum(apart, 1e-3)[:, :, None])
        step = value[:, None] * slope / np.maximum(np.sum(slope**2, axis=1), 0.2)[:, None]
        step[held] = 0.0
        x = x - np.clip(step, -0.3, 0.3)
    return x


def _half_turn(around: int) -> Floats:
    return np.asarray(np.pi * np.arange(around + 1) / around)


def _ring(centre: Floats, left: Floats, around: int) -> Floats:
    """Return half a ring of radius 1 (around + 1, 3) from the right side over the top to the left."""
    turn = _half_turn(around)
    ring = centre - np.cos(turn)[:, None] * left
    ring[:, 2] = np.sin(turn)
    return np.asarray(ring)


def _strip(low: Array, high: Array) -> list[tuple[int, int, int]]:
    """Return the triangles between two rows of vertices, `high` further out along an arm."""
    cells = zip(itertools.pairwise(low), itertools.pairwise(high), strict=True)
    return [t for (a, b), (c, d) in cells for t in ((a, c, d), (a, d, b))]


def tube_mesh(length: float, around: int, rings: int = 0) -> Mesh:
    """Return the half surface z >= 0 of a straight tube of radius 1 along x, from -length/2 to length/2, ends held.

    rings : segments along; 0 for square cells
    """
    rings = rings or max(4, round(length / (np.pi / around)))
    left = np.array([0.0, 1.0, 0.0])
    stations = np.linspace(-length / 2.0, length / 2.0, rings + 1)
    x = np.concatenate([_ring(np.array([s, 0.0, 0.0]), left, around) for s in stations])
    rows = np.arange(len(x)).reshape(rings + 1, around + 1)
    triangles = np.array([t for low, high in itertools.pairwise(rows) for t in _strip(low, high)])
    mirrors = np.zeros((len(x), 2, 3))
    mirrors[rows[:, [0, -1]].ravel(), 0, 2] = 1.0
    mirrors[rows[[0, -1]].ravel(), 1, 0] = 1.0
    x[rows[:, [0, -1]].ravel(), 2] = 0.0
    held = np.zeros(len(x), bool)
    held[rows[[0, -1]].ravel()] = True
    return Mesh(x, triangles, mirrors, np.zeros(len(triangles), int), held, np.array([[1.0, 0.0, 0.0]]))


def _patch(around: int) -> tuple[dict[tuple[int, int], int], list[tuple[int, int, int]]]:
    """Return the vertices of a triangular patch by their two steps, and its triangles."""
    grid: dict[tuple[int, int], int] = {}
    for a in range(around + 1):
        for b in range(around + 1 - a):
            grid[a, b] = len(grid)
    triangles = []
    for (a, b), v in grid.items():
        if a + b < around:
            triangles.append((v, grid[a + 1, b], grid[a, b + 1]))
        if a + b < around - 1:
            triangles.append((grid[a + 1, b], grid[a + 1, b + 1], grid[a, b + 1]))
    return grid, triangles


def balance_point(ends: Floats, rounds: int = 500) -> Floats:
    """Return the point (3,) nearest in sum to three ends (3, 3): where three equal forces balance (eq-fermat).

    Weiszfeld's iteration; where one corner has 120 degrees or more, the point is that corner.
    """
    point = ends.mean(axis=0)
    for _ in range(rounds):
        weight = 1.0 / np.maximum(np.linalg.norm(ends - point, axis=1), 1e-9)
        point = (weight[:, None] * ends).sum(axis=0) / weight.sum()
    return np.asarray(point)


def junction_mesh(ends: Floats, faces: Floats, around: int) -> Mesh:
    """Return the half surface z >= 0 of three tubes of radius 1 that meet at the origin.

    Each arm is a strip of rings with `around` segments over its half turn; between the three first rings lies a
    triangular patch of the same number of segments a side. All inner vertices have six neighbours. The surface is a
    smooth union of the tubes, a start for a minimisation and not a solution.

    Parameters
    ----------
    ends : (3, 3) middles of the end rings in the plane z = 0, counter-clockwise, in tube radii
    faces : (3, 3) unit vectors along which the tubes are clamped there
    around : segments of half a turn
    """
    m = around
    lengths = np.linalg.norm(ends, axis=1)
    directions = ends / lengths[:, None]
    angles = np.arctan2(ends[:, 1], ends[:, 0])
    left = np.column_stack([-faces[:, 1], faces[:, 0], np.zeros(3)])
    crotch = np.empty((3, 3))  # crotch i lies between arm i - 1 and arm i
    for i in range(3):
        gap = (angles[i] - angles[i - 1]) % (2.0 * math.pi)
        middle = angles[i] - gap / 2.0
        # Sides of two tubes meet at 1/sin(gap/2); an opening wider than half a turn has no crotch but a flank
        crotch[i] = np.array([math.cos(middle), math.sin(middle), 0.0]) / max(math.sin(gap / 2.0), 0.3)
    grid, triangles = _patch(m)
    arm = [-1] * len(triangles)
    points = [np.full((len(grid), 3), np.nan)]
    last = []
    for i in range(3):
        # The arch of arm i runs along one side of the patch, from crotch i to crotch i + 1
        rim = [grid[((m - s, s), (0, m - s), (s, 0))[i]] for s in range(m + 1)]
        first, second = crotch[i], crotch[(i + 1) % 3]
        base = first + (1.0 - np.cos(_half_turn(m)))[:, None] / 2.0 * (second - first)
        base[:, 2] = np.sin(_half_turn(m))
        points[0][rim] = base
        end = _ring(ends[i], left[i], m)
        rings = max(4, round((lengths[i] - float((base @ directions[i]).mean())) / (np.pi / m)))
        count = sum(len(p) for p in points)
        rows = [np.array(rim), *(count + np.arange(rings * (m + 1)).reshape(rings, m + 1))]
        points += [base + (end - base) * (k / rings) for k in range(1, rings + 1)]
        strips = [t for low, high in itertools.pairwise(rows) for t in _strip(low, high)]
        triangles += strips
        arm += [i] * len(strips)
        last.append(rows[-1])
    tri = np.array(triangles)
    points[0] = _filled(points[0], tri[: m * m])
    return _blended(np.concatenate(points), tri, np.array(arm), (last, faces), directions)


def _blended(x: Floats, triangles: Array, arm: Array, clamps: tuple[list[Array], Floats], directions: Floats) -> Mesh:
    """Return the mesh with its planes of symmetry, spread evenly and brought onto the smooth union of the tubes."""
    mirrors = np.zeros((len(x), 2, 3))
    flat = np.abs(x[:, 2]) < 1e-9
    mirrors[flat, 0, 2] = 1.0
    x[flat, 2] = 0.0
    held = np.zeros(len(x), bool)
    for ring, face in zip(*clamps, strict=True):
        mirrors[ring, 1] = face
        held[ring] = True
    for _ in range(60):
        x = relaxed(x, triangles, mirrors, held, 1)
        x = _onto_union(x, directions, held)
    return Mesh(x, triangles, mirrors, arm, held, directions)


def _filled(x: Floats, triangles: Array) -> Floats:
    """Return patch positions whose NaN vertices are put at the middle of their neighbours (Tutte)."""
    n = len(x)
    missing = np.isnan(x[:, 0])
    near = neighbour_matrix(triangles, n)
    laplace = (sparse.diags(np.asarray(near.sum(axis=1)).ravel()) - near).tocsr()
    x = x.copy()
    right = -(laplace[missing][:, ~missing] @ x[~missing])
    x[missing] = spsolve(laplace[missing][:, missing].tocsc(), right)
    return x
