"""Pearling of a fibre whose tension jumps faster than liquid can leave: energy, growth rate and wavelength of a mode.

Dimensionless: ``Q = q R``, ``Gamma = sigma R^2 / kappa``. A freely pulled tube has Gamma = 1/2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError

Floats = NDArray[np.float64]
THRESHOLD = 1.5  # Gamma above which the longest modes grow


def mode_stiffness(Q: Any, gamma: float) -> Any:
    """Return the stiffness of a mode at fixed volume, in kappa/R^2 (eq-pearling-energy).

    A ripple ``r = a0 + b cos(q x)`` costs ``pi b^2 / (2 R)`` times this per length; negative: it grows. `Q` is a number
    or an array.
    """
    return gamma * (Q**2 - 1.0) + 1.5 - 0.5 * Q**2 + Q**4


def critical_gamma(Q: Any) -> Any:
    """Return the Gamma from which a mode grows; its least value is 3/2, at Q -> 0 (eq-pearling-threshold)."""
    return (1.5 - 0.5 * Q**2 + Q**4) / (1.0 - Q**2)


def largest_unstable(gamma: float) -> float:
    """Return the Q below which modes grow; 0 at and below the threshold."""
    if gamma <= THRESHOLD:
        return 0.0
    # Q^4 + (Gamma - 1/2) Q^2 + 3/2 - Gamma = 0
    half = 0.5 * (gamma - 0.5)
    return math.sqrt(-half + math.sqrt(half**2 + gamma - THRESHOLD))


def lubrication_rate(Q: Any, gamma: float, drag: float = 0.0) -> Any:
    """Return the growth rate in kappa / (eta R^3), liquid as in a long pipe (eq-pearling-rate).

    The inextensible wall moves along with the liquid and carries half of it, so the flow past the wall is half of what
    a wall at rest would see, and the rate four times as high. `drag` is the membrane's friction on the ground, b R/eta.
    """
    return -(Q**2) / (4.0 + drag) * mode_stiffness(Q, gamma)


def stokes_rate(Q: Any, gamma: float, outside: float = 0.0) -> Any:
    """Return the growth rate in kappa / (eta R^3) for creeping flow inside an inextensible wall (eq-pearling-stokes).

    Parameters
    ----------
    Q
        Wave number times radius, above 0; a number or an array.
    gamma
        sigma R^2 / kappa.
    outside
        Viscosity of the medium over that of the lumen.
    """
    from scipy import special

    resistance = _resistance(Q, special.iv(0, Q), special.iv(1, Q), 1.0)
    if outside > 0.0:
        resistance = resistance + outside * _resistance(Q, special.kv(0, Q), special.kv(1, Q), -1.0)
    return -mode_stiffness(Q, gamma) / resistance


def _resistance(Q: Any, B0: Any, B1: Any, side: float) -> Any:
    """Return power per wall area over the squared wall speed, in eta/R (eq-pearling-stokes).

    ``u_r = (a B1 + b r B0) cos(qx)``, pressure ``2 eta b B0 cos(qx)``; B is the Bessel function I inside (side 1) and K
    outside (-1). At the wall ``u_r = 1`` and ``u_x = -1/Q``, so that no element of membrane changes its area.
    """
    # side a B0 + b (2 B0 / Q + side B1) = 1 / Q  and  a B1 + b B0 = 1
    across = 2.0 * B0 / Q + side * B1
    det = side * B0 * B0 - across * B1
    a = (B0 / Q - across) / det
    b = (side * B0 - B1 / Q) / det
    radial = -2.0 * b * B0  # d u_r / dr is 0 there
    shear = -(a * Q * B1 + b * (2.0 * side * B1 + Q * B0)) - Q
    return side * (radial - shear / Q)


def fastest_mode(gamma: float, rate: Callable[[Any, float], Any] = stokes_rate) -> tuple[float, float]:
    """Return (Q, rate) of the mode that grows fastest (eq-pearling-rate).

    Raises
    ------
    RequestError
        No mode grows.
    """
    limit = largest_unstable(gamma)
    if limit == 0.0:
        raise RequestError(f"Gamma is {gamma:g}; a fibre pearls above 3/2 only, so it has no fastest mode.")
    low, high = 1e-6 * limit, limit
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    for _ in range(80):
        a, b = high - golden * (high - low), low + golden * (high - low)
        if rate(a, gamma) > rate(b, gamma):
            high = b
        else:
            low = a
    Q = 0.5 * (low + high)
    return Q, float(rate(Q, gamma))


def front(gamma: float, rate: Callable[[Any, float], Any] = stokes_rate) -> tuple[float, float]:
    """Return (Q, speed) that a pearling front leaves behind it, speed in kappa / (eta R^2) (eq-pearling-front).

    Marginal stability: in the frame of the front the fastest of the slowest disturbances neither grows nor decays.

    Raises
    ------
    RequestError
        No mode grows.
    """
    from scipy.optimize import root

    start, growth = fastest_mode(gamma, rate)

    def balance(guess: Floats) -> list[float]:
        k, v = complex(guess[0], guess[1]), guess[2]
        d = 1e-5 * start
        slope = (complex(rate(k + d, gamma)) - complex(rate(k - d, gamma))) / (2.0 * d)
        saddle = slope / growth * start + 1j * v
        return [saddle.real, saddle.imag, (1j * k * v / start + complex(rate(k, gamma)) / growth).real]

    found = root(balance, [start * 1.1, 0.4 * start, 3.0], tol=1e-12)
    k, v = complex(found.x[0], found.x[1]), found.x[2] * growth / start
    if not found.success or v == 0.0:
        return math.nan, math.nan
    return abs(k.real + complex(rate(k, gamma)).imag / v), abs(v)
