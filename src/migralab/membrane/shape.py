"""The shape of a swelling in equilibrium: found, checked by its balances, and told; docs/theory/membrane.md."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.membrane.problem import Domain, Fibre, Load, Scale, scaled
from migralab.membrane.status import Status
from migralab.physics.membrane import starts
from migralab.physics.membrane.balance import Balance, balance
from migralab.physics.membrane.newton import CONVERGED
from migralab.physics.membrane.profile import DOMAIN_LENGTH, FIBRE_LENGTH, GLOBALS, Problem, integrate_radius
from migralab.physics.membrane.starts import STARTS, search
from migralab.physics.membrane.tube import tube_force

Floats = NDArray[np.float64]

SEGMENTS = (64, 96)
NO_SWELLING = 1.1
"""A swelling is at least so many times as wide as its fibre."""
ROUND = 1.5
"""A ball is at most so many times as long as wide; a sleeve is shorter than wide (evidence/biogenesis.md 2.3)."""
WELL_BALANCED = 0.02
"""Largest relative error of a balance in a shape that is told as converged."""
_COARSE = (
    "Forces or torques of the continuous membrane are out of balance by {:.2g} of their size: the mesh is too coarse "
    "for this shape. Use more segments."
)
FEWEST = 4
_LONGER = 3  # lengths of fibre that are tried before it is said that the fibre has no end
_FIBRE = 16.0  # radii of fibre beside the domain: a disturbance decays as exp(-x / sqrt 2)


class ShapeKind(StrEnum):
    """What the domain looks like."""

    sphere = "sphere"
    sausage = "sausage"
    sleeve = "sleeve"
    none = "none"


@dataclass(frozen=True, eq=False)
class Shape:
    """A swelling in equilibrium, or what the search ended with; see `status` first.

    Attributes
    ----------
    status, instruction
        What became of the search, and what to do if it is not `converged`.
    kind
        Sphere, sausage, sleeve or none.
    s, x, r, psi
        (n,) arc length, place along the axis and radius, um, and angle of the tangent, rad, from the middle to the
        end of the fibre.
    border
        Index of the node at the border of the domain.
    radius, length, aspect
        Largest radius and length of the domain, um, and length over width.
    neck_radius, neck_angle
        Radius, um, and angle, rad, at the border.
    energy
        pN um; that of the bare fibre is 0.
    domain_tension, pressure, volume, force
        Tension of the domain, pN/um; pressure in it, Pa; volume in it, um3; pulling force, pN.
    balance
        Relative errors of the balances of forces and torque.
    others
        Other minima: energy, pN um, and largest radius, um.
    newton_steps
        Of all starts together.
    """

    status: Status
    instruction: str
    kind: ShapeKind
    s: Floats
    x: Floats
    r: Floats
    psi: Floats
    border: int
    radius: float
    length: float
    neck_radius: float
    neck_angle: float
    energy: float
    domain_tension: float
    pressure: float
    volume: float
    force: float
    balance: Balance
    others: tuple[tuple[float, float], ...]
    newton_steps: int
    _whole: Floats = field(repr=False)
    _segments: tuple[int, int] = field(repr=False)

    @property
    def aspect(self) -> float:
        """Length over width of the domain."""
        return self.length / (2.0 * self.radius)


def solve_shape(
    fibre: Fibre,
    domain: Domain,
    load: Load | None = None,
    *,
    near: Shape | None = None,
    segments: tuple[int, int] = SEGMENTS,
) -> Shape:
    """Return the shape of least energy.

    Parameters
    ----------
    fibre, domain, load
        The problem.
    near
        Shape of a neighbouring problem with the same `segments`, to start from too.
    segments
        Of half the domain and of the fibre beside it; the error falls with the square of their number.

    Raises
    ------
    RequestError
        If the problem makes no sense. That no shape is found is a status.
    """
    load = load or Load()
    if min(segments) < FEWEST:
        raise RequestError(f"segments are {segments}; each part needs at least {FEWEST} to have a shape.")
    problem, scale = scaled(fibre, domain, load)
    length, force = fibre_part(problem)
    again = near is not None and near._segments == segments
    near_psi = (
        np.ascontiguousarray(near.psi[None, :]) if again and near is not None else np.empty((0, sum(segments) + 1))
    )
    near_whole = near._whole[None, :].copy() if again and near is not None else np.empty((0, GLOBALS))
    for _ in range(_LONGER):
        weight, border = mesh(segments, round(max(1.0, length / usual_length(problem)), 6))
        psi, whole, kept = np.empty(len(weight) + 1), np.empty(GLOBALS), np.empty(starts.KEPT)
        minima = np.empty((STARTS + len(near_psi), 2))
        found = search(problem, weight, border, length, force, near_psi, near_whole, psi, whole, kept, minima)
        if found != starts.RUNAWAY:
            break
        length = _FIBRE + 4.0 * kept[starts.WIDEST]  # a very wide swelling needs more fibre to end in
    return _tell(found, problem, scale, (weight, border, segments), (psi, whole, kept, minima))


@lru_cache(maxsize=16)
def mesh(segments: tuple[int, int], stretch: float = 1.0) -> tuple[Floats, int]:
    """Return the shares of arc length of the segments, and the node of the border."""
    return starts.mesh(*segments, stretch)


def usual_length(problem: Problem) -> float:
    """Return the arc length of fibre beside the domain that is enough for its end not to matter, dimensionless."""
    body = min(max(problem.stiffness, 1.0), math.sqrt(problem.area / (2.0 * math.pi)))
    return _FIBRE + 2.0 * body


def fibre_part(problem: Problem) -> tuple[float, float]:
    """Return the arc length of the fibre's part at the start and the force of the bare fibre, dimensionless."""
    length = usual_length(problem)
    if problem.holds_length:
        body = 0.5 * (length - _FIBRE)
        length = max(problem.half_length - 0.8 * body, 0.2 * problem.half_length)
    return length, tube_force(1.0, problem.tension, problem.fibre_curvature, problem.pressure, problem.tube_radius)


def kind_of(status: Status, widest: float, aspect: float, tube: float) -> ShapeKind:
    """Return what a shape looks like: radii in the same unit."""
    if status is Status.not_converged or widest < NO_SWELLING * tube:
        return ShapeKind.none
    if aspect < 1.0:
        return ShapeKind.sleeve
    return ShapeKind.sphere if aspect <= ROUND else ShapeKind.sausage


def status_of(found: int, radius: Floats, border: int) -> tuple[Status, str]:
    """Return the status and what to do; `radius` (n + 1,) is that of the nodes over the fibre's."""
    place = int(np.argmin(radius))
    thin, body = float(radius[place]), float(np.min(radius[: border // 2]))
    # Also where a search ends: at the least radius that it may have, it cannot come to rest
    if 0.0 < thin < starts.THINNEST < body and place > border // 2 and found != starts.RUNAWAY:
        return Status.no_equilibrium, (
            "The neck closes to less than a tenth of the fibre's radius, where two bilayers touch and this model ends: "
            "the domain is pinched off. Lower the line tension, the jump of the Gaussian modulus or the "
            "suction, or raise the volume."
        )
    if found == CONVERGED:
        return Status.converged, ""
    if found == starts.RUNAWAY:
        return Status.no_equilibrium, (
            "The fibre beside the domain does not come back to its own radius: the pressure opens the domain and "
            "inflates the fibre without end (a bubble beyond 2 sigma / P grows). Lower the pressure, raise the "
            "tension, or hold the volume of the domain instead."
        )
    return Status.not_converged, (
        "No start led to a shape of least energy; the profile is where the best search stopped and is no result. "
        "Come from a neighbouring problem that converges (near=), in small steps, or use more segments."
    )


def _tell(
    found: int,
    problem: Problem,
    scale: Scale,
    mesh_of: tuple[Floats, int, tuple[int, int]],
    answer: tuple[Any, ...],
) -> Shape:
    weight, border, segments = mesh_of
    psi, whole, kept, minima = answer
    radius = np.empty(len(psi))
    integrate_radius(psi, radius, weight, border, whole, problem.tube_radius)
    h = weight * np.where(np.arange(len(weight)) < border, whole[DOMAIN_LENGTH], whole[FIBRE_LENGTH])
    s = np.concatenate([[0.0], np.cumsum(h)])
    x = np.concatenate([[0.0], np.cumsum(np.cos(0.5 * (psi[1:] + psi[:-1])) * h)])
    status, instruction = status_of(found, radius, border)
    balances = balance(psi, radius, weight, border, whole, problem)
    if status is Status.converged and not max(balances) <= WELL_BALANCED:
        status, instruction = Status.not_converged, _COARSE.format(max(balances))
    um, unit = scale.length, scale.energy
    widest, length = kept[starts.WIDEST] * um, kept[starts.LENGTH] * um
    others: list[tuple[float, float]] = []
    for energy, wide in sorted(map(tuple, minima[~np.isnan(minima[:, 0])])):
        same = [kept[starts.ENERGY], *(e / unit for e, _ in others)]
        if all(abs(energy - e) > 1e-6 * (1.0 + abs(e)) for e in same):
            others.append((float(energy * unit), float(wide * um)))
    return Shape(
        status=status,
        instruction=instruction,
        kind=kind_of(status, widest, length / (2.0 * widest), problem.tube_radius * um),
        s=s * um,
        x=x * um,
        r=radius * um,
        psi=psi,
        border=border,
        radius=float(widest),
        length=float(length),
        neck_radius=float(kept[starts.NECK] * um),
        neck_angle=float(kept[starts.ANGLE]),
        energy=float(kept[starts.ENERGY] * unit),
        domain_tension=float(kept[starts.TENSION] * unit / um**2),
        pressure=float((problem.pressure + kept[starts.EXTRA_PRESSURE]) * unit / um**3),
        volume=float(kept[starts.VOLUME] * um**3),
        force=float(kept[starts.PULL] * unit / um),
        balance=balances,
        others=tuple(others),
        newton_steps=int(kept[starts.STEPS]),
        _whole=whole,
        _segments=segments,
    )
