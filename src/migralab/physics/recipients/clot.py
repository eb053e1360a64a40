"""A clot that appears after a threshold: activity builds up against inhibitors. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def clot_step(activity: Floats, clot: Floats, rate: Floats, inhibition: float, deposition: float, dt: float) -> None:
    """Advance activity and clot by `dt`, exactly for a constant rate (eq-clot).

    ``dA/dt = rate - inhibition A`` and ``dC/dt = deposition max(A - 1, 0)``. The activity is monotonic within a
    step, so it passes the threshold of 1 at most once.

    Parameters
    ----------
    activity, clot
        (n,) over the threshold, and mass; changed in place.
    rate
        (n,) 1/s, of thresholds made in a second.
    inhibition, deposition
        1/s.
    dt
        s.
    """
    if inhibition > 0.0:
        target = rate / inhibition
        end = target + (activity - target) * np.exp(-inhibition * dt)
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = np.log((activity - target) / (1.0 - target)) / inhibition
    else:
        end = activity + rate * dt
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = (1.0 - activity) / rate
    above, passes = activity > 1.0, (activity > 1.0) != (end > 1.0)
    cross = np.clip(np.where(passes, cross, 0.0), 0.0, dt)
    # The part of the step above the threshold, and the activity at both its ends
    span = np.where(passes, np.where(above, cross, dt - cross), np.where(above, dt, 0.0))
    first = np.where(passes & ~above, 1.0, activity)
    if inhibition > 0.0:
        integral = (target - 1.0) * span + (first - target) * -np.expm1(-inhibition * span) / inhibition
    else:
        integral = (first - 1.0) * span + 0.5 * rate * span**2
    clot += deposition * np.maximum(np.where(span > 0.0, integral, 0.0), 0.0)
    activity[:] = end


def clot_lag(rate: float, inhibition: float) -> float:
    """Return when a clot appears at a constant rate, s; infinity where it never does (eq-clot-lag)."""
    if rate <= inhibition:
        return float("inf")
    return float(1.0 / rate if inhibition == 0.0 else -np.log1p(-inhibition / rate) / inhibition)
