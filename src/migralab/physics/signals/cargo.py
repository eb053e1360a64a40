"""Molecules into vesicles: a Poisson count that grows with its mean. Kernels and numpy twins; docs/theory/cargo.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.core.random import uniform_pair, uniform_pair_array

Array = NDArray[Any]
Floats = NDArray[np.float64]

EXACT_BELOW = 64.0
"""Mean below which the quantile is summed exactly; above, the expansion errs by one molecule in 3e-5 of draws."""
_SEAM = 8.0  # beyond the seam by this much the expansion has outrun whatever it may lag behind the sum

# Wichura (1988), algorithm AS 241, as in Python's `statistics`: highest power first
_CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080),
    (5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867,
     5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0),
)  # fmt: skip
_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258,
     3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1.0),
)  # fmt: skip
_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)  # fmt: skip


@kernel
def _quotient(x: float, top: tuple[float, ...], bottom: tuple[float, ...]) -> float:
    above, below = 0.0, 0.0
    for i in range(8):
        above = above * x + top[i]
        below = below * x + bottom[i]
    return above / below


@kernel
def normal_quantile(u: float) -> float:
    """Return the standard normal quantile of `u` in (0, 1)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _quotient(0.180625 - q * q, _CENTRE[0], _CENTRE[1])
    r = math.sqrt(-math.log(u if q <= 0.0 else 1.0 - u))
    z = _quotient(r - 1.6, _TAIL[0], _TAIL[1]) if r <= 5.0 else _quotient(r - 5.0, _FAR[0], _FAR[1])
    return -z if q < 0.0 else z


@kernel
def _summed(mean: float, u: float) -> float:
    """Return the Poisson quantile by adding up probabilities from 0."""
    count, probability = 0.0, math.exp(-mean)
    total = probability
    # The sum may stay below a `u` next to 1 by its rounding: what is left out there is below 1e-15
    while total < u and not (count > mean and probability < 1e-17):
        count += 1.0
        probability *= mean / count
        total += probability
    return count


@kernel
def _expanded(mean: float, u: float) -> float:
    """Return the Poisson quantile by the Cornish-Fisher expansion to 1/mean, rounded down."""
    z = normal_quantile(u)
    root, square = math.sqrt(mean), z * z
    shift = 1.0 / 3.0 + square / 6.0 - z * (2.0 + square) / (72.0 * root)
    return math.floor(mean + root * z + shift + (-16.0 + square * (7.0 + 3.0 * square)) / (810.0 * mean))


@kernel
def poisson_quantile(mean: float, u: float) -> float:
    """Return the least count whose cumulated Poisson probability reaches `u` (eq-poisson-threshold).

    At one `u` it never falls as the mean grows. So a vesicle that keeps the uniform of its birth holds exactly
    Poisson(mean) at every time, without a draw per step.

    Parameters
    ----------
    mean
        At least 0.
    u
        In (0, 1).
    """
    if mean <= EXACT_BELOW:
        return _summed(mean, u)
    count = max(_expanded(mean, u), 0.0)
    # Right above the seam the expansion may lie one below the sum: a count that fell would hand molecules back
    return max(count, _summed(EXACT_BELOW, u)) if mean < EXACT_BELOW + _SEAM else count


def poisson_quantile_array(mean: Floats, u: Floats) -> Floats:
    """Vectorised numpy twin of `poisson_quantile`."""
    mean, u = (np.array(part, np.float64) for part in np.broadcast_arrays(mean, u))
    large, near = mean > EXACT_BELOW, mean < EXACT_BELOW + _SEAM
    count = np.zeros(mean.shape)
    count[~large] = _summed_array(mean[~large], u[~large])
    count[large] = np.maximum(_expanded_array(mean[large], u[large]), 0.0)
    seam = large & near
    count[seam] = np.maximum(count[seam], _summed_array(np.full(int(seam.sum()), EXACT_BELOW), u[seam]))
    return count


def _summed_array(mean: Floats, u: Floats) -> Floats:
    count, probability = np.zeros(mean.shape), np.exp(-mean)
    total = probability.copy()
    while (on := (total < u) & ~((count > mean) & (probability < 1e-17))).any():
        count[on] += 1.0
        probability[on] *= mean[on] / count[on]
        total[on] += probability[on]
    return count


def _expanded_array(mean: Floats, u: Floats) -> Floats:
    from scipy.special import ndtri

    z = ndtri(u)
    root = np.sqrt(mean)
    third = 1 / 3 + z**2 / 6 - (2 * z + z**3) / (72 * root) + (3 * z**4 + 7 * z**2 - 16) / (810 * mean)
    return np.asarray(np.floor(mean + root * z + third))


@parallel_kernel
def offer_molecules(key: Array, stream: np.uint64, rise: Floats, expected: Floats, want: Floats) -> None:
    """Raise the mean of each kind in each vesicle and say how many molecules that asks for (eq-cargo-mean).

    Parameters
    ----------
    key
        (n,) random keys of the vesicles; draw k belongs to kind k for life.
    rise
        (n, kinds) by how much the means rise.
    expected
        (n, kinds) means so far, raised in place.
    want
        (n, kinds) result: whole molecules, never below 0.
    """
    for i in prange(len(key)):
        for k in range(rise.shape[1]):
            want[i, k] = 0.0
            if rise[i, k] > 0.0:
                u, _ = uniform_pair(stream, key[i], 0, k)
                mean = expected[i, k] + rise[i, k]
                want[i, k] = poisson_quantile(mean, u) - poisson_quantile(expected[i, k], u)
                expected[i, k] = mean


def offer_molecules_array(key: Array, stream: np.uint64, rise: Floats, expected: Floats, want: Floats) -> None:
    """Vectorised numpy twin of `offer_molecules`."""
    for k in range(rise.shape[1]):
        u, _ = uniform_pair_array(stream, key, 0, k)
        mean = expected[:, k] + rise[:, k]
        want[:, k] = poisson_quantile_array(mean, u) - poisson_quantile_array(expected[:, k], u)
        expected[:, k] = mean


@kernel
def share_out(want: Floats, cell: Array, pool: Floats) -> None:
    """Take what each vesicle wants from its cell's pool, in row order, until the pool is empty (eq-cargo-pool).

    Parameters
    ----------
    want
        (n, kinds) whole numbers; cut down in place to what was got.
    cell
        (n,) row of the donor in `pool`.
    pool
        (cells, kinds) whole numbers, lowered in place and never below 0.
    """
    for i in range(len(cell)):
        for k in range(want.shape[1]):
            got = min(want[i, k], pool[cell[i], k])
            pool[cell[i], k] -= got
            want[i, k] = got


def share_out_array(want: Floats, cell: Array, pool: Floats) -> None:
    """Vectorised numpy twin of `share_out`: what came before within a cell decides what is left."""
    order = np.argsort(cell, kind="stable")
    owner, wanted = cell[order], want[order]
    before = np.cumsum(wanted, axis=0) - wanted
    first = np.searchsorted(owner, owner)
    got = np.clip(pool[owner] - (before - before[first]), 0.0, wanted)
    want[order] = got
    np.subtract.at(pool, owner, got)
