"""Escape of molecules from a vesicle through its membrane, and refill through its fibre; docs/theory/release.md."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def escape(
    held: Floats, full: Floats, radius: Floats, volume: Floats, permeability: float, inflow: Floats, dt: float
) -> tuple[Floats, Floats]:
    """Return (molecules out, molecules refilled) of each vesicle in a step (eq-leak, eq-refill).

    ``dn/dt = -k n + (q/V) (n_full - n)``, k = 3 P / R, solved exactly: out and refill are those of any other step. The
    medium outside is taken as empty.

    Parameters
    ----------
    held, full
        (n,) molecules inside, and those that a vesicle in balance with its cell would hold.
    radius, volume
        (n,) um; um3, 0 for a vesicle that is not there.
    permeability
        P, um/s.
    inflow
        (n,) conductance ``q = D pi R_l^2 / L`` of the fibre, um3/s; 0 for a vesicle without one.
    dt
        s.

    Returns
    -------
    (n,) molecules each. The refill is below 0 where a vesicle holds more than its balance and gives back.
    """
    leak, refill = np.zeros_like(held), np.zeros_like(held)
    np.divide(3.0 * permeability, radius, out=leak, where=radius > 0)
    np.divide(inflow, volume, out=refill, where=volume > 0)
    rate = leak + refill
    rest = np.zeros_like(held)
    np.divide(refill * full, rate, out=rest, where=rate > 0)
    gone = -np.expm1(-rate * dt)
    mean = np.full_like(held, dt)  # integral of exp(-rate t)
    np.divide(gone, rate, out=mean, where=rate > 0)
    out = leak * (rest * dt + (held - rest) * mean)
    return out, out - (held - rest) * gone


def half_time(radius: float, permeability: float) -> float:
    """Return the time in which half of the content leaks out, s (eq-leak)."""
    return float(np.log(2.0) * radius / (3.0 * permeability))
