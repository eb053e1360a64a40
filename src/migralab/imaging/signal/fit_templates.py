"""Compiled parts of the vesicle fit: what a vesicle and its fibres look like, and small systems of equations.

An edit here is not noticed by the compiled code that `fit_kernel` has in the cache unless `core.kernel` hashes this
folder too: remove the cache after one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel

Floats = NDArray[np.float64]


@kernel
def solve(matrix: Floats, right: Floats, count: int, out: Floats) -> None:
    """Solve a small symmetric system by elimination; a parameter that nothing determines stays 0."""
    a = matrix[:count, :count].copy()
    b = right[:count].copy()
    for i in range(count):
        floor = 1e-9 * matrix[i, i] + 1e-30
        if a[i, i] <= floor:
            a[i, i] = 1e30
        for j in range(i + 1, count):
            factor = a[j, i] / a[i, i]
            for k in range(i, count):
                a[j, k] -= factor * a[i, k]
            b[j] -= factor * b[i]
    for i in range(count - 1, -1, -1):
        total = b[i]
        for k in range(i + 1, count):
            total -= a[i, k] * out[k]
        out[i] = total / a[i, i]


@kernel
def at_radius(tables: Floats, step: float, radius: float, out: Floats) -> None:
    """Interpolate shell, ball and their slopes at one radius: (distance, 6) into `out`."""
    rows, columns = tables.shape[1], tables.shape[2]
    i = min(max(radius / step - 1.0, 0.0), rows - 1.001)
    i0 = int(i)
    u = i - i0
    for t in range(6):
        for j in range(columns):
            out[j, t] = (1 - u) * tables[t, i0, j] + u * tables[t, i0 + 1, j]


@kernel
def fill_templates(  # noqa: PLR0913  # numba takes plain arrays
    shape: Floats, arms: int, dx: Floats, dy: Floats, tables: Floats, steps: Floats, width: float, rows: Floats,
    slopes: Floats,
) -> None:  # fmt: skip
    """Light of each part per unit (LIGHTS, P), and the slopes that need its lights later (6 + 3 ARMS, P)."""
    radius = math.exp(shape[2])
    profile = np.empty((tables.shape[2], 6))
    at_radius(tables, steps[0], radius, profile)
    last = tables.shape[2] - 1.001
    for p in range(dx.shape[0]):
        x, y = dx[p] - shape[0], dy[p] - shape[1]
        distance = math.sqrt(x * x + y * y) + 1e-12
        j = min(distance / steps[1], last)
        j0 = int(j)
        v = j - j0
        near, far = profile[j0], profile[j0 + 1]
        rows[0, p], rows[1, p], rows[2, p] = near[0] + v * (far[0] - near[0]), near[1] + v * (far[1] - near[1]), 1.0
        for t in range(2):
            by_distance = (near[4 + t] + v * (far[4 + t] - near[4 + t])) / distance
            slopes[3 * t, p] = -by_distance * x
            slopes[3 * t + 1, p] = -by_distance * y
            slopes[3 * t + 2, p] = (near[2 + t] + v * (far[2 + t] - near[2 + t])) * radius
    for k in range(arms):
        c, s = math.cos(shape[3 + k]), math.sin(shape[3 + k])
        for p in range(dx.shape[0]):
            x, y = dx[p] - shape[0], dy[p] - shape[1]
            along, across = (x * c + y * s) / width, (y * c - x * s) / width
            gauss, part, edge = 0.0, 0.0, 0.0
            if along > -4.0 and abs(across) < 5.0:
                gauss = math.exp(-0.5 * across * across) / (2.5066282746 * width)
                part = 1.0
                if along < 4.0:
                    part = 0.5 * (1.0 + math.erf(along / 1.4142135624))
                    edge = gauss * math.exp(-0.5 * along * along) / (2.5066282746 * width)
            side = -across / width * gauss * part
            rows[3 + k, p] = gauss * part
            slopes[6 + 3 * k, p] = -c * edge + s * side
            slopes[7 + 3 * k, p] = -s * edge - c * side
            slopes[8 + 3 * k, p] = (across * edge - along * side) * width
