"""Well-mixed compartments joined by flows: one exact step of a linear system. Theory: docs/theory/pools.md."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Propagator(NamedTuple):
    """What a step of given length does to amounts and to what flows in at a constant rate during it.

    Parameters
    ----------
    keep
        exp(A t), (n, n): what is left, and where it has gone.
    enter
        Integral of exp(A s) over the step, s, (n, n): what the inflow has become at its end.
    held
        Integral of that once more, s2, (n, n): for the time that the inflow has spent in each compartment.
    """

    keep: Floats
    enter: Floats
    held: Floats


def transfer_matrix(transfers: Floats, losses: Floats) -> Floats:
    """Return A of ``dx/dt = A x + inflow`` (eq-pools).

    Parameters
    ----------
    transfers
        (n, n), 1/s: share of what is in compartment i that goes to j in a unit of time, at [i, j].
    losses
        (n,), 1/s: share that leaves the system.
    """
    return np.asarray(transfers.T - np.diag(transfers.sum(axis=1) + losses))


def propagate(matrix: Floats, dt: float) -> Propagator:
    """Return the exact propagator over a step of `dt` s (eq-pools-step), from one exponential of a block matrix."""
    from scipy.linalg import expm  # only dishes with pools load it

    n = len(matrix)
    block = np.zeros((3 * n, 3 * n))
    block[:n, :n] = matrix * dt
    block[:n, n : 2 * n] = block[n : 2 * n, 2 * n :] = np.eye(n)
    whole = expm(block)
    # Amounts cannot turn negative; the exponential of a matrix that keeps them so may be -1e-20 by rounding
    first = np.maximum(whole[:n], 0.0)
    return Propagator(first[:, :n], first[:, n : 2 * n] * dt, first[:, 2 * n :] * dt**2)


def advance(propagator: Propagator, amounts: Floats, inflow: Floats) -> tuple[Floats, Floats]:
    """Return the amounts after a step, and the time that amounts spent in each compartment during it (amount x s).

    Parameters
    ----------
    amounts
        (n,) or (n, k) at the start.
    inflow
        Amount per s, constant over the step, of the same shape.
    """
    after = propagator.keep @ amounts + propagator.enter @ inflow
    spent = propagator.enter @ amounts + propagator.held @ inflow
    return after, spent
