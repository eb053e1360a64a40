"""Equations of one mechanical step: the shape that minimises free energy plus what friction costs.

Unknowns at node i: psi, r, x, U, A and the multipliers of segment i (between nodes i and i + 1): of r, x, U, A. U and A
are the liquid and the membrane between the mirror plane and the node. The global ones are arc length and end force.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.physics.membrane.flow_energy import Material, mixing, segment

Floats = NDArray[np.float64]
SIZE = 9  # unknowns of a node
BAND = 18  # the gradient term ties the areas of two nodes apart
PSI, RAD, AX, VOL, AREA, LR, LX, LU, LA = range(9)


class Friction(NamedTuple):
    """What resists: viscosity of the lumen (pN s/um2), drag on the membrane (pN s/um3), water (um3/(pN s)) per area."""

    viscosity: float
    drag: float
    permeability: float


class Surroundings(NamedTuple):
    """What acts on the stretch during a step.

    Parameters
    ----------
    span
        Axial length from the mirror plane to the far end, um.
    pressure, tension, potential
        Of the reservoir at the far end: pN/um2, pN/um (of membrane with its tetraspanin), pN/um.
    osmotic
        Pressure at which no water crosses the membrane, pN/um2.
    far
        Length of uniform fibre between the far end and the reservoir, um.
    liquid, membrane
        1 where the far end lets it pass, else 0.
    rest_bending, rest_curvature, rest_tension
        kappa, zeta_eff and mechanical tension of the fibre beyond the far end: pN um, 1/um, pN/um.
    """

    span: float
    pressure: float
    tension: float
    potential: float
    osmotic: float
    far: float
    liquid: int
    membrane: int
    rest_bending: float
    rest_curvature: float
    rest_tension: float


@kernel
def friction_node(r: float, psi: float, gap: float, far: float, friction: Friction, out: Floats) -> None:
    """Write the (4, 4) friction of a node by its moves (dx, dr, dU, dA), for a unit of time (eq-friction).

    At the last node the rest of the fibre adds its own: as it narrows, what it holds flows to the reservoir as well.
    """
    c, s = max(math.cos(psi), 0.05), math.sin(psi)  # Poiseuille holds along the axis; a steep shoulder costs little
    lumen = 8.0 * friction.viscosity / (math.pi * r**4)
    wall = friction.drag * 2.0 * math.pi * r
    q = (0.0, 0.0, -1.0, 0.5 * r * c)  # liquid past the wall
    t = (c, -s, 0.0, -1.0 / (2.0 * math.pi * r))  # the wall past the ground
    u = (0.0, math.pi * r, 0.0, 0.0)  # what a unit length of the rest sets free, relative to its own wall
    v = (0.0, -1.0 / r, 0.0, 0.0)
    e = (0.0, 0.0, 0.0, -1.0 / (2.0 * math.pi * r))
    for i in range(4):
        for j in range(4):
            out[i, j] = gap * (lumen * c * q[i] * q[j] + wall * t[i] * t[j])
            if far > 0.0:
                half, third = far**2 / 2.0, far**3 / 3.0
                out[i, j] += lumen * (far * q[i] * q[j] - half * (q[i] * u[j] + u[i] * q[j]) + third * u[i] * u[j])
                out[i, j] += wall * (far * e[i] * e[j] + half * (e[i] * v[j] + v[i] * e[j]) + third * v[i] * v[j])


@kernel
def occupancy(tetraspanin: Floats, moved: Floats, carried: Floats, area: Floats, phi: Floats) -> None:
    """Write (n,) occupancies after membrane `moved` (n + 1,) past the nodes and `carried` its share (eq-advected)."""
    for i in range(phi.size):
        held = tetraspanin[i + 1] - tetraspanin[i] + carried[i + 1] * moved[i + 1] - carried[i] * moved[i]
        phi[i] = held / (area[i + 1] - area[i])


@kernel
def far_fibre(r: float, around: Surroundings) -> tuple[float, float, float]:
    """Return energy of the rest of the fibre and its first two derivatives by the radius (eq-far-fibre).

    It has the occupancy that is in equilibrium with the reservoir; kappa and zeta are those of that occupancy.
    """
    kappa, zeta = around.rest_bending, around.rest_curvature
    sigma, p, pi = around.rest_tension, around.pressure, math.pi
    value = pi * kappa * r * (1.0 / r - zeta) ** 2 + 2.0 * pi * r * sigma - p * pi * r * r
    slope = pi * kappa * (zeta**2 - 1.0 / r**2) + 2.0 * pi * sigma - 2.0 * pi * p * r
    bend = 2.0 * pi * kappa / r**3 - 2.0 * pi * p
    return around.far * value, around.far * slope, around.far * bend


@kernel
def assemble(
    y: Floats, length: float, force: float, old: Floats, old_length: float, tetraspanin: Floats, carried: Floats,
    weights: Floats, dt: float, material: Material, friction: Friction, around: Surroundings,
    residual: Floats, band: Floats, border: Floats,
) -> tuple[float, float, float]:  # fmt: skip
    """Write gradient and second derivatives of the Lagrangian of a step (eq-minimising-movement).

    Parameters
    ----------
    y, old
        (n + 1, 9) unknowns now and at the start of the step.
    length, old_length, force
        Arc length now and at the start, um, and the multiplier of the span, pN.
    tetraspanin, carried
        (n + 1,) tetraspanin up to each node at the start, um2, and the occupancy of membrane that passes it.
    weights
        (n,) shares of the arc length.
    residual, band, border
        (9 (n + 1),), (3 * 18 + 1, 9 (n + 1)) in LAPACK's layout, and (9 (n + 1),) derivatives by arc length; written.

    Returns
    -------
    residual_length, hessian_length, cost
        Derivative and second derivative by arc length; friction cost of the step, pN um.
    """
    n = weights.size
    residual[:] = 0.0
    band[:] = 0.0
    border[:] = 0.0
    by_length, by_length2, cost = 0.0, 0.0, 0.0
    phi, by_area = np.empty(n), np.empty((n, 2))
    occupancy(tetraspanin, y[:, AREA] - old[:, AREA], carried, y[:, AREA], phi)
    g, H = np.empty(5), np.empty((5, 5))
    T, HT = np.zeros((5, 7)), np.empty((5, 7))
    T[0, 0], T[0, 1], T[1, 0], T[1, 1], T[2, 2], T[2, 3] = 0.5, 0.5, -1.0, 1.0, 0.5, 0.5
    for i in range(n):
        held, h = y[i + 1, AREA] - y[i, AREA], length * weights[i]
        by_area[i, 0], by_area[i, 1] = (phi[i] - carried[i]) / held, (carried[i + 1] - phi[i]) / held
        segment(y[i, PSI], y[i + 1, PSI], y[i, RAD], y[i + 1, RAD], h, phi[i], material, g, H)
        _constrain(y, i, h, g, H)
        T[4, 4], T[4, 5], T[3, 6] = by_area[i, 0], by_area[i, 1], weights[i]
        first, second = _scatter(i, g, H, T, HT, residual, band, border)
        by_length += first
        by_length2 += second
        _mix(i, phi[i], held, g[4], by_area, material, residual, band)
        leak = dt * friction.permeability * held
        _bind(y, i, h, weights[i], leak, around.osmotic, residual, band, border)
    mobility, move = np.empty((4, 4)), np.empty(4)
    for i in range(1, n + 1):
        share = 0.5 * (weights[i - 1] + (weights[i] if i < n else 0.0))
        # Friction of the shape at the start: a quadratic form, so the energy falls
        friction_node(old[i, RAD], old[i, PSI], share * old_length, around.far if i == n else 0.0, friction, mobility)
        cost += _resist(y, old, i, dt, mobility, move, residual, band)
        if i < n and material.gradient > 0.0:
            first, second = _graduate(y, i, share * length, length, phi, by_area, material, residual, band, border)
            by_length += first
            by_length2 += second
    _end(y, old, force, carried[n], around, residual, band, border)
    return by_length, by_length2, cost


@kernel
def _constrain(y: Floats, i: int, h: float, g: Floats, H: Floats) -> None:
    """Add the derivatives of a segment's constraints, by (m, d, r, h, phi), to those of its energy.

    The constraints hold the multipliers times ``h sin m``, ``-h cos m``, ``-pi r^2 h cos m`` and ``-2 pi r h``.
    """
    lr, lx, lu, la = y[i, LR], y[i, LX], y[i, LU], y[i, LA]
    m, r, pi = 0.5 * (y[i, PSI] + y[i + 1, PSI]), 0.5 * (y[i, RAD] + y[i + 1, RAD]), math.pi
    s, c = math.sin(m), math.cos(m)
    g[0] += lr * h * c + lx * h * s + lu * pi * r * r * h * s
    g[2] += -2.0 * pi * h * (lu * r * c + la)
    g[3] += lr * s - lx * c - lu * pi * r * r * c - 2.0 * pi * la * r
    H[0, 0] += h * (-lr * s + lx * c + lu * pi * r * r * c)
    by_mr, by_mh = 2.0 * lu * pi * r * h * s, lr * c + lx * s + lu * pi * r * r * s
    by_rh = -2.0 * pi * (lu * r * c + la)
    H[0, 2] += by_mr
    H[2, 0] += by_mr
    H[0, 3] += by_mh
    H[3, 0] += by_mh
    H[2, 2] -= 2.0 * lu * pi * h * c
    H[2, 3] += by_rh
    H[3, 2] += by_rh


@kernel
def _scatter(
    i: int, g: Floats, H: Floats, T: Floats, HT: Floats, residual: Floats, band: Floats, border: Floats
) -> tuple[float, float]:
    """Add a segment's derivatives to the system; `T` maps (psi0, psi1, r0, r1, A0, A1, length) to (m, d, r, h, phi)."""
    a, b = SIZE * i, SIZE * (i + 1)
    place = (a + PSI, b + PSI, a + RAD, b + RAD, a + AREA, b + AREA)
    for k in range(7):
        for j in range(5):
            HT[j, k] = H[j, 0] * T[0, k] + H[j, 1] * T[1, k] + H[j, 2] * T[2, k] + H[j, 3] * T[3, k] + H[j, 4] * T[4, k]
    for k in range(6):
        t0, t1, t2, t4 = T[0, k], T[1, k], T[2, k], T[4, k]
        residual[place[k]] += t0 * g[0] + t1 * g[1] + t2 * g[2] + t4 * g[4]
        border[place[k]] += t0 * HT[0, 6] + t1 * HT[1, 6] + t2 * HT[2, 6] + t4 * HT[4, 6]
        for j in range(6):
            value = t0 * HT[0, j] + t1 * HT[1, j] + t2 * HT[2, j] + t4 * HT[4, j]
            band[2 * BAND + place[k] - place[j], place[j]] += value
    return T[3, 6] * g[3], T[3, 6] * HT[3, 6]


@kernel
def _second(j: int, k: int, p0: float, p1: float, held: float, slope: float, band: Floats) -> None:
    """Add `slope` times the second derivatives of a segment's occupancy by its two areas."""
    middle = 2 * BAND
    mixed = slope * (p1 - p0) / held
    band[middle, j] += slope * 2.0 * p0 / held
    band[middle, k] -= slope * 2.0 * p1 / held
    band[middle + j - k, k] += mixed
    band[middle + k - j, j] += mixed


@kernel
def _mix(
    i: int, phi: float, held: float, bending: float, by_area: Floats, material: Material, residual: Floats, band: Floats
) -> None:
    """Add the energy of mixing of a segment; `bending` is the slope of its bending energy by occupancy."""
    f, df, ddf = mixing(phi, material)
    p0, p1, middle = by_area[i, 0], by_area[i, 1], 2 * BAND
    j, k = SIZE * i + AREA, SIZE * (i + 1) + AREA
    residual[j] += -f + held * df * p0
    residual[k] += f + held * df * p1
    band[middle, j] += -2.0 * df * p0 + held * ddf * p0 * p0
    band[middle, k] += 2.0 * df * p1 + held * ddf * p1 * p1
    mixed = df * (p0 - p1) + held * ddf * p0 * p1
    band[middle + j - k, k] += mixed
    band[middle + k - j, j] += mixed
    _second(j, k, p0, p1, held, bending + held * df, band)


@kernel
def _bind(
    y: Floats, i: int, h: float, weight: float, leak: float, osmotic: float, residual: Floats, band: Floats,
    border: Floats,
) -> None:  # fmt: skip
    """Add the rows of a segment's four constraints and the columns of their multipliers (eq-cumulative).

    Water that crosses the membrane, `leak` per pressure, leaves the lumen's books in the row of the volume.
    """
    m, r, pi, middle = 0.5 * (y[i, PSI] + y[i + 1, PSI]), 0.5 * (y[i, RAD] + y[i + 1, RAD]), math.pi, 2 * BAND
    s, c = math.sin(m), math.cos(m)
    past = (h * s, -h * c, -pi * r * r * h * c - leak * (y[i, LU] - osmotic), -2.0 * pi * r * h)
    by_m = (0.5 * h * c, 0.5 * h * s, 0.5 * pi * r * r * h * s, 0.0)
    by_r = (0.0, 0.0, -pi * r * h * c, -pi * h)
    by_h = (s, -c, -pi * r * r * c, -2.0 * pi * r)
    for q in range(4):
        row = SIZE * i + LR + q
        residual[row] = y[i + 1, RAD + q] - y[i, RAD + q] + past[q]
        border[row] = weight * by_h[q]
        for k in range(2):
            column = SIZE * (i + k)
            sign = 2.0 * k - 1.0
            residual[column + RAD + q] += sign * y[i, LR + q]
            for place, value in ((column + PSI, by_m[q]), (column + RAD, by_r[q]), (column + RAD + q, sign)):
                band[middle + row - place, place] += value
                band[middle + place - row, row] += value
    band[middle, SIZE * i + LU] -= leak


@kernel
def _resist(
    y: Floats, old: Floats, i: int, dt: float, mobility: Floats, move: Floats, residual: Floats, band: Floats
) -> float:
    """Add the friction of a node and return its cost."""
    a, cost = SIZE * i, 0.0
    place = (a + AX, a + RAD, a + VOL, a + AREA)
    move[0], move[1] = y[i, AX] - old[i, AX], y[i, RAD] - old[i, RAD]
    move[2], move[3] = y[i, VOL] - old[i, VOL], y[i, AREA] - old[i, AREA]
    for k in range(4):
        force = 0.0
        for j in range(4):
            force += mobility[k, j] * move[j] / dt
            band[2 * BAND + place[k] - place[j], place[j]] += mobility[k, j] / dt
        residual[place[k]] += force
        cost += 0.5 * force * move[k]
    return cost


@kernel
def _graduate(
    y: Floats, i: int, gap: float, length: float, phi: Floats, by_area: Floats, material: Material,
    residual: Floats, band: Floats, border: Floats,
) -> tuple[float, float]:  # fmt: skip
    """Add the cost of the difference in occupancy across a node, ``pi g r (phi_i - phi_i-1)^2 / gap``."""
    a, middle = SIZE * i, 2 * BAND
    step = phi[i] - phi[i - 1]
    unit = math.pi * material.gradient / gap
    each = unit * y[i, RAD]
    pull = 2.0 * each * step
    areas = (a - SIZE + AREA, a + AREA, a + SIZE + AREA)
    d = (-by_area[i - 1, 0], by_area[i, 0] - by_area[i - 1, 1], by_area[i, 1])
    residual[a + RAD] += unit * step * step
    border[a + RAD] -= unit * step * step / length
    for k in range(3):
        residual[areas[k]] += pull * d[k]
        border[areas[k]] -= pull * d[k] / length
        band[middle + a + RAD - areas[k], areas[k]] += 2.0 * unit * step * d[k]
        band[middle + areas[k] - a - RAD, a + RAD] += 2.0 * unit * step * d[k]
        for j in range(3):
            band[middle + areas[k] - areas[j], areas[j]] += 2.0 * each * d[k] * d[j]
    for side in range(2):
        p0, p1 = by_area[i - 1 + side, 0], by_area[i - 1 + side, 1]
        held = y[i + side, AREA] - y[i - 1 + side, AREA]
        _second(areas[side], areas[side + 1], p0, p1, held, pull * (2.0 * side - 1.0), band)
    return -each * step * step / length, 2.0 * each * step * step / length**2


@kernel
def _end(
    y: Floats, old: Floats, force: float, entering: float, around: Surroundings, residual: Floats, band: Floats,
    border: Floats,
) -> None:  # fmt: skip
    """Add what acts at the far end, and fix what cannot move there and at the mirror plane."""
    n = y.shape[0] - 1
    a = SIZE * n
    if around.far > 0.0:
        slope, bend = far_fibre(y[n, RAD], around)[1:]
        residual[a + RAD] += slope
        band[2 * BAND, a + RAD] += bend
    residual[a + AX] += force
    residual[a + VOL] -= around.pressure
    residual[a + AREA] += around.tension - around.potential * entering
    for q in range(4):
        _fix(band, residual, border, a + LR + q, 0.0)
    for q in (PSI, AX, VOL, AREA):
        _fix(band, residual, border, q, y[0, q])
    _fix(band, residual, border, a + PSI, y[n, PSI])
    if around.liquid == 0:
        _fix(band, residual, border, a + VOL, y[n, VOL] - old[n, VOL])
    if around.membrane == 0:
        _fix(band, residual, border, a + AREA, y[n, AREA] - old[n, AREA])


@kernel
def _fix(band: Floats, residual: Floats, border: Floats, row: int, value: float) -> None:
    """Put the equation "this unknown moves by -value" in the place of its row."""
    for column in range(max(0, row - BAND), min(residual.size, row + BAND + 1)):
        band[2 * BAND + row - column, column] = 0.0
    band[2 * BAND, row] = 1.0
    residual[row] = value
    border[row] = 0.0
