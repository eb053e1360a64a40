"""Whether an array holds only numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import WORTH_THREADS, kernel, parallel_kernel

_CHUNK = 16_384  # values that one thread looks at in one go


@kernel
def _look(values: NDArray[Any], first: int, last: int) -> int:
    for i in range(first, last):
        if not math.isfinite(values[i]):
            return i
    return -1


@parallel_kernel
def _look_in_chunks(values: NDArray[Any], found: NDArray[Any]) -> None:
    for chunk in prange(len(found)):
        found[chunk] = _look(values, chunk * _CHUNK, min((chunk + 1) * _CHUNK, len(values)))


def first_not_finite(values: NDArray[Any]) -> int:
    """Return the place of the first value of a flat array that is nan or infinite, -1 if there is none."""
    if len(values) < 10 * WORTH_THREADS:  # a look takes a nanosecond
        return int(_look(values, 0, len(values)))
    found = np.empty(-(-len(values) // _CHUNK), np.int64)
    _look_in_chunks(values, found)
    bad = found[found >= 0]
    return int(bad[0]) if len(bad) else -1


def first_not_finite_array(values: NDArray[Any]) -> int:
    """Vectorised numpy twin of `first_not_finite`."""
    bad = ~np.isfinite(values)
    return int(bad.argmax()) if bad.any() else -1
