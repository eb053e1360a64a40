"""Growth of a migrasome: membrane in, volume in, tetraspanin in. Kernel and numpy twin; docs/theory/growth.md."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel

Array = NDArray[Any]
Floats = NDArray[np.float64]

VOLUME, AREA, SHAPE = 0, 1, 2
_TIE = 1.0 - 1e-9
LIMITERS = ("volume", "area", "shape")


class Supply(NamedTuple):
    """What the fibre brings.

    Parameters
    ----------
    excess_pressure
        dP, Pa: pressure of the cell over the lumen of a slack vesicle.
    viscosity
        Of the lumen of the fibre, Pa s.
    diffusivity
        D_T of tetraspanin in the fibre, um2/s.
    saturation
        Highest tetraspanin per area relative to the fibre.
    stiffness_ratio
        k: bending modulus of the domain over that of the fibre; bounds the radius of an unpressurised vesicle.
    shortest_path
        Least path length that counts, um.
    """

    excess_pressure: float
    viscosity: float
    diffusivity: float
    saturation: float
    stiffness_ratio: float
    shortest_path: float


def poiseuille_conductance(fibre_radius: float, viscosity: float, length: float) -> float:
    """Return volume per time and pressure through a fibre, um3/(s Pa): ``pi R_l^4 / (8 eta L)`` (eq-poiseuille)."""
    return math.pi * fibre_radius**4 / (8.0 * viscosity * length)


@kernel
def radius_of(area: float, volume: float, fibre_radius: float, supply: Supply) -> tuple[float, int]:
    """Return (radius, limiter): the least of the three bounds (eq-radius)."""
    by_volume = np.cbrt(3.0 * volume / (4.0 * math.pi))
    by_area = math.sqrt(area / (4.0 * math.pi))
    # A taut vesicle has both bounds equal up to rounding: its membrane limits it
    radius, limiter = (by_volume, VOLUME) if by_volume < by_area * _TIE else (by_area, AREA)
    if supply.excess_pressure <= 0.0:
        by_shape = supply.stiffness_ratio * fibre_radius
        if by_shape * _TIE <= radius:
            radius, limiter = by_shape, SHAPE
    return radius, limiter


@parallel_kernel
def grow(
    time: Floats, path: Floats, fibre_radius: Floats, flow: Floats, area: Floats, volume: Floats, tetraspanin: Floats,
    diameter: Floats, limiter: Array, taken: Floats, supply: Supply,
) -> None:  # fmt: skip
    """Grow each vesicle for its own `time` (s; 0 for one that does not grow), in place (eq-growth).

    Parameters
    ----------
    path
        (n,) length of fibre to the cell, um.
    fibre_radius
        (n,) radius of that fibre, um.
    flow
        (n,) membrane that flows in, um2/s.
    area, volume, tetraspanin
        (n,) um2, um3, and tetraspanin in units of what 1 um2 of fibre holds.
    diameter, limiter
        (n,) results.
    taken
        (n, 3) area, volume and tetraspanin taken in this step.
    """
    for i in prange(len(area)):
        taken[i, 0] = taken[i, 1] = taken[i, 2] = 0.0
        if time[i] <= 0.0:
            continue
        length = max(path[i], supply.shortest_path)
        density = tetraspanin[i] / area[i]
        capture = supply.diffusivity * 2.0 * math.pi * fibre_radius[i] / length
        # Flow and diffusion together towards a trap: the steady flux q / (1 - e^-Pe), Pe = q L / (2 pi R_l D_T).
        # A full trap takes only what its membrane brings along
        peclet = flow[i] / capture
        steady = flow[i] / -math.expm1(-peclet) if peclet > 1e-9 else capture
        rate = flow[i] + (steady - flow[i]) * max(1.0 - density / supply.saturation, 0.0)
        # A slack vesicle (volume below what its membrane could hold) has no tension and feels the whole pressure;
        # a taut one cannot take more than its membrane allows
        conductance = math.pi * fibre_radius[i] ** 4 / (8.0 * supply.viscosity * length)
        grown_area = area[i] + flow[i] * time[i]
        room = grown_area * math.sqrt(grown_area / math.pi) / 6.0 - volume[i]
        poured = min(conductance * max(supply.excess_pressure, 0.0) * time[i], max(room, 0.0))
        if supply.excess_pressure <= 0.0:  # nothing pushes: volume follows the shape, water crosses freely
            shape = supply.stiffness_ratio * fibre_radius[i]
            poured = max(min(room, 4.0 / 3.0 * math.pi * shape**3 - volume[i]), 0.0)
        taken[i, 0], taken[i, 1], taken[i, 2] = grown_area - area[i], poured, rate * time[i]
        area[i] = grown_area
        volume[i] += poured
        tetraspanin[i] += rate * time[i]
        radius, limiter[i] = radius_of(area[i], volume[i], fibre_radius[i], supply)
        diameter[i] = 2.0 * radius


def grow_array(
    time: Floats, path: Floats, fibre_radius: Floats, flow: Floats, area: Floats, volume: Floats, tetraspanin: Floats,
    diameter: Floats, limiter: Array, taken: Floats, supply: Supply,
) -> None:  # fmt: skip
    """Vectorised numpy twin of `grow`."""
    on = time > 0
    t, length, tube = time[on], np.maximum(path[on], supply.shortest_path), fibre_radius[on]
    capture = supply.diffusivity * 2 * np.pi * tube / length
    peclet = flow[on] / capture
    steady = np.where(peclet > 1e-9, flow[on] / -np.expm1(-np.maximum(peclet, 1e-9)), capture)
    rate = flow[on] + (steady - flow[on]) * np.maximum(1 - tetraspanin[on] / area[on] / supply.saturation, 0)
    conductance = np.pi * tube**4 / (8 * supply.viscosity * length)
    more_area = area[on] + flow[on] * t - area[on]
    room = (area[on] + flow[on] * t) ** 1.5 / (6 * math.sqrt(math.pi)) - volume[on]
    poured = np.minimum(conductance * max(supply.excess_pressure, 0.0) * t, np.maximum(room, 0))
    if supply.excess_pressure <= 0:
        shape = 4 / 3 * np.pi * (supply.stiffness_ratio * tube) ** 3
        poured = np.maximum(np.minimum(room, shape - volume[on]), 0)
    taken[...] = 0
    taken[on] = np.column_stack([more_area, poured, rate * t])
    area[on] += flow[on] * t
    volume[on] += poured
    tetraspanin[on] += rate * t
    bounds = np.stack([np.cbrt(3 * volume[on] / (4 * np.pi)), np.sqrt(area[on] / (4 * np.pi))])
    if supply.excess_pressure <= 0:
        bounds = np.vstack([bounds, supply.stiffness_ratio * tube[None, :]])
    # Ties go to the membrane, as in the kernel
    by_volume = bounds[0] < bounds[1] * _TIE
    radius, what = np.where(by_volume, bounds[0], bounds[1]), np.where(by_volume, VOLUME, AREA)
    if len(bounds) == 3:
        by_shape = bounds[2] * _TIE <= radius
        radius, what = np.where(by_shape, bounds[2], radius), np.where(by_shape, SHAPE, what)
    limiter[on] = what
    diameter[on] = 2 * radius
