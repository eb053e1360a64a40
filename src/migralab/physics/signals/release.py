"""Escape of molecules from a vesicle through its membrane, and refill through its fibre; docs/theory/release.md."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def escape(
    held: Floats, radius: Floats, volume: Floats, permeability: float, inflow: Floats, dt: float
) -> tuple[Floats, Floats]:
    """Return (molecules out, molecules refilled) of each vesicle in a step (eq-leak, eq-refill).

    The content obeys ``dn/dt = -k n``, k = 3 P / R, with the medium outside taken as empty. What leaves is refilled
    from the cell up to what can diffuse along the fibre at the vesicle's own concentration.

    Parameters
    ----------
    held
        (n,) molecules inside.
    radius, volume
        (n,) um; um3, 0 for a vesicle that is not there.
    permeability
        P, um/s.
    inflow
        (n,) conductance ``D pi R_l^2 / L`` of the fibre, um3/s; 0 for a vesicle without one.
    dt
        s.
    """
    rate = np.zeros_like(held)
    np.divide(3.0 * permeability, radius, out=rate, where=radius > 0)
    out = held * -np.expm1(-rate * dt)
    density = np.zeros_like(held)
    np.divide(held, volume, out=density, where=volume > 0)
    return out, np.minimum(out, inflow * density * dt)


def half_time(radius: float, permeability: float) -> float:
    """Return the time in which half of the content leaks out, s (eq-leak)."""
    return float(np.log(2.0) * radius / (3.0 * permeability))
