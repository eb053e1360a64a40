"""What a generated module gives to `simulate`, written by hand for one kind of molecule that is made and lost.

`simulate` imports these names so that it can be read, linted and run as it stands; when it is pasted behind generated
tables and propensities, those take their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from migralab.core.random import uniform_pair

Floats = npt.NDArray[np.float64]
UInts = npt.NDArray[np.uint64]
Work = tuple[Floats, Floats, Floats, Floats, Floats]
_Function = TypeVar("_Function", bound=Callable[..., Any])

S = 1  # kinds of molecules that are counted
M = 1  # inputs
R = 2  # reactions
FIRST = (0, 1, 2)  # where in WHO and BY the changes of each reaction begin, and the end of the last
WHO = (0, 0)  # kind of each change
BY = (1.0, -1.0)  # molecules of each change
MATTERS = (1,)  # 1 if a propensity depends on the kind: only then does a leap have to spare it


def kernel(function: _Function) -> _Function:
    """Stand for numba's decorator of what is called by compiled code."""
    return function


def entry(function: _Function) -> _Function:
    """Stand for numba's decorator of what is called by Python."""
    return function


@kernel
def propensities(x: Floats, u: Floats, c: Floats, a: Floats) -> None:
    """Write the rate of every reaction of one cell into `a`, (R,).

    Parameters
    ----------
    x
        Molecules, (S,).
    u
        Inputs, (M,).
    c
        Constants of the network, (P,).
    """
    a[0] = u[0]
    a[1] = c[0] * x[0]


__all__ = [
    "BY",
    "FIRST",
    "MATTERS",
    "WHO",
    "Floats",
    "M",
    "R",
    "S",
    "UInts",
    "Work",
    "kernel",
    "propensities",
    "uniform_pair",
]
