"""Junctions without a surface: a sphere with horns, and long arms as uniform tubes.

Lengths in tube radii R, energies in kappa, tension as ``Gamma = sigma R^2/kappa``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from migralab.core.errors import RequestError
from migralab.membrane.junction.problem import LONGEST, Filling
from migralab.membrane.junction.ramp import JunctionRamp, bulge_of

Floats = NDArray[np.float64]

LEAST_BALL = 2.5  # radii; below it the horns of a sphere touch and their linear response means nothing


def sphere_slope(ball: float, tension: float, arms: int = 3) -> float:
    """Return ``dE/d(ball)`` of a sphere on long arms (eq-junction-sphere); 0 in equilibrium.

    ``E = 4 pi Gamma b^2 - 4/3 pi P b^3 - n f b - n f^2/(4 pi Gamma) ln b`` with ``P = Gamma - 1/2`` (long arms) and the
    tube's energy per length ``f = pi (Gamma + 3/2)``: membrane drawn in, volume, arms swallowed, and the horns that the
    pulling forces raise on the sphere. No number is fitted. The bending of a sphere, 8 pi, does not depend on b.
    """
    f = math.pi * (tension + 1.5)
    volume = 4.0 * math.pi * (tension - 0.5) * ball**2
    return 8.0 * math.pi * tension * ball - volume - arms * f - arms * f**2 / (4.0 * math.pi * tension * ball)


def sphere_tension(ball: float, arms: int = 3) -> float:
    """Return the tension that holds a sphere of radius `ball` (at least 2.5) on `arms` long tubes.

    Raises
    ------
    RequestError
        If the ball is too small for the model or there are fewer than two arms
    """
    if not ball >= LEAST_BALL or arms < 2:
        raise RequestError(
            f"A sphere of {ball:g} tube radii with {arms} arms is outside the model: it holds from {LEAST_BALL:g} "
            "radii and two arms on; the horns of a smaller sphere touch."
        )
    return float(brentq(lambda g: sphere_slope(ball, g, arms), 0.5, 40.0))


def sphere_fold(arms: int = 3) -> tuple[float, float]:
    """Return tension and radius at which a junction of long arms snaps, by the sphere with horns (eq-junction-fold).

    Raises
    ------
    RequestError
        If there are fewer than three arms: on a plain tube the tension only falls with the ball, there is no fold
    """
    if arms < 3:
        raise RequestError(f"A bulge with {arms} arms has no fold: on a plain tube every sphere is a barrier.")
    best = minimize_scalar(lambda ball: -sphere_tension(ball, arms), bounds=(LEAST_BALL, 12.0), method="bounded")
    return -float(best.fun), float(best.x)


def ball_of_volume(excess: float, arms: int = 3) -> float:
    """Return the radius of the sphere whose volume less that of the arms inside is `excess` (eq-junction-excess)."""
    return float(
        brentq(lambda b: 4.0 / 3.0 * math.pi * b**3 - arms * math.pi * b - excess, math.sqrt(arms / 4.0), 100.0)
    )


@dataclass(frozen=True, slots=True)
class ClosedRamp:
    """A closed junction with long arms; arrays (n,) in tube radii at rest, tension as Gamma."""

    arm_length: float
    gamma: Floats
    junction_radius: Floats
    arm_radius: Floats
    bulge_gamma: float
    bulge_kind: str


def closed_ramp(ramp: JunctionRamp, arm_length: float) -> ClosedRamp:
    """Return the closed ramp of a junction whose arms are `arm_length` tube radii, from its ramp with long arms.

    Where nothing but the junction breaks the uniformity of an arm, every shape is one of the long ramp, scaled by the
    radius r that the arms have left (eq-junction-closed): ``v r^3 + 3 pi l r^2 = v0 + 3 pi l`` and
    ``Gamma = Gamma_long / r^2``, v the excess of volume at the junction. Exact but for the clamped ends.

    Raises
    ------
    RequestError
        If the ramp is not one of filling "long", or the arms are shorter than the mesh's
    """
    if ramp.filling is not Filling.LONG:
        raise RequestError("closed_ramp scales the ramp of a junction with filling 'long'; this one is 'closed'.")
    if not LONGEST / 2.0 <= arm_length < math.inf:
        raise RequestError(
            f"arm_length is {arm_length:g} tube radii: below {LONGEST / 2.0:g} take `tension_ramp` itself."
        )
    radius = ramp.junction.radius
    section = ramp.around * math.sin(math.pi / ramp.around)  # of the tube as meshed
    excess = ramp.volume / radius**3 - section * float(ramp.junction.straight_arms().sum())
    full = 3.0 * section * arm_length
    left = np.array([brentq(lambda r, v=v: v * r**3 + full * r**2 - excess[0] - full, 1e-3, 2.0) for v in excess])
    gamma, ball = ramp.gamma / left**2, ramp.junction_radius / radius * left
    _, kind, threshold = bulge_of(gamma, ball)
    return ClosedRamp(arm_length, gamma, ball, left, threshold, kind)
