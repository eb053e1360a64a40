"""How a vesicle moves in a centrifuge: weight in the medium, drag, diffusion. SI; theory: docs/theory/isolation.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.physics.sedimentation.medium import BOLTZMANN, FREEZING

Floats = NDArray[np.float64]
Word = Any  # a float, or an array of them: the same code serves kernel and twin

GRAVITY = 9.80665  # m/s2


def angular_speed(force: float, radius: float) -> float:
    """Return the angular speed, 1/s, that gives a multiple `force` of gravity at `radius`, m."""
    return math.sqrt(force * GRAVITY / radius)


def revolutions(speed: float) -> float:
    """Return the angular speed, 1/s, as revolutions per minute."""
    return speed * 60.0 / (2.0 * math.pi)


def clearing_factor(inner: float, outer: float, rpm: float) -> float:
    """Return the k factor of a rotor: hours a particle of 1 S needs from the top to the bottom (eq-clearing)."""
    return 2.53e5 * math.log(outer / inner) / (rpm / 1000.0) ** 2


@kernel
def excess_density(phi: Word, matter: Word, leaky: Word, rho: Word, x: Word, lumen: float, water: float) -> Word:
    """Return what a vesicle weighs in the medium, per volume that it has at rest, kg/m3 (eq-buoyant).

    Parameters
    ----------
    phi, matter
        Share of the volume that no medium enters, and its density.
    leaky
        1 where the medium fills the lumen, 0 where the membrane holds.
    rho, x
        Density of the medium, and what the lumen keeps of its volume in it (van 't Hoff).
    lumen, water
        Density of the lumen at rest and of the water that leaves it.
    """
    inside = lumen - (1.0 - x) * water - x * rho
    return phi * (matter - rho) + (1.0 - leaky) * (1.0 - phi) * inside


def matter_density(banded: Floats, phi: Floats, x: Floats, lumen: float, water: float) -> Floats:
    """Return the density of the matter of an intact vesicle that floats still at density `banded` (eq-buoyant)."""
    inside = lumen - (1.0 - x) * water - x * banded
    return np.asarray(banded - (1.0 - phi) / phi * inside)


def shrunken(osmolality: Floats, rest: float) -> Floats:
    """Return the share of its volume that a lumen keeps: ``x = rest / osmolality``, at most 1 (eq-shrink).

    A vesicle in too thin a medium does not swell here: its membrane hardly stretches.
    """
    return np.asarray(rest / np.maximum(osmolality, rest))


def diffusivity(diameter: Floats, viscosity: Floats | float, temperature: float) -> Floats:
    """Return the diffusion coefficient of a sphere, m2/s: ``D = k T / (3 pi eta d)`` (eq-stokes-einstein)."""
    return np.asarray(BOLTZMANN * (temperature + FREEZING) / (3.0 * np.pi * viscosity * diameter))


def settling_rate(diameter: Floats, excess: Floats, viscosity: Floats | float, speed: float) -> Floats:
    """Return ``s omega^2``, 1/s, of a sphere: ``dr/dt = d^2 (rho_p - rho) omega^2 r / (18 eta)`` (eq-settling).

    Parameters
    ----------
    excess
        What the vesicle weighs in the medium per volume, `excess_density`, kg/m3.
    """
    return np.asarray(diameter**2 * excess * speed**2 / (18.0 * viscosity))


def spread_factor(x: Floats) -> Floats:
    """Return ``(exp(x) - 1) / x``, 1 at x = 0: growth over a time in which the rate is constant."""
    x = np.asarray(x, np.float64)
    small = np.abs(x) < 1e-8
    return np.asarray(np.where(small, 1.0 + 0.5 * x, np.expm1(x) / np.where(small, 1.0, x)))


def settle_uniform(start: Floats, rate: Floats, diffusion: Floats, time: float, walls: tuple[float, float],
                   noise: Floats) -> Floats:  # fmt: skip
    """Return where particles are after a time in a uniform medium, m; at or beyond the outer wall they are pelleted.

    ``r = r0 exp(s omega^2 t)`` with variance ``D (exp(2 s omega^2 t) - 1) / (s omega^2)`` (eq-uniform). What would
    be beyond the meniscus is folded back.

    Parameters
    ----------
    start, rate, diffusion, noise
        (n,) radius, m; `settling_rate`, 1/s; D, m2/s; standard normals.
    walls
        Radius of the meniscus and of the wall on which particles end, m.
    """
    grown = np.clip(rate * time, -50.0, 50.0)  # e^50 tubes away is the pellet
    spread = np.sqrt(2.0 * diffusion * time * spread_factor(2.0 * grown))
    place = start * np.exp(grown) + spread * noise
    inner = walls[0]
    return np.asarray(np.where(place < inner, np.minimum(2.0 * inner - place, walls[1] * (1 - 1e-12)), place))
