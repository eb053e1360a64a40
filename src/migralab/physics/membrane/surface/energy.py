"""Energy of a triangulated membrane and its derivatives. Kernels and numpy twins; docs/theory/membrane-junction.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel

Array = NDArray[Any]
Floats = NDArray[np.float64]


@kernel
def area_and_volume(x: Array, triangles: Array, pull: Array, share: Array, volume: Array) -> tuple[float, float]:
    """Return area and volume; write ``dA/dx`` (pull), a third of the area around each vertex (share) and ``dV/dx``."""
    pull[:] = 0.0
    share[:] = 0.0
    volume[:] = 0.0
    whole, space = 0.0, 0.0
    for t in range(len(triangles)):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = x[k, 0] - x[j, 0], x[k, 1] - x[j, 1], x[k, 2] - x[j, 2]  # edge opposite i
        bx, by, bz = x[i, 0] - x[k, 0], x[i, 1] - x[k, 1], x[i, 2] - x[k, 2]
        cx, cy, cz = x[j, 0] - x[i, 0], x[j, 1] - x[i, 1], x[j, 2] - x[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        double = math.sqrt(nx * nx + ny * ny + nz * nz)
        whole += 0.5 * double
        third = double / 6.0
        share[i] += third
        share[j] += third
        share[k] += third
        h = 0.5 / double
        nx, ny, flat = nx * h, ny * h, nz * h
        pull[i, 0] += ny * az - flat * ay
        pull[i, 1] += flat * ax - nx * az
        pull[i, 2] += nx * ay - ny * ax
        pull[j, 0] += ny * bz - flat * by
        pull[j, 1] += flat * bx - nx * bz
        pull[j, 2] += nx * by - ny * bx
        pull[k, 0] += ny * cz - flat * cy
        pull[k, 1] += flat * cx - nx * cz
        pull[k, 2] += nx * cy - ny * cx
        mean = (x[i, 2] + x[j, 2] + x[k, 2]) / 3.0
        space += 0.5 * mean * nz
        sixth, half = nz / 6.0, 0.5 * mean
        volume[i, 2] += sixth
        volume[j, 2] += sixth
        volume[k, 2] += sixth
        # dN_z = -(a_y dx_i - a_x dy_i) for vertex i, and so round
        volume[i, 0] -= half * ay
        volume[i, 1] += half * ax
        volume[j, 0] -= half * by
        volume[j, 1] += half * bx
        volume[k, 0] -= half * cy
        volume[k, 1] += half * cx
    return whole, space


@kernel
def add_bending(x: Array, triangles: Array, pull: Array, share: Array, bending: Array) -> None:
    """Write ``dB/dx`` of the bending energy (eq-surface-gradient) from ``w = P g/A`` (pull) and ``|w|^2`` (share)."""
    bending[:] = 0.0
    for t in range(len(triangles)):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = x[k, 0] - x[j, 0], x[k, 1] - x[j, 1], x[k, 2] - x[j, 2]
        bx, by, bz = x[i, 0] - x[k, 0], x[i, 1] - x[k, 1], x[i, 2] - x[k, 2]
        cx, cy, cz = x[j, 0] - x[i, 0], x[j, 1] - x[i, 1], x[j, 2] - x[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        one = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx * one, ny * one, nz * one
        dax, day, daz = pull[k, 0] - pull[j, 0], pull[k, 1] - pull[j, 1], pull[k, 2] - pull[j, 2]
        dbx, dby, dbz = pull[i, 0] - pull[k, 0], pull[i, 1] - pull[k, 1], pull[i, 2] - pull[k, 2]
        dcx, dcy, dcz = pull[j, 0] - pull[i, 0], pull[j, 1] - pull[i, 1], pull[j, 2] - pull[i, 2]
        ux = day * bz - daz * by + ay * dbz - az * dby
        uy = daz * bx - dax * bz + az * dbx - ax * dbz
        uz = dax * by - day * bx + ax * dby - ay * dbx
        along = ux * nx + uy * ny + uz * nz
        ux, uy, uz = (ux - along * nx) * one, (uy - along * ny) * one, (uz - along * nz) * one
        # half d(n x e) for each vertex, less the change of the areas, a third of n x e / 2 times sum |w|^2 / 2
        less = (share[i] + share[j] + share[k]) / 6.0
        sx, sy, sz = 0.5 * (ux - less * nx), 0.5 * (uy - less * ny), 0.5 * (uz - less * nz)
        hx, hy, hz = 0.5 * nx, 0.5 * ny, 0.5 * nz
        bending[i, 0] += sy * az - sz * ay + hy * daz - hz * day
        bending[i, 1] += sz * ax - sx * az + hz * dax - hx * daz
        bending[i, 2] += sx * ay - sy * ax + hx * day - hy * dax
        bending[j, 0] += sy * bz - sz * by + hy * dbz - hz * dby
        bending[j, 1] += sz * bx - sx * bz + hz * dbx - hx * dbz
        bending[j, 2] += sx * by - sy * bx + hx * dby - hy * dbx
        bending[k, 0] += sy * cz - sz * cy + hy * dcz - hz * dcy
        bending[k, 1] += sz * cx - sx * cz + hz * dcx - hx * dcz
        bending[k, 2] += sx * cy - sy * cx + hx * dcy - hy * dcx


@kernel
def surface_energy(
    x: Array, triangles: Array, mirrors: Array, pull: Array, share: Array,
    bending: Array, area: Array, volume: Array,
) -> tuple[float, float, float]:  # fmt: skip
    """Return bending energy (of modulus 1), area and volume, and write their gradients (eq-surface-energy).

    ``B = sum_v |P_v g_v|^2 / (2 A_v)`` with ``g_v = dA/dx_v``, `A_v` a third of the triangles around v (barycentric,
    so that the energy stays smooth when a triangle turns obtuse) and `P_v` the projection onto the mirror planes of v.
    The derivative needs no third derivatives: with ``w = P g/A_v``, ``dB = sum w.dg - |w|^2 dA_v/2``, and the first
    term is the second derivative of each triangle's area along w (eq-surface-gradient).

    Parameters
    ----------
    x : (n, 3) positions
    triangles : (m, 3) vertices, counter-clockwise seen from outside
    mirrors : (n, 2, 3) unit normals of the planes of symmetry on which a vertex lies; zero where none
    pull, share : (n, 3), (n,) workspace: g and then w; A_v
    bending, area, volume : (n, 3) gradients, written; volume is ``int z n_z dA``, which mirror planes z = 0 and
        planes that contain the z axis do not enter
    """
    whole, space = area_and_volume(x, triangles, pull, share, volume)
    stored = 0.0
    for v in range(len(x)):
        gx, gy, gz = pull[v, 0], pull[v, 1], pull[v, 2]
        area[v, 0], area[v, 1], area[v, 2] = gx, gy, gz
        for m in range(2):
            mx, my, mz = mirrors[v, m, 0], mirrors[v, m, 1], mirrors[v, m, 2]
            along = gx * mx + gy * my + gz * mz
            gx, gy, gz = gx - along * mx, gy - along * my, gz - along * mz
        one = 1.0 / share[v]
        stored += 0.5 * (gx * gx + gy * gy + gz * gz) * one
        pull[v, 0], pull[v, 1], pull[v, 2] = gx * one, gy * one, gz * one
        share[v] = (gx * gx + gy * gy + gz * gz) * one * one
    add_bending(x, triangles, pull, share, bending)
    return stored, whole, space


def surface_energy_array(x: Floats, triangles: Array, mirrors: Floats) -> tuple[float, float, float, Floats]:
    """Numpy twin of `surface_energy` by its definition: cotangents for g; returns B, A, V and the curvature ``|g|/A``.

    ``g_v = sum_j (cot alpha + cot beta) (x_v - x_j) / 2`` over the neighbours j (Pinkall and Polthier 1993).
    """
    corner = x[triangles]  # (m, 3, 3)
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    double = np.linalg.norm(normal, axis=1)
    pull, share = np.zeros_like(x), np.zeros(len(x))
    for at in range(3):
        here, left, right = triangles[:, at], triangles[:, (at + 1) % 3], triangles[:, (at + 2) % 3]
        cot = np.sum((x[left] - x[here]) * (x[right] - x[here]), axis=1) / double
        apart = 0.5 * cot[:, None] * (x[left] - x[right])
        np.add.at(pull, left, apart)
        np.add.at(pull, right, -apart)
        np.add.at(share, here, double / 6.0)
    for plane in (0, 1):
        pull -= np.sum(pull * mirrors[:, plane], axis=1)[:, None] * mirrors[:, plane]
    size = np.linalg.norm(pull, axis=1)
    volume = 0.5 * np.sum(corner[:, :, 2].mean(axis=1) * normal[:, 2])
    return float(np.sum(size**2 / share) / 2.0), float(double.sum() / 2.0), float(volume), size / share


@kernel
def normal_hessian(
    x: Array, normals: Array, triangles: Array, mirrors: Array, colour: Array, free: Array,
    tension: float, pressure: float, step: float, columns: Array,
) -> None:  # fmt: skip
    """Write the second derivative of ``B + tension A - pressure V`` for moves along the normals, colour by colour.

    Vertices of one colour are more than four edges apart: each row of the matrix sees one of them at most, so one
    central difference of the exact gradient gives all their columns (Curtis, Powell and Reid 1974).
    `columns` is (colours, n): row c holds d(gradient)/du of the vertices of colour c.
    """
    n = len(x)
    pull, share = np.empty((n, 3)), np.empty(n)
    bending, area, volume = np.empty((n, 3)), np.empty((n, 3)), np.empty((n, 3))
    moved = np.empty((n, 3))
    for c in range(len(columns)):
        for side in range(2):
            sign = step if side == 0 else -step
            for v in range(n):
                by = sign if colour[v] == c and free[v] else 0.0
                for d in range(3):
                    moved[v, d] = x[v, d] + by * normals[v, d]
            surface_energy(moved, triangles, mirrors, pull, share, bending, area, volume)
            for v in range(n):
                total = 0.0
                for d in range(3):
                    total += (bending[v, d] + tension * area[v, d] - pressure * volume[v, d]) * normals[v, d]
                columns[c, v] = total / (2.0 * step) if side == 0 else columns[c, v] - total / (2.0 * step)
