"""Three tubes that meet: the problem and what it refuses. Theory in docs/theory/membrane-junction.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.membrane.bilayer import BENDING
from migralab.physics.membrane.surface.tubes import balance_point

Array = NDArray[Any]
Floats = NDArray[np.float64]

NARROWEST = 60.0  # degrees between two arms; closer tubes overlap far from the middle and would coalesce
SHORTEST, LONGEST = 4.0, 20.0  # radii; the junction's own trace in an arm fades over about 2 radii
REST = 0.5  # sigma R^2/kappa of a freely pulled tube
COARSEST, FINEST = 6, 24
BEND = 1.9  # radii of arm for each segment of half a turn


class Filling(StrEnum):
    """What the water inside does while the tension rises."""

    CLOSED = "closed"
    LONG = "long"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Junction:
    """Three membrane tubes of one radius in one plane, clamped at their far ends and joined in the middle.

    Parameters
    ----------
    angles : directions of the arms in the plane, degrees
    arm_length : from the middle to the clamped end, um
    radius : of the tubes at rest, um
    bending : modulus kappa, pN um

    The middle is free: it slides to where three equal forces balance and the ends turn, so that the arms are straight
    and meet at 120 degrees however they were laid. `angles` decide how long each arm is then, `straight_arms`.

    Raises
    ------
    RequestError
        If a number is not positive and finite, arms lie too close, or their length cannot be meshed
    """

    angles: tuple[float, float, float] = (90.0, 210.0, 330.0)
    arm_length: float = 0.5
    radius: float = 0.05
    bending: float = BENDING

    def __post_init__(self) -> None:
        for name, unit in (("radius", "um"), ("bending", "pN um"), ("arm_length", "um")):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise RequestError(f"Junction {name} is {value:g} {unit}: it must be positive and finite.")
        if len(self.angles) != 3 or not all(math.isfinite(a) for a in self.angles):
            raise RequestError(f"Junction angles are {self.angles}: give three finite directions in degrees.")
        if min(self.gaps) < NARROWEST - 1e-9:
            raise RequestError(
                f"Two arms of the junction are {min(self.gaps):g} degrees apart: tubes closer than {NARROWEST:g} "
                "degrees overlap beyond the junction and fuse into one."
            )
        ratio = self.arm_length / self.radius
        if ratio < SHORTEST - 1e-9:
            raise RequestError(
                f"arm_length is {ratio:.3g} tube radii: below {SHORTEST:g} the clamped end sits inside the junction "
                "and there is no arm."
            )
        nearest = float(self.straight_arms().min())
        if nearest < SHORTEST - 1e-9:
            raise RequestError(
                f"With arms at {self.angles} degrees the three pulling forces balance only {nearest:.2g} tube radii "
                f"from an end: a free junction slides there and its arm is gone ({SHORTEST:g} radii must stay). "
                "Take longer arms or angles nearer to 120 degrees."
            )
        if ratio > LONGEST + 1e-9:
            raise RequestError(
                f"arm_length is {ratio:.3g} tube radii: the mesh holds arms up to {LONGEST:g}. For longer arms take "
                "filling 'long', where the rest of an arm is a uniform tube."
            )

    @property
    def gaps(self) -> tuple[float, float, float]:
        """Return the angles between neighbouring arms, degrees; their sum is 360."""
        a, b, c = sorted(angle % 360.0 for angle in self.angles)
        return b - a, c - b, 360.0 + a - c

    def clamps(self) -> tuple[Floats, Floats]:
        """Return the middles of the ends (3, 3), in tube radii from the nominal middle, and the directions given."""
        turn = np.radians(sorted(angle % 360.0 for angle in self.angles))
        faces = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(3)])
        return self.arm_length / self.radius * faces, faces

    def straight_arms(self) -> Floats:
        """Return the lengths (3,) of the arms in tube radii, from where the middle comes to rest."""
        ends, _ = self.clamps()
        return np.asarray(np.linalg.norm(ends - balance_point(ends), axis=1))

    @property
    def longest_arm(self) -> float:
        """Return the length of the longest arm, tube radii."""
        return float(self.straight_arms().max())

    @property
    def resting_tension(self) -> float:
        """Return ``kappa/(2 R^2)``, pN/um: the tension at which a pulled tube has the radius R."""
        return self.bending / (2.0 * self.radius**2)

    def gamma(self, tension: float) -> float:
        """Return the dimensionless tension ``sigma R^2/kappa``: 1/2 at rest."""
        return tension * self.radius**2 / self.bending


def checked_around(junction: Junction, around: int | None) -> int:
    """Return the segments of half a turn: those wanted, or enough for the arms; refuse what is too coarse for them.

    Vertices that move along normals spread unevenly when a tube is shifted sideways, which lowers the discrete energy
    by the second order of the mesh: beyond about 2 x `around` radii an arm would bend by itself for this alone.
    """
    longest = junction.longest_arm
    least = max(COARSEST, math.ceil(longest / BEND))
    if around is None:
        return max(8, least)
    if not COARSEST <= around <= FINEST:
        raise RequestError(f"around is {around}: half a tube is meshed with {COARSEST} to {FINEST} segments.")
    if around < least:
        raise RequestError(
            f"around is {around}: an arm of {longest:.3g} tube radii needs at least {least} segments of half a turn, "
            "since on a coarser mesh it bends without cause."
        )
    return int(around)


def checked_filling(filling: Filling | str) -> Filling:
    """Return the filling, or refuse an unknown one."""
    try:
        return Filling(filling)
    except ValueError:
        raise RequestError(f"There is no filling '{filling}'. Known: {', '.join(Filling)}.") from None
