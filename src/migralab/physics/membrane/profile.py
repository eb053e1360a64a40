"""Energy of half a swelling of revolution, its gradient and its Hessian, segment by segment; docs/theory/membrane.md.

Everything is dimensionless: lengths in R_l, energies in kappa_l of the fibre. The profile runs from the middle of
the swelling (node 0) over the border of the domain (node `border`) to the bare fibre (last node); psi is the angle
of its tangent to the axis, so dx = cos psi ds and dr = -sin psi ds.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel

Array = NDArray[Any]
Floats = NDArray[np.float64]

# Unknowns of the whole profile, beside psi, r and lambda of each node
DOMAIN_LENGTH, FIBRE_LENGTH, DOMAIN_TENSION, INFLATION, FORCE = range(5)
GLOBALS = 5


class Problem(NamedTuple):
    """One problem, dimensionless; all of it belongs to *half* a swelling.

    Parameters
    ----------
    stiffness
        k: bending modulus of the domain.
    domain_curvature, fibre_curvature
        Spontaneous curvatures.
    gaussian_jump
        kbar of the domain less kbar of the fibre.
    line_tension
        tau of the border.
    tension
        sigma of the fibre; 1/2 without spontaneous curvature.
    pressure
        Of the lumen over the outside, in fibre and domain.
    tube_radius
        Of the bare fibre at the end.
    area
        Of half the domain.
    volume
        Of half the domain; used if `holds_volume`.
    half_length
        From the middle to the end; used if `holds_length`.
    holds_volume, holds_length
        1 if the extra pressure in the domain, or the pulling force, is what the constraint makes it.
    """

    stiffness: float
    domain_curvature: float
    fibre_curvature: float
    gaussian_jump: float
    line_tension: float
    tension: float
    pressure: float
    tube_radius: float
    area: float
    volume: float
    half_length: float
    holds_volume: int
    holds_length: int


@kernel
def integrate_radius(psi: Floats, radius: Floats, weight: Floats, border: int, whole: Floats, end: float) -> None:
    """Fill `radius` (n,) from the end inwards, so that dr = -sin psi ds holds for every segment."""
    n = len(weight)
    radius[n] = end
    for i in range(n - 1, -1, -1):
        h = weight[i] * (whole[DOMAIN_LENGTH] if i < border else whole[FIBRE_LENGTH])
        radius[i] = radius[i + 1] + math.sin(0.5 * (psi[i] + psi[i + 1])) * h


@kernel
def totals(
    psi: Floats, radius: Floats, weight: Floats, border: int, whole: Floats, problem: Problem, result: Floats
) -> None:
    """Fill `result` (6,) with the sums over a profile (eq-helfrich).

    They are energy, area and volume of the domain, length, least radius of a segment, and volume in all. The energy is
    that of bending, of the border and of the fibre's reservoir, less the work of the pressure `problem.pressure`; the
    work of the force and of the constraints is not in it.
    """
    energy = area = volume = length = filled = 0.0
    least = math.inf
    for i in range(len(weight)):
        inside = i < border
        h = weight[i] * (whole[DOMAIN_LENGTH] if inside else whole[FIBRE_LENGTH])
        middle, rho = 0.5 * (psi[i] + psi[i + 1]), 0.5 * (radius[i] + radius[i + 1])
        least = min(least, rho)
        kappa, c0 = (problem.stiffness, problem.domain_curvature) if inside else (1.0, problem.fibre_curvature)
        bend = (psi[i + 1] - psi[i]) / h + math.cos(middle) / rho - c0
        energy += math.pi * kappa * bend**2 * rho * h
        piece, cell = 2.0 * math.pi * rho * h, math.pi * rho**2 * math.cos(middle) * h
        length += math.cos(middle) * h
        filled += cell
        energy -= problem.pressure * cell
        if inside:
            area += piece
            volume += cell
        else:
            energy += problem.tension * piece
    energy += 2.0 * math.pi * (problem.gaussian_jump * math.sin(psi[border]) + problem.line_tension * radius[border])
    result[0], result[1], result[2], result[3], result[4], result[5] = energy, area, volume, length, least, filled


def totals_array(
    psi: Floats, radius: Floats, weight: Floats, border: int, whole: Floats, problem: Problem, result: Floats
) -> None:
    """Vectorised numpy twin of `totals`."""
    inside = np.arange(len(weight)) < border
    h = weight * np.where(inside, whole[DOMAIN_LENGTH], whole[FIBRE_LENGTH])
    middle, rho = 0.5 * (psi[:-1] + psi[1:]), 0.5 * (radius[:-1] + radius[1:])
    kappa = np.where(inside, problem.stiffness, 1.0)
    bend = np.diff(psi) / h + np.cos(middle) / rho - np.where(inside, problem.domain_curvature, problem.fibre_curvature)
    piece, cell = 2 * np.pi * rho * h, np.pi * rho**2 * np.cos(middle) * h
    energy = np.sum(0.5 * kappa * bend**2 * piece + np.where(inside, 0.0, problem.tension) * piece)
    energy -= problem.pressure * np.sum(cell)
    energy += 2 * np.pi * (problem.gaussian_jump * np.sin(psi[border]) + problem.line_tension * radius[border])
    length = np.sum(np.cos(middle) * h)
    result[:] = energy, np.sum(piece[inside]), np.sum(cell[inside]), length, np.min(rho), np.sum(cell)


class System(NamedTuple):
    """Gradient and Hessian of a profile of n segments.

    Parameters
    ----------
    diagonal, upper
        (n + 1, 3, 3) blocks of the nodes for psi, r and lambda, and (n, 3, 3) blocks between a node and the next.
    edge, corner
        (n + 1, 3, 5) columns of the unknowns of the whole, and (5, 5) their own block.
    rest, rest_whole
        (n + 1, 3) and (5,) gradient.
    """

    diagonal: Floats
    upper: Floats
    edge: Floats
    corner: Floats
    rest: Floats
    rest_whole: Floats


@kernel
def new_system(n: int) -> System:
    """Return room for the gradient and Hessian of n segments."""
    return System(
        np.empty((n + 1, 3, 3)), np.empty((n, 3, 3)), np.empty((n + 1, 3, GLOBALS)), np.empty((GLOBALS, GLOBALS)),
        np.empty((n + 1, 3)), np.empty(GLOBALS),
    )  # fmt: skip


@kernel
def assemble(
    psi: Floats, radius: Floats, shear: Floats, weight: Floats, border: int, whole: Floats, problem: Problem,
    system: System,
) -> None:  # fmt: skip
    """Fill gradient and Hessian of the Lagrangian (eq-lagrangian).

    Parameters
    ----------
    psi, radius
        (n + 1,) of the nodes.
    shear
        (n,) lambda of each segment: the multiplier of dr = -sin psi ds.
    weight
        (n,) share of each segment in the arc length of its part.
    border
        Node between domain and fibre.
    whole
        (5,) arc lengths of domain and fibre, tension of the domain, its extra pressure, pulling force.
    system
        Result.
    """
    for block in (system.diagonal, system.upper, system.edge):
        block[...] = 0.0
    system.corner[...] = 0.0
    system.rest[...] = 0.0
    system.rest_whole[...] = 0.0
    grad, hess = np.empty(4), np.empty((4, 4))
    force = whole[FORCE]
    for i in range(len(weight)):
        inside = i < border
        part = DOMAIN_LENGTH if inside else FIBRE_LENGTH
        h = weight[i] * whole[part]
        d, m, rho = psi[i + 1] - psi[i], 0.5 * (psi[i] + psi[i + 1]), 0.5 * (radius[i] + radius[i + 1])
        if inside:
            _bending(d, m, rho, h, math.pi * problem.stiffness, problem.domain_curvature, grad, hess)
            _loads(m, rho, h, whole[DOMAIN_TENSION], problem.pressure + whole[INFLATION], force, shear[i], grad, hess)
        else:
            _bending(d, m, rho, h, math.pi, problem.fibre_curvature, grad, hess)
            _loads(m, rho, h, problem.tension, problem.pressure, force, shear[i], grad, hess)
        _scatter(i, part, weight[i], grad, hess, system)
        _tie(i, part, weight[i], m, h, radius[i + 1] - radius[i], shear[i], system)
        _constrain(i, part, weight[i], m, rho, h, system)
    system.diagonal[border, 0, 0] -= 2.0 * math.pi * problem.gaussian_jump * math.sin(psi[border])
    system.rest[border, 0] += 2.0 * math.pi * problem.gaussian_jump * math.cos(psi[border])
    system.rest[border, 1] += 2.0 * math.pi * problem.line_tension
    system.rest_whole[DOMAIN_TENSION] -= problem.area
    system.rest_whole[INFLATION] += problem.volume
    system.rest_whole[FORCE] += problem.half_length


@kernel
def _loads(
    m: float, rho: float, h: float, tension: float, pressure: float, force: float, shear: float, grad: Floats,
    hess: Floats,
) -> None:  # fmt: skip
    """Add tension, pressure, force and the tie of psi to r: their derivatives by (d, m, rho, h)."""
    sine, cosine = math.sin(m), math.cos(m)
    push = force + math.pi * pressure * rho**2
    grad[1] += push * sine * h + shear * cosine * h
    grad[2] += 2.0 * math.pi * (tension - pressure * rho * cosine) * h
    grad[3] += 2.0 * math.pi * tension * rho - push * cosine + shear * sine
    hess[1, 1] += push * cosine * h - shear * sine * h
    hess[1, 2] += 2.0 * math.pi * pressure * rho * sine * h
    hess[1, 3] += push * sine + shear * cosine
    hess[2, 2] -= 2.0 * math.pi * pressure * cosine * h
    hess[2, 3] += 2.0 * math.pi * (tension - pressure * rho * cosine)


@kernel
def _scatter(i: int, part: int, w: float, grad: Floats, hess: Floats, system: System) -> None:
    """Add a segment's derivatives by (d, m, rho, h) to those by psi and r of its nodes and the arc length of its part.

    d is the difference of the two psi, m and rho are means, h is the share w of the arc length.
    """
    diagonal, upper, edge = system.diagonal, system.upper, system.edge
    for a in range(2):
        one = 2.0 * a - 1.0
        node = i + a
        system.rest[node, 0] += one * grad[0] + 0.5 * grad[1]
        system.rest[node, 1] += 0.5 * grad[2]
        diagonal[node, 0, 0] += hess[0, 0] + one * hess[0, 1] + 0.25 * hess[1, 1]
        mixed = 0.5 * one * hess[0, 2] + 0.25 * hess[1, 2]
        diagonal[node, 0, 1] += mixed
        diagonal[node, 1, 0] += mixed
        diagonal[node, 1, 1] += 0.25 * hess[2, 2]
        edge[node, 0, part] += w * (one * hess[0, 3] + 0.5 * hess[1, 3])
        edge[node, 1, part] += 0.5 * w * hess[2, 3]
    upper[i, 0, 0] += 0.25 * hess[1, 1] - hess[0, 0]
    upper[i, 0, 1] += 0.25 * hess[1, 2] - 0.5 * hess[0, 2]
    upper[i, 1, 0] += 0.25 * hess[1, 2] + 0.5 * hess[0, 2]
    upper[i, 1, 1] += 0.25 * hess[2, 2]
    system.corner[part, part] += w * w * hess[3, 3]
    system.rest_whole[part] += w * grad[3]


@kernel
def _tie(i: int, part: int, w: float, m: float, h: float, rise: float, shear: float, system: System) -> None:
    """Add the tie dr = -sin psi ds of a segment; its multiplier belongs to its first node."""
    sine, tie = math.sin(m), 0.5 * math.cos(m) * h
    system.diagonal[i, 0, 2] += tie
    system.diagonal[i, 2, 0] += tie
    system.diagonal[i, 1, 2] -= 1.0
    system.diagonal[i, 2, 1] -= 1.0
    system.upper[i, 2, 0] += tie
    system.upper[i, 2, 1] += 1.0
    system.edge[i, 2, part] += sine * w
    system.rest[i, 2] += rise + sine * h
    system.rest[i, 1] -= shear
    system.rest[i + 1, 1] += shear


@kernel
def _constrain(i: int, part: int, w: float, m: float, rho: float, h: float, system: System) -> None:
    """Add a segment's share of the area and volume of the domain, and of the length."""
    sine, cosine = math.sin(m), math.cos(m)
    if part == DOMAIN_LENGTH:
        _column(i, DOMAIN_TENSION, 0.0, 2.0 * math.pi * h, 2.0 * math.pi * rho, w, part, system)
        cell = math.pi * rho**2
        _column(i, INFLATION, cell * sine * h, -2.0 * math.pi * rho * cosine * h, -cell * cosine, w, part, system)
        system.rest_whole[DOMAIN_TENSION] += 2.0 * math.pi * rho * h
        system.rest_whole[INFLATION] -= cell * cosine * h
    _column(i, FORCE, sine * h, 0.0, -cosine, w, part, system)
    system.rest_whole[FORCE] -= cosine * h


@kernel
def _bending(d: float, m: float, rho: float, h: float, stiff: float, c0: float, grad: Floats, hess: Floats) -> None:
    """Set gradient and upper half of the Hessian by (d, m, rho, h) of ``stiff T^2 rho h``, T = d/h + cos m/rho - c0."""
    sine, cosine = math.sin(m), math.cos(m)
    bend, area = d / h + cosine / rho - c0, rho * h
    by_d, by_m, by_rho, by_h = 1.0 / h, -sine / rho, -cosine / rho**2, -d / h**2
    twice, square = 2.0 * stiff * bend * area, stiff * bend**2
    grad[0], grad[1] = twice * by_d, twice * by_m
    grad[2], grad[3] = twice * by_rho + square * h, twice * by_h + square * rho
    full, push = 2.0 * stiff * area, 2.0 * stiff * bend
    hess[0, 0], hess[0, 1], hess[1, 1] = full * by_d**2, full * by_d * by_m, full * by_m**2
    hess[0, 2], hess[1, 2] = by_d * (full * by_rho + push * h), by_m * (full * by_rho + push * h)
    hess[0, 3], hess[1, 3] = by_d * (full * by_h + push * rho), by_m * (full * by_h + push * rho)
    hess[2, 2], hess[3, 3] = full * by_rho**2 + 2.0 * push * by_rho * h, full * by_h**2 + 2.0 * push * by_h * rho
    hess[2, 3] = full * by_rho * by_h + push * (by_rho * rho + by_h * h) + square
    # The second derivatives of the curvature itself
    hess[0, 3] -= twice / h**2
    hess[1, 1] -= twice * cosine / rho
    hess[1, 2] += twice * sine / rho**2
    hess[2, 2] += twice * 2.0 * cosine / rho**3
    hess[3, 3] += twice * 2.0 * d / h**3


@kernel
def _column(i: int, column: int, by_m: float, by_rho: float, by_h: float, w: float, part: int, system: System) -> None:
    """Add the derivatives of one constraint on segment `i`, given by (m, rho, h), to its column."""
    for node in (i, i + 1):
        system.edge[node, 0, column] += 0.5 * by_m
        system.edge[node, 1, column] += 0.5 * by_rho
    system.corner[part, column] += by_h * w
    system.corner[column, part] += by_h * w
