"""Pearling of a straight tube between two clamps: the second variation. Lengths in R, energies in kappa."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import eigh


def clamped_tube_threshold(length: float, modes: int = 40) -> float:
    """Return the tension at which a closed, clamped tube of `length` radii pearls (eq-pearl-clamped), inf if none.

    The stiffness of a pearl, that of physics/membrane/pearling.py, is linear in Gamma, ``K0 - Gamma K1``: the lowest
    root is a generalised eigenvalue on functions
    with ``b = b' = 0`` at the ends and no mean (no water leaves). Basis: sums of ``cos(k pi x/L)`` that vanish there.
    """
    x, weights = np.polynomial.legendre.leggauss(4 * modes)
    x, weights = (x + 1.0) * length / 2.0, weights * length / 2.0
    k = np.pi * np.arange(1, modes + 1)[:, None] / length
    value, slope, bend = np.cos(k * x), -k * np.sin(k * x), -(k**2) * np.cos(k * x)
    ends = np.vstack([np.ones(modes), (-1.0) ** np.arange(1, modes + 1)])  # slopes vanish at the ends by themselves
    _, _, right = np.linalg.svd(ends)
    free = right[2:]
    b, b1, b2 = free @ value, free @ slope, free @ bend
    fixed = (b * weights) @ b.T * 1.5 - 0.5 * (b1 * weights) @ b1.T + (b2 * weights) @ b2.T
    softened = (b * weights) @ b.T - (b1 * weights) @ b1.T
    # softened is indefinite: 1/Gamma is the largest eigenvalue of softened over fixed, which is positive definite
    top = float(eigh(softened, fixed, eigvals_only=True)[-1])
    return 1.0 / top if top > 0.0 else math.inf
