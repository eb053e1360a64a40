"""Counts with more spread than Poisson: the negative binomial and its shape k, by maximum likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from migralab.measure.readout import NAN

Ints = NDArray[np.int64]
_CHI2_HALF = 3.841458820694124 / 2  # half the 95 % point of chi-squared with one degree of freedom
_SMALLEST, _LARGEST = 1e-4, 1e6


def find_shape(counts: Ints) -> float:
    """Return the shape k of a negative binomial that makes the counts most likely.

    The variance is ``mean + mean^2 / k`` (eq-negative-binomial); the mean that maximises the likelihood is
    the sample's, which leaves one equation in k. With c_j the number of counts above j it reads
    ``sum_j c_j / (k + j) = n ln(1 + mean / k)``.

    Returns
    -------
    float
        k; infinite where the counts spread no more than Poisson, NaN where nothing was counted or there are
        fewer than two cells.

    References
    ----------
    Fisher 1941
    """
    n, total, above, j = _tally(counts)
    if n < 2 or total == 0:
        return NAN
    if not np.var(counts) > total / n:
        return math.inf
    return _root(lambda k: float(np.sum(above / (k + j))) - n * math.log1p(total / n / k), _SMALLEST, _LARGEST)


def fit_shape(counts: Ints) -> tuple[float, float, float]:
    """Return k as in `find_shape`, and its interval by profile likelihood; the upper end may be infinite."""
    best = find_shape(counts)
    if math.isnan(best):
        return NAN, NAN, NAN
    n, total, above, j = _tally(counts)
    mean = total / n
    ceiling = min(best, _LARGEST)

    def likelihood(k: float) -> float:
        # ln(k + j) - ln k is kept together: for large k each alone would lose the difference
        return float(np.sum(above * np.log1p(j / k))) - n * (k + mean) * math.log1p(mean / k)

    least = likelihood(ceiling) - _CHI2_HALF
    low = _SMALLEST if likelihood(_SMALLEST) > least else _root(lambda k: likelihood(k) - least, _SMALLEST, ceiling)
    high = math.inf if likelihood(_LARGEST) > least else _root(lambda k: likelihood(k) - least, ceiling, _LARGEST)
    return best, low, high


def _tally(counts: Ints) -> tuple[int, int, Ints, Ints]:
    """Return number of cells, sum of counts, and for each j from 0 how many counts are above it."""
    counts = np.asarray(counts, np.int64)
    above = len(counts) - np.cumsum(np.bincount(counts))[:-1]
    return len(counts), int(counts.sum()), above, np.arange(len(above))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function changes its sign, by bisection on ln k to 1e-9."""
    a, b = math.log(low), math.log(high)
    rising = function(low) < 0
    while b - a > 1e-9:
        middle = (a + b) / 2
        if (function(math.exp(middle)) < 0) == rising:
            a = middle
        else:
            b = middle
    return math.exp((a + b) / 2)
