"""Radius and pressure of a swelling by the reduced law; theory and error bound: docs/theory/membrane-law.md.

``python -m migralab.membrane.law`` builds the table again from the full solver, in some minutes.
"""

from __future__ import annotations

import functools
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.core.errors import RequestError
from migralab.membrane.bilayer import BENDING
from migralab.physics.membrane.law import LawTable, find_columns_array, radius_array, read_law_array

Floats = NDArray[np.float64]

FILE = Path(__file__).with_name("data") / "law.npz"
_BALL = 1.0 / (6.0 * math.sqrt(math.pi))


@functools.cache
def load_law() -> LawTable:
    """Return the table of the law, read once."""
    with np.load(FILE) as table:
        return LawTable(**{name: np.ascontiguousarray(table[name], np.float64) for name in LawTable._fields})


def law_range() -> dict[str, tuple[float, float]]:
    """Return the range of the stiffness ratio k and of the size a that the table covers; outside, its edge counts."""
    table = load_law()
    return {
        name: (math.exp(axis[0]), math.exp(axis[0] + axis[1] * (axis[2] - 1)))
        for name, axis in (("stiffness_ratio", table.stiffness), ("size", table.size))
    }


def broadcast(**values: ArrayLike) -> tuple[tuple[int, ...], list[Floats]]:
    """Return the common shape and the values as flat arrays of it.

    Raises
    ------
    RequestError
        For values that are not finite; a ``stiffness_ratio`` below 1; others, but for ``pressure`` and what is without
        unit, that are not above 0.
    """
    arrays = [np.asarray(value, np.float64) for value in values.values()]
    for name, array in zip(values, arrays, strict=True):
        if not np.isfinite(array).all():
            raise RequestError(f"{name}: only finite values are allowed.")
        if name == "stiffness_ratio" and (array < 1.0).any():
            raise RequestError(
                f"stiffness_ratio = {array.min():g}: at least 1 is allowed; a softer domain does not swell."
            )
        if name in ("tetraspanin", "cholesterol") and (array < 0.0).any():
            raise RequestError(f"{name} = {array.min():g}: a level relative to normal is at least 0.")
        if name not in ("pressure", "stiffness_ratio", "tetraspanin", "cholesterol") and (array <= 0.0).any():
            raise RequestError(f"{name} = {array.min():g}: only values above 0 are allowed.")
    try:
        whole = np.broadcast_arrays(*arrays)
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(values, arrays, strict=True))
        raise RequestError(f"Arrays of one shape are allowed, or numbers; these are {shapes}.") from error
    return whole[0].shape, [array.ravel() for array in whole]


def equilibrium_pressure(
    area: ArrayLike, volume: ArrayLike, stiffness_ratio: ArrayLike, fibre_radius: ArrayLike, *, bending: float = BENDING
) -> NDArray[Any]:
    """Return the pressure, Pa, that holds a swelling at a volume; below 0 it draws liquid in (eq-law-pressure).

    Parameters
    ----------
    area, volume
        Membrane, um2, and liquid, um3, of the domain; arrays of one shape, or numbers.
    stiffness_ratio
        k of the domain over the fibre, at least 1.
    fibre_radius
        R_l, um; with `bending` it gives the tension ``bending / (2 R_l^2)``.
    bending
        kappa_l of the fibre, pN um.

    Raises
    ------
    RequestError
        For values that are not finite, or not above 0, or a k below 1.
    """
    shape, (a, v, k, r, b) = broadcast(
        area=area, volume=volume, stiffness_ratio=stiffness_ratio, fibre_radius=fibre_radius, bending=bending
    )
    sphere = np.sqrt(a / (4 * np.pi))
    columns = find_columns_array(k, (sphere / r) ** 2, load_law())
    pressure = read_law_array(columns.pressure, v / (a**1.5 * _BALL), columns) * b / (r**2 * sphere)
    return pressure.reshape(shape)


def equilibrium_volume(
    area: ArrayLike, stiffness_ratio: ArrayLike, fibre_radius: ArrayLike, pressure: ArrayLike = 0.0,
    *, bending: float = BENDING, from_thin: bool = False,
) -> NDArray[Any]:  # fmt: skip
    """Return the volume, um3, at which a swelling comes to rest under a pressure.

    Two volumes may be at rest under one pressure: a ball, and a sausage that never was filled. The full swelling that
    empties finds the ball; with `from_thin` a thin one that fills finds the sausage, if there is one.

    Parameters
    ----------
    area, stiffness_ratio, fibre_radius, bending
        As in `equilibrium_pressure`.
    pressure
        Of the cell over the outside, Pa.
    from_thin
        Begin at the thinnest shape of the table.

    Raises
    ------
    RequestError
        As in `equilibrium_pressure`.
    """
    shape, (a, k, r, push, b) = broadcast(
        area=area, stiffness_ratio=stiffness_ratio, fibre_radius=fibre_radius, pressure=pressure, bending=bending
    )
    sphere = np.sqrt(a / (4 * np.pi))
    columns = find_columns_array(k, (sphere / r) ** 2, load_law())
    excess = columns.pressure - (push * r**2 * sphere / b)[:, None]
    order, sign = (slice(None), 1.0) if from_thin else (slice(None, None, -1), -1.0)
    nodes, excess = columns.fullness[:, order], sign * excess[:, order]
    hit = excess >= 0
    last = np.where(hit.any(axis=1), hit.argmax(axis=1), nodes.shape[1] - 1)
    first, row = np.maximum(last - 1, 0), np.arange(len(last))
    e0, e1 = excess[row, first], excess[row, last]
    part = np.where(e0 < 0, -e0 / np.where((e0 < 0) & (e1 >= 0), e1 - e0, -e0), 1.0)
    full = nodes[row, first] + part * (nodes[row, last] - nodes[row, first])
    return np.asarray(full * a**1.5 * _BALL).reshape(shape)


def equilibrium_radius(
    area: ArrayLike, stiffness_ratio: ArrayLike, fibre_radius: ArrayLike, pressure: ArrayLike = 0.0,
    *, bending: float = BENDING, from_thin: bool = False,
) -> NDArray[Any]:  # fmt: skip
    """Return the widest radius, um, at which a swelling comes to rest under a pressure.

    Parameters
    ----------
    area, stiffness_ratio, fibre_radius, pressure, bending, from_thin
        As in `equilibrium_volume`.

    Raises
    ------
    RequestError
        As in `equilibrium_pressure`.
    """
    volume = equilibrium_volume(area, stiffness_ratio, fibre_radius, pressure, bending=bending, from_thin=from_thin)
    return radius_of(*np.broadcast_arrays(area, volume, stiffness_ratio, fibre_radius))


def radius_of(area: ArrayLike, volume: ArrayLike, stiffness_ratio: ArrayLike, fibre_radius: ArrayLike) -> NDArray[Any]:
    """Return the widest radius, um, of a swelling of a given volume, um3 (eq-law-radius).

    Parameters
    ----------
    area, volume, stiffness_ratio, fibre_radius
        As in `equilibrium_pressure`.

    Raises
    ------
    RequestError
        As in `equilibrium_pressure`.
    """
    shape, (a, v, k, r) = broadcast(
        area=area, volume=volume, stiffness_ratio=stiffness_ratio, fibre_radius=fibre_radius
    )
    sphere = np.sqrt(a / (4 * np.pi))
    columns = find_columns_array(k, (sphere / r) ** 2, load_law())
    return np.asarray(sphere * radius_array(v / (a**1.5 * _BALL), columns)).reshape(shape)


def main() -> None:
    """Build the table of the law again, saying where it stands."""
    from migralab.membrane.law_table import build_table

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    missing = build_table(FILE, say)
    say(f"{FILE}: {FILE.stat().st_size} bytes, {missing} values between others because the solver reached none")


if __name__ == "__main__":
    main()
