"""From a z-stack to one plane: the greatest, the mean, the sharpest, or a chosen one; always said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import DataError

PROJECTIONS = ("max", "mean", "focus")
_DETAIL_PX = 1.5  # standard deviation of the smoothing before sharpness is measured: single pixels are noise


def parse_projection(asked: str | int, depth: int, source: str) -> str | int:
    """Return ``max``, ``mean``, ``focus`` or the number of a plane.

    Raises
    ------
    DataError
        If it is none of these, or there is no such plane.
    """
    word = str(asked).strip().lower()
    if word in PROJECTIONS:
        return word
    if not word.isdecimal():
        raise DataError(
            f"'{asked}' is no projection. Allowed: {', '.join(PROJECTIONS)}, or the number of a plane from 0."
        )
    if int(word) >= depth:
        raise DataError(f"{source} has no plane {word} along z. It has {depth}, numbered from 0.")
    return int(word)


def describe(projection: str | int, depth: int, z_step_um: float | None) -> str:
    """Return the note that says how the z-stack became one plane."""
    step = f", {z_step_um:g} um apart," if z_step_um else ""
    how = {
        "max": f"Greatest of {depth} planes{step} along z (maximum projection).",
        "mean": f"Mean of {depth} planes{step} along z.",
        "focus": f"Sharpest of {depth} planes{step} along z, chosen for each frame in the first channel.",
    }
    return how.get(str(projection), f"Plane {projection} of {depth}{step} along z.")


def project(read: Callable[[int], NDArray[Any]], depth: int, projection: str | int) -> NDArray[Any]:
    """Project a z-stack that is read plane by plane; at most two planes are in memory.

    Parameters
    ----------
    read
        Returns the plane (y, x) at a z.
    depth
        Number of planes.
    projection
        ``max``, ``mean`` or a number.
    """
    if depth == 1:
        return read(0)
    if isinstance(projection, int):
        return read(projection)
    if projection == "mean":
        total = read(0).astype(np.float64)
        for z in range(1, depth):
            total += read(z)
        return total / depth
    greatest = read(0)
    for z in range(1, depth):
        greatest = np.maximum(greatest, read(z))
    return greatest


def sharpness(plane: NDArray[Any]) -> float:
    """Return the variance of the detail of a plane; greatest in focus.

    It is not divided by the light: in a dim plane far from focus the noise would then win.
    """
    return float(ndimage.gaussian_laplace(np.asarray(plane, np.float32), _DETAIL_PX).var())


def sharpest(read: Callable[[int], NDArray[Any]], depth: int) -> int:
    """Return the z of the sharpest plane."""
    return int(np.argmax([sharpness(read(z)) for z in range(depth)]))
