"""The shape of a junction at one tension. Theory in docs/theory/membrane-junction.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.membrane.junction.measure import arm_sections, inscribed_ball, outer_sections, whole_surface
from migralab.membrane.junction.problem import (
    REST,
    Filling,
    Junction,
    checked_around,
    checked_filling,
)
from migralab.membrane.junction.solver import Held, Surface, force_density, settle, softest_modes
from migralab.membrane.status import Status
from migralab.physics.membrane.surface.mesh import quality
from migralab.physics.membrane.surface.tubes import balance_point, junction_mesh

Array = NDArray[Any]
Floats = NDArray[np.float64]

KICKS, KICK, STEADY = 4, 0.1, 1e-6  # times and radii that a saddle is pushed; stiffness below which it is one


@dataclass(frozen=True, slots=True)
class JunctionShape:
    """A solved surface; lengths um, energies pN um. Not converged: the last shape that held.

    vertices : (n, 3); triangles : (m, 3) outward; open at the three ends
    junction_radius : of the largest ball that fits in at the junction
    arm_positions, arm_radii : (3, k) distance from the middle and radius of the section of equal area
    arm_radius, arm_thinnest : the widest of the three arms half way out, and the narrowest section beyond half way
    residual : largest normal force per area left, kappa/R^3; stiffness : lowest of the second variation, kappa/R^4
    mode_in_junction : share of that softest mode within the ball and 2 radii around it
    """

    junction: Junction
    filling: Filling
    status: Status
    instruction: str
    tension: float
    gamma: float
    pressure: float
    vertices: Floats
    triangles: Array
    junction_radius: float
    arm_positions: Floats
    arm_radii: Floats
    arm_radius: float
    arm_thinnest: float
    area: float
    volume: float
    energy_bending: float
    energy_tension: float
    residual: float
    stiffness: float
    mode_in_junction: float
    quality: float

    @property
    def energy(self) -> float:
        """Return bending plus tension times area, pN um."""
        return self.energy_bending + self.energy_tension


def resting_surface(junction: Junction, around: int) -> tuple[Surface, bool]:
    """Return the surface at rest (tension 1/2, no pressure; tube radii) and whether it was found."""
    ends, _ = junction.clamps()
    ends = ends - balance_point(ends)
    faces = ends / np.linalg.norm(ends, axis=1)[:, None]  # the ends turn towards where the forces balance
    surface = Surface(junction_mesh(ends, faces, around))
    found, _, _ = settle(surface, Held(REST))
    return surface, found


def described(
    junction: Junction,
    surface: Surface,
    held: tuple[float, float],
    filling: Filling,
    status: Status,
    instruction: str,
) -> JunctionShape:
    """Measure a surface at (tension, pressure), dimensionless, and return it in um and pN."""
    gamma, pressure = held
    R, kappa = junction.radius, junction.bending  # noqa: N806
    d = surface.derivatives()
    centre, ball = inscribed_ball(surface.x, surface.mesh)
    positions, radii = arm_sections(surface.x, surface.mesh)
    outer = outer_sections(surface.x, surface.mesh)
    values, modes = softest_modes(surface, gamma, pressure, closed=filling is Filling.CLOSED)
    near = np.linalg.norm(surface.x[surface.free] - centre, axis=1) < ball + 2.0
    weight = modes[:, 0] ** 2 * d.share[surface.free]
    vertices, triangles = whole_surface(surface.x, surface.mesh)
    return JunctionShape(
        junction, filling, status, instruction, gamma * kappa / R**2, gamma, pressure * kappa / R**3,
        R * vertices, triangles, R * ball, R * positions, R * radii,
        R * float(outer[:, 0].max()), R * float(outer.min()),
        R**2 * d.area, R**3 * d.volume, kappa * d.bending, kappa * gamma * d.area,
        float(np.abs(force_density(surface, d, gamma, pressure)).max()), float(values[0]),
        float(weight[near].sum() / weight.sum()), float(quality(surface.x, surface.mesh.triangles).min()),
    )  # fmt: skip


NOT_AT_REST = (
    "The junction did not come to rest even without pressure: shorten the arms, raise `around`, or choose angles "
    "nearer to 120 degrees."
)


def solve_junction(
    junction: Junction,
    tension: float,
    *,
    filling: Filling | str = Filling.CLOSED,
    pressure: float = 0.0,
    around: int | None = None,
) -> JunctionShape:
    """Return the stable shape that is reached when the tension rises from rest to `tension` (pN/um).

    The rise is slow beside the shape's own relaxation and, if closed, fast beside the water: each tension starts from
    the shape at the one before and descends in energy, so a fold is passed by snapping to the shape behind it.

    Parameters
    ----------
    filling : see `Filling`; `pressure` (pN/um2) is used with "open" only
    around : segments of half a turn of a tube, 8 or more for long arms if None; the error falls with its square

    Returns
    -------
    JunctionShape
        At the tension asked for; if the search failed, the last shape that held, at its own tension, with status and
        instruction

    Raises
    ------
    RequestError
        If the tension is not positive or the mesh is too coarse or too fine
    """
    filling = checked_filling(filling)
    if not (math.isfinite(tension) and tension > 0.0):
        raise RequestError(
            f"tension is {tension:g} pN/um: without tension nothing sets the size of a tube; give a positive one."
        )
    gamma = junction.gamma(tension)
    aim = pressure * junction.radius**3 / junction.bending
    surface, found = resting_surface(junction, checked_around(junction, around))
    status = Status.converged if found else Status.not_converged
    if not found:
        return described(junction, surface, (REST, 0.0), filling, status, NOT_AT_REST)
    volume = surface.derivatives().volume if filling is Filling.CLOSED else None
    steps = max(1, math.ceil(abs(math.log(gamma / REST)) / 0.2), math.ceil(abs(aim) / 0.2))
    at, inside, safe = REST, 0.0, (surface.x.copy(), REST, 0.0)
    for k in range(1, steps + 1):
        at = REST * (gamma / REST) ** (k / steps)
        held = {
            Filling.CLOSED: Held(at, inside, volume),
            Filling.LONG: Held(at, at - REST),
            Filling.OPEN: Held(at, aim * k / steps),
        }[filling]
        found, inside = _settle_stable(surface, held)
        if not found:
            failure = _failure(filling, at, surface)
            surface.x, *last = safe  # the last shape that held, not the one that ran away
            surface.regauge(0)
            return described(junction, surface, (last[0], last[1]), filling, *failure)
        safe = (surface.x.copy(), at, inside)
    return described(junction, surface, (at, inside), filling, status, "")


def _settle_stable(surface: Surface, held: Held) -> tuple[bool, float]:
    """Descend to a minimum, off a saddle by its softest mode, which symmetry can hide; returns (found, pressure)."""
    found, pressure, _ = settle(surface, held)
    for _ in range(KICKS):
        if not found:
            return False, pressure
        values, modes = softest_modes(surface, held.tension, pressure, closed=held.volume is not None, count=1)
        if values[0] > -STEADY:
            return True, pressure
        surface.x = surface.moved(KICK * modes[:, 0] / np.abs(modes[:, 0]).max())
        surface.regauge(1)
        found, pressure, _ = settle(surface, Held(held.tension, pressure, held.volume))
    return False, pressure


def _failure(filling: Filling, gamma: float, surface: Surface) -> tuple[Status, str]:
    """Return status and instruction for a descent that did not end, at tension `gamma`."""
    _, ball = inscribed_ball(surface.x, surface.mesh)
    if filling is not Filling.CLOSED and ball > 2.0:
        return Status.no_equilibrium, (
            f"At tension {gamma:.3g} kappa/R^2 the junction swells without end: nothing holds its volume. "
            "Lower the tension or the pressure, or keep the volume (filling 'closed')."
        )
    return Status.not_converged, (
        f"The descent did not end at tension {gamma:.3g} kappa/R^2. Raise `around`: thin arms bend on a "
        "coarse mesh. Or shorten the arms, or follow the branch with `tension_ramp`."
    )
