"""Triangulated surfaces: neighbours, normals, smoothing within the surface, colouring. Lengths in tube radii."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]
Floats = NDArray[np.float64]


class Mesh(NamedTuple):
    """Half of a surface, above its mirror plane z = 0.

    x : (n, 3) positions; triangles : (m, 3), counter-clockwise from outside; mirrors : (n, 2, 3) unit normals of the
    mirror planes on which a vertex lies, zero where none; arm : (m,) number of the arm, -1 in the patch between them;
    held : (n,) vertices that do not move (end rings); directions : (3, 3) unit vectors along the arms
    """

    x: Floats
    triangles: Array
    mirrors: Floats
    arm: Array
    held: Array
    directions: Floats


def neighbour_matrix(triangles: Array, n: int) -> sparse.csr_matrix:
    """Return the (n, n) matrix with 1 where two vertices share an edge."""
    i = triangles[:, [0, 1, 2]].ravel()
    j = triangles[:, [1, 2, 0]].ravel()
    both = sparse.csr_matrix((np.ones(2 * len(i)), (np.r_[i, j], np.r_[j, i])), shape=(n, n))
    both.data[:] = 1.0
    return both


def vertex_normals(x: Floats, triangles: Array, mirrors: Floats) -> Floats:
    """Return unit normals (n, 3): the mean of the triangles around, weighted by area, within the mirror planes."""
    corner = x[triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.zeros_like(x)
    for at in range(3):
        np.add.at(total, triangles[:, at], normal)
    total = within(total, mirrors)
    return np.asarray(total / np.linalg.norm(total, axis=1)[:, None])


def within(vectors: Floats, mirrors: Floats) -> Floats:
    """Return the part of vectors (n, 3) that lies in the mirror planes of each vertex."""
    for plane in (0, 1):
        vectors = vectors - np.sum(vectors * mirrors[:, plane], axis=1)[:, None] * mirrors[:, plane]
    return vectors


def relaxed(x: Floats, triangles: Array, mirrors: Floats, held: Array, rounds: int, rate: float = 0.5) -> Floats:
    """Return x after rounds of tangential averaging: each vertex goes towards the middle of its neighbours.

    The step is taken in the tangent plane, so that the surface moves by the second order of the step only; images
    behind the mirror planes count as neighbours. No energy is attached to the places of vertices within the surface.
    """
    n = len(x)
    near = neighbour_matrix(triangles, n)
    on = np.abs(mirrors).sum(axis=2) > 0  # (n, 2)
    row, column = near.nonzero()
    # A neighbour off a mirror of this vertex has an image behind it and counts twice
    weight = np.where((on[row, 0] & ~on[column, 0]) | (on[row, 1] & ~on[column, 1]), 2.0, 1.0)
    average = sparse.csr_matrix((weight, (row, column)), shape=(n, n))
    average = sparse.diags(1.0 / np.asarray(average.sum(axis=1)).ravel()) @ average
    for _ in range(rounds):
        step = within(average @ x - x, mirrors)
        normals = vertex_normals(x, triangles, mirrors)
        step -= np.sum(step * normals, axis=1)[:, None] * normals
        step[held] = 0.0
        x = x + rate * step
    return x


def colours(triangles: Array, n: int) -> Array:
    """Return a colour (n,) for each vertex; equal colours are more than four edges apart."""
    near = neighbour_matrix(triangles, n) + sparse.identity(n, format="csr")
    two = near @ near
    four = (two @ two).tocsr()
    colour = np.full(n, -1)
    for v in range(n):
        used = colour[four.indices[four.indptr[v] : four.indptr[v + 1]]]
        taken = np.zeros(used.max() + 2, bool)
        taken[used[used >= 0]] = True
        colour[v] = np.argmin(taken)
    return colour


def quality(x: Floats, triangles: Array) -> Floats:
    """Return for each triangle (m,) twice the inscribed over the circumscribed radius: 1 equilateral, 0 degenerate."""
    corner = x[triangles]
    a, b, c = (np.linalg.norm(corner[:, (i + 1) % 3] - corner[:, (i + 2) % 3], axis=1) for i in range(3))
    return np.asarray((b + c - a) * (c + a - b) * (a + b - c) / (a * b * c))
