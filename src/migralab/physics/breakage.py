"""Ageing and breaking of retraction fibres. Kernels and numpy twins; theory in docs/theory/breakage.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.core.random import exponential, exponential_array

Array = NDArray[Any]
Floats = NDArray[np.float64]


def break_hazard(age: Floats, plateau: float, half_age: float, width: float) -> Floats:
    """Return the hazard of an ageing fibre, 1/(um s) (eq-hazard): ``h = h_inf / (1 + exp(-(a - a_half)/s))``."""
    return plateau / (1.0 + np.exp(-(np.asarray(age, np.float64) - half_age) / width))


@kernel
def break_age(threshold: float, length: float, plateau: float, half_age: float, width: float) -> float:
    """Return the age at which a stretch breaks whose Exp(1) threshold is given (eq-break-age).

    The integrated logistic hazard, ``L h_inf s [ln(1 + e^((a - a_half)/s)) - ln(1 + e^(-a_half/s))]``, solved
    for the age: no draw per step, no dependence on the tick.
    """
    if length <= 0.0 or plateau <= 0.0:
        return math.inf
    y = threshold / (length * plateau * width) + math.log1p(math.exp(-half_age / width))
    # ln(e^y - 1) without overflow
    return half_age + width * (y + math.log(-math.expm1(-y)))


@kernel
def sweep_breaks(
    parent: Array, row_of: Array, x: Array, y: Array, born: Array, key: Array, breaks: Array, detached: Array,
    plateau: float, half_age: float, width: float, stream: np.uint64,
) -> None:  # fmt: skip
    """Date the break of every stretch that has got a parent, and the detachment of every node (eq-detachment).

    A parent is laid later than its children, so one pass from the newest row to the oldest sees every parent
    first: ``detached = min(breaks, detached of the parent)``. `breaks` is NaN while the stretch has no parent.
    """
    for i in range(len(parent) - 1, -1, -1):
        if parent[i] < 0:
            detached[i] = np.inf
            continue
        p = row_of[parent[i]] if len(row_of) > 0 else parent[i]
        if np.isnan(breaks[i]):
            dx, dy = float(x[i]) - float(x[p]), float(y[i]) - float(y[p])
            threshold = exponential(stream, key[i], 0, 0)
            age = break_age(threshold, math.sqrt(dx * dx + dy * dy), plateau, half_age, width)
            # A stretch that was open while its cell rested is known only now: it cannot have broken before
            breaks[i] = max(float(born[i]) + age, float(born[p]))
        detached[i] = min(breaks[i], detached[p])


def sweep_breaks_array(
    parent: Array, x: Array, y: Array, born: Array, key: Array, breaks: Array, detached: Array,
    plateau: float, half_age: float, width: float, stream: np.uint64,
) -> None:  # fmt: skip
    """Vectorised numpy twin of `sweep_breaks` (rows equal ids): walks up the tree one generation at a time."""
    rows = np.flatnonzero((parent >= 0) & np.isnan(breaks))
    length = np.hypot(x[rows].astype(float) - x[parent[rows]], y[rows].astype(float) - y[parent[rows]])
    threshold = exponential_array(stream, key[rows], 0, 0)
    with np.errstate(divide="ignore"):
        scaled = threshold / (length * plateau * width) + np.log1p(np.exp(-half_age / width))
    with np.errstate(invalid="ignore"):
        age = np.where(np.isinf(scaled), np.inf, half_age + width * (scaled + np.log(-np.expm1(-scaled))))
    breaks[rows] = np.maximum(born[rows].astype(float) + age, born[parent[rows]])
    detached[...] = np.where(parent >= 0, breaks, np.inf)
    ancestor = parent.copy()
    while (ancestor >= 0).any():
        here = np.flatnonzero(ancestor >= 0)
        up = ancestor[here]
        detached[here] = np.minimum(detached[here], np.where(parent[up] >= 0, breaks[up], np.inf))
        ancestor[here] = parent[up]
