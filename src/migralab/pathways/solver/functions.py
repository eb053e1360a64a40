"""Operations that Python and numba do not have as one name; a domain error gives NaN or infinity, never an exception.

What stands below the line is pasted into every generated module. `PLAIN` are the twins, for numpy scalars and arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from migralab.pathways.solver.frame import kernel

# --- pasted from here ---


@kernel
def opposite(condition: bool) -> bool:  # compiled code has no keywords
    """Return whether something is not so."""
    return not condition


@kernel
def where(condition: bool, yes: float, no: float) -> float:  # compiled code has no keywords
    """Return one of two values; both have been computed, so that a loop over lanes has no branch."""
    return yes if condition else no


@kernel
def least(a: float, b: float) -> float:
    """Return the smaller of two; NaN if one is."""
    return b if b < a or math.isnan(b) else a


@kernel
def largest(a: float, b: float) -> float:
    """Return the larger of two; NaN if one is."""
    return b if b > a or math.isnan(b) else a


@kernel
def quotient(a: float, b: float) -> float:
    """Return the whole part of a / b, rounded towards zero."""
    whole: float = np.trunc(a / b)
    return whole


@kernel
def remainder(a: float, b: float) -> float:
    """Return what a leaves when divided by b; it has the sign of a."""
    left: float = a - b * np.trunc(a / b)
    return left


@kernel
def factorial(a: float) -> float:
    """Return a!, the Gamma function of a + 1 between whole numbers."""
    if not a > -1.0:
        return np.nan
    return math.gamma(a + 1.0) if a < 170.6 else np.inf


@kernel
def power_slope(a: float, b: float, power: float) -> float:
    """Return the derivative of a^b by a, given a^b; b a^(b - 1) without a second power, and right at a = 0."""
    return b * power / a if a != 0.0 else b * a ** (b - 1.0)


# --- to here ---


def _factorial(a: Any) -> Any:
    return np.vectorize(factorial, otypes=[float])(a)[()]


def _where(condition: Any, yes: Any, no: Any) -> Any:
    return np.where(condition, yes, no)[()]


def _power_slope(a: Any, b: Any, power: Any) -> Any:
    return np.where(np.not_equal(a, 0.0), b * power / a, b * np.power(a, b - 1.0))[()]


PLAIN: dict[str, Callable[..., Any]] = {
    "opposite": np.logical_not,
    "where": _where,
    "least": np.minimum,
    "largest": np.maximum,
    "quotient": quotient,
    "remainder": remainder,
    "factorial": _factorial,
    "power_slope": _power_slope,
}
