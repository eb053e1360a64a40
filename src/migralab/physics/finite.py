"""Whether an array holds only numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel


@kernel
def first_not_finite(values: NDArray[Any]) -> int:
    """Return the place of the first value of a flat array that is nan or infinite, -1 if there is none."""
    for i in range(len(values)):
        if not math.isfinite(values[i]):
            return i
    return -1


def first_not_finite_array(values: NDArray[Any]) -> int:
    """Vectorised numpy twin of `first_not_finite`."""
    bad = ~np.isfinite(values)
    return int(bad.argmax()) if bad.any() else -1
