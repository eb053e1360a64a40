"""How several signals set one behaviour of a cell: a multivariate Hill law. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import parallel_kernel

Floats = NDArray[np.float64]

_LARGEST = 1e300  # beyond it 1/(1 + x) is 0 to the last bit, and infinity over infinity would be no number


@parallel_kernel
def respond(
    signals: Floats, half: Floats, hill: Floats, promotes: NDArray[np.bool_], base: Floats, extremes: Floats,
    found: Floats,
) -> None:  # fmt: skip
    """Write the value of one behaviour in each cell into `found` (eq-rules).

    Parameters
    ----------
    signals
        (cells, rules) signal of each rule in each cell, in the unit of its half-max; below 0 counts as 0.
    half, hill, promotes
        (rules,) half-maximum, Hill exponent, and whether the rule raises the behaviour.
    base
        (cells,) value without signals.
    extremes
        (2,) value at saturation of what raises, and of what lowers.
    found
        (cells,) filled.
    """
    for i in prange(len(base)):
        up, down = 0.0, 0.0
        for j in range(len(half)):
            s = signals[i, j]
            if s <= 0.0:
                continue
            u = min((s / half[j]) ** hill[j], _LARGEST)
            if promotes[j]:
                up = min(up + u, _LARGEST)
            else:
                down = min(down + u, _LARGEST)
        raised = base[i] + (extremes[0] - base[i]) * (up / (1.0 + up))
        found[i] = raised + (extremes[1] - raised) * (down / (1.0 + down))


def respond_array(
    signals: Floats, half: Floats, hill: Floats, promotes: NDArray[np.bool_], base: Floats, extremes: Floats,
    found: Floats,
) -> None:  # fmt: skip
    """Do as `respond`, in numpy."""
    with np.errstate(over="ignore"):
        u = np.minimum((np.maximum(signals, 0.0) / half) ** hill, _LARGEST)
    up = np.minimum((u * promotes).sum(axis=1), _LARGEST)
    down = np.minimum((u * ~promotes).sum(axis=1), _LARGEST)
    raised = base + (extremes[0] - base) * (up / (1.0 + up))
    found[:] = raised + (extremes[1] - raised) * (down / (1.0 + down))
