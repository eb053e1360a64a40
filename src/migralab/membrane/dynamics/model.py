"""What is simulated: membrane, tetraspanin, lumen, stretch of fibre, and what the cell does to it over time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from migralab.core.errors import RequestError
from migralab.membrane.bilayer import BENDING, LYSIS

SEGMENTS = (20, 4000)


def _positive(value: float, name: str, why: str) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise RequestError(f"{name} is {value}; it must be a positive number: {why}")


def _at_least_zero(value: float, name: str, why: str) -> None:
    if not (math.isfinite(value) and value >= 0.0):
        raise RequestError(f"{name} is {value}; it must be 0 or a positive number: {why}")


def _between(value: float, low: float, high: float, name: str, why: str) -> None:
    if not low <= value <= high:
        raise RequestError(f"{name} is {value}; it must lie between {low:g} and {high:g}: {why}")


@dataclass(frozen=True, slots=True)
class Membrane:
    """The bare membrane of the fibre.

    Parameters
    ----------
    bending
        kappa_l, pN um; 20 kBT (S: bilayers 10 to 25 kBT).
    gaussian_ratio
        Gaussian modulus over the bending modulus; -1 (E: stable between -2 and 0).
    drag
        Friction of membrane that slides along the ground, pN s/um3 (E: 0.02 for a free tube; sigma/(v L) = 475
        if the membrane flow into the one measured vesicle, v = 1.8 nm/s, uses up the whole resting tension over
        L = 20 um of fibre). At 10 that tension draws in 1.6 um2/min, 47 times the flow measured.
    permeability
        Water, um3/(pN s) per um2 of membrane: 10 um/s (E) times molar volume over RT.
    """

    bending: float = BENDING
    gaussian_ratio: float = -1.0
    drag: float = 10.0
    permeability: float = 7.0e-8

    def __post_init__(self) -> None:
        _positive(self.bending, "bending modulus", "a membrane without bending stiffness has no fibre radius")
        _between(self.gaussian_ratio, -2.0, 0.0, "gaussian_ratio", "outside it a flat membrane is not stable")
        _at_least_zero(self.drag, "drag", "friction takes energy out")
        _at_least_zero(self.permeability, "permeability", "water flows down its potential")


@dataclass(frozen=True, slots=True)
class Tetraspanin:
    """Tetraspanin in the membrane, and the cholesterol that lets it pack.

    Parameters
    ----------
    stiffness_ratio
        k of pure tetraspanin membrane over the bare one, at cholesterol 1 (E: 10 to 30 are needed for 1 to 3 um; NF).
    attraction
        chi, kBT per site, at cholesterol 1 (E: must exceed 2 to demix).
    cholesterol
        Relative to normal; scales chi and k - 1 (E: linear).
    curvature
        zeta, 1/um, that dilute tetraspanin prefers, per occupancy (E; positive: A, Dharan 2022).
    packed_curvature
        Share of that preference that remains in a packed domain (E; 1: as when dilute).
    site_area
        a_p, um2 (E: 10 nm x 10 nm, a molecule with its primary partners).
    border
        g, pN um: sets width and line tension of a border (E: 0.05 gives about 30 nm and 0.3 pN).
    diffusivity
        D_T, um2/s (E: 0.1 or more without cortex, ABS Webb 1981; lipid analogues 1).
    """

    stiffness_ratio: float = 20.0
    attraction: float = 3.5
    cholesterol: float = 1.0
    curvature: float = 30.0
    packed_curvature: float = 0.0
    site_area: float = 1.0e-4
    border: float = 0.05
    diffusivity: float = 0.3

    def __post_init__(self) -> None:
        _positive(self.stiffness_ratio, "stiffness ratio", "a modulus is positive")
        _between(self.attraction, 0.0, 8.0, "attraction", "above 8 kBT per site a border is thinner than the mesh")
        _between(self.cholesterol, 0.0, 3.0, "cholesterol", "relative to normal")
        _between(self.curvature, -200.0, 200.0, "curvature", "a radius below 5 nm is below a bilayer's thickness")
        _between(self.packed_curvature, 0.0, 1.0, "packed_curvature", "it is a share")
        _positive(self.site_area, "site_area", "a molecule has a size")
        _positive(self.border, "border", "without it a domain has no border of finite width")
        _positive(self.diffusivity, "diffusivity", "an immobile protein never arrives")
        if self.ratio <= 0.0:
            raise RequestError("stiffness_ratio and cholesterol together give a modulus that is not positive.")

    @property
    def ratio(self) -> float:
        """Stiffness ratio k at the given cholesterol."""
        return 1.0 + (self.stiffness_ratio - 1.0) * self.cholesterol

    @property
    def chi(self) -> float:
        """Attraction at the given cholesterol, kBT per site."""
        return self.attraction * self.cholesterol


@dataclass(frozen=True, slots=True)
class Lumen:
    """The liquid inside.

    Parameters
    ----------
    viscosity
        pN s/um2 = Pa s; 0.1 (E: a crowded lumen with actin; water 0.0007, cytosol 0.003). The mechanism
        ``biogenesis.growth`` has 0.036.
    osmotic_pressure
        Pa, at which no water crosses the membrane; None: that of the cell, whose small solutes reach the swelling by
        diffusion in under a minute (C: 20 um at 500 um2/s).
    """

    viscosity: float = 0.1
    osmotic_pressure: float | None = None

    def __post_init__(self) -> None:
        _positive(self.viscosity, "viscosity", "liquid without friction flows without limit")
        if self.osmotic_pressure is not None and not math.isfinite(self.osmotic_pressure):
            raise RequestError(f"osmotic_pressure is {self.osmotic_pressure}; it must be a number of Pa.")


class FarEnd(StrEnum):
    """What the end away from the swelling lets pass."""

    CELL = "cell"  # liquid, membrane and tetraspanin
    SEALED = "sealed"  # membrane and tetraspanin, no liquid: "faster than volume can leave"
    CLOSED = "closed"  # nothing


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of the fibre that is resolved, from the middle of the swelling to the far end.

    Parameters
    ----------
    half_length
        Axial length, um.
    to_cell
        Length of uniform fibre from there to the cell, um; carries flow, narrows, does not pearl. 0: the cell is there.
        Taken as 0 where the far end is not the cell.
    far_end
        What passes the far end.
    segments
        Number of mesh segments; at most half of the fibre's radius long (refused else), better a quarter.
    """

    half_length: float = 4.0
    to_cell: float = 16.0
    far_end: FarEnd = FarEnd.CELL
    segments: int = 300

    def __post_init__(self) -> None:
        _positive(self.half_length, "half_length", "there must be a stretch of fibre to simulate")
        _at_least_zero(self.to_cell, "to_cell", "it is a length")
        if not SEGMENTS[0] <= self.segments <= SEGMENTS[1]:
            raise RequestError(f"segments is {self.segments}; a mesh needs {SEGMENTS[0]} to {SEGMENTS[1]}.")
        object.__setattr__(self, "far_end", FarEnd(self.far_end))
        if self.far_end is not FarEnd.CELL and self.to_cell > 0.0:
            object.__setattr__(self, "to_cell", 0.0)  # nothing lies beyond an end that liquid does not pass


@dataclass(frozen=True, slots=True)
class FibreModel:
    """Everything that does not change in time."""

    membrane: Membrane = field(default_factory=Membrane)
    tetraspanin: Tetraspanin = field(default_factory=Tetraspanin)
    lumen: Lumen = field(default_factory=Lumen)
    stretch: Stretch = field(default_factory=Stretch)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What the cell imposes: piecewise linear in time; a time given twice is a jump.

    Parameters
    ----------
    times
        s, from 0, not decreasing; the last one ends the run.
    tension
        sigma of the cell's membrane, pN/um, at those times.
    pressure
        Of the cell over the medium, Pa, at those times.
    occupancy
        Share of membrane that is tetraspanin in a resting fibre in equilibrium with the cell, at those times.
    """

    times: tuple[float, ...]
    tension: tuple[float, ...]
    pressure: tuple[float, ...] = ()
    occupancy: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.times)
        for name, usual in (("pressure", 0.0), ("occupancy", 0.05)):
            values = tuple(getattr(self, name))
            object.__setattr__(self, name, values if values else (usual,) * n)
        if n < 2 or self.times[0] != 0.0 or any(b < a for a, b in zip(self.times, self.times[1:], strict=False)):
            raise RequestError("times of a protocol start at 0 and do not decrease; give at least two.")
        if not self.times[-1] > 0.0:
            raise RequestError("a protocol must last longer than 0 s.")
        for name in ("tension", "pressure", "occupancy"):
            if len(getattr(self, name)) != n:
                raise RequestError(f"protocol: {name} has {len(getattr(self, name))} values for {n} times.")
        for value in self.tension:
            _positive(value, "tension", "without tension a fibre has no radius: it is sqrt(kappa / 2 sigma)")
            if value > LYSIS:
                raise RequestError(f"tension {value:g} pN/um is beyond rupture: bilayers lyse at {LYSIS:g} pN/um.")
        if not all(math.isfinite(value) for value in (*self.times, *self.pressure)):
            raise RequestError("protocol: times and pressures must be numbers.")
        for value in self.occupancy:
            if not 0.0 <= value < 0.95:
                raise RequestError(f"occupancy is {value}; a share of the membrane, at most 0.95.")
        if any(v == 0.0 for v in self.occupancy) and any(v > 0.0 for v in self.occupancy):
            raise RequestError("occupancy: give 0 throughout, or a small number instead of 0: ln 0 has no equilibrium.")

    @classmethod
    def jump(
        cls, factor: float, duration: float, *, rest: float = 17.12, returns: float | None = None,
        pressure: float = 0.0, occupancy: float = 0.05,
    ) -> Protocol:  # fmt: skip
        """Return a jump of the tension by `factor` at time 0 that goes back to rest at `returns` s, if given."""
        times, tension = [0.0, 0.0], [rest, rest * factor]
        if returns is not None:
            times += [returns, returns]
            tension += [rest * factor, rest]
        times.append(duration)
        tension.append(tension[-1])
        n = len(times)
        return cls(tuple(times), tuple(tension), (pressure,) * n, (occupancy,) * n)

    @classmethod
    def two_stage(
        cls, *, factor: float = 5.0, pulse: float = 60.0, duration: float = 3600.0, rest: float = 17.12,
        pressure: float = 0.0, occupancy: float = 0.2,
    ) -> Protocol:  # fmt: skip
        """Return the reference run: tension is up for `pulse` s, then rests; tetraspanin is always at hand."""
        return cls.jump(factor, duration, rest=rest, returns=pulse, pressure=pressure, occupancy=occupancy)

    @classmethod
    def pressure_jump(
        cls, pressure: float, duration: float, *, rest: float = 17.12, returns: float | None = None,
        occupancy: float = 0.05,
    ) -> Protocol:  # fmt: skip
        """Return a pressure of the cell that jumps from 0 to `pressure` Pa at time 0, at constant tension."""
        times, values = [0.0, 0.0], [0.0, pressure]
        if returns is not None:
            times += [returns, returns]
            values += [pressure, 0.0]
        times.append(duration)
        values.append(values[-1])
        n = len(times)
        return cls(tuple(times), (rest,) * n, tuple(values), (occupancy,) * n)

    @classmethod
    def ramp(
        cls, factor: float, rise: float, duration: float, *, rest: float = 17.12, pressure: float = 0.0,
        occupancy: float = 0.05,
    ) -> Protocol:  # fmt: skip
        """Return a tension that rises linearly by `factor` within `rise` s and stays."""
        return cls((0.0, rise, duration), (rest, rest * factor, rest * factor), (pressure,) * 3, (occupancy,) * 3)


@dataclass(frozen=True, slots=True)
class Settings:
    """How it is computed.

    Parameters
    ----------
    tolerance
        Largest error of radius (relative) and angle (rad) that one time step may make.
    seed
        Height of the first bump at the mirror plane, in fibre radii: an unstable uniform tube stays uniform (E).
    snapshots
        Number of profiles that are kept.
    shortest_step, longest_step
        s.
    most_steps
        The run ends as not converged when they are used up.
    """

    tolerance: float = 0.02
    seed: float = 0.01
    snapshots: int = 80
    shortest_step: float = 1e-9
    longest_step: float = 5.0
    most_steps: int = 20000

    def __post_init__(self) -> None:
        _positive(self.tolerance, "tolerance", "a step cannot be exact")
        _between(self.seed, 0.0, 0.3, "seed", "a bump, small against the fibre")
        _between(self.snapshots, 2, 5000, "snapshots", "at least the first and the last")
        _positive(self.shortest_step, "shortest_step", "time goes on")
        if self.longest_step < self.shortest_step:
            raise RequestError("longest_step is below shortest_step.")
