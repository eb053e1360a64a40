"""What is asked of the membrane: a fibre, a domain of tetraspanin and cholesterol in it, and how it is loaded.

Units inside: um, pN, s; so pN um (1 kT = 0.00428), pN/um (= uN/m) and pN/um2 (= Pa). Theory: docs/theory/membrane.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from migralab.core.errors import RequestError
from migralab.membrane.bilayer import BENDING, LYSIS, THICKNESS
from migralab.physics.membrane.profile import Problem
from migralab.physics.membrane.tube import highest_pressure, tube_force, tube_radius

MOST_BALLS = 5.0
"""Volume of a domain, at most, over that of a ball of its area; free sleeves reach 1.7 (C)."""
TEAR = "membranes tear at 5 to 10 mN/m."


def _real(what: str, value: float, unit: str) -> None:
    if not math.isfinite(value):
        raise RequestError(f"{what} is {value}; it must be a finite number of {unit}.")


def _positive(what: str, value: float, unit: str, reason: str) -> None:
    _real(what, value, unit)
    if value <= 0.0:
        raise RequestError(f"{what} is {value:g} {unit}; it must be above 0: {reason}")


def _gaussian(of: str, value: float) -> None:
    _real(f"The Gaussian ratio of the {of}", value, "kappa")
    if not -2.0 <= value <= 0.0:
        raise RequestError(
            f"The Gaussian over the bending modulus of the {of} is {value:g}; it must lie between -2 and 0: outside it "
            "a flat membrane is not stable."
        )


@dataclass(frozen=True)
class Fibre:
    """The membrane of a retraction fibre, which draws on a reservoir at constant tension.

    Parameters
    ----------
    bending
        kappa_l, pN um; 20 kT (a bilayer has 10 to 25 kT; S, evidence/biogenesis.md 1.6).
    tension
        sigma, pN/um; by default that of a tube of 50 nm (E).
    spontaneous_curvature
        1/um; 0.
    gaussian_ratio
        Gaussian over bending modulus; -1 (not measured for these membranes). Only the jump at the border counts.
    """

    bending: float = BENDING
    tension: float = BENDING / (2.0 * 0.05**2)
    spontaneous_curvature: float = 0.0
    gaussian_ratio: float = -1.0

    def __post_init__(self) -> None:
        _positive(
            "The bending modulus of the fibre",
            self.bending,
            "pN um",
            "a membrane that does not resist bending has no shape.",
        )
        _real("The tension", self.tension, "pN/um")
        _real("The spontaneous curvature of the fibre", self.spontaneous_curvature, "1/um")
        _gaussian("fibre", self.gaussian_ratio)
        if self.tension < 0.0:
            raise RequestError(
                f"The tension is {self.tension:g} pN/um; it must not be below 0: a membrane under compression buckles, "
                "and no tube is stable."
            )
        if self.tension > LYSIS:
            raise RequestError(
                f"The tension is {self.tension:g} pN/um = {self.tension / 1000.0:g} mN/m; {TEAR} Lower it."
            )
        if self.tension == 0.0 and self.spontaneous_curvature == 0.0:
            raise RequestError(
                "The tension is 0 and the fibre has no spontaneous curvature, so nothing sets its radius: it would "
                "widen without end. Give a tension above 0, a radius, a pulling force, or a spontaneous curvature."
            )

    @classmethod
    def of_radius(cls, bending: float, radius: float, **more: float) -> Fibre:
        """Return the fibre whose tension gives it this radius, um, without pressure: ``kappa / (2 R^2)`` (eq-tube)."""
        _positive("The radius of the fibre", radius, "um", "a tube has a width.")
        curvature = more.get("spontaneous_curvature", 0.0)
        return cls(bending=bending, tension=0.5 * bending * (1.0 / radius**2 - curvature**2), **more)

    @classmethod
    def pulled(cls, bending: float, force: float, **more: float) -> Fibre:
        """Return the fibre, without spontaneous curvature, that a force of so many pN pulls out (eq-tube-force)."""
        _positive("The pulling force", force, "pN", "without it a tube retracts into the cell.")
        if more.get("spontaneous_curvature"):
            raise RequestError("Give the tension or the radius of a fibre with spontaneous curvature, not its force.")
        return cls(bending=bending, tension=force**2 / (8.0 * math.pi**2 * bending), **more)

    @property
    def radius(self) -> float:
        """Radius without pressure, um."""
        return tube_radius(self.bending, self.tension, self.spontaneous_curvature)

    @property
    def force(self) -> float:
        """Pulling force without pressure, pN."""
        return self.force_at(0.0)

    @property
    def highest_pressure(self) -> float:
        """Pressure beyond which no tube is stable, Pa."""
        return highest_pressure(self.bending, self.tension, self.spontaneous_curvature)

    def radius_at(self, pressure: float) -> float:
        """Return the radius at a pressure of the lumen, um; nan beyond `highest_pressure`."""
        return tube_radius(self.bending, self.tension, self.spontaneous_curvature, pressure)

    def force_at(self, pressure: float) -> float:
        """Return the pulling force at a pressure of the lumen, pN."""
        return tube_force(self.bending, self.tension, self.spontaneous_curvature, pressure, self.radius_at(pressure))


@dataclass(frozen=True)
class Domain:
    """A domain rich in tetraspanin and cholesterol, of fixed area, around the middle of the fibre.

    Parameters
    ----------
    area
        um2.
    stiffness_ratio
        k: bending modulus over that of the fibre. Not known for tetraspanin membranes (NF, evidence/biogenesis.md 1.8).
    gaussian_ratio
        Gaussian over bending modulus of the domain; -1 (not measured).
    line_tension
        Of the border, pN; 0 (not measured).
    spontaneous_curvature
        1/um; 0.
    """

    area: float
    stiffness_ratio: float
    gaussian_ratio: float = -1.0
    line_tension: float = 0.0
    spontaneous_curvature: float = 0.0

    def __post_init__(self) -> None:
        _positive("The area of the domain", self.area, "um2", "without a domain there is only the fibre.")
        _positive("The stiffness ratio", self.stiffness_ratio, "times the fibre", "a bending modulus is positive.")
        _gaussian("domain", self.gaussian_ratio)
        _real("The line tension", self.line_tension, "pN")
        _real("The spontaneous curvature of the domain", self.spontaneous_curvature, "1/um")
        if self.line_tension < 0.0:
            raise RequestError(
                f"The line tension is {self.line_tension:g} pN; it must not be below 0: the border would lengthen "
                "without end and the domain would dissolve."
            )


@dataclass(frozen=True)
class Load:
    """What presses and holds the swelling.

    Parameters
    ----------
    pressure
        Of the lumen over the outside, Pa, in the fibre and in the domain.
    volume
        Enclosed by the domain, um3; then the pressure in the domain is what this volume needs, on top of `pressure`.
    half_length
        From the middle of the swelling to the place where the fibre is held, um; None is a long fibre, which slides.
    """

    pressure: float = 0.0
    volume: float | None = None
    half_length: float | None = None

    def __post_init__(self) -> None:
        _real("The pressure", self.pressure, "Pa")
        if self.volume is not None:
            _positive("The volume of the domain", self.volume, "um3", "a swelling holds something.")
        if self.half_length is not None:
            _positive("The half length of the fibre", self.half_length, "um", "a fibre has a length.")


class Scale(NamedTuple):
    """What turns dimensionless numbers into units: length in um, energy in pN um."""

    length: float
    energy: float


def scaled(fibre: Fibre, domain: Domain, load: Load) -> tuple[Problem, Scale]:
    """Return the dimensionless problem of half a swelling, and its scale; refuse what has no solution.

    Raises
    ------
    RequestError
        With the physical reason.
    """
    length, energy = fibre.radius, fibre.bending
    if length < THICKNESS:
        raise RequestError(
            f"The fibre would be {length * 1000.0:.3g} nm in radius, and a bilayer is {THICKNESS * 1000.0:g} nm thick: "
            "it has no lumen. Lower the tension or the force."
        )
    if domain.area < 2.0 * math.pi * length * THICKNESS:
        raise RequestError(
            f"A domain of {domain.area:g} um2 is shorter on this fibre than a bilayer is thick ({THICKNESS * 1000.0:g} "
            f"nm); give at least {2.0 * math.pi * length * THICKNESS:.2g} um2."
        )
    sphere = math.sqrt(domain.area / (4.0 * math.pi))
    if load.pressure >= fibre.highest_pressure:
        raise RequestError(
            f"The pressure is {load.pressure:g} Pa; the fibre holds up to {fibre.highest_pressure:.4g} Pa (it is then "
            f"sqrt(3) times as wide) and inflates without end beyond. Lower the pressure or raise the tension."
        )
    if load.pressure * sphere / 2.0 > LYSIS:
        raise RequestError(
            f"A pressure of {load.pressure:g} Pa puts {load.pressure * sphere / 2000.0:.3g} mN/m on a ball of this "
            f"area; {TEAR} Lower the pressure or the area."
        )
    ball = 4.0 / 3.0 * math.pi * sphere**3
    if load.volume is not None and load.volume > MOST_BALLS * ball:
        # A sleeve is open at both borders and may hold more than the ball, but only as it flares without end
        raise RequestError(
            f"The volume is {load.volume:g} um3; {domain.area:g} um2 of membrane close around {ball:.4g} um3, and as "
            f"an open sleeve hold a little more, not {MOST_BALLS:g} times that. Lower the volume or raise the area."
        )
    if load.half_length is not None and load.half_length <= sphere + length:
        raise RequestError(
            f"The half length is {load.half_length:g} um, and a domain of {domain.area:g} um2 is, as a ball, "
            f"{sphere:.4g} um from its middle to its end; with one radius of fibre beside it {sphere + length:.4g} um. "
            "It cannot fit: lower the area or raise the length."
        )
    # Numbers of one kind: a whole number among them would be another type, compiled anew
    values = {
        "stiffness": domain.stiffness_ratio,
        "domain_curvature": domain.spontaneous_curvature * length,
        "fibre_curvature": fibre.spontaneous_curvature * length,
        "gaussian_jump": domain.gaussian_ratio * domain.stiffness_ratio - fibre.gaussian_ratio,
        "line_tension": domain.line_tension * length / energy,
        "tension": fibre.tension * length**2 / energy,
        "pressure": load.pressure * length**3 / energy,
        "tube_radius": fibre.radius_at(load.pressure) / length,
        "area": 0.5 * domain.area / length**2,
        "volume": 0.5 * (load.volume or 0.0) / length**3,
        "half_length": (load.half_length or 0.0) / length,
    }
    holds = (int(load.volume is not None), int(load.half_length is not None))
    return Problem._make((*map(float, values.values()), *holds)), Scale(length, energy)
