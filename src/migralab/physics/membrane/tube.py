"""The bare fibre: a tube of membrane under tension, pressure and its own pulling force; docs/theory/membrane.md.

Here kappa is the bending modulus (pN um), sigma the tension (pN/um), c0 the spontaneous curvature (1/um).
"""

from __future__ import annotations

import math

_HALVINGS = 200


def tube_radius(kappa: float, sigma: float, c0: float = 0.0, pressure: float = 0.0) -> float:
    """Return the radius of a tube that is free to choose it, um; nan where none is stable (eq-tube).

    Parameters
    ----------
    kappa, sigma, c0
        Bending modulus, tension and spontaneous curvature.
    pressure
        Of the lumen over the outside, Pa.
    """
    stiff = 2.0 * sigma / kappa + c0**2
    if stiff <= 0.0 or pressure >= highest_pressure(kappa, sigma, c0):
        return math.nan
    free = 1.0 / math.sqrt(stiff)
    if pressure == 0.0:
        return free
    # Below sqrt(3) times the free radius a wider tube needs more pressure: one root
    low, high = 0.0, math.sqrt(3.0) * free
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if pressure_of_tube(kappa, sigma, c0, middle) < pressure:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def pressure_of_tube(kappa: float, sigma: float, c0: float, radius: float) -> float:
    """Return the pressure that holds a tube at a radius, Pa (eq-tube)."""
    return (2.0 * sigma + kappa * c0**2 - kappa / radius**2) / (2.0 * radius)


def highest_pressure(kappa: float, sigma: float, c0: float = 0.0) -> float:
    """Return the pressure beyond which no tube is stable, Pa: that at sqrt(3) times the free radius (eq-tube-limit)."""
    free = 1.0 / math.sqrt(2.0 * sigma / kappa + c0**2)
    return kappa / (3.0 * math.sqrt(3.0) * free**3)


def tube_force(kappa: float, sigma: float, c0: float, pressure: float, radius: float) -> float:
    """Return the pulling force of a tube, pN: its energy per length (eq-tube-force)."""
    bend = 1.0 / radius - c0
    return math.pi * kappa * radius * bend**2 + 2.0 * math.pi * radius * sigma - math.pi * radius**2 * pressure
