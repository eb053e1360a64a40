"""Do forces and torques of a shape balance? Read from the curvature of the profile, not from the minimisation.

A shape that minimises the discrete energy need not be one of the membrane. Here the continuous balances are evaluated
on it; what remains is the error of the mesh and falls with its square.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from migralab.physics.membrane.profile import (
    DOMAIN_LENGTH,
    DOMAIN_TENSION,
    FIBRE_LENGTH,
    FORCE,
    INFLATION,
    Floats,
    Problem,
    assemble,
    new_system,
)


class Balance(NamedTuple):
    """Largest relative errors.

    Parameters
    ----------
    axial
        Of the force through a cross-section against the pulling force, anywhere on the profile (eq-axial).
    shear
        Of the radial force at the border, against the line tension (eq-border).
    torque
        Of the bending moment at the border, against the jump of the Gaussian modulus (eq-border).
    """

    axial: float
    shear: float
    torque: float


def balance(psi: Floats, radius: Floats, weight: Floats, border: int, whole: Floats, problem: Problem) -> Balance:
    """Return how well a dimensionless profile balances; arguments as in `profile.assemble`."""
    n = len(weight)
    if not (np.isfinite(psi).all() and np.min(radius) > 0.0):
        return Balance(np.inf, np.inf, np.inf)  # where a search has stopped, not a surface
    inside = np.arange(n) < border
    h = weight * np.where(inside, whole[DOMAIN_LENGTH], whole[FIBRE_LENGTH])
    m, rho, turn = 0.5 * (psi[1:] + psi[:-1]), 0.5 * (radius[1:] + radius[:-1]), np.diff(psi) / h
    kappa = np.where(inside, problem.stiffness, 1.0)
    bend = turn + np.cos(m) / rho - np.where(inside, problem.domain_curvature, problem.fibre_curvature)
    tension = np.where(inside, whole[DOMAIN_TENSION], problem.tension)
    pressure = problem.pressure + np.where(inside, whole[INFLATION], 0.0)
    shear = _shear(psi, radius, weight, border, whole, problem)
    terms = np.stack(
        [
            2 * np.pi * kappa * rho * bend * turn, -np.pi * kappa * rho * bend**2, -2 * np.pi * tension * rho,
            np.pi * pressure * rho**2 * np.cos(m), whole[FORCE] * np.cos(m), -shear * np.sin(m),
        ]
    )  # fmt: skip
    axial = np.max(np.abs(terms.sum(axis=0))) / np.max(np.abs(terms).sum(axis=0))
    middle = np.cumsum(h) - 0.5 * h
    place = middle[border] - 0.5 * h[border]
    moment = 2 * np.pi * kappa * rho * bend
    before, after = (_at(place, middle[part], moment[part]) for part in _sides(border))
    gaussian = 2 * np.pi * problem.gaussian_jump * np.cos(psi[border])
    torque = abs(before - after + gaussian) / max(abs(before), abs(after), abs(gaussian), 1.0)
    left, right = (_at(place, middle[part], shear[part]) for part in _sides(border))
    line = 2 * np.pi * problem.line_tension
    jump = abs(right - left - line) / max(np.max(np.abs(shear)), abs(line), 1.0)
    return Balance(float(axial), float(jump), float(torque))


def _shear(psi: Floats, radius: Floats, weight: Floats, border: int, whole: Floats, problem: Problem) -> Floats:
    """Return the radial force in each segment (n,): it grows by what each node's radius is pushed with."""
    n = len(weight)
    system = new_system(n)
    assemble(psi, radius, np.zeros(n), weight, border, whole, problem, system)
    return np.cumsum(system.rest[:n, 1])


def _sides(border: int) -> tuple[slice, slice]:
    """Return the three segments before the border and the three after it."""
    return slice(border - 3, border), slice(border, border + 3)


def _at(place: float, where: Floats, values: Floats) -> float:
    """Return the parabola through three points, at a place."""
    (x, y, z), (u, v, w) = where - place, values
    return float(u * y * z / ((x - y) * (x - z)) + v * x * z / ((y - x) * (y - z)) + w * x * y / ((z - x) * (z - y)))
