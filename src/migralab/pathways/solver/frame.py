"""What a generated module gives to the integrators, written by hand for one decaying substance: dy/dt = u - k y.

The integrators import these names so that they can be read, linted and run as they stand; when they are pasted behind
generated functions, those take their place. Arrays are flat: ``i * LANES + lane`` is quantity i of the cell in a lane.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_Function = TypeVar("_Function", bound=Callable[..., Any])

LANES = 1
N = 1  # variables
M = 1  # inputs
SCRATCH = 1  # values that `rates` and `factor` keep between their loops, for each lane
FACTORS = 1  # numbers of the factored matrix, for each lane
TIMED = 0  # 1 if the rates mention time: then `factor` gives df/dt too
CHUNK = 256  # cells that one thread takes at once


def entry(function: _Function) -> _Function:
    """Stand for numba's decorator of what is called from Python, and kept on the disk."""
    return function


def kernel(function: _Function) -> _Function:
    """Stand for numba's decorator of what is called from compiled code only."""
    return function


def inlined(function: _Function) -> _Function:
    """Stand for numba's decorator of a small function that is put where it is called: a tenth of the compile time."""
    return function


@kernel
def rates(t: Floats, y: Floats, u: Floats, c: Floats, scratch: Floats, out: Floats) -> None:
    """Write dy/dt (N * LANES,) into `out`.

    Parameters
    ----------
    t
        Time of each lane, (LANES,).
    y, u
        State and inputs, (N * LANES,) and (M * LANES,).
    c
        Constants, and what follows from them alone.
    scratch
        (SCRATCH * LANES,), overwritten.
    """
    del t, scratch
    for lane in range(LANES):
        out[lane] = u[lane] - c[0] * y[lane]


@kernel
def factor(t: Floats, d: Floats, y: Floats, u: Floats, c: Floats, scratch: Floats, m: Floats) -> None:
    """Factor d I - J for each lane into `m`, ((FACTORS + N * TIMED + 1) * LANES,).

    Behind the factors stand df/dt, if `TIMED`, and the largest d / |pivot| of each lane: what is lost by not pivoting.

    Parameters
    ----------
    d
        1 / (gamma h) of each lane, (LANES,).
    """
    del t, y, u, scratch
    for lane in range(LANES):
        m[lane] = 1.0 / (d[lane] + c[0])
        m[LANES + lane] = d[lane] * m[lane]


@kernel
def solve(c: Floats, m: Floats, b: Floats) -> None:
    """Solve (d I - J) x = b in place for each lane, b (N * LANES,)."""
    del c
    for lane in range(LANES):
        b[lane] *= m[lane]


# Of a network with events only; here: "at y > 1, y becomes 0"

EVENTS = 1
FIRST_SET = (0, 1)  # where in `values_set` and TARGETS the assignments of each event begin, and the end of the last
TARGETS = (0, -1)  # variable of each assignment; the last entry is none
STARTS_TRUE = (1,)
PERSISTENT = (1,)
EARLY = (1,)
HAS_PRIORITY = (0,)


@kernel
def triggers(t: Floats, y: Floats, u: Floats, c: Floats, scratch: Floats, out: Floats) -> None:
    """Write 1 for every event whose trigger is true, else 0, (EVENTS * LANES,)."""
    del t, u, c, scratch
    for lane in range(LANES):
        out[lane] = 1.0 if y[lane] > 1.0 else 0.0


@kernel
def priorities(t: Floats, y: Floats, u: Floats, c: Floats, scratch: Floats, out: Floats) -> None:
    """Write the priority of every event, (EVENTS * LANES,); NaN where it has none."""
    del t, y, u, c, scratch
    for lane in range(LANES):
        out[lane] = math.nan


@kernel
def values_set(t: Floats, y: Floats, u: Floats, c: Floats, scratch: Floats, out: Floats) -> None:
    """Write the new value of every assignment of every event, (FIRST_SET[-1] * LANES,)."""
    del t, y, u, c, scratch
    for lane in range(LANES):
        out[lane] = 0.0
