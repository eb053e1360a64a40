"""Integrin engagement on a coated substrate, and what it does to speed. Vectorised numpy; theory in docs/theory."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def coating_occupancy(dose: ArrayLike, background: float, half_dose: float) -> Floats:
    """Return the share of ligand sites that a coating dose fills (eq-coating).

    ``E(c) = (c + c0) / (c + c0 + K)``: Langmuir adsorption, with the ligand that serum and cells bring (c0).

    Parameters
    ----------
    dose, background, half_dose
        Coating dose c, background c0 and half dose K, all in ug/ml.
    """
    total = np.asarray(dose, np.float64) + background
    return total / (total + half_dose)


def biphasic_speed(engagement: ArrayLike, traction: float, release: float) -> Floats:
    """Return the relative speed of a cell with `engagement` bonds (eq-biphasic-speed).

    ``v/v_max = [B/(B + b1)] / [1 + (B/b2)^2]``: bonds give traction (b1), too many hold the rear (b2).
    """
    bonds = np.asarray(engagement, np.float64)
    return bonds / (bonds + traction) / (1.0 + (bonds / release) ** 2)
