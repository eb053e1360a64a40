"""Two pools in a row, exact in the step: endosome, cytosol. Theory: docs/theory/uptake.md."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def escape_and_decay(
    inside: Floats, outside: Floats, escape: Any, degrade: Any, decay: Any, dt: float
) -> tuple[Floats, Floats, Floats]:
    """Return what is in the endosome, what is in the cytosol, and what was degraded in either (eq-endosome).

    Parameters
    ----------
    inside, outside
        Amounts at the start, molecules; of one shape.
    escape, degrade
        Rates of leaving the endosome, for the cytosol and by degradation, 1/s.
    decay
        Rate of decay in the cytosol, 1/s.
    dt
        Step, s.

    Returns
    -------
    Three amounts, which add up to the two at the start.
    """
    leave = escape + degrade
    rest = inside * np.exp(-leave * dt)
    x = np.asarray((decay - leave) * dt, np.float64)
    # The mean of exp(-x s) over s from 0 to 1: its limit where both pools empty equally fast
    mean = np.divide(-np.expm1(-x), x, out=np.ones_like(x), where=x != 0.0)
    out = outside * np.exp(-decay * dt) + escape * dt * rest * mean
    return rest, out, inside + outside - rest - out
