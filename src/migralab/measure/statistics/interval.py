"""Intervals: bootstrap over the cells of one experiment, Student's t over experiments.

Theory: docs/theory/observables.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.measure.readout import CONFIDENCE, NAN

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RESAMPLES = 1000
_BOXES = 130
_FEW = 400
_MANY = 20_000  # cells: the table of all resamples would take 160 MB; such an interval is narrow anyway
_FEW_RESAMPLES = 200
_SEED = 20191022  # any fixed number: the same table always gives the same interval


@lru_cache(maxsize=4)
def resample(n: int, resamples: int = RESAMPLES) -> Floats:
    """Return how often each of `n` cells was drawn in each resample, shape (resamples, n)."""
    rng = np.random.Generator(np.random.Philox(key=_SEED))
    drawn = rng.integers(0, n, (resamples, n)) + n * np.arange(resamples)[:, None]
    weights = np.bincount(drawn.ravel(), minlength=n * resamples).reshape(resamples, n).astype(np.float64)
    weights.setflags(write=False)
    return weights


def percentile_interval(values: Floats) -> tuple[float, float]:
    """Return the central 95 % of resampled values; NaN where more than a tenth of them are undefined."""
    finite = values[~np.isnan(values)]
    if len(finite) < 0.9 * len(values):
        return NAN, NAN
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(finite, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)


def bootstrap(statistic: Callable[..., Any], *per_cell: Floats) -> tuple[float, float]:
    """Return the bootstrap interval of a statistic of sums over cells.

    Whole cells are drawn with replacement, so that objects of one cell stay together.

    Parameters
    ----------
    statistic
        Function of the resampled sums: an array of shape (resamples,) or (resamples, m) for each column.
    per_cell
        Sums within each cell, shape (cells,) or (cells, m).
    """
    n = len(per_cell[0])
    if n < 2:
        return NAN, NAN
    sums = _resampled_sums(n, per_cell)
    with np.errstate(divide="ignore", invalid="ignore"):
        return percentile_interval(statistic(*sums))


def _resampled_sums(n: int, per_cell: tuple[Floats, ...]) -> list[Floats]:
    """Return the sums of each column over each resample; for very many cells fewer resamples, a few at a time."""
    if n <= _MANY:
        weights = resample(n)
        return [weights @ column for column in per_cell]
    rng = np.random.Generator(np.random.Philox(key=_SEED))
    parts: list[list[Floats]] = []
    for _ in range(_FEW_RESAMPLES):
        weight = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
        parts.append([weight @ column for column in per_cell])
    return [np.stack(column) for column in zip(*parts, strict=True)]


def ratio_interval(top: Floats, bottom: Floats) -> tuple[float, float]:
    """Return the bootstrap interval of ``sum(top) / sum(bottom)`` over cells."""
    return bootstrap(np.divide, np.asarray(top, np.float64), np.asarray(bottom, np.float64))


def median_interval(n_cells: int, owner: Ints, values: Floats, weight: Floats | None = None) -> tuple[float, float]:
    """Return the bootstrap interval over cells of the median of their objects.

    Many objects are sorted into boxes between the 2nd and the 98th percentile, linear within a box, so that a
    resample costs a sum over boxes; few are taken one by one.

    Parameters
    ----------
    n_cells
        Number of cells.
    owner
        Position of the cell of each object; `n_cells` where it is unknown.
    values, weight
        Value of each object and how much it counts.
    """
    if n_cells < 2 or not (owner < n_cells).any():
        return NAN, NAN
    if len(values) <= _FEW:
        return _median_of_few(n_cells, owner, values, weight)
    low, high = np.quantile(values, [0.02, 0.98])
    width = max(float(high - low), 1e-12) / (_BOXES - 2)
    box = np.clip(np.floor((values - low) / width) + 1, 0, _BOXES - 1).astype(np.int64)
    boxes = np.bincount(owner * _BOXES + box, weight, (n_cells + 1) * _BOXES).reshape(-1, _BOXES)[:n_cells]

    def middle(drawn: Floats) -> Floats:
        cumulated = np.cumsum(drawn, axis=1)
        half = cumulated[:, -1] / 2
        place = np.argmax(cumulated >= half[:, None], axis=1)
        rows = np.arange(len(drawn))
        into = 1 - (cumulated[rows, place] - half) / drawn[rows, place]
        return np.asarray(low + (place - 1 + np.clip(into, 0, 1)) * width, np.float64)

    return bootstrap(middle, boxes.astype(np.float64))


def _median_of_few(n_cells: int, owner: Ints, values: Floats, weight: Floats | None) -> tuple[float, float]:
    order = np.argsort(values, kind="stable")
    each = np.ones(len(values)) if weight is None else weight
    by_cell = np.zeros((n_cells + 1, len(values)))
    by_cell[owner[order], np.arange(len(values))] = each[order]

    def middle(drawn: Floats) -> Floats:
        cumulated = np.cumsum(drawn, axis=1)
        total = cumulated[:, -1:]
        # The middle of the two objects between which exactly half lies
        first = np.argmax(cumulated >= total * (0.5 - 1e-12), axis=1)
        second = np.argmax(cumulated > total * (0.5 + 1e-12), axis=1)
        found = (values[order][first] + values[order][second]) / 2
        return np.where(total[:, 0] > 0, found, np.nan)

    return bootstrap(middle, by_cell[:n_cells])


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Return Wilson's interval of a share of independent units (Wilson 1927), valid at 0 and at 1."""
    if n == 0:
        return NAN, NAN
    z2 = normal_quantile(0.5 + CONFIDENCE / 2) ** 2
    centre = (hits + z2 / 2) / (n + z2)
    half = math.sqrt(z2 * (hits * (n - hits) / n + z2 / 4)) / (n + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def mean_interval(values: Floats) -> tuple[float, float]:
    """Return Student's t interval of a mean; NaN for fewer than two values."""
    n = len(values)
    if n < 2:
        return NAN, NAN
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2) * np.std(values, ddof=1) / math.sqrt(n))
    mean = float(np.mean(values))
    return mean - half, mean + half


def normal_quantile(p: float) -> float:
    """Return the quantile of the standard normal distribution."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)
