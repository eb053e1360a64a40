"""Binding of a free substance to sites of the ground: exact local kinetics; docs/theory/signals-in-the-medium.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import parallel_kernel

Floats = NDArray[np.float64]
Sites = NDArray[Any]


@parallel_kernel
def bind(free: Floats, bound: Floats, sites: float, on_rate: float, off_rate: float, dt: float) -> None:
    """Let free and bound molecules of each voxel exchange for `dt`, in place (eq-binding).

    ``db/dt = k_on c (b_max - b) - k_off b`` with c + b constant is a Riccati equation and is solved exactly: no step is
    too long, nothing goes below zero or above the sites, and no molecule is lost.

    Parameters
    ----------
    free, bound
        Flat arrays, molecules/um3 of medium.
    sites
        b_max, molecules/um3 of medium.
    on_rate, off_rate
        um3/(molecule s); 1/s.
    """
    for i in prange(len(free)):
        total = free[i] + bound[i]
        middle = 0.5 * (total + sites + off_rate / on_rate)
        root = math.sqrt(max(middle * middle - total * sites, 0.0))
        # The smaller root is the equilibrium; written so that no digits are lost where it is tiny
        high = middle + root
        low = total * sites / high if high > 0.0 else 0.0
        if root <= 0.0:
            continue
        fade = math.exp(-2.0 * on_rate * root * dt) * (bound[i] - low) / (bound[i] - high)
        after = min(max((low - fade * high) / (1.0 - fade), 0.0), total, sites)
        bound[i] = after
        free[i] = total - after


def bind_array(
    free: Floats, bound: Floats, sites: float, on_rate: float, off_rate: float, dt: float
) -> tuple[Floats, Floats]:
    """Vectorised numpy twin of `bind`; returns new arrays."""
    total = free + bound
    middle = 0.5 * (total + sites + off_rate / on_rate)
    root = np.sqrt(np.maximum(middle**2 - total * sites, 0.0))
    low, high = total * sites / (middle + root), middle + root
    fade = np.exp(-2.0 * on_rate * root * dt) * (bound - low) / (bound - high)
    after = np.clip((low - fade * high) / (1.0 - fade), 0.0, np.minimum(total, sites))
    return total - after, after


def effective_diffusivity(diffusivity: float, sites: float, half: float, free: float = 0.0) -> float:
    """Return D_eff = D / (1 + b_max K / (K + c)^2) of a cue that binds fast, um2/s (eq-effective).

    Parameters
    ----------
    sites, half, free
        b_max, K and c in the same unit.
    """
    return diffusivity / (1.0 + sites * half / (half + free) ** 2)
